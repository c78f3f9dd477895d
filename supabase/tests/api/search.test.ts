import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { confirmedSignUp } from "../../../scripts/local/auth/confirmed-sign-up.ts";
import type { Database } from "../../types/database.ts";
import { connect, openTestProject, type TestProject } from "../support/database.ts";

// Search, similar issues, sessions and the read models with supabase-js, as a viewer and as a stranger.

let project: TestProject;
let viewer: SupabaseClient<Database>;
let stranger: SupabaseClient<Database>;

beforeAll(async () => {
  project = await openTestProject();
  const signedUp = async (email: string) => {
    const client = createClient<Database>(project.url, project.publishableKey, {
      auth: { persistSession: false, autoRefreshToken: false },
    });
    return {
      client,
      id: await confirmedSignUp(project, client, { email, password: "correct horse battery" }),
    };
  };
  const member = await signedUp("viewer@example.org");
  viewer = member.client;
  stranger = (await signedUp("stranger@example.org")).client;
  const sql = connect(project.database, "postgres", 1);
  await sql`insert into public.team_members (user_id, role) values (${member.id}, 'viewer')`;
  await sql`
    insert into public.issues (seq_id, title, description, status, segment, tags, assigned_to_user_id) values
      (1, 'Login loop', 'Safari asks for the password again, see src/app.ts:42', 'in_progress', 'auth', '{ios}', ${member.id}),
      (2, 'Loop of logins', 'In Firefox', 'waiting_for_help', 'auth', '{}', null),
      (3, 'Crash', 'TypeError', 'waiting_for_help', 'code', '{}', null)
  `;
  await sql.end();
});

afterAll(async () => {
  await project?.close();
});

test("search_issues finds, filters and pages", async () => {
  const { data, error } = await viewer.rpc("search_issues", {
    query: "login safari",
    status: ["in_progress", "blocked"],
    segment: ["auth"],
    tags: ["ios"],
    mine: true,
    max_results: 20,
    skip_results: 0,
  });
  expect(error).toBeNull();
  expect(data).toMatchObject(
    [{ seq_id: 1, title: "Login loop", tags: ["ios"], snippet: /\*\*Safari\*\*/ }].map(
      (row) => ({ ...row, snippet: expect.stringMatching(row.snippet) }),
    ),
  );
  const all = await viewer.rpc("search_issues", { query: "" });
  expect(all.data).toHaveLength(3);
  const path = await viewer.rpc("search_issues", { query: "src/app.ts" });
  expect(path.data?.map(({ seq_id }) => seq_id)).toEqual([1]);
});

test("similar_issues finds issues that resemble a text", async () => {
  const { data } = await viewer.rpc("similar_issues", { title: "Loop at login" });
  expect(data?.map(({ seq_id }) => seq_id).sort()).toEqual([1, 2]);
  expect(data?.every(({ similarity }) => similarity > 0 && similarity <= 1)).toBe(true);
});

test("the read models can be filtered and ordered like tables", async () => {
  const mine = await viewer.from("open_issues").select("seq_id, age, age_bucket, comment_count").eq(
    "is_mine",
    true,
  );
  expect(mine.data).toMatchObject([{ seq_id: 1, age_bucket: "under 1 day", comment_count: 0 }]);
  const repeated = await viewer.from("repeated_questions").select("issue_count, issue_ids");
  expect(repeated.data).toMatchObject([{ issue_count: 2 }]);
  const trends = await viewer.from("issue_trends").select().eq("segment", "auth");
  expect(trends.data).toMatchObject([{ opened_count: 2, resolved_count: 0, median_hours: null }]);
});

test("touch_user_session updates the active session", async () => {
  const first = await viewer.rpc("touch_user_session", { profile_name: "Vera" });
  const second = await viewer.rpc("touch_user_session");
  expect(second.data).toMatchObject({ id: first.data?.id, profile_name: "Vera" });
});

test("a stranger finds nothing", async () => {
  const responses = await Promise.all([
    stranger.rpc("search_issues", { query: "login" }),
    stranger.rpc("similar_issues", { title: "login" }),
    stranger.rpc("touch_user_session"),
  ]);
  for (const { status, error } of responses) {
    expect(status).toBe(403);
    expect(error).toMatchObject({ code: "PT403", message: "team_role_required" });
  }
  expect((await stranger.from("repeated_questions").select()).data).toEqual([]);
  expect((await stranger.from("open_issues").select()).data).toEqual([]);
});
