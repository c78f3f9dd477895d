import { AuthError } from "./auth-error.ts";

// Fixes in @supabase/lite: features that it lacks are answered as if a token or a field were missing.
// Unnecessary when: lite answers that a feature is off, as GoTrue does.

/** Features by the paths below `/auth/v1` that belong to them. */
const FEATURES: [path: RegExp, feature: string, code: string][] = [
  [/^\/(admin|invite|generate_link)(\/|$)/, "This part of the admin API", "not_implemented"],
  [/^\/factors(\/|$)/, "Multi-factor authentication", "mfa_totp_enroll_not_enabled"],
  [/^\/(sso|saml)(\/|$)/, "Single sign-on", "saml_provider_disabled"],
  [/^\/user\/identities(\/|$)/, "Linking of identities", "manual_linking_disabled"],
  [/^\/oauth(\/|$)/, "The OAuth server", "not_implemented"],
];

/** Requests that may name an account by its phone. */
const WITH_PHONE = ["/signup", "/otp", "/token", "/verify", "/resend"];

/** The error of a request for a feature that is absent here; `undefined` for every other one. */
export function absentFeature(path: string, body: Record<string, unknown>): AuthError | undefined {
  const [, feature, code] = WITH_PHONE.includes(path) && body.phone
    ? [path, "Phone", "phone_provider_disabled"] as const
    : FEATURES.find(([pattern]) => pattern.test(path)) ?? [];
  // GoTrue's status for a feature that is off; clients take 500 and above for faults of the network
  return feature === undefined || code === undefined
    ? undefined
    : new AuthError(422, code, `${feature} is absent from the local stack: docs/local-stack.md#auth`);
}
