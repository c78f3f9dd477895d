import { randomBytes } from "node:crypto";
import { tmpdir } from "node:os";
import postgres from "postgres";
import { loadConfig } from "../local/config.ts";
import { pushMigrations } from "../local/migrate.ts";
import { applyPlatform } from "../local/platform.ts";
import { freePort } from "../local/ports.ts";
import { startPostgres } from "../local/postgres.ts";
import { discardFolder, scratchFolder } from "../local/scratch-folder.ts";
import type { Bench, BenchDatabase } from "./bench.ts";
import { withConnection } from "../connection.ts";

type ServerUrl = (database: string, role?: string) => string;

/** The settings on which durability and speed hang, as `show` has them. */
const REPORTED_SETTINGS = [
  "fsync",
  "synchronous_commit",
  "full_page_writes",
  "wal_level",
  "shared_buffers",
  "work_mem",
  "max_wal_size",
  "max_parallel_workers_per_gather",
  "jit",
];

export interface Cluster {
  url: ServerUrl;
  /** A database with our migrations, that others are cloned from. */
  readonly template: string;
  close(): Promise<void>;
}

/** Starts a cluster that waits for the disk as a deployed one does, and is gone after `close()`. */
export async function openCluster(progress: (step: string) => void): Promise<Cluster> {
  const dataDir = scratchFolder("bench", tmpdir());
  progress("starting a durable PostgreSQL, which is thrown away afterwards");
  const server = await startPostgres({ dataDir, port: await freePort() });
  const close = async (): Promise<void> => {
    process.off("SIGINT", interrupted).off("SIGTERM", interrupted);
    await server.stop();
    await discardFolder(dataDir);
  };
  const interrupted = (): void => void close().finally(() => process.exit(130));
  process.once("SIGINT", interrupted).once("SIGTERM", interrupted);
  const cluster: Cluster = { url: server.url, template: "fixloop", close };
  try {
    await asAdmin(cluster.url, async (sql) => {
      await sql`create database fixloop`;
      await applyPlatform(server.url("fixloop", "supabase_admin"), loadConfig());
    });
    progress("applying the migrations");
    await pushMigrations(server.url("fixloop"));
  } catch (error) {
    await close();
    throw error;
  }
  return cluster;
}

/** What cases work with, over a cluster. Databases that they make are dropped by `close()`. */
export function openBench(
  cluster: Pick<Cluster, "url" | "template">,
  options: { rounds: number; scale: number; progress: (step: string) => void },
): Bench & { close(): Promise<void> } {
  const made: string[] = [];
  const kept = new Map<string, Promise<unknown>>();
  return {
    rounds: options.rounds,
    scaled: (full) => Math.max(1, Math.round(full * options.scale)),
    progress: options.progress,
    url: cluster.url,
    async createDatabase(name, template) {
      const unique = `bench_${name}_${randomBytes(4).toString("hex")}`;
      made.push(unique);
      return await clone(cluster.url, template?.name ?? cluster.template, unique);
    },
    shared<T>(key: string, make: () => Promise<T>): Promise<T> {
      const value = kept.get(key) ?? make();
      kept.set(key, value);
      return value as Promise<T>;
    },
    async close() {
      await asAdmin(cluster.url, async (sql) => {
        for (const name of made) await sql`drop database if exists ${sql(name)} with (force)`;
      });
    },
  };
}

/** A copy of a database. A job names its database, so the copy has none: nothing scheduled runs while we measure. */
async function clone(url: ServerUrl, template: string, name: string): Promise<BenchDatabase> {
  await asAdmin(url, async (sql) => {
    await sql`create database ${sql(name)} template ${sql(template)} owner postgres strategy file_copy`;
    // what a migration takes from everybody is a setting of the database, which is not copied with it
    await sql`revoke temporary on database ${sql(name)} from public`;
  });
  const database: BenchDatabase = {
    name,
    url: (role) => url(name, role),
    connect: ({ role, max = 1 } = {}) => postgres(url(name, role), { max, onnotice: () => {} }),
  };
  const sql = database.connect({ role: "supabase_admin" });
  try {
    await sql`delete from cron.job`;
  } finally {
    await sql.end();
  }
  return database;
}

/** `create database` waits for a template that another connection is copying. */
async function asAdmin(url: ServerUrl, step: (sql: postgres.Sql) => Promise<unknown>): Promise<void> {
  await withConnection(url("postgres", "supabase_admin"), async (sql) => {
    await sql`select pg_advisory_lock(hashtext('create database'))`;
    await step(sql);
  });
}

/** The server's version and its settings, by name. */
export async function readSettings(url: ServerUrl): Promise<Record<string, string>> {
  return await withConnection(url("postgres", "supabase_admin"), async (sql) => {
    const rows = await sql<{ name: string; value: string }[]>`
      select s.name, current_setting(s.name) as value
      from pg_settings as s
      where s.name in ${sql(["server_version", ...REPORTED_SETTINGS])}
    `;
    return Object.fromEntries(rows.map(({ name, value }) => [name, value]));
  });
}
