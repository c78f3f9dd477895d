import type { Kysely } from "kysely";
import type { SupabaseConfig } from "../config.ts";
import { isReadOnlyCall } from "./ast.ts";
import type { Catalog } from "./catalog.ts";
import { isServerError, serverErrorResponse } from "./errors.ts";
import type { Exchanges } from "./exchange.ts";
import type { ConnectionInternals, RequestVars } from "./internals.ts";
import { inSession, type Session } from "./session.ts";

// Fixes in @supabase/lite: requests run without the role's settings, without `request.*` outside of
// functions, and writable where PostgREST's are read-only (session.ts); server errors have other statuses and
// bodies (errors.ts).
// Unnecessary when: lite sets up a request's transaction and maps errors as PostgREST documents them.

/**
 * Runs every request to the Data API in a session of PostgREST's kind, and turns server errors into
 * responses.
 */
export function runInSessions(
  internals: ConnectionInternals,
  catalog: Catalog,
  exchanges: Exchanges,
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
    const session: Session = {
      request,
      role,
      claims: vars.auth?.jwt ?? {},
      searchPath: [ast.schema ?? "public", ...config.api.extra_search_path],
      isCall: ast.type === "rpc",
      readOnly: ["GET", "HEAD"].includes(request.method) || isReadOnlyCall(ast, catalog),
    };
    try {
      // every step of a request to the Data API ends in its response
      const run = step as unknown as (database: Kysely<unknown>) => Promise<Response>;
      return await inSession(internals.kysely, session, catalog, run) as T;
    } catch (error) {
      if (!isServerError(error)) throw error;
      // PostgREST's statement names no table before the columns of `on conflict`
      const isConflictColumn = ast.onConflict?.some((name) => error.message.includes(`"${name}"`));
      exchange.response = serverErrorResponse(
        error,
        role === "anon",
        isConflictColumn ? undefined : ast.from,
      );
      return exchange.response as T;
    }
  };
}
