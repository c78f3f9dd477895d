import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { styleText } from "node:util";
import { chooseSource, sourceWarning } from "../../supabase/tests/support/source.ts";
import { bin, ROOT } from "../local/paths.ts";
import { afterRetry, type Failure, readClosingLine, readVitest, type Results } from "./results.ts";
import type { Step } from "./steps.ts";

interface Outcome extends Results {
  seconds: number;
  /** What failed at first, and passed when its file was run again. */
  retried?: Failure[] | undefined;
}

/** Failures that are shown at the end, and lines of each message. */
const SHOWN_FAILURES = 20;
const SHOWN_LINES = 12;

/**
 * Runs steps, a failing one does not keep the others from running, and prints a table of them and how to run what failed.
 * Those that run no tests, in a row, run two at a time, since each keeps one core busy.
 *
 * @param command what runs them: `npm test`, which takes a file, or a step's `rerun`, after `--`
 * @param env what the steps' environment has next to ours
 * @returns whether all passed
 */
export async function runSteps(
  steps: Step[],
  command: string,
  env: Record<string, string> = {},
): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), "fixloop-results-"));
  const outcomes = new Map<Step, Outcome>();
  try {
    for (const group of groupsOf(steps)) {
      const waiting = group.values();
      const worker = async (): Promise<void> => {
        for (const step of waiting) outcomes.set(step, await runStep(step, folder, env, group.length > 1));
      };
      await Promise.all([worker(), worker()]);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  // in the order of the steps, whichever ended first
  return report(new Map([...outcomes].sort(([a], [b]) => steps.indexOf(a) - steps.indexOf(b))), command);
}

/** The commands that run what failed of a step alone: its failed files, or all of it. */
export function rerunsOf(step: Step, failedFiles: string[], command: string, env = process.env): string[] {
  const prefix = isVitest(step) && chooseSource(env) === "migrations" ? "FROM=migrations " : "";
  const choices = failedFiles.length > 0 ? failedFiles : [step.rerun ?? `--only ${step.name}`];
  return choices.map((choice) => `${prefix}${command}${choice && ` -- ${choice}`}`);
}

/** Arguments as one types them in a shell. */
export const quoteArguments = (args: string[]): string =>
  args.map((arg) => /^[\w./:=@+-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", "'\\''")}'`).join(" ");

const isVitest = (step: Step): boolean => step.command[0] === bin("vitest");

/** Test steps one by one, since each has workers of its own; what is in a row between them together. */
export function groupsOf(steps: Step[]): Step[][] {
  const groups: Step[][] = [];
  for (const step of steps) {
    const last = groups.at(-1);
    if (last?.[0] && !isVitest(last[0]) && !isVitest(step)) last.push(step);
    else groups.push([step]);
  }
  return groups;
}

/** @param isBuffered whether its output is printed when it has ended, since another step runs at the same time */
async function runStep(
  step: Step,
  folder: string,
  env: Record<string, string>,
  isBuffered: boolean,
): Promise<Outcome> {
  const title = `\n${styleText(["bold", "cyan"], step.name)} ${styleText("dim", step.what)}`;
  if (!isBuffered) console.log(title);
  const started = performance.now();
  const run = async (files: string[]): Promise<Results> => {
    const file = join(folder, `${step.name}.json`);
    rmSync(file, { force: true });
    const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${file}`];
    const command = [...step.command, ...files, ...(isVitest(step) ? reporters : [])];
    const { code, output } = await execute(command, env, isBuffered);
    if (isBuffered) console.log([title, output.trimEnd()].filter((text) => text !== "").join("\n"));
    const results = isVitest(step) ? readVitest(file) : readClosingLine(output);
    // a step that ends badly without counting a failure has failed as a whole
    const uncounted = code === 0 ? 0 : 1;
    if (!results) return { passed: 1 - uncounted, failed: uncounted, failedFiles: [], failures: [] };
    return { ...results, failed: code === 0 ? results.failed : Math.max(1, results.failed) };
  };
  const first = await run([]);
  const seconds = () => (performance.now() - started) / 1000;
  if (process.env["RETRY"] !== "1" || first.failed === 0 || !isVitest(step)) {
    return { ...first, seconds: seconds() };
  }
  console.log(`\n${styleText(["bold", "cyan"], step.name)} ${styleText("dim", "again, what failed")}`);
  // an error outside of a test belongs to none of them
  const second = await run(first.failedFiles);
  const failures = first.failures.length > 0
    ? first.failures
    : [{ file: step.name, message: "It ended with an error outside of a test, which its output shows." }];
  const retried = second.failed > 0 ? failures.filter(({ file }) => passedIn(second, file)) : failures;
  return { ...afterRetry(first, second), seconds: seconds(), retried };
}

const passedIn = ({ failedFiles }: Results, file: string): boolean =>
  failedFiles.length > 0 && !failedFiles.includes(file);

async function execute(
  [program = "", ...args]: string[],
  env: Record<string, string>,
  isBuffered: boolean,
): Promise<{ code: number | null; output: string }> {
  const child = spawn(program, args, {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", isBuffered ? "pipe" : "inherit"],
  });
  let output = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    if (!isBuffered) process.stdout.write(text);
    output += text;
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => output += text);
  return await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, output }));
  });
}

/** Prints what each step came to and how to run what failed, and returns whether all passed. */
function report(outcomes: Map<Step, Outcome>, command: string): boolean {
  console.log("");
  for (const [step, { passed, failed, seconds }] of outcomes) {
    const mark = failed === 0 ? styleText("green", "✓") : styleText("red", "✗");
    const numbers = `${String(passed).padStart(5)} passed ${String(failed).padStart(4)} failed`;
    console.log(
      `${mark} ${step.name.padEnd(12)}${numbers} ${seconds.toFixed(1).padStart(7)} s  ${step.what}`,
    );
  }
  const failures = [...outcomes].filter(([, { failed }]) => failed > 0);
  printFailures("Failed:", failures.flatMap(([, outcome]) => outcome.failures));
  printFailures(
    "Failed at first, and passed when its file was run again, which is a defect of the test or of what it tests:",
    [...outcomes.values()].flatMap(({ retried = [] }) => retried),
  );
  const reruns = failures.flatMap(([step, { failedFiles }]) => rerunsOf(step, failedFiles, command));
  if (reruns.length > 0) console.log(`\nTo run what failed alone:`);
  for (const rerun of reruns) console.log(`  ${rerun}`);
  const warning = [...outcomes.keys()].some(isVitest) ? sourceWarning(chooseSource()) : undefined;
  if (warning) console.log(`\n${styleText("yellow", warning)}`);
  const total = [...outcomes.values()];
  const passed = total.reduce((sum, outcome) => sum + outcome.passed, 0);
  const failed = total.reduce((sum, outcome) => sum + outcome.failed, 0);
  console.log(`\n${passed} passed, ${failed} failed`);
  return failed === 0;
}

function printFailures(title: string, failures: Failure[]): void {
  if (failures.length === 0) return;
  console.log(`\n${styleText("red", title)}`);
  for (const { file, name, message } of failures.slice(0, SHOWN_FAILURES)) {
    console.log(`  ${name === undefined ? file : `${file}: ${name}`}`);
    // of a stack, what is ours
    const lines = message.trimEnd().split("\n").filter((line) =>
      !/^ +at .*(node_modules|new Promise)/.test(line)
    )
      .slice(0, SHOWN_LINES);
    for (const line of lines) console.log(`    ${line}`);
  }
  if (failures.length > SHOWN_FAILURES) console.log(`  and ${failures.length - SHOWN_FAILURES} more`);
}
