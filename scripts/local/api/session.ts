import { type Kysely, type RawBuilder, sql, type Transaction } from "kysely";
import type { Catalog } from "./catalog.ts";
import { errorResponse } from "./errors.ts";

// Fixes in @supabase/lite: a request runs without the role's own settings and the project's search path, and
// outside of functions without `request.*`; reads may write; an error that a step answers is committed; the
// status and headers that a trigger sets are ignored; an insert that asks for one object and embeds another
// table answers an array.
// Unnecessary when: lite sets up each request's transaction as PostgREST documents it
// (references/transactions).

type Executor = Parameters<RawBuilder<unknown>["execute"]>[0];

/** PostgREST's settings for the transaction of one request. */
export interface Session {
  request: Request;
  role: string;
  claims: Record<string, unknown>;
  /** The request's schema, then the project's `extra_search_path`. */
  searchPath: string[];
  readOnly: boolean;
  /** For a function, lite itself applies the status and headers that it sets. */
  isCall: boolean;
}

/**
 * Runs a step of a request in its own transaction, with its role and settings; a response of 400 or more
 * rolls it back.
 */
export async function inSession(
  database: Kysely<unknown>,
  session: Session,
  catalog: Catalog,
  step: (transaction: Transaction<unknown>) => Promise<Response>,
): Promise<Response> {
  let response: Response | undefined;
  try {
    return await database.transaction()
      .setAccessMode(session.readOnly ? "read only" : "read write")
      .execute(async (transaction) => {
        response = await applySession(transaction, session, catalog) ??
          await toObject(await step(transaction), session);
        if (response.status >= 400) throw new Rollback();
        return session.isCall ? response : await applyResponseSettings(transaction, response);
      });
  } catch (error) {
    if (error instanceof Rollback && response) return response;
    throw error;
  }
}

class Rollback extends Error {}

/** The one object that an insert with an embedded table asks for; lite answers an array. */
async function toObject(response: Response, { request, isCall, readOnly }: Session): Promise<Response> {
  const type = request.headers.get("accept")?.match(/application\/vnd\.pgrst\.object[^,]*/)?.[0];
  if (!type || isCall || readOnly || !response.ok || !response.body) return response;
  const rows: unknown = await response.clone().json();
  if (!Array.isArray(rows)) return response;
  if (rows.length !== 1) {
    return errorResponse(406, {
      code: "PGRST116",
      message: "Cannot coerce the result to a single JSON object",
      details: `The result contains ${rows.length} rows`,
    });
  }
  const headers = new Headers(response.headers);
  headers.set("content-type", `${type}; charset=utf-8`);
  headers.delete("content-length");
  return new Response(JSON.stringify(rows[0]), { status: response.status, headers });
}

/** Sets the role, claims and settings, in one round trip. */
async function applySession(
  transaction: Executor,
  session: Session,
  catalog: Catalog,
): Promise<Response | undefined> {
  const { request, role, claims } = session;
  const settings = catalog.settings(role);
  if (!settings) return roleError(transaction, role);
  const { pathname } = new URL(request.url);
  const headers = Object.fromEntries([...request.headers].filter(([name]) => name !== "cookie"));
  const timezone = preference(request, "timezone");
  const local: [string, string][] = [
    ["statement_timeout", "8s"],
    ["search_path", session.searchPath.map((schema) => `"${schema.replaceAll('"', '""')}"`).join(", ")],
    ...settings,
    ...(timezone && catalog.isTimezone(timezone) ? [["timezone", timezone] as [string, string]] : []),
    ["request.method", request.method],
    ["request.path", pathname.replace(/^\/rest\/v1/, "")],
    ["request.headers", JSON.stringify(headers)],
    ["request.cookies", JSON.stringify(parseCookies(request))],
    ["request.jwt.claim.sub", String(claims.sub ?? "")],
    ["request.jwt.claim.role", role],
    ["request.jwt.claims", JSON.stringify({ role, ...claims })],
    ["response.status", ""],
    ["response.headers", ""],
    ["role", role],
  ];
  const calls = local.map(([name, value]) => sql`set_config(${name}, ${value}, true)`);
  await sql`select ${sql.join(calls)}`.execute(transaction);
  return undefined;
}

async function roleError(transaction: Executor, role: string): Promise<Response> {
  const { rows } = await sql`select from pg_catalog.pg_roles where rolname = ${role}`.execute(transaction);
  return rows.length > 0
    ? errorResponse(403, { code: "42501", message: `permission denied to set role "${role}"` })
    : errorResponse(401, { code: "22023", message: `role "${role}" does not exist` });
}

const SETTING_ERRORS = {
  status: { code: "PGRST112", message: "response.status guc must be a valid status code" },
  headers: {
    code: "PGRST111",
    message:
      "response.headers guc must be a JSON array composed of objects with a single key and a string value",
  },
};

/** Applies the status and headers that a trigger has set for the response. */
async function applyResponseSettings(transaction: Executor, response: Response): Promise<Response> {
  const { rows: [row] } = await sql<{ status: string; headers: string }>`
    select current_setting('response.status', true) as status, current_setting('response.headers', true) as headers
  `.execute(transaction);
  if (!row?.status && !row?.headers) return response;
  const status = row.status ? Number(row.status) : response.status;
  if (!Number.isInteger(status) || status < 200 || status > 599) {
    return errorResponse(500, SETTING_ERRORS.status);
  }
  const headers = new Headers(response.headers);
  try {
    for (const entry of row.headers ? JSON.parse(row.headers) as Record<string, string>[] : []) {
      const [[name, value] = [], ...more] = Object.entries(entry);
      if (typeof name !== "string" || typeof value !== "string" || more.length > 0) throw new TypeError();
      if (name.toLowerCase() === "set-cookie") headers.append(name, value);
      else headers.set(name, value);
    }
  } catch {
    return errorResponse(500, SETTING_ERRORS.headers);
  }
  const body = [204, 205, 304].includes(status) ? null : response.body;
  if (!body) headers.delete("content-length");
  return new Response(body, { status, headers });
}

function parseCookies(request: Request): Record<string, string> {
  const pairs = (request.headers.get("cookie") ?? "").split(";").map((pair) => pair.trim()).filter(Boolean);
  return Object.fromEntries(pairs.map((pair) => {
    const at = pair.indexOf("=");
    return at < 0 ? [pair, ""] : [pair.slice(0, at), pair.slice(at + 1)];
  }));
}

/** A preference of the request's `Prefer` headers. */
export function preference(request: Request, name: string): string | undefined {
  const entries = (request.headers.get("prefer") ?? "").split(",").map((entry) => entry.trim());
  return entries.find((entry) => entry.startsWith(`${name}=`))?.slice(name.length + 1);
}
