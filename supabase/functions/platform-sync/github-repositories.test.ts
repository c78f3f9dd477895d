import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Fault } from "../../../scripts/fakes/faults.ts";
import type { Claim } from "./claim.ts";
import { guid, monitor, NOW, startGithub } from "./testing.ts";

// Over real HTTP, against the fake GitHub: what is stored of the repositories that it answers, and what is not.

let github: Awaited<ReturnType<typeof startGithub>>;

beforeAll(async () => {
  github = await startGithub();
});
afterAll(() => github?.stop());
beforeEach(() => github.reset());

describe("the list of repositories", () => {
  test("is read in pages, the newest first, each with its ETag", async () => {
    for (let at = 0; at < 130; at++) github.repo(`r${at}`, { createdAt: new Date(NOW - at * 1000) });
    const { stored, problem, context } = await github.sync(github.repositories());
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
      (_, at) => github.repo(`r${at}`, { createdAt: new Date(NOW - at * 1000) }).id,
    );
    const first = await github.sync(github.repositories());
    const etags = Object.fromEntries(
      (first.stored?.etags as { path: string }[]).map(({ path, ...etag }) => [path, etag]),
    );
    const second = await github.sync(github.repositories({ etags: etags as Claim["etags"] }));
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
    for (let at = 0; at < 130; at++) github.repo(`r${at}`, { createdAt: new Date(NOW - at * 1000) });
    const { stored, context } = await github.sync(github.repositories({ resources_limit: 50 }));
    expect((stored?.repositories as { name: string }[]).map(({ name }) => name)).toEqual(
      Array.from({ length: 50 }, (_, at) => `r${at}`),
    );
    expect(stored?.listed_ids).toHaveLength(50);
    expect(context.counts).toMatchObject({ left_out: 50, left_out_pages: 1, requests: 1 });
  });

  test("of another account is not stored", async () => {
    github.repo("shop");
    const { stop, stored } = await github.sync(github.repositories({ platform_user_id: "99" }));
    expect(stop).toMatchObject({ code: "devpulse_account_conflict", isCounted: true });
    expect(stored).not.toHaveProperty("listed_ids");
    expect(stored?.repositories ?? []).toEqual([]);
  });

  test("pages of a list that has become shorter are forgotten", async () => {
    github.repo("shop");
    const path = "/user/repos?affiliation=owner&sort=created&direction=desc&per_page=100&page=2";
    const { stored } = await github.sync(
      github.repositories({ etags: { [path]: { etag: "x", resource_ids: [1], has_next: false } } }),
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
    github.repo("shop");
    github.state.faults.push({ path: "/user/repos", ...fault });
    const { stored, problem, stop } = await github.sync(
      github.repositories(),
      [],
      fault.delayMs ? 100 : undefined,
    );
    expect([problem, stop]).toEqual([code, null]);
    expect(stored?.repositories ?? []).toEqual([]);
    expect(stored ?? {}).not.toHaveProperty("listed_ids");
  });

  test("on the second page: the first is stored, and nothing is removed", async () => {
    for (let at = 0; at < 130; at++) github.repo(`r${at}`, { createdAt: new Date(NOW - at * 1000) });
    github.state.faults.push({ path: /&page=2/, isTruncated: true });
    const { stored, problem } = await github.sync(github.repositories());
    expect(problem).toBe("devpulse_answer_invalid");
    expect(stored).toMatchObject({ is_complete: false });
    expect(stored?.repositories).toHaveLength(100);
    expect(stored).not.toHaveProperty("listed_ids");
  });

  test("numbers as text are read; negative, absurd and missing ones are gaps, and the page is read again", async () => {
    for (const name of ["a", "b", "c", "d"]) github.repo(name, { stars: 7, forks: 3 });
    github.state.faults.push(
      change((items) =>
        items.map((item, at) => ({
          ...item,
          ...[{ stargazers_count: "12" }, { stargazers_count: -1 }, { stargazers_count: 1e12 }, {
            stargazers_count: undefined,
          }][at],
        }))
      ),
    );
    const { stored, problem, context } = await github.sync(github.repositories());
    const stars = stored?.repositories as { stars_count: number | null; forks_count: number }[];
    expect(stars.map(({ stars_count }) => stars_count)).toEqual([12, null, null, null]);
    expect(stars.map(({ forks_count }) => forks_count)).toEqual([3, 3, 3, 3]);
    expect([problem, context.counts.invalid_values]).toEqual([null, 3]);
    expect(stored?.listed_ids).toHaveLength(4);
    expect(stored?.etags).toEqual([]);
  });

  test("an element without an id: the others are stored, and nothing is removed", async () => {
    for (const name of ["a", "b"]) github.repo(name);
    github.state.faults.push(change((items) => [...items, { name: "ghost" }, null, 5]));
    const { stored, problem, context } = await github.sync(github.repositories());
    expect(stored?.repositories).toHaveLength(2);
    expect(stored).not.toHaveProperty("listed_ids");
    expect([problem, context.counts.unreadable]).toEqual(["devpulse_answer_invalid", 3]);
  });

  test("an id on two pages, and a page that repeats", async () => {
    for (let at = 0; at < 230; at++) github.repo(`r${at}`, { createdAt: new Date(NOW - at * 1000) });
    const all: Record<string, unknown>[] = [];
    github.state.faults.push(
      change((items) => (all.push(...items), items)),
      { path: /&page=2/, change: (body) => [all[99], ...(body as unknown[]).slice(0, 99)] },
    );
    const moved = await github.sync(github.repositories());
    expect(moved.stored?.repositories).toHaveLength(229);
    expect(moved.stored).not.toHaveProperty("listed_ids");
    expect(moved.context.counts.duplicates).toBe(1);
    github.state.faults.push({ path: /&page=2/, change: () => all });
    const repeated = await github.sync(github.repositories());
    expect([repeated.problem, repeated.stored?.repositories]).toEqual([
      "devpulse_answer_invalid",
      expect.any(Array),
    ]);
    expect(repeated.stored).not.toHaveProperty("listed_ids");
  });

  test("an empty page after which others are said to follow: nothing is removed, and it ends", async () => {
    for (let at = 0; at < 130; at++) github.repo(`r${at}`, { createdAt: new Date(NOW - at * 1000) });
    const next = { link: '<https://api.github.com/user/repos?page=3>; rel="next"' };
    github.state.faults.push({ path: /&page=[2-9]/, times: 50, headers: next, change: () => [] });
    const { stored, problem, context } = await github.sync(github.repositories());
    expect([problem, context.counts.requests]).toEqual(["devpulse_answer_invalid", 2]);
    expect(stored?.repositories).toHaveLength(100);
    expect(stored).not.toHaveProperty("listed_ids");
  });

  test("texts that the database can't store, or that are too long", async () => {
    github.repo("shop");
    github.state.faults.push(
      change((items) => items.map((item) => ({ ...item, description: `a\u0000b${"x".repeat(5000)}` }))),
    );
    const { stored } = await github.sync(github.repositories());
    const [one] = stored?.repositories as { description: string }[];
    expect(one?.description).toBe(`ab${"x".repeat(998)}`);
  });
});

describe("single repositories", () => {
  test("are read by their ids, and by their names until the id is known", async () => {
    const [lib, core] = [
      github.state.addRepo({ owner: "acme", name: "lib" }),
      github.state.addRepo({ owner: "acme", name: "core" }),
    ];
    const { stored } = await github.sync(
      github.repositories({
        monitors: [
          monitor(1, String(lib.id)),
          monitor(2, "acme/core"),
          monitor(3, "acme/none"),
          monitor(4, "12345"),
        ].slice(0, 3),
      }),
    );
    expect(github.paths()).toEqual([`/repositories/${lib.id}`, "/repos/acme/core", "/repos/acme/none"]);
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
    const lib = github.state.addRepo({ owner: "acme", name: "lib" });
    github.state.faults.push({ path: `/repositories/${lib.id}`, status: 500, body: "" });
    const core = github.state.addRepo({ owner: "acme", name: "core" });
    const { stored, problem } = await github.sync(github.repositories({
      monitors: [monitor(1, String(lib.id)), monitor(2, "777"), monitor(3, String(core.id))],
    }));
    expect(problem).toBe("devpulse_provider_unavailable");
    expect(stored).toMatchObject({ gone_ids: [777], seen_ids: [core.id], is_complete: false });
  });

  test("that no monitor names any more are not asked for, and their ETags are forgotten", async () => {
    const lib = github.state.addRepo({ owner: "acme", name: "lib" });
    const etags = { "/repositories/777": { etag: "x", resource_ids: [777], has_next: false } };
    const { stored } = await github.sync(
      github.repositories({ monitors: [monitor(1, String(lib.id))], etags }),
    );
    expect(stored?.dropped_paths).toEqual(["/repositories/777"]);
    expect(github.paths()).toEqual([`/repositories/${lib.id}`]);
  });

  test("many of them are looked for in the list first, and only they are stored", async () => {
    const own = ["a", "b", "c", "d", "e"].map((name) => github.repo(name));
    const lib = github.state.addRepo({ owner: "acme", name: "lib" });
    const wanted = [...own.slice(0, 3).map(({ id }) => String(id)), "maya/D", String(lib.id)];
    const { stored } = await github.sync(
      github.repositories({ monitors: wanted.map((resource, at) => monitor(at, resource)) }),
    );
    expect(github.paths()).toEqual(["/user/repos", `/repositories/${lib.id}`]);
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
