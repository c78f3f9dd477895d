import { Buffer } from "node:buffer";
import { z } from "zod";
import type { Failure } from "./http.ts";

/** An access token of Supabase Auth, and the account that it says it is of. */
export interface Bearer {
  token: string;
  userId: string;
}

/** What an access token says about a person; keys of the project have neither. */
const claimsSchema = z.object({ sub: z.guid(), role: z.literal("authenticated") });

/**
 * Reads `Authorization: Bearer <access token>`. The claims are only read: that they are true, and that the token has not
 * expired, is found out by asking the API something with it; where that answers 401, `refuseToken` says so.
 *
 * @param who whose token is needed, as it reads in a sentence
 */
export function readBearer(request: Request, who: string): Bearer | Failure {
  const authorization = request.headers.get("authorization");
  if (authorization === null) {
    return {
      status: 401,
      code: "sign_in_required",
      message: `This needs the access token of ${who}.`,
      hint: "Send it as `Authorization: Bearer <access token>`.",
      headers: { "www-authenticate": challenge() },
    };
  }
  const token = authorization.match(/^Bearer +([\w-]+\.[\w-]+\.[\w-]+)$/i)?.[1];
  const userId = token && subject(token);
  if (!token || !userId) return refuseToken("It is no access token of a signed-in person.");
  return { token, userId };
}

/** The answer to an access token that the API refuses. */
export function refuseToken(details: string): Failure {
  return {
    status: 401,
    code: "token_invalid",
    message: "The access token is not valid, or no longer.",
    details,
    hint: "Sign in again and send the new access token; one holds for an hour.",
    headers: { "www-authenticate": challenge("invalid_token") },
  };
}

/** The answer while the API can't say whose token it is. */
export const apiUnreachable: Failure = {
  status: 503,
  code: "api_unavailable",
  message: "The database could not be asked who is calling.",
  hint: "Send it again.",
  headers: { "retry-after": "5" },
};

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
