import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openTestProject, type TestProject } from "../support/database.ts";
import { type Client, type Person, rows, server, signUp } from "../support/people.ts";

// Issues: the calls that front ends of the seed's schema make, as a signed-in agent.

let project: TestProject;
let agent: Client;
let person: Person;
let secret: Client;

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
  await secret.from("circle_issues").delete().not("id", "is", null);
});

const newIssue = (title: string, more: Record<string, unknown> = {}) =>
  rows(
    agent.from("issues").insert({
      title,
      description: `About ${title}`,
      segment: "code",
      status: "waiting_for_help",
      submitted_by: "Ana Ruiz",
      tags: ["imported"],
      is_test: false,
      ...more,
    }).select().single(),
  );

const longAgo = "2001-01-01T00:00:00.000Z";
const titles = (found: { title: string }[]): string[] => found.map(({ title }) => title);

describe("lists of issues", () => {
  beforeEach(async () => {
    const issue = (
      title: string,
      segment: string,
      status: string,
      created_at: string,
      tags: string[] = [],
    ) => ({
      title,
      segment,
      status,
      created_at,
      tags,
    });
    await rows(
      agent.from("issues").insert([
        issue("Login", "auth", "waiting_for_help", "2026-01-01T00:00:00Z", ["sso", "urgent"]),
        issue("Crash", "code", "waiting_for_help", "2026-01-02T00:00:00Z", ["urgent"]),
        issue("Plugin", "tool", "in_progress", "2026-01-03T00:00:00Z"),
        issue("Thanks", "misc", "archived", "2026-01-04T00:00:00Z"),
      ]).select(),
    );
  });

  const list = () => agent.from("issues").select("*").order("created_at", { ascending: false });

  test("newest first, all columns", async () => {
    const found = await rows(list());
    expect(titles(found)).toEqual(["Thanks", "Plugin", "Crash", "Login"]);
    expect(Object.keys(found[0] ?? {})).toEqual(expect.arrayContaining([
      "id",
      "seq_id",
      "title",
      "description",
      "status",
      "segment",
      "submitted_by",
      "assigned_to",
      "tags",
      "created_at",
      "updated_at",
      "resolved_by",
      "resolved_at",
      "archived_at",
      "ready_for_delivery",
      "is_test",
    ]));
    expect(found[0]?.created_at).toMatch(/^2026-01-04T00:00:00(\.0+)?\+00:00$/);
  });

  test("oldest first", async () => {
    const found = await rows(agent.from("issues").select("*").order("created_at", { ascending: true }));
    expect(titles(found)).toEqual(["Login", "Crash", "Plugin", "Thanks"]);
  });

  test("filtered by segment, by status, by any other status", async () => {
    expect(titles(await rows(list().eq("segment", "auth")))).toEqual(["Login"]);
    expect(titles(await rows(list().eq("status", "in_progress")))).toEqual(["Plugin"]);
    expect(titles(await rows(list().neq("status", "archived")))).toEqual(["Plugin", "Crash", "Login"]);
  });

  test("filtered by several statuses", async () => {
    expect(titles(await rows(list().in("status", ["in_progress", "archived"])))).toEqual([
      "Thanks",
      "Plugin",
    ]);
  });

  test("a page with the total count", async () => {
    const { data, count, error } = await agent.from("issues").select("*", { count: "exact" })
      .order("created_at", { ascending: false }).range(1, 2);
    expect(error).toBeNull();
    expect(titles(data ?? [])).toEqual(["Plugin", "Crash"]);
    expect(count).toBe(4);
    expect(titles(await rows(list().limit(1)))).toEqual(["Thanks"]);
  });

  test("only the count, for each segment", async () => {
    const counted = await Promise.all(["auth", "code", "tool", "misc"].map(async (segment) => {
      const { count, error, data } = await agent.from("issues").select("id", { count: "exact", head: true })
        .eq("segment", segment);
      expect([error, data]).toEqual([null, null]);
      return count;
    }));
    expect(counted).toEqual([1, 1, 1, 1]);
  });

  test("filtered by either of two conditions, and by a part of the title", async () => {
    expect(titles(await rows(list().or("segment.eq.auth,status.eq.archived")))).toEqual(["Thanks", "Login"]);
    expect(titles(await rows(list().or("title.ilike.%pLUg%,description.ilike.%none%")))).toEqual(["Plugin"]);
    expect(titles(await rows(list().ilike("title", "%cra%")))).toEqual(["Crash"]);
  });

  test("filtered by tags: all of these, any of these", async () => {
    expect(titles(await rows(list().contains("tags", ["urgent"])))).toEqual(["Crash", "Login"]);
    expect(titles(await rows(list().contains("tags", ["urgent", "sso"])))).toEqual(["Login"]);
    expect(titles(await rows(list().overlaps("tags", ["sso", "none"])))).toEqual(["Login"]);
  });

  test("filtered by null, and by time", async () => {
    expect(titles(await rows(list().is("assigned_to", null)))).toHaveLength(4);
    expect(
      titles(await rows(list().gte("created_at", "2026-01-02T00:00:00Z").lt("created_at", "2026-01-03"))),
    )
      .toEqual(["Crash"]);
  });

  test("one issue, and one that does not exist", async () => {
    const [first] = await rows(list());
    expect(await rows(agent.from("issues").select("*").eq("id", first?.id ?? "").single())).toEqual(first);
    const missing = crypto.randomUUID();
    const one = await agent.from("issues").select("*").eq("id", missing).single();
    expect([one.status, one.error?.code]).toEqual([406, "PGRST116"]);
    const maybe = await agent.from("issues").select("*").eq("id", missing).maybeSingle();
    expect([maybe.data, maybe.error]).toEqual([null, null]);
  });
});

describe("one issue", () => {
  test("is created and returned with the values that the database sets", async () => {
    const issue = await newIssue("Export", { tags: ["circle", "imported", "circle"], assigned_to: null });
    expect(issue).toMatchObject({
      title: "Export",
      description: "About Export",
      segment: "code",
      status: "waiting_for_help",
      submitted_by: "Ana Ruiz",
      submitted_by_user_id: person.id,
      tags: ["circle", "imported"],
      resolved_at: null,
      archived_at: null,
      ready_for_delivery: null,
      is_test: false,
    });
    expect(issue.id).toMatch(/^[0-9a-f-]{36}$/);
    expect(issue.seq_id).toBeGreaterThan(0);
    const next = await newIssue("Next");
    expect(next.seq_id).toBe(issue.seq_id + 1);
  });

  test("is resolved when the client sends times, at the time of the database", async () => {
    const { id, updated_at } = await newIssue("Export");
    const before = Date.now() - 60_000;
    const resolved = await rows(
      agent.from("issues").update({
        status: "resolved",
        resolved_by: "Ana",
        resolved_at: longAgo,
        updated_at: longAgo,
      }).eq("id", id).select().single(),
    );
    expect(resolved).toMatchObject({ status: "resolved", resolved_by: "Ana", archived_at: null });
    expect(Date.parse(resolved.resolved_at ?? "")).toBeGreaterThan(before);
    expect(Date.parse(resolved.updated_at)).toBeGreaterThanOrEqual(Date.parse(updated_at));
    expect(resolved.created_at).not.toBe(longAgo);
  });

  test("is resolved without them too, by the agent", async () => {
    const { id } = await newIssue("Export");
    const resolved = await rows(
      agent.from("issues").update({ status: "resolved" }).eq("id", id).select().single(),
    );
    expect(resolved).toMatchObject({ resolved_by: "agnes", resolved_by_user_id: person.id });
    expect(resolved.resolved_at).not.toBeNull();
  });

  test("is reopened, whether or not the client clears the resolution", async () => {
    const { id } = await newIssue("Export");
    const cleared = { resolved_at: null, resolved_by: null, updated_at: new Date().toISOString() };
    for (const reopening of [{ status: "in_progress" }, { status: "waiting_for_help", ...cleared }]) {
      await rows(
        agent.from("issues").update({ status: "resolved", resolved_at: new Date().toISOString() })
          .eq("id", id).select(),
      );
      const open = await rows(agent.from("issues").update(reopening).eq("id", id).select().single());
      expect(open).toMatchObject({
        status: reopening.status,
        resolved_at: null,
        resolved_by: null,
        resolved_by_user_id: null,
      });
    }
  });

  test("is archived, and out of the archive again", async () => {
    const { id } = await newIssue("Export");
    const archived = await rows(
      agent.from("issues").update({ status: "archived", archived_at: longAgo, updated_at: longAgo })
        .eq("id", id).select().single(),
    );
    expect(archived.status).toBe("archived");
    expect(Date.parse(archived.archived_at ?? "")).toBeGreaterThan(Date.parse(longAgo));
    const back = await rows(
      agent.from("issues").update({ status: "blocked", archived_at: null }).eq("id", id).select().single(),
    );
    expect(back).toMatchObject({ status: "blocked", archived_at: null });
  });

  test("is marked ready for delivery, and back", async () => {
    const { id } = await newIssue("Export");
    for (const ready of [true, false, null]) {
      const issue = await rows(
        agent.from("issues").update({ ready_for_delivery: ready }).eq("id", id).select().single(),
      );
      expect(issue.ready_for_delivery).toBe(ready);
    }
  });

  test("is updated without returning it: 204", async () => {
    const { id } = await newIssue("Export");
    const { status, error, data } = await agent.from("issues").update({
      title: "Export of tables",
      description: "More words",
      segment: "tool",
      assigned_to: "agnes",
      tags: ["b", "a"],
      updated_at: new Date().toISOString(),
    }).eq("id", id);
    expect([status, error, data]).toEqual([204, null, null]);
    expect(await rows(agent.from("issues").select().eq("id", id).single())).toMatchObject({
      title: "Export of tables",
      segment: "tool",
      assigned_to: "agnes",
      assigned_to_user_id: person.id,
      tags: ["a", "b"],
    });
  });

  test("is upserted with every column, as a form does that sends back what it loaded", async () => {
    const issue = await newIssue("Export");
    const saved = await rows(
      agent.from("issues").upsert({ ...issue, title: "Saved", ready_for_delivery: true }).select().single(),
    );
    expect(saved).toMatchObject({
      id: issue.id,
      seq_id: issue.seq_id,
      title: "Saved",
      created_at: issue.created_at,
      ready_for_delivery: true,
    });
  });

  test("with an invalid status or segment is rejected with the reason", async () => {
    const { error, status } = await agent.from("issues").insert({
      title: "x",
      segment: "code",
      status: "pending",
    });
    expect([status, error?.message]).toEqual([422, "tracker_status_invalid"]);
    const other = await agent.from("issues").insert({ title: "x", segment: "thread" });
    expect([other.status, other.error?.message]).toEqual([422, "tracker_segment_invalid"]);
  });

  test("can't be deleted by an agent", async () => {
    const { id } = await newIssue("Export");
    const { error } = await agent.from("issues").delete().eq("id", id);
    expect(error?.message).toBe("team_role_required");
    expect(await rows(agent.from("issues").select("id").eq("id", id))).toHaveLength(1);
  });
});
