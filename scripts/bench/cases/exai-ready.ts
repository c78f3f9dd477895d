import assert from "node:assert/strict";
import type { Case } from "../bench.ts";
import { VIEWER_ID } from "../data/bulk.ts";
import { makeExai } from "../data/exai.ts";
import { asCaller, explain, PAGE_LIMIT_S, pageAsJson, timedPage } from "../queries.ts";

const ISSUE_COUNT = 100_000;
const EDGE_COUNT = 150_000;

/**
 * The same order and columns, but for what is counted of the loop; what waits is found by following the edges from all active issues: to their duplicates, from
 * these to what they block, and down to the children.
 */
const NAIVE_VIEW = `
  create schema bench;
  create view bench.exai_ready_issues with (security_invoker = true) as
  with recursive duplicate as (
    select e.from_issue_id as id, e.to_issue_id from public.exai_issue_relations as e where e.kind = 'duplicates'
  ),
  work (id) as (
    select i.id from public.exai_issues as i
    where i.status in ('open', 'in_progress') and not exists (select from duplicate as d where d.id = i.id)
  ),
  unfinished (id) as (
    select w.id from work as w
    union
    select d.id from unfinished as u join duplicate as d on d.to_issue_id = u.id
  ),
  blocked (id) as (
    select e.to_issue_id
    from unfinished as u
    join public.exai_issue_relations as e on e.from_issue_id = u.id
    where e.kind = 'blocks'
    union
    select e.to_issue_id
    from blocked as b
    join public.exai_issue_relations as e on e.from_issue_id = b.id
    where e.kind = 'parent'
  ),
  container (id) as (
    select e.from_issue_id
    from unfinished as u
    join public.exai_issue_relations as e on e.to_issue_id = u.id
    where e.kind = 'parent'
  ),
  unblocking (id, unblocks) as (
    select e.from_issue_id, count(*)
    from work as w
    join public.exai_issue_relations as e on e.to_issue_id = w.id
    where e.kind = 'blocks'
    group by e.from_issue_id
    union all
    select d.to_issue_id, u.unblocks from unblocking as u join duplicate as d on d.id = u.id
  )
  select
    i.*,
    coalesce(s.completed, 0)::integer as completed_steps,
    coalesce(s.steps, 0)::integer as total_steps,
    coalesce(round(100.0 * s.completed / nullif(s.steps - s.skipped, 0)), 0)::integer as progress_percentage,
    coalesce(s.skipped, 0)::integer as skipped_steps,
    coalesce(u.unblocks, 0)::integer as unblocks_count
  from public.exai_issues as i
  left join (
    select s.issue_id, count(*) as steps, count(*) filter (where s.status = 'complete') as completed,
      count(*) filter (where s.status = 'skipped') as skipped
    from public.exai_issue_checklist as s
    group by s.issue_id
  ) as s on s.issue_id = i.id
  left join (select u.id, sum(u.unblocks) as unblocks from unblocking as u group by u.id) as u on u.id = i.id
  where i.id in (select w.id from work as w)
    and not exists (select from blocked as b where b.id = i.id)
    and not exists (select from container as c where c.id = i.id)
  order by
    case i.severity when 'critical' then 1 when 'high' then 2 when 'medium' then 3 when 'low' then 4 end,
    u.unblocks desc nulls last, i.created_at, i.issue_number;
  grant usage on schema bench to authenticated;
  grant select on bench.exai_ready_issues to authenticated;
`;

const REST = "limit 20";

const withoutDemand = (
  { reporters_count: _, total_unblocks_count: __, level_risk: ___, ...issue }: Record<string, unknown>,
) => issue;

const OURS = "exai_ready_issues";
const NAIVE = "the recursive query over everything";

export const exaiReadyCase: Case = {
  name: "exai-ready",
  title: "The top of exai_ready_issues at 100,000 issues and 150,000 edges",
  async prepare(bench) {
    const size = { issueCount: bench.scaled(ISSUE_COUNT), stepsEach: 1, edgeCount: bench.scaled(EDGE_COUNT) };
    const database = await makeExai(bench, "exai_ready", size);
    const admin = database.connect({ role: "supabase_admin" });
    await admin.unsafe(NAIVE_VIEW);
    await admin.end();
    const sql = database.connect();

    const answer = (view: string) =>
      asCaller(sql, "authenticated", VIEWER_ID, (tx) => tx.unsafe(`select v.* from ${view} as v ${REST}`));
    const top = (await answer("public.exai_ready_issues")).map(withoutDemand);
    assert(top.length > 0, "there are ready issues");
    assert.deepEqual(
      top,
      [...await answer("bench.exai_ready_issues")],
      "both queries return the same issues",
    );

    const run = (view: string) => () => timedPage(sql, "authenticated", VIEWER_ID, pageAsJson(view, REST));
    return {
      comparisons: [{
        name: "exai-ready",
        title: "the 20 issues to work on next",
        clients: "1 connection",
        unit: "ms",
        contenders: [
          { name: OURS, run: run("public.exai_ready_issues") },
          { name: NAIVE, run: run("bench.exai_ready_issues") },
        ],
        floors: [{ against: NAIVE, ratio: 50 }],
        explain: () =>
          asCaller(
            sql,
            "authenticated",
            VIEWER_ID,
            (tx) => explain(tx, pageAsJson("public.exai_ready_issues", REST)),
          ),
      }],
      method:
        `${size.issueCount} issues, three in ten of them active, with one step each, and ${size.edgeCount} edges: two ` +
        "issues in five have a parent, one in fifty duplicates another, and the other edges are blocks. The first 20, as " +
        "one JSON value, queried by a team viewer whose claims are set in the transaction; only the query is timed, " +
        "prepared. The peer starts at every active issue, follows duplicates, blocks and parents with recursive queries, " +
        "and counts steps and waiting issues; both return the same issues, or the run fails. The statement timeout is " +
        `${PAGE_LIMIT_S} s.`,
      close: () => sql.end(),
    };
  },
};
