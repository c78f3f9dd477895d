import assert from "node:assert/strict";
import type { Case } from "../bench.ts";
import { VIEWER_ID } from "../data/bulk.ts";
import { FLOW_DAYS, makeFlow } from "../data/loop.ts";
import { asCaller, explain, PAGE_LIMIT_S, pageAsJson, timedPage } from "../queries.ts";

const TRANSITION_COUNT = 500_000;

/** The same numbers by a join of each day with the statuses that issues had on its evening. */
const NAIVE_VIEW = `
  create schema bench;
  create view bench.loop_flow_daily with (security_invoker = true) as
  with state as (
    select l.new_status as status, l.changed_at as since,
      lead(l.changed_at) over (partition by l.issue_id order by l.changed_at) as until
    from public.issue_status_logs as l
  ),
  day as (
    select g.at, (g.at + interval '1 day') at time zone 'UTC' as evening
    from (select min(s.since at time zone 'UTC')::date as first from state as s) as f
    cross join lateral generate_series(
      f.first::timestamp, (now() at time zone 'UTC')::date::timestamp, interval '1 day'
    ) as g (at)
  )
  select d.at::date as day, s.status, count(*) as issues_count
  from day as d
  join state as s on s.since < d.evening and (s.until is null or s.until >= d.evening)
  group by d.at, s.status;
  grant usage on schema bench to authenticated;
  grant select on bench.loop_flow_daily to authenticated;
`;

const OURS = "loop_flow_daily";
const NAIVE = "the join of each day";

export const loopFlowCase: Case = {
  name: "loop-flow",
  title: "The flow of issues by day over 500,000 changes of status",
  async prepare(bench) {
    const { database, transitionCount } = await makeFlow(bench, bench.scaled(TRANSITION_COUNT));
    const admin = database.connect({ role: "supabase_admin" });
    await admin.unsafe(NAIVE_VIEW);
    await admin.end();
    const sql = database.connect();

    const some = (view: string) =>
      asCaller(sql, "authenticated", VIEWER_ID, (tx) =>
        tx.unsafe(`
          select v.day::text, v.status, v.issues_count::integer from ${view} as v
          where v.day in (current_date - 650, current_date - 300, current_date) and v.issues_count > 0
          order by 1, 2
        `));
    const counted = await some("public.loop_flow_daily");
    assert(counted.length > 0, "there are days");
    assert.deepEqual(counted, await some("bench.loop_flow_daily"), "both count the same");

    const run = (view: string) => () => timedPage(sql, "authenticated", VIEWER_ID, pageAsJson(view, ""));
    return {
      comparisons: [{
        name: "loop-flow",
        title: "all days",
        clients: "1 connection",
        unit: "ms",
        contenders: [
          { name: OURS, run: run("public.loop_flow_daily") },
          { name: NAIVE, run: run("bench.loop_flow_daily") },
        ],
        floors: [{ against: NAIVE, ratio: 10 }],
        explain: () =>
          asCaller(
            sql,
            "authenticated",
            VIEWER_ID,
            (tx) => explain(tx, pageAsJson("public.loop_flow_daily", "")),
          ),
      }],
      method:
        `${transitionCount} changes of status, four per issue, over ${FLOW_DAYS} days, analyzed. The number of issues ` +
        "per day and status, as one JSON value, queried by a team viewer whose claims are set in the transaction; only the " +
        "query is timed, prepared. The peer joins each day with the times during which issues had a status, which it has from " +
        "a window over the log; both are compared on three days, or the run fails. The statement timeout is " +
        `${PAGE_LIMIT_S} s.`,
      close: () => sql.end(),
    };
  },
};
