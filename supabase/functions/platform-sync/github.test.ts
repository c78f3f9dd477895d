import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Fault } from "../../../scripts/fakes/faults.ts";
import { type FakeGithub, startFakeGithub } from "../../../scripts/fakes/github.ts";
import { createGithub } from "../_shared/github.ts";
import type { Claim } from "./claim.ts";
import type { RunContext } from "./context.ts";
import { syncGithub } from "./github.ts";
import { claimOf, contextOf, fakeDatabase, guid, stopOf } from "./testing.ts";

// Over real HTTP, against the fake GitHub: what is stored of what it answers, and what is not.

const TOKEN = "gho_0123456789";
const NOW = Date.parse("2026-11-30T12:00:00Z");
let fake: FakeGithub;
let userId: number;

beforeAll(async () => {
  fake = await startFakeGithub({ now: () => new Date(NOW) });
});
afterAll(() => fake.stop());
beforeEach(() => {
  for (const list of [fake.state.users, fake.state.repos, fake.state.faults]) list.length = 0;
  fake.state.requests.length = 0;
  userId = fake.state.addUser({ login: "maya", token: TOKEN }).id;
});

const ask = (timeoutMs = 20_000) => createGithub({ apiUrl: fake.url, fetch, clock: () => NOW, timeoutMs });
const repo = (name: string, more = {}) =>
  fake.state.addRepo({ owner: "maya", name, createdAt: new Date("2026-01-01T00:00:00Z"), ...more });
const repositories = (more: Partial<Claim> = {}): Claim =>
  claimOf(1, { platform_user_id: String(userId), ...more });
const monitor = (id: number, resource: string) =>
  ({ id: guid(id), monitor_type: "repository", platform_resource_id: resource }) as const;
const contributions = (more: Partial<Claim> = {}): Claim =>
  repositories({ monitors: [{ id: guid(1), monitor_type: "user", platform_resource_id: null }], ...more });
const day = (of: string, is_recent = false) => ({
  day: of,
  is_recent,
  from: `${of}T00:00:00Z`,
  to: `${of}T23:59:59Z`,
});

/** Syncs, and returns what was stored, what could not be read, and how the run stopped. */
async function sync(claim: Claim, days: ReturnType<typeof day>[] = [], timeoutMs?: number) {
  const database = fakeDatabase({ plan_github_contributions: () => ({ ok: true, data: days }) });
  const context: RunContext = contextOf(claim, database.rpc, { token: TOKEN, clock: () => NOW });
  const stop = await stopOf(syncGithub(context, ask(timeoutMs)));
  return {
    context,
    stop,
    problem: context.problem?.code ?? null,
    stored: database.payloads("record_github_repositories")[0],
    days: database.payloads("record_github_contributions"),
    calls: database.calls,
  };
}

const paths = () => fake.state.requests.map(({ path }) => path.split("?")[0]);

describe("the list of repositories", () => {
  test("is read in pages, the newest first, each with its ETag", async () => {
    for (let at = 0; at < 130; at++) repo(`r${at}`, { createdAt: new Date(NOW - at * 1000) });
    const { stored, problem, context } = await sync(repositories());
    expect(problem).toBeNull();
    expect(stored).toMatchObject({ is_complete: true, gone_ids: [], dropped_paths: [], unchanged_ids: [] });
    expect((stored?.repositories as unknown[]).length).toBe(130);
    expect((stored?.listed_ids as unknown[]).length).toBe(130);
    expect(
      (stored?.etags as { has_next: boolean; resource_ids: number[] }[]).map((
        one,
      ) => [one.has_next, one.resource_ids.length]),
    )
      .toEqual([[true, 100], [false, 30]]);
    expect([context.cost, context.counts]).toEqual([2, { requests: 2, repositories: 130 }]);
  });

  test("that did not change is not read, and its repositories are still listed", async () => {
    const ids = Array.from(
      { length: 130 },
      (_, at) => repo(`r${at}`, { createdAt: new Date(NOW - at * 1000) }).id,
    );
    const first = await sync(repositories());
    const etags = Object.fromEntries(
      (first.stored?.etags as { path: string }[]).map(({ path, ...etag }) => [path, etag]),
    );
    const second = await sync(repositories({ etags: etags as Claim["etags"] }));
    expect(second.stored).toMatchObject({
      repositories: [],
      etags: [],
      dropped_paths: [],
      is_complete: true,
    });
    expect(second.stored?.unchanged_ids).toHaveLength(130);
    expect(new Set(second.stored?.listed_ids as number[])).toEqual(new Set(ids));
    expect([second.context.cost, second.context.counts.unchanged_answers]).toEqual([0, 2]);
  });

  test("with more than the limit: the newest are read, and what is left out is named", async () => {
    for (let at = 0; at < 130; at++) repo(`r${at}`, { createdAt: new Date(NOW - at * 1000) });
    const { stored, context } = await sync(repositories({ resources_limit: 50 }));
    expect((stored?.repositories as { name: string }[]).map(({ name }) => name)).toEqual(
      Array.from({ length: 50 }, (_, at) => `r${at}`),
    );
    expect(stored?.listed_ids).toHaveLength(50);
    expect(context.counts).toMatchObject({ left_out: 50, left_out_pages: 1, requests: 1 });
  });

  test("of another account is not stored", async () => {
    repo("shop");
    const { stop, stored } = await sync(repositories({ platform_user_id: "99" }));
    expect(stop).toMatchObject({ code: "devpulse_account_conflict", isCounted: true });
    expect(stored).not.toHaveProperty("listed_ids");
    expect(stored?.repositories ?? []).toEqual([]);
  });

  test("pages of a list that has become shorter are forgotten", async () => {
    repo("shop");
    const path = "/user/repos?affiliation=owner&sort=created&direction=desc&per_page=100&page=2";
    const { stored } = await sync(
      repositories({ etags: { [path]: { etag: "x", resource_ids: [1], has_next: false } } }),
    );
    expect(stored?.dropped_paths).toEqual([path]);
  });
});

describe("rubbish", () => {
  const change = (of: (items: Record<string, unknown>[]) => unknown): Fault => ({
    path: "/user/repos",
    change: (body) => of(body as Record<string, unknown>[]),
  });

  test.each<[string, Fault, string]>([
    ["truncated JSON", { isTruncated: true }, "devpulse_answer_invalid"],
    ["HTML", { body: "<html>We are down</html>" }, "devpulse_answer_invalid"],
    ["an object in place of a list", { body: { message: "hello" } }, "devpulse_answer_invalid"],
    ["an error of GitHub's", { status: 502, body: "<html>" }, "devpulse_provider_unavailable"],
    ["a slow answer", { delayMs: 5_000 }, "devpulse_provider_unavailable"],
    ["a cut connection", { hangUp: true }, "devpulse_provider_unavailable"],
    ["a 304 to a request without an ETag", { status: 304 }, "devpulse_answer_invalid"],
  ])("%s: nothing is stored, nothing is removed", async (_what, fault, code) => {
    repo("shop");
    fake.state.faults.push({ path: "/user/repos", ...fault });
    const { stored, problem, stop } = await sync(repositories(), [], fault.delayMs ? 100 : undefined);
    expect([problem, stop]).toEqual([code, null]);
    expect(stored?.repositories ?? []).toEqual([]);
    expect(stored ?? {}).not.toHaveProperty("listed_ids");
  });

  test("on the second page: the first is stored, and nothing is removed", async () => {
    for (let at = 0; at < 130; at++) repo(`r${at}`, { createdAt: new Date(NOW - at * 1000) });
    fake.state.faults.push({ path: /&page=2/, isTruncated: true });
    const { stored, problem } = await sync(repositories());
    expect(problem).toBe("devpulse_answer_invalid");
    expect(stored).toMatchObject({ is_complete: false });
    expect(stored?.repositories).toHaveLength(100);
    expect(stored).not.toHaveProperty("listed_ids");
  });

  test("numbers as text are read; negative, absurd and missing ones are gaps, and the page is read again", async () => {
    for (const name of ["a", "b", "c", "d"]) repo(name, { stars: 7, forks: 3 });
    fake.state.faults.push(
      change((items) =>
        items.map((item, at) => ({
          ...item,
          ...[{ stargazers_count: "12" }, { stargazers_count: -1 }, { stargazers_count: 1e12 }, {
            stargazers_count: undefined,
          }][at],
        }))
      ),
    );
    const { stored, problem, context } = await sync(repositories());
    const stars = stored?.repositories as { stars_count: number | null; forks_count: number }[];
    expect(stars.map(({ stars_count }) => stars_count)).toEqual([12, null, null, null]);
    expect(stars.map(({ forks_count }) => forks_count)).toEqual([3, 3, 3, 3]);
    expect([problem, context.counts.invalid_values]).toEqual([null, 3]);
    expect(stored?.listed_ids).toHaveLength(4);
    expect(stored?.etags).toEqual([]);
  });

  test("an element without an id: the others are stored, and nothing is removed", async () => {
    for (const name of ["a", "b"]) repo(name);
    fake.state.faults.push(change((items) => [...items, { name: "ghost" }, null, 5]));
    const { stored, problem, context } = await sync(repositories());
    expect(stored?.repositories).toHaveLength(2);
    expect(stored).not.toHaveProperty("listed_ids");
    expect([problem, context.counts.unreadable]).toEqual(["devpulse_answer_invalid", 3]);
  });

  test("an id on two pages, and a page that repeats", async () => {
    for (let at = 0; at < 230; at++) repo(`r${at}`, { createdAt: new Date(NOW - at * 1000) });
    const all: Record<string, unknown>[] = [];
    fake.state.faults.push(
      change((items) => (all.push(...items), items)),
      { path: /&page=2/, change: (body) => [all[99], ...(body as unknown[]).slice(0, 99)] },
    );
    const moved = await sync(repositories());
    expect(moved.stored?.repositories).toHaveLength(229);
    expect(moved.stored).not.toHaveProperty("listed_ids");
    expect(moved.context.counts.duplicates).toBe(1);
    fake.state.faults.push({ path: /&page=2/, change: () => all });
    const repeated = await sync(repositories());
    expect([repeated.problem, repeated.stored?.repositories]).toEqual([
      "devpulse_answer_invalid",
      expect.any(Array),
    ]);
    expect(repeated.stored).not.toHaveProperty("listed_ids");
  });

  test("texts that the database can't store, or that are too long", async () => {
    repo("shop");
    fake.state.faults.push(
      change((items) => items.map((item) => ({ ...item, description: `a\u0000b${"x".repeat(5000)}` }))),
    );
    const { stored } = await sync(repositories());
    const [one] = stored?.repositories as { description: string }[];
    expect(one?.description).toBe(`ab${"x".repeat(998)}`);
  });
});

describe("single repositories", () => {
  test("are read by their ids, and by their names until the id is known", async () => {
    const [lib, core] = [
      fake.state.addRepo({ owner: "acme", name: "lib" }),
      fake.state.addRepo({ owner: "acme", name: "core" }),
    ];
    const { stored } = await sync(
      repositories({
        monitors: [
          monitor(1, String(lib.id)),
          monitor(2, "acme/core"),
          monitor(3, "acme/none"),
          monitor(4, "12345"),
        ].slice(0, 3),
      }),
    );
    expect(paths()).toEqual([`/repositories/${lib.id}`, "/repos/acme/core", "/repos/acme/none"]);
    expect((stored?.repositories as { name: string }[]).map(({ name }) => name)).toEqual(["lib", "core"]);
    expect(stored).toMatchObject({
      seen_ids: [lib.id, core.id],
      gone_ids: [],
      resolved: [{ monitor_id: guid(2), resource_id: String(core.id) }],
    });
    expect(stored).not.toHaveProperty("listed_ids");
    expect((stored?.etags as { path: string }[]).map(({ path }) => path)).toEqual([
      `/repositories/${lib.id}`,
    ]);
  });

  test("that are gone, or can't be read any more, are named; one that fails does not affect the others", async () => {
    const lib = fake.state.addRepo({ owner: "acme", name: "lib" });
    fake.state.faults.push({ path: `/repositories/${lib.id}`, status: 500, body: "" });
    const core = fake.state.addRepo({ owner: "acme", name: "core" });
    const { stored, problem } = await sync(repositories({
      monitors: [monitor(1, String(lib.id)), monitor(2, "777"), monitor(3, String(core.id))],
    }));
    expect(problem).toBe("devpulse_provider_unavailable");
    expect(stored).toMatchObject({ gone_ids: [777], seen_ids: [core.id], is_complete: false });
  });

  test("that no monitor names any more are not asked for, and their ETags are forgotten", async () => {
    const lib = fake.state.addRepo({ owner: "acme", name: "lib" });
    const etags = { "/repositories/777": { etag: "x", resource_ids: [777], has_next: false } };
    const { stored } = await sync(repositories({ monitors: [monitor(1, String(lib.id))], etags }));
    expect(stored?.dropped_paths).toEqual(["/repositories/777"]);
    expect(paths()).toEqual([`/repositories/${lib.id}`]);
  });

  test("many of them are looked for in the list first, and only they are stored", async () => {
    const own = ["a", "b", "c", "d", "e"].map((name) => repo(name));
    const lib = fake.state.addRepo({ owner: "acme", name: "lib" });
    const wanted = [...own.slice(0, 3).map(({ id }) => String(id)), "maya/D", String(lib.id)];
    const { stored } = await sync(
      repositories({ monitors: wanted.map((resource, at) => monitor(at, resource)) }),
    );
    expect(paths()).toEqual(["/user/repos", `/repositories/${lib.id}`]);
    expect((stored?.repositories as { name: string }[]).map(({ name }) => name).sort()).toEqual([
      "a",
      "b",
      "c",
      "d",
      "lib",
    ]);
    expect(stored?.resolved).toEqual([{ monitor_id: guid(3), resource_id: String(own[3]?.id) }]);
    expect(stored).not.toHaveProperty("listed_ids");
  });
});

describe("limits and tokens", () => {
  test("a secondary limit rests this user's token until then", async () => {
    fake.state.faults.push({ path: "/user/repos", status: 403, headers: { "retry-after": "77" }, body: {} });
    const { stop, calls } = await sync(repositories());
    expect(stop).toMatchObject({ kind: "deferred", retryAt: new Date("2026-11-30T12:01:17Z") });
    expect(calls.find(({ name }) => name === "pause_provider")?.args).toEqual({
      provider: "github",
      until: "2026-11-30T12:01:17.000Z",
      secret_id: repositories().secret_id,
    });
    expect(paths()).toEqual(["/user/repos"]);
  });

  test("the hourly limit is in the ledger, as GitHub reports it", async () => {
    fake.state.faults.push({
      path: "/user/repos",
      status: 403,
      headers: { "x-ratelimit-remaining": "0" },
      body: {},
    });
    const { stop, calls } = await sync(repositories());
    expect(stop).toMatchObject({ kind: "deferred", retryAt: new Date("2026-11-30T13:00:00Z") });
    expect(calls.map(({ name }) => name)).toEqual([]);
  });

  test("a token that is rejected twice needs its user; once may be GitHub's mistake", async () => {
    repo("shop");
    const unauthorized = { path: "/user/repos", status: 401, body: { message: "Bad credentials" } };
    fake.state.faults.push(unauthorized);
    expect((await sync(repositories())).stop).toBeNull();
    fake.state.faults.push({ ...unauthorized, times: 2 });
    expect((await sync(repositories())).stop).toMatchObject({
      code: "devpulse_token_invalid",
      rejection: "token_rejected",
      isCounted: true,
    });
  });
});

describe("contributions", () => {
  const commits = (of: string, count: number) =>
    fake.state.users[0]?.contributions.push({
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
    const { days: stored, context } = await sync(contributions(), days);
    expect(stored.map(({ days }) => (days as unknown[]).length)).toEqual([30, 30, 10]);
    expect(stored.map(({ is_recent_complete }) => is_recent_complete)).toEqual([true, false, false]);
    const all = stored.flatMap(({ days }) => days as { date: string; commits_count: number }[]);
    expect(all.filter(({ commits_count }) => commits_count > 0)).toMatchObject([
      { date: "2026-11-30", commits_count: 3, repositories_contributed_to: 1 },
      { date: "2026-10-15", commits_count: 2 },
    ]);
    expect([context.cost, context.problem, context.counts]).toEqual([3, null, { requests: 3, days: 70 }]);
    expect(fake.state.users[0]).toMatchObject({ points: 4997, remaining: 5000 });
  });

  test("200 with GraphQL errors: the days that came are stored, the others stay gaps", async () => {
    fake.state.faults.push({
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
    const { days, problem, context } = await sync(contributions(), [
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
    fake.state.faults.push({ path: "/graphql", ...fault });
    const days = Array.from(
      { length: 30 },
      (_, at) => day(`2026-11-${String(30 - at).padStart(2, "0")}`, at < 7),
    );
    const { days: stored, problem, context } = await sync(contributions(), days);
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
    fake.state.faults.push({
      path: "/graphql",
      change: (body) => {
        const { data } = body as { data: { viewer: Record<string, object> } };
        values.forEach((value, at) => Object.assign(data.viewer[`d2026110${at + 1}`] ?? {}, value));
        return body;
      },
    });
    const { days, context } = await sync(contributions(), [4, 3, 2, 1].map((at) => day(`2026-11-0${at}`)));
    expect(days[0]?.days).toMatchObject([{ date: "2026-11-04", commits_count: 4 }]);
    expect(context.counts).toMatchObject({ gaps: 3, days: 1, invalid_values: 2 });
  });

  test("of another account are not stored", async () => {
    const { days, stop } = await sync(contributions({ platform_user_id: "99" }), [day("2026-11-30", true)]);
    expect([stop?.code, days]).toEqual(["devpulse_account_conflict", []]);
  });

  test("a day's points are used up: the run waits", async () => {
    const [user] = fake.state.users;
    if (user) user.points = 0;
    const { stop, days } = await sync(contributions(), [day("2026-11-30", true)]);
    expect([stop?.kind, stop?.code, days]).toEqual(["deferred", "devpulse_provider_rate_limited", []]);
  });

  test("a run without time left goes on with the next", async () => {
    const database = fakeDatabase({
      plan_github_contributions: () => ({ ok: true, data: [day("2026-11-30", true)] }),
    });
    const context = contextOf(contributions(), database.rpc, {
      token: TOKEN,
      clock: () => NOW,
      deadline: NOW,
    });
    await syncGithub(context, ask());
    expect([context.hasMore, context.counts]).toEqual([true, { days_left: 1 }]);
  });

  test("the calendar is a checksum", async () => {
    commits("2026-11-30", 5);
    fake.state.faults.push({
      path: "/graphql",
      change: (body) => {
        const { data } = body as { data: { viewer: { calendar: unknown } } };
        data.viewer.calendar = { contributionCalendar: { totalContributions: 4 } };
        return body;
      },
    });
    const { context, days } = await sync(contributions(), [day("2026-11-30", true)]);
    expect([context.counts.checksum_mismatches, (days[0]?.days as unknown[]).length]).toEqual([1, 1]);
  });
});

test("a limit that ends the repositories ends the run; an outage there does not end the contributions", async () => {
  fake.state.faults.push({ path: "/user/repos", status: 500, body: "" });
  const { problem, days } = await sync(repositories(), [day("2026-11-30", true)]);
  expect([problem, days.length]).toEqual(["devpulse_provider_unavailable", 1]);
});
