import { createClient } from "@supabase/supabase-js";
import { describe, expect, test } from "vitest";
import type { LogEntry } from "../_shared/log.ts";
import { createHandler, type Dependencies } from "./handler.ts";
import { idOf } from "./insert-once.ts";

// The handler over a fake Data API whose answers each test defines; supabase/tests/api/mcp-*.test.ts use the real one.

const PROJECT_URL = "https://ref.supabase.co";
const USER_ID = "0b4c7d6e-8a3c-4f6f-9b0a-2f6a3c1d9e11";
const ISSUE_ID = "6f7c2f7e-8a3c-4f6f-9b0a-2f6a3c1d9e11";

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
const TOKEN = `${part({ alg: "HS256" })}.${part({ sub: USER_ID, role: "authenticated" })}.c2lnbmVk`;

/** The Data API's answers, by table or function: always the same one, or the next one of an array. */
type Answers = Record<string, Response | (() => Response | Promise<Response>)[]>;

interface Sent {
  method: string;
  path: string;
  headers: Headers;
  body: unknown;
}

function setUp(answers: Answers = {}, deps: Partial<Dependencies> = {}) {
  const sent: Sent[] = [];
  const logged: LogEntry[] = [];
  const answer = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const request = new Request(input, init);
    const path = new URL(request.url).pathname.replace("/rest/v1/", "");
    const text = await request.text();
    sent.push({
      method: request.method,
      path,
      headers: request.headers,
      body: text ? JSON.parse(text) : null,
    });
    const given = answers[path];
    if (Array.isArray(given)) {
      const next = given.shift();
      if (!next) throw new Error(`an unexpected request for ${path}`);
      return await next();
    }
    return given?.clone() ??
      Response.json(path === "team_members" ? [{ role: "agent" }] : [], { status: 200 });
  };
  const handler = createHandler({
    connect: (token) =>
      createClient("http://api.test", "sb_publishable_test", {
        global: { headers: { Authorization: `Bearer ${token}` }, fetch: answer },
        auth: { persistSession: false, autoRefreshToken: false },
      }),
    projectUrl: PROJECT_URL,
    log: (entry) => logged.push(entry),
    now: () => 0,
    newId: () => "request-1",
    ...deps,
  });
  return { handler, sent, logged };
}

const request = (body: BodyInit, headers: Record<string, string> = {}): Request =>
  new Request("http://localhost/mcp", {
    method: "POST",
    body,
    headers: {
      authorization: `Bearer ${TOKEN}`,
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      ...headers,
    },
    ...(body instanceof ReadableStream ? { duplex: "half" } : {}),
  });

const call = (name: string, args: Record<string, unknown>, headers = {}): Request =>
  request(
    JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name, arguments: args } }),
    headers,
  );

interface ToolAnswer {
  result: { isError?: boolean; content: { text: string }[]; structuredContent: Record<string, unknown> };
}

const toolAnswer = async (response: Response): Promise<ToolAnswer["result"]> => {
  expect(response.status).toBe(200);
  return (await response.json() as ToolAnswer).result;
};

const failure = (code: string, message = "message", status = 400): Response =>
  Response.json({ code, message, details: null, hint: null }, { status });

describe("the caller", () => {
  test("every call of the API uses the caller's own token, and the first one loads their membership", async () => {
    const { handler, sent } = setUp();
    await handler(call("list_active_issues", {}));
    expect(sent.map(({ path }) => path)).toEqual(["team_members", ...Array(4).fill("exai_active_issues")]);
    for (const { headers } of sent) {
      expect(headers.get("authorization")).toBe(`Bearer ${TOKEN}`);
      expect(headers.get("apikey")).toBe("sb_publishable_test");
    }
  });

  test("without a token in the form of an access token, the API is not called", async () => {
    const { handler, sent, logged } = setUp();
    for (
      const token of [
        part({}),
        `${part({})}.${part({ sub: USER_ID, role: "service_role" })}.c2ln`,
        "sb_secret_x",
      ]
    ) {
      expect((await handler(call("next_issue", {}, { authorization: `Bearer ${token}` }))).status).toBe(401);
    }
    expect(sent).toEqual([]);
    expect(logged[0]).toEqual({
      function: "mcp",
      request_id: "request-1",
      method: "POST",
      status: 401,
      ms: 0,
      code: "token_invalid",
    });
  });

  test("a token that the API rejects is 401, an API that is down 503", async () => {
    const rejected = setUp({ team_members: failure("PGRST303", "JWT expired", 401) });
    const response = await rejected.handler(call("next_issue", {}));
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ code: "token_invalid", details: "JWT expired" });
    const down = setUp({ team_members: failure("57P03", "starting up", 500) });
    const unavailable = await down.handler(call("next_issue", {}));
    expect(unavailable.status).toBe(503);
    expect(unavailable.headers.get("retry-after")).toBe("5");
  });
});

describe("a failed call of the API", () => {
  const args = { issue_number: 1, conversation_id: "c" };

  test("is repeated after a deadlock, up to three times in all", async () => {
    const deadlock = () => failure("40P01", "deadlock detected", 500);
    const { handler, sent } = setUp({
      "rpc/claim_exai_issue": [deadlock, deadlock, () => Response.json({ id: ISSUE_ID })],
      exai_issues: Response.json([{ issue_number: 1, title: "One" }]),
    });
    const result = await toolAnswer(await handler(call("claim_issue", args)));
    expect(result.structuredContent).toEqual({ issue: { issue_number: 1, title: "One" } });
    expect(sent.filter(({ path }) => path === "rpc/claim_exai_issue")).toHaveLength(3);

    const unlucky = setUp({ "rpc/claim_exai_issue": [deadlock, deadlock, deadlock] });
    const failed = await toolAnswer(await unlucky.handler(call("claim_issue", args)));
    expect(failed).toMatchObject({ isError: true, structuredContent: { error: { code: "40P01" } } });
  });

  test("without an answer is reported as unknown, and safe to repeat", async () => {
    const { handler, logged } = setUp({
      "rpc/claim_exai_issue": [() => Promise.reject(new TypeError("connection reset"))],
    });
    const result = await toolAnswer(await handler(call("claim_issue", args)));
    expect(result.isError).toBe(true);
    expect(result.content[0]?.text).toMatch(
      /^api_unavailable: .*not known whether.*\n.*\nWhat to do: Call again/,
    );
    expect(logged[0]).toMatchObject({
      rpc: "tools/call",
      tool: "claim_issue",
      tool_error: "api_unavailable",
    });
  });

  test("with an error of ours is reported with its code, details and hint", async () => {
    const { handler } = setUp({
      "rpc/claim_exai_issue": Response.json(
        { code: "PT409", message: "exai_claim_conflict", details: "Issue #1 is claimed.", hint: "Wait." },
        { status: 409 },
      ),
    });
    const result = await toolAnswer(await handler(call("claim_issue", args)));
    expect(result.content[0]?.text).toBe("exai_claim_conflict: Issue #1 is claimed.\nWhat to do: Wait.");
  });
});

describe("a repeated call", () => {
  test("inserts the same id, computed from the caller and the arguments; another text or key is another id", async () => {
    const ids = async (args: Record<string, unknown>): Promise<unknown> => {
      const { handler, sent } = setUp({ exai_issues: Response.json([{ id: ISSUE_ID }]) });
      await handler(call("create_issue", { title: "a", conversation_id: "c", ...args }));
      const insert = sent.find(({ method }) => method === "POST");
      expect(insert?.headers.get("prefer")).toContain("resolution=ignore-duplicates");
      return (insert?.body as { id: string }[])[0]?.id;
    };
    const id = await ids({});
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(await ids({})).toBe(id);
    expect(await ids({ title: " a " })).toBe(id);
    expect(await ids({ description: "b" })).not.toBe(id);
    expect(await ids({ idempotency_key: "2" })).not.toBe(id);
    expect(await idOf("a", "b")).not.toBe(await idOf("ab"));
  });
});

describe("pages in a browser", () => {
  const trusted = [
    "https://ref.supabase.co",
    "http://localhost:5173",
    "https://localhost",
    "http://app.localhost:3000",
    "http://127.0.0.1:6274",
    "http://127.8.9.1",
    "http://[::1]:8080",
  ];
  const foreign = [
    "https://evil.example",
    "http://ref.supabase.co",
    "https://ref.supabase.co:8443",
    "https://ref.supabase.co.evil.example",
    "http://localhost.evil.example",
    "http://127.0.0.1.evil.example",
    "http://evil-localhost",
    "http://10.0.0.1",
    "http://localhost/path",
    "file://localhost",
    "null",
    "",
  ];

  test.each(trusted)("%s may call", async (origin) => {
    const { handler } = setUp();
    const preflight = await handler(
      new Request("http://localhost/mcp", { method: "OPTIONS", headers: { origin } }),
    );
    expect(preflight.status).toBe(204);
    const response = await handler(call("list_active_issues", {}, { origin }));
    await toolAnswer(response);
    const unauthorized = await handler(call("list_active_issues", {}, { origin, authorization: "Bearer x" }));
    expect(unauthorized.status).toBe(401);
    for (const { headers } of [preflight, response, unauthorized]) {
      expect(headers.get("access-control-allow-origin")).toBe(origin);
      expect(headers.get("access-control-allow-methods")).toBe("POST");
      expect(headers.get("access-control-allow-headers")).toMatch(/authorization.*mcp-protocol-version/);
      expect(headers.get("access-control-expose-headers")).toMatch(/www-authenticate/);
      expect(headers.get("vary")).toBe("origin");
    }
  });

  test.each(foreign)("%j may not: 403 before the token is checked, without CORS headers", async (origin) => {
    const { handler, sent } = setUp();
    for (const method of ["OPTIONS", "POST", "GET"]) {
      const response = await handler(new Request("http://localhost/mcp", { method, headers: { origin } }));
      expect(response.status).toBe(403);
      expect(await response.json()).toMatchObject({ code: "origin_forbidden" });
      expect(response.headers.get("access-control-allow-origin")).toBeNull();
    }
    expect(sent).toEqual([]);
  });
});

describe("bodies and deadlines", () => {
  test("a body that is too large: 413", async () => {
    const { handler } = setUp({}, { maxBytes: 10 });
    expect((await handler(request("x".repeat(11)))).status).toBe(413);
  });

  test("a body that does not end: 408; one that is interrupted: 400", async () => {
    const { handler } = setUp({}, { bodyTimeoutMs: 5 });
    const slow = await handler(request(new ReadableStream({ pull: () => new Promise(() => {}) })));
    expect(slow.status).toBe(408);
    const broken = await handler(
      request(new ReadableStream({ pull: (stream) => stream.error(new Error("gone")) })),
    );
    expect(broken.status).toBe(400);
    expect(await broken.json()).toMatchObject({ code: "body_invalid", request_id: "request-1" });
  });

  test("no answer before the deadline: 504", async () => {
    const { handler } = setUp({ "rpc/next_exai_issue": [() => new Promise(() => {})] }, {
      answerTimeoutMs: 5,
    });
    const response = await handler(call("next_issue", { conversation_id: "c" }));
    expect(response.status).toBe(504);
    expect(await response.json()).toMatchObject({ code: "request_expired" });
  });

  test("a notification, which has no answer: 202", async () => {
    const { handler } = setUp();
    const response = await handler(request('{"jsonrpc":"2.0","method":"notifications/initialized"}'));
    expect(response.status).toBe(202);
    expect(response.headers.get("x-request-id")).toBe("request-1");
    expect(response.headers.get("cache-control")).toBe("no-store");
  });
});
