import type { Sql } from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connect, createDatabase, type TestDatabase } from "../support/database.ts";
import { size } from "../support/size.ts";

// Service levels while people write: schedulers that overlap, policies that change, issues that move.

const WRITERS = 6;
const WRITES = size(12, 150);
const SCHEDULERS = 3;

const HOPS = [
  "promoted",
  "dispatched",
  "started",
  "opened",
  "merged",
  "fixed",
  "shipped",
  "answered",
];

let database: TestDatabase;
let sql: Sql;

beforeAll(async () => {
  database = await createDatabase();
  sql = connect(database, "postgres", WRITERS + SCHEDULERS + 1);
  await sql`
    insert into public.service_policies (
      name, clock, triage_minutes, engineering_minutes, agent_minutes, review_minutes, answer_minutes, applies_from
    ) values ('All', 'wall', 60, 60, 60, 60, 60, now() - interval '1 year')
  `;
});

afterAll(async () => {
  await sql?.end();
  await database?.drop();
});

const pick = <T>(values: readonly T[]): T => values[Math.floor(Math.random() * values.length)] as T;

/** One write of some kind, to the issues that all writers share. */
async function write(issues: readonly string[]): Promise<unknown> {
  const id = pick(issues);
  const minutes = Math.floor(Math.random() * 300);
  switch (Math.floor(Math.random() * 7)) {
    case 0:
      return await sql`update public.issues set status = ${
        pick(["in_progress", "blocked", "resolved", "archived", "waiting_for_help"])
      } where id = ${id}`;
    case 1:
      return await sql`select public.pause_service_levels(${id}, 'Waits')`;
    case 2:
      return await sql`select public.resume_service_levels(${id})`;
    case 3:
      return await sql`update public.service_policies set agent_minutes = ${1 + minutes}`;
    default:
      return await sql`select private.record_loop_event(
        ${id}, ${pick(HOPS)}, now() - ${minutes} * interval '1 minute', null, ${String(minutes)}
      )`;
  }
}

test(`${WRITERS} writers and ${SCHEDULERS} schedulers agree on every target, and tell each breach once`, async () => {
  const issues = await sql<{ id: string }[]>`
    insert into public.issues (title, segment)
    select 'Issue ' || n, 'code' from generate_series(1, 8) as n returning id
  `;
  const ids = issues.map(({ id }) => id);
  await sql`select private.record_loop_event(i.id, 'reported', now() - interval '2 hours', null, i.id::text)
    from public.issues as i`;

  let isWriting = true;
  const scheduler = async (): Promise<void> => {
    while (isWriting) await sql`select private.run_service_levels(5)`;
  };
  const schedulers = Array.from({ length: SCHEDULERS }, scheduler);
  await Promise.all(Array.from({ length: WRITERS }, async () => {
    for (let nth = 0; nth < WRITES; nth++) await write(ids);
  }));
  isWriting = false;
  await Promise.all(schedulers);

  const left = async () => (await sql`select from private.service_marks`).count;
  while (await left() > 0) await sql`select private.run_service_levels()`;
  await sql`select private.run_service_levels()`;
  expect(await sql`select * from private.verify_service_targets()`).toEqual([]);

  const told = await sql`
    select b.issue_id, b.generation, b.stage, b.kind, count(e.id)::integer as events
    from public.service_breaches as b
    left join public.loop_events as e on e.issue_id = b.issue_id and e.generation = b.generation
      and e.reference = b.stage and e.hop = case b.kind when 'breach' then 'breached' else 'warned' end
    group by b.issue_id, b.generation, b.stage, b.kind
  `;
  expect(told.length).toBeGreaterThan(0);
  expect(new Set(told.map(({ events }) => events))).toEqual(new Set([1]));
  const [untold] = await sql`
    select count(*)::integer as count from public.service_targets as t
    where t.breached_at is not null and not exists (
      select from public.service_breaches as b
      where b.issue_id = t.issue_id and b.generation = t.generation and b.stage = t.stage and b.kind = 'breach'
    )
  `;
  expect(untold).toEqual({ count: 0 });
});
