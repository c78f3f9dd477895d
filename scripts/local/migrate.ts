import { spawn } from "node:child_process";
import { bin, ROOT } from "./paths.ts";
import { UserError } from "./user-error.ts";

/** Makes the CLI run without a network and without questions. */
const CLI_ENV = {
  SUPABASE_TELEMETRY_DISABLED: "1",
  DO_NOT_TRACK: "1",
  SUPABASE_YES: "1",
  NO_COLOR: "1",
  CI: "1",
};

/** Runs the official CLI and returns its standard output. Throws `CliError` with its output when it fails. */
export async function supabase(args: string[], workdir = ROOT): Promise<string> {
  const child = spawn(bin("supabase"), [...args, "--workdir", workdir, "--yes", "--agent", "no"], {
    cwd: workdir,
    env: { ...process.env, ...CLI_ENV },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    output += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => output += text);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  if (code !== 0) throw new CliError(args, output.trim());
  return stdout;
}

export class CliError extends Error {
  readonly output: string;

  constructor(args: string[], output: string) {
    super(`supabase ${args.slice(0, 2).join(" ")} failed:\n${output}`);
    this.output = output;
  }
}

/** Applies the migrations of a project's `supabase/migrations` that a database lacks, as `postgres`. */
export async function pushMigrations(
  url: string,
  options: { seed?: boolean; workdir?: string } = {},
): Promise<void> {
  try {
    await supabase(
      ["db", "push", `--remote=${url}?sslmode=disable`, ...(options.seed ? ["--include-seed"] : [])],
      options.workdir,
    );
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    throw new UserError(
      `The CLI could not bring the database up to date; what failed was rolled back:\n${error.output}`,
      "Fix the error above and start again; the migrations before it stay applied.",
    );
  }
}
