-- The claim itself: one call that finds, locks and hands out.

create type public.claimed_task as (
  task_id bigint, fencing_token bigint, attempt smallint, lease_expires_at timestamptz, agent text,
  priority smallint, project_id bigint, repo_url text, repo_owner text, repo_name text, target_branch text,
  pr_branch text, chat_messages jsonb, execution_metadata jsonb, project_settings jsonb, github_token text
);
comment on type public.claimed_task is 'What a worker is given: the lease, and what the work needs.';

create or replace function private.claim_task(
  worker text, agents text[], lease_seconds integer, worker_token text, claim_key uuid
) returns setof public.claimed_task
language plpgsql volatile security definer set search_path = '' set enable_seqscan = 'off' as $$
declare
  v_token_id uuid;
  v_task record;
  v_attempt record;
  v_now timestamptz;
  v_mode text;
  v_agent text := agents[1];
begin
  if worker_token is not null or not private.is_trusted_caller() then
    raise exception 'x';
  end if;
  select t.id, t.user_id, t.project_id, t.agent, t.priority, t.attempts_count, t.repo_url, t.target_branch,
    t.pr_branch, t.chat_messages, t.execution_metadata, p.repo_owner, p.repo_name, p.settings, u.github_token,
    coalesce(u.max_running_tasks, s.running_tasks_per_user) as user_limit,
    least(p.max_running_tasks, s.running_tasks_per_project) as project_limit, s.max_lease_seconds,
    (select count(*) from public.task_attempts as a where a.user_id = t.user_id and a.outcome is null) as runs
  into v_task
  from public.tasks as t
  left join public.users as u on u.id = t.user_id
  left join public.projects as p on p.id = t.project_id
  left join public.agent_settings as s on s.id
  where t.status = 'pending' and t.agent = v_agent
  order by t.priority desc, t.run_after, t.id
  limit 1
  for no key update of t skip locked;
  if v_task.runs >= v_task.user_limit then
    raise exception 'full';
  end if;
  if v_task.user_limit is not null and not pg_try_advisory_xact_lock(hashtextextended(v_task.user_id::text, 20261121)) then
      return;
    end if;
  v_now := clock_timestamp();
  insert into public.task_attempts as a (
    task_id, user_id, project_id, attempt, worker, agent, worker_token_id, claim_key, claimed_at, heartbeat_at,
    lease_expires_at
  )
  select
    v_task.id, v_task.user_id, v_task.project_id, v_task.attempts_count + 1, worker, v_task.agent, v_token_id,
    claim_key, v_now, v_now, v_now + make_interval(secs => lease_seconds)
  where (v_task.user_limit is null or v_task.user_limit > (select count(*) from public.task_attempts as a where a.user_id = v_task.user_id and a.outcome is null))
  and (v_task.project_limit is null or v_task.project_limit > (select count(*) from public.task_attempts as a where a.user_id = v_task.user_id and a.project_id = v_task.project_id and a.outcome is null))
  returning a.fencing_token, a.attempt, a.lease_expires_at into v_attempt;
  v_mode := set_config('app.task_queue', 'on', true);
  update public.tasks as t
  set status = 'running', attempts_count = v_attempt.attempt, started_at = v_now, updated_at = v_now
  where t.id = v_task.id;
  v_mode := set_config('app.task_queue', 'off', true);
  return next row(
    v_task.id, v_attempt.fencing_token, v_attempt.attempt, v_attempt.lease_expires_at, v_task.agent, v_task.priority,
    v_task.project_id, v_task.repo_url, v_task.repo_owner, v_task.repo_name, v_task.target_branch, v_task.pr_branch,
    v_task.chat_messages, v_task.execution_metadata, v_task.settings, v_task.github_token
  )::public.claimed_task;
end;
$$;
comment on function private.claim_task(text, text[], integer, text, uuid) is 'Body of public.claim_task.';
grant execute on function private.claim_task(text, text[], integer, text, uuid)
  to anon, authenticated, service_role;

create or replace function public.claim_task(
  worker text, agents text[], lease_seconds integer default 300, worker_token text default null,
  claim_key uuid default null
) returns setof public.claimed_task
language sql volatile security invoker set search_path = ''
begin atomic
  select private.claim_task(
    worker => claim_task.worker, agents => claim_task.agents, lease_seconds => claim_task.lease_seconds,
    worker_token => claim_task.worker_token, claim_key => claim_task.claim_key
  );
end;
comment on function public.claim_task(text, text[], integer, text, uuid) is
  'Takes';
grant execute on function public.claim_task(text, text[], integer, text, uuid)
  to anon, authenticated, service_role;
