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
begin
  if isempty(p_during) then
    return '{}'::tstzmultirange;
  end if;
  return (
    with zone as materialized (
      select o.during, o.utc_offset
      from public.service_calendars as c
      cross join lateral private.load_zone_offsets(c.time_zone, lower(p_during), upper(p_during)) as o
      where c.id = p_calendar_id
    ),
    open as (
      select range_agg(z.during * tstzrange(
        (d.day + h.opens - z.utc_offset) at time zone 'UTC',
        (d.day + h.closes + case when h.closes < h.opens then interval '1 day' else interval '0' end
          - z.utc_offset) at time zone 'UTC'
      )) as ranges
      from zone as z
      cross join lateral generate_series(
        date_trunc('day', lower(z.during) at time zone 'UTC' + z.utc_offset) - interval '1 day',
        upper(z.during) at time zone 'UTC' + z.utc_offset, interval '1 day'
      ) as d (day)
      join public.service_hours as h
        on h.calendar_id = p_calendar_id and h.weekday = extract(isodow from d.day)
    ),
    holiday as (
      select range_agg(z.during * tstzrange(
        (h.holiday_on::timestamp - z.utc_offset) at time zone 'UTC',
        (h.holiday_on::timestamp + interval '1 day' - z.utc_offset) at time zone 'UTC'
      )) as ranges
      from zone as z
      join public.service_holidays as h on h.calendar_id = p_calendar_id
        and h.holiday_on between ((lower(z.during) - interval '2 days') at time zone 'UTC')::date
          and ((upper(z.during) + interval '2 days') at time zone 'UTC')::date
    )
    select coalesce(o.ranges, '{}') - coalesce(h.ranges, '{}') from open as o cross join holiday as h
  );
end;
$$;
comment on function private.load_working_time is
  'The working time of a calendar in a span with two finite bounds, computed from its hours and holidays.';
