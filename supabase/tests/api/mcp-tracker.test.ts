import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SEGMENTS, TRACKER_STATUSES } from "../../functions/mcp/inputs.ts";
import { callTool, connectMcp, escalate, fileIssue, type McpTeam, openMcpTeam } from "../support/mcp.ts";
import { tokenOf } from "../support/people.ts";

// The tracker for assistants, completion of issue numbers, and schemas of results.

const conversation_id = "conversation-1";

let team: McpTeam;

beforeAll(async () => {
  team = await openMcpTeam();
  await team.sql`
    insert into public.issues (title, description, status, segment, submitted_by, tags) values
      ('Login fails after the password was reset', 'The page says that the session expired.',
        'waiting_for_help', 'auth', 'Ann', '{login}'),
      ('Login page is slow', 'It takes ten seconds.', 'in_progress', 'auth', 'Ben', '{}'),
      ('Export as CSV', ${
    "The export has no header row. ".repeat(200)
  }, 'waiting_for_help', 'tool', 'Cleo', '{export}')
  `;
});

afterAll(async () => {
  await team?.close();
});

interface Found {
  issues: { seq_id: number; title: string; snippet?: string; id?: string }[];
  next?: number | null;
}

describe("a viewer", () => {
  const search = async (args: Record<string, unknown>) => {
    const found = await callTool<Found>(team.viewer, "search_tracker_issues", args);
    return found.issues.map(({ title }) => title);
  };

  test("searches the tracker, with filters, in pages", async () => {
    expect(await search({ query: "password" })).toEqual(["Login fails after the password was reset"]);
    expect(await search({ query: "login", status: ["in_progress"] })).toEqual(["Login page is slow"]);
    expect(await search({ query: "", segment: '["tool"]', tags: ["export"] })).toEqual(["Export as CSV"]);
    expect(await search({ query: "", mine: "true" })).toEqual([]);
    const first = await callTool<Found>(team.viewer, "search_tracker_issues", { query: "", limit: "2" });
    expect(first).toMatchObject({ issues: [{}, {}], next: 2 });
    const rest = await callTool<Found>(team.viewer, "search_tracker_issues", {
      query: "",
      offset: first.next,
    });
    expect(rest).toMatchObject({ issues: [{}], next: null });
    expect(new Set([...first.issues, ...rest.issues].map(({ seq_id }) => seq_id)).size).toBe(3);
    expect(rest.issues[0]).not.toHaveProperty("id");
  });

  test("finds issues that resemble a report", async () => {
    const { issues } = await callTool<Found>(team.viewer, "similar_issues", {
      title: "Cannot login after password reset",
      description: null,
    });
    expect(issues[0]).toMatchObject({
      title: "Login fails after the password was reset",
      similarity: expect.any(Number) as number,
    });
  });
});

test("values are those of the tracker's constraints", async () => {
  const rules = await team.sql<{ name: string; rule: string }[]>`
    select conname as name, pg_get_constraintdef(oid) as rule from pg_constraint
    where conname in ('issues_status_is_known', 'issues_segment_is_known') order by conname desc
  `;
  const values = rules.map(({ rule }) => [...rule.matchAll(/'(\w+)'/g)].map(([, value]) => value));
  expect(values).toEqual([[...TRACKER_STATUSES], [...SEGMENTS]]);
});

test("numbers of issues are completed", async () => {
  await team.sql`
    insert into public.exai_issues (issue_number, title)
    select n, 'Issue ' || n from generate_series(1, 130) as n
  `;
  const client = await connectMcp(team.project, await tokenOf(team.agent), { pin: "2026-07-28" });
  expect(client.getServerCapabilities()).toHaveProperty("completions");
  const complete = async (value: string) =>
    (await client.complete({
      ref: { type: "ref/resource", uri: "exai://issues/{issue_number}" },
      argument: { name: "issue_number", value },
    })).completion;
  expect(await complete("12")).toMatchObject({
    values: ["12", ...Array.from({ length: 10 }, (_, at) => String(120 + at))],
    hasMore: false,
  });
  expect((await complete("13")).values).toEqual(["13", "130"]);
  const newest = await complete("");
  expect(newest).toMatchObject({ hasMore: true });
  expect(newest.values.slice(0, 2)).toEqual(["130", "129"]);
  expect(newest.values).toHaveLength(100);
  for (const none of ["0", "x", "1x", "-1", "9999999999", "12)", "13 or 1"]) {
    expect((await complete(none)).values, none).toEqual([]);
  }
  await client.close();
});

test("every tool describes its result, and clients that check it accept results and errors", async () => {
  const { tools } = await team.client.listTools();
  for (const tool of tools) expect(tool.outputSchema, tool.name).toMatchObject({ type: "object" });
  // the client checks each result of a tool that it has listed
  const issue_number = await fileIssue(team.client, { title: "Described", conversation_id });
  const escalation_id = await escalate(team.sql, "Described");
  const calls: [string, Record<string, unknown>][] = [
    ["list_active_issues", {}],
    ["list_ready_issues", {}],
    ["search_issues", { query: "" }],
    ["get_issue_context", { issue_number }],
    ["get_issue_context", { issue_number, sections: ["updates"] }],
    ["update_issue", { issue_number, severity: "high", conversation_id }],
    ["add_update", { issue_number, content: "Found", conversation_id }],
    ["add_steps", { issue_number, steps: [{ description: "One" }], conversation_id }],
    ["complete_step", { issue_number, step_number: 1, conversation_id }],
    ["relate_issues", { from_issue: issue_number, to_issue: 1, kind: "blocks", conversation_id }],
    ["unrelate_issues", { from_issue: issue_number, to_issue: 1, kind: "blocks", conversation_id }],
    ["claim_issue", { issue_number, conversation_id }],
    ["release_issue", { issue_number, conversation_id }],
    ["next_issue", { conversation_id }],
    ["search_tracker_issues", { query: "login" }],
    ["similar_issues", { title: "Login" }],
    ["list_escalations", {}],
    ["read_conversation", { escalation_id }],
    ["answer_escalation", { escalation_id, content: "Described", conversation_id }],
  ];
  for (const [name, args] of calls) await callTool(team.client, name, args);
  expect(new Set([...calls.map(([name]) => name), "create_issue"])).toEqual(
    new Set(tools.map(({ name }) => name)),
  );
  const error = await team.client.callTool({
    name: "get_issue_context",
    arguments: { issue_number: 999_999 },
  });
  expect(error).toMatchObject({
    isError: true,
    structuredContent: { error: { code: "exai_issue_unknown" } },
  });
});
