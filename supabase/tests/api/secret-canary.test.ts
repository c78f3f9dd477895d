import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import postgres, { type Sql } from "postgres";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { freePort } from "../../../scripts/local/ports.ts";
import { discardFolder, scratchFolder } from "../../../scripts/local/scratch-folder.ts";
import { startFakeDevto } from "../../../scripts/fakes/devto.ts";
import { type Stack, startStack } from "../../../scripts/local/stack.ts";
import { rotateSecrets } from "../../../scripts/secrets/rotate-secrets.ts";
import { parseMasterKeys } from "../../functions/_shared/encryption.ts";
import { Canary, cancelWaiting, searchCluster, searchFiles } from "../support/canary.ts";
import { describeConnections } from "../support/canary-connections.ts";
import { allowReturn, startProviders } from "../support/connections.ts";
import { askTokens, asServer, githubWith, type TokenAnswer } from "../support/github-tokens.ts";
import { type Person, server, signUp } from "../support/people.ts";

// A GitHub token, and the tokens and keys of connections, go every way that there is, the wrong ones too, over a cluster of
// their own. Then everything that the cluster, the functions and the stack have written is searched for them. Another value shows that the search finds one.

const MARK = randomBytes(8).toString("hex");
const PLANTED = randomBytes(8).toString("hex");
/** Each way gets a token of its own; all begin alike, so that one that was cut short is found too. */
const token = (way: string): string => `ghp_${MARK}${way.padEnd(20, "0")}`;

const OLD = `old:${randomBytes(32).toString("base64")}`;
const NEW = `new:${randomBytes(32).toString("base64")}`;

const canary = new Canary(MARK);
const github = await githubWith({ octocat: token("set"), hubot: token("replaced"), mona: token("failed") });
const providers = await startProviders(github);
const devto = await startFakeDevto();
const dataDir = scratchFolder("canary");
/** What only the browser and the function may know: verifiers, states, tickets and connection codes. */
const passing: string[] = [];
const written: string[] = [];
const answers: string[] = [];
let stack: Stack;
let sql: Sql;
let ana: Person;
let lease: { task_id: number; fencing_token: number };

beforeAll(async () => {
  for (const name of ["log", "info", "warn", "error"] as const) {
    vi.spyOn(console, name).mockImplementation((...words: unknown[]) => void written.push(words.join(" ")));
  }
  stack = await startStack({
    dataDir,
    apiPort: 0,
    dbPort: await freePort(),
    functions: {
      // sealed with the old key, opened with either
      env: { ...providers.env, DEVTO_API_URL: `${devto.url}/api`, SECRETS_MASTER_KEYS: `${OLD},${NEW}` },
      log: (_, line) => written.push(line),
    },
  });
  sql = postgres(stack.postgres.url("postgres", "supabase_admin"), { max: 2, onnotice: () => {} });
  ana = await signUp(stack.project, "ana");
  providers.register(stack.project);
  for (const { oauth } of [github.state, providers.google.state]) {
    oauth.marks.text = MARK;
    for (const app of oauth.apps) app.isExpiring = true;
  }
  devto.state.limit.perSecond = null;
  devto.state.addUser({ username: "maya", apiKey: token("devto") });
  await allowReturn(sql);
  const [row] = await sql<{ task_id: string; fencing_token: string }[]>`
    with task as (insert into public.tasks (user_id) values (${ana.id}) returning id)
    insert into public.task_attempts (task_id, user_id, attempt, worker, agent, lease_expires_at)
    select id, ${ana.id}, 1, 'w', 'claude', now() + interval '1 hour' from task
    returning task_id, fencing_token
  `;
  lease = { task_id: Number(row?.task_id), fencing_token: Number(row?.fencing_token) };
});
beforeEach(async () => void await sql`delete from private.token_checks`);
afterAll(async () => {
  vi.restoreAllMocks();
  await sql.end();
  await stack.stop();
  await discardFolder(dataDir);
  await providers.stop();
  await devto.stop();
  await github.stop();
});

/** Asks the function, and keeps its answer to be searched. */
async function ask(...args: Parameters<typeof askTokens> extends [unknown, ...infer Rest] ? Rest : never) {
  const answer: TokenAnswer = await askTokens(stack.project, ...args);
  answers.push(answer.text);
  return `${answer.status} ${answer.body.code ?? (answer.body.is_set ? "set" : "none")}`;
}

const set = (way: string): Promise<string> => ask(ana, "POST", "", { token: token(way) });

async function reveal(): Promise<unknown> {
  return (await askTokens(stack.project, asServer(stack.project), "POST", "/reveal", lease)).body.token;
}

/** A write of a plain token over the Data API, which is refused. */
async function write(
  change: Record<string, unknown>,
  how: "update" | "insert" | "upsert",
  client = ana.client,
): Promise<string> {
  const users = client.from("users");
  const row = change as { id: string };
  const { error } = how === "update" ? await users.update(row).eq("id", ana.id) : await users[how](row);
  answers.push(JSON.stringify(error));
  return `${error?.code} ${error?.message}`;
}

describe("a token goes every way there is", () => {
  test("set, and replaced", async () => {
    expect([await set("set"), await set("replaced")]).toEqual(["200 set", "200 set"]);
  });

  test("shown to a worker: the search will not have looked for what never arrived", async () => {
    expect(await reveal()).toBe(token("replaced"));
  });

  test("unknown to GitHub, or GitHub away", async () => {
    expect(await set("unknown")).toBe("422 agents_github_token_invalid");
    github.state.faults.push({ path: "/user", status: 500, body: `broken ${token("echoed")}` });
    expect(await set("echoed")).toBe("503 agents_github_unavailable");
    github.state.faults.push({ path: "/user", status: 403, body: { message: `No ${token("scolded")}` } });
    expect(await set("scolded")).toBe("422 agents_github_token_invalid");
    github.state.faults.push({ path: "/user", status: 200, body: `{"login": "${token("named")}` });
    expect(await set("named")).toBe("503 agents_github_unavailable");
    // a connection that breaks off is opened again by the runtime
    github.state.faults.push({ path: "/user", hangUp: true, times: 9 });
    expect(await set("hung")).toBe("503 agents_github_unavailable");
    github.state.faults.length = 0;
  });

  test("in a body or a header where it does not belong", async () => {
    expect(await ask(ana, "POST", "", `{"token": ${token("json")}`)).toBe("400 body_invalid");
    expect(await ask(ana, "POST", "", { token: [token("array")] })).toBe(
      "422 agents_github_token_body_invalid",
    );
    expect(await ask(ana, "POST", "", { token: `${token("lines")}\n${token("lines")}` }))
      .toBe("422 agents_github_token_body_invalid");
    expect(await ask(ana, "POST", "", { token: token("large").repeat(200) })).toBe("413 body_too_large");
    expect(await ask({ authorization: `Bearer ${token("bearer")}` }, "GET")).toBe("401 token_invalid");
    expect(await ask({ apikey: token("key") }, "POST", "/reveal", lease)).toBe("401 secret_key_required");
    expect(await ask(asServer(stack.project), "POST", "/reveal", { ...lease, task_id: token("lease") }))
      .toBe("422 agents_lease_invalid");
    expect(await ask(ana, "PUT", "", { token: token("method") })).toBe("405 method_unsupported");
    expect(await ask(ana, "POST", "/other", { token: token("path") })).toBe("404 path_unknown");
  });

  test("while the database fails", async () => {
    await sql`alter table private.secrets add constraint secrets_refuse check (false) not valid`;
    expect(await set("failed")).toBe("503 database_unavailable");
    await sql`alter table private.secrets drop constraint secrets_refuse`;
    await sql.begin(async (lock) => {
      // not against readers: the wait is to be in the call that has the secret
      await lock`lock table private.secrets in share mode`;
      const cancelled = set("failed");
      await cancelWaiting(sql);
      expect(await cancelled).toBe("503 database_unavailable");
    });
    await sql`revoke execute on function public.set_github_token from service_role`;
    expect(await set("failed")).toBe("503 database_unavailable");
    await sql`grant execute on function public.set_github_token to service_role`;
    expect(await reveal()).toBe(token("replaced"));
  });

  test("in plain, over the Data API", async () => {
    const plain = { id: ana.id, github_token: token("plain") };
    // a server's rows are not hidden from the log by row security
    for (const client of [ana.client, server(stack.project)]) {
      for (const how of ["update", "insert", "upsert"] as const) {
        expect.soft(await write(plain, how, client)).toBe("PT422 agents_github_token_forbidden");
        expect.soft(await write({ ...plain, full_name: "x".repeat(300) }, how, client))
          .toBe("PT422 agents_github_token_forbidden");
      }
    }
    expect(await write({ github_token: token("typed"), created_at: "nonsense" }, "update")).toMatch(/^22007/);
    await sql.begin(async (lock) => {
      await lock`lock table public.users`;
      const cancelled = write({ github_token: token("cancelled") }, "update");
      await cancelWaiting(sql);
      expect(await cancelled).toMatch(/^57014/);
    });
    const { error } = await server(stack.project).rpc("set_github_token", {
      user_id: ana.id,
      id: crypto.randomUUID(),
      sealed: token("unsealed"),
    });
    answers.push(JSON.stringify(error));
    expect(error?.message).toBe("agents_secret_invalid");
  });

  test("checked, good and bad", async () => {
    expect(await ask(ana, "POST", "/check")).toBe("200 set");
    github.state.faults.push({ path: "/user", status: 401, body: { message: `Bad ${token("replaced")}` } });
    expect(await ask(ana, "POST", "/check")).toBe("200 set");
  });

  test("used to ask about a private pull request, by the schedule and by a server", async () => {
    expect(await ask(ana, "POST", "/check")).toBe("200 set");
    github.state.addRepo({ owner: "acme", name: "shop", isPrivate: true, members: ["hubot"] });
    const pull = github.state.openPull({
      owner: "acme",
      name: "shop",
      title: "Fix",
      head: "fix",
      base: "main",
      login: "hubot",
    });
    const url = `https://github.com/acme/shop/pull/${pull.number}`;
    await sql`update public.tasks set pr_url = ${url}, pr_number = ${pull.number} where id = ${lease.task_id}`;
    const sweep = async (): Promise<unknown> => {
      await sql`update public.task_pull_requests set verify_after = now() where verified_at is null`;
      await sql`update private.pull_request_checks set next_attempt_at = now() where true`;
      const headers = asServer(stack.project);
      const response = await fetch(`${stack.project.url}/functions/v1/github-sweep`, {
        method: "POST",
        headers,
      });
      const text = await response.text();
      answers.push(text);
      return JSON.parse(text);
    };
    expect(await sweep()).toMatchObject({ read: 1 });
    expect(github.state.requests.at(-1)).toMatchObject({
      login: "hubot",
      path: expect.stringContaining("/pulls/") as string,
    });
    for (const status of [500, 403, 404, 401]) {
      const message = `No ${token("scolded")}`;
      github.state.faults.push({
        path: "/pulls/",
        status,
        body: { message },
        headers: { "retry-after": "1" },
      });
      expect(await sweep()).toMatchObject({ read: 0 });
      await sql`delete from private.provider_pauses where true`;
      await sql`update private.secrets set rests_until = null where true`;
    }
    expect(await ask(ana, "POST", "/check")).toBe("200 set");
    await sql`update public.agent_settings set functions_url = ${`${stack.project.url}/functions/v1`} where true`;
    await sql`update public.task_pull_requests set verify_after = now() where verified_at is null`;
    await sql`update private.pull_request_checks set next_attempt_at = now() where true`;
    const asked = github.state.requests.length;
    await sql`select private.request_github_sweep()`;
    while (github.state.requests.length === asked) await sleep(20);
    expect(github.state.requests.at(-1)).toMatchObject({ login: "hubot" });
  });

  test("re-encrypted, with keys and without", async () => {
    const client = server(stack.project);
    expect(await rotateSecrets({ client, masterKeys: parseMasterKeys("X", NEW) }))
      .toMatchObject({ failed: [{ reason: "key_unknown" }] });
    expect(await rotateSecrets({ client, masterKeys: parseMasterKeys("X", `${NEW},${OLD}`) }))
      .toMatchObject({ resealed: 1, remaining: [] });
    expect(await reveal()).toBe(token("replaced"));
  });

  test("set again and removed", async () => {
    expect([await set("set"), await ask(ana, "DELETE")]).toEqual(["200 set", "200 none"]);
    expect(await set("set")).toBe("200 set");
  });
});

const search = (what: Canary) => searchCluster(sql, what);

describeConnections({
  mark: MARK,
  token,
  keys: [NEW, OLD],
  github,
  providers,
  devto,
  answers,
  passing,
  stack: () => stack,
  sql: () => sql,
  ana: () => ana,
});

describe("and is nowhere", () => {
  test("in what the function, the stack and their answers say", () => {
    expect(written.length).toBeGreaterThan(20);
    expect(answers.length).toBeGreaterThan(20);
    expect([...written, ...answers].filter((line) => canary.formIn(Buffer.from(line)))).toEqual([]);
  });

  test("in heap, WAL, statistics, logs, net, cron and every table", async () => {
    expect(await sql`select kind from private.secrets order by kind`).toEqual([
      { kind: "devto_connection" },
      { kind: "github_token" },
    ]);
    expect(await search(canary)).toEqual({ wal: [], heap: [], otherFiles: [], serverLog: [], tables: [] });
  });

  test("nor is what a flow passes on: verifiers, states, tickets and codes, except in answers", async () => {
    expect(passing.length).toBeGreaterThan(40);
    const values = new Canary(...passing);
    expect(written.filter((line) => values.formIn(Buffer.from(line)))).toEqual([]);
    expect(await search(values)).toEqual({ wal: [], heap: [], otherFiles: [], serverLog: [], tables: [] });
  });

  test("while the log has the statements that failed, without their values", async () => {
    const [where] = await sql<{ logs: string }[]>`select current_setting('log_directory') as logs`;
    for (const words of ["agents_github_token_forbidden", "agents_secret_invalid", "canceling statement"]) {
      const text = new Canary(words);
      expect(await searchFiles(where?.logs ?? "", text), words).not.toEqual([]);
    }
    for (
      const [setting, value] of [
        ["log_parameter_max_length_on_error", "0"],
        ["log_statement", "none"],
        ["log_min_duration_statement", "-1"],
        ["log_min_duration_sample", "-1"],
      ] as const
    ) {
      expect(await sql`select current_setting(${setting}) as value`, setting).toMatchObject([{ value }]);
    }
  });
});

test("the search finds a value that was written", async () => {
  const planted = new Canary(PLANTED);
  const text = `ghp_${PLANTED}`;
  await sql`insert into private.inbox_events (source, body) values ('circle', ${Buffer.from(text)})`;
  await sql`create table public.planted as select ${text}::text as plain`;
  await sql`insert into public.planted values
    (encode(${text}::bytea, 'base64')), (encode(${`x${text}`}::bytea, 'hex'))`;
  await sql.unsafe(`select 1 as planted /* ${text} */`);
  await sql.unsafe(`do $$ begin raise log '${text}'; end $$`);
  const found = await search(planted);
  for (const place of ["wal", "heap", "otherFiles", "serverLog"]) {
    expect(found[place], place).not.toEqual([]);
  }
  expect(found.tables).toEqual(expect.arrayContaining([
    "planted (plain)",
    "private.inbox_events (hex)",
    "extensions.pg_stat_statements (plain)",
  ]));
  for (const form of [`a${text}`, `ab${text}`, `abc${text}`].map((one) => btoa(one))) {
    expect(planted.formIn(Buffer.from(form))).toMatch(/^base64/);
  }
});
