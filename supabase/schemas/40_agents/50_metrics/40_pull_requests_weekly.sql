-- How many of the agents' pull requests are merged, and how long that takes, by week.

create table private.pull_request_weeks (
  id bigint not null generated always as identity,
  week date not null,
  user_id uuid,
  opened_count bigint not null,
  merged_count bigint not null,
  closed_count bigint not null,
  median_hours_to_merge numeric,
  p90_hours_to_merge numeric,
  constraint pull_request_weeks_pkey primary key (id)
);
comment on table private.pull_request_weeks is
  'The rows of pull_requests_weekly for weeks that are over: of each user, and of everybody. Written by '
  'count_metric_weeks().';
comment on column private.pull_request_weeks.user_id is 'Null for everybody''s.';
create index pull_request_weeks_user_id_week_idx on private.pull_request_weeks (user_id, week);
create index pull_request_weeks_week_idx on private.pull_request_weeks (week);
alter table private.pull_request_weeks enable row level security;

create index pull_requests_opened_at_idx on public.pull_requests (opened_at);
create index pull_requests_merged_at_idx on public.pull_requests (merged_at) where merged_at is not null;
create index pull_requests_closed_at_idx on public.pull_requests (closed_at) where merged_at is null;

create or replace function private.count_pull_requests(
  p_weeks tstzmultirange, p_user_id uuid, p_is_by_user boolean
) returns setof private.pull_request_weeks
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
begin
  return query
  with week as (
    select lower(r.range) as starts_at, coalesce(upper(r.range), 'infinity') as ends_at
    from unnest(p_weeks) as r (range)
  ),
  -- as private.pull_request_events has them
  event as (
    select p.id, 'opened' as kind, p.opened_at as at, null::double precision as hours
    from week as w join public.pull_requests as p on p.opened_at >= w.starts_at and p.opened_at < w.ends_at
    union all
    select p.id, 'merged', p.merged_at, private.hours_to_merge(p)
    from week as w join public.pull_requests as p on p.merged_at >= w.starts_at and p.merged_at < w.ends_at
    union all
    select p.id, 'closed', p.closed_at, null
    from week as w join public.pull_requests as p on p.closed_at >= w.starts_at and p.closed_at < w.ends_at
    where p.merged_at is null
  )
  select null::bigint, date_trunc('week', e.at at time zone 'UTC')::date, u.user_id,
    count(*) filter (where e.kind = 'opened'), count(*) filter (where e.kind = 'merged'),
    count(*) filter (where e.kind = 'closed'),
    round(percentile_cont(0.5) within group (order by e.hours)::numeric, 2),
    round(percentile_cont(0.9) within group (order by e.hours)::numeric, 2)
  from event as e
  cross join lateral (
    select distinct case when p_is_by_user then l.user_id end as user_id
    from public.task_pull_requests as l
    where l.pull_request_id = e.id and l.verified_at is not null
      and (p_user_id is null or l.user_id = p_user_id)
      and (p_user_id is not null or p_is_by_user or exists (
        select from public.task_attempts as a where a.task_id = l.task_id
      ))
  ) as u
  group by 2, 3;
end;
$$;
comment on function private.count_pull_requests is
  'Counts the pull requests that were opened, merged or closed in these weeks and that one user, or anybody '
  '(null), may see: by user, or of everybody, and then only those of tasks that a worker held.';

create or replace function private.pull_requests_weekly()
returns table (
  week date, opened_count bigint, merged_count bigint, closed_count bigint, merge_rate numeric,
  median_hours_to_merge numeric, p90_hours_to_merge numeric
)
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
declare
  v_user_id constant uuid := private.metrics_user_id();
  v_live constant tstzmultirange := private.live_metric_weeks(v_user_id);
begin
  return query
  select c.week, c.opened_count, c.merged_count, c.closed_count,
    round(c.merged_count::numeric / nullif(c.merged_count + c.closed_count, 0), 4), c.median_hours_to_merge,
    c.p90_hours_to_merge
  from (
    select s.* from private.pull_request_weeks as s
    where (s.user_id = v_user_id or v_user_id is null and s.user_id is null)
      and not v_live @> s.week::timestamp at time zone 'UTC'
    union all
    select l.* from private.count_pull_requests(v_live, v_user_id, v_user_id is not null) as l
  ) as c;
end;
$$;
comment on function private.pull_requests_weekly is 'Rows of public.pull_requests_weekly.';
grant execute on function private.pull_requests_weekly to authenticated, service_role;

create view public.pull_requests_weekly with (security_invoker = true) as
select * from private.pull_requests_weekly();
comment on view public.pull_requests_weekly is
  'One row per week in which a pull request of a task was opened, merged or closed. Of the caller''s own '
  'tasks, if the link is verified; for admins of the team and servers of everybody''s that a worker held.';
comment on column public.pull_requests_weekly.week is 'The Monday of the week, in UTC.';
comment on column public.pull_requests_weekly.closed_count is 'Closed without being merged.';
comment on column public.pull_requests_weekly.merge_rate is
  'The share of merged pull requests in those that were merged or closed that week, 0 to 1; null for none.';
comment on column public.pull_requests_weekly.median_hours_to_merge is
  'Half of those merged that week took no longer, in hours since they were opened.';
comment on column public.pull_requests_weekly.p90_hours_to_merge is
  'Nine of ten merged that week took no longer.';
grant select on public.pull_requests_weekly to authenticated, service_role;
