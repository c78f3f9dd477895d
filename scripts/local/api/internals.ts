import type { Kysely } from "kysely";
import type postgres from "postgres";
import packageJson from "../../../package.json" with { type: "json" };
import type { Ast } from "./ast.ts";

// Fixes in @supabase/lite: it has no hooks, so the other files change private fields; this file is the only
// way to them.
// Unnecessary when: lite has hooks for a request that was parsed, for its transaction and for the catalog.

/** The private fields of lite's connection that are changed or used here. */
export interface ConnectionInternals {
  driver: postgres.Sql;
  kysely: Kysely<unknown>;
  rlsState: "active" | "inactive" | "unknown";
  introspect(options?: { useCache?: boolean }): Promise<{
    primary_keys: { schema: string; table: string; columns: string[] }[];
    foreign_keys: { schema: string; fk_def: string }[];
    indexes: { schema: string; name: string }[];
    unique_constraints: { schema: string; name: string }[];
  }>;
  onPostgrestAST(ast: Ast, vars: RequestVars): Promise<Ast>;
  withContext<T>(vars: RequestVars | undefined, step: (database: Kysely<unknown>) => Promise<T>): Promise<T>;
}

/** Who makes a request, as lite has verified it. */
export interface RequestVars {
  auth?: { role?: string; jwt?: Record<string, unknown> | null };
}

const FIELDS: Record<keyof ConnectionInternals, (value: unknown) => boolean> = {
  driver: isFunction,
  kysely: (value) => isObject(value) && isFunction(value.withPlugin) && isFunction(value.transaction),
  rlsState: (value) => value === "unknown",
  introspect: isFunction,
  onPostgrestAST: isFunction,
  withContext: isFunction,
};

/**
 * Asserts that a connection of lite has the private fields that this folder changes: another version of lite
 * may have moved them, and a request that bypasses a change gets wrong answers without an error.
 */
export function assertInternals(connection: object): asserts connection is ConnectionInternals {
  const fields = connection as Record<string, unknown>;
  const missing = Object.entries(FIELDS).filter(([name, isExpected]) => !isExpected(fields[name]))
    .map(([name]) => name);
  if (missing.length === 0) return;
  const version = packageJson.devDependencies["@supabase/lite"];
  throw new Error(
    `scripts/local/api works with @supabase/lite ${version}: the connection lacks or has changed ${
      missing.join(", ")
    }. Install that version (npm ci), or adapt scripts/local/api to the new one.`,
  );
}

function isFunction(value: unknown): boolean {
  return typeof value === "function";
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;
