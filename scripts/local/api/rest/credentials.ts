import { compactVerify, decodeJwt } from "jose";
import { JWT_SECRET, PUBLISHABLE_KEY, SECRET_KEY } from "../../keys.ts";
import { ApiError } from "./errors.ts";

// Who makes a request: supabase.com/docs/guides/api/api-keys and docs.postgrest.org/en/v14/references/auth.html

export interface Caller {
  role: string;
  claims: Record<string, unknown>;
  hasSecretKey: boolean;
}

/** How far a client's clock may be off, in seconds. */
const SKEW = 30;

const ROLES = new Map([[PUBLISHABLE_KEY, "anon"], [SECRET_KEY, "service_role"]]);

/** What Supabase's gateway answers without a valid key. */
export function checkKey(request: Request): Response | undefined {
  const given = keyOf(request);
  if (given === null) {
    return refuse("UNAUTHORIZED_MISSING_API_KEY", {
      message: "No API key found in request",
      hint: "No `apikey` request header or url param was found.",
    });
  }
  if (!ROLES.has(given)) {
    const hint = "Double check your Supabase `apikey`";
    return refuse("UNAUTHORIZED_INVALID_API_KEY", { message: "Invalid API key", hint });
  }
  if (given === SECRET_KEY && /^\s*Mozilla\/5\.0/i.test(request.headers.get("user-agent") ?? "")) {
    return refuse("UNAUTHORIZED_INVALID_API_KEY_TYPE", {
      message: "Forbidden use of secret API key in browser",
    });
  }
  return undefined;
}

const keyOf = (request: Request): string | null =>
  request.headers.get("apikey") ?? new URL(request.url).searchParams.get("apikey");

const refuse = (code: string, body: { message: string; hint?: string }): Response =>
  Response.json(body, { status: 401, headers: { "sb-error-code": code } });

/**
 * The role and claims of a request whose key is valid: the token's, or those of the key.
 *
 * @throws ApiError for a token that is not valid
 */
export async function identify(request: Request): Promise<Caller> {
  const apiKey = keyOf(request) ?? "";
  const hasSecretKey = apiKey === SECRET_KEY;
  const token = request.headers.get("authorization")?.match(/^Bearer (.*)$/i)?.[1]?.trim();
  if (token === undefined || token === apiKey) {
    return { role: ROLES.get(apiKey) ?? "anon", claims: {}, hasSecretKey };
  }
  const claims = await verify(token);
  checkTimes(claims);
  return { role: typeof claims.role === "string" ? claims.role : "anon", claims, hasSecretKey };
}

async function verify(token: string): Promise<Record<string, unknown>> {
  if (token === "") throw invalidToken("PGRST301", "Empty JWT is sent in Authorization header");
  const parts = token.split(".").length;
  if (parts !== 3) throw invalidToken("PGRST301", `Expected 3 parts in JWT; got ${parts}`);
  try {
    const { protectedHeader } = await compactVerify(token, new TextEncoder().encode(JWT_SECRET), {
      algorithms: ["HS256"],
    });
    // with `b64` the payload would be read in another way than the gateway reads it
    if ("crit" in protectedHeader || "b64" in protectedHeader) throw new TypeError();
  } catch {
    throw invalidToken(
      "PGRST301",
      "No suitable key or wrong key type",
      "None of the keys was able to decode the JWT",
    );
  }
  try {
    return decodeJwt(token);
  } catch {
    throw invalidToken("PGRST303", "Parsing claims failed");
  }
}

function checkTimes(claims: Record<string, unknown>): void {
  const now = Date.now() / 1000;
  const time = (name: string): number | undefined => {
    const value = claims[name] ?? undefined;
    if (value === undefined || typeof value === "number") return value;
    throw invalidToken("PGRST303", `The JWT '${name}' claim must be a number`);
  };
  const [expires, from, issued] = [time("exp"), time("nbf"), time("iat")];
  if (expires !== undefined && now - SKEW > expires) throw invalidToken("PGRST303", "JWT expired");
  if (from !== undefined && now + SKEW < from) throw invalidToken("PGRST303", "JWT not yet valid");
  if (issued !== undefined && now + SKEW < issued) throw invalidToken("PGRST303", "JWT issued at future");
}

const invalidToken = (code: string, message: string, details: string | null = null): ApiError =>
  new ApiError(401, { code, message, details }, {
    "www-authenticate": `Bearer error="invalid_token", error_description=${JSON.stringify(message)}`,
  });
