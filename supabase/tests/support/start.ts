import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseEnv } from "node:util";
import { afterAll, afterEach, expect } from "vitest";
import { ROOT } from "../../../scripts/local/paths.ts";
import { freePort } from "../../../scripts/local/ports.ts";
import { writerLine } from "../../../scripts/local/running-stack.ts";
import { scratchFolder } from "../../../scripts/local/scratch-folder.ts";

// `npm start` as a user runs it: in its own process, with its own folder and ports.

export const NODE = join(ROOT, "node_modules/.bin/node");
export const isRoot = process.getuid?.() === 0;
const started: Run[] = [];
const folders: string[] = [];

/** Called once by a test file: what it starts is stopped after each test, and its folders are deleted after the last. */
export function stopAfterTests(): void {
  afterEach(async () => {
    for (const run of started.splice(0)) {
      if (run.process.exitCode === null && run.process.signalCode === null) await stop(run);
    }
  });
  afterAll(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  });
}

export interface Run {
  process: ChildProcess;
  dataDir: string;
  output: () => string;
  exited: Promise<number | null>;
}

export interface Settings {
  dataDir: string;
  apiPort: number;
  dbPort: number;
  args?: string[];
  uid?: number;
  env?: Record<string, string>;
}

export const newFolder = (): string => {
  const folder = scratchFolder("start");
  folders.push(folder);
  return folder;
};

export const newSettings = async (): Promise<Settings> => ({
  dataDir: join(newFolder(), "data"),
  apiPort: await freePort(),
  dbPort: await freePort(),
});

export function start(settings: Settings): Run {
  const child = spawn(NODE, [join(ROOT, "scripts/local/start.ts"), ...settings.args ?? []], {
    cwd: ROOT,
    env: {
      ...process.env,
      DATA_DIR: settings.dataDir,
      API_PORT: String(settings.apiPort),
      DB_PORT: String(settings.dbPort),
      NO_COLOR: "1",
      ...settings.env,
      ...(settings.uid ? { HOME: settings.dataDir } : {}),
    },
    ...(settings.uid ? { uid: settings.uid, gid: settings.uid } : {}),
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => output += text);
  }
  const exited = new Promise<number | null>((resolve) => child.once("close", resolve));
  const run = { process: child, dataDir: settings.dataDir, output: () => output, exited };
  started.push(run);
  return run;
}

/**
 * Waits until the run wrote its environment file, which it does once everything answers. A killed run leaves its file
 * behind.
 */
export async function ready(run: Run): Promise<Record<string, string>> {
  const file = join(run.dataDir, "env");
  const isWritten = () =>
    existsSync(file) && readFileSync(file, "utf8").startsWith(writerLine(run.process.pid));
  await until(() => isWritten() || run.process.exitCode !== null, run.output);
  expect(run.process.exitCode, run.output()).toBe(null);
  return parseEnv(readFileSync(file, "utf8")) as Record<string, string>;
}

export async function stop(run: Run): Promise<number | null> {
  run.process.kill("SIGTERM");
  return await run.exited;
}

export async function until(
  condition: () => boolean | Promise<boolean>,
  state: () => string = () => "",
): Promise<void> {
  const deadline = Date.now() + 120_000;
  while (!await condition()) {
    if (Date.now() > deadline) throw new Error(`the condition was not met in two minutes; ${state()}`);
    await sleep(20);
  }
}

/**
 * How much slower than an idle machine this one may be: by the start of an empty program, which takes 40 ms there, and three
 * times that, since other tests come and go while one is timed.
 */
export function slowdown(): number {
  const began = performance.now();
  for (let i = 0; i < 5; i++) spawnSync(NODE, ["-e", ""]);
  return 3 * Math.max(1, (performance.now() - began) / 5 / 40);
}

export const postmaster = (dataDir: string): number =>
  Number(readFileSync(join(dataDir, "postgres/postmaster.pid"), "utf8").split("\n")[0]);
