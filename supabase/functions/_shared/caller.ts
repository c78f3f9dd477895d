import type { SupabaseClient } from "@supabase/supabase-js";
import { z } from "zod";
import { API_UNAVAILABLE, parseBearer, tokenInvalid } from "./bearer.ts";
import type { Connect } from "./database.ts";
import { HttpError } from "./failure.ts";

/** A signed-in person, and the Data API as they see it. */
export interface ConnectionOwner {
  userId: string;
  db: SupabaseClient;
  /** The id of their connection to the platform; null for none. */
  connectionId: string | null;
}

const rowsSchema = z.array(z.object({ id: z.string() }));

/**
 * Finds out who is calling, by asking the API for their connection to a platform with their access token; throws 401
 * or 503.
 */
export async function identifyOwner(
  request: Request,
  connect: Connect,
  platform: string,
): Promise<ConnectionOwner> {
  const bearer = parseBearer(request, "the connection's owner");
  const db = connect(bearer.token);
  const { data, error, status } = await db.from("platform_connections").select("id")
    .eq("user_id", bearer.userId).eq("platform", platform);
  if (status === 401) throw tokenInvalid(error?.message ?? "The API rejected it.");
  const rows = rowsSchema.safeParse(data);
  if (error || !rows.success) throw new HttpError(API_UNAVAILABLE);
  return { userId: bearer.userId, db, connectionId: rows.data[0]?.id ?? null };
}
