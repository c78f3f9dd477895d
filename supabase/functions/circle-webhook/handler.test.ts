import { describe, expect, test, vi } from "vitest";
import type { Rpc, RpcResult } from "../_shared/database.ts";
import type { LogEntry } from "../_shared/log.ts";
import { createHandler, type Dependencies } from "./handler.ts";

const SECRET = "the-current-secret-of-the-webhook";
const PREVIOUS = "the-previous-secret-of-the-webhook";
const EVENT_ID = "6f7c2f7e-8a3c-4f6f-9b0a-2f6a3c1d9e11";

interface Setup {
  results?: Record<string, RpcResult>;
  deps?: Partial<Dependencies>;
}

function setUp({ results = {}, deps = {} }: Setup = {}) {
  const calls: { name: string; args: Record<string, unknown> }[] = [];
  const logged: LogEntry[] = [];
  const answers: Record<string, RpcResult> = {
    receive_circle_event: { ok: true, data: EVENT_ID },
    ingest_circle_event: {
      ok: true,
      data: {
        event_id: EVENT_ID,
        status: "processed",
        processed: 1,
        imported: [{ action: "created" }],
        errors: [],
      },
    },
    ...results,
  };
  const rpc: Rpc = (name, args) => {
    calls.push({ name, args });
    return Promise.resolve(answers[name] ?? { ok: false, code: "PGRST202", message: "no such function" });
  };
  const handler = createHandler({
    secrets: () => [SECRET, PREVIOUS],
    rpc,
    log: (entry) => logged.push(entry),
    now: () => 0,
    newId: () => "request-1",
    ...deps,
  });
  return { handler, calls, logged };
}

const request = (body: BodyInit | null, init: RequestInit & { secret?: string | null } = {}): Request => {
  const { secret = SECRET, ...rest } = init;
  const url = `http://localhost/circle-webhook${
    secret === null ? "" : `?secret=${encodeURIComponent(secret)}`
  }`;
  return new Request(url, { method: "POST", body, ...rest });
};

const stored = (calls: { name: string; args: Record<string, unknown> }[]): string =>
  Buffer.from(String(calls[0]?.args.body), "base64").toString("utf8");

describe("a body with the right secret", () => {
  test("is stored unchanged and processed in one call, and answered 200 with the result", async () => {
    const { handler, calls } = setUp();
    const body = '{ "Type": "single",  "odd": "\\ud800 \\u0000" }';
    const response = await handler(request(body));
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      event_id: EVENT_ID,
      status: "processed",
      processed: 1,
      imported: [{ action: "created" }],
      errors: [],
      hints: 0,
      unrecognised: 0,
    });
    expect(calls.map((call) => call.name)).toEqual(["ingest_circle_event"]);
    expect(stored(calls)).toBe(body);
  });

  test("that is not UTF-8 is stored byte for byte", async () => {
    const { handler, calls } = setUp();
    const bytes = new Uint8Array([0xff, 0x00, 0xc3, 0x28]);
    await handler(request(bytes));
    expect(Buffer.from(String(calls[0]?.args.body), "base64")).toEqual(Buffer.from(bytes));
  });

  test.each(["unrecognised", "hint", "unreadable", "received"])(
    "whose outcome is %s is answered 202",
    async (status) => {
      const { handler } = setUp({
        results: { ingest_circle_event: { ok: true, data: { event_id: EVENT_ID, status, errors: [] } } },
      });
      const response = await handler(request("{}"));
      expect(response.status).toBe(202);
      expect(await response.json()).toMatchObject({ event_id: EVENT_ID, status });
    },
  );

  test.each([
    ["refused", { processed: 0 }, 422],
    ["refused but one", { processed: 1, imported: [{}] }, 200],
    ["refused, next to a hint", { processed: 0, hints: 1 }, 200],
  ])("of which every element is %s", async (_what, counts, status) => {
    const errors = [{ index: 0, message_id: null, code: "tracker_message_id_invalid", message: "…" }];
    const data = { event_id: EVENT_ID, status: "failed", errors, ...counts };
    const { handler, calls } = setUp({ results: { ingest_circle_event: { ok: true, data } } });
    const response = await handler(request("[]"));
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ event_id: EVENT_ID, errors });
    expect(calls).toHaveLength(1);
  });

  test("with one rejected message is answered 200 and names it", async () => {
    const errors = [{ index: 1, message_id: null, code: "tracker_message_id_invalid", message: "…" }];
    const { handler } = setUp({
      results: {
        ingest_circle_event: {
          ok: true,
          data: { event_id: EVENT_ID, status: "failed", processed: 1, imported: [{}], errors },
        },
      },
    });
    const response = await handler(request("[]"));
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ status: "failed", processed: 1, errors });
  });

  test("with parts of an unknown shape is answered with their number", async () => {
    const data = {
      event_id: EVENT_ID,
      status: "processed",
      processed: 1,
      imported: [{}],
      errors: [],
      hints: 1,
      unrecognised: 2,
    };
    const { handler } = setUp({ results: { ingest_circle_event: { ok: true, data } } });
    expect(await (await handler(request("[]"))).json()).toMatchObject({
      processed: 1,
      hints: 1,
      unrecognised: 2,
    });
  });

  test.each([["40P01", 3], ["55P03", 3], ["57014", 1]])(
    "whose processing fails with %s is tried %i times in all",
    async (code, tries) => {
      const { handler, calls } = setUp({
        results: { ingest_circle_event: { ok: false, code, message: "…" } },
      });
      expect((await handler(request("{}"))).status).toBe(202);
      expect(calls.filter((call) => call.name === "ingest_circle_event")).toHaveLength(tries);
    },
  );

  test("that can't be processed now is stored alone and answered 202", async () => {
    const { handler, calls, logged } = setUp({
      results: {
        ingest_circle_event: { ok: false, code: "57014", message: "canceling statement due to timeout" },
      },
    });
    const response = await handler(request('{"a": 1}'));
    expect(response.status).toBe(202);
    expect(await response.json()).toMatchObject({ event_id: EVENT_ID, status: "received", processed: 0 });
    expect(calls.map((call) => call.name)).toEqual(["ingest_circle_event", "receive_circle_event"]);
    expect(calls[1]?.args).toEqual(calls[0]?.args);
    expect(stored(calls)).toBe('{"a": 1}');
    expect(logged[0]).toMatchObject({ status: 202, outcome: "received", cause: "57014" });
  });

  test("with an unexpected result is stored alone too", async () => {
    const { handler, calls } = setUp({
      results: { ingest_circle_event: { ok: true, data: { event_id: EVENT_ID, status: "odd" } } },
    });
    expect((await handler(request("{}"))).status).toBe(202);
    expect(calls.map((call) => call.name)).toEqual(["ingest_circle_event", "receive_circle_event"]);
  });

  test("that can't be stored is answered 503 with the time to retry", async () => {
    const { handler, calls } = setUp({
      results: {
        ingest_circle_event: { ok: false, code: "unreachable", message: "fetch failed" },
        receive_circle_event: { ok: false, code: "unreachable", message: "fetch failed" },
      },
    });
    const response = await handler(request("{}"));
    expect(response.status).toBe(503);
    expect(response.headers.get("retry-after")).toBe("5");
    expect(await response.json()).toMatchObject({ code: "inbox_unavailable", request_id: "request-1" });
    expect(calls).toHaveLength(2);
  });
});

describe("the secret", () => {
  test("may be the previous one, and may come in a header", async () => {
    const { handler } = setUp();
    expect((await handler(request("{}", { secret: PREVIOUS }))).status).toBe(200);
    expect((await handler(request("{}", { secret: null, headers: { "x-webhook-secret": SECRET } }))).status)
      .toBe(200);
  });

  test.each([
    ["missing", null],
    ["empty", ""],
    ["wrong", "another-secret-of-the-webhook!!!"],
    ["cut short", SECRET.slice(0, -1)],
    ["with a character added", `${SECRET}x`],
    ["in another case", SECRET.toUpperCase()],
    ["the whole list", `${SECRET},${PREVIOUS}`],
  ])("%s is rejected with 401 before the body is read, and nothing is stored", async (_what, secret) => {
    const { handler, calls } = setUp();
    const read = vi.fn((controller: ReadableStreamDefaultController<Uint8Array>) => controller.close());
    const body = new ReadableStream<Uint8Array>({ pull: read }, { highWaterMark: 0 });
    const response = await handler(
      request(body, { secret, duplex: "half" } as RequestInit & { secret: string | null }),
    );
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({
      code: "tracker_webhook_secret_invalid",
      request_id: "request-1",
    });
    expect(read).not.toHaveBeenCalled();
    expect(calls).toEqual([]);
  });

  test("in the header wins when both are given", async () => {
    const { handler } = setUp();
    const response = await handler(request("{}", { headers: { "x-webhook-secret": "wrong" } }));
    expect(response.status).toBe(401);
  });

  test("that is not configured disables the function", async () => {
    const { handler, calls } = setUp({
      deps: {
        secrets: () => {
          throw new Error("CIRCLE_WEBHOOK_SECRETS is not set");
        },
      },
    });
    const response = await handler(request("{}", { secret: "" }));
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ code: "tracker_webhook_unavailable" });
    expect(calls).toEqual([]);
  });
});

describe("limits", () => {
  test("1 MB is accepted, one byte more is rejected with 413", async () => {
    const { handler, calls } = setUp();
    expect((await handler(request(new Uint8Array(1024 * 1024)))).status).toBe(200);
    const response = await handler(request(new Uint8Array(1024 * 1024 + 1)));
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({ code: "body_too_large" });
    expect(calls).toHaveLength(1);
  });

  test("a body with a wrong content-length is given up while it arrives", async () => {
    const { handler } = setUp({ deps: { maxBytes: 10 } });
    let pulls = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulls++;
        controller.enqueue(new Uint8Array(4));
      },
    }, { highWaterMark: 0 });
    const response = await handler(
      request(body, { headers: { "content-length": "4" }, duplex: "half" } as RequestInit),
    );
    expect(response.status).toBe(413);
    expect(pulls).toBeLessThan(6);
  });

  test("a body that never ends is answered 408", async () => {
    const { handler } = setUp({ deps: { bodyTimeoutMs: 20 } });
    const response = await handler(
      request(new ReadableStream<Uint8Array>(), { duplex: "half" } as RequestInit),
    );
    expect(response.status).toBe(408);
    expect(await response.json()).toMatchObject({ code: "body_expired" });
  });

  test("a body that breaks off is answered 400, and nothing is stored", async () => {
    const { handler, calls } = setUp();
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.error(new Error("reset")),
    });
    const response = await handler(request(body, { duplex: "half" } as RequestInit));
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: "body_invalid" });
    expect(calls).toEqual([]);
  });

  test("a compressed body is rejected with 415, and nothing is stored", async () => {
    const { handler, calls } = setUp();
    const response = await handler(request("{}", { headers: { "content-encoding": "gzip" } }));
    expect(response.status).toBe(415);
    expect(await response.json()).toMatchObject({ code: "encoding_unsupported" });
    expect(calls).toEqual([]);
    expect((await handler(request("{}", { headers: { "content-encoding": "identity" } }))).status).toBe(200);
  });

  test.each(["GET", "PUT", "DELETE", "OPTIONS"])("%s is answered 405", async (method) => {
    const { handler } = setUp();
    const response = await handler(new Request("http://localhost/circle-webhook", { method }));
    expect(response.status).toBe(405);
    expect(response.headers.get("allow")).toBe("POST");
  });
});

describe("the log", () => {
  test("has one line per request with its id, and neither body nor secret", async () => {
    const { handler, logged } = setUp();
    await handler(request('{"body":"very private"}', { headers: { "sb-request-id": "from-the-gateway" } }));
    await handler(request('{"body":"very private"}', { secret: "a wrong one" }));
    expect(logged).toHaveLength(2);
    expect(logged[0]).toMatchObject({ request_id: "from-the-gateway", status: 200, event_id: EVENT_ID });
    expect(logged[1]).toMatchObject({
      request_id: "request-1",
      status: 401,
      code: "tracker_webhook_secret_invalid",
    });
    for (const secret of [SECRET, "very private", "a wrong one"]) {
      expect(JSON.stringify(logged)).not.toContain(secret);
    }
  });
});
