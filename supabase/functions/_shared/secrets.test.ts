import { describe, expect, test } from "vitest";
import { isOneOf, parseSecrets } from "./secrets.ts";

const one = "a".repeat(20);
const two = "b".repeat(64);

describe("parseSecrets", () => {
  test("parses one or two, newest first, without spaces", () => {
    expect(parseSecrets("X", one)).toEqual([one]);
    expect(parseSecrets("X", ` ${two} , ${one},`)).toEqual([two, one]);
  });

  test.each([
    ["is not set", undefined],
    ["is not set", " , "],
    ["has more than 2 secrets", [one, two, "c".repeat(20)].join()],
    ["has a secret of fewer than 20 characters", `${one},short`],
  ])("rejects a list that %s, without repeating it", (message, value) => {
    expect(() => parseSecrets("X", value)).toThrow(new Error(`X ${message}`));
  });
});

test("isOneOf compares whole secrets", () => {
  expect(isOneOf(one, [two, one])).toBe(true);
  expect(isOneOf(two, [two, one])).toBe(true);
  expect(isOneOf(one.slice(1), [two, one])).toBe(false);
  expect(isOneOf("", [two, one])).toBe(false);
  expect(isOneOf(one, [])).toBe(false);
});
