import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Sql } from "postgres";
import { single, thread } from "../../../scripts/demo/messages.ts";
import { connect, openTestProject, type TestProject } from "../support/database.ts";
import { anonymous, type Client, rows, server, signUp } from "../support/people.ts";

// The same calls by others: a viewer reads and can't write, strangers and anonymous callers get nothing.

let project: TestProject;
let sql: Sql;
const ids = { issue: "", comment: "", message: "", session: "" };
const clients = new Map<string, Client>();

beforeAll(async () => {
  project = await openTestProject();
  sql = connect(project.database);
  const agent = await signUp(project, "agnes", "agent");
  clients.set("viewer", (await signUp(project, "vera", "viewer")).client);
  clients.set("stranger", (await signUp(project, "sten")).client);
  clients.set("anon", anonymous(project));
  await rows(agent.client.rpc("handle_circle_webhook", { request: [single, thread(2)] }));
  const issue = await rows(
    agent.client.from("issues").insert({ title: "Export", segment: "code", tags: ["csv"] }).select().single(),
  );
  ids.issue = issue.id;
  ids.comment = (await rows(
    agent.client.from("comments").insert({ issue_id: issue.id, body: "Hello" }).select().single(),
  )).id;
  ids.message =
    (await rows(agent.client.from("circle_issues").select("id").eq("is_thread", true).single())).id;
  ids.session =
    (await rows(agent.client.from("user_sessions").insert({ profile_name: "Agnes" }).select().single())).id;
  await rows(
    server(project).from("circle_spaces").insert({ space_name: "Help chat", chat_room_uuid: "x" }).select(),
  );
});

afterAll(async () => {
  await sql?.end();
  await project?.close();
});

const client = (name: string): Client => {
  const found = clients.get(name);
  if (!found) throw new Error(`There is no ${name}.`);
  return found;
};

/** All rows of the tracker as one text. */
async function everything(): Promise<string> {
  const tables = [
    "issues",
    "comments",
    "issue_status_logs",
    "tags",
    "issue_tags",
    "circle_spaces",
    "circle_issues",
    "circle_replies",
    "issue_import_logs",
    "user_sessions",
  ];
  const texts = await Promise.all(tables.map(async (table) => {
    const [row] = await sql<{ text: string }[]>`
      select coalesce(string_agg(t::text, e'\n' order by t::text), '') as text from ${
      sql(`public.${table}`)
    } as t
    `;
    return `${table}\n${row?.text}`;
  }));
  return texts.join("\n\n");
}

/** Each read that a front end makes. */
const reads: Record<string, (by: Client) => PromiseLike<{ data: unknown; status: number }>> = {
  issues: (by) => by.from("issues").select("*").order("created_at", { ascending: false }),
  "an issue with its comments and tags": (by) =>
    by.from("issues").select("*, comments(*), issue_tags(tag_name)").eq("id", ids.issue),
  comments: (by) => by.from("comments").select("*").eq("issue_id", ids.issue).order("created_at"),
  issue_status_logs: (by) => by.from("issue_status_logs").select("*"),
  issue_activity_log: (by) => by.from("issue_activity_log").select("*").limit(20),
  tags: (by) => by.from("tags").select("*"),
  issue_tags: (by) => by.from("issue_tags").select("*"),
  circle_spaces: (by) => by.from("circle_spaces").select("*"),
  circle_issues: (by) => by.from("circle_issues").select("*, issues:mapped_to_issue_id(*)"),
  circle_replies: (by) => by.from("circle_replies").select("*"),
  issue_import_logs: (by) => by.from("issue_import_logs").select("*"),
};

/** Each write that a front end makes. */
const writes: Record<string, (by: Client) => PromiseLike<{ data: unknown; status: number }>> = {
  "insert an issue": (by) => by.from("issues").insert({ title: "Mine", segment: "code" }).select().single(),
  "insert an issue without returning it": (by) =>
    by.from("issues").insert({ title: "Mine", segment: "code" }),
  "upsert an issue": (by) => by.from("issues").upsert({ id: ids.issue, title: "Mine", segment: "code" }),
  "resolve an issue": (by) => by.from("issues").update({ status: "resolved" }).eq("id", ids.issue).select(),
  "edit every issue": (by) => by.from("issues").update({ title: "Mine" }).not("id", "is", null).select(),
  "mark an issue ready": (by) =>
    by.from("issues").update({ ready_for_delivery: true }).eq("id", ids.issue).select(),
  "delete an issue": (by) => by.from("issues").delete().eq("id", ids.issue).select(),
  "insert a comment": (by) => by.from("comments").insert({ issue_id: ids.issue, body: "Mine" }),
  "edit a comment": (by) => by.from("comments").update({ body: "Mine" }).eq("id", ids.comment).select(),
  "delete a comment": (by) => by.from("comments").delete().eq("id", ids.comment).select(),
  "insert a status log": (by) =>
    by.from("issue_status_logs").insert({ issue_id: ids.issue, new_status: "blocked" }),
  "insert a tag": (by) => by.from("tags").insert({ name: "mine" }),
  "delete a tag": (by) => by.from("tags").delete().eq("name", "csv").select(),
  "add a tag": (by) => by.from("issue_tags").insert({ issue_id: ids.issue, tag_name: "circle" }),
  "remove a tag": (by) => by.from("issue_tags").delete().eq("issue_id", ids.issue).select(),
  "insert a space": (by) => by.from("circle_spaces").insert({ space_name: "Mine", chat_room_uuid: "y" }),
  "edit a space": (by) =>
    by.from("circle_spaces").update({ space_name: "Mine" }).eq("chat_room_uuid", "x").select(),
  "insert a message": (by) => by.from("circle_issues").insert({ message_id: "1", raw_data: {} }),
  "edit a message": (by) =>
    by.from("circle_issues").update({ is_triaged: false }).eq("id", ids.message).select(),
  "insert a reply": (by) =>
    by.from("circle_replies").insert({ message_id: "2", circle_issue_id: ids.message, reply_index: 9 }),
  "log an import": (by) => by.from("issue_import_logs").insert({ circle_issue_id: ids.message }),
  "edit another's session": (by) =>
    by.from("user_sessions").update({ profile_name: "Mine" }).eq("id", ids.session).select(),
  "call upsert_circle_issue": (by) => by.rpc("upsert_circle_issue", { p_message_id: "1" }),
  "call process_circle_webhook": (by) => by.rpc("process_circle_webhook", { p_payload: single }),
  "call handle_circle_webhook": (by) => by.rpc("handle_circle_webhook", { request: [single] }),
  "call cleanup_legacy_test_data": (by) => by.rpc("cleanup_legacy_test_data", { days_old: 0 }),
};

describe("a viewer", () => {
  test.each(Object.keys(reads))("reads %s", async (name) => {
    const { data, status } = await reads[name]?.(client("viewer")) ?? {};
    expect(status).toBe(200);
    expect(data).not.toHaveLength(0);
  });

  test("calls functions that only read", async () => {
    const { data } = await client("viewer").rpc("format_circle_message_description", {
      p_circle_issue_id: ids.message,
    });
    expect(data).toContain("The CSV export throws an error");
    expect(await rows(client("viewer").rpc("determine_segment", { p_title: "Login", p_description: "" })))
      .toBe("auth");
  });
});

describe.each([
  ["a stranger", "stranger"],
  ["an anonymous caller", "anon"],
])("%s", (_name, who) => {
  test.each(Object.keys(reads))("gets no rows: %s", async (name) => {
    const { data, status } = await reads[name]?.(client(who)) ?? {};
    if (who === "anon") expect([status, data]).toEqual([401, null]);
    else expect([status, data]).toEqual([200, []]);
  });

  test("gets no count, and can't start a session", async () => {
    const { count } = await client(who).from("issues").select("id", { count: "exact", head: true });
    expect(count ?? 0).toBe(0);
    const { data, error } = await client(who).from("user_sessions").insert({ profile_name: "Me" }).select();
    expect([data, error?.code]).toEqual([null, who === "anon" ? "42501" : "PT403"]);
  });

  test("gets no text of a message", async () => {
    const { data, status } = await client(who).rpc("format_circle_message_description", {
      p_circle_issue_id: ids.message,
    });
    expect(data).toBeNull();
    expect(status).toBe(who === "anon" ? 401 : 403);
  });
});

describe.each(["viewer", "stranger", "anon"])("nothing is written by a client of kind %s", (who) => {
  test.each(Object.keys(writes))("%s", async (name) => {
    const before = await everything();
    const { data, status } = await writes[name]?.(client(who)) ?? {};
    // a viewer may change sessions, and this one is not theirs
    if (who === "viewer" && name === "edit another's session") expect([status, data]).toEqual([200, []]);
    else expect(status).toBe(who === "anon" ? 401 : 403);
    expect(await everything()).toBe(before);
  });
});
