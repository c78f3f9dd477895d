import {
  type CallToolResult,
  Client,
  ProtocolError,
  StreamableHTTPClientTransport,
  type VersionNegotiationMode,
} from "@modelcontextprotocol/client";
import type { Sql } from "postgres";
import { expect } from "vitest";
import type { Project } from "../../../scripts/local/stack.ts";
import { connect, openTestProject, type TestProject } from "./database.ts";
import { type Person, signUp, tokenOf } from "./people.ts";

export const mcpUrl = (project: Project): URL => new URL(`${project.url}/functions/v1/mcp`);

/** The SDK's own client, connected with a token; by default with the handshake of 2025. */
export async function connectMcp(
  project: Project,
  token: string,
  mode: VersionNegotiationMode = "legacy",
): Promise<Client> {
  const client = new Client({ name: "test", version: "1.0.0" }, { versionNegotiation: { mode } });
  const transport = new StreamableHTTPClientTransport(mcpUrl(project), {
    requestInit: { headers: { authorization: `Bearer ${token}` } },
  });
  await client.connect(transport);
  return client;
}

type Result = Record<string, unknown>;

/** Calls a tool that has to succeed, and returns its structured content, which is also its text. */
export async function callTool<T = Result>(client: Client, name: string, args: Result): Promise<T> {
  const result = await client.callTool({ name, arguments: args });
  expect(result.isError, JSON.stringify(result.content)).toBeFalsy();
  expect(result.content).toEqual([{ type: "text", text: JSON.stringify(result.structuredContent) }]);
  return result.structuredContent as T;
}

/** Calls a tool that has to fail, and returns what the model reads. */
export async function failTool(client: Client, name: string, args: Result): Promise<string> {
  const result = await client.callTool({ name, arguments: args });
  expect(result.isError, JSON.stringify(result.content)).toBe(true);
  const [content] = result.content;
  return content?.type === "text" ? content.text : "";
}

/** Calls a tool with arguments that have to be refused as -32602, and returns what the client reads. */
export async function refuseTool(client: Client, name: string, args: Result): Promise<string> {
  const result: CallToolResult | ProtocolError = await client.callTool({ name, arguments: args })
    .catch((error: unknown) => {
      if (error instanceof ProtocolError) return error;
      throw error;
    });
  if (!(result instanceof ProtocolError)) throw new Error(`not refused: ${JSON.stringify(result)}`);
  expect(result.code).toBe(-32602);
  return result.message;
}

export interface McpTeam {
  project: TestProject;
  sql: Sql;
  agent: Person;
  /** The agent's assistant. */
  client: Client;
  /** A viewer's assistant. */
  viewer: Client;
  close(): Promise<void>;
}

/** A project with an agent and a viewer, each with an assistant. */
export async function openMcpTeam(): Promise<McpTeam> {
  const project = await openTestProject();
  const sql = connect(project.database);
  const agent = await signUp(project, "agent", "agent");
  const client = await connectMcp(project, await tokenOf(agent));
  const viewer = await connectMcp(project, await tokenOf(await signUp(project, "viewer", "viewer")));
  return {
    project,
    sql,
    agent,
    client,
    viewer,
    async close() {
      await client.close();
      await viewer.close();
      await sql.end();
      await project.close();
    },
  };
}

export interface Issue {
  issue_number: number;
  title: string;
  [column: string]: unknown;
}

/** Files an issue and returns its number. */
export async function fileIssue(client: Client, args: Result): Promise<number> {
  const { issue } = await callTool<{ issue: Issue }>(client, "create_issue", args);
  return issue.issue_number;
}

/** A visitor who asks for a person. Returns the id of the escalation. */
export async function escalate(sql: Sql, ...messages: string[]): Promise<string> {
  const [row] = await sql<{ id: string }[]>`
    insert into support.conversations (visitor_name, visitor_email)
    values ('Vito', 'vito@example.com') returning id
  `;
  const conversation_id = row?.id ?? "";
  for (const content of messages) {
    await sql`insert into support.messages ${sql({ conversation_id, role: "user", content })}`;
  }
  const [escalation] = await sql<{ id: string }[]>`
    insert into support.escalations ${
    sql({ conversation_id, issue_type: "question", original_request: messages.at(-1) ?? "" })
  } returning id
  `;
  return escalation?.id ?? "";
}
