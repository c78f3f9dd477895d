import type postgres from "postgres";
import type { Bench, BenchDatabase } from "../bench.ts";
import { makeSearchedBulk } from "../data/issue-search.ts";

/** The accounts that ask, in every database of these. */
export const AGENT_ID = "00000000-0000-4000-9000-000000000007";
export const ADMIN_ID = "00000000-0000-4000-8000-00000000000d";

/**
 * A database of issues, three comments each, nine messages to ten issues, and what an import leaves next to them. Filled
 * without triggers; the counts are made afterwards by their own function, and checked.
 */
export async function makeTracker(bench: Bench): Promise<BenchDatabase> {
  const { database, issueCount } = await makeSearchedBulk(bench);
  const sql = database.connect({ role: "supabase_admin" });
  try {
    bench.progress(`loading the messages, imports and logs of ${issueCount} issues`);
    await sql`set session_replication_role = replica`;
    await sql`set synchronous_commit = off`;
    await sql`set work_mem = '128MB'`;
    await fillPeople(sql);
    await fillMessages(sql);
    await fillLogs(sql);
    await fillTags(sql, issueCount);
    bench.progress("counting them");
    await sql`select private.rebuild_issue_counts()`;
    await sql`vacuum (analyze)`;
  } finally {
    await sql.end();
  }
  return database;
}

async function fillPeople(sql: postgres.Sql): Promise<void> {
  await sql`
    insert into auth.users (id, email)
    select ('00000000-0000-4000-9000-' || lpad(n::text, 12, '0'))::uuid, 'agent' || n || '@example.com'
    from generate_series(1, 20) as n
    union all
    select ${ADMIN_ID}::uuid, 'admin@example.com'
  `;
  await sql`
    insert into public.team_members (user_id, role, display_name)
    select ('00000000-0000-4000-9000-' || lpad(n::text, 12, '0'))::uuid, 'agent', 'Person ' || n
    from generate_series(1, 20) as n
    union all
    select ${ADMIN_ID}::uuid, 'admin', 'Ada'
  `;
  await sql`
    update public.issues as i set assigned_to_user_id = m.user_id
    from public.team_members as m where m.display_name = i.assigned_to
  `;
}

async function fillMessages(sql: postgres.Sql): Promise<void> {
  await sql`
    insert into public.circle_issues (
      message_id, title, body, author_name, space_id, space_name, is_triaged, triage_confidence, raw_data,
      mapped_to_issue_id, posted_at, created_at, updated_at
    )
    select 'm' || i.seq_id, i.title, i.description, i.submitted_by, s.number::text, 'Space ' || s.number, true, 0.9,
      jsonb_build_object('body', left(i.description, 200)), i.id, i.created_at, i.created_at, i.created_at
    from public.issues as i
    cross join lateral (select 1 + (i.seq_id::bigint * 7919 % 40) * (i.seq_id::bigint * 104729 % 40) / 40 as number) as s
    where i.seq_id % 10 <> 0
  `;
  await sql`
    insert into private.circle_imports (
      circle_issue_id, issue_id, title, description, segment, submitted_by, imported_at, differs
    )
    select c.id, i.id, case when i.seq_id % 500 = 1 then 'Another title' else i.title end, i.description, i.segment,
      i.submitted_by, i.created_at, i.seq_id % 500 = 1
    from public.circle_issues as c
    join public.issues as i on i.id = c.mapped_to_issue_id
  `;
}

async function fillLogs(sql: postgres.Sql): Promise<void> {
  await sql`
    insert into public.issue_import_logs (
      circle_issue_id, issue_id, imported_by, import_source, is_automatic, imported_at
    )
    select c.id, c.mapped_to_issue_id, 'system', 'n8n_webhook', true, c.created_at from public.circle_issues as c
  `;
  await sql`
    insert into public.issue_status_logs (issue_id, old_status, new_status, changed_by, changed_at)
    select i.id, null, 'waiting_for_help', 'system', i.created_at from public.issues as i
    union all
    select i.id, 'waiting_for_help', i.status, i.submitted_by, i.updated_at
    from public.issues as i where i.status <> 'waiting_for_help'
  `;
}

async function fillTags(sql: postgres.Sql, issueCount: number): Promise<void> {
  await sql`
    update public.issues set tags = tags || 'rare'::text where seq_id % ${Math.ceil(issueCount / 50)} = 0
  `;
  await sql`
    insert into public.tags (name) select distinct unnest(i.tags) from public.issues as i
    on conflict do nothing
  `;
  await sql`insert into public.issue_tags (issue_id, tag_name) select i.id, unnest(i.tags) from public.issues as i`;
}
