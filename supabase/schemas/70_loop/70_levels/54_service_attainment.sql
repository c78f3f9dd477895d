-- How well service levels are kept, by week and stage.

create table private.attainment_weeks (
  week date not null,
  stage text not null,
  targets_count bigint not null,
  kept_count bigint not null,
  breached_count bigint not null,
  open_count bigint not null,
  kept_share numeric,
  p90_seconds numeric,
  constraint attainment_weeks_pkey primary key (week, stage)
);
comment on table private.attainment_weeks is
  'The rows of service_attainment, as of counted_at of loop_report_runs. Written by '
  'run_service_attainment() alone.';
alter table private.attainment_weeks enable row level security;

create or replace function private.count_service_attainment() returns setof private.attainment_weeks
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
begin
  return query
  select
    date_trunc('week', t.started_at at time zone 'UTC')::date as week,
    t.stage,
    count(*) as targets_count,
    count(*) filter (where t.met_at is not null and t.breached_at is null) as kept_count,
    count(*) filter (where t.breached_at is not null) as breached_count,
    count(*) filter (where t.met_at is null and t.breached_at is null) as open_count,
    round(
      count(*) filter (where t.met_at is not null and t.breached_at is null)::numeric
        / nullif(count(*) filter (where t.met_at is not null or t.breached_at is not null), 0), 4
    ) as kept_share,
    round(
      percentile_cont(0.9) within group (
        order by extract(epoch from t.met_at - t.started_at)::double precision
      )::numeric, 1
    ) as p90_seconds
  from public.service_targets as t
  join public.issues as i on i.id = t.issue_id and not i.is_test
  where t.cancelled_at is null
  group by 1, 2;
end;
$$;
comment on function private.count_service_attainment is 'Counts the targets of all weeks.';

create or replace function private.load_service_attainment()
returns table (
  week date, stage text, targets_count bigint, kept_count bigint, breached_count bigint, open_count bigint,
  kept_share numeric, p90_seconds numeric, counted_at timestamptz
)
language plpgsql stable security definer set search_path = '' as $$
declare
  v_counted_at timestamptz;
begin
  if not private.may_read_counts() then
    return;
  end if;
  v_counted_at := private.report_counted_at('service_attainment');
  if v_counted_at is null then
    return query select c.*, now() from private.count_service_attainment() as c;
  else
    return query select c.*, v_counted_at from private.attainment_weeks as c;
  end if;
end;
$$;
comment on function private.load_service_attainment is
  'What service_attainment contains; nothing for callers who may not read issues.';
grant execute on function private.load_service_attainment to authenticated, service_role;

create view public.service_attainment with (security_invoker = true) as
select * from private.load_service_attainment();
comment on view public.service_attainment is
  'One row per week and stage with a target that began in it. No cancelled targets, no test issues. '
  'Counted every ten minutes, and when it is read until then.';
comment on column public.service_attainment.week is 'The Monday of the week, in UTC.';
comment on column public.service_attainment.kept_count is 'Met before they were due.';
comment on column public.service_attainment.breached_count is
  'Not met when they were due, whether or not they have been met since.';
comment on column public.service_attainment.open_count is 'Neither, so far.';
comment on column public.service_attainment.kept_share is
  'kept_count in kept_count and breached_count, 0 to 1; null without any.';
comment on column public.service_attainment.p90_seconds is
  'Nine of ten of those that were met took no longer, pauses and nights included.';
comment on column public.service_attainment.counted_at is 'The time that the row is of.';
grant select on public.service_attainment to authenticated, service_role;

create or replace function private.run_service_attainment(p_is_forced boolean default false) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_now constant timestamptz := clock_timestamp();
  v_count integer;
begin
  if not private.claim_report_run('service_attainment', p_is_forced) then
    return 0;
  end if;
  delete from private.attainment_weeks as c where c.week is not null;
  insert into private.attainment_weeks select c.* from private.count_service_attainment() as c;
  get diagnostics v_count = row_count;
  perform private.finish_report_run('service_attainment', v_now);
  return v_count;
end;
$$;
comment on function private.run_service_attainment is
  'Counts service_attainment again, and returns the number of its rows; 0 while another run does, and, '
  'unless it is forced, before 20 times what the last one took is over. Blocks no writer. For the scheduler.';
