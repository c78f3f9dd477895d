import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { bin } from "../local/paths.ts";
import { plotReport } from "./plot.ts";
import { amount, type CaseReport, describeReport, type Surroundings, threeDigits } from "./report.ts";
import type { Result } from "./rounds.ts";

const result = (reached: number, ratio: number, more: Partial<Result> = {}): Result => ({
  comparison: {
    name: "case",
    title: "messages & <more>",
    clients: "8 connections",
    unit: "per second",
    contenders: [{ name: "ours", run: () => Promise.reject(new Error("not run")) }],
    floors: [],
  },
  rounds: 5,
  contenders: [{ name: "ours", msEach: 2, isCutOff: false }, {
    name: "peer",
    msEach: 2 * reached,
    isCutOff: true,
  }],
  verdicts: [{
    against: "peer",
    ratio,
    reached,
    range: [reached / 2, reached * 2],
    isCutOff: true,
    isMet: reached >= ratio,
  }],
  ...more,
});

const surroundings: Surroundings = {
  processor: "Some CPU",
  cores: 2,
  memoryGb: 4,
  platform: "linux x64",
  node: "v24.0.0",
  settings: { server_version: "17.10", fsync: "on", synchronous_commit: "on" },
};

const reports: CaseReport[] = [{
  title: "A case",
  method: "How it was measured.",
  results: [result(40, 20), result(0.5, 0.6, { explanation: "Seq Scan on issues" })],
}];

test("numbers have three digits that count", () => {
  expect([0.12345, 1.005, 99.94, 12345.6].map(threeDigits)).toEqual(["0.123", "1.00", "99.9", "12,346"]);
  expect(amount(2, "per second")).toBe("500 /s");
  expect(amount(2, "ms", true)).toBe("> 2.00 ms");
});

test("the page says what was measured, how durably, where, and why a floor is missed", () => {
  const page = describeReport(reports, surroundings, 5);
  expect(page).toContain(
    "| messages & <more> | 8 connections | 500 /s | > 12.5 /s | peer | > 40.0 | 20.0 – 80.0 | 20.0 | met |",
  );
  expect(page).toContain("| **missed** |");
  expect(page).toContain("runs 5 times");
  expect(page).toContain("`fsync = on`, `synchronous_commit = on`");
  expect(page).toContain("2 cores (Some CPU), 4 GB, linux x64, PostgreSQL 17.10, Node v24.0.0");
  expect(page).toMatch(/### A case\n\nHow it was measured\./);
  expect(page).toMatch(/## Floors that are missed\n\n### Messages & <more>\n\n```\nSeq Scan on issues\n```/);
  expect(describeReport([{ ...reports[0]!, results: [result(40, 20)] }], surroundings, 5)).not.toContain(
    "missed",
  );
});

test("where ours was given up, no ratio is claimed", () => {
  const given = result(1, 0.6, { contenders: [{ name: "ours", msEach: 8000, isCutOff: true }] });
  const page = describeReport([{ title: "A case", method: "", results: [given] }], surroundings, 5);
  expect(page).toContain("| 8 connections | > 0.125 /s |  | peer | – | – | 0.600 |");
  const plot = plotReport([given]);
  expect(plot).toContain("not within the time limit");
  expect(plot).not.toMatch(/<rect class="(met|missed)"/);
});

test("the plot has a bar for each floor, on its side of the line, and is readable in light and dark", () => {
  const plot = plotReport(reports.flatMap(({ results }) => results));
  expect(plot).not.toMatch(/NaN|Infinity|undefined/);
  expect(plot).toContain("prefers-color-scheme: dark");
  const floor = Number(plot.match(/class="floor" d="M(\d+)/)?.[1]);
  const bars = [...plot.matchAll(/<rect class="(met|missed)" x="(\d+)" y="\d+" width="(\d+)"/g)];
  expect(bars.map(([, kind]) => kind)).toEqual(["met", "missed"]);
  const [met, missed] = bars;
  expect(Number(met?.[2])).toBe(floor);
  expect(Number(missed?.[2]) + Number(missed?.[3])).toBe(floor);
  expect(plot).toContain("messages &amp; &lt;more&gt;");
  // an XML parser takes it
  expect(() => execFileSync(bin("deno"), ["fmt", "--ext", "svg", "-"], { input: plot })).not.toThrow();
});
