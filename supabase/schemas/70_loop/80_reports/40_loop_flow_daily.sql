-- The flow of issues by day.

create or replace function private.load_loop_flow()
returns table (
  day date, status text, entered_count bigint, left_count bigint, issues_count bigint, counted_at timestamptz
)
language plpgsql stable security definer set search_path = '' as $$
declare
  v_counted_at constant timestamptz := private.report_counted_at('loop_flow_daily');
  v_live_from date := (v_counted_at at time zone 'UTC')::date;
begin
  if not private.may_read_counts() then
    return;
  end if;
  if not exists (select from private.flow_days as d where d.day = v_live_from - 1) then
    v_live_from := null;
  end if;
  return query
  select d.day, d.status, d.entered_count, d.left_count, d.issues_count, v_counted_at
  from private.flow_days as d where d.day < v_live_from
  union all
  select c.day, c.status, c.entered_count, c.left_count, c.issues_count, now()
  from private.count_loop_flow(v_live_from) as c;
end;
$$;
comment on function private.load_loop_flow is
  'What loop_flow_daily contains; nothing for callers who may not read issues.';
grant execute on function private.load_loop_flow to authenticated, service_role;

create view public.loop_flow_daily with (security_invoker = true) as
select * from private.load_loop_flow();
comment on view public.loop_flow_daily is
  'One row per day, in UTC, and status, from the first change of a status to today: a cumulative flow '
  'diagram. From issue_status_logs; earlier days are counted every ten minutes, and today when it is read. '
  'No test issues.';
comment on column public.loop_flow_daily.entered_count is
  'How often an issue got this status on that day, created or changed.';
comment on column public.loop_flow_daily.left_count is 'How often an issue with this status got another one.';
comment on column public.loop_flow_daily.issues_count is
  'How many issues had this status at the end of the day, or have it today.';
comment on column public.loop_flow_daily.counted_at is 'The time that the row is of.';
grant select on public.loop_flow_daily to authenticated, service_role;
