-- When each report that a job counts was counted last.

create table private.loop_report_runs (
  report text not null,
  counted_at timestamptz not null default '-infinity',
  took interval not null default '0',
  constraint loop_report_runs_pkey primary key (report)
);
comment on table private.loop_report_runs is
  'One row per report that a job counts and its view reads as it was counted.';
comment on column private.loop_report_runs.counted_at is
  'The time that its rows are of; -infinity if it was never counted.';
comment on column private.loop_report_runs.took is 'How long the last count took.';
alter table private.loop_report_runs enable row level security;

insert into private.loop_report_runs (report)
values ('loop_funnel'), ('loop_flow_daily'), ('loop_costs'), ('service_attainment');

-- A report that takes long is counted more rarely: a job takes at most a twentieth of the time.
create or replace function private.claim_report_run(p_report text, p_is_forced boolean) returns boolean
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_run private.loop_report_runs;
begin
  select r.* into v_run from private.loop_report_runs as r
  where r.report = p_report for update skip locked;
  return found and (p_is_forced or clock_timestamp() - v_run.counted_at >= 20 * v_run.took);
end;
$$;
comment on function private.claim_report_run is
  'Locks the run of a report. Returns whether it is to be counted: not while another run counts it, and, '
  'unless it is forced, not before 20 times what the last one took is over.';

create or replace function private.finish_report_run(p_report text, p_counted_at timestamptz) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  update private.loop_report_runs as r set
    counted_at = p_counted_at, took = clock_timestamp() - p_counted_at
  where r.report = p_report;
end;
$$;
comment on function private.finish_report_run is 'Stores that a report was counted as of a time until now.';

create or replace function private.report_counted_at(p_report text) returns timestamptz
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select r.counted_at from private.loop_report_runs as r
    where r.report = p_report and isfinite(r.counted_at)
  );
end;
$$;
comment on function private.report_counted_at is
  'The time that a report is of; null if it was never counted.';
