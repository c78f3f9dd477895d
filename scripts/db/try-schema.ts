import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { UserError } from "../local/user-error.ts";
import { schemaFiles } from "./schema-files.ts";
import { signatureOf, splitStatements, type Statement } from "./statements.ts";

/** A statement of a schema file. */
export interface SchemaStatement extends Pick<Statement, "action" | "kind" | "object" | "owner"> {
  file: string;
  line: number;
  /** As it is run: with `or replace`, or after a drop, where that makes it possible to run it again. */
  sql: string;
  /** Of a created function: its name and the types of its arguments. Otherwise the owner. */
  signature: string;
}

export interface SchemaChanges {
  /** What a running database doesn't have yet, in the order of the files. */
  statements: SchemaStatement[];
  /** All comments, grants and triggers of the same files: what is dropped and created again needs them again. */
  details: SchemaStatement[];
  /** Functions that now have other arguments, with those of the last commit; the last one of the files first. */
  replaced: SchemaStatement[];
  /** What the running database has and the schema files no longer do. It stays. */
  left: string[];
}

/**
 * What the schema files define differently from the last commit, in the order of their paths. Statements are compared by
 * their text, wherever they are, so that one that only moved is not run.
 *
 * @param named schema files whose functions, views, triggers, policies, comments and grants run even if they are committed:
 *   for a database that is older than the last commit
 */
export function changedStatements(root: string, named: string[]): SchemaChanges {
  const changed = changedFiles(root);
  const before = changed.flatMap((file) => readStatements(file, committed(root, file)));
  const known = new Set(before.map(({ text }) => text));
  const namedFiles = namedSchemaFiles(root, named);
  const files = schemaFiles(join(root, "supabase/schemas")).map((file) => `supabase/schemas/${file}`)
    .filter((file) => changed.includes(file) || namedFiles.includes(file));
  const current = files.flatMap((file) => readStatements(file, readFileSync(join(root, file), "utf8")));
  const statements = current.filter((one) =>
    namedFiles.includes(one.file) ? isRepeatable(one) || isNew(one, known, changed) : !known.has(one.text)
  );
  const gone = missing(before, current);
  const created = new Set(current.filter(isFunction).map(({ owner }) => owner));
  const isReplaced = (one: SchemaStatement): boolean => isFunction(one) && created.has(one.owner);
  return {
    statements,
    details: current.filter(({ kind }) => ["CommentStmt", "GrantStmt", "CreateTrigStmt"].includes(kind)),
    replaced: gone.filter(isReplaced).reverse(),
    left: [...new Set(gone.filter((one) => !isReplaced(one)).map(nameOf))],
  };
}

interface ReadStatement extends SchemaStatement {
  text: string;
}

function readStatements(file: string, sql: string): ReadStatement[] {
  return splitStatements(sql).map((one) => ({
    file,
    line: sql.slice(0, one.start).split("\n").length,
    action: one.action,
    kind: one.kind,
    object: one.object,
    owner: one.owner,
    text: one.text,
    sql: repeatable(one),
    signature: isFunction(one) ? signatureOf(one) : one.owner,
  }));
}

/** What was defined before and no longer is, in any form. */
function missing(before: ReadStatement[], current: ReadStatement[]): ReadStatement[] {
  const key = ({ action, object, signature }: ReadStatement): string => `${action} ${object} ${signature}`;
  const texts = new Set(current.map(({ text }) => text));
  const keys = new Set(current.map(key));
  return before.filter((one) => !texts.has(one.text) && !keys.has(key(one)));
}

const isFunction = ({ kind }: { kind: string }): boolean => kind === "CreateFunctionStmt";

const nameOf = (one: SchemaStatement): string => {
  if (isFunction(one)) return `function ${one.signature}`;
  return one.action === "create" ? one.object : `${one.action} of ${one.object}`;
};

function namedSchemaFiles(root: string, named: string[]): string[] {
  const files = named.map((file) => relative(root, resolve(file)));
  for (const file of files) {
    if (existsSync(join(root, file))) continue;
    throw new UserError(
      `There is no schema file ${file}.`,
      "Give its path, such as supabase/schemas/…/10_issues.sql.",
    );
  }
  return files;
}

/** In a named file that is committed, what can't run twice has run already. */
const isNew = (one: ReadStatement, known: Set<string>, changed: string[]): boolean =>
  changed.includes(one.file) && !known.has(one.text);

/** The schema files that differ from the last commit, new and deleted ones among them. */
function changedFiles(root: string): string[] {
  // porcelain: two letters, a space and the path from the top of the clone, here made relative; -z quotes nothing
  const lines = git(
    root,
    "status",
    "--porcelain",
    "-z",
    "--no-renames",
    "--untracked-files=all",
    "--",
    "supabase/schemas",
  );
  const names = lines.split("\0").map((line) => line.slice(3)).filter((name) => name.endsWith(".sql"));
  if (names.length === 0) return [];
  const top = git(root, "rev-parse", "--show-prefix").trim();
  return names.map((name) => name.slice(top.length)).sort();
}

/** A file as it is in the last commit; empty when it is not in it. */
function committed(root: string, file: string): string {
  const { status, stdout } = spawnSync("git", ["show", `HEAD:./${file}`], { cwd: root, encoding: "utf8" });
  return status === 0 ? stdout : "";
}

function git(root: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync("git", args, { cwd: root, encoding: "utf8" });
  if (status !== 0) {
    throw new UserError(
      `git ${args[0]} failed: ${stderr.trim()}`,
      "db:try compares with the last commit: run it in a clone.",
    );
  }
  return stdout;
}

const REPEATABLE = [
  "CreateFunctionStmt",
  "ViewStmt",
  "CreateTrigStmt",
  "CreatePolicyStmt",
  "CommentStmt",
  "GrantStmt",
];

const isRepeatable = ({ kind }: { kind: string }): boolean => REPEATABLE.includes(kind);

/** The statement so that it runs in a database that has an earlier form of it, where there is such a form. */
function repeatable(one: Statement): string {
  const name = one.object.split(" ")[1] ?? "";
  switch (one.kind) {
    case "CreateFunctionStmt":
    case "ViewStmt":
      return one.text.replace(/^create\s+(?!or\s)/i, "create or replace ");
    case "CreateTrigStmt":
      return `drop trigger if exists ${name} on ${one.owner};\n${one.text}`;
    case "CreatePolicyStmt":
      return `drop policy if exists ${name} on ${one.owner};\n${one.text}`;
    case "IndexStmt":
      return `drop index if exists ${one.owner.split(".")[0]}.${name};\n${one.text}`;
    default:
      return one.text;
  }
}
