import type postgres from "postgres";
import type { Caller } from "./credentials.ts";
import type { Catalog } from "./catalog.ts";
import { ApiError } from "./errors.ts";
import { EXTENDED, ident } from "./sql.ts";

// The transaction of a request: docs.postgrest.org/en/v14/references/transactions.html

export interface Session {
  request: Request;
  caller: Caller;
  /** The request's schema, then the project's `extra_search_path`. */
  searchPath: string[];
  isReadOnly: boolean;
  timezone: string | undefined;
  /** Settings of the function that is called. */
  settings: [name: string, value: string][];
}

const ISOLATION = ["serializable", "repeatable read", "read committed"];

/** Runs a request in a transaction of its own, with its role and settings; an error rolls it back. */
export async function inSession<T>(
  sql: postgres.Sql,
  session: Session,
  catalog: Catalog,
  run: (transaction: postgres.TransactionSql) => Promise<T>,
): Promise<T> {
  const { role } = session.caller;
  // would be `authenticator` itself
  if (role === "none") throw new ApiError(401, { code: "22023", message: 'role "none" does not exist' });
  const settings = [...catalog.roles.get(role) ?? [], ...session.settings];
  const isolation = settings.findLast(([name]) => name === "default_transaction_isolation")?.[1]
    .toLowerCase();
  const level = isolation && ISOLATION.includes(isolation) ? `isolation level ${isolation} ` : "";
  const mode = `${level}${session.isReadOnly ? "read only" : "read write"}`;
  return await sql.begin(mode, async (transaction) => {
    const values = localSettings(session, settings);
    const calls = values.map((_, at) => `set_config($${2 * at + 1}, $${2 * at + 2}, true)`);
    await transaction.unsafe(`select ${calls.join(", ")}`, values.flat(), EXTENDED);
    return await run(transaction);
  }) as T;
}

/** The settings, the role as the last one. */
function localSettings(
  { request, caller, searchPath, timezone }: Session,
  settings: [string, string][],
): [name: string, value: string][] {
  const { role, claims } = caller;
  const { pathname } = new URL(request.url);
  const headers = Object.fromEntries([...request.headers].filter(([name]) => name !== "cookie"));
  return [
    ["statement_timeout", "8s"],
    ["search_path", searchPath.map(ident).join(", ")],
    ...settings.filter(([name]) => name !== "default_transaction_isolation"),
    ...(timezone ? [["timezone", timezone] as [string, string]] : []),
    ["request.method", request.method],
    ["request.path", pathname.replace(/^\/rest\/v1/, "")],
    ["request.headers", JSON.stringify(headers)],
    ["request.cookies", JSON.stringify(parseCookies(request))],
    ["request.jwt.claim.sub", typeof claims.sub === "string" ? claims.sub : ""],
    ["request.jwt.claim.role", role],
    ["request.jwt.claims", JSON.stringify({ ...claims, role })],
    ["response.status", ""],
    ["response.headers", ""],
    ["role", role],
  ];
}

function parseCookies(request: Request): Record<string, string> {
  const pairs = (request.headers.get("cookie") ?? "").split(";").map((pair) => pair.trim()).filter(Boolean);
  return Object.fromEntries(pairs.map((pair) => {
    const at = pair.indexOf("=");
    return at < 0 ? [pair, ""] : [pair.slice(0, at), pair.slice(at + 1)];
  }));
}
