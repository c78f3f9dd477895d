import { AsyncLocalStorage } from "node:async_hooks";
import { createHash, randomUUID } from "node:crypto";
import type { EmailMessage } from "@supabase/lite";
import type postgres from "postgres";

// Fixes in @supabase/lite: links in mails point at the site instead of the API, always lead back to
// `site_url`, and forget the code challenge of a client that uses PKCE.
// Unnecessary when: lite sends the links that GoTrue does.

/** A mail of Auth, which nobody delivers. */
export interface Mail {
  to: string;
  subject: string;
  text: string;
  /** The one-time code in it. */
  code: string | undefined;
  link: string | undefined;
}

/** What the links in the mails of a request need to know about it. */
export interface Letter {
  /** Origin of the API. */
  origin: string;
  redirectTo: string;
  challenge?: { code: string; method: string } | undefined;
}

const LINK = /https?:\/\/\S+\/auth\/v1\/verify\?[^\s"]+/;
const TOKENS = [
  "confirmation_token",
  "recovery_token",
  "email_change_token_new",
  "email_change_token_current",
];
const METHODS: Record<string, string> = { signup: "email/signup" };

/** Sends mails: collects what lite sends during a request, and sends it with the links that it should have. */
export class Mailer {
  readonly #outbox = new AsyncLocalStorage<EmailMessage[]>();
  readonly #deliver: (mail: Mail) => void;

  constructor(deliver: (mail: Mail) => void) {
    this.#deliver = deliver;
  }

  /** lite's driver of mails. */
  readonly driver = {
    send: (message: EmailMessage): Promise<void> => {
      this.#outbox.getStore()?.push(message);
      return Promise.resolve();
    },
  };

  /** Runs a request of lite, and sends its mails where it succeeds. */
  async collect(sql: postgres.Sql, letter: Letter, step: () => Promise<Response>): Promise<Response> {
    const messages: EmailMessage[] = [];
    const response = await this.#outbox.run(messages, step);
    if (response.ok) { for (const message of messages) await this.send(sql, letter, message); }
    return response;
  }

  /** Sends a mail whose link, if it has one, names the stored token. */
  async send(sql: postgres.Sql, letter: Letter, { to, subject, text = "" }: EmailMessage): Promise<void> {
    const code = text.match(/\bcode\b[^:\n]*: (\d+)/)?.[1];
    const old = text.match(LINK)?.[0];
    if (!old) return this.#deliver({ to, subject, text, code, link: undefined });
    const { searchParams } = new URL(old);
    const type = searchParams.get("type") ?? "";
    const token = await keepChallenge(sql, searchParams.get("token") ?? "", type, letter);
    const link = verifyUrl(letter, token, type);
    this.#deliver({ to, subject, text: text.replaceAll(old, link), code, link });
  }
}

export function verifyUrl({ origin, redirectTo }: Letter, token: string, type: string): string {
  return `${origin}/auth/v1/verify?${new URLSearchParams({ token, type, redirect_to: redirectTo })}`;
}

/** With PKCE, the link leads to a code that only the client can exchange that made the request. */
async function keepChallenge(sql: postgres.Sql, hash: string, type: string, letter: Letter): Promise<string> {
  if (!letter.challenge) return hash;
  const token = `pkce_${hash}`;
  for (const column of TOKENS) {
    const [user] = await sql<{ id: string }[]>`
      update auth.users set ${sql(column)} = ${token} where ${sql(column)} = ${hash} returning id
    `;
    if (!user) continue;
    await sql`
      insert into auth.flow_state (
        id, user_id, auth_code, authentication_method, code_challenge_method, code_challenge, provider_type,
        provider_access_token, provider_refresh_token, email_optional, created_at, updated_at
      )
      values (
        ${flowOf(token)}, ${user.id}, ${randomUUID()}, ${METHODS[type] ?? type},
        ${letter.challenge.method.toLowerCase()}, ${letter.challenge.code}, 'email', '', '', false, now(), now()
      )
      on conflict (id) do update set
        auth_code = excluded.auth_code, code_challenge_method = excluded.code_challenge_method,
        code_challenge = excluded.code_challenge, created_at = excluded.created_at
    `;
  }
  return token;
}

/** The id of the flow that a mail's token belongs to: one user may have several mails with links that work. */
export function flowOf(token: string): string {
  const hex = createHash("sha256").update(token).digest("hex");
  return hex.slice(0, 32).replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
