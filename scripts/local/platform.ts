import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createAuthSchema } from "./api/app.ts";
import type { SupabaseConfig } from "./config.ts";
import { ROOT } from "./paths.ts";
import { withConnection } from "../connection.ts";

const script = (name: string): string => readFileSync(join(ROOT, "scripts/local", name), "utf8");

/**
 * Gives a database what Supabase's platform has before a project's first migration. Can be run again.
 *
 * @param url connection string of the superuser `supabase_admin`
 */
export async function applyPlatform(url: string, config: SupabaseConfig): Promise<void> {
  await withConnection(url, async (sql) => {
    await sql.unsafe(script("platform.sql"));
    await createAuthSchema(url, config);
  });
  await applyPlatformAuth(url);
}

/**
 * The part of it that follows the tables of schema `auth`. Can be run again, also after migrations.
 *
 * @param url connection string of the superuser `supabase_admin`
 */
export async function applyPlatformAuth(url: string): Promise<void> {
  await withConnection(url, async (sql) => {
    await sql.unsafe(script("platform-auth.sql"));
  });
}
