import { Buffer } from "node:buffer";

/** What a ciphertext is bound to: it can be decrypted with the same identity only. */
export interface SecretIdentity {
  /** The row of `private.secrets`. */
  id: string;
  /** What it is for, such as `github_token`. */
  kind: string;
  /** The account that it belongs to. */
  ownerId: string;
}

/** The keys that are valid now, newest first. The first one encrypts, all of them decrypt. */
export type MasterKeys = readonly [MasterKey, ...MasterKey[]];

/** One master key. Its bytes appear neither in a log nor in JSON. */
export class MasterKey {
  readonly id: string;
  readonly #bytes: Uint8Array<ArrayBuffer>;

  constructor(id: string, bytes: Uint8Array<ArrayBuffer>) {
    this.id = id;
    this.#bytes = bytes;
  }

  /** The key of one row: HKDF-SHA-256 (RFC 5869) without a salt, as the master key is random already. */
  async rowKey(rowId: string): Promise<CryptoKey> {
    const master = await crypto.subtle.importKey("raw", this.#bytes, "HKDF", false, ["deriveKey"]);
    return await crypto.subtle.deriveKey(
      {
        name: "HKDF",
        hash: "SHA-256",
        salt: new Uint8Array(),
        info: utf8(`fixloop/secret/${VERSION}/${rowId}`),
      },
      master,
      { name: "AES-GCM", length: 256 },
      false,
      ["encrypt", "decrypt"],
    );
  }
}

/**
 * - `malformed`: it does not have the form `v1.<kid>.<iv>.<ct>`
 * - `key_unknown`: it was encrypted with a master key that is not configured, or no longer
 * - `not_authentic`: it was changed, belongs to another row, kind or owner, or its key id now names another
 *   key
 */
export type SecretErrorReason = "malformed" | "key_unknown" | "not_authentic";

/** Why a secret could not be decrypted. The message contains no part of it. */
export class SecretError extends Error {
  readonly reason: SecretErrorReason;

  constructor(reason: SecretErrorReason, message: string) {
    super(message);
    this.name = "SecretError";
    this.reason = reason;
  }
}

const VERSION = "v1";
const KEY_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const MAX_BYTES = 8192;
const KEY_ID = /^[A-Za-z0-9_-]{1,32}$/;
const SEALED = /^v1\.([A-Za-z0-9_-]{1,32})\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/;

/**
 * Parses the master keys of an environment variable: `<kid>:<base64 of 32 bytes>`, comma-separated, the
 * newest first.
 *
 * @throws Error that names the variable and what is wrong with it, never a key
 */
export function parseMasterKeys(name: string, value: string | undefined): MasterKeys {
  const entries = (value ?? "").split(",").map((entry) => entry.trim()).filter((entry) => entry !== "");
  const [first, ...rest] = entries.map((entry) => parseMasterKey(name, entry));
  if (!first) throw new Error(`${name} is not set`);
  const keys: MasterKeys = [first, ...rest];
  if (new Set(keys.map((key) => key.id)).size < keys.length) throw new Error(`${name} has a key id twice`);
  return keys;
}

function parseMasterKey(name: string, entry: string): MasterKey {
  const colon = entry.indexOf(":");
  const id = entry.slice(0, Math.max(colon, 0));
  // without a colon, or with the key in place of its id, the message must not repeat the text
  if (!KEY_ID.test(id)) {
    throw new Error(`${name} has a key without an id of 1 to 32 letters, digits, _ and - before a colon`);
  }
  const encoded = entry.slice(colon + 1).trim();
  const bytes = Buffer.from(encoded, "base64");
  if (bytes.length !== KEY_BYTES || bytes.toString("base64") !== encoded) {
    throw new Error(`${name} has a key that is not the base64 of ${KEY_BYTES} bytes`);
  }
  return new MasterKey(id, new Uint8Array(bytes));
}

/**
 * Encrypts a secret with the newest master key: AES-256-GCM with a key per row, bound to its identity.
 *
 * @param plaintext 1 to 8192 bytes of UTF-8
 * @returns `v1.<kid>.<iv>.<ct>`, the last two in base64url; encrypting the same text twice gives different
 * results
 */
export async function encryptSecret(
  masterKeys: MasterKeys,
  identity: SecretIdentity,
  plaintext: string,
): Promise<string> {
  const bytes = utf8(plaintext);
  if (bytes.length === 0 || bytes.length > MAX_BYTES) {
    throw new RangeError(`A secret has 1 to ${MAX_BYTES} bytes.`);
  }
  const [key] = masterKeys;
  const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
  const sealed = await crypto.subtle.encrypt(
    { name: "AES-GCM", iv, additionalData: additionalDataOf(key.id, identity) },
    await key.rowKey(identity.id),
    bytes,
  );
  return [VERSION, key.id, encode(iv), encode(new Uint8Array(sealed))].join(".");
}

/**
 * Decrypts what `encryptSecret` returned for the same identity.
 *
 * @throws SecretError
 */
export async function decryptSecret(
  masterKeys: MasterKeys,
  identity: SecretIdentity,
  sealed: string,
): Promise<string> {
  const { keyId, iv, ciphertext } = parseSealed(sealed);
  const key = masterKeys.find((one) => one.id === keyId);
  if (!key) {
    throw new SecretError(
      "key_unknown",
      `The secret is encrypted with master key ${keyId}, which is not configured.`,
    );
  }
  const rowKey = await key.rowKey(identity.id);
  const algorithm = { name: "AES-GCM", iv, additionalData: additionalDataOf(keyId, identity) };
  const bytes = await crypto.subtle.decrypt(algorithm, rowKey, ciphertext).catch((error: unknown) => {
    // WebCrypto's error for a tag that does not match
    if (!(error instanceof DOMException && error.name === "OperationError")) throw error;
    throw new SecretError(
      "not_authentic",
      "The secret was changed, or belongs to another row, kind or owner.",
    );
  });
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
}

/**
 * The id of the master key that a secret is encrypted with.
 *
 * @throws SecretError `malformed`
 */
export const keyIdOf = (sealed: string): string => parseSealed(sealed).keyId;

interface Sealed {
  keyId: string;
  iv: Uint8Array<ArrayBuffer>;
  ciphertext: Uint8Array<ArrayBuffer>;
}

function parseSealed(sealed: string): Sealed {
  const [, keyId, ivText, ciphertextText] = sealed.match(SEALED) ?? [];
  const iv = decode(ivText);
  const ciphertext = decode(ciphertextText);
  if (keyId && iv?.length === IV_BYTES && ciphertext && ciphertext.length > TAG_BYTES) {
    return { keyId, iv, ciphertext };
  }
  throw new SecretError("malformed", "The secret is not of the form v1.<kid>.<iv>.<ct>.");
}

/**
 * The additional data that the tag authenticates. JSON of an array has one form, and no two identities share
 * it.
 */
const additionalDataOf = (keyId: string, { id, kind, ownerId }: SecretIdentity): Uint8Array<ArrayBuffer> =>
  utf8(JSON.stringify([VERSION, keyId, id, kind, ownerId]));

const utf8 = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

const encode = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64url");

/** Accepts only the spelling that `encode` writes, so that every bit of a ciphertext counts. */
function decode(text = ""): Uint8Array<ArrayBuffer> | undefined {
  const bytes = new Uint8Array(Buffer.from(text, "base64url"));
  return encode(bytes) === text ? bytes : undefined;
}
