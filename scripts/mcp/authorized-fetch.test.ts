import { expect, test } from "vitest";
import { createAuthorizedFetch } from "./authorized-fetch.ts";

const URL_ = "http://api.test/mcp";

/** A server that accepts one token, and a session that has others. */
function setUp(stored: string[], accepted: string) {
  const sent: (string | null)[] = [];
  const renewed: string[] = [];
  const authorized = createAuthorizedFetch({
    accessToken: () => Promise.resolve(stored[0] ?? ""),
    renew: (rejected) => {
      renewed.push(rejected);
      return Promise.resolve(stored[1] ?? "");
    },
  }, (_url, init) => {
    const authorization = new Headers(init?.headers).get("authorization");
    sent.push(`${authorization} ${String(init?.body)}`);
    return Promise.resolve(new Response("x", { status: authorization === `Bearer ${accepted}` ? 200 : 401 }));
  });
  return { authorized, sent, renewed };
}

test("a token that the server accepts is sent once", async () => {
  const { authorized, sent, renewed } = setUp(["one", "two"], "one");
  expect((await authorized(URL_, { body: "a" })).status).toBe(200);
  expect([sent, renewed]).toEqual([["Bearer one a"], []]);
});

test("a rejected one is renewed, and the request sent again", async () => {
  const { authorized, sent, renewed } = setUp(["one", "two"], "two");
  expect((await authorized(URL_, { body: "a" })).status).toBe(200);
  expect([sent, renewed]).toEqual([["Bearer one a", "Bearer two a"], ["one"]]);
});

test("once: the second 401 is the answer", async () => {
  const { authorized, sent, renewed } = setUp(["one", "two"], "three");
  expect((await authorized(URL_, { body: "a" })).status).toBe(401);
  expect([sent.length, renewed]).toEqual([2, ["one"]]);
});
