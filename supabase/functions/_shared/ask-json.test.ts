import { expect, test } from "vitest";
import { parseRetryAfter } from "./ask-json.ts";

const NOW = Date.parse("2026-03-04T10:00:00Z");

test.each<[string | null, number | undefined]>([
  ["120", 120],
  [" 120 ", 120],
  ["0", 0],
  ["119.2", 120],
  ["Wed, 04 Mar 2026 10:02:00 GMT", 120],
  ["Wednesday, 04-Mar-26 10:02:00 GMT", 120],
  ["2026-03-04T10:02:00Z", 120],
  ["Wed, 04 Mar 2026 09:00:00 GMT", 0],
  ["999999999999999999999", 3600],
  ["9".repeat(400), 3600],
  ["2026", 2026],
  ["Wed, 04 Mar 2099 10:00:00 GMT", 3600],
  // nothing of it, though V8 finds a date in each
  ["-5", undefined],
  ["-1.5", undefined],
  ["5, 10", undefined],
  ["soon", undefined],
  ["60s", undefined],
  ["99:99", undefined],
  ["", undefined],
  [null, undefined],
])("a Retry-After of %j is %j", (value, seconds) => {
  const headers = new Headers(value === null ? {} : { "retry-after": value });
  expect(parseRetryAfter(headers, NOW)).toBe(seconds);
});
