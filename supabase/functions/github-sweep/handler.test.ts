import { describe, expect, test } from "vitest";
import type { Rpc, RpcResult } from "../_shared/database.ts";
import { encryptSecret, parseMasterKeys } from "../_shared/encryption.ts";
import type { LogEntry } from "../_shared/log.ts";
import { type Budgets, UNLIMITED } from "../_shared/provider-budget.ts";
import type { GithubAnswer, Question } from "../_shared/github.ts";
import { createHandler, type Dependencies } from "./handler.ts";
import type { DueBranch, DueProject, DuePull, DueRepository } from "./plan.ts";

const KEYS = parseMasterKeys("KEYS", `k1:${Buffer.alloc(32, 7).toString("base64")}`);
const BODY = '{"number": 1}';
const ok = (body: string, etag: string | null = null): GithubAnswer => ({
  kind: "ok",
  body,
  value: JSON.parse(body),
  etag,
  hasNext: false,
});
const OK = ok(BODY, 'W/"1"');

const guid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;

/** User n, whose token is `token-n`. */
async function reader(n: number, isUnverified = false) {
  const identity = { id: guid(100 + n), kind: "github_token", ownerId: guid(n) };
  const sealed = await encryptSecret(KEYS, identity, `token-${n}`);
  return { user_id: guid(n), secret_id: identity.id, sealed, is_unverified: isUnverified };
}

const due = (number: number, readers: DuePull["readers"], more: Partial<DuePull> = {}): DuePull => ({
  pull_request_id: number,
  github_id: null,
  repo_owner: "acme",
  repo_name: "shop",
  number,
  is_private: true,
  etag: null,
  readers,
  ...more,
});

interface Setup {
  pulls?: DuePull[];
  branches?: DueBranch[];
  projects?: DueProject[];
  repositories?: DueRepository[];
  /** GitHub's answers; default: everything exists. */
  answer?: (question: Question, at: number) => GithubAnswer;
  results?: Record<string, RpcResult>;
  deps?: Partial<Dependencies>;
}

function setUp(
  { pulls = [], branches = [], projects = [], repositories = [], answer = () => OK, results = {}, deps = {} }:
    Setup,
) {
  const questions: Question[] = [];
  const stored: string[] = [];
  const calls: { name: string; args: Record<string, unknown> }[] = [];
  const logged: LogEntry[] = [];
  const rpc: Rpc = (name, args) => {
    calls.push({ name, args });
    if (name === "finish_github_check") {
      stored.push(`${args.pull_request_id} ${args.outcome} ${String(args.user_id).slice(-1)}`);
    } else if (name !== "begin_github_sweep") stored.push(name);
    const plan = { paused_until: null, projects, repositories, pull_requests: pulls, branches };
    return Promise.resolve(
      results[name] ?? { ok: true, data: name === "begin_github_sweep" ? plan : null },
    );
  };
  const handler = createHandler({
    rpc,
    ask: (question) => {
      questions.push(question);
      return Promise.resolve(answer(question, questions.length));
    },
    budgets: UNLIMITED,
    masterKeys: () => KEYS,
    isServer: (request) => Promise.resolve(request.headers.get("apikey") === "secret"),
    log: (entry) => logged.push(entry),
    clock: () => 0,
    newId: () => "request-1",
    ...deps,
  });
  const run = async (headers: Record<string, string> = { "x-fixloop-ticket": "ticket" }, method = "POST") => {
    const response = await handler(new Request("http://localhost/", { method, headers }));
    return { status: response.status, body: await response.json() };
  };
  const tokens = () => questions.map(({ token }) => token);
  return { run, questions, tokens, stored, calls, logged };
}

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

describe("tokens", () => {
  test("of every user who waits are used, then no other once the answer is known", async () => {
    const readers = [await reader(1, true), await reader(2, true), await reader(3)];
    const { run, tokens, stored } = setUp({ pulls: [due(1, readers, { etag: 'W/"0"' })] });
    expect((await run()).body).toMatchObject({ requests: 2, read: 2, failed: 0 });
    expect(tokens()).toEqual(["token-1", "token-2"]);
    expect(stored).toEqual(["1 read 1", "1 read 2"]);
  });

  test("of the next user are used, when one can't see it", async () => {
    const { run, tokens, stored } = setUp({
      pulls: [due(1, [await reader(1, true), await reader(2), await reader(3)])],
      answer: ({ token }) => token === "token-1" ? { kind: "not_seen" } : { kind: "unchanged" },
    });
    expect((await run()).body).toMatchObject({ requests: 2, unchanged: 1, not_seen: 1 });
    expect(tokens()).toEqual(["token-1", "token-2"]);
    expect(stored).toEqual(["1 not_seen 1", "1 unchanged 2"]);
  });

  test("of users who all can't see it: that is stored", async () => {
    const { run, stored } = setUp({
      pulls: [due(1, [await reader(1, true), await reader(2)])],
      answer: () => ({ kind: "not_seen" }),
    });
    await run();
    expect(stored).toEqual(["1 not_seen 1", "1 not_seen 2", "1 unseen l"]);
  });

  test("are not needed for what may be public, always for what is private", async () => {
    const { run, tokens, stored } = setUp({
      pulls: [due(1, [], { is_private: null }), due(2, [], { is_private: false }), due(3, [])],
    });
    await run();
    expect(tokens()).toEqual([null, null]);
    expect(stored).toEqual(["1 read l", "2 read l"]);
  });

  test("that GitHub rejects are marked, and not used again", async () => {
    const [one, two] = [await reader(1), await reader(2)];
    const { run, tokens, stored, calls } = setUp({
      pulls: [due(1, [one, two]), due(2, [one])],
      answer: ({ token }) => token === "token-1" ? { kind: "token_rejected" } : OK,
    });
    expect((await run()).body).toMatchObject({ tokens_refused: 1, read: 1 });
    expect(tokens()).toEqual(["token-1", "token-2"]);
    expect(stored).toEqual(["mark_secret_checked", "1 read 2"]);
    expect(calls[1]?.args).toEqual({ id: one.secret_id, is_valid: false });
  });

  test("that belong to another user or were changed can't be decrypted", async () => {
    const [one, two] = [await reader(1), await reader(2)];
    const { run, tokens } = setUp({ pulls: [due(1, [{ ...one, sealed: two.sealed }]), due(2, [two])] });
    expect((await run()).body).toMatchObject({ tokens_refused: 1, read: 1 });
    expect(tokens()).toEqual(["token-2"]);
  });

  test("whose hourly limit is reached are not used, and the others are", async () => {
    const [one, two] = [await reader(1), await reader(2)];
    const { run, tokens, stored } = setUp({
      pulls: [due(1, [one]), due(2, [one]), due(3, [two]), due(4, [one], { is_private: false })],
      answer: ({ token }) => token === "token-1" ? { kind: "exhausted" } : OK,
    });
    expect((await run()).body).toMatchObject({ stopped: null, read: 1 });
    expect(tokens()).toEqual(["token-1", "token-2"]);
    expect(stored).toEqual(["3 read 2"]);
  });
});

describe("the budget", () => {
  /** An hour with so many requests per token, and without one. */
  const hour = (limit: number) => {
    const settled: string[] = [];
    const budgets: Budgets = {
      open(provider, secretId) {
        let [left, returned] = [limit, 0];
        return {
          take: () =>
            Promise.resolve(left-- > 0 ? { kind: "granted" } : { kind: "refused", retryAt: new Date(0) }),
          giveBack: () => void returned++,
          report: ({ remaining }) => settled.push(`reports ${remaining}`),
          settle: () =>
            Promise.resolve(void settled.push(`${provider} ${secretId?.slice(-1)} returns ${returned}`)),
        };
      },
    };
    return { budgets, settled };
  };

  test("of a token is kept to: what its user waits for is not asked without one", async () => {
    const [one, two] = [await reader(1), await reader(2)];
    const { budgets } = hour(1);
    const { run, tokens } = setUp({
      pulls: [due(1, [one]), due(2, [one], { is_private: false }), due(3, [two])],
      deps: { budgets },
    });
    expect((await run()).body).toMatchObject({ stopped: null, read: 2, failed: 0 });
    expect(tokens()).toEqual(["token-1", "token-2"]);
  });

  test("gets back what cost nothing, and what GitHub reports", async () => {
    const { budgets, settled } = hour(9);
    const { run } = setUp({
      pulls: [due(1, [await reader(1)])],
      answer: ({ onLimit }) => {
        onLimit?.({ remaining: 7, resetsAt: new Date(0) });
        return { kind: "unchanged" };
      },
      deps: { budgets },
    });
    await run();
    expect(settled).toEqual(["reports 7", "github 1 returns 1"]);
  });

  test("that can't be asked stops the sweep, and GitHub is not asked", async () => {
    const unavailable = {
      ...UNLIMITED.open("github", null),
      take: () => Promise.resolve({ kind: "unavailable" }),
    };
    const { run, questions } = setUp({
      pulls: [due(1, [await reader(1)]), due(2, [await reader(2)]), due(3, [await reader(3)])],
      deps: { budgets: { open: () => unavailable as ReturnType<Budgets["open"]> } },
    });
    expect((await run()).body).toMatchObject({ stopped: "failing", requests: 0 });
    expect(questions).toEqual([]);
  });
});

describe("it stops", () => {
  const many = () => Array.from({ length: 9 }, (_, at) => at + 1).map((n) => due(n, [one]));
  let one: DuePull["readers"][number];

  const until = new Date("2026-03-01T10:01:00Z");
  const paused = { name: "pause_github_sweep", args: { until: until.toISOString(), secret_id: null } };

  test("when GitHub asks for it without a token, until the time that GitHub gives", async () => {
    const { run, calls } = setUp({
      pulls: many().map((pull) => ({ ...pull, is_private: false, readers: [] })),
      answer: (_question, at) => at === 2 ? { kind: "limited", until } : OK,
    });
    const { body } = await run();
    expect(body).toMatchObject({ stopped: "limited", requests: 2, paused_until: until.toISOString() });
    expect(calls.at(-1)).toEqual(paused);
  });

  test("not for a limit of one token: that one rests, and the others are asked with", async () => {
    const two = await reader(2);
    one = await reader(1);
    const { run, calls, tokens } = setUp({
      pulls: [due(1, [one]), due(2, [one]), due(3, [two]), due(4, [one, two])],
      answer: ({ token }) => token === "token-1" ? { kind: "limited", until } : OK,
    });
    const { body } = await run();
    expect(body).toMatchObject({ stopped: null, paused_until: null, tokens_limited: 1, read: 2 });
    expect(tokens()).toEqual(["token-1", "token-2", "token-2"]);
    expect(calls.filter(({ name }) => name === paused.name))
      .toEqual([{ ...paused, args: { ...paused.args, secret_id: one.secret_id } }]);
  });

  test("when the database knows of another account that is limited", async () => {
    one = await reader(1);
    const later = "2026-03-01T10:00:30+00:00";
    const { run } = setUp({
      pulls: many(),
      answer: () => ({ kind: "limited", until }),
      results: { pause_github_sweep: { ok: true, data: later } },
    });
    expect((await run()).body).toMatchObject({ stopped: "limited", requests: 1, paused_until: later });
  });

  test("when its requests or its time are used up", async () => {
    one = await reader(1);
    const requests = setUp({ pulls: many(), deps: { maxRequests: 3 } });
    expect((await requests.run()).body).toMatchObject({ stopped: "requests", requests: 3, read: 3 });
    let now = 0;
    const time = setUp({ pulls: many(), deps: { clock: () => now += 10, maxMs: 100 } });
    const { body } = await time.run();
    expect(body).toMatchObject({ stopped: "time" });
    expect(body.requests).toBeLessThan(9);
  });

  test("after three failures in a row, not one or two", async () => {
    one = await reader(1);
    const failed: GithubAnswer = { kind: "failed", why: "timeout" };
    const sometimes = setUp({
      pulls: many(),
      answer: (_question, at) => at % 3 === 0 ? OK : failed,
    });
    expect((await sometimes.run()).body).toMatchObject({ stopped: null, read: 3, failed: 6 });
    const always = setUp({ pulls: many(), answer: () => failed });
    expect((await always.run()).body).toMatchObject({ stopped: "failing", requests: 3 });
    expect(always.stored).toEqual([]);
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
