import { lookup } from "node:dns/promises";
import { parseRetryAfter } from "../_shared/ask-json.ts";
import { isPublicAddress } from "../_shared/public-address.ts";
import type { Outcome } from "./claim.ts";

/** Sends requests to addresses that admins have entered. */
export interface Poster {
  fetch: typeof fetch;
  /** The addresses of a host. */
  resolve: (host: string) => Promise<string[]>;
  /** For development: http, and addresses that are not public. */
  allowsPrivate: boolean;
  /** Milliseconds since 1970. */
  clock: () => number;
  timeoutMs: number;
}

/** Standard Webhooks, "payload size": receivers can count on less than 20 kB. */
const MAX_BODY_BYTES = 20_000;
/** What is read of a response, so that its connection can be used again. */
const MAX_RESPONSE_BYTES = 16_384;
const MAX_RETRY_AFTER = 86_400;
/** A rate limit is not an attempt, so that without an end to wait for it would be asked again and again. */
const MIN_LIMIT_SECONDS = 5;
const LIMIT_SECONDS = 60;

/** How long a name may take to be resolved. */
const RESOLVE_MS = 5_000;

/** The addresses of a host by the system's resolver. */
export async function resolveHost(host: string): Promise<string[]> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const expired = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error("the name was not resolved in time")), RESOLVE_MS);
  });
  try {
    return (await Promise.race([lookup(host, { all: true }), expired])).map(({ address }) => address);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Posts a body and reads the answer as Standard Webhooks has it: only 2xx is success, a redirect is not followed, 429 has to
 * pass, and whoever answers with `Retry-After` is not asked before.
 *
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export async function post(
  url: string,
  body: string,
  headers: Record<string, string>,
  poster: Poster,
): Promise<Outcome> {
  if (new TextEncoder().encode(body).length > MAX_BODY_BYTES) {
    return fail("payload_too_large", { isFinal: true });
  }
  const refusal = await refuse(url, poster);
  if (refusal !== null) return fail(refusal);
  try {
    const response = await poster.fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json", "user-agent": "fixloop", ...headers },
      body,
      redirect: "manual",
      signal: AbortSignal.timeout(poster.timeoutMs),
    });
    await drain(response);
    return read(response, poster.clock());
  } catch (error) {
    return fail(error instanceof DOMException && error.name === "TimeoutError" ? "timeout" : "unreachable");
  }
}

/** Why nothing is sent there; null where it is. */
async function refuse(url: string, { resolve, allowsPrivate }: Poster): Promise<string | null> {
  const parsed = URL.parse(url);
  if (parsed === null || parsed.username !== "" || parsed.password !== "") return "url_invalid";
  if (parsed.protocol !== "https:" && !(allowsPrivate && parsed.protocol === "http:")) return "url_not_https";
  if (allowsPrivate) return null;
  const host = parsed.hostname.replace(/^\[|\]$/g, "");
  // an address resolves to itself
  const addresses = await resolve(host).catch(() => []);
  if (addresses.length === 0) return "host_unknown";
  return addresses.every(isPublicAddress) ? null : "address_not_public";
}

function read({ status, headers }: Response, now: number): Outcome {
  if (status >= 200 && status < 300) return { kind: "delivered", reference: String(status) };
  const seconds = parseRetryAfter(headers, now, MAX_RETRY_AFTER);
  const retryAfter = status === 429
    ? Math.max(seconds ?? LIMIT_SECONDS, MIN_LIMIT_SECONDS)
    : [502, 503, 504].includes(status)
    ? seconds
    : undefined;
  return fail(status >= 300 && status < 400 ? "redirected" : `status_${status}`, {
    statusCode: status,
    retryAfter,
    isCounted: status !== 429,
    isFinal: status === 410,
  });
}

/** Reads what a receiver answers up to a limit, and lets go of the rest. */
async function drain({ body }: Response): Promise<void> {
  if (body === null) return;
  const reader = body.getReader();
  let size = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      size += value.length;
      if (size > MAX_RESPONSE_BYTES) return await reader.cancel();
    }
  } catch {
    // the status has arrived, and nothing else is needed
  }
}

const fail = (
  error: string,
  more: Omit<Extract<Outcome, { kind: "failed" }>, "kind" | "error"> = {},
): Outcome => ({ kind: "failed", error, ...more });
