import { expect, test } from "vitest";
import type { Comparison, Sample } from "./bench.ts";
import { judge, measure, median } from "./rounds.ts";

const comparison = (run: (name: string) => Sample, more: Partial<Comparison> = {}): Comparison => ({
  name: "case",
  title: "something",
  clients: "1 connection",
  unit: "ms",
  contenders: [
    { name: "ours", run: () => Promise.resolve(run("ours")) },
    { name: "peer", run: () => Promise.resolve(run("peer")) },
  ],
  floors: [{ against: "peer", ratio: 2 }],
  ...more,
});

const samples = (ours: Sample[], peer: Sample[]) => new Map([["ours", ours], ["peer", peer]]);
const took = (ms: number, operations = 1): Sample => ({ ms, operations });
const cutOff = (ms: number): Sample => ({ ms, operations: 1, isCutOff: true });
const unused = comparison(() => took(1));

test("the median is the middle, or between the two in the middle", () => {
  expect(median([9, 1, 5])).toBe(5);
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(() => median([])).toThrow();
});

test("contenders alternate, every other round in the opposite order", async () => {
  const order: string[] = [];
  const steps: string[] = [];
  const result = await measure(
    comparison((name) => {
      order.push(name);
      return took(1);
    }),
    3,
    (step) => steps.push(step),
  );
  expect(order).toEqual(["ours", "peer", "peer", "ours", "ours", "peer"]);
  expect(result.rounds).toBe(3);
  expect(steps).toHaveLength(3);
});

test("a ratio is our speed divided by the peer's, by the medians, and however many operations a sample has", () => {
  const { contenders, verdicts } = judge(
    unused,
    samples([took(20, 10), took(1), took(2)], [took(4), took(8), took(6)]),
  );
  expect(contenders).toMatchObject([{ name: "ours", msEach: 2 }, { name: "peer", msEach: 6 }]);
  expect(verdicts).toMatchObject([{ reached: 3, range: [2, 8], isMet: true, isCutOff: false }]);
});

test("a floor is missed below its ratio, and then the explanation is asked for", async () => {
  const explained = { explain: () => Promise.resolve("the plan") };
  const slow = await measure(comparison((name) => took(name === "ours" ? 3 : 5), explained), 1, () => {});
  expect(slow.verdicts).toMatchObject([{ isMet: false }]);
  expect(slow.explanation).toBe("the plan");
  const fast = await measure(comparison((name) => took(name === "ours" ? 2 : 5), explained), 1, () => {});
  expect(fast.verdicts).toMatchObject([{ isMet: true }]);
  expect(fast.explanation).toBeUndefined();
});

test("a peer that was cut off makes the ratio a lower bound; ours cut off misses every floor", () => {
  expect(judge(unused, samples([took(1)], [cutOff(100)])).verdicts)
    .toMatchObject([{ reached: 100, isCutOff: true, isMet: true }]);
  expect(judge(unused, samples([cutOff(10)], [took(100)])).verdicts).toMatchObject([{ isMet: false }]);
});
