import { expect, test } from "vitest";
import { TaskFailure } from "./failure.ts";
import { endOf, KNOWN_ANSWERS, KNOWN_LIMITS, limited, requireNoLimit, saysLimit, whole } from "./limits.ts";

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

test.each([
  "Session limit reached \u2219 resets 8pm",
  "You've hit your usage limit. Upgrade to Pro or try again in 3 days.",
  "You have exceeded your premium request allowance.",
  "You've reached your monthly usage limit",
  "This request would exceed your organization's rate limit of 40,000 input tokens per minute",
  "You're out of extra usage \u00b7 resets 3am",
  "Rate limit reached for gpt-5 in organization org-x on tokens per min (TPM). Please try again in 1.2s.",
  "stream error: exceeded retry limit, last status: 429 Too Many Requests",
  "litellm.RateLimitError: AnthropicException - Overloaded",
  "[API Error: You have exhausted your daily quota on this model.]",
  "You have exhausted your capacity on this model. Your quota will reset after 2h5m.",
  "ThrottlingException: Too many tokens, please wait before trying again.",
  "You have been rate-limited. Please wait 5 minutes.",
  "503 The model is overloaded. Please try again later.",
  "Incorrect API key provided: sk-x. You can find your API key at \u2026",
  "API key not valid. Please pass a valid API key.",
  "invalid x-api-key",
  "OAuth token revoked \u00b7 Please run /login",
  "Your access token could not be refreshed because your refresh token was already used. Please log out and sign in again.",
])("a failed agent that ends with %j has a limit", (text) => {
  expect(saysLimit(endOf("", text), { sentences: KNOWN_LIMITS, answers: [], waitMs: 1 })).toBe(true);
});

test.each([
  "expected limit to be 5",
  "TypeError: Cannot read properties of undefined (reading 'limit')",
  "The iteration limit was raised",
  "error: 4290 files",
])("one that ends with %j has not", (text) => {
  expect(saysLimit(endOf("", text), { sentences: KNOWN_LIMITS, answers: [], waitMs: 1 })).toBe(false);
});

test.each([
  ["try again in 2 hours", 7_200],
  ["Please retry after 90 seconds.", 90],
  ["quota will reset after 2h 5m", 7_500],
  ["resets in 1 hour and 10 minutes", 4_200],
  ["Please try again in 1.2s", 60],
  ["try again in 3 days", 21_600],
  ["wait 5 minutes", 300],
  ["it ran for 20 minutes", 42],
  ["limit reached", 42],
])("%j: as long as it says, a minute at least and six hours at most", (text, seconds) => {
  const { waitMs } = limited("x", {
    metadata: {},
    text,
    limits: { ...limits, waitMs: 42_000 },
    isUnsure: true,
  });
  expect(waitMs).toBe(seconds * 1000);
});

test("until a date", () => {
  const text = `limit reached until ${new Date(Date.now() + 3_600_000).toISOString()}`;
  const { waitMs = 0 } = limited("x", { metadata: {}, text, limits, isUnsure: true });
  expect(Math.round(waitMs / 60_000)).toBe(60);
});
