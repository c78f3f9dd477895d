-- The settings of the tracker, changed by admins.

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
  -- At most a hundred years: larger intervals could leave the range of timestamps.
  constraint tracker_settings_event_retention_days_is_bounded
    check (event_retention_days between 1 and 36500)
);
comment on table public.tracker_settings is
  'The settings of the tracker: exactly one row, never inserted or deleted by clients. Team members read it, '
  'admins change it.';
comment on column public.tracker_settings.id is 'Always true.';
comment on column public.tracker_settings.triage_threshold is
  'The lowest likelihood, above 0 and up to 1, at which triage makes a message an issue on its own.';
comment on column public.tracker_settings.event_retention_days is
  'For how many days the raw body of a webhook call is kept after it was processed. Bodies that could not be '
  'processed are kept.';

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
