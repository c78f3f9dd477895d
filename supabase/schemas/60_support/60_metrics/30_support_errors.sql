-- What failed, and why: codes only, never texts.

-- Appended, and folded into the counts of its day by the job: writers wait for nobody.
create table private.support_errors (
  id bigint not null generated always as identity,
  day date not null,
  operation text not null,
  cause text not null,
  constraint support_errors_pkey primary key (id)
);
comment on table private.support_errors is
  'One row per failed operation, until the job has counted it: see support_error_counts.';
alter table private.support_errors enable row level security;

create table private.support_error_counts (
  day date not null,
  operation text not null,
  cause text not null,
  errors_count bigint not null,
  constraint support_error_counts_pkey primary key (day, operation, cause)
);
comment on table private.support_error_counts is 'The number of failed operations by day, in UTC, and cause.';
alter table private.support_error_counts enable row level security;

-- A cause is an error code or an SQLSTATE. Anything else could contain what a visitor wrote.
create or replace function private.record_support_error(p_operation text, p_cause text) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into private.support_errors (day, operation, cause)
  values (
    private.support_day(now()),
    case when p_operation ~ '^[a-z][a-z0-9_]{0,49}$' then p_operation else 'other' end,
    case when p_cause ~ '^[A-Za-z0-9][A-Za-z0-9_]{0,63}$' then p_cause else 'other' end
  );
end;
$$;
grant execute on function private.record_support_error to service_role;

create or replace function support.record_support_error(operation text, cause text) returns void
language sql volatile security invoker set search_path = ''
begin atomic
  select private.record_support_error(record_support_error.operation, record_support_error.cause);
end;
comment on function support.record_support_error is
  'Counts a failed operation, such as answer or send_message, with its cause: an error code or an SQLSTATE. '
  'What is not of that form counts as other, so that no text is stored. Service role only.';
grant execute on function support.record_support_error to service_role;

create or replace function private.fold_support_errors(p_batch integer default 100000) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_count integer;
begin
  with taken as (
    delete from private.support_errors as e
    where e.ctid = any (array(
      select o.ctid from private.support_errors as o order by o.id limit p_batch for update skip locked
    ))
    returning e.day, e.operation, e.cause
  ),
  added as (
    insert into private.support_error_counts as c (day, operation, cause, errors_count)
    select t.day, t.operation, t.cause, count(*) from taken as t group by t.day, t.operation, t.cause
    on conflict on constraint support_error_counts_pkey do update set
      errors_count = c.errors_count + excluded.errors_count
  )
  select count(*)::integer into v_count from taken;
  return v_count;
end;
$$;
comment on function private.fold_support_errors is
  'Adds up to p_batch recorded errors to the counts of their days, and returns how many. For the scheduler.';

create or replace function private.load_support_errors()
returns table (
  day date, operation text, cause text, errors_count bigint, operations_count bigint, error_rate numeric
)
language plpgsql stable security definer set search_path = '' as $$
begin
  if not private.may_read_counts() then
    return;
  end if;
  return query
  with failed as (
    select c.day, c.operation, c.cause, c.errors_count as count from private.support_error_counts as c
    union all
    select e.day, e.operation, e.cause, count(*) from private.support_errors as e
    group by e.day, e.operation, e.cause
    union all
    select private.support_day(r.start_time), j.jobname, r.status, count(*)
    from cron.job_run_details as r join cron.job as j on j.jobid = r.jobid
    where j.jobname like 'support-%' and r.status = 'failed'
    group by 1, 2, 3
  )
  select f.day, f.operation, f.cause, sum(f.count)::bigint, o.count,
    round(sum(f.count) / nullif(sum(f.count) + o.count, 0), 4)
  from failed as f
  left join lateral (
    select case f.operation
      when 'answer' then d.assistant_messages_count when 'send_message' then d.visitor_messages_count
    end as count
    from private.support_days as d where d.day = f.day
  ) as o on true
  group by f.day, f.operation, f.cause, o.count;
end;
$$;
comment on function private.load_support_errors is
  'What support.error_rates contains; nothing for callers who may not read it.';
grant execute on function private.load_support_errors to authenticated, service_role;

create view support.error_rates with (security_invoker = true) as
select * from private.load_support_errors();
comment on view support.error_rates is
  'Failed operations by day (UTC), operation and cause: what support-chat and servers recorded by '
  'record_support_error(), and failed runs of support''s jobs. The team.';
comment on column support.error_rates.cause is 'An error code, an SQLSTATE, or failed for a job.';
comment on column support.error_rates.operations_count is
  'How many of the same operation succeeded on that day, where that is counted: answer, send_message.';
comment on column support.error_rates.error_rate is
  'The share of this cause in all operations of the kind, 0 to 1; null where these are not counted.';
grant select on support.error_rates to authenticated, service_role;
