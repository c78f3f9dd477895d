-- Up to which day the days of a user are closed: a day that ends without a reading gets a snapshot with gaps.

create table private.snapshot_state (
  user_id uuid not null,
  closed_through date not null,
  closes_at timestamptz not null,
  constraint snapshot_state_pkey primary key (user_id),
  constraint snapshot_state_user_id_fkey
    foreign key (user_id) references public.profiles (id) on delete cascade
);
-- The job asks every minute whose day has ended; a row changes once a day.
create index snapshot_state_closes_at_idx on private.snapshot_state (closes_at);
comment on table private.snapshot_state is
  'One row per user who has an active monitor or is in the team.';
comment on column private.snapshot_state.closed_through is
  'The last day, in the user''s time zone, that has ended and has its snapshots.';
comment on column private.snapshot_state.closes_at is 'When the day after it ends there.';
alter table private.snapshot_state enable row level security;

-- Midnight that a change to summer time skips is the first moment after it.
create or replace function private.day_start(p_timezone text, p_day date) returns timestamptz
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return p_day::timestamp at time zone coalesce(p_timezone, 'UTC');
end;
$$;
comment on function private.day_start is 'When a day begins in a time zone; null counts as UTC.';

create or replace function private.local_day(p_timezone text, p_at timestamptz) returns date
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return (p_at at time zone coalesce(p_timezone, 'UTC'))::date;
end;
$$;
comment on function private.local_day is 'The day in a time zone; null counts as UTC.';

create or replace function private.sync_snapshot_state(p_user_ids uuid[]) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into private.snapshot_state (user_id, closed_through, closes_at)
  select p.id, d.today - 1, private.day_start(p.timezone, d.today + 1)
  from public.profiles as p
  cross join lateral (select private.local_day(p.timezone, now()) as today) as d
  where p.id = any (p_user_ids) and (
    exists (select from public.monitors as m where m.user_id = p.id and m.is_active)
    or exists (select from public.team_members as t where t.user_id = p.id)
  )
  order by p.id
  -- who deletes the account waits for the monitors that are being deleted here
  for key share of p skip locked
  on conflict on constraint snapshot_state_pkey do nothing;
  delete from private.snapshot_state as s
  where s.user_id = any (p_user_ids)
    and not exists (select from public.monitors as m where m.user_id = s.user_id and m.is_active)
    and not exists (select from public.team_members as t where t.user_id = s.user_id);
end;
$$;
comment on function private.sync_snapshot_state is
  'Begins to close the days of these users, from today on, or ends it, by what they have.';

-- A mark that waits is enough, and is locked, so that no run removes it before this transaction is committed.
create or replace function private.mark_today(p_user_ids uuid[]) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v record;
begin
  for v in
    select p.id, private.local_day(p.timezone, now()) as day
    from public.profiles as p where p.id = any (p_user_ids) order by p.id
  loop
    perform from private.snapshot_marks as m
    where m.user_id = v.id and m.day = v.day and not m.is_cumulative
    limit 1 for key share skip locked;
    if not found then
      insert into private.snapshot_marks (user_id, day) values (v.id, v.day);
    end if;
  end loop;
end;
$$;
comment on function private.mark_today is 'Marks the day that these users have now, unless it is marked.';

create or replace function private.sync_day_end() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  update private.snapshot_state as s set closes_at = private.day_start(new.timezone, s.closed_through + 2)
  where s.user_id = new.id;
  return null;
end;
$$;
comment on function private.sync_day_end is
  'After-update trigger of profiles whose time zone changes: the current day ends at another time. Days '
  'that have readings stay what they are.';

create trigger _200_sync_day_end after update on public.profiles
  for each row when (old.timezone is distinct from new.timezone) execute function private.sync_day_end();

create or replace function private.close_days(p_now timestamptz, p_limit integer) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_count integer;
begin
  with due as (
    select s.user_id, s.closed_through, p.timezone, private.local_day(p.timezone, p_now) as today
    from private.snapshot_state as s join public.profiles as p on p.id = s.user_id
    where s.closes_at <= p_now
    order by s.closes_at
    limit p_limit
    for update of s skip locked
  ),
  moved as (
    update private.snapshot_state as s
    set closed_through = greatest(d.today - 1, d.closed_through),
      closes_at = private.day_start(d.timezone, greatest(d.today, d.closed_through + 1) + 1)
    from due as d where d.user_id = s.user_id
  )
  -- where the job did not run for long, the last year is enough
  insert into private.snapshot_marks (user_id, day)
  select d.user_id, n.day::date
  from due as d
  cross join lateral generate_series(
    greatest(d.closed_through + 1, d.today - 366)::timestamp, (d.today - 1)::timestamp, interval '1 day'
  ) as n (day);
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function private.close_days is
  'Marks the days that have ended since, of up to p_limit users. Returns the number of marks.';
