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
  new.is_default := coalesce(new.is_default, false);
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
  'Before trigger: a time zone that is null or blank becomes UTC. Errors: loop_time_zone_invalid (422).';

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
