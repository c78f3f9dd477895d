import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { connect, createDatabase, openCluster, type TestDatabase } from "./database.ts";
import { parseTap } from "./tap.ts";

// Files roll back what they do, so all that one worker runs share its database.
let shared: { generation: number; database: Promise<TestDatabase> } | undefined;

/** Runs a pgTAP file and registers each of its assertions as a test. Each `*.test.sql` is loaded as a call of it. */
export async function testFile(file: string): Promise<void> {
  const results = await run(file).catch((error: unknown) => error);
  if (!Array.isArray(results)) {
    test("runs to its end", () => {
      throw results;
    });
    return;
  }
  const tap = parseTap(results);
  test("runs as many assertions as it plans", () => expect(tap.assertions.length).toBe(tap.planned));
  for (const assertion of tap.assertions) {
    test(`${assertion.number} ${assertion.description}`, () =>
      expect(assertion.ok, assertion.diagnostics).toBe(true));
  }
}

/** Runs a file as psql would and returns the first column of all that it selects. */
async function run(file: string): Promise<string[]> {
  const { generation } = await openCluster();
  if (shared?.generation !== generation) shared = { generation, database: createDatabase() };
  const sql = connect(await shared.database, "postgres", 1);
  try {
    const results = await sql.unsafe(readScript(file)).simple();
    const sets = (Array.isArray(results[0]) ? results : [results]) as Record<string, unknown>[][];
    return sets.flat().map((row) => String(Object.values(row)[0] ?? ""));
  } finally {
    await sql.end();
  }
}

/** A file with what it includes: `\\ir <path>`, relative to the file, is the one command of psql's that tests use. */
function readScript(path: string): string {
  return readFileSync(path, "utf8").replaceAll(
    /^\\ir (.+)$/gm,
    (_, included: string) => readScript(join(dirname(path), included)),
  );
}
