import type postgres from "postgres";
import { createCode, findAccount } from "./accounts.ts";
import { AuthError } from "./auth-error.ts";
import type { Call } from "./call.ts";
import { verifyUrl } from "./mails.ts";

// Fixes in @supabase/lite: an account changes its address once the current one has confirmed, so that nobody has
// read a mail to the new one; and the mail is never sent again.
// Unnecessary when: lite asks both addresses, as GoTrue does.

/** What the first of the two confirmations is answered with. */
export const ACCEPTED = "Confirmation link accepted. Please proceed to confirm link sent to the other email";

/** Mails a code to the new address, and one to the current address where there is one. */
export async function beginEmailChange(
  call: Call,
  id: string,
  current: string | null,
  next: string,
): Promise<void> {
  const { sql } = call.deps;
  const [toNext, toCurrent] = [createCode(next), current ? createCode(current) : undefined];
  const [changed] = await sql`
    update auth.users set
      email_change = ${next}, email_change_token_new = ${toNext.hash},
      email_change_token_current = ${toCurrent?.hash ?? null}, email_change_confirm_status = 0,
      email_change_sent_at = now(), updated_at = now()
    where id = ${id} and coalesce(email_change_sent_at <= now() - interval '1 second', true)
    returning id
  `;
  if (!changed) {
    throw new AuthError(
      429,
      "over_email_send_rate_limit",
      "For security purposes, you can only request this after 1 seconds.",
    );
  }
  if (current && toCurrent) await sendMail(call, current, toCurrent);
  await sendMail(call, next, toNext);
}

async function sendMail(
  call: Call,
  to: string,
  { code, hash }: ReturnType<typeof createCode>,
): Promise<void> {
  const { letter, deps: { sql, mailer } } = call;
  await mailer.send(sql, letter, {
    to,
    subject: "Confirm Email Change",
    text: `Confirm your email change with this code: ${code}\n\nOr follow this link: ${
      verifyUrl(letter, hash, "email_change")
    }\n`,
  });
}

/** `POST /resend` of a change that waits, which the current address names. */
export async function resendEmailChange(call: Call): Promise<Response> {
  const { sql } = call.deps;
  const account = await findAccount(sql, call.email());
  const [waiting] = await sql<{ next: string }[]>`
    select email_change as next from auth.users where id = ${account?.id ?? null} and email_change <> ''
  `;
  if (account && waiting) await beginEmailChange(call, account.id, account.email, waiting.next);
  return Response.json({});
}

/**
 * Takes one of the two tokens of a change.
 *
 * @returns whether the other address has confirmed it too, or need not
 */
export async function confirmEmailChange(sql: postgres.Sql, id: string, token: string): Promise<boolean> {
  const [first] = await sql`
    update auth.users as u set
      email_change_confirm_status = 1,
      email_change_token_current = nullif(u.email_change_token_current, ${token}),
      email_change_token_new = nullif(u.email_change_token_new, ${token})
    where u.id = ${id} and u.email <> '' and u.email_change_confirm_status = 0
      and ${token} in (u.email_change_token_current, u.email_change_token_new)
      and u.email_change_sent_at > now() - interval '1 hour'
    returning id
  `;
  if (first) return false;
  // where lite expects the token of an account that has an address
  await sql`
    update auth.users set email_change_token_current = ${token}, email_change_token_new = null
    where id = ${id} and email_change_confirm_status = 1
      and ${token} in (email_change_token_current, email_change_token_new)
  `;
  return true;
}
