import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type SqlToken, tokenize } from "../../../scripts/db/sql-tokens.ts";

export interface Statement {
  text: string;
  /** Where its first word is. */
  file: string;
  line: number;
}

/**
 * The statements of a file, as psql would send them. `\ir <path>`, relative to the file, is the one command of psql's that
 * is understood.
 */
export function readScript(file: string): Statement[] {
  const parts = readFileSync(file, "utf8").split(/^\\ir (.+)$/m);
  let line = 1;
  return parts.flatMap((part, at) => {
    if (at % 2 === 1) return readScript(join(dirname(file), part));
    const statements = splitStatements(part).map(({ text, start }) => ({
      text,
      file,
      line: line + countLines(part.slice(0, start)),
    }));
    line += countLines(part);
    return statements;
  });
}

const countLines = (text: string): number => text.split("\n").length - 1;

interface Piece {
  text: string;
  start: number;
}

/** Splits SQL at the semicolons that end a statement, which those inside `begin atomic … end` do not. */
export function splitStatements(sql: string): Piece[] {
  const pieces: Piece[] = [];
  let current: SqlToken[] = [];
  let previous = "";
  let depth = 0;
  for (const token of tokenize(sql)) {
    const isBlank = token.kind === "space" || token.kind === "comment";
    if (isBlank && current.length === 0) continue;
    current.push(token);
    if (isBlank) continue;
    const word = token.text.toLowerCase();
    if (word === "atomic" && previous === "begin") depth++;
    else if (depth > 0 && word === "case") depth++;
    else if (depth > 0 && word === "end") depth--;
    previous = word;
    if (token.text === ";" && depth === 0) {
      pieces.push(toPiece(current));
      current = [];
    }
  }
  if (current.length > 0) pieces.push(toPiece(current));
  return pieces;
}

const toPiece = (tokens: SqlToken[]): Piece => ({
  text: tokens.map(({ text }) => text).join(""),
  start: tokens[0]?.start ?? 0,
});
