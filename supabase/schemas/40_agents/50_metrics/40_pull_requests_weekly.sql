-- How many of the agents' pull requests are merged, and how long that takes, by week.

create or replace function private.pull_requests_weekly()
returns table (
  week date, opened_count bigint, merged_count bigint, closed_count bigint, merge_rate numeric,
  median_hours_to_merge numeric, p90_hours_to_merge numeric
)
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
declare
  v_all constant boolean := private.has_all_metrics();
  v_user_id constant uuid := auth.uid();
begin
  return query
  with linked as (
    select p.opened_at, p.merged_at, case when p.merged_at is null then p.closed_at end as closed_at,
      greatest(extract(epoch from p.merged_at - p.opened_at)::double precision / 3600, 0) as hours
    from public.pull_requests as p
    where exists (
      select from public.task_pull_requests as l
      where l.pull_request_id = p.id and l.verified_at is not null and (v_all or l.user_id = v_user_id)
    )
  )
  select date_trunc('week', e.at at time zone 'UTC')::date, count(*) filter (where e.kind = 'opened'),
    count(*) filter (where e.kind = 'merged'), count(*) filter (where e.kind = 'closed'),
    round(
      count(*) filter (where e.kind = 'merged')::numeric
        / nullif(count(*) filter (where e.kind in ('merged', 'closed')), 0), 4
    ),
    round(percentile_cont(0.5) within group (order by e.hours)::numeric, 2),
    round(percentile_cont(0.9) within group (order by e.hours)::numeric, 2)
  from linked as l
  cross join lateral (
    values ('opened', l.opened_at, null::double precision), ('merged', l.merged_at, l.hours),
      ('closed', l.closed_at, null::double precision)
  ) as e (kind, at, hours)
  where e.at is not null
  group by 1;
end;
$$;
comment on function private.pull_requests_weekly is 'Rows of public.pull_requests_weekly.';
grant execute on function private.pull_requests_weekly to authenticated, service_role;

create view public.pull_requests_weekly with (security_invoker = true) as
select * from private.pull_requests_weekly();
comment on view public.pull_requests_weekly is
  'One row per week in which a pull request of a task was opened, merged or closed. Of the caller''s own '
  'tasks, if the link is verified; for admins of the team and servers of everybody''s.';
comment on column public.pull_requests_weekly.week is 'The Monday of the week, in UTC.';
comment on column public.pull_requests_weekly.closed_count is 'Closed without being merged.';
comment on column public.pull_requests_weekly.merge_rate is
  'The share of merged pull requests in those that were merged or closed that week, 0 to 1; null for none.';
comment on column public.pull_requests_weekly.median_hours_to_merge is
  'Half of those merged that week took no longer, in hours since they were opened.';
comment on column public.pull_requests_weekly.p90_hours_to_merge is
  'Nine of ten merged that week took no longer.';
grant select on public.pull_requests_weekly to authenticated, service_role;
