import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  cpSync,
  lchownSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { default as connect } from "postgres";
import { ROOT } from "../local/paths.ts";
import { freePort } from "../local/ports.ts";
import { LOCALE_OPTIONS, PLATFORM_SETTINGS } from "../local/postgres.ts";
import { UserError } from "../local/user-error.ts";
import { isRoot } from "./apt.ts";
import { type Debian, initdb, postgres } from "./debian.ts";

export interface Server {
  readonly port: number;
  /** A connection string for the database that pg_cron watches. */
  url(role: string): string;
  /** The pgTAP files, as paths in `supabase/tests/database`. */
  readonly testFiles: string[];
  /** Starts one of Debian's programs in the folder of the pgTAP files, as the account that runs the server. */
  spawn(program: string, args: string[], env?: Record<string, string>): ChildProcess;
  /** Stops the server and deletes its folder. */
  close(): Promise<void>;
}

/** As on Supabase; also where pg_cron keeps its jobs. */
export const DATABASE = "postgres";

/** How Debian's programs are started with the server's account, and what they call a folder of this machine. */
interface Launcher {
  spawnArguments(program: string, args: string[], folder: string): [string, string[]];
  inside(path: string): string;
}

const TESTS = "supabase/tests/database";
const ENV = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C.UTF-8", TZ: "UTC" };

/** Starts a throw-away cluster in a temporary folder, with pg_cron's worker. Other clusters are left alone. */
export async function startServer(debian: Debian): Promise<Server> {
  const folder = mkdtempSync(
    join(debian.root === "/" ? tmpdir() : join(debian.root, "tmp"), "fixloop-conformance-"),
  );
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  const launcher = launcherOf(debian);
  const tests = join(folder, "tests");
  cpSync(join(ROOT, TESTS), tests, { recursive: true });
  giveTo(debian, folder);
  const data = launcher.inside(join(folder, "data"));

  // it listens on the loopback address only, and pg_cron connects without a password
  const [program, args] = launcher.spawnArguments(initdb, [
    `--pgdata=${data}`,
    "--username=supabase_admin",
    "--auth=trust",
    ...LOCALE_OPTIONS,
    "--no-sync",
  ], folder);
  const made = spawnSync(program, args, { env: ENV, encoding: "utf8" });
  if (made.status !== 0) {
    remove();
    throw new UserError(
      `initdb failed: ${made.stderr || made.error?.message}`,
      `Is ${debian.name} complete?`,
    );
  }
  const port = await freePort();
  const settings = {
    port,
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "",
    shared_preload_libraries: "pg_cron,pg_stat_statements",
    "cron.database_name": DATABASE,
    "cron.host": "127.0.0.1",
    fsync: "off",
    logging_collector: "off",
    ...PLATFORM_SETTINGS,
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const start = launcher.spawnArguments(postgres, ["-D", data, ...options], folder);
  const child = spawn(...start, { env: ENV, stdio: ["ignore", "ignore", "pipe"] });
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => log = (log + text).slice(-8000));
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const server: Server = {
    port,
    url: (role) => `postgresql://${role}:postgres@127.0.0.1:${port}/${DATABASE}`,
    testFiles: readdirSync(tests, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".test.sql")).sort(),
    spawn(program, args, env = {}) {
      return spawn(...launcher.spawnArguments(program, args, tests), {
        env: { ...ENV, ...env },
        stdio: ["ignore", "pipe", "pipe"],
      });
    },
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

function launcherOf({ root }: Debian): Launcher {
  const inside = (path: string): string => root === "/" ? path : `/${relative(root, path)}`;
  return {
    inside,
    spawnArguments(program, args, folder) {
      // the server refuses to run as root; every program runs in a folder that its account may enter
      const command = ["env", `--chdir=${inside(folder)}`, program, ...args];
      if (isRoot()) return ["chroot", ["--userspec=postgres:postgres", root, ...command]];
      return ["env", command.slice(1)];
    },
  };
}

/** Gives a folder and all in it to the account `postgres` of a system. */
function giveTo({ root }: Debian, folder: string): void {
  chmodSync(folder, 0o700);
  if (!isRoot()) return;
  const account = readFileSync(join(root, "etc/passwd"), "utf8").split("\n").map((line) => line.split(":"))
    .find(([name]) => name === "postgres");
  if (!account) {
    throw new UserError("There is no account postgres.", "Debian's PostgreSQL makes it: install it again.");
  }
  const [uid, gid] = [Number(account[2]), Number(account[3])];
  chownSync(folder, uid, gid);
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    lchownSync(join(folder, name), uid, gid);
  }
}

async function untilReady(child: ChildProcess, server: Server, log: () => string): Promise<void> {
  for (const deadline = Date.now() + 60_000; Date.now() < deadline && child.exitCode === null;) {
    const sql = connect(server.url("supabase_admin"), { max: 1, connect_timeout: 5, onnotice: () => {} });
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
  throw new UserError(`PostgreSQL 17 did not start: ${log().trim()}`, "Is another program using its port?");
}
