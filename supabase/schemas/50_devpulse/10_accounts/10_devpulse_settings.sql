-- What is set for devpulse: what one account may have, and what a provider may be asked.

create table public.devpulse_settings (
  id boolean not null default true,
  monitors_per_user integer default 500,
  goals_per_user integer default 200,
  workspaces_per_user integer default 20,
  members_per_workspace integer default 200,
  invitations_per_workspace integer default 50,
  resources_per_connection integer not null default 1000,
  reading_retention_days integer not null default 800,
  snapshot_retention_days integer not null default 3650,
  run_retention_days integer not null default 30,
  runs_per_connection integer not null default 200,
  backfill_days integer not null default 365,
  sync_now_per_hour integer not null default 6,
  return_urls text[] not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint devpulse_settings_pkey primary key (id),
  constraint devpulse_settings_is_one_row check (id),
  constraint devpulse_settings_monitors_per_user_is_not_negative check (monitors_per_user >= 0),
  constraint devpulse_settings_goals_per_user_is_not_negative check (goals_per_user >= 0),
  constraint devpulse_settings_workspaces_per_user_is_not_negative check (workspaces_per_user >= 0),
  constraint devpulse_settings_members_per_workspace_is_positive check (members_per_workspace >= 1),
  constraint devpulse_settings_invitations_per_workspace_is_not_negative
    check (invitations_per_workspace >= 0),
  constraint devpulse_settings_resources_per_connection_is_bounded
    check (resources_per_connection between 1 and 100000),
  constraint devpulse_settings_reading_retention_days_is_bounded
    check (reading_retention_days between 8 and 36500),
  constraint devpulse_settings_snapshot_retention_days_is_bounded
    check (snapshot_retention_days between 32 and 36500),
  constraint devpulse_settings_run_retention_days_is_bounded check (run_retention_days between 1 and 3650),
  constraint devpulse_settings_runs_per_connection_is_bounded check (runs_per_connection between 1 and 10000),
  constraint devpulse_settings_backfill_days_is_bounded check (backfill_days between 7 and 3650),
  constraint devpulse_settings_sync_now_per_hour_is_bounded check (sync_now_per_hour between 0 and 60),
  constraint devpulse_settings_return_urls_are_few check (cardinality(return_urls) <= 100)
);
comment on table public.devpulse_settings is
  'The one row of settings. Team members read it, admins change it but for return_urls; rows are neither '
  'added nor deleted. Errors on write: team_role_required, devpulse_return_urls_forbidden (403).';
comment on column public.devpulse_settings.id is 'True in the only row.';
comment on column public.devpulse_settings.monitors_per_user is
  'How many monitors a user may have; null for any number.';
comment on column public.devpulse_settings.goals_per_user is
  'How many goals a user may have; null for any number.';
comment on column public.devpulse_settings.workspaces_per_user is
  'How many workspaces a user may own; null for any number.';
comment on column public.devpulse_settings.members_per_workspace is
  'How many members a workspace may have; null for any number.';
comment on column public.devpulse_settings.invitations_per_workspace is
  'How many invitations of a workspace may be open; null for any number.';
comment on column public.devpulse_settings.resources_per_connection is
  'How many repositories, videos or articles of a connection are read, the newest first.';
comment on column public.devpulse_settings.reading_retention_days is
  'How many days the daily values of single repositories, videos and articles are kept.';
comment on column public.devpulse_settings.snapshot_retention_days is
  'How many days daily snapshots are kept; weekly and monthly ones are kept.';
comment on column public.devpulse_settings.run_retention_days is
  'How many days sync_runs are kept after they ended.';
comment on column public.devpulse_settings.runs_per_connection is
  'How many sync_runs of a connection are kept, the newest.';
comment on column public.devpulse_settings.backfill_days is
  'How many days of contributions a new GitHub connection is filled with.';
comment on column public.devpulse_settings.sync_now_per_hour is
  'How many times an hour a user may call sync_now.';
comment on column public.devpulse_settings.return_urls is
  'The addresses of the app to which a browser may return after OAuth, compared exactly. Set by operators '
  'and servers: the result of a connection is sent there.';

create or replace function private.reject_return_urls_change() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
begin
  raise exception using
    errcode = 'PT403', message = 'devpulse_return_urls_forbidden',
    detail = 'return_urls is set by operators of the project, not by admins of the team.',
    hint = 'Set it in the SQL editor or from a server, or send the current value.';
end;
$$;
comment on function private.reject_return_urls_change is
  'Before trigger of return_urls that a person changes. Errors: '
  'devpulse_return_urls_forbidden (403), always.';

create trigger _000_require_admin before update on public.devpulse_settings
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('admin');
create trigger _100_reject_return_urls_change before update on public.devpulse_settings
  for each row when (
    current_user in ('anon', 'authenticated') and old.return_urls is distinct from new.return_urls
  )
  execute function private.reject_return_urls_change();
create trigger _900_set_timestamps before insert or update on public.devpulse_settings
  for each row execute function private.set_timestamps();

alter table public.devpulse_settings enable row level security;
create policy devpulse_settings_select_viewer on public.devpulse_settings
  for select to authenticated using ((select private.has_team_role('viewer')));
create policy devpulse_settings_update_admin on public.devpulse_settings
  for update to authenticated
  using ((select private.has_team_role('admin'))) with check ((select private.has_team_role('admin')));

grant select on public.devpulse_settings to authenticated;
grant update (
  id, monitors_per_user, goals_per_user, workspaces_per_user, members_per_workspace,
  invitations_per_workspace, resources_per_connection, reading_retention_days, snapshot_retention_days,
  run_retention_days, runs_per_connection, backfill_days, sync_now_per_hour, return_urls, created_at,
  updated_at
) on public.devpulse_settings to authenticated;
grant select, update on public.devpulse_settings to service_role;

insert into public.devpulse_settings default values;
