import { createHash, randomInt, randomUUID } from "node:crypto";
import type postgres from "postgres";
import { AuthError } from "./auth-error.ts";

// Fixes in @supabase/lite: it has no anonymous accounts, and an account that is created by a one-time password
// counts as confirmed before anybody has read the mail.
// Unnecessary when: lite creates accounts as GoTrue does.

export interface Account {
  id: string;
  email: string | null;
  is_confirmed: boolean;
  /** Whether a mail was sent to it within the last second, as often as under `supabase start`. */
  is_just_mailed: boolean;
  is_anonymous: boolean;
  /** Whether it may sign in: neither banned nor deleted. */
  is_active: boolean;
}

const COLUMNS = `
  u.id, u.email, u.email_confirmed_at is not null as is_confirmed, u.is_anonymous,
  coalesce(u.confirmation_sent_at > now() - interval '1 second', false) as is_just_mailed,
  u.deleted_at is null and (u.banned_until is null or u.banned_until <= now()) as is_active
`;

export async function findAccount(sql: postgres.Sql, email: string): Promise<Account | undefined> {
  const [row] = await sql<Account[]>`
    select ${sql.unsafe(COLUMNS)} from auth.users as u where u.email = ${email.toLowerCase()}
  `;
  return row;
}

export async function loadAccount(sql: postgres.Sql, id: string): Promise<Account | undefined> {
  const [row] = await sql<Account[]>`select ${sql.unsafe(COLUMNS)} from auth.users as u where u.id = ${id}`;
  return row;
}

export interface NewAccount {
  /** None for an anonymous account. */
  email?: string;
  password?: string;
  isConfirmed: boolean;
  userMetadata: Record<string, unknown>;
  appMetadata?: Record<string, unknown>;
}

/** Creates an account, with its identity where it has an address. */
export async function createAccount(sql: postgres.Sql, account: NewAccount): Promise<string> {
  const id = randomUUID();
  const email = account.email?.toLowerCase() ?? null;
  const app = { ...(email ? { provider: "email", providers: ["email"] } : {}), ...account.appMetadata };
  const identity = { email, email_verified: account.isConfirmed, phone_verified: false, sub: id };
  const user = email ? { ...account.userMetadata, ...identity } : account.userMetadata;
  await sql`
    insert into auth.users (
      id, aud, role, email, encrypted_password, email_confirmed_at, raw_app_meta_data, raw_user_meta_data,
      is_anonymous, created_at, updated_at
    )
    values (
      ${id}, 'authenticated', 'authenticated', ${email},
      ${
    account.password === undefined
      ? null
      : sql`extensions.crypt(${account.password}::text, extensions.gen_salt('bf', 10))`
  },
      ${account.isConfirmed ? sql`now()` : null}, ${JSON.stringify(app)}::text::jsonb,
      ${JSON.stringify(user)}::text::jsonb,
      ${email === null}, now(), now()
    )
  `;
  if (email) {
    await sql`
      insert into auth.identities (
        id, provider, provider_id, user_id, identity_data, last_sign_in_at, created_at, updated_at
      )
      values (${randomUUID()}, 'email', ${id}, ${id}, ${
      JSON.stringify(identity)
    }::text::jsonb, now(), now(), now())
    `;
  }
  return id;
}

/** Of a password, in bytes: bcrypt reads no more. */
const LONGEST_PASSWORD = 72;

/** @throws AuthError `validation_failed` (400) */
export function checkPasswordLength(password: string): void {
  if (Buffer.byteLength(password) <= LONGEST_PASSWORD) return;
  throw new AuthError(
    400,
    "validation_failed",
    `Password cannot be longer than ${LONGEST_PASSWORD} characters`,
  );
}

/** Whether an address has an account with this password. */
export async function hasPassword(sql: postgres.Sql, email: string, password: string): Promise<boolean> {
  // pgcrypto calls the version 2b by its older name
  const [row] = await sql<{ is_right: boolean }[]>`
    select h.hash = extensions.crypt(${password}::text, h.hash) as is_right
    from auth.users as u
    cross join lateral (select regexp_replace(nullif(u.encrypted_password, ''), '^\\$2[bxy]\\$', '$2a$') as hash) as h
    where u.email = ${email.toLowerCase()}
  `;
  return row?.is_right === true;
}

/** A one-time code, with what is stored of it. lite makes its own in the same way. */
export function createCode(email: string): { code: string; hash: string } {
  const code = Array.from({ length: 6 }, () => randomInt(10)).join("");
  return { code, hash: hashCode(email, code) };
}

export function hashCode(email: string, code: string): string {
  return createHash("sha256").update(email.toLowerCase() + code).digest("hex");
}

/** The account as the API returns it. */
export async function accountJson(sql: postgres.Sql, id: string): Promise<Record<string, unknown>> {
  const [row] = await sql<{ json: Record<string, unknown> }[]>`
    select (select jsonb_object_agg(key, value) from jsonb_each(jsonb_build_object(
      'id', u.id, 'aud', u.aud, 'role', u.role, 'email', coalesce(u.email, ''), 'phone', coalesce(u.phone, ''),
      'email_confirmed_at', u.email_confirmed_at, 'confirmed_at', u.email_confirmed_at,
      'confirmation_sent_at', u.confirmation_sent_at, 'last_sign_in_at', u.last_sign_in_at,
      'new_email', nullif(u.email_change, ''), 'email_change_sent_at', u.email_change_sent_at,
      'recovery_sent_at', u.recovery_sent_at,
      'app_metadata', coalesce(u.raw_app_meta_data, '{}'), 'user_metadata', coalesce(u.raw_user_meta_data, '{}'),
      'identities', coalesce((
        select jsonb_agg(jsonb_build_object(
          'identity_id', i.id, 'id', i.provider_id, 'user_id', i.user_id, 'provider', i.provider,
          'identity_data', i.identity_data, 'email', i.identity_data ->> 'email',
          'last_sign_in_at', i.last_sign_in_at, 'created_at', i.created_at, 'updated_at', i.updated_at
        ))
        from auth.identities as i where i.user_id = u.id
      ), '[]'),
      'created_at', u.created_at, 'updated_at', u.updated_at,
      'is_anonymous', u.is_anonymous
    )) where value <> 'null') as json
    from auth.users as u where u.id = ${id}
  `;
  return row?.json ?? {};
}
