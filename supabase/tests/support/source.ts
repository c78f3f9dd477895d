import { staleBaselines } from "../../../scripts/db/baseline.ts";

/** What the template is built from: `schemas` takes a second, `migrations` is what a deployed database applies. */
export type Source = "schemas" | "migrations";

/** `FROM` decides, else what CI and `npm test` on a laptop need: the deployed form, and the quick one. */
export function chooseSource(env = process.env): Source {
  if (env["FROM"] === "schemas" || env["FROM"] === "migrations") return env["FROM"];
  return env["CI"] ? "migrations" : "schemas";
}

/**
 * Why a run over `source` may not show what the other folder would; undefined when both are the same. After the first
 * release it is always undefined: only `npm run db:check` compares migrations with schemas.
 */
export function sourceWarning(source: Source): string | undefined {
  const other = source === "schemas" ? "migrations" : "schemas";
  const stale = staleBaselines();
  if (stale.length === 0) return undefined;
  return `Tests use supabase/${source}, and supabase/${other} differs (${stale.join(", ")}).\n` +
    "Write the migrations again: npm run db:baseline";
}
