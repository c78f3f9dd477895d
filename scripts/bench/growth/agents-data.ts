import type postgres from "postgres";
import type { Bench, BenchDatabase } from "../bench.ts";
import { ADMIN_ID } from "./tracker-data.ts";

/** A person who has a fifth of all tasks. */
export const OWNER_ID = "00000000-0000-4000-8000-00000000000a";

const USERS = 1_000;

/** Tasks of 700 days and a pull request to every fourth; the weekly figures are stored by their own job. */
export async function fillAgents(bench: Bench, database: BenchDatabase, count: number): Promise<void> {
  const sql = database.connect({ role: "supabase_admin" });
  try {
    bench.progress(`loading ${count} tasks`);
    await sql`set session_replication_role = replica`;
    await sql`set synchronous_commit = off`;
    await fillUsers(sql);
    await fillTasks(sql, count);
    await fillPullRequests(sql);
    await sql`vacuum (analyze)`;
    bench.progress("storing their weekly figures");
    await sql`set session_replication_role = origin`;
    for (let weeks = 1; weeks > 0;) {
      const [row] = await sql<{ weeks: number }[]>`select private.count_metric_weeks()::integer as weeks`;
      weeks = row?.weeks ?? 0;
    }
    await sql`vacuum (analyze)`;
  } finally {
    await sql.end();
  }
}

/** Number 0 is the owner. */
async function fillUsers(sql: postgres.Sql): Promise<void> {
  await sql`
    insert into auth.users (id, email)
    select md5('user ' || n)::uuid, 'user' || n || '@example.com' from generate_series(1, ${USERS}::integer) as n
    union all
    select ${OWNER_ID}::uuid, 'owner@example.com'
    union all
    select ${ADMIN_ID}::uuid, 'admin@example.com'
    on conflict do nothing
  `;
  await sql`
    insert into public.team_members (user_id, role, display_name) values (${ADMIN_ID}, 'admin', 'Ada')
    on conflict do nothing
  `;
  await sql`insert into public.users (id, email) select u.id, u.email from auth.users as u on conflict do nothing`;
  await sql`
    insert into public.projects (id, user_id, repo_url, repo_owner, repo_name, name)
    select n, case when n <= 5 then ${OWNER_ID}::uuid else md5('user ' || (n - 1) / 5)::uuid end,
      'https://github.com/acme/widget-' || n, 'acme', 'widget-' || n, 'Widget'
    from generate_series(1, 5 * (${USERS}::integer + 1)) as n
  `;
}

async function fillTasks(sql: postgres.Sql, count: number): Promise<void> {
  await sql`
    insert into public.tasks (
      id, user_id, project_id, status, agent, repo_url, chat_messages, execution_metadata, error, error_kind,
      created_at, updated_at, started_at, completed_at
    )
    select t.n, case when t.user_number = 0 then ${OWNER_ID}::uuid else md5('user ' || t.user_number)::uuid end,
      t.user_number * 5 + 1 + t.hash % 5, s.status::public.task_status,
      (array['claude', 'codex', 'gemini'])[1 + t.hash % 3], 'https://github.com/acme/widget',
      jsonb_build_array(jsonb_build_object('role', 'user', 'content', repeat(md5(t.n::text), 16))),
      jsonb_build_object('model', (array['one', 'two', 'three'])[1 + t.hash % 3]),
      case when s.status = 'failed' then 'It failed.' end, case when s.status = 'failed' then 'agent_error' end,
      t.created_at, t.created_at + interval '20 min',
      case when s.status <> 'pending' then t.created_at + interval '1 min' end,
      case when s.status <> 'pending' then t.created_at + interval '2 min' end
    from (
      select n, (hashint8extended(n, 5) & 2147483647)::integer as hash,
        case when n % 5 = 0 then 0 else 1 + n % ${USERS}::integer end as user_number,
        now() - interval '2 hours' - (${count}::integer - n) * (interval '700 days' / ${count}) as created_at
      from generate_series(1, ${count}::integer) as n
    ) as t
    cross join lateral (
      select case when t.n > ${count}::integer - 50 then 'pending' when t.hash % 100 < 15 then 'failed'
        else 'completed' end as status
    ) as s
  `;
  await sql`select setval('public.tasks_id_seq', ${count})`;
  // without one, the figures of everybody leave a task out
  await sql`
    insert into public.task_attempts (
      task_id, user_id, project_id, attempt, worker, agent, claimed_at, heartbeat_at, lease_expires_at, ended_at, outcome
    )
    select t.id, t.user_id, t.project_id, 1, 'bench', t.agent, t.started_at, t.started_at, t.completed_at,
      t.completed_at, t.status::text
    from public.tasks as t where t.completed_at is not null
  `;
}

async function fillPullRequests(sql: postgres.Sql): Promise<void> {
  await sql`
    insert into private.github_repositories (repo_owner, repo_name)
    select distinct 'acme', 'widget-' || t.project_id from public.tasks as t where t.id % 4 = 0
  `;
  await sql`
    insert into public.pull_requests (
      id, repository_id, repo_owner, repo_name, number, state, merged_at, closed_at, head_ref, title, opened_at,
      provider_updated_at, created_at, updated_at
    ) overriding system value
    select t.id / 4, r.id, r.repo_owner, r.repo_name, t.id / 4, case when t.id % 3 = 0 then 'open' else 'closed' end,
      case when t.id % 3 = 1 then t.completed_at + interval '1 hour' end,
      case when t.id % 3 <> 0 then t.completed_at + interval '1 hour' end,
      'task-' || t.id, 'Fix it', t.completed_at, t.completed_at, t.created_at, t.completed_at
    from public.tasks as t join private.github_repositories as r on r.repo_name = 'widget-' || t.project_id
    where t.id % 4 = 0 and t.completed_at is not null
  `;
  await sql`
    insert into public.task_pull_requests (
      task_id, pull_request_id, user_id, source, verified_at, verified_by, opened_at
    )
    select t.id, t.id / 4, t.user_id, 'worker', t.completed_at, 'worker', t.completed_at
    from public.tasks as t where t.id % 4 = 0 and t.completed_at is not null
  `;
}
