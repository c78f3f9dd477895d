import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { UserError } from "../local/user-error.ts";

/** Consecutive lines of one file. */
export interface SqlPart {
  file: string;
  /** Its first line, from 1. */
  line: number;
  text: string;
}

/**
 * Reads an SQL file and what it includes by `\ir <path>`, relative to the including file, in the order in which psql reads
 * them. Every other command of psql is an error.
 */
export function readParts(file: string): SqlPart[] {
  const parts: SqlPart[] = [];
  let lines: string[] = [];
  const endPart = (end: number): void => {
    if (lines.length > 0) parts.push({ file, line: end - lines.length + 1, text: lines.join("\n") });
    lines = [];
  };
  const all = readFileSync(file, "utf8").split("\n");
  for (const [index, text] of all.entries()) {
    const included = text.match(/^\\ir (.+?)\s*$/)?.[1];
    if (included !== undefined) {
      endPart(index);
      parts.push(...readParts(join(dirname(file), included)));
    } else if (text.startsWith("\\")) {
      throw new UserError(
        `${file}:${index + 1}: ${text} is a command of psql.`,
        "Only \\ir is supported here; run the file with psql.",
      );
    } else {
      lines.push(text);
    }
  }
  endPart(all.length);
  return parts;
}

/** The files that an SQL file includes, and those that they include. */
export function includedFiles(file: string): string[] {
  return [...new Set(readParts(file).map((part) => part.file))].filter((name) => name !== file);
}
