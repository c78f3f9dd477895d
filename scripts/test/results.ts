import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { ROOT } from "../local/paths.ts";

export interface Results {
  passed: number;
  failed: number;
  /** Test files with a failure, relative to the root. */
  failedFiles: string[];
}

interface VitestReport {
  numPassedTests: number;
  numFailedTests: number;
  success: boolean;
  testResults: { name: string; status: string }[];
}

/** The counts of vitest's JSON report; undefined when it wrote none. */
export function readVitest(path: string): Results | undefined {
  let report: VitestReport;
  try {
    report = JSON.parse(readFileSync(path, "utf8")) as VitestReport;
  } catch {
    return undefined;
  }
  const failedFiles = report.testResults.filter(({ status }) => status === "failed")
    .map(({ name }) => relative(ROOT, name)).sort();
  // a file that cannot be loaded fails no single test
  const failed = report.success ? 0 : Math.max(1, report.numFailedTests, failedFiles.length);
  return { passed: report.numPassedTests, failed, failedFiles };
}

/** The closing line that our own commands print. */
export function readClosingLine(output: string): Results | undefined {
  const line = output.trim().split("\n").at(-1)?.match(/^(\d+) passed, (\d+) failed$/);
  return line ? { passed: Number(line[1]), failed: Number(line[2]), failedFiles: [] } : undefined;
}
