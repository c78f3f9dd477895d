/** Takes secrets out of text that is shown or stored: in plain, and as base64 may carry them. */
export interface Redactor {
  /** Adds a secret that was learnt later. Text too short to be one is not added: it would tear words apart. */
  add(secret: string | null | undefined): void;
  clean(text: string): string;
  /** Whether a text holds one of them. */
  finds(text: string): boolean;
}

const SHORTEST = 8;

export function createRedactor(secrets: readonly (string | null | undefined)[] = []): Redactor {
  const known = new Set<string>();
  const redactor: Redactor = {
    add(secret) {
      if (!secret || secret.trim().length < SHORTEST) return;
      const plain = secret.trim();
      const basic = Buffer.from(`x-access-token:${plain}`).toString("base64");
      for (const form of [plain, Buffer.from(plain).toString("base64"), basic, encodeURIComponent(plain)]) {
        known.add(form.replace(/=+$/, ""));
      }
    },
    clean(text) {
      let result = text;
      // longest first: a secret that is the beginning of another one would leave its end behind
      for (const secret of [...known].sort((a, b) => b.length - a.length)) {
        result = result.replaceAll(secret, "[redacted]");
      }
      return result;
    },
    finds: (text) => [...known].some((secret) => text.includes(secret)),
  };
  for (const secret of secrets) redactor.add(secret);
  return redactor;
}
