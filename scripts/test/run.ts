import { spawn } from "node:child_process";
import { parseArgs } from "node:util";
import { command } from "../command.ts";
import { bin, ROOT } from "../local/paths.ts";
import { UserError } from "../local/user-error.ts";
import { removeKept } from "../../supabase/tests/support/kept.ts";
import { chooseFiles } from "./files.ts";
import { runSteps } from "./run-steps.ts";
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
  return await runSteps(chooseSteps(values, positionals, named), "npm test --");
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

/** Runs vitest in watch mode; it reads the keyboard itself. Without files, it waits for the first change. */
async function watch(args: string[]): Promise<boolean> {
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
