import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs, styleText } from "node:util";
import { command } from "../command.ts";
import { functionNames } from "./functions.ts";
import { lockFolder } from "./lock.ts";
import { ROOT } from "./paths.ts";
import { isPortTaken } from "./ports.ts";
import { dropCluster } from "./postgres.ts";
import { type Project, startStack } from "./stack.ts";
import { UserError } from "./user-error.ts";

const HELP = `npm start [-- --reset]

Runs Fixloop on this machine: API and functions at http://127.0.0.1:54321, PostgreSQL at port 54322.
Stops with Ctrl-C; the data stays.

  --reset     delete the data and start anew

Environment:
  API_PORT    port of the API and functions (54321)
  DB_PORT     port of PostgreSQL (54322)
  DATA_DIR    folder that holds the data (.local)

Once everything answers, DATA_DIR/env holds the urls and keys in dotenv form.
`;

await command(import.meta.main, HELP, async (args) => {
  const { values } = parseArgs({ args, options: { reset: { type: "boolean" } } });
  await start(values.reset === true);
  return true;
});

async function start(reset: boolean): Promise<void> {
  const started = performance.now();
  // from the first moment on, so that a signal while we start is not lost
  const signalled = untilSignal();
  const dataDir = resolve(process.env.DATA_DIR ?? join(ROOT, ".local"));
  const apiPort = readPort("API_PORT", 54321);
  const dbPort = readPort("DB_PORT", 54322);
  makeFolder(dataDir);
  const unlock = await lockFolder(dataDir);
  const envFile = join(dataDir, "env");
  rmSync(envFile, { force: true });
  try {
    if (await isPortTaken(apiPort)) {
      throw new UserError(
        `Port ${apiPort} is in use.`,
        "Stop what uses it, or choose another one: API_PORT=54331 npm start",
      );
    }
    if (reset) {
      say("deleting the data");
      await dropCluster(dataDir);
    }
    const stack = await startStack({
      dataDir,
      apiPort,
      dbPort,
      seed: true,
      progress: say,
      functions: { log: (name, line) => console.log(`${styleText("dim", `[${name}]`)} ${line}`) },
    });
    try {
      await probe(stack.project);
      writeEnv(envFile, stack.project);
      report(stack.project, dataDir, (performance.now() - started) / 1000);
      const reason = await Promise.race([stack.postgres.died, signalled]);
      if (reason) throw new UserError(reason, "Start again: npm start. What was committed is kept.");
    } finally {
      rmSync(envFile, { force: true });
      say("stopping");
      await stack.stop();
    }
  } finally {
    unlock();
  }
}

function makeFolder(dataDir: string): void {
  try {
    mkdirSync(dataDir, { recursive: true });
    if (!existsSync(join(dataDir, ".gitignore"))) writeFileSync(join(dataDir, ".gitignore"), "*\n");
  } catch (error) {
    throw new UserError(
      `The data folder ${dataDir} cannot be written: ${error instanceof Error ? error.message : error}`,
      "Choose another one: DATA_DIR=/some/folder npm start",
    );
  }
}

function readPort(name: string, otherwise: number): number {
  const value = process.env[name];
  if (value === undefined || value === "") return otherwise;
  const port = Number(value);
  if (Number.isInteger(port) && port > 0 && port < 65536) return port;
  throw new UserError(`${name}=${value} is no port.`, "Give a number from 1 to 65535.");
}

/** Asks each part through the one origin, as a client would; the stack is ready when all have answered. */
async function probe(project: Project): Promise<void> {
  const headers = { apikey: project.secretKey };
  for (const path of ["/rest/v1/", "/auth/v1/settings"]) {
    const response = await fetch(project.url + path, { headers });
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
  }
}

/** The variables that a client or a script needs. */
function environment(project: Project): Record<string, string> {
  return {
    SUPABASE_URL: project.url,
    SUPABASE_PUBLISHABLE_KEY: project.publishableKey,
    SUPABASE_SECRET_KEY: project.secretKey,
    DATABASE_URL: project.databaseUrl,
    CIRCLE_WEBHOOK_URL: project.circleWebhookUrl,
    GITHUB_WEBHOOK_URL: project.githubWebhookUrl,
  };
}

/** Appears whole or not at all: whoever waits for the file may read it as soon as it is there. */
function writeEnv(file: string, project: Project): void {
  const lines = Object.entries(environment(project)).map(([name, value]) =>
    `${name}=${JSON.stringify(value)}\n`
  );
  writeFileSync(`${file}.new`, lines.join(""), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

function report(project: Project, dataDir: string, seconds: number): void {
  const rows: [string, string][] = [
    ["API URL", project.url],
    ["Functions", functionNames().map((name) => `${project.url}/functions/v1/${name}`).join("\n")],
    ["Database URL", project.databaseUrl],
    ["Publishable key", project.publishableKey],
    ["Secret key", project.secretKey],
    ["Circle webhook", project.circleWebhookUrl],
    ["GitHub webhook", project.githubWebhookUrl],
    ["Environment file", join(dataDir, "env")],
    ["Worker", `set -a; . ${join(dataDir, "env")}; npm run worker -- --agents claude --command 'claude -p'`],
  ];
  console.log(`\n${styleText("bold", "Fixloop is ready")} after ${seconds.toFixed(1)} s. Ctrl-C stops it.\n`);
  for (const [label, value] of rows) {
    console.log(
      `  ${styleText("cyan", label.padStart(16))}  ${value.replaceAll("\n", `\n${" ".repeat(20)}`)}`,
    );
  }
  console.log("");
}

function say(step: string): void {
  console.log(`${styleText("dim", "…")} ${step}`);
}

async function untilSignal(): Promise<undefined> {
  await new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => resolve());
  });
  return undefined;
}
