import type { Case, Comparison } from "../bench.ts";
import { DAY, makeDevpulseYear, userId } from "../data/devpulse.ts";
import { asCaller, explain, timedPage } from "../queries.ts";

const FIRST_DAY = "2025-10-16";
const FROM_READINGS = "from metric_readings";
const WITHOUT_RLS = "the same with RLS off";

const SERIES = `
  select json_agg(s) from public.metric_series('github', 'total_stars', '${FIRST_DAY}', '${DAY}') as s`;

// The same rows, summed from what was read of each repository.
const READINGS = `
  select json_agg(s) from (
    select d.day::date as period, r.value, r.value - lag(r.value) over (order by d.day) as delta,
      r.value is null as is_gap
    from generate_series('${FIRST_DAY}'::timestamp, '${DAY}'::timestamp, interval '1 day') as d (day)
    left join (
      select o.day, sum(o.value) as value
      from private.metric_readings as o
      join public.platform_connections as c on c.id = o.connection_id
      where c.user_id = auth.uid() and c.platform = 'github' and o.metric = 'stars'
        and o.day between '${FIRST_DAY}' and '${DAY}'
      group by o.day
    ) as r on r.day = d.day
    order by 1
  ) as s`;

const DASHBOARD = "select public.dashboard()";

export const devpulseReadingCase: Case = {
  name: "devpulse-reading",
  title: "Reading devpulse's numbers at a million snapshots",
  async prepare(bench) {
    const { database, readingCount, snapshotCount, readUserCount, userCount } = await makeDevpulseYear(bench);
    const sql = database.connect();
    const caller = userId(Math.ceil(readUserCount / 2));
    const collector = userId(readUserCount);

    const series = (name: string, title: string, user: string): Comparison => ({
      name,
      title,
      clients: "1 connection",
      unit: "ms",
      contenders: [
        { name: "metric_series", run: () => timedPage(sql, "authenticated", user, SERIES) },
        // nobody but the schema's owner reads the raw history
        { name: FROM_READINGS, run: () => timedPage(sql, "postgres", user, READINGS) },
      ],
      floors: [{ against: FROM_READINGS, ratio: 5 }],
    });

    const dashboard: Comparison = {
      name: "devpulse-dashboard",
      title: "dashboard()",
      clients: "1 connection",
      unit: "ms",
      contenders: [
        { name: "dashboard", run: () => timedPage(sql, "authenticated", caller, DASHBOARD) },
        { name: WITHOUT_RLS, run: () => timedPage(sql, "service_role", caller, DASHBOARD) },
      ],
      floors: [{ against: WITHOUT_RLS, ratio: 1 / 1.5 }],
      explain: () =>
        asCaller(sql, "authenticated", caller, (tx) =>
          explain(
            tx,
            "select * from public.analytics_snapshots as s where s.user_id = auth.uid() and s.workspace_id is null " +
              "and s.platform = 'github' and s.snapshot_type = 'daily' order by s.snapshot_date desc limit 1",
          )),
    };
    return {
      comparisons: [
        series("devpulse-series", "a year of stars by day, of 33 repositories", caller),
        series("devpulse-series-many", "a year of stars by day, of 100 repositories", collector),
        dashboard,
      ],
      method:
        `${snapshotCount} daily snapshots of ${userCount} users over a year, and the ${readingCount} readings of ${readUserCount} ` +
        "of them, 100 per day, and 301 of one who has 100 repositories. The series is asked for as PostgREST asks, by a signed-in user with row security; its peer " +
        "sums the readings as their owner, without row security. With RLS off `dashboard()` runs as `service_role`, which " +
        "bypasses it. The query alone is timed, prepared.",
      async verify() {
        const rows = async (user: string, role: string, query: string): Promise<string> =>
          await asCaller(sql, role, user, async (tx) => {
            const [row] = await tx.unsafe<{ json_agg: unknown }[]>(query);
            return JSON.stringify(row?.json_agg);
          });
        for (const user of [caller, collector]) {
          const shown = await rows(user, "authenticated", SERIES);
          if (shown !== await rows(user, "postgres", READINGS) || shown.includes("true")) {
            throw new Error("The series differs from the sum of the readings.");
          }
        }
      },
      close: () => sql.end(),
    };
  },
};
