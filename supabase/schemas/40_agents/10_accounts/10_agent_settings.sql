-- What is set for all agents: by admins what one account may have and how long a lease may be, by operators
-- where the edge functions are.

create table public.agent_settings (
  id boolean not null default true,
  running_tasks_per_user integer default 8,
  running_tasks_per_project integer default 4,
  max_lease_seconds integer not null default 3600,
  retry_seconds integer not null default 30,
  delivery_retention_days integer not null default 30,
  functions_url text,
  github_host text not null default 'github.com',
  pending_tasks_per_user integer default 1000,
  projects_per_user integer default 200,
  worker_tokens_per_user integer default 50,
  stored_bytes_per_user bigint default 1073741824,
  attempts_per_task integer not null default 50,
  attempt_retention_days integer not null default 90,
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
    check (functions_url ~ '^https?://[^\s?#]+[^\s?#/]$' and char_length(functions_url) <= 2048),
  constraint agent_settings_github_host_is_a_host check (github_host ~ '^[a-z0-9][a-z0-9.-]{0,252}$'),
  constraint agent_settings_pending_tasks_per_user_is_not_negative check (pending_tasks_per_user >= 0),
  constraint agent_settings_projects_per_user_is_not_negative check (projects_per_user >= 0),
  constraint agent_settings_worker_tokens_per_user_is_not_negative check (worker_tokens_per_user >= 0),
  constraint agent_settings_stored_bytes_per_user_is_not_negative check (stored_bytes_per_user >= 0),
  constraint agent_settings_attempts_per_task_is_bounded check (attempts_per_task between 1 and 10000),
  constraint agent_settings_attempt_retention_days_is_bounded
    check (attempt_retention_days between 1 and 36500)
);
comment on table public.agent_settings is
  'The one row of settings. Team members read it, admins change it but for functions_url; rows are neither '
  'added nor deleted. Errors on write: team_role_required, agents_functions_url_forbidden (403).';
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
  'Null: the database calls none, so nothing is swept, synced, imported or delivered on a schedule. Set by '
  'operators and servers: what the database sends there is as good as a server''s request.';

comment on column public.agent_settings.github_host is
  'The host of GitHub in URLs of repositories, next to github.com: that of a GitHub Enterprise Server, '
  'without a port. GITHUB_API_URL is its API. Other hosts are not GitHub.';
comment on column public.agent_settings.pending_tasks_per_user is
  'How many pending tasks a user may have when they create one or run one again; null for any number. '
  'Servers are not limited.';
comment on column public.agent_settings.projects_per_user is
  'How many projects a user may have; null for any number.';
comment on column public.agent_settings.worker_tokens_per_user is
  'How many worker tokens of a user may be valid; null for any number.';
comment on column public.agent_settings.stored_bytes_per_user is
  'How many bytes the tasks of a user may take, the sum of tasks.stored_bytes; null for any number. At the '
  'limit, tasks can be finished without a result and deleted.';
comment on column public.agent_settings.attempts_per_task is
  'How many attempts of a task are kept when it is run again, or given back time and again.';
comment on column public.agent_settings.attempt_retention_days is
  'How many days an attempt is kept after it ended, except the last of a task, and a worker token.';

create or replace function private.reject_functions_url_change() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
begin
  raise exception using
    errcode = 'PT403', message = 'agents_functions_url_forbidden',
    detail = 'functions_url is set by operators of the project, not by admins of the team.',
    hint = 'Set it in the SQL editor or from a server, or send the current value.';
end;
$$;
comment on function private.reject_functions_url_change is
  'Before trigger of a functions_url that a person changes. Errors: '
  'agents_functions_url_forbidden (403), always.';

create trigger _000_require_admin before update on public.agent_settings
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('admin');
create trigger _100_reject_functions_url_change before update on public.agent_settings
  for each row when (
    current_user in ('anon', 'authenticated') and old.functions_url is distinct from new.functions_url
  )
  execute function private.reject_functions_url_change();
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
  delivery_retention_days, functions_url, github_host, pending_tasks_per_user, projects_per_user,
  worker_tokens_per_user, stored_bytes_per_user, attempts_per_task, attempt_retention_days, created_at,
  updated_at
) on public.agent_settings to authenticated;
grant select, update on public.agent_settings to service_role;

insert into public.agent_settings default values;
