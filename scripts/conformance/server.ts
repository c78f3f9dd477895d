import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { chmodSync, chownSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import postgres from "postgres";
import { freePort } from "../local/ports.ts";
import { serverAccount } from "../local/server-home.ts";
import { UserError } from "../local/user-error.ts";
import type { Programs } from "./debian.ts";

export interface Server {
  readonly port: number;
  /** A connection string for the database that pg_cron watches. */
  url(role: string): string;
  /** Stops the server and deletes its folder. */
  close(): Promise<void>;
}

/** As on Supabase; also where pg_cron keeps its jobs. */
export const DATABASE = "postgres";

/** Starts a throw-away cluster of its own in a temporary folder, with pg_cron's worker. Other clusters are left alone. */
export async function startServer(programs: Programs): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), "fixloop-conformance-"));
  const account = serverAccount();
  if (account) chownSync(folder, account.uid, account.gid);
  chmodSync(folder, 0o700);
  const data = join(folder, "data");
  const env = { PATH: process.env.PATH, LC_ALL: "C", TZ: "UTC" };
  const remove = (): void => rmSync(folder, { recursive: true, force: true });

  // it listens on the loopback address only, and pg_cron connects without a password
  const made = spawnSync(
    programs.initdb,
    [
      `--pgdata=${data}`,
      "--username=supabase_admin",
      "--auth=trust",
      "--encoding=UTF8",
      "--locale=C.UTF-8",
      "--no-sync",
    ],
    { ...account, cwd: folder, env, encoding: "utf8" },
  );
  if (made.status !== 0) {
    remove();
    throw new UserError(
      `initdb failed: ${made.stderr || made.error?.message}`,
      "Is PostgreSQL 15 installed whole?",
    );
  }
  const port = await freePort();
  const settings = {
    port,
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "",
    shared_preload_libraries: "pg_cron",
    "cron.database_name": DATABASE,
    "cron.host": "127.0.0.1",
    timezone: "UTC",
    wal_level: "logical",
    fsync: "off",
    logging_collector: "off",
  };
  const child = spawn(
    programs.postgres,
    ["-D", data, ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])],
    { ...account, cwd: folder, env, stdio: ["ignore", "ignore", "pipe"] },
  );
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => log = (log + text).slice(-8000));
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const server: Server = {
    port,
    url: (role) => `postgresql://${role}:postgres@127.0.0.1:${port}/${DATABASE}`,
    async close() {
      // immediate: nothing of it is kept
      child.kill("SIGQUIT");
      await exited;
      remove();
    },
  };
  await untilReady(child, server, () => log);
  return server;
}

async function untilReady(child: ChildProcess, server: Server, log: () => string): Promise<void> {
  for (const deadline = Date.now() + 60_000; Date.now() < deadline && child.exitCode === null;) {
    const sql = postgres(server.url("supabase_admin"), { max: 1, connect_timeout: 5, onnotice: () => {} });
    try {
      await sql`select 1`;
      return;
    } catch {
      await sleep(100);
    } finally {
      await sql.end({ timeout: 1 });
    }
  }
  await server.close();
  throw new UserError(`PostgreSQL 15 did not start: ${log().trim()}`, "Is something else in its way?");
}
