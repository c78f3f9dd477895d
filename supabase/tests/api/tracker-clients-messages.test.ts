import { createClient } from "@supabase/supabase-js";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { single, thread } from "../../../scripts/demo/messages.ts";
import { openTestProject, type TestProject } from "../support/database.ts";
import { type Client, rows, server, signUp } from "../support/people.ts";

// Messages from Circle and the seed's functions: the calls that front ends make.

let project: TestProject;
let agent: Client;
let secret: Client;

beforeAll(async () => {
  project = await openTestProject();
  agent = (await signUp(project, "agnes", "agent")).client;
  secret = server(project);
});

afterAll(async () => {
  await project?.close();
});

beforeEach(async () => {
  await secret.from("issues").delete().not("id", "is", null);
  await secret.from("circle_issues").delete().not("id", "is", null);
});

test("an agent's client imports a single message and a thread", async () => {
  const made = await rows(agent.rpc("process_circle_webhook", {
    p_payload: single,
    p_import_source: "manual",
    p_imported_by: "somebody else",
  }));
  expect(made).toMatchObject({ action: "created", segment: "auth", message_type: "single" });
  const batch = await rows(agent.rpc("handle_circle_webhook", { request: [single, thread(2)] }));
  expect(batch).toMatchObject({ processed: 2, errors: [] });
  const log = await rows(
    agent.from("issue_import_logs").select("imported_by, import_source").order("imported_at"),
  );
  expect(log).toMatchObject([{ imported_by: "agnes", import_source: "manual" }, { imported_by: "agnes" }]);
});

test("messages with the issues that were created from them, newest first", async () => {
  await rows(agent.rpc("handle_circle_webhook", { request: [single, thread(2)] }));
  const found = await rows(
    agent.from("circle_issues").select("*, issues:mapped_to_issue_id(*), circle_replies(*)")
      .eq("is_triaged", true).order("posted_at", { ascending: false }).limit(50),
  );
  expect(found).toMatchObject([
    {
      message_id: "201500310",
      issues: { title: "Sign-in loops after the update", segment: "auth" },
      circle_replies: [],
    },
    {
      message_id: "201500290",
      thread_id: "1000990001",
      is_thread: true,
      issues: { title: "CSV export gives an empty file" },
      circle_replies: [{ author_name: "Lee Park" }, { author_name: "Priya Nair" }],
    },
  ]);
  const text = await rows(
    agent.rpc("format_circle_message_description", { p_circle_issue_id: found[1]?.id ?? "" }),
  );
  expect(text).toContain("> **Priya Nair**: It worked yesterday on 2.4.0.");
});

test("upsert_circle_issue with eleven arguments, some null, inserts and then completes one row", async () => {
  // front ends have their own types, in which any argument may be null
  const untyped = createClient(project.url, project.publishableKey, {
    accessToken: async () => (await agent.auth.getSession()).data.session?.access_token ?? "",
  });
  const first = await rows(untyped.rpc("upsert_circle_issue", {
    p_message_id: "201500400",
    p_thread_id: null,
    p_title: "Export fails",
    p_body: "It fails",
    p_author_name: "Ana Ruiz",
    p_author_email: null,
    p_space_name: null,
    p_space_id: null,
    p_link: null,
    p_is_thread: false,
    p_raw_data: { message_id: 201500400, nested: [1, { a: null }] },
  }));
  const second = await rows(untyped.rpc("upsert_circle_issue", {
    p_message_id: "201500400",
    p_thread_id: "1000990007",
    p_title: null,
    p_body: null,
    p_author_name: null,
    p_author_email: "ana@example.org",
    p_space_name: "Help chat",
    p_space_id: "880011",
    p_link: "https://club.example.org/c/help-chat/#message_201500400",
    p_is_thread: true,
    p_raw_data: { message_id: 201500400 },
  }));
  expect(second).toBe(first);
  expect(await rows(agent.from("circle_issues").select().eq("message_id", "201500400").single()))
    .toMatchObject({
      id: first,
      thread_id: "1000990007",
      title: "Export fails",
      body: "It fails",
      author_name: "Ana Ruiz",
      author_email: "ana@example.org",
      space_name: "Help chat",
      space_id: "880011",
      is_thread: true,
      is_triaged: false,
      mapped_to_issue_id: null,
      raw_data: { message_id: 201500400 },
    });
});

test("an issue is created from a message step by step, as the admin page does", async () => {
  const id = await rows(agent.rpc("upsert_circle_issue", { p_message_id: "201500401", p_body: "Help me" }));
  const issue = await rows(
    agent.from("issues").insert({
      title: "From a message",
      description: "Help me\n\n*Imported from Circle*",
      segment: "misc",
      status: "in_progress",
      tags: ["circle", "imported"],
      submitted_by: "Ana Ruiz",
      is_test: false,
    }).select().single(),
  );
  await rows(
    agent.from("circle_issues").update({ mapped_to_issue_id: issue.id }).eq("id", id).select().single(),
  );
  const { error } = await agent.from("issue_import_logs").insert({
    circle_issue_id: id,
    issue_id: issue.id,
    imported_by: "Ana",
    import_source: "manual",
    import_notes: "Manually imported from admin panel",
    is_automatic: false,
  });
  expect(error).toBeNull();
  expect(
    await rows(agent.from("circle_issues").select("is_triaged, mapped_to_issue_id").eq("id", id).single()),
  )
    .toEqual({ is_triaged: true, mapped_to_issue_id: issue.id });
});

test("determine_segment", async () => {
  const segment = (p_title: string, p_description: string) =>
    rows(agent.rpc("determine_segment", { p_title, p_description }));
  expect(await segment("Can't log in", "my password is refused")).toBe("auth");
  expect(await segment("A crash", "TypeError")).toBe("code");
  expect(await segment("Cursor", "which extension?")).toBe("tool");
  expect(await segment("Lesson 4", "the recording has no sound")).toBe("misc");
  expect(await segment("Hello", "everyone")).toBe("misc");
});

test("format_circle_message_description of a message that does not exist is null", async () => {
  const { data, error } = await agent.rpc("format_circle_message_description", {
    p_circle_issue_id: crypto.randomUUID(),
  });
  expect([data, error]).toEqual([null, null]);
});

test("cleanup_legacy_test_data is rejected for an agent, with its argument and without", async () => {
  await rows(
    agent.from("issues").insert({
      title: "Test",
      segment: "code",
      is_test: true,
      created_at: "2001-01-01T00:00:00Z",
    }).select(),
  );
  for (const args of [{}, { days_old: 0 }]) {
    const { status, error } = await agent.rpc("cleanup_legacy_test_data", args);
    expect([status, error?.message]).toEqual([403, "team_role_required"]);
  }
  expect(await rows(agent.from("issues").select("id"))).toHaveLength(1);
});
