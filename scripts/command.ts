import { styleText } from "node:util";
import { errorCode, UserError } from "./local/user-error.ts";

/**
 * Runs a command when its module is the program that was started. `--help` prints `help`; when `parseArgs`
 * rejects the arguments, its message is printed.
 *
 * @param isMain `import.meta.main` of the command's module
 * @param run resolves with true for exit code 0, false for 1
 */
export async function command(
  isMain: boolean,
  help: string,
  run: (args: string[]) => Promise<boolean>,
): Promise<void> {
  if (!isMain) return;
  const args = process.argv.slice(2);
  if (args.includes("--help") || args.includes("-h")) {
    console.log(help.trim());
    return;
  }
  await runCommand(async () => {
    try {
      process.exitCode = await run(args) ? 0 : 1;
    } catch (error) {
      if (!errorCode(error)?.startsWith("ERR_PARSE_ARGS")) throw error;
      throw new UserError(String((error as Error).message), "--help lists the arguments.");
    }
  });
}

/**
 * Prints one line per step of a long command. On standard error, so that the command's result can be piped.
 */
export const progress = (step: string): void =>
  console.error(`${styleText("dim", "…", { stream: process.stderr })} ${step}`);

/** Prints a check's name and its problems, and returns whether it passed. */
export function report(name: string, problems: string[]): boolean {
  const passed = problems.length === 0;
  console.log(`${passed ? styleText("green", "✓") : styleText("red", "✗")} ${name}`);
  for (const problem of problems) console.log(problem.replaceAll(/^(?=.)/gm, "  "));
  return passed;
}

/**
 * Runs a command: a `UserError` is printed with its hint, any other error with its stack; both set exit code
 * 1.
 */
async function runCommand(command: () => Promise<void>): Promise<void> {
  try {
    await command();
  } catch (error) {
    if (error instanceof UserError) {
      console.error(`\n${styleText("red", "error")}  ${error.message}`);
      console.error(`${styleText("yellow", "what to do")}  ${error.hint}`);
    } else {
      console.error(error);
    }
    process.exitCode = 1;
  }
}
