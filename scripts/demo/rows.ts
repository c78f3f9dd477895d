import assert from "node:assert/strict";
import type { SupabaseClient } from "@supabase/supabase-js";
import type { Database } from "../../supabase/types/database.ts";

export type Client = SupabaseClient<Database>;

/** The rows of a query; an error of the API ends the demo. */
export async function rows<T>(query: PromiseLike<{ data: T[] | null; error: Error | null }>): Promise<T[]> {
  const { data, error } = await query;
  if (error) throw error;
  return data ?? [];
}

/** The one row of a query. */
export async function single<T>(query: PromiseLike<{ data: T[] | null; error: Error | null }>): Promise<T> {
  const [row, ...others] = await rows(query);
  assert(row !== undefined && others.length === 0, "one row");
  return row;
}
