-- Which tasks can be claimed now, and in which order.
--
-- Greater priority first, then the earliest run_after, then the lowest id. Nothing here reads past what can't
-- be claimed: of what is scheduled for later, of another agent or of a user at the limit there may be any
-- number.

create index tasks_ready_idx on public.tasks (agent, priority desc, run_after, id) where status = 'pending';
-- The same within each user's project, so that the next one of each is one step away.
create index tasks_lanes_idx on public.tasks
  (agent, user_id, (coalesce(project_id, 0)), (-priority), run_after, id)
  where status = 'pending';

create or replace function private.first_ready_tasks(p_agents text[], p_limit integer)
returns table (id bigint, user_id uuid, project_id bigint, agent text, priority smallint)
language plpgsql stable security invoker set search_path = '' as $$
begin
  return query
    with recursive level as (
      select a.agent, p.priority
      from unnest(p_agents) as a (agent)
      cross join lateral (
        select t.priority from public.tasks as t
        where t.status = 'pending' and t.agent = a.agent
        order by t.priority desc, t.run_after, t.id limit 1
      ) as p
      union all
      select l.agent, p.priority
      from level as l
      cross join lateral (
        select t.priority from public.tasks as t
        where t.status = 'pending' and t.agent = l.agent and t.priority < l.priority
        order by t.priority desc, t.run_after, t.id limit 1
      ) as p
    )
    select r.id, r.user_id, r.project_id, l.agent, l.priority
    from level as l
    cross join lateral (
      select t.id, t.user_id, t.project_id, t.run_after from public.tasks as t
      where t.status = 'pending' and t.agent = l.agent and t.priority = l.priority
        and t.run_after <= clock_timestamp()
      order by t.run_after, t.id limit p_limit
    ) as r
    order by l.priority desc, r.run_after, r.id;
end;
$$;
comment on function private.first_ready_tasks(text[], integer) is
  'The first ready tasks of each agent and priority, so many of each, in the order in which they go.';

create or replace function private.first_ready_tasks_of_each(p_agents text[], p_user_id uuid)
returns table (id bigint, user_id uuid, project_id bigint, agent text, priority smallint)
language plpgsql stable security invoker set search_path = '' as $$
declare
  v_from constant uuid := coalesce(p_user_id, '00000000-0000-0000-0000-000000000000');
  v_to constant uuid := coalesce(p_user_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff');
begin
  return query
    with recursive lane as (
      select a.agent, f.*
      from unnest(p_agents) as a (agent)
      cross join lateral (
        select t.user_id, coalesce(t.project_id, 0) as project_id, -t.priority as place, t.run_after, t.id
        from public.tasks as t
        where t.status = 'pending' and t.agent = a.agent and t.user_id >= v_from and t.user_id <= v_to
        order by t.user_id, coalesce(t.project_id, 0), -t.priority, t.run_after, t.id limit 1
      ) as f
      union all
      select l.agent, f.*
      from lane as l
      cross join lateral (
        select t.user_id, coalesce(t.project_id, 0), -t.priority, t.run_after, t.id
        from public.tasks as t
        where t.status = 'pending' and t.agent = l.agent and t.user_id <= v_to
          and (t.user_id, coalesce(t.project_id, 0), -t.priority) > (l.user_id, l.project_id, l.place)
        order by t.user_id, coalesce(t.project_id, 0), -t.priority, t.run_after, t.id limit 1
      ) as f
    )
    select l.id, l.user_id, nullif(l.project_id, 0), l.agent, -l.place
    from lane as l
    where l.run_after <= clock_timestamp()
    order by l.place, l.run_after, l.id;
end;
$$;
comment on function private.first_ready_tasks_of_each(text[], uuid) is
  'The first ready task of each user, project, agent and priority, in the order in which they go; of one '
  'user or, for null, of all.';
