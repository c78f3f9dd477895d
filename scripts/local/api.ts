import { App } from "@supabase/lite";
import { createPostgresConnection } from "@supabase/lite/postgres";
import { type RawBuilder, sql } from "kysely";
import type { SupabaseConfig } from "./config.ts";
import { JWT_SECRET, PUBLISHABLE_KEY, SECRET_KEY } from "./keys.ts";

/** What lite keeps to itself, and we change so that it behaves as the platform's API does. */
interface ConnectionInternals {
  rlsState: "active" | "inactive" | "unknown";
  applyJwtSessionContext(transaction: Executor, vars: RequestVars): Promise<void>;
}

type Executor = Parameters<RawBuilder<unknown>["execute"]>[0];

interface RequestVars {
  auth?: { role?: string; uid?: string; jwt?: Record<string, unknown> };
}

export interface Api {
  /** Answers `/rest/v1` and `/auth/v1`. */
  fetch(request: Request): Promise<Response>;
  close(): Promise<void>;
}

/**
 * The Data API and Auth over a database.
 *
 * @param url connection string of the superuser `supabase_admin`: as `authenticator`, lite cannot read the catalogue
 */
export async function createApi(url: string, config: SupabaseConfig): Promise<Api> {
  const app = createApp(url, config);
  const internals = app.connection as unknown as ConnectionInternals;
  // unset, the first request would grant ALL on every table with row security to the API roles
  internals.rlsState = "active";
  const roleSettings = await readRoleSettings(app);
  internals.applyJwtSessionContext = (transaction, vars) => enterRole(transaction, vars, roleSettings);
  return {
    fetch: async (request) => await app.fetch(request, { peerAddress: null }),
    close: () => app.connection.close(),
  };
}

/** Makes the tables of schema `auth` in a database that has the platform's roles and schemas. */
export async function createAuthSchema(url: string, config: SupabaseConfig): Promise<void> {
  const app = createApp(url, config);
  await app.ensureSystemSchema();
  await app.connection.close();
}

function createApp(url: string, config: SupabaseConfig) {
  const connection = createPostgresConnection({
    url,
    postgresOptions: {
      max: 20,
      onnotice: () => {},
      // `authenticator`'s settings on the platform
      connection: { search_path: ["public", ...config.api.extra_search_path].join(", "), lock_timeout: 8000 },
      types: { json: jsonType(114), jsonb: jsonType(3802), timestamptz: timestamptzType },
    },
  });
  return new App({
    connection,
    auth: {
      enabled: true,
      publishable_key: PUBLISHABLE_KEY,
      secret_key: SECRET_KEY,
      jwt_secret: JWT_SECRET,
      enable_signup: config.auth.enable_signup,
      site_url: config.auth.site_url,
      additional_redirect_urls: config.auth.additional_redirect_urls,
      minimum_password_length: config.auth.minimum_password_length,
      email: { enable_signup: true, enable_confirmations: config.auth.email.enable_confirmations },
    },
    api: {
      enabled: true,
      schemas: config.api.schemas,
      extra_search_path: config.api.extra_search_path,
      max_rows: config.api.max_rows,
      // what `session_preload_libraries = safeupdate` does for `authenticator`
      pg_safe_update: true,
    },
  });
}

/** A role's own settings (`alter role … set`), which PostgREST applies when a request takes the role on. */
type RoleSettings = Map<string, [name: string, value: string][]>;

async function readRoleSettings(app: ReturnType<typeof createApp>): Promise<RoleSettings> {
  const { rows } = await sql<{ rolname: string; rolconfig: string[] }>`
    select rolname, rolconfig from pg_catalog.pg_roles where rolconfig is not null
  `.execute(app.connection.kysely);
  return new Map(rows.map(({ rolname, rolconfig }) => [
    rolname,
    rolconfig.map((entry): [string, string] => {
      const at = entry.indexOf("=");
      return [entry.slice(0, at), entry.slice(at + 1)];
    }).filter(([name]) => name !== "search_path"),
  ]));
}

/** Takes a request's role, claims and settings on for one transaction, in one round trip. */
async function enterRole(transaction: Executor, vars: RequestVars, settings: RoleSettings): Promise<void> {
  const role = vars.auth?.role || "anon";
  const local: [string, string][] = [
    ["statement_timeout", "8s"],
    ...(settings.get(role) ?? []),
    ["request.jwt.claim.sub", String(vars.auth?.uid ?? "")],
    ["request.jwt.claim.role", role],
    ["request.jwt.claims", JSON.stringify({ role, ...vars.auth?.jwt })],
    ["role", role],
  ];
  const calls = local.map(([name, value]) => sql`set_config(${name}, ${value}, true)`);
  await sql`select ${sql.join(calls)}`.execute(transaction);
}

/** JSON in and out as it is: a value that is JSON text already is passed on, any other string is quoted. */
function jsonType(oid: number) {
  return {
    to: oid,
    from: [oid],
    serialize: (value: unknown) => typeof value === "string" && isJson(value) ? value : JSON.stringify(value),
    parse: (text: string): unknown => JSON.parse(text),
  };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** ISO 8601 as PostgREST writes it: `2026-01-01T00:00:00.5+00:00`. */
const timestamptzType = {
  to: 1184,
  from: [1184],
  serialize: (value: unknown) => value instanceof Date ? value.toISOString() : String(value),
  parse: (text: string) => text.replace(" ", "T").replace(/([+-]\d\d)$/, "$1:00"),
};
