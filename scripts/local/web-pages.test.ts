import { describe, expect, test } from "vitest";
import { UserError } from "./user-error.ts";
import { parseHosts, refusePages } from "./web-pages.ts";

describe("API_HOSTS", () => {
  test("names hosts in any case, with a scheme and a port or without", () => {
    expect(parseHosts(" Fixloop.Example, abc.tunnel.example:443\nhttps://other.example:8443/ [::2]:1 "))
      .toEqual(
        ["fixloop.example", "abc.tunnel.example", "other.example", "[::2]"],
      );
    expect(parseHosts("")).toEqual([]);
  });

  test.each(["*.tunnel.example", "::2", "https://", "fix loop:x", "a:b:c"])("refuses %s", (text) => {
    expect(() => parseHosts(text)).toThrow(UserError);
  });

  test("names no other host, whatever a proxy states", () => {
    const hosts = parseHosts("Fixloop.Example:443");
    const statusOf = (headers: Record<string, string>): number | undefined =>
      refusePages(new Request("http://127.0.0.1/rest/v1/", { headers }), hosts)?.status;
    expect(statusOf({ host: "fixloop.example" })).toBeUndefined();
    expect(statusOf({ host: "evil.example", "x-forwarded-host": "127.0.0.1" })).toBe(421);
    expect(statusOf({ host: "evil.example", forwarded: "host=fixloop.example" })).toBe(421);
    expect(statusOf({ "x-forwarded-host": "127.0.0.1" })).toBe(421);
  });
});
