import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { useDatabase } from "../../supabase/tests/support/database.ts";
import { ROOT } from "../local/paths.ts";

// docs/operations.md lists what runs on a schedule, and what the edge functions read of their environment; its SQL runs.

const sql = await useDatabase();
const page = readFileSync(join(ROOT, "docs/operations.md"), "utf8");

const read = (pattern: string): string[] =>
  globSync(pattern, { cwd: ROOT }).filter((name) => !name.endsWith(".test.ts"))
    .map((name) => readFileSync(join(ROOT, name), "utf8"));

/** Texts of the same form that providers answer. */
const ANSWERS = new Set(["INSUFFICIENT_SCOPES", "RATE_LIMIT", "SERVICE_UNAVAILABLE"]);

test("it lists every job, and no other", () => {
  const scheduled = read("supabase/schemas/90_jobs/*.sql").flatMap((source) =>
    [...source.matchAll(/cron\.schedule\(\s*'([a-z-]+)'/g)].map(([, name]) => name)
  );
  const listed = [...page.matchAll(/^\| `([a-z]+(?:-[a-z]+)+)` /gm)].map(([, name]) => name);
  expect(scheduled.length).toBeGreaterThan(40);
  expect(listed.toSorted()).toEqual(scheduled.toSorted());
});

test("it lists every variable of the edge functions", () => {
  const names = read("supabase/functions/**/*.ts").flatMap((source) =>
    [...source.matchAll(/"([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)"/g)].map(([, name = ""]) => name)
  );
  expect([...new Set(names)].filter((name) => !ANSWERS.has(name) && !page.includes(`\`${name}`))).toEqual([]);
});

test("its statements run as they stand", async () => {
  const statements = [...page.matchAll(/^ *```sql\n(.*?)^ *```/gms)].map(([, text = ""]) => text);
  expect(statements.length).toBeGreaterThan(1);
  for (const text of statements) {
    const run = sql.begin(async (transaction) => {
      await transaction.unsafe(text).simple();
      throw new Error("rolled back");
    });
    await expect(run, text).rejects.toThrow("rolled back");
  }
});
