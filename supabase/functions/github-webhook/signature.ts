import { Buffer } from "node:buffer";

/** `X-Hub-Signature-256`: `sha256=` and the HMAC-SHA-256 of the body in hex. */
const FORM = /^sha256=([0-9a-f]{64})$/;

/** Parses the header; null where it has no signature. */
export function parseSignature(header: string | null): Uint8Array<ArrayBuffer> | null {
  const hex = header?.match(FORM)?.[1];
  return hex ? new Uint8Array(Buffer.from(hex, "hex")) : null;
}

/**
 * Whether a body was signed with one of the secrets. The raw bytes are checked, whether they are UTF-8 or
 * not. The comparison takes constant time, and every secret is tried, whichever matches.
 *
 * @see https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries
 */
export async function isSigned(
  body: Uint8Array<ArrayBuffer>,
  signature: Uint8Array<ArrayBuffer>,
  secrets: readonly string[],
): Promise<boolean> {
  let matches = false;
  for (const secret of secrets) {
    const key = await crypto.subtle.importKey(
      "raw",
      new TextEncoder().encode(secret),
      { name: "HMAC", hash: "SHA-256" },
      false,
      ["verify"],
    );
    matches = await crypto.subtle.verify("HMAC", key, signature, body) || matches;
  }
  return matches;
}
