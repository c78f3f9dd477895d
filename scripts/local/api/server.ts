import { AsyncLocalStorage } from "node:async_hooks";
import { App, fuzzyMatch } from "@supabase/lite";
import { createPostgresConnection } from "@supabase/lite/postgres";
import type { Kysely } from "kysely";
import type postgres from "postgres";
import {
  addFilters,
  type Ast,
  fillMissing,
  isReadOnlyCall,
  separateFilters,
  updateKeys,
  writeValues,
} from "./ast.ts";
import { Catalog } from "./catalog.ts";
import { allowOrigins, preflight } from "./cors.ts";
import { DefaultValues } from "./defaults.ts";
import { errorResponse, isServerError, serverErrorResponse } from "./errors.ts";
import { describeSchema } from "./openapi.ts";
import { inSession, preference } from "./session.ts";
import type { SupabaseConfig } from "../config.ts";
import { JWT_SECRET, PUBLISHABLE_KEY, SECRET_KEY } from "../keys.ts";

/** What lite keeps to itself, and we change so that it behaves as the platform's API does. */
interface ConnectionInternals {
  driver: postgres.Sql;
  kysely: Kysely<unknown>;
  rlsState: "active" | "inactive" | "unknown";
  introspect(options?: { useCache?: boolean }): Promise<{
    primary_keys: { schema: string; table: string; columns: string[] }[];
    foreign_keys: { schema: string; fk_def: string }[];
    indexes: { schema: string; name: string }[];
    unique_constraints: { schema: string; name: string }[];
  }>;
  clearSchemaCache(): Promise<void>;
  onPostgrestAST(ast: Ast, vars: RequestVars): Promise<Ast>;
  withContext<T>(vars: RequestVars | undefined, step: (database: Kysely<unknown>) => Promise<T>): Promise<T>;
}

interface RequestVars {
  auth?: { role?: string; jwt?: Record<string, unknown> | null };
}

/** A request to the Data API on its way through lite. */
interface Exchange {
  request: Request;
  /** Set when the request is only read, never run: its repeated filters. */
  isReading: boolean;
  ast?: Ast;
  /** The other readings of the same request. */
  more: Ast[];
  /** Given instead of what lite answers. */
  answer?: Response | undefined;
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
  embedAsDocumented(internals, config.api.schemas);
  internals.kysely = internals.kysely.withPlugin(new DefaultValues());
  const catalog = new Catalog(internals.driver);
  await catalog.reload();
  const exchanges = new AsyncLocalStorage<Exchange>();
  completeRequests(internals, catalog, exchanges);
  runInSessions(internals, catalog, exchanges, config);
  const pass = async (request: Request): Promise<Response> => await app.fetch(request, { peerAddress: null });
  return {
    async fetch(request) {
      const asked = preflight(request);
      if (asked) return asked;
      const { pathname } = new URL(request.url);
      const isRest = /^\/rest\/v1(\/|$)/.test(pathname);
      return allowOrigins(isRest ? await rest(request) : await pass(request));
    },
    close: () => app.connection.close(),
  };

  async function rest(request: Request): Promise<Response> {
    const url = new URL(request.url);
    const schema = request.headers.get(
      request.method === "GET" || request.method === "HEAD" ? "accept-profile" : "content-profile",
    ) ?? config.api.schemas[0] ?? "public";
    const called = catalog.functions(schema, url.pathname.match(/^\/rest\/v1\/rpc\/(.+)$/)?.[1] ?? "");
    const isArgument = (name: string): boolean =>
      called.some((each) => each.arguments.some((argument) => argument.name === name));
    const [first, ...repeats] = separateFilters(url.searchParams, isArgument);
    const more: Ast[] = [];
    for (const search of repeats) {
      const exchange: Exchange = { request, isReading: true, more: [] };
      const reading = new Request(`${url.origin}${url.pathname}?${search}`, { headers: request.headers });
      const answer = await exchanges.run(exchange, () => pass(reading));
      if (!exchange.ast) return exchange.answer ?? answer;
      more.push(exchange.ast);
    }
    const exchange: Exchange = { request, isReading: false, more };
    const target = `${url.origin}${url.pathname}${first.size > 0 ? `?${first}` : ""}`;
    // lite takes a HEAD's arguments for filters
    const once = request.method === "HEAD" && called.length > 0
      ? new Request(target, { headers: request.headers })
      : new Request(target, request);
    const answer = await exchanges.run(exchange, () => pass(once));
    if (/^\/rest\/v1\/?$/.test(url.pathname) && request.method === "GET" && answer.ok) {
      const headers = { "content-type": "application/openapi+json; charset=utf-8" };
      return Response.json(await describeSchema(internals.driver, schema, "service_role"), { headers });
    }
    return finish(exchange.answer ?? answer, exchange, catalog, config);
  }
}

/**
 * Tables of other schemas can be embedded by nobody; lite looks for a foreign key in all of them. What makes an embedding
 * "to one" is a constraint; lite takes any unique index for one, also over some of the rows or over expressions.
 */
function embedAsDocumented(internals: ConnectionInternals, exposed: string[]): void {
  const introspect = internals.introspect.bind(internals);
  internals.introspect = async (options) => {
    const catalogue = await introspect(options);
    // the referenced schema stands in the definition only, and not where the search path finds it
    const isExposed = ({ schema, fk_def }: { schema: string; fk_def: string }): boolean =>
      [schema, fk_def.match(/ REFERENCES "?(\w+)"?\./)?.[1] ?? schema].every((name) =>
        exposed.includes(name)
      );
    const constraints = new Set(catalogue.unique_constraints.map(({ schema, name }) => `${schema}.${name}`));
    return {
      ...catalogue,
      foreign_keys: catalogue.foreign_keys.filter(isExposed),
      indexes: catalogue.indexes.filter(({ schema, name }) => constraints.has(`${schema}.${name}`)),
    };
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

/** Between lite's reading of a request and its running it: what it leaves out is added, or the request is refused. */
function completeRequests(
  internals: ConnectionInternals,
  catalog: Catalog,
  exchanges: AsyncLocalStorage<Exchange>,
): void {
  const next = internals.onPostgrestAST.bind(internals);
  // lite answers a negative limit at once, before it touches the database
  const stop: Ast = { type: "query", limit: -1 };
  internals.onPostgrestAST = async (ast, vars) => {
    const exchange = exchanges.getStore();
    if (!exchange) return await next(ast, vars);
    exchange.answer = refuseToken(exchange.request) ?? refuseTable(ast, catalog);
    if (exchange.answer) return stop;
    exchange.ast = ast;
    if (exchange.isReading) return stop;
    for (const more of exchange.more) addFilters(ast, more);
    fillMissing(ast);
    writeValues(ast, catalog, new URL(exchange.request.url).searchParams);
    const { primary_keys } = await internals.introspect({ useCache: true });
    const key = primary_keys.find(({ schema, table }) => schema === ast.schema && table === ast.from);
    updateKeys(ast, key?.columns ?? []);
    return ast;
  };
}

/** A bearer token that is neither a key nor has the form of a JWT; lite goes on as the anonymous role. */
function refuseToken(request: Request): Response | undefined {
  const token = request.headers.get("authorization")?.match(/^Bearer (.*)$/i)?.[1]?.trim();
  if (token === undefined || token.startsWith("sb_")) return undefined;
  const parts = token.split(".").length;
  if (parts === 3) {
    if (token.split(".").every(Boolean)) return undefined;
    return errorResponse(401, {
      code: "PGRST301",
      message: "No suitable key or wrong key type",
      details: "None of the keys was able to decode the JWT",
    });
  }
  return errorResponse(401, {
    code: "PGRST301",
    message: token === ""
      ? "Empty JWT is sent in Authorization header"
      : `Expected 3 parts in JWT; got ${parts}`,
  });
}

function refuseTable(ast: Ast, catalog: Catalog): Response | undefined {
  const { from, schema = "public" } = ast;
  if (!from || ast.type === "rpc" || catalog.columns(schema, from)) return undefined;
  const near = fuzzyMatch(from, catalog.tables(schema));
  return errorResponse(404, {
    code: "PGRST205",
    message: `Could not find the table '${schema}.${from}' in the schema cache`,
    hint: near ? `Perhaps you meant the table '${schema}.${near}'` : null,
  });
}

function runInSessions(
  internals: ConnectionInternals,
  catalog: Catalog,
  exchanges: AsyncLocalStorage<Exchange>,
  config: SupabaseConfig,
): void {
  const next = internals.withContext.bind(internals);
  internals.withContext = async <T>(
    vars: RequestVars | undefined,
    step: (database: Kysely<unknown>) => Promise<T>,
  ): Promise<T> => {
    const exchange = exchanges.getStore();
    if (!exchange?.ast || !vars) return await next(vars, step);
    const { request, ast } = exchange;
    const role = vars.auth?.role || "anon";
    const session = {
      request,
      role,
      claims: vars.auth?.jwt ?? {},
      searchPath: [ast.schema ?? "public", ...config.api.extra_search_path],
      isCall: ast.type === "rpc",
      readOnly: ["GET", "HEAD"].includes(request.method) || isReadOnlyCall(ast, catalog),
    };
    try {
      // every step of a request to the Data API ends in its answer
      const run = step as unknown as (database: Kysely<unknown>) => Promise<Response>;
      return await inSession(internals.kysely, session, catalog, run) as T;
    } catch (error) {
      if (!isServerError(error)) throw error;
      // no name of a table stands before what `on conflict` names
      const table = ast.onConflict?.some((name) => error.message.includes(`"${name}"`))
        ? undefined
        : ast.from;
      exchange.answer = serverErrorResponse(error, role === "anon", table);
      return exchange.answer as T;
    }
  };
}

/** Headers and bodies that lite writes otherwise. */
function finish(
  answer: Response,
  { request, ast }: Exchange,
  catalog: Catalog,
  config: SupabaseConfig,
): Response {
  const headers = new Headers(answer.headers);
  const isMutation = ast !== undefined && ast.type !== "query" && ast.type !== "rpc";
  if (answer.ok && ast) {
    // the platform's API never rolls a request back on demand, and says so by not naming the preference
    const timezone = preference(request, "timezone");
    const applied = (headers.get("preference-applied") ?? "").split(", ")
      .filter((entry) => entry !== "" && !entry.startsWith("tx="));
    if (timezone && catalog.isTimezone(timezone)) applied.push(`timezone=${timezone}`);
    if (applied.length > 0) headers.set("preference-applied", applied.join(", "));
    else headers.delete("preference-applied");
    if (config.api.schemas.length > 1) headers.set("content-profile", ast.schema ?? "public");
    if (ast.type === "query" && ast.from && !headers.has("content-location")) {
      headers.set("content-location", `/${ast.from}`);
    }
  }
  const isEmpty = answer.ok && isMutation && ast?.$meta?.return !== "representation";
  if (isEmpty) {
    headers.delete("content-type");
    headers.delete("content-length");
  }
  const { status, statusText } = answer;
  const body = isEmpty || request.method === "HEAD" ? null : answer.body;
  return new Response(body, { status, statusText, headers });
}
