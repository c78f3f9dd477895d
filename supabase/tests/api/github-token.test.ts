import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Sql } from "postgres";
import { connect, openTestProject, type TestProject } from "../support/database.ts";
import { askTokens, asServer, githubWith, newToken } from "../support/github-tokens.ts";
import { anonymous, type Person, server, signUp } from "../support/people.ts";

// The function over the real database and a fake GitHub: what its user sees, and what others try.

const first = newToken();
const second = newToken();
const others = newToken();
const github = await githubWith({ octocat: first, hubot: second, mona: others });
const log: string[] = [];
let project: TestProject;
let sql: Sql;
let ana: Person;
let mallory: Person;

beforeAll(async () => {
  project = await openTestProject({
    functions: { env: { GITHUB_API_URL: github.url }, log: (_, line) => log.push(line) },
  });
  sql = connect(project.database);
  ana = await signUp(project, "ana");
  mallory = await signUp(project, "mallory");
});
afterAll(async () => {
  await sql.end();
  await project.close();
  await github.stop();
});
beforeEach(async () => {
  github.state.faults.length = 0;
  await sql`delete from private.token_checks`;
});

const handleOf = async ({ client }: Person): Promise<string | null> =>
  (await client.from("users").select("*").single()).data?.github_token ?? null;

async function hold(person: Person, lease = "1 hour"): Promise<{ task_id: number; fencing_token: number }> {
  const [row] = await sql<{ task_id: string; fencing_token: string }[]>`
    with task as (insert into public.tasks (user_id) values (${person.id}) returning id)
    insert into public.task_attempts (task_id, user_id, attempt, worker, agent, lease_expires_at)
    select id, ${person.id}, 1, 'w', 'claude', now() + ${lease}::interval from task
    returning task_id, fencing_token
  `;
  return { task_id: Number(row?.task_id), fencing_token: Number(row?.fencing_token) };
}

describe("its owner", () => {
  test("has none at first", async () => {
    const { status, body } = await askTokens(project, ana, "GET");
    expect([status, body.is_set]).toEqual([200, false]);
    expect((await askTokens(project, ana, "POST", "/check")).body.code).toBe("agents_github_token_unknown");
  });

  test("sets it, and sees a handle and GitHub's answer", async () => {
    const set = await askTokens(project, ana, "POST", "", { token: first });
    expect([set.status, set.body]).toMatchObject([200, {
      is_set: true,
      login: "octocat",
      scopes: ["repo"],
      expires_at: null,
      invalid_at: null,
    }]);
    expect((await askTokens(project, ana, "GET")).body).toEqual(set.body);
    expect((await ana.client.rpc("github_token_status")).data).toEqual(set.body);
    const { data } = await ana.client.from("users").select("*").single();
    expect(data?.github_token).toMatch(/^secret:[0-9a-f-]{36}$/);
    expect(data?.github_username).toBe("octocat");
  });

  test("replaces it", async () => {
    const before = await handleOf(ana);
    expect((await askTokens(project, ana, "POST", "", { token: second })).body.login).toBe("hubot");
    expect(await handleOf(ana)).not.toBe(before);
    expect(await sql`select from private.secrets where user_id = ${ana.id}`).toHaveLength(1);
  });

  test("keeps it if the next one is rejected or can't be checked", async () => {
    const before = await handleOf(ana);
    expect(await askTokens(project, ana, "POST", "", { token: newToken() }))
      .toMatchObject({
        status: 422,
        body: { code: "agents_github_token_invalid", details: "Bad credentials" },
      });
    github.state.faults.push({ path: "/user", status: 503, body: "unavailable" });
    expect(await askTokens(project, ana, "POST", "", { token: first }))
      .toMatchObject({ status: 503, body: { code: "agents_github_unavailable" } });
    expect(await handleOf(ana)).toBe(before);
  });

  test("sees when GitHub rejects it, and when it accepts it again", async () => {
    const user = github.state.users.find(({ login }) => login === "hubot");
    if (!user) throw new Error("hubot is gone");
    user.token = newToken();
    const refused = await askTokens(project, ana, "POST", "/check");
    expect([refused.status, refused.body.login]).toEqual([200, "hubot"]);
    expect(refused.body.invalid_at).not.toBeNull();
    const since = refused.body.invalid_at;
    expect((await askTokens(project, ana, "POST", "/check")).body.invalid_at).toBe(since);
    user.token = second;
    expect((await askTokens(project, ana, "POST", "/check")).body).toMatchObject({ invalid_at: null });
  });

  test("sets it ten times concurrently: one is stored, and it opens", async () => {
    const tokens = Array.from({ length: 10 }, (_, at) => at % 2 === 0 ? first : second);
    const answers = await Promise.all(tokens.map((token) => askTokens(project, ana, "POST", "", { token })));
    expect(answers.map(({ status }) => status)).toEqual(tokens.map(() => 200));
    expect(await sql`select from private.secrets where user_id = ${ana.id}`).toHaveLength(1);
    const { body } = await askTokens(project, ana, "GET");
    const shown = await askTokens(project, asServer(project), "POST", "/reveal", await hold(ana));
    expect(shown.body).toEqual({ token: body.login === "octocat" ? first : second, login: body.login });
  });

  test("has GitHub asked ten times in ten minutes, by both requests, and then gets retry-after", async () => {
    const ask = (at: number) =>
      at % 2 === 0
        ? askTokens(project, ana, "POST", "/check")
        : askTokens(project, ana, "POST", "", { token: newToken() });
    for (let at = 0; at < 10; at++) expect((await ask(at)).status).toBe(at % 2 === 0 ? 200 : 422);
    github.state.requests.length = 0;
    for (const at of [0, 1]) {
      const { status, body, headers } = await ask(at);
      expect([status, body.code]).toEqual([429, "agents_github_token_rate_limited"]);
      expect(Number(headers.get("retry-after"))).toBeGreaterThan(500);
    }
    expect(github.state.requests).toEqual([]);
    expect((await askTokens(project, ana, "GET")).status).toBe(200);
    expect((await askTokens(project, mallory, "POST", "", { token: newToken() })).status).toBe(422);
  });

  test("removes it, once or twice", async () => {
    for (const _ of [1, 2]) {
      expect((await askTokens(project, ana, "DELETE")).body).toMatchObject({ is_set: false, login: null });
    }
    expect(await handleOf(ana)).toBeNull();
    expect(await sql`select from private.secrets where user_id = ${ana.id}`).toHaveLength(0);
  });

  test("removes it by clearing the column too", async () => {
    await askTokens(project, ana, "POST", "", { token: first });
    await ana.client.from("users").update({ github_token: null }).eq("id", ana.id);
    expect((await askTokens(project, ana, "GET")).body.is_set).toBe(false);
  });
});

describe("a plain token in the column", () => {
  test.each(["update", "upsert", "insert"] as const)("is refused: %s", async (how) => {
    const users = ana.client.from("users");
    const { error, status } = how === "update"
      ? await users.update({ github_token: first }).eq("id", ana.id)
      : await users[how]({ id: ana.id, github_token: first });
    expect([status, error?.message]).toEqual([422, "agents_github_token_forbidden"]);
    expect(error?.hint).toContain("github-token");
    expect(JSON.stringify(error)).not.toContain(first);
  });

  test("so is somebody else's handle", async () => {
    await askTokens(project, ana, "POST", "", { token: first });
    const { error } = await mallory.client.from("users").update({ github_token: await handleOf(ana) })
      .eq("id", mallory.id);
    expect(error?.message).toBe("agents_github_token_forbidden");
  });
});

describe("a worker", () => {
  test("that claims a task of the owner's gets the token until the task is cancelled", async () => {
    await ana.client.from("tasks").insert({ agent: "claimed" }).throwOnError();
    const { data: [claimed] } = await server(project)
      .rpc("claim_task", { worker: "ours", agents: ["claimed"] }).throwOnError();
    expect(claimed?.github_token).toBe(await handleOf(ana));
    const lease = { task_id: claimed?.task_id, fencing_token: claimed?.fencing_token };
    expect((await askTokens(project, asServer(project), "POST", "/reveal", lease)).body.token).toBe(first);
    await ana.client.rpc("cancel_task", { task_id: Number(claimed?.task_id) }).throwOnError();
    expect((await askTokens(project, asServer(project), "POST", "/reveal", lease)).body.code)
      .toBe("agents_task_lease_expired");
  });

  test("with a worker token gets the task without it", async () => {
    await ana.client.from("tasks").insert({ agent: "claimed" }).throwOnError();
    const { data: [credential] } = await ana.client
      .rpc("create_worker_token", { name: "laptop", agents: ["claimed"] }).throwOnError();
    const worker_token = credential?.token ?? "";
    const { data: [claimed] } = await anonymous(project)
      .rpc("claim_task", { worker: "laptop", agents: ["claimed"], worker_token }).throwOnError();
    expect(claimed).toMatchObject({ agent: "claimed", github_token: null });
    const lease = { task_id: claimed?.task_id, fencing_token: claimed?.fencing_token };
    for (const who of [{ authorization: `Bearer ${worker_token}` }, { apikey: worker_token }]) {
      expect((await askTokens(project, who, "POST", "/reveal", lease)).body.code).toBe("secret_key_required");
    }
  });

  test("of ours gets the token while it holds the task", async () => {
    const lease = await hold(ana);
    expect(await askTokens(project, asServer(project), "POST", "/reveal", lease))
      .toMatchObject({ status: 200, body: { token: first, login: "octocat" } });
    await sql`
      update public.task_attempts set ended_at = now(), outcome = 'released' where task_id = ${lease.task_id}
    `;
    expect((await askTokens(project, asServer(project), "POST", "/reveal", lease)).body.code)
      .toBe("agents_task_lease_expired");
    expect(
      (await askTokens(project, asServer(project), "POST", "/reveal", await hold(ana, "-1 s"))).body.code,
    )
      .toBe("agents_task_lease_expired");
    expect((await askTokens(project, asServer(project), "POST", "/reveal", await hold(mallory))).body.code)
      .toBe("agents_github_token_unknown");
  });

  test("of anybody else gets none", async () => {
    const lease = await hold(ana);
    for (
      const who of [{}, ana, mallory, { apikey: project.publishableKey }, { apikey: "sb_secret_made_up" }, {
        authorization: `Bearer ${project.publishableKey}`,
      }]
    ) {
      const { status, body } = await askTokens(project, who, "POST", "/reveal", lease);
      expect([status, body.code]).toEqual([401, "secret_key_required"]);
    }
  });
});

describe("others", () => {
  test("see nothing of it", async () => {
    expect((await askTokens(project, mallory, "GET")).body.is_set).toBe(false);
    expect((await mallory.client.from("users").select("github_token")).data).toEqual([{
      github_token: null,
    }]);
    expect((await askTokens(project, {}, "GET")).body.code).toBe("sign_in_required");
    const forged = `e30.${
      Buffer.from(JSON.stringify({ sub: ana.id, role: "authenticated" })).toString("base64url")
    }.x`;
    expect((await askTokens(project, { authorization: `Bearer ${forged}` }, "GET")).body.code)
      .toBe("token_invalid");
  });

  test("can't call what the function calls", async () => {
    for (const { client } of [mallory, { client: anonymous(project) }]) {
      for (
        const { error } of [
          await client.rpc("count_token_check", { user_id: ana.id, kind: "github_token" }),
          await client.rpc("read_secret", { user_id: ana.id, kind: "github_token" }),
          await client.rpc("secrets_to_rotate", { current_key_id: "x" }),
          await client.rpc("reseal_secrets", { secrets: [] }),
          await client.rpc("task_github_token", { task_id: 1, fencing_token: 1 }),
          await client.rpc("set_github_token", { user_id: ana.id, id: ana.id, sealed: "x" }),
          await client.rpc("mark_secret_checked", { id: ana.id, is_valid: false }),
        ]
      ) expect(error?.code).toBe("42501");
    }
  });

  test("a server gets it sealed, for its user only", async () => {
    const { data } = await server(project).rpc("read_secret", { user_id: ana.id, kind: "github_token" });
    expect(data).toMatchObject([{ kind: "github_token", user_id: ana.id }]);
    const [secret] = data ?? [];
    await askTokens(project, mallory, "POST", "", { token: others });
    // whoever can write to the database moves Ana's token to Mallory's row, and it does not open
    await sql`update private.secrets set sealed = ${secret?.sealed ?? ""} where user_id = ${mallory.id}`;
    expect(await askTokens(project, mallory, "POST", "/check"))
      .toMatchObject({ status: 500, body: { code: "agents_github_token_unavailable" } });
  });
});

test("the log has a line for each request and no token", () => {
  const text = log.join("\n");
  expect(log.length).toBeGreaterThan(20);
  for (const token of [first, second, others]) expect(text).not.toContain(token);
  expect(JSON.parse(log[0] ?? "")).toMatchObject({ function: "github-token", level: "info" });
});
