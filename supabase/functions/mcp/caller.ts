import { Buffer } from "node:buffer";
import type { SupabaseClient } from "@supabase/supabase-js";
import { z } from "zod";
import type { Connect } from "../_shared/database.ts";
import type { Failure } from "../_shared/http.ts";

/** A team member, and the Data API as they see it. */
export interface Caller {
  userId: string;
  db: SupabaseClient;
}

/** What an access token of Supabase Auth says about a person; keys of the project have neither. */
const claimsSchema = z.object({ sub: z.guid(), role: z.literal("authenticated") });

/**
 * Whose request it is. The token's claims are only read here; that they are true, and that the token has not expired, is
 * checked by the API, which answers the question for the caller's own membership with it.
 */
export async function identify(request: Request, connect: Connect): Promise<Caller | Failure> {
  const authorization = request.headers.get("authorization");
  if (authorization === null) {
    return {
      status: 401,
      code: "token_missing",
      message: "This needs the access token of a team member.",
      hint: "Send it as `Authorization: Bearer <access token>`.",
      headers: { "www-authenticate": challenge() },
    };
  }
  const token = authorization.match(/^Bearer +([\w-]+\.[\w-]+\.[\w-]+)$/i)?.[1];
  const userId = token && subject(token);
  if (!token || !userId) return refuseToken("It is no access token of a signed-in person.");

  const db = connect(token);
  const { data, error, status } = await db.from("team_members").select("role").eq("user_id", userId);
  if (status === 401) return refuseToken(error?.message ?? "The API refused it.");
  if (error) {
    return {
      status: 503,
      code: "api_unreachable",
      message: "The database could not be asked who is calling.",
      hint: "Send it again.",
      headers: { "retry-after": "5" },
    };
  }
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

function refuseToken(details: string): Failure {
  return {
    status: 401,
    code: "token_invalid",
    message: "The access token is not valid, or no longer.",
    details,
    hint: "Sign in again and send the new access token; one holds for an hour.",
    headers: { "www-authenticate": challenge("invalid_token") },
  };
}

/** RFC 6750, section 3: without credentials the challenge names no error. */
const challenge = (error?: string): string => `Bearer realm="fixloop"${error ? `, error="${error}"` : ""}`;

function subject(token: string): string | undefined {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8"));
    return claimsSchema.safeParse(claims).data?.sub;
  } catch {
    return undefined;
  }
}
