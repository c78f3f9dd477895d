import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { signUp, tokenOf } from "../support/people.ts";
import { type Chat, type ChatReply, openChat, PASSWORD } from "../support/support-chat.ts";

// support-chat over the real stack, with the answers that are built in.

let chat: Chat;
let fake: Chat["fake"];
let project: Chat["project"];
let sql: Chat["sql"];
let modelIs: Chat["modelIs"];
let start: Chat["start"];
let post: Chat["post"];
let ask: Chat["ask"];
let messages: Chat["messages"];

beforeAll(async () => {
  chat = await openChat();
  ({ fake, project, sql, modelIs, start, post, ask, messages } = chat);
});
afterAll(() => chat?.close());
beforeEach(() => chat.reset());

const UNKNOWN = "Do you ship penguins to Mars?";

describe("built in", () => {
  test("an answer is quoted with a link to its source, and a retry returns the same", async () => {
    const session = await start();
    const first = await ask(session, PASSWORD, "k1");
    expect(first).toMatchObject({
      state: "answered",
      message: { role: "user", content: PASSWORD },
      answer: {
        role: "assistant",
        content:
          'This may help:\n\nPress "Forgot password" on the sign-in page. The link is valid for an hour.\n\n' +
          "Reset your password\nhttps://help.example/reset",
        source: {
          links: [{ kind: "article", title: "Reset your password", url: "https://help.example/reset" }],
        },
      },
    });
    expect(await ask(session, PASSWORD, "k1")).toEqual(first);
    expect(await messages()).toHaveLength(2);
  });

  test("without an answer it offers a person in the visitor's language, and fetches one the second time", async () => {
    const session = await start();
    expect(await ask(session, "Liefert ihr auch Pinguine zum Mars?")).toMatchObject({
      state: "unknown",
      answer: { content: "Das weiß ich nicht. Soll ich jemanden dazuholen?" },
      is_escalated: false,
    });
    expect(await ask(session, "Und was ist mit Zebras auf dem Mond?")).toMatchObject({ is_escalated: true });
    expect(await sql`select reason from support.escalations`).toEqual([{ reason: "low_confidence" }]);
    expect(await sql`select question, questions_count from support.unanswered_questions`).toHaveLength(2);
  });

  test("concurrent retries store one message and one answer", async () => {
    const session = await start();
    const replies = await Promise.all(Array.from({ length: 8 }, () => ask(session, PASSWORD, "same")));
    expect(new Set(replies.map(({ answer }) => answer?.id)).size).toBe(1);
    expect(await messages()).toHaveLength(2);
  });

  test("a signed-in visitor is known by the token, and has no other's conversation", async () => {
    const [ann, eve] = [await signUp(project, "ann"), await signUp(project, "eve")];
    const [{ conversation_id }] = (await (await fetch(`${project.url}/rest/v1/rpc/start_conversation`, {
      method: "POST",
      headers: {
        apikey: project.publishableKey,
        authorization: `Bearer ${await tokenOf(ann)}`,
        "content-profile": "support",
        "content-type": "application/json",
      },
      body: "{}",
    })).json().then((body) => [body])) as [{ conversation_id: string }];
    const body = { conversation_id, message: PASSWORD };
    expect((await post(body, { authorization: `Bearer ${await tokenOf(ann)}` })).status).toBe(200);
    const stranger = await post(body, { authorization: `Bearer ${await tokenOf(eve)}` });
    expect([stranger.status, (await stranger.json() as ChatReply).code]).toEqual([
      404,
      "support_conversation_unknown",
    ]);
    expect((await post(body, { authorization: `Bearer ${project.publishableKey}` })).status).toBe(401);
    expect((await post(body)).status).toBe(401);
  });

  test("the limits of the visitor's address hold, as the trusted proxy tells it", async () => {
    const session = await start();
    await sql`update support.settings set messages_per_session_minute = 2`;
    try {
      await ask(session, "one");
      await ask(session, "two");
      const third = await post({ session_id: session, message: "three" });
      expect([third.status, (await third.json() as ChatReply).code]).toEqual([
        429,
        "support_messages_rate_limited",
      ]);
      expect(Number(third.headers.get("retry-after"))).toBeGreaterThan(0);
    } finally {
      await sql`update support.settings set messages_per_session_minute = 20`;
    }
    expect((await post({ session_id: "guess", message: "hi" })).status).toBe(404);
    expect((await post({ session_id: session, message: "x".repeat(9000) })).status).toBe(413);
    expect((await post({ session_id: session, message: " " })).status).toBe(422);
  });
});

test("a stream ends with what is stored, and a client that leaves changes nothing", async () => {
  const session = await start();
  const response = await post({ session_id: session, message: PASSWORD }, { accept: "text/event-stream" });
  expect(response.headers.get("content-type")).toContain("text/event-stream");
  const text = await response.text();
  const events = [...text.matchAll(/event: (\w+)\ndata: (.*)\n\n/g)].map(([, name, data]) =>
    [name, JSON.parse(data ?? "null")] as [string, ChatReply & { text: string }]
  );
  expect(events[0]?.[0]).toBe("message");
  const [, answer] = await messages();
  expect(events.filter(([name]) => name === "delta").map(([, data]) => data.text).join("")).toBe(
    answer?.content,
  );
  expect(events.at(-1)).toMatchObject(["done", { state: "answered", answer: { id: answer?.id } }]);

  await modelIs(true);
  fake.faults.push({ delayMs: 400 });
  const leaving = new AbortController();
  const left = await fetch(`${project.url}/functions/v1/support-chat`, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "text/event-stream" },
    body: JSON.stringify({ session_id: session, message: "where can I download invoices?" }),
    signal: leaving.signal,
  });
  await left.body?.getReader().read();
  leaving.abort();
  await expect.poll(async () => (await messages()).length).toBe(4);
});

describe("a person has taken over", () => {
  test("before: nothing is answered", async () => {
    const session = await start();
    await sql`update support.conversations set status = 'with_human'`;
    expect(await ask(session, PASSWORD)).toMatchObject({ state: "with_human", answer: null });
    expect(await messages()).toHaveLength(1);
  });

  test("while the answer is being made: it is not said", async () => {
    await modelIs(true);
    const session = await start();
    fake.faults.push({ delayMs: 500 });
    const reply = ask(session, PASSWORD);
    await expect.poll(() => fake.asked.length).toBe(1);
    await sql`update support.conversations set status = 'with_human'`;
    expect(await reply).toMatchObject({ state: "with_human", answer: null });
    expect((await messages()).map(({ role }) => role)).toEqual(["user"]);
    expect(await sql`select outcome from private.chat_requests`).toEqual([{ outcome: "silent" }]);
  });
});

test("ratings are the visitor's own, and the team sees what did not help", async () => {
  const session = await start();
  const { answer } = await ask(session, PASSWORD);
  const rate = async (body: Record<string, unknown>) => {
    const response = await fetch(`${project.url}/rest/v1/rpc/rate_answer`, {
      method: "POST",
      headers: {
        apikey: project.publishableKey,
        "content-profile": "support",
        "content-type": "application/json",
      },
      body: JSON.stringify(body),
    });
    return [response.status, (await response.json() as { message?: string }).message ?? null];
  };
  const rating = { message_id: answer?.id, is_helpful: false, comment: "<b>no</b>" };
  expect(await rate({ ...rating, session_id: session })).toEqual([200, null]);
  expect(await rate({ ...rating, session_id: session, is_helpful: true, comment: null })).toEqual([
    200,
    null,
  ]);
  expect(await rate({ ...rating, session_id: session, comment: "still no" })).toEqual([200, null]);
  expect(await rate({ ...rating, session_id: await start() })).toEqual([404, "support_message_unknown"]);
  expect(await rate(rating)).toEqual([404, "support_message_unknown"]);
  expect(await rate({ ...rating, session_id: "guess" })).toEqual([404, "support_conversation_unknown"]);
  expect(await sql`select title, unhelpful_count::integer, comments from support.unhelpful_answers`).toEqual([
    { title: "Reset your password", unhelpful_count: 1, comments: ["still no"] },
  ]);
  await ask(session, UNKNOWN);
  await ask(await start(), "do you ship penguins to mars");
  await ask(await start(), "Any opening hours on Sundays in the Lisbon studio?");
  expect(
    await sql`
    select question, questions_count::integer as count from support.unanswered_questions
  `,
  ).toEqual([
    { question: "do you ship penguins to mars", count: 2 },
    { question: "Any opening hours on Sundays in the Lisbon studio?", count: 1 },
  ]);
});
