import assert from "node:assert/strict";
import type postgres from "postgres";
import type { Bench, BenchDatabase } from "../bench.ts";
import { between, createRandom, createWriter } from "../words.ts";
import { setIndexUpkeep, VIEWER_ID } from "./bulk.ts";

/** How many distinct texts the issues have. */
const TEXT_COUNT = 500;

export interface ExaiSize {
  issueCount: number;
  /** Steps per issue. */
  stepsEach: number;
  /** Two in five issues have a parent, one in fifty is a duplicate; the other edges are blocks. */
  edgeCount: number;
}

/**
 * A database of engineering issues: three in ten active, as in a list that has been in use for a while. Filled with one
 * statement per table and without triggers, including what the triggers would have written, and then checked.
 */
export async function makeExai(bench: Bench, name: string, size: ExaiSize): Promise<BenchDatabase> {
  const database = await bench.createDatabase(name);
  const sql = database.connect({ role: "supabase_admin" });
  try {
    await fill(bench, sql, size);
    await checkExai(sql);
  } finally {
    await sql.end();
  }
  return database;
}

async function fill(bench: Bench, sql: postgres.Sql, size: ExaiSize): Promise<void> {
  const { issueCount, stepsEach, edgeCount } = size;
  const stepCount = issueCount * stepsEach;
  bench.progress(`loading ${issueCount} engineering issues, ${stepCount} steps and ${edgeCount} edges`);
  await sql`set session_replication_role = replica`;
  await sql`set synchronous_commit = off`;
  await sql`set maintenance_work_mem = '512MB'`;
  await sql`set work_mem = '128MB'`;
  await sql`insert into auth.users (id, email) values (${VIEWER_ID}, 'viewer@example.com')`;
  await sql`insert into public.team_members (user_id, role) values (${VIEWER_ID}, 'viewer')`;

  // Pseudorandom integers that are the same in every run.
  await sql`
    create function pg_temp.random_of(p_number integer, p_use integer, p_below integer) returns integer
    language sql immutable
    return ((hashint8extended(p_number, p_use) & 2147483647) % p_below)::integer
  `;
  await sql`
    create function pg_temp.issue_id(p_number integer) returns uuid language sql immutable
    return md5('issue ' || p_number)::uuid
  `;
  await load(sql, "public.exai_issue_relations", () => fillRelations(sql, issueCount, edgeCount));
  await load(sql, "public.exai_issues", () => fillIssues(sql, issueCount));
  await load(sql, "public.exai_issue_checklist", () => fillSteps(sql, stepsEach));
  bench.progress("computing their counts and search vectors");
  await load(sql, "private.exai_issue_counts", () => fillCounts(sql));
  await load(sql, "private.exai_issue_search", () => fillSearch(sql));
}

/** Fills a table without maintaining its indexes, and then rebuilds them. */
async function load(sql: postgres.Sql, table: string, step: () => Promise<void>): Promise<void> {
  await setIndexUpkeep(sql, [table], false);
  await step();
  await setIndexUpkeep(sql, [table], true);
  await sql.unsafe(`reindex table ${table}`);
  await sql.unsafe(`vacuum (analyze) ${table}`);
}

/** Issues in a row: the first of each ten is the parent of others, some of which are parents in turn. */
const GROUP = 10;

/**
 * An issue has at most one parent, two blockers and one original. Parents are in the same ten, blockers in an earlier ten,
 * originals next to the duplicate: so nothing waits for itself.
 */
async function fillRelations(sql: postgres.Sql, issueCount: number, edgeCount: number): Promise<void> {
  const groups = Math.floor(issueCount / GROUP);
  const targets = issueCount - GROUP;
  const duplicates = Math.min(Math.floor(edgeCount / 75), Math.ceil(groups / 5));
  const parents = Math.min(edgeCount - duplicates, 4 * groups);
  const blocks = edgeCount - duplicates - parents;
  assert(blocks <= 2 * targets, "the issues can have this many edges");
  // In each group 2 and 4 are children of 0, 6 of 2, and 8 of 4; in every fifth group 5 duplicates 3.
  await sql`
    insert into public.exai_issue_relations (from_issue_id, to_issue_id, kind)
    select pg_temp.issue_id(1 + e.from_index), pg_temp.issue_id(1 + e.to_index), e.kind
    from (
      select ${GROUP}::integer * (n / 4) + (array[0, 0, 2, 4])[1 + n % 4], ${GROUP}::integer * (n / 4) + 2 + 2 * (n % 4),
        'parent'
      from generate_series(0, ${parents}::integer - 1) as n
      union all
      select 5 * ${GROUP}::integer * n + 5, 5 * ${GROUP}::integer * n + 3, 'duplicates'
      from generate_series(0, ${duplicates}::integer - 1) as n
      union all
      select b.to_index - b.to_index % ${GROUP} - 1 - b.distance, b.to_index, 'blocks'
      from (
        select t.to_index, (pg_temp.random_of(t.to_index, 1, 1000) + t.nth) % least(t.to_index / ${GROUP} * ${GROUP}, 500)
          as distance
        from (
          select ${GROUP}::integer + n % ${targets} as to_index, n / ${targets} as nth
          from generate_series(0, ${blocks}::integer - 1) as n
        ) as t
      ) as b
    ) as e (from_index, to_index, kind)
  `;
}

async function fillIssues(sql: postgres.Sql, issueCount: number): Promise<void> {
  const random = createRandom(11);
  const write = createWriter(random);
  const titles = Array.from({ length: TEXT_COUNT }, () => write(between(random, 4, 9)));
  const descriptions = Array.from({ length: TEXT_COUNT }, () => write(between(random, 20, 80)));
  const causes = Array.from({ length: TEXT_COUNT }, () => write(between(random, 10, 30)));
  await sql`
    insert into public.exai_issues (
      id, issue_number, title, description, severity, category, status, file_path, line_start, line_end,
      affected_components, conversation_id, root_cause, recommended_fix, blocks_issues, blocked_by_issues,
      discovery_date, fix_date, verification_date, created_by, created_at, updated_at
    )
    select pg_temp.issue_id(i.n), i.n, t.title, t.description,
      (array['critical', 'high', 'medium', 'low'])[width_bucket(pg_temp.random_of(i.n, 3, 100), array[0, 5, 25, 75])],
      (array['timeout', 'architecture', 'configuration', 'performance', 'security', 'other'])[1 + i.n % 6],
      s.status, 'src/providers/provider_' || i.n % ${TEXT_COUNT} || '.py', 1 + i.n % 400, 20 + i.n % 400,
      array['component ' || i.n % 20], 'conversation-' || i.n / 3, t.cause, t.cause,
      coalesce(b.ids, '{}'), coalesce(w.ids, '{}'), d.day,
      case when s.status in ('fixed', 'verified', 'closed') then d.day + interval '2 days' end,
      case when s.status = 'verified' then d.day + interval '3 days' end, 'system', d.day, d.day
    from generate_series(1, ${issueCount}::integer) as i (n)
    cross join lateral (select timestamptz '2024-01-01 00:00:00+00' + i.n * interval '5 minutes' as day) as d
    cross join lateral (
      select (array['open', 'in_progress', 'fixed', 'verified', 'closed', 'wont_fix'])[
        width_bucket(pg_temp.random_of(i.n, 4, 100), array[0, 22, 30, 40, 75, 95])
      ] as status
    ) as s
    join unnest(${titles}::text[], ${descriptions}::text[], ${causes}::text[]) with ordinality
      as t (title, description, cause, position) on t.position = 1 + i.n % ${TEXT_COUNT}
    left join (
      select e.from_issue_id, array_agg(e.to_issue_id order by e.to_issue_id) as ids
      from public.exai_issue_relations as e where e.kind = 'blocks' group by 1
    ) as b on b.from_issue_id = pg_temp.issue_id(i.n)
    left join (
      select e.to_issue_id, array_agg(e.from_issue_id order by e.from_issue_id) as ids
      from public.exai_issue_relations as e where e.kind = 'blocks' group by 1
    ) as w on w.to_issue_id = pg_temp.issue_id(i.n)
    order by i.n
  `;
  await sql`select setval('public.exai_issues_issue_number_seq', ${issueCount})`;
}

async function fillSteps(sql: postgres.Sql, stepsEach: number): Promise<void> {
  await sql`
    insert into public.exai_issue_checklist (
      issue_id, step_number, description, status, completed_at, created_at, updated_at
    )
    select i.id, s.number, left(i.title, 20 + s.number), v.status,
      case when v.status = 'complete' then i.created_at + s.number * interval '1 hour' end, i.created_at, i.created_at
    from public.exai_issues as i
    cross join generate_series(1, ${stepsEach}::integer) as s (number)
    cross join lateral (
      select (array['complete', 'skipped', 'in_progress', 'pending'])[
        width_bucket(pg_temp.random_of(i.issue_number, 4 + s.number, 100), array[0, 55, 65, 75])
      ] as status
    ) as v
  `;
}

async function fillCounts(sql: postgres.Sql): Promise<void> {
  await sql`
    insert into private.exai_issue_counts (
      issue_id, issue_number, created_at, severity_rank, is_active, step_count, completed_count, skipped_count,
      active_blockers_count, blocked_parents_count, active_children_count, originals_count, active_originals_count,
      unblocks_count
    )
    select i.id, i.issue_number, i.created_at, private.rank_exai_severity(i.severity),
      i.status in ('open', 'in_progress'), coalesce(c.steps, 0), coalesce(c.completed, 0), coalesce(c.skipped, 0),
      coalesce(c.blockers, 0), coalesce(c.parents, 0), coalesce(c.children, 0), coalesce(c.originals, 0),
      coalesce(c.active_originals, 0), coalesce(c.unblocks, 0)
    from public.exai_issues as i
    left join (
      select c.issue_id,
        sum(c.counted) filter (where c.name = 'steps') as steps,
        sum(c.counted) filter (where c.name = 'completed') as completed,
        sum(c.counted) filter (where c.name = 'skipped') as skipped,
        sum(c.counted) filter (where c.name = 'active_blockers') as blockers,
        sum(c.counted) filter (where c.name = 'blocked_parents') as parents,
        sum(c.counted) filter (where c.name = 'active_children') as children,
        sum(c.counted) filter (where c.name = 'originals') as originals,
        sum(c.counted) filter (where c.name = 'active_originals') as active_originals,
        sum(c.counted) filter (where c.name = 'unblocks') as unblocks
      from private.count_exai_issues() as c group by 1
    ) as c on c.issue_id = i.id
    order by i.issue_number
  `;
}

/** Issues with the same texts have the same search vector. */
async function fillSearch(sql: postgres.Sql): Promise<void> {
  await sql`
    with vector as materialized (
      select i.issue_number % ${TEXT_COUNT} as text_number, private.exai_issue_vector(i) as vector
      from public.exai_issues as i
      where i.issue_number <= ${TEXT_COUNT}
    )
    insert into private.exai_issue_search (issue_id, vector, created_at)
    select i.id, v.vector, i.created_at
    from public.exai_issues as i
    join vector as v on v.text_number = i.issue_number % ${TEXT_COUNT}
  `;
}

/** Throws if counts, arrays, edges or search vectors differ from what the triggers would have written. */
export async function checkExai(sql: postgres.Sql | postgres.TransactionSql): Promise<void> {
  const [wrong] = await sql`
    select
      (select count(*)::integer from private.verify_exai_issue_counts()) as counts,
      cardinality(private.find_exai_cycles()) as in_cycles,
      (
        select count(*)::integer from public.exai_issues as i
        where (i.blocks_issues, i.blocked_by_issues) is distinct from (
          array(
            select e.to_issue_id from public.exai_issue_relations as e
            where e.from_issue_id = i.id and e.kind = 'blocks' order by 1
          ),
          array(
            select e.from_issue_id from public.exai_issue_relations as e
            where e.to_issue_id = i.id and e.kind = 'blocks' order by 1
          )
        )
      ) as arrays,
      (
        select count(*)::integer
        from (select * from public.exai_issues order by issue_number desc limit 500) as i
        left join private.exai_issue_search as s on s.issue_id = i.id
        where s.vector is distinct from private.exai_issue_vector(i) || private.exai_updates_vector(i.id)
      ) as words
  `;
  const right = { counts: 0, in_cycles: 0, arrays: 0, words: 0 };
  assert.deepEqual({ ...wrong }, right, "counts, arrays, edges and search vectors agree");
}
