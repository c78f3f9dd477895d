import { askJson, type JsonAnswer, parseRetryAfter } from "./ask-json.ts";
import type { Allowance, Budgets } from "./provider-budget.ts";

/** What a call of Circle's APIs came to. */
export type CircleAnswer<T> =
  | { kind: "ok"; value: T }
  /** Nothing may be asked until then: a rate limit, a budget that is spent, or a token that can't be had now. */
  | { kind: "wait"; until: Date }
  /** Circle does not accept the token, also not a new one. */
  | { kind: "unauthorized" }
  | { kind: "not_found" }
  /** Any other 4xx: the same request would be refused again. */
  | { kind: "refused"; status: number; message: string }
  /** Circle could not be reached, failed, or answered something else: whether a write was done is not certain. */
  | { kind: "unavailable"; cause: string };

export type CircleFailure = Exclude<CircleAnswer<never>, { kind: "ok" }>;

/** A member's access token; `renew` gives another one in place of one that Circle rejected. */
export interface MemberTokens {
  get(): Promise<TokenAnswer>;
  renew(rejected: string): Promise<TokenAnswer>;
}

export type TokenAnswer = { kind: "ok"; value: string } | CircleFailure;

export interface CircleApiOptions {
  /** Without a slash at the end: `https://app.circle.so`. */
  apiUrl: string;
  fetch: typeof fetch;
  memberTokens: MemberTokens;
  /** Of the Admin API; null where none is set, and nothing of it can be asked. */
  adminToken: string | null;
  budgets: Budgets;
  /** Records that a provider asks for no calls until then, null for until its budget is renewed. */
  pause: (provider: "circle" | "circle_admin", until: Date | null) => Promise<Date | null>;
  /** Milliseconds since 1970. */
  clock: () => number;
  timeoutMs?: number;
}

export interface CircleRequest {
  method?: "GET" | "POST";
  /** After the base of its API, with its query. */
  path: string;
  body?: unknown;
}

const TIMEOUT_MS = 20_000;
/** 100 messages of 160 kB each. */
const MAX_BYTES = 16 * 1024 * 1024;
/** Reserved at a time: each reservation is a call of the database. */
const CHUNK = 5;
/** Where a 429 does not say how long: https://api.circle.so/apis/admin-api/usage-and-limits */
const RATE_LIMIT_MS = 60_000;

/**
 * Asks Circle's APIs within their limits: the Headless Member API as the bot, and the Admin API, whose every answer below
 * 500 counts for the quota of the month. Each instance is for one run; `settle` ends it.
 */
export class CircleApi {
  readonly #options: CircleApiOptions;
  readonly #address: Allowance;
  readonly #admin: Allowance;
  /** Requests that were made. */
  requests = 0;

  constructor(options: CircleApiOptions) {
    this.#options = options;
    this.#address = options.budgets.open("circle", null, CHUNK);
    this.#admin = options.budgets.open("circle_admin", null);
  }

  async settle(): Promise<void> {
    await this.#address.settle();
    await this.#admin.settle();
  }

  /** Asks the Headless Member API. A token that Circle does not accept is replaced once. */
  async headless(request: CircleRequest): Promise<CircleAnswer<unknown>> {
    const token = await this.#options.memberTokens.get();
    if (token.kind !== "ok") return token;
    const answer = await this.#askHeadless(request, token.value);
    if (answer.kind !== "unauthorized") return answer;
    const renewed = await this.#options.memberTokens.renew(token.value);
    return renewed.kind === "ok" ? await this.#askHeadless(request, renewed.value) : renewed;
  }

  async admin(request: CircleRequest): Promise<CircleAnswer<unknown>> {
    const { adminToken, apiUrl } = this.#options;
    if (adminToken === null) return { kind: "unauthorized" };
    const refusal = await this.#reserve(this.#admin);
    if (refusal !== null) return refusal;
    const asked = await this.#ask(`${apiUrl}/api/admin/v2/${request.path}`, request, adminToken);
    if (asked.kind !== "asked") {
      this.#admin.giveBack();
      return asked;
    }
    const { answer } = asked;
    // a failure of Circle's is not counted by it; a lost answer may have been
    if (answer.ok && answer.status >= 500) this.#admin.giveBack();
    return await this.#read(answer, "circle_admin", adminToken);
  }

  async #askHeadless(request: CircleRequest, token: string): Promise<CircleAnswer<unknown>> {
    const url = `${this.#options.apiUrl}/api/headless/v1/${request.path}`;
    const asked = await this.#ask(url, request, token);
    return asked.kind === "asked" ? await this.#read(asked.answer, "circle", token) : asked;
  }

  async #ask(
    url: string,
    { method = "GET", body }: CircleRequest,
    token: string,
  ): Promise<{ kind: "asked"; answer: JsonAnswer } | CircleFailure> {
    const refusal = await this.#reserve(this.#address);
    if (refusal !== null) return refusal;
    this.requests++;
    const answer = await askJson(url, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        accept: "application/json",
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      timeoutMs: this.#options.timeoutMs ?? TIMEOUT_MS,
      maxBytes: MAX_BYTES,
    }, this.#options.fetch);
    return { kind: "asked", answer };
  }

  async #reserve(allowance: Allowance): Promise<CircleFailure | null> {
    const grant = await allowance.take();
    if (grant.kind === "refused") return { kind: "wait", until: grant.retryAt };
    return grant.kind === "unavailable" ? { kind: "unavailable", cause: "budget" } : null;
  }

  async #read(
    answer: JsonAnswer,
    provider: "circle" | "circle_admin",
    token: string,
  ): Promise<CircleAnswer<unknown>> {
    if (!answer.ok) return { kind: "unavailable", cause: answer.cause };
    const { status, headers, body } = answer;
    if (status === 429) return await this.#pause(headers, body, provider);
    return readAnswer(status, body, token);
  }

  /** A rate limit is the address's, so all wait; a quota that is spent is the Admin API's alone. */
  async #pause(headers: Headers, body: unknown, provider: "circle" | "circle_admin"): Promise<CircleFailure> {
    const { clock, pause } = this.#options;
    const seconds = parseRetryAfter(headers, clock());
    const until = new Date(clock() + (seconds === undefined ? RATE_LIMIT_MS : seconds * 1000));
    if (provider === "circle_admin" && /usage|quota|month/i.test(messageOf(body))) {
      return { kind: "wait", until: await pause("circle_admin", null) ?? until };
    }
    await pause("circle", until);
    return { kind: "wait", until };
  }
}

/**
 * An answer by its status, of any of the APIs; 429 is not among them. What Circle writes in a refusal is stored, without the
 * token that it may have repeated.
 */
function readAnswer(status: number, body: unknown, token: string | null): CircleAnswer<unknown> {
  if (status >= 200 && status < 300) {
    return body === undefined && status !== 204
      ? { kind: "unavailable", cause: "not_json" }
      : { kind: "ok", value: body };
  }
  if (status === 401) return { kind: "unauthorized" };
  if (status === 404) return { kind: "not_found" };
  if (status >= 400 && status < 500) return { kind: "refused", status, message: messageOf(body, token) };
  return { kind: "unavailable", cause: String(status) };
}

/** The message of the error envelope: `{success: false, message, error_details}`. */
function messageOf(body: unknown, token: string | null = null): string {
  const message = typeof body === "object" && body !== null ? (body as { message?: unknown }).message : null;
  if (typeof message !== "string") return "";
  // before it is cut, which could leave a part of it
  return (token ? message.replaceAll(token, "[token]") : message).slice(0, 200);
}
