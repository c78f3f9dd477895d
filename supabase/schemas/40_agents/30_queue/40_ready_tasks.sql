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
comment on function private.first_ready_tasks is
  'The first ready tasks of each agent and priority, so many of each, in the order in which they go.';

create or replace function private.waiting_users(p_agents text[], p_from uuid, p_to uuid, p_limit integer)
returns table (agent text, user_id uuid)
language plpgsql stable security invoker set search_path = '' as $$
begin
  return query
    with recursive owner as (
      select a.agent, f.user_id
      from unnest(p_agents) as a (agent)
      cross join lateral (
        select t.user_id from public.tasks as t
        where t.status = 'pending' and t.agent = a.agent and t.user_id >= p_from and t.user_id <= p_to
        order by t.user_id, coalesce(t.project_id, 0), -t.priority, t.run_after, t.id limit 1
      ) as f
      union all
      select o.agent, f.user_id
      from owner as o
      cross join lateral (
        select t.user_id from public.tasks as t
        where t.status = 'pending' and t.agent = o.agent and t.user_id > o.user_id and t.user_id <= p_to
        order by t.user_id, coalesce(t.project_id, 0), -t.priority, t.run_after, t.id limit 1
      ) as f
    )
    select o.agent, o.user_id
    from (select w.* from owner as w limit p_limit) as o
    join private.user_capacity as r on r.user_id = o.user_id
    where coalesce(r.running < r.most, true);
end;
$$;
comment on function private.waiting_users is
  'Users from one id to another who have pending tasks of an agent, and room for them; so many of those who '
  'have tasks are looked at or, for null, all.';

-- A project is left at the first task that decides about it. However many projects a user waits in, it is 200
-- steps for each agent, unless the claim is for that user alone: nobody else's claim is made slow.
create or replace function private.first_ready_tasks_of_each(
  p_agents text[], p_from uuid, p_to uuid, p_limit integer
) returns table (
  id bigint, user_id uuid, project_id bigint, agent text, priority smallint, run_after timestamptz
)
language plpgsql stable security invoker set search_path = '' as $$
begin
  return query
    with recursive lane as (
      select r.agent, f.*, 1 as depth,
        case when f.is_full or f.run_after <= clock_timestamp() then 101 else f.place end as passed
      from private.waiting_users(p_agents, p_from, p_to, p_limit) as r
      cross join lateral (
        select t.user_id, coalesce(t.project_id, 0) as project_id, -t.priority as place, t.run_after, t.id,
          exists (
            select from private.project_capacity as p
            where p.project_id = t.project_id and p.running >= p.most
          ) as is_full
        from public.tasks as t
        where t.status = 'pending' and t.agent = r.agent and t.user_id = r.user_id
        order by coalesce(t.project_id, 0), -t.priority, t.run_after, t.id limit 1
      ) as f
      union all
      select l.agent, f.*, l.depth + 1,
        case when f.is_full or f.run_after <= clock_timestamp() then 101 else f.place end
      from lane as l
      cross join lateral (
        select t.user_id, coalesce(t.project_id, 0) as project_id, -t.priority as place, t.run_after, t.id,
          exists (
            select from private.project_capacity as p
            where p.project_id = t.project_id and p.running >= p.most
          ) as is_full
        from public.tasks as t
        where t.status = 'pending' and t.agent = l.agent and t.user_id = l.user_id
          and (coalesce(t.project_id, 0), -t.priority) > (l.project_id, l.passed)
        order by coalesce(t.project_id, 0), -t.priority, t.run_after, t.id limit 1
      ) as f
      where l.depth < 200 or p_from = p_to
    )
    select l.id, l.user_id, nullif(l.project_id, 0), l.agent, (-l.place)::smallint, l.run_after
    from lane as l
    where l.run_after <= clock_timestamp() and not l.is_full;
end;
$$;
comment on function private.first_ready_tasks_of_each is
  'The first ready task of each project that has room, of each agent, of the users from one id to another '
  'who have room: of so many users or, for null, of all.';

-- Only where there are more is it a choice among users, begun anywhere, so that each has their turn.
create or replace function private.ready_candidates(p_agents text[], p_user_id uuid, p_reach integer)
returns table (id bigint, user_id uuid, project_id bigint, agent text, priority smallint)
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_first constant uuid := coalesce(p_user_id, '00000000-0000-0000-0000-000000000000');
  v_last constant uuid := coalesce(p_user_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff');
  v_start constant uuid := case p_reach when 2 then gen_random_uuid() else v_first end;
  v_limit constant integer := case p_reach when 2 then 8 end;
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
comment on function private.ready_candidates is
  'What a claim looks at, in the order in which it goes: first what comes first, then the first ones of the '
  'projects of some 8 to 16 users, at last those of all.';
