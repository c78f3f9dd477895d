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
  /\b(usage|rate|session|weekly|5-hour|token|spend(ing)?) limit( has been)? (reached|exceeded|hit)|hit your .*limit/i,
  /rate_limit_error|rate_limit_exceeded|too many requests|\b(api )?error:? (429|529)\b|overloaded_error/i,
  /insufficient_quota|exceeded your current quota|quota exceeded|resource_exhausted|credit balance is too low/i,
  /invalid api key|authentication_error|please run \/login|(login|session|token) (has )?expired|not logged in/i,
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

/** A limit, with the time that the metadata names as `retry_after_seconds`, or the text in seconds since 1970. */
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
  const until = Number(text.match(/\b[12]\d{9}\b/)?.[0] ?? Number.NaN) * 1000 - Date.now();
  const { certain, unsure } = LONGEST_WAIT_MS;
  const waitMs = given > 0
    ? Math.min(given, isUnsure ? unsure : certain)
    : until > 0
    ? Math.min(until, unsure)
    : limits.waitMs;
  return new TaskFailure("agent_limited", "later", message, { waitMs, isUnsure });
}
