import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Sql } from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { confirmedSignUp } from "../../../scripts/local/auth/confirmed-sign-up.ts";
import { ROOT } from "../../../scripts/local/paths.ts";
import type { Database } from "../../types/database.ts";
import { connect, openTestProject, type TestProject } from "../support/database.ts";

// The examples and statements of docs/triage.md, over HTTP with supabase-js and from SQL.

const page = readFileSync(join(ROOT, "docs/triage.md"), "utf8");

let project: TestProject;
let sql: Sql;
let admin: SupabaseClient<Database>;
let agent: SupabaseClient<Database>;

beforeAll(async () => {
  project = await openTestProject();
  sql = connect(project.database, "postgres", 1);
  admin = await member("admin");
  agent = await member("agent");
});

afterAll(async () => {
  await sql?.end();
  await project?.close();
});

async function member(role: string): Promise<SupabaseClient<Database>> {
  const client = createClient<Database>(project.url, project.publishableKey, {
    auth: { persistSession: false, autoRefreshToken: false },
  });
  const id = await confirmedSignUp(project, client, {
    email: `${role}@example.com`,
    password: "correct horse battery",
  });
  await sql`insert into public.team_members (user_id, role) values (${id}, ${role})`;
  return client;
}

test("the examples have the likelihood and segment that the page states, and explain_triage says why", async () => {
  const rows = [...page.matchAll(/^\| ([^|]+?) +\| ([01]\.\d\d) +\| (\w+) +\|$/gm)];
  expect(rows).toHaveLength(8);
  for (const [, message = "", likelihood, segment] of rows) {
    const [row] = await sql<{ p: number; segment: string }[]>`
      select private.issue_likelihood(null, ${message}) as p,
        public.determine_segment(null, ${message}) as segment
    `;
    expect(Math.abs((row?.p ?? 0) - Number(likelihood)), `${message}: ${row?.p}`).toBeLessThan(0.1);
    expect(row?.segment, message).toBe(segment);
    const { data: reasons } = await agent.rpc("explain_triage", { title: "", body: message });
    const logit = (reasons ?? []).reduce((sum, reason) => sum + (reason.issue ?? 0), 0);
    expect(1 / (1 + Math.exp(-logit)), message).toBeCloseTo(row?.p ?? 0, 5);
  }
});

test("the SQL statements of the page run", async () => {
  const statements = [...page.matchAll(/```sql\n(.*?)```/gs)].map((match) => match[1] ?? "");
  expect(statements).toHaveLength(9);
  for (const statement of statements) {
    await sql.unsafe(`begin; ${statement}; rollback;`).simple();
  }
});

test("an admin upserts a rule by its words, and it takes effect", async () => {
  const rule = { words: " Two  FACTOR", segment: "auth", priority: 10, weight: 0.4 };
  for (const weight of [0.4, 0.5]) {
    const { data, error } = await admin.from("segment_rules").upsert([{ ...rule, weight }], {
      onConflict: "words",
    }).select("words, segment, priority, weight, is_enabled");
    expect(error).toBeNull();
    expect(data).toEqual([{ words: "two factor", segment: "auth", priority: 10, weight, is_enabled: true }]);
  }
  const text = { p_title: "My two\nfactor", p_description: "has a bug" };
  expect((await agent.rpc("determine_segment", text)).data).toBe("auth");
  await admin.from("segment_rules").update({ is_enabled: false }).eq("words", "two factor");
  expect((await agent.rpc("determine_segment", text)).data).toBe("code");
});

test("a rule that can't be matched is rejected with a reason", async () => {
  const { error, status } = await admin.from("segment_rules").insert({
    words: "c#",
    segment: "code",
    priority: 20,
  });
  expect(status).toBe(422);
  expect(error).toMatchObject({
    message: "tracker_segment_rule_invalid",
    details: "words 'c#' does not begin and end with a letter, a digit or an underscore.",
    hint: "Leave out punctuation around the words: whole words match next to any punctuation.",
  });
});

test("an admin can change the threshold, an agent can't", async () => {
  const set = (client: SupabaseClient<Database>, threshold: number) =>
    client.from("tracker_settings").update({ triage_threshold: threshold }).eq("id", true).select(
      "triage_threshold",
    );
  expect((await set(admin, 0.7)).data).toEqual([{ triage_threshold: 0.7 }]);
  expect((await set(agent, 0.1)).error).toMatchObject({ message: "team_role_required" });
  expect((await set(admin, 0)).error).toMatchObject({ code: "23514" });
});

test("an agent's change of a segment is recorded as a correction", async () => {
  const { data: issue } = await agent.from("issues").insert({ title: "It loops", segment: "misc" }).select()
    .single();
  await agent.from("issues").update({ segment: "code" }).eq("id", issue?.id ?? "");
  const { data } = await agent.from("segment_corrections")
    .select("title, description, old_segment, new_segment, corrected_by, corrected_at")
    .order("corrected_at", { ascending: false })
    .limit(50);
  expect(data).toMatchObject([
    { title: "It loops", old_segment: "misc", new_segment: "code", corrected_by: "agent" },
  ]);
});
