import { randomBytes, randomUUID } from "node:crypto";
import type { Sql } from "postgres";
import { afterAll, afterEach, beforeEach } from "vitest";
import { type FakeDevto, startFakeDevto } from "../../../scripts/fakes/devto.ts";
import type { FakeDevtoUser } from "../../../scripts/fakes/devto-state.ts";
import type { FakeRepo, FakeUser } from "../../../scripts/fakes/github-shapes.ts";
import { type FakeGithub, startFakeGithub } from "../../../scripts/fakes/github.ts";
import type { FakeChannel } from "../../../scripts/fakes/google-state.ts";
import { type FakeGoogle, startFakeGoogle } from "../../../scripts/fakes/google.ts";
import type { Project } from "../../../scripts/local/stack.ts";
import { sealTokens } from "../../functions/_shared/connection-secret.ts";
import { parseMasterKeys } from "../../functions/_shared/encryption.ts";
import { connect, openTestProject, type TestProject } from "./database.ts";
import { runFunction } from "./functions.ts";

const KEY = `k1:${Buffer.alloc(32, 9).toString("base64")}`;
const keys = parseMasterKeys("KEY", KEY);

export type Platform = "github" | "youtube" | "devto";

export interface SyncProviders {
  github: FakeGithub;
  google: FakeGoogle;
  devto: FakeDevto;
  /** The environment of the functions. */
  env: Record<string, string>;
  /** Takes back what tests changed: faults, requests and accounts. */
  clear(): void;
  stop(): Promise<void>;
}

/**
 * Starts fakes of the three providers.
 *
 * @param now their clock
 */
export async function startSyncProviders(now: () => Date = () => new Date()): Promise<SyncProviders> {
  const [github, google, devto] = await Promise.all([
    startFakeGithub({ now }),
    startFakeGoogle({ now }),
    startFakeDevto({ now }),
  ]);
  return {
    github,
    google,
    devto,
    env: {
      GITHUB_API_URL: github.url,
      GOOGLE_API_URL: google.url,
      DEVTO_API_URL: `${devto.url}/api`,
      SECRETS_MASTER_KEYS: KEY,
    },
    clear() {
      for (const { state } of [github, google, devto]) {
        for (const list of [state.users, state.faults, state.requests]) list.length = 0;
      }
      github.state.repos.length = 0;
      google.state.tokens.length = 0;
      Object.assign(google.state.quota, { limit: 10_000, used: 0 });
      devto.state.limit.perSecond = 3;
    },
    async stop() {
      await Promise.all([github.stop(), google.stop(), devto.stop()]);
    },
  };
}

export interface SyncStage {
  providers: SyncProviders;
  project: TestProject;
  sql: Sql;
  /** A run of the function. */
  sync(): Promise<Record<string, unknown>>;
  /** A run after everything has become due. */
  again(): Promise<Record<string, unknown>>;
  /** Adds a repository of maya's at GitHub. */
  repo(name: string, more?: Partial<FakeRepo>): FakeRepo;
}

/** A project with fakes of the providers for a test file; each test begins without accounts, and ends without connections. */
export async function useSync(
  backfillDays: number,
  log?: (name: string, line: string) => void,
): Promise<SyncStage> {
  const providers = await startSyncProviders();
  const project = await openTestProject({ functions: { env: providers.env, ...(log ? { log } : {}) } });
  const sql = connect(project.database);
  await sql`update public.devpulse_settings set backfill_days = ${backfillDays}`;
  beforeEach(() => providers.clear());
  afterEach(async () => {
    await sql`delete from public.platform_connections`;
    await sql`delete from private.secrets`;
    await sql`delete from private.provider_spending`;
    await sql`delete from private.provider_user_spending`;
    await sql`delete from private.provider_pauses`;
  });
  afterAll(async () => {
    await sql.end();
    await project.close();
    await providers.stop();
  });
  const sync = () => syncPlatforms(project);
  return {
    providers,
    project,
    sql,
    sync,
    again: async () => {
      await makeDue(sql);
      return await sync();
    },
    repo: (name, more = {}) =>
      providers.github.state.addRepo({
        owner: "maya",
        name,
        createdAt: new Date("2026-01-01T00:00:00Z"),
        ...more,
      }),
  };
}

export interface Account {
  github: FakeUser;
  channel: FakeChannel;
  devto: FakeDevtoUser;
}

/** Adds an account of this name at each provider, with a token. */
export function addAccounts({ github, google, devto }: SyncProviders, name: string): Account {
  const token = () => randomBytes(18).toString("hex");
  const { channel } = google.state.addUser({
    name,
    token: `ya29.${token()}`,
    channel: { title: `${name} codes` },
  });
  if (!channel) throw new Error("no channel");
  return {
    github: github.state.addUser({ login: name, token: `gho_${token()}` }),
    channel,
    devto: devto.state.addUser({ username: name, apiKey: token() }),
  };
}

/** Connects a user to their account at a platform, with a monitor of everything. Returns the connection's id. */
export async function connectTo(
  sql: Sql,
  providers: SyncProviders,
  userId: string,
  platform: Platform,
  account: Account,
  monitor: Record<string, unknown> | null = {},
): Promise<string> {
  const [id, username, token] = platform === "github"
    ? [String(account.github.id), account.github.login, account.github.token]
    : platform === "devto"
    ? [String(account.devto.id), account.devto.username, account.devto.apiKey]
    : [account.channel.id, account.channel.title, tokenOf(providers.google, account.channel)];
  const secretId = randomUUID();
  const sealed = await sealTokens(keys, { secretId, platform, userId }, { access_token: token });
  await sql`
    insert into private.secrets (id, user_id, kind, sealed)
    values (${secretId}, ${userId}, ${`${platform}_connection`}, ${sealed})
  `;
  const [connection] = await sql<{ id: string }[]>`
    insert into public.platform_connections (user_id, platform, platform_user_id, platform_username, access_token)
    values (${userId}, ${platform}, ${id}, ${username}, ${`secret:${secretId}`}) returning id
  `;
  if (!connection) throw new Error("no connection");
  if (monitor !== null) await addMonitor(sql, connection.id, monitor);
  return connection.id;
}

function tokenOf(google: FakeGoogle, channel: FakeChannel): string {
  const user = google.state.users.find((one) => one.channel === channel);
  return google.state.tokens.find(({ userId }) => userId === user?.id)?.token ?? "";
}

/** Adds a monitor to a connection, of everything by default. Returns its id. */
export async function addMonitor(
  sql: Sql,
  connectionId: string,
  { monitor_type = "all", platform_resource_id = null, sync_frequency = 15 }: Record<string, unknown> = {},
): Promise<string> {
  const [row] = await sql<{ id: string }[]>`
    insert into public.monitors (
      user_id, platform, platform_connection_id, monitor_type, platform_resource_id, sync_frequency
    )
    select c.user_id, c.platform, c.id, ${monitor_type as string}, ${platform_resource_id as string | null},
      ${sync_frequency as number}
    from public.platform_connections as c where c.id = ${connectionId}
    returning id
  `;
  return row?.id ?? "";
}

/** Makes connections due, whatever they wait for. */
export const makeDue = (sql: Sql) =>
  sql`update private.sync_schedule set next_sync_at = now(), not_before = null where next_sync_at is not null`;

/** Calls the function as a server. */
export const syncPlatforms = (project: Project): Promise<Record<string, unknown>> =>
  runFunction(project, "platform-sync");

export interface Run {
  state: string;
  error_code: string | null;
  counts: Record<string, number>;
  cost: number;
  next_attempt_at: Date | null;
}

/** The last run of a connection. */
export async function lastRun(sql: Sql, connectionId: string): Promise<Run> {
  const [run] = await sql<Run[]>`
    select state, error_code, counts, cost, next_attempt_at from public.sync_runs
    where platform_connection_id = ${connectionId} order by id desc limit 1
  `;
  if (!run) throw new Error("no run");
  return run;
}

/** Today's readings of a connection, as `metric resource value`, sorted. */
export async function readingsOf(sql: Sql, connectionId: string): Promise<string[]> {
  const rows = await sql<{ reading: string }[]>`
    select metric || ' ' || resource_id || ' ' || value as reading from private.metric_readings
    where connection_id = ${connectionId} and day = current_date order by 1
  `;
  return rows.map(({ reading }) => reading);
}
