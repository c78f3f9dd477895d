import type { Case, Comparison, Contender } from "../bench.ts";
import { issueId, VIEWER_ID } from "../data/bulk.ts";
import { makeSearchedBulk } from "../data/issue-search.ts";
import { asCaller, explain, PAGE_LIMIT_S, pageAsJson, timedPage } from "../queries.ts";

/** The same columns by a join with the latest comment of every issue, as one writes it down first. */
const NAIVE_VIEW = `
  create schema bench;
  create view bench.issue_activity_log with (security_invoker = true) as
  select
    i.id, i.title as issue_title, i.segment, i.status, i.assigned_to, i.resolved_by, i.resolved_at,
    coalesce(c.author_name, i.submitted_by) as last_commenter,
    coalesce(c.created_at, i.created_at) as last_comment_at
  from public.issues as i
  left join (
    select distinct on (l.issue_id) l.issue_id, l.author_name, l.created_at
    from public.comments as l
    order by l.issue_id, l.created_at desc, l.id desc
  ) as c on c.issue_id = i.id;
  grant usage on schema bench to authenticated;
  grant select on bench.issue_activity_log to authenticated;
`;

interface Page {
  name: string;
  title: string;
  /** What stands after the view's name. */
  rest: string;
}

function pages(issueCount: number): Page[] {
  const newest = Array.from(
    { length: Math.min(50, issueCount) },
    (_, at) => `'${issueId(issueCount - 1 - at)}'`,
  );
  return [
    {
      name: "activity-newest",
      title: "the activity of the 50 newest issues",
      rest: `where v.id in (${newest.join(", ")}) limit 50`,
    },
    {
      name: "activity-latest",
      title: "the 50 issues with the latest comments",
      rest: "order by v.last_comment_at desc limit 50",
    },
    { name: "activity-any", title: "any 50 issues", rest: "limit 50" },
    {
      name: "activity-waiting",
      title: "any 50 issues that wait for help",
      rest: "where v.status = 'waiting_for_help' limit 50",
    },
  ];
}

const OURS = "the view";
const WITHOUT_RLS = "the view with RLS off";
const NAIVE = "the view written naively";

export const activityLogCase: Case = {
  name: "activity-log",
  title: "A page of issue_activity_log at a million issues and three million comments",
  async prepare(bench) {
    const bulk = await makeSearchedBulk(bench);
    const admin = bulk.database.connect({ role: "supabase_admin" });
    await admin.unsafe(NAIVE_VIEW);
    await admin.end();
    const sql = bulk.database.connect();

    const comparison = (page: Page): Comparison => {
      const contender = (name: string, role: string, view: string): Contender => ({
        name,
        run: () => timedPage(sql, role, VIEWER_ID, pageAsJson(view, page.rest)),
      });
      return {
        name: page.name,
        title: page.title,
        clients: "1 connection",
        unit: "ms",
        contenders: [
          contender(OURS, "authenticated", "public.issue_activity_log"),
          contender(WITHOUT_RLS, "service_role", "public.issue_activity_log"),
          contender(NAIVE, "authenticated", "bench.issue_activity_log"),
        ],
        floors: [
          { against: WITHOUT_RLS, ratio: 1 / 1.5 },
          { against: NAIVE, ratio: 50 },
        ],
        explain: () =>
          asCaller(
            sql,
            "authenticated",
            VIEWER_ID,
            (tx) => explain(tx, `select v.* from public.issue_activity_log as v ${page.rest}`),
          ),
      };
    };
    return {
      comparisons: pages(bulk.issueCount).map(comparison),
      method:
        `${bulk.issueCount} issues, ${bulk.commentCount} comments, analyzed, in memory as far as it fits. A page is ` +
        "asked for as PostgREST asks, as one JSON value, by a team viewer whose claims the transaction carries; the query " +
        "alone is timed, prepared. With RLS off the same query runs as `service_role`, which bypasses row security. " +
        "The naive view joins the issues with `distinct on (issue_id)` over the comments. Each query ends after " +
        `${PAGE_LIMIT_S} s, as requests of signed-in people do on Supabase.`,
      close: () => sql.end(),
    };
  },
};
