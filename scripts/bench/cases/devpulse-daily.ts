import type postgres from "postgres";
import type { Case, Sample } from "../bench.ts";
import { DAY, makeDevpulseDay } from "../data/devpulse.ts";

const LOOP = "plpgsql loop over users";

/** As many days of users as one transaction of the job builds. */
const BATCH = 5000;

/** The half hour after the day: it is over, and its snapshots are stored for the first time. */
const NOW = "2026-10-16T00:30:00Z";

// What the snapshots contain, user by user: each user's rows are found by index.
const LOOP_FUNCTION = `
create function public.bench_snapshot_each_user(p_day date) returns void language plpgsql as $$
declare
  v_user record;
  v_numbers jsonb;
  v_platform text;
begin
  for v_user in
    select c.user_id, c.id as connection_id, coalesce(p.timezone, 'UTC') as timezone
    from public.profiles as p
    join public.platform_connections as c on c.user_id = p.id and c.platform = 'github'
    where exists (
      select from public.monitors as m
      where m.platform_connection_id = c.id and m.is_active
        and (m.created_at at time zone coalesce(p.timezone, 'UTC'))::date <= p_day
    )
  loop
    select jsonb_build_object(
      'total_stars', sum(r.value) filter (where r.metric = 'stars'),
      'total_forks', sum(r.value) filter (where r.metric = 'forks'),
      'total_open_issues', sum(r.value) filter (where r.metric = 'open_issues'),
      'repositories_count', count(*) filter (where r.metric = 'stars')
    )
    into v_numbers
    from private.metric_readings as r
    left join public.github_repositories as g
      on g.platform_connection_id = r.connection_id and g.github_repo_id::text = r.resource_id
    where r.connection_id = v_user.connection_id and r.day = p_day
      and (g.removed_at is null or (g.removed_at at time zone v_user.timezone)::date > p_day);
    v_numbers := v_numbers || (
      select jsonb_build_object(
        'commits', sum(g.commits_count) filter (where g.date = p_day),
        'pull_requests', sum(g.pull_requests_count) filter (where g.date = p_day),
        'issues', sum(g.issues_count) filter (where g.date = p_day),
        'total_commits', sum(g.commits_count), 'total_pull_requests', sum(g.pull_requests_count),
        'total_issues', sum(g.issues_count)
      )
      from public.github_contributions as g
      where g.platform_connection_id = v_user.connection_id and g.date <= p_day
    );
    foreach v_platform in array array['github', 'all'] loop
      insert into public.analytics_snapshots as o
        (user_id, workspace_id, platform, snapshot_type, snapshot_date, metrics, gaps)
      values (
        v_user.user_id, null, v_platform, 'daily', p_day, jsonb_build_object('github', v_numbers),
        array(select 'github.' || k.key from jsonb_each(v_numbers) as k where k.value = 'null' order by 1)
      )
      on conflict on constraint analytics_snapshots_user_platform_date_idx do update
      set metrics = excluded.metrics, gaps = excluded.gaps;
    end loop;
  end loop;
end;
$$`;

export const devpulseDailyCase: Case = {
  name: "devpulse-daily",
  title: "The daily snapshots of 10,000 users from a million readings",
  async prepare(bench) {
    const { database, userCount, readingCount } = await makeDevpulseDay(bench);
    const sql = database.connect({ role: "supabase_admin", max: 1 });
    await sql.unsafe(LOOP_FUNCTION);
    const digests = new Set<string>();

    // What was stored is looked at and deleted after each run; neither is timed.
    const emptied = async (run: () => Promise<void>): Promise<Sample> => {
      const started = performance.now();
      await run();
      const sample = { operations: 1, ms: performance.now() - started };
      digests.add(await digest(sql));
      await sql`delete from public.analytics_snapshots`;
      await sql.unsafe("vacuum public.analytics_snapshots");
      return sample;
    };
    const inSets = async (): Promise<void> => {
      for (let from = 0; from < userCount; from += BATCH) {
        await sql`
          with batch as (
            select array_agg(u.id) as ids, array_agg(${DAY}::date) as days
            from (select p.id from public.profiles as p order by p.id limit ${BATCH} offset ${from}) as u
          )
          select private.store_daily(b.ids, b.days, ${NOW}),
            private.store_periods('daily', b.ids, b.days, ${NOW})
          from batch as b
        `;
      }
    };
    return {
      comparisons: [{
        name: "devpulse-daily",
        title: `daily snapshots of ${userCount} users`,
        clients: "1 connection",
        unit: "ms",
        contenders: [
          { name: "set-based", run: () => emptied(inSets) },
          {
            name: LOOP,
            run: () =>
              emptied(async () => {
                await sql`select public.bench_snapshot_each_user(${DAY})`;
              }),
          },
        ],
        floors: [{ against: LOOP, ratio: 3 }],
      }],
      method:
        `${userCount} users with a connection to GitHub and ${readingCount} readings of one day. Both store a snapshot of ` +
        "GitHub and one of all platforms per user into an empty table with the same seven indexes, the loop by two " +
        `statements that read and two that write per user, ours in batches of ${BATCH} users. Both have to store the same rows.`,
      verify() {
        if (digests.size !== 1) throw new Error(`The rows differ: ${[...digests].join(", ")}`);
        return Promise.resolve();
      },
      close: () => sql.end(),
    };
  },
};

async function digest(sql: postgres.Sql): Promise<string> {
  const [row] = await sql<{ digest: string }[]>`
    select count(*) || ' ' || md5(string_agg(
      s.user_id || s.platform || s.snapshot_date || s.metrics || s.gaps::text, ',' order by s.user_id, s.platform
    )) as digest
    from public.analytics_snapshots as s
  `;
  return row?.digest ?? "none";
}
