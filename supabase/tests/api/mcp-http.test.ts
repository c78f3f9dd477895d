import { SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { JWT_SECRET } from "../../../scripts/local/keys.ts";
import { connect, openTestProject, type TestProject } from "../support/database.ts";
import { callTool, connectMcp, mcpUrl } from "../support/mcp.ts";
import { signUp, tokenOf } from "../support/people.ts";

// The MCP server over HTTP: who is authenticated, what is rejected, and what a stateless server does not serve.

let project: TestProject;
let userId: string;
let token: string;
let logLines: string[];

beforeAll(async () => {
  logLines = [];
  project = await openTestProject({ functions: { log: (_name, line) => logLines.push(line) } });
  const agent = await signUp(project, "agent", "agent");
  userId = agent.id;
  token = await tokenOf(agent);
});

afterAll(async () => {
  await project?.close();
});

const INITIALIZE = {
  jsonrpc: "2.0",
  id: 1,
  method: "initialize",
  params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "test", version: "1" } },
};

interface Init {
  method?: string;
  authorization?: string | null;
  headers?: Record<string, string>;
  body?: BodyInit | null;
}

async function send(init: Init = {}): Promise<{ response: Response; body: Record<string, unknown> }> {
  const {
    method = "POST",
    authorization = `Bearer ${token}`,
    headers = {},
    body = JSON.stringify(INITIALIZE),
  } = init;
  const response = await fetch(mcpUrl(project), {
    method,
    body: method === "POST" ? body : null,
    headers: {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      ...(authorization === null ? {} : { authorization }),
      ...headers,
    },
  });
  return { response, body: await response.json() as Record<string, unknown> };
}

interface Claims {
  role?: string;
  secret?: string;
  subject?: string;
  expires?: string | number;
}

async function forge(
  { role = "authenticated", secret = JWT_SECRET, subject = userId, expires = "1h" }: Claims,
) {
  return await new SignJWT({ role }).setProtectedHeader({ alg: "HS256" }).setSubject(subject)
    .setAudience("authenticated").setIssuedAt().setExpirationTime(expires).sign(
      new TextEncoder().encode(secret),
    );
}

const base64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

test("a member is authenticated, and gets no session", async () => {
  const { response, body } = await send();
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toContain("application/json");
  expect(response.headers.get("mcp-session-id")).toBeNull();
  expect(body).toMatchObject({
    result: {
      protocolVersion: "2025-11-25",
      serverInfo: { name: "fixloop" },
      capabilities: { tools: {}, resources: {} },
    },
  });
  // The same claims, signed by this test: so the tokens below are rejected only for their own fault.
  expect((await send({ authorization: `bearer ${await forge({})}` })).response.status).toBe(200);
});

describe("rejected callers", () => {
  test("no token: 401, with the challenge", async () => {
    const { response, body } = await send({ authorization: null });
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toMatch(/^Bearer realm="fixloop", resource_metadata="/);
    expect(body).toMatchObject({ code: "sign_in_required", request_id: expect.any(String) });
  });

  test.each<[string, () => Promise<string> | string]>([
    ["an expired token", () => forge({ expires: Math.floor(Date.now() / 1000) - 60 })],
    ["a token with another signature", () => forge({ secret: "another-secret-that-is-long-enough-too" })],
    [
      "a token without a signature",
      () => `${base64({ alg: "none" })}.${base64({ sub: userId, role: "authenticated" })}.`,
    ],
    [
      "an unsigned token with a false signature",
      () => `${base64({ alg: "none" })}.${base64({ sub: userId, role: "authenticated" })}.AAAA`,
    ],
    ["a token of the service role", () => forge({ role: "service_role" })],
    ["a token of anon", () => forge({ role: "anon" })],
    ["a token without an account", () => forge({ subject: "nobody" })],
    ["the publishable key", () => project.publishableKey],
    ["the secret key", () => project.secretKey],
    ["a malformed token", () => "a.b.c"],
    ["no token after Bearer", () => ""],
  ])("%s: 401", async (_, make) => {
    const { response, body } = await send({ authorization: `Bearer ${await make()}` });
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toMatch(
      /^Bearer realm="fixloop", error="invalid_token", resource_metadata="/,
    );
    expect(body).toMatchObject({ code: "token_invalid" });
  });

  test("a scheme other than Bearer: 401", async () => {
    expect((await send({ authorization: `Basic ${token}` })).response.status).toBe(401);
  });

  test("an account outside the team, and a former member: 403", async () => {
    const stranger = await tokenOf(await signUp(project, "stranger"));
    const { response, body } = await send({ authorization: `Bearer ${stranger}` });
    expect(response.status).toBe(403);
    expect(body).toMatchObject({ code: "team_role_required" });

    const leaver = await signUp(project, "leaver", "viewer");
    const client = await connectMcp(project, await tokenOf(leaver));
    await callTool(client, "list_active_issues", {});
    const sql = connect(project.database);
    await sql`delete from public.team_members where user_id = ${leaver.id}`;
    await sql.end();
    await expect(client.callTool({ name: "list_active_issues", arguments: {} })).rejects.toThrow(
      /not in the team/,
    );
    await client.close();
  });

  test("a page of another site: 403 without CORS headers", async () => {
    for (const origin of ["https://evil.example", "null"]) {
      const { response, body } = await send({ headers: { origin } });
      expect(response.status, origin).toBe(403);
      expect(body).toMatchObject({ code: "origin_forbidden" });
      expect(response.headers.get("access-control-allow-origin")).toBeNull();
    }
  });
});

test("pages on localhost and of the project itself may call", async () => {
  for (const origin of [project.url, "http://localhost:6274"]) {
    const asked = { origin, "access-control-request-method": "POST" };
    const preflight = await fetch(mcpUrl(project), { method: "OPTIONS", headers: asked });
    expect(preflight.status).toBe(204);
    const { response } = await send({ headers: { origin } });
    expect(response.status).toBe(200);
    for (const { headers } of [preflight, response]) {
      expect(headers.get("access-control-allow-origin")).toBe(origin);
    }
  }
});

describe("rejected requests", () => {
  test.each(["GET", "DELETE", "PUT", "PATCH", "OPTIONS"])("%s: 405", async (method) => {
    const { response, body } = await send({ method });
    expect(response.status).toBe(405);
    expect(response.headers.get("allow")).toBe("POST");
    expect(body).toMatchObject({ code: "method_unsupported" });
  });

  test("a body over 1 MB: 413", async () => {
    const { response, body } = await send({
      body: JSON.stringify({ ...INITIALIZE, padding: "x".repeat(1024 * 1024) }),
    });
    expect(response.status).toBe(413);
    expect(body).toMatchObject({ code: "body_too_large" });
  });

  test.each<[string, Init, number, number]>([
    ["invalid JSON", { body: "{" }, 400, -32700],
    ["an empty body", { body: "" }, 400, -32700],
    ["deeply nested JSON", { body: "[".repeat(500_000) }, 400, -32700],
    ["JSON that is not a message", { body: '{"method":1}' }, 400, -32600],
    ["another media type", { headers: { "content-type": "text/plain" } }, 415, -32000],
    ["a client that does not accept JSON", { headers: { accept: "text/html" } }, 406, -32000],
  ])("%s: an error of the protocol", async (_, init, status, code) => {
    const { response, body } = await send(init);
    expect(response.status).toBe(status);
    expect(body).toMatchObject({ jsonrpc: "2.0", error: { code } });
  });

  test("an unknown method", async () => {
    const { body } = await send({ body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "prompts/list" }) });
    expect(body).toMatchObject({ error: { code: -32601 } });
  });
});

test("each request is one log line with names and codes, without anything that was sent", async () => {
  logLines.length = 0;
  const secret = "nobody-reads-this-in-a-log";
  const call = (name: string, args: Record<string, unknown>) =>
    send({
      body: JSON.stringify({
        jsonrpc: "2.0",
        id: 1,
        method: "tools/call",
        params: { name, arguments: args },
      }),
    });
  await call("create_issue", { title: secret, conversation_id: secret });
  await call("claim_issue", { issue_number: 999_999, conversation_id: secret });
  await call("claim_issue", { issue_number: secret, [secret]: secret });
  await call(secret, {});
  await send({ authorization: `Bearer ${secret}` });
  await expect.poll(() => logLines.length).toBe(5);
  expect(logLines.join()).not.toContain(secret);
  expect(logLines.join()).not.toContain(token);
  expect(logLines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
    { function: "mcp", method: "POST", status: 200, rpc: "tools/call", tool: "create_issue" },
    { status: 200, rpc: "tools/call", tool: "claim_issue", tool_error: "exai_issue_unknown" },
    { status: 200, rpc: "tools/call", tool: "claim_issue", tool_error: "arguments_invalid" },
    { status: 200, rpc: "tools/call" },
    { status: 401, code: "token_invalid" },
  ]);
});
