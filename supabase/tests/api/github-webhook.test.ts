import type { Sql } from "postgres";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { ACTIONS } from "../../functions/github-webhook/delivery.ts";
import { connect, openTestProject, type TestProject } from "../support/database.ts";
import {
  DEFINITIONS,
  deliveryRequest,
  type Example,
  examplesOf,
  OPENED,
  PREVIOUS,
  SECRET,
  type Sent,
  sign,
} from "../support/github-deliveries.ts";
import { rows, signUp } from "../support/people.ts";

// The webhook over HTTP, with all its parts: gateway, Deno, Data API, Postgres.

let project: TestProject;
let sql: Sql;
const logLines: string[] = [];

beforeAll(async () => {
  project = await openTestProject({
    functions: {
      env: {
        GITHUB_WEBHOOK_SECRETS: `${SECRET},${PREVIOUS}`,
      },
      log: (_name, line) => logLines.push(line),
    },
  });
  sql = connect(project.database);
});

afterAll(async () => {
  await sql?.end();
  await project?.close();
});

beforeEach(async () => {
  await sql`delete from public.tasks`;
  await sql`delete from public.projects`;
  await sql`delete from public.pull_requests`;
  await sql`delete from private.github_repositories`;
  await sql`delete from private.inbox_events`;
});

/** Sends a delivery, with a new id unless the headers have one. */
async function post(body: string | Uint8Array<ArrayBuffer>, sent: Sent = {}) {
  const response = await fetch(deliveryRequest(body, {
    ...sent,
    headers: { "x-github-delivery": crypto.randomUUID(), ...sent.headers },
  }, project.githubWebhookUrl));
  return { status: response.status, body: await response.json() as Record<string, string> };
}

const send = (payload: unknown, sent?: Sent) => post(JSON.stringify(payload), sent);

/** Creates a user with a task for the repository of GitHub's examples. */
const knowExamples = () =>
  sql`insert into private.github_repositories (repo_owner, repo_name) values ('codertocat', 'hello-world')`;

const counts = async () =>
  (await sql<{ deliveries: number; pulls: number }[]>`
    select (select count(*)::integer from private.inbox_events) as deliveries,
      (select count(*)::integer from public.pull_requests) as pulls
  `)[0];

const pulls = () =>
  sql`select repo_owner, repo_name, number, state, is_draft, title, author_login from public.pull_requests`;

/** An example with changed keys of its pull request. */
const changed = (changes: Record<string, unknown>, example: Example = OPENED): Example => ({
  ...example,
  pull_request: { ...example.pull_request as Record<string, unknown>, ...changes },
});

describe("GitHub's examples", () => {
  test("of all events are answered, and none is stored where no task has the repository", async () => {
    for (const { name, examples } of DEFINITIONS) {
      const [example] = examples;
      const { status, body } = await send(example, { event: name });
      expect([name, status, body.status]).toEqual([name, 200, "ignored"]);
    }
    expect(await counts()).toEqual({ deliveries: 0, pulls: 0 });
  });

  test("of pull requests are processed once each, whether sent as JSON or as a form", async () => {
    await knowExamples();
    const seen = new Set<string>();
    for (const [at, example] of examplesOf("pull_request").entries()) {
      const json = JSON.stringify(example);
      const isForm = at % 2 === 1;
      const { status, body } = isForm
        ? await post(new URLSearchParams({ payload: json }).toString(), {
          headers: { "content-type": "application/x-www-form-urlencoded" },
        })
        : await post(json);
      const expected = ACTIONS.has(example.action ?? "")
        ? seen.has(json) ? "already_done" : "done"
        : "ignored";
      expect([at, example.action, status, body.status]).toEqual([at, example.action, 200, expected]);
      if (expected === "done") seen.add(json);
    }
    expect(await pulls()).toEqual([{
      repo_owner: "codertocat",
      repo_name: "hello-world",
      number: 2,
      state: "closed",
      is_draft: false,
      title: "Update the README with new information.",
      author_login: "Codertocat",
    }]);
    const [statuses] = await sql`
      select count(*) filter (where status <> 'processed')::integer as others from private.inbox_events
    `;
    expect(statuses).toEqual({ others: 0 });
  });
});

/**
 * The answer of the first of up to ten attempts that has this status in the ten seconds for which GitHub waits: the
 * machine does other work too.
 */
async function inTime(attempt: () => ReturnType<typeof post>, status: number): ReturnType<typeof post> {
  for (let time = 1;; time++) {
    const started = performance.now();
    const answer = await attempt();
    if (answer.status === status && performance.now() - started < 9_000) return answer;
    expect(time, `${answer.status}`).toBeLessThan(10);
  }
}

describe("a delivery", () => {
  beforeEach(() => knowExamples());

  test("is processed once: sent again, or with another id, it changes nothing", async () => {
    const headers = { "x-github-delivery": crypto.randomUUID() };
    expect(await send(OPENED, { headers })).toEqual({
      status: 200,
      body: { delivery_id: headers["x-github-delivery"], status: "done" },
    });
    expect((await send(OPENED, { headers })).body.status).toBe("already_done");
    expect((await send(OPENED)).body).toEqual({
      delivery_id: headers["x-github-delivery"],
      status: "already_done",
    });
    expect(await counts()).toEqual({ deliveries: 1, pulls: 1 });
  });

  test("sent ten times concurrently is processed once", async () => {
    const headers = { "x-github-delivery": crypto.randomUUID() };
    const answers = await Promise.all(Array.from({ length: 10 }, () => send(OPENED, { headers })));
    expect(answers.map(({ body }) => body.status).sort()).toEqual([...Array(9).fill("already_done"), "done"]);
    expect(await counts()).toEqual({ deliveries: 1, pulls: 1 });
  });

  test("that failed is processed again when it is redelivered", async () => {
    const headers = { "x-github-delivery": crypto.randomUUID() };
    await sql`
      alter table public.pull_requests add constraint broken check (title <> 'Update the README with new information.')
    `;
    try {
      expect(await send(OPENED, { headers })).toMatchObject({ status: 202, body: { status: "failed" } });
      expect(await counts()).toEqual({ deliveries: 1, pulls: 0 });
    } finally {
      await sql`alter table public.pull_requests drop constraint broken`;
    }
    expect(await send(OPENED, { headers })).toMatchObject({ status: 200, body: { status: "done" } });
    expect(await counts()).toEqual({ deliveries: 1, pulls: 1 });
  });

  test("that waits for a lock is stored as failed in time, and processed by the scheduled job", async () => {
    const blocker = connect(project.database, "postgres", 1);
    try {
      await blocker.begin(async (held) => {
        await held`lock table public.pull_requests in access exclusive mode`;
        const started = performance.now();
        const { status, body } = await send(OPENED);
        // received: on a busy machine it is stored alone
        expect([status, body.status]).toEqual([202, expect.stringMatching(/^(failed|received)$/)]);
        expect(performance.now() - started).toBeLessThan(9_000);
      });
    } finally {
      await blocker.end();
    }
    await sql`update private.inbox_events set next_attempt_at = now() where status <> 'processed'`;
    await sql`select private.run_inbox_events('github')`;
    expect(await counts()).toEqual({ deliveries: 1, pulls: 1 });
  });

  test("can have a title that JSON allows and a database can't store", async () => {
    expect((await send(changed({ title: "a\u0000b\ud800c" }))).body.status).toBe("done");
    expect(await pulls()).toMatchObject([{ title: "a\ufffdb\ufffdc" }]);
  });

  test("of nearly 25 MB about something else is ignored in time", async () => {
    const body = JSON.stringify({ commits: "x".repeat(25 * 1024 * 1024 - 100) });
    expect(await inTime(() => post(body, { event: "push" }), 200)).toMatchObject({
      body: { status: "ignored" },
    });
    expect(await counts()).toEqual({ deliveries: 0, pulls: 0 });
  });

  test("of 5 MB, many times GitHub's limit for a pull request, is processed in time", async () => {
    const large = changed({ body: "x".repeat(5 * 1024 * 1024) });
    expect((await inTime(() => send(large), 200)).body.status).toMatch(/^(already_)?done$/);
  });

  test.each([
    [
      "deep nesting",
      (json: string) =>
        json.replace('"additions":1', `"additions":${"[".repeat(20_000)}${"]".repeat(20_000)}`),
    ],
    ["a fractional pull request number", (json: string) => json.replaceAll('"number":2,', '"number":2.5,')],
    ["an invalid time", (json: string) => json.replaceAll("2019-05-15T15:20:33Z", "yesterday")],
    [
      "a pull request of another repository",
      (json: string) =>
        json.replaceAll('"full_name":"Codertocat/Hello-World"', '"full_name":"Codertocat/Other"'),
    ],
  ])("with %s is stored as failed", async (_what, change) => {
    const { status, body } = await post(change(JSON.stringify(OPENED)));
    expect([status, body.status]).toEqual([202, "failed"]);
    expect(await counts()).toEqual({ deliveries: 1, pulls: 0 });
  });

  test("with a number that the database cannot hold is processed", async () => {
    const { status, body } = await post(
      JSON.stringify(OPENED).replace('"additions":1', '"additions":1e999999'),
    );
    expect([status, body.status]).toEqual([200, "done"]);
    expect(await counts()).toEqual({ deliveries: 1, pulls: 1 });
  });
});

describe("rejected:", () => {
  beforeEach(() => knowExamples());

  test.each([
    ["no signature", null],
    ["that of another body", sign("{}")],
    ["that with another secret", sign(JSON.stringify(OPENED), "another-secret-of-the-webhook")],
    ["that of SHA-1", sign(JSON.stringify(OPENED), SECRET, "sha1")],
    ["a part of it", sign(JSON.stringify(OPENED)).slice(0, 40)],
  ])("%s: 401, and nothing is stored", async (_what, signature) => {
    const { status, body } = await send(OPENED, { signature });
    expect([status, body.code]).toEqual([401, "agents_webhook_signature_invalid"]);
    expect(await counts()).toEqual({ deliveries: 0, pulls: 0 });
  });

  test("keys and users' tokens in place of the signature", async () => {
    const headers = { apikey: project.secretKey, authorization: `Bearer ${project.secretKey}` };
    expect((await send(OPENED, { signature: null, headers })).status).toBe(401);
  });

  test("more than 25 MB: 413", async () => {
    const body = new Uint8Array(25 * 1024 * 1024 + 1).fill(0x20);
    const { status, body: answer } = await post(body);
    expect([status, answer.code]).toEqual([413, "body_too_large"]);
  });

  test("not a JSON object: 422; without a delivery's headers: 400; GET: 405", async () => {
    for (const body of ["[]", "null", "{", '"x"']) expect((await post(body)).status).toBe(422);
    expect((await send(OPENED, { event: null })).status).toBe(400);
    expect((await fetch(project.githubWebhookUrl)).status).toBe(405);
    expect(await counts()).toEqual({ deliveries: 0, pulls: 0 });
  });

  test("the webhook's database functions, for everybody but servers", async () => {
    const { client } = await signUp(project, "mallory");
    const delivery = { delivery_id: crypto.randomUUID(), event: "pull_request", body: "e30=" };
    for (
      const call of [
        client.rpc("ingest_github_delivery", delivery),
        client.rpc("receive_github_delivery", delivery),
        client.rpc("begin_github_sweep"),
        client.rpc("pause_github_sweep", { until: "2027-01-01T00:00:00Z" }),
      ]
    ) {
      const { status, data } = await call;
      expect([403, 404]).toContain(status);
      expect(data).toBeNull();
    }
    expect(await counts()).toEqual({ deliveries: 0, pulls: 0 });
  });
});

describe("users see", () => {
  test("the current state of their task's pull request in a public repository; no other user's, and no private one", async () => {
    const [maya, mallory] = await Promise.all([signUp(project, "maya"), signUp(project, "mallory2")]);
    const repo = { repo_url: "https://github.com/codertocat/hello-world", repo_name: "hello-world" };
    for (const { client } of [maya, mallory]) {
      const added = await client.from("projects").insert({
        ...repo,
        repo_owner: "Codertocat",
        name: "Hello",
      });
      expect(added.error).toBeNull();
    }
    const [task] = await rows(
      maya.client.from("tasks").insert({ pr_url: `${repo.repo_url}/pull/2`, pr_branch: "changes" }).select(
        "id",
      ),
    );
    await send(OPENED);
    const seen = () =>
      rows(maya.client.from("tasks").select("id, pull_requests (number, title, state, merged_at)"));
    expect(await seen()).toMatchObject([{ id: task?.id, pull_requests: [{ number: 2, state: "open" }] }]);
    const merged = "2019-05-15T15:30:00Z";
    await send(changed({ state: "closed", closed_at: merged, merged_at: merged, updated_at: merged }, {
      ...OPENED,
      action: "closed",
    }));
    expect(await seen()).toMatchObject([{
      pull_requests: [{ state: "closed", merged_at: "2019-05-15T15:30:00+00:00" }],
    }]);
    expect(await rows(mallory.client.from("pull_requests").select())).toEqual([]);

    const hidden = JSON.parse(
      JSON.stringify(OPENED).replaceAll('"private":false', '"private":true').replaceAll(
        '"number":2',
        '"number":9',
      ),
    ) as Example;
    expect((await send(hidden)).body.status).toBe("done");
    await mallory.client.from("tasks").insert({ pr_url: `${repo.repo_url}/pull/9` });
    await mallory.client.from("tasks").insert({
      repo_url: repo.repo_url,
      pr_branch: "changes",
      created_at: "2019-05-15T15:25:00Z",
    });
    expect(await rows(mallory.client.from("pull_requests").select("number"))).toEqual([{ number: 2 }]);
    expect(await rows(mallory.client.from("task_pull_requests").select("source, verified_by"))).toEqual(
      expect.arrayContaining([{ source: "owner", verified_by: null }, {
        source: "branch",
        verified_by: "public",
      }]),
    );
  });
});

test("no body, signature or secret is logged", () => {
  expect(logLines.length).toBeGreaterThan(50);
  for (const line of logLines) expect(JSON.parse(line)).toMatchObject({ function: "github-webhook" });
  for (const hidden of [SECRET, PREVIOUS, "sha256=", "Update the README"]) {
    expect(logLines.join("\n")).not.toContain(hidden);
  }
});
