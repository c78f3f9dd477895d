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
    select case when s.ends_at is not null
      then s.seconds_before + extract(epoch from least(p_at, s.ends_at) - s.starts_at)::double precision
    end
    from private.working_spans as s
    where s.calendar_id = p_calendar_id and s.starts_at <= p_at
    order by s.starts_at desc limit 1
  );
end;
$$;
comment on function private.working_seconds is
  'The working time of a calendar from 2020 to a time, in seconds; null outside of the years that '
  'working_spans has. Without a calendar, all time counts.';

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
    select s.starts_at + make_interval(secs => p_seconds - s.seconds_before)
    from private.working_spans as s
    where s.calendar_id = p_calendar_id and s.seconds_through >= v_seconds
    order by s.seconds_through, s.starts_at limit 1
  );
end;
$$;
comment on function private.working_time_at is
  'The inverse of working_seconds(): the first time at which there were so many; null when there are not '
  'within the years that working_spans has.';

-- What is left when a pause begins is left when it ends. An interval that closes when the time is over is
-- where it is due, not the next one.
create or replace function private.find_due_at(
  p_calendar_id uuid, p_from timestamptz, p_working_seconds double precision, p_pauses tstzmultirange
) returns timestamptz
language plpgsql stable security definer set search_path = '' as $$
declare
  v_seconds double precision := p_working_seconds;
  v_pause tstzrange;
  v_before double precision;
begin
  if p_pauses = '{}' then
    return private.working_time_at(p_calendar_id, v_seconds);
  end if;
  for v_pause in
    select u.range from unnest(p_pauses * tstzmultirange(tstzrange(p_from, null))) as u (range)
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
  'When so much working time has passed, in seconds as working_seconds() counts them, if the pauses after '
  'p_from are left out; null when a pause without an end begins before that. Without a calendar, '
  'all time counts.';
