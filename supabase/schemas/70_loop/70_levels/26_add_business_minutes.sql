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
  return private.working_time_at(v_id, private.working_seconds(v_id, p_from_at) + p_minutes * 60);
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
