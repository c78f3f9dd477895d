import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { day, startGithub } from "./testing.ts";

// Over real HTTP, against the fake GitHub: what ends a run, and what does not.

let github: Awaited<ReturnType<typeof startGithub>>;

beforeAll(async () => {
  github = await startGithub();
});
afterAll(() => github?.stop());
beforeEach(() => github.reset());

describe("limits and tokens", () => {
  test("a secondary limit rests this user's token until then", async () => {
    github.state.faults.push({
      path: "/user/repos",
      status: 403,
      headers: { "retry-after": "77" },
      body: {},
    });
    const { stop, calls } = await github.sync(github.repositories());
    expect(stop).toMatchObject({ kind: "deferred", retryAt: new Date("2026-11-30T12:01:17Z") });
    expect(calls.find(({ name }) => name === "pause_provider")?.args).toEqual({
      provider: "github",
      until: "2026-11-30T12:01:17.000Z",
      secret_id: github.repositories().secret_id,
    });
    expect(github.paths()).toEqual(["/user/repos"]);
  });

  test("the hourly limit is in the ledger, as GitHub reports it", async () => {
    github.state.faults.push({
      path: "/user/repos",
      status: 403,
      headers: { "x-ratelimit-remaining": "0" },
      body: {},
    });
    const { stop, calls } = await github.sync(github.repositories());
    expect(stop).toMatchObject({ kind: "deferred", retryAt: new Date("2026-11-30T13:00:00Z") });
    expect(calls.map(({ name }) => name)).toEqual([]);
  });

  test("a token that is rejected twice needs its user; once may be GitHub's mistake", async () => {
    github.repo("shop");
    const unauthorized = { path: "/user/repos", status: 401, body: { message: "Bad credentials" } };
    github.state.faults.push(unauthorized);
    expect((await github.sync(github.repositories())).stop).toBeNull();
    github.state.faults.push({ ...unauthorized, times: 2 });
    expect((await github.sync(github.repositories())).stop).toMatchObject({
      code: "devpulse_token_invalid",
      rejection: "token_rejected",
      isCounted: true,
    });
  });
});

test("an outage is over when GitHub says so, and not asked about before", async () => {
  const outage = { status: 503, headers: { "retry-after": "900" }, body: "" };
  github.state.faults.push({ path: "/user/repos", ...outage });
  const { context, stop } = await github.sync(github.repositories());
  expect(stop).toBeNull();
  expect(context.problem).toMatchObject({
    code: "devpulse_provider_unavailable",
    retryAt: new Date("2026-11-30T12:15:00Z"),
  });
});

test.each([
  ["a suspended account", 403, "Sorry. Your account was suspended."],
  ["an app without the permission", 403, "Resource not accessible by integration"],
  ["a list that is not there", 404, "Not Found"],
])("%s is counted against the connection, and nothing is removed", async (_what, status, message) => {
  const refusal = { status, body: { message } };
  github.repo("shop");
  github.state.faults.push({ path: "/user/repos", ...refusal }, { path: "/graphql", ...refusal });
  const { context, stored, days } = await github.sync(github.repositories(), [day("2026-11-30", true)]);
  expect(context.problem).toMatchObject({ code: "devpulse_access_forbidden", isCounted: true });
  expect([context.hasStored, stored ?? {}, days]).toEqual([
    false,
    expect.not.objectContaining({ listed_ids: [] }),
    [],
  ]);
});

test("a renamed account has its new name, which neither changes its id nor its numbers", async () => {
  github.repo("shop");
  const [user] = github.state.users;
  const claim = github.repositories();
  const { context: before } = await github.sync(claim, [day("2026-11-30", true)]);
  expect(before.accountName).toBe("maya");
  github.state.faults.push(
    {
      path: "/user/repos",
      change: (body) =>
        (body as { owner: object }[]).map((one) => ({
          ...one,
          owner: { ...one.owner, login: "maya-codes" },
        })),
    },
  );
  const { context, stored } = await github.sync(claim);
  expect([context.accountName, (stored?.repositories as unknown[]).length]).toEqual(["maya-codes", 1]);
  if (user) user.login = "maya-c";
  const { context: later } = await github.sync(github.contributions(), [day("2026-11-30", true)]);
  expect(later.accountName).toBe("maya-c");
});

test("a limit that ends the repositories ends the run; an outage there does not end the contributions", async () => {
  github.state.faults.push({ path: "/user/repos", status: 500, body: "" });
  const { problem, days } = await github.sync(github.repositories(), [day("2026-11-30", true)]);
  expect([problem, days.length]).toEqual(["devpulse_provider_unavailable", 1]);
});
