-- Why tasks fail, by week and agent.

create table private.task_error_weeks (
  id bigint not null generated always as identity,
  week date not null,
  user_id uuid,
  agent text not null,
  error_kind text,
  failures_count bigint not null,
  ended_count bigint not null,
  constraint task_error_weeks_pkey primary key (id)
);
comment on table private.task_error_weeks is
  'Completed and failed tasks by kind of error, for weeks that are over: of each user, and of everybody. '
  'Written by count_metric_weeks().';
comment on column private.task_error_weeks.user_id is 'Null for everybody''s.';
comment on column private.task_error_weeks.error_kind is 'Null for the completed tasks.';
create index task_error_weeks_user_id_week_idx on private.task_error_weeks (user_id, week);
create index task_error_weeks_week_idx on private.task_error_weeks (week);
alter table private.task_error_weeks enable row level security;

create or replace function private.count_task_errors(
  p_weeks tstzmultirange, p_user_id uuid, p_is_by_user boolean
) returns setof private.task_error_weeks
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
begin
  return query
  select null::bigint, w.week, w.user_id, w.agent, w.kind, count(*) filter (where w.status = 'failed'),
    count(*)
  from (
    select date_trunc('week', t.completed_at at time zone 'UTC')::date as week,
      case when p_is_by_user then t.user_id end as user_id, t.agent, t.status,
      case when t.status = 'failed' then coalesce(t.error_kind, 'unknown') end as kind
    from unnest(p_weeks) as r (range)
    cross join lateral (
      select * from public.tasks as e
      where e.completed_at >= lower(r.range) and e.completed_at < coalesce(upper(r.range), 'infinity')
        and (p_user_id is null or e.user_id = p_user_id) and e.status in ('failed', 'completed')
        and (p_user_id is not null or p_is_by_user or exists (
          select from public.task_attempts as a where a.task_id = e.id and a.agent = e.agent
        ))
      offset 0
    ) as t
  ) as w
  group by w.week, w.user_id, w.agent, w.kind;
end;
$$;
comment on function private.count_task_errors is
  'Counts the tasks that completed or failed in these weeks, of one user or of all (null): by user, '
  'or of everybody, and then only those that a worker held.';

create or replace function private.task_errors_weekly()
returns table (
  week date, agent text, error_kind text, failures_count bigint, share numeric, failure_rate numeric
)
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
declare
  v_user_id constant uuid := private.metrics_user_id();
  v_live constant tstzmultirange := private.live_metric_weeks(v_user_id);
begin
  return query
  select c.week, c.agent, c.error_kind, c.failures_count,
    round(c.failures_count / nullif(sum(c.failures_count) over (partition by c.week, c.agent), 0), 4),
    round(c.failures_count / sum(c.ended_count) over (partition by c.week, c.agent), 4)
  from (
    select s.* from private.task_error_weeks as s
    where (s.user_id = v_user_id or v_user_id is null and s.user_id is null)
      and not v_live @> s.week::timestamp at time zone 'UTC'
    union all
    select l.* from private.count_task_errors(v_live, v_user_id, v_user_id is not null) as l
  ) as c;
end;
$$;
comment on function private.task_errors_weekly is 'Rows of public.task_errors_weekly.';
grant execute on function private.task_errors_weekly to authenticated, service_role;

create view public.task_errors_weekly with (security_invoker = true) as
select * from private.task_errors_weekly() as e where e.error_kind is not null;
comment on view public.task_errors_weekly is
  'One row per week, agent and kind of error of failed tasks. Of the caller''s own tasks; for admins of the '
  'team and servers of everybody''s.';
comment on column public.task_errors_weekly.week is 'The Monday of the week, in UTC.';
comment on column public.task_errors_weekly.error_kind is 'tasks.error_kind; unknown for none.';
comment on column public.task_errors_weekly.share is
  'Its share in the failed tasks of that week and agent, 0 to 1.';
comment on column public.task_errors_weekly.failure_rate is
  'Its share in the completed and failed tasks of that week and agent, 0 to 1.';
grant select on public.task_errors_weekly to authenticated, service_role;
