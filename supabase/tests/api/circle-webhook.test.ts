import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import type { Sql } from "postgres";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { circleHint, single, smallTalk, thread } from "../../../scripts/demo/messages.ts";
import type { Database } from "../../types/database.ts";
import { connect, openTestProject, type TestProject } from "../support/database.ts";

// The webhook over HTTP, with all its parts: gateway, Deno, Data API, Postgres.

const CURRENT = "the-current-secret-0123456789";
const PREVIOUS = "the-previous-secret-012345678";

let project: TestProject;
let sql: Sql;
let server: SupabaseClient<Database>;
let logLines: string[];

beforeAll(async () => {
  logLines = [];
  project = await openTestProject({
    functions: {
      env: { CIRCLE_WEBHOOK_SECRETS: `${CURRENT},${PREVIOUS}` },
      log: (_name, line) => logLines.push(line),
    },
  });
  sql = connect(project.database);
  server = createClient<Database>(project.url, project.secretKey, { auth: { persistSession: false } });
});

afterAll(async () => {
  await sql?.end();
  await project?.close();
});

beforeEach(async () => {
  await sql`delete from public.issues`;
  await sql`delete from public.circle_issues`;
  await sql`delete from private.inbox_events`;
});

async function post(
  body: BodyInit,
  secret: string | null = CURRENT,
): Promise<{ status: number; body: Answer }> {
  const url = `${project.url}/functions/v1/circle-webhook${secret === null ? "" : `?secret=${secret}`}`;
  const response = await fetch(url, { method: "POST", body });
  return { status: response.status, body: await response.json() as Answer };
}

interface Answer {
  event_id: string;
  status: string;
  code?: string;
  request_id?: string;
  processed: number;
  imported: { action: string; issue_id: string | null; circle_issue_id: string }[];
  errors: { index: number; code: string }[];
}

const send = (payload: unknown, secret?: string) => post(JSON.stringify(payload), secret);

const counts = async () => {
  const [row] = await sql<Record<string, number>[]>`
    select
      (select count(*)::integer from private.inbox_events) as events,
      (select count(*)::integer from public.circle_issues) as messages,
      (select count(*)::integer from public.circle_replies) as replies,
      (select count(*)::integer from public.issues) as issues,
      (select count(*)::integer from public.issue_import_logs) as imports
  `;
  return row;
};

describe("a body", () => {
  test("with a single message becomes an issue", async () => {
    const { status, body } = await send(single);
    expect(status).toBe(200);
    expect(body).toMatchObject({ status: "processed", processed: 1, errors: [] });
    const { data: issue } = await server.from("issues").select("*, circle_issues (*)").single();
    expect(issue).toMatchObject({
      title: "Sign-in loops after the update",
      segment: "auth",
      status: "waiting_for_help",
      submitted_by: "Ana Ruiz",
      tags: ["auth", "circle"],
    });
    expect(issue?.circle_issues).toMatchObject([{
      message_id: "201500310",
      thread_id: null,
      author_name: "Ana Ruiz",
      is_thread: false,
      is_triaged: true,
      triage_confidence: 1,
    }]);
  });

  test("with a thread has its replies with their authors, and a later one adds to it", async () => {
    await send(thread(2));
    expect(await counts()).toEqual({ events: 1, messages: 1, replies: 2, issues: 1, imports: 1 });
    await send(thread(3));
    expect(await counts()).toMatchObject({ messages: 1, replies: 3, issues: 1, imports: 1 });
    // an older, shorter payload removes nothing
    await send(thread(1));
    expect(await counts()).toMatchObject({ messages: 1, replies: 3, issues: 1 });
    const { data: replies } = await server.from("circle_replies").select("author_name, reply_index").order(
      "reply_index",
    );
    expect(replies).toEqual([
      { author_name: "Lee Park", reply_index: 1 },
      { author_name: "Priya Nair", reply_index: 2 },
      { author_name: "Lee Park", reply_index: 3 },
    ]);
    const { data: issue } = await server.from("issues").select("description").single();
    expect(issue?.description).toContain("> **Priya Nair**: It worked yesterday on 2.4.0.");
    expect(issue?.description).not.toContain("Unknown");
  });

  test("with an array is imported message by message; an invalid one is named and does not affect the others", async () => {
    const { status, body } = await send([
      single,
      { ...single, Parent_Message: { body: "no id" } },
      thread(1),
    ]);
    expect(status).toBe(200);
    expect(body).toMatchObject({ processed: 2, errors: [{ index: 1, code: "tracker_message_id_invalid" }] });
    expect(await counts()).toMatchObject({ messages: 2, issues: 2 });
  });

  test("about a row that somebody holds is stored after 1.5 s, and processed by the job", async () => {
    await send(single);
    const edited = structuredClone(single);
    edited.Parent_Message.body = "It works again";
    Object.assign(edited.Parent_Message, { edited_at: "2026-03-04T09:14:05.120Z" });
    const holder = connect(project.database, "postgres", 1);
    try {
      await holder.begin(async (by) => {
        await by`select from public.issues for update`;
        const began = performance.now();
        expect(await send(edited)).toMatchObject({ status: 202, body: { status: "received" } });
        expect(performance.now() - began).toBeLessThan(6_000);
        const other = structuredClone(single);
        Object.assign(other.Parent_Message, { message_id: 2, chat_thread_id: 2 });
        expect(await send(other)).toMatchObject({ status: 200, body: { processed: 1 } });
      });
    } finally {
      await holder.end();
    }
    await sql`update private.inbox_events set next_attempt_at = now() where status = 'received'`;
    await sql`select private.run_inbox_events('circle')`;
    expect(await sql`select body from public.circle_issues where message_id = '201500310'`).toEqual([
      { body: "It works again" },
    ]);
  });

  test("of which every message is refused is answered 422, stored and listed, and not tried again", async () => {
    const { status, body } = await send([
      { ...single, Parent_Message: { ...single.Parent_Message, message_id: "={{ $json.id }}" } },
      { ...single, Parent_Message: { ...single.Parent_Message, message_id: "undefined" } },
    ]);
    expect(status).toBe(422);
    expect(body.errors.map(({ index, code }) => [index, code])).toEqual([
      [0, "tracker_message_id_invalid"],
      [1, "tracker_message_id_invalid"],
    ]);
    const { data: failed } = await server.from("failed_circle_events").select("id, status, next_attempt_at");
    expect(failed).toEqual([{ id: body.event_id, status: "failed", next_attempt_at: null }]);
  });

  test("with a message that is not an issue is stored as a message only", async () => {
    const { status, body } = await send(smallTalk);
    expect(status).toBe(200);
    expect(body.imported).toMatchObject([{ issue_id: null }]);
    expect(await counts()).toEqual({ events: 1, messages: 1, replies: 0, issues: 0, imports: 0 });
  });

  test("with Circle's own hint is stored, and imports nothing", async () => {
    const { status, body } = await send(circleHint);
    expect(status).toBe(202);
    expect(body.status).toBe("hint");
    expect(await counts()).toEqual({ events: 1, messages: 0, replies: 0, issues: 0, imports: 0 });
  });

  test.each<[string, BodyInit, string]>([
    ["an unknown shape", '{"hello":"world"}', "unrecognised"],
    ["a number", "17", "unrecognised"],
    ["nothing at all", "", "unreadable"],
    ["no JSON", "{oh", "unreadable"],
    ["no UTF-8", new Uint8Array([0x22, 0xff, 0xfe, 0x22]), "unreadable"],
    ["nesting beyond any stack", "[".repeat(100_000), "unreadable"],
  ])("with %s is stored byte for byte and answered 202", async (_what, body, outcome) => {
    const answer = await post(body);
    expect(answer.status).toBe(202);
    expect(answer.body.status).toBe(outcome);
    const [event] = await sql<
      { body: Uint8Array; status: string }[]
    >`select body, status from private.inbox_events`;
    expect(event?.status).toBe(outcome);
    expect(Buffer.from(event?.body ?? [])).toEqual(Buffer.from(body as string));
  });

  test("with text that jsonb can't store is imported, and its raw bytes are stored unchanged", async () => {
    const odd = JSON.stringify(single).replace(
      "Since the update",
      "NUL \\u0000 half \\ud83d emoji 😕 \\\\u0000 Since",
    );
    expect((await post(odd)).status).toBe(200);
    const { data } = await server.from("circle_issues").select("body").single();
    expect(data?.body).toMatch(/^NUL \ufffd half \ufffd emoji 😕 \\u0000 Since/);
    const [event] = await sql<{ body: Uint8Array }[]>`select body from private.inbox_events`;
    expect(Buffer.from(event?.body ?? []).toString("utf8")).toBe(odd);
  });

  test("of nearly 1 MB is imported", async () => {
    const long = { ...single, Parent_Message: { ...single.Parent_Message, body: "x".repeat(1_000_000) } };
    expect((await send(long)).status).toBe(200);
    const { data } = await server.from("circle_issues").select("body").single();
    expect(data?.body).toHaveLength(1_000_000);
  });
});

describe("rejected:", () => {
  test.each([["no", null], ["a wrong", "guessed"], ["an old, retired", `${PREVIOUS}x`]])(
    "%s secret: 401, and nothing is stored",
    async (_what, secret) => {
      const { status, body } = await post(JSON.stringify(single), secret);
      expect(status).toBe(401);
      expect(body).toMatchObject({ code: "tracker_webhook_secret_invalid" });
      expect(body.request_id).toMatch(/^[0-9a-f-]{36}$/);
      expect(await counts()).toEqual({ events: 0, messages: 0, replies: 0, issues: 0, imports: 0 });
    },
  );

  test("the publishable key and a user's token in place of the secret", async () => {
    const response = await fetch(`${project.url}/functions/v1/circle-webhook`, {
      method: "POST",
      headers: { apikey: project.publishableKey, authorization: `Bearer ${project.publishableKey}` },
      body: JSON.stringify(single),
    });
    expect(response.status).toBe(401);
  });

  test("more than 1 MB: 413, and nothing is stored", async () => {
    const { status, body } = await post("x".repeat(1024 * 1024 + 1));
    expect(status).toBe(413);
    expect(body).toMatchObject({ code: "body_too_large" });
    expect(await counts()).toMatchObject({ events: 0 });
  });

  test("GET: 405", async () => {
    const response = await fetch(`${project.url}/functions/v1/circle-webhook?secret=${CURRENT}`);
    expect(response.status).toBe(405);
  });

  test("the webhook's database functions, for everybody but servers", async () => {
    const client = createClient<Database>(project.url, project.publishableKey, {
      auth: { persistSession: false },
    });
    const anonymous = await client.rpc("receive_circle_event", { body: "e30=" });
    expect([401, 404]).toContain(anonymous.status);
    await client.auth.signInAnonymously();
    for (
      const call of [
        client.rpc("receive_circle_event", { body: "e30=" }),
        client.rpc("process_circle_event", { event_id: crypto.randomUUID() }),
        client.rpc("handle_circle_webhook", { request: single }),
      ]
    ) {
      const { status, data } = await call;
      expect([403, 404]).toContain(status);
      expect(data).toBeNull();
    }
    expect(await counts()).toEqual({ events: 0, messages: 0, replies: 0, issues: 0, imports: 0 });
  });
});

describe("sent again", () => {
  test("the previous secret works as well as the current one, and the same bytes are one event", async () => {
    const first = await send(single, CURRENT);
    const second = await send(single, PREVIOUS);
    expect(second.status).toBe(200);
    expect(second.body.event_id).toBe(first.body.event_id);
    expect(await counts()).toEqual({ events: 1, messages: 1, replies: 0, issues: 1, imports: 1 });
  });

  test("ten times concurrently has the result of once", async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => send(thread(3))));
    expect(answers.map((answer) => answer.status)).toEqual(Array(10).fill(200));
    expect(await counts()).toEqual({ events: 1, messages: 1, replies: 3, issues: 1, imports: 1 });
    expect(new Set(answers.map((answer) => answer.body.imported[0]?.issue_id)).size).toBe(1);
  });

  test("in different states concurrently, a thread has all its replies", async () => {
    const answers = await Promise.all([3, 1, 2, 3, 2, 1].map((replies) => send(thread(replies))));
    expect(answers.every((answer) => answer.status === 200)).toBe(true);
    expect(await counts()).toMatchObject({ messages: 1, replies: 3, issues: 1, imports: 1 });
  });
});

test("neither bodies nor secrets are logged, and every request has one line", async () => {
  const before = logLines.length;
  await send(single);
  await send(single, "guessed-secret-0123456789");
  await expect.poll(() => logLines.length - before).toBe(2);
  const [first, second] = logLines.slice(before).map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(first).toMatchObject({
    level: "info",
    function: "circle-webhook",
    status: 200,
    outcome: "processed",
  });
  expect(second).toMatchObject({ status: 401, code: "tracker_webhook_secret_invalid" });
  for (const secret of [CURRENT, PREVIOUS, "guessed-secret", "Ana Ruiz", "password"]) {
    expect(logLines.join("\n")).not.toContain(secret);
  }
});
