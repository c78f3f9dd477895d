import type { Client } from "@modelcontextprotocol/client";
import type { Sql } from "postgres";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  callTool,
  connectMcp,
  failTool,
  fileIssue,
  type Issue,
  type McpTeam,
  openMcpTeam,
} from "../support/mcp.ts";
import { tokenOf } from "../support/people.ts";

// The tools as an assistant uses them: through the SDK's client, the gateway, Deno, the Data API and row security.

const conversation_id = "conversation-1";

let team: McpTeam;
let client: Client;
let viewer: Client;
let sql: Sql;

beforeAll(async () => {
  team = await openMcpTeam();
  ({ client, viewer, sql } = team);
});

afterAll(async () => {
  await team?.close();
});

beforeEach(async () => {
  await sql`delete from public.exai_issues`;
});

const file = (title: string, args: Record<string, unknown> = {}) =>
  fileIssue(client, { title, conversation_id, ...args });

const numbers = ({ issues }: { issues: Issue[] }): number[] => issues.map((issue) => issue.issue_number);

describe("reading", () => {
  test("the active list is ordered by severity, then number, and paged", async () => {
    const low = await file("low", { severity: "low" });
    const medium = await file("medium", { affected_components: ["daemon"] });
    const critical = await file("critical", { severity: "critical", category: "security" });
    const other = await file("other");
    const done = await file("done");
    await callTool(client, "update_issue", { issue_number: done, status: "wont_fix", conversation_id });

    const first = await callTool<{ issues: Issue[]; next: string }>(viewer, "list_active_issues", {
      limit: 2,
    });
    expect(numbers(first)).toEqual([critical, medium]);
    expect(first.issues[0]).toMatchObject({ title: "critical", progress_percentage: 0, total_steps: 0 });
    const second = await callTool<{ issues: Issue[]; next: string }>(viewer, "list_active_issues", {
      limit: 2,
      after: first.next,
      conversation_id: "a-reader",
    });
    expect(numbers(second)).toEqual([other, low]);
    expect(second.next).toBeNull();

    const list = async (filter: Record<string, unknown>) =>
      numbers(await callTool<{ issues: Issue[] }>(viewer, "list_active_issues", filter));
    expect(await list({ severity: ["low", "critical"] })).toEqual([critical, low]);
    expect(await list({ category: ["security"] })).toEqual([critical]);
    expect(await list({ component: "daemon" })).toEqual([medium]);
  });

  test("the ready list leaves out blocked issues, and claimed ones unless include_claimed is true", async () => {
    const blocked = await file("blocked", { severity: "critical" });
    const blocker = await file("blocker");
    const claimed = await file("claimed", { severity: "high" });
    await callTool(client, "relate_issues", {
      from_issue: blocker,
      to_issue: blocked,
      kind: "blocks",
      conversation_id,
    });
    await callTool(client, "claim_issue", { issue_number: claimed, conversation_id });

    const ready = await callTool<{ issues: Issue[] }>(viewer, "list_ready_issues", {});
    expect(ready).toMatchObject({ issues: [{ issue_number: blocker, unblocks_count: 1 }], next: null });
    const page = await callTool<{ issues: Issue[]; next: number }>(viewer, "list_ready_issues", {
      include_claimed: true,
      limit: 1,
    });
    expect(page).toMatchObject({
      issues: [{ issue_number: claimed, claimed_by: conversation_id }],
      next: 1,
    });
    const rest = await callTool<{ issues: Issue[] }>(viewer, "list_ready_issues", {
      include_claimed: true,
      offset: page.next,
    });
    expect(numbers(rest)).toEqual([blocker]);
  });

  test("search finds words and paths, includes finished issues, and has filters", async () => {
    const number = await file("Sessions leak in the connection pool", {
      file_path: "src/daemon/session_manager.py",
      severity: "high",
    });
    await file("Something else");
    await callTool(client, "update_issue", { issue_number: number, status: "closed", conversation_id });
    const search = async (args: Record<string, unknown>) =>
      numbers(await callTool<{ issues: Issue[] }>(viewer, "search_issues", args));
    expect(await search({ query: "leaking sessions" })).toEqual([number]);
    expect(await search({ query: "session_manager" })).toEqual([number]);
    expect(await search({ query: "sessions", status: ["open"] })).toEqual([]);
    expect(await search({ query: "", severity: ["high"], file: "src/daemon" })).toEqual([number]);
  });

  test("the context and the resource contain the same document", async () => {
    const number = await file("Sessions leak", { file_path: "src/pool.py", line_start: 3, line_end: 9 });
    await callTool(client, "add_steps", {
      issue_number: number,
      conversation_id,
      steps: [{ description: "Look" }],
    });
    await callTool(client, "add_update", {
      issue_number: number,
      conversation_id,
      content: "It was the pool.",
    });
    const context = await callTool(viewer, "get_issue_context", { issue_number: number });
    expect(context).toMatchObject({
      issue: { title: "Sessions leak", created_by: "agent", conversation_id },
      steps: [{ step_number: 1, description: "Look", status: "pending" }],
      updates: [{ content: "It was the pool.", created_by: "agent", conversation_id }],
      location: { file_path: "src/pool.py", line_start: 3, line_end: 9 },
      cut: {},
    });

    const { resources } = await viewer.listResources();
    expect(resources).toMatchObject([
      { uri: "exai://issues/active" },
      { uri: `exai://issues/${number}`, title: `#${number} Sessions leak` },
    ]);
    const { resourceTemplates } = await viewer.listResourceTemplates();
    expect(resourceTemplates).toMatchObject([{ uriTemplate: "exai://issues/{issue_number}" }]);
    const read = async (uri: string): Promise<unknown> => {
      const [content] = (await viewer.readResource({ uri })).contents;
      expect(content).toMatchObject({ uri, mimeType: "application/json" });
      return JSON.parse(content && "text" in content ? content.text : "");
    };
    expect(await read(`exai://issues/${number}`)).toEqual(context);
    expect(await read("exai://issues/active")).toMatchObject({
      issues: [{ issue_number: number }],
      next: null,
    });
    await expect(read("exai://issues/999999")).rejects.toThrow(/There is no engineering issue #999999/);
    await expect(read("exai://issues/nine")).rejects.toThrow(/use its number/);
  });
});

describe("writing", () => {
  test("a repeated create_issue files one issue", async () => {
    const args = { title: "Twice", description: "once", conversation_id, affected_components: ["a", "b"] };
    const answers = await Promise.all(
      [1, 2, 3].map(() => callTool<{ issue: Issue; created: boolean }>(client, "create_issue", args)),
    );
    expect(new Set(answers.map(({ issue }) => issue.issue_number)).size).toBe(1);
    expect(answers.filter(({ created }) => created)).toHaveLength(1);
    const again = await callTool(client, "create_issue", { ...args, idempotency_key: "on purpose" });
    expect(again).toMatchObject({ created: true });
    expect(await sql`select conversation_id, created_by, severity, status from public.exai_issues`).toEqual([
      { conversation_id, created_by: "agent", severity: "medium", status: "open" },
      { conversation_id, created_by: "agent", severity: "medium", status: "open" },
    ]);
  });

  test("a change and a new status are both recorded with their conversation", async () => {
    const number = await file("To be fixed", { root_cause: "unknown" });
    const fixed = await callTool(client, "update_issue", {
      issue_number: number,
      status: "fixed",
      actual_fix: "Close the pool",
      root_cause: null,
      conversation_id: "conversation-2",
    });
    expect(fixed).toMatchObject({ issue: { status: "fixed", fix_conversation_id: "conversation-2" } });
    await callTool(client, "update_issue", {
      issue_number: number,
      status: "open",
      conversation_id: "conversation-3",
    });
    expect(
      await sql`select update_type, content, conversation_id from public.exai_issue_updates order by created_at`,
    ).toEqual([
      {
        update_type: "conversation_link",
        content: "Changed root_cause, actual_fix.",
        conversation_id: "conversation-2",
      },
      { update_type: "status_change", content: "open → fixed", conversation_id: "conversation-2" },
      { update_type: "status_change", content: "fixed → open", conversation_id: "conversation-3" },
    ]);
    expect(await sql`select root_cause, actual_fix from public.exai_issues`).toEqual([
      { root_cause: null, actual_fix: "Close the pool" },
    ]);
  });

  test("a repeated add_update adds one update", async () => {
    const issue_number = await file("Talked about");
    const args = { issue_number, conversation_id, content: "Checked by hand.", update_type: "verification" };
    expect(await callTool(client, "add_update", args)).toMatchObject({
      created: true,
      update: { created_by: "agent" },
    });
    expect(await callTool(client, "add_update", args)).toMatchObject({
      created: false,
      update: { update_type: "verification", content: "Checked by hand." },
    });
    expect(await callTool(client, "add_update", { ...args, idempotency_key: "2" })).toMatchObject({
      created: true,
    });
  });

  test("steps get the given numbers, are added once, and record the conversation that completed them", async () => {
    const issue_number = await file("In steps");
    const steps = [{ description: "One" }, { description: "Two" }, { description: "Two" }, {
      description: "Ten",
      step_number: 10,
    }];
    const args = { issue_number, conversation_id, steps };
    const { steps: added, added_count } = await callTool<{ steps: unknown; added_count: number }>(
      client,
      "add_steps",
      args,
    );
    expect(added_count).toBe(4);
    expect(added).toMatchObject([
      { step_number: 1, description: "One", status: "pending" },
      { step_number: 2, description: "Two" },
      { step_number: 3, description: "Two" },
      { step_number: 10, description: "Ten" },
    ]);
    expect(await callTool(client, "add_steps", args)).toMatchObject({ steps: added, added_count: 0 });
    expect(
      await failTool(client, "add_steps", {
        ...args,
        steps: [{ description: "Not" }, { description: "Taken", step_number: 10 }],
      }),
    ).toMatch(/23505/);

    const complete = (step_number: number, more: Record<string, unknown> = {}) =>
      callTool(client, "complete_step", {
        issue_number,
        step_number,
        conversation_id: "conversation-2",
        ...more,
      });
    expect(await complete(2)).toMatchObject({
      changed: true,
      step: { status: "complete", conversation_id: "conversation-2" },
      progress: { completed_steps: 1, skipped_steps: 0, total_steps: 4 },
    });
    expect(await complete(2, { conversation_id: "conversation-3" })).toMatchObject({
      changed: false,
      step: { status: "complete", conversation_id: "conversation-2" },
    });
    expect(await complete(3, { status: "skipped" })).toMatchObject({ progress: { skipped_steps: 1 } });
    expect(await failTool(client, "complete_step", { issue_number, step_number: 4, conversation_id }))
      .toMatch(/exai_step_unknown.*\n.*Its steps are: 1, 2, 3, 10\./);

    // more than one answer of the API has
    await sql`
      insert into public.exai_issue_checklist (issue_id, step_number, description)
      select i.id, 10 + n, 'More' from public.exai_issues as i, generate_series(1, 1000) as n
      where i.issue_number = ${issue_number}
    `;
    expect(await complete(1_010)).toMatchObject({
      changed: true,
      step: { step_number: 1_010, status: "complete" },
      progress: { completed_steps: 2, skipped_steps: 1, total_steps: 1_004 },
    });
  });

  test("relations are added and removed, and cycles rejected", async () => {
    const from_issue = await file("first");
    const to_issue = await file("second");
    const relation = { from_issue, to_issue, kind: "blocks", conversation_id };
    for (let time = 0; time < 2; time++) {
      expect(await callTool(client, "relate_issues", relation)).toEqual({
        from_issue,
        to_issue,
        kind: "blocks",
      });
    }
    expect(
      await failTool(client, "relate_issues", { ...relation, from_issue: to_issue, to_issue: from_issue }),
    ).toMatch(/^exai_relation_cycle_conflict: /);
    expect(await failTool(client, "relate_issues", { ...relation, to_issue: from_issue }))
      .toMatch(/^exai_relation_invalid: /);
    expect(await callTool(client, "unrelate_issues", relation)).toMatchObject({ removed: true });
    expect(await callTool(client, "unrelate_issues", relation)).toMatchObject({ removed: false });
    expect(await sql`select content, conversation_id from public.exai_issue_updates order by created_at`)
      .toEqual([
        { content: `Related: #${from_issue} blocks #${to_issue}.`, conversation_id },
        { content: `No longer: #${from_issue} blocks #${to_issue}.`, conversation_id },
      ]);
  });

  test("a claim belongs to the conversation until it is released", async () => {
    const issue_number = await file("wanted");
    const claim = { issue_number, conversation_id, minutes: 5 };
    expect(await callTool(client, "claim_issue", claim)).toMatchObject({
      issue: { claimed_by: conversation_id },
    });
    await callTool(client, "claim_issue", claim);
    expect(await failTool(client, "claim_issue", { ...claim, conversation_id: "conversation-2" }))
      .toMatch(
        /^exai_claim_conflict: Issue #\d+ is claimed by conversation-1 until .*\nWhat to do: Choose another issue/,
      );
    const other = { conversation_id: "conversation-2" };
    expect(await callTool(client, "release_issue", { issue_number, ...other })).toMatchObject({
      released: false,
    });
    expect(await callTool(client, "release_issue", { issue_number, conversation_id })).toEqual({
      issue_number,
      released: true,
    });
    expect(await callTool(client, "next_issue", other)).toMatchObject({
      issue: { issue_number, claimed_by: "conversation-2" },
    });
    expect(await callTool(client, "next_issue", other)).toEqual({ issue: null });
    expect(await sql`select content, conversation_id from public.exai_issue_updates order by created_at`)
      .toEqual([
        { content: "Claimed.", conversation_id },
        { content: "Released.", conversation_id },
        { content: "Claimed.", ...other },
      ]);
  });

  test("of two concurrent claims, one succeeds", async () => {
    const issue_number = await file("wanted by two");
    const other = await connectMcp(team.project, await tokenOf(team.agent));
    const claims = await Promise.all(
      [client, other].map((one, at) =>
        one.callTool({ name: "claim_issue", arguments: { issue_number, conversation_id: `racer-${at}` } })
      ),
    );
    expect(claims.filter(({ isError }) => !isError)).toHaveLength(1);
    expect(claims.find(({ isError }) => isError)?.structuredContent).toMatchObject({
      error: { code: "exai_claim_conflict" },
    });

    await file("a");
    await file("b");
    const taken = await Promise.all(
      [client, other].map((one, at) =>
        callTool<{ issue: Issue }>(one, "next_issue", { conversation_id: `racer-${at}` })
      ),
    );
    expect(new Set(taken.map(({ issue }) => issue.title))).toEqual(new Set(["a", "b"]));
    await other.close();
  });
});
