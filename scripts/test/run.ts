import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs, styleText } from "node:util";
import { command } from "../command.ts";
import { bin, ROOT } from "../local/paths.ts";
import { UserError } from "../local/user-error.ts";

const HELP = `npm test [-- --only <name>]

Runs all that CI checks, on throw-away databases and free ports. A failing step does not keep the others from running.

  --only <name>   run one step; the names are in the table at the end
`;

interface Step {
  name: string;
  what: string;
  command: string[];
}

interface Outcome {
  passed: number;
  failed: number;
  seconds: number;
}

const folder = mkdtempSync(join(tmpdir(), "fixloop-results-"));
const vitestReport = join(folder, "vitest.json");
const node = bin("node");

const steps: Step[] = [
  { name: "format", what: "deno fmt", command: [bin("deno"), "fmt", "--check"] },
  { name: "lint", what: "deno lint", command: [bin("deno"), "lint", "--quiet"] },
  { name: "types-node", what: "tsc over scripts and tests", command: [bin("tsc"), "--project", "."] },
  {
    name: "types-deno",
    what: "deno check over the edge functions",
    command: [
      bin("deno"),
      "check",
      "--quiet",
      "supabase/functions/*/index.ts",
      "scripts/bench/functions/*/index.ts",
      "scripts/local/function-host.ts",
    ],
  },
  {
    name: "schema",
    what: "SQL style, squawk, drift, types, advisors",
    command: [node, "scripts/db/verify.ts"],
  },
  {
    name: "tests",
    what: "pgTAP, unit, API and concurrency tests",
    command: [
      bin("vitest"),
      "run",
      "--reporter=default",
      "--reporter=json",
      `--outputFile.json=${vitestReport}`,
    ],
  },
  { name: "demo", what: "npm run demo", command: [node, "scripts/demo/run.ts"] },
];

await command(import.meta.main, HELP, async (args) => {
  const { values } = parseArgs({ args, options: { only: { type: "string" } } });
  const chosen = values.only ? steps.filter((step) => step.name === values.only) : steps;
  if (chosen.length === 0) {
    throw new UserError(
      `There is no step ${values.only}.`,
      `Choose one of: ${steps.map((step) => step.name).join(", ")}.`,
    );
  }
  const outcomes = new Map<Step, Outcome>();
  try {
    for (const step of chosen) outcomes.set(step, await runStep(step));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return report(outcomes);
});

async function runStep(step: Step): Promise<Outcome> {
  console.log(`\n${styleText(["bold", "cyan"], step.name)} ${styleText("dim", step.what)}`);
  const started = performance.now();
  const { code, output } = await execute(step.command);
  const seconds = (performance.now() - started) / 1000;
  const counted = step.name === "tests" ? countVitest() : countLine(output);
  // a step that ends badly without counting a failure has failed as a whole
  if (!counted) return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, seconds };
  return { ...counted, failed: code === 0 ? counted.failed : Math.max(1, counted.failed), seconds };
}

async function execute([program = "", ...args]: string[]): Promise<{ code: number | null; output: string }> {
  const child = spawn(program, args, { cwd: ROOT, stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    process.stdout.write(text);
    output += text;
  });
  return await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, output }));
  });
}

/** The closing line that our own commands print. */
function countLine(output: string): { passed: number; failed: number } | undefined {
  const line = output.trim().split("\n").at(-1)?.match(/^(\d+) passed, (\d+) failed$/);
  return line ? { passed: Number(line[1]), failed: Number(line[2]) } : undefined;
}

function countVitest(): { passed: number; failed: number } | undefined {
  try {
    const report = JSON.parse(readFileSync(vitestReport, "utf8")) as {
      numPassedTests: number;
      numFailedTests: number;
      success: boolean;
    };
    // a file that cannot be loaded fails no single test
    const failed = report.success ? 0 : Math.max(1, report.numFailedTests);
    return { passed: report.numPassedTests, failed };
  } catch {
    return undefined;
  }
}

/** Prints what each step came to, and says whether all passed. */
function report(outcomes: Map<Step, Outcome>): boolean {
  console.log("");
  for (const [step, { passed, failed, seconds }] of outcomes) {
    const mark = failed === 0 ? styleText("green", "✓") : styleText("red", "✗");
    const numbers = `${String(passed).padStart(5)} passed ${String(failed).padStart(4)} failed`;
    console.log(
      `${mark} ${step.name.padEnd(12)}${numbers} ${seconds.toFixed(1).padStart(7)} s  ${step.what}`,
    );
  }
  const total = [...outcomes.values()];
  const passed = total.reduce((sum, outcome) => sum + outcome.passed, 0);
  const failed = total.reduce((sum, outcome) => sum + outcome.failed, 0);
  console.log(`\n${passed} passed, ${failed} failed`);
  return failed === 0;
}
