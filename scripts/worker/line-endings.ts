import { dirname, join } from "node:path";
import type { Repository } from "./objects.ts";
import { run } from "./process.ts";

/** What git converts line endings by, besides the attributes of files. */
const NAMES = ["config", "--get-regexp", String.raw`^core\.(autocrlf|eol)$`];

/** As options of git; a value that git would not take is left out. */
const optionsOf = (listed: string): string[] =>
  [...listed.matchAll(/^(core\.(?:autocrlf|eol)) (true|false|input|lf|crlf|native|yes|no|on|off)$/gim)]
    .flatMap(([, name, value]) => ["-c", `${name}=${value}`]);

/**
 * How the git of the worker's user converts line endings: the agent's git writes and reads files by that, and so does
 * ours.
 */
export async function userLineEndings(
  environment: Readonly<Record<string, string | undefined>>,
  folder: string,
): Promise<string[]> {
  const names = ["PATH", "HOME", "XDG_CONFIG_HOME"];
  const { stdout } = await run("git", NAMES, {
    cwd: folder,
    env: {
      ...Object.fromEntries(names.flatMap((name) => environment[name] ? [[name, environment[name]]] : [])),
      // the folder is in no repository that the agent's clone is in
      GIT_CEILING_DIRECTORIES: dirname(folder),
    },
    timeoutMs: 10_000,
  });
  return optionsOf(stdout);
}

/** The same of the configuration that an agent's clone has itself. */
export async function cloneLineEndings(repo: Repository, gitDir: string): Promise<string[]> {
  const [command = "", ...args] = NAMES;
  const file = ["--file", join(gitDir, "config")];
  return optionsOf((await repo.run([command, ...file, ...args], { accept: [1, 3, 128] })).stdout);
}
