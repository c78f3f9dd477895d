-- Which days of which users have to be built again. Writers append marks, and the job removes them.

-- Without a foreign key and without a unique key: writers of readings wait neither for each other nor for the
-- job.
create table private.snapshot_marks (
  id bigint not null generated always as identity,
  user_id uuid not null,
  day date not null,
  is_cumulative boolean not null default false,
  constraint snapshot_marks_pkey primary key (id)
);
create index snapshot_marks_user_id_day_idx on private.snapshot_marks (user_id, day);
comment on table private.snapshot_marks is
  'Days whose readings, contributions or coverage changed since their snapshots were built. '
  'Removed by run_snapshots().';
comment on column private.snapshot_marks.is_cumulative is
  'Whether the totals of the days after it, up to the last one that has a snapshot, changed too.';
alter table private.snapshot_marks enable row level security;

-- What is read late for a past day is missing on the days after it that did not have it.
create or replace function private.mark_new_readings() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into private.snapshot_marks (user_id, day)
  select distinct r.user_id, r.day + d.n
  from (
    select distinct c.user_id, n.day
    from new_rows as n join public.platform_connections as c on c.id = n.connection_id
  ) as r
  join public.profiles as p on p.id = r.user_id
  cross join lateral generate_series(
    0, least(greatest(private.local_day(p.timezone, now()) - r.day, 0), 30)
  ) as d (n);
  return null;
end;
$$;
comment on function private.mark_new_readings is
  'After-insert-statement trigger of metric_readings: marks their days, each once, and for a day that is '
  'over the 30 days after it.';

create or replace function private.mark_changed_readings() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into private.snapshot_marks (user_id, day)
  select distinct c.user_id, n.day
  from new_rows as n
  join old_rows as o on o.connection_id = n.connection_id and o.day = n.day and o.metric = n.metric
    and o.resource_id = n.resource_id
  join public.platform_connections as c on c.id = n.connection_id
  where n.value <> o.value;
  return null;
end;
$$;
comment on function private.mark_changed_readings is
  'After-update-statement trigger of metric_readings: marks the days on which a value changed. The same '
  'value read again marks nothing.';

create or replace function private.mark_new_contributions() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into private.snapshot_marks (user_id, day, is_cumulative)
  select c.user_id, n.date, (n.commits_count, n.pull_requests_count, n.issues_count) <> (0, 0, 0)
  from new_rows as n join public.platform_connections as c on c.id = n.platform_connection_id;
  return null;
end;
$$;
comment on function private.mark_new_contributions is
  'After-insert-statement trigger of github_contributions: marks their days, and those after them.';

create or replace function private.mark_changed_contributions() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into private.snapshot_marks (user_id, day, is_cumulative)
  select c.user_id, n.date, true
  from new_rows as n
  join old_rows as o on o.id = n.id
  join public.platform_connections as c on c.id = n.platform_connection_id
  where (n.commits_count, n.pull_requests_count, n.issues_count)
    <> (o.commits_count, o.pull_requests_count, o.issues_count);
  return null;
end;
$$;
comment on function private.mark_changed_contributions is
  'After-update-statement trigger of github_contributions: marks the days whose numbers changed, and '
  'those after them.';

create trigger _100_mark_new_readings after insert on private.metric_readings
  referencing new table as new_rows
  for each statement execute function private.mark_new_readings();
create trigger _110_mark_changed_readings after update on private.metric_readings
  referencing old table as old_rows new table as new_rows
  for each statement execute function private.mark_changed_readings();
create trigger _100_mark_new_contributions after insert on public.github_contributions
  referencing new table as new_rows
  for each statement execute function private.mark_new_contributions();
create trigger _110_mark_changed_contributions after update on public.github_contributions
  referencing old table as old_rows new table as new_rows
  for each statement execute function private.mark_changed_contributions();
