import { existsSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { parseArgs, parseEnv, styleText } from "node:util";
import { loadModule } from "libpg-query";
import postgres from "postgres";
import { command } from "../command.ts";
import { ROOT } from "../local/paths.ts";
import { UserError } from "../local/user-error.ts";
import { table } from "../terminal.ts";
import { changedStatements, type SchemaChanges } from "./try-schema.ts";
import { readScript, type Script } from "./try-script.ts";

const HELP = `
npm run db:try -- <file.sql> [--schema <file>…] [--url <connection string>]

Runs an SQL file, a pgTAP test for example, against the stack that runs here (npm start), and rolls everything back. Before
it, in the same transaction, runs what the schema files define differently from the last commit: functions, views, triggers,
policies, comments, grants and what is new. \\ir includes files.

  --schema   run the functions, views, triggers, policies, comments and grants of this file too, though it is committed:
             for a stack that is older than the last commit
  --url      another database; by default the one that DATA_DIR/env names
`;

export interface TryResult {
  /** What the file returned, statement by statement. */
  results: Record<string, unknown>[][];
  changes: SchemaChanges;
}

/** Runs changed schema files and a script in one transaction that is rolled back. Errors name the file and the line. */
export async function tryScript(url: string, file: string, named: string[], root = ROOT): Promise<TryResult> {
  await loadModule();
  const changes = changedStatements(root, named);
  const script = readScript(file);
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    await sql.unsafe("begin; set local lock_timeout = '5s'").simple();
    for (const statement of changes.statements) {
      await sql.unsafe(statement.sql).simple().catch((error: unknown) => {
        throw explained(error, `${statement.file}:${statement.line}`);
      });
    }
    const returned = await sql.unsafe(script.sql).simple().catch((error: unknown) => {
      throw explained(error, originOf(error, script));
    });
    return {
      results: (Array.isArray(returned[0]) ? returned : [returned]) as Record<string, unknown>[][],
      changes,
    };
  } finally {
    await sql.unsafe("rollback").catch(() => {});
    await sql.end();
  }
}

function originOf(error: unknown, script: Script): string | undefined {
  if (!(error instanceof postgres.PostgresError) || !error.position) return undefined;
  // the server counts characters from 1, JavaScript counts UTF-16 units
  const before = [...script.sql].slice(0, Number(error.position) - 1).join("");
  return script.origin(before.length);
}

function explained(error: unknown, origin: string | undefined): unknown {
  if (!(error instanceof postgres.PostgresError)) return error;
  const where = origin === undefined ? "" : `${relative(process.cwd(), resolve(ROOT, origin))}: `;
  const detail = [error.detail, error.where].filter((text) => text !== undefined).map((text) => `\n  ${text}`)
    .join("");
  return new UserError(
    `${where}${error.message} (${error.code})${detail}`,
    error.hint ?? "Everything was rolled back.",
  );
}

/** The database of the stack that runs here. */
function runningDatabase(): string {
  const file = join(resolve(process.env["DATA_DIR"] ?? join(ROOT, ".local")), "env");
  const url = existsSync(file) ? parseEnv(readFileSync(file, "utf8"))["DATABASE_URL"] : undefined;
  if (url) return url;
  throw new UserError(
    `No stack runs here: there is no ${file}.`,
    "Run npm start in another terminal, or give --url.",
  );
}

/** Prints rows, TAP as it is, and returns whether all assertions passed. */
function print(results: Record<string, unknown>[][]): boolean {
  let passed = 0;
  let failed = 0;
  let planned: number | undefined;
  for (const rows of results) {
    const lines = rows.flatMap((row) => String(Object.values(row)[0] ?? "").split("\n"));
    if (rows.length === 0) continue;
    if (
      !lines.some((line) => /^(ok|not ok) \d|^1\.\.\d|^#/.test(line)) ||
      Object.keys(rows[0] ?? {}).length !== 1
    ) {
      table(rows, Object.keys(rows[0] ?? {}), 60);
      continue;
    }
    for (const line of lines) {
      planned = Number(line.match(/^1\.\.(\d+)/)?.[1] ?? planned) || planned;
      if (/^ok \d/.test(line)) passed++;
      if (/^not ok \d/.test(line)) failed++;
      console.log(line.startsWith("not ok") ? styleText("red", line) : line);
    }
  }
  if (planned === undefined) return true;
  const missing = planned === passed + failed ? "" : `, ${planned} planned`;
  console.log(`\n${passed} passed, ${failed} failed${missing}`);
  return failed === 0 && missing === "";
}

await command(import.meta.main, HELP, async (args) => {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { url: { type: "string" }, schema: { type: "string", multiple: true } },
  });
  const [file, ...others] = positionals;
  if (file === undefined || others.length > 0 || !existsSync(file)) {
    throw new UserError(
      file === undefined || others.length > 0 ? "This takes one file." : `There is no file ${file}.`,
      "For example: npm run db:try -- supabase/tests/database/tracker/tags.test.sql",
    );
  }
  const { results, changes } = await tryScript(values.url ?? runningDatabase(), file, values.schema ?? []);
  for (const source of new Set(changes.statements.map((statement) => statement.file))) {
    const count = changes.statements.filter((statement) => statement.file === source).length;
    console.error(styleText("dim", `${count} statements of ${source}`));
  }
  for (const object of changes.left) {
    console.error(styleText("yellow", `${object} is no longer in the schema files; the stack still has it`));
  }
  return print(results);
});
