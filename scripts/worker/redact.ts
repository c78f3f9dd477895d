/** Removes secrets from text that is shown or stored: as plain text, base64 and URL-encoded. */
export interface Redactor {
  /** Adds a secret. A text that is too short is not added, since it would match parts of words. */
  add(secret: string | null | undefined): void;
  clean(text: string): string;
  /** Whether a text contains one of them. */
  finds(text: string): boolean;
  /** Whether bytes contain one of them, in UTF-8 or in UTF-16. */
  findsIn(bytes: Buffer): boolean;
}

const MIN_LENGTH = 8;

export function createRedactor(secrets: readonly (string | null | undefined)[] = []): Redactor {
  const forms = new Set<string>();
  const redactor: Redactor = {
    add(secret) {
      if (!secret || secret.trim().length < MIN_LENGTH) return;
      const plain = secret.trim();
      const basic = Buffer.from(`x-access-token:${plain}`).toString("base64");
      for (const form of [plain, Buffer.from(plain).toString("base64"), basic, encodeURIComponent(plain)]) {
        forms.add(form.replace(/=+$/, ""));
      }
    },
    clean(text) {
      let result = text;
      // longest first: a secret that is a prefix of another one would leave the rest of that
      for (const secret of [...forms].sort((a, b) => b.length - a.length)) {
        result = result.replaceAll(secret, "[redacted]");
      }
      return result;
    },
    finds: (text) => [...forms].some((secret) => text.includes(secret)),
    findsIn: (bytes) =>
      // without its last byte, UTF-16 of one byte order is in the other one's
      [...forms].some((secret) =>
        bytes.includes(secret) || bytes.includes(Buffer.from(secret, "utf16le").subarray(0, -1))
      ),
  };
  for (const secret of secrets) redactor.add(secret);
  return redactor;
}
