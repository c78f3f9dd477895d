import { Buffer } from "node:buffer";
import { createHash, randomBytes } from "node:crypto";

/** A secret that nobody can guess: 32 random bytes in base64url, 43 characters. */
export const randomSecret = (): string => randomBytes(32).toString("base64url");

/** The SHA-256 of a text in UTF-8, as the Data API takes a `bytea`. */
export const hashForDatabase = (text: string): string => toBytea(createHash("sha256").update(text).digest());

/** Bytes as the Data API takes a `bytea`. */
const toBytea = (bytes: Uint8Array): string => `\\x${Buffer.from(bytes).toString("hex")}`;
