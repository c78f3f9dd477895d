import { expect, test } from "vitest";
import { openCluster } from "../../../supabase/tests/support/database.ts";
import { OPERATIONS } from "./operations.ts";
import { judgeGrowth } from "./report.ts";
import { runGrowth } from "./run.ts";

const timing = (ms: number, isCutOff = false) => ({ ms, isCutOff });
const [operation] = OPERATIONS;
if (!operation) throw new Error("there are no operations");

test("every operation runs at two small sizes, and the page has a row for each", async () => {
  const { url } = await openCluster();
  const { page } = await runGrowth({ url, template: "fixloop" }, [60, 120], () => {});
  for (const { name } of OPERATIONS) expect(page).toContain(`| ${name} |`);
});

test.each([
  ["stays flat", [timing(4), timing(9)], undefined, true],
  ["grows below what is noise", [timing(0.2), timing(4)], undefined, true],
  ["grows more than threefold", [timing(4), timing(20)], undefined, false],
  ["takes too long", [timing(90), timing(101)], undefined, false],
  ["is given up", [timing(4), timing(6, true)], undefined, false],
  ["is fifty times as fast as the rows", [timing(4), timing(4)], timing(201), true],
  ["is not", [timing(4), timing(4)], timing(199), false],
])("the verdict on what %s", (_, times, raw, isMet) => {
  expect(judgeGrowth({ operation, times, ...(raw ? { raw } : {}) }).isMet).toBe(isMet);
});

test("what has a reason may grow, within the time limit", () => {
  const reasoned = { ...operation, reason: "ranks more" };
  expect(judgeGrowth({ operation: reasoned, times: [timing(4), timing(60)] })).toMatchObject({
    isMet: true,
    verdict: "ranks more",
  });
  expect(judgeGrowth({ operation: reasoned, times: [timing(4), timing(600)] }).isMet).toBe(false);
});
