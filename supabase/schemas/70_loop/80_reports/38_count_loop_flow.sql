-- Counts the flow of issues by day: how many entered and left each status, and how many had it in the
-- evening.

create table private.flow_days (
  day date not null,
  status text not null,
  entered_count bigint not null,
  left_count bigint not null,
  issues_count bigint not null,
  constraint flow_days_pkey primary key (day, status)
);
comment on table private.flow_days is
  'The rows of loop_flow_daily of the days before the one of counted_at of loop_report_runs, which it '
  'contains too, so far. Written by run_loop_flow() alone.';
alter table private.flow_days enable row level security;

-- Each change of status is +1 and -1, and the rest a running sum: a join of each day with the changes before
-- it reads them once per day.
create or replace function private.count_loop_flow(p_from date) returns setof private.flow_days
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
begin
  return query
  with change as (
    select (l.changed_at at time zone 'UTC')::date as day, l.old_status, l.new_status, count(*) as count
    from public.issue_status_logs as l
    where (p_from is null or l.changed_at >= p_from::timestamp at time zone 'UTC')
      and not exists (select from public.issues as i where i.id = l.issue_id and i.is_test)
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
    coalesce(b.issues_count, 0) + (
      sum(coalesce(d.entered, 0) - coalesce(d.left_, 0)) over (partition by s.status order by g.at)
    )::bigint
  from (select coalesce(p_from, min(c.day)) as first_day from change as c) as f
  cross join lateral generate_series(
    f.first_day::timestamp, (now() at time zone 'UTC')::date::timestamp, interval '1 day'
  ) as g (at)
  cross join unnest(array['waiting_for_help', 'in_progress', 'blocked', 'resolved', 'archived']) as s (status)
  left join delta as d on d.day = g.at::date and d.status = s.status
  left join private.flow_days as b on b.day = p_from - 1 and b.status = s.status;
end;
$$;
comment on function private.count_loop_flow is
  'Counts the days from one on, which continue the stored day before it, until today; null for all days.';

create or replace function private.run_loop_flow(p_is_forced boolean default false) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_now constant timestamptz := clock_timestamp();
  v_count integer;
begin
  if not private.claim_report_run('loop_flow_daily', p_is_forced) then
    return 0;
  end if;
  delete from private.flow_days as d where d.day is not null;
  insert into private.flow_days select c.* from private.count_loop_flow(null) as c;
  get diagnostics v_count = row_count;
  perform private.finish_report_run('loop_flow_daily', v_now);
  return v_count;
end;
$$;
comment on function private.run_loop_flow is
  'Counts all days of the flow again, and returns the number of their rows; 0 while another run does, and, '
  'unless it is forced, before 20 times what the last one took is over. Blocks no writer. For the scheduler.';
