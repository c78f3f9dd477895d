import type { SupabaseClient } from "@supabase/supabase-js";
import { z } from "zod";
import { apiUnreachable, readBearer, refuseToken } from "../_shared/bearer.ts";
import type { Connect } from "../_shared/database.ts";
import type { Failure } from "../_shared/http.ts";

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

/** Somebody who is signed in, the Data API as they see it, and what is known about their token. */
export interface Caller {
  userId: string;
  db: SupabaseClient;
  status: TokenStatus;
}

/** Whose request it is: the API is asked for the state of the caller's own token, with their access token. */
export async function identify(request: Request, connect: Connect): Promise<Caller | Failure> {
  const bearer = readBearer(request, "whoever the GitHub token belongs to");
  if ("code" in bearer) return bearer;
  const db = connect(bearer.token);
  const { data, error, status } = await db.rpc("github_token_status");
  if (status === 401) return refuseToken(error?.message ?? "The API refused it.");
  const known = statusSchema.safeParse(data);
  if (error || !known.success) return apiUnreachable;
  return { userId: bearer.userId, db, status: known.data };
}
