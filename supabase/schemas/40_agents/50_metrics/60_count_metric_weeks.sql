-- Stores the weekly figures of weeks that are over, and those of marked weeks again.

create or replace function private.store_metric_weeks(p_weeks tstzmultirange) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  delete from private.task_completion_weeks as s where p_weeks @> s.week::timestamp at time zone 'UTC';
  delete from private.task_error_weeks as s where p_weeks @> s.week::timestamp at time zone 'UTC';
  delete from private.user_activity_weeks as s where p_weeks @> s.week::timestamp at time zone 'UTC';
  delete from private.pull_request_weeks as s where p_weeks @> s.week::timestamp at time zone 'UTC';
  insert into private.task_completion_weeks overriding user value
  select c.* from private.count_task_completion(p_weeks, null, true) as c
  union all
  select c.* from private.count_task_completion(p_weeks, null, false) as c;
  insert into private.task_error_weeks overriding user value
  select c.* from private.count_task_errors(p_weeks, null, true) as c
  union all
  select c.* from private.count_task_errors(p_weeks, null, false) as c;
  insert into private.user_activity_weeks
  select c.* from private.count_user_activity(p_weeks, null) as c;
  insert into private.pull_request_weeks overriding user value
  select c.* from private.count_pull_requests(p_weeks, null, true) as c
  union all
  select c.* from private.count_pull_requests(p_weeks, null, false) as c;
end;
$$;
comment on function private.store_metric_weeks is
  'Counts these weeks and stores them, in place of what is stored.';

-- The marks go first: each statement sees what is committed when it begins, so what is counted contains all
-- that the removed marks stand for, and a mark that is committed later stays for the next run.
create or replace function private.count_metric_weeks() returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_stored_before date;
  v_weeks date[];
  v_next date;
begin
  select s.stored_before into v_stored_before from private.metric_state as s for update skip locked;
  if not found then
    return 0;
  end if;
  v_next := private.storable_metric_weeks(clock_timestamp());
  with removed as (
    delete from private.metric_marks as m where m.id is not null returning m.week
  )
  select array_agg(distinct r.week) filter (where r.week < v_stored_before) into v_weeks from removed as r;
  if v_weeks is null and v_next <= v_stored_before then
    return 0;
  end if;
  perform private.store_metric_weeks(
    tstzmultirange(private.metric_weeks_range(v_stored_before, greatest(v_next, v_stored_before)))
      + coalesce((
        select range_agg(private.metric_weeks_range(w.week, w.week + 7)) from unnest(v_weeks) as w (week)
      ), '{}')
  );
  update private.metric_state as s set stored_before = v_next where s.stored_before < v_next;
  return coalesce(cardinality(v_weeks), 0) + (v_next > v_stored_before)::integer;
end;
$$;
comment on function private.count_metric_weeks is
  'Stores the figures of weeks that ended an hour ago, and counts marked weeks again. Returns how many weeks '
  'it counted again, plus one if it stored the weeks that ended since. For the scheduler.';
