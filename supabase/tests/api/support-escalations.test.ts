import type { Sql } from "postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connect, openTestProject, type TestProject } from "../support/database.ts";
import { anonymous, type Client, type Person, rows, server, signUp } from "../support/people.ts";

// From a visitor's request to a person's answer, over HTTP with supabase-js.

let project: TestProject;
let sql: Sql;
let agent: Person;
let second: Person;
let admin: Person;
let viewer: Person;

beforeAll(async () => {
  project = await openTestProject();
  sql = connect(project.database);
  agent = await signUp(project, "agent", "agent");
  second = await signUp(project, "second", "agent");
  admin = await signUp(project, "admin", "admin");
  viewer = await signUp(project, "viewer", "viewer");
});

afterAll(async () => {
  await sql?.end();
  await project?.close();
});

const support = (client: Client) => client.schema("support");

interface Visitor {
  session_id: string;
  conversation_id: string;
}

/** What start_conversation returns. */
const started = async (call: PromiseLike<{ data: unknown; error: unknown }>): Promise<Visitor> =>
  await rows(call) as Visitor;

/** A visitor without an account who has written something. */
async function startChat(...contents: string[]): Promise<Visitor> {
  const db = support(anonymous(project));
  const visitor = await started(db.rpc("start_conversation"));
  for (const content of contents) {
    await rows(db.rpc("send_message", { session_id: visitor.session_id, content }));
  }
  return visitor;
}

const ask = (visitor: Visitor, args: Record<string, string> = {}) =>
  support(anonymous(project)).rpc("request_human", { session_id: visitor.session_id, ...args });

/** What the visitor reads. */
async function read({ session_id }: Visitor): Promise<string[]> {
  const messages = await rows(support(anonymous(project)).rpc("get_messages", { session_id }));
  return messages.map(({ role, content }) => `${role}: ${content}`);
}

async function escalationOf({ conversation_id }: Visitor) {
  const [row] = await rows(
    support(agent.client).from("open_escalations").select().eq("conversation_id", conversation_id),
  );
  return { ...row, id: row?.id ?? "" };
}

/** `<status> <code>` of a refused call. */
async function refusal(
  call: PromiseLike<{ status: number; error: { message: string } | null }>,
): Promise<string> {
  const { status, error } = await call;
  return `${status} ${error?.message}`;
}

describe("a visitor without an account", () => {
  test("asks for a person, reads the answer, and is answered by the assistant afterwards", async () => {
    const visitor = await startChat("My export is empty");
    const contact = { session_id: visitor.session_id, name: "Vito", email: "vito@example.com" };
    expect((await support(anonymous(project)).rpc("save_contact", contact)).error).toBeNull();
    const first = await rows(ask(visitor, { issue_type: "export" }));
    expect(first).toMatchObject({ status: "waiting_for_human" });
    expect(await rows(ask(visitor))).toEqual(first);
    const escalation = await escalationOf(visitor);
    expect(escalation).toMatchObject({
      status: "pending",
      reason: "request",
      issue_type: "export",
      original_request: "My export is empty",
      contact_info: { name: "Vito", email: "vito@example.com" },
    });
    const taken = await rows(support(agent.client).rpc("take_escalation", { id: escalation.id }));
    expect(taken).toMatchObject({ status: "in_progress", assigned_to_user_id: agent.id });
    expect(taken.conversation_context).toMatch(/^\[.*\] Visitor: My export is empty$/);
    const answer = { id: escalation.id, content: "Try it now", client_key: "answer-1" };
    const sent = await rows(support(agent.client).rpc("answer_escalation", answer));
    expect(await rows(support(agent.client).rpc("answer_escalation", answer))).toEqual(sent);
    expect(await read(visitor)).toEqual([
      "user: My export is empty",
      "system: A person of the team was asked to answer here.",
      "system: agent has joined the conversation.",
      "agent: Try it now",
    ]);
    expect(
      await refusal(
        support(server(project)).from("messages").insert({
          conversation_id: visitor.conversation_id,
          role: "assistant",
          content: "I know!",
        }),
      ),
    ).toBe("409 support_speaker_conflict");
    const resolved = await rows(
      support(agent.client).rpc("resolve_escalation", { id: escalation.id, note: "Fixed the export" }),
    );
    expect(resolved).toMatchObject({ status: "resolved", resolution_note: "Fixed the export" });
    await rows(
      support(server(project)).from("messages").insert({
        conversation_id: visitor.conversation_id,
        role: "assistant",
        content: "Anything else?",
      }).select(),
    );
    expect((await read(visitor)).at(-1)).toBe("assistant: Anything else?");
  });

  test("sees and changes nothing of an escalation, and asks in no other conversation", async () => {
    const visitor = await startChat("Hello");
    await rows(ask(visitor));
    const db = support(anonymous(project));
    const { id } = await escalationOf(visitor);
    expect(await refusal(db.from("escalations").select())).toMatch(/^401 permission denied/);
    for (const view of ["open_escalations", "forgotten_escalations", "daily_metrics"] as const) {
      expect(await refusal(db.from(view).select()), view).toMatch(/^401 permission denied/);
    }
    for (const name of ["take_escalation", "release_escalation", "notify_escalation"] as const) {
      expect(await refusal(db.rpc(name, { id })), name).toMatch(/^401 permission denied/);
    }
    expect(await refusal(db.rpc("request_human", { session_id: "guessed" })))
      .toBe("404 support_conversation_unknown");
    expect(await refusal(db.rpc("request_human", { conversation_id: visitor.conversation_id })))
      .toBe("404 support_conversation_unknown");
    expect(await refusal(ask(visitor, { request: "x".repeat(9_000) }))).toBe("413 support_message_too_large");
  });
});

test("a signed-in visitor asks in their own conversation, and sees no escalation", async () => {
  const visitor = await signUp(project, "visitor");
  const db = support(visitor.client);
  const { conversation_id } = await started(db.rpc("start_conversation"));
  await rows(db.from("messages").insert({ conversation_id, role: "user", content: "A person?" }).select());
  expect(await rows(db.rpc("request_human", { conversation_id, request: "Please call me" })))
    .toMatchObject({ status: "waiting_for_human" });
  expect(await rows(db.from("escalations").select())).toEqual([]);
  expect(await rows(db.from("open_escalations").select())).toEqual([]);
  const other = await signUp(project, "other-visitor");
  expect(await refusal(support(other.client).rpc("request_human", { conversation_id })))
    .toBe("404 support_conversation_unknown");
  expect(
    await refusal(
      db.from("escalations").insert({
        conversation_id,
        issue_type: "x",
        original_request: "x",
      }),
    ),
  ).toBe("403 team_role_required");
});

describe("the team", () => {
  test("one agent takes it, whom the others are told about", async () => {
    const visitor = await startChat("Hello");
    await rows(ask(visitor));
    const { id } = await escalationOf(visitor);
    const outcomes = await Promise.all([agent, second].map(async ({ client }) => {
      const { error } = await support(client).rpc("take_escalation", { id });
      return error?.message ?? "taken";
    }));
    expect(outcomes.sort()).toEqual(["support_escalation_conflict", "taken"]);
    const holder = outcomes[0] === "taken" ? agent : second;
    const { error } = await support(outcomes[0] === "taken" ? second.client : agent.client)
      .rpc("answer_escalation", { id, content: "Me too" });
    if (error) expect(error.details).toMatch(/has taken this escalation/);
    expect(holder).toBeDefined();
    expect(await refusal(support(viewer.client).rpc("take_escalation", { id }))).toBe(
      "403 team_role_required",
    );
    expect(await rows(support(viewer.client).from("open_escalations").select("status").eq("id", id)))
      .toEqual([{ status: "in_progress" }]);
    const released = await rows(support(admin.client).rpc("release_escalation", { id }));
    expect(released).toMatchObject({ status: "pending", assigned_to_user_id: null });
  });

  test("makes an issue of it, which both sides show", async () => {
    const visitor = await startChat("The export has no header\nsince the update");
    await rows(ask(visitor));
    const { id } = await escalationOf(visitor);
    const issue_id = await rows(support(agent.client).rpc("escalation_to_issue", { id, segment: "tool" }));
    expect(await rows(support(agent.client).rpc("escalation_to_issue", { id }))).toBe(issue_id);
    expect(
      await rows(agent.client.from("issues").select("title, segment, submitted_by").eq("id", issue_id)),
    ).toEqual([{ title: "The export has no header", segment: "tool", submitted_by: "Support visitor" }]);
    expect(
      await rows(
        viewer.client.from("issue_escalations").select("escalation_id, conversation_id").eq(
          "issue_id",
          issue_id,
        ),
      ),
    ).toEqual([{ escalation_id: id, conversation_id: visitor.conversation_id }]);
  });

  test("reads the figures", async () => {
    await sql`select private.run_support_metrics()`;
    const metrics = await rows(support(viewer.client).rpc("support_metrics", { days: 7 })) as Record<
      string,
      unknown
    >;
    expect(metrics).toMatchObject({ response_times: expect.any(Array), errors: expect.any(Array) });
    expect(metrics["escalated_conversations"]).toBeGreaterThan(0);
    const [day] = await rows(support(viewer.client).from("daily_metrics").select().order("day"));
    expect(day).toMatchObject({ escalation_rate: expect.any(Number), counted_at: expect.any(String) });
    expect(await rows(support(viewer.client).from("response_times").select("kind").eq("responder", "person")))
      .toEqual([{ kind: "first" }]);
    expect(await refusal(support(anonymous(project)).rpc("support_metrics"))).toMatch(/^401/);
  });
});

test("the seed's client calls for escalations, with the secret key", async () => {
  const db = support(server(project));
  const [conversation] = await rows(db.from("conversations").insert({ session_id: "seed-session" }).select());
  const [created] = await rows(
    db.from("escalations").insert({
      conversation_id: conversation?.id ?? null,
      issue_type: "billing",
      original_request: "I was charged twice",
      contact_info: { email: "seed@example.com" },
      conversation_context: "User: I was charged twice",
    }).select(),
  );
  expect(created).toMatchObject({ status: "pending", contact_info: { email: "seed@example.com" } });
  const id = created?.id ?? "";
  for (const status of ["notified", "in_progress", "resolved"]) {
    const [updated] = await rows(db.from("escalations").update({ status }).eq("id", id).select());
    expect(updated).toMatchObject({ status });
  }
  expect(await rows(db.from("escalations").select("status").eq("conversation_id", conversation?.id ?? "")))
    .toEqual([{ status: "resolved" }]);
  expect(await refusal(db.from("escalations").update({ status: "pending" }).eq("id", id)))
    .toBe("409 support_escalation_status_conflict");
  expect(await refusal(db.from("escalations").update({ status: "open" }).eq("id", id)))
    .toBe("422 support_escalation_status_invalid");
});

test("a visitor is erased with a receipt, and errors contain nothing that a visitor wrote", async () => {
  const visitor = await signUp(project, "canary");
  const db = support(visitor.client);
  const { conversation_id, session_id } = await started(
    db.rpc("start_conversation", { name: "Canary Bird" }),
  );
  await rows(db.rpc("send_message", { session_id, content: "I am Canary Bird" }));
  await rows(db.rpc("request_human", { session_id }));
  const failures = await Promise.all([
    db.rpc("save_contact", { session_id, email: "Canary Bird" }),
    db.rpc("request_human", { session_id: "Canary Bird" }),
    db.from("escalations").insert({ conversation_id, issue_type: "x", original_request: "Canary Bird" }),
    support(agent.client).from("escalations").insert({
      conversation_id,
      issue_type: "x",
      original_request: "Canary Bird",
    }),
    support(server(project)).rpc("record_support_error", { operation: "Canary Bird", cause: "Canary Bird" }),
  ]);
  expect(JSON.stringify(failures)).not.toContain("Canary");
  expect(await refusal(support(agent.client).rpc("forget_user", { conversation_id })))
    .toBe("403 team_role_required");
  const receipt = await rows(db.rpc("forget_user"));
  expect(receipt).toMatchObject({ requested_by: "visitor", conversations_count: 1, escalations_count: 1 });
  expect(await rows(db.from("conversations").select())).toEqual([]);
  expect(
    await rows(support(server(project)).from("messages").select().eq("conversation_id", conversation_id)),
  )
    .toEqual([]);
  expect(await rows(support(admin.client).from("erasures").select("id").eq("id", receipt.id)))
    .toEqual([{ id: receipt.id }]);
  const [left] = await sql`
    select count(*)::integer as count from (
      select t::text from support.conversations as t union all select t::text from support.escalations as t
      union all select t::text from support.messages as t union all select t::text from support.users as t
      union all select t::text from private.support_errors as t union all select t::text from support.erasures as t
    ) as x (line) where line ~* 'canary'
  `;
  expect(left).toEqual({ count: 0 });
});
