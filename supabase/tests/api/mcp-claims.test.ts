import type { Client } from "@modelcontextprotocol/client";
import type { Sql } from "postgres";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { callTool, failTool, fileIssue, type McpTeam, openMcpTeam } from "../support/mcp.ts";

// Claims over the tools: every tool that writes renews the claim of its conversation, and says whose claim there is.

const first = "conversation-1";
const second = "conversation-2";

let team: McpTeam;
let client: Client;
let sql: Sql;
let issue_number: number;

beforeAll(async () => {
  team = await openMcpTeam();
  ({ client, sql } = team);
});

afterAll(async () => {
  await team?.close();
});

beforeEach(async () => {
  await sql`delete from public.exai_issues`;
  issue_number = await fileIssue(client, { title: "Wanted", conversation_id: first });
  await callTool(client, "add_steps", {
    issue_number,
    steps: [{ description: "One" }],
    conversation_id: first,
  });
  await callTool(client, "claim_issue", { issue_number, conversation_id: first });
});

const endIn = (minutes: number) =>
  sql`update public.exai_issues set lease_expires_at = now() + make_interval(mins => ${minutes})
      where issue_number = ${issue_number}`;

const writes = (conversation_id: string, to_issue: number): [string, Record<string, unknown>][] => [
  ["add_update", { issue_number, content: "Still at it.", conversation_id }],
  ["add_steps", { issue_number, steps: [{ description: "Two" }], conversation_id }],
  ["complete_step", { issue_number, step_number: 1, conversation_id }],
  ["complete_step", { issue_number, step_number: 1, conversation_id }],
  ["update_issue", { issue_number, root_cause: "the pool", conversation_id }],
  ["update_issue", { issue_number, status: "in_progress", conversation_id }],
  ["relate_issues", { from_issue: to_issue, to_issue: issue_number, kind: "parent", conversation_id }],
  ["unrelate_issues", { from_issue: to_issue, to_issue: issue_number, kind: "parent", conversation_id }],
];

test("every tool that writes renews the claim of its conversation, also when it changes nothing", async () => {
  const other = await fileIssue(client, { title: "Other", conversation_id: first });
  for (const [name, args] of writes(first, other)) {
    await endIn(2);
    const { claim } = await callTool<{ claim: { status: string; lease_expires_at: string } }>(
      client,
      name,
      args,
    );
    expect(claim, name).toMatchObject({ issue_number, status: "held", claimed_by: first });
    expect(Date.parse(claim.lease_expires_at) - Date.now(), name).toBeGreaterThan(25 * 60_000);
  }
});

test("who lost the claim is told so, and may only add updates while another one holds it", async () => {
  const other = await fileIssue(client, { title: "Other", conversation_id: first });
  await endIn(-1);
  await callTool(client, "claim_issue", { issue_number, conversation_id: second });
  const rejected = new Set(["add_steps", "complete_step", "update_issue"]);
  for (const [name, args] of writes(first, other)) {
    if (rejected.has(name)) {
      expect(await failTool(client, name, args), name).toMatch(
        /^exai_claim_conflict: You lost the claim on issue #\d+, which conversation-2 has claimed until /,
      );
    } else {
      expect(await callTool(client, name, args), name).toMatchObject({
        claim: { status: "lost", claimed_by: second, notice: expect.stringContaining("lost its claim") },
      });
    }
  }
  expect(await sql`select status from public.exai_issue_checklist`).toEqual([{ status: "pending" }]);
  await callTool(client, "release_issue", { issue_number, conversation_id: second });
  await callTool(client, "claim_issue", { issue_number, conversation_id: first });
  expect(await callTool(client, "complete_step", { issue_number, step_number: 1, conversation_id: first }))
    .toMatchObject({ changed: true, claim: { status: "held" } });
});

test("who ends the claim of another is told whose it was", async () => {
  expect(
    await callTool(client, "complete_step", { issue_number, step_number: 1, conversation_id: second }),
  ).toMatchObject({ changed: true, claim: { status: "other", claimed_by: first } });
  const change = { issue_number, status: "fixed", actual_fix: "Closed the pool.", conversation_id: second };
  expect(await callTool(client, "update_issue", change)).toMatchObject({
    issue: { status: "fixed", claimed_by: null },
    ended_claim: { claimed_by: first },
  });
  const [update] = await sql`
    select content from public.exai_issue_updates where update_type = 'status_change'
  `;
  expect(update).toEqual({ content: `open → fixed, ends the claim of ${first}` });
  expect(await callTool(client, "add_update", { issue_number, content: "Oh.", conversation_id: first }))
    .toMatchObject({ created: true, claim: { status: "lost", claimed_by: null } });
});

test("fields and status are changed together, or neither is", async () => {
  await failTool(client, "update_issue", {
    issue_number,
    title: "Changed",
    line_end: 3,
    status: "fixed",
    conversation_id: first,
  });
  expect(await sql`select title, status from public.exai_issues`).toEqual([{
    title: "Wanted",
    status: "open",
  }]);
});
