-- The claim itself: one call that finds, locks and hands out.

create type public.claimed_task as (
  task_id bigint, fencing_token bigint, attempt smallint, lease_expires_at timestamptz, agent text,
  priority smallint, project_id bigint, repo_url text, repo_owner text, repo_name text, target_branch text,
  pr_branch text, chat_messages jsonb, execution_metadata jsonb, project_settings jsonb, github_token text
);
comment on type public.claimed_task is 'What a worker is given: the lease, and what the work needs.';

-- The first ready task, locked: what nearly every claim comes down to. The choice and the lock are one
-- statement, so that claims at the same moment get different ones.
create or replace function private.lock_head_task(p_agent text) returns public.tasks
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_priority smallint;
  v_run_after timestamptz;
  v_task public.tasks;
begin
  select t.priority, t.run_after into v_priority, v_run_after
  from public.tasks as t
  where t.status = 'pending' and t.agent = p_agent
  order by t.priority desc, t.run_after, t.id
  limit 1;
  if v_run_after <= clock_timestamp() then
    select t.* into v_task
    from public.tasks as t
    where t.status = 'pending' and t.agent = p_agent and t.priority = v_priority
      and t.run_after >= v_run_after and t.run_after <= clock_timestamp()
    order by t.run_after, t.id
    limit 1
    for no key update skip locked;
  end if;
  return v_task;
end;
$$;
comment on function private.lock_head_task(text) is
  'Locks the first ready task of an agent and returns it; null where the first one is for later, or none.';

create or replace function private.has_turn_and_room(p_task public.tasks) returns boolean
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_room record := private.task_room(p_task.user_id, p_task.project_id);
begin
  if v_room.is_user_full or v_room.is_project_full then
    return false;
  elsif not v_room.is_limited then
    return true;
  elsif not pg_try_advisory_xact_lock(private.task_turn_key(p_task.user_id)) then
    return null;
  end if;
  return true;
end;
$$;
comment on function private.has_turn_and_room(public.tasks) is 'x';

create or replace function private.claim_task(
  worker text, agents text[], lease_seconds integer, worker_token text, claim_key uuid
) returns setof public.claimed_task
language plpgsql volatile security definer
set search_path = '' set plan_cache_mode = 'force_generic_plan' set enable_seqscan = 'off' as $$
declare
  v_token_id uuid;
  v_settings public.agent_settings;
  v_task public.tasks;
  v_home record;
  v_count record;
  v_claim public.claimed_task;
begin
  if worker_token is not null or not private.is_trusted_caller() then
    raise exception 'x';
  end if;
  select s.* into v_settings from public.agent_settings as s;
  v_task := private.lock_head_task(agents[1]);
  select coalesce(u.max_running_tasks, v_settings.running_tasks_per_user) as user_limit,
    least(p.max_running_tasks, v_settings.running_tasks_per_project) as project_limit,
    u.github_token, p.repo_owner, p.repo_name, p.settings
  into v_home
  from public.users as u left join public.projects as p on p.id = v_task.project_id
  where u.id = v_task.user_id;
  for i in 1..2 loop
    select count(*) as all_count, count(*) filter (where a.project_id = v_task.project_id) as project_count
    into v_count
    from public.task_attempts as a where a.user_id = v_task.user_id and a.ended_at is null;
    if v_count.all_count >= v_home.user_limit or v_count.project_count >= v_home.project_limit then
      raise exception 'full';
    end if;
    exit when i = 2;
    if not pg_try_advisory_xact_lock(hashtextextended(v_task.user_id::text, 20261121)) then
      return;
    end if;
  end loop;
  update public.tasks as t set status = 'running', attempts_count = t.attempts_count + 1 where t.id = v_task.id;
  insert into public.task_attempts as a (
    task_id, user_id, project_id, attempt, worker, agent, worker_token_id, claim_key, lease_expires_at
  )
  values (
    v_task.id, v_task.user_id, v_task.project_id, v_task.attempts_count + 1, worker, v_task.agent, v_token_id,
    claim_key, clock_timestamp() + make_interval(secs => lease_seconds)
  )
  returning a.fencing_token, a.attempt, a.lease_expires_at
  into v_claim.fencing_token, v_claim.attempt, v_claim.lease_expires_at;
  v_claim.task_id := v_task.id;
  v_claim.agent := v_task.agent;
  v_claim.priority := v_task.priority;
  v_claim.project_id := v_task.project_id;
  v_claim.repo_url := v_task.repo_url;
  v_claim.repo_owner := v_home.repo_owner;
  v_claim.repo_name := v_home.repo_name;
  v_claim.target_branch := v_task.target_branch;
  v_claim.pr_branch := v_task.pr_branch;
  v_claim.chat_messages := v_task.chat_messages;
  v_claim.execution_metadata := v_task.execution_metadata;
  v_claim.project_settings := v_home.settings;
  v_claim.github_token := v_home.github_token;
  return next v_claim;
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
