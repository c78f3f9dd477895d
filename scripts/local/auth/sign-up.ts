import { randomUUID } from "node:crypto";
import type { Call } from "./call.ts";
import {
  type Account,
  accountJson,
  checkPasswordLength,
  createAccount,
  createCode,
  findAccount,
} from "./accounts.ts";
import { AuthError } from "./auth-error.ts";
import { resendEmailChange } from "./email-change.ts";
import { verifyUrl } from "./mails.ts";
import { beginSession } from "./sessions.ts";

// Fixes in @supabase/lite: no anonymous sign-in; a one-time password for a new address confirms the account
// before the mail is read; a second sign-up with an address says whether it has an account.
// Unnecessary when: lite does as GoTrue.

/** `POST /signup`: with an address and a password, or with neither. */
export async function signUp(call: Call): Promise<Response> {
  if (!call.text("email") && !call.text("phone")) return await signUpAnonymously(call);
  checkPasswordLength(call.text("password"));
  const response = await call.lite();
  // lite's answer where the address has an account and confirmations are on
  if (response.status !== 429) return response;
  const { sql } = call.deps;
  const account = await findAccount(sql, call.email());
  if (!account) return response;
  if (account.is_confirmed) return Response.json(someAccount(call.email()));
  await sendConfirmation(call, account);
  return Response.json(await accountJson(sql, account.id));
}

async function signUpAnonymously(call: Call): Promise<Response> {
  const { sql, config } = call.deps;
  if (!config.auth.enable_signup) {
    throw new AuthError(422, "signup_disabled", "Signups not allowed for this instance");
  }
  if (!config.auth.enable_anonymous_sign_ins) {
    throw new AuthError(422, "anonymous_provider_disabled", "Anonymous sign-ins are disabled");
  }
  const id = await createAccount(sql, { isConfirmed: false, userMetadata: call.object("data") });
  const options = { issuer: call.issuer, expiry: config.auth.jwt_expiry };
  return Response.json(await beginSession(sql, id, "anonymous", options));
}

/** What a stranger gets who signs up with the address of somebody else. */
function someAccount(email: string): Record<string, unknown> {
  const now = new Date().toISOString();
  return {
    id: randomUUID(),
    aud: "authenticated",
    role: "",
    email,
    phone: "",
    confirmation_sent_at: now,
    app_metadata: { provider: "email", providers: ["email"] },
    user_metadata: {},
    identities: [],
    created_at: now,
    updated_at: now,
    is_anonymous: false,
  };
}

/** `POST /otp` and `POST /magiclink`: mails a code, and creates the account of a new address. */
export async function sendOtp(call: Call): Promise<Response> {
  const { sql, config } = call.deps;
  if (call.text("phone")) return await call.lite();
  const email = call.email();
  let account = await findAccount(sql, email);
  if (account?.is_confirmed) return await call.lite("/auth/v1/otp", { ...call.body, email });
  if (!account) {
    if (call.body.create_user === false || !config.auth.enable_signup) {
      throw new AuthError(422, "otp_disabled", "Signups not allowed for otp");
    }
    await createAccount(sql, { email, isConfirmed: false, userMetadata: call.object("data") });
    account = await findAccount(sql, email);
  }
  if (account) await sendConfirmation(call, account);
  return Response.json({});
}

/** `POST /resend`: of a sign-up or of another address, a new code. */
export async function resend(call: Call): Promise<Response> {
  const type = call.text("type");
  if (type === "email_change" && call.text("email")) return await resendEmailChange(call);
  if (type !== "signup") return await call.lite();
  const account = await findAccount(call.deps.sql, call.email());
  if (account && !account.is_confirmed) await sendConfirmation(call, account);
  return Response.json({});
}

async function sendConfirmation(call: Call, account: Account): Promise<void> {
  const { sql, mailer } = call.deps;
  const email = account.email ?? "";
  if (account.is_just_mailed) {
    throw new AuthError(
      429,
      "over_email_send_rate_limit",
      "For security purposes, you can only request this after 1 seconds.",
    );
  }
  const { code, hash } = createCode(email);
  await sql`
    update auth.users set confirmation_token = ${hash}, confirmation_sent_at = now(), updated_at = now()
    where id = ${account.id}
  `;
  await mailer.send(sql, call.letter, {
    to: email,
    subject: "Confirm Your Signup",
    text: `Confirm your signup with this code: ${code}\n\nOr follow this link: ${
      verifyUrl(call.letter, hash, "signup")
    }\n`,
  });
}
