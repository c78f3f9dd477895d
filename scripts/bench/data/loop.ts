import type postgres from "postgres";
import type { Bench, BenchDatabase } from "../bench.ts";
import { type Bulk, makeBulk, setIndexUpkeep, VIEWER_ID } from "./bulk.ts";

/** The bulk database with the ledger of its issues: what happened to each, and the messages of one in five. */
export const makeJourneys = (bench: Bench): Promise<Bulk> =>
  bench.shared("loop-journeys", async () => {
    const bulk = await makeBulk(bench);
    const sql = bulk.database.connect({ role: "supabase_admin" });
    try {
      await fillJourneys(bench, bulk, sql);
    } finally {
      await sql.end();
    }
    return bulk;
  });

/** The hops, each some minutes after the one before, and the share of issues, in percent, that have them. */
const HOPS = [
  ["reported", 0, 100],
  ["triaged", 5, 100],
  ["promoted", 300, 30],
  ["dispatched", 400, 25],
  ["started", 410, 25],
  ["opened", 480, 24],
  ["merged", 2000, 20],
  ["fixed", 2000, 20],
  ["shipped", 2060, 20],
  ["resolved", 2060, 76],
  ["answered", 2070, 60],
] as const;

async function fillJourneys(bench: Bench, { issueCount }: Bulk, sql: postgres.Sql): Promise<void> {
  bench.progress(`recording what happened to ${issueCount} issues`);
  await sql`set session_replication_role = replica`;
  await sql`set synchronous_commit = off`;
  await sql`set maintenance_work_mem = '512MB'`;
  const tables = ["public.loop_issues", "public.loop_events", "public.circle_issues"];
  await setIndexUpkeep(sql, tables, false);
  await sql`
    insert into public.loop_issues (issue_id, generation, created_at, updated_at)
    select i.id, 1 + (i.seq_id % 20 = 0)::integer, i.created_at, i.created_at from public.issues as i
  `;
  // one hop after the other would be in another order than any real ledger: by issue
  await sql`
    insert into public.loop_events (issue_id, generation, hop, at, actor, reference, created_at)
    select i.id, g.generation, h.hop, i.created_at + (h.minutes + 9000 * (g.generation - 1)) * interval '1 minute',
      'Person', case h.hop when 'reported' then i.seq_id::text else '' end, i.created_at
    from public.issues as i
    cross join lateral generate_series(1, 1 + (i.seq_id % 20 = 0)::integer) as g (generation)
    join jsonb_to_recordset(${
    sql.json(HOPS.map(([hop, minutes, percent]) => ({ hop, minutes, percent })))
  }) as h (hop text, minutes integer, percent integer)
      on (hashint4(i.seq_id) & 2147483647) % 100 < h.percent
    order by i.created_at, i.id, g.generation, h.minutes
  `;
  await sql`
    insert into public.circle_issues (
      message_id, body, space_id, space_name, mapped_to_issue_id, is_triaged, posted_at, created_at
    )
    select 'journey-' || i.seq_id, i.title, (i.seq_id % 30)::text, 'Space ' || i.seq_id % 30, i.id, true,
      i.created_at, i.created_at
    from public.issues as i where i.seq_id % 5 = 0
  `;
  await setIndexUpkeep(sql, tables, true);
  for (const table of tables) {
    await sql.unsafe(`reindex table ${table}`);
    await sql.unsafe(`vacuum (analyze) ${table}`);
  }
}

export interface Flow {
  database: BenchDatabase;
  transitionCount: number;
}

/** How many days the changes of status are spread over. */
export const FLOW_DAYS = 700;

/** A database of issues whose statuses changed so often, evenly over some years. */
export async function makeFlow(bench: Bench, transitionCount: number): Promise<Flow> {
  const database = await bench.createDatabase("loop_flow");
  const sql = database.connect({ role: "supabase_admin" });
  try {
    bench.progress(`recording ${transitionCount} changes of status`);
    await sql`set session_replication_role = replica`;
    await sql`set synchronous_commit = off`;
    await sql`insert into auth.users (id, email) values (${VIEWER_ID}, 'viewer@example.com')`;
    await sql`insert into public.team_members (user_id, role) values (${VIEWER_ID}, 'viewer')`;
    await sql`
      create temp table log as
      select n, (n - 1) / 4 + 1 as issue, (n - 1) % 4 + 1 as step,
        now() - ${FLOW_DAYS} * interval '1 day'
          + ((n - 1) / 4)::double precision / ${transitionCount} * 4 * ${FLOW_DAYS - 40} * interval '1 day'
          + (((n - 1) % 4) * 4 + (hashint4(n) & 3)) * interval '1 day' as at
      from generate_series(1, ${transitionCount}::integer) as n
    `;
    await sql`
      insert into public.issues (id, seq_id, title, status, segment, created_at, updated_at, resolved_at, resolved_by)
      select md5('flow ' || l.issue)::uuid, l.issue, 'Flow', p.status, 'misc', min(l.at), max(l.at),
        case p.status when 'resolved' then max(l.at) end, case p.status when 'resolved' then 'Person' end
      from log as l
      cross join lateral (
        select (array['waiting_for_help', 'in_progress', 'blocked', 'resolved'])[max(m.step)] as status
        from (values (least(4, ${transitionCount}::integer - (l.issue - 1) * 4))) as m (step)
      ) as p
      group by l.issue, p.status
    `;
    await sql`
      insert into public.issue_status_logs (issue_id, old_status, new_status, changed_by, changed_at)
      select md5('flow ' || l.issue)::uuid,
        (array[null, 'waiting_for_help', 'in_progress', 'blocked'])[l.step],
        (array['waiting_for_help', 'in_progress', 'blocked', 'resolved'])[l.step], 'Person', l.at
      from log as l order by l.at
    `;
    for (const table of ["public.issues", "public.issue_status_logs"]) {
      await sql.unsafe(`vacuum (analyze) ${table}`);
    }
  } finally {
    await sql.end();
  }
  return { database, transitionCount };
}
