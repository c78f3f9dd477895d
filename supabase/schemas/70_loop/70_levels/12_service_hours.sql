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
