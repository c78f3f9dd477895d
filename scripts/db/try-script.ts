import { UserError } from "../local/user-error.ts";
import { readParts } from "./sql-includes.ts";
import { splitStatements, type Statement } from "./statements.ts";

/** An SQL file as one text for the server, and where each of its lines is from. */
export interface Script {
  /** The `alter` and `drop` statements at its top, which run before the changed schema files; `sql` is without them. */
  opening: { sql: string; origin: string }[];
  sql: string;
  /** `file:line` of a character of `sql`, counted from 0. */
  origin(offset: number): string;
}

const SAVEPOINT = "fixloop_try";

/**
 * Reads an SQL file with what it includes by `\ir`. Its own `begin` and `rollback` become a savepoint's, so that it can run
 * inside a transaction; a `commit` is refused.
 */
export function readTryScript(path: string): Script {
  const parts = readParts(path);
  const lines = parts.flatMap(({ file, line, text }) =>
    text.split("\n").map((_, index) => `${file}:${line + index}`)
  );
  const lineAt = (text: string, offset: number): string =>
    lines[text.slice(0, offset).split("\n").length - 1] ?? path;
  const source = parts.map(({ text }) => text).join("\n");
  const statements = splitStatements(source);
  const opening = openingOf(statements);
  const sql = asSavepoints(without(source, opening), statements, path);
  return {
    opening: opening.map(({ text, start }) => ({ sql: text, origin: lineAt(source, start) })),
    sql,
    origin: (offset) => lineAt(sql, offset),
  };
}

/** The statements at the top, also below a `begin`, that change what exists. */
function openingOf(statements: Statement[]): Statement[] {
  const first = statements[0]?.action === "transaction" ? 1 : 0;
  const end = statements.findIndex(({ kind }, index) => index >= first && !/^(Alter|Rename|Drop)/.test(kind));
  return statements.slice(first, end === -1 ? undefined : end);
}

/** Overwrites statements by spaces, so that everything else keeps its position. */
function without(source: string, statements: Statement[]): string {
  let sql = source;
  for (const { start, text } of statements) {
    // the parser's text ends before the semicolon, which may stay
    const end = start + text.length - 1;
    sql = sql.slice(0, start) + sql.slice(start, end).replace(/[^\n]/g, " ") + sql.slice(end);
  }
  return sql;
}

/** Replaces the statements of transactions, each on its line. */
function asSavepoints(source: string, statements: Statement[], path: string): string {
  let sql = source;
  for (const { action, object, start, text } of [...statements].reverse()) {
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
