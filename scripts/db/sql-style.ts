import { parseSync } from "libpg-query";
import { type LiteralProblem, literalProblems } from "./comment-literals.ts";
import { dollarBody, type SqlToken, tokenize } from "./sql-tokens.ts";

export interface StyleProblem {
  /** From 1. */
  line: number;
  message: string;
}

/** Which rules a file is held to, by what it is. */
export interface StyleOptions {
  /** Schema files open with a sentence; what is deployed and our own scripts state what a function is. */
  kind: "schema" | "migration" | "test" | "script" | "extension";
}

const MAX_COLUMNS = 110;
const MAX_FUNCTION_LINES = 60;

/** Left in a new migration for a person to remove (scripts/db/new.ts). */
export const DRAFT_MARK = "-- DRAFT:";

/** What a file breaks of the conventions for SQL. Call `loadModule()` of libpg-query before. */
export function styleProblems(sql: string, options: StyleOptions): StyleProblem[] {
  const problems: StyleProblem[] = [];
  const lineAt = lineFinder(sql);
  const report = (offset: number, message: string) => problems.push({ line: lineAt(offset), message });

  checkLines(sql, problems);
  checkTokens(tokenize(sql), 0, report, options);
  if (options.kind === "schema") {
    checkOpening(sql, report);
    for (const { at, message } of parsedProblems(sql)) report(at, message);
  }
  if (sql.includes(DRAFT_MARK)) {
    report(sql.indexOf(DRAFT_MARK), "is still a draft: read it, finish it and remove this line");
  }
  if (options.kind !== "extension") checkFunctions(sql, options, report);
  return problems.sort((a, b) => a.line - b.line);
}

/** What does not parse is reported elsewhere. */
function parsedProblems(sql: string): LiteralProblem[] {
  try {
    return literalProblems(sql);
  } catch {
    return [];
  }
}

type Report = (offset: number, message: string) => void;

function checkLines(sql: string, problems: StyleProblem[]): void {
  sql.split("\n").forEach((text, index) => {
    const line = index + 1;
    if ([...text].length > MAX_COLUMNS) {
      problems.push({ line, message: `is longer than ${MAX_COLUMNS} columns` });
    }
    if (text.includes("\t")) problems.push({ line, message: "has a tab" });
    if (/\s$/.test(text)) problems.push({ line, message: "ends with white space" });
  });
  if (sql !== "" && !sql.endsWith("\n")) {
    problems.push({ line: sql.split("\n").length, message: "has no line end at the end of the file" });
  }
}

function checkTokens(tokens: SqlToken[], base: number, report: Report, options: StyleOptions): void {
  const code = tokens.filter((token) => token.kind !== "space" && token.kind !== "comment");
  for (const [index, token] of code.entries()) {
    const at = base + token.start;
    if (token.kind === "word" && /[A-Z]/.test(token.text)) report(at, `${token.text} is not lower case`);
    if (token.kind === "quoted" && !mustBeQuoted(code, index)) {
      report(at, `${token.text} is a quoted identifier`);
    }
    // a test's helper may pass every error on
    if (options.kind !== "test" && token.text === "when" && code[index + 1]?.text === "others") {
      report(at, "catches every error: name the ones that are expected");
    }
    if (token.kind === "string" && token.text === "'40001'" && isRaised(code, index)) {
      report(at, "raises 40001 by hand, which clients retry");
    }
    if (options.kind === "schema" && token.kind === "string" && /\\d/.test(token.text)) {
      report(at, "\\d matches the digits of every script: write [0-9], or [[:digit:]] where that is meant");
    }
    if (token.kind === "dollar") {
      const body = dollarBody(token);
      if (isCode(code, index)) checkTokens(tokenize(body.text), base + body.start, report, options);
    }
  }
}

/**
 * Names that have no other form: PostgreSQL's own (`collate "C"`, the type `"char"`, `create extension "uuid-ossp"`), and the
 * JSON keys `from` and `to` of the API, which are reserved words of SQL.
 */
function mustBeQuoted(code: SqlToken[], index: number): boolean {
  const name = code[index]?.text ?? "";
  if (['"C"', '"char"', '"$user"', '"from"', '"to"', '"into"'].includes(name)) return true;
  return name.includes("-") &&
    code.slice(Math.max(0, index - 5), index).some(({ text }) => text === "extension");
}

/** A body of `as $$` or `do $$`; other dollar strings are data. */
const isCode = (code: SqlToken[], index: number): boolean =>
  ["as", "do"].includes(code[index - 1]?.text ?? "");

/** `errcode = '40001'` of a raise, `sqlstate '40001'` of one; in an exception's `when sqlstate` it is caught, not raised. */
function isRaised(code: SqlToken[], index: number): boolean {
  const before = code.slice(Math.max(0, index - 3), index).map(({ text }) => text);
  if (before.at(-1) === "sqlstate") return before.at(-2) === "raise" || before.at(-2) === "exception";
  return before.includes("errcode");
}

function checkOpening(sql: string, report: Report): void {
  const comment = sql.match(/^(?:--[^\n]*\n)+/)?.[0] ?? "";
  const sentence = comment.replaceAll(/^-- ?/gm, "").trim();
  if (!/^[A-Z`"'(][^]*[.:?]/.test(sentence)) report(0, "does not open with a comment that is a sentence");
}

interface DefElem {
  DefElem?: { defname?: string; arg?: Record<string, unknown> };
}

interface ParsedFile {
  stmts?: {
    stmt?: { CreateFunctionStmt?: { is_procedure?: boolean; funcname?: unknown[]; options?: DefElem[] } };
    stmt_location?: number;
    stmt_len?: number;
  }[];
}

function checkFunctions(sql: string, options: StyleOptions, report: Report): void {
  const bytes = Buffer.from(sql);
  const text = (from: number, to?: number): string => bytes.subarray(from, to).toString();
  let parsed: ParsedFile;
  try {
    // psql's commands, which tests include files with, are blanked: what follows stays where it is
    parsed = parseSync(sql.replaceAll(/^\\.*$/gm, (line) => " ".repeat(line.length))) as ParsedFile;
  } catch (error) {
    report(0, `can't be parsed: ${error instanceof Error ? error.message : String(error)}`);
    return;
  }
  for (const { stmt, stmt_location: from = 0, stmt_len: length } of parsed.stmts ?? []) {
    const definition = stmt?.CreateFunctionStmt;
    if (!definition) continue;
    const source = text(from, length === undefined ? undefined : from + length);
    // the statement's text begins with what is between it and the one before
    const lead = tokenize(source).find(({ kind }) => kind !== "space" && kind !== "comment")?.start ?? 0;
    const at = text(0, from).length + lead;
    const name = (definition.funcname ?? []).map(stringValue).join(".");
    const lines = source.slice(lead).split("\n").length;
    if (lines >= MAX_FUNCTION_LINES) {
      report(at, `${name} has ${lines} lines: under ${MAX_FUNCTION_LINES} is one idea`);
    }
    // a test's functions end with it
    if (options.kind === "test") continue;
    for (const missing of missingClauses(definition.options ?? [], definition.is_procedure === true)) {
      report(at, `${name} does not state ${missing}`);
    }
  }
}

function missingClauses(options: DefElem[], isProcedure: boolean): string[] {
  const stated = new Map(options.map(({ DefElem: element }) => [element?.defname, element?.arg]));
  const missing = ["language", ...(isProcedure ? [] : ["volatility"]), "security"].filter((name) =>
    !stated.has(name)
  );
  const hasPath = options.some(({ DefElem: element }) => {
    const set = element?.arg?.["VariableSetStmt"] as { name?: string; args?: unknown[] } | undefined;
    return element?.defname === "set" && set?.name === "search_path" && set.args?.length === 1 &&
      isEmptyString(set.args[0]);
  });
  return hasPath ? missing : [...missing, "set search_path = ''"];
}

const isEmptyString = (node: unknown): boolean => {
  const constant = (node as { A_Const?: { sval?: { sval?: string } } }).A_Const;
  return constant?.sval !== undefined && (constant.sval.sval ?? "") === "";
};

const stringValue = (node: unknown): string => (node as { String?: { sval?: string } }).String?.sval ?? "?";

function lineFinder(sql: string): (offset: number) => number {
  return (offset) => sql.slice(0, offset).split("\n").length;
}
