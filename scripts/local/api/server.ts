import { AsyncLocalStorage } from "node:async_hooks";
import type { SupabaseConfig } from "../config.ts";
import { createApp } from "./app.ts";
import type { Ast } from "./ast.ts";
import { Catalog } from "./catalog.ts";
import { allowOrigins, preflight } from "./cors.ts";
import { DefaultValues } from "./defaults.ts";
import { limitEmbedding } from "./embedding.ts";
import type { Exchange } from "./exchange.ts";
import { separateFilters } from "./filters.ts";
import { assertInternals, type ConnectionInternals } from "./internals.ts";
import { describeSchema } from "./openapi.ts";
import { completeRequests } from "./requests.ts";
import { fixResponse } from "./responses.ts";
import { runInSessions } from "./transactions.ts";

// Fixes in @supabase/lite: the first request would grant ALL on every table with row security to the API
// roles, and the arguments of a HEAD request to a function are taken for filters; the rest is in the files
// that are imported here.
// Unnecessary when: lite leaves grants alone (an option of its connection), and parses HEAD like GET.

export interface Api {
  /** Answers `/rest/v1` and `/auth/v1`. */
  fetch(request: Request): Promise<Response>;
  close(): Promise<void>;
}

/**
 * The Data API and Auth over a database: @supabase/lite, changed where it differs from PostgREST's
 * documentation.
 *
 * @param url connection string of the superuser `supabase_admin`: as `authenticator`, lite cannot read the
 * catalog
 */
export async function createApi(url: string, config: SupabaseConfig): Promise<Api> {
  const app = createApp(url, config);
  const connection: object = app.connection;
  assertInternals(connection);
  const internals: ConnectionInternals = connection;
  internals.rlsState = "active";
  internals.kysely = internals.kysely.withPlugin(new DefaultValues());
  limitEmbedding(internals, config.api.schemas);
  const catalog = new Catalog(internals.driver);
  await catalog.reload();
  const exchanges = new AsyncLocalStorage<Exchange>();
  completeRequests(internals, catalog, exchanges);
  runInSessions(internals, catalog, exchanges, config);

  const send = async (request: Request): Promise<Response> => await app.fetch(request, { peerAddress: null });
  const rest: Rest = {
    config,
    internals,
    catalog,
    async send(exchange, request) {
      const response = await exchanges.run(exchange, () => send(request));
      return exchange.response ?? response;
    },
  };
  return {
    async fetch(request) {
      const isRest = /^\/rest\/v1(\/|$)/.test(new URL(request.url).pathname);
      return preflight(request) ?? allowOrigins(isRest ? await answer(request, rest) : await send(request));
    },
    close: () => app.connection.close(),
  };
}

/** What it takes to answer a request to `/rest/v1`. */
interface Rest {
  config: SupabaseConfig;
  internals: ConnectionInternals;
  catalog: Catalog;
  /** Sends a request to lite as a part of an exchange. */
  send(exchange: Exchange, request: Request): Promise<Response>;
}

async function answer(request: Request, { config, internals, catalog, send }: Rest): Promise<Response> {
  const { origin, pathname, searchParams } = new URL(request.url);
  const schema = request.headers.get(
    request.method === "GET" || request.method === "HEAD" ? "accept-profile" : "content-profile",
  ) ?? config.api.schemas[0] ?? "public";
  const called = catalog.functions(schema, pathname.match(/^\/rest\/v1\/rpc\/(.+)$/)?.[1] ?? "");
  const isArgument = (name: string): boolean =>
    called.some((each) => each.arguments.some((argument) => argument.name === name));
  const [first, ...repeats] = separateFilters(searchParams, isArgument);
  const more: Ast[] = [];
  for (const search of repeats) {
    const parsed: Exchange = { request, isParseOnly: true, more: [] };
    const target = `${origin}${pathname}?${search}`;
    const response = await send(parsed, new Request(target, { headers: request.headers }));
    if (!parsed.ast) return response;
    more.push(parsed.ast);
  }
  const run: Exchange = { request, isParseOnly: false, more };
  const target = `${origin}${pathname}${first.size > 0 ? `?${first}` : ""}`;
  const isHeadCall = request.method === "HEAD" && called.length > 0;
  const response = await send(run, new Request(target, isHeadCall ? { headers: request.headers } : request));
  if (/^\/rest\/v1\/?$/.test(pathname) && request.method === "GET" && response.ok) {
    return Response.json(await describeSchema(internals.driver, schema, "service_role"), {
      headers: { "content-type": "application/openapi+json; charset=utf-8" },
    });
  }
  return fixResponse(response, run, catalog, config);
}
