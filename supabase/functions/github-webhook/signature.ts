import { Buffer } from "node:buffer";

/** `X-Hub-Signature-256`: `sha256=` and the HMAC-SHA-256 of the body in hex. */
const FORM = /^sha256=([0-9a-f]{64})$/;

/** The signature in the header; null where there is none. */
export function readSignature(header: string | null): Uint8Array<ArrayBuffer> | null {
  const hex = header?.match(FORM)?.[1];
  return hex ? new Uint8Array(Buffer.from(hex, "hex")) : null;
}

/**
 * Whether a body was signed with one of the secrets. The bytes are checked as they came, whether they are UTF-8 or not; how
 * long that takes tells nothing about the signature, and all secrets are tried, whichever matches.
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
