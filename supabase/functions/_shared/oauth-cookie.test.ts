import { describe, expect, test } from "vitest";
import { clearCookie, readCookie, setCookie } from "./oauth-cookie.ts";

const VERIFIER = "v".repeat(43);
const cookie = {
  functionsUrl: "https://project.example/functions/v1",
  platform: "github",
  state: "s".repeat(43),
};
const requestWith = (header: string): Request =>
  new Request("http://localhost/", { headers: { cookie: header } });
const pairOf = (header: string): string => header.split(";")[0] ?? "";

describe("the cookie of a flow", () => {
  test("is read back", () => {
    const pair = pairOf(setCookie(cookie, VERIFIER));
    expect(readCookie(requestWith(`theme=dark; ${pair}; x=y`), cookie)).toBe(VERIFIER);
  });

  test("is another one for another flow, and over HTTP", () => {
    const request = requestWith(pairOf(setCookie(cookie, VERIFIER)));
    expect(readCookie(request, { ...cookie, state: "t".repeat(43) })).toBeUndefined();
    expect(readCookie(request, { ...cookie, functionsUrl: "http://project.example/functions/v1" }))
      .toBeUndefined();
  });

  test("is not read when it is sent twice, or has another form", () => {
    const pair = pairOf(setCookie(cookie, VERIFIER));
    expect(readCookie(requestWith(`${pair}; ${pair}`), cookie)).toBeUndefined();
    expect(readCookie(requestWith(pairOf(setCookie(cookie, "short"))), cookie)).toBeUndefined();
    expect(readCookie(new Request("http://localhost/"), cookie)).toBeUndefined();
  });

  test("is removed with the same path and attributes", () => {
    const attributesOf = (header: string) => header.split("; ").slice(2);
    expect(attributesOf(clearCookie(cookie))).toEqual(attributesOf(setCookie(cookie, VERIFIER)));
    expect(clearCookie(cookie)).toContain("Max-Age=0");
  });
});
