import { decodeJwt } from "jose";
import { accountJson, checkPasswordLength, findAccount, loadAccount } from "./accounts.ts";
import { AuthError } from "./auth-error.ts";
import type { Call } from "./call.ts";
import { beginEmailChange } from "./email-change.ts";
import { endOtherSessions } from "./sessions.ts";

// Fixes in @supabase/lite: a new password leaves the account's other sessions, an anonymous account gets one
// without an address, values that may not be set are ignored, and null ends in 500.
// Unnecessary when: lite updates accounts as GoTrue does.

/** `PUT /user`: metadata, a password, another address. */
export async function updateUser(call: Call): Promise<Response> {
  const { sql } = call.deps;
  const found = await call.lite("/auth/v1/user", {}, "GET");
  if (!found.ok) return found;
  const { id } = await found.json() as { id: string };
  const account = await loadAccount(sql, id);
  const asked = call.text("email") ? call.email() : undefined;
  const next = asked === account?.email ? undefined : asked;
  checkUpdate(call, account?.is_anonymous === true && !asked);
  if (next && await findAccount(sql, next)) {
    throw new AuthError(422, "email_exists", "A user with this email address has already been registered");
  }
  const { email: _, ...others } = call.body;
  const given = Object.entries(others).filter(([, value]) => value !== null);
  const response = await call.lite(undefined, Object.fromEntries(given));
  if (!response.ok) return response;
  if (typeof call.body.password === "string") await endOtherSessions(sql, id, sessionOf(call));
  if (!next) return response;
  await beginEmailChange(call, id, account?.email ?? null, next);
  return Response.json(await accountJson(sql, id));
}

function checkUpdate({ body }: Call, hasNoAddress: boolean): void {
  if (body.app_metadata != null) {
    throw new AuthError(403, "not_admin", "Updating app_metadata requires admin privileges");
  }
  if (typeof body.password !== "string") return;
  checkPasswordLength(body.password);
  if (hasNoAddress && body.password !== "") {
    throw new AuthError(
      422,
      "validation_failed",
      "Updating password of an anonymous user without an email or phone is not allowed",
    );
  }
}

function sessionOf({ request }: Call): string {
  const token = request.headers.get("authorization")?.replace(/^Bearer /i, "") ?? "";
  return String(decodeJwt(token).session_id ?? "");
}
