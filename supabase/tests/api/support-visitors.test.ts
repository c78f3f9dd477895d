import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestProject, type TestProject } from "../support/database.ts";
import { anonymous, type Client, type Person, rows, signUp } from "../support/people.ts";
import { startVisitor, type SupportClient, supportClient } from "../support/support.ts";

// What a visitor's page does over HTTP: without an account by session id, with one by row security.

let project: TestProject;
let agent: Person;
let server: SupportClient;

beforeAll(async () => {
  project = await openTestProject();
  agent = await signUp(project, "agnes", "agent");
  server = supportClient(project, project.secretKey);
});
afterAll(async () => {
  await project?.close();
});

/** Somebody whom Auth has given an account without an address. */
async function anonymousAccount(): Promise<{ id: string; client: Client }> {
  const client = anonymous(project);
  const { data, error } = await client.auth.signInAnonymously();
  if (error) throw error;
  return { id: data.user?.id ?? "", client };
}

test("without an account: start, write, read since a cursor, and see a person's reply", async () => {
  const { client, sessionId: session_id, conversationId } = await startVisitor(project);
  expect(session_id).toMatch(/^[\w-]{43}$/);
  const sent = await rows(client.rpc("send_message", { session_id, content: "How do I sign in?" }));
  expect(sent).toMatchObject({ conversation_id: conversationId, role: "user", content: "How do I sign in?" });
  expect(await rows(client.rpc("get_messages", { session_id }))).toEqual([sent]);
  await rows(
    agent.client.schema("support").from("messages").insert({
      conversation_id: conversationId,
      role: "agent",
      content: "With the link in the mail.",
    }).select("id"),
  );
  expect(await rows(client.rpc("get_messages", { session_id, after_position: sent.position }))).toMatchObject(
    [
      { role: "agent", content: "With the link in the mail.", author_user_id: null },
    ],
  );
  expect(await rows(client.rpc("get_conversation", { session_id }))).toMatchObject({
    conversation_id: conversationId,
    status: "with_human",
  });
});

test("every argument of start_conversation is optional, and its contact is saved", async () => {
  const client = supportClient(project, project.publishableKey);
  for (const body of [{}, { name: "Ada" }, { name: null, email: "ada@example.com", phone: null }]) {
    const response = await fetch(`${project.url}/rest/v1/rpc/start_conversation`, {
      method: "POST",
      headers: {
        apikey: project.publishableKey,
        "content-profile": "support",
        "content-type": "application/json",
      },
      body: JSON.stringify(body),
    });
    expect(response.status).toBe(200);
    const { session_id, conversation_id } = await response.json() as Record<string, string>;
    expect(
      (await client.rpc("save_contact", { session_id: session_id ?? "", phone: "030 123" })).error,
    ).toBeNull();
    expect(
      await rows(
        server.from("conversations").select("visitor_name, visitor_email, visitor_phone")
          .eq("id", conversation_id ?? "").single(),
      ),
    ).toEqual({
      visitor_name: body.name ?? null,
      visitor_email: body.email ?? null,
      visitor_phone: "030 123",
    });
  }
});

test("a message is stored once, however often and at the same time it is sent", async () => {
  const { client, sessionId: session_id, conversationId } = await startVisitor(project);
  const answers = await Promise.all(
    Array.from(
      { length: 12 },
      () => rows(client.rpc("send_message", { session_id, content: "Once", client_key: "k" })),
    ),
  );
  expect(new Set(answers.map(({ id }) => id)).size).toBe(1);
  const stored = await rows(server.from("messages").select("id").eq("conversation_id", conversationId));
  expect(stored).toHaveLength(1);
  const { error } = await client.rpc("send_message", { session_id, content: "Twice", client_key: "k" });
  expect(error).toMatchObject({ code: "PT409", message: "support_message_conflict" });
});

test("an anonymous account: plain inserts and selects of its own", async () => {
  const visitor = await anonymousAccount();
  const support = visitor.client.schema("support");
  const conversation = await rows(support.from("conversations").insert({}).select().single());
  expect(conversation).toMatchObject({ user_id: visitor.id, status: "active" });
  const message = { conversation_id: conversation.id, role: "user", content: "Hello", client_key: "k" };
  for (let again = 0; again < 2; again++) {
    const { error } = await support.from("messages").upsert(message, {
      onConflict: "conversation_id,client_key",
      ignoreDuplicates: true,
    });
    expect(error).toBeNull();
  }
  expect(
    await rows(
      support.from("conversations").select("id, user_id, messages(role, content)").order("created_at"),
    ),
  ).toEqual([
    { id: conversation.id, user_id: visitor.id, messages: [{ role: "user", content: "Hello" }] },
  ]);
  expect(await rows(support.from("users").select("id, email"))).toEqual([{ id: visitor.id, email: null }]);
  expect((await support.from("users").update({ name: "Sam" }).eq("id", visitor.id)).error).toBeNull();
  expect(
    await rows(
      agent.client.schema("support").from("conversations").select("users(name)").eq("id", conversation.id)
        .single(),
    ),
  ).toEqual({ users: { name: "Sam" } });
});

test("who signs in later keeps the conversation, and only one account can", async () => {
  const { client, sessionId: session_id, conversationId } = await startVisitor(project);
  await rows(client.rpc("send_message", { session_id, content: "Before" }));
  const people = await Promise.all(Array.from({ length: 6 }, anonymousAccount));
  const claims = await Promise.all(
    people.map(({ client }) => client.schema("support").rpc("claim_conversation", { session_id })),
  );
  const winners = people.filter((_, at) => claims[at]?.error === null);
  expect(winners).toHaveLength(1);
  const refused = claims.filter(({ error }) => error);
  for (const { error } of refused) {
    expect(error).toMatchObject({ code: "PT404", message: "support_conversation_unknown" });
  }
  const winner = winners[0]?.client.schema("support");
  if (!winner) throw new Error("Nobody has claimed it.");
  expect(await rows(winner.from("messages").select("content"))).toEqual([{ content: "Before" }]);
  expect(await rows(winner.rpc("claim_conversation", { session_id }))).toBe(conversationId);
  await rows(client.rpc("send_message", { session_id, content: "After" }));
  expect(await rows(winner.from("messages").select("content").order("position"))).toEqual([
    { content: "Before" },
    { content: "After" },
  ]);
  for (const { client } of people.filter((person) => person !== winners[0])) {
    expect(await rows(client.schema("support").from("messages").select("content"))).toEqual([]);
  }
});

test("what is stored is what was sent: markup, quotes, other scripts", async () => {
  const { client, sessionId: session_id } = await startVisitor(project);
  const texts = [
    "<script>alert(1)</script>",
    "'; drop table support.messages; --",
    "{{7*7}} ${7*7} %s \\u0041 \\",
    "Ça ne marche pas — 動きません 👩‍👩‍👧",
    "line\r\nline\ttab\u202eright-to-left",
  ];
  for (const content of texts) await rows(client.rpc("send_message", { session_id, content }));
  const read = await rows(client.rpc("get_messages", { session_id }));
  expect(read.map(({ content }) => content)).toEqual(texts);
});
