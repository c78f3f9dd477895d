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

test("a limit that ends the repositories ends the run; an outage there does not end the contributions", async () => {
  github.state.faults.push({ path: "/user/repos", status: 500, body: "" });
  const { problem, days } = await github.sync(github.repositories(), [day("2026-11-30", true)]);
  expect([problem, days.length]).toEqual(["devpulse_provider_unavailable", 1]);
});
