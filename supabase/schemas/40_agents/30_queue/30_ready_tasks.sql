-- Which tasks can be claimed now, and in which order: greater priority first, then the earliest run_after,
-- then the lowest id.
--
-- Nothing here reads through tasks that can't be claimed: there may be any number of them that are scheduled
-- for later, for another agent, or of a user at the limit. So the lists are loose index scans, which
-- PostgreSQL's planner does not make by itself: each step asks an index for the next distinct value after the
-- last one, instead of for the next row. (https://wiki.postgresql.org/wiki/Loose_indexscan)

create index tasks_ready_idx on public.tasks (agent, priority desc, run_after, id) where status = 'pending';

create or replace function private.first_ready_tasks(p_agents text[]) returns setof private.ready_task
language plpgsql stable security invoker set search_path = '' as $$
begin
  return query
    with recursive level as (
      select a.agent, (
        select t.priority from public.tasks as t
        where t.status = 'pending' and t.agent = a.agent
        order by t.priority desc, t.run_after, t.id limit 1
      ) as priority
      from unnest(p_agents) as a (agent)
      union all
      select l.agent, (
        select t.priority from public.tasks as t
        where t.status = 'pending' and t.agent = l.agent and t.priority < l.priority
        order by t.priority desc, t.run_after, t.id limit 1
      )
      from level as l
      where l.priority is not null
    )
    select r.*
    from level as l
    cross join lateral (
      select t.id, t.user_id, t.project_id, t.agent, t.priority, t.run_after from public.tasks as t
      where t.status = 'pending' and t.agent = l.agent and t.priority = l.priority
        and t.run_after <= clock_timestamp()
      order by t.run_after, t.id limit 32
    ) as r
    order by r.priority desc, r.run_after, r.id;
end;
$$;
comment on function private.first_ready_tasks is
  'The first 32 ready tasks of each agent and priority, in the order of claims.';

-- A few users are enough to choose from. They begin at a random id, so that all users are served alike.
create or replace function private.ready_tasks_of_some_users(p_agents text[])
returns setof private.ready_task
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_start constant uuid := gen_random_uuid();
begin
  return query
    select r.*
    from (
      select w.agent, w.user_id
      from private.waiting_users(p_agents, v_start, 'ffffffff-ffff-ffff-ffff-ffffffffffff', 8) as w
      union
      select w.agent, w.user_id
      from private.waiting_users(p_agents, '00000000-0000-0000-0000-000000000000', v_start, 8) as w
    ) as u
    cross join lateral private.first_of_lanes(u.agent, u.user_id, 200) as r
    order by r.priority desc, r.run_after, r.id;
end;
$$;
comment on function private.ready_tasks_of_some_users is
  'The first ready tasks of 8 to 16 users with a free slot, in the order of claims.';

create or replace function private.ready_tasks_of_all_users(p_agents text[])
returns setof private.ready_task
language plpgsql stable security invoker set search_path = '' as $$
begin
  return query
    select r.*
    from private.waiting_users(
      p_agents, '00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff', null
    ) as u
    cross join lateral private.first_of_lanes(u.agent, u.user_id, 200) as r
    order by r.priority desc, r.run_after, r.id;
end;
$$;
comment on function private.ready_tasks_of_all_users is
  'The first ready tasks of all users with a free slot, in the order of claims.';

-- For a worker of this user alone, so nobody else's claim waits while all of the user's lanes are read.
create or replace function private.ready_tasks_of_user(p_agents text[], p_user_id uuid)
returns setof private.ready_task
language plpgsql stable security invoker set search_path = '' as $$
begin
  return query
    select r.*
    from private.waiting_users(p_agents, p_user_id, p_user_id, null) as u
    cross join lateral private.first_of_lanes(u.agent, u.user_id, null) as r
    order by r.priority desc, r.run_after, r.id;
end;
$$;
comment on function private.ready_tasks_of_user is
  'The first ready tasks of one user, if they have a free slot, in the order of claims.';
