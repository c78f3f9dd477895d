import type { Sql } from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connect, openTestProject, type TestProject } from "../support/database.ts";
import { askTokens, asServer, githubWith, newToken } from "../support/github-tokens.ts";
import { anonymous, type Client, type Person, rows, server, signUp } from "../support/people.ts";

// Somebody whose account was banned or deleted goes on with what they were given: an access token that is
// still valid, a worker token, a lease, a GitHub token.

const githubToken = newToken();
const github = await githubWith({ octocat: githubToken });
let project: TestProject;
let sql: Sql;
let worker: Client;
let mallory: Person;
let workerToken: string;
let held: { task_id: number; fencing_token: number };

const newTask = ({ client }: Person) =>
  rows(
    client.from("tasks").insert({ agent: "claude", repo_url: "https://github.com/acme/shop" }).select("id")
      .single(),
  );
const claim = (client: Client, more: { worker_token?: string } = {}) =>
  client.rpc("claim_task", { worker: "w", agents: ["claude"], ...more });

beforeAll(async () => {
  project = await openTestProject({ functions: { env: { GITHUB_API_URL: github.url } } });
  sql = connect(project.database);
  worker = anonymous(project);
  mallory = await signUp(project, "mallory", "admin");
  expect((await askTokens(project, mallory, "POST", "", { token: githubToken })).status).toBe(200);
  workerToken = (await rows(
    mallory.client.rpc("create_worker_token", { name: "w", agents: ["claude"] }).single(),
  )).token;
  await newTask(mallory);
  const [lease] = await rows(claim(server(project)));
  held = { task_id: Number(lease?.task_id), fencing_token: Number(lease?.fencing_token) };
  await newTask(mallory);
});
afterAll(async () => {
  await sql.end();
  await project.close();
  await github.stop();
});

/** What somebody gets with everything that they were given. */
async function attempts() {
  const answers = [
    await mallory.client.rpc("create_worker_token", { name: "w", agents: ["claude"] }),
    await claim(worker, { worker_token: workerToken }),
    await mallory.client.from("users").update({ full_name: "Back" }).eq("id", mallory.id),
    await mallory.client.from("tasks").insert({ agent: "claude" }),
    await mallory.client.from("team_members").update({ display_name: "M" }).eq("user_id", mallory.id),
  ];
  return {
    answers: answers.map(({ status, error }) => [status, error?.message]),
    settings: await rows(mallory.client.from("agent_settings").select("id")),
    tasks: (await rows(claim(server(project)))).map((task) => task.task_id),
    revealed: (await askTokens(project, asServer(project), "POST", "/reveal", held)).body.code,
    set: (await askTokens(project, mallory, "POST", "", { token: githubToken })).body.code,
  };
}

const NOTHING = {
  answers: [[401, "sign_in_required"], [401, "agents_worker_token_invalid"], [401, "sign_in_required"], [
    401,
    "sign_in_required",
  ], [403, "team_role_required"]],
  settings: [],
  tasks: [],
  revealed: "agents_github_token_unknown",
  set: "agents_user_unknown",
};

test("a banned admin gets nothing more, and after the ban what they had", async () => {
  await sql`update auth.users set banned_until = now() + interval '1 hour' where id = ${mallory.id}`;
  expect(await attempts()).toEqual(NOTHING);
  await sql`update auth.users set banned_until = now() - interval '1 second' where id = ${mallory.id}`;
  expect(await rows(mallory.client.from("agent_settings").select("id"))).toEqual([{ id: true }]);
  expect(await rows(claim(worker, { worker_token: workerToken }))).toHaveLength(1);
});

test("who is an admin no more sees no settings and no token for everybody", async () => {
  await rows(
    server(project).rpc("create_worker_token", { name: "fleet", agents: ["x"], for_everybody: true })
      .single(),
  );
  expect(await rows(mallory.client.from("worker_tokens").select("name").eq("name", "fleet"))).toHaveLength(1);
  await sql`delete from public.team_members where user_id = ${mallory.id}`;
  expect(await rows(mallory.client.from("worker_tokens").select("name").eq("name", "fleet"))).toEqual([]);
  await sql`insert into public.team_members (user_id, role) values (${mallory.id}, 'admin')`;
});

test("a softly deleted account leaves no profile, no token and no role", async () => {
  await newTask(mallory);
  await sql`update public.users set full_name = 'Mallory M.', avatar_url = 'https://example.org/m.png'
    where id = ${mallory.id}`;
  await sql`update auth.users set deleted_at = now() where id = ${mallory.id}`;
  expect(await attempts()).toEqual(NOTHING);
  const [profile] = await rows(mallory.client.from("users").select("*"));
  expect(profile).toMatchObject({
    full_name: null,
    avatar_url: null,
    github_username: null,
    github_token: null,
    preferences: {},
  });
  expect(await sql`select from private.secrets where user_id = ${mallory.id}`).toHaveLength(0);
  expect(await sql`select from public.team_members where user_id = ${mallory.id}`).toHaveLength(0);
  expect(await sql`select from public.worker_tokens where user_id = ${mallory.id} and revoked_at is null`)
    .toHaveLength(0);
});
