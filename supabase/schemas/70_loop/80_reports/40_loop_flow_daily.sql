-- The flow of issues by day: how many entered and left each status, and how many had it in the evening.

-- Each change of status is +1 and -1, and the rest a running sum: a join of each day with the changes before
-- it reads them once per day.
create or replace function private.load_loop_flow()
returns table (day date, status text, entered_count bigint, left_count bigint, issues_count bigint)
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
begin
  if not private.may_read_counts() then
    return;
  end if;
  return query
  with change as (
    select (l.changed_at at time zone 'UTC')::date as day, l.old_status, l.new_status, count(*) as count
    from public.issue_status_logs as l
    where not exists (select from public.issues as i where i.id = l.issue_id and i.is_test)
    group by 1, 2, 3
  ),
  delta as (
    select u.day, u.status, sum(u.entered)::bigint as entered, sum(u.left_)::bigint as left_
    from change as c
    cross join lateral (
      values (c.day, c.new_status, c.count, 0::bigint), (c.day, c.old_status, 0::bigint, c.count)
    ) as u (day, status, entered, left_)
    where u.status is not null
    group by u.day, u.status
  )
  select g.at::date, s.status, coalesce(d.entered, 0), coalesce(d.left_, 0),
    (sum(coalesce(d.entered, 0) - coalesce(d.left_, 0)) over (partition by s.status order by g.at))::bigint
  from (select min(c.day) as first_day from change as c) as f
  cross join lateral generate_series(
    f.first_day::timestamp, (now() at time zone 'UTC')::date::timestamp, interval '1 day'
  ) as g (at)
  cross join unnest(array['waiting_for_help', 'in_progress', 'blocked', 'resolved', 'archived']) as s (status)
  left join delta as d on d.day = g.at::date and d.status = s.status;
end;
$$;
comment on function private.load_loop_flow is
  'What loop_flow_daily contains; nothing for callers who may not read issues.';
grant execute on function private.load_loop_flow to authenticated, service_role;

create view public.loop_flow_daily with (security_invoker = true) as
select * from private.load_loop_flow();
comment on view public.loop_flow_daily is
  'One row per day, in UTC, and status, from the first change of a status to today: a cumulative flow '
  'diagram. From issue_status_logs. No test issues.';
comment on column public.loop_flow_daily.entered_count is
  'How often an issue got this status on that day, created or changed.';
comment on column public.loop_flow_daily.left_count is 'How often an issue with this status got another one.';
comment on column public.loop_flow_daily.issues_count is
  'How many issues had this status at the end of the day, or have it today.';
grant select on public.loop_flow_daily to authenticated, service_role;
