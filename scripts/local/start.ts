import { appendFileSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parseArgs, styleText } from "node:util";
import { command } from "../command.ts";
import type { Mail } from "./auth/mails.ts";
import { functionNames } from "./functions.ts";
import { lockFolder } from "./lock.ts";
import { ROOT } from "./paths.ts";
import { isPortInUse } from "./ports.ts";
import { dropCluster } from "./postgres.ts";
import { type Project, startStack } from "./stack.ts";
import { writerLine } from "./running-stack.ts";
import { UserError } from "./user-error.ts";
import { parseHosts } from "./web-pages.ts";

const HELP = `npm start [-- --reset | --from-schemas]

Runs Fixloop on this machine: API and functions at http://127.0.0.1:54321, PostgreSQL at port 54322.
Stops with Ctrl-C; the data stays.

  --reset         delete the data and start with an empty database
  --from-schemas  a throw-away stack for schema work: its database is built from supabase/schemas/ instead of
                  the migrations, in DATA_DIR/from-schemas, which is deleted when it stops

Environment:
  API_PORT        port of the API and functions (54321)
  DB_PORT         port of PostgreSQL (54322)
  DATA_DIR        folder for the data (.local)
  API_HOSTS       names besides 127.0.0.1 and localhost under which clients reach the API, such as that of a
                  tunnel, separated by commas

Once everything answers, DATA_DIR/env contains the URLs and keys in dotenv form; with --from-schemas,
DATA_DIR/from-schemas/env.
`;

await command(import.meta.main, HELP, async (args) => {
  const { values } = parseArgs({
    args,
    options: { reset: { type: "boolean" }, "from-schemas": { type: "boolean" } },
  });
  if (values.reset && values["from-schemas"]) {
    throw new UserError(
      "--reset and --from-schemas don't go together.",
      "A stack from the schema files always starts with an empty database: npm start -- --from-schemas",
    );
  }
  const folder = resolve(process.env.DATA_DIR ?? join(ROOT, ".local"));
  if (values["from-schemas"]) await start(join(folder, "from-schemas"), "schemas");
  else await start(folder, "migrations", values.reset);
  return true;
});

async function start(dataDir: string, source: "migrations" | "schemas", reset = false): Promise<void> {
  const started = performance.now();
  // before anything else, so that a signal or an error during the start is not lost
  const signalled = untilSignal();
  const isThrowAway = source === "schemas";
  const failed = untilFailure(isThrowAway ? dirname(dataDir) : dataDir);
  const apiPort = readPort("API_PORT", 54321);
  const dbPort = readPort("DB_PORT", 54322);
  const hosts = parseHosts(process.env.API_HOSTS ?? "");
  makeFolder(dataDir);
  const unlock = await lockFolder(dataDir);
  const envFile = join(dataDir, "env");
  rmSync(envFile, { force: true });
  try {
    if (await isPortInUse(apiPort)) {
      throw new UserError(
        `Port ${apiPort} is in use.`,
        "Stop the process that uses it, or choose another port: API_PORT=54331 npm start",
      );
    }
    if (reset) print("deleting the data");
    if (reset || isThrowAway) await dropCluster(dataDir);
    const stack = await startStack({
      dataDir,
      apiPort,
      dbPort,
      hosts,
      source,
      seed: true,
      progress: print,
      failed,
      deliver: printMail,
      functions: { log: (name, line) => console.log(`${styleText("dim", `[${name}]`)} ${line}`) },
    });
    try {
      await probe(stack.project);
      writeEnv(envFile, stack.project);
      report(stack.project, dataDir, (performance.now() - started) / 1000);
      if (isThrowAway) {
        print("its data is deleted when it stops; a change of supabase/schemas/ needs a new start");
      }
      const reason = await Promise.race([stack.postgres.died, failed, signalled]);
      if (reason) throw new UserError(reason, "Start again: npm start. Committed data is kept.");
    } finally {
      rmSync(envFile, { force: true });
      print("stopping");
      await stack.stop();
    }
  } finally {
    if (isThrowAway) await dropCluster(dataDir);
    unlock();
    if (isThrowAway) rmSync(dataDir, { recursive: true, force: true });
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
  throw new UserError(`${name}=${value} is not a port.`, "Set it to a number from 1 to 65535.");
}

/**
 * Sends a request to each part through the gateway, as a client does; the stack is ready when all have
 * answered.
 */
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

/** Writes the file in one step: a process that waits for the file can read it as soon as it exists. */
function writeEnv(file: string, project: Project): void {
  const lines = Object.entries(environment(project)).map(([name, value]) =>
    `${name}=${JSON.stringify(value)}\n`
  );
  writeFileSync(`${file}.new`, writerLine() + lines.join(""), { mode: 0o600 });
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

function printMail({ to, subject, text }: Mail): void {
  const label = styleText("dim", "[mail]");
  console.log(
    [`To: ${to}`, `Subject: ${subject}`, ...text.trim().split("\n")].map((line) => `${label} ${line}`).join(
      "\n",
    ),
  );
}

function print(step: string): void {
  console.log(`${styleText("dim", "…")} ${step}`);
}

/**
 * Waits for an error that nothing has caught, such as one in a driver's callback. What was going on then is
 * unknown, so the stack stops; in order, so that the server does not stay behind. Its stack trace is for a
 * report, and goes to a file in this folder.
 */
async function untilFailure(folder: string): Promise<string> {
  return await new Promise((resolve) => {
    process.on("uncaughtException", (error: unknown) => {
      const text = error instanceof Error ? error.message : String(error);
      const trace = error instanceof Error ? error.stack ?? text : text;
      const isDriver = /\/node_modules\/(postgres|kysely)/.test(trace);
      const reason = isDriver
        ? `The connection to PostgreSQL failed (${text}).`
        : `The stack failed (${text}).`;
      resolve(`${reason}${keepTrace(join(folder, "failure.log"), trace)}`);
    });
  });
}

/** Where a trace can be read; nothing where it can't be written, as on a full disk. */
function keepTrace(file: string, trace: string): string {
  try {
    appendFileSync(file, `${new Date().toISOString()} ${trace}\n`, { mode: 0o600 });
    return ` Its stack trace is in ${file}.`;
  } catch {
    return "";
  }
}

async function untilSignal(): Promise<undefined> {
  await new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => resolve());
  });
  return undefined;
}
