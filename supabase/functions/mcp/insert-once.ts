import { Buffer } from "node:buffer";
import type { SupabaseClient } from "@supabase/supabase-js";
import { call } from "./call.ts";

// Inserts that a repeated call does not repeat: the id of a row is computed from what was sent.

/** The same UUID for the same parts: version 8 (RFC 9562) of their SHA-256. */
export async function idOf(...parts: unknown[]): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(JSON.stringify(parts)));
  const bytes = Buffer.from(hash).subarray(0, 16);
  bytes.writeUInt8(bytes.readUInt8(6) & 0x0f | 0x80, 6);
  bytes.writeUInt8(bytes.readUInt8(8) & 0x3f | 0x80, 8);
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/**
 * Inserts rows whose id is an `idOf` of what was sent, and returns the ids of those that did not exist
 * (`on conflict do nothing` on the id).
 */
export async function insertOnce(
  db: SupabaseClient,
  table: string,
  rows: Record<string, unknown>[],
): Promise<{ id: string }[]> {
  return await call(() =>
    db.from(table).upsert(rows, { onConflict: "id", ignoreDuplicates: true }).select("id")
      .overrideTypes<{ id: string }[], { merge: false }>()
  );
}
