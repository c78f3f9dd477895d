import { globSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { connect, createDatabase } from "../support/database.ts";
import { parseTap } from "../support/tap.ts";

// Every pgTAP file as a suite and every assertion in it as a test. Files roll back what they do, so they share a database.
const here = import.meta.dirname;
const files = globSync("**/*.test.sql", { cwd: here }).sort()
  .filter((file) => file.includes(process.env["PGTAP_FILES"] ?? ""));
const database = await createDatabase();
const sql = connect(database, "postgres", 1);
afterAll(async () => {
  await sql.end();
  await database.drop();
});

for (const file of files) {
  const results = await run(file).catch((error: unknown) => error);
  describe(relative(dirname(here), `${here}/${file}`), () => {
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
  });
}

/** A file with what it includes: `\\ir <path>`, relative to the file, is the one command of psql's that tests use. */
function readScript(path: string): string {
  return readFileSync(path, "utf8").replaceAll(
    /^\\ir (.+)$/gm,
    (_, included: string) => readScript(join(dirname(path), included)),
  );
}

/** Runs a file as psql would and returns the first column of all that it selects. */
async function run(file: string): Promise<string[]> {
  try {
    const results = await sql.unsafe(readScript(`${here}/${file}`)).simple();
    const sets = (Array.isArray(results[0]) ? results : [results]) as Record<string, unknown>[][];
    return sets.flat().map((row) => String(Object.values(row)[0] ?? ""));
  } finally {
    await sql.unsafe("rollback; reset role; reset all").simple().catch(() => {});
  }
}
