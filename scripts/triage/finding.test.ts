import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { useDatabase } from "../../supabase/tests/support/database.ts";
import { evaluateFinding } from "./eval-finding.ts";
import { tellingWords } from "./finding-texts.ts";
import { makeOtherIssues } from "./other-issues.ts";

// How often the issue of a text is found, on the shared set of problems: the floors.

const PAIRS = fileURLToPath(new URL("data/pairs.jsonl", import.meta.url));

const sql = await useDatabase();

test("similar_issues and search_issues find the issue of a text among 2,000 others", async () => {
  const results = await evaluateFinding(sql, [PAIRS]);
  const named = (name: string) => results.find((result) => result.name.startsWith(name));
  const similar = named("similar_issues, text as description");
  expect(similar?.hit1).toBeGreaterThanOrEqual(0.5);
  expect(similar?.hit5).toBeGreaterThanOrEqual(0.68);
  expect(similar?.mrr).toBeGreaterThanOrEqual(0.58);
  expect(named("search_issues")?.hit5).toBeGreaterThanOrEqual(0.5);
  expect(await sql`select from public.issues`).toHaveLength(0);
});

test("the other issues are the same for the same seed, and each title is one issue", () => {
  const issues = makeOtherIssues(2_000);
  expect(makeOtherIssues(2_000)).toEqual(issues);
  expect(new Set(issues.map(({ title }) => title)).size).toBe(2_000);
  expect(makeOtherIssues(10, 13)).not.toEqual(issues.slice(0, 10));
});

test("telling words are the rarest, in the order of the text", () => {
  const counts = new Map([["the", 90], ["login", 40], ["page", 30], ["spins", 2], ["safari", 9], [
    "forever",
    3,
  ], ["on", 80]]);
  expect(tellingWords("Login page: the wheel spins forever on Safari", counts)).toBe(
    "wheel spins forever safari",
  );
});
