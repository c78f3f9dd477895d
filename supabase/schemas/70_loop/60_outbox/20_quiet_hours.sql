-- When a message may disturb: hours of a day in a time zone.

create or replace function private.after_quiet_hours(
  p_at timestamptz, p_from time, p_until time, p_time_zone text
) returns timestamptz
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_local constant timestamp := p_at at time zone p_time_zone;
  v_end timestamptz;
begin
  if p_from is null or p_until is null or p_from = p_until then
    return p_at;
  end if;
  if p_from < p_until then
    if v_local::time < p_from or v_local::time >= p_until then
      return p_at;
    end if;
    v_end := (v_local::date + p_until) at time zone p_time_zone;
  elsif v_local::time >= p_from then
    v_end := (v_local::date + 1 + p_until) at time zone p_time_zone;
  elsif v_local::time < p_until then
    v_end := (v_local::date + p_until) at time zone p_time_zone;
  else
    return p_at;
  end if;
  -- in the hour that a day has twice, the end may lie before
  return greatest(v_end, p_at);
end;
$$;
comment on function private.after_quiet_hours is
  'The time itself, or where it lies in the quiet hours, when they end. From 22:00 until 07:00 they '
  'go over midnight.';

create or replace function private.digest_due_at(p_digest text, p_at timestamptz, p_time_zone text)
returns timestamptz
language plpgsql stable security invoker set search_path = '' as $$
declare
  v_local constant timestamp := p_at at time zone p_time_zone;
begin
  return case p_digest
    when 'hourly' then date_trunc('hour', p_at, p_time_zone) + interval '1 hour'
    when 'daily' then (
      v_local::date + case when v_local::time < '09:00' then 0 else 1 end + time '09:00'
    ) at time zone p_time_zone
    else p_at
  end;
end;
$$;
comment on function private.digest_due_at is
  'When a digest that begins then is sent: at the next full hour, or the next 9:00, of the time zone.';
