-- The claim itself: one call that finds, locks and hands out.

create type public.claimed_task as (
  task_id bigint, fencing_token bigint, attempt smallint, lease_expires_at timestamptz, agent text,
  priority smallint, project_id bigint, repo_url text, repo_owner text, repo_name text, target_branch text,
  pr_branch text, chat_messages jsonb, execution_metadata jsonb, project_settings jsonb, github_token text
);
comment on type public.claimed_task is 'What a worker is given: the lease, and what the work needs.';

create or replace function private.first_agent(p_agents text[]) returns text
language plpgsql stable security invoker set search_path = '' as $$
begin
  return (
    select h.agent
    from unnest(p_agents) as a (agent)
    cross join lateral (
      select t.agent, t.priority, t.run_after, t.id from public.tasks as t
      where t.status = 'pending' and t.agent = a.agent
      order by t.priority desc, t.run_after, t.id limit 1
    ) as h
    order by h.priority desc, h.run_after, h.id limit 1
  );
end;
$$;
comment on function private.first_agent is 'The agent whose first pending task goes first.';

-- The first pending task is what nearly every claim comes down to, so it is tried by itself: the choice and
-- the lock are one statement. Whatever is in its way (it is for later, its user has no room or is just being
-- served), private.pick_task looks further.
create or replace function private.claim_first_task(p_agents text[]) returns tid
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_agent constant text := case when cardinality(p_agents) = 1 then p_agents[1]
    else private.first_agent(p_agents) end;
  v_task record;
  v_room record;
  v_has_turn boolean := false;
begin
  select t.ctid as place, t.user_id, t.project_id, t.run_after <= clock_timestamp() as is_ready into v_task
  from public.tasks as t
  where t.status = 'pending' and t.agent = v_agent
  order by t.priority desc, t.run_after, t.id
  limit 1
  for no key update skip locked;
  if not found then
    return null;
  end if;
  if v_task.is_ready then
    v_room := private.task_capacity(v_task.user_id, v_task.project_id);
    if coalesce(v_room.user_limit, v_room.project_limit) is null then
      return v_task.place;
    elsif not v_room.is_user_full and not v_room.is_project_full
      and private.try_lock_user_claims(v_task.user_id) then
      v_has_turn := true;
      v_room := private.task_capacity(v_task.user_id, v_task.project_id);
      if not v_room.is_user_full and not v_room.is_project_full then
        return v_task.place;
      end if;
    end if;
  end if;
  return private.pick_task(p_agents, null, v_has_turn);
end;
$$;
comment on function private.claim_first_task is
  'Locks the first ready task of anybody that may run and says where it is; null for none.';

create or replace function private.open_attempt(
  p_place tid, p_worker text, p_lease interval, p_worker_token_id uuid, p_claim_key uuid
) returns public.task_attempts
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_now constant timestamptz := clock_timestamp();
  v_attempt public.task_attempts;
  v_mode text := set_config('app.task_queue', 'on', true);
begin
  with started as (
    update public.tasks as t
    set status = 'running', attempts_count = t.attempts_count + 1, started_at = v_now, updated_at = v_now
    where t.ctid = p_place
    returning t.id, t.user_id, t.project_id, t.attempts_count, t.agent
  )
  insert into public.task_attempts as a (
    task_id, user_id, project_id, attempt, worker, agent, worker_token_id, claim_key, claimed_at,
    heartbeat_at, lease_expires_at
  )
  select s.id, s.user_id, s.project_id, s.attempts_count, p_worker, s.agent, p_worker_token_id, p_claim_key,
    v_now, v_now, v_now + p_lease
  from started as s
  returning a.* into v_attempt;
  v_mode := set_config('app.task_queue', 'off', true);
  return v_attempt;
end;
$$;
comment on function private.open_attempt is
  'Starts the locked, pending task at this place, and opens its attempt.';

-- No plan in here, or in what this calls, reads all that waits and sorts it: the indexes have the order, and
-- a plan that was made while the queue was short stays when it is long.
create or replace function private.claim_task(
  worker text, agents text[], lease_seconds integer, worker_token text, claim_key uuid
) returns setof public.claimed_task
language plpgsql volatile security definer
set search_path = '' set enable_seqscan = 'off' set enable_sort = 'off'
set enable_incremental_sort = 'off' as $$
declare
  v_scope constant record := private.authorize_worker(worker_token);
  v_lease constant interval := private.check_claim(worker, agents, lease_seconds, v_scope.agents);
  v_place tid;
  v_attempt public.task_attempts;
  v_claimed public.claimed_task;
begin
  if claim_key is not null then
    v_attempt := private.repeated_claim(claim_key, v_scope.token_id);
  end if;
  if v_attempt.task_id is not null then
    select t.ctid into v_place from public.tasks as t where t.id = v_attempt.task_id for no key update;
  elsif v_scope.user_id is null then
    v_place := private.claim_first_task(agents);
  else
    v_place := private.pick_task(agents, v_scope.user_id, false);
  end if;
  select null::bigint, null::bigint, null::smallint, null::timestamptz, t.agent, t.priority, t.project_id,
    t.repo_url,
    coalesce(p.repo_owner, substring(t.repo_url from '[/:]([^/:]+)/[^/]+?(?:\.git)?/*$')),
    coalesce(p.repo_name, substring(t.repo_url from '[^/]+?/([^/]+?)(?:\.git)?/*$')),
    t.target_branch, t.pr_branch, t.chat_messages, t.execution_metadata, p.settings,
    case when v_scope.token_id is null then u.github_token end
  into v_claimed
  from public.tasks as t
  left join public.projects as p on p.id = t.project_id
  left join public.users as u on u.id = t.user_id
  where t.ctid = v_place;
  if not found then
    return;
  end if;
  if v_attempt.task_id is null then
    v_attempt := private.open_attempt(v_place, worker, v_lease, v_scope.token_id, claim_key);
  end if;
  v_claimed.task_id := v_attempt.task_id;
  v_claimed.fencing_token := v_attempt.fencing_token;
  v_claimed.attempt := v_attempt.attempt;
  v_claimed.lease_expires_at := v_attempt.lease_expires_at;
  return next v_claimed;
end;
$$;
grant execute on function private.claim_task
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
comment on function public.claim_task is
  'Takes the first task that is ready for one of these agents: greater priority first, then the one that '
  'waits longest. Returns it with its fencing_token, to be shown with each later call, and with what the '
  'work needs; no row when there is nothing to do. Nobody else gets it until lease_expires_at, which '
  'heartbeat_task moves on. The same claim_key again returns the same lease while it holds. Servers claim '
  'any task and are given the handle of its user''s GitHub token; others show a worker_token. Errors: '
  'agents_worker_token_required, agents_worker_token_invalid (401), agents_worker_agents_forbidden '
  '(403), agents_worker_input_invalid (422).';
grant execute on function public.claim_task
  to anon, authenticated, service_role;
