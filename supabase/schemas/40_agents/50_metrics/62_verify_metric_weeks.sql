-- Compares the stored weekly figures with the tasks and pull requests.

create or replace function private.verify_metric_weeks()
returns table (name text, is_stored boolean, figures jsonb)
language plpgsql stable security definer set search_path = '' as $$
declare
  v_stored constant tstzmultirange :=
    tstzmultirange(tstzrange('-infinity', null)) - private.live_metric_weeks(null);
begin
  return query
  with stored (name, figures) as (
    select 'task_completion_weeks', to_jsonb(s) - 'id' from private.task_completion_weeks as s
    where v_stored @> s.week::timestamp at time zone 'UTC'
    union all
    select 'task_error_weeks', to_jsonb(s) - 'id' from private.task_error_weeks as s
    where v_stored @> s.week::timestamp at time zone 'UTC'
    union all
    select 'user_activity_weeks', to_jsonb(s) from private.user_activity_weeks as s
    where v_stored @> s.week::timestamp at time zone 'UTC'
    union all
    select 'pull_request_weeks', to_jsonb(s) - 'id' from private.pull_request_weeks as s
    where v_stored @> s.week::timestamp at time zone 'UTC'
  ),
  counted (name, figures) as (
    select 'task_completion_weeks', to_jsonb(c) - 'id'
    from (values (true), (false)) as u (is_by_user)
    cross join lateral private.count_task_completion(v_stored, null, u.is_by_user) as c
    union all
    select 'task_error_weeks', to_jsonb(c) - 'id'
    from (values (true), (false)) as u (is_by_user)
    cross join lateral private.count_task_errors(v_stored, null, u.is_by_user) as c
    union all
    select 'user_activity_weeks', to_jsonb(c) from private.count_user_activity(v_stored, null) as c
    union all
    select 'pull_request_weeks', to_jsonb(c) - 'id'
    from (values (true), (false)) as u (is_by_user)
    cross join lateral private.count_pull_requests(v_stored, null, u.is_by_user) as c
  )
  (select s.name, true, s.figures from (table stored except all table counted) as s)
  union all
  (select c.name, false, c.figures from (table counted except all table stored) as c);
end;
$$;
comment on function private.verify_metric_weeks is
  'Counts all stored weeks again and returns the differences: what is stored only, and what was counted '
  'only; no row means that all figures are correct. Weeks that are marked are left out. For operators.';
