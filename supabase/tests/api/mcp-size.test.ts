import type { Client } from "@modelcontextprotocol/client";
import type { Sql } from "postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { countTokens, MAX_TOKENS } from "../../functions/mcp/bounded.ts";
import { failTool, fileIssue, type Issue, type McpTeam, openMcpTeam, refuseTool } from "../support/mcp.ts";

// Every tool and resource over issues whose every part is as large as it can be, in scripts with many tokens per character:
// answers stay bounded, and what was left out can be asked for.

const conversation_id = "conversation-1";
const SIZES = { description: 30_000, root_cause: 9_000, impact_description: 100, recommended_fix: 12_000 };
const STEPS = 220;
const UPDATES = 60;
const RELATIONS = 120;

let team: McpTeam;
let client: Client;
let sql: Sql;
let large: number;

beforeAll(async () => {
  team = await openMcpTeam();
  ({ client, sql } = team);
  large = await fileIssue(client, { title: "Large", conversation_id });
  await sql`
    update public.exai_issues set title = repeat('題', 5000), file_path = repeat('路/', 2000),
      affected_components = (select array_agg(n || repeat('件', 400)) from generate_series(1, 150) as n)
    where issue_number = ${large}
  `;
  for (const [column, size] of Object.entries(SIZES)) {
    await sql`
      update public.exai_issues set ${sql(column)} = (
        select string_agg(case when n % 3 = 0 then '🚀' when n % 3 = 1 then '數' else n::text end, '')
        from generate_series(1, ${size / 2}) as n
      ) where issue_number = ${large}
    `;
  }
  const [{ id } = { id: "" }] = await sql<{ id: string }[]>`
    select id from public.exai_issues where issue_number = ${large}
  `;
  await sql`
    insert into public.exai_issue_checklist (issue_id, step_number, description, status)
    select ${id}, n, n || repeat('步', 300), case when n % 2 = 0 then 'complete' else 'pending' end
    from generate_series(1, ${STEPS}) as n
  `;
  await sql`
    insert into public.exai_issue_updates (issue_id, content, conversation_id, created_at)
    select ${id}, n || repeat('更🚀', case when n % 10 = 0 then 6000 else 200 end), 'c' || n,
      '2026-01-01T00:00:00Z'::timestamptz + n * interval '1 hour'
    from generate_series(1, ${UPDATES}) as n
  `;
  await sql`
    insert into public.exai_issues (issue_number, title, file_path, conversation_id)
    select 1000 + n, n || repeat('號', 150), repeat('路', 50), repeat('話', 50)
    from generate_series(1, ${RELATIONS}) as n
  `;
  await sql`
    insert into public.exai_issue_relations (from_issue_id, to_issue_id, kind)
    select ${id}, i.id, 'relates' from public.exai_issues as i where i.issue_number > 1000
  `;
});

afterAll(async () => {
  await team?.close();
});

/** Calls a tool, checks how much the client received, and returns its structured content. */
async function call<T>(name: string, args: Record<string, unknown>): Promise<T> {
  const result = await client.callTool({ name, arguments: args });
  expect(countTokens(JSON.stringify(result)), name).toBeLessThan(MAX_TOKENS * 1.05);
  expect(result.isError, JSON.stringify(result.content)).toBeFalsy();
  expect(result.content).toEqual([{ type: "text", text: JSON.stringify(result.structuredContent) }]);
  return result.structuredContent as T;
}

interface Context {
  issue: Record<string, string>;
  texts?: Record<string, string>;
  steps?: { step_number: number; status: string }[];
  updates?: { content: string; text_length?: number; text_cursor?: string; created_at: string }[];
  relations?: { issue_number: number }[];
  conversations?: { conversation_id: string }[];
  cut: { texts?: string[]; next?: Record<string, string>; how?: string; [part: string]: unknown };
}

const context = (args: Record<string, unknown> = {}) =>
  call<Context>("get_issue_context", { issue_number: large, ...args });

/** A section from its first page to its last. */
async function follow<T>(section: string, read: (page: Context) => T[]): Promise<T[]> {
  const found: T[] = [];
  let cursor: string | undefined;
  for (let pages = 0; pages < 200; pages++) {
    const page = await context(cursor === undefined ? { sections: [section] } : { cursor });
    found.push(...read(page));
    cursor = page.cut.next?.[section];
    if (cursor === undefined) return found;
  }
  throw new Error("no last page");
}

describe("the context of a large issue", () => {
  test("has the newest and most relevant of every section, and names the rest", async () => {
    const { issue, steps = [], updates = [], relations = [], conversations = [], cut } = await context();
    expect(updates[0]?.content).toMatch(/^60/);
    expect(updates.length).toBeGreaterThan(1);
    expect(steps.every(({ status }) => status === "pending")).toBe(true);
    expect(steps.map(({ step_number }) => step_number)).toEqual(steps.map((_, at) => 2 * at + 1));
    expect(conversations[0]?.conversation_id).toMatch(/^c60$|^conversation-1$/);
    for (const name of ["title", "description", "root_cause", "recommended_fix"]) {
      expect(issue[name]?.length, name).toBeGreaterThan(100);
    }
    expect(cut).toMatchObject({
      texts: ["description", "recommended_fix", "root_cause", "title"],
      steps: STEPS - steps.length,
      updates: UPDATES - updates.length,
      relations: RELATIONS - relations.length,
      affected_components: expect.any(Number) as number,
      next: {
        steps: `steps:${steps.length}`,
        updates: `updates:${updates.length}`,
        description: `description:${[...issue.description ?? ""].length}`,
      },
      how: expect.stringContaining("cursor") as string,
    });
  });

  test("each section can be read to its end", async () => {
    const steps = await follow("steps", (page) => page.steps?.map((step) => step.step_number) ?? []);
    expect(steps.toSorted((one, other) => one - other)).toEqual(
      Array.from({ length: STEPS }, (_, at) => at + 1),
    );
    const updates = await follow(
      "updates",
      (page) => page.updates?.map(({ content }) => parseInt(content)) ?? [],
    );
    expect(updates).toEqual(Array.from({ length: UPDATES }, (_, at) => UPDATES - at));
    const relations = await follow(
      "relations",
      (page) => page.relations?.map((one) => one.issue_number) ?? [],
    );
    expect(new Set(relations).size).toBe(RELATIONS);
    const conversations = await follow(
      "conversations",
      (page) => page.conversations?.map((one) => one.conversation_id) ?? [],
    );
    expect(new Set(conversations).size).toBe(UPDATES + 1);
    for (const name of ["title", "description"]) {
      const [stored] = await sql<{ text: string }[]>`
        select ${sql(name)} as text from public.exai_issues where issue_number = ${large}
      `;
      const read = await follow(name, (page) => [page.texts?.[name] ?? ""]);
      expect(read.join("") === stored?.text, name).toBe(true);
    }
  });

  test("sections, since, limit", async () => {
    expect(Object.keys(await context({ sections: ["relations"] }))).toEqual(["relations", "cut"]);
    const since = await context({ sections: ["updates"], since: "2026-01-03T06:00:00Z" });
    expect(since.updates?.map(({ content }) => parseInt(content))).toEqual([60, 59, 58, 57, 56, 55, 54]);
    expect(since.cut).toEqual({ texts_of_rows: 1, how: expect.any(String) as string });
    const limited = await context({ sections: '["updates", "steps"]', limit: "2" });
    expect(limited).toMatchObject({ cut: { updates: 58, next: { updates: "updates:2", steps: "steps:2" } } });
    const [first] = (await context()).updates ?? [];
    expect(first?.text_length).toBe(12_002);
    let text = first?.content ?? "";
    for (let cursor = first?.text_cursor; cursor !== undefined;) {
      const { updates: [row] = [], ...rest } = await context({ cursor });
      expect(rest).toEqual({
        cut: row?.text_cursor ? { texts_of_rows: 1, how: expect.any(String) as string } : {},
      });
      text += row?.content ?? "";
      cursor = row?.text_cursor;
    }
    expect(text).toBe(`60${"更🚀".repeat(6_000)}`);
    expect(await refuseTool(client, "get_issue_context", { issue_number: large, sections: ["all"] })).toMatch(
      /steps/,
    );
    expect(await refuseTool(client, "get_issue_context", { issue_number: large, cursor: "all:1" })).toMatch(
      /cursor/,
    );
    expect(await refuseTool(client, "get_issue_context", { issue_number: large, since: "2026-13-01" }))
      .toMatch(/since/);
  });

  test("the resources", async () => {
    const read = async (uri: string) => {
      const result = await client.readResource({ uri });
      expect(countTokens(JSON.stringify(result)), uri).toBeLessThan(MAX_TOKENS);
      const [content] = result.contents;
      return JSON.parse(content && "text" in content ? content.text : "") as Record<string, unknown>;
    };
    expect(await read(`exai://issues/${large}`)).toEqual(await context());
    expect(await read("exai://issues/active")).toMatchObject({
      next: expect.stringMatching(/^medium:\d+$/) as string,
      cut: { issues: expect.any(Number) as number },
    });
    expect(countTokens(JSON.stringify(await client.listResources()))).toBeLessThan(MAX_TOKENS);
  });
});

describe("lists", () => {
  test.each<[string, string, Record<string, unknown>]>([
    ["list_active_issues", "after", {}],
    ["list_ready_issues", "offset", {}],
    ["search_issues", "offset", { query: "" }],
  ])("%s: pages contain every issue once", async (name, argument, args) => {
    const seen: number[] = [];
    let next: unknown = null;
    do {
      const page: { issues: Issue[]; next: unknown } = await call(name, {
        ...args,
        limit: name === "search_issues" ? 50 : 100,
        ...(next === null ? {} : { [argument]: next }),
      });
      seen.push(...page.issues.map((issue) => issue.issue_number));
      next = page.next;
    } while (next !== null && seen.length <= 2 * RELATIONS);
    expect(seen).toHaveLength(RELATIONS + 1);
    expect(new Set(seen).size).toBe(RELATIONS + 1);
  });

  test("similar_issues says how many it left out", async () => {
    const title = `login ${"題".repeat(290)}`;
    await sql`
      insert into public.issues (title, segment) select ${title}, 'auth' from generate_series(1, 50)
    `;
    const found = await call<{ issues: unknown[]; cut: { issues: number; how: string } }>("similar_issues", {
      title,
      limit: 50,
    });
    expect(found.issues.length).toBeGreaterThan(5);
    expect(found.cut.issues).toBe(50 - found.issues.length);
    expect(found.cut.how).toContain("search_tracker_issues");
  });

  test("the tools themselves", async () => {
    expect(countTokens(JSON.stringify(await client.listTools()))).toBeLessThan(MAX_TOKENS);
  });
});

describe("tools that write", () => {
  test("answer with what they did, in brief", async () => {
    const steps = Array.from({ length: 100 }, (_, at) => ({ description: `${at}${"步".repeat(995)}` }));
    const added = await call<{ steps: { step_number: number }[]; added_count: number; cut: unknown }>(
      "add_steps",
      {
        issue_number: large,
        steps,
        conversation_id,
      },
    );
    expect(added.steps.map(({ step_number }) => step_number)).toEqual(steps.map((_, at) => STEPS + at + 1));
    expect(added.cut).toMatchObject({ how: expect.stringContaining("get_issue_context") as string });
    await call("add_update", { issue_number: large, content: "更".repeat(20_000), conversation_id });
    await call("create_issue", {
      title: "題".repeat(500),
      description: "描".repeat(20_000),
      conversation_id,
    });
    await call("update_issue", { issue_number: large, root_cause: "因".repeat(20_000), conversation_id });
    await call("claim_issue", { issue_number: large, conversation_id });
    await call("complete_step", { issue_number: large, step_number: 1, conversation_id });
  });

  test("errors are short", async () => {
    const long = "長".repeat(1_000);
    const error = await failTool(client, "complete_step", {
      issue_number: large,
      step_number: 9_999,
      conversation_id,
    });
    expect(error.length).toBeLessThan(4_000);
    expect((await refuseTool(client, "claim_issue", { issue_number: large, conversation_id: long })).length)
      .toBeLessThan(4_000);
  });
});
