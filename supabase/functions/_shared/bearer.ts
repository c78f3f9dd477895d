import { Buffer } from "node:buffer";
import { z } from "zod";
import { type Failure, HttpError } from "./failure.ts";

/** An access token of Supabase Auth, and the account that its claims name. */
export interface Bearer {
  token: string;
  userId: string;
}

/** The claims of a person's access token; the project's keys have neither. */
const claimsSchema = z.object({ sub: z.guid(), role: z.literal("authenticated") });

/**
 * Parses `Authorization: Bearer <access token>`; throws 401. The claims are not verified here: the first call
 * of the Data API with the token does that, and where it answers 401, the caller throws `tokenInvalid`.
 *
 * @param owner whose token is needed, as it reads in a sentence
 * @param metadataUrl of the protected resource's metadata, which the challenge then names
 */
export function parseBearer(request: Request, owner: string, metadataUrl?: string): Bearer {
  const authorization = request.headers.get("authorization");
  if (authorization === null) {
    throw new HttpError({
      status: 401,
      code: "sign_in_required",
      message: `This needs the access token of ${owner}.`,
      hint: "Send it as `Authorization: Bearer <access token>`.",
      headers: { "www-authenticate": challenge(undefined, metadataUrl) },
    });
  }
  const token = authorization.match(/^Bearer +([\w-]+\.[\w-]+\.[\w-]+)$/i)?.[1];
  const userId = token && parseSubject(token);
  if (!token || !userId) throw tokenInvalid("It is not the access token of a signed-in person.", metadataUrl);
  return { token, userId };
}

/** The error for an access token that the API rejects. */
export const tokenInvalid = (details: string, metadataUrl?: string): HttpError =>
  new HttpError({
    status: 401,
    code: "token_invalid",
    message: "The access token is invalid or has expired.",
    details,
    hint: "Sign in again and send the new access token; a token is valid for an hour.",
    headers: { "www-authenticate": challenge("invalid_token", metadataUrl) },
  });

/** The error while the API can't verify the token. */
export const API_UNAVAILABLE: Failure = {
  status: 503,
  code: "api_unavailable",
  message: "The database could not be asked who is calling.",
  hint: "Send it again.",
  headers: { "retry-after": "5" },
};

/** RFC 6750, section 3: without credentials the challenge names no error. RFC 9728, section 5.1: `resource_metadata`. */
const challenge = (error?: string, metadataUrl?: string): string =>
  [
    'Bearer realm="fixloop"',
    ...error ? [`error="${error}"`] : [],
    ...metadataUrl ? [`resource_metadata="${metadataUrl}"`] : [],
  ].join(", ");

function parseSubject(token: string): string | undefined {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8"));
    return claimsSchema.safeParse(claims).data?.sub;
  } catch {
    return undefined;
  }
}
