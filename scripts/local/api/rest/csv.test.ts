import { expect, test } from "vitest";
import { parseCsv } from "./csv.ts";

test.each([["text", "x"], ["quotes", '""']])("a field of CSV may be long, also of %s alone", (_, sign) => {
  const [row] = parseCsv(`a,b\n1,"${sign.repeat(12_000_000)}"\n`);
  expect(row?.["b"]?.length).toBe(12_000_000);
});
