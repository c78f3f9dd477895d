import type { Sql } from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connect, openTestProject, type TestProject } from "../support/database.ts";
import { startFakeGithub } from "../../../scripts/fakes/github.ts";
import { type Person, signUp } from "../support/people.ts";

// Somebody writes thousands of tasks that name other people's pull requests, so that what GitHub delivers
// about these has to wait.

const COUNT = 3_000;
const secret = "a-secret-of-the-webhook-for-tests";
const github = await startFakeGithub({ webhookSecret: secret });
let project: TestProject;
let sql: Sql;
let mallory: Person;

beforeAll(async () => {
  project = await openTestProject({
    functions: { env: { GITHUB_API_URL: github.url, GITHUB_WEBHOOK_SECRETS: secret } },
  });
  sql = connect(project.database);
  mallory = await signUp(project, "mallory");
  github.state.addRepo({ owner: "acme", name: "shop" });
  for (let number = 1; number <= COUNT; number++) {
    github.state.openPull({ owner: "acme", name: "shop", title: `${number}`, head: `branch-${number}` });
  }
});
afterAll(async () => {
  await sql?.end();
  await project?.close();
  await github.stop();
});

const deliver = async (number: number) => {
  const { headers, body } = github.state.delivery({ owner: "acme", name: "shop", number, action: "edited" });
  const response = await fetch(`${project.url}/functions/v1/github-webhook`, {
    method: "POST",
    headers,
    body,
  });
  return [response.status, (await response.json()).status];
};
const linksOf = async () =>
  (await sql<{ count: number }[]>`select count(*)::integer from public.task_pull_requests`)[0]?.count;

test("deliveries do not wait for an insert of thousands that is not over", async () => {
  await sql`
    insert into public.tasks (user_id, pr_url, status)
    select ${mallory.id}, 'https://github.com/acme/shop/pull/' || n, 'completed' from generate_series(1, 20) as n
  `;
  await sql.begin(async (tx) => {
    await tx`
      insert into public.tasks (user_id, repo_url, pr_number, pr_branch, status)
      select ${mallory.id}, 'https://github.com/acme/shop', n, 'branch-' || n, 'completed'
      from generate_series(1, ${COUNT}::integer) as n
    `;
    for (const number of [21, 500, 1_500, COUNT]) expect(await deliver(number)).toEqual([200, "done"]);
  });
  expect(await linksOf()).toBe(40);
  const [job] = await sql<
    { command: string }[]
  >`select command from cron.job where jobname = 'agents-link-tasks'`;
  await sql.unsafe(job?.command ?? "");
  expect(await linksOf()).toBe(20 + COUNT);
  await sql`delete from public.tasks`;
});

test("over HTTP as mallory, the same", async () => {
  let isOver = false;
  const inserted = mallory.client.from("tasks").insert(
    Array.from({ length: COUNT }, (_, at) => ({
      repo_url: "https://github.com/acme/shop",
      pr_number: at + 1,
      status: "completed" as const,
    })),
  ).then((answer) => {
    isOver = true;
    return answer;
  });
  let delivered = 0;
  do {
    expect(await deliver(1 + delivered++ % COUNT)).toEqual([200, "done"]);
  } while (!isOver);
  expect((await inserted).status).toBe(201);
});
