import { spawn } from "node:child_process";
import { parseArgs } from "node:util";
import { command } from "../command.ts";
import { bin, ROOT } from "../local/paths.ts";
import { UserError } from "../local/user-error.ts";
import { removeKept } from "../../supabase/tests/support/kept.ts";
import { chooseFiles } from "./files.ts";
import { quoteArguments, runSteps } from "./run-steps.ts";
import { type Step, STEPS } from "./steps.ts";

const EXTRA = STEPS.filter((step) => step.isExtra).map((step) => step.name).join(" and ");

const HELP = `
npm test [-- <file or folder>… | --fast | --all | --only <step>]
npm run test:watch [-- <file or folder>…]

Runs the checks and tests on throw-away databases and free ports. A failing step does not keep the others from running.
Left out is ${EXTRA}, which takes minutes: run it after changes of the worker, the local stack or the benchmarks; CI does.

  <file or folder>   run these test files alone: *.test.sql, *.test.ts, a folder, or a part of a path (tracker/tags)
  -t <name>          run the tests of this name alone
  --fast             format, lint, types, unit tests and pgTAP
  --all              ${EXTRA} too
  --only <step>      run one step: ${STEPS.map((step) => step.name).join(", ")}
  --watch            run what changed, until Ctrl-C; without files, a change of the schema runs the pgTAP tests
  --remove-kept      stop and delete what KEEP_DB=1 has left

  KEEP_DB=1          leave the databases of failed test files running, and print their URLs
  FROM=migrations    build the tests' database from supabase/migrations, as CI does; default: supabase/schemas
  RETRY=1            run the test files that failed once more, as CI does, and list what passed only then
`;

await command(import.meta.main, HELP, async (args) => {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      only: { type: "string" },
      fast: { type: "boolean" },
      all: { type: "boolean" },
      watch: { type: "boolean" },
      name: { type: "string", short: "t" },
      "remove-kept": { type: "boolean" },
    },
  });
  if (values["remove-kept"]) {
    console.log(`Removed ${await removeKept()}.`);
    return true;
  }
  checkChoice(values, positionals);
  if (values.watch) return await watch(chooseFiles(positionals), namePattern(values.name));
  const steps = chooseSteps(values, positionals);
  const passed = await runSteps(steps, "npm test");
  for (const line of leftOut(steps)) console.log(line);
  return passed;
});

interface Choice {
  only?: string | undefined;
  fast?: boolean | undefined;
  all?: boolean | undefined;
  watch?: boolean | undefined;
  name?: string | undefined;
}

/** Throws when some of the arguments would have no effect on the others' choice. */
export function checkChoice({ only, fast, all, watch, name }: Choice, names: string[]): void {
  const steps = [fast && "--fast", all && "--all", only !== undefined && "--only"].filter(Boolean);
  const others = [names.length > 0 && "a file", name !== undefined && "-t", watch && "--watch"].filter(
    Boolean,
  );
  if (steps.length === 0 || steps.length + others.length === 1) return;
  throw new UserError(
    `${steps[0]} and ${steps[1] ?? others[0]} cannot be used together.`,
    "--fast, --all and --only choose steps. Name files or use -t without them.",
  );
}

/** The steps that are chosen, or one that runs the test files named and the tests of that name. */
export function chooseSteps({ only, fast, all, name }: Choice, names: string[]): Step[] {
  if (names.length > 0 || name !== undefined) {
    const files = chooseFiles(names);
    const what = files.length === 1 ? files[0] ?? "" : `${files.length || "all"} files`;
    const args = [...files, ...namePattern(name)];
    const rerun = quoteArguments([...names, ...(name === undefined ? [] : ["-t", name])]);
    return [{ name: "tests", what, command: [bin("vitest"), "run", ...args], isFast: true, rerun }];
  }
  const chosen = STEPS.filter((step) => {
    if (only !== undefined) return step.name === only;
    return all || (fast ? step.isFast : !step.isExtra);
  });
  if (chosen.length > 0) return chosen;
  throw new UserError(
    `There is no step ${only}.`,
    `Choose one of: ${STEPS.map((step) => step.name).join(", ")}.`,
  );
}

/** What to print after steps that are all but the extra ones: how to run those. */
export function leftOut(steps: Step[]): string[] {
  const others = STEPS.filter((step) => !steps.includes(step));
  if (others.length === 0 || !others.every((step) => step.isExtra)) return [];
  return [
    "\nLeft out, since it takes minutes, and run by CI:",
    ...others.map(({ name, what }) => `  npm test -- --only ${name}   ${what}`),
  ];
}

function namePattern(name?: string): string[] {
  return name === undefined ? [] : ["--testNamePattern", name];
}

/**
 * Runs vitest in watch mode; it reads the keyboard itself. Without files, it starts with what is not committed:
 * `--changed` reads the imports of every test file, so that the first edit of any file reruns the tests that depend on it.
 * A schema file then reruns the pgTAP tests alone: all tests that use a database take minutes.
 */
async function watch(files: string[], options: string[]): Promise<boolean> {
  const child = spawn(bin("vitest"), ["watch", ...(files.length > 0 ? files : ["--changed"]), ...options], {
    cwd: ROOT,
    env: { ...process.env, ...(files.length === 0 && { SCHEMAS_RERUN: "pgtap" }) },
    stdio: "inherit",
  });
  // Ctrl-C reaches the child too, which ends by itself
  process.on("SIGINT", () => {});
  return await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code === 0));
  });
}
