-- Tasks wait in lanes: one for each agent, user and project. A lane whose user or project has reached its
-- limit is skipped in one step, however many tasks are in it.

-- A lane is ordered as claims are. Its rank is the priority with the sign changed, so that one row comparison
-- finds what comes after a task: in its lane, and then in the next one.
create index tasks_lanes_idx on public.tasks
  (agent, user_id, (coalesce(project_id, 0)), (-priority), run_after, id)
  where status = 'pending';

create or replace function private.waiting_users(p_agents text[], p_from uuid, p_to uuid, p_limit integer)
returns table (agent text, user_id uuid)
language plpgsql stable security invoker set search_path = '' as $$
begin
  return query
    with recursive owner as (
      select a.agent, (
        select t.user_id from public.tasks as t
        where t.status = 'pending' and t.agent = a.agent and t.user_id >= p_from and t.user_id <= p_to
        order by t.user_id, coalesce(t.project_id, 0), -t.priority, t.run_after, t.id limit 1
      ) as user_id
      from unnest(p_agents) as a (agent)
      union all
      select o.agent, (
        select t.user_id from public.tasks as t
        where t.status = 'pending' and t.agent = o.agent and t.user_id > o.user_id and t.user_id <= p_to
        order by t.user_id, coalesce(t.project_id, 0), -t.priority, t.run_after, t.id limit 1
      )
      from owner as o
      where o.user_id is not null
    )
    select o.agent, o.user_id
    from (select w.* from owner as w where w.user_id is not null limit p_limit) as o
    join private.user_capacity as c on c.user_id = o.user_id
    where not c.is_full;
end;
$$;
comment on function private.waiting_users is
  'Users from one id to another who have pending tasks of an agent and a free slot; of the first p_limit '
  'users with pending tasks or, for null, of all.';

create or replace function private.first_of_lanes(p_agent text, p_user_id uuid, p_steps integer)
returns setof private.ready_task
language plpgsql stable security invoker set search_path = '' as $$
declare
  -- the position in the index: after all tasks of this project, or after those of this rank
  v_project_id bigint := -9223372036854775808;
  v_rank integer := 101;
  v_task record;
begin
  for v_step in 1..coalesce(p_steps, 2147483646) loop
    select t.id, t.project_id, coalesce(t.project_id, 0) as lane, t.priority, t.run_after,
      t.run_after <= clock_timestamp() as is_ready, exists (
        select from private.project_capacity as c where c.project_id = t.project_id and c.is_full
      ) as is_full
    into v_task
    from public.tasks as t
    where t.status = 'pending' and t.agent = p_agent and t.user_id = p_user_id
      and (coalesce(t.project_id, 0), -t.priority) > (v_project_id, v_rank)
    order by coalesce(t.project_id, 0), -t.priority, t.run_after, t.id limit 1;
    exit when not found;
    v_project_id := v_task.lane;
    v_rank := case when v_task.is_full or v_task.is_ready then 101 else -v_task.priority end;
    if v_task.is_ready and not v_task.is_full then
      return next row(
        v_task.id, p_user_id, v_task.project_id, p_agent, v_task.priority, v_task.run_after
      )::private.ready_task;
    end if;
  end loop;
end;
$$;
comment on function private.first_of_lanes is
  'The first ready task of each of a user''s lanes whose project has a free slot. A lane whose tasks are all '
  'scheduled for later takes one step for each priority; null p_steps: as many as it takes.';
