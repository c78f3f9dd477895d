-- The settings of the tracker, changed by admins.

create table public.tracker_settings (
  id boolean not null default true,
  triage_threshold double precision not null default 0.8,
  triage_precision double precision,
  event_retention_days integer not null default 90,
  assist_daily_calls integer not null default 0,
  assist_daily_characters integer not null default 1000000,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint tracker_settings_pkey primary key (id),
  constraint tracker_settings_is_one_row check (id),
  constraint tracker_settings_triage_threshold_is_a_share
    check (triage_threshold > 0 and triage_threshold <= 1),
  constraint tracker_settings_triage_precision_is_a_share
    check (triage_precision > 0 and triage_precision <= 1),
  -- At most a hundred years: larger intervals could leave the range of timestamps.
  constraint tracker_settings_event_retention_days_is_bounded
    check (event_retention_days between 1 and 36500),
  constraint tracker_settings_assist_daily_calls_is_bounded
    check (assist_daily_calls between 0 and 100000),
  constraint tracker_settings_assist_daily_characters_is_bounded
    check (assist_daily_characters between 0 and 400000000)
);
comment on table public.tracker_settings is
  'The settings of the tracker: exactly one row, never inserted or deleted by clients. Team members read it, '
  'admins change it.';
comment on column public.tracker_settings.id is 'Always true.';
comment on column public.tracker_settings.triage_threshold is
  'The lowest likelihood, above 0 and up to 1, at which triage makes a message an issue on its own.';
comment on column public.tracker_settings.triage_precision is
  'The share of what triage makes issues on its own that should be issues, above 0 and up to 1: sets '
  'triage_threshold, again every night. Null leaves the threshold as it is.';
comment on column public.tracker_settings.event_retention_days is
  'For how many days the raw body of a webhook call is kept after it was processed. Bodies that could not be '
  'processed are kept.';
comment on column public.tracker_settings.assist_daily_calls is
  'How many requests triage-assist may send to the model per day, in UTC; 0, the default, turns it off.';
comment on column public.tracker_settings.assist_daily_characters is
  'How many characters of messages these requests may contain together per day.';

create trigger _000_require_admin before update on public.tracker_settings
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('admin');
create trigger _900_set_timestamps before insert or update on public.tracker_settings
  for each row execute function private.set_timestamps();

alter table public.tracker_settings enable row level security;
create policy tracker_settings_select_viewer on public.tracker_settings
  for select to authenticated using ((select private.has_team_role('viewer')));
create policy tracker_settings_update_admin on public.tracker_settings
  for update to authenticated
  using ((select private.has_team_role('admin'))) with check ((select private.has_team_role('admin')));

grant select on public.tracker_settings to authenticated;
grant update (
  id, triage_threshold, triage_precision, event_retention_days, assist_daily_calls, assist_daily_characters,
  created_at, updated_at
) on public.tracker_settings to authenticated;
grant select, update on public.tracker_settings to service_role;

insert into public.tracker_settings default values;
