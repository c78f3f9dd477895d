import type { SupabaseClient } from "@supabase/supabase-js";
import { apiUnreachable, readBearer, refuseToken } from "../_shared/bearer.ts";
import type { Connect } from "../_shared/database.ts";
import type { Failure } from "../_shared/http.ts";

/** A team member, and the Data API as they see it. */
export interface Caller {
  userId: string;
  db: SupabaseClient;
}

/** Whose request it is: the API is asked for the caller's own membership, with their token. */
export async function identify(request: Request, connect: Connect): Promise<Caller | Failure> {
  const bearer = readBearer(request, "a team member");
  if ("code" in bearer) return bearer;
  const { token, userId } = bearer;
  const db = connect(token);
  const { data, error, status } = await db.from("team_members").select("role").eq("user_id", userId);
  if (status === 401) return refuseToken(error?.message ?? "The API refused it.");
  if (error) return apiUnreachable;
  if (data.length === 0) {
    return {
      status: 403,
      code: "team_role_required",
      message: "The account is not in the team.",
      hint: "Ask an admin of the team for a role: viewer to read, agent to write.",
    };
  }
  return { userId, db };
}
