import { Buffer } from "node:buffer";
import { createHash, timingSafeEqual } from "node:crypto";

/** Shorter secrets can be guessed. */
const MIN_LENGTH = 20;

/** Two are valid at a time, so that a sender can move to a new one without losing a message. */
const MAX_SECRETS = 2;

/**
 * Parses the shared secrets of an environment variable: comma-separated, the newest first.
 * A list that is empty, too long, or contains a short secret is an error, not a weaker check.
 *
 * @throws Error that names the variable and what is wrong with it, never the secret
 */
export function parseSecrets(name: string, value: string | undefined): string[] {
  const secrets = (value ?? "").split(",").map((secret) => secret.trim()).filter((secret) => secret !== "");
  if (secrets.length === 0) throw new Error(`${name} is not set`);
  if (secrets.length > MAX_SECRETS) throw new Error(`${name} has more than ${MAX_SECRETS} secrets`);
  if (secrets.some((secret) => secret.length < MIN_LENGTH)) {
    throw new Error(`${name} has a secret of fewer than ${MIN_LENGTH} characters`);
  }
  return secrets;
}

/**
 * Whether a caller's secret is one of ours. Takes the same time whichever matches, if any, and does not
 * depend on their lengths: it compares hashes, and always all of them.
 */
export function isOneOf(given: string, secrets: readonly string[]): boolean {
  const hash = sha256(given);
  let matches = false;
  for (const secret of secrets) matches = timingSafeEqual(hash, sha256(secret)) || matches;
  return matches;
}

const sha256 = (text: string): Buffer => createHash("sha256").update(text).digest();
