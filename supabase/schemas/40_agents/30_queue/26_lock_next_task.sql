-- Finds and locks the task that a claim gets. A locked task is handed on by its ctid: no plan finds its row
-- faster, whatever the table was like when the plan was made, and no other transaction can move a row that is
-- locked.

create type private.ready_task as (
  id bigint, user_id uuid, project_id bigint, agent text, priority smallint, run_after timestamptz
);
comment on type private.ready_task is 'A pending task whose run_after has passed.';

create type private.task_search as (
  task_ctid tid, has_user_lock boolean, busy_user_id uuid, skipped_user_ids uuid[],
  skipped_project_ids bigint[]
);
comment on type private.task_search is
  'How far the search for a task has come: the locked task; whether this transaction has locked a user''s '
  'claims; the first user whose claims another transaction has locked; and the users and projects that the '
  'claim excepts or that have no free slot, which are not looked at again.';

-- Nearly every claim gets the first pending task, so that one is tried by itself: the choice and the lock are
-- one statement. Where it may not start (it is for later, or its user or project is full, busy or excepted),
-- the search looks further.
create or replace function private.lock_next_task(
  p_agents text[], p_user_id uuid, p_except_users uuid[], p_except_projects bigint[]
) returns tid
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_first record;
  v_slot record;
  v_start constant private.task_search :=
    row(null::tid, null::boolean, null::uuid, p_except_users, p_except_projects);
  v_search private.task_search := v_start;
begin
  if p_user_id is null then
    v_first := private.lock_first_pending_task(p_agents);
    if v_first.task_ctid is null then
      return null;
    end if;
    if v_first.is_ready
      and (v_first.user_id = any (p_except_users) or v_first.project_id = any (p_except_projects)) is not true
    then
      v_slot := private.reserve_slot(v_first.user_id, v_first.project_id);
      if v_slot.is_free then
        return v_first.task_ctid;
      end if;
      v_search.has_user_lock := v_slot.has_user_lock;
    end if;
  end if;
  v_search := private.search_ready_task(p_agents, p_user_id, v_search);
  if v_search.task_ctid is null and v_search.busy_user_id is not null and v_search.has_user_lock is not true
  then
    -- only users whom other claims are serving at this moment: wait for one of those
    perform private.lock_user_claims(v_search.busy_user_id);
    v_search := private.search_ready_task(p_agents, p_user_id, v_start);
  end if;
  return v_search.task_ctid;
end;
$$;
comment on function private.lock_next_task is
  'Locks the next task of these agents that may start, of one user or, for null, of anybody but these users '
  'and projects, and returns its ctid; null for none.';

create or replace function private.first_agent(p_agents text[]) returns text
language plpgsql stable security invoker set search_path = '' as $$
begin
  if cardinality(p_agents) = 1 then
    return p_agents[1];
  end if;
  return (
    select f.agent
    from unnest(p_agents) as a (agent)
    cross join lateral (
      select t.agent, t.priority, t.run_after, t.id from public.tasks as t
      where t.status = 'pending' and t.agent = a.agent
      order by t.priority desc, t.run_after, t.id limit 1
    ) as f
    order by f.priority desc, f.run_after, f.id limit 1
  );
end;
$$;
comment on function private.first_agent is 'The agent of the first pending task; null for none.';

create or replace function private.lock_first_pending_task(
  p_agents text[], out task_ctid tid, out user_id uuid, out project_id bigint, out is_ready boolean
)
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_agent constant text := private.first_agent(p_agents);
  v_task record;
begin
  select t.ctid, t.user_id, t.project_id, t.run_after, t.id, t.pr_branch into v_task
  from public.tasks as t
  where t.status = 'pending' and t.agent = v_agent
  order by t.priority desc, t.run_after, t.id
  limit 1
  for no key update skip locked;
  if not found then
    return;
  end if;
  task_ctid := v_task.ctid;
  user_id := v_task.user_id;
  project_id := v_task.project_id;
  is_ready := v_task.run_after <= clock_timestamp()
    and private.reserve_branch(v_task.id, v_task.user_id, v_task.run_after, v_task.pr_branch);
end;
$$;
comment on function private.lock_first_pending_task is
  'Locks the first pending task that no other transaction has locked; nulls for none. It is ready if its '
  'time has come and its branch is free.';

-- Each list is longer than the one before it, and is read only where that had no task.
create or replace function private.search_ready_task(
  p_agents text[], p_user_id uuid, p_search private.task_search
) returns private.task_search
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_search private.task_search := p_search;
begin
  if p_user_id is not null then
    return private.lock_one_of(array(select private.ready_tasks_of_user(p_agents, p_user_id)), v_search);
  end if;
  v_search := private.lock_one_of(array(select private.first_ready_tasks(p_agents)), v_search);
  if v_search.task_ctid is null then
    v_search := private.lock_one_of(array(select private.ready_tasks_of_some_users(p_agents)), v_search);
  end if;
  if v_search.task_ctid is null then
    v_search := private.lock_one_of(array(select private.ready_tasks_of_all_users(p_agents)), v_search);
  end if;
  return v_search;
end;
$$;
comment on function private.search_ready_task is
  'Continues a search: locks the first ready task whose user and project are not to be skipped and have '
  'a free slot.';

create or replace function private.lock_one_of(
  p_tasks private.ready_task[], p_search private.task_search
) returns private.task_search
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_search private.task_search := p_search;
  v_task private.ready_task;
  v_slot record;
  v_lane text;
  v_lanes text[];
begin
  foreach v_task in array p_tasks loop
    v_lane := concat_ws(' ', v_task.user_id, v_task.project_id, v_task.priority, v_task.agent);
    continue when v_task.user_id = any (v_search.skipped_user_ids)
      or v_task.project_id = any (v_search.skipped_project_ids) or v_lane = any (v_lanes);
    v_slot := private.reserve_slot(v_task.user_id, v_task.project_id);
    v_search.has_user_lock := coalesce(v_search.has_user_lock, false) or v_slot.has_user_lock;
    if v_slot.is_free then
      v_search.task_ctid := private.lock_ready_task(
        v_task.agent, v_task.user_id, v_task.project_id, v_task.priority
      );
      exit when v_search.task_ctid is not null;
      -- a lane whose tasks all wait for their branch is long
      v_lanes := v_lanes || v_lane;
    elsif v_slot.is_project_full then
      v_search.skipped_project_ids := v_search.skipped_project_ids || v_task.project_id;
    else
      v_search.skipped_user_ids := v_search.skipped_user_ids || v_task.user_id;
      if v_slot.is_user_busy then
        v_search.busy_user_id := coalesce(v_search.busy_user_id, v_task.user_id);
      end if;
    end if;
  end loop;
  return v_search;
end;
$$;
comment on function private.lock_one_of is
  'Locks the first of these tasks, in this order, that may start.';

-- Another claim may have locked the listed task meanwhile; the one after it in the same lane will do. A
-- branch that is taken is asked for once, however many tasks of the lane wait for it.
create or replace function private.lock_ready_task(
  p_agent text, p_user_id uuid, p_project_id bigint, p_priority smallint
) returns tid
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_task record;
  v_ctid tid;
  v_branch text;
  v_taken jsonb := '{}'::jsonb;
begin
  for v_task in
    select t.id, t.run_after, t.repo_url, t.pr_branch from public.tasks as t
    where t.status = 'pending' and t.agent = p_agent and t.user_id = p_user_id
      and coalesce(t.project_id, 0) = coalesce(p_project_id, 0) and -t.priority = -p_priority
      and t.run_after <= clock_timestamp()
    order by t.run_after, t.id
  loop
    v_branch := concat_ws(' ', v_task.repo_url, coalesce(v_task.pr_branch, v_task.id::text));
    continue when v_taken ? v_branch;
    if private.reserve_branch(v_task.id, p_user_id, v_task.run_after, v_task.pr_branch) then
      select t.ctid into v_ctid from public.tasks as t
      where t.id = v_task.id and t.status = 'pending' and t.run_after <= clock_timestamp()
      for no key update skip locked;
      if found then
        return v_ctid;
      end if;
    else
      v_taken := v_taken || jsonb_build_object(v_branch, true);
    end if;
  end loop;
  return null;
end;
$$;
comment on function private.lock_ready_task is
  'Locks the first ready task of an agent, user, project and priority whose branch is free and that no '
  'other transaction has locked, and returns its ctid; null for none.';
