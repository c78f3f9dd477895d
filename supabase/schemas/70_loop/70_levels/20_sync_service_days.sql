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
