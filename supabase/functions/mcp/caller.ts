import type { SupabaseClient } from "@supabase/supabase-js";
import { API_UNAVAILABLE, parseBearer, tokenInvalid } from "../_shared/bearer.ts";
import type { Connect } from "../_shared/database.ts";
import { HttpError } from "../_shared/failure.ts";

/** A team member, and the Data API as they see it. */
export interface Caller {
  userId: string;
  db: SupabaseClient;
}

/**
 * Finds out who is calling, by asking the API for the caller's membership with their access token; throws 401, 403 or 503.
 *
 * @param metadataUrl where a caller without a valid token finds out how to get one
 */
export async function identify(request: Request, connect: Connect, metadataUrl: string): Promise<Caller> {
  const { token, userId } = parseBearer(request, "a team member", metadataUrl);
  const db = connect(token);
  const { data, error, status } = await db.from("team_members").select("role").eq("user_id", userId);
  if (status === 401) throw tokenInvalid(error?.message ?? "The API rejected it.", metadataUrl);
  if (error) throw new HttpError(API_UNAVAILABLE);
  if (data.length > 0) return { userId, db };
  throw new HttpError({
    status: 403,
    code: "team_role_required",
    message: "The account is not in the team.",
    hint: "Ask an admin of the team for a role: viewer to read, agent to write.",
  });
}
