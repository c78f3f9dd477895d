import { createUser, generateLink } from "./admin.ts";
import { absentPath, absentRequest } from "./absent.ts";
import { hasPassword, loadAccount } from "./accounts.ts";
import { AuthError } from "./auth-error.ts";
import { type AuthDependencies, Call } from "./call.ts";
import { checkFields } from "./fields.ts";
import { completeSession, type Method } from "./sessions.ts";
import { resend, sendOtp, signUp } from "./sign-up.ts";
import { updateUser } from "./user.ts";
import { followLink, verify } from "./verify.ts";

// Auth of the local stack: @supabase/lite, and our own answers where it differs from GoTrue. Each file here
// opens with what it fixes.

/** What answers in place of lite. Links have no key; everything else is left to lite without one. */
const ROUTES: Record<string, (call: Call) => Promise<Response>> = {
  "POST /signup": signUp,
  "POST /otp": sendOtp,
  "POST /magiclink": sendOtp,
  "POST /resend": resend,
  "POST /verify": verify,
  "GET /verify": followLink,
  "POST /token": exchangeForSession,
  "PUT /user": updateUser,
  "POST /logout": signOut,
  "POST /admin/users": createUser,
  "POST /admin/generate_link": generateLink,
};

/** Answers `/auth/v1`. */
export function createAuth(deps: AuthDependencies): (request: Request) => Promise<Response> {
  return async (request) => {
    const { pathname, searchParams } = new URL(request.url);
    const path = pathname.replace(/^\/auth\/v1/, "");
    const route = `${request.method} ${path}`;
    const copy = request.clone();
    const parsed = await parseBody(request);
    const body = isObject(parsed) ? parsed : undefined;
    const call = new Call(deps, request, body ?? {});
    const answer = ROUTES[route];
    try {
      if (call.key && parsed !== undefined) {
        checkFields(parsed);
        call.checkChallenge();
      }
      const absent = absentRequest(path, searchParams, body ?? {}) ?? (answer ? undefined : absentPath(path));
      if (absent && request.method !== "OPTIONS") return absent.toResponse();
      if (answer && body && (call.key || route === "GET /verify")) {
        return await complete(call, await answer(call));
      }
      const response = await deps.mailer.collect(deps.sql, call.letter, () => deps.lite(copy));
      return await complete(call, response);
    } catch (error) {
      if (error instanceof AuthError) return error.toResponse();
      throw error;
    }
  };
}

/** The JSON of a request; undefined where it is not JSON, which lite rejects. */
async function parseBody(request: Request): Promise<unknown> {
  const text = await request.text();
  try {
    return text === "" ? {} : JSON.parse(text);
  } catch {
    return undefined;
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** `POST /token` */
async function exchangeForSession(call: Call): Promise<Response> {
  const { sql } = call.deps;
  const grant = call.url.searchParams.get("grant_type");
  const [flow] = grant === "pkce"
    ? await sql<{ method: Method }[]>`
      select authentication_method as method from auth.flow_state where auth_code::text = ${
      call.text("auth_code")
    }`
    : [];
  const method = grant === "password" ? "password" : flow?.method;
  if (grant === "refresh_token") await requireKnownToken(call);
  const response = await call.lite();
  if (grant === "password" && !response.ok) await requirePassword(call);
  if (!response.ok) return response;
  const { headers } = response;
  headers.delete("content-length");
  return Response.json(await completeSession(sql, await response.json(), method, call.issuer), { headers });
}

async function requireKnownToken(call: Call): Promise<void> {
  const token = call.text("refresh_token");
  if (!token || (await call.deps.sql`select from auth.refresh_tokens where token = ${token}`).length) return;
  throw new AuthError(400, "refresh_token_not_found", "Invalid Refresh Token: Refresh Token Not Found");
}

/** Whether an address is confirmed is for those to know who have the password. */
async function requirePassword(call: Call): Promise<void> {
  const [email, password] = [call.text("email"), call.body.password];
  if (!email || typeof password !== "string" || password === "") return;
  if (await hasPassword(call.deps.sql, email, password)) return;
  throw new AuthError(400, "invalid_credentials", "Invalid login credentials");
}

/** `POST /logout`: of all sessions, where the request does not say which. */
async function signOut(call: Call): Promise<Response> {
  const scope = call.url.searchParams.get("scope") || "global";
  return await call.lite(`/auth/v1/logout?${new URLSearchParams({ scope })}`, {});
}

/** lite's answers with what it does not know: sessions of a sign-up, and which accounts are anonymous. */
async function complete(call: Call, response: Response): Promise<Response> {
  if (!response.ok || call.request.method === "HEAD") return response;
  if (!response.headers.get("content-type")?.includes("json")) return response;
  const { sql } = call.deps;
  const body = await response.clone().json() as Record<string, unknown> | null;
  if (typeof body?.access_token === "string") {
    if (body.user && isComplete(body.access_token)) return response;
    return Response.json(
      await completeSession(sql, body as Parameters<typeof completeSession>[1], "password", call.issuer),
    );
  }
  if (body?.is_anonymous !== false || typeof body.id !== "string") return response;
  const account = await loadAccount(sql, body.id);
  return account?.is_anonymous ? Response.json({ ...body, is_anonymous: true }) : response;
}

/** Whether a token has the claims that lite leaves out. */
const isComplete = (token: string): boolean =>
  Buffer.from(token.split(".")[1] ?? "", "base64url").toString().includes('"amr"');
