import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { ROOT } from "../local/paths.ts";

/** A test that failed, or a test file that could not be loaded. */
export interface Failure {
  /** Relative to the root. */
  file: string;
  /** The test's name after those of its groups; undefined for the file. */
  name?: string | undefined;
  message: string;
}

export interface Results {
  passed: number;
  failed: number;
  /** Test files with a failure, relative to the root. */
  failedFiles: string[];
  failures: Failure[];
}

interface VitestReport {
  numPassedTests: number;
  numFailedTests: number;
  success: boolean;
  testResults: {
    name: string;
    status: string;
    message: string;
    assertionResults: { status: string; fullName: string; failureMessages: string[] | null }[];
  }[];
}

/** The counts of vitest's JSON report; undefined when it wrote none. */
export function readVitest(path: string): Results | undefined {
  let report: VitestReport;
  try {
    report = JSON.parse(readFileSync(path, "utf8")) as VitestReport;
  } catch {
    return undefined;
  }
  const failed = report.testResults.filter(({ status }) => status === "failed")
    .map((file) => ({ ...file, name: relative(ROOT, file.name) }))
    .sort((a, b) => a.name < b.name ? -1 : 1);
  const failures = failed.flatMap(({ name: file, message, assertionResults }) => {
    const tests = assertionResults.filter(({ status }) => status === "failed")
      .map(({ fullName, failureMessages }) => ({
        file,
        name: fullName,
        message: (failureMessages ?? []).join("\n"),
      }));
    return tests.length > 0 ? tests : [{ file, message }];
  });
  return {
    passed: report.numPassedTests,
    // a file that cannot be loaded fails no single test
    failed: report.success ? 0 : Math.max(1, report.numFailedTests, failed.length),
    failedFiles: failed.map(({ name }) => name),
    failures,
  };
}

/** What a run and a second one, of the files that failed in it or else of all, came to together. */
export const afterRetry = (first: Results, second: Results): Results =>
  first.failedFiles.length === 0
    ? second
    : { ...second, passed: first.passed + Math.max(0, first.failed - second.failed) };

/** The closing line that our own commands print. */
export function readClosingLine(output: string): Results | undefined {
  const line = output.trim().split("\n").at(-1)?.match(/^(\d+) passed, (\d+) failed$/);
  return line
    ? { passed: Number(line[1]), failed: Number(line[2]), failedFiles: [], failures: [] }
    : undefined;
}
