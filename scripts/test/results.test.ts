import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { chooseSource } from "../../supabase/tests/support/source.ts";
import { ROOT } from "../local/paths.ts";
import { afterRetry, readClosingLine, readVitest } from "./results.ts";

const folder = mkdtempSync(join(tmpdir(), "fixloop-results-test-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** What vitest would have written, of test files by their status. */
function report(passed: number, failed: number, files: Record<string, string>): string {
  const path = join(folder, "report.json");
  writeFileSync(
    path,
    JSON.stringify({
      numPassedTests: passed,
      numFailedTests: failed,
      success: !Object.values(files).includes("failed"),
      testResults: Object.entries(files).map(([name, status]) => ({
        name: join(ROOT, name),
        status,
        message: "no such module",
        assertionResults: [
          { status: "passed", fullName: "one", failureMessages: [] },
          ...(name.startsWith("a.")
            ? [{ status, fullName: "two", failureMessages: ["Error: 2\n    at x"] }]
            : []),
        ],
      })),
    }),
  );
  return path;
}

test("a report's counts, and its failed files relative to the root", () => {
  expect(readVitest(report(7, 2, { "b.test.ts": "failed", "a.test.sql": "failed", "c.test.ts": "passed" })))
    .toEqual({
      passed: 7,
      failed: 2,
      failedFiles: ["a.test.sql", "b.test.ts"],
      failures: [
        { file: "a.test.sql", name: "two", message: "Error: 2\n    at x" },
        { file: "b.test.ts", message: "no such module" },
      ],
    });
  expect(readVitest(report(7, 0, { "a.test.sql": "passed" }))).toEqual({
    passed: 7,
    failed: 0,
    failedFiles: [],
    failures: [],
  });
});

test("a file that cannot be loaded is a failure, and so is a missing report", () => {
  expect(readVitest(report(0, 0, { "a.test.ts": "failed" }))?.failed).toBe(1);
  expect(readVitest(join(folder, "missing.json"))).toBeUndefined();
});

test("what failed and passed in a second run has passed, and what failed again has not", () => {
  const first = { passed: 7, failed: 3, failedFiles: ["a.test.ts", "b.test.ts"], failures: [] };
  expect(afterRetry(first, { passed: 9, failed: 0, failedFiles: [], failures: [] }))
    .toEqual({ passed: 10, failed: 0, failedFiles: [], failures: [] });
  const again = { file: "b.test.ts", name: "two", message: "Error: 2" };
  expect(afterRetry(first, { passed: 8, failed: 1, failedFiles: ["b.test.ts"], failures: [again] }))
    .toEqual({ passed: 9, failed: 1, failedFiles: ["b.test.ts"], failures: [again] });
  // an error outside of a test: all ran again
  const second = { passed: 12, failed: 0, failedFiles: [], failures: [] };
  expect(afterRetry({ passed: 12, failed: 1, failedFiles: [], failures: [] }, second)).toEqual(second);
});

test("the closing line of our own commands", () => {
  expect(readClosingLine("✓ all\n8 passed, 1 failed\n")).toEqual({
    passed: 8,
    failed: 1,
    failedFiles: [],
    failures: [],
  });
  expect(readClosingLine("8 passed, 1 failed\nand then it stopped\n")).toBeUndefined();
});

test("the database comes from schemas/, in CI from migrations/, and FROM decides", () => {
  expect(chooseSource({})).toBe("schemas");
  expect(chooseSource({ CI: "true" })).toBe("migrations");
  expect(chooseSource({ CI: "true", FROM: "schemas" })).toBe("schemas");
  expect(chooseSource({ FROM: "migrations" })).toBe("migrations");
});
