import type postgres from "postgres";
import type { SupabaseConfig } from "../../config.ts";
import { openDriver } from "../../postgres-driver.ts";
import { type Catalog, loadCatalog } from "./catalog.ts";
import { type Caller, checkKey, identify } from "./credentials.ts";
import {
  ApiError,
  errorResponse,
  isServerError,
  lostConnectionResponse,
  serverErrorResponse,
} from "./errors.ts";
import { describeSchema } from "./openapi.ts";
import { findOptionsRoutine, type Plan, planCall, planTableRead, planWrite } from "./plan.ts";
import { appliedPreferences, type Preferences } from "./preferences.ts";
import { findTable, isRead, readRequest, type RestRequest } from "./requests.ts";
import { type Answer, locationOf, outOfBounds, rangeOf, respond } from "./responses.ts";
import { inSession } from "./session.ts";
import { EXTENDED } from "./sql.ts";
import { NO_ROW, type Result } from "./statement.ts";

/** The Data API, as PostgREST documents it. */
export interface Rest {
  /** Answers `/rest/v1`. */
  fetch(request: Request): Promise<Response>;
  close(): Promise<void>;
}

interface Context {
  sql: postgres.Sql;
  catalog: Catalog;
  config: SupabaseConfig;
}

/**
 * Opens the Data API over a database.
 *
 * @param url connection string of the superuser `supabase_admin`; requests get connections of `authenticator`, which has
 * the same password
 * @param admin a connection of the superuser, which reads the catalog
 */
export async function createRest(url: string, admin: postgres.Sql, config: SupabaseConfig): Promise<Rest> {
  const { schemas, extra_search_path } = config.api;
  const catalog = await loadCatalog(admin, schemas, extra_search_path);
  const sql = openDriver(urlAs(url, "authenticator"), {
    max: 20,
    // seconds before a lost connection is opened again
    backoff: () => 0.1,
    onnotice: () => {},
    fetch_types: false,
    connection: { lock_timeout: 8000 },
  });
  // the server converts everything from and to text
  for (const convert of [sql.options.parsers, sql.options.serializers]) {
    for (const type of Object.keys(convert)) convert[Number(type)] = asText;
  }
  const context = { sql, catalog, config };
  return {
    async fetch(request) {
      const response = await answerOrRefuse(request, context, admin);
      return request.method === "HEAD" ? new Response(null, response) : response;
    },
    close: () => sql.end({ timeout: 5 }),
  };
}

function urlAs(url: string, role: string): string {
  const changed = new URL(url);
  changed.username = role;
  return changed.href;
}

async function answerOrRefuse(request: Request, context: Context, admin: postgres.Sql): Promise<Response> {
  let caller: Caller | undefined;
  try {
    const refused = request.method === "OPTIONS" ? undefined : checkKey(request);
    if (refused) return refused;
    caller = await identify(request);
    return await answer(request, caller, context, admin);
  } catch (error) {
    const lost = lostConnectionResponse(error);
    if (lost) return lost;
    if (error instanceof ApiError) return errorResponse(error.status, error.body, error.headers);
    if (isServerError(error)) return serverErrorResponse(error, caller?.role === "anon");
    throw error;
  }
}

const asText = (value: string): string => value;

async function answer(
  request: Request,
  caller: Caller,
  context: Context,
  admin: postgres.Sql,
): Promise<Response> {
  const { catalog, config } = context;
  const rest = readRequest(request, catalog, config.api.schemas);
  if (request.method === "OPTIONS") return options(rest, catalog);
  if (rest.kind === "root") return await describe(rest, caller, admin);
  const maxRows = config.api.max_rows;
  const plan = rest.kind === "call"
    ? await planCall(rest, catalog, maxRows)
    : isRead(rest.method)
    ? planTableRead(rest, catalog, maxRows)
    : await planWrite(rest, catalog);
  const session = {
    request,
    caller,
    searchPath: [rest.target.schema, ...config.api.extra_search_path],
    isReadOnly: plan.isReadOnly,
    timezone: rest.preferences.timezone,
    settings: plan.routine?.settings ?? [],
  };
  return await inSession(context.sql, session, catalog, async (transaction) => {
    const rows = await transaction.unsafe<Result[]>(plan.sql, plan.values, EXTENDED);
    const result = rows[0] ?? NO_ROW;
    // a body of bytes is text in hexadecimal
    const isBinary = rows.columns.some(({ name, type }) => name === "body" && type === 17);
    const body = isBinary ? Buffer.from((result.body ?? "").slice(2), "hex") : result.body ?? "";
    checkRows(rest, plan, Number(result.rows), Number(result.affected));
    const total = await totalOf(transaction, rest, plan, result, maxRows);
    return respond(answerOf(rest, plan, result, body, total, config), result);
  });
}

/** What a request may only do to a number of rows; an error rolls it back. */
function checkRows(
  { method, preferences }: RestRequest,
  { media, routine }: Plan,
  rows: number,
  affected: number,
): void {
  if (method === "PUT" && rows !== 1) {
    throw new ApiError(400, {
      code: "PGRST115",
      message: "Payload values do not match URL in primary key column(s)",
    });
  }
  if (media.kind === "object" && method !== "PUT" && rows !== 1) {
    throw new ApiError(406, {
      code: "PGRST116",
      message: "Cannot coerce the result to a single JSON object",
      details: `The result contains ${rows} rows`,
    });
  }
  const limit = preferences["max-affected"];
  const isLimited = routine || method === "PATCH" || method === "DELETE";
  if (isLimited && preferences.handling === "strict" && limit !== undefined && affected > limit) {
    throw new ApiError(400, {
      code: "PGRST124",
      message: "Query result exceeds max-affected preference constraint",
      details: `The query affects ${affected} rows`,
    });
  }
}

/** The number of rows without limit: counted, or planned. */
async function totalOf(
  sql: postgres.TransactionSql,
  { preferences: { count } }: RestRequest,
  { estimate }: Plan,
  { total }: Result,
  maxRows: number,
): Promise<number | undefined> {
  const counted = total === null ? undefined : Number(total);
  if (!estimate || (count === "estimated" && (counted ?? 0) <= maxRows)) return counted;
  const [row] = await sql.unsafe<{ "QUERY PLAN": string }[]>(
    `explain (format json) ${estimate.sql}`,
    estimate.values,
    EXTENDED,
  );
  const [{ Plan: planned } = { Plan: { "Plan Rows": 0 } }] = JSON.parse(row?.["QUERY PLAN"] ?? "[]") as {
    Plan: { "Plan Rows": number };
  }[];
  return Math.max(planned["Plan Rows"], counted ?? 0);
}

function answerOf(
  rest: RestRequest,
  { media, routine, table }: Plan,
  result: Result,
  body: BodyInit,
  total: number | undefined,
  config: SupabaseConfig,
): Answer {
  const { method, preferences, target, query, range } = rest;
  const rows = Number(result.rows);
  const applied = (...names: (keyof Preferences)[]): Answer["headers"] => ({
    "preference-applied": appliedPreferences(preferences, names),
  });
  const typed = {
    "content-type": media.contentType,
    "content-profile": config.api.schemas.length > 1 ? target.schema : undefined,
  };
  const isFull = preferences.return === "representation";
  const counted = preferences.count === "exact" || preferences.count === "estimated" ? rows : "*";
  if (routine || isRead(method)) {
    const [status, contentRange] = rangeOf(range, rows, total);
    const location = query.canonical
      ? `/${encodeURI(target.name)}?${query.canonical}`
      : `/${encodeURI(target.name)}`;
    const headers = {
      "content-range": contentRange,
      ...(routine ? applied("count", "max-affected") : { ...applied("count"), "content-location": location }),
    };
    if (routine?.returns.name === "void") return { status: 204, headers, body: null };
    if (status === 416) {
      throw outOfBounds(range.offset, total ?? 0, { ...defined(headers), ...defined(typed) });
    }
    return { status, headers: { ...headers, ...typed }, body };
  }
  if (method === "POST") {
    const isUpsert = (table?.primaryKey.length ?? 0) > 0 || query.onConflict !== undefined;
    const isNew = preferences.resolution !== "merge-duplicates" || Number(result.inserted) > 0;
    return {
      status: isNew ? 201 : 200,
      headers: {
        location: locationOf(target.name, table?.primaryKey ?? [], result),
        "content-range": `*/${counted}`,
        ...(isUpsert
          ? applied("resolution", "missing", "return", "count")
          : applied("missing", "return", "count")),
        ...(isFull ? typed : {}),
      },
      body: isFull ? body : null,
    };
  }
  const headers = {
    "content-range": method === "PUT"
      ? undefined
      : method === "PATCH" && rows > 0
      ? `0-${rows - 1}/${counted}`
      : `*/${counted}`,
    ...(method === "PATCH"
      ? applied("missing", "return", "count", "max-affected")
      : method === "DELETE"
      ? applied("return", "count", "max-affected")
      : applied("return", "count")),
  };
  if (!isFull) return { status: 204, headers, body: null };
  const isCreated = method === "PUT" && Number(result.inserted) > 0;
  return { status: isCreated ? 201 : 200, headers: { ...headers, ...typed }, body };
}

const defined = (headers: Answer["headers"]): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => value === undefined ? [] : [[name, value]]),
  );

/** The methods of a table, view or function. */
function options(rest: RestRequest, catalog: Catalog): Response {
  return new Response(null, { status: 200, headers: { allow: allowed(rest, catalog).join(",") } });
}

function allowed(rest: RestRequest, catalog: Catalog): string[] {
  if (rest.kind === "root") return ["OPTIONS", "GET", "HEAD"];
  if (rest.kind === "call") {
    return findOptionsRoutine(rest, catalog).isVolatile
      ? ["OPTIONS", "POST"]
      : ["OPTIONS", "GET", "HEAD", "POST"];
  }
  const { insertable, updatable, deletable, primaryKey } = findTable(rest.target, catalog);
  return [
    "OPTIONS",
    "GET",
    "HEAD",
    ...(insertable ? ["POST"] : []),
    ...(insertable && updatable && primaryKey.length > 0 ? ["PUT"] : []),
    ...(updatable ? ["PATCH"] : []),
    ...(deletable ? ["DELETE"] : []),
  ];
}

/** The OpenAPI description, which the platform shows to holders of the secret key alone. */
async function describe(
  { method, target }: RestRequest,
  caller: Caller,
  admin: postgres.Sql,
): Promise<Response> {
  if (!isRead(method)) {
    throw new ApiError(405, { code: "PGRST117", message: `Unsupported HTTP method: ${method}` });
  }
  if (!caller.hasSecretKey) {
    return Response.json({ message: "You cannot consume this service" }, { status: 403 });
  }
  const body = JSON.stringify(await describeSchema(admin, target.schema, "service_role"));
  return new Response(body, {
    headers: { "content-type": "application/openapi+json; charset=utf-8" },
  });
}
