import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { countAnswer, MAX_TOKENS } from "../../functions/mcp/bounded.ts";
import { callTool, escalate, failTool, type McpTeam, openMcpTeam, refuseTool } from "../support/mcp.ts";

// Assistants of team members read what visitors wrote, and answer them.

const conversation_id = "conversation-1";

let team: McpTeam;

beforeAll(async () => {
  team = await openMcpTeam();
});

afterAll(() => team?.close());

interface Escalations {
  escalations: { id: string; original_request: string; status: string; waiting_since: string | null }[];
  next: number | null;
}

interface Read {
  conversation: { id: string; status: string };
  escalation: { id: string; status: string };
  messages: { position: number; role: string; content: string; content_length?: number }[];
  next: number | null;
}

describe("a viewer's assistant", () => {
  test("lists open escalations in pages, without how a visitor can be reached", async () => {
    const first = await escalate(team.sql, "Where is my invoice?");
    await escalate(team.sql, "The export is empty");
    await team
      .sql`update support.escalations set raised_count = 2 where original_request = 'The export is empty'`;
    const list = await callTool<Escalations>(team.viewer, "list_escalations", { limit: "1" });
    expect(list).toMatchObject({ escalations: [{ original_request: "The export is empty" }], next: 1 });
    const rest = await callTool<Escalations>(team.viewer, "list_escalations", { offset: list.next });
    expect(rest).toMatchObject({ escalations: [{ id: first, status: "pending" }], next: null });
    const all = await callTool(team.viewer, "list_escalations", { status: '["pending"]', mine: "" });
    expect(JSON.stringify(all)).not.toContain("vito@example.com");
    expect(await callTool(team.viewer, "list_escalations", { mine: "true" })).toMatchObject({
      escalations: [],
    });
  });

  test("reads a conversation from its end", async () => {
    const id = await escalate(team.sql, ...Array.from({ length: 7 }, (_, at) => `Message ${at + 1}`));
    const end = await callTool<Read>(team.viewer, "read_conversation", { escalation_id: id, limit: 3 });
    expect(end).toMatchObject({
      conversation: { status: "waiting_for_human" },
      escalation: { id, status: "pending" },
      messages: [{ content: "Message 5" }, { content: "Message 6" }, { role: "user", content: "Message 7" }],
    });
    const before = await callTool<Read>(team.viewer, "read_conversation", {
      escalation_id: id,
      before: end.next,
    });
    expect(before.messages.map(({ content }) => content)).toEqual([
      "Message 1",
      "Message 2",
      "Message 3",
      "Message 4",
    ]);
    expect(before.next).toBeNull();
    expect(JSON.stringify(end)).not.toContain("vito@example.com");
  });

  test("reads long conversations in answers of a bounded size", async () => {
    const id = await escalate(
      team.sql,
      ...Array.from({ length: 30 }, (_, at) => `${at} ${"長い".repeat(1_300)}`),
    );
    let before: number | null = null;
    const found: string[] = [];
    do {
      const read: Read = await callTool<Read>(team.viewer, "read_conversation", {
        escalation_id: id,
        limit: 200,
        before,
      });
      expect(countAnswer(read)).toBeLessThanOrEqual(MAX_TOKENS);
      found.unshift(...read.messages.map(({ content }) => content.split(" ")[0] ?? ""));
      before = read.next;
    } while (before !== null);
    expect(found).toEqual(Array.from({ length: 30 }, (_, at) => String(at)));
    const huge = await escalate(team.sql, "x".repeat(50_000));
    const { messages } = await callTool<Read>(team.viewer, "read_conversation", { escalation_id: huge });
    expect(messages).toMatchObject([{ content_length: 50_000 }]);
    expect(messages[0]?.content).toHaveLength(8_001);
  });

  test("answers nobody", async () => {
    const escalation_id = await escalate(team.sql, "Hello?");
    const args = { escalation_id, content: "No", conversation_id };
    expect(await failTool(team.viewer, "answer_escalation", args)).toMatch(/^team_role_required/);
  });
});

describe("an agent's assistant", () => {
  test("answers a visitor once, and has taken the escalation", async () => {
    const escalation_id = await escalate(team.sql, "Hello?");
    const args = { escalation_id, content: " Here is your invoice. ", conversation_id };
    const first = await callTool(team.client, "answer_escalation", args);
    expect(first).toMatchObject({
      message: { role: "agent", content: "Here is your invoice." },
      escalation: { id: escalation_id, status: "in_progress" },
    });
    expect(await callTool(team.client, "answer_escalation", args)).toEqual(first);
    await callTool(team.client, "answer_escalation", { ...args, idempotency_key: "again" });
    const { messages } = await callTool<Read>(team.client, "read_conversation", { escalation_id });
    expect(messages.map(({ role, content }) => `${role}: ${content}`)).toEqual([
      "user: Hello?",
      "agent: Here is your invoice.",
      "agent: Here is your invoice.",
    ]);
    const mine = await callTool<Escalations>(team.client, "list_escalations", {
      mine: true,
      status: ["in_progress"],
    });
    expect(mine.escalations).toMatchObject([{ id: escalation_id, waiting_since: null }]);
  });

  test("is told what does not exist, and what is taken", async () => {
    const unknown = "00000000-0000-4000-8000-000000000000";
    expect(await failTool(team.client, "read_conversation", { escalation_id: unknown }))
      .toMatch(/^support_escalation_unknown: .*\nWhat to do: Find its id with list_escalations\./s);
    const args = { escalation_id: unknown, content: "Hello", conversation_id };
    expect(await failTool(team.client, "answer_escalation", args)).toMatch(/^support_escalation_unknown/);
    const escalation_id = await escalate(team.sql, "Hello?");
    await team.sql`update support.escalations set status = 'resolved' where id = ${escalation_id}`;
    expect(await failTool(team.client, "answer_escalation", { ...args, escalation_id }))
      .toMatch(/^support_escalation_status_conflict/);
    expect(await refuseTool(team.client, "read_conversation", { escalation_id: "12" }))
      .toContain("escalation_id");
    expect(await refuseTool(team.client, "answer_escalation", { ...args, content: "  " })).toContain(
      "content",
    );
  });
});
