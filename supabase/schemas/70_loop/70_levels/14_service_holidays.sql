-- The days of a calendar on which nobody works.

create table public.service_holidays (
  calendar_id uuid not null,
  holiday_on date not null,
  name text not null default '',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint service_holidays_pkey primary key (calendar_id, holiday_on),
  constraint service_holidays_calendar_id_fkey foreign key (calendar_id)
    references public.service_calendars (id) on delete cascade,
  constraint service_holidays_holiday_on_is_finite check (isfinite(holiday_on)),
  constraint service_holidays_name_is_not_too_long check (char_length(name) <= 200)
);
comment on table public.service_holidays is
  'Days without working time, from midnight to midnight in the time zone of the calendar: also an interval '
  'that began the evening before ends. Admins write them. Errors on write: key_change_forbidden (422), '
  'team_role_required (403).';

create trigger _000_require_admin before insert or update or delete on public.service_holidays
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('admin');
create trigger _050_reject_key_change before update on public.service_holidays
  for each row when (
    (old.calendar_id, old.holiday_on) is distinct from (new.calendar_id, new.holiday_on)
  )
  execute function private.reject_key_change();
create trigger _900_set_timestamps before insert or update on public.service_holidays
  for each row execute function private.set_timestamps();

alter table public.service_holidays enable row level security;
create policy service_holidays_select_viewer on public.service_holidays
  for select to authenticated using ((select private.has_team_role('viewer')));
create policy service_holidays_insert_admin on public.service_holidays
  for insert to authenticated with check ((select private.has_team_role('admin')));
create policy service_holidays_update_admin on public.service_holidays
  for update to authenticated
  using ((select private.has_team_role('admin'))) with check ((select private.has_team_role('admin')));
create policy service_holidays_delete_admin on public.service_holidays
  for delete to authenticated using ((select private.has_team_role('admin')));

grant select, delete on public.service_holidays to authenticated;
grant insert (calendar_id, holiday_on, name, created_at, updated_at)
  on public.service_holidays to authenticated;
grant update (calendar_id, holiday_on, name, created_at, updated_at)
  on public.service_holidays to authenticated;
grant select, insert, update, delete on public.service_holidays to service_role;
