import { TaskFailure } from "./failure.ts";

/** How an agent's limits are recognized, and how long one lasts if it does not say so. */
export interface LimitOptions {
  /** What an agent that fails prints when a limit is reached. */
  sentences: readonly RegExp[];
  /** What it answers then with exit code 0: each matches the whole answer, and nothing that may be about code. */
  answers: readonly RegExp[];
  waitMs: number;
}

/** What agents print when they may not go on now: limits of their plan, a provider under load, a login that ended. */
export const KNOWN_LIMITS = [
  /\b(usage|rate|request|session|monthly|weekly|daily|5-hour|token|spend(ing)?) limit( has been)? (reached|exceeded|hit)/i,
  /(hit|reached|exceed(ed)?) your .{0,60}\b(limit|allowance)|out of (extra usage|credits)|insufficient credits?\b/i,
  /rate_limit_error|rate_limit_exceeded|ratelimiterror|rate[- ]limited|throttlingexception|too many requests/i,
  /\b(api )?error:? (429|529)\b|\bstatus(?: code)?:? (429|529)\b|overloaded_error|model is overloaded/i,
  /insufficient_quota|exceeded your current quota|quota exceeded|exhausted your .{0,30}(quota|capacity)/i,
  /resource_exhausted|credit balance is too low/i,
  /in(valid|correct) (x-)?api[- ]key|invalid_api_key|api_key_invalid|api key (is )?not valid|authentication_error/i,
  /please (run \/login|log in again)|log out and sign in again|not logged in/i,
  /(login|session|token) (has |was )?(been )?(expired|revoked|already used)/i,
];

const LIMIT = String.raw`((opus|sonnet) )?(usage |rate |session |weekly |5-hour |spend(ing)? )?limit`;
const ADVICE = String.raw`( ?[.·∙|-] ?((your limit )?(will )?resets? |try again |upgrade ).{1,150})`;

/** The whole answers of known agents that end with exit code 0. */
export const KNOWN_ANSWERS = [
  new RegExp(
    String.raw`^(error: )?(claude (ai )?)?${LIMIT} (reached|exceeded)(\|\d{10}|${ADVICE})?[.!]?$`,
    "i",
  ),
  new RegExp(String.raw`^you(['’]ve| have) (hit|reached) your ${LIMIT}${ADVICE}?[.!]?$`, "i"),
  new RegExp(String.raw`^you(['’]re| are) out of extra usage${ADVICE}?[.!]?$`, "i"),
  /^api error: (401|429|529) \{.{1,400}\}( · please run \/login)?$/i,
  /^(invalid api key|not logged in) · (please run \/login|fix external api key)$/i,
  /^credit balance is too low$/i,
];

/** The whole answer, for a pattern of the setting. */
export const whole = (pattern: RegExp): RegExp =>
  new RegExp(String.raw`^(${pattern.source})[.!]?$`, pattern.flags);

/** A limit is what a failed agent says last; what it says before may be about the code. */
const LONGEST_END = 500;

const HOUR_MS = 3_600_000;

/** An adapter's own word; a text may be what the task's user wanted it to say. */
const SHORTEST_WAIT_MS = 60_000;
const LONGEST_WAIT_MS = { certain: 168 * HOUR_MS, unsure: 6 * HOUR_MS };

/** What a failed run of an agent says last, on both outputs. */
export const endOf = (report: string, errors: string): string =>
  [report, errors].map((text) => text.slice(-LONGEST_END)).join("\n");

export const saysLimit = (end: string, { sentences }: LimitOptions): boolean =>
  sentences.some((sentence) => sentence.test(end));

/**
 * An agent that did nothing but report its limit, though with exit code 0.
 *
 * @throws TaskFailure `agent_limited`
 */
export function requireNoLimit(
  { report, metadata }: { report: string; metadata: Record<string, unknown> },
  limits: LimitOptions,
): void {
  if (!limits.answers.some((answer) => answer.test(report))) return;
  throw limited(`The agent says: ${report}`, { metadata, text: report, limits, isUnsure: true });
}

const UNIT_MS: Record<string, number> = { s: 1_000, m: 60_000, h: HOUR_MS, d: 24 * HOUR_MS };

const DURATION = String.raw`\d+(?:\.\d+)? ?(?:days?|d|hours?|hrs?|h|minutes?|mins?|m|seconds?|secs?|s)\b`;
const RELATIVE = new RegExp(
  String.raw`\b(?:again|retry|resets?|available|wait)\b.{0,20}?\b((?:${DURATION}[, ]*(?:and )?)+)`,
  "i",
);

/**
 * The milliseconds that a text names: until a time, as `|1764547200` (seconds since 1970) or
 * `2026-12-01T00:00:00Z`, or for `try again in 2h 5m`, `retry after 30 seconds`; NaN for none.
 */
function waitIn(text: string): number {
  const [, seconds] = text.match(/\b([12]\d{9})(?:\d{3})?\b/) ?? [];
  if (seconds) return Number(seconds) * 1000 - Date.now();
  const [date] = text.match(/\b\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)/) ?? [];
  if (date) return Date.parse(date) - Date.now();
  const [, relative = ""] = text.match(RELATIVE) ?? [];
  const parts = [...relative.matchAll(/(\d+(?:\.\d+)?) ?([dhms])/gi)];
  if (parts.length === 0) return Number.NaN;
  return parts.reduce(
    (sum, [, count, unit = "s"]) => sum + Number(count) * (UNIT_MS[unit.toLowerCase()] ?? 0),
    0,
  );
}

/** A limit, with the time that the metadata names as `retry_after_seconds`, or else the text. */
export function limited(
  message: string,
  { metadata, text, limits, isUnsure }: {
    metadata: Record<string, unknown>;
    text: string;
    limits: LimitOptions;
    isUnsure: boolean;
  },
): TaskFailure {
  const given = Number(metadata.retry_after_seconds) * 1000;
  const until = waitIn(text);
  const { certain, unsure } = LONGEST_WAIT_MS;
  const waitMs = given > 0
    ? Math.min(given, isUnsure ? unsure : certain)
    : until > 0
    ? Math.min(Math.max(until, SHORTEST_WAIT_MS), unsure)
    : limits.waitMs;
  return new TaskFailure("agent_limited", "later", message, { waitMs, isUnsure });
}
