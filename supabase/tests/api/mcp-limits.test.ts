import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Client } from "@modelcontextprotocol/client";
import type { Sql } from "postgres";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { ROOT } from "../../../scripts/local/paths.ts";
import {
  CATEGORIES,
  RELATION_KINDS,
  SEVERITIES,
  STATUSES,
  STEP_STATUSES,
  UPDATE_TYPES,
} from "../../functions/mcp/inputs.ts";
import {
  callTool,
  connectMcp,
  failTool,
  fileIssue,
  type Issue,
  type McpTeam,
  openMcpTeam,
  refuseTool,
} from "../support/mcp.ts";
import { signUp } from "../support/people.ts";
import { shellPath } from "../support/shell.ts";

// What assistants may not do, invalid arguments, and whether docs/mcp.md and the tools agree.

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

describe("a viewer", () => {
  test("gets team_role_required from every tool that writes, and changes nothing", async () => {
    const issue_number = await file("seen");
    await callTool(client, "add_steps", { issue_number, conversation_id, steps: [{ description: "One" }] });
    const other = await file("other");
    const before = await everything();
    const calls: Record<string, Record<string, unknown>> = {
      answer_escalation: { escalation_id: crypto.randomUUID(), content: "no" },
      create_issue: { title: "no" },
      update_issue: { issue_number, title: "no" },
      add_update: { issue_number, content: "no" },
      add_steps: { issue_number, steps: [{ description: "no" }] },
      complete_step: { issue_number, step_number: 1 },
      relate_issues: { from_issue: issue_number, to_issue: other, kind: "blocks" },
      unrelate_issues: { from_issue: issue_number, to_issue: other, kind: "blocks" },
      claim_issue: { issue_number },
      release_issue: { issue_number },
      next_issue: {},
    };
    const { tools } = await viewer.listTools();
    expect(Object.keys(calls)).toEqual(
      tools.filter((tool) => !tool.annotations?.readOnlyHint).map((tool) => tool.name),
    );
    for (const [name, args] of Object.entries(calls)) {
      expect(await failTool(viewer, name, { ...args, conversation_id }), name).toMatch(
        /^team_role_required: /,
      );
    }
    expect(
      await failTool(viewer, "update_issue", { issue_number, status: "closed", conversation_id }),
    ).toMatch(/^team_role_required: /);
    expect(await everything()).toEqual(before);
  });
});

const everything = () =>
  sql`
    select i.*, (select count(*) from public.exai_issue_updates) as updates,
      (select array_agg(c.status) from public.exai_issue_checklist as c) as steps,
      (select count(*) from public.exai_issue_relations) as relations
    from public.exai_issues as i order by i.issue_number
  `;

describe("invalid arguments", () => {
  test.each<[string, string, Record<string, unknown>, RegExp]>([
    ["no title", "create_issue", { conversation_id }, /title/],
    ["a blank title", "create_issue", { title: "  ", conversation_id }, /title/],
    [
      "an unknown value",
      "create_issue",
      { title: "a", severity: "urgent", conversation_id },
      /critical.*high.*low/,
    ],
    [
      "an unknown key",
      "create_issue",
      { titel: "a", title: "a", conversation_id },
      /Unrecognized key: "titel"/,
    ],
    [
      "a long text",
      "create_issue",
      { title: "a", description: "x".repeat(20_001), conversation_id },
      /20000/,
    ],
    [
      "text for a number",
      "update_issue",
      { issue_number: "one", title: "a", conversation_id },
      /issue_number/,
    ],
    ["many steps", "add_steps", {
      issue_number: 1,
      steps: Array(101).fill({ description: "a" }),
      conversation_id,
    }, /100/],
    [
      "a large array",
      "add_steps",
      { issue_number: 1, steps: Array(2_000).fill(1), conversation_id },
      /maximum of 1000/,
    ],
    [
      "an unknown kind",
      "relate_issues",
      { from_issue: 1, to_issue: 2, kind: "likes", conversation_id },
      /blocks/,
    ],
    ["a long claim", "claim_issue", { issue_number: 1, minutes: 1_441, conversation_id }, /1440/],
    ["an invalid cursor", "list_active_issues", { after: "high:1;drop" }, /after/],
    ["no conversation", "create_issue", { title: "a" }, /conversation_id/],
    ["no query", "search_issues", {}, /query/],
    ["an unknown tool", "drop_tables", {}, /not found/],
  ])("%s: %s refuses it", async (_, name, args, message) => {
    expect(await refuseTool(client, name, args)).toMatch(message);
  });

  test.each<[string, string, Record<string, unknown>, RegExp]>([
    [
      "line_end without line_start",
      "create_issue",
      { title: "a", line_end: 3, conversation_id },
      /line_end_follows_line_start/,
    ],
    ["no change", "update_issue", { issue_number: 1, conversation_id }, /exai_change_required/],
    [
      "an unknown issue",
      "update_issue",
      { issue_number: 999_999, title: "a", conversation_id },
      /exai_issue_unknown.*#999999/,
    ],
    [
      "steps of an unknown issue",
      "add_steps",
      { issue_number: 999_999, steps: [{ description: "a" }], conversation_id },
      /exai_issue_unknown/,
    ],
    [
      "a claim of an unknown issue",
      "claim_issue",
      { issue_number: 999_999, conversation_id },
      /exai_issue_unknown/,
    ],
    ["the context of an unknown issue", "get_issue_context", { issue_number: 999_999 }, /exai_issue_unknown/],
  ])("%s: the result of %s names it", async (_, name, args, message) => {
    expect(await failTool(client, name, args)).toMatch(message);
  });

  test("a filter with special characters matches them literally", async () => {
    await file("plain");
    for (const component of ["a,b", "{a}", '"', "\\", "a)", "%"]) {
      expect(await callTool(client, "list_active_issues", { component }), component).toMatchObject({
        issues: [],
      });
    }
    await file("odd", { affected_components: ['a,"b}\\', "{a}"] });
    for (const component of ['a,"b}\\', "{a}"]) {
      expect(await callTool(client, "list_active_issues", { component })).toMatchObject({
        issues: [{ title: "odd" }],
      });
    }
  });

  test("the longest texts are accepted, and lists stay short", async () => {
    const issue_number = await file("Large", {
      description: "ä".repeat(20_000),
      root_cause: "\u{1f600}".repeat(10_000),
      affected_components: Array.from({ length: 100 }, (_, at) => `component-${at}`),
    });
    const { issues } = await callTool<{ issues: Issue[] }>(client, "list_active_issues", {});
    expect(issues[0]?.affected_components).toHaveLength(20);
    expect(await callTool(client, "get_issue_context", { issue_number })).toMatchObject({
      cut: { texts: ["description", "root_cause"] },
    });
  });
});

describe("docs/mcp.md", () => {
  test("lists every tool and resource, and no other", async () => {
    const page = readFileSync(join(ROOT, "docs/mcp.md"), "utf8");
    const section = page.split("## Tools\n")[1]?.split("\n## ")[0] ?? "";
    const listed = [...section.matchAll(/^- `([\w:/{}]+)`: /gm)].map(([, name]) => name);
    const { tools } = await client.listTools();
    const { resourceTemplates } = await client.listResourceTemplates();
    expect(listed).toEqual([
      ...tools.map((tool) => tool.name),
      "exai://issues/active",
      ...resourceTemplates.map((template) => template.uriTemplate),
    ]);
    for (const tool of tools) {
      expect(tool.inputSchema.properties, tool.name).toHaveProperty("conversation_id");
      expect(tool.inputSchema.additionalProperties, tool.name).toBe(false);
      expect(tool.inputSchema.required?.includes("conversation_id") ?? false, tool.name)
        .toBe(!tool.annotations?.readOnlyHint);
    }
  });

  test("contains a command that gets a token", async () => {
    const page = readFileSync(join(ROOT, "docs/mcp.md"), "utf8");
    const script = page.match(/```sh\n(source .*?)```/s)?.[1]?.replace("source .local/env\n", "") ?? "";
    await signUp(team.project, "you", "viewer");
    const shell = promisify(execFile)("bash", ["-euo", "pipefail", "-c", `${script}printf %s "$TOKEN"`], {
      env: {
        PATH: shellPath(),
        SUPABASE_URL: team.project.url,
        SUPABASE_PUBLISHABLE_KEY: team.project.publishableKey,
      },
    });
    shell.child.stdin?.end("a-long-test-password\n");
    const you = await connectMcp(team.project, (await shell).stdout);
    await callTool(you, "list_active_issues", {});
    await you.close();
  });

  test("values are those of the database's constraints", async () => {
    const allowed = async (table: string, name: string): Promise<string[]> => {
      const [row] = await sql<{ rule: string }[]>`
        select pg_get_constraintdef(c.oid) as rule from pg_constraint as c
        where c.conrelid = ${`public.${table}`}::regclass and c.conname = ${`${table}_${name}_is_known`}
      `;
      return [...row?.rule.matchAll(/'(\w+)'/g) ?? []].map(([, value = ""]) => value);
    };
    expect(await allowed("exai_issues", "severity")).toEqual([...SEVERITIES]);
    expect(await allowed("exai_issues", "category")).toEqual([...CATEGORIES]);
    expect(await allowed("exai_issues", "status")).toEqual([...STATUSES]);
    expect(await allowed("exai_issue_checklist", "status")).toEqual([...STEP_STATUSES]);
    expect(await allowed("exai_issue_relations", "kind")).toEqual([...RELATION_KINDS]);
    // the database writes status_change itself
    expect((await allowed("exai_issue_updates", "update_type")).filter((type) => type !== "status_change"))
      .toEqual([...UPDATE_TYPES]);
  });
});
