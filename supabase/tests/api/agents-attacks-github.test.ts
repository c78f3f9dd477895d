import type { Sql } from "postgres";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { FakeGithub } from "../../../scripts/fakes/github.ts";
import { connect, openTestProject, type TestProject } from "../support/database.ts";
import { runFunction } from "../support/functions.ts";
import { deliveryRequest, type Example, OPENED, SECRET, sign } from "../support/github-deliveries.ts";
import { askTokens, githubWith, newToken } from "../support/github-tokens.ts";
import { type Person, rows, signUp } from "../support/people.ts";

// Who has used up a token, or holds a secret of the webhook: nobody else's pull requests wait for it, are changed by it for
// long, or at all.

/** The secret of acme/shop alone. */
const SHOPS = "the-secret-of-one-repository";
const SHOP = "https://github.com/acme/shop";
const tokens = { ana: newToken(), mallory: newToken() };
const logLines: string[] = [];

let github: FakeGithub;
let project: TestProject;
let sql: Sql;
let ana: Person;
let mallory: Person;

beforeAll(async () => {
  github = await githubWith(tokens);
  project = await openTestProject({
    functions: {
      env: {
        GITHUB_API_URL: github.url,
        GITHUB_WEBHOOK_SECRETS: SECRET,
        GITHUB_REPOSITORY_SECRETS: `Acme/Shop:${SHOPS}`,
      },
      log: (_name, line) => logLines.push(line),
    },
  });
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

beforeEach(async () => {
  await sql`delete from public.tasks`;
  await sql`delete from public.pull_requests`;
  await sql`delete from private.github_repositories`;
  for (const list of [github.state.repos, github.state.pulls, github.state.requests]) list.length = 0;
});

async function send(payload: unknown, secret = SECRET) {
  const body = JSON.stringify(payload);
  const response = await fetch(deliveryRequest(body, {
    signature: sign(body, secret),
    headers: { "x-github-delivery": crypto.randomUUID() },
  }, project.githubWebhookUrl));
  const answer = await response.json() as { status?: string; code?: string };
  return [response.status, answer.code ?? answer.status];
}

/** A sweep of what is due, and of what will be in a quarter of an hour. */
async function sweep(): Promise<void> {
  await sql`update private.pull_request_checks set next_attempt_at = now() where next_attempt_at is not null`;
  expect(await runFunction(project, "github-sweep")).toMatchObject({ failed: 0, stopped: null });
}

const name = async ({ client }: Person, ...urls: string[]) =>
  await rows(client.from("tasks").insert(urls.map((pr_url) => ({ pr_url }))).select("id"));
const seen = async ({ client }: Person) =>
  await rows(client.from("pull_requests").select("number, title, state, merged_at").order("number"));

/** GitHub's example with changed keys of its pull request. */
const changed = (changes: Record<string, unknown>): Example => ({
  ...OPENED,
  pull_request: { ...OPENED.pull_request as Record<string, unknown>, ...changes },
});

test("a token without requests left uses up none of those without a token", async () => {
  github.state.addRepo({ owner: "acme", name: "shop", members: ["ana"] });
  for (const title of ["a", "b", "c"]) {
    github.state.openPull({ owner: "acme", name: "shop", title, head: title, login: "ana" });
  }
  const [spent] = github.state.users.filter(({ login }) => login === "mallory");
  if (spent) spent.remaining = 0;
  await name(mallory, `${SHOP}/pull/1`, `${SHOP}/pull/2`);
  await name(ana, `${SHOP}/pull/3`);
  github.state.requests.length = 0;
  await sweep();
  expect(github.state.requests.map(({ login }) => login).sort()).toEqual(["ana", "mallory"]);
  expect(await seen(ana)).toMatchObject([{ number: 3, title: "c" }]);
  if (spent) spent.remaining = 5000;
});

test("a pull request that is closed by a forged delivery is open again after GitHub was asked", async () => {
  github.state.addRepo({ owner: "acme", name: "shop", isPrivate: true, members: ["ana"] });
  github.state.openPull({ owner: "acme", name: "shop", title: "Ours", head: "fix", login: "ana" });
  await name(ana, `${SHOP}/pull/1`);
  await sweep();
  const { body } = github.state.delivery({ owner: "acme", name: "shop", number: 1, action: "closed" });
  const forged = JSON.parse(body) as { pull_request: Record<string, unknown> };
  const updated_at = new Date(Date.now() + 60_000).toISOString().replace(/\.\d+/, "");
  const merged = { state: "closed", merged: true, merged_at: updated_at, closed_at: updated_at };
  Object.assign(forged.pull_request, { ...merged, updated_at });
  expect(await send(forged)).toEqual([200, "done"]);
  expect(await seen(ana)).toMatchObject([{ state: "closed", merged_at: expect.any(String) }]);
  await sweep();
  expect(await seen(ana)).toMatchObject([{ title: "Ours", state: "open", merged_at: null }]);
});

test("a delivery that is dated ahead is refused, and freezes nothing", async () => {
  await name(ana, "https://github.com/codertocat/hello-world/pull/2");
  await send(OPENED);
  const before = await seen(ana);
  for (const updated_at of ["2999-01-01T00:00:00Z", new Date(Date.now() + 360_000).toISOString()]) {
    expect(await send(changed({ title: "Frozen", updated_at }))).toEqual([422, "agents_github_time_invalid"]);
  }
  expect(await seen(ana)).toEqual(before);
  expect(await send(changed({ title: "Now", updated_at: new Date().toISOString() }))).toEqual([200, "done"]);
  expect(await seen(ana)).toMatchObject([{ title: "Now" }]);
});

test("who has the secret of one repository changes nothing in another one", async () => {
  for (const [owner, repo] of [["codertocat", "hello-world"], ["acme", "shop"]] as const) {
    await sql`insert into private.github_repositories (repo_owner, repo_name) values (${owner}, ${repo})`;
  }
  const own = JSON.parse(
    JSON.stringify(OPENED).replaceAll(/codertocat\/hello-world/gi, "acme/shop"),
  ) as Example;
  const renamed = { name: "shop", owner: { login: "acme" } };
  own.repository = { ...own.repository as Record<string, unknown>, ...renamed };
  expect(await send(own, SHOPS)).toEqual([200, "done"]);
  expect(await send(OPENED, SHOPS)).toEqual([401, "agents_webhook_signature_invalid"]);
  // its own repository around another one's pull request, and another one around its own
  expect(await send({ ...OPENED, repository: own.repository }, SHOPS)).toEqual([202, "failed"]);
  expect(await send({ ...own, repository: OPENED.repository }, SHOPS)).toEqual([
    401,
    "agents_webhook_signature_invalid",
  ]);
  expect(await sql`select repo_owner, repo_name from public.pull_requests`).toEqual([
    { repo_owner: "acme", repo_name: "shop" },
  ]);
});

test("no secret and no token is in the log", () => {
  expect(logLines.length).toBeGreaterThan(10);
  for (const hidden of [SECRET, SHOPS, tokens.ana, tokens.mallory]) {
    expect(logLines.join("\n")).not.toContain(hidden);
  }
});
