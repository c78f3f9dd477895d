import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { UserError } from "../local/user-error.ts";
import { schemaFiles } from "./schema-files.ts";
import { splitStatements, type Statement } from "./statements.ts";

/** A statement of a schema file that a running database doesn't have yet. */
export interface SchemaStatement {
  file: string;
  line: number;
  /** As it is run: with `or replace`, or after a drop, where that makes it possible to run it again. */
  sql: string;
}

export interface SchemaChanges {
  statements: SchemaStatement[];
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
  const before = changed.flatMap((file) => splitStatements(committed(root, file)));
  const known = new Set(before.map(({ text }) => text));
  const namedFiles = named.map((file) => relative(root, resolve(file)));
  for (const file of namedFiles) {
    if (!existsSync(join(root, file))) {
      throw new UserError(
        `There is no schema file ${file}.`,
        "Give its path, such as supabase/schemas/…/10_issues.sql.",
      );
    }
  }
  const files = schemaFiles(join(root, "supabase/schemas")).map((file) => `supabase/schemas/${file}`)
    .filter((file) => changed.includes(file) || namedFiles.includes(file));
  const current = files.map((file) => {
    const text = readFileSync(join(root, file), "utf8");
    return { file, text, all: splitStatements(text) };
  });
  const statements = current.flatMap(({ file, text, all }) => {
    const isNamed = namedFiles.includes(file);
    return all.filter((one) =>
      isNamed ? isRepeatable(one) || isNew(one, known, changed, file) : !known.has(one.text)
    )
      .map((one) => ({
        file,
        line: text.slice(0, one.start).split("\n").length,
        sql: repeatable(one, before, file),
      }));
  });
  const now = new Set(current.flatMap(({ all }) => all.map(({ text }) => text)));
  const objects = new Set(current.flatMap(({ all }) => all.map((one) => `${one.action} ${one.object}`)));
  const left = before.filter((one) => !now.has(one.text) && !objects.has(`${one.action} ${one.object}`))
    .map((one) => one.action === "create" ? one.object : `${one.action} of ${one.object}`);
  return { statements, left: [...new Set(left)] };
}

/** In a named file that is committed, what can't run twice has run already. */
const isNew = (one: Statement, known: Set<string>, changed: string[], file: string): boolean =>
  changed.includes(file) && !known.has(one.text);

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

const isRepeatable = ({ kind }: Statement): boolean => REPEATABLE.includes(kind);

/** The statement so that it runs in a database that has an earlier form of it. Throws where there is no such form. */
function repeatable(one: Statement, before: Statement[], file: string): string {
  const existed = before.some((other) => other.action === "create" && other.object === one.object);
  const name = one.object.split(" ")[1] ?? "";
  switch (one.kind) {
    case "CreateFunctionStmt":
      return one.text.replace(/^create\s+(?!or\s)/i, "create or replace ");
    case "ViewStmt":
      return one.text.replace(/^create\s+(?!or\s)/i, "create or replace ");
    case "CreateTrigStmt":
      return `drop trigger if exists ${name} on ${one.owner};\n${one.text}`;
    case "CreatePolicyStmt":
      return `drop policy if exists ${name} on ${one.owner};\n${one.text}`;
    case "IndexStmt":
      return `drop index if exists ${one.owner.split(".")[0]}.${name};\n${one.text}`;
    default:
      if (one.action !== "create" || !existed) return one.text;
      throw new UserError(
        `${file} changes ${one.object}, which exists and can't be created again.`,
        "Start the stack from the schema files: npm start -- --reset. Or try an alter statement in the file that you run.",
      );
  }
}
