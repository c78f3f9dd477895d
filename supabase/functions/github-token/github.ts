import { z } from "zod";
import { parseRetryAfter } from "../_shared/ask-json.ts";
import { readBody } from "../_shared/body.ts";

/** What GitHub reports about a token to its holder. */
export interface TokenFacts {
  /** Null for the token of an app's installation, which is nobody's. */
  login: string | null;
  /** The scopes of a classic token; null for a fine-grained one, which has permissions instead. */
  scopes: string[] | null;
  /** ISO 8601; null for a token that does not expire. */
  expires_at: string | null;
}

/**
 * - `valid`: with what GitHub reported
 * - `rejected`: GitHub does not accept it as a person's token; `message` is GitHub's own
 * - `unavailable`: GitHub could not be asked; `retryAfter` in seconds
 */
export type TokenCheck =
  | { outcome: "valid"; facts: TokenFacts }
  | { outcome: "rejected"; status: number; message: string }
  | { outcome: "unavailable"; cause: string; retryAfter: number };

/** Asks GitHub who the owner of a token is. */
export type CheckToken = (token: string) => Promise<TokenCheck>;

const MAX_ANSWER_BYTES = 256 * 1024;
const MAX_RETRY_SECONDS = 3600;

const installationSchema = z.object({ repositories: z.array(z.unknown()) }).transform(() => ({
  login: null,
}));
const userSchema = z.object({ login: z.string().min(1).max(100) });
const errorSchema = z.object({ message: z.string().max(500) });

/**
 * Asks `GET /user` of GitHub's REST API, or of a GitHub Enterprise Server's; with a token of an app's installation
 * (`ghs_…`), which is nobody's, `GET /installation/repositories`.
 *
 * @param apiUrl such as `https://api.github.com` or `https://<host>/api/v3`
 * @param timeoutMs for the whole answer
 */
export function createCheckToken(apiUrl: string, timeoutMs: number, send: typeof fetch = fetch): CheckToken {
  const base = apiUrl.replace(/\/+$/, "");
  return async (token) => {
    const isInstallation = token.startsWith("ghs_");
    const url = `${base}${isInstallation ? "/installation/repositories?per_page=1" : "/user"}`;
    let response: Response;
    let body: unknown;
    try {
      response = await send(url, {
        headers: {
          authorization: `Bearer ${token}`,
          accept: "application/vnd.github+json",
          "x-github-api-version": "2022-11-28",
          "user-agent": "fixloop",
        },
        // a redirect must not take the token to another host
        redirect: "manual",
        signal: AbortSignal.timeout(timeoutMs),
      });
      body = parseJson(await readBody(response, MAX_ANSWER_BYTES, timeoutMs));
    } catch (error) {
      return unavailable(error instanceof DOMException ? error.name : "unreachable");
    }
    return parseAnswer(response, body, isInstallation ? installationSchema : userSchema);
  };
}

function parseAnswer(
  response: Response,
  body: unknown,
  schema: z.ZodType<{ login: string | null }>,
): TokenCheck {
  const { status, headers } = response;
  if (status === 200) {
    const user = schema.safeParse(body);
    if (!user.success) return unavailable("unexpected_answer");
    const facts = { login: user.data.login, scopes: parseScopes(headers), expires_at: parseExpiry(headers) };
    return { outcome: "valid", facts };
  }
  const message = errorSchema.safeParse(body).data?.message ?? "";
  if (status === 401) return { outcome: "rejected", status, message };
  if (status === 429 || (status === 403 && isRateLimit(headers, message))) {
    return unavailable("rate_limit", secondsToWait(headers));
  }
  // an app's own token, a suspended account: a retry would get the same answer
  if (status === 403 && message !== "") return { outcome: "rejected", status, message };
  return unavailable(`status_${status}`);
}

const unavailable = (cause: string, retryAfter = 10): TokenCheck => ({
  outcome: "unavailable",
  cause,
  retryAfter,
});

/**
 * docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api: the primary limit by count, the
 * secondary in the message.
 */
const isRateLimit = (headers: Headers, message: string): boolean =>
  headers.get("x-ratelimit-remaining") === "0" || headers.has("retry-after") || /rate limit/i.test(message);

function secondsToWait(headers: Headers): number {
  const after = parseRetryAfter(headers);
  const reset = Number(headers.get("x-ratelimit-reset") ?? NaN) - Math.floor(Date.now() / 1000);
  const seconds = [after, reset].find((one) => one !== undefined && one > 0) ?? 60;
  return Math.min(Math.ceil(seconds), MAX_RETRY_SECONDS);
}

function parseScopes(headers: Headers): string[] | null {
  const value = headers.get("x-oauth-scopes");
  if (value === null) return null;
  return value.split(",").map((scope) => scope.trim()).filter((scope) => scope !== "");
}

/** `2026-12-01 10:00:00 UTC`, or with an offset such as `+0200` in place of UTC. */
function parseExpiry(headers: Headers): string | null {
  const value = headers.get("github-authentication-token-expiration") ?? "";
  const [, day, time, zone = ""] =
    value.match(/^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d) ?(UTC|Z|[+-]\d\d:?\d\d)$/) ??
      [];
  const offset = /^[+-]/.test(zone) ? `${zone.slice(0, 3)}:${zone.slice(-2)}` : "Z";
  const at = new Date(`${day}T${time}${offset}`);
  return Number.isNaN(at.getTime()) ? null : at.toISOString();
}

function parseJson(body: Uint8Array | string): unknown {
  if (typeof body === "string") return undefined;
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch {
    return undefined;
  }
}
