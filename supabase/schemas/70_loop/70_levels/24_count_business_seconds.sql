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
  v_seconds constant double precision :=
    private.working_seconds(v_id, p_to_at) - private.working_seconds(v_id, p_from_at);
begin
  return case when v_seconds < 0 then 0 else v_seconds end;
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
