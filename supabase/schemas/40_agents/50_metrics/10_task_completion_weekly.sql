-- How many tasks are completed each week, by agent and model, and how long they take.

-- The copies of ids in the stored figures need no foreign keys: a week is counted again when its tasks are
-- deleted.
create table private.task_completion_weeks (
  id bigint not null generated always as identity,
  week date not null,
  user_id uuid,
  agent text not null,
  model text,
  tasks_count bigint not null,
  completed_count bigint not null,
  failed_count bigint not null,
  cancelled_count bigint not null,
  average_seconds numeric,
  p90_seconds numeric,
  constraint task_completion_weeks_pkey primary key (id)
);
comment on table private.task_completion_weeks is
  'The rows of task_completion_weekly for weeks that are over: of each user, and of everybody. Written by '
  'count_metric_weeks().';
comment on column private.task_completion_weeks.user_id is 'Null for everybody''s.';
create index task_completion_weeks_user_id_week_idx on private.task_completion_weeks (user_id, week);
create index task_completion_weeks_week_idx on private.task_completion_weeks (week);
alter table private.task_completion_weeks enable row level security;

-- For the weeks that are not stored. A running task is not in it.
create index tasks_completed_at_user_id_idx on public.tasks (completed_at, user_id)
  where completed_at is not null;

-- Anybody can write a task that has ended, of an agent of any name. The figures over everybody's tasks, which
-- admins read, are of tasks that a worker held, and name the agent that it claimed them for.
--
-- Here and in the other figures planned for each call: the plan for one user and the plan for all users, for
-- one week and for all weeks, have nothing in common. `offset 0` makes it one search of the index per range:
-- of a join, the planner expects so many rows that it reads all tasks of the user.
create or replace function private.count_task_completion(
  p_weeks tstzmultirange, p_user_id uuid, p_is_by_user boolean
) returns setof private.task_completion_weeks
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
begin
  return query
  select null::bigint, w.week, w.user_id, w.agent, w.model, count(*),
    count(*) filter (where w.status = 'completed'), count(*) filter (where w.status = 'failed'),
    count(*) filter (where w.status = 'cancelled'), round(avg(w.seconds)::numeric, 2),
    round(percentile_cont(0.9) within group (order by w.seconds)::numeric, 2)
  from (
    select date_trunc('week', t.completed_at at time zone 'UTC')::date as week,
      case when p_is_by_user then t.user_id end as user_id, t.agent,
      left(t.execution_metadata ->> 'model', 200) as model, t.status,
      case when t.status = 'completed'
        then extract(epoch from t.completed_at - t.started_at)::double precision
      end as seconds
    from unnest(p_weeks) as r (range)
    cross join lateral (
      select * from public.tasks as e
      where e.completed_at >= lower(r.range) and e.completed_at < coalesce(upper(r.range), 'infinity')
        and (p_user_id is null or e.user_id = p_user_id)
        and (p_user_id is not null or p_is_by_user or exists (
          select from public.task_attempts as a where a.task_id = e.id and a.agent = e.agent
        ))
      offset 0
    ) as t
  ) as w
  group by w.week, w.user_id, w.agent, w.model;
end;
$$;
comment on function private.count_task_completion is
  'Counts the tasks that ended in these weeks, of one user or of all (null): by user, or of everybody, and '
  'then only those that a worker held.';

create or replace function private.task_completion_weekly()
returns table (
  week date, agent text, model text, tasks_count bigint, completed_count bigint, failed_count bigint,
  cancelled_count bigint, completion_rate numeric, average_seconds numeric, p90_seconds numeric
)
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
declare
  v_user_id constant uuid := private.metrics_user_id();
  v_live constant tstzmultirange := private.live_metric_weeks(v_user_id);
begin
  return query
  select c.week, c.agent, c.model, c.tasks_count, c.completed_count, c.failed_count, c.cancelled_count,
    round(c.completed_count::numeric / nullif(c.completed_count + c.failed_count, 0), 4), c.average_seconds,
    c.p90_seconds
  from (
    select s.* from private.task_completion_weeks as s
    where (s.user_id = v_user_id or v_user_id is null and s.user_id is null)
      and not v_live @> s.week::timestamp at time zone 'UTC'
    union all
    select l.* from private.count_task_completion(v_live, v_user_id, v_user_id is not null) as l
  ) as c;
end;
$$;
comment on function private.task_completion_weekly is 'Rows of public.task_completion_weekly.';
grant execute on function private.task_completion_weekly to authenticated, service_role;

create view public.task_completion_weekly with (security_invoker = true) as
select * from private.task_completion_weekly();
comment on view public.task_completion_weekly is
  'One row per week, agent and model with a task that ended. Of the caller''s own tasks; for admins of the '
  'team and servers of everybody''s that a worker held.';
comment on column public.task_completion_weekly.week is 'The Monday of the week, in UTC.';
comment on column public.task_completion_weekly.model is
  'execution_metadata.model of the tasks; null for none.';
comment on column public.task_completion_weekly.tasks_count is 'Tasks that ended, with any status.';
comment on column public.task_completion_weekly.completion_rate is
  'The share of completed tasks in those that completed or failed, 0 to 1; null for none.';
comment on column public.task_completion_weekly.average_seconds is
  'From the start of the last attempt to the end, of completed tasks.';
comment on column public.task_completion_weekly.p90_seconds is 'Nine of ten completed tasks took no longer.';
grant select on public.task_completion_weekly to authenticated, service_role;
