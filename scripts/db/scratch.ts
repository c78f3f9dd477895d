import { randomBytes } from "node:crypto";
import { cpSync, globSync, mkdirSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres from "postgres";
import { loadConfig } from "../local/config.ts";
import { pushMigrations } from "../local/migrate.ts";
import { ROOT } from "../local/paths.ts";
import { applyPlatform } from "../local/platform.ts";
import { freePort } from "../local/ports.ts";
import { startPostgres } from "../local/postgres.ts";
import { discardFolder, scratchFolder } from "../local/scratch-folder.ts";
import { errorCode, UserError } from "../local/user-error.ts";
import { schemaFiles } from "./schema-files.ts";
import { withConnection } from "../connection.ts";

/** A throw-away cluster. Databases are built once each, when they are first asked for. */
export interface Scratch {
  /** A database built from `supabase/migrations` by the CLI, as `postgres`. */
  migrated(): Promise<Database>;
  /** A database built from `supabase/schemas`, as `postgres`. */
  declared(): Promise<Database>;
  /** A database built from the migrations of another project folder. */
  migratedFrom(workdir: string): Promise<Database>;
  /** A copy of one of these databases, in which `statements` ran as one transaction, as `postgres`. */
  copyOf(database: Database, statements: string): Promise<Database>;
  close(): Promise<void>;
}

export interface Database {
  /** Connection string; default role `postgres`. */
  url(role?: string): string;
}

/** A database as an argument of the CLI, which requires TLS unless the URL disables it. */
export const cliUrl = (database: Database): string => `${database.url()}?sslmode=disable`;

/** Starts a cluster that is gone after `close()`. */
export async function openScratch(progress: (step: string) => void, root = ROOT): Promise<Scratch> {
  const dataDir = scratchFolder("db");
  progress("starting a throw-away PostgreSQL");
  const server = await startPostgres({ dataDir, port: await freePort(), durable: false });
  const admin = postgres(server.url("postgres", "supabase_admin"), { max: 1, onnotice: () => {} });
  const close = async (): Promise<void> => {
    process.off("SIGINT", interrupted).off("SIGTERM", interrupted);
    await admin.end({ timeout: 1 });
    await server.stop();
    await discardFolder(dataDir);
  };
  const interrupted = (): void => void close().finally(() => process.exit(130));
  process.once("SIGINT", interrupted).once("SIGTERM", interrupted);

  const clone = async (name: string, template = "platform"): Promise<Database> => {
    await admin`create database ${admin(name)} template ${admin(template)} owner postgres`;
    return { url: (role = "postgres") => server.url(name, role) };
  };
  const build = once(async (name: string, fill: (database: Database) => Promise<void>) => {
    const database = await clone(name);
    await fill(database);
    await nameJobsAlike(database);
    return database;
  });
  const migratedFrom = (name: string, workdir: string): Promise<Database> =>
    build(name, (database) => {
      progress("applying the migrations");
      return pushMigrations(database.url(), { workdir });
    });

  try {
    await admin`create database platform`;
    await applyPlatform(server.url("platform", "supabase_admin"), loadConfig());
  } catch (error) {
    await close();
    throw error;
  }
  return {
    close,
    migrated: () => migratedFrom("from_migrations", root),
    migratedFrom: (workdir) => migratedFrom("from_other_migrations", workdir),
    async copyOf(database, statements) {
      const template = new URL(database.url()).pathname.slice(1);
      const copy = await clone(`copy_${randomBytes(4).toString("hex")}`, template);
      await withConnection(copy.url(), async (sql) => {
        await sql.unsafe(statements).simple();
      });
      await nameJobsAlike(copy);
      return copy;
    },
    declared: () =>
      build("from_schemas", (database) => {
        progress("applying the schema files");
        return applySchemas(database.url(), join(root, "supabase/schemas"));
      }),
  };
}

/** A cron job names its database. The two differ in that alone, and on Supabase it is always `postgres`. */
async function nameJobsAlike(database: Database): Promise<void> {
  await withConnection(database.url("supabase_admin"), async (sql) => {
    const [cron] = await sql<{ job: string | null }[]>`select to_regclass('cron.job')::text as job`;
    if (cron?.job) await sql`update cron.job set database = 'postgres' where database = current_database()`;
  });
}

/** Applies every schema file of a folder, each as one transaction. A file that fails is named with its line. */
export async function applySchemas(url: string, folder: string): Promise<void> {
  await withConnection(url, async (sql) => {
    for (const file of schemaFiles(folder)) {
      const text = readFileSync(join(folder, file), "utf8");
      try {
        await sql.unsafe(text).simple();
      } catch (error) {
        throw schemaError(file, text, error);
      }
    }
  });
}

function schemaError(file: string, text: string, error: unknown): unknown {
  if (!(error instanceof postgres.PostgresError)) return error;
  const line = error.position
    ? `:${[...text].slice(0, Number(error.position)).join("").split("\n").length}`
    : "";
  return new UserError(
    `supabase/schemas/${file}${line}: ${error.message} (${errorCode(error)})`,
    error.hint || "Files are applied sorted by path: does what this one uses come before it?",
  );
}

/** A copy of the project's `supabase/` in a temporary folder, as far as `db push` reads it, without some migrations. */
export function projectWithout(migrations: string[], root = ROOT): string {
  const workdir = mkdtempSync(join(tmpdir(), "fixloop-project-"));
  mkdirSync(join(workdir, "supabase/migrations"), { recursive: true });
  for (const file of globSync("supabase/{config.toml,seed.sql,migrations/*.sql}", { cwd: root })) {
    if (!migrations.some((name) => file.endsWith(`/${name}`))) cpSync(join(root, file), join(workdir, file));
  }
  return workdir;
}

/** Calls with the same first argument share one result. */
function once<Args extends unknown[], Result>(
  make: (name: string, ...args: Args) => Promise<Result>,
): (name: string, ...args: Args) => Promise<Result> {
  const made = new Map<string, Promise<Result>>();
  return (name, ...args) => {
    const result = made.get(name) ?? make(name, ...args);
    made.set(name, result);
    return result;
  };
}
