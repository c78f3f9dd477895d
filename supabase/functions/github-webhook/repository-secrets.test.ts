import { expect, test } from "vitest";
import { parseRepositorySecrets } from "./repository-secrets.ts";

const one = "a".repeat(20);
const two = "b".repeat(64);

test("parses repositories and their secrets", () => {
  expect(parseRepositorySecrets("X", undefined)).toEqual([]);
  expect(parseRepositorySecrets("X", ` Acme/Shop:${one} , acme/api.js:${two}:with-colon,`)).toEqual([
    { repository: "acme/shop", secret: one },
    { repository: "acme/api.js", secret: `${two}:with-colon` },
  ]);
});

test.each([
  ["an entry that is not owner/name:<secret>", one],
  ["an entry that is not owner/name:<secret>", `acme:${one}`],
  ["an entry that is not owner/name:<secret>", `*/*:${one}`],
  ["a secret of fewer than 20 characters", `acme/shop:${one},acme/api:short`],
  ["more than 20 secrets", Array(21).fill(`acme/shop:${one}`).join()],
])("rejects a list with %s, without repeating it", (message, value) => {
  expect(() => parseRepositorySecrets("X", value)).toThrow(new Error(`X has ${message}`));
});
