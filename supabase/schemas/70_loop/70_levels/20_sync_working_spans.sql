-- Computes the spans of calendars that changed, and of years to come.

create or replace function private.sync_working_spans() returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_calendar record;
  v_count integer := 0;
  v_through constant date := date_trunc('year', now() at time zone 'UTC' + interval '3 years')::date - 1;
begin
  -- Two people change one calendar concurrently: the second sees the change of the first.
  perform pg_advisory_xact_lock(hashtextextended('private.working_spans', 0));
  for v_calendar in
    select c.id, private.service_calendar_version(c.id) as version
    from public.service_calendars as c
    -- who deletes a calendar waits for its hours, whose writers are here; who renames it comes here next
    order by c.id for key share skip locked
  loop
    continue when exists (
      select from private.service_calendar_versions as v
      where v.calendar_id = v_calendar.id and v.version = v_calendar.version
        and v.built_through >= (now() at time zone 'UTC')::date + 730
    );
    delete from private.working_spans as s where s.calendar_id = v_calendar.id;
    insert into private.working_spans
    select s.* from private.compute_working_spans(v_calendar.id, v_through) as s;
    insert into private.service_calendar_versions as v (calendar_id, version, built_through)
    values (v_calendar.id, v_calendar.version, v_through)
    on conflict on constraint service_calendar_versions_pkey
      do update set version = excluded.version, built_through = excluded.built_through;
    v_count := v_count + 1;
  end loop;
  return v_count;
end;
$$;
comment on function private.sync_working_spans is
  'Computes working_spans of each calendar whose hours, holidays or time zone differ from those that it was '
  'computed from, or that ends within two years, and returns their number. For triggers and the scheduler.';

create or replace function private.sync_changed_calendars() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.sync_working_spans();
  return null;
end;
$$;
comment on function private.sync_changed_calendars is
  'After-statement trigger of calendars, hours and holidays: computes their spans.';

create trigger _200_sync_spans after insert or update or delete on public.service_calendars
  for each statement execute function private.sync_changed_calendars();
create trigger _200_sync_spans after insert or update or delete on public.service_hours
  for each statement execute function private.sync_changed_calendars();
create trigger _200_sync_spans after insert or update or delete on public.service_holidays
  for each statement execute function private.sync_changed_calendars();

create or replace function private.verify_working_spans()
returns table (calendar_id uuid, starts_at timestamptz, stored jsonb, computed jsonb)
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  with computed as (
    select s.*
    from public.service_calendars as c
    left join private.service_calendar_versions as v on v.calendar_id = c.id
    cross join lateral private.compute_working_spans(
      c.id, coalesce(v.built_through, (now() at time zone 'UTC')::date)
    ) as s
  )
  select coalesce(s.calendar_id, c.calendar_id), coalesce(s.starts_at, c.starts_at), to_jsonb(s), to_jsonb(c)
  from private.working_spans as s
  full join computed as c on c.calendar_id = s.calendar_id and c.starts_at = s.starts_at
  where (s.ends_at, s.seconds_before, s.seconds_through, s.calendar_id)
    is distinct from (c.ends_at, c.seconds_before, c.seconds_through, c.calendar_id);
end;
$$;
comment on function private.verify_working_spans is
  'Computes all spans again and returns the differences; no row means that all are correct. For operators.';

insert into public.service_calendars (id, name, is_default) values
  ('70000000-0000-4000-8000-000000000001', 'Business hours', true);
insert into public.service_hours (calendar_id, weekday, opens, closes)
select '70000000-0000-4000-8000-000000000001', d.weekday, '09:00', '17:00'
from generate_series(1, 5) as d (weekday);
