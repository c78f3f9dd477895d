import type { SupabaseClient } from "@supabase/supabase-js";
import { z } from "zod";
import { API_UNAVAILABLE, parseBearer, tokenInvalid } from "../_shared/bearer.ts";
import type { Connect } from "../_shared/database.ts";
import { HttpError } from "../_shared/failure.ts";

/** What `github_token_status` returns. */
export const statusSchema = z.object({
  is_set: z.boolean(),
  login: z.string().nullable(),
  scopes: z.array(z.string()).nullable(),
  expires_at: z.string().nullable(),
  checked_at: z.string().nullable(),
  invalid_at: z.string().nullable(),
});

export type TokenStatus = z.infer<typeof statusSchema>;

/** A signed-in person, the Data API as they see it, and the state of their token. */
export interface Caller {
  userId: string;
  db: SupabaseClient;
  status: TokenStatus;
}

/**
 * Finds out who is calling, by asking the API for the state of the caller's token with their access token;
 * throws 401 or 503.
 */
export async function identify(request: Request, connect: Connect): Promise<Caller> {
  const bearer = parseBearer(request, "the GitHub token's owner");
  const db = connect(bearer.token);
  const { data, error, status } = await db.rpc("github_token_status");
  if (status === 401) throw tokenInvalid(error?.message ?? "The API rejected it.");
  const parsed = statusSchema.safeParse(data);
  if (error || !parsed.success) throw new HttpError(API_UNAVAILABLE);
  return { userId: bearer.userId, db, status: parsed.data };
}
