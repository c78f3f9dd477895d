import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import {
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import postgres from "postgres";
import { stopLeftover } from "./leftover.ts";
import { isPortInUse } from "./ports.ts";
import {
  type Account,
  diskFull,
  orDiskFull,
  prepareHome,
  requireSpace,
  serverAccount,
} from "./server-home.ts";
import { installServer } from "./server-files.ts";
import {
  KNOWN_PASSWORD,
  loadPassword,
  newPassword,
  runSingleUser,
  storePassword,
} from "./superuser-password.ts";
import { errorCode, UserError } from "./user-error.ts";

/** The major version that the stack runs; a data folder of another one is rejected. */
const MAJOR = "17";

/**
 * What `initdb` gets for the platform's collation: text sorts and changes case as ICU's `en-US` has it. The C
 * library is asked for the class of a character only (letters in full text search and pg_trgm); every system
 * has one of these two.
 */
export const LOCALE_OPTIONS = [
  "--encoding=UTF8",
  "--locale-provider=icu",
  "--icu-locale=en-US",
  `--locale=${process.platform === "darwin" ? "en_US.UTF-8" : "C.UTF-8"}`,
];

/** Settings of the platform's server that change what a statement returns. */
export const PLATFORM_SETTINGS = {
  timezone: "UTC",
  wal_level: "logical",
  extra_float_digits: 0,
};

export interface PostgresOptions {
  /** The folder for programs and data; created if it does not exist. */
  dataDir: string;
  /** TCP port on 127.0.0.1. */
  port: number;
  /** `false` trades durability for speed, for throw-away clusters. Default `true`. */
  durable?: boolean;
  /** Called before each long step. */
  progress?: (step: string) => void;
}

export interface Postgres {
  readonly port: number;
  /** Process id of the postmaster. */
  readonly pid: number;
  /** The password of every role that may log in but `postgres`. */
  readonly password: string;
  /** A connection string for a role of this server. */
  url(database?: string, role?: string): string;
  /** Resolves with the reason when the server stops unexpectedly. */
  readonly died: Promise<string>;
  /** Stops the server and rolls back open transactions (`fast`). */
  stop(): Promise<void>;
  /** Lets the server continue when this process ends. */
  leave(): void;
}

/**
 * Starts PostgreSQL over a data folder, and creates the cluster when the folder is new.
 *
 * Recovers by itself from a crash: a server that a killed parent left running is stopped first, one that was
 * killed replays its WAL. Errors are `UserError`s: port in use, another major version's data, disk full,
 * unreadable folder.
 */
export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  const { dataDir, port, durable = true, progress = () => {} } = options;
  const account = serverAccount();
  const home = prepareHome(dataDir, account);
  requireSpace(home);
  const cluster = join(home, "postgres");

  await stopLeftover(cluster);
  if (await isPortInUse(port)) {
    throw new UserError(
      `Port ${port} is in use.`,
      "Stop the process that uses it, or choose another port: DB_PORT=54332 npm start",
    );
  }

  const server = await orDiskFull(home, () => installServer(home));
  if (!existsSync(join(cluster, "PG_VERSION"))) {
    progress("creating a new database cluster");
    await orDiskFull(home, () => initCluster(server, home, cluster, account));
  } else {
    requireVersion(cluster);
  }
  const password = loadPassword(
    home,
    (statement) => runSingleUser(server, cluster, statement, { ...account, cwd: home, env: serverEnv() }),
  );

  const child = await launch({ server, home, cluster, port, password, durable, account });
  let stopping = false;
  const died = new Promise<string>((resolve) => {
    child.once("exit", (code, signal) => {
      if (!stopping) resolve(`PostgreSQL stopped (${signal ?? `exit code ${code}`}); see ${logFolder(home)}`);
    });
  });

  return {
    port,
    pid: child.pid ?? 0,
    password,
    died,
    url: (database, role) => serverUrl({ port, password }, database, role),
    async stop() {
      stopping = true;
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGINT");
      await gone;
    },
    leave: () => child.unref(),
  };
}

/** A connection string for a role of a server. */
export const serverUrl = (
  { port, password }: Pick<Postgres, "port" | "password">,
  database = "postgres",
  role = "postgres",
): string =>
  `postgresql://${role}:${role === "postgres" ? KNOWN_PASSWORD : password}@127.0.0.1:${port}/${database}`;

function requireVersion(cluster: string): void {
  const version = readFileSync(join(cluster, "PG_VERSION"), "utf8").trim();
  if (version === MAJOR) return;
  throw new UserError(
    `The data folder ${cluster} was created by PostgreSQL ${version}; this is PostgreSQL ${MAJOR}.`,
    "Choose another folder (DATA_DIR=/some/folder npm start), or delete the data: npm start -- --reset",
  );
}

function initCluster(server: string, home: string, cluster: string, account: Account | undefined): void {
  // an interrupted first start leaves a folder without PG_VERSION, which initdb rejects
  rmSync(cluster, { recursive: true, force: true });
  const draft = `${cluster}.new`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { mode: 0o700 });
  const password = newPassword();
  const passwordFile = join(home, `.password-${process.pid}`);
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (account) {
    chownSync(draft, account.uid, account.gid);
    chownSync(passwordFile, account.uid, account.gid);
  }
  try {
    const done = spawnSync(join(server, "bin/initdb"), [
      `--pgdata=${draft}`,
      "--username=supabase_admin",
      `--pwfile=${passwordFile}`,
      "--auth=scram-sha-256",
      ...LOCALE_OPTIONS,
      "--no-sync",
    ], { ...account, cwd: home, encoding: "utf8", env: serverEnv() });
    if (done.status !== 0) throw new Error(`initdb failed: ${done.stderr || done.error?.message}`);
  } finally {
    rmSync(passwordFile, { force: true });
  }
  storePassword(home, password);
  // PG_VERSION marks a complete cluster, so the folder gets its name only after initdb
  renameSync(draft, cluster);
}

interface Launch {
  /** The folder of the programs. */
  server: string;
  home: string;
  cluster: string;
  port: number;
  password: string;
  durable: boolean;
  account: Account | undefined;
}

async function launch(options: Launch): Promise<ChildProcess> {
  const { server, home, cluster, port, durable, account } = options;
  mkdirSync(logFolder(home), { recursive: true });
  if (account) chownSync(logFolder(home), account.uid, account.gid);
  const settings: Record<string, string | number> = {
    port,
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "",
    max_connections: 300,
    shared_buffers: "128MB",
    max_wal_size: "512MB",
    // a transaction that somebody forgot to end would hold its locks forever
    idle_in_transaction_session_timeout: "5min",
    shared_preload_libraries: "pg_stat_statements",
    ...PLATFORM_SETTINGS,
    log_timezone: "UTC",
    logging_collector: "on",
    log_directory: logFolder(home),
    log_filename: "postgresql-%a.log",
    log_truncate_on_rotation: "on",
    log_rotation_age: "1d",
    log_rotation_size: 0,
    ...(durable ? {} : { fsync: "off", synchronous_commit: "off", full_page_writes: "off" }),
  };
  const args = [
    "-D",
    cluster,
    ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
  ];
  // its own process group: on Ctrl-C requests end before the server does
  const child = spawn(join(server, "bin/postgres"), args, {
    ...account,
    cwd: home,
    env: serverEnv(),
    detached: true,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let output = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => output = (output + text).slice(-4000));
  await untilReady(child, options, () => output);
  child.stderr?.destroy();
  return child;
}

async function untilReady(child: ChildProcess, options: Launch, output: () => string): Promise<void> {
  const { home } = options;
  const deadline = Date.now() + 60_000;
  while (Date.now() < deadline) {
    if (child.exitCode !== null || child.signalCode !== null) {
      if (/No space left on device/.test(output())) throw diskFull(home);
      throw new UserError(
        `PostgreSQL did not start: ${output().trim() || "it printed no error"}`,
        `Its log is in ${logFolder(home)}.`,
      );
    }
    const url = serverUrl(options, "postgres", "supabase_admin");
    const sql = postgres(url, { max: 1, connect_timeout: 5, onnotice: () => {} });
    try {
      await sql`select 1`;
      return;
    } catch (error) {
      // 57P03: starting up or replaying its WAL after a crash
      if (!["ECONNREFUSED", "57P03", "CONNECTION_CLOSED", "ECONNRESET"].includes(errorCode(error) ?? "")) {
        throw error;
      }
      await sleep(50);
    } finally {
      await sql.end({ timeout: 1 });
    }
  }
  child.kill("SIGQUIT");
  throw new UserError(
    "PostgreSQL did not become ready within 60 seconds.",
    `Its log is in ${logFolder(home)}.`,
  );
}

const logFolder = (home: string): string => join(home, "logs");

/** A clean environment, so that the caller's variables don't change how the server runs. */
const serverEnv = (): NodeJS.ProcessEnv => ({ PATH: process.env.PATH, LC_ALL: "C", TZ: "UTC" });

/** Deletes the cluster of a data folder, also where its home is elsewhere. The server must be stopped. */
export async function dropCluster(dataDir: string): Promise<void> {
  const pointer = join(dataDir, "postgres-home");
  const home = existsSync(pointer) ? readFileSync(pointer, "utf8").trim() : dataDir;
  if (!existsSync(home)) return;
  await stopLeftover(join(home, "postgres"));
  for (const name of readdirSync(home).filter((name) => name === "logs" || name.startsWith("postgres"))) {
    rmSync(join(home, name), { recursive: true, force: true });
  }
  if (home !== dataDir) rmSync(home, { recursive: true, force: true });
}
