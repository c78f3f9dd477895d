import { accountJson, checkPasswordLength, createAccount, createCode, findAccount } from "./accounts.ts";
import { AuthError } from "./auth-error.ts";
import type { Call } from "./call.ts";
import { verifyUrl } from "./mails.ts";

// Fixes in @supabase/lite: it has no admin API. Of it, what `npm run team:add -- --create` needs.
// Unnecessary when: lite has `auth.admin.createUser` and `auth.admin.generateLink`.

function requireSecret(call: Call): void {
  if (call.key === "secret") return;
  throw new AuthError(403, "not_admin", "User not allowed");
}

/** `POST /admin/users` */
export async function createUser(call: Call): Promise<Response> {
  requireSecret(call);
  const { sql, config } = call.deps;
  const email = call.email();
  const password = call.text("password") || undefined;
  if (password) checkPasswordLength(password);
  if (password && password.length < config.auth.minimum_password_length) {
    const least = config.auth.minimum_password_length;
    throw new AuthError(422, "weak_password", `Password should be at least ${least} characters.`);
  }
  if (await findAccount(sql, email)) {
    throw new AuthError(422, "email_exists", "A user with this email address has already been registered");
  }
  const id = await createAccount(sql, {
    email,
    ...(password ? { password } : {}),
    isConfirmed: call.body.email_confirm === true,
    userMetadata: call.object("user_metadata"),
    appMetadata: call.object("app_metadata"),
  });
  return Response.json(await accountJson(sql, id));
}

/** `POST /admin/generate_link`: for a magic link or a recovery, without a mail. */
export async function generateLink(call: Call): Promise<Response> {
  requireSecret(call);
  const { sql } = call.deps;
  const type = call.text("type");
  if (type !== "magiclink" && type !== "recovery") {
    throw new AuthError(422, "validation_failed", `The local stack generates no links of the type ${type}`);
  }
  const account = await findAccount(sql, call.email());
  if (!account) throw new AuthError(404, "user_not_found", "User with this email not found");
  const { code, hash } = createCode(account.email ?? "");
  await sql`update auth.users set recovery_token = ${hash}, recovery_sent_at = now() where id = ${account.id}`;
  return Response.json({
    ...await accountJson(sql, account.id),
    action_link: verifyUrl(call.letter, hash, type),
    email_otp: code,
    hashed_token: hash,
    redirect_to: call.letter.redirectTo,
    verification_type: type,
  });
}
