import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import type { Database } from "../supabase/types/database.ts";

// What the examples share: clients with the URL and keys that `npm start` writes to .local/env.

export type Client = SupabaseClient<Database>;

/** A variable of the environment file, or an error that names it. */
export function requireEnv(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set. Run npm start, then: set -a; . .local/env; set +a`);
  return value;
}

/** A client for a server: the secret key bypasses row security, so it never leaves the server. */
export const createServerClient = (): Client =>
  createClient<Database>(requireEnv("SUPABASE_URL"), requireEnv("SUPABASE_SECRET_KEY"), {
    auth: { persistSession: false, autoRefreshToken: false },
  });

/**
 * A client for a person: the publishable key is public, and row security decides what the signed-in user may
 * do.
 */
export const createUserClient = (): Client =>
  createClient<Database>(requireEnv("SUPABASE_URL"), requireEnv("SUPABASE_PUBLISHABLE_KEY"), {
    auth: { persistSession: false, autoRefreshToken: false },
  });
