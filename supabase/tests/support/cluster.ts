import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import postgres from "postgres";
import { applySchemas } from "../../../scripts/db/scratch.ts";
import { loadConfig } from "../../../scripts/local/config.ts";
import { pushMigrations } from "../../../scripts/local/migrate.ts";
import { ROOT } from "../../../scripts/local/paths.ts";
import { applyPlatform } from "../../../scripts/local/platform.ts";
import { freePort } from "../../../scripts/local/ports.ts";
import { type Postgres, startPostgres } from "../../../scripts/local/postgres.ts";
import { discardFolder, discardLeftovers, scratchFolder } from "../../../scripts/local/scratch-folder.ts";
import type { Source } from "./source.ts";

/** A cluster for tests, with the databases that they clone: `platform`, Supabase's baseline, and `fixloop`, with ours. */
export interface TestCluster {
  readonly port: number;
  /** The password of every role that may log in but `postgres`. */
  readonly password: string;
  /** Grows when the templates are built again: databases of an earlier generation are gone. */
  readonly generation: number;
  /** Where its data is. */
  readonly folder: string;
  /** The databases that tests have made. */
  databases(): Promise<string[]>;
  drop(database: string): Promise<void>;
  /** Builds `fixloop` again when its source has changed. */
  refresh(): Promise<void>;
  /** Closes the connection and lets the server run when this process ends. */
  leave(): Promise<void>;
  /** Stops the server and deletes its data. */
  close(): Promise<void>;
}

/** Starts a throw-away cluster. */
export async function startTestCluster(source: Source): Promise<TestCluster> {
  await discardLeftovers();
  const folder = scratchFolder("test");
  const server = await startPostgres({ dataDir: folder, port: await freePort(), durable: false });
  const admin = postgres(server.url("postgres", "supabase_admin"), {
    max: 1,
    idle_timeout: 1,
    onnotice: () => {},
  });
  const release = onExit(() => removeLater(server.pid, folder));
  const close = async (): Promise<void> => {
    release();
    await admin.end({ timeout: 1 });
    await server.stop();
    await discardFolder(folder);
  };
  let built = digest(source);
  try {
    await admin`create database platform`;
    await applyPlatform(server.url("platform", "supabase_admin"), loadConfig());
    await buildTemplate(admin, server, source);
  } catch (error) {
    await close();
    throw error;
  }
  const databases = async (): Promise<string[]> => {
    const rows = await admin<{ name: string }[]>`
      select datname as name from pg_database where datname like 'test\_%' or datname like 'bench\_%'`;
    return rows.map(({ name }) => name);
  };
  const drop = async (name: string): Promise<void> => {
    await admin`drop database if exists ${admin(name)} with (force)`;
  };
  let generation = 1;
  return {
    port: server.port,
    password: server.password,
    folder,
    get generation() {
      return generation;
    },
    databases,
    drop,
    async refresh() {
      const now = digest(source);
      if (now === built) return;
      for (const name of [...await databases(), "fixloop"]) await drop(name);
      generation++;
      built = "";
      await buildTemplate(admin, server, source);
      built = now;
    },
    async leave() {
      release();
      await admin.end({ timeout: 1 });
      server.leave();
    },
    close,
  };
}

async function buildTemplate(admin: postgres.Sql, server: Postgres, source: Source): Promise<void> {
  await admin`create database fixloop template platform`;
  await admin`alter database fixloop owner to postgres`;
  if (source === "migrations") await pushMigrations(server.url("fixloop"));
  else await applySchemas(server.url("fixloop"), join(ROOT, "supabase/schemas"));
}

/** Changes with every file of the source. */
function digest(source: Source): string {
  const hash = createHash("sha256");
  for (const file of globSync(`supabase/${source}/**/*.sql`, { cwd: ROOT }).sort()) {
    hash.update(file).update(readFileSync(join(ROOT, file)));
  }
  return hash.digest("hex");
}

/** Runs a step when this process is interrupted, whoever else hears of it. Returns what takes that back. */
function onExit(step: () => void): () => void {
  const interrupted = (): never => process.exit(130);
  process.once("exit", step).once("SIGINT", interrupted).once("SIGTERM", interrupted);
  return () => void process.off("exit", step).off("SIGINT", interrupted).off("SIGTERM", interrupted);
}

/** Stops a server, and has a process of its own delete its data, since this one is about to end. */
function removeLater(pid: number, folder: string): void {
  process.kill(pid, "SIGQUIT");
  const script = 'while kill -0 "$1" 2> /dev/null; do sleep 0.1; done; rm -rf "$2"';
  spawn("sh", ["-c", script, "sh", String(pid), folder], { detached: true, stdio: "ignore" }).unref();
}
