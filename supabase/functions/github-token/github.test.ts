import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { startFakeGithub } from "../../../scripts/fakes/github.ts";
import { createCheckToken, type TokenCheck } from "./github.ts";

// Over real HTTP, against a fake GitHub.

const TOKEN = `ghp_${"a".repeat(36)}`;
const github = await startFakeGithub();
github.state.addUser({ login: "octocat", token: TOKEN, scopes: ["repo", "read:org"] });
afterAll(() => github.stop());
beforeEach(() => void (github.state.faults.length = 0));

const check = createCheckToken(`${github.url}/`, 2_000);

test("a classic token has scopes", async () => {
  expect(await check(TOKEN)).toEqual({
    outcome: "valid",
    facts: { login: "octocat", scopes: ["repo", "read:org"], expires_at: null },
  });
  const asked = github.state.requests.at(-1);
  expect(asked).toMatchObject({ method: "GET", path: "/user", login: "octocat" });
  expect(asked?.headers).toMatchObject({
    accept: "application/vnd.github+json",
    "x-github-api-version": "2022-11-28",
    "user-agent": "fixloop",
  });
});

test("a fine-grained token has none, and expires", async () => {
  const token = `github_pat_${"b".repeat(82)}`;
  const expiresAt = new Date("2099-12-01T10:00:00Z");
  github.state.addUser({ login: "hubot", token, scopes: [], expiresAt });
  expect(await check(token)).toEqual({
    outcome: "valid",
    facts: { login: "hubot", scopes: null, expires_at: "2099-12-01T10:00:00.000Z" },
  });
});

test.each([
  ["2099-12-01 10:00:00 +0200", "2099-12-01T08:00:00.000Z"],
  ["2099-12-01 10:00:00 -05:30", "2099-12-01T15:30:00.000Z"],
  ["2099-12-01T10:00:00Z", "2099-12-01T10:00:00.000Z"],
  ["2099-13-41 10:00:00 UTC", null],
  ["soon", null],
])("an expiry of %s is parsed as %s", async (header, expires_at) => {
  github.state.faults.push({
    path: "/user",
    status: 200,
    body: { login: "octocat" },
    headers: { "github-authentication-token-expiration": header },
  });
  expect(await check(TOKEN)).toMatchObject({ outcome: "valid", facts: { expires_at } });
});

test("an unknown token is rejected", async () => {
  expect(await check(`ghp_${"z".repeat(36)}`)).toEqual({
    outcome: "rejected",
    status: 401,
    message: "Bad credentials",
  });
});

test("a token of an app's installation is nobody's", async () => {
  const token = `ghs_${"i".repeat(36)}`;
  expect(await check(token)).toMatchObject({ outcome: "rejected", status: 401 });
  github.state.addUser({ login: "shop-bot[bot]", token });
  expect(await check(token)).toMatchObject({ outcome: "valid", facts: { login: null } });
});

test.each([
  ["an app's own token", "Resource not accessible by integration"],
  ["a suspended account", "Sorry. Your account was suspended."],
])("%s is rejected", async (_, message) => {
  github.state.faults.push({ path: "/user", status: 403, body: { message } });
  expect(await check(TOKEN)).toEqual({ outcome: "rejected", status: 403, message });
});

describe("GitHub can't be asked", () => {
  const reset = String(Math.floor(Date.now() / 1000) + 600);
  test.each<[string, Parameters<typeof github.state.faults.push>[0], string, number]>([
    ["it is down", { status: 502, body: "<html>" }, "status_502", 10],
    [
      "it is moved",
      { status: 301, headers: { location: "http://127.0.0.1:9/user" }, body: "" },
      "status_301",
      10,
    ],
    ["its answer is not JSON", { status: 200, body: "<html>" }, "unexpected_answer", 10],
    [
      "its answer is huge",
      { status: 200, body: `{"login": "${"x".repeat(300_000)}"}` },
      "unexpected_answer",
      10,
    ],
    ["its answer has no login", { status: 200, body: { id: 1 } }, "unexpected_answer", 10],
    ["it closes the connection", { hangUp: true }, "unreachable", 10],
    ["a proxy rejects it", { status: 403, body: "Forbidden" }, "status_403", 10],
    [
      "a secondary limit is reached",
      {
        status: 403,
        body: { message: "You have exceeded a secondary rate limit." },
        headers: { "retry-after": "30", "x-ratelimit-remaining": "10" },
      },
      "rate_limit",
      30,
    ],
    [
      "the wait is very long",
      { status: 429, body: {}, headers: { "retry-after": "99999" } },
      "rate_limit",
      3600,
    ],
  ])("%s", async (_, fault, cause, retryAfter) => {
    github.state.faults.push({ path: "/user", ...fault });
    expect(await check(TOKEN)).toEqual({ outcome: "unavailable", cause, retryAfter });
  });

  test("its hourly limit is reached", async () => {
    github.state.faults.push({
      path: "/user",
      status: 403,
      body: { message: "API rate limit exceeded" },
      headers: { "x-ratelimit-remaining": "0", "x-ratelimit-reset": reset },
    });
    const result = await check(TOKEN) as TokenCheck & { outcome: "unavailable" };
    expect(result).toMatchObject({ outcome: "unavailable", cause: "rate_limit" });
    expect(result.retryAfter).toBeGreaterThan(500);
    expect(result.retryAfter).toBeLessThanOrEqual(600);
  });

  test("it is slow", async () => {
    github.state.faults.push({ path: "/user", delayMs: 5_000 });
    expect(await createCheckToken(github.url, 50)(TOKEN))
      .toEqual({ outcome: "unavailable", cause: "TimeoutError", retryAfter: 10 });
  });

  test("it can't be reached", async () => {
    expect(await createCheckToken("http://127.0.0.1:9", 2_000)(TOKEN))
      .toEqual({ outcome: "unavailable", cause: "unreachable", retryAfter: 10 });
  });
});
