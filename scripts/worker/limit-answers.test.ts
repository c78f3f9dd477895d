import { expect, test } from "vitest";
import { TaskFailure } from "./failure.ts";
import { KNOWN_ANSWERS, limited, requireNoLimit, whole } from "./limits.ts";

// What an agent's answer, with exit code 0 and without a change, says about its limits.

const limits = { sentences: [], answers: [...KNOWN_ANSWERS, whole(/die waage ist voll/i)], waitMs: 300_000 };
const answer = (report: string) => () => requireNoLimit({ report, metadata: {} }, limits);

test.each([
  "Claude AI usage limit reached|1999999999",
  "Claude usage limit reached. Your limit will reset at 3pm (America/New_York).",
  "5-hour limit reached ∙ resets 7pm",
  "Opus weekly limit reached ∙ resets Oct 6 at 9am",
  "You've hit your limit · resets 3am (Europe/London)",
  "You’ve hit your usage limit.",
  "You've hit your usage limit. Upgrade to Pro (https://openai.com/chatgpt/pricing) or try again in 3 days.",
  "Credit balance is too low",
  "Invalid API key · Please run /login",
  "Not logged in · Please run /login",
  `API Error: 429 {"type":"error","error":{"type":"rate_limit_error","message":"x"}}`,
  `API Error: 401 {"type":"error","error":{"type":"authentication_error"}} · Please run /login`,
  "Die Waage ist voll.",
])("%s", (text) => {
  expect(answer(text)).toThrow(TaskFailure);
});

test.each([
  "Users who are not logged in see a banner.",
  "The token has expired because of the clock.",
  "Too many requests",
  "Too many requests are answered with 429 now.",
  "Invalid API key",
  "API Error: 429 is what the shop shows then.",
  "The rate limit is reached after 100 requests.",
  "Rate limit reached is what the log says; nothing has to be changed.",
  "You've hit your limit in config.ts: it is 5.",
  "Usage limit reached.\nThat is the message of the banner.",
  "Nothing to do: die Waage ist voll.",
  "I looked for it.\n\nInvalid API key · Please run /login",
])("%j is an answer", (text) => {
  expect(answer(text)).not.toThrow();
});

test("a time in a text makes a task wait for six hours at most, one that an adapter names for a week", () => {
  const inDays = (days: number): number => Math.floor(Date.now() / 1000) + days * 86_400;
  const hours = (given: Parameters<typeof limited>[1]): number =>
    Math.round((limited("x", given).waitMs ?? 0) / 3_600_000);
  const text = `usage limit reached|${inDays(3)}`;
  const metadata = { retry_after_seconds: 3 * 86_400 };
  expect(hours({ metadata: {}, text, limits, isUnsure: true })).toBe(6);
  expect(hours({ metadata: {}, text, limits, isUnsure: false })).toBe(6);
  expect(hours({ metadata, text, limits, isUnsure: true })).toBe(6);
  expect(hours({ metadata, text, limits, isUnsure: false })).toBe(72);
  expect(hours({ metadata: { retry_after_seconds: 1e12 }, text, limits, isUnsure: false })).toBe(168);
  expect(limited("x", { metadata: {}, text: "usage limit", limits, isUnsure: true }).waitMs).toBe(300_000);
  expect(limited("x", { metadata: {}, text: "|1500000000", limits, isUnsure: true }).waitMs).toBe(300_000);
});
