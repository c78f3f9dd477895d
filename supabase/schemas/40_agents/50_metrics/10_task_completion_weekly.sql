-- How many tasks are completed each week, by agent and model, and how long they take.

-- Users see their own tasks; figures over everybody's tasks name no user. Planned for each call: the plan for
-- one user and the plan for all users have nothing in common.
create or replace function private.has_all_metrics() returns boolean
language plpgsql stable security definer set search_path = '' as $$
begin
  return private.is_trusted_caller() or private.has_team_role('admin');
end;
$$;
comment on function private.has_all_metrics is
  'Whether the caller''s figures cover everybody''s tasks: for servers and admins of the team. Otherwise '
  'they cover the caller''s own.';

create or replace function private.task_completion_weekly()
returns table (
  week date, agent text, model text, tasks_count bigint, completed_count bigint, failed_count bigint,
  cancelled_count bigint, completion_rate numeric, average_seconds numeric, p90_seconds numeric
)
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
declare
  v_all constant boolean := private.has_all_metrics();
  v_user_id constant uuid := auth.uid();
begin
  return query
  select w.week, w.agent, w.model, count(*), count(*) filter (where w.status = 'completed'),
    count(*) filter (where w.status = 'failed'), count(*) filter (where w.status = 'cancelled'),
    round(
      count(*) filter (where w.status = 'completed')::numeric
        / nullif(count(*) filter (where w.status in ('completed', 'failed')), 0), 4
    ),
    round(avg(w.seconds)::numeric, 2),
    round(percentile_cont(0.9) within group (order by w.seconds)::numeric, 2)
  from (
    select date_trunc('week', t.completed_at at time zone 'UTC')::date as week, t.agent,
      left(t.execution_metadata ->> 'model', 200) as model, t.status,
      case when t.status = 'completed'
        then extract(epoch from t.completed_at - t.started_at)::double precision
      end as seconds
    from public.tasks as t
    where (v_all or t.user_id = v_user_id) and t.completed_at is not null
  ) as w
  group by w.week, w.agent, w.model;
end;
$$;
comment on function private.task_completion_weekly is 'Rows of public.task_completion_weekly.';
grant execute on function private.task_completion_weekly to authenticated, service_role;

create view public.task_completion_weekly with (security_invoker = true) as
select * from private.task_completion_weekly();
comment on view public.task_completion_weekly is
  'One row per week, agent and model with a task that ended. Of the caller''s own tasks; for admins of the '
  'team and servers of everybody''s.';
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
