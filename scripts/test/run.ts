import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs, styleText } from "node:util";
import { command } from "../command.ts";
import { bin, ROOT } from "../local/paths.ts";
import { UserError } from "../local/user-error.ts";
import { removeKept } from "../../supabase/tests/support/kept.ts";
import { chooseFiles } from "./files.ts";
import { readClosingLine, readVitest, type Results } from "./results.ts";
import { type Step, STEPS } from "./steps.ts";

const HELP = `
npm test [-- <file or folder>… | --fast | --only <step>]
npm run test:watch [-- <file or folder>…]

Runs all that CI checks, on throw-away databases and free ports. A failing step does not keep the others from running.

  <file or folder>   run these test files alone: *.test.sql, *.test.ts, a folder, or a part of a path (tracker/tags)
  -t <name>          run the tests of this name alone
  --fast             format, lint, types, unit tests and pgTAP
  --only <step>      run one step: ${STEPS.map((step) => step.name).join(", ")}
  --watch            run what changed, until Ctrl-C
  --remove-kept      stop and delete what KEEP_DB=1 has left

  KEEP_DB=1          leave the databases of failed test files running, and print their URLs
  FROM=migrations    build the tests' database from supabase/migrations, as CI does; default: supabase/schemas
`;

interface Outcome extends Results {
  seconds: number;
}

const folder = mkdtempSync(join(tmpdir(), "fixloop-results-"));

await command(import.meta.main, HELP, async (args) => {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      only: { type: "string" },
      fast: { type: "boolean" },
      watch: { type: "boolean" },
      name: { type: "string", short: "t" },
      "remove-kept": { type: "boolean" },
    },
  });
  if (values["remove-kept"]) {
    console.log(`Removed ${await removeKept()}.`);
    return true;
  }
  const named = values.name ? ["--testNamePattern", values.name] : [];
  if (values.watch) return await watch([...chooseFiles(positionals), ...named]);
  const outcomes = new Map<Step, Outcome>();
  try {
    for (const step of chooseSteps(values, positionals, named)) outcomes.set(step, await runStep(step));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return report(outcomes);
});

function chooseSteps(
  { only, fast }: { only?: string | undefined; fast?: boolean | undefined },
  names: string[],
  options: string[],
): Step[] {
  if (names.length > 0 || options.length > 0) {
    const files = chooseFiles(names);
    const what = files.length === 1 ? files[0] ?? "" : `${files.length || "all"} files`;
    return [{ name: "tests", what, command: [bin("vitest"), "run", ...files, ...options], isFast: true }];
  }
  const chosen = STEPS.filter((step) => only ? step.name === only : !fast || step.isFast);
  if (chosen.length > 0) return chosen;
  throw new UserError(
    `There is no step ${only}.`,
    `Choose one of: ${STEPS.map((step) => step.name).join(", ")}.`,
  );
}

async function runStep(step: Step): Promise<Outcome> {
  console.log(`\n${styleText(["bold", "cyan"], step.name)} ${styleText("dim", step.what)}`);
  const started = performance.now();
  const isVitest = step.command[0] === bin("vitest");
  const file = join(folder, `${step.name}.json`);
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${file}`];
  const { code, output } = await execute([...step.command, ...(isVitest ? reporters : [])]);
  const seconds = (performance.now() - started) / 1000;
  const results = isVitest ? readVitest(file) : readClosingLine(output);
  // a step that ends badly without counting a failure has failed as a whole
  if (!results) return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, failedFiles: [], seconds };
  return { ...results, failed: code === 0 ? results.failed : Math.max(1, results.failed), seconds };
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

/** Runs vitest in watch mode; it reads the keyboard itself. Without files, it waits for the first change. */
async function watch(args: string[]): Promise<boolean> {
  rmSync(folder, { recursive: true, force: true });
  const child = spawn(bin("vitest"), ["watch", ...(args.length > 0 ? args : ["--standalone"])], {
    cwd: ROOT,
    stdio: "inherit",
  });
  // Ctrl-C reaches the child too, which ends by itself
  process.on("SIGINT", () => {});
  return await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code === 0));
  });
}

/** Prints what each step came to and how to run what failed, and returns whether all passed. */
function report(outcomes: Map<Step, Outcome>): boolean {
  console.log("");
  for (const [step, { passed, failed, seconds }] of outcomes) {
    const mark = failed === 0 ? styleText("green", "✓") : styleText("red", "✗");
    const numbers = `${String(passed).padStart(5)} passed ${String(failed).padStart(4)} failed`;
    console.log(
      `${mark} ${step.name.padEnd(12)}${numbers} ${seconds.toFixed(1).padStart(7)} s  ${step.what}`,
    );
  }
  const rerun = [...outcomes].filter(([, { failed }]) => failed > 0).flatMap(([step, { failedFiles }]) =>
    failedFiles.length > 0 ? failedFiles : [`--only ${step.name}`]
  );
  if (rerun.length > 0) {
    console.log(`\nTo run what failed alone:`);
    for (const args of rerun) console.log(`  npm test -- ${args}`);
  }
  const total = [...outcomes.values()];
  const passed = total.reduce((sum, outcome) => sum + outcome.passed, 0);
  const failed = total.reduce((sum, outcome) => sum + outcome.failed, 0);
  console.log(`\n${passed} passed, ${failed} failed`);
  return failed === 0;
}
