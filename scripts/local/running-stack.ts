import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseEnv } from "node:util";
import { progress } from "../command.ts";
import { isLocked } from "./lock.ts";
import { ROOT } from "./paths.ts";

export interface RunningStack {
  dataDir: string;
  /** Whether its database was built from the schema files instead of the migrations. */
  isFromSchemas: boolean;
  /** The URLs and keys that it wrote. */
  env: Readonly<Record<string, string | undefined>>;
}

/**
 * The stack of `npm start` or `npm start -- --from-schemas`, by its environment file. A killed stack leaves its file behind,
 * so of two files the one counts whose stack runs. When both run, it is that of `npm start`, and `say` reports it.
 */
export async function findRunningStack(
  env: NodeJS.ProcessEnv = process.env,
  say = progress,
): Promise<RunningStack | undefined> {
  const folder = resolve(env.DATA_DIR ?? join(ROOT, ".local"));
  const written = [folder, join(folder, "from-schemas")].filter((dataDir) =>
    existsSync(join(dataDir, "env"))
  );
  const running: string[] = [];
  if (written.length > 1) {
    for (const dataDir of written) if (await isLocked(dataDir)) running.push(dataDir);
  }
  const dataDir = running[0] ?? written[0];
  if (dataDir === undefined) return undefined;
  if (running.length > 1) {
    say(`two stacks run here: using ${dataDir}; for the other one, DATA_DIR=${running[1]}`);
  }
  return {
    dataDir,
    isFromSchemas: dataDir !== folder,
    env: parseEnv(readFileSync(join(dataDir, "env"), "utf8")),
  };
}
