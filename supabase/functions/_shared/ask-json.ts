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

/**
 * The seconds of a `Retry-After` (RFC 9110, section 10.2.3), whole ones, also with a fraction, or until a date: 0 where that is
 * over, and at most `maxSeconds`, by default an hour. Undefined for anything else, such as `-5`, of which `Date.parse` makes a
 * month of 2001.
 */
export function parseRetryAfter(
  headers: Headers,
  now = Date.now(),
  maxSeconds = 3600,
): number | undefined {
  const value = headers.get("retry-after") ?? "";
  const isDate = /\d:\d/.test(value);
  const seconds = /^\d+(\.\d+)?$/.test(value)
    ? Number(value)
    : isDate
    ? (Date.parse(value) - now) / 1000
    : NaN;
  return Number.isNaN(seconds) ? undefined : Math.min(Math.max(Math.ceil(seconds), 0), maxSeconds);
}
