import { parseRetryAfter } from "./ask-json.ts";

/** GitHub's answer to a question. */
export type GithubAnswer =
  | {
    kind: "ok";
    body: string;
    /** The body, parsed. */
    value: unknown;
    etag: string | null;
    /** Whether the list has another page. */
    hasNext: boolean;
  }
  /** 304: the content of the ETag is current. */
  | { kind: "unchanged" }
  /** It does not exist, or the token may not read it. */
  | { kind: "not_seen" }
  | { kind: "token_rejected" }
  /** The hourly limit of this token is reached. */
  | { kind: "exhausted" }
  /** GitHub asks for no requests at all until then. */
  | { kind: "limited"; until: Date }
  /** No usable answer: GitHub is slow, broken or out of reach; until when, where it says so. */
  | { kind: "failed"; why: string; until?: Date };

export interface Question {
  /** The path below the API's base, with its query. Of a GraphQL query it is `/graphql`. */
  path: string;
  /** Null: ask without a token. */
  token: string | null;
  etag: string | null;
  /** A GraphQL query, which is sent by POST. Its errors come in an answer that is ok. */
  graphql?: string;
  /** Called with what GitHub reports of the limit that the request counts against. */
  onLimit?: (limit: ReportedLimit) => void;
}

/** What GitHub reports of a limit. */
export interface ReportedLimit {
  /** Requests or points that are left. */
  remaining: number;
  /** When it is renewed, by our clock. */
  resetsAt: Date;
}

export type AskGithub = (question: Question) => Promise<GithubAnswer>;

export interface GithubOptions {
  /** Base of the REST API, without a slash at the end. */
  apiUrl: string;
  fetch: typeof fetch;
  /** Milliseconds since 1970. */
  clock: () => number;
  timeoutMs?: number;
}

const TIMEOUT_MS = 10_000;
/** A pull request is 20 to 100 kB. */
const MAX_BYTES = 5 * 1024 * 1024;
const MAX_REDIRECTS = 2;
/** Where GitHub gives no time: the least that its documentation asks for. */
const PAUSE_MS = 60_000;
/** Limits are per hour. */
const MAX_RESET_MS = 3_600_000;
/** What a Retry-After may be. */
const MAX_WAIT_SECONDS = 86_400;

/**
 * Asks GitHub's REST API, conditionally where there is an ETag: an answer of 304 does not count against the
 * hourly limit. A renamed repository answers with a redirect, which is followed only within the API's own
 * origin.
 *
 * @see https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api
 */
export function createGithub(options: GithubOptions): AskGithub {
  return async ({ path, token, etag, graphql, onLimit }) => {
    const headers = new Headers({
      accept: "application/vnd.github+json",
      "user-agent": "fixloop",
      "x-github-api-version": "2022-11-28",
    });
    if (token !== null) headers.set("authorization", `Bearer ${token}`);
    if (etag !== null) headers.set("if-none-match", etag);
    const init: RequestInit = graphql === undefined
      ? { headers }
      : { method: "POST", headers, body: JSON.stringify({ query: graphql }) };
    const signal = AbortSignal.timeout(options.timeoutMs ?? TIMEOUT_MS);
    let url = graphql === undefined ? options.apiUrl + path : graphqlUrl(options.apiUrl);
    try {
      for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
        const response = await options.fetch(url, { ...init, redirect: "manual", signal });
        const limit = parseReport(response.headers, options.clock());
        if (limit) onLimit?.(limit);
        const moved = redirectOf(response, url);
        if (moved === null) return await parseAnswer(response, token, options.clock());
        await response.body?.cancel();
        if (new URL(moved).origin !== new URL(options.apiUrl).origin) return { kind: "not_seen" };
        url = moved;
      }
      return { kind: "not_seen" };
    } catch (error) {
      const isTimeout = error instanceof DOMException && error.name === "TimeoutError";
      return { kind: "failed", why: isTimeout ? "timeout" : "unreachable" };
    }
  };
}

/** GitHub Enterprise Server has GraphQL next to the REST API, which is at `/api/v3`. */
const graphqlUrl = (apiUrl: string): string => `${apiUrl.replace(/\/v3$/, "")}/graphql`;

/**
 * The limit that any response reports. Its time is GitHub's, so the wait is taken from GitHub's own date: our
 * clocks may differ.
 */
function parseReport(headers: Headers, now: number): ReportedLimit | null {
  const remaining = headers.get("x-ratelimit-remaining") ?? "";
  const reset = headers.get("x-ratelimit-reset") ?? "";
  if (!/^\d{1,9}$/.test(remaining) || !/^\d{1,12}$/.test(reset)) return null;
  const date = Date.parse(headers.get("date") ?? "");
  const wait = Number(reset) * 1000 - (Number.isNaN(date) ? now : date);
  return {
    remaining: Number(remaining),
    resetsAt: new Date(now + Math.min(Math.max(wait, 0), MAX_RESET_MS)),
  };
}

function redirectOf(response: Response, url: string): string | null {
  if (![301, 302, 307, 308].includes(response.status)) return null;
  const location = response.headers.get("location");
  return location !== null && URL.canParse(location, url) ? new URL(location, url).href : null;
}

async function parseAnswer(response: Response, token: string | null, now: number): Promise<GithubAnswer> {
  const { status, headers } = response;
  if (status === 200) return await readJson(response);
  const text = await readText(response);
  if (status === 304) return { kind: "unchanged" };
  if (status === 401 && token !== null) return { kind: "token_rejected" };
  if (status === 429 || status === 403) {
    const limit = parseLimit(headers, status, text ?? "", now);
    if (limit) return limit;
  }
  // 401 without a token, 403 of an organization's rules, 451: not readable for the caller
  if ([301, 302, 307, 308, 401, 403, 404, 410, 451].includes(status)) return { kind: "not_seen" };
  const seconds = parseRetryAfter(headers, now, MAX_WAIT_SECONDS);
  return {
    kind: "failed",
    why: `status ${status}`,
    ...seconds === undefined ? {} : { until: new Date(now + seconds * 1000) },
  };
}

/** The limit that a response reports; null where a 403 is about rights. */
function parseLimit(headers: Headers, status: number, text: string, now: number): GithubAnswer | null {
  const seconds = parseRetryAfter(headers, now, MAX_WAIT_SECONDS);
  if (seconds !== undefined) return { kind: "limited", until: new Date(now + seconds * 1000) };
  if (headers.get("x-ratelimit-remaining") === "0") return { kind: "exhausted" };
  return status === 429 || /rate limit|abuse detection/i.test(text)
    ? { kind: "limited", until: new Date(now + PAUSE_MS) }
    : null;
}

async function readJson(response: Response): Promise<GithubAnswer> {
  const body = await readText(response);
  if (body === null) return { kind: "failed", why: "too large" };
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return { kind: "failed", why: "not JSON" };
  }
  if (typeof value !== "object" || value === null) return { kind: "failed", why: "not an object" };
  const hasNext = /;\s*rel="next"/.test(response.headers.get("link") ?? "");
  return { kind: "ok", body, value, etag: response.headers.get("etag"), hasNext };
}

/** The body as text; null when it is larger than any expected answer. */
async function readText(response: Response): Promise<string | null> {
  if (!response.body) return "";
  const decoder = new TextDecoder();
  const reader = response.body.getReader();
  let text = "";
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    size += value.byteLength;
    if (size > MAX_BYTES) {
      await reader.cancel();
      return null;
    }
    text += decoder.decode(value, { stream: true });
  }
}
