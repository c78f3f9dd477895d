import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openTestProject, type TestProject } from "../support/database.ts";
import { type Client, type Person, rows, server, signUp } from "../support/people.ts";

// Comments, logs, tags, spaces and sessions: the calls that front ends of the seed's schema make.

let project: TestProject;
let agent: Client;
let person: Person;
let secret: Client;
let issueId: string;

beforeAll(async () => {
  project = await openTestProject();
  person = await signUp(project, "agnes", "agent");
  agent = person.client;
  secret = server(project);
});

afterAll(async () => {
  await project?.close();
});

beforeEach(async () => {
  await secret.from("issues").delete().not("id", "is", null);
  await secret.from("tags").delete().neq("name", "");
  const { data } = await agent.from("issues").insert({ title: "Export", segment: "code" }).select().single();
  issueId = data?.id ?? "";
});

describe("comments", () => {
  const comment = (author_name: string, body: string, created_at: string) =>
    rows(
      agent.from("comments").insert({ issue_id: issueId, author_name, body, created_at }).select().single(),
    );

  test("are added and listed in order", async () => {
    await comment("Lee Park", "Second", "2026-01-02T00:00:00Z");
    const first = await comment("Ana Ruiz", "First", "2026-01-01T00:00:00Z");
    expect(first).toMatchObject({ issue_id: issueId, author_name: "Ana Ruiz", author_user_id: person.id });
    const unnamed = await rows(
      agent.from("comments").insert({ issue_id: issueId, body: "Third" }).select().single(),
    );
    expect(unnamed.author_name).toBe("agnes");
    const found = await rows(
      agent.from("comments").select("*").eq("issue_id", issueId).order("created_at", { ascending: true }),
    );
    expect(found.map(({ body }) => body)).toEqual(["First", "Second", "Third"]);
  });

  test("on an issue that does not exist are rejected", async () => {
    const { status, error } = await agent.from("comments").insert({
      issue_id: crypto.randomUUID(),
      author_name: "Ana",
      body: "Hello?",
    });
    expect([status, error?.code]).toEqual([409, "23503"]);
  });

  test("can embed their issue, and the issue its comments and tags", async () => {
    await comment("Ana Ruiz", "First", "2026-01-01T00:00:00Z");
    await comment("Lee Park", "Second", "2026-01-02T00:00:00Z");
    await rows(agent.from("issue_tags").insert({ issue_id: issueId, tag_name: "export" }).select());
    const issue = await rows(
      agent.from("issues").select("*, comments(*), issue_tags(tag_name)").eq("id", issueId)
        .order("created_at", { referencedTable: "comments", ascending: false }).single(),
    );
    expect(issue.comments.map(({ body }) => body)).toEqual(["Second", "First"]);
    expect(issue.issue_tags).toEqual([{ tag_name: "export" }]);
    const found = await rows(
      agent.from("comments").select("body, issues(*, comments(*))").eq("body", "First"),
    );
    expect(found).toMatchObject([{ body: "First", issues: { title: "Export", comments: [{}, {}] } }]);
  });

  test("can be counted by their issue", async () => {
    await comment("Ana Ruiz", "First", "2026-01-01T00:00:00Z");
    const [issue] = await rows(agent.from("issues").select("id, comments(count)"));
    expect(issue?.comments).toEqual([{ count: 1 }]);
  });
});

describe("logs", () => {
  beforeEach(async () => {
    for (const status of ["in_progress", "resolved"]) {
      await rows(agent.from("issues").update({ status }).eq("id", issueId).select());
    }
  });

  test("issue_status_logs contains who changed what, in order", async () => {
    const log = await rows(
      agent.from("issue_status_logs").select("old_status, new_status, changed_by, changed_by_user_id")
        .eq("issue_id", issueId).order("changed_at", { ascending: true }),
    );
    const by = { changed_by: "agnes", changed_by_user_id: person.id };
    expect(log).toEqual([
      { old_status: null, new_status: "waiting_for_help", ...by },
      { old_status: "waiting_for_help", new_status: "in_progress", ...by },
      { old_status: "in_progress", new_status: "resolved", ...by },
    ]);
    const newest = await rows(
      agent.from("issue_status_logs").select("*").eq("issue_id", issueId)
        .order("changed_at", { ascending: false }).limit(1),
    );
    expect(newest).toMatchObject([{ new_status: "resolved" }]);
    const [embedded] = await rows(agent.from("issues").select("issue_status_logs(new_status)"));
    expect(embedded?.issue_status_logs).toHaveLength(3);
  });

  test("issue_status_logs can't be written by a client", async () => {
    const logs = () => agent.from("issue_status_logs");
    for (
      const call of [
        logs().insert({ issue_id: issueId, new_status: "blocked" }),
        logs().update({ changed_by: "Mallory" }).eq("issue_id", issueId),
        logs().delete().eq("issue_id", issueId),
      ]
    ) {
      const { status, error } = await call;
      expect([status, error?.code]).toEqual([403, "42501"]);
    }
    expect(await rows(logs().select("id"))).toHaveLength(3);
  });

  test("issue_activity_log contains each issue with its latest comment", async () => {
    await rows(
      agent.from("comments").insert({ issue_id: issueId, author_name: "Lee Park", body: "Hi" }).select(),
    );
    const [found] = await rows(
      agent.from("issue_activity_log").select("*").order("last_comment_at", { ascending: false }).limit(20),
    );
    expect(found).toMatchObject({
      id: issueId,
      issue_title: "Export",
      segment: "code",
      status: "resolved",
      assigned_to: null,
      resolved_by: "agnes",
      last_commenter: "Lee Park",
    });
    expect(found?.last_comment_at).not.toBeNull();
    expect(await rows(agent.from("issue_activity_log").select("id").eq("status", "blocked"))).toEqual([]);
  });
});

describe("tags", () => {
  const stored = async () =>
    (await rows(agent.from("issues").select("tags").eq("id", issueId).single())).tags;

  test("inserted and deleted as rows appear in the issue", async () => {
    expect(await rows(agent.from("tags").insert({ name: "export" }).select().single())).toMatchObject({
      name: "export",
    });
    await rows(
      agent.from("issue_tags").insert([
        { issue_id: issueId, tag_name: "export" },
        { issue_id: issueId, tag_name: "csv" },
      ]).select(),
    );
    expect(await stored()).toEqual(["csv", "export"]);
    const { error } = await agent.from("issue_tags").delete().eq("issue_id", issueId).eq("tag_name", "csv");
    expect(error).toBeNull();
    expect(await stored()).toEqual(["export"]);
  });

  test("written with the issue appear as rows, and new ones in tags", async () => {
    await rows(agent.from("issues").update({ tags: ["zip", "csv"] }).eq("id", issueId).select());
    const links = await rows(
      agent.from("issue_tags").select("tag_name").eq("issue_id", issueId).order("tag_name"),
    );
    expect(links).toEqual([{ tag_name: "csv" }, { tag_name: "zip" }]);
    expect(await rows(agent.from("tags").select("name").order("name"))).toEqual([
      { name: "csv" },
      { name: "zip" },
    ]);
  });

  test("upserted twice exist once", async () => {
    for (let time = 0; time < 2; time++) {
      await rows(agent.from("tags").upsert({ name: "export" }).select());
      await rows(agent.from("issue_tags").upsert({ issue_id: issueId, tag_name: "export" }).select());
    }
    expect(await stored()).toEqual(["export"]);
    const found = await rows(agent.from("tags").select("name, issue_tags(issue_id)"));
    expect(found).toEqual([{ name: "export", issue_tags: [{ issue_id: issueId }] }]);
  });

  test("filter issues", async () => {
    await rows(agent.from("issues").insert({ title: "Other", segment: "misc", tags: ["csv"] }).select());
    const found = await rows(
      agent.from("issues").select("title, issue_tags!inner(tag_name)").eq("issue_tags.tag_name", "csv"),
    );
    expect(found).toEqual([{ title: "Other", issue_tags: [{ tag_name: "csv" }] }]);
  });
});

describe("circle_spaces", () => {
  beforeEach(async () => {
    await secret.from("circle_spaces").delete().neq("chat_room_uuid", "");
    await secret.from("circle_issues").delete().neq("message_id", "");
  });

  test("can be read by an agent and found by chat room; a message of the room gets its space", async () => {
    await rows(
      secret.from("circle_spaces").insert({
        space_id: 880011,
        space_name: "Help chat",
        chat_room_uuid: "5d0b2a64-7c1e-4a55-9f0e-0d6a4f0e1b77",
        space_member_id: 66002211,
      }).select(),
    );
    const found = await rows(
      agent.from("circle_spaces").select("*").eq("chat_room_uuid", "5d0b2a64-7c1e-4a55-9f0e-0d6a4f0e1b77")
        .single(),
    );
    expect(found).toMatchObject({ space_id: 880011, space_name: "Help chat", space_member_id: 66002211 });
    const message = await rows(
      agent.from("circle_issues").insert({
        message_id: "1",
        chat_room_uuid: "5d0b2a64-7c1e-4a55-9f0e-0d6a4f0e1b77",
        raw_data: {},
      }).select("space_id, space_name").single(),
    );
    expect(message).toEqual({ space_id: "880011", space_name: "Help chat" });
  });

  test("can't be changed by an agent", async () => {
    const { status, error } = await agent.from("circle_spaces").insert({
      space_name: "X",
      chat_room_uuid: "x",
    });
    expect([status, error?.message]).toEqual([403, "team_role_required"]);
  });
});

describe("user_sessions", () => {
  test("are inserted, updated and read", async () => {
    const session = await rows(
      agent.from("user_sessions").insert({ profile_name: "Agnes", profile_role: "developer" }).select()
        .single(),
    );
    expect(session).toMatchObject({ user_id: person.id, profile_name: "Agnes", profile_role: "developer" });
    const seen = new Date(Date.now() + 1000).toISOString();
    const alive = await rows(
      agent.from("user_sessions").update({ last_active: seen }).eq("id", session.id).select().single(),
    );
    expect(Date.parse(alive.last_active)).toBeGreaterThanOrEqual(Date.parse(session.last_active));
    expect(alive.created_at).toBe(session.created_at);
    const renamed = await rows(
      agent.from("user_sessions").update({ profile_name: "Agnes A.", profile_role: "support" })
        .eq("id", session.id).select().single(),
    );
    expect(renamed).toMatchObject({ profile_name: "Agnes A.", profile_role: "support" });
  });

  test("of other members can't be read or changed", async () => {
    const other = await signUp(project, "otto", "agent");
    const session = await rows(
      other.client.from("user_sessions").insert({ profile_name: "Otto" }).select().single(),
    );
    expect(await rows(agent.from("user_sessions").select("id").eq("id", session.id))).toEqual([]);
    const changed = await agent.from("user_sessions").update({ profile_name: "Mine" }).eq("id", session.id)
      .select();
    expect(changed.data).toEqual([]);
    const { status } = await agent.from("user_sessions").insert({ profile_name: "X", user_id: other.id });
    expect(status).toBe(403);
  });
});
