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

create or replace function private.first_ready_tasks_of_each(
  p_agents text[], p_from uuid, p_to uuid, p_limit integer
) returns table (
  id bigint, user_id uuid, project_id bigint, agent text, priority smallint, run_after timestamptz
)
language plpgsql stable security invoker set search_path = '' as $$
begin
  return query
    with recursive lane as (
      select a.agent, f.*
      from unnest(p_agents) as a (agent)
      cross join lateral (
        select t.user_id, coalesce(t.project_id, 0) as project_id, -t.priority as place, t.run_after, t.id
        from public.tasks as t
        where t.status = 'pending' and t.agent = a.agent and t.user_id >= p_from and t.user_id <= p_to
        order by t.user_id, coalesce(t.project_id, 0), -t.priority, t.run_after, t.id limit 1
      ) as f
      union all
      select l.agent, f.*
      from lane as l
      cross join lateral (
        select t.user_id, coalesce(t.project_id, 0), -t.priority, t.run_after, t.id
        from public.tasks as t
        where t.status = 'pending' and t.agent = l.agent and t.user_id <= p_to
          and (t.user_id, coalesce(t.project_id, 0), -t.priority) > (l.user_id, l.project_id, l.place)
        order by t.user_id, coalesce(t.project_id, 0), -t.priority, t.run_after, t.id limit 1
      ) as f
    )
    select l.id, l.user_id, nullif(l.project_id, 0), l.agent, (-l.place)::smallint, l.run_after
    from lane as l
    where l.run_after <= clock_timestamp()
    limit p_limit;
end;
$$;
comment on function private.first_ready_tasks_of_each(text[], uuid, uuid, integer) is
  'The first ready task of each user, project, agent and priority, of the users from one id to another, so '
  'many or, for null, all.';

-- Only where there are more is it a choice among users, begun anywhere, so that each has their turn.
create or replace function private.ready_candidates(p_agents text[], p_user_id uuid, p_reach integer)
returns table (id bigint, user_id uuid, project_id bigint, agent text, priority smallint)
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_first constant uuid := coalesce(p_user_id, '00000000-0000-0000-0000-000000000000');
  v_last constant uuid := coalesce(p_user_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff');
  v_start constant uuid := case p_reach when 2 then gen_random_uuid() else v_first end;
  v_limit constant integer := case p_reach when 2 then 16 end;
begin
  if p_reach = 1 then
    return query select f.* from private.first_ready_tasks(p_agents, 32) as f;
  else
    return query
      select f.id, f.user_id, f.project_id, f.agent, f.priority
      from (
        select e.* from private.first_ready_tasks_of_each(p_agents, v_start, v_last, v_limit) as e
        union
        select e.* from private.first_ready_tasks_of_each(p_agents, v_first, v_start, v_limit) as e
        where p_reach = 2
      ) as f
      order by f.priority desc, f.run_after, f.id;
  end if;
end;
$$;
comment on function private.ready_candidates(text[], uuid, integer) is
  'What a claim looks at, in the order in which it goes: first what comes first, then the first ones of some '
  '16 to 32 users and projects, at last those of all.';
