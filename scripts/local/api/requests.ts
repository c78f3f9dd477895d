import { fuzzyMatch } from "@supabase/lite";
import { type Ast, fillMissing, updateKeys, writeValues } from "./ast.ts";
import type { Catalog } from "./catalog.ts";
import { errorResponse } from "./errors.ts";
import type { Exchanges } from "./exchange.ts";
import { addFilters } from "./filters.ts";
import type { ConnectionInternals } from "./internals.ts";

// Fixes in @supabase/lite: a malformed bearer token runs as the anonymous role; an unknown table has an error
// of its own; and what ast.ts and filters.ts change in a parsed request.
// Unnecessary when: lite rejects both as PostgREST does, and ast.ts and filters.ts are gone.

/**
 * Between lite's parsing of a request and its running it: completes the parsed form, or answers with an
 * error.
 */
export function completeRequests(
  internals: ConnectionInternals,
  catalog: Catalog,
  exchanges: Exchanges,
): void {
  const next = internals.onPostgrestAST.bind(internals);
  // lite answers a negative limit immediately, before it reaches the database
  const stop: Ast = { type: "query", limit: -1 };
  internals.onPostgrestAST = async (ast, vars) => {
    const exchange = exchanges.getStore();
    if (!exchange) return await next(ast, vars);
    exchange.response = checkToken(exchange.request) ?? checkTable(ast, catalog);
    if (exchange.response) return stop;
    exchange.ast = ast;
    if (exchange.isParseOnly) return stop;
    for (const more of exchange.more) addFilters(ast, more);
    fillMissing(ast);
    writeValues(ast, catalog, new URL(exchange.request.url).searchParams);
    const { primary_keys } = await internals.introspect({ useCache: true });
    const key = primary_keys.find(({ schema, table }) => schema === ast.schema && table === ast.from);
    updateKeys(ast, key?.columns ?? []);
    return ast;
  };
}

/** The error for a bearer token that is neither a key nor has the form of a JWT. */
function checkToken(request: Request): Response | undefined {
  const token = request.headers.get("authorization")?.match(/^Bearer (.*)$/i)?.[1]?.trim();
  if (token === undefined || token.startsWith("sb_")) return undefined;
  const parts = token.split(".");
  if (parts.length === 3) {
    if (parts.every(Boolean)) return undefined;
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
      : `Expected 3 parts in JWT; got ${parts.length}`,
  });
}

function checkTable(ast: Ast, catalog: Catalog): Response | undefined {
  const { from, schema = "public" } = ast;
  if (!from || ast.type === "rpc" || catalog.columns(schema, from)) return undefined;
  const near = fuzzyMatch(from, catalog.tables(schema));
  return errorResponse(404, {
    code: "PGRST205",
    message: `Could not find the table '${schema}.${from}' in the schema cache`,
    hint: near ? `Perhaps you meant the table '${schema}.${near}'` : null,
  });
}
