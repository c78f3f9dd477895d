import { decodeJwt } from "jose";
import type postgres from "postgres";
import { PUBLISHABLE_KEY } from "../keys.ts";
import { hashCode } from "./accounts.ts";
import { AuthError, otpExpired } from "./auth-error.ts";
import { Call } from "./call.ts";
import { ACCEPTED, confirmEmailChange } from "./email-change.ts";
import { flowOf } from "./mails.ts";
import { redirectTarget } from "./redirects.ts";
import { completeSession, endSession } from "./sessions.ts";

// Fixes in @supabase/lite: `verifyOtp` refuses the type `email`, which is the documented one, and links of
// clients that use PKCE answer with tokens instead of a code.
// Unnecessary when: lite verifies all types, and redirects with `?code=` after a code challenge.

type Column = "confirmation_token" | "recovery_token" | "email_change";

/** Where the token of a type may be stored, and lite's name of the type there. */
const TYPES: Record<string, Partial<Record<Column, string>>> = {
  email: { confirmation_token: "signup", recovery_token: "magiclink" },
  magiclink: { recovery_token: "magiclink" },
  signup: { confirmation_token: "signup" },
  invite: { confirmation_token: "signup" },
  recovery: { recovery_token: "recovery" },
  email_change: { email_change: "email_change" },
};

/** `POST /verify`: a code and its address, or the hash in a mail, becomes a session. */
export async function verify(call: Call): Promise<Response> {
  const type = call.text("type");
  checkType(type);
  const [hash, code] = [call.text("token_hash"), call.text("token")];
  const wrong = !hash === !code
    ? "Verify requires either a token or a token hash"
    : code && !call.text("email")
    ? "Only an email address or phone number should be provided on verify"
    : hash && (call.text("email") || call.text("redirect_to"))
    ? "Only the token_hash and type should be provided"
    : undefined;
  if (wrong) throw new AuthError(400, "validation_failed", wrong);
  const response = await redeem(call, type, hash || hashCode(call.email(), code), !hash);
  if (!response) return Response.json({ code: "200", msg: ACCEPTED });
  if (!response.ok) return response;
  return Response.json(await completeSession(call.deps.sql, await response.json(), "otp", call.issuer));
}

/** `GET /verify`, the link in a mail: leads to the page with a session, with a code for one, or with an error. */
export async function followLink(call: Call): Promise<Response> {
  const { searchParams } = call.url;
  const { sql, config } = call.deps;
  const type = searchParams.get("type") ?? "";
  const token = searchParams.get("token") ?? searchParams.get("token_hash") ?? "";
  checkType(type);
  if (!token) throw new AuthError(400, "validation_failed", "Verify requires a token or a token hash");
  const target = redirectTarget(searchParams.get("redirect_to"), config);
  const isPkce = token.startsWith("pkce_");
  // a link has no key
  const post = new Request(call.request.url, { method: "POST", headers: { apikey: PUBLISHABLE_KEY } });
  const response = await redeem(new Call(call.deps, post, {}), type, token, false);
  if (!response) return redirect(target, { message: ACCEPTED }, isPkce);
  if (!response.ok) {
    const { error_code, msg } = await response.json() as { error_code: string; msg: string };
    return redirect(target, { error: "access_denied", error_code, error_description: msg }, isPkce);
  }
  try {
    const session = await completeSession(
      sql,
      await response.json(),
      isPkce ? undefined : "otp",
      call.issuer,
    );
    if (isPkce) return redirectWithCode(target, await issueCode(sql, session.access_token, token));
    const { access_token, refresh_token, expires_at, expires_in, token_type } = session;
    const values = { access_token, expires_at, expires_in, refresh_token, token_type, type };
    return redirect(target, values as Record<string, string>, false);
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    const values = { error: "access_denied", error_code: error.code, error_description: error.message };
    return redirect(target, values, isPkce);
  }
}

function checkType(type: string): void {
  if (!type) throw new AuthError(400, "validation_failed", "Verify requires a verification type");
  if (!Object.hasOwn(TYPES, type)) {
    throw new AuthError(400, "validation_failed", "Invalid email verification type");
  }
}

/**
 * lite's session for a token, which is used up; `undefined` where another address has to confirm as well.
 *
 * @param isCode whether the hash is that of a code, which is stored otherwise where the client uses PKCE
 */
async function redeem(
  call: Call,
  type: string,
  hash: string,
  isCode: boolean,
): Promise<Response | undefined> {
  const { sql } = call.deps;
  const stored = await findToken(sql, isCode ? [hash, `pkce_${hash}`] : [hash], TYPES[type] ?? {});
  if (!stored) return otpExpired().toResponse();
  const isChange = stored.type === "email_change";
  if (isChange && !await confirmEmailChange(sql, stored.id, stored.token)) return undefined;
  const response = await call.lite("/auth/v1/verify", { token_hash: stored.token, type: stored.type });
  // an anonymous account that has confirmed an address is one no longer
  await sql`
    update auth.users set is_anonymous = false where id = ${stored.id} and is_anonymous and email is not null
  `;
  return response;
}

async function findToken(
  sql: postgres.Sql,
  tokens: string[],
  columns: Partial<Record<Column, string>>,
): Promise<{ id: string; token: string; type: string } | undefined> {
  const [row] = await sql<{ id: string; token: string; at: Column }[]>`
    select u.id, t.token, t.at
    from auth.users as u
    cross join lateral (values
      (u.confirmation_token::text, 'confirmation_token'), (u.recovery_token::text, 'recovery_token'),
      (u.email_change_token_new::text, 'email_change'), (u.email_change_token_current::text, 'email_change')
    ) as t (token, at)
    where t.token in ${sql(tokens)} and t.at in ${sql(Object.keys(columns))}
  `;
  const type = row && columns[row.at];
  return type ? { id: row.id, token: row.token, type } : undefined;
}

/**
 * The code for which the client that asked for the mail gets its session (`grant_type=pkce`), in place of the
 * one that lite began.
 */
async function issueCode(sql: postgres.Sql, accessToken: string, token: string): Promise<string> {
  const { sub = "", session_id } = decodeJwt(accessToken);
  await endSession(sql, String(session_id));
  const [flow] = await sql<{ code: string }[]>`
    update auth.flow_state set auth_code_issued_at = now(), created_at = now(), updated_at = now()
    where id = ${flowOf(token)} and user_id = ${sub}
    returning auth_code as code
  `;
  if (!flow) throw otpExpired();
  return flow.code;
}

function redirectWithCode(target: string, code: string): Response {
  const url = new URL(target);
  url.searchParams.set("code", code);
  return seeOther(url.href);
}

/** Values are in the fragment; an error is in the query too where the client reads only that. */
function redirect(target: string, values: Record<string, string>, isInQuery: boolean): Response {
  const url = new URL(target);
  if (isInQuery) { for (const [name, value] of Object.entries(values)) url.searchParams.set(name, value); }
  url.hash = new URLSearchParams(Object.entries(values).map(([name, value]) => [name, String(value)]))
    .toString();
  return seeOther(url.href);
}

const seeOther = (location: string): Response => new Response(null, { status: 303, headers: { location } });
