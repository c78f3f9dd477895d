import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { UserError } from "../local/user-error.ts";
import { splitStatements } from "./statements.ts";

/** An SQL file as one text for the server, and where each of its lines is from. */
export interface Script {
  sql: string;
  /** `file:line` of a character of `sql`, counted from 0. */
  origin(offset: number): string;
}

const SAVEPOINT = "fixloop_try";

/**
 * Reads an SQL file with what it includes by `\ir`. Its own `begin` and `rollback` become a savepoint's, so that it can run
 * inside a transaction; a `commit` is refused.
 */
export function readScript(path: string): Script {
  const lines = includeLines(path);
  const source = lines.map(({ text }) => text).join("\n");
  const sql = asSavepoints(source, path);
  return {
    sql,
    origin(offset) {
      const line = lines[sql.slice(0, offset).split("\n").length - 1];
      return line ? `${line.file}:${line.number}` : path;
    },
  };
}

interface Line {
  file: string;
  number: number;
  text: string;
}

function includeLines(path: string): Line[] {
  return readFileSync(path, "utf8").split("\n").flatMap((text, index) => {
    const included = text.match(/^\\ir (.+?)\s*$/)?.[1];
    if (included !== undefined) return includeLines(join(dirname(path), included));
    if (/^\\/.test(text)) {
      throw new UserError(
        `${path}:${index + 1}: ${text} is a command of psql.`,
        "Only \\ir is supported here; run the file with psql.",
      );
    }
    return [{ file: path, number: index + 1, text }];
  });
}

/** Replaces the statements of transactions, each on its line. */
function asSavepoints(source: string, path: string): string {
  let sql = source;
  for (const { action, object, start, text } of splitStatements(source).reverse()) {
    if (action !== "transaction") continue;
    const replaced = transaction(object, path);
    if (replaced === undefined) continue;
    const end = sql.indexOf(";", start) + 1 || start + text.length;
    sql = sql.slice(0, start) + replaced + sql.slice(end);
  }
  return sql;
}

/** What a transaction's statement becomes; undefined where it stays. */
function transaction(kind: string, path: string): string | undefined {
  if (/BEGIN|START/.test(kind)) return `savepoint ${SAVEPOINT};`;
  if (kind === "TRANS_STMT_ROLLBACK") return `rollback to savepoint ${SAVEPOINT};`;
  if (/SAVEPOINT|ROLLBACK_TO|RELEASE/.test(kind)) return undefined;
  throw new UserError(`${path} commits.`, "What is tried is rolled back: end it with rollback.");
}
