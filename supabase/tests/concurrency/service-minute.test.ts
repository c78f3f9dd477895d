import type { Sql } from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connect, createDatabase, type TestDatabase } from "../support/database.ts";
import { size } from "../support/size.ts";

// A minute in which the time of many issues is over: one run of the job records all of it, each once.

/** As many as a run records by default. */
const ISSUES = size(300, 10_000);

let database: TestDatabase;
let sql: Sql;

beforeAll(async () => {
  database = await createDatabase();
  sql = connect(database, "postgres", 3);
  await sql`
    insert into public.service_policies (name, segment, clock, engineering_minutes, applies_from) values
      ('Hour', 'code', 'wall', 60, now() - interval '1 day'), ('Day', 'tool', 'wall', 1440, now() - interval '1 day')
  `;
});

afterAll(async () => {
  await sql?.end();
  await database?.drop();
});

const run = async (): Promise<number> => {
  const [row] = await sql<{ count: number }[]>`select private.run_service_levels() as count`;
  return row?.count ?? 0;
};

test(
  `${ISSUES} breaches and ${ISSUES} warnings of one minute are recorded by one run, though two begin`,
  async () => {
    await sql`
    insert into public.issues (title, segment)
    select 'Issue ' || n, case when n <= ${ISSUES} then 'code' else 'tool' end
    from generate_series(1, ${2 * ISSUES}::integer) as n
  `;
    // a mark that is left would compute a target again
    while ((await sql`select from private.service_marks`).count > 0) await run();
    expect(
      await sql`
    select p.name, count(*)::integer from public.open_service_targets as t
    join public.service_policies as p on p.id = t.policy_id group by p.name order by p.name
  `,
    ).toEqual([{ name: "Day", count: ISSUES }, { name: "Hour", count: ISSUES }]);

    // what time does: an hour is over for the first, and four fifths of a day for the others
    await sql`
    update public.service_targets as t set
      started_at = t.started_at - m.passed, warn_at = t.warn_at - m.passed, due_at = t.due_at - m.passed
    from public.service_policies as p
    cross join lateral (
      select case p.name when 'Hour' then interval '61 minutes' else interval '20 hours' end as passed
    ) as m
    where p.id = t.policy_id
  `;
    const started = performance.now();
    const counts = await Promise.all([run(), run()]);
    const seconds = (performance.now() - started) / 1000;
    expect(counts.reduce((sum, count) => sum + count)).toBe(2 * ISSUES);
    // the next minute's run begins after it
    expect(seconds).toBeLessThan(60);
    expect(await run()).toBe(0);

    const told = await sql`
    select p.name, b.kind, e.hop, count(*)::integer, count(distinct b.issue_id)::integer as issues,
      bool_and(e.at = b.at and e.at <= now()) as is_timely
    from public.service_targets as t
    join public.service_policies as p on p.id = t.policy_id
    join public.service_breaches as b on b.issue_id = t.issue_id and b.stage = t.stage
    join public.loop_events as e on e.issue_id = b.issue_id and e.generation = b.generation
      and e.reference = b.stage and e.hop in ('warned', 'breached')
    group by p.name, b.kind, e.hop order by p.name
  `;
    expect(told).toEqual([
      { name: "Day", kind: "warning", hop: "warned", count: ISSUES, issues: ISSUES, is_timely: true },
      { name: "Hour", kind: "breach", hop: "breached", count: ISSUES, issues: ISSUES, is_timely: true },
    ]);
  },
  600_000,
);
