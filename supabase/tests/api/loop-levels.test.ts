import type { Sql } from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connect, openTestProject, type TestProject } from "../support/database.ts";
import { type Person, rows, server, signUp } from "../support/people.ts";

// Service levels and reports as clients use them: the calls of docs/loop-levels.md and docs/loop-reports.md over HTTP.

let project: TestProject;
let sql: Sql;
let admin: Person;
let agent: Person;
let issueId: string;

beforeAll(async () => {
  project = await openTestProject();
  sql = connect(project.database);
  admin = await signUp(project, "adam", "admin");
  agent = await signUp(project, "agnes", "agent");
});

afterAll(async () => {
  await sql?.end();
  await project?.close();
});

const day = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);

test("an admin makes a calendar, and a viewer asks when working time is over", async () => {
  const calendar = await rows(
    admin.client.from("service_calendars")
      .insert({ name: "Berlin", time_zone: "Europe/Berlin", is_default: true }).select().single(),
  );
  await rows(
    admin.client.from("service_hours").insert([1, 2, 3, 4, 5].flatMap((weekday) => [
      { calendar_id: calendar.id, weekday, opens: "09:00", closes: "12:30" },
      { calendar_id: calendar.id, weekday, opens: "13:30", closes: "18:00" },
    ])).select(),
  );
  await rows(
    admin.client.from("service_holidays").insert({ calendar_id: calendar.id, holiday_on: "2026-12-25" })
      .select(),
  );
  // Thursday 17:00 in Berlin: one hour of that day, a holiday, a weekend, three hours of Monday
  const due = await rows(
    agent.client.rpc("add_business_minutes", { from_at: "2026-12-24T16:00:00Z", minutes: 240 }),
  );
  expect(new Date(due).toISOString()).toBe("2026-12-28T11:00:00.000Z");
  expect(
    await rows(agent.client.rpc("count_business_seconds", { from_at: "2026-12-24T16:00:00Z", to_at: due })),
  ).toBe(240 * 60);
});

test("a policy gives a report its target, which an agent pauses", async () => {
  await rows(
    admin.client.from("service_policies").insert([
      { name: "Standard", triage_minutes: 240, engineering_minutes: 960, answer_minutes: 60 },
      { name: "Critical", severity: "critical", clock: "wall", agent_minutes: 120, answer_minutes: 30 },
    ]).select(),
  );
  const issue = await rows(agent.client.from("issues").insert({ title: "Export fails" }).select().single());
  issueId = issue.id;
  await sql`select private.run_service_levels()`;
  const open = () =>
    rows(agent.client.from("open_service_targets").select().eq("issue_id", issueId).order("due_at"));
  expect(await open()).toMatchObject([{ stage: "engineering", policy_name: "Standard", is_paused: false }]);

  const reason = "Waits for the member's logs";
  expect(await rows(agent.client.rpc("pause_service_levels", { issue_id: issueId, reason })))
    .toMatchObject({ issue_id: issueId, reason, paused_by: "agnes", ends_at: null });
  await sql`select private.run_service_levels()`;
  expect(await open()).toMatchObject([{ stage: "engineering", is_paused: true, used_share: null }]);
  expect(await rows(agent.client.rpc("resume_service_levels", { issue_id: issueId })))
    .toMatchObject({ reason, resumed_by: "agnes" });
  await sql`select private.run_service_levels()`;
  expect(await open()).toMatchObject([{ is_paused: false, is_breached: false }]);

  const refused = await agent.client.from("service_policies").update({ triage_minutes: 1 }).neq("name", "");
  expect(refused).toMatchObject({ status: 403, error: { message: "team_role_required" } });
});

test("what was not done in time is breached once, in the table and in the ledger", async () => {
  await sql`
    update public.service_policies set applies_from = now() - interval '1 year', clock = 'wall'
    where name = 'Standard'
  `;
  await sql`
    update public.loop_events set at = now() - interval '2 days' where issue_id = ${issueId} and hop = 'triaged'
  `;
  await sql`select private.run_service_levels()`;
  // two schedulers at once
  await Promise.all(Array.from({ length: 4 }, () => sql`select private.run_service_levels()`));
  expect(await rows(agent.client.from("service_breaches").select().eq("issue_id", issueId)))
    .toMatchObject([{ stage: "engineering", kind: "breach" }]);
  expect(
    await rows(
      agent.client.from("loop_events").select("hop, reference").eq("issue_id", issueId).eq("hop", "breached"),
    ),
  ).toEqual([{ hop: "breached", reference: "engineering" }]);
  await sql`select private.run_service_attainment(true)`;
  expect(await rows(agent.client.from("service_attainment").select().eq("stage", "engineering")))
    .toMatchObject([{ stage: "engineering", targets_count: 1, breached_count: 1, kept_share: 0 }]);
});

test("reports are pages like any other", async () => {
  const journeys = agent.client.from("loop_journeys").select()
    .order("issue_created_at", { ascending: false }).limit(50);
  expect(await rows(journeys)).toMatchObject([{ issue_id: issueId, generation: 1, merged_at: null }]);
  await sql`select private.run_loop_funnel(true), private.run_loop_costs(true)`;
  const funnel = agent.client.from("loop_funnel").select("hop,issues_count,share,p90_seconds")
    .eq("dimension", "all").order("hop_number");
  expect(await rows(funnel)).toMatchObject([{ hop: "reported", issues_count: 1, share: 1 }, {
    hop: "triaged",
  }]);
  expect(
    await rows(
      agent.client.from("loop_flow_daily").select().eq("day", day(0)).eq("status", "waiting_for_help"),
    ),
  ).toMatchObject([{ entered_count: 1, issues_count: 1 }]);
  expect(await rows(agent.client.from("loop_silent_fixes").select())).toEqual([]);
  expect(await rows(server(project).from("loop_costs").select())).toEqual([]);
});
