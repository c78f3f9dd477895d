import assert from "node:assert/strict";
import type { Case, Comparison } from "../bench.ts";
import { VIEWER_ID } from "../data/bulk.ts";
import { makeExai } from "../data/exai.ts";
import { asCaller, explain, PAGE_LIMIT_S, pageAsJson, timedPage } from "../queries.ts";

const ISSUE_COUNT = 200_000;
const STEPS_EACH = 10;

/** The same columns with a join to every step: the obvious first version. */
const NAIVE_VIEW = `
  create schema bench;
  create view bench.exai_active_issues with (security_invoker = true) as
  select
    i.*,
    (count(s.id) filter (where s.status = 'complete'))::integer as completed_steps,
    count(s.id)::integer as total_steps,
    coalesce(
      round(
        100.0 * count(s.id) filter (where s.status = 'complete')
          / nullif(count(s.id) filter (where s.status <> 'skipped'), 0)
      ),
      0
    )::integer as progress_percentage,
    (count(s.id) filter (where s.status = 'skipped'))::integer as skipped_steps,
    -- there are no relations
    true as is_ready,
    0 as active_blockers_count,
    0 as blocked_parents_count,
    0 as active_children_count,
    null::integer as duplicate_of,
    false as is_to_be_closed
  from public.exai_issues as i
  left join public.exai_issue_checklist as s on s.issue_id = i.id
  where i.status in ('open', 'in_progress')
  group by i.id;
  grant usage on schema bench to authenticated;
  grant select on bench.exai_active_issues to authenticated;
`;

/** One page in the order in which active issues are listed. */
const REST = `
  order by case v.severity when 'critical' then 1 when 'high' then 2 when 'medium' then 3 when 'low' then 4 end,
    v.issue_number
  limit 50
`;

const asRows = (view: string, rest: string): string => `select v.* from ${view} as v ${rest}`;

const OURS = "exai_active_issues";
const WITHOUT_RLS = "exai_active_issues with RLS off";
const NAIVE = "the view by join, group and count";

export const exaiActiveCase: Case = {
  name: "exai-active",
  title: "A page of exai_active_issues at 200,000 issues and two million steps",
  async prepare(bench) {
    const issueCount = bench.scaled(ISSUE_COUNT);
    const database = await makeExai(bench, "exai_active", {
      issueCount,
      stepsEach: STEPS_EACH,
      edgeCount: 0,
    });
    const admin = database.connect({ role: "supabase_admin" });
    await admin.unsafe(NAIVE_VIEW);
    await admin.end();
    const sql = database.connect();

    const answer = (view: string) =>
      asCaller(sql, "authenticated", VIEWER_ID, (tx) => tx.unsafe(asRows(view, REST)));
    const page = await answer("public.exai_active_issues");
    assert(page.length > 0, "there are active issues");
    assert.deepEqual(page, await answer("bench.exai_active_issues"), "both views return the same page");

    const comparison = (
      name: string,
      title: string,
      ask: (view: string, rest: string) => string,
    ): Comparison => {
      const run = (role: string, view: string) => () => timedPage(sql, role, VIEWER_ID, ask(view, REST));
      return {
        name,
        title,
        clients: "1 connection",
        unit: "ms",
        contenders: [
          { name: OURS, run: run("authenticated", "public.exai_active_issues") },
          { name: WITHOUT_RLS, run: run("service_role", "public.exai_active_issues") },
          { name: NAIVE, run: run("authenticated", "bench.exai_active_issues") },
        ],
        floors: [{ against: WITHOUT_RLS, ratio: 1 / 1.5 }, { against: NAIVE, ratio: 20 }],
        explain: () =>
          asCaller(
            sql,
            "authenticated",
            VIEWER_ID,
            (tx) => explain(tx, ask("public.exai_active_issues", REST)),
          ),
      };
    };
    return {
      comparisons: [
        comparison("exai-active-json", "50 active issues, as one JSON value", pageAsJson),
        comparison("exai-active-rows", "50 active issues, as rows", asRows),
      ],
      method:
        `${issueCount} issues, three in ten of them active, with ${STEPS_EACH} steps each, analyzed, in memory as far ` +
        "as it fits. The first 50 by severity and number, queried by a team viewer whose claims are set in the " +
        "transaction: once as PostgREST does, as one JSON value, and once as rows. Only the query is timed, prepared. With " +
        "RLS off the same query runs as `service_role`, which bypasses row security. The naive view joins the issues " +
        "with their steps, groups by issue and counts; both return the same page, or the run fails. The " +
        `statement timeout is ${PAGE_LIMIT_S} s, as for signed-in people on Supabase.`,
      close: () => sql.end(),
    };
  },
};
