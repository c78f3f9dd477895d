import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Fault } from "../../../scripts/fakes/faults.ts";
import { syncGithub } from "./github.ts";
import { contextOf, day, fakeDatabase, NOW, startGithub, TOKEN } from "./testing.ts";

// Over real HTTP, against the fake GitHub: what is stored of the contributions that it answers, and what is not.

let github: Awaited<ReturnType<typeof startGithub>>;

beforeAll(async () => {
  github = await startGithub();
});
afterAll(() => github?.stop());
beforeEach(() => github.reset());

describe("contributions", () => {
  const commits = (of: string, count: number) =>
    github.state.users[0]?.contributions.push({
      kind: "commit",
      at: new Date(`${of}T10:00:00Z`),
      repo: "maya/shop",
      count,
    });

  test("are read thirty days per point, the newest first", async () => {
    const days = Array.from(
      { length: 70 },
      (_, at) => day(new Date(NOW - at * 86_400_000).toISOString().slice(0, 10), at < 7),
    );
    commits("2026-11-30", 3);
    commits("2026-10-15", 2);
    const { days: stored, context } = await github.sync(github.contributions(), days);
    expect(stored.map(({ days }) => (days as unknown[]).length)).toEqual([30, 30, 10]);
    expect(stored.map(({ is_recent_complete }) => is_recent_complete)).toEqual([true, false, false]);
    const all = stored.flatMap(({ days }) => days as { date: string; commits_count: number }[]);
    expect(all.filter(({ commits_count }) => commits_count > 0)).toMatchObject([
      { date: "2026-11-30", commits_count: 3, repositories_contributed_to: 1 },
      { date: "2026-10-15", commits_count: 2 },
    ]);
    expect([context.cost, context.problem, context.counts]).toEqual([3, null, { requests: 3, days: 70 }]);
    expect(github.state.users[0]).toMatchObject({ points: 4997, remaining: 5000 });
  });

  test("200 with GraphQL errors: the days that came are stored, the others stay gaps", async () => {
    github.state.faults.push({
      path: "/graphql",
      change: (body) => {
        const { data } = body as { data: { viewer: Record<string, unknown> } };
        return {
          data: { ...data, viewer: { ...data.viewer, d20261129: null } },
          errors: [{
            type: "SERVICE_UNAVAILABLE",
            path: ["viewer", "d20261129"],
            message: "Something went wrong.",
          }],
        };
      },
    });
    const { days, problem, context } = await github.sync(github.contributions(), [
      day("2026-11-30", true),
      day("2026-11-29"),
      day("2026-11-28"),
    ]);
    expect(days[0]).toMatchObject({
      is_recent_complete: true,
      cursor: { failed_days: { "2026-11-29": 1 }, chunk_days: 1 },
    });
    expect((days[0]?.days as { date: string }[]).map(({ date }) => date)).toEqual([
      "2026-11-30",
      "2026-11-28",
    ]);
    expect([problem, context.counts.gaps, context.counts.graphql_errors]).toEqual([
      "devpulse_answer_invalid",
      1,
      1,
    ]);
  });

  test.each<[string, Fault, string]>([
    [
      "no data at all",
      { body: { data: null, errors: [{ message: "Something went wrong" }] } },
      "devpulse_answer_invalid",
    ],
    ["HTML", { body: "<html>" }, "devpulse_answer_invalid"],
    ["truncated JSON", { isTruncated: true }, "devpulse_answer_invalid"],
    ["a timeout of GitHub's", { status: 502, body: "" }, "devpulse_provider_unavailable"],
  ])("%s: nothing is stored, and fewer days are asked for the next time", async (_what, fault, code) => {
    github.state.faults.push({ path: "/graphql", ...fault });
    const days = Array.from(
      { length: 30 },
      (_, at) => day(`2026-11-${String(30 - at).padStart(2, "0")}`, at < 7),
    );
    const { days: stored, problem, context } = await github.sync(github.contributions(), days);
    expect(problem).toBe(code);
    expect(stored).toMatchObject([{
      days: [],
      is_recent_complete: false,
      cursor: { chunk_days: 15, failed_days: {} },
    }]);
    expect(context.hasStored).toBe(false);
  });

  test("a day with a negative, absurd or missing number is a gap", async () => {
    const values = [{ totalCommitContributions: -1 }, { totalCommitContributions: 1e9 }, {
      totalIssueContributions: undefined,
    }, { totalCommitContributions: "4" }];
    github.state.faults.push({
      path: "/graphql",
      change: (body) => {
        const { data } = body as { data: { viewer: Record<string, object> } };
        values.forEach((value, at) => Object.assign(data.viewer[`d2026110${at + 1}`] ?? {}, value));
        return body;
      },
    });
    const { days, context } = await github.sync(
      github.contributions(),
      [4, 3, 2, 1].map((at) => day(`2026-11-0${at}`)),
    );
    expect(days[0]?.days).toMatchObject([{ date: "2026-11-04", commits_count: 4 }]);
    expect(context.counts).toMatchObject({ gaps: 3, days: 1, invalid_values: 2 });
  });

  test("days that a run before a pause read are read with the last seven, and given up like others", async () => {
    const stale = { ...day("2026-11-10"), is_stale: true };
    const { days } = await github.sync(github.contributions(), [day("2026-11-30", true), stale]);
    expect(days[0]).toMatchObject({
      is_recent_complete: true,
      days: [{ date: "2026-11-30" }, {
        date: "2026-11-10",
      }],
    });
    github.state.faults.push({
      path: "/graphql",
      change: (body) => {
        const { data } = body as { data: { viewer: object } };
        return { data: { ...data, viewer: { ...data.viewer, d20261110: null } } };
      },
    });
    const { days: again } = await github.sync(github.contributions(), [day("2026-11-30", true), stale]);
    expect(again[0]).toMatchObject({
      is_recent_complete: false,
      cursor: { failed_days: { "2026-11-10": 1 } },
    });
  });

  test("cost as many points as GitHub says", async () => {
    github.state.faults.push({
      path: "/graphql",
      change: (body) => {
        const { data } = body as { data: { rateLimit: object } };
        return { data: { ...data, rateLimit: { ...data.rateLimit, cost: 3 } } };
      },
    });
    expect((await github.sync(github.contributions(), [day("2026-11-30", true)])).context.cost).toBe(3);
  });

  test("of another account are not stored", async () => {
    const { days, stop } = await github.sync(github.contributions({ platform_user_id: "99" }), [
      day("2026-11-30", true),
    ]);
    expect([stop?.code, days]).toEqual(["devpulse_account_conflict", []]);
  });

  test("a day's points are used up: the run waits", async () => {
    const [user] = github.state.users;
    if (user) user.points = 0;
    const { stop, days } = await github.sync(github.contributions(), [day("2026-11-30", true)]);
    expect([stop?.kind, stop?.code, days]).toEqual(["deferred", "devpulse_provider_rate_limited", []]);
  });

  test("a run without time left goes on with the next", async () => {
    const database = fakeDatabase({
      plan_github_contributions: () => ({ ok: true, data: [day("2026-11-30", true)] }),
    });
    const context = contextOf(github.contributions(), database.rpc, {
      token: TOKEN,
      clock: () => NOW,
      deadline: NOW,
    });
    await syncGithub(context, github.ask());
    expect([context.hasMore, context.counts]).toEqual([true, { days_left: 1 }]);
  });

  test("the calendar is a checksum", async () => {
    commits("2026-11-30", 5);
    github.state.faults.push({
      path: "/graphql",
      change: (body) => {
        const { data } = body as { data: { viewer: { calendar: unknown } } };
        data.viewer.calendar = { contributionCalendar: { totalContributions: 4 } };
        return body;
      },
    });
    const { context, days } = await github.sync(github.contributions(), [day("2026-11-30", true)]);
    expect([context.counts.checksum_mismatches, (days[0]?.days as unknown[]).length]).toEqual([1, 1]);
  });
});
