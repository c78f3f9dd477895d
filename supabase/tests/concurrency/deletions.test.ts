import type { Sql } from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connect, createDatabase, type TestDatabase } from "../support/database.ts";

// What belongs to something changes while that is deleted: who deletes has the one and waits for the other, whose writer may
// not wait for the deletion.

let database: TestDatabase;
let sql: Sql;
let user: string;

beforeAll(async () => {
  database = await createDatabase();
  sql = connect(database, "postgres", 4);
  const [row] = await sql<{ id: string }[]>`
    insert into auth.users (id, email, email_confirmed_at) values (gen_random_uuid(), 'tom@example.org', now())
    returning id
  `;
  user = row?.id ?? "";
  await sql`insert into public.team_members (user_id, role) values (${user}, 'agent')`;
});

afterAll(async () => {
  await sql?.end();
  await database?.drop();
});

/** Deletes the row `id` of a table; `change` is made when the deletion waits for what `held` has locked. */
async function deleteMeanwhile(
  { table, id, held, change }: {
    table: string;
    id: string;
    held: (own: Sql) => Promise<unknown>;
    change: (own: Sql) => Promise<unknown>;
  },
): Promise<void> {
  let deletion: Promise<unknown> = Promise.resolve();
  await sql.begin(async (own) => {
    await held(own as unknown as Sql);
    deletion = sql`delete from public.${sql(table)} where id = ${id}`.execute();
    await expect.poll(() =>
      sql`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
    ).toHaveLength(1);
    await change(own as unknown as Sql);
  });
  await deletion;
  expect(await sql`select from public.${sql(table)} where id = ${id}`).toHaveLength(0);
}

test("a connection, whose monitors are brought back", async () => {
  const [connection] = await sql<{ id: string }[]>`
    with secret as (
      insert into private.secrets (id, user_id, kind, sealed)
      values (gen_random_uuid(), ${user}, 'devto_connection', 'v1.k1.AAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAAAA')
      returning id
    )
    insert into public.platform_connections (user_id, platform, platform_user_id, platform_username, access_token)
    select ${user}, 'devto', '1', 'tom', 'secret:' || s.id from secret as s returning id
  `;
  const id = connection?.id ?? "";
  await sql`
    insert into public.monitors (user_id, platform, platform_connection_id, monitor_type)
    values (${user}, 'devto', ${id}, 'all')
  `;
  await sql`update public.monitors set is_active = false where platform_connection_id = ${id}`;
  await deleteMeanwhile({
    table: "platform_connections",
    id,
    held: (own) => own`select from public.monitors where platform_connection_id = ${id} for update`,
    change: (own) => own`update public.monitors set is_active = true where platform_connection_id = ${id}`,
  });
  expect(await sql`select from private.sync_schedule where connection_id = ${id}`).toHaveLength(0);
});

test.each(["service_hours", "service_holidays"])("a calendar, whose %s are deleted", async (table) => {
  const [calendar] = await sql<{ id: string }[]>`
    insert into public.service_calendars (name) values (${table}) returning id
  `;
  const id = calendar?.id ?? "";
  await sql`insert into public.service_hours (calendar_id, weekday, opens, closes) values (${id}, 1, '09:00', '12:00')`;
  await sql`insert into public.service_holidays (calendar_id, holiday_on, name) values (${id}, '2026-12-24', 'Eve')`;
  await deleteMeanwhile({
    table: "service_calendars",
    id,
    held: (own) => own`select from public.${sql(table)} where calendar_id = ${id} for update`,
    change: (own) => own`delete from public.${sql(table)} where calendar_id = ${id}`,
  });
  expect(await sql`select from private.working_spans where calendar_id = ${id}`).toHaveLength(0);
});

test("a task, whose pull request is verified: it closes nothing", async () => {
  const [task] = await sql<{ id: string }[]>`
    insert into public.tasks (user_id, repo_url, pr_url)
    values (${user}, 'https://github.com/tom/own', 'https://github.com/tom/own/pull/1') returning id
  `;
  const id = task?.id ?? "";
  await sql`
    with issue as (insert into public.exai_issues (title) values ('Fault') returning id)
    insert into public.exai_issue_tasks (task_id, exai_issue_id) select ${id}, i.id from issue as i
  `;
  const links = () => sql`select from public.exai_issue_pull_requests where repo_owner = 'tom'`;
  // not verified yet
  await sql`update public.task_pull_requests set verified_by = null, verified_at = null where task_id = ${id}`;
  expect(await links()).toHaveLength(0);
  await deleteMeanwhile({
    table: "tasks",
    id,
    held: (own) => own`select from public.task_pull_requests where task_id = ${id} for update`,
    change: (own) =>
      own`
      update public.task_pull_requests set verified_by = 'worker', verified_at = now(), verify_after = null
      where task_id = ${id}
    `,
  });
  expect(await links()).toHaveLength(0);
});
