import { AuthError } from "./auth-error.ts";

// Fixes in @supabase/lite: a value of another type ends in 500, and an address that is a number is taken for none,
// which signs up anonymously. GoTrue parses bodies into structs.
// Unnecessary when: lite does as GoTrue.

/** The fields of a body that are text. */
const TEXTS = [
  "email",
  "phone",
  "password",
  "token",
  "token_hash",
  "refresh_token",
  "auth_code",
  "code_verifier",
  "type",
  "code_challenge",
  "code_challenge_method",
  "redirect_to",
  "provider",
  "id_token",
  "nonce",
  "channel",
];

const TYPES = new Map([
  ...TEXTS.map((name) => [name, "string"] as const),
  ...["create_user", "email_confirm"].map((name) => [name, "bool"] as const),
  ...["data", "user_metadata", "app_metadata"].map((name) => [name, "map[string]interface {}"] as const),
]);

/** Of an address, in GoTrue. */
const MAX_EMAIL = 255;

/**
 * Rejects a body that GoTrue can't parse, or whose values no account can have. Null is what is left out.
 *
 * @throws AuthError `bad_json`, `validation_failed` (400)
 */
export function checkFields(body: unknown): void {
  if (kindOf(body) !== "object") throw badJson(`cannot unmarshal ${kindOf(body)} into Go value`);
  for (const [name, value] of Object.entries(body as Record<string, unknown>)) {
    const type = TYPES.get(name);
    if (type === undefined || value === null || kindOf(value) === kindIn(type)) continue;
    throw badJson(`cannot unmarshal ${kindOf(value)} into Go struct field .${name} of type ${type}`);
  }
  const { email } = body as { email?: string | null };
  if (email && email.length > MAX_EMAIL) throw invalid("An email address is too long");
  // PostgreSQL stores neither
  if (email && (email.includes("\0") || !email.isWellFormed())) {
    throw invalid("Unable to validate email address: invalid format");
  }
  if (hasUnstorable(body)) throw badJson("unsupported Unicode escape sequence");
}

/** NUL and halves of surrogate pairs; `JSON.stringify` escapes them, and a backslash as two. */
const hasUnstorable = (body: unknown): boolean =>
  /(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f])/.test(JSON.stringify(body));

const kindOf = (value: unknown): string =>
  value === null
    ? "null"
    : Array.isArray(value)
    ? "array"
    : typeof value === "boolean"
    ? "bool"
    : typeof value;

const kindIn = (type: string): string => type.startsWith("map") ? "object" : type;

const badJson = (why: string): AuthError =>
  new AuthError(400, "bad_json", `Could not parse request body as JSON: json: ${why}`);

const invalid = (message: string): AuthError => new AuthError(400, "validation_failed", message);
