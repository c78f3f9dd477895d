import type { Sql } from "postgres";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { FakeGithub } from "../../../scripts/fakes/github.ts";
import { connect, openTestProject, type TestProject } from "../support/database.ts";
import { runFunction } from "../support/functions.ts";
import { askTokens, githubWith, newToken } from "../support/github-tokens.ts";
import { type Person, rows, signUp } from "../support/people.ts";

// Somebody was a member of a private repository and is not any more, and goes on reading what they once saw:
// also closed pull requests, and while nobody asks GitHub.

const tokens = { ana: newToken(), mallory: newToken() };
let github: FakeGithub;
let project: TestProject;
let sql: Sql;
let ana: Person;
let mallory: Person;

beforeAll(async () => {
  // what was changed long ago is not asked for again
  github = await githubWith(tokens, { now: () => new Date(Date.now() - 60_000) });
  project = await openTestProject({ functions: { env: { GITHUB_API_URL: github.url } } });
  sql = connect(project.database);
  ana = await signUp(project, "ana");
  mallory = await signUp(project, "mallory");
  for (const [person, token] of [[ana, tokens.ana], [mallory, tokens.mallory]] as const) {
    expect((await askTokens(project, person, "POST", "", { token })).status).toBe(200);
  }
});
afterAll(async () => {
  await sql?.end();
  await project?.close();
  await github?.stop();
});

/** Ten pull requests of a private repository, all closed, that both have seen. */
beforeEach(async () => {
  await sql`delete from public.tasks`;
  await sql`delete from public.pull_requests`;
  await sql`delete from private.github_repositories`;
  for (const list of [github.state.repos, github.state.pulls, github.state.faults]) list.length = 0;
  github.state.addRepo({ owner: "acme", name: "shop", isPrivate: true, members: ["ana", "mallory"] });
  for (let number = 1; number <= 10; number++) {
    github.state.openPull({ owner: "acme", name: "shop", title: `Secret ${number}`, head: `fix-${number}` });
    github.state.merge("acme", "shop", number);
  }
  for (const { client } of [ana, mallory]) {
    await rows(
      client.from("tasks").insert(
        github.state.pulls.map(({ number }) => ({
          pr_url: `https://github.com/acme/shop/pull/${number}`,
          status: "completed" as const,
        })),
      ).select("id"),
    );
  }
  await sweep();
  expect([await seenBy(ana), await seenBy(mallory)]).toEqual([10, 10]);
  github.state.requests.length = 0;
});

const sweep = () => runFunction(project, "github-sweep");

/** As if this much time had passed. */
async function later(time: string): Promise<void> {
  await sql`
    update public.task_pull_requests
    set verify_after = verify_after - ${time}::interval, verified_until = verified_until - ${time}::interval
  `;
  await sql`update private.pull_request_checks set next_attempt_at = next_attempt_at - ${time}::interval`;
}

const loseAccess = (login: string) => {
  const [repo] = github.state.repos;
  if (repo) repo.members = repo.members.filter((member) => member !== login);
};

/** How many pull requests somebody sees, in each way that there is. */
async function seenBy({ client }: Person): Promise<number> {
  const table = await rows(client.from("pull_requests").select("title"));
  const list = await rows(client.rpc("list_pull_requests", { max_results: 100 }));
  const embedded = (await rows(client.from("tasks").select("pull_requests (title)")))
    .flatMap(({ pull_requests }) => pull_requests);
  expect([list.length, embedded.length]).toEqual([table.length, table.length]);
  return table.length;
}

test("who lost access sees nothing a day later; everybody else goes on seeing", async () => {
  loseAccess("mallory");
  expect(await sweep()).toMatchObject({ requests: 0 });
  await later("1 day");
  // one request for each user, whatever the number of pull requests
  expect(await sweep()).toMatchObject({ requests: 2, not_seen: 1 });
  expect([await seenBy(ana), await seenBy(mallory)]).toEqual([10, 0]);
  await later("1 day");
  await sweep();
  expect([await seenBy(ana), await seenBy(mallory)]).toEqual([10, 0]);
});

test("it does not help to name another pull request, nor that ana can read them", async () => {
  loseAccess("mallory");
  await later("1 day");
  await sweep();
  await rows(
    mallory.client.from("tasks").insert({ pr_url: "https://github.com/acme/shop/pull/3" }).select("id"),
  );
  await sweep();
  expect([await seenBy(ana), await seenBy(mallory)]).toEqual([10, 0]);
});

test("what nobody could confirm for two days shows nothing, whatever the reason", async () => {
  const faults = [{ status: 500 }, { hangUp: true }, { status: 429, headers: { "retry-after": "86400" } }];
  for (const fault of faults) {
    github.state.faults.push({ path: "/pulls/", times: 1000, ...fault });
    await later("1 day");
    await sweep();
    expect([await seenBy(ana), await seenBy(mallory)]).toEqual([10, 10]);
    await later("1 day");
    expect([await seenBy(ana), await seenBy(mallory)]).toEqual([0, 0]);
    const [job] = await sql<{ command: string }[]>`
      select command from cron.job where jobname = 'agents-hide-links'
    `;
    await sql.unsafe(job?.command ?? "");
    expect(await sql`select from public.task_pull_requests where verified_at is not null`).toHaveLength(0);
    // and is there again when GitHub says so
    github.state.faults.length = 0;
    await sql`delete from private.provider_pauses`;
    await sql`update private.secrets set rests_until = null`;
    await later("1 day");
    await sweep();
    expect([await seenBy(ana), await seenBy(mallory)]).toEqual([10, 10]);
  }
});

test("while no sweep runs, nothing is seen after two days", async () => {
  await later("47 hours");
  expect(await seenBy(mallory)).toBe(10);
  await later("1 hour");
  expect(await seenBy(mallory)).toBe(0);
});

test("who gets access again sees all of it, after one answer", async () => {
  loseAccess("mallory");
  await later("1 day");
  await sweep();
  github.state.repos[0]?.members.push("mallory");
  await later("1 day");
  github.state.requests.length = 0;
  await sweep();
  expect(github.state.requests.filter(({ login }) => login === "mallory")).toHaveLength(1);
  expect([await seenBy(ana), await seenBy(mallory)]).toEqual([10, 10]);
});

test("a number that does not exist hides nothing else", async () => {
  await rows(
    mallory.client.from("tasks").insert({ pr_url: "https://github.com/acme/shop/pull/99" }).select("id"),
  );
  expect(await sweep()).toMatchObject({ not_seen: 1 });
  expect(await seenBy(mallory)).toBe(10);
});

test("a server's word, and a public repository, need no daily answer", async () => {
  await sql`
    update public.task_pull_requests set verified_by = 'worker', verified_until = null, verify_after = null
    where user_id = ${ana.id}
  `;
  await later("3 days");
  expect([await seenBy(ana), await seenBy(mallory)]).toEqual([10, 0]);
});
