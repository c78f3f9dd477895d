import { afterAll, beforeAll, expect, test } from "vitest";
import { connect, openTestProject, type TestProject } from "../support/database.ts";
import { anonymous, type Client, type Person, rows, server, signUp } from "../support/people.ts";

// An admin of the team tries to become what a server is: to read and finish anybody's tasks, and to see a
// private pull request by naming it.

let project: TestProject;
let admin: Person;
let ana: Person;
let worker: Client;

beforeAll(async () => {
  project = await openTestProject();
  admin = await signUp(project, "adam", "admin");
  ana = await signUp(project, "ana");
  worker = anonymous(project);
});
afterAll(() => project?.close());

const newTask = (person: Person) =>
  rows(
    person.client.from("tasks").insert({
      agent: "claude",
      repo_url: "https://github.com/acme/private",
      chat_messages: [{ role: "user", content: "A secret", timestamp: Date.now() / 1000 }],
    }).select("id").single(),
  );
const tokenOf = async (client: Client, more: { expires_in_days?: number; for_everybody?: boolean } = {}) =>
  (await rows(client.rpc("create_worker_token", { name: "w", agents: ["claude"], ...more }).single())).token;
const claim = (client: Client, worker_token?: string) =>
  client.rpc("claim_task", { worker: "w", agents: ["claude"], ...(worker_token && { worker_token }) });

/** Claims a task and completes it with a pull request; what the task's user then sees of that. */
async function nameAPullRequest(client: Client, number: number, person: Person, worker_token?: string) {
  const { id } = await newTask(person);
  const [lease] = await rows(claim(client, worker_token));
  expect(lease?.task_id).toBe(id);
  await rows(client.rpc("complete_task", {
    task_id: id,
    fencing_token: Number(lease?.fencing_token),
    pr_url: `https://github.com/acme/private/pull/${number}`,
    ...(worker_token && { worker_token }),
  }));
  const links = await rows(
    person.client.from("task_pull_requests").select("source, verified_by").eq("task_id", id),
  );
  const pulls = await rows(person.client.from("pull_requests").select("number"));
  return { links, sees: pulls.some((pull) => pull.number === number) };
}

test("no role creates a token for everybody; with their own, an admin claims their own tasks only", async () => {
  for (const { client } of [admin, ana]) {
    const { status, error } = await client.rpc("create_worker_token", {
      name: "fleet",
      agents: ["claude"],
      for_everybody: true,
    });
    expect([status, error?.message]).toEqual([403, "agents_worker_token_forbidden"]);
  }
  const { id } = await newTask(ana);
  expect(await rows(claim(worker, await tokenOf(admin.client)))).toEqual([]);
  expect((await ana.client.rpc("cancel_task", { task_id: id })).error).toBeNull();
});

test("what an admin's worker names is not verified, also when a server sends its token", async () => {
  const token = await tokenOf(admin.client);
  const own = { links: [{ source: "owner", verified_by: null }], sees: false };
  expect(await nameAPullRequest(worker, 1, admin, token)).toEqual(own);
  expect(await nameAPullRequest(server(project), 2, admin, token)).toEqual(own);
});

test("a server's token for everybody is a server's", async () => {
  const token = await tokenOf(server(project), { for_everybody: true });
  const verified = { links: [{ source: "worker", verified_by: "worker" }], sees: true };
  expect(await nameAPullRequest(worker, 3, ana, token)).toEqual(verified);
  expect(await nameAPullRequest(server(project), 4, ana)).toEqual(verified);
});

test("a token has its maker, and an end within a year", async () => {
  await tokenOf(ana.client);
  await tokenOf(ana.client, { expires_in_days: 365 });
  const tokens = await rows(
    ana.client.from("worker_tokens").select("created_by, created_at, expires_at").order("created_at"),
  );
  const days = (to: string, from: string) => Math.round((Date.parse(to) - Date.parse(from)) / 86_400_000);
  expect(tokens.map((token) => [token.created_by, days(token.expires_at, token.created_at)]))
    .toEqual([[ana.id, 90], [ana.id, 365]]);
  for (const expires_in_days of [0, -1, 366, 3650]) {
    const { status, error } = await ana.client.rpc("create_worker_token", {
      name: "w",
      agents: ["claude"],
      expires_in_days,
    });
    expect([status, error?.message]).toEqual([422, "agents_worker_input_invalid"]);
  }
  const sql = connect(project.database);
  try {
    await expect(sql`update public.worker_tokens set user_id = null where created_by is not null`).rejects
      .toThrow("worker_tokens_created_by_is_the_user_or_a_server");
  } finally {
    await sql.end();
  }
});
