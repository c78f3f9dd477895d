-- Marks the weeks whose figures a changed pull request, or a changed link to one, belongs to.

create or replace function private.pull_request_events(p_pull_request public.pull_requests)
returns table (kind text, at timestamptz, hours double precision)
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return query
  select e.kind, e.at, e.hours
  from (
    values
      ('opened', p_pull_request.opened_at, null::double precision),
      ('merged', p_pull_request.merged_at, private.hours_to_merge(p_pull_request)),
      ('closed', case when p_pull_request.merged_at is null then p_pull_request.closed_at end, null)
  ) as e (kind, at, hours)
  where e.at is not null;
end;
$$;
comment on function private.pull_request_events is
  'When it was opened, and merged, or closed without: what pull_requests_weekly counts.';

create or replace function private.hours_to_merge(p_pull_request public.pull_requests)
returns double precision
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return greatest(
    extract(epoch from p_pull_request.merged_at - p_pull_request.opened_at)::double precision / 3600, 0
  );
end;
$$;
comment on function private.hours_to_merge is 'The hours from opening to merging, not below 0.';

create or replace function private.mark_pull_request_weeks() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into private.metric_marks (week, user_id)
  select distinct w.week, l.user_id
  from (
    (select * from private.pull_request_events(old) except select * from private.pull_request_events(new))
    union all
    (select * from private.pull_request_events(new) except select * from private.pull_request_events(old))
  ) as e
  cross join lateral (select private.metric_week(e.at) as week) as w
  join public.task_pull_requests as l on l.pull_request_id = old.id and l.verified_at is not null
  where private.is_metric_week_over(w.week);
  return case tg_op when 'DELETE' then old end;
end;
$$;
comment on function private.mark_pull_request_weeks is
  'After-update and before-delete row trigger of pull requests: marks the weeks whose events change, for the '
  'users who may see it.';

create or replace function private.mark_link_weeks() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into private.metric_marks (week, user_id)
  select distinct w.week, c.user_id
  from changed_links as c
  join public.pull_requests as p on p.id = c.pull_request_id
  cross join lateral private.pull_request_events(p) as e
  cross join lateral (select private.metric_week(e.at) as week) as w
  where c.verified_at is not null and private.is_metric_week_over(w.week);
  return null;
end;
$$;
comment on function private.mark_link_weeks is
  'After-statement trigger of task_pull_requests, for inserted and deleted links that are verified: marks '
  'the weeks of their pull requests.';

create or replace function private.mark_verified_link_weeks() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into private.metric_marks (week, user_id)
  select distinct w.week, n.user_id
  from new_links as n
  join old_links as o on o.task_id = n.task_id and o.pull_request_id = n.pull_request_id
  join public.pull_requests as p on p.id = n.pull_request_id
  cross join lateral private.pull_request_events(p) as e
  cross join lateral (select private.metric_week(e.at) as week) as w
  where (o.verified_at is null) <> (n.verified_at is null) and private.is_metric_week_over(w.week);
  return null;
end;
$$;
comment on function private.mark_verified_link_weeks is
  'After-update-statement trigger of task_pull_requests: marks the weeks of pull requests that a user may '
  'see from then on, or no longer.';

-- Until then the figures over everybody's tasks leave its pull requests out.
create or replace function private.mark_held_task_weeks(p_task_id bigint) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into private.metric_marks (week, user_id)
  select distinct w.week, l.user_id
  from public.task_pull_requests as l
  join public.pull_requests as p on p.id = l.pull_request_id
  cross join lateral private.pull_request_events(p) as e
  cross join lateral (select private.metric_week(e.at) as week) as w
  where l.task_id = p_task_id and l.verified_at is not null and private.is_metric_week_over(w.week);
end;
$$;
comment on function private.mark_held_task_weeks is
  'For the first claim of a task: marks the weeks of the pull requests that it has by then.';

create trigger _600_mark_pull_request_weeks after update on public.pull_requests
  for each row when (
    (old.opened_at, old.merged_at, old.closed_at)
      is distinct from (new.opened_at, new.merged_at, new.closed_at)
  )
  execute function private.mark_pull_request_weeks();
-- Before: after it, the links are gone.
create trigger _600_mark_deleted_pull_request_weeks before delete on public.pull_requests
  for each row execute function private.mark_pull_request_weeks();
create trigger _600_mark_link_weeks after insert on public.task_pull_requests
  referencing new table as changed_links
  for each statement execute function private.mark_link_weeks();
create trigger _610_mark_verified_link_weeks after update on public.task_pull_requests
  referencing old table as old_links new table as new_links
  for each statement execute function private.mark_verified_link_weeks();
create trigger _630_mark_link_weeks after delete on public.task_pull_requests
  referencing old table as changed_links
  for each statement execute function private.mark_link_weeks();
create trigger _640_clear_metric_weeks after truncate on public.task_pull_requests
  for each statement execute function private.clear_metric_weeks();
