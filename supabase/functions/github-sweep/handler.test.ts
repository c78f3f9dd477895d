import { describe, expect, test } from "vitest";
import { parseMasterKeys } from "../_shared/encryption.ts";
import type { GithubAnswer } from "../_shared/github.ts";
import { BODY, due, OK, ok, reader, setUp } from "./testing.ts";

describe("the caller", () => {
  test("can't be a page in a browser, whatever it holds", async () => {
    const { run, calls } = setUp({});
    for (const origin of ["https://evil.example", "http://localhost", "null", ""]) {
      expect(await run({ "x-fixloop-ticket": "ticket", apikey: "secret", origin }))
        .toMatchObject({ status: 403, body: { code: "origin_forbidden" } });
    }
    expect(calls).toEqual([]);
  });

  test("may have a ticket, which the database accepts", async () => {
    const { run, calls } = setUp({});
    expect(await run()).toMatchObject({ status: 200, body: { requests: 0, stopped: null } });
    expect(calls).toEqual([{ name: "begin_github_sweep", args: { ticket: "ticket", batch_size: 200 } }]);
  });

  test("with an invalid ticket is rejected, even with a secret key", async () => {
    const { run } = setUp({
      results: { begin_github_sweep: { ok: false, code: "PT401", message: "function_ticket_invalid" } },
    });
    expect(await run({ "x-fixloop-ticket": "no", apikey: "secret" })).toMatchObject({
      status: 401,
      body: { code: "function_ticket_invalid" },
    });
  });

  test("without a ticket has to be a server", async () => {
    const { run, calls } = setUp({});
    expect((await run({ apikey: "secret" })).status).toBe(200);
    expect(calls[0]?.args).toEqual({ ticket: null, batch_size: 200 });
    for (const headers of [{}, { apikey: "publishable" }] as Record<string, string>[]) {
      expect(await run(headers)).toMatchObject({ status: 401, body: { code: "function_ticket_invalid" } });
    }
    expect(calls).toHaveLength(1);
  });

  test("is answered an error for GET, without keys and without a database", async () => {
    const { run } = setUp({
      results: { begin_github_sweep: { ok: false, code: "unreachable", message: "" } },
    });
    expect(await run()).toMatchObject({
      status: 503,
      body: { code: "agents_sweep_unavailable", details: "unreachable" },
    });
    const masterKeys = () => parseMasterKeys("SECRETS_MASTER_KEYS", undefined);
    expect(await setUp({ deps: { masterKeys } }).run()).toMatchObject({
      status: 503,
      body: { code: "agents_secrets_unavailable", details: "SECRETS_MASTER_KEYS is not set" },
    });
    expect((await setUp({}).run({}, "GET")).status).toBe(405);
  });
});

/** A task's branch in acme/shop, with somebody who may read it. */
const branch = (one: Awaited<ReturnType<typeof reader>>, head_ref: string) => ({
  ...one,
  task_id: 5,
  github_id: null,
  repo_owner: "acme",
  repo_name: "shop",
  head_ref,
});

test("an answer that can't be stored does not affect the others", async () => {
  const one = await reader(1);
  const { run } = setUp({
    pulls: [due(1, [one])],
    branches: [branch(one, "fix")],
    answer: ({ path }) => path.includes("?") ? ok("[{}]") : OK,
    results: { finish_github_check: { ok: false, code: "PT422", message: "agents_pull_request_invalid" } },
  });
  expect((await run()).body).toMatchObject({ failed: 1, read: 0, found: 1, stopped: null });
});

test("a branch's pull requests are asked for by owner and name", async () => {
  const one = await reader(1);
  const { run, questions, calls } = setUp({
    branches: [branch(one, "fix/a&b #1")],
    answer: () => ok('[{"number": 1}]'),
  });
  expect((await run()).body).toMatchObject({ found: 1 });
  const [path, query] = questions[0]?.path.split("?") ?? [];
  expect(path).toBe("/repos/acme/shop/pulls");
  expect(Object.fromEntries(new URLSearchParams(query))).toEqual({
    head: "acme:fix/a&b #1",
    state: "all",
    per_page: "10",
  });
  expect(calls.at(-1)).toMatchObject({
    name: "record_github_branch",
    args: { task_id: 5, user_id: one.user_id, pull_requests: '[{"number": 1}]' },
  });
});

test("a branch that nobody was asked about is not recorded; one whose repository is not seen is", async () => {
  const one = await reader(1);
  const kinds: Record<string, GithubAnswer> = {
    gone: { kind: "not_seen" },
    slow: { kind: "failed", why: "timeout" },
  };
  const { run, calls } = setUp({
    branches: ["slow", "gone"].map((head) => branch(one, head)),
    answer: ({ path }) => kinds[path.includes("slow") ? "slow" : "gone"] ?? OK,
  });
  expect((await run()).body).toMatchObject({ found: 0, failed: 1 });
  expect(calls.filter(({ name }) => name === "record_github_branch").map(({ args }) => args.pull_requests))
    .toEqual(["[]"]);
});

test("a project's repository is asked for by its name, or by its id where it is known", async () => {
  const one = await reader(1);
  const project = { ...one, project_id: 5, repo_owner: "acme", repo_name: "shop" };
  const { run, questions, calls } = setUp({
    projects: [{ ...project, github_id: null }, { ...project, project_id: 6, github_id: 77 }],
    answer: ({ path }) => path === "/repositories/77" ? { kind: "not_seen" } : OK,
  });
  expect((await run()).body).toMatchObject({ identified: 1 });
  expect(questions.map(({ path, token }) => `${path} ${token}`)).toEqual([
    "/repos/acme/shop token-1",
    "/repositories/77 token-1",
  ]);
  const read_at = "1970-01-01T00:00:00.000Z";
  expect(calls.filter(({ name }) => name === "record_github_project").map(({ args }) => args)).toEqual([
    { project_id: 5, repository: BODY, read_at },
    { project_id: 6, repository: null, read_at },
  ]);
});

test("the pull requests of a repository of the loop are listed, with the ETag of the last list", async () => {
  const repository = { ...await reader(1), github_id: 77, repo_owner: "acme", repo_name: "shop", etag: null };
  const { run, questions, calls } = setUp({
    repositories: [
      { ...repository, repository_id: 5 },
      { ...repository, repository_id: 6, etag: '"6"' },
      { ...repository, repository_id: 7, github_id: null },
    ],
    answer: ({ path, etag }) => {
      if (path.startsWith("/repos/")) return { kind: "not_seen" };
      return etag ? { kind: "unchanged" } : ok("[]", '"5"');
    },
  });
  expect((await run()).body).toMatchObject({ listed: 2 });
  const query = "pulls?state=all&sort=updated&direction=desc&per_page=50";
  expect(questions.map(({ path, etag, token }) => [path, etag, token])).toEqual([
    [`/repositories/77/${query}`, null, "token-1"],
    [`/repositories/77/${query}`, '"6"', "token-1"],
    [`/repos/acme/shop/${query}`, null, "token-1"],
  ]);
  const read_at = "1970-01-01T00:00:00.000Z";
  expect(calls.filter(({ name }) => name === "record_loop_repository").map(({ args }) => args)).toEqual([
    { repository_id: 5, outcome: "read", pull_requests: "[]", etag: '"5"', read_at },
    { repository_id: 6, outcome: "unchanged", pull_requests: null, etag: null, read_at },
    { repository_id: 7, outcome: "not_seen", pull_requests: null, etag: null, read_at },
  ]);
});

test("the log has one line with numbers, and no token", async () => {
  const { run, logged } = setUp({ pulls: [due(1, [await reader(1)])] });
  await run({ "x-fixloop-ticket": "ticket" });
  expect(logged).toMatchObject([{ function: "github-sweep", status: 200, requests: 1, read: 1 }]);
  expect(JSON.stringify(logged)).not.toMatch(/token-1|v1\.|"ticket"/);
});
