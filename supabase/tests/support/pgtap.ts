import postgres from "postgres";
import { describe, expect, test } from "vitest";
import { connect, createDatabase, isKept, openCluster, type TestDatabase } from "./database.ts";
import { isRollback, STOPPED } from "./kept.ts";
import { readScript, type Statement } from "./sql-script.ts";
import { isSoak } from "./size.ts";
import { type Assertion, parseTap } from "./tap.ts";

interface Run {
  planned: number;
  assertions: (Assertion & { statement: Statement })[];
  /** Why the file did not run to its end, and the statement that failed. */
  failure?: { error: unknown; statement: Statement };
}

/**
 * Runs a pgTAP file and registers each of its assertions as a test. Each `*.test.sql` is loaded as a call of it. A soak runs
 * it several times: files hold in a database that was used before.
 */
export async function testFile(file: string): Promise<void> {
  if (!isSoak) return await testOnce(file);
  for (const run of [1, 2, 3]) {
    describe(`run ${run}`, async () => {
      if (run === 2) await vacuum();
      await testOnce(file);
    });
  }
}

async function testOnce(file: string): Promise<void> {
  const { planned, assertions, failure } = await run(file);
  for (const { number, description, ok, diagnostics, statement } of assertions) {
    test(`${number} ${description}`, () => {
      if (!ok) throw failureAt(statement, diagnostics);
    });
  }
  if (failure) {
    test(STOPPED, () => {
      throw failureAt(failure.statement, explain(failure.error));
    });
  } else {
    test("runs as many assertions as it plans", () => expect(assertions.length).toBe(planned));
  }
}

/** Runs a file's statements one by one, as psql would, up to the first one that fails. */
async function run(file: string): Promise<Run> {
  const sql = connect(await openDatabase(), "postgres", 1);
  const result: Run = { planned: -1, assertions: [] };
  try {
    for (const statement of readScript(file)) {
      // a database that is kept has what the file made
      const text = isKept && isRollback(statement.text) ? "commit" : statement.text;
      const rows = await sql.unsafe<Record<string, unknown>[]>(text).simple().catch((error: unknown) => {
        result.failure = { error, statement };
      });
      if (!rows) break;
      const tap = parseTap(rows.map((row) => String(Object.values(row)[0] ?? "")));
      result.planned = tap.planned ?? result.planned;
      result.assertions.push(...tap.assertions.map((assertion) => ({ ...assertion, statement })));
      const last = result.assertions.at(-1);
      if (last && tap.assertions.length === 0) last.diagnostics += tap.diagnostics;
    }
    return result;
  } finally {
    await sql.end();
  }
}

// Files roll back what they do, so all that one worker runs share its database.
let shared: { generation: number; database: Promise<TestDatabase> } | undefined;

async function openDatabase(): Promise<TestDatabase> {
  if (isKept) return await createDatabase();
  const { generation } = await openCluster();
  if (shared?.generation !== generation) shared = { generation, database: createDatabase() };
  return await shared.database;
}

/** Leaves the statistics of empty tables, as autovacuum does at some moment. */
async function vacuum(): Promise<void> {
  const sql = connect(await openDatabase(), "supabase_admin", 1);
  await sql`vacuum analyze`;
  await sql.end();
}

/** An error whose stack is the statement's position, so that vitest shows it. */
function failureAt({ file, line }: Statement, message: string): Error {
  const error = new Error(message.trim());
  error.stack = `Error: ${error.message}\n    at ${file}:${line}:1`;
  return error;
}

/** A database error as psql shows it. */
function explain(error: unknown): string {
  if (!(error instanceof postgres.PostgresError)) return String(error);
  const { message, detail, hint, where } = error;
  return [
    message,
    detail && `DETAIL: ${detail}`,
    hint && `HINT: ${hint}`,
    where && `CONTEXT: ${where}`,
  ].filter(Boolean).join("\n");
}
