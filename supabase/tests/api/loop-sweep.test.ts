import type { Sql } from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { FakeGithub } from "../../../scripts/fakes/github.ts";
import { connect, openTestProject, type TestProject } from "../support/database.ts";
import { runFunction } from "../support/functions.ts";
import { askTokens, githubWith, newToken } from "../support/github-tokens.ts";
import { type Person, rows, signUp } from "../support/people.ts";

// No delivery ever came: the sweep lists the pull requests of the team's repositories at a fake GitHub.

const token = newToken();
let github: FakeGithub;
let project: TestProject;
let sql: Sql;
let adam: Person;

beforeAll(async () => {
  github = await githubWith({ adam: token });
  project = await openTestProject({ functions: { env: { GITHUB_API_URL: github.url } } });
  sql = connect(project.database);
  adam = await signUp(project, "adam", "admin");
  expect((await askTokens(project, adam, "POST", "", { token })).status).toBe(200);
  github.state.addRepo({ owner: "acme", name: "shop", isPrivate: true, members: ["adam"] });
  await rows(
    adam.client.from("loop_repositories").insert({ repo_owner: "acme", repo_name: "shop" }).select(),
  );
});

afterAll(async () => {
  await sql?.end();
  await project?.close();
  await github?.stop();
});

async function sweep(): Promise<Record<string, unknown>> {
  await sql`update private.loop_repository_checks set next_attempt_at = now()`;
  return await runFunction(project, "github-sweep");
}

test("a pull request that is merged without a delivery resolves the issue", async () => {
  const { id } = await rows(
    adam.client.from("issues").insert({ title: "Rows are lost" }).select("id").single(),
  );
  const { issue_number } = await rows(adam.client.rpc("promote_issue", { issue_id: id }).single());
  github.state.openPull({ owner: "acme", name: "shop", title: "Something else", head: "a", login: "adam" });
  const { number } = github.state.openPull({
    owner: "acme",
    name: "shop",
    title: "Keep the rows",
    body: `Fixes EXAI-${issue_number}`,
    head: "b",
    login: "adam",
  });
  expect(await sweep()).toMatchObject({ requests: 1, listed: 1, failed: 0, stopped: null });
  const links = rows(adam.client.from("exai_issue_pull_requests").select("number, intent, state"));
  expect(await links).toEqual([{ number, intent: "closes", state: "open" }]);
  expect(await sweep()).toMatchObject({ requests: 1, listed: 1 });
  expect(github.state.requests.at(-1)?.status).toBe(304);
  github.state.merge("acme", "shop", number);
  expect(await sweep()).toMatchObject({ listed: 1 });
  expect(await rows(adam.client.from("issues").select("status, resolved_by").eq("id", id).single())).toEqual({
    status: "resolved",
    resolved_by: "Fixloop",
  });
  const stored = await sql`select number from public.pull_requests`;
  expect([...stored]).toEqual([{ number }]);
});

test("a repository that the token does not see is asked for later", async () => {
  await rows(
    adam.client.from("loop_repositories").insert({ repo_owner: "acme", repo_name: "gone" }).select(),
  );
  expect(await sweep()).toMatchObject({ listed: 1, not_seen: 1, failed: 0 });
  const [check] = await sql`
    select c.attempts_count from private.loop_repository_checks as c
    join public.loop_repositories as r using (repository_id) where r.repo_name = 'gone'
  `;
  expect(check).toEqual({ attempts_count: 1 });
});
