import { describe, expect, test } from "vitest";
import type { Rpc, RpcResult } from "../_shared/database.ts";
import type { LogEntry } from "../_shared/log.ts";
import { createHandler, type Dependencies } from "./handler.ts";
import type { ModelAnswer } from "./model.ts";

const guid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
const question = (n: number) => ({
  circle_issue_id: guid(n),
  version: "0".repeat(64),
  fencing_token: 1,
  question: `text ${n}`,
});
const ANSWERED: ModelAnswer = {
  kind: "answered",
  opinion: { is_issue: true, confidence: 0.9, segment: "code" },
  model: "small-2",
};

interface Setup {
  count?: number;
  answer?: (text: string, at: number) => ModelAnswer;
  results?: Record<string, RpcResult>;
  deps?: Partial<Dependencies>;
}

function setUp({ count = 0, answer = () => ANSWERED, results = {}, deps = {} }: Setup) {
  const asked: string[] = [];
  const calls: { name: string; args: Record<string, unknown> }[] = [];
  const logged: LogEntry[] = [];
  const plan = { paused_until: null, questions: Array.from({ length: count }, (_, n) => question(n + 1)) };
  const rpc: Rpc = (name, args) => {
    calls.push({ name, args });
    const data = name === "claim_triage_questions"
      ? plan
      : name === "record_triage_answer"
      ? "stored"
      : args.until;
    return Promise.resolve(results[name] ?? { ok: true, data });
  };
  const handler = createHandler({
    rpc,
    settings: () => ({ url: "https://models.example/v1", key: "sk-secret", model: "small" }),
    connect: () => (text) => {
      asked.push(text);
      return Promise.resolve(answer(text, asked.length));
    },
    isServer: (request) => Promise.resolve(request.headers.get("apikey") === "secret"),
    log: (entry) => logged.push(entry),
    clock: () => 0,
    newId: () => "request-1",
    ...deps,
  });
  const run = async (headers: Record<string, string> = { "x-fixloop-ticket": "ticket" }, method = "POST") => {
    const response = await handler(new Request("http://localhost/", { method, headers }));
    return { status: response.status, body: await response.json() };
  };
  const recorded = () =>
    calls.filter(({ name }) => name === "record_triage_answer")
      .map(({ args }) => `${String(args.circle_issue_id).slice(-1)} ${args.outcome}`);
  return { run, asked, calls, logged, recorded };
}

describe("the caller", () => {
  test("has a ticket that the database accepts, or is a server", async () => {
    const { run, calls } = setUp({});
    expect(await run()).toMatchObject({ status: 200, body: { requests: 0, stopped: null } });
    expect((await run({ apikey: "secret" })).status).toBe(200);
    expect(calls).toEqual([
      { name: "claim_triage_questions", args: { ticket: "ticket", batch_size: 20 } },
      { name: "claim_triage_questions", args: { ticket: null, batch_size: 20 } },
    ]);
    for (const headers of [{}, { apikey: "publishable" }] as Record<string, string>[]) {
      expect(await run(headers)).toMatchObject({ status: 401, body: { code: "function_ticket_invalid" } });
    }
    for (const origin of ["https://evil.example", "http://localhost", "null", ""]) {
      expect(await run({ "x-fixloop-ticket": "ticket", apikey: "secret", origin }))
        .toMatchObject({ status: 403, body: { code: "origin_forbidden" } });
    }
    expect(calls).toHaveLength(2);
  });

  test("is answered an error for another ticket, GET, without a model and without a database", async () => {
    const failing = (code: string) =>
      setUp({ results: { claim_triage_questions: { ok: false, code, message: "" } } });
    expect(await failing("PT401").run({ "x-fixloop-ticket": "no", apikey: "secret" })).toMatchObject({
      status: 401,
      body: { code: "function_ticket_invalid" },
    });
    expect(await failing("unreachable").run()).toMatchObject({
      status: 503,
      body: { code: "tracker_questions_unavailable", details: "unreachable" },
    });
    const settings = () => {
      throw new Error("TRIAGE_ASSIST_KEY is not set");
    };
    const unset = setUp({ deps: { settings } });
    expect(await unset.run()).toMatchObject({
      status: 503,
      body: { code: "tracker_assist_unavailable", details: "TRIAGE_ASSIST_KEY is not set" },
    });
    expect(unset.calls).toEqual([]);
    expect((await setUp({}).run({}, "GET")).status).toBe(405);
  });
});

test("each message is one request, and each opinion is recorded with its lease", async () => {
  const { run, asked, calls } = setUp({ count: 2 });
  expect((await run()).body).toEqual({
    requests: 2,
    answered: 2,
    imported: 0,
    unreadable: 0,
    failed: 0,
    not_asked: 0,
    stopped: null,
    paused_until: null,
  });
  expect(asked).toEqual(["text 1", "text 2"]);
  expect(calls[1]).toEqual({
    name: "record_triage_answer",
    args: {
      circle_issue_id: guid(1),
      version: "0".repeat(64),
      fencing_token: 1,
      outcome: "answered",
      is_issue: true,
      confidence: 0.9,
      segment: "code",
      model: "small-2",
    },
  });
});

describe("it stops", () => {
  test("at a limit, until the time that it names; what was not asked does not count", async () => {
    const until = new Date("2026-03-01T10:01:00Z");
    const { run, asked, calls, recorded } = setUp({
      count: 3,
      answer: (_text, at) => at === 2 ? { kind: "limited", until } : ANSWERED,
    });
    expect((await run()).body).toMatchObject({
      stopped: "limited",
      requests: 2,
      not_asked: 1,
      failed: 0,
      paused_until: until.toISOString(),
    });
    expect(asked).toHaveLength(2);
    expect(recorded()).toEqual(["1 answered", "2 not_asked", "3 not_asked"]);
    expect(calls).toContainEqual({ name: "pause_triage_assist", args: { until: until.toISOString() } });
  });

  test("without a time for as long as the database decides", async () => {
    const { run, calls } = setUp({ count: 1, answer: () => ({ kind: "limited", until: null }) });
    await run();
    expect(calls).toContainEqual({ name: "pause_triage_assist", args: { until: null } });
  });

  test("for an hour when the key is rejected", async () => {
    const { run, asked, recorded } = setUp({
      count: 3,
      answer: () => ({ kind: "rejected", why: "status 401" }),
    });
    expect((await run()).body).toMatchObject({
      stopped: "rejected",
      requests: 1,
      paused_until: "1970-01-01T01:00:00.000Z",
    });
    expect(asked).toHaveLength(1);
    expect(recorded()).toEqual(["1 not_asked", "2 not_asked", "3 not_asked"]);
  });

  test("when its time is used up", async () => {
    let now = 0;
    const { run, recorded } = setUp({ count: 9, deps: { clock: () => now += 10, maxMs: 50 } });
    const { body } = await run();
    expect(body).toMatchObject({ stopped: "time" });
    expect(body.requests + body.not_asked).toBe(9);
    expect(recorded()).toHaveLength(9);
  });

  test("after three useless answers in a row, not one or two", async () => {
    const failed: ModelAnswer = { kind: "failed", why: "timeout" };
    const unreadable: ModelAnswer = { kind: "unreadable", why: "not an opinion" };
    const sometimes = setUp({
      count: 6,
      answer: (_text, at) => at % 3 === 0 ? ANSWERED : at % 3 === 1 ? failed : unreadable,
    });
    expect((await sometimes.run()).body).toMatchObject({
      stopped: null,
      answered: 2,
      failed: 2,
      unreadable: 2,
    });
    expect(sometimes.recorded()).toEqual([
      "1 failed",
      "2 unreadable",
      "3 answered",
      "4 failed",
      "5 unreadable",
      "6 answered",
    ]);
    const always = setUp({ count: 6, answer: () => unreadable });
    expect((await always.run()).body).toMatchObject({ stopped: "failing", requests: 3, not_asked: 3 });
  });
});

test("an answer that can't be stored does not affect the others, nor does a message that was deleted", async () => {
  const record = (code: string) =>
    setUp({ count: 2, results: { record_triage_answer: { ok: false, code, message: "" } } });
  expect((await record("PT404").run()).body).toMatchObject({ answered: 2, failed: 0, stopped: null });
  expect((await record("unreachable").run()).body).toMatchObject({ answered: 0, failed: 2, stopped: null });
});

test("the log has one line with numbers: no text, no key, no answer", async () => {
  const { run, logged } = setUp({ count: 1 });
  await run();
  expect(logged).toMatchObject([{ function: "triage-assist", status: 200, requests: 1, answered: 1 }]);
  expect(JSON.stringify(logged)).not.toMatch(/text 1|sk-secret|small|0\.9|ticket/);
});
