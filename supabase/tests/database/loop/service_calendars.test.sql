-- The working time of calendars is what their wall clocks show, minute by minute, and due times invert it.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(43);

\ir ../helpers/personas.psql

create function pg_temp.daily(variadic p_hours text[]) returns text[] language sql as $$
  select array_agg(d || ' ' || h) from generate_series(1, 7) as d cross join unnest(p_hours) as h
$$;
create function pg_temp.of(p_name text) returns uuid language sql as $$
  select id from service_calendars where name = p_name
$$;
create function pg_temp.is_working(p_calendar_id uuid, p_at timestamptz) returns boolean language sql as $$
  select exists (
    select from service_hours as h
    cross join lateral (select p_at at time zone c.time_zone) as w (clock)
    where h.calendar_id = c.id and (
      h.weekday = extract(isodow from w.clock) and w.clock::time >= h.opens
        and (w.clock::time < h.closes or h.closes < h.opens)
      or h.closes < h.opens and w.clock::time < h.closes
        and h.weekday = extract(isodow from w.clock - interval '1 day')
    )
  ) and not exists (
    select from service_holidays as d
    where d.calendar_id = c.id and d.holiday_on = (p_at at time zone c.time_zone)::date
  )
  from service_calendars as c where c.id = p_calendar_id
$$;
-- The minutes of some days on which the multirange and the wall clock disagree.
create function pg_temp.wrong_minutes(p_name text, p_from timestamptz, p_days integer) returns bigint
language plpgsql as $$
declare
  v_to constant timestamptz := p_from + p_days * interval '24 hours';
  v_id constant uuid := pg_temp.of(p_name);
  v_working constant tstzmultirange := private.load_working_time(v_id, tstzrange(p_from, v_to));
begin
  return (
    select count(*) from generate_series(p_from, v_to - interval '1 minute', interval '1 minute') as m (at)
    where v_working @> m.at <> pg_temp.is_working(v_id, m.at)
  );
end;
$$;

-- In one statement, after which the days are computed once.
with calendar as (
  insert into service_calendars (name, time_zone) values
    ('office', 'Europe/Berlin'), ('night', 'America/New_York'), ('always', 'Europe/Berlin'),
    ('half', 'Asia/Kolkata'), ('howe', 'Australia/Lord_Howe'), ('dateline', 'Pacific/Kiritimati'),
    ('desk', 'UTC'), ('never', 'UTC')
  returning id, name
),
hours as (
  -- weekday, opens, closes
  insert into service_hours (calendar_id, weekday, opens, closes)
  select c.id, split_part(h, ' ', 1)::smallint, split_part(h, ' ', 2)::time, split_part(h, ' ', 3)::time
  from (values
    ('office', array['1 09:00 12:00', '1 13:00 17:30', '2 09:00 17:00', '5 09:00 17:00', '5 16:00 18:00']),
    ('night', pg_temp.daily('22:00 06:00', '01:30 02:30')),
    ('always', pg_temp.daily('00:00 24:00')),
    ('half', pg_temp.daily('09:15 13:00', '14:00 18:45', '23:00 24:00')),
    ('howe', pg_temp.daily('01:00 03:00')),
    ('dateline', array['1 08:00 16:00']),
    ('desk', array['1 09:00 17:00', '5 09:00 17:00'])
  ) as v (name, hours)
  join calendar as c on c.name = v.name
  cross join unnest(v.hours) as h
)
insert into service_holidays (calendar_id, holiday_on, name)
select c.id, v.day::date, 'Holiday'
from (values ('office', '2026-03-30'), ('night', '2026-11-02'), ('always', '2026-03-29'),
  ('half', '2026-01-26'), ('dateline', '2026-01-05')) as v (name, day)
join calendar as c on c.name = v.name;

select is(
  pg_temp.wrong_minutes(v.name, v.day::timestamptz, v.days), 0::bigint,
  format('%s from %s', v.name, v.day)
)
from (values
  ('office', '2026-03-27 12:30+00', 4), ('office', '2026-10-24 00:00+00', 3),
  ('night', '2026-03-07 00:00-05', 3), ('night', '2026-10-31 17:17-04', 3),
  ('always', '2026-03-28 00:00+00', 2), ('always', '2026-10-24 12:00+00', 2),
  ('half', '2026-01-25 00:00+00', 2), ('howe', '2026-04-03 12:00+00', 2), ('howe', '2026-10-02 12:00+00', 2),
  ('dateline', '2026-01-04 00:00+00', 2), ('never', '2026-01-03 00:00+00', 1)
) as v (name, day, days);

create function pg_temp.due_at(
  p_calendar_id uuid, p_from timestamptz, p_seconds double precision, p_pauses tstzmultirange
) returns timestamptz language sql as $$
  select private.find_due_at(
    p_calendar_id, p_from, private.working_seconds(p_calendar_id, p_from) + p_seconds, p_pauses
  )
$$;
create function pg_temp.due(p_name text, p_from text, p_minutes integer, p_pauses text default '{}')
returns text language sql as $$
  select to_char(
    pg_temp.due_at(pg_temp.of(p_name), p_from::timestamptz, p_minutes * 60, p_pauses::tstzmultirange)
      at time zone 'UTC', 'YYYY-MM-DD HH24:MI'
  )
$$;
-- Days

select is(
  private.load_working_time(pg_temp.of('office'), '["2026-10-23 00:00+00","2026-10-28 00:00+00")'),
  '{["2026-10-23 07:00+00","2026-10-23 16:00+00"),["2026-10-26 08:00+00","2026-10-26 11:00+00"),
    ["2026-10-26 12:00+00","2026-10-26 16:30+00"),["2026-10-27 08:00+00","2026-10-27 16:00+00")}',
  'overlapping hours count once, and the end of daylight saving time moves them'
);
select is(private.load_working_time(pg_temp.of('office'), 'empty'), '{}', 'no span has no working time');
select is(pg_temp.due('never', '2026-01-06 08:00+00', 1), null, 'without working time it is never due');
select is(private.sync_working_spans(), 0, 'nothing is computed when nothing changed');
update service_hours set closes = '10:00' where calendar_id = pg_temp.of('half') and opens = '09:15';
update service_calendars set time_zone = 'Asia/Tokyo' where name = 'half';
delete from service_holidays where calendar_id = pg_temp.of('half');
update private.service_calendar_versions set built_through = current_date
where calendar_id = pg_temp.of('half');
select is(private.sync_working_spans(), 1, 'years to come are added');
delete from service_calendars where name = 'never';
update private.working_spans set seconds_through = seconds_through + 1
where calendar_id = pg_temp.of('half') and starts_at = '2026-05-05 00:15+00';
select results_eq(
  'select starts_at::date from private.verify_working_spans()', array[date '2026-05-05'],
  'after changes of hours, zone and holidays, a deletion and added years, only a wrong day is found'
);
update private.working_spans set seconds_through = seconds_through - 1
where calendar_id = pg_temp.of('half') and starts_at = '2026-05-05 00:15+00';

-- Seconds and due times, over random times: the two are inverse, and agree with the multirange.

create function pg_temp.wrong_times(p_name text) returns bigint language plpgsql as $$
begin
  return (
    select count(*)
    from (
      select t.at, t.at + floor(random() * 1000000) * interval '1 second' as until,
        60 * (1 + floor(random() * 3000)) as seconds
      from (
        select timestamptz '2026-02-01 00:00+00' + floor(random() * 25000000) * interval '1 second' as at
        from generate_series(1, 15)
      ) as t
    ) as r
    cross join lateral pg_temp.due_at(pg_temp.of(p_name), r.at, r.seconds, '{}') as due
    where private.working_seconds(pg_temp.of(p_name), r.until)
        - private.working_seconds(pg_temp.of(p_name), r.at) is distinct from (
          select coalesce(sum(extract(epoch from upper(u) - lower(u))), 0)
          from unnest(private.load_working_time(pg_temp.of(p_name), tstzrange(r.at, r.until))) as u
        )::double precision
      or private.working_seconds(pg_temp.of(p_name), due)
        - private.working_seconds(pg_temp.of(p_name), r.at) is distinct from r.seconds
      -- the second before is not enough
      or private.working_seconds(pg_temp.of(p_name), due - interval '1 second')
        = private.working_seconds(pg_temp.of(p_name), due)
  );
end;
$$;
select setseed(0.3);
select is(pg_temp.wrong_times(n), 0::bigint, 'seconds and due times of ' || n)
from unnest(array['office', 'night', 'always', 'half', 'howe', 'dateline']) as n;

select is(pg_temp.due('office', '2026-03-27 16:00+00', 60), '2026-03-27 17:00', 'due where the hours end');
select is(pg_temp.due('office', '2026-03-27 16:00+00', 61), '2026-03-31 07:01',
  'a minute more is due after the weekend, a holiday and the change of the clocks');
select is(pg_temp.due('always', '2026-10-24 22:00+00', 24 * 60), '2026-10-25 22:00', 'all time');
select is(
  pg_temp.due('office', '2026-01-06 08:00+00', 120, '{["2026-01-06 09:00+00","2026-01-06 13:30+00")}'),
  '2026-01-06 14:30', 'a pause moves it'
);
select is(pg_temp.due('office', '2026-01-06 08:00+00', 120, '{["2026-01-06 10:00+00",)}'), '2026-01-06 10:00',
  'a pause that begins when it is due does not');
select is(pg_temp.due('office', '2026-01-06 08:00+00', 120, '{["2026-01-06 09:59+00",)}'), null,
  'nor is it due while it is paused');
select is(
  pg_temp.due_at(null, '2026-01-06 08:00+00', 90, '{["2026-01-06 08:01+00","2026-01-06 08:02+00")}'),
  '2026-01-06 08:02:30+00', 'without a calendar all time counts'
);

-- Who may

update service_calendars set is_default = true where name = 'desk';

select is(
  pg_temp.as_persona('viewer', $$
    select count_business_seconds('2026-11-27 16:00+00', '2026-11-30 10:00+00')
  $$), '7200', 'a viewer counts by the default calendar'
);
select is(
  pg_temp.as_persona('viewer', $$
    select add_business_minutes('2026-11-27 16:00+00', 120) at time zone 'UTC'
  $$), '2026-11-30 10:00:00', 'and adds'
);
select is(
  pg_temp.as_persona('viewer', $$
    select count_business_seconds('2026-11-30 10:00+00', '2026-11-27 16:00+00')
  $$), '0', 'backwards there is none'
);
select is(
  pg_temp.as_persona('viewer', $$
    select count_business_seconds('2019-11-27 16:00+00', '2026-11-27 16:00+00')
  $$), null, 'and before 2020 it is not known'
);
select matches(pg_temp.as_persona('stranger', $$select add_business_minutes(now(), 120)$$), '^PT403 ',
  'a stranger does not');
select is(pg_temp.as_persona('viewer', $$select add_business_minutes(now(), 0)$$),
  'PT422 loop_minutes_invalid', 'a number of minutes is above 0');
select is(
  pg_temp.as_persona('agent', format('select count_business_seconds(now(), now(), %L)', gen_random_uuid())),
  'PT404 loop_calendar_unknown', 'a calendar has to exist'
);
select is(pg_temp.as_persona('agent', $$update service_calendars set name = 'x' returning 1$$),
  'PT403 team_role_required', 'admins write calendars');
select is(
  pg_temp.as_persona('admin', $$
    insert into service_calendars (name, time_zone) values ('a', '+05') returning 1
  $$), 'PT422 loop_time_zone_invalid', 'an offset is not a time zone'
);
select is(
  pg_temp.as_persona('admin', $$
    update service_calendars set is_default = true where name = 'office' returning 1
  $$), '1', 'an admin chooses the default'
);
select is((select string_agg(name, ',') from service_calendars where is_default), 'office', 'which is one');
select is(pg_temp.as_persona('admin', $$delete from service_calendars where name = 'office' returning 1$$),
  'PT409 loop_calendar_required', 'and stays');
select is(pg_temp.as_persona('admin', $$update service_calendars set is_default = false returning 1$$),
  'PT409 loop_calendar_required', 'until there is another');

select * from finish();
rollback;
