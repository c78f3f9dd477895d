import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseEnv } from "node:util";
import { progress } from "../command.ts";
import { lockHolder } from "./lock.ts";
import { ROOT } from "./paths.ts";

export interface RunningStack {
  dataDir: string;
  /** Whether its database was built from the schema files instead of the migrations. */
  isFromSchemas: boolean;
  /** The URLs and keys that it wrote. */
  env: Readonly<Record<string, string | undefined>>;
}

/** The first line of an environment file: which process wrote it. */
export const writerLine = (pid = process.pid): string => `# written by process ${pid}\n`;

/**
 * The stack of `npm start` or `npm start -- --from-schemas`, by its environment file. A killed stack leaves its file behind,
 * so a file counts only while the process that wrote it runs. When both run, it is that of `npm start`, and `say` reports it.
 */
export async function findRunningStack(
  env: NodeJS.ProcessEnv = process.env,
  say = progress,
): Promise<RunningStack | undefined> {
  const folder = resolve(env.DATA_DIR ?? join(ROOT, ".local"));
  const running: RunningStack[] = [];
  for (const dataDir of [folder, join(folder, "from-schemas")]) {
    const env = await readEnv(dataDir);
    if (env) running.push({ dataDir, isFromSchemas: dataDir !== folder, env });
  }
  const [first, second] = running;
  if (first && second) {
    say(`two stacks run here: using ${first.dataDir}; for the other one, DATA_DIR=${second.dataDir}`);
  }
  return first;
}

async function readEnv(dataDir: string): Promise<RunningStack["env"] | undefined> {
  const file = join(dataDir, "env");
  if (!existsSync(file)) return undefined;
  const text = readFileSync(file, "utf8");
  const holder = await lockHolder(dataDir);
  return holder !== undefined && text.startsWith(writerLine(holder)) ? parseEnv(text) : undefined;
}
