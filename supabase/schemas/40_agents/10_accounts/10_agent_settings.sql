-- What an admin sets for all agents: how many tasks run at the same time, how long a lease may be, where the
-- edge functions are.

create table public.agent_settings (
  id boolean not null default true,
  running_tasks_per_user integer default 8,
  running_tasks_per_project integer default 4,
  max_lease_seconds integer not null default 3600,
  retry_seconds integer not null default 30,
  delivery_retention_days integer not null default 30,
  functions_url text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint agent_settings_pkey primary key (id),
  constraint agent_settings_is_one_row check (id),
  constraint agent_settings_running_tasks_per_user_is_not_negative check (running_tasks_per_user >= 0),
  constraint agent_settings_running_tasks_per_project_is_not_negative check (running_tasks_per_project >= 0),
  constraint agent_settings_max_lease_seconds_is_bounded check (max_lease_seconds between 5 and 86400),
  constraint agent_settings_retry_seconds_is_bounded check (retry_seconds between 1 and 86400),
  constraint agent_settings_delivery_retention_days_is_bounded
    check (delivery_retention_days between 1 and 36500),
  constraint agent_settings_functions_url_is_a_url
    check (functions_url ~ '^https?://[^\s?#]+[^\s?#/]$' and char_length(functions_url) <= 2048)
);
comment on table public.agent_settings is
  'The one row of settings. Team members read it, admins change it; rows are neither added nor deleted.';
comment on column public.agent_settings.id is 'True in the only row.';
comment on column public.agent_settings.running_tasks_per_user is
  'How many tasks of one user workers may hold at the same time; null for any number. '
  'users.max_running_tasks replaces it for one user.';
comment on column public.agent_settings.running_tasks_per_project is
  'How many tasks of one project workers may hold at the same time; null for any number. '
  'projects.max_running_tasks can only lower it.';
comment on column public.agent_settings.max_lease_seconds is 'The longest lease that a worker may ask for.';
comment on column public.agent_settings.retry_seconds is
  'How long a task waits after its first failed attempt; twice as long after each further one.';
comment on column public.agent_settings.delivery_retention_days is
  'How many days a webhook delivery from GitHub is kept after it was processed.';
comment on column public.agent_settings.functions_url is
  'The URL of the edge functions, without a slash at the end: https://<project>.supabase.co/functions/v1. '
  'Null: the database calls none, so the GitHub sweep does not run.';

create trigger _900_set_timestamps before insert or update on public.agent_settings
  for each row execute function private.set_timestamps();

alter table public.agent_settings enable row level security;
create policy agent_settings_select_viewer on public.agent_settings
  for select to authenticated using ((select private.has_team_role('viewer')));
create policy agent_settings_update_admin on public.agent_settings
  for update to authenticated
  using ((select private.has_team_role('admin'))) with check ((select private.has_team_role('admin')));

grant select on public.agent_settings to authenticated;
grant update (
  id, running_tasks_per_user, running_tasks_per_project, max_lease_seconds, retry_seconds,
  delivery_retention_days, functions_url, created_at, updated_at
) on public.agent_settings to authenticated;
grant select, update on public.agent_settings to service_role;

insert into public.agent_settings default values;
