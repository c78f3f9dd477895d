import { describe, expect, test } from "vitest";
import { durationOf, MAX_COUNT, textOf, ValueReader } from "./values.ts";

describe("a count", () => {
  test.each([[0, 0], [7, 7], ["42", 42], [" 42 ", 42], ["81917011.0", 81917011], [2147483647, 2147483647]])(
    "is read for what it plainly is: %j",
    (value, count) => {
      const values = new ValueReader();
      expect([values.count(value), values.invalid]).toEqual([count, 0]);
    },
  );

  test.each([undefined, null, ""])("that is missing is not zero: %j", (value) => {
    const values = new ValueReader();
    expect([values.count(value), values.invalid]).toEqual([null, 0]);
  });

  test.each([-1, 1.5, 2147483648, "1e9", "many", "-3", true, [1], {}, NaN])(
    "that is not valid is not zero, and is counted: %j",
    (value) => {
      const values = new ValueReader();
      expect([values.count(value), values.invalid]).toEqual([null, 1]);
    },
  );

  test("may be larger where its column is", () => {
    const values = new ValueReader();
    expect(values.count("9007199254740991", MAX_COUNT)).toBe(9007199254740991);
    expect(values.count("9007199254740993", MAX_COUNT)).toBeNull();
  });
});

test("an id is not zero", () => {
  const values = new ValueReader();
  expect([values.id(5), values.id("5"), values.id(0), values.invalid]).toEqual([5, 5, null, 1]);
});

test("a time is one of a calendar", () => {
  const values = new ValueReader();
  expect(values.time("2026-11-30T10:00:00+01:00")).toBe("2026-11-30T09:00:00.000Z");
  for (const value of ["soon", "2026-13-01T00:00:00Z", 5, "+010000-01-01T00:00:00Z"]) {
    expect(values.time(value)).toBeNull();
  }
  expect(values.invalid).toBe(4);
});

test("text is cut, and what the database can't store is left out", () => {
  expect(textOf("ab\0c\ud800", 10)).toBe("abc\ufffd");
  expect(textOf("👋👋", 3)).toBe("👋\ufffd");
  for (const value of ["", "  ", 5, null, undefined]) expect(textOf(value, 10)).toBeNull();
});

test.each([["PT4M13S", 253], ["P1DT2H", 93600], ["PT0S", 0], ["P0D", 0], ["PT90M", 5400], ["P1W", 604800]])(
  "the duration %s",
  (value, seconds) => expect(durationOf(value)).toBe(seconds),
);

test.each(["4:13", "P1Y", "PT99999999999S", 5, null, "PT1.5S"])(
  "no duration: %j",
  (value) => expect(durationOf(value)).toBeNull(),
);
