import { Client, type VersionNegotiationMode } from "@modelcontextprotocol/client";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  callTool,
  connectMcp,
  fileIssue,
  type McpTeam,
  mcpUrl,
  openMcpTeam,
  refuseTool,
} from "../support/mcp.ts";
import { tokenOf } from "../support/people.ts";

// The revisions of the protocol, messages as clients spell them, and what the server promises.

const conversation_id = "conversation-1";
const CURRENT = "2026-07-28";
const REVISIONS = [CURRENT, "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05", "2024-10-07"];

let team: McpTeam;
let token: string;

beforeAll(async () => {
  team = await openMcpTeam();
  token = await tokenOf(team.agent);
});

afterAll(async () => {
  await team?.close();
});

beforeEach(async () => {
  await team.sql`delete from public.exai_issues`;
});

interface Answer {
  status: number;
  body: {
    id: unknown;
    result?: Record<string, unknown>;
    error?: { code: number; message: string; data?: unknown };
  };
}

async function post(message: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  const response = await fetch(mcpUrl(team.project), {
    method: "POST",
    headers: {
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
      accept: "application/json",
      ...headers,
    },
    body: typeof message === "string" ? message : JSON.stringify(message),
  });
  expect(response.headers.get("content-type")).toContain("application/json");
  return { status: response.status, body: await response.json() as Answer["body"] };
}

const initialize = (protocolVersion: string) => ({
  jsonrpc: "2.0",
  id: "first",
  method: "initialize",
  params: { protocolVersion, capabilities: {}, clientInfo: { name: "test", version: "1" } },
});

const request = (method: string, params?: unknown, id: unknown = 7) => ({
  jsonrpc: "2.0",
  id,
  method,
  params,
});

/** A request of the revision 2026-07-28, with its headers. */
function modern(method: string, params: Record<string, unknown> = {}, revision = CURRENT): Promise<Answer> {
  const _meta = {
    "io.modelcontextprotocol/protocolVersion": revision,
    "io.modelcontextprotocol/clientInfo": { name: "test", version: "1" },
    "io.modelcontextprotocol/clientCapabilities": {},
  };
  const name = params.name ?? params.uri;
  return post(request(method, { ...params, _meta }), {
    "mcp-protocol-version": revision,
    "mcp-method": method,
    ...(typeof name === "string" ? { "mcp-name": name } : {}),
  });
}

describe("revisions", () => {
  test.each<[string, VersionNegotiationMode]>([
    ["the handshake of 2025", "legacy"],
    ["a client that asks what there is", "auto"],
    ["a client that wants the current one", { pin: CURRENT }],
  ])("%s: tools and resources", async (_, mode) => {
    const client: Client = await connectMcp(team.project, token, mode);
    expect(client.getProtocolEra()).toBe(mode === "legacy" ? "legacy" : "modern");
    expect(client.getServerCapabilities()).toEqual({
      tools: {},
      resources: { listChanged: false },
      completions: {},
    });
    const issue_number = await fileIssue(client, { title: "One", conversation_id });
    expect(await callTool(client, "get_issue_context", { issue_number })).toMatchObject({
      issue: { title: "One" },
    });
    const { contents } = await client.readResource({ uri: `exai://issues/${issue_number}` });
    expect(contents).toHaveLength(1);
    expect((await client.listTools()).tools.length).toBeGreaterThan(10);
    expect(await refuseTool(client, "create_issue", { titel: "x", conversation_id })).toMatch(/"titel"/);
    expect(await refuseTool(client, "no_such_tool", {})).toMatch(/not found/);
    await expect(client.readResource({ uri: "exai://issues/999999" })).rejects.toMatchObject({
      code: -32602,
      message: expect.stringContaining("There is no engineering issue #999999") as string,
    });
    await client.close();
  });

  test.each(REVISIONS.slice(1))("initialize with %s", async (revision) => {
    expect((await post(initialize(revision))).body.result?.protocolVersion).toBe(revision);
    const { status, body } = await post(request("tools/list"), { "mcp-protocol-version": revision });
    expect(status).toBe(200);
    expect(body.result?.tools).toBeInstanceOf(Array);
  });

  test("initialize with an unknown revision is answered with one that the server speaks", async () => {
    expect((await post(initialize("2031-01-01"))).body.result?.protocolVersion).toBe("2025-11-25");
  });

  test("a request of an unknown revision: -32022 with those that the server speaks, and its id", async () => {
    const error = { code: -32022, data: { supported: REVISIONS, requested: "2031-01-01" } };
    for (const id of ["seven", 7]) {
      expect(await post(request("tools/list", {}, id), { "mcp-protocol-version": "2031-01-01" }))
        .toMatchObject({ status: 400, body: { id, error } });
    }
    expect(await modern("server/discover", {}, "2031-01-01")).toMatchObject({
      status: 400,
      body: { id: 7, error },
    });
    for (const revision of ["draft", "2025-01-01", "x".repeat(5_000)]) {
      const { body } = await post(request("tools/call", { name: "next_issue" }), {
        "mcp-protocol-version": revision,
      });
      expect(body).toMatchObject({ id: 7, error: { code: -32022 } });
      expect(JSON.stringify(body).length).toBeLessThan(1_000);
    }
  });

  test("the current revision: what the server is, what it lists, and errors with the request's id", async () => {
    expect(await modern("server/discover")).toMatchObject({
      status: 200,
      body: { id: 7, result: { supportedVersions: [CURRENT], instructions: expect.any(String) as string } },
    });
    expect(await modern("tools/call", { name: "list_ready_issues", arguments: { limit: "2" } }))
      .toMatchObject({
        body: { result: { structuredContent: { issues: [], next: null } } },
      });
    expect(await modern("tools/call", { name: "list_ready_issues", arguments: { limit: "two" } }))
      .toMatchObject({
        status: 200,
        body: { id: 7, error: { code: -32602, message: expect.stringContaining("limit") as string } },
      });
    // there is nothing to listen to, and no stream that would stay open
    expect(await modern("subscriptions/listen", { notifications: {} })).toMatchObject({
      status: 404,
      body: { id: 7, error: { code: -32601 } },
    });
    // a request without the envelope that the header announces
    expect(await post(request("tools/list"), { "mcp-protocol-version": CURRENT })).toMatchObject({
      status: 400,
      body: { id: 7, error: { code: -32602 } },
    });
  });
});

describe("messages as clients spell them", () => {
  test.each<[string, unknown]>([
    ["params: null", null],
    ["params: []", []],
    ["no params", undefined],
    ["cursor: null", { cursor: null }],
  ])("tools/list with %s", async (_, params) => {
    expect((await post(request("tools/list", params))).body.result?.tools).toBeInstanceOf(Array);
  });

  test.each<[string, unknown]>([
    ["null", null],
    ["an empty text", ""],
    ["an empty array", []],
    ["no arguments", undefined],
    ["JSON text", '{"limit": "20"}'],
    ["keys of the client", { toolCallId: "1", sessionId: "2", action: "3", chatInput: "4", tool: "5" }],
    ["nothing for what is optional", { limit: null, include_claimed: "", offset: "", conversation_id: null }],
  ])("tools/call with arguments: %s", async (_, args) => {
    expect(await post(request("tools/call", { name: "list_ready_issues", arguments: args }))).toMatchObject({
      status: 200,
      body: { id: 7, result: { structuredContent: { issues: [], next: null } } },
    });
  });

  test.each<[unknown]>([["limit=20"], [20], [[1]], [true]])(
    "tools/call with arguments: %j is refused",
    async (args) => {
      expect(await post(request("tools/call", { name: "list_ready_issues", arguments: args }))).toMatchObject(
        {
          body: { id: 7, error: { code: -32602 } },
        },
      );
    },
  );

  test("numbers, booleans and arrays as text, up to the database", async () => {
    const issue_number = await fileIssue(team.client, {
      title: "Spelled",
      line_start: "3",
      line_end: "",
      file_path: "a.ts",
      affected_components: '["a", "b"]',
      root_cause: "",
      idempotency_key: null,
      conversation_id,
      toolCallId: "call_1",
    });
    expect(
      await team.sql`
      select line_start, line_end, affected_components, root_cause from public.exai_issues
    `,
    ).toEqual([{ line_start: 3, line_end: null, affected_components: ["a", "b"], root_cause: null }]);
    await callTool(team.client, "add_steps", {
      issue_number: String(issue_number),
      steps: '[{"description": "One", "step_number": "3"}]',
      conversation_id,
    });
    expect(await team.sql`select step_number from public.exai_issue_checklist`).toEqual([{ step_number: 3 }]);
  });

  test("a batch has up to 10 messages", async () => {
    const ping = (count: number) =>
      Array.from({ length: count }, (_, id) => ({ jsonrpc: "2.0", id, method: "ping" }));
    const answers = (await post(ping(10))).body as unknown as { id: number }[];
    expect(answers.map(({ id }) => id).toSorted((one, other) => one - other)).toEqual(
      ping(10).map(({ id }) => id),
    );
    expect(await post(ping(11))).toMatchObject({ status: 400, body: { error: { code: -32600 } } });
  });

  test("a name, an address or a method of any length is answered shortly", async () => {
    const long = "x".repeat(100_000);
    for (
      const message of [
        request("tools/call", { name: long }),
        request("resources/read", { uri: `exai://issues/${long}` }),
        request("resources/read", { uri: long }),
        request(long),
        request("tools/call", { name: "list_ready_issues", arguments: { [long]: 1, limit: long } }),
      ]
    ) {
      const { body } = await post(message);
      expect(body).toMatchObject({ id: 7, error: { code: expect.any(Number) as number } });
      expect(JSON.stringify(body).length).toBeLessThan(4_000);
    }
  });
});
