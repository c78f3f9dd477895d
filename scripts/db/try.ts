import { existsSync } from "node:fs";
import { parseArgs, styleText } from "node:util";
import { loadModule } from "libpg-query";
import postgres from "postgres";
import { command } from "../command.ts";
import { ROOT } from "../local/paths.ts";
import { findRunningStack } from "../local/running-stack.ts";
import { UserError } from "../local/user-error.ts";
import { table } from "../terminal.ts";
import { applyChanges } from "./try-apply.ts";
import { explained } from "./try-error.ts";
import { changedStatements, type SchemaChanges } from "./try-schema.ts";
import { readTryScript, type Script } from "./try-script.ts";

const HELP = `
npm run db:try -- <file.sql> [--schema <file>…] [--url <connection string>]

Runs an SQL file, a pgTAP test for example, against the stack that runs here (npm start), and rolls everything back. Before
it, in the same transaction, runs what the schema files define differently from the last commit: functions, views, triggers,
policies, comments, grants and what is new. A table or type that the stack has stays as it is and is named; alter and drop
statements at the top of the file run first. \\ir includes files.

  --schema   run the functions, views, triggers, policies, comments and grants of this file too, though it is committed:
             for a stack that is older than the last commit
  --url      another database; by default the one of npm start or npm start -- --from-schemas
`;

export interface TryResult {
  /** What the file returned, statement by statement. */
  results: Record<string, unknown>[][];
  changes: SchemaChanges;
  /** What was left out, and what the database has that the schema files don't define, as sentences. */
  left: string[];
}

/**
 * Runs a script's opening, the changed schema files and the script in one transaction that is rolled back. Errors name the
 * file and the line.
 */
export async function tryScript(url: string, file: string, named: string[], root = ROOT): Promise<TryResult> {
  await loadModule();
  const changes = changedStatements(root, named);
  const script = readTryScript(file);
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    await sql.unsafe("begin; set local lock_timeout = '5s'").simple();
    for (const statement of script.opening) {
      await sql.unsafe(statement.sql).simple().catch((error: unknown) => {
        throw explained(error, statement.origin);
      });
    }
    const left = await applyChanges(sql, changes);
    const returned = await sql.unsafe(script.sql).simple().catch((error: unknown) => {
      throw explained(error, originOf(error, script), left);
    });
    return {
      results: (Array.isArray(returned[0]) ? returned : [returned]) as Record<string, unknown>[][],
      changes,
      left,
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

/** The database of the stack that runs here. */
async function runningDatabase(): Promise<string> {
  const url = (await findRunningStack())?.env["DATABASE_URL"];
  if (url) return url;
  throw new UserError(
    "No stack runs here.",
    "Run npm start or npm start -- --from-schemas in another terminal, or give --url.",
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
  const url = values.url ?? await runningDatabase();
  const { results, changes, left } = await tryScript(url, file, values.schema ?? []);
  for (const source of new Set(changes.statements.map((statement) => statement.file))) {
    const count = changes.statements.filter((statement) => statement.file === source).length;
    console.error(styleText("dim", `${count} statements of ${source}`));
  }
  for (const sentence of left) console.error(styleText("yellow", sentence));
  return print(results);
});
