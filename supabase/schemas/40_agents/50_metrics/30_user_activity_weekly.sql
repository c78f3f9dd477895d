-- Which users create tasks, and how many, by week.

create or replace function private.user_activity_weekly()
returns table (
  week date, user_id uuid, tasks_count bigint, completed_count bigint, projects_count bigint,
  agents_count bigint, last_active_at timestamptz
)
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
declare
  v_all constant boolean := private.has_all_metrics();
  v_user_id constant uuid := auth.uid();
begin
  return query
  select date_trunc('week', t.created_at at time zone 'UTC')::date, t.user_id, count(*),
    count(*) filter (where t.status = 'completed'), count(distinct t.project_id), count(distinct t.agent),
    max(t.created_at)
  from public.tasks as t
  where v_all or t.user_id = v_user_id
  group by 1, 2;
end;
$$;
comment on function private.user_activity_weekly is 'Rows of public.user_activity_weekly.';
grant execute on function private.user_activity_weekly to authenticated, service_role;

create view public.user_activity_weekly with (security_invoker = true) as
select * from private.user_activity_weekly();
comment on view public.user_activity_weekly is
  'One row per week and user who created a task in it. The caller''s own; for admins of the team and '
  'servers everybody''s.';
comment on column public.user_activity_weekly.week is 'The Monday of the week, in UTC.';
comment on column public.user_activity_weekly.tasks_count is 'Tasks created in that week.';
comment on column public.user_activity_weekly.completed_count is
  'Those of them that have completed since then.';
comment on column public.user_activity_weekly.projects_count is 'Projects of these tasks.';
comment on column public.user_activity_weekly.agents_count is 'Agents of these tasks.';
comment on column public.user_activity_weekly.last_active_at is 'When the last of them was created.';
grant select on public.user_activity_weekly to authenticated, service_role;
