import { gzipSync } from "node:zlib";
import { describe, expect, test, vi } from "vitest";
import { type Call, createEndpoint, type EndpointOptions, loadSetting, requireMethod } from "./endpoint.ts";
import { type ErrorBody, HttpError } from "./failure.ts";
import type { LogEntry } from "./log.ts";

const SECRET = "a-secret-that-no-log-may-contain";

/** An endpoint that answers with the length of the body, unless a test has another handler. */
function setUp(
  handle: (call: Call) => Promise<Response> = async (call) =>
    Response.json({ bytes: (await call.readBody()).byteLength }),
  options: Partial<EndpointOptions> = {},
) {
  const logged: LogEntry[] = [];
  const endpoint = createEndpoint(
    { log: (entry) => logged.push(entry), now: () => 0, newId: () => "request-1" },
    { name: "example", maxBytes: 100, ...options },
    handle,
  );
  return { endpoint, logged };
}

const post = (body: BodyInit, headers: Record<string, string> = {}): Request =>
  new Request(`http://localhost/example?secret=${SECRET}`, {
    method: "POST",
    body,
    headers,
    ...(body instanceof ReadableStream ? { duplex: "half" } : {}),
  });

const readJson = async (call: Call): Promise<Response> => Response.json(await call.readJson());

async function errorOf(response: Response): Promise<ErrorBody> {
  const body = await response.json();
  expect(Object.keys(body)).toEqual(["code", "message", "details", "hint", "request_id"]);
  expect(body.request_id).toBe(response.headers.get("x-request-id"));
  return body;
}

describe("a request that is rejected", () => {
  test("405: another method, with the accepted ones in the header allow", async () => {
    const handle = vi.fn();
    const response = await setUp(handle, { methods: ["POST", "PUT"] }).endpoint(
      new Request("http://localhost/example"),
    );
    expect(response.status).toBe(405);
    expect(response.headers.get("allow")).toBe("POST, PUT");
    expect(await errorOf(response)).toMatchObject({ code: "method_unsupported" });
    expect(handle).not.toHaveBeenCalled();
  });

  test("405: by path, where the handler decides", async () => {
    const { endpoint } = setUp((call) => {
      requireMethod(call.request, ["GET"]);
      return Promise.resolve(Response.json({}));
    }, { methods: null });
    expect((await endpoint(new Request("http://localhost/example"))).status).toBe(200);
    const response = await endpoint(post("{}"));
    expect(response.status).toBe(405);
    expect(response.headers.get("allow")).toBe("GET");
  });

  test("408: a body that does not end", async () => {
    const response = await setUp(undefined, { bodyTimeoutMs: 5 }).endpoint(post(new ReadableStream()));
    expect(response.status).toBe(408);
    expect(await errorOf(response)).toMatchObject({ code: "body_expired" });
  });

  test.each([
    [100, "100 bytes"],
    [4096, "4 kB"],
    [1024 * 1024, "1 MB"],
  ])("413: one byte more than %i, whatever content-length claims", async (maxBytes, text) => {
    const { endpoint } = setUp(undefined, { maxBytes });
    expect(await (await endpoint(post(new Uint8Array(maxBytes)))).json()).toEqual({ bytes: maxBytes });
    const body = new Uint8Array(maxBytes + 1);
    for (const headers of [{}, { "content-length": "1" }, { "content-length": "nonsense" }]) {
      const response = await endpoint(post(body, headers as Record<string, string>));
      expect(response.status).toBe(413);
      expect(await errorOf(response)).toMatchObject({
        code: "body_too_large",
        message: `The body is larger than ${text}.`,
      });
    }
  });

  test("413: by its content-length, before the body is read", async () => {
    const pull = vi.fn();
    const body = new ReadableStream<Uint8Array>({ pull }, { highWaterMark: 0 });
    expect((await setUp().endpoint(post(body, { "content-length": "101" }))).status).toBe(413);
    expect(pull).not.toHaveBeenCalled();
  });

  test("415: a compressed body; identity is accepted", async () => {
    const { endpoint } = setUp();
    for (const encoding of ["gzip", " BR "]) {
      const response = await endpoint(post(gzipSync("{}"), { "content-encoding": encoding }));
      expect(response.status).toBe(415);
      expect(await errorOf(response)).toMatchObject({ code: "encoding_unsupported" });
    }
    expect((await endpoint(post("{}", { "content-encoding": "Identity" }))).status).toBe(200);
  });

  test("400: a body that breaks off, and one that is not JSON, distinguished by the message", async () => {
    const broken = new ReadableStream({ pull: (stream) => stream.error(new Error("reset")) });
    const { endpoint } = setUp(readJson);
    const messages: string[] = [];
    for (const body of [broken, "", `{"${SECRET}`, new Uint8Array([0x22, 0xff, 0x22])]) {
      const response = await endpoint(post(body));
      expect(response.status).toBe(400);
      const error = await errorOf(response);
      expect(error.code).toBe("body_invalid");
      expect(JSON.stringify(error)).not.toContain(SECRET);
      messages.push(error.message);
    }
    expect(messages).toEqual([
      "The body ended before it was complete.",
      ...Array(3).fill("The body is not JSON."),
    ]);
  });

  test("504: a handler that takes too long, whose signal is aborted", async () => {
    let signal: AbortSignal | undefined;
    const { endpoint, logged } = setUp((call) => {
      signal = call.signal;
      return new Promise(() => {});
    }, { deadlineMs: 5 });
    const response = await endpoint(post("{}"));
    expect(response.status).toBe(504);
    expect(await errorOf(response)).toMatchObject({ code: "request_expired" });
    expect(signal?.aborted).toBe(true);
    expect(logged).toMatchObject([{ status: 504, code: "request_expired" }]);
  });
});

describe("a response", () => {
  test("of the handler is passed on, with the request id", async () => {
    const { endpoint } = setUp((call) => {
      expect(call.signal.aborted).toBe(false);
      return Promise.resolve(new Response("made", { status: 201, headers: { etag: "1" } }));
    });
    const response = await endpoint(post("{}"));
    expect(response.status).toBe(201);
    expect(await response.text()).toBe("made");
    expect(Object.fromEntries(response.headers)).toMatchObject({
      etag: "1",
      "cache-control": "no-store",
      "x-request-id": "request-1",
    });
  });

  test("of an HttpError has its status, texts and headers", async () => {
    const { endpoint } = setUp(() => {
      throw new HttpError({
        status: 429,
        code: "example_rate_limited",
        message: "Too often.",
        hint: "Wait.",
        headers: { "retry-after": "7" },
      });
    });
    const response = await endpoint(post("{}"));
    expect(response.status).toBe(429);
    expect(response.headers.get("retry-after")).toBe("7");
    expect(await response.json()).toEqual({
      code: "example_rate_limited",
      message: "Too often.",
      details: null,
      hint: "Wait.",
      request_id: "request-1",
    });
  });

  test("of a setting that is missing gives the reason", async () => {
    const { endpoint } = setUp(() => {
      loadSetting((): string => {
        throw new Error("EXAMPLE_KEY is not set");
      }, { status: 503, code: "example_unavailable", message: "No key." });
      return Promise.resolve(Response.json({}));
    });
    const response = await endpoint(post("{}"));
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({
      code: "example_unavailable",
      details: "EXAMPLE_KEY is not set",
    });
    expect(loadSetting(() => 1, { status: 503, code: "example_unavailable", message: "" })).toBe(1);
  });

  test("of any other exception is 500, and neither it nor the log repeats the message", async () => {
    const { endpoint, logged } = setUp(() => Promise.reject(new TypeError(`can't parse:\n  at ${SECRET}`)));
    const response = await endpoint(post("{}"));
    expect(response.status).toBe(500);
    expect(await errorOf(response)).toMatchObject({ code: "function_unavailable" });
    expect(logged).toMatchObject([{ status: 500, code: "function_unavailable", cause: "TypeError" }]);
    expect(logged[0]?.at).toContain("endpoint.test.ts");
    expect(JSON.stringify(logged)).not.toContain(SECRET);
  });
});

describe("the log line", () => {
  test("has the method, status, time and details, and neither query, headers nor body", async () => {
    const logged: LogEntry[] = [];
    let now = 1000;
    const endpoint = createEndpoint(
      { log: (entry) => logged.push(entry), now: () => now += 12.4, newId: () => "request-1" },
      { name: "example", maxBytes: 100 },
      async (call) => {
        await call.readBody();
        call.details.event_id = "7";
        return Response.json({ answer: SECRET }, { status: 202 });
      },
    );
    await endpoint(post(`{"token":"${SECRET}"}`, { authorization: `Bearer ${SECRET}` }));
    expect(logged).toEqual([{
      function: "example",
      request_id: "request-1",
      method: "POST",
      status: 202,
      ms: 12,
      event_id: "7",
    }]);
  });

  test("is one for each request, whatever comes of it", async () => {
    const { endpoint, logged } = setUp();
    await endpoint(post("{}"));
    await endpoint(new Request("http://localhost/example"));
    await endpoint(post("x".repeat(101)));
    expect(logged.map(({ status, code }) => [status, code])).toEqual([
      [200, undefined],
      [405, "method_unsupported"],
      [413, "body_too_large"],
    ]);
  });

  test.each([
    ["the gateway's", "0b4c7d6e-8a3c-4f6f-9b0a-2f6a3c1d9e11", "0b4c7d6e-8a3c-4f6f-9b0a-2f6a3c1d9e11"],
    ["a new one where the header is empty", "", "request-1"],
    ["a new one where it is not an id", `${SECRET} "`, "request-1"],
    ["a new one where it is too long", "x".repeat(101), "request-1"],
  ])("has the request id: %s", async (_which, header, expected) => {
    const { endpoint, logged } = setUp();
    const response = await endpoint(post("{}", { "sb-request-id": header }));
    expect(response.headers.get("x-request-id")).toBe(expected);
    expect(logged).toMatchObject([{ request_id: expected }]);
  });
});

describe("requests of pages", () => {
  const CORS = { "access-control-allow-origin": "*" };
  const preflight = new Request("http://localhost/example", { method: "OPTIONS" });

  test("a preflight is answered and logged, and every answer carries the headers, a rejection too", async () => {
    const { endpoint, logged } = setUp(undefined, { cors: () => CORS });
    expect((await endpoint(preflight)).status).toBe(204);
    expect(logged).toEqual([expect.objectContaining({ method: "OPTIONS", status: 204 })]);
    const tooLarge = await endpoint(post("x".repeat(101)));
    expect(tooLarge.status).toBe(413);
    expect(tooLarge.headers.get("access-control-allow-origin")).toBe("*");
  });

  test("where pages may not call, there is no preflight", async () => {
    const { endpoint } = setUp(undefined, { cors: () => null });
    const response = await endpoint(preflight);
    expect(response.status).toBe(405);
    expect(response.headers.get("access-control-allow-origin")).toBeNull();
  });
});
