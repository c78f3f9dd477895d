import { type Kysely, type RawBuilder, sql, type Transaction } from "kysely";
import type { Catalog } from "./catalog.ts";
import { errorResponse } from "./errors.ts";

type Executor = Parameters<RawBuilder<unknown>["execute"]>[0];

/** What a request runs with: PostgREST's settings for one transaction. */
export interface Session {
  request: Request;
  role: string;
  claims: Record<string, unknown>;
  /** The schema that the request names, then what the project adds to every search path. */
  searchPath: string[];
  readOnly: boolean;
  /** lite itself takes what a function sets for its answer. */
  isCall: boolean;
}

/**
 * Runs a step of a request in a transaction of its own, as its role and with its settings. An answer that is an error undoes
 * what was done.
 */
export async function inSession(
  database: Kysely<unknown>,
  session: Session,
  catalog: Catalog,
  step: (transaction: Transaction<unknown>) => Promise<Response>,
): Promise<Response> {
  let answer: Response | undefined;
  try {
    return await database.transaction()
      .setAccessMode(session.readOnly ? "read only" : "read write")
      .execute(async (transaction) => {
        answer = await enter(transaction, session, catalog) ?? await asOne(await step(transaction), session);
        if (answer.status >= 400) throw new Undo();
        return session.isCall ? answer : await applySettings(transaction, answer);
      });
  } catch (error) {
    if (error instanceof Undo && answer) return answer;
    throw error;
  }
}

class Undo extends Error {}

/** lite answers an insert that asks for one object and embeds another table with an array. */
async function asOne(answer: Response, { request, isCall, readOnly }: Session): Promise<Response> {
  const type = request.headers.get("accept")?.match(/application\/vnd\.pgrst\.object[^,]*/)?.[0];
  if (!type || isCall || readOnly || !answer.ok || !answer.body) return answer;
  const rows: unknown = await answer.clone().json();
  if (!Array.isArray(rows)) return answer;
  if (rows.length !== 1) {
    return errorResponse(406, {
      code: "PGRST116",
      message: "Cannot coerce the result to a single JSON object",
      details: `The result contains ${rows.length} rows`,
    });
  }
  const headers = new Headers(answer.headers);
  headers.set("content-type", `${type}; charset=utf-8`);
  headers.delete("content-length");
  return new Response(JSON.stringify(rows[0]), { status: answer.status, headers });
}

/** Takes the role, claims and settings on, in one round trip. */
async function enter(
  transaction: Executor,
  session: Session,
  catalog: Catalog,
): Promise<Response | undefined> {
  const { request, role, claims } = session;
  const settings = catalog.settings(role);
  if (!settings) return refuseRole(transaction, role);
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
    ["request.cookies", JSON.stringify(readCookies(request))],
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

async function refuseRole(transaction: Executor, role: string): Promise<Response> {
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

/** The status and headers that a trigger or function has set for the answer. */
async function applySettings(transaction: Executor, answer: Response): Promise<Response> {
  const { rows: [row] } = await sql<{ status: string; headers: string }>`
    select current_setting('response.status', true) as status, current_setting('response.headers', true) as headers
  `.execute(transaction);
  if (!row?.status && !row?.headers) return answer;
  const status = row.status ? Number(row.status) : answer.status;
  if (!Number.isInteger(status) || status < 200 || status > 599) {
    return errorResponse(500, SETTING_ERRORS.status);
  }
  const headers = new Headers(answer.headers);
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
  const body = [204, 205, 304].includes(status) ? null : answer.body;
  if (!body) headers.delete("content-length");
  return new Response(body, { status, headers });
}

function readCookies(request: Request): Record<string, string> {
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
