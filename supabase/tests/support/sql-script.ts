import { readParts } from "../../../scripts/db/sql-includes.ts";
import { type SqlToken, tokenize } from "../../../scripts/db/sql-tokens.ts";

export interface Statement {
  text: string;
  /** Where its first word is. */
  file: string;
  line: number;
}

/** The statements of a file and of what it includes by `\ir`, as psql would send them. */
export function readScript(file: string): Statement[] {
  return readParts(file).flatMap((part) =>
    splitAtSemicolons(part.text).map(({ text, start }) => ({
      text,
      file: part.file,
      line: part.line + countLines(part.text.slice(0, start)),
    }))
  );
}

const countLines = (text: string): number => text.split("\n").length - 1;

interface Piece {
  text: string;
  start: number;
}

/** Splits SQL at the semicolons that end a statement, which those inside `begin atomic … end` do not. */
export function splitAtSemicolons(sql: string): Piece[] {
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
