import { describe, expect, test } from "vitest";
import type { Completion, ModelFailure } from "../_shared/chat-model.ts";
import type { Rpc, RpcResult } from "../_shared/database.ts";
import type { LogEntry } from "../_shared/log.ts";
import { createHandler, type Dependencies } from "./handler.ts";

const ID = "00000000-0000-4000-8000-000000000001";
const MESSAGE = { id: ID, role: "user", content: "How?", position: 1 };
const ANSWER = {
  id: "00000000-0000-4000-8000-000000000002",
  role: "assistant",
  content: "This may help:\n\nPress it.",
};
const PROMPT = {
  question: "How?",
  conversation: [],
  passages: [
    { number: 1, title: "One", text: "Press it.", url: "https://help.example/1" },
    { number: 2, title: "Two", text: "Pull it.", url: null },
  ],
};
const begun = (more: Record<string, unknown> = {}): RpcResult => ({
  ok: true,
  data: {
    state: "answering",
    message: MESSAGE,
    answer: null,
    fencing_token: 1,
    language: "en",
    prompt: null,
    timeout_seconds: 20,
    ...more,
  },
});
const FINISHED: RpcResult = { ok: true, data: { state: "answered", answer: ANSWER, is_escalated: false } };

interface Setup {
  begin?: RpcResult[];
  finish?: RpcResult;
  model?: () => Promise<Completion | ModelFailure>;
  deps?: Partial<Dependencies>;
  status?: number;
}

function setUp({ begin = [begun()], finish = FINISHED, model, deps = {}, status = 200 }: Setup = {}) {
  const calls: { name: string; args: Record<string, unknown> }[] = [];
  const logged: LogEntry[] = [];
  const kept: Promise<unknown>[] = [];
  const asked: unknown[] = [];
  const rpc: Rpc = (name, args) => {
    calls.push({ name, args });
    if (name === "begin_answer") return Promise.resolve(begin.length > 1 ? begin.shift()! : begin[0]!);
    return Promise.resolve(name === "finish_answer" ? finish : { ok: true, data: null });
  };
  const query = {
    select: () => query,
    eq: () => query,
    limit: () => Promise.resolve({ data: [], error: status === 200 ? null : { message: "no" }, status }),
  };
  const handler = createHandler({
    rpc,
    connect: () => ({ schema: () => ({ from: () => query }) }) as never,
    settings: () => model ? { url: "https://models.example/v1", key: "sk-secret", model: "small" } : null,
    createModel: () => (request) => {
      asked.push(request);
      return model!();
    },
    log: (entry) => logged.push(entry),
    now: () => 0,
    clock: () => Date.parse("2026-03-01T10:00:00Z"),
    sleep: () => Promise.resolve(),
    keepAlive: (work) => kept.push(work),
    newId: () => "request-1",
    heartbeatMs: 5,
    ...deps,
  });
  const post = (body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
    handler(new Request("http://localhost/", { method: "POST", headers, body: JSON.stringify(body) }));
  const finished = () => calls.find(({ name }) => name === "finish_answer")?.args;
  return { post, handler, calls, logged, kept, asked, finished };
}

const QUESTION = { message: "How?", session_id: "secret-session", client_key: "k1" };
const TOKEN = `h.${btoa(JSON.stringify({ sub: ID, role: "authenticated" }))}.s`;

test("a question is stored, answered and returned, with the visitor's address and no secret of the request", async () => {
  const { post, calls, logged } = setUp();
  const response = await post(QUESTION, {
    "x-forwarded-for": "192.0.2.1",
    authorization: "Bearer x",
    apikey: "sb_publishable",
    cookie: "a=b",
  });
  expect(response.status).toBe(200);
  expect(response.headers.get("access-control-allow-origin")).toBe("*");
  expect(await response.json()).toEqual({
    state: "answered",
    message: MESSAGE,
    answer: ANSWER,
    is_escalated: false,
  });
  expect(calls).toEqual([
    {
      name: "begin_answer",
      args: {
        content: "How?",
        client_key: "k1",
        session_id: "secret-session",
        user_id: null,
        conversation_id: null,
        headers: expect.objectContaining({ "x-forwarded-for": "192.0.2.1" }),
        has_model: false,
      },
    },
    { name: "finish_answer", args: { message_id: ID, fencing_token: 1 } },
  ]);
  expect(JSON.stringify(calls[0]?.args.headers)).not.toMatch(/Bearer|publishable|a=b/);
  expect(logged).toMatchObject([{ function: "support-chat", status: 200, state: "answered" }]);
  expect(JSON.stringify(logged)).not.toMatch(/How|secret|Press|192\.0/);
});

describe("whose conversation it is", () => {
  test("is told by a token, which the API verifies", async () => {
    const { post, calls } = setUp();
    const response = await post({ message: "How?", conversation_id: ID }, {
      authorization: `Bearer ${TOKEN}`,
    });
    expect(response.status).toBe(200);
    expect(calls[0]?.args).toMatchObject({ session_id: null, user_id: ID, conversation_id: ID });
  });

  test("is refused without a session id or a valid token", async () => {
    const { post, calls } = setUp({ status: 401 });
    const codes = [];
    for (
      const [body, headers] of [
        [{ message: "How?" }, {}],
        [{ message: "How?", conversation_id: ID }, {}],
        [{ message: "How?", conversation_id: ID }, { authorization: "Bearer sb_publishable" }],
        [{ message: "How?", conversation_id: ID }, { authorization: `Bearer ${TOKEN}` }],
        [{ message: 7, session_id: "s" }, {}],
        [["How?"], {}],
      ] as const
    ) {
      const response = await post(body, headers);
      codes.push(`${response.status} ${(await response.json()).code}`);
    }
    expect(codes).toEqual([
      "422 support_conversation_required",
      "401 sign_in_required",
      "401 token_invalid",
      "401 token_invalid",
      "422 support_question_invalid",
      "422 support_question_invalid",
    ]);
    expect(calls).toEqual([]);
  });
});

test("errors of the database are the request's own, also for a stream", async () => {
  const refused: RpcResult = {
    ok: false,
    code: "PT429",
    message: "support_messages_rate_limited",
    details: "Too many.",
    hint: "Try again in 12 seconds.",
  };
  for (const accept of ["application/json", "text/event-stream"]) {
    const response = await setUp({ begin: [refused] }).post(QUESTION, { accept });
    expect(response.status).toBe(429);
    expect(response.headers.get("retry-after")).toBe("12");
    expect(await response.json()).toMatchObject({
      code: "support_messages_rate_limited",
      message: "Too many.",
    });
  }
  const down = await setUp({ begin: [{ ok: false, code: "unreachable", message: "secret" }] }).post(QUESTION);
  expect(down.status).toBe(503);
  expect(await down.json()).toMatchObject({ code: "support_answer_unavailable", details: "unreachable" });
});

describe("what is stored already", () => {
  test("is returned to a retry", async () => {
    const { post, calls } = setUp({ begin: [begun({ state: "answered", answer: ANSWER })] });
    expect(await (await post(QUESTION)).json()).toMatchObject({ state: "answered", answer: ANSWER });
    expect(calls.map(({ name }) => name)).toEqual(["begin_answer"]);
  });

  test("is waited for while another call answers", async () => {
    const { post, calls } = setUp({
      begin: [
        begun({ state: "pending" }),
        begun({ state: "pending" }),
        begun({ state: "unknown", answer: ANSWER }),
      ],
    });
    expect(await (await post(QUESTION)).json()).toMatchObject({ state: "unknown", answer: ANSWER });
    expect(calls.map(({ name }) => name)).toEqual(["begin_answer", "begin_answer", "begin_answer"]);
  });

  test("a person is not interrupted", async () => {
    const { post, calls } = setUp({ begin: [begun({ state: "with_human" })] });
    expect(await (await post(QUESTION)).json()).toMatchObject({ state: "with_human", answer: null });
    expect(calls).toHaveLength(1);
  });
});

describe("a model", () => {
  const completion = (content: unknown): () => Promise<Completion> => () =>
    Promise.resolve({
      kind: "completed",
      content: typeof content === "string" ? content : JSON.stringify(content),
      model: "small-2",
      tokens: 321,
    });
  const ask = async (model: () => Promise<Completion | ModelFailure>) => {
    const setup = setUp({ begin: [begun({ prompt: PROMPT })], model });
    await setup.post(QUESTION);
    return setup;
  };

  test("answers from passages; links that are not its sources' are removed", async () => {
    const { finished, asked } = await ask(completion({
      is_answered: true,
      answer: "Press it, see https://help.example/1 or https://evil.example.",
      passages: [1, 7, 1],
    }));
    expect(finished()).toEqual({
      message_id: ID,
      fencing_token: 1,
      text: "Press it, see https://help.example/1 or",
      used: [1],
      model: "small-2",
      tokens: 321,
    });
    expect(asked).toMatchObject([{ data: PROMPT, format: { json_schema: { strict: true } } }]);
  });

  test("says that it has no answer", async () => {
    const { finished } = await ask(completion({ is_answered: false, answer: "", passages: [] }));
    expect(finished()).toEqual({ message_id: ID, fencing_token: 1, model: "small-2", tokens: 321 });
  });

  test.each([
    ["prose", "Sure! Press it."],
    ["no source", { is_answered: true, answer: "Trust me", passages: [] }],
    ["a source that it was not given", { is_answered: true, answer: "Trust me", passages: [9] }],
    ["nothing but links", { is_answered: true, answer: "https://evil.example", passages: [1] }],
    ["a tool call", { tool: "delete", is_answered: true }],
  ])("that writes %s is not quoted", async (_, content) => {
    const { finished } = await ask(completion(content));
    expect(finished()).toMatchObject({ failure: "unreadable", model: "small-2", tokens: 321 });
    expect(finished()).not.toHaveProperty("text");
  });

  test.each(
    [
      [{ kind: "failed", why: "timeout" }, { failure: "timeout" }],
      [{ kind: "failed", why: "status 500" }, { failure: "unreachable", tokens: 0 }],
      [{ kind: "limited", until: null }, {
        failure: "limited",
        tokens: 0,
        paused_until: "2026-03-01T10:01:00.000Z",
      }],
      [{ kind: "rejected", why: "status 401" }, {
        failure: "rejected",
        tokens: 0,
        paused_until: "2026-03-01T11:00:00.000Z",
      }],
      [{ kind: "unreadable", why: "not a completion" }, { failure: "unreadable" }],
    ] as const,
  )("that fails is replaced: %o", async (failure, expected) => {
    const { finished } = await ask(() => Promise.resolve(failure as ModelFailure));
    expect(finished()).toEqual({ message_id: ID, fencing_token: 1, ...expected });
  });

  test("that is configured wrongly is not asked", async () => {
    const { post, calls } = setUp({
      deps: {
        settings: () => {
          throw new Error("SUPPORT_CHAT_KEY is not set");
        },
      },
    });
    expect((await post(QUESTION)).status).toBe(200);
    expect(calls[0]?.args.has_model).toBe(false);
  });
});

describe("a stream", () => {
  const STREAM = { accept: "text/event-stream" };

  test("has the stored message, heartbeats, the stored answer in parts, and the whole", async () => {
    const { post } = setUp({
      begin: [begun({ prompt: PROMPT })],
      model: () =>
        new Promise((resolve) => setTimeout(() => resolve({ kind: "failed", why: "timeout" }), 40)),
    });
    const response = await post(QUESTION, STREAM);
    expect(response.headers.get("content-type")).toContain("text/event-stream");
    const text = await response.text();
    const events = [...text.matchAll(/event: (\w+)\ndata: (.*)\n\n/g)].map(([, event, data]) => ({
      event,
      data: JSON.parse(data ?? "") as { text?: string },
    }));
    expect(events[0]).toEqual({ event: "message", data: MESSAGE });
    const deltas = events.filter(({ event }) => event === "delta");
    expect(deltas.length).toBeGreaterThan(1);
    expect(deltas.map(({ data }) => data.text).join("")).toBe(ANSWER.content);
    expect(events.at(-1)).toMatchObject({ event: "done", data: { state: "answered", answer: ANSWER } });
    expect(text).toContain(": waiting\n\n");
  });

  test("goes on when the client has left", async () => {
    let answerNow = () => {};
    const { post, kept, finished } = setUp({
      begin: [begun({ prompt: PROMPT })],
      model: () => new Promise((resolve) => answerNow = () => resolve({ kind: "failed", why: "timeout" })),
    });
    const response = await post(QUESTION, STREAM);
    const reader = response.body!.getReader();
    await reader.read();
    await reader.cancel();
    expect(finished()).toBeUndefined();
    answerNow();
    await Promise.all(kept);
    expect(finished()).toMatchObject({ failure: "timeout" });
  });

  test("ends with the error where the answer can't be stored, which is counted by its code alone", async () => {
    const { post, calls } = setUp({ finish: { ok: false, code: "57014", message: "How?" } });
    const text = await (await post(QUESTION, STREAM)).text();
    expect(text).toMatch(/event: error\ndata: \{"code":"support_answer_unavailable"/);
    expect(text).not.toContain('How?","details');
    expect(calls.at(-1)).toEqual({
      name: "record_support_error",
      args: { operation: "answer", cause: "57014" },
    });
  });
});
