import { readBody } from "./body.ts";

/** A provider's answer, or why there is none. */
export type JsonAnswer =
  | { ok: true; status: number; headers: Headers; body: unknown }
  | { ok: false; cause: string };

export interface JsonRequest {
  method?: string;
  headers?: Record<string, string>;
  body?: BodyInit;
  /** Time limit for the whole answer. */
  timeoutMs: number;
  /** A larger answer is `too_large`; default 256 kB. */
  maxBytes?: number;
}

const MAX_BYTES = 256 * 1024;

/**
 * Asks a provider. Redirects are not followed: they could take a token to another host. A body that is no JSON is
 * undefined.
 */
export async function askJson(
  url: string,
  { timeoutMs, maxBytes = MAX_BYTES, headers = {}, ...init }: JsonRequest,
  send: typeof fetch = fetch,
): Promise<JsonAnswer> {
  try {
    const response = await send(url, {
      ...init,
      headers: { "user-agent": "fixloop", ...headers },
      redirect: "manual",
      signal: AbortSignal.timeout(timeoutMs),
    });
    const bytes = await readBody(response, maxBytes, timeoutMs);
    if (typeof bytes === "string") return { ok: false, cause: bytes };
    return { ok: true, status: response.status, headers: response.headers, body: parseJson(bytes) };
  } catch (error) {
    return { ok: false, cause: error instanceof DOMException ? error.name : "unreachable" };
  }
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}

const MAX_RETRY_SECONDS = 3600;

/** The seconds of a `Retry-After` (RFC 9110, section 10.2.3), at most an hour; undefined without a valid one. */
export function parseRetryAfter(headers: Headers, now = Date.now()): number | undefined {
  const value = headers.get("retry-after");
  if (value === null) return undefined;
  const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - now) / 1000;
  return Number.isFinite(seconds) ? Math.min(Math.max(Math.ceil(seconds), 0), MAX_RETRY_SECONDS) : undefined;
}
