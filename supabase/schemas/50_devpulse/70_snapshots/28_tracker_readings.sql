-- The tracker's numbers, for members of the team: read into their day, until their role ends.

create table private.tracker_readings (
  user_id uuid not null,
  day date not null,
  open_issues bigint not null,
  median_hours_to_resolve numeric,
  constraint tracker_readings_pkey primary key (user_id, day),
  constraint tracker_readings_user_id_fkey
    foreign key (user_id) references public.profiles (id) on delete cascade
);
comment on table private.tracker_readings is
  'One row per member of the team and day, with the last numbers of that day in the member''s time zone.';
comment on column private.tracker_readings.median_hours_to_resolve is
  'Of the issues that were resolved in the 30 days before; null where none was.';
alter table private.tracker_readings enable row level security;

create or replace function private.median_hours_to_resolve(p_now timestamptz) returns numeric
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select trim_scale(round(percentile_cont(0.5) within group (order by c.hours)::numeric, 2))
    from private.counted_issues as c
    where c.space_number = 1 and c.hours is not null
      and c.resolved_week >= date_trunc('week', (p_now - interval '30 days') at time zone 'UTC')::date
      and c.created_at + c.hours * interval '1 hour' > p_now - interval '30 days'
  );
end;
$$;
comment on function private.median_hours_to_resolve is
  'The median time from creation to resolution of the issues that were resolved in the last 30 days, in '
  'hours. No test issues.';

create or replace function private.run_tracker_readings(p_now timestamptz default now()) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_open bigint;
  v_median numeric;
  v_count integer;
begin
  select coalesce(sum(a.issue_count), 0)::bigint into v_open from private.load_issue_status_ages() as a;
  v_median := private.median_hours_to_resolve(p_now);
  with stored as (
    insert into private.tracker_readings as r (user_id, day, open_issues, median_hours_to_resolve)
    select t.user_id, private.local_day(p.timezone, p_now), v_open, v_median
    from public.team_members as t join public.profiles as p on p.id = t.user_id
    where private.is_active_account(t.user_id) and not exists (
      select from private.tracker_readings as o
      where o.user_id = t.user_id and o.day = private.local_day(p.timezone, p_now)
        and o.open_issues = v_open and o.median_hours_to_resolve is not distinct from v_median
    )
    on conflict on constraint tracker_readings_pkey do update
    set open_issues = excluded.open_issues, median_hours_to_resolve = excluded.median_hours_to_resolve
    returning r.user_id, r.day
  )
  insert into private.snapshot_marks (user_id, day) select s.user_id, s.day from stored as s;
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function private.run_tracker_readings is
  'Reads the tracker''s numbers into the current day of each member of the team. Returns how many changed. '
  'For the scheduler.';

create or replace function private.count_tracker(p_user_id uuid, p_from date, p_to date) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select case when count(*) > 0 then jsonb_build_object(
      'open_issues', (array_agg(r.open_issues order by r.day desc))[1],
      'median_hours_to_resolve', (
        array_agg(r.median_hours_to_resolve order by r.day desc)
          filter (where r.median_hours_to_resolve is not null)
      )[1]
    ) end
    from private.tracker_readings as r
    where r.user_id = p_user_id and r.day between p_from and p_to
  );
end;
$$;
comment on function private.count_tracker is
  'The last known numbers of the tracker in a period of a member of the team; null for anybody else.';

create or replace function private.sync_member_readings() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.sync_snapshot_state(array[coalesce(new.user_id, old.user_id)]);
  if tg_op = 'DELETE' then
    delete from private.tracker_readings as r using public.profiles as p
    where r.user_id = old.user_id and p.id = r.user_id and r.day >= private.local_day(p.timezone, now());
    perform private.mark_today(array[old.user_id]);
  end if;
  return null;
end;
$$;
comment on function private.sync_member_readings is
  'After-insert and after-delete row trigger of team_members: who leaves keeps the days before today.';

create trigger _300_sync_member_readings after insert or delete on public.team_members
  for each row execute function private.sync_member_readings();
