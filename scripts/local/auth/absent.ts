import { AuthError } from "./auth-error.ts";

// Fixes in @supabase/lite: features that it lacks are answered as if a token or a field were missing, or as if
// they were there.
// Unnecessary when: lite answers that a feature is off, as GoTrue does.

type Feature = readonly [name: string, code: string];

/** Features by the paths below `/auth/v1` that belong to them. */
const BY_PATH: [path: RegExp, feature: Feature][] = [
  [/^\/(admin|invite|generate_link)(\/|$)/, ["This part of the admin API", "not_implemented"]],
  [/^\/factors(\/|$)/, ["Multi-factor authentication", "mfa_totp_enroll_not_enabled"]],
  [/^\/(sso|saml)(\/|$)/, ["Single sign-on", "saml_provider_disabled"]],
  [/^\/user\/identities(\/|$)/, ["Linking of identities", "manual_linking_disabled"]],
  [/^\/(user\/)?oauth(\/|$)/, ["The OAuth server", "not_implemented"]],
  [/^\/(authorize|callback)(\/|$)/, ["Sign-in with a provider", "provider_disabled"]],
  [/^\/reauthenticate(\/|$)/, ["Reauthentication", "not_implemented"]],
];

/** Features by the `grant_type` of `POST /token`. */
const BY_GRANT = new Map<string, Feature>([
  ["id_token", ["Sign-in with a provider's token", "provider_disabled"]],
  ["web3", ["Sign-in with a wallet", "web3_provider_disabled"]],
]);

/** Requests that may name an account by its phone. */
const WITH_PHONE = ["/signup", "/otp", "/token", "/verify", "/resend", "/user"];

/** The error of a path that belongs to a feature that is absent here; `undefined` for every other one. */
export function absentPath(path: string): AuthError | undefined {
  const found = BY_PATH.find(([pattern]) => pattern.test(path));
  return found && absent(found[1]);
}

/** The same of what a request asks for at a path that the stack serves. */
export function absentRequest(
  path: string,
  query: URLSearchParams,
  body: Record<string, unknown>,
): AuthError | undefined {
  if (WITH_PHONE.includes(path) && body.phone) return absent(["Phone", "phone_provider_disabled"]);
  const feature = path === "/token" ? BY_GRANT.get(query.get("grant_type") ?? "") : undefined;
  return feature && absent(feature);
}

// GoTrue's status for a feature that is off; clients take 500 and above for faults of the network
const absent = ([name, code]: Feature): AuthError =>
  new AuthError(422, code, `${name} is absent from the local stack: docs/local-stack.md#auth`);
