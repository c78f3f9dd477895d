import type { Sql } from "postgres";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { FakeGithub } from "../../../scripts/fakes/github.ts";
import { connect, openTestProject, type TestProject } from "../support/database.ts";
import { runFunction } from "../support/functions.ts";
import { askTokens, githubWith, newToken } from "../support/github-tokens.ts";
import { type Person, rows, signUp, tokenOf } from "../support/people.ts";

// The sweep over the real stack and a fake GitHub: what a lost delivery left out, and who sees what.

const REPO = "https://github.com/acme/shop";
const tokens = { maya: newToken(), mallory: newToken() };
const logLines: string[] = [];
let github: FakeGithub;
let project: TestProject;
let sql: Sql;
let maya: Person;
let mallory: Person;

beforeAll(async () => {
  github = await githubWith(tokens);
  project = await openTestProject({
    functions: { env: { GITHUB_API_URL: github.url }, log: (_, line) => logLines.push(line) },
  });
  sql = connect(project.database);
  await sql`update public.agent_settings set functions_url = ${`${project.url}/functions/v1`}`;
  maya = await signUp(project, "maya");
  mallory = await signUp(project, "mallory");
  for (const [person, token] of [[maya, tokens.maya], [mallory, tokens.mallory]] as const) {
    expect((await askTokens(project, person, "POST", "", { token })).status).toBe(200);
  }
});

afterAll(async () => {
  await sql?.end();
  await project?.close();
  await github?.stop();
});

beforeEach(async () => {
  await sql`delete from public.tasks`;
  await sql`delete from public.pull_requests`;
  await sql`delete from private.github_repositories`;
  await sql`delete from private.provider_pauses`;
  await sql`update private.secrets set invalid_at = null, rests_until = null`;
  for (const list of [github.state.repos, github.state.pulls, github.state.faults]) list.length = 0;
  github.state.requests.length = 0;
  github.state.addRepo({ owner: "acme", name: "shop", isPrivate: true, members: ["maya"] });
});

const open = (head: string, title = "Fix it") =>
  github.state.openPull({ owner: "acme", name: "shop", title, head, login: "maya" });

const sweep = () => runFunction(project, "github-sweep");

/** Makes everything that was checked due again. */
async function later(): Promise<void> {
  await sql`update private.pull_request_checks set next_attempt_at = now() where next_attempt_at is not null`;
  await sql`update public.task_pull_requests set verify_after = now() where verify_after is not null`;
  await sql`update private.task_github_refs set next_attempt_at = now() where next_attempt_at is not null`;
  await sql`delete from private.function_tickets`;
}

const addTask = async (person: Person, task: { pr_url?: string; repo_url?: string; pr_branch?: string }) => {
  const [row] = await rows(
    person.client.from("tasks").insert({ created_at: "2026-01-01T00:00:00Z", ...task }).select("id"),
  );
  return row?.id ?? 0;
};

const seen = (person: Person) =>
  rows(person.client.from("pull_requests").select("number, title, state, merged_at, merge_commit_sha"));

const asked = () =>
  github.state.requests.map(({ login, path, status }) =>
    `${login} ${path.replace(/^\/(repos\/acme\/shop|repositories\/\d+)/, "")} ${status}`
  );

describe("a pull request that a task names", () => {
  test("is read with its owner's token and visible to them; not to another user who names it", async () => {
    const { number } = open("fix");
    for (const person of [maya, mallory]) await addTask(person, { pr_url: `${REPO}/pull/${number}` });
    expect(await seen(maya)).toEqual([]);
    expect(await sweep()).toMatchObject({ read: 1, not_seen: 1, failed: 0, stopped: null });
    expect(asked().sort()).toEqual(["mallory /pulls/1 404", "maya /pulls/1 200"]);
    expect(await seen(maya)).toMatchObject([{ number: 1, title: "Fix it", state: "open" }]);
    expect(await seen(mallory)).toEqual([]);
    expect(await sweep()).toMatchObject({ requests: 0 });
  });

  test("costs nothing while nothing changes, and its merge is found without a delivery", async () => {
    open("fix");
    await addTask(maya, { pr_url: `${REPO}/pull/1` });
    await sweep();
    await later();
    expect(await sweep()).toMatchObject({ requests: 1, unchanged: 1, read: 0 });
    const { mergeCommitSha } = github.state.merge("acme", "shop", 1);
    await later();
    expect(await sweep()).toMatchObject({ read: 1 });
    expect(await seen(maya)).toMatchObject([{
      state: "closed",
      merged_at: expect.any(String),
      merge_commit_sha: mergeCommitSha,
    }]);
  });

  test("that its owner can no longer read is hidden", async () => {
    open("fix");
    await addTask(maya, { pr_url: `${REPO}/pull/1` });
    await sweep();
    expect(await seen(maya)).toHaveLength(1);
    const [repo] = github.state.repos;
    if (repo) repo.members = [];
    await later();
    expect(await sweep()).toMatchObject({ not_seen: 1 });
    expect(await seen(maya)).toEqual([]);
    if (repo) repo.members = ["maya"];
    await later();
    await sweep();
    expect(await seen(maya)).toHaveLength(1);
  });

  test("of a public repository needs no token", async () => {
    const [repo] = github.state.repos;
    if (repo) repo.isPrivate = false;
    await sql`update private.secrets set invalid_at = now()`;
    open("fix");
    await addTask(mallory, { pr_url: `${REPO}/pull/1` });
    expect(await sweep()).toMatchObject({ read: 1 });
    expect(asked()).toEqual(["null /pulls/1 200"]);
    expect(await seen(mallory)).toHaveLength(1);
  });

  test("is looked up by its branch when the worker named none", async () => {
    const id = await addTask(maya, { repo_url: REPO, pr_branch: "fix" });
    await addTask(mallory, { repo_url: REPO, pr_branch: "fix" });
    await sql`update public.tasks set status = 'running'`;
    await sql`update public.tasks set status = 'completed'`;
    expect(await sweep()).toMatchObject({ requests: 2, found: 0 });
    open("fix");
    await later();
    expect(await sweep()).toMatchObject({ found: 1 });
    const found = await rows(maya.client.from("tasks").select("id, pull_requests (number)"));
    expect(found).toEqual([{ id, pull_requests: [{ number: 1 }] }]);
    expect(await seen(mallory)).toEqual([]);
    expect(await rows(mallory.client.from("task_pull_requests").select())).toEqual([]);
  });
});

describe("GitHub", () => {
  beforeEach(async () => {
    for (const head of ["a", "b", "c", "d"]) {
      const { number } = open(head, head);
      await addTask(maya, { pr_url: `${REPO}/pull/${number}` });
    }
  });

  const limited = { status: 403, headers: { "retry-after": "120" }, body: {} };

  test("limits one user's token: it rests, and the others' pull requests are read", async () => {
    const [repo] = github.state.repos;
    if (repo) repo.members = ["maya", "mallory"];
    const { number } = open("e", "e");
    await addTask(mallory, { pr_url: `${REPO}/pull/${number}` });
    for (const path of ["/pulls/1", "/pulls/2", "/pulls/3", "/pulls/4"]) {
      github.state.faults.push({ path, ...limited });
    }
    expect(await sweep()).toMatchObject({ stopped: null, paused_until: null, tokens_limited: 1, read: 1 });
    expect(await seen(mallory)).toMatchObject([{ title: "e" }]);
    await later();
    github.state.requests.length = 0;
    expect(await sweep()).toMatchObject({ requests: 1, unchanged: 1 });
    expect(asked()).toEqual(["mallory /pulls/5 304"]);
  });

  test("limits two users' tokens: no request until then", async () => {
    const { number } = open("e", "e");
    await addTask(mallory, { pr_url: `${REPO}/pull/${number}` });
    github.state.faults.push({ path: "/pulls", ...limited, times: 9 });
    expect(await sweep()).toMatchObject({ stopped: "limited", requests: 2, tokens_limited: 2 });
    await later();
    expect(await sweep()).toMatchObject({ requests: 0, paused_until: expect.any(String) });
  });

  test("limits requests without a token, and is not asked until then", async () => {
    const [repo] = github.state.repos;
    if (repo) repo.isPrivate = false;
    await sql`update private.secrets set invalid_at = now()`;
    github.state.faults.push({ path: "/pulls/2", ...limited });
    const report = await sweep();
    expect(report).toMatchObject({ stopped: "limited" });
    const until = new Date(String(report.paused_until)).getTime() - Date.now();
    expect(until).toBeGreaterThan(100_000);
    expect(until).toBeLessThan(121_000);
    github.state.requests.length = 0;
    await later();
    expect(await sweep()).toMatchObject({ requests: 0, paused_until: expect.any(String) });
    expect(await sql`select private.request_github_sweep() as is_requested`).toEqual([{
      is_requested: false,
    }]);
    expect(asked()).toEqual([]);
  });

  test("answers some requests with garbage: the others are not delayed", async () => {
    github.state.faults.push(
      { path: "/pulls/1", body: '{"number": 1' },
      { path: "/pulls/2", status: 500, body: "<html>" },
      { path: "/pulls/4", body: { number: 7, state: "open", updated_at: "2026-01-01T00:00:00Z" } },
    );
    expect(await sweep()).toMatchObject({ read: 1, failed: 3, stopped: null });
    expect(await seen(maya)).toMatchObject([{ number: 3, title: "c" }]);
    await later();
    expect(await sweep()).toMatchObject({ failed: 0 });
    expect(await seen(maya)).toHaveLength(4);
  });

  test("is down: the run ends after three requests", async () => {
    github.state.faults.push({ status: 502, body: "", times: 9 });
    expect(await sweep()).toMatchObject({ stopped: "failing", requests: 3 });
  });

  test("rejects the token: its owner sees that, and it is not used again", async () => {
    github.state.faults.push({ status: 401, body: { message: "Bad credentials" } });
    expect(await sweep()).toMatchObject({ tokens_refused: 1, read: 0 });
    // what may be public is requested without one
    expect(asked().map((line) => line.replace(/\/pulls\/\d/, ""))).toEqual([
      "maya  401",
      ...Array(4).fill("null  404"),
    ]);
    const { body } = await askTokens(project, maya, "GET");
    expect(body.invalid_at).toEqual(expect.any(String));
    await later();
    github.state.requests.length = 0;
    await sweep();
    expect(asked().filter((line) => line.startsWith("maya"))).toEqual([]);
  });
});

describe("the ledger", () => {
  const limit = (scope: string, calls: number, reserve: number) =>
    sql`
      update private.provider_budgets set calls_limit = ${calls}, calls_reserve = ${reserve}
      where provider = 'github' and scope = ${scope}
    `;
  const spent = async () =>
    (await sql<{ line: string }[]>`
      select scope || ' ' || account || ' ' || spent_count as line from private.provider_spending order by 1
    `).map(({ line }) => line);

  beforeEach(async () => {
    await sql`delete from private.provider_spending`;
    for (const user of github.state.users) user.remaining = 5000;
    for (const head of ["a", "b", "c"]) {
      const { number } = open(head, head);
      await addTask(maya, { pr_url: `${REPO}/pull/${number}` });
    }
  });

  afterEach(async () => {
    await limit("token", 5000, 1000);
    await limit("address", 60, 5);
    await sql`delete from private.provider_spending`;
  });

  test("counts each request with a token for its account, and a 304 for nothing", async () => {
    await sweep();
    expect(await spent()).toEqual(["token maya 3"]);
    await later();
    expect(await sweep()).toMatchObject({ requests: 3, unchanged: 3 });
    expect(await spent()).toEqual(["token maya 3"]);
  });

  test("ends the requests with a token before GitHub does, and none are made without one in their stead", async () => {
    const [repo] = github.state.repos;
    if (repo) repo.isPrivate = false;
    await limit("token", 12, 10);
    expect(await sweep()).toMatchObject({ requests: 2, read: 2, failed: 0 });
    expect(asked()).toEqual(["maya /pulls/1 200", "maya /pulls/2 200"]);
  });

  test("ends the requests without a token as well", async () => {
    const [repo] = github.state.repos;
    if (repo) repo.isPrivate = false;
    await sql`update private.secrets set invalid_at = now()`;
    await limit("address", 2, 1);
    expect(await sweep()).toMatchObject({ requests: 1, read: 1 });
    expect(asked()).toEqual(["null /pulls/1 200"]);
    expect(await spent()).toEqual(["address  1"]);
  });
});

describe("the scheduler", () => {
  test("calls with a ticket that is valid once, and stores no secret", async () => {
    open("fix");
    await addTask(maya, { pr_url: `${REPO}/pull/1` });
    expect(await sql`select private.request_github_sweep() as is_requested`).toEqual([{
      is_requested: true,
    }]);
    await expect.poll(() => seen(maya)).toHaveLength(1);
    const answer = async () =>
      (await sql<{ status_code: number; content: string }[]>`
        select status_code, content from net._http_response order by id desc limit 1
      `)[0];
    await expect.poll(answer).toMatchObject({ status_code: 200 });
    expect(JSON.parse((await answer())?.content ?? "")).toMatchObject({ read: 1 });
    expect(await sql`select count(*)::integer from private.function_tickets`).toEqual([{ count: 0 }]);
  });

  test("nobody else can call: no key, a user's token, a made-up, used or old ticket", async () => {
    const [row] = await sql<
      { ticket: string }[]
    >`select private.issue_function_ticket('github-sweep') as ticket`;
    const [old] = await sql<
      { ticket: string }[]
    >`select private.issue_function_ticket('github-sweep') as ticket`;
    await sql`
      update private.function_tickets set expires_at = now() - interval '1 second'
      where hash = sha256(convert_to(${old?.ticket ?? ""}, 'UTF8'))
    `;
    const call = async (headers: Record<string, string>) =>
      (await fetch(`${project.url}/functions/v1/github-sweep`, { method: "POST", headers })).status;
    expect(await call({ "x-fixloop-ticket": row?.ticket ?? "" })).toBe(200);
    for (
      const headers of [
        {},
        { "x-fixloop-ticket": "" },
        { "x-fixloop-ticket": row?.ticket ?? "" },
        { "x-fixloop-ticket": old?.ticket ?? "" },
        { "x-fixloop-ticket": "0".repeat(64) },
        { apikey: project.publishableKey },
        { authorization: `Bearer ${await tokenOf(maya)}` },
        { authorization: `Bearer ${project.secretKey}` },
      ] as Record<string, string>[]
    ) {
      expect([headers, await call(headers)]).toEqual([headers, 401]);
    }
  });
});

test("no token is in the log", () => {
  expect(logLines.filter((line) => line.includes("github-sweep")).length).toBeGreaterThan(10);
  for (const hidden of [tokens.maya, tokens.mallory, "v1."]) {
    expect(logLines.join("\n")).not.toContain(hidden);
  }
});
