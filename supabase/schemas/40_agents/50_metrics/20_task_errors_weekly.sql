-- Why tasks fail, by week and agent.

create or replace function private.task_errors_weekly()
returns table (
  week date, agent text, error_kind text, failures_count bigint, share numeric, failure_rate numeric
)
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
declare
  v_all constant boolean := private.has_all_metrics();
  v_user_id constant uuid := auth.uid();
begin
  return query
  select c.week, c.agent, c.kind, c.failures,
    round(c.failures / nullif(sum(c.failures) over (partition by c.week, c.agent), 0), 4),
    round(c.failures / sum(c.ended) over (partition by c.week, c.agent), 4)
  from (
    select date_trunc('week', t.completed_at at time zone 'UTC')::date as week, t.agent,
      case when t.status = 'failed' then coalesce(t.error_kind, 'unknown') end as kind,
      count(*) filter (where t.status = 'failed') as failures, count(*) as ended
    from public.tasks as t
    where (v_all or t.user_id = v_user_id) and t.status in ('failed', 'completed')
      and t.completed_at is not null
    group by 1, 2, 3
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
