-- supabase/schemas/70_loop, joined.

set local lock_timeout = '5s';
set local statement_timeout = '2min';

-- 70_loop/70_levels/10_service_calendars.sql
-- When people work: a calendar has a time zone, hours per weekday and holidays.

create table public.service_calendars (
  id uuid not null default gen_random_uuid(),
  name text not null,
  time_zone text not null default 'UTC',
  is_default boolean not null default false,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint service_calendars_pkey primary key (id),
  constraint service_calendars_name_key unique (name),
  constraint service_calendars_name_is_not_blank check (btrim(name) <> ''),
  constraint service_calendars_name_is_not_too_long check (char_length(name) <= 200),
  constraint service_calendars_time_zone_is_not_too_long check (char_length(time_zone) <= 64)
);
comment on table public.service_calendars is
  'Calendars of working time, which is in service_hours, without the days in service_holidays. Admins write '
  'them. Errors on write: loop_time_zone_invalid (422), loop_calendar_required (409), '
  'team_role_required (403).';
comment on column public.service_calendars.time_zone is
  'The name of the time zone of its hours, such as Europe/Berlin. An instant is working time when its wall '
  'clock in this time zone is within the hours, so that an hour that a change to daylight saving time skips '
  'does not count, and one that is repeated counts twice.';
comment on column public.service_calendars.is_default is
  'True for exactly one calendar: that of policies that name none, and of loop_journeys. Setting it unsets '
  'the previous one.';

create unique index service_calendars_default_idx on public.service_calendars (is_default) where is_default;

create or replace function private.check_service_calendar() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  new.time_zone := coalesce(private.non_blank(new.time_zone), 'UTC');
  if not private.is_time_zone(new.time_zone) then
    raise exception using
      errcode = 'PT422', message = 'loop_time_zone_invalid',
      detail = format('%s is not the name of a time zone.', left(new.time_zone, 100)),
      hint = 'Use a name of the IANA time zone database, such as Europe/Berlin or UTC.';
  end if;
  return new;
end;
$$;
comment on function private.check_service_calendar is
  'Before trigger: null and blank become UTC. Errors: loop_time_zone_invalid (422).';

create or replace function private.move_default_calendar() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  update public.service_calendars as c set is_default = false where c.is_default and c.id <> new.id;
  return new;
end;
$$;
comment on function private.move_default_calendar is
  'Before trigger of a calendar that becomes the default: the previous one is not any more.';

create or replace function private.require_default_calendar() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  raise exception using
    errcode = 'PT409', message = 'loop_calendar_required',
    detail = format('%s is the default calendar.', old.name),
    hint = 'Make another calendar the default first.';
end;
$$;
comment on function private.require_default_calendar is
  'Before trigger that keeps the default calendar. Errors: loop_calendar_required (409).';

create trigger _000_require_admin before insert or update or delete on public.service_calendars
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('admin');
create trigger _050_reject_key_change before update on public.service_calendars
  for each row when (old.id is distinct from new.id) execute function private.reject_key_change();
create trigger _100_check_calendar before insert on public.service_calendars
  for each row execute function private.check_service_calendar();
create trigger _110_check_calendar before update on public.service_calendars
  for each row when (old.time_zone is distinct from new.time_zone)
  execute function private.check_service_calendar();
-- What moves the default to another calendar updates this one too, one level deeper.
create trigger _120_require_default before update on public.service_calendars
  for each row when (old.is_default and not new.is_default and pg_trigger_depth() < 1)
  execute function private.require_default_calendar();
create trigger _130_require_default before delete on public.service_calendars
  for each row when (old.is_default) execute function private.require_default_calendar();
create trigger _200_move_default before insert or update on public.service_calendars
  for each row when (new.is_default) execute function private.move_default_calendar();
create trigger _900_set_timestamps before insert or update on public.service_calendars
  for each row execute function private.set_timestamps();

alter table public.service_calendars enable row level security;
create policy service_calendars_select_viewer on public.service_calendars
  for select to authenticated using ((select private.has_team_role('viewer')));
create policy service_calendars_insert_admin on public.service_calendars
  for insert to authenticated with check ((select private.has_team_role('admin')));
create policy service_calendars_update_admin on public.service_calendars
  for update to authenticated
  using ((select private.has_team_role('admin'))) with check ((select private.has_team_role('admin')));
create policy service_calendars_delete_admin on public.service_calendars
  for delete to authenticated using ((select private.has_team_role('admin')));

grant select, delete on public.service_calendars to authenticated;
grant insert (id, name, time_zone, is_default, created_at, updated_at)
  on public.service_calendars to authenticated;
grant update (id, name, time_zone, is_default, created_at, updated_at)
  on public.service_calendars to authenticated;
grant select, insert, update, delete on public.service_calendars to service_role;

-- 70_loop/70_levels/12_service_hours.sql
-- The hours of a calendar: any number of intervals per weekday.

create table public.service_hours (
  id uuid not null default gen_random_uuid(),
  calendar_id uuid not null,
  weekday smallint not null,
  opens time not null,
  closes time not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint service_hours_pkey primary key (id),
  constraint service_hours_calendar_id_fkey foreign key (calendar_id)
    references public.service_calendars (id) on delete cascade,
  constraint service_hours_weekday_is_a_weekday check (weekday between 1 and 7),
  constraint service_hours_are_not_empty check (opens <> closes and opens < time '24:00'),
  constraint service_hours_are_whole_minutes
    check (extract(second from opens) = 0 and extract(second from closes) = 0)
);
comment on table public.service_hours is
  'The working time of a calendar, one row per interval. Intervals may overlap: their time counts once. '
  'Admins write them. Errors on write: team_role_required (403).';
comment on column public.service_hours.weekday is
  '1 for Monday to 7 for Sunday: the day on which the interval begins.';
comment on column public.service_hours.opens is 'On the wall clock of the calendar, in whole minutes.';
comment on column public.service_hours.closes is
  'The end, which is not part of it. Earlier than opens, it is on the next day; 24:00 is midnight at the end '
  'of the day.';

create index service_hours_calendar_id_idx on public.service_hours (calendar_id);

create trigger _000_require_admin before insert or update or delete on public.service_hours
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('admin');
create trigger _050_reject_key_change before update on public.service_hours
  for each row when (old.id is distinct from new.id) execute function private.reject_key_change();
create trigger _900_set_timestamps before insert or update on public.service_hours
  for each row execute function private.set_timestamps();

alter table public.service_hours enable row level security;
create policy service_hours_select_viewer on public.service_hours
  for select to authenticated using ((select private.has_team_role('viewer')));
create policy service_hours_insert_admin on public.service_hours
  for insert to authenticated with check ((select private.has_team_role('admin')));
create policy service_hours_update_admin on public.service_hours
  for update to authenticated
  using ((select private.has_team_role('admin'))) with check ((select private.has_team_role('admin')));
create policy service_hours_delete_admin on public.service_hours
  for delete to authenticated using ((select private.has_team_role('admin')));

grant select, delete on public.service_hours to authenticated;
grant insert (id, calendar_id, weekday, opens, closes, created_at, updated_at)
  on public.service_hours to authenticated;
grant update (id, calendar_id, weekday, opens, closes, created_at, updated_at)
  on public.service_hours to authenticated;
grant select, insert, update, delete on public.service_hours to service_role;

-- 70_loop/70_levels/14_service_holidays.sql
-- The days of a calendar on which nobody works.

create table public.service_holidays (
  calendar_id uuid not null,
  holiday_on date not null,
  name text not null default '',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint service_holidays_pkey primary key (calendar_id, holiday_on),
  constraint service_holidays_calendar_id_fkey foreign key (calendar_id)
    references public.service_calendars (id) on delete cascade,
  constraint service_holidays_holiday_on_is_finite check (isfinite(holiday_on)),
  constraint service_holidays_name_is_not_too_long check (char_length(name) <= 200)
);
comment on table public.service_holidays is
  'Days without working time, from midnight to midnight in the time zone of the calendar: also an interval '
  'that began the evening before ends. Admins write them. Errors on write: key_change_forbidden (422), '
  'team_role_required (403).';

create trigger _000_require_admin before insert or update or delete on public.service_holidays
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('admin');
create trigger _050_reject_key_change before update on public.service_holidays
  for each row when (
    (old.calendar_id, old.holiday_on) is distinct from (new.calendar_id, new.holiday_on)
  )
  execute function private.reject_key_change();
create trigger _900_set_timestamps before insert or update on public.service_holidays
  for each row execute function private.set_timestamps();

alter table public.service_holidays enable row level security;
create policy service_holidays_select_viewer on public.service_holidays
  for select to authenticated using ((select private.has_team_role('viewer')));
create policy service_holidays_insert_admin on public.service_holidays
  for insert to authenticated with check ((select private.has_team_role('admin')));
create policy service_holidays_update_admin on public.service_holidays
  for update to authenticated
  using ((select private.has_team_role('admin'))) with check ((select private.has_team_role('admin')));
create policy service_holidays_delete_admin on public.service_holidays
  for delete to authenticated using ((select private.has_team_role('admin')));

grant select, delete on public.service_holidays to authenticated;
grant insert (calendar_id, holiday_on, name, created_at, updated_at)
  on public.service_holidays to authenticated;
grant update (calendar_id, holiday_on, name, created_at, updated_at)
  on public.service_holidays to authenticated;
grant select, insert, update, delete on public.service_holidays to service_role;

-- 70_loop/70_levels/16_load_working_time.sql
-- The working time of a calendar over a span, as a multirange.

-- Where the offset of two days differs, the hour and then the minute of the change is searched.
create or replace function private.load_zone_offsets(
  p_time_zone text, p_from timestamptz, p_to timestamptz
) returns table (during tstzrange, utc_offset interval)
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  with day as (
    select s.at, (s.at at time zone p_time_zone) - (s.at at time zone 'UTC') as utc_offset
    from (
      select generate_series(p_from, p_to, interval '24 hours')
      union select p_to
    ) as s (at)
  ),
  change as (
    select n.last_at, n.last_offset, n.utc_offset
    from (
      select d.*, lag(d.at) over w as last_at, lag(d.utc_offset) over w as last_offset
      from day as d window w as (order by d.at)
    ) as n
    where n.utc_offset <> n.last_offset
  ),
  start as (
    select p_from as at, d.utc_offset from day as d where d.at = p_from
    union all
    select m.at, c.utc_offset
    from change as c
    cross join lateral (
      select max(g.at) as at from generate_series(c.last_at, c.last_at + '1 day', interval '1 hour') as g (at)
      where (g.at at time zone p_time_zone) - (g.at at time zone 'UTC') = c.last_offset
    ) as h
    cross join lateral (
      select min(g.at) as at from generate_series(h.at, h.at + '1 hour', interval '1 minute') as g (at)
      where (g.at at time zone p_time_zone) - (g.at at time zone 'UTC') <> c.last_offset
    ) as m
  )
  select tstzrange(s.at, lead(s.at, 1, p_to) over (order by s.at)), s.utc_offset from start as s;
end;
$$;
comment on function private.load_zone_offsets is
  'The offsets from UTC that a time zone has in a span, with the time during which each holds.';

-- An offset at a time: then a wall clock is a time in UTC and back, and a day is a range of 24 hours.
create or replace function private.load_working_time(p_calendar_id uuid, p_during tstzrange)
returns tstzmultirange
language plpgsql stable security definer set search_path = '' as $$
declare
  v_open tstzmultirange;
  v_holidays tstzmultirange;
begin
  if isempty(p_during) then
    return '{}'::tstzmultirange;
  end if;
  select range_agg(o.during * tstzrange(
    (d.day + h.opens - o.utc_offset) at time zone 'UTC',
    (d.day + h.closes + case when h.closes < h.opens then interval '1 day' else interval '0' end
      - o.utc_offset) at time zone 'UTC'
  ))
  into v_open
  from public.service_calendars as c
  cross join lateral private.load_zone_offsets(c.time_zone, lower(p_during), upper(p_during)) as o
  cross join lateral generate_series(
    date_trunc('day', lower(o.during) at time zone 'UTC' + o.utc_offset) - interval '1 day',
    upper(o.during) at time zone 'UTC' + o.utc_offset, interval '1 day'
  ) as d (day)
  join public.service_hours as h on h.calendar_id = c.id and h.weekday = extract(isodow from d.day)
  where c.id = p_calendar_id;
  select range_agg(o.during * tstzrange(
    (h.holiday_on::timestamp - o.utc_offset) at time zone 'UTC',
    (h.holiday_on::timestamp + interval '1 day' - o.utc_offset) at time zone 'UTC'
  ))
  into v_holidays
  from public.service_calendars as c
  cross join lateral private.load_zone_offsets(c.time_zone, lower(p_during), upper(p_during)) as o
  join public.service_holidays as h on h.calendar_id = c.id
    and h.holiday_on between ((lower(o.during) - interval '2 days') at time zone 'UTC')::date
      and ((upper(o.during) + interval '2 days') at time zone 'UTC')::date
  where c.id = p_calendar_id;
  return coalesce(v_open, '{}') - coalesce(v_holidays, '{}');
end;
$$;
comment on function private.load_working_time is
  'The working time of a calendar in a span with two finite bounds, computed from its hours and holidays.';

-- 70_loop/70_levels/18_service_days.sql
-- The working time of each calendar by day, added up, so that a due time is two searches of an index.

-- Over 400 days a due time from the multirange takes 1 ms, and from these rows 0.02 ms: a thousand messages
-- are imported in one statement, and a page of loop_journeys has 50 rows with ten hops each.
create table private.service_days (
  calendar_id uuid not null,
  day date not null,
  working tstzmultirange not null,
  seconds_before bigint not null,
  seconds_through bigint not null,
  constraint service_days_pkey primary key (calendar_id, day),
  constraint service_days_calendar_id_fkey foreign key (calendar_id)
    references public.service_calendars (id) on delete cascade
);
comment on table private.service_days is
  'One row per calendar and day, in UTC, from 2020 to two years from today or later. Written by '
  'sync_service_days() alone.';
comment on column private.service_days.seconds_before is
  'The working time of all rows before this one.';
comment on column private.service_days.seconds_through is 'The same with this day.';
create index service_days_seconds_idx on private.service_days (calendar_id, seconds_through, day);
alter table private.service_days enable row level security;

create table private.service_calendar_versions (
  calendar_id uuid not null,
  version text not null,
  built_through date not null,
  constraint service_calendar_versions_pkey primary key (calendar_id),
  constraint service_calendar_versions_calendar_id_fkey foreign key (calendar_id)
    references public.service_calendars (id) on delete cascade
);
comment on table private.service_calendar_versions is 'What the rows of service_days were computed from.';
comment on column private.service_calendar_versions.version is
  'The digest of the time zone, the hours and the holidays.';
alter table private.service_calendar_versions enable row level security;

create or replace function private.service_calendar_version(p_calendar_id uuid) returns text
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select md5(concat_ws(
      ' ', c.time_zone,
      (
        select string_agg(format('%s %s %s', h.weekday, h.opens, h.closes), ',' order by h.weekday, h.opens,
          h.closes)
        from public.service_hours as h where h.calendar_id = c.id
      ),
      (
        select string_agg(to_char(d.holiday_on, 'YYYY-MM-DD'), ',' order by d.holiday_on)
        from public.service_holidays as d where d.calendar_id = c.id
      )
    ))
    from public.service_calendars as c where c.id = p_calendar_id
  );
end;
$$;
comment on function private.service_calendar_version is
  'The digest of what the working time of a calendar depends on.';

create or replace function private.compute_service_days(p_calendar_id uuid, p_through date)
returns setof private.service_days
language plpgsql stable security definer set search_path = '' as $$
declare
  v_from constant timestamp := timestamp '2020-01-01';
  v_working constant tstzmultirange := private.load_working_time(
    p_calendar_id, tstzrange(v_from at time zone 'UTC', (p_through + 1)::timestamp at time zone 'UTC')
  );
begin
  return query
  with part as (
    select g.at::date as day, u.range * tstzrange(
      g.at at time zone 'UTC', (g.at + interval '1 day') at time zone 'UTC'
    ) as range
    from unnest(v_working) as u (range)
    cross join lateral generate_series(
      date_trunc('day', lower(u.range) at time zone 'UTC'), upper(u.range) at time zone 'UTC',
      interval '1 day'
    ) as g (at)
  ),
  day as (
    select g.at::date as day, coalesce(range_agg(p.range), '{}') as working,
      coalesce(sum(extract(epoch from upper(p.range) - lower(p.range))), 0)::bigint as seconds
    from generate_series(v_from, p_through::timestamp, interval '1 day') as g (at)
    left join part as p on p.day = g.at::date and not isempty(p.range)
    group by g.at
  )
  select p_calendar_id, d.day, d.working,
    (sum(d.seconds) over w - d.seconds)::bigint, (sum(d.seconds) over w)::bigint
  from day as d window w as (order by d.day);
end;
$$;
comment on function private.compute_service_days is 'What service_days is to contain of a calendar.';

-- 70_loop/70_levels/20_sync_service_days.sql
-- Computes the days of calendars that changed, and of years to come.

create or replace function private.sync_service_days() returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_calendar record;
  v_count integer := 0;
  v_through constant date := date_trunc('year', now() at time zone 'UTC' + interval '3 years')::date - 1;
begin
  -- Two people change one calendar concurrently: the second sees the change of the first.
  perform pg_advisory_xact_lock(hashtextextended('private.service_days', 0));
  for v_calendar in
    select c.id, private.service_calendar_version(c.id) as version
    from public.service_calendars as c
  loop
    continue when exists (
      select from private.service_calendar_versions as v
      where v.calendar_id = v_calendar.id and v.version = v_calendar.version
        and v.built_through >= (now() at time zone 'UTC')::date + 730
    );
    delete from private.service_days as d where d.calendar_id = v_calendar.id;
    insert into private.service_days select d.* from private.compute_service_days(v_calendar.id, v_through)
      as d;
    insert into private.service_calendar_versions as v (calendar_id, version, built_through)
    values (v_calendar.id, v_calendar.version, v_through)
    on conflict on constraint service_calendar_versions_pkey
      do update set version = excluded.version, built_through = excluded.built_through;
    v_count := v_count + 1;
  end loop;
  return v_count;
end;
$$;
comment on function private.sync_service_days is
  'Computes service_days of each calendar whose hours, holidays or time zone differ from those that it was '
  'computed from, or that ends within two years, and returns their number. For triggers and the scheduler.';

create or replace function private.sync_changed_calendars() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.sync_service_days();
  return null;
end;
$$;
comment on function private.sync_changed_calendars is
  'After-statement trigger of calendars, hours and holidays: computes their days.';

create trigger _200_sync_days after insert or update or delete on public.service_calendars
  for each statement execute function private.sync_changed_calendars();
create trigger _200_sync_days after insert or update or delete on public.service_hours
  for each statement execute function private.sync_changed_calendars();
create trigger _200_sync_days after insert or update or delete on public.service_holidays
  for each statement execute function private.sync_changed_calendars();

create or replace function private.verify_service_days()
returns table (calendar_id uuid, day date, stored jsonb, computed jsonb)
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  with computed as (
    select d.*
    from public.service_calendars as c
    left join private.service_calendar_versions as v on v.calendar_id = c.id
    cross join lateral private.compute_service_days(
      c.id, coalesce(v.built_through, (now() at time zone 'UTC')::date)
    ) as d
  )
  select coalesce(s.calendar_id, c.calendar_id), coalesce(s.day, c.day), to_jsonb(s), to_jsonb(c)
  from private.service_days as s
  full join computed as c on c.calendar_id = s.calendar_id and c.day = s.day
  where to_jsonb(s) is distinct from to_jsonb(c);
end;
$$;
comment on function private.verify_service_days is
  'Computes all days again and returns the differences; no row means that all are correct. For operators.';

insert into public.service_calendars (id, name, is_default) values
  ('70000000-0000-4000-8000-000000000001', 'Business hours', true);
insert into public.service_hours (calendar_id, weekday, opens, closes)
select '70000000-0000-4000-8000-000000000001', d.weekday, '09:00', '17:00'
from generate_series(1, 5) as d (weekday);

-- 70_loop/70_levels/22_working_seconds.sql
-- Working time between two times, and the time at which a number of seconds of it is over.

create or replace function private.default_calendar_id() returns uuid
language plpgsql stable security definer set search_path = '' as $$
begin
  return (select c.id from public.service_calendars as c where c.is_default);
end;
$$;
comment on function private.default_calendar_id is 'The id of the default calendar.';

create or replace function private.working_seconds(p_calendar_id uuid, p_at timestamptz)
returns double precision
language plpgsql stable security definer set search_path = '' as $$
begin
  if p_calendar_id is null then
    return extract(epoch from p_at)::double precision;
  end if;
  return (
    select d.seconds_before + coalesce(
      (
        select sum(extract(epoch from least(upper(u.range), p_at) - lower(u.range))::double precision)
        from unnest(d.working) as u (range) where lower(u.range) < p_at
      ), 0
    )
    from private.service_days as d
    where d.calendar_id = p_calendar_id and d.day = (p_at at time zone 'UTC')::date
  );
end;
$$;
comment on function private.working_seconds is
  'The working time of a calendar from 2020 to a time, in seconds; null outside of the years that '
  'service_days has. Without a calendar, all time counts.';

create or replace function private.working_time_at(p_calendar_id uuid, p_seconds double precision)
returns timestamptz
language plpgsql stable security definer set search_path = '' as $$
declare
  -- The type of the column, without which its index is not used.
  v_seconds constant bigint := ceil(p_seconds)::bigint;
begin
  if p_calendar_id is null then
    return to_timestamp(p_seconds);
  end if;
  return (
    select r.ends_at - make_interval(secs => d.seconds_before + r.seconds_through - p_seconds)
    from (
      select s.* from private.service_days as s
      where s.calendar_id = p_calendar_id and s.seconds_through >= v_seconds
      order by s.seconds_through, s.day limit 1
    ) as d
    cross join lateral (
      select upper(u.range) as ends_at,
        sum(extract(epoch from upper(u.range) - lower(u.range))) over (order by lower(u.range))
          ::double precision as seconds_through
      from unnest(d.working) as u (range)
    ) as r
    where d.seconds_before + r.seconds_through >= p_seconds
    order by r.ends_at limit 1
  );
end;
$$;
comment on function private.working_time_at is
  'The inverse of working_seconds(): the first time at which there were so many; null when there are not '
  'within the years that service_days has.';

-- What is left when a pause begins is left when it ends. An interval that closes when the time is over is
-- where it is due, not the next one.
create or replace function private.find_due_at(
  p_calendar_id uuid, p_from timestamptz, p_seconds double precision, p_pauses tstzmultirange default '{}'
) returns timestamptz
language plpgsql stable security definer set search_path = '' as $$
declare
  v_pause tstzrange;
  v_before double precision;
  v_seconds double precision := private.working_seconds(p_calendar_id, p_from) + p_seconds;
begin
  for v_pause in
    select u.range from unnest(p_pauses * tstzmultirange(tstzrange(p_from, null))) as u (range)
    order by lower(u.range)
  loop
    v_before := private.working_seconds(p_calendar_id, lower(v_pause));
    exit when v_before >= v_seconds;
    if upper_inf(v_pause) then
      return null;
    end if;
    v_seconds := v_seconds + private.working_seconds(p_calendar_id, upper(v_pause)) - v_before;
  end loop;
  return private.working_time_at(p_calendar_id, v_seconds);
end;
$$;
comment on function private.find_due_at is
  'When so many seconds of working time have passed since a time, pauses left out; null when a pause without '
  'an end begins before that. Without a calendar, all time counts.';

-- 70_loop/70_levels/24_count_business_seconds.sql
-- Business seconds between two times.

create or replace function private.require_calendar_id(p_calendar_id uuid) returns uuid
language plpgsql stable security definer set search_path = '' as $$
declare
  v_id uuid := coalesce(p_calendar_id, private.default_calendar_id());
begin
  perform private.require_team_role('viewer');
  if not exists (select from public.service_calendars as c where c.id = v_id) then
    raise exception using
      errcode = 'PT404', message = 'loop_calendar_unknown',
      detail = format('No calendar has the id %s.', v_id), hint = 'Use the id of a row in service_calendars.';
  end if;
  return v_id;
end;
$$;
comment on function private.require_calendar_id is
  'The id of the calendar, by default the default one. Errors: sign_in_required (401), '
  'team_role_required (403), loop_calendar_unknown (404).';

create or replace function private.count_business_seconds(
  p_from_at timestamptz, p_to_at timestamptz, p_calendar_id uuid
) returns double precision
language plpgsql stable security definer set search_path = '' as $$
declare
  v_id constant uuid := private.require_calendar_id(p_calendar_id);
begin
  return greatest(private.working_seconds(v_id, p_to_at) - private.working_seconds(v_id, p_from_at), 0);
end;
$$;
grant execute on function private.count_business_seconds to authenticated, service_role;

create or replace function public.count_business_seconds(
  from_at timestamptz, to_at timestamptz, calendar_id uuid default null
) returns double precision
language sql stable security invoker set search_path = ''
begin atomic
  select private.count_business_seconds(
    count_business_seconds.from_at, count_business_seconds.to_at, count_business_seconds.calendar_id
  );
end;
comment on function public.count_business_seconds is
  'The working time between two times by a calendar, by default the default one, in seconds. 0 when the '
  'second is the earlier one; null for times before 2020 or more than two years ahead. Viewers. Errors: '
  'sign_in_required (401), team_role_required (403), loop_calendar_unknown (404).';
grant execute on function public.count_business_seconds to authenticated, service_role;

-- 70_loop/70_levels/26_add_business_minutes.sql
-- The time at which a number of business minutes is over.

create or replace function private.add_business_minutes(
  p_from_at timestamptz, p_minutes double precision, p_calendar_id uuid
) returns timestamptz
language plpgsql stable security definer set search_path = '' as $$
declare
  v_id constant uuid := private.require_calendar_id(p_calendar_id);
begin
  if p_minutes <= 0 or p_minutes > 1000000 then
    raise exception using
      errcode = 'PT422', message = 'loop_minutes_invalid',
      detail = format('%s is not a number of minutes above 0 and up to 1000000.', p_minutes),
      hint = 'Send a number in that range.';
  end if;
  return private.find_due_at(v_id, p_from_at, p_minutes * 60);
end;
$$;
grant execute on function private.add_business_minutes to authenticated, service_role;

create or replace function public.add_business_minutes(
  from_at timestamptz, minutes double precision, calendar_id uuid default null
) returns timestamptz
language sql stable security invoker set search_path = ''
begin atomic
  select private.add_business_minutes(
    add_business_minutes.from_at, add_business_minutes.minutes, add_business_minutes.calendar_id
  );
end;
comment on function public.add_business_minutes is
  'When so many minutes of working time have passed since a time, by a calendar, by default the default one; '
  'null when they have not within two years. Viewers. Errors: sign_in_required (401), team_role_required '
  '(403), loop_calendar_unknown (404), loop_minutes_invalid (422).';
grant execute on function public.add_business_minutes to authenticated, service_role;
