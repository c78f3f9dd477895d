import type { Sql } from "postgres";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { connect, createDatabase, type TestDatabase } from "../support/database.ts";
import { until } from "../support/queue.ts";

// A visitor is forgotten while others decide about the issue that was made from what they wrote.

const ISSUE = "10000000-0000-4000-8000-000000000001";
const CONVERSATION = "0c000000-0000-4000-8000-000000000001";
const ESCALATION = "0e000000-0000-4000-8000-000000000001";

let database: TestDatabase;
let sql: Sql;

beforeAll(async () => {
  database = await createDatabase();
  sql = connect(database, "postgres", 3);
});

afterEach(() => sql`delete from public.issues where id = ${ISSUE}`);

afterAll(async () => {
  await sql?.end();
  await database?.drop();
});

/** An issue that was made from what a visitor wrote, who is told that it is resolved. */
async function tell(): Promise<void> {
  await sql`insert into public.issues (id, title, description) values (${ISSUE}, 'Help', 'Help')`;
  await sql`insert into support.conversations (id, session_id) values (${CONVERSATION}, 'first')`;
  await sql`
    insert into support.escalations (id, conversation_id, issue_type, original_request, issue_id, is_issue_created)
    values (${ESCALATION}, ${CONVERSATION}, 'general', 'Help', ${ISSUE}, true)
  `;
  await sql`update public.issues set status = 'resolved' where id = ${ISSUE}`;
  expect(await sql`select from public.deliveries where issue_id = ${ISSUE}`).toHaveLength(1);
}

test("whoever reopens an issue and whoever forgets its visitor wait for each other in one order", async () => {
  await tell();
  let forgotten: Promise<unknown> = Promise.resolve();
  await sql.begin(async (by) => {
    await by`select from public.issues where id = ${ISSUE} for no key update`;
    forgotten = sql`select support.forget_user(conversation_id => ${CONVERSATION})`.execute();
    await until(async () =>
      (await sql`
        select from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock' and query ~ 'forget_user'
      `).length === 1
    );
    await by`update public.issues set status = 'in_progress' where id = ${ISSUE}`;
  });
  await forgotten;
  const [issue] = await sql`select title, status from public.issues where id = ${ISSUE}`;
  expect(issue).toEqual({ title: "Erased support request", status: "in_progress" });
  expect(await sql`select from public.deliveries where issue_id = ${ISSUE}`).toHaveLength(0);
});

test("a reply to a visitor waits for nobody who has the conversation, and is sent when they are done", async () => {
  await tell();
  await sql`select public.approve_delivery(d.id) from public.deliveries as d where d.issue_id = ${ISSUE}`;
  const send = async () => Number((await sql`select public.begin_deliver() as sent`)[0]?.["sent"]);
  await sql.begin(async (by) => {
    await by`select from support.conversations where id = ${CONVERSATION} for update`;
    expect(await send(), "while somebody has it").toBe(0);
    const [queued] = await by`select is_leased, attempts_count from private.delivery_queue`;
    expect(queued).toEqual({ is_leased: false, attempts_count: 0 });
  });
  await sql`update private.delivery_queue set next_attempt_at = clock_timestamp()`;
  expect(await send()).toBe(1);
  expect(await sql`select status from public.deliveries where issue_id = ${ISSUE}`).toEqual([{
    status: "delivered",
  }]);
});
