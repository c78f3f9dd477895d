import { randomUUID } from "node:crypto";
import { decodeJwt, type JWTPayload, SignJWT } from "jose";
import type postgres from "postgres";
import { JWT_SECRET } from "../keys.ts";
import { accountJson, loadAccount } from "./accounts.ts";
import { AuthError } from "./auth-error.ts";

// Fixes in @supabase/lite: access tokens lack claims that the platform's have, and banned and deleted accounts
// sign in.
// Unnecessary when: lite signs tokens with the claims of supabase.com/docs/guides/auth/jwt-fields.

/** How a session began, as in the claim `amr`. */
export type Method = "password" | "otp" | "anonymous" | "magiclink" | "recovery" | "email/signup";

interface Session {
  access_token: string;
  refresh_token: string;
  user: Record<string, unknown>;
  [key: string]: unknown;
}

/** Begins a session of an account. */
export async function beginSession(
  sql: postgres.Sql,
  id: string,
  method: Method,
  options: { issuer: string; expiry: number },
): Promise<Session> {
  const session = randomUUID();
  const refresh = randomUUID();
  await sql`
    insert into auth.sessions (id, user_id, aal, created_at, updated_at) values (${session}, ${id}, 'aal1', now(), now())
  `;
  await sql`
    insert into auth.refresh_tokens (id, token, user_id, session_id, revoked, created_at, updated_at)
    values (${randomUUID()}, ${refresh}, ${id}, ${session}, false, now(), now())
  `;
  await sql`update auth.users set last_sign_in_at = now(), updated_at = now() where id = ${id}`;
  const user = await accountJson(sql, id);
  const now = Math.floor(Date.now() / 1000);
  const expiresAt = now + options.expiry;
  const claims = {
    sub: id,
    aud: "authenticated",
    role: "authenticated",
    email: user.email as string,
    session_id: session,
    iat: now,
    exp: expiresAt,
  };
  return {
    access_token: await completeToken(sql, claims, method, options.issuer),
    token_type: "bearer",
    expires_in: options.expiry,
    expires_at: expiresAt,
    refresh_token: refresh,
    user,
  };
}

/** lite's session with the token that the platform would have issued. Throws for an account that may not sign in. */
export async function completeSession(
  sql: postgres.Sql,
  session: Session,
  method: Method | undefined,
  issuer: string,
): Promise<Session> {
  const claims = decodeJwt(session.access_token);
  return {
    ...session,
    access_token: await completeToken(sql, claims, method, issuer),
    user: {
      ...session.user,
      is_anonymous: (await loadAccount(sql, claims.sub ?? ""))?.is_anonymous ?? false,
    },
  };
}

async function completeToken(
  sql: postgres.Sql,
  claims: JWTPayload,
  method: Method | undefined,
  issuer: string,
): Promise<string> {
  const id = claims.sub ?? "";
  const session = String(claims.session_id);
  const account = await loadAccount(sql, id);
  if (!account?.is_active) {
    await endSession(sql, session);
    throw new AuthError(400, "user_banned", "User is banned");
  }
  if (method) {
    await sql`
      insert into auth.mfa_amr_claims (id, session_id, authentication_method, created_at, updated_at)
      values (${randomUUID()}, ${session}, ${method}, now(), now())
      on conflict (session_id, authentication_method) do nothing
    `;
  }
  const amr = await sql<{ method: string; timestamp: number }[]>`
    select a.authentication_method as method, extract(epoch from a.updated_at)::integer as timestamp
    from auth.mfa_amr_claims as a where a.session_id = ${session} order by a.updated_at desc
  `;
  const user = await accountJson(sql, id);
  return await new SignJWT({
    ...claims,
    iss: issuer,
    email: account.email ?? "",
    phone: user.phone,
    app_metadata: user.app_metadata ?? {},
    user_metadata: user.user_metadata ?? {},
    aal: "aal1",
    amr: [...amr],
    is_anonymous: account.is_anonymous,
  }).setProtectedHeader({ alg: "HS256", typ: "JWT" }).sign(new TextEncoder().encode(JWT_SECRET));
}

/** Ends all sessions of an account but one. */
export async function endOtherSessions(sql: postgres.Sql, id: string, session: string): Promise<void> {
  const others =
    sql`select s.id from auth.sessions as s where s.user_id = ${id} and s.id::text <> ${session}`;
  await sql`delete from auth.refresh_tokens where session_id in (${others})`;
  await sql`delete from auth.sessions where id in (${others})`;
}

/** Ends a session and its refresh tokens. */
export async function endSession(sql: postgres.Sql, session: string): Promise<void> {
  await sql`delete from auth.refresh_tokens where session_id = ${session}`;
  await sql`delete from auth.sessions where id = ${session}`;
}
