-- Which users create tasks, and how many, by week.

create table private.user_activity_weeks (
  week date not null,
  user_id uuid not null,
  tasks_count bigint not null,
  completed_count bigint not null,
  projects_count bigint not null,
  agents_count bigint not null,
  last_active_at timestamptz not null,
  held_tasks_count bigint not null,
  held_completed_count bigint not null,
  held_projects_count bigint not null,
  held_agents_count bigint not null,
  held_last_active_at timestamptz,
  constraint user_activity_weeks_pkey primary key (week, user_id)
);
comment on table private.user_activity_weeks is
  'The rows of user_activity_weekly for weeks that are over: of all tasks, which their user sees, and of '
  'those that a worker held, which admins see. Written by count_metric_weeks().';
create index user_activity_weeks_user_id_idx on private.user_activity_weeks (user_id);
alter table private.user_activity_weeks enable row level security;

-- The tasks of a week are found user by user, by the index on user and time: one on the time alone would be
-- one more that each claim writes.
create or replace function private.count_user_activity(p_weeks tstzmultirange, p_user_id uuid)
returns setof private.user_activity_weeks
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
begin
  return query
  select date_trunc('week', w.created_at at time zone 'UTC')::date, u.id, count(*),
    count(*) filter (where w.status = 'completed'), count(distinct w.project_id), count(distinct w.agent),
    max(w.created_at), count(*) filter (where w.is_held),
    count(*) filter (where w.is_held and w.status = 'completed'),
    count(distinct w.project_id) filter (where w.is_held), count(distinct w.agent) filter (where w.is_held),
    max(w.created_at) filter (where w.is_held)
  from public.users as u
  cross join unnest(p_weeks) as r (range)
  cross join lateral (
    select t.created_at, t.status, t.project_id, t.agent, exists (
        select from public.task_attempts as a where a.task_id = t.id and a.agent = t.agent
      ) as is_held
    from public.tasks as t
    where t.user_id = u.id and t.created_at >= lower(r.range)
      and t.created_at < coalesce(upper(r.range), 'infinity')
    offset 0
  ) as w
  where p_user_id is null or u.id = p_user_id
  group by 1, 2;
end;
$$;
comment on function private.count_user_activity is
  'Counts the tasks that were created in these weeks, by user, of one user or of all (null).';

create or replace function private.user_activity_weekly()
returns table (
  week date, user_id uuid, tasks_count bigint, completed_count bigint, projects_count bigint,
  agents_count bigint, last_active_at timestamptz
)
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
declare
  v_user_id constant uuid := private.metrics_user_id();
  v_live constant tstzmultirange := private.live_metric_weeks(v_user_id);
begin
  return query
  select a.week, a.user_id,
    case when v_user_id is null then a.held_tasks_count else a.tasks_count end,
    case when v_user_id is null then a.held_completed_count else a.completed_count end,
    case when v_user_id is null then a.held_projects_count else a.projects_count end,
    case when v_user_id is null then a.held_agents_count else a.agents_count end,
    case when v_user_id is null then a.held_last_active_at else a.last_active_at end
  from (
    select s.* from private.user_activity_weeks as s
    where (v_user_id is null or s.user_id = v_user_id) and not v_live @> s.week::timestamp at time zone 'UTC'
    union all
    select l.* from private.count_user_activity(v_live, v_user_id) as l
  ) as a
  where v_user_id is not null or a.held_tasks_count > 0;
end;
$$;
comment on function private.user_activity_weekly is 'Rows of public.user_activity_weekly.';
grant execute on function private.user_activity_weekly to authenticated, service_role;

create view public.user_activity_weekly with (security_invoker = true) as
select * from private.user_activity_weekly();
comment on view public.user_activity_weekly is
  'One row per week and user who created a task in it. The caller''s own; for admins of the team and '
  'servers everybody''s, of tasks that a worker held.';
comment on column public.user_activity_weekly.week is 'The Monday of the week, in UTC.';
comment on column public.user_activity_weekly.tasks_count is 'Tasks created in that week.';
comment on column public.user_activity_weekly.completed_count is
  'Those of them that have completed since then.';
comment on column public.user_activity_weekly.projects_count is 'Projects of these tasks.';
comment on column public.user_activity_weekly.agents_count is 'Agents of these tasks.';
comment on column public.user_activity_weekly.last_active_at is 'When the last of them was created.';
grant select on public.user_activity_weekly to authenticated, service_role;
