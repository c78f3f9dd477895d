-- What an admin sets for the tracker as a whole.

create table public.tracker_settings (
  id boolean not null default true,
  triage_threshold double precision not null default 0.8,
  event_retention_days integer not null default 90,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint tracker_settings_pkey primary key (id),
  constraint tracker_settings_is_one_row check (id),
  constraint tracker_settings_triage_threshold_is_a_share
    check (triage_threshold > 0 and triage_threshold <= 1),
  -- At most a hundred years, so that no number runs out of the calendar.
  constraint tracker_settings_event_retention_days_is_bounded
    check (event_retention_days between 1 and 36500)
);
comment on table public.tracker_settings is
  'The one row of settings. Team members read it, admins change it; it is neither added nor deleted.';
comment on column public.tracker_settings.id is 'True, in the one row that there is.';
comment on column public.tracker_settings.triage_threshold is
  'How sure triage has to be, above 0 and up to 1, before a message becomes an issue by itself.';
comment on column public.tracker_settings.event_retention_days is
  'For how many days the raw body of a webhook call is kept after it was worked on. What could not be '
  'worked on is kept.';

create trigger _900_set_timestamps before insert or update on public.tracker_settings
  for each row execute function private.set_timestamps();

alter table public.tracker_settings enable row level security;
create policy tracker_settings_select_viewer on public.tracker_settings
  for select to authenticated using ((select private.has_team_role('viewer')));
create policy tracker_settings_update_admin on public.tracker_settings
  for update to authenticated
  using ((select private.has_team_role('admin'))) with check ((select private.has_team_role('admin')));

grant select on public.tracker_settings to authenticated;
grant update (id, triage_threshold, event_retention_days, created_at, updated_at)
  on public.tracker_settings to authenticated;
grant select, update on public.tracker_settings to service_role;

insert into public.tracker_settings default values;
