import { readFileSync } from "node:fs";
import { join } from "node:path";
import { applySchemas } from "../db/scratch.ts";
import { createApi } from "./api/server.ts";
import type { Mail } from "./auth/mails.ts";
import { loadConfig, type SupabaseConfig } from "./config.ts";
import { startCronWorker } from "./cron-worker.ts";
import { createFunctions, type Functions, type FunctionsOptions } from "./functions.ts";
import { openGateway } from "./gateway.ts";
import { CIRCLE_WEBHOOK_SECRET, PUBLISHABLE_KEY, SECRET_KEY } from "./keys.ts";
import { pushMigrations } from "./migrate.ts";
import { startNetWorker } from "./net-worker.ts";
import { SUPABASE_DIR } from "./paths.ts";
import { applyPlatform, applyPlatformAuth } from "./platform.ts";
import { type Postgres, startPostgres } from "./postgres.ts";
import { UserError } from "./user-error.ts";
import { withConnection } from "../connection.ts";

export interface StackOptions {
  dataDir: string;
  /** 0 for a free one. */
  apiPort: number;
  dbPort: number;
  /** Names under which the gateway may be reached, besides those of the loopback address. */
  hosts?: readonly string[];
  /** Gets the mails that Auth would send, besides `Project.mails`. */
  deliver?: (mail: Mail) => void;
  /** What the database is built from. With `schemas`, which only works on a new one, it is not durable. */
  source?: "migrations" | "schemas";
  /** Whether `supabase/seed.sql` is run on a new database. */
  seed?: boolean;
  progress?: (step: string) => void;
  /** Resolves with the reason when the stack has to stop while it starts. */
  failed?: Promise<string>;
  functions?: Pick<FunctionsOptions, "env" | "folder" | "log">;
}

export interface Stack {
  readonly postgres: Postgres;
  readonly project: Project;
  stop(): Promise<void>;
}

/** The local stack: PostgreSQL with the platform's baseline and our schema, and everything in front of it. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { progress = () => {} } = options;
  const config = loadConfig();
  progress("starting PostgreSQL");
  const server = await startPostgres({
    dataDir: options.dataDir,
    port: options.dbPort,
    durable: options.source !== "schemas",
    progress,
  });
  const end = (hint: string) => (reason: string) => {
    throw new UserError(reason, hint);
  };
  const died = server.died.then(end("Start again; if it stops again, its log contains the reason."));
  const failed = options.failed?.then(end("Start again: npm start. Committed data is kept."));
  const preparing = prepare(server, options, config);
  try {
    const project = await Promise.race([preparing, died, ...(failed ? [failed] : [])]);
    return {
      postgres: server,
      project,
      async stop() {
        await project.close();
        await server.stop();
      },
    };
  } catch (error) {
    // what opens in spite of the error would keep the process from ending
    preparing.then((project) => project.close()).catch(() => {});
    await server.stop();
    throw error;
  }
}

async function prepare(server: Postgres, options: StackOptions, config: SupabaseConfig): Promise<Project> {
  const { progress = () => {} } = options;
  const adminUrl = server.url("postgres", "supabase_admin");
  const platform = await findPlatform(adminUrl);
  if (!platform) {
    progress("preparing the platform's roles and schemas");
    await applyPlatform(adminUrl, config);
  } else if (!platform.isCurrent) {
    // not the rest: its default privileges are those that the first migration takes back
    await applyPlatformAuth(adminUrl);
  }
  if (options.source === "schemas") {
    progress("applying the schema files");
    await applySchemas(server.url(), join(SUPABASE_DIR, "schemas"));
    if (options.seed) await applySeed(server.url());
  } else {
    progress("applying migrations");
    await pushMigrations(server.url(), { seed: options.seed === true });
  }
  progress("opening the API");
  return await openProject(server, { ...options, database: "postgres", config });
}

async function applySeed(url: string): Promise<void> {
  await withConnection(url, async (sql) => {
    await sql.unsafe(readFileSync(join(SUPABASE_DIR, "seed.sql"), "utf8"));
  });
}

/**
 * Checks for the last change of the baseline, which is one transaction; a start that was interrupted before
 * applies it again. It is not current in a data folder of an earlier version.
 */
async function findPlatform(adminUrl: string): Promise<{ isCurrent: boolean } | undefined> {
  return await withConnection(adminUrl, async (sql) => {
    const [row] = await sql<{ isCurrent: boolean }[]>`
      select to_regclass('auth.mfa_amr_claims') is not null as "isCurrent"
      from pg_class c join pg_roles r on r.oid = c.relowner
      where c.oid = to_regclass('auth.users') and r.rolname = 'supabase_auth_admin'
    `;
    return row;
  });
}

export interface ProjectOptions extends Pick<StackOptions, "apiPort" | "hosts" | "deliver" | "functions"> {
  database: string;
  config?: SupabaseConfig;
}

/** One database with its API, Auth, functions and background workers. */
export interface Project {
  readonly url: string;
  readonly publishableKey: string;
  readonly secretKey: string;
  /** Connection string of the role `postgres`. */
  readonly databaseUrl: string;
  readonly circleWebhookUrl: string;
  readonly githubWebhookUrl: string;
  readonly functions: Functions;
  /** The mails that Auth would have sent, the last 100. */
  readonly mails: readonly Mail[];
  close(): Promise<void>;
}

export async function openProject(server: Pick<Postgres, "url">, options: ProjectOptions): Promise<Project> {
  const config = options.config ?? loadConfig();
  const { database } = options;
  const databaseUrl = server.url(database);
  const adminUrl = server.url(database, "supabase_admin");
  const mails: Mail[] = [];
  const api = await createApi(adminUrl, config, (mail) => {
    if (mails.push(mail) > 100) mails.shift();
    options.deliver?.(mail);
  });
  // what stays open here would keep a failed start from ending
  const gateway = await openGateway(options.apiPort, options.hosts).catch(async (error: unknown) => {
    await api.close();
    throw error;
  });
  const functions = createFunctions({
    config,
    apiUrl: gateway.url,
    dbUrl: databaseUrl,
    ...options.functions,
  });
  gateway.serve({ api, functions });
  const cron = startCronWorker((name, role) => server.url(name, role), database);
  const net = startNetWorker(adminUrl);
  return {
    url: gateway.url,
    publishableKey: PUBLISHABLE_KEY,
    secretKey: SECRET_KEY,
    databaseUrl,
    circleWebhookUrl: `${gateway.url}/functions/v1/circle-webhook?secret=${CIRCLE_WEBHOOK_SECRET}`,
    githubWebhookUrl: `${gateway.url}/functions/v1/github-webhook`,
    functions,
    mails,
    async close() {
      await gateway.close();
      await functions.stop();
      await cron.stop();
      await net.stop();
      await api.close();
    },
  };
}
