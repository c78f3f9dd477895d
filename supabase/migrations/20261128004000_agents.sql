-- supabase/schemas/40_agents, joined.

set local lock_timeout = '5s';
set local statement_timeout = '2min';

-- 40_agents/10_accounts/10_agent_settings.sql
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

-- 40_agents/10_accounts/14_user_limits.sql
-- What one account may have is counted under a lock of this account: its own writers wait for each other, and
-- for nobody else's. It is the last lock that a statement takes.

create or replace function private.lock_user_limits(p_user_id uuid) returns void
language plpgsql volatile security invoker set search_path = '' as $$
begin
  perform pg_advisory_xact_lock(hashtextextended(p_user_id::text, 20261129));
end;
$$;
comment on function private.lock_user_limits is
  'Serializes what is counted against a user''s limits, so that the later transaction counts what the '
  'earlier one committed.';

-- 40_agents/10_accounts/20_users.sql
-- The profiles of the people whose tasks the agents run: one for each account, kept in sync with it.

create table public.users (
  id uuid not null,
  email text,
  full_name text,
  avatar_url text,
  github_username text,
  github_token text,
  preferences jsonb not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  max_running_tasks integer,
  constraint users_pkey primary key (id),
  constraint users_id_fkey foreign key (id) references auth.users (id) on delete cascade,
  constraint users_full_name_is_not_too_long check (char_length(full_name) <= 200),
  constraint users_avatar_url_is_not_too_long check (char_length(avatar_url) <= 2048),
  constraint users_github_username_is_not_too_long check (char_length(github_username) <= 100),
  constraint users_preferences_are_not_too_large check (pg_column_size(preferences) <= 65536),
  constraint users_created_at_is_finite check (isfinite(created_at)),
  constraint users_max_running_tasks_is_not_negative check (max_running_tasks >= 0)
);
comment on table public.users is
  'One row per account, created and deleted with it. Users see and edit their own. Errors on write: '
  'sign_in_required (401), agents_github_token_forbidden, key_change_forbidden (422).';
comment on column public.users.id is 'The account in auth.users.';
comment on column public.users.email is 'The account''s address, set by the database.';
comment on column public.users.full_name is
  'From the sign-in provider, or as the user wrote it; a later change at the provider replaces it.';
comment on column public.users.avatar_url is 'See full_name.';
comment on column public.users.github_username is 'See full_name.';
comment on column public.users.github_token is
  'An opaque handle of the token; null for none. No column or view contains the token itself.';
comment on column public.users.preferences is 'Whatever the app stores about its user, up to 64 kB.';
comment on column public.users.max_running_tasks is
  'How many of their tasks workers may hold at the same time; null for the value in agent_settings. Written '
  'by set_max_running_tasks and servers; what a client writes here is ignored.';

create or replace function private.set_user_defaults() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
begin
  new.preferences := coalesce(new.preferences, old.preferences, '{}');
  return new;
end;
$$;
comment on function private.set_user_defaults is 'Before trigger: null preferences count as left out.';

-- The account's, whoever writes: nobody can use somebody else's address.
create or replace function private.sync_user_email() returns trigger
language plpgsql stable security definer set search_path = '' as $$
begin
  new.email := (select a.email from auth.users as a where a.id = new.id);
  return new;
end;
$$;
comment on function private.sync_user_email is 'Before trigger: the address is the account''s.';

-- set_max_running_tasks writes as its owner and not as one of the API's roles.
create or replace function private.guard_user_limit() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
begin
  if current_user = 'authenticated' then
    new.max_running_tasks := case when tg_op = 'UPDATE' then old.max_running_tasks end;
  end if;
  return new;
end;
$$;
comment on function private.guard_user_limit is
  'Before trigger: users can''t raise their own limit; what a client writes there is ignored.';

create trigger _000_require_active_account before insert or update on public.users
  for each statement when (current_user = 'authenticated')
  execute function private.require_active_account();
create trigger _050_reject_key_change before update on public.users
  for each row when (old.id is distinct from new.id) execute function private.reject_key_change();
create trigger _100_set_user_defaults before insert or update on public.users
  for each row when (new.preferences is null) execute function private.set_user_defaults();
create trigger _200_sync_user_email before insert on public.users
  for each row execute function private.sync_user_email();
create trigger _210_sync_user_email before update on public.users
  for each row when (old.email is distinct from new.email) execute function private.sync_user_email();
create trigger _300_guard_user_limit before insert on public.users
  for each row when (new.max_running_tasks is not null) execute function private.guard_user_limit();
create trigger _310_guard_user_limit before update on public.users
  for each row when (old.max_running_tasks is distinct from new.max_running_tasks)
  execute function private.guard_user_limit();
create trigger _900_set_timestamps before insert or update on public.users
  for each row execute function private.set_timestamps();

alter table public.users enable row level security;
create policy users_select_own on public.users
  for select to authenticated using (id = (select auth.uid()));
create policy users_insert_own on public.users
  for insert to authenticated with check (id = (select auth.uid()));
create policy users_update_own on public.users
  for update to authenticated using (id = (select auth.uid())) with check (id = (select auth.uid()));

grant select on public.users to authenticated;
grant insert (
  id, email, full_name, avatar_url, github_username, github_token, preferences, created_at, updated_at,
  max_running_tasks
) on public.users to authenticated;
grant update (
  id, email, full_name, avatar_url, github_username, github_token, preferences, created_at, updated_at,
  max_running_tasks
) on public.users to authenticated;
grant select, insert, update, delete on public.users to service_role;

-- 40_agents/10_accounts/22_sync_accounts.sql
-- Copies accounts to profiles: a profile is created with its account, and follows its address and metadata.

-- A provider may send anything: a value that is not text is ignored, and one that is too long is cut.
create or replace function private.parse_metadata_text(p_metadata jsonb, p_keys text[], p_length integer)
returns text
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_key text;
  v_text text;
begin
  foreach v_key in array p_keys loop
    if jsonb_typeof(p_metadata -> v_key) = 'string' then
      v_text := private.non_blank(left(p_metadata ->> v_key, p_length));
      if v_text is not null then
        return v_text;
      end if;
    end if;
  end loop;
  return null;
end;
$$;
comment on function private.parse_metadata_text is
  'The first of these keys whose value is a text that is not blank, cut to p_length characters; else null.';

create or replace function private.parse_metadata_profile(p_metadata jsonb)
returns table (full_name text, avatar_url text, github_username text)
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_avatar_url text := private.parse_metadata_text(p_metadata, array['avatar_url', 'picture'], 2048);
begin
  if v_avatar_url !~* '^https?://[^\s]+$' then
    v_avatar_url := null;
  end if;
  return query select
    private.parse_metadata_text(p_metadata, array['full_name', 'name'], 200),
    v_avatar_url,
    private.parse_metadata_text(p_metadata, array['user_name', 'preferred_username'], 100);
end;
$$;
comment on function private.parse_metadata_profile is
  'The profile in auth.users.raw_user_meta_data, which may contain anything.';

-- Nothing in here may fail because of the metadata: that would refuse the sign-up.
create or replace function private.sync_new_account() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into public.users (id, email, full_name, avatar_url, github_username)
  select new.id, new.email, p.full_name, p.avatar_url, p.github_username
  from private.parse_metadata_profile(new.raw_user_meta_data) as p
  on conflict on constraint users_pkey do nothing;
  return null;
end;
$$;
comment on function private.sync_new_account is
  'After-insert trigger of auth.users: creates the profile.';

-- A soft deletion leaves the account's row, and with it the profile: what is the person's is cleared, and
-- what was handed out ends.
create or replace function private.clear_deleted_account(p_user_id uuid, p_email text) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  update public.users as u
  set email = p_email, full_name = null, avatar_url = null, github_username = null, github_token = null,
    preferences = '{}'
  where u.id = p_user_id;
  delete from private.secrets as s where s.user_id = p_user_id;
  update public.worker_tokens as w set revoked_at = clock_timestamp()
  where w.user_id = p_user_id and w.revoked_at is null;
end;
$$;
comment on function private.clear_deleted_account is
  'Clears the profile of a softly deleted account, removes its secrets and revokes its worker tokens.';

create or replace function private.sync_changed_account() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  -- each sign-in fires it
  if (old.email, old.raw_user_meta_data, old.deleted_at)
    is not distinct from (new.email, new.raw_user_meta_data, new.deleted_at)
  then
    return null;
  end if;
  if new.deleted_at is not null then
    perform private.clear_deleted_account(new.id, new.email);
    return null;
  end if;
  update public.users as u
  set email = new.email,
    full_name = case when n.full_name is distinct from o.full_name
      then coalesce(n.full_name, u.full_name) else u.full_name end,
    avatar_url = case when n.avatar_url is distinct from o.avatar_url
      then coalesce(n.avatar_url, u.avatar_url) else u.avatar_url end,
    github_username = case when n.github_username is distinct from o.github_username
      then coalesce(n.github_username, u.github_username) else u.github_username end
  from private.parse_metadata_profile(old.raw_user_meta_data) as o,
    private.parse_metadata_profile(new.raw_user_meta_data) as n
  where u.id = new.id;
  return null;
end;
$$;
comment on function private.sync_changed_account is
  'After-update trigger of auth.users: copies what the provider changed; what the user wrote stays. Clears '
  'what a softly deleted account leaves.';

create trigger _100_sync_new_account after insert on auth.users
  for each row execute function private.sync_new_account();
-- Names no column: upgrades of the auth server alter them, which a condition that names one would prevent.
create trigger _110_sync_changed_account after update on auth.users
  for each row when (old *<> new) execute function private.sync_changed_account();

-- The accounts that exist already.
insert into public.users (id, email, full_name, avatar_url, github_username, created_at)
select a.id, a.email, p.full_name, p.avatar_url, p.github_username, coalesce(a.created_at, now())
from auth.users as a cross join lateral private.parse_metadata_profile(a.raw_user_meta_data) as p
on conflict on constraint users_pkey do nothing;

-- 40_agents/10_accounts/24_set_max_running_tasks.sql
-- An admin sets how many tasks of one user may run.

create or replace function private.set_max_running_tasks(p_user_id uuid, p_max_running_tasks integer)
returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.require_team_role('admin');
  if p_max_running_tasks < 0 then
    raise exception using
      errcode = 'PT422', message = 'agents_task_limit_invalid',
      detail = 'A limit is a number from 0, or null.',
      hint = 'Use null for the value in agent_settings.';
  end if;
  update public.users as u set max_running_tasks = p_max_running_tasks where u.id = p_user_id;
  if not found then
    raise exception using
      errcode = 'PT404', message = 'agents_user_unknown', detail = 'The account does not exist.',
      hint = 'Use the id of an account.';
  end if;
end;
$$;
grant execute on function private.set_max_running_tasks to authenticated, service_role;

create or replace function public.set_max_running_tasks(user_id uuid, max_running_tasks integer)
returns void
language sql volatile security invoker set search_path = ''
begin atomic
  select private.set_max_running_tasks(
    set_max_running_tasks.user_id, set_max_running_tasks.max_running_tasks
  );
end;
comment on function public.set_max_running_tasks is
  'Sets how many tasks of this user workers may hold at the same time; null for the value in '
  'agent_settings, 0 for none. Admins and servers. Errors: sign_in_required (401), team_role_required '
  '(403), agents_user_unknown (404), agents_task_limit_invalid (422).';
grant execute on function public.set_max_running_tasks to authenticated, service_role;

-- 40_agents/10_accounts/30_secrets.sql
-- Users' secrets, such as their GitHub tokens: sealed (encrypted) by an edge function, with a key that the
-- database does not have.

create table private.secrets (
  id uuid not null,
  user_id uuid not null,
  kind text not null,
  sealed text not null,
  key_id text not null generated always as (split_part(sealed, '.', 2)) stored,
  metadata jsonb not null default '{}',
  checked_at timestamptz,
  invalid_at timestamptz,
  rests_until timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint secrets_pkey primary key (id),
  -- The profile and not the account, so that a transaction that writes a secret and one that deletes the
  -- account lock the same row first.
  constraint secrets_user_id_fkey foreign key (user_id) references public.users (id) on delete cascade,
  constraint secrets_user_id_kind_key unique (user_id, kind),
  constraint secrets_kind_is_known
    check (kind in ('github_token', 'github_connection', 'youtube_connection', 'devto_connection')),
  constraint secrets_metadata_is_an_object check (jsonb_typeof(metadata) = 'object')
);
comment on table private.secrets is
  'One secret of each kind per user, as ciphertext that is bound to id, kind and user_id. The key is in the '
  'environment of the edge functions.';
comment on column private.secrets.id is
  'Set by the function that sealed it, another one for each new secret: it identifies the secret and not '
  'only its user.';
comment on column private.secrets.sealed is 'v1.<key id>.<nonce>.<ciphertext>, see docs/secrets.md.';
comment on column private.secrets.key_id is 'The master key that it is sealed with.';
comment on column private.secrets.metadata is
  'What is not secret about it: of a github_token login, scopes and expires_at; of a connection its scopes.';
comment on column private.secrets.checked_at is 'When its provider was last asked whether it is valid.';
comment on column private.secrets.invalid_at is 'Since when its provider rejects it; null while it is valid.';
comment on column private.secrets.rests_until is
  'Until when its provider asks for no requests with it, because of a rate limit.';

-- For whether several of them rest.
create index secrets_rests_until_idx on private.secrets (rests_until) where rests_until is not null;

-- A trigger and not a check constraint: a check's error, and so the server's log, contains the whole row. It
-- fires first, before anything else could fail with the same row.
create or replace function private.reject_unsealed_secret() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
begin
  if length(new.sealed) <= 16384 and new.sealed
    ~ '^v1\.[A-Za-z0-9_-]{1,32}\.[A-Za-z0-9_-]{16}\.[A-Za-z0-9_-]{23,}$'
  then
    return new;
  end if;
  raise exception using
    errcode = 'PT422', message = 'agents_secret_invalid',
    detail = 'A secret is stored as v1.<key id>.<nonce>.<ciphertext> and in no other form.',
    hint = 'Send it to the edge function that seals it.';
end;
$$;
comment on function private.reject_unsealed_secret is
  'Before trigger, the first of its table. The error does not contain the value. Errors: '
  'agents_secret_invalid (422).';

create trigger _010_reject_unsealed_secret before insert on private.secrets
  for each row execute function private.reject_unsealed_secret();
create trigger _020_reject_unsealed_secret before update on private.secrets
  for each row when (old.sealed is distinct from new.sealed)
  execute function private.reject_unsealed_secret();
create trigger _900_set_timestamps before insert or update on private.secrets
  for each row execute function private.set_timestamps();

-- No policy, no grant: for operators and for functions, which run as the owner.
alter table private.secrets enable row level security;

-- 40_agents/10_accounts/32_read_secret.sql
-- A user's secret, for the edge function that opens it.

create or replace function private.read_secret(p_user_id uuid, p_kind text)
returns table (id uuid, user_id uuid, kind text, sealed text, metadata jsonb, invalid_at timestamptz)
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  select s.id, s.user_id, s.kind, s.sealed, s.metadata, s.invalid_at from private.secrets as s
  where s.user_id = p_user_id and s.kind = p_kind and private.is_person_account(p_user_id);
end;
$$;
grant execute on function private.read_secret to service_role;

create or replace function public.read_secret(user_id uuid, kind text)
returns table (id uuid, user_id uuid, kind text, sealed text, metadata jsonb, invalid_at timestamptz)
language sql stable security invoker set search_path = ''
begin atomic
  select s.id, s.user_id, s.kind, s.sealed, s.metadata, s.invalid_at
  from private.read_secret(read_secret.user_id, read_secret.kind) as s;
end;
comment on function public.read_secret is
  'A user''s secret of a kind, sealed; no row for none, or where the account is banned. Service role only.';
grant execute on function public.read_secret to service_role;

-- 40_agents/10_accounts/34_mark_secret_checked.sql
-- Records whether a secret is still valid.

create or replace function private.mark_secret_checked(p_id uuid, p_is_valid boolean, p_metadata jsonb)
returns boolean
language plpgsql volatile security definer set search_path = '' as $$
begin
  update private.secrets as s set
    checked_at = clock_timestamp(),
    invalid_at = case when not p_is_valid then coalesce(s.invalid_at, clock_timestamp()) end,
    metadata = s.metadata || coalesce(p_metadata, '{}')
  where s.id = p_id;
  return found;
end;
$$;
grant execute on function private.mark_secret_checked to service_role;

create or replace function public.mark_secret_checked(
  id uuid, is_valid boolean, metadata jsonb default null
) returns boolean
language sql volatile security invoker set search_path = ''
begin atomic
  select private.mark_secret_checked(
    mark_secret_checked.id, mark_secret_checked.is_valid, mark_secret_checked.metadata
  );
end;
comment on function public.mark_secret_checked is
  'Records that the provider has just accepted or rejected a secret, and merges metadata into the existing '
  'value. False when the secret has been replaced or removed meanwhile. Service role only.';
grant execute on function public.mark_secret_checked to service_role;

-- 40_agents/10_accounts/40_users_github_token.sql
-- The column users.github_token is a handle: the token is in private.secrets, sealed, and only the edge
-- function github-token puts it there.

-- Anybody may write the handle of the user's own secret: it gains them nothing, and a client that sends its
-- whole row back does so. The error does not contain the value, and no constraint, whose error would contain
-- the row, is checked before this.
create or replace function private.reject_plain_github_token() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  if exists (
    select from private.secrets as s
    where s.user_id = new.id and s.kind = 'github_token' and new.github_token = 'secret:' || s.id
  ) then
    return new;
  end if;
  raise exception using
    errcode = 'PT422', message = 'agents_github_token_forbidden',
    detail = 'users.github_token accepts only the handle of the user''s own token.',
    hint = 'POST {"token": "…"} to the edge function github-token; set null to remove the token.';
end;
$$;
comment on function private.reject_plain_github_token is
  'Before trigger, the first of its table. The error does not contain the value. Errors: '
  'agents_github_token_forbidden (422).';

create or replace function private.remove_github_token() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  delete from private.secrets as s where s.user_id = new.id and s.kind = 'github_token';
  return null;
end;
$$;
comment on function private.remove_github_token is
  'After-update trigger: clearing the handle removes the token.';

create trigger _010_reject_plain_github_token before insert on public.users
  for each row when (new.github_token is not null) execute function private.reject_plain_github_token();
create trigger _020_reject_plain_github_token before update on public.users
  for each row when (new.github_token is not null and old.github_token is distinct from new.github_token)
  execute function private.reject_plain_github_token();
create trigger _500_remove_github_token after update on public.users
  for each row when (old.github_token is not null and new.github_token is null)
  execute function private.remove_github_token();

create or replace function private.clear_github_token() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  update public.users as u set github_token = null
  where u.id = old.user_id and u.github_token = 'secret:' || old.id;
  return null;
end;
$$;
comment on function private.clear_github_token is
  'After-delete trigger of secrets: clears the handle of a deleted secret.';

create trigger _500_clear_github_token after delete on private.secrets
  for each row when (old.kind = 'github_token') execute function private.clear_github_token();

-- 40_agents/10_accounts/42_set_github_token.sql
-- Sets a user's GitHub token.

-- Each token has an id of its own, which replaces the one before it: what was sealed for one id is never
-- stored under another, also when two requests set a token concurrently.
create or replace function private.set_github_token(
  p_user_id uuid, p_id uuid, p_sealed text, p_metadata jsonb
) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform from public.users as u where u.id = p_user_id for no key update;
  if not found or not private.is_person_account(p_user_id) then
    raise exception using
      errcode = 'PT404', message = 'agents_user_unknown',
      detail = 'The account does not exist, or is anonymous, banned or deleted.',
      hint = 'Use an account with an e-mail address.';
  end if;
  insert into private.secrets as s (id, user_id, kind, sealed, metadata, checked_at)
  values (p_id, p_user_id, 'github_token', p_sealed, coalesce(p_metadata, '{}'), clock_timestamp())
  on conflict on constraint secrets_user_id_kind_key do update set
    id = excluded.id, sealed = excluded.sealed, metadata = excluded.metadata,
    checked_at = excluded.checked_at, invalid_at = null, rests_until = null;
  update public.users as u set
    github_token = 'secret:' || p_id,
    github_username = coalesce(left(private.non_blank(p_metadata ->> 'login'), 100), u.github_username)
  where u.id = p_user_id;
  return private.describe_github_token(p_user_id);
end;
$$;
grant execute on function private.set_github_token to service_role;

create or replace function public.set_github_token(
  user_id uuid, id uuid, sealed text, metadata jsonb default '{}'
) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.set_github_token(
    set_github_token.user_id, set_github_token.id, set_github_token.sealed, set_github_token.metadata
  );
end;
comment on function public.set_github_token is
  'Stores a GitHub token that is sealed for this id, user and kind github_token, replaces the one that the '
  'user had, and returns what github_token_status returns. metadata: login, scopes, expires_at. Service '
  'role only. Errors: agents_user_unknown (404), agents_secret_invalid (422).';
grant execute on function public.set_github_token to service_role;

-- 40_agents/10_accounts/44_github_token_status.sql
-- What users can learn about their GitHub token.

create or replace function private.describe_github_token(p_user_id uuid) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
declare
  v_secret private.secrets;
begin
  select * into v_secret from private.secrets as s
  where s.user_id = p_user_id and s.kind = 'github_token';
  return jsonb_build_object(
    'is_set', v_secret.id is not null,
    'login', v_secret.metadata -> 'login',
    'scopes', v_secret.metadata -> 'scopes',
    'expires_at', v_secret.metadata -> 'expires_at',
    'checked_at', v_secret.checked_at,
    'invalid_at', v_secret.invalid_at
  );
end;
$$;
comment on function private.describe_github_token is
  'is_set, login, scopes, expires_at, checked_at and invalid_at of a user''s GitHub token; all but is_set '
  'null for none.';

create or replace function private.github_token_status() returns jsonb
language plpgsql stable security definer set search_path = '' as $$
declare
  v_user_id constant uuid := auth.uid();
begin
  if v_user_id is null then
    raise exception using
      errcode = 'PT401', message = 'sign_in_required', detail = 'The status is of the caller''s own token.',
      hint = 'Sign in.';
  end if;
  return private.describe_github_token(v_user_id);
end;
$$;
grant execute on function private.github_token_status to authenticated;

create or replace function public.github_token_status() returns jsonb
language sql stable security invoker set search_path = ''
begin atomic
  select private.github_token_status();
end;
comment on function public.github_token_status is
  'Returns {is_set, login, scopes, expires_at, checked_at, invalid_at} of the caller''s GitHub token, never '
  'the token. scopes is null for a fine-grained token; invalid_at is since when GitHub rejects it. '
  'Errors: sign_in_required (401).';
grant execute on function public.github_token_status to authenticated;

-- 40_agents/10_accounts/50_secrets_to_rotate.sql
-- A new master key: `npm run secrets:rotate` lists the secrets that an older one has sealed, and stores them
-- re-encrypted.

create or replace function private.secrets_to_rotate(
  p_current_key_id text, p_after uuid, p_batch_size integer
) returns table (id uuid, user_id uuid, kind text, sealed text)
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  select s.id, s.user_id, s.kind, s.sealed
  from (
    select u.id, u.user_id, u.kind, u.sealed, u.key_id from private.secrets as u
    union all
    -- bound to their endpoint as the others are to their user
    select w.id, w.endpoint_id, 'webhook_endpoint', w.sealed, w.key_id from private.webhook_secrets as w
  ) as s
  where s.key_id <> p_current_key_id
    and s.id > coalesce(p_after, '00000000-0000-0000-0000-000000000000')
  order by s.id
  limit least(greatest(p_batch_size, 1), 1000);
end;
$$;
grant execute on function private.secrets_to_rotate to service_role;

create or replace function public.secrets_to_rotate(
  current_key_id text, after uuid default null, batch_size integer default 100
) returns table (id uuid, user_id uuid, kind text, sealed text)
language sql stable security invoker set search_path = ''
begin atomic
  select s.id, s.user_id, s.kind, s.sealed
  from private.secrets_to_rotate(
    secrets_to_rotate.current_key_id, secrets_to_rotate.after, secrets_to_rotate.batch_size
  ) as s;
end;
comment on function public.secrets_to_rotate is
  'Up to batch_size secrets (at most 1000) that are not sealed with this master key, in the order of their '
  'ids, after the id `after`; those of webhook endpoints with the endpoint in user_id. Service role only.';
grant execute on function public.secrets_to_rotate to service_role;

-- 40_agents/10_accounts/52_reseal_secrets.sql
-- Stores secrets re-encrypted. One that was replaced or removed since it was listed is left as it is.

create or replace function private.reseal_secrets(p_secrets jsonb) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_count integer;
  v_webhook_count integer;
begin
  with locked as (
    select s.id, n.resealed
    from jsonb_to_recordset(p_secrets) as n (id uuid, sealed text, resealed text)
    join private.secrets as s on s.id = n.id and s.sealed = n.sealed
    order by s.id
    for no key update of s
  )
  update private.secrets as s set sealed = l.resealed from locked as l where s.id = l.id;
  get diagnostics v_count = row_count;
  with locked as (
    select w.id, n.resealed
    from jsonb_to_recordset(p_secrets) as n (id uuid, sealed text, resealed text)
    join private.webhook_secrets as w on w.id = n.id and w.sealed = n.sealed
    order by w.id
    for no key update of w
  )
  update private.webhook_secrets as w set sealed = l.resealed from locked as l where w.id = l.id;
  get diagnostics v_webhook_count = row_count;
  return v_count + v_webhook_count;
end;
$$;
grant execute on function private.reseal_secrets to service_role;

create or replace function public.reseal_secrets(secrets jsonb) returns integer
language sql volatile security invoker set search_path = ''
begin atomic
  select private.reseal_secrets(reseal_secrets.secrets);
end;
comment on function public.reseal_secrets is
  'Takes [{id, sealed, resealed}, …] and replaces each secret that is still `sealed` by `resealed`. Returns '
  'how many it replaced. Service role only. Errors: agents_secret_invalid (422).';
grant execute on function public.reseal_secrets to service_role;

-- 40_agents/10_accounts/54_secret_key_counts.sql
-- Which master keys are still in use.

create or replace function private.secret_key_counts()
returns table (kind text, key_id text, secret_count bigint)
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  select k.kind, k.key_id, count(*) from (
    select s.kind, s.key_id from private.secrets as s
    union all
    -- until their users complete these connections, which takes ten minutes at most
    select f.platform || '_connection', split_part(f.sealed, '.', 2) from private.oauth_flows as f
    where f.sealed is not null and f.expires_at > now()
    union all
    select 'webhook_endpoint', w.key_id from private.webhook_secrets as w
  ) as k
  group by 1, 2 order by 1, 2;
end;
$$;
grant execute on function private.secret_key_counts to service_role;

create or replace function public.secret_key_counts()
returns table (kind text, key_id text, secret_count bigint)
language sql stable security invoker set search_path = ''
begin atomic
  select c.kind, c.key_id, c.secret_count from private.secret_key_counts() as c;
end;
comment on function public.secret_key_counts is
  'How many secrets of each kind are sealed with each master key, with those of connections that are under '
  'way. Service role only.';
grant execute on function public.secret_key_counts to service_role;

-- 40_agents/10_accounts/60_count_token_check.sql
-- How often a user may have a provider asked about a token or a key: the provider sees one address for all
-- users, and would reject that address for everybody when one user tries out tokens.

create table private.token_checks (
  user_id uuid not null,
  kind text not null,
  counted_since timestamptz not null,
  checks_count integer not null,
  constraint token_checks_pkey primary key (user_id, kind),
  constraint token_checks_user_id_fkey foreign key (user_id) references public.users (id) on delete cascade,
  constraint token_checks_kind_is_known
    check (kind in ('github_token', 'github_connection', 'youtube_connection', 'devto_connection')),
  constraint token_checks_checks_count_is_bounded check (checks_count between 1 and 10)
);
comment on table private.token_checks is
  'How many checks of a kind of secret a user has had in the ten minutes that began with the first.';
alter table private.token_checks enable row level security;

-- The profile is locked first, as when an account is deleted.
create or replace function private.count_token_check(p_user_id uuid, p_kind text) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_now constant timestamptz := clock_timestamp();
begin
  perform from public.users as u where u.id = p_user_id for key share;
  if not found or not private.is_person_account(p_user_id) then
    raise exception using
      errcode = 'PT404', message = 'agents_user_unknown',
      detail = 'The account does not exist, or is anonymous, banned or deleted.',
      hint = 'Use an account with an e-mail address.';
  end if;
  insert into private.token_checks as c (user_id, kind, counted_since, checks_count)
  values (p_user_id, p_kind, v_now, 1)
  on conflict on constraint token_checks_pkey do update set
    counted_since = case
      when c.counted_since <= v_now - interval '10 minutes' then v_now else c.counted_since end,
    checks_count = case when c.counted_since <= v_now - interval '10 minutes' then 1
      else c.checks_count + 1 end
  where c.checks_count < 10 or c.counted_since <= v_now - interval '10 minutes';
  if found then
    return 0;
  end if;
  return (
    select greatest(1, ceil(extract(epoch from c.counted_since + interval '10 minutes' - v_now)))::integer
    from private.token_checks as c where c.user_id = p_user_id and c.kind = p_kind
  );
end;
$$;
grant execute on function private.count_token_check to service_role;

create or replace function public.count_token_check(user_id uuid, kind text) returns integer
language sql volatile security invoker set search_path = ''
begin atomic
  select private.count_token_check(count_token_check.user_id, count_token_check.kind);
end;
comment on function public.count_token_check is
  'Counts a check of a secret of this kind at its provider for a user and returns 0; after ten checks in ten '
  'minutes, counts nothing and returns the seconds to wait. Service role only. Errors: '
  'agents_user_unknown (404).';
grant execute on function public.count_token_check to service_role;

-- 40_agents/20_tasks/10_repo_urls.sql
-- Credentials in a repository's URL are rejected, in whatever spelling: everything that lists projects and
-- tasks reads the column, and so does every worker.

-- What clients accept differs: one slash or backslashes after the scheme, tabs and line breaks inside,
-- full-width signs, escapes for any character. So the text is first brought into one form, and then read as
-- the most generous client would, and as people copy it: out of HTML, JSON, Markdown and command lines.
create or replace function private.normalize_url(p_url text) returns text
language plpgsql immutable security invoker set search_path = '' as $$
declare
  -- among them the byte order mark, and blanks of any width
  v_invisible constant text := '[\s\u0001-\u0020\u007f-\u00a0\u00ad\u034f\u061c\u180e\u200b-\u200f'
    || '\u2028-\u202e\u2060-\u206f\ufeff]';
  v_url text := normalize(left(p_url, 8192), nfkc);
  v_escape text;
begin
  v_url := regexp_replace(v_url, '&(#0*64|#x0*40|commat);?|\\(u00|x)40', '@', 'gi');
  v_url := regexp_replace(v_url, '&(#0*58|#x0*3a|colon);?|\\(u00|x)3a', ':', 'gi');
  v_url := regexp_replace(v_url, '&(#0*47|#x0*2f|sol);?|\\(u00|x)2f', '/', 'gi');
  -- each round decodes one escape wherever it is, and the text gets shorter
  loop
    v_escape := substring(v_url from '%[0-7][0-9A-Fa-f]');
    exit when v_escape is null;
    v_url := replace(v_url, v_escape, case
      when v_escape < '%1' collate "C" then ''
      else chr(('x' || lpad(substr(v_escape, 2), 8, '0'))::bit(32)::integer) end);
  end loop;
  return regexp_replace(replace(regexp_replace(v_url, v_invisible, '', 'g'), '\', '/'), '/{3,}', '//', 'g');
end;
$$;
comment on function private.normalize_url is
  'A URL as the most generous client reads it: compatible characters as their plain form, escapes decoded '
  '(in HTML and JSON, of the signs @ : and /), nothing invisible, one or two slashes for any number of '
  'slashes or backslashes.';

create or replace function private.has_known_token(p_text text) returns boolean
language plpgsql immutable security invoker set search_path = '' as $$
begin
  -- GitHub, GitLab, Bitbucket and Atlassian, Slack, Supabase, ours, npm, PyPI, Docker, a JSON web token,
  -- Hugging Face, DigitalOcean, OpenAI and others like it, Stripe, Vault, Google, SendGrid, Azure DevOps,
  -- Grafana, Linear, Standard Webhooks; AWS and keys of Google by their case
  return p_text ~* (
    '(^|[^a-z0-9])(gh[opsur]_[a-z0-9]|github_pat_'
    || '|gl(pat|ptt|dt|rt|rtr|cbt|ft|soat|agent|imt|oas|ffct)-[a-z0-9_-]'
    || '|at(bb|att3|ctt3)[a-z0-9_=-]{16}|bbdc-[a-z0-9_=-]{16}|xox[abeoprs]-[0-9]|sb_secret_|sbp_[a-z0-9]{10}'
    || '|fl[iw]_[a-z0-9_-]{10}|ya29\.[a-z0-9_-]{16}|gocspx-[a-z0-9_-]{16}|sg\.[a-z0-9_-]{16,}\.[a-z0-9]'
    || '|[a-z0-9]{76}azdo[a-z0-9]{4}|glsa_[a-z0-9]{16}|lin_api_[a-z0-9]{16}|whsec_[a-z0-9]{16}'
    || '|npm_[a-z0-9]{20}|pypi-ageich|dckr_[a-z]{3}_[a-z0-9_-]{10}|eyj[a-z0-9_-]{10,}\.[a-z0-9_-]'
    || '|hf_[a-z0-9]{16}|do[opr]_v1_[a-z0-9]|sk-(proj|ant|svcacct|admin|or)-[a-z0-9_-]{16}|sk-[a-z0-9]{32}'
    || '|[rs]k_(live|test)_[a-z0-9]|hv[sbr]\.[a-z0-9_-]{20})'
  ) or p_text ~ '(^|[^A-Za-z0-9])(A[KS]IA[0-9A-Z]{16}|AIza[0-9A-Za-z_-]{35})';
end;
$$;
comment on function private.has_known_token is
  'Whether a text contains something that begins as providers'' tokens do.';

-- `git@host:owner/name` and `ssh://git@host/…` name the account that everybody uses with a key of their own:
-- a short name without a password. With any other scheme, or none, a user is a credential.
create or replace function private.is_ssh_user(p_scheme text, p_user text) returns boolean
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return coalesce(
    lower(p_scheme) in ('ssh', 'git+ssh', 'ssh+git') and p_user ~ '^[A-Za-z_][A-Za-z0-9_.-]{0,31}$'
    and p_user !~ '^[0-9A-Fa-f]{16,}$', false
  );
end;
$$;
comment on function private.is_ssh_user is 'Whether this is a user of SSH, and not a token.';

-- A URL may stand inside of other text: in quotes or brackets, after `git::`, `url=`, `view-source:` or
-- another scheme, or in the query of another URL. A password may contain any sign, also one that ends the
-- host: what follows the colon is then not a port.
create or replace function private.has_url_user(p_url text) returns boolean
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_scheme constant text := substring(p_url from '^([A-Za-z][A-Za-z0-9+.-]*):/');
  v_authority constant text := substring(
    regexp_replace(p_url, '^([A-Za-z][A-Za-z0-9+.-]*:)?/*', '') from '^[^/?#]*'
  );
  v_user constant text := substring(v_authority from '^(.*)@');
begin
  return v_user is not null and not private.is_ssh_user(
      case when v_scheme is null and p_url ~ '^[^/@:]+@[^/@:]+:' then 'ssh' else v_scheme end, v_user
    )
    or p_url ~* 'https?:/+[^/?#]*@'
    or p_url ~ '(:/|//)/*[^][/?#@:]*:(?![0-9]*([/?#]|$))[^@]*@'
    or exists (
      select from regexp_matches(p_url, '([A-Za-z][A-Za-z0-9+.-]{0,30})?:?//([^/?#]*)@', 'g') as m (parts)
      where not private.is_ssh_user(m.parts[1], m.parts[2])
    );
end;
$$;
comment on function private.has_url_user is
  'Whether a URL, as private.normalize_url returns it, or one inside of it, contains a user or a password.';

create or replace function private.has_url_credentials(p_url text) returns boolean
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_url constant text := private.normalize_url(p_url);
begin
  return private.has_known_token(v_url) or private.has_url_user(v_url) or v_url ~* (
    '[?&;#][^=&;#]*(token|secret|passw|pwd|auth|key|credential|signature|sig|jwt|bearer|session)[^=&;#]*='
    || '|[?&;#](pat|pass|pw)=|authorization:|(private|job|deploy)-token:'
  );
end;
$$;
comment on function private.has_url_credentials is
  'Whether a repository''s URL contains a user, a password, a parameter or a header that is one, or '
  'a known token.';

-- A trigger and not a check constraint, whose error would contain the row.
create or replace function private.reject_url_secret() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  if not private.has_url_credentials(new.repo_url) then
    return new;
  end if;
  raise exception using
    errcode = 'PT422', message = 'agents_repo_url_invalid',
    detail = 'repo_url contains a user, a password or a token, which everything that reads the column would '
      'show.',
    hint = 'Use the URL without it, and set your token with the edge function github-token.';
end;
$$;
comment on function private.reject_url_secret is
  'Before trigger of a repo_url that is not a plain https://host/owner/name. Errors: '
  'agents_repo_url_invalid (422).';

-- 40_agents/20_tasks/20_projects.sql
-- GitHub repositories that users let agents change.

create table public.projects (
  id bigint not null default 0,
  user_id uuid not null default auth.uid(),
  repo_url text not null,
  repo_name text not null,
  repo_owner text not null,
  name text not null,
  description text,
  is_active boolean not null default true,
  settings jsonb not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  max_running_tasks integer,
  constraint projects_pkey primary key (id),
  constraint projects_user_id_repo_url_key unique (user_id, repo_url),
  constraint projects_user_id_fkey foreign key (user_id) references public.users (id) on delete cascade,
  constraint projects_repo_url_is_not_blank check (btrim(repo_url) <> '' and char_length(repo_url) <= 2048),
  constraint projects_repo_name_is_not_blank
    check (btrim(repo_name) <> '' and char_length(repo_name) <= 200),
  constraint projects_repo_owner_is_not_blank
    check (btrim(repo_owner) <> '' and char_length(repo_owner) <= 200),
  constraint projects_name_is_not_blank check (btrim(name) <> '' and char_length(name) <= 200),
  constraint projects_description_is_not_too_long check (char_length(description) <= 20000),
  constraint projects_settings_are_not_too_large check (pg_column_size(settings) <= 65536),
  constraint projects_created_at_is_finite check (isfinite(created_at)),
  constraint projects_max_running_tasks_is_not_negative check (max_running_tasks >= 0)
);
-- A trigger sets ids: a default would use one up for each upsert of an existing row.
create sequence public.projects_id_seq as bigint owned by public.projects.id;

comment on table public.projects is
  'One row per repository and user. Users see and edit their own; deleting one deletes its tasks. Null in a '
  'not-null column counts as left out. Errors on write: sign_in_required (401), '
  'agents_projects_limit_reached (409), agents_repo_url_invalid, key_change_forbidden (422).';
comment on column public.projects.id is
  'Set by the database from a sequence. Only servers may set a new one themselves.';
comment on column public.projects.user_id is 'The user it belongs to: the caller; can''t be changed.';
comment on column public.projects.is_active is 'Whether the app offers it; the queue ignores it.';
comment on column public.projects.settings is
  'Whatever the app stores about it, up to 64 kB; returned to workers.';
comment on column public.projects.max_running_tasks is
  'How many of its tasks workers may hold at the same time; null for the value in agent_settings, which '
  'this can only lower.';

create index idx_projects_user_id on public.projects (user_id);

-- An upsert of an existing row keeps the stored value where null was sent. A client can't set a new id: the
-- sequence would return the same one later.
create or replace function private.complete_project_upsert() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_old public.projects;
begin
  if coalesce(new.id, 0) <> 0 then
    select * into v_old from public.projects as p where p.id = new.id and p.user_id = new.user_id for update;
    if not found and private.is_trusted_caller() then
      perform private.advance_sequence('public.projects_id_seq', new.id);
    elsif not found and not exists (select from public.projects as p where p.id = new.id) then
      new.id := 0;
    end if;
  end if;
  if coalesce(new.id, 0) = 0 then
    new.id := nextval('public.projects_id_seq');
  end if;
  if v_old.id is null then
    select * into v_old from public.projects as p
    where p.user_id = new.user_id and p.repo_url = new.repo_url for update;
  end if;
  new.is_active := coalesce(new.is_active, v_old.is_active, true);
  new.settings := coalesce(new.settings, v_old.settings, '{}');
  return new;
end;
$$;
comment on function private.complete_project_upsert is
  'Before-insert trigger, the first: sets the id of a new project; in an upsert, fills nulls with '
  'the stored values.';

create or replace function private.set_project_defaults() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
begin
  new.is_active := coalesce(new.is_active, old.is_active);
  new.settings := coalesce(new.settings, old.settings);
  return new;
end;
$$;
comment on function private.set_project_defaults is
  'Before-update trigger: null in a not-null column counts as left out.';

create trigger _000_require_active_account before insert or update on public.projects
  for each statement when (current_user = 'authenticated')
  execute function private.require_active_account();
create trigger _005_reject_url_secret before insert or update of repo_url on public.projects
  for each row when (
    new.repo_url !~ '^https?://[a-z0-9.-]+(/[A-Za-z0-9.-]+)*/?$'
    or new.repo_url ~* 'gl[a-z]+-|at[abct]|xox|a[ks]ia|eyj|sk-|pypi-|aiza|hv[sbr]\.|bbdc-|ya29|cspx|sg\.|azdo'
  )
  execute function private.reject_url_secret();
create trigger _010_complete_project_upsert before insert on public.projects
  for each row execute function private.complete_project_upsert();
create trigger _050_reject_key_change before update on public.projects
  for each row when (old.id is distinct from new.id or old.user_id is distinct from new.user_id)
  execute function private.reject_key_change();
create trigger _100_set_project_defaults before update on public.projects
  for each row when (new.is_active is null or new.settings is null)
    execute function private.set_project_defaults();
create trigger _900_set_timestamps before insert or update on public.projects
  for each row execute function private.set_timestamps();

alter table public.projects enable row level security;
create policy projects_select_own on public.projects
  for select to authenticated using (user_id = (select auth.uid()));
create policy projects_insert_own on public.projects
  for insert to authenticated with check (user_id = (select auth.uid()));
create policy projects_update_own on public.projects
  for update to authenticated
  using (user_id = (select auth.uid())) with check (user_id = (select auth.uid()));
create policy projects_delete_own on public.projects
  for delete to authenticated using (user_id = (select auth.uid()));

grant select, delete on public.projects to authenticated;
grant insert (
  id, user_id, repo_url, repo_name, repo_owner, name, description, is_active, settings, created_at,
  updated_at, max_running_tasks
) on public.projects to authenticated;
grant update (
  id, user_id, repo_url, repo_name, repo_owner, name, description, is_active, settings, created_at,
  updated_at, max_running_tasks
) on public.projects to authenticated;
grant select, insert, update, delete on public.projects to service_role;

-- 40_agents/20_tasks/22_limit_projects.sql
-- How many projects a user may have.

-- As users are the owners of what they insert, the caller is the user. An upsert of a project that exists
-- inserts none, and is let through at the limit.
create or replace function private.check_own_projects() returns trigger
language plpgsql volatile security definer set search_path = '' set enable_seqscan = 'off' as $$
declare
  v_user_id constant uuid := auth.uid();
  v_limit constant integer := (select s.projects_per_user from public.agent_settings as s where s.id);
begin
  if v_limit is null or not exists (select from inserted) then
    return null;
  end if;
  perform private.lock_user_limits(v_user_id);
  if (
    select count(*) from (
      select from public.projects as p where p.user_id = v_user_id limit v_limit + 1::bigint
    ) as c
  ) > v_limit then
    raise exception using
      errcode = 'PT409', message = 'agents_projects_limit_reached',
      detail = format('An account has up to %s projects.', v_limit),
      hint = 'Delete one, or ask an admin to raise agent_settings.projects_per_user.';
  end if;
  return null;
end;
$$;
comment on function private.check_own_projects is
  'After-statement trigger of a user''s insert. Errors: agents_projects_limit_reached (409).';

create trigger _700_check_own_projects after insert on public.projects
  referencing new table as inserted
  for each statement when (current_user = 'authenticated')
  execute function private.check_own_projects();

-- 40_agents/20_tasks/30_tasks.sql
-- What agents are asked to do, with the conversation, the result and its history.

create type public.task_status as enum ('pending', 'running', 'completed', 'failed', 'cancelled');
comment on type public.task_status is
  'pending: waits for a worker. running: a worker or its user runs it. completed, failed, cancelled: '
  'it has ended.';

create table public.tasks (
  id bigint not null default 0,
  user_id uuid not null default auth.uid(),
  project_id bigint,
  status public.task_status not null default 'pending',
  agent text not null default 'claude',
  repo_url text,
  target_branch text,
  pr_branch text,
  container_id text,
  commit_hash text,
  pr_number integer,
  pr_url text,
  git_diff text,
  git_patch text,
  changed_files jsonb not null default '[]',
  error text,
  chat_messages jsonb not null default '[]',
  execution_metadata jsonb not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  started_at timestamptz,
  completed_at timestamptz,
  priority smallint not null default 0,
  run_after timestamptz not null default now(),
  max_attempts smallint not null default 3,
  attempts_count smallint not null default 0,
  error_kind text,
  stored_bytes integer not null default 4096,
  constraint tasks_pkey primary key (id),
  constraint tasks_user_id_fkey foreign key (user_id) references public.users (id) on delete cascade,
  constraint tasks_project_id_fkey foreign key (project_id) references public.projects (id) on delete cascade
);
-- No check constraints: each one costs a statement that writes a single row 20 µs, a fifth of what the
-- statement takes. Triggers check the rules, those about columns only when these are written.

-- A trigger sets ids: a default would use one up for each upsert of an existing row.
create sequence public.tasks_id_seq as bigint owned by public.tasks.id;

comment on table public.tasks is
  'One row per task. Users see and edit their own; workers use the functions of the queue. For lists use '
  'task_list, which leaves the large columns out. Null in a not-null column counts as left out. Errors on '
  'write: agents_project_unknown (404), agents_task_transition_invalid, agents_task_conflict, '
  'agents_pending_tasks_limit_reached, agents_stored_bytes_limit_reached (409), '
  'agents_task_result_too_large (413), agents_task_value_invalid, agents_repo_url_invalid, '
  'agents_pr_url_invalid, '
  'key_change_forbidden (422).';
comment on column public.tasks.id is
  'Set by the database from a sequence. Only servers may set a new one themselves.';
comment on column public.tasks.user_id is 'The user it belongs to: the caller; can''t be changed.';
comment on column public.tasks.project_id is 'The project, of the same user; null for none.';
comment on column public.tasks.status is
  'pending may become running, cancelled or failed; running completed, failed, cancelled or pending; a task '
  'that has ended pending, which runs it again. While a worker holds it, only the functions of the '
  'queue change it.';
comment on column public.tasks.agent is
  'The name of the agent that runs it; workers claim tasks by this name.';
comment on column public.tasks.repo_url is 'What to clone; left out, the project''s.';
comment on column public.tasks.target_branch is
  'The branch that the agent starts from and that the pull request is merged into. Left out, the project''s '
  'settings.target_branch; null for the repository''s default branch, which the worker writes here '
  'when it starts.';
comment on column public.tasks.pr_branch is 'The branch of the pull request.';
comment on column public.tasks.container_id is 'Where it runs or ran, as the worker reports it.';
comment on column public.tasks.commit_hash is 'The final commit.';
comment on column public.tasks.git_diff is 'Up to 50 MB.';
comment on column public.tasks.git_patch is 'Up to 50 MB.';
comment on column public.tasks.changed_files is
  'An array of paths, or of whatever the app stores for each file.';
comment on column public.tasks.error is
  'What went wrong the last time, or what the task waits for, as text.';
comment on column public.tasks.chat_messages is
  'An array of objects {role, content, timestamp}, the timestamp in epoch seconds. append_task_message '
  'appends one without a race; an update replaces all of them.';
comment on column public.tasks.execution_metadata is
  'An object: model, timings and anything else about the run. The metrics read model.';
comment on column public.tasks.started_at is
  'When the last attempt began, set by the database; null while it is pending.';
comment on column public.tasks.completed_at is 'When it ended, with any status; set by the database.';
comment on column public.tasks.priority is 'From -100 to 100; greater goes first.';
comment on column public.tasks.run_after is
  'Not claimed before this time. Moved ahead after a failed attempt.';
comment on column public.tasks.max_attempts is
  'After this many failed attempts the task has failed; 1 to 20.';
comment on column public.tasks.attempts_count is
  'The attempts so far that count, set by the database; 0 again when the task is run again.';
comment on column public.tasks.error_kind is
  'Why it failed, as a short name such as lease_expired; written by the queue and by servers.';

comment on column public.tasks.stored_bytes is
  'What the task counts for in agent_settings.stored_bytes_per_user: its size in steps of 4096, set '
  'by the database.';

create index idx_tasks_user_id on public.tasks (user_id, created_at desc);
-- With the user, which row security compares: the planner, which does not know that a project has one user,
-- else expects few rows and sorts all of the project.
create index idx_tasks_project_id on public.tasks (project_id, user_id, created_at desc);
-- Equality of an enum is not leakproof, so under row security no index is searched by status, but the planner
-- does use one whose predicate is implied. A row is in one of these two at most.
create index idx_tasks_status on public.tasks (user_id, created_at desc)
  where status in ('pending', 'running');
create index tasks_unsuccessful_user_id_created_at_idx on public.tasks (user_id, created_at desc)
  where status in ('failed', 'cancelled');
create index tasks_user_id_pr_number_idx on public.tasks (user_id, pr_number desc)
  where pr_number is not null;

alter table public.tasks enable row level security;
create policy tasks_select_own on public.tasks
  for select to authenticated using (user_id = (select auth.uid()));
create policy tasks_insert_own on public.tasks
  for insert to authenticated with check (user_id = (select auth.uid()));
create policy tasks_update_own on public.tasks
  for update to authenticated
  using (user_id = (select auth.uid())) with check (user_id = (select auth.uid()));
create policy tasks_delete_own on public.tasks
  for delete to authenticated using (user_id = (select auth.uid()));

grant select, delete on public.tasks to authenticated;
grant insert (
  id, user_id, project_id, status, agent, repo_url, target_branch, pr_branch, container_id, commit_hash,
  pr_number, pr_url, git_diff, git_patch, changed_files, error, chat_messages, execution_metadata, created_at,
  updated_at, started_at, completed_at, priority, run_after, max_attempts, attempts_count, error_kind,
  stored_bytes
) on public.tasks to authenticated;
grant update (
  id, user_id, project_id, status, agent, repo_url, target_branch, pr_branch, container_id, commit_hash,
  pr_number, pr_url, git_diff, git_patch, changed_files, error, chat_messages, execution_metadata, created_at,
  updated_at, started_at, completed_at, priority, run_after, max_attempts, attempts_count, error_kind,
  stored_bytes
) on public.tasks to authenticated;
grant select, insert, update, delete on public.tasks to service_role;

-- 40_agents/20_tasks/32_task_upserts.sql
-- What the database fills in when a task is inserted, upserted or moved to another project.

-- See private.complete_project_upsert.
create or replace function private.complete_task_upsert() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_old public.tasks;
begin
  if coalesce(new.id, 0) <> 0 then
    select * into v_old from public.tasks as t where t.id = new.id and t.user_id = new.user_id
    for no key update;
    if not found and private.is_trusted_caller() then
      perform private.advance_sequence('public.tasks_id_seq', new.id);
    elsif not found and not exists (select from public.tasks as t where t.id = new.id) then
      new.id := 0;
    end if;
  end if;
  if coalesce(new.id, 0) = 0 then
    new.id := nextval('public.tasks_id_seq');
  end if;
  new.status := coalesce(new.status, v_old.status, 'pending');
  new.agent := coalesce(new.agent, v_old.agent, 'claude');
  new.changed_files := coalesce(new.changed_files, v_old.changed_files, '[]');
  new.chat_messages := coalesce(new.chat_messages, v_old.chat_messages, '[]');
  new.execution_metadata := coalesce(new.execution_metadata, v_old.execution_metadata, '{}');
  new.priority := coalesce(new.priority, v_old.priority, 0::smallint);
  new.run_after := coalesce(new.run_after, v_old.run_after, now());
  new.max_attempts := coalesce(new.max_attempts, v_old.max_attempts, 3::smallint);
  new.attempts_count := coalesce(new.attempts_count, v_old.attempts_count, 0::smallint);
  return new;
end;
$$;
comment on function private.complete_task_upsert is
  'Before-insert trigger, the first: sets the id of a new task; in an upsert, fills nulls with '
  'the stored values.';

-- With the rights of the caller: a project that they can't see does not exist for them.
create or replace function private.check_task_project() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_repo_url text;
  v_target_branch text;
begin
  if new.project_id is null then
    return new;
  end if;
  select p.repo_url,
    case when jsonb_typeof(p.settings -> 'target_branch') = 'string' then p.settings ->> 'target_branch' end
  into v_repo_url, v_target_branch from public.projects as p
  where p.id = new.project_id and p.user_id = new.user_id;
  if not found then
    raise exception using
      errcode = 'PT404', message = 'agents_project_unknown',
      detail = 'The project does not exist or belongs to another user.',
      hint = 'Use the id of one of the user''s projects, or null.';
  end if;
  new.repo_url := coalesce(new.repo_url, v_repo_url);
  new.target_branch := coalesce(new.target_branch, nullif(btrim(v_target_branch), ''));
  return new;
end;
$$;
comment on function private.check_task_project is
  'Before trigger: a task''s project has to be its user''s own; repo_url and target_branch default to what '
  'it has. Errors: agents_project_unknown (404).';

create trigger _010_complete_task_upsert before insert on public.tasks
  for each row execute function private.complete_task_upsert();
create trigger _050_reject_key_change before update of id, user_id on public.tasks
  for each row when (old.id is distinct from new.id or old.user_id is distinct from new.user_id)
  execute function private.reject_key_change();
create trigger _100_check_task_project before insert on public.tasks
  for each row execute function private.check_task_project();
create trigger _110_check_task_project before update of project_id on public.tasks
  for each row when (old.project_id is distinct from new.project_id)
  execute function private.check_task_project();

-- 40_agents/20_tasks/34_check_task_values.sql
-- What a task may ask for: ranges and lengths.

-- The error, unlike a check constraint's, does not contain the row.
create or replace function private.check_task_values() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_rule text;
begin
  new.agent := coalesce(new.agent, old.agent);
  new.priority := coalesce(new.priority, old.priority);
  new.run_after := coalesce(new.run_after, old.run_after);
  new.max_attempts := coalesce(new.max_attempts, old.max_attempts);
  v_rule := case
    when new.agent !~ '\S' or octet_length(new.agent) > 100 then 'agent: 1 to 100 bytes'
    when octet_length(new.repo_url) > 2048 then 'repo_url: up to 2048 bytes'
    when new.target_branch !~ '\S' or octet_length(new.target_branch) > 1000
      then 'target_branch: 1 to 1000 bytes'
    when new.priority not between -100 and 100 then 'priority: -100 to 100'
    when not isfinite(new.run_after) then 'run_after: a time'
    when not isfinite(new.created_at) then 'created_at: a time'
    when not isfinite(new.started_at) then 'started_at: a time'
    when not isfinite(new.completed_at) then 'completed_at: a time'
    when new.max_attempts not between 1 and 20 then 'max_attempts: 1 to 20'
  end;
  if v_rule is not null then
    raise exception using
      errcode = 'PT422', message = 'agents_task_value_invalid',
      detail = format('The value of %s is not valid.', split_part(v_rule, ':', 1)),
      hint = format('Valid is %s.', v_rule);
  end if;
  return new;
end;
$$;
comment on function private.check_task_values is
  'Before trigger of the columns that say what a task is: ranges and lengths; null in a not-null column '
  'counts as left out. Errors: agents_task_value_invalid (422).';

create trigger _000_require_active_account before insert or update on public.tasks
  for each statement when (current_user = 'authenticated')
  execute function private.require_active_account();
create trigger _005_reject_url_secret before insert or update of repo_url on public.tasks
  for each row when (
    new.repo_url !~ '^https?://[a-z0-9.-]+(/[A-Za-z0-9.-]+)*/?$'
    or new.repo_url ~* 'gl[a-z]+-|at[abct]|xox|a[ks]ia|eyj|sk-|pypi-|aiza|hv[sbr]\.|bbdc-|ya29|cspx|sg\.|azdo'
  )
  execute function private.reject_url_secret();
create trigger _120_check_task_values before insert or update of agent, repo_url, target_branch, priority,
  run_after, created_at, max_attempts on public.tasks
  for each row execute function private.check_task_values();

-- 40_agents/20_tasks/36_check_task_result.sql
-- What a task may contain as its result: sizes, shapes and lengths.

-- One expression for nearly every write, since each expression adds to the cost of every completed task. The
-- sizes are known without decompressing a value.
create or replace function private.check_task_result() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  if (
    octet_length(new.git_diff) <= 52428800 and octet_length(new.git_patch) <= 52428800
    and octet_length(new.error) <= 1048576 and octet_length(new.pr_branch) <= 1000
    and octet_length(new.container_id) <= 1000 and octet_length(new.commit_hash) <= 200
    and octet_length(new.pr_url) <= 2048 and new.pr_number > 0
    and new.error_kind ~ '^[a-z0-9][a-z0-9_.-]{0,99}$'
  ) is false or (
    pg_column_size(new.changed_files) <= 16777216 and pg_column_size(new.chat_messages) <= 16777216
    and pg_column_size(new.execution_metadata) <= 16777216 and jsonb_typeof(new.changed_files) = 'array'
    and jsonb_typeof(new.chat_messages) = 'array' and jsonb_typeof(new.execution_metadata) = 'object'
  ) is not true then
    new.changed_files := coalesce(new.changed_files, old.changed_files);
    new.chat_messages := coalesce(new.chat_messages, old.chat_messages);
    new.execution_metadata := coalesce(new.execution_metadata, old.execution_metadata);
    perform private.reject_task_result(new);
  end if;
  -- in pages: what a small result adds needs no count
  new.stored_bytes := 4096 * ((
    5119 + coalesce(octet_length(new.git_diff), 0) + coalesce(octet_length(new.git_patch), 0)
    + coalesce(octet_length(new.error), 0) + pg_column_size(new.changed_files)
    + pg_column_size(new.chat_messages) + pg_column_size(new.execution_metadata)
  ) / 4096);
  -- Whether a large column changes can't be known without decompressing it, so it is checked here, where one
  -- is written, and passed on to private.set_task_defaults as a null. The largest come last: an appended
  -- message is found before a diff would be read.
  if tg_op = 'UPDATE' and current_setting('app.task_queue', true) is distinct from 'on' and (
    old.chat_messages <> new.chat_messages or old.execution_metadata <> new.execution_metadata
    or old.changed_files <> new.changed_files or old.git_diff is distinct from new.git_diff
    or old.git_patch is distinct from new.git_patch
  ) then
    new.updated_at := null;
  end if;
  return new;
end;
$$;
comment on function private.check_task_result is
  'Before trigger of the result columns: sizes, shapes and lengths; null in a not-null column counts as left '
  'out. Sets stored_bytes. Errors: agents_task_result_too_large (413), agents_task_value_invalid (422).';

create or replace function private.reject_task_result(p_task public.tasks) returns void
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_rule constant text := case
    when jsonb_typeof(p_task.changed_files) <> 'array' then 'changed_files: an array'
    when jsonb_typeof(p_task.chat_messages) <> 'array' then 'chat_messages: an array'
    when jsonb_typeof(p_task.execution_metadata) <> 'object' then 'execution_metadata: an object'
    when octet_length(p_task.pr_branch) > 1000 then 'pr_branch: up to 1000 bytes'
    when octet_length(p_task.container_id) > 1000 then 'container_id: up to 1000 bytes'
    when octet_length(p_task.commit_hash) > 200 then 'commit_hash: up to 200 bytes'
    when octet_length(p_task.pr_url) > 2048 then 'pr_url: up to 2048 bytes'
    when p_task.pr_number <= 0 then 'pr_number: above 0'
    when p_task.error_kind !~ '^[a-z0-9][a-z0-9_.-]{0,99}$'
      then 'error_kind: up to 100 lower-case letters, digits and _ . -'
  end;
begin
  if octet_length(p_task.git_diff) > 52428800 or octet_length(p_task.git_patch) > 52428800
    or pg_column_size(p_task.chat_messages) > 16777216 or pg_column_size(p_task.changed_files) > 16777216
    or pg_column_size(p_task.execution_metadata) > 16777216 or octet_length(p_task.error) > 1048576
  then
    raise exception using
      errcode = 'PT413', message = 'agents_task_result_too_large',
      detail = 'git_diff and git_patch hold up to 50 MB each, chat_messages, changed_files and '
        'execution_metadata 16 MB, error 1 MB.',
      hint = 'Store what is larger in a file and put its URL into execution_metadata.';
  end if;
  if v_rule is not null then
    raise exception using
      errcode = 'PT422', message = 'agents_task_value_invalid',
      detail = format('The value of %s is not valid.', split_part(v_rule, ':', 1)),
      hint = format('Valid is %s.', v_rule);
  end if;
end;
$$;
comment on function private.reject_task_result is
  'Raises the error for a result column that is not valid; none if all are. Errors: '
  'agents_task_result_too_large (413), agents_task_value_invalid (422).';

-- Fires for invalid messages only, so that valid ones cost no more than the trigger's condition. The
-- functions of the queue and append_task_message append objects to the existing array, and are not checked.
create or replace function private.reject_task_messages() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
begin
  raise exception using
    errcode = 'PT422', message = 'agents_task_value_invalid',
    detail = 'The value of chat_messages is not valid.',
    hint = 'Valid is chat_messages: an array of objects {role, content, timestamp}.';
end;
$$;
comment on function private.reject_task_messages is
  'Before trigger of messages that a client writes and that are not objects. Errors: '
  'agents_task_value_invalid (422), always.';

create trigger _130_check_task_result before insert or update of git_diff, git_patch, changed_files, error,
  chat_messages, execution_metadata, pr_branch, container_id, commit_hash, pr_number, pr_url, error_kind,
  stored_bytes on public.tasks
  for each row execute function private.check_task_result();
create trigger _140_reject_task_messages before insert or update of chat_messages on public.tasks
  for each row when (
    current_user in ('authenticated', 'service_role')
    and jsonb_path_exists(new.chat_messages, 'strict $[*] ? (@.type() != "object")')
  )
  execute function private.reject_task_messages();

-- 40_agents/20_tasks/38_complete_pr_url.sql
-- A pull request is named in whatever form people paste; the task stores its page, which is what is linked.

create or replace function private.parse_pasted_pull_request(p_url text, p_repo_url text) returns text
language plpgsql immutable security invoker set search_path = '' as $$
declare
  -- as in mails, Markdown and at the end of a sentence
  v_url constant text := btrim(
    split_part(p_url, '](', -1), E' \t\r\n\u00a0\u200b\ufeff<>()"''`.,;:!'
  );
  v_host text;
  v_parts text[];
begin
  v_parts := regexp_match(v_url, '^([A-Za-z0-9_-]+/[A-Za-z0-9_.-]+)(?:#|/pulls?/|!)([1-9][0-9]{0,8})$');
  if v_parts is not null and v_parts[1] !~ '^(?:www\.|api\.)?github\.com/' then
    v_host := coalesce(substring(p_repo_url from '^https?://[^/@\s]+(?=/)'), 'https://github.com');
    return v_host || '/' || v_parts[1] || '/pull/' || v_parts[2];
  end if;
  v_parts := regexp_match(
    v_url, '^(https?://)?([\w-]+(?:\.[\w-]+)+(?::[0-9]+)?|localhost(?::[0-9]+)?)/(?:api/v3/)?(repos/)?'
      || '([a-z0-9_-]+/[a-z0-9_.-]+)/pulls?/0*([1-9][0-9]{0,8})(?:\.diff|\.patch)?'
      || '((?:[/?#]\S*)?)$', 'i'
  );
  if v_parts is null then
    return null;
  end if;
  v_host := regexp_replace(lower(v_parts[2]), '^(?:www|api|m|redirect)\.github\.com$', 'github.com');
  if v_host like '%.github.com' then
    return null;
  end if;
  v_parts[4] := regexp_replace(v_parts[4], '\.git$', '', 'i');
  return coalesce(lower(v_parts[1]), 'https://') || v_host || '/' || v_parts[4] || '/pull/' || v_parts[5]
    || case when v_parts[3] is null then v_parts[6] else '' end;
end;
$$;
comment on function private.parse_pasted_pull_request is
  'The page of a pull request that is named by its address, with or without a scheme, by its address in the '
  'API or as owner/name#number, which is at the host of the repository; null for anything else.';

-- Other hosts' pages stay as they are: nothing is known of them.
create or replace function private.complete_pr_url() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_url constant text := private.parse_pasted_pull_request(new.pr_url, new.repo_url);
begin
  if private.has_url_credentials(new.pr_url) then
    raise exception using
      errcode = 'PT422', message = 'agents_pr_url_invalid',
      detail = 'pr_url contains a user, a password or a token, which everything that reads the column would '
        'show.',
      hint = 'Send https://github.com/owner/name/pull/7, owner/name#7, or the number alone as pr_number.';
  elsif v_url is not null then
    new.pr_url := v_url;
  elsif new.pr_url !~ '^\s*https?://[^/\s]+/\S+\s*$'
    or new.pr_url ~* '^\s*https?://([\w-]+\.)*github\.com/'
  then
    raise exception using
      errcode = 'PT422', message = 'agents_pr_url_invalid',
      detail = 'pr_url is not the address of a pull request.',
      hint = 'Send https://github.com/owner/name/pull/7, owner/name#7, or the number alone as pr_number.';
  end if;
  return new;
end;
$$;
comment on function private.complete_pr_url is
  'Before trigger of a pr_url that is not plainly a pull request''s page: stores the page. Errors: '
  'agents_pr_url_invalid (422).';

create trigger _115_complete_pr_url before insert on public.tasks
  for each row when (
    new.pr_url ~ '\S' and (
      new.pr_url !~ '^https?://(?!\w+\.github\.)[a-z0-9.:-]+/[A-Za-z0-9-]+/[A-Za-z0-9.-]+/pull/[1-9][0-9]*$'
      or new.pr_url like '%.git/pull/%'
      or new.pr_url ~* 'gl[a-z]+-|at[abct]|xox|a[ks]ia|eyj|sk-|pypi-|aiza|hv[sbr]\.|bbdc-|ya29|cspx|sg\.|azdo'
    )
  )
  execute function private.complete_pr_url();
create trigger _116_complete_pr_url before update of pr_url on public.tasks
  for each row when (
    old.pr_url is distinct from new.pr_url and new.pr_url ~ '\S' and (
      new.pr_url !~ '^https?://(?!\w+\.github\.)[a-z0-9.:-]+/[A-Za-z0-9-]+/[A-Za-z0-9.-]+/pull/[1-9][0-9]*$'
      or new.pr_url like '%.git/pull/%'
      or new.pr_url ~* 'gl[a-z]+-|at[abct]|xox|a[ks]ia|eyj|sk-|pypi-|aiza|hv[sbr]\.|bbdc-|ya29|cspx|sg\.|azdo'
    )
  )
  execute function private.complete_pr_url();

-- 40_agents/20_tasks/40_task_lifecycle.sql
-- Which changes of a task's status are allowed, for whom, and the times that belong to it.

create or replace function private.begin_task() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
begin
  if current_user = 'authenticated' then
    new.attempts_count := 0;
    new.error_kind := null;
  end if;
  if new.status = 'pending' then
    new.started_at := null;
    new.completed_at := null;
  elsif new.status = 'running' then
    new.started_at := coalesce(new.started_at, now());
    new.completed_at := null;
  else
    new.completed_at := greatest(coalesce(new.completed_at, now()), new.started_at);
  end if;
  return new;
end;
$$;
comment on function private.begin_task is
  'Before-insert trigger: a task may begin with any status; sets the times that belong to it.';

-- Not for the functions of the queue: see private.set_queue_writes.
create or replace function private.check_task_transition() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_next constant public.task_status[] := case old.status
    when 'pending' then '{running,cancelled,failed}'::public.task_status[]
    when 'running' then '{completed,failed,cancelled,pending}'::public.task_status[]
    else '{pending}'::public.task_status[]
  end;
  v_now constant timestamptz := clock_timestamp();
begin
  if coalesce(new.status, old.status) = old.status then
    new.status := old.status;
    return new;
  end if;
  -- For everybody: while a worker holds the task, only the functions of the queue change its status.
  if exists (select from public.task_attempts as a where a.task_id = old.id and a.ended_at is null) then
    raise exception using
      errcode = 'PT409', message = 'agents_task_conflict',
      detail = 'A worker holds this task, so its status can''t be changed.',
      hint = 'Cancel it with cancel_task first.';
  end if;
  if new.status <> all (v_next) then
    raise exception using
      errcode = 'PT409', message = 'agents_task_transition_invalid',
      detail = format('A task can''t change from %s to %s.', old.status, new.status),
      hint = format('It may become: %s.', array_to_string(v_next, ', '));
  end if;
  new.started_at := case new.status
    when 'running' then v_now when 'pending' then null else old.started_at end;
  new.completed_at := case when new.status not in ('running', 'pending')
    then greatest(v_now, old.started_at) end;
  if new.status = 'completed' or new.status = 'pending' and old.status <> 'running' then
    new.error := nullif(new.error, old.error);
    new.error_kind := null;
  end if;
  if new.status = 'pending' and old.status <> 'running' then
    new.attempts_count := 0;
    new.run_after := case when new.run_after = old.run_after then v_now else new.run_after end;
  elsif current_user = 'authenticated' then
    new.attempts_count := old.attempts_count;
  end if;
  return new;
end;
$$;
comment on function private.check_task_transition is
  'Before-update trigger of the status: checks that the change is allowed and sets the times that belong to '
  'it. Errors: agents_task_transition_invalid, agents_task_conflict (409).';

create or replace function private.check_task_project_change() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
begin
  if exists (select from public.task_attempts as a where a.task_id = old.id and a.ended_at is null) then
    raise exception using
      errcode = 'PT409', message = 'agents_task_conflict',
      detail = 'A worker holds this task, so its project and repository can''t be changed.',
      hint = 'Cancel it with cancel_task first.';
  end if;
  return new;
end;
$$;
comment on function private.check_task_project_change is
  'Before-update trigger of a changed project, since running tasks are counted by project, and of a changed '
  'repository, since the worker''s pull request is in the one that it was given. Errors: '
  'agents_task_conflict (409).';

-- Times as private.set_timestamps sets them, but without comparing the large columns, which would read and
-- decompress them for each update of the row: private.check_task_result compares them when they are written.
create or replace function private.set_task_defaults() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
begin
  new.created_at := old.created_at;
  if new.status = old.status then
    new.started_at := old.started_at;
    new.completed_at := old.completed_at;
    if current_user = 'authenticated' then
      new.attempts_count := old.attempts_count;
      new.error_kind := old.error_kind;
    end if;
  end if;
  if current_user = 'authenticated' and new.error_kind is not null then
    new.error_kind := old.error_kind;
  end if;
  if new.updated_at is null or (
    old.status, old.project_id, old.agent, old.repo_url, old.target_branch, old.pr_branch, old.container_id,
    old.commit_hash, old.pr_number, old.pr_url, old.error, old.started_at, old.completed_at, old.priority,
    old.run_after, old.max_attempts, old.attempts_count, old.error_kind
  ) is distinct from (
    new.status, new.project_id, new.agent, new.repo_url, new.target_branch, new.pr_branch, new.container_id,
    new.commit_hash, new.pr_number, new.pr_url, new.error, new.started_at, new.completed_at, new.priority,
    new.run_after, new.max_attempts, new.attempts_count, new.error_kind
  ) then
    new.updated_at := greatest(clock_timestamp(), old.updated_at + interval '1 microsecond');
  else
    new.updated_at := old.updated_at;
  end if;
  return new;
end;
$$;
comment on function private.set_task_defaults is
  'Before-update trigger, the last: ignores what a client writes into columns that the database sets, and '
  'moves updated_at forward when another column changed.';

create trigger _200_begin_task before insert on public.tasks
  for each row execute function private.begin_task();
create trigger _210_check_task_transition before update of status on public.tasks
  for each row when (current_setting('app.task_queue', true) is distinct from 'on')
  execute function private.check_task_transition();
create trigger _220_check_task_project_change before update of project_id, repo_url on public.tasks
  for each row when (
    old.project_id is distinct from new.project_id or old.repo_url is distinct from new.repo_url
  )
  execute function private.check_task_project_change();
create trigger _900_set_timestamps before insert on public.tasks
  for each row execute function private.set_timestamps();
create trigger _910_set_task_defaults before update on public.tasks
  for each row when (current_setting('app.task_queue', true) is distinct from 'on')
  execute function private.set_task_defaults();

-- 40_agents/20_tasks/44_stored_bytes.sql
-- How many bytes the tasks of each user take.
--
-- A sum over a user's tasks reads all of them, and a counter row would be one that all writers of a user wait
-- for. So each change of tasks.stored_bytes is appended, and a job folds the changes into one row per user.
-- Small results change nothing, since tasks count in pages.

create table private.stored_bytes (
  user_id uuid not null,
  bytes bigint not null,
  constraint stored_bytes_pkey primary key (user_id),
  constraint stored_bytes_user_id_fkey foreign key (user_id) references public.users (id) on delete cascade
);
comment on table private.stored_bytes is
  'The sum of tasks.stored_bytes of each user, without the changes that are not folded yet.';
alter table private.stored_bytes enable row level security;

-- No foreign key: the job leaves out users who are gone.
create table private.stored_bytes_changes (
  user_id uuid not null,
  recorded_in xid8 not null default pg_current_xact_id(),
  id bigint not null generated always as identity,
  bytes bigint not null,
  constraint stored_bytes_changes_pkey primary key (user_id, recorded_in, id)
);
comment on table private.stored_bytes_changes is 'Changes of stored_bytes that are not folded yet.';
comment on column private.stored_bytes_changes.recorded_in is
  'The transaction, which asks whether it made the sum grow.';
alter table private.stored_bytes_changes enable row level security;

create or replace function private.record_stored_bytes(p_user_id uuid, p_bytes bigint) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into private.stored_bytes_changes (user_id, bytes) values (p_user_id, p_bytes);
  if p_bytes > 0 then
    perform set_config('app.stored_bytes', 'grown', true);
  end if;
end;
$$;
comment on function private.record_stored_bytes is 'Appends a change.';

create or replace function private.record_changed_bytes() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.record_stored_bytes(new.user_id, new.stored_bytes - old.stored_bytes);
  return null;
end;
$$;
comment on function private.record_changed_bytes is 'After-update row trigger of tasks.';

create or replace function private.record_inserted_bytes() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.record_stored_bytes(c.user_id, c.bytes)
  from (select t.user_id, sum(t.stored_bytes) as bytes from changed as t group by t.user_id) as c;
  return null;
end;
$$;
comment on function private.record_inserted_bytes is 'After-insert statement trigger of tasks.';

create or replace function private.record_deleted_bytes() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.record_stored_bytes(c.user_id, -c.bytes)
  from (select t.user_id, sum(t.stored_bytes) as bytes from changed as t group by t.user_id) as c;
  return null;
end;
$$;
comment on function private.record_deleted_bytes is 'After-delete statement trigger of tasks.';

create or replace function private.clear_stored_bytes() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  truncate private.stored_bytes, private.stored_bytes_changes;
  return null;
end;
$$;
comment on function private.clear_stored_bytes is 'After-truncate trigger of tasks.';

-- The columns are those of private.check_task_result, which sets stored_bytes.
create trigger _700_record_changed_bytes after update of git_diff, git_patch, changed_files, error,
  chat_messages, execution_metadata, pr_branch, container_id, commit_hash, pr_number, pr_url, error_kind,
  stored_bytes on public.tasks
  for each row when (old.stored_bytes <> new.stored_bytes)
  execute function private.record_changed_bytes();
create trigger _700_record_inserted_bytes after insert on public.tasks
  referencing new table as changed
  for each statement execute function private.record_inserted_bytes();
create trigger _710_record_deleted_bytes after delete on public.tasks
  referencing old table as changed
  for each statement execute function private.record_deleted_bytes();
create trigger _720_clear_stored_bytes after truncate on public.tasks
  for each statement execute function private.clear_stored_bytes();

create or replace function private.count_stored_bytes(p_user_id uuid) returns bigint
language plpgsql stable security definer set search_path = '' set enable_seqscan = 'off' as $$
begin
  return coalesce((select s.bytes from private.stored_bytes as s where s.user_id = p_user_id), 0) + coalesce(
    (select sum(c.bytes) from private.stored_bytes_changes as c where c.user_id = p_user_id), 0
  )::bigint;
end;
$$;
comment on function private.count_stored_bytes is
  'How many bytes the tasks of a user take, with what is not folded yet.';

-- What takes no more is let through at the limit, and costs a comparison.
create or replace function private.check_stored_bytes(p_user_id uuid) returns void
language plpgsql volatile security definer set search_path = '' set enable_seqscan = 'off' as $$
declare
  v_limit bigint;
begin
  if current_setting('app.stored_bytes', true) is distinct from 'grown' then
    return;
  end if;
  v_limit := (select s.stored_bytes_per_user from public.agent_settings as s where s.id);
  if v_limit is null or (
    select sum(c.bytes) from private.stored_bytes_changes as c
    where c.user_id = p_user_id and c.recorded_in = pg_current_xact_id()
  ) > 0 is not true then
    return;
  end if;
  perform private.lock_user_limits(p_user_id);
  perform private.require_storage(p_user_id, v_limit);
end;
$$;
comment on function private.check_stored_bytes is
  'For what makes the tasks of a user take more than before in this transaction: that they do not take more '
  'than the user may store. Errors: agents_stored_bytes_limit_reached (409).';

create or replace function private.require_storage(p_user_id uuid, p_limit bigint) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_bytes constant bigint := private.count_stored_bytes(p_user_id);
begin
  if v_bytes > p_limit then
    raise exception using
      errcode = 'PT409', message = 'agents_stored_bytes_limit_reached',
      detail = format('The tasks of this account would take %s bytes, and may take %s.', v_bytes, p_limit),
      hint = 'Delete tasks, or finish without diff, patch and message; an admin can raise '
        'agent_settings.stored_bytes_per_user.';
  end if;
end;
$$;
comment on function private.require_storage is
  'Errors: agents_stored_bytes_limit_reached (409), where the tasks of a user take more than this.';

create or replace function private.fold_stored_bytes(p_batch integer default 100000) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_count integer;
begin
  with taken as (
    delete from private.stored_bytes_changes as c
    where c.ctid = any (array(
      select o.ctid from private.stored_bytes_changes as o limit p_batch for update skip locked
    ))
    returning c.user_id, c.bytes
  ), sums as (
    select t.user_id, sum(t.bytes) as bytes, count(*) as changes_count from taken as t group by t.user_id
  ), folded as (
    insert into private.stored_bytes as s (user_id, bytes)
    select n.user_id, n.bytes from sums as n join public.users as u on u.id = n.user_id
    order by n.user_id
    on conflict on constraint stored_bytes_pkey do update set bytes = s.bytes + excluded.bytes
  )
  select coalesce(sum(n.changes_count), 0)::integer into v_count from sums as n;
  return v_count;
end;
$$;
comment on function private.fold_stored_bytes is
  'Folds up to p_batch changes into the sums of their users, and returns how many. For the scheduler.';

-- 40_agents/20_tasks/46_limit_tasks.sql
-- What a user's own statement may leave behind: so many pending tasks, and so many bytes.

-- Up to the limit and not all: a user of whom servers created a million costs no more.
create or replace function private.check_pending_tasks(p_user_id uuid) returns void
language plpgsql volatile security definer set search_path = '' set enable_seqscan = 'off' as $$
declare
  v_limit constant integer := (select s.pending_tasks_per_user from public.agent_settings as s where s.id);
begin
  if v_limit is null then
    return;
  end if;
  perform private.lock_user_limits(p_user_id);
  if (
    select count(*) from (
      select from public.tasks as t
      where t.user_id = p_user_id and t.status = 'pending' limit v_limit + 1::bigint
    ) as c
  ) > v_limit then
    raise exception using
      errcode = 'PT409', message = 'agents_pending_tasks_limit_reached',
      detail = format('An account has up to %s pending tasks.', v_limit),
      hint = 'Wait until some are done, or cancel some; an admin can raise '
        'agent_settings.pending_tasks_per_user.';
  end if;
end;
$$;
comment on function private.check_pending_tasks is
  'Errors: agents_pending_tasks_limit_reached (409), where a user has more pending tasks than they may.';

-- The history of a task that is run again and again has an end, too.
create or replace function private.note_rerun_task() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform set_config('app.rerun_tasks', 'on', true);
  perform private.trim_task_attempts(new.id);
  return null;
end;
$$;
comment on function private.note_rerun_task is
  'After-row trigger of a task that its user sets to pending: private.check_own_tasks counts then, and the '
  'oldest attempts are deleted.';

-- Servers are not limited. Row security has let the caller write their own tasks only.
create or replace function private.check_own_tasks() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_user_id constant uuid := auth.uid();
  v_is_rerun constant boolean := coalesce(current_setting('app.rerun_tasks', true), '') = 'on';
  v_limit bigint;
begin
  if tg_op = 'INSERT' or v_is_rerun then
    perform private.check_pending_tasks(v_user_id);
  end if;
  if v_is_rerun then
    v_limit := (select s.stored_bytes_per_user from public.agent_settings as s where s.id);
    perform private.require_storage(v_user_id, v_limit);
  end if;
  perform private.check_stored_bytes(v_user_id);
  return null;
end;
$$;
comment on function private.check_own_tasks is
  'After-statement trigger of a user''s insert or update. Errors: agents_pending_tasks_limit_reached, '
  'agents_stored_bytes_limit_reached (409).';

create trigger _710_note_rerun_task after update of status on public.tasks
  for each row when (
    new.status = 'pending' and old.status <> 'pending' and current_user = 'authenticated'
  )
  execute function private.note_rerun_task();
create trigger _730_check_own_tasks after insert or update on public.tasks
  for each statement when (current_user = 'authenticated')
  execute function private.check_own_tasks();

-- 40_agents/20_tasks/50_append_task_message.sql
-- Appends a message to a task's conversation, however many writers do so concurrently.

-- The caller has checked whether this is allowed.
create or replace function private.append_task_message(
  p_task_id bigint, p_role text, p_content text, p_idempotency_key text
) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_messages jsonb;
  v_message jsonb;
  v_timestamp numeric;
begin
  if coalesce(p_role not in ('user', 'assistant', 'system'), true)
    or private.non_blank(p_content) is null or octet_length(p_content) > 1048576
    or char_length(p_idempotency_key) not between 1 and 200
  then
    raise exception using
      errcode = 'PT422', message = 'agents_task_message_invalid',
      detail = 'The message can''t be stored.',
      hint = 'Use the role user, assistant or system, a content of up to 1 MB that is not blank, and a key '
        'of 1 to 200 characters or none.';
  end if;
  -- The time is taken with the lock held, so that the messages stand in the order of their timestamps.
  select t.chat_messages into v_messages from public.tasks as t where t.id = p_task_id for no key update;
  if not found then
    raise exception using
      errcode = 'PT404', message = 'agents_task_unknown', detail = 'The task does not exist.',
      hint = 'Use the id of a task.';
  end if;
  if p_idempotency_key is not null then
    select m.value into v_message from jsonb_array_elements(v_messages) as m (value)
    where m.value ->> 'idempotency_key' = p_idempotency_key
    limit 1;
    if found then
      return v_message;
    end if;
  end if;
  v_timestamp := round(extract(epoch from clock_timestamp()), 6);
  if jsonb_typeof(v_messages -> -1 -> 'timestamp') = 'number' then
    v_timestamp := greatest(v_timestamp, (v_messages -> -1 ->> 'timestamp')::numeric);
  end if;
  v_message := jsonb_strip_nulls(jsonb_build_object(
    'role', p_role, 'content', p_content, 'timestamp', v_timestamp, 'idempotency_key', p_idempotency_key
  ));
  update public.tasks as t set chat_messages = v_messages || jsonb_build_array(v_message)
  where t.id = p_task_id;
  return v_message;
end;
$$;
comment on function private.append_task_message is
  'Appends a message to any task. Errors: agents_task_unknown (404), agents_task_message_invalid (422).';

create or replace function private.append_own_task_message(
  p_task_id bigint, p_role text, p_content text, p_idempotency_key text
) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_is_trusted constant boolean := private.is_trusted_caller();
  v_message jsonb;
begin
  if not v_is_trusted and not exists (
    select from public.tasks as t
    where t.id = p_task_id and t.user_id = auth.uid() and private.is_person_account(t.user_id)
  ) then
    raise exception using
      errcode = 'PT404', message = 'agents_task_unknown',
      detail = 'The task does not exist or is not yours.', hint = 'Use the id of one of your tasks.';
  end if;
  v_message := private.append_task_message(p_task_id, p_role, p_content, p_idempotency_key);
  if not v_is_trusted then
    perform private.check_stored_bytes(auth.uid());
  end if;
  return v_message;
end;
$$;
comment on function private.append_own_task_message is
  'private.append_task_message for the task''s user and for servers. Errors: agents_task_unknown (404), '
  'agents_stored_bytes_limit_reached (409).';
grant execute on function private.append_own_task_message to authenticated, service_role;

create or replace function public.append_task_message(
  task_id bigint, role text, content text, idempotency_key text default null
) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.append_own_task_message(
    append_task_message.task_id, append_task_message.role, append_task_message.content,
    append_task_message.idempotency_key
  );
end;
comment on function public.append_task_message is
  'Appends {role, content, timestamp} to the task''s chat_messages and returns it; the timestamp is the '
  'database''s, in epoch seconds, and never smaller than the last message''s. Where a message has the same '
  'idempotency_key, it appends nothing and returns that message. For the task''s user and for servers. '
  'Errors: agents_task_unknown (404), agents_stored_bytes_limit_reached (409), '
  'agents_task_result_too_large (413), agents_task_message_invalid (422).';
grant execute on function public.append_task_message to authenticated, service_role;

-- 40_agents/20_tasks/60_task_list.sql
-- Tasks for lists: everything but the columns that may be large. Values out of them (the model, the number of
-- files) are left out too, since they could not be read without decompressing the column.

create view public.task_list with (security_invoker = true) as
select
  t.id, t.user_id, t.project_id, t.status, t.agent, t.repo_url, t.target_branch, t.pr_branch, t.container_id,
  t.commit_hash, t.pr_number, t.pr_url, t.created_at, t.updated_at, t.started_at, t.completed_at, t.priority,
  t.run_after, t.max_attempts, t.attempts_count, t.error_kind, t.stored_bytes,
  -- the length is stored next to the pointer to the text, which is not read
  octet_length(t.git_diff) as diff_bytes,
  octet_length(t.git_patch) as patch_bytes,
  octet_length(t.error) as error_bytes
from public.tasks as t;
comment on view public.task_list is
  'The tasks without git_diff, git_patch, changed_files, chat_messages, execution_metadata and error, and '
  'without reading these.';
comment on column public.task_list.diff_bytes is 'The size of git_diff; null for none.';
comment on column public.task_list.patch_bytes is 'The size of git_patch; null for none.';
comment on column public.task_list.error_bytes is 'The size of error; null for none.';
grant select on public.task_list to authenticated, service_role;

-- 40_agents/30_queue/10_task_attempts.sql
-- Who held a task and when: the lease while the attempt is open, the history after that.

-- One sequence for all tasks, so that of two tokens the greater one is always the later one.
create sequence private.task_fencing_seq as bigint;

create table public.task_attempts (
  task_id bigint not null,
  fencing_token bigint not null default nextval('private.task_fencing_seq'),
  user_id uuid not null,
  project_id bigint,
  attempt smallint not null,
  worker text not null,
  agent text not null,
  worker_token_id uuid,
  claim_key uuid,
  claimed_at timestamptz not null default clock_timestamp(),
  heartbeat_at timestamptz not null default clock_timestamp(),
  lease_expires_at timestamptz not null,
  ended_at timestamptz,
  outcome text,
  error text,
  error_kind text,
  is_retryable boolean,
  constraint task_attempts_pkey primary key (task_id, fencing_token),
  constraint task_attempts_task_id_fkey foreign key (task_id) references public.tasks (id) on delete cascade
) with (
  -- Free space on each page for the new row versions of heartbeats, also while an old snapshot needs the
  -- earlier ones; and dead rows are removed before the index of the open attempts grows.
  fillfactor = 50, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0
);
-- No check constraints, as for tasks: each costs every claim and every end of one. outcome is one of
-- completed, failed, expired, released and cancelled, and null exactly where ended_at is; the functions of
-- the queue alone write here.
--
-- user_id, project_id and worker_token_id are copies without a foreign key: an attempt is deleted with its
-- task, which is deleted with its user and its project, and each key would be looked up for each claim.
comment on table public.task_attempts is
  'One row per attempt: the worker''s lease while ended_at is null, the history after that. A task has at '
  'most one open attempt. Users see those of their own tasks; the functions of the queue write them.';
comment on column public.task_attempts.fencing_token is
  'Sent by the worker with each call. One sequence for all tasks: of two, the greater one is the later.';
comment on column public.task_attempts.user_id is 'The task''s user, for row security and limits.';
comment on column public.task_attempts.project_id is 'The task''s project when it was claimed.';
comment on column public.task_attempts.attempt is
  'Its number among the task''s counted attempts, from 1; after a release the number is used again.';
comment on column public.task_attempts.worker is 'The name that the worker gave itself.';
comment on column public.task_attempts.worker_token_id is
  'The worker token that it was claimed with, the only one that may continue it; null for a server.';
comment on column public.task_attempts.claim_key is
  'The key that the worker sent with its claim, so that a repeated request returns the same lease.';
comment on column public.task_attempts.heartbeat_at is 'When the worker last sent a heartbeat.';
comment on column public.task_attempts.lease_expires_at is
  'From then on the worker can write nothing, and the task goes back to the queue.';
comment on column public.task_attempts.ended_at is 'Null while the worker holds the task.';
comment on column public.task_attempts.outcome is
  'completed, failed: as the worker reported. expired: its lease ran out. released: the worker gave the task '
  'back. cancelled: the user cancelled it.';
comment on column public.task_attempts.error is
  'What went wrong, the first 10,000 characters of it; of failed and expired ones, and of released ones what '
  'has to pass first.';
comment on column public.task_attempts.error_kind is 'The same as a short name, such as lease_expired.';
comment on column public.task_attempts.is_retryable is
  'Whether the worker reported that another attempt might succeed; of failed ones.';

-- All of them hold open attempts only, and no column that a heartbeat writes. The second one has the other
-- condition, which is true of the same rows: the count of a user's open attempts can't be planned over the
-- first, nor the other way round, however few rows there were when the plan was made.
create unique index task_attempts_open_key on public.task_attempts (task_id) where ended_at is null;
create index task_attempts_open_user_id_project_id_idx on public.task_attempts (user_id, project_id)
  where outcome is null;
create index task_attempts_claim_key_idx on public.task_attempts (claim_key)
  where ended_at is null and claim_key is not null;

alter table public.task_attempts enable row level security;
create policy task_attempts_select_own on public.task_attempts
  for select to authenticated using (user_id = (select auth.uid()));
grant select on public.task_attempts to authenticated, service_role;

-- 40_agents/30_queue/12_worker_tokens.sql
-- The credentials of workers that are not servers: for named agents, revocable, valid for the queue alone.

create table public.worker_tokens (
  id uuid not null default gen_random_uuid(),
  user_id uuid,
  created_by uuid,
  name text not null,
  agents text[] not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null default now() + interval '90 days',
  revoked_at timestamptz,
  last_used_at timestamptz,
  constraint worker_tokens_pkey primary key (id),
  constraint worker_tokens_user_id_fkey foreign key (user_id) references public.users (id) on delete cascade,
  constraint worker_tokens_created_by_fkey
    foreign key (created_by) references public.users (id) on delete cascade,
  constraint worker_tokens_created_by_is_the_user_or_a_server
    check (created_by is null or user_id is not null and created_by = user_id),
  constraint worker_tokens_name_is_not_blank check (btrim(name) <> '' and char_length(name) <= 200),
  constraint worker_tokens_agents_are_named check (cardinality(agents) between 1 and 50)
);
comment on table public.worker_tokens is
  'One row per worker token, without the token itself. Created by create_worker_token, ended by '
  'revoke_worker_token. Users see their own; admins of the team also those for everybody''s tasks.';
comment on column public.worker_tokens.user_id is 'Whose tasks it claims; null for everybody''s.';
comment on column public.worker_tokens.created_by is
  'The account that created it: its user. Null for a server or an operator, who alone create tokens '
  'for everybody''s tasks.';
comment on column public.worker_tokens.agents is 'The agents whose tasks it claims.';
comment on column public.worker_tokens.expires_at is 'From then on it is rejected.';
comment on column public.worker_tokens.revoked_at is 'Since when it is rejected; null while it is valid.';
comment on column public.worker_tokens.last_used_at is 'When it was last used, within ten minutes.';
create index worker_tokens_user_id_idx on public.worker_tokens (user_id);
create index worker_tokens_created_by_idx on public.worker_tokens (created_by);

create trigger _900_set_created_at before insert or update on public.worker_tokens
  for each row execute function private.set_created_at();

alter table public.worker_tokens enable row level security;
create policy worker_tokens_select_own on public.worker_tokens
  for select to authenticated
  using (user_id = (select auth.uid()) or user_id is null and (select private.has_team_role('admin')));
grant select on public.worker_tokens to authenticated, service_role;

create table private.worker_token_hashes (
  hash bytea not null,
  worker_token_id uuid not null,
  constraint worker_token_hashes_pkey primary key (hash),
  constraint worker_token_hashes_worker_token_id_key unique (worker_token_id),
  constraint worker_token_hashes_worker_token_id_fkey foreign key (worker_token_id)
    references public.worker_tokens (id) on delete cascade,
  constraint worker_token_hashes_hash_is_sha256 check (octet_length(hash) = 32)
);
comment on table private.worker_token_hashes is
  'The SHA-256 of each worker token: of 32 random bytes, so that it needs no salt and nobody can guess it.';
alter table private.worker_token_hashes enable row level security;

-- 40_agents/30_queue/14_create_worker_token.sql
-- Creates a worker token, which is returned this once.

create or replace function private.normalize_agents(p_agents text[]) returns text[]
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return (
    select case when count(*) between 1 and 50 and max(char_length(n.name)) <= 100
      then array_agg(n.name order by n.name) end
    from (
      select distinct private.non_blank(a.agent) as name from unnest(p_agents) as a (agent)
    ) as n
    where n.name is not null
  );
end;
$$;
comment on function private.normalize_agents is
  'The names without blank and repeated ones; null for none, for more than 50, or where one is longer '
  'than 100 characters.';

-- A token for everybody reads anybody's conversation, and what it reports is taken for a fact. A role in the
-- team gives no such right, and so no way to one.
create or replace function private.require_worker_token_maker(p_user_id uuid, p_for_everybody boolean)
returns void
language plpgsql stable security invoker set search_path = '' as $$
begin
  if p_for_everybody and not private.is_trusted_caller() then
    raise exception using
      errcode = 'PT403', message = 'agents_worker_token_forbidden',
      detail = 'Only servers and operators create tokens for everybody''s tasks.',
      hint = 'Call with the secret key from a server, or leave for_everybody out.';
  end if;
  if not p_for_everybody and not private.is_person_account(p_user_id) then
    raise exception using
      errcode = 'PT401', message = 'sign_in_required',
      detail = 'A worker token belongs to an account that is not anonymous, banned or deleted.',
      hint = 'Sign in with an e-mail address; from a server, create one for everybody''s tasks: '
        'for_everybody.';
  end if;
end;
$$;
comment on function private.require_worker_token_maker is
  'Returns where this account, or for everybody''s tasks this caller, may create a worker token. Errors: '
  'sign_in_required (401), agents_worker_token_forbidden (403).';

-- Who creates and revokes in turns leaves no more ended ones than that either.
create or replace function private.limit_worker_tokens(p_user_id uuid) returns void
language plpgsql volatile security definer set search_path = '' set enable_seqscan = 'off' as $$
declare
  v_limit constant integer := (select s.worker_tokens_per_user from public.agent_settings as s where s.id);
begin
  if v_limit is null then
    return;
  end if;
  perform private.lock_user_limits(p_user_id);
  delete from public.worker_tokens as w
  where w.id in (
    select o.id from public.worker_tokens as o
    where o.user_id = p_user_id and least(o.revoked_at, o.expires_at) <= clock_timestamp()
    order by o.created_at desc offset v_limit
  );
  if (
    select count(*) from public.worker_tokens as w
    where w.user_id = p_user_id and least(w.revoked_at, w.expires_at) > clock_timestamp()
  ) >= v_limit then
    raise exception using
      errcode = 'PT409', message = 'agents_worker_tokens_limit_reached',
      detail = format('An account has up to %s valid worker tokens.', v_limit),
      hint = 'Revoke one with revoke_worker_token, or ask an admin to raise '
        'agent_settings.worker_tokens_per_user.';
  end if;
end;
$$;
comment on function private.limit_worker_tokens is
  'Returns where a user may have one more worker token, and deletes the oldest that ended. Errors: '
  'agents_worker_tokens_limit_reached (409).';

create or replace function private.create_worker_token(
  p_name text, p_agents text[], p_expires_in_days integer, p_for_everybody boolean
) returns table (id uuid, token text)
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_user_id constant uuid := case when p_for_everybody is not true then auth.uid() end;
  v_agents text[];
  v_name text;
begin
  perform private.require_worker_token_maker(v_user_id, coalesce(p_for_everybody, false));
  v_agents := private.normalize_agents(p_agents);
  v_name := private.non_blank(p_name);
  if v_name is null or char_length(v_name) > 200 or v_agents is null
    or p_expires_in_days not between 1 and 365
  then
    raise exception using
      errcode = 'PT422', message = 'agents_worker_input_invalid',
      detail = 'A worker token has a name of up to 200 characters, one to 50 agents, and 1 to 365 days.',
      hint = 'Leave expires_in_days out for one that is valid for 90 days.';
  end if;
  if v_user_id is not null then
    perform private.limit_worker_tokens(v_user_id);
  end if;
  token := 'flw_' || translate(encode(extensions.gen_random_bytes(32), 'base64'), '+/=', '-_');
  insert into public.worker_tokens as w (user_id, created_by, name, agents, expires_at)
  values (
    v_user_id, v_user_id, v_name, v_agents,
    clock_timestamp() + make_interval(days => coalesce(p_expires_in_days, 90))
  )
  returning w.id into create_worker_token.id;
  insert into private.worker_token_hashes (hash, worker_token_id)
  values (sha256(convert_to(token, 'UTF8')), create_worker_token.id);
  return next;
end;
$$;
grant execute on function private.create_worker_token to authenticated, service_role;

create or replace function public.create_worker_token(
  name text, agents text[], expires_in_days integer default 90, for_everybody boolean default false
) returns table (id uuid, token text)
language sql volatile security invoker set search_path = ''
begin atomic
  select c.id, c.token
  from private.create_worker_token(
    create_worker_token.name, create_worker_token.agents, create_worker_token.expires_in_days,
    create_worker_token.for_everybody
  ) as c;
end;
comment on function public.create_worker_token is
  'Creates a token with which a worker claims the caller''s tasks for these agents, and finishes what it '
  'claimed; with for_everybody, anybody''s tasks (servers and operators only). It is valid for '
  'expires_in_days, 1 to 365, and returned this once. Errors: sign_in_required (401), '
  'agents_worker_token_forbidden (403), agents_worker_tokens_limit_reached (409), '
  'agents_worker_input_invalid (422).';
grant execute on function public.create_worker_token to authenticated, service_role;

-- 40_agents/30_queue/16_revoke_worker_token.sql
-- Ends a worker token.

create or replace function private.revoke_worker_token(p_id uuid) returns timestamptz
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_revoked_at timestamptz;
begin
  update public.worker_tokens as w set revoked_at = coalesce(w.revoked_at, clock_timestamp())
  where w.id = p_id
    and (
      w.user_id = auth.uid() or private.is_trusted_caller()
      or w.user_id is null and private.has_team_role('admin')
    )
  returning w.revoked_at into v_revoked_at;
  if not found then
    raise exception using
      errcode = 'PT404', message = 'agents_worker_token_unknown',
      detail = 'There is no worker token with this id.', hint = 'Use the id of a row in worker_tokens.';
  end if;
  return v_revoked_at;
end;
$$;
grant execute on function private.revoke_worker_token to authenticated, service_role;

create or replace function public.revoke_worker_token(id uuid) returns timestamptz
language sql volatile security invoker set search_path = ''
begin atomic
  select private.revoke_worker_token(revoke_worker_token.id);
end;
comment on function public.revoke_worker_token is
  'Revokes a worker token immediately, also for the tasks that its worker holds: their leases run out. '
  'Returns since when it is revoked. For its user, for admins of the team if it is for everybody''s tasks, '
  'and for servers. Errors: agents_worker_token_unknown (404).';
grant execute on function public.revoke_worker_token to authenticated, service_role;

-- 40_agents/30_queue/20_claim_task.sql
-- A worker claims the next task: one call that finds a task, locks it and returns it with its lease.
--
-- The way of a claim, file by file: who may and for whom (22_authorize_worker), what is asked for
-- (24_claim_input), the task (26_lock_next_task), whether its user and project have a free slot
-- (28_task_limits), what comes next where the first task may not start (30_ready_tasks, 32_ready_lanes), and
-- the lease (34_open_attempt).
--
-- Locks, in this order: the claims of the task's user (advisory), the task, its new attempt. A claim never
-- waits for a task that another claim has locked, and waits for a user's claims only while it has locked no
-- user's itself, so claims never end in a deadlock.

create type public.claimed_task as (
  task_id bigint, fencing_token bigint, attempt smallint, lease_expires_at timestamptz, agent text,
  priority smallint, user_id uuid, project_id bigint, repo_url text, repo_owner text, repo_name text,
  target_branch text, pr_branch text, chat_messages jsonb, execution_metadata jsonb, project_settings jsonb,
  github_token text
);
comment on type public.claimed_task is 'What a worker is given: the lease, and what the task needs.';

create or replace function private.load_claimed_task(p_ctid tid, p_has_token boolean)
returns public.claimed_task
language plpgsql stable security invoker set search_path = '' as $$
declare
  v_claimed public.claimed_task;
begin
  select t.agent, t.priority, t.user_id, t.project_id, t.repo_url,
    coalesce(p.repo_owner, substring(t.repo_url from '[/:]([^/:]+)/[^/]+?(?:\.git)?/*$')),
    coalesce(p.repo_name, substring(t.repo_url from '[^/]+?/([^/]+?)(?:\.git)?/*$')),
    t.target_branch, t.pr_branch, t.chat_messages, t.execution_metadata, p.settings,
    case when p_has_token then u.github_token end
  into v_claimed.agent, v_claimed.priority, v_claimed.user_id, v_claimed.project_id, v_claimed.repo_url,
    v_claimed.repo_owner, v_claimed.repo_name, v_claimed.target_branch, v_claimed.pr_branch,
    v_claimed.chat_messages, v_claimed.execution_metadata, v_claimed.project_settings, v_claimed.github_token
  from public.tasks as t
  left join public.projects as p on p.id = t.project_id
  left join public.users as u on u.id = t.user_id
  where t.ctid = p_ctid;
  return v_claimed;
end;
$$;
comment on function private.load_claimed_task is
  'What the locked task at this ctid needs, without its lease; with the handle of its user''s GitHub '
  'token if p_has_token.';

-- No plan in here, or in what this calls, reads all pending tasks and sorts them: the indexes have the order,
-- and a plan that was made while the queue was short is still used when it is long.
create or replace function private.claim_task(
  p_worker text, p_agents text[], p_lease_seconds integer, p_worker_token text, p_claim_key uuid,
  p_except_users uuid[], p_except_projects bigint[]
) returns setof public.claimed_task
language plpgsql volatile security definer
set search_path = '' set enable_seqscan = 'off' set enable_sort = 'off'
set enable_incremental_sort = 'off' as $$
declare
  v_scope constant record := private.authorize_worker(p_worker_token);
  v_lease constant interval := private.check_claim(p_worker, p_agents, p_lease_seconds, v_scope.agents);
  v_ctid tid;
  v_attempt public.task_attempts;
  v_claimed public.claimed_task;
begin
  perform private.check_claim_exceptions(p_except_users, p_except_projects);
  if p_claim_key is not null then
    v_attempt := private.load_claim(p_claim_key, v_scope.token_id);
  end if;
  if v_attempt.task_id is not null then
    select t.ctid into v_ctid from public.tasks as t where t.id = v_attempt.task_id for no key update;
  else
    v_ctid := private.lock_next_task(p_agents, v_scope.user_id, p_except_users, p_except_projects);
  end if;
  if v_ctid is null then
    return;
  end if;
  v_claimed := private.load_claimed_task(v_ctid, v_scope.token_id is null);
  if v_attempt.task_id is null then
    v_attempt := private.open_attempt(v_ctid, p_worker, v_lease, v_scope.token_id, p_claim_key);
  end if;
  v_claimed.task_id := v_attempt.task_id;
  v_claimed.fencing_token := v_attempt.fencing_token;
  v_claimed.attempt := v_attempt.attempt;
  v_claimed.lease_expires_at := v_attempt.lease_expires_at;
  return next v_claimed;
end;
$$;
grant execute on function private.claim_task to anon, authenticated, service_role;

create or replace function public.claim_task(
  worker text, agents text[], lease_seconds integer default 300, worker_token text default null,
  claim_key uuid default null, except_users uuid[] default null, except_projects bigint[] default null
) returns setof public.claimed_task
language sql volatile security invoker set search_path = ''
begin atomic
  select private.claim_task(
    claim_task.worker, claim_task.agents, claim_task.lease_seconds, claim_task.worker_token,
    claim_task.claim_key, claim_task.except_users, claim_task.except_projects
  );
end;
comment on function public.claim_task is
  'Claims the first task that is ready for one of these agents: greater priority first, then the one that '
  'has waited longest. Returns it with its fencing_token, to be sent with each later call, and with what the '
  'task needs; no row when no task may start. Nobody else gets it until lease_expires_at, which '
  'heartbeat_task moves forward. The same claim_key again returns the same lease while it holds. Tasks of '
  'except_users and except_projects, up to 100 each, are left to other workers. Servers claim any task and '
  'get the handle of its user''s GitHub token; others send a worker_token. Errors: '
  'agents_worker_token_required, agents_worker_token_invalid (401), agents_worker_agents_forbidden (403), '
  'agents_worker_input_invalid (422).';
grant execute on function public.claim_task to anon, authenticated, service_role;

-- 40_agents/30_queue/22_authorize_worker.sql
-- Who may use the queue: servers, and workers with a token.

-- An unknown, an expired and a revoked token get one answer, and so does one whose user has no right to it.
create or replace function private.authorize_worker(
  p_worker_token text, out token_id uuid, out user_id uuid, out agents text[]
)
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_last_used_at timestamptz;
begin
  if p_worker_token is null then
    if private.is_trusted_caller() then
      return;
    end if;
    raise exception using
      errcode = 'PT401', message = 'agents_worker_token_required',
      detail = 'The queue is open to servers and to workers with a token.',
      hint = 'Create one with create_worker_token and send it as worker_token.';
  end if;
  select w.id, w.user_id, w.agents, w.last_used_at
  into authorize_worker.token_id, authorize_worker.user_id, authorize_worker.agents, v_last_used_at
  from private.worker_token_hashes as h
  join public.worker_tokens as w on w.id = h.worker_token_id
  where h.hash = sha256(convert_to(p_worker_token, 'UTF8')) and w.revoked_at is null
    and w.expires_at > clock_timestamp()
    and (w.user_id is null or private.is_person_account(w.user_id));
  if not found then
    raise exception using
      errcode = 'PT401', message = 'agents_worker_token_invalid',
      detail = 'The worker token is unknown, expired or revoked, or its user is banned, deleted or '
        'anonymous.',
      hint = 'Create another one.';
  end if;
  -- at most every ten minutes, and by one of the workers that share the token
  if v_last_used_at is null or v_last_used_at < clock_timestamp() - interval '10 minutes' then
    update public.worker_tokens as w set last_used_at = clock_timestamp()
    where w.id = (
      select x.id from public.worker_tokens as x where x.id = authorize_worker.token_id
      for no key update skip locked
    );
  end if;
end;
$$;
comment on function private.authorize_worker is
  'The scope of a worker token: its id, whose tasks (null for everybody''s) and which agents. All nulls for '
  'a trusted caller without a token; one that sends a token is held to it. Errors: '
  'agents_worker_token_required, agents_worker_token_invalid (401).';

-- 40_agents/30_queue/24_claim_input.sql
-- What a claim asks for.

create or replace function private.raise_worker_input_invalid(p_detail text) returns void
language plpgsql volatile security invoker set search_path = '' as $$
begin
  raise exception using
    errcode = 'PT422', message = 'agents_worker_input_invalid', detail = p_detail,
    hint = 'Correct the arguments; docs/agents-queue.md describes each of them.';
end;
$$;
comment on function private.raise_worker_input_invalid is
  'Errors: agents_worker_input_invalid (422), always.';

create or replace function private.check_lease_seconds(p_lease_seconds integer) returns interval
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_max_seconds constant integer := (select s.max_lease_seconds from public.agent_settings as s where s.id);
begin
  if (p_lease_seconds between 5 and v_max_seconds) is not true then
    perform private.raise_worker_input_invalid(format('lease_seconds is from 5 to %s.', v_max_seconds));
  end if;
  return make_interval(secs => p_lease_seconds);
end;
$$;
comment on function private.check_lease_seconds is
  'The length of a lease, if it is an allowed one. Errors: agents_worker_input_invalid (422).';

create or replace function private.check_claim(
  p_worker text, p_agents text[], p_lease_seconds integer, p_allowed_agents text[]
) returns interval
language plpgsql volatile security invoker set search_path = '' as $$
begin
  if private.non_blank(p_worker) is null or octet_length(p_worker) > 200 then
    perform private.raise_worker_input_invalid('worker is the worker''s name, of 1 to 200 bytes.');
  end if;
  if coalesce(cardinality(p_agents), 0) not between 1 and 50 or array_position(p_agents, null) is not null
  then
    perform private.raise_worker_input_invalid('agents names 1 to 50 agents that the worker runs.');
  end if;
  if not p_agents <@ p_allowed_agents then
    raise exception using
      errcode = 'PT403', message = 'agents_worker_agents_forbidden',
      detail = format('The worker token is for: %s.', array_to_string(p_allowed_agents, ', ')),
      hint = 'Ask for those only, or create another token.';
  end if;
  return private.check_lease_seconds(p_lease_seconds);
end;
$$;
comment on function private.check_claim is
  'Checks the arguments of a claim and returns the length of its lease. p_allowed_agents: null for any. '
  'Errors: agents_worker_agents_forbidden (403), agents_worker_input_invalid (422).';

create or replace function private.check_claim_exceptions(p_users uuid[], p_projects bigint[]) returns void
language plpgsql volatile security invoker set search_path = '' as $$
begin
  if coalesce(cardinality(p_users), 0) > 100 or coalesce(cardinality(p_projects), 0) > 100 then
    perform private.raise_worker_input_invalid('except_users and except_projects name up to 100 each.');
  end if;
end;
$$;
comment on function private.check_claim_exceptions is
  'Checks whose tasks a claim leaves to others. Errors: agents_worker_input_invalid (422).';

create or replace function private.load_claim(p_claim_key uuid, p_worker_token_id uuid)
returns public.task_attempts
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_attempt public.task_attempts;
begin
  perform pg_advisory_xact_lock(hashtextextended(p_claim_key::text, 20261122));
  select a.* into v_attempt from public.task_attempts as a
  where a.claim_key = p_claim_key and a.ended_at is null and a.lease_expires_at > clock_timestamp()
    and a.worker_token_id is not distinct from p_worker_token_id
    and private.is_active_account(a.user_id)
  limit 1;
  return v_attempt;
end;
$$;
comment on function private.load_claim is
  'The lease that an earlier claim with this key got from the same caller, while it holds; else null. '
  'Serializes claims with the same key.';

-- 40_agents/30_queue/26_lock_next_task.sql
-- Finds and locks the task that a claim gets. A locked task is handed on by its ctid: no plan finds its row
-- faster, whatever the table was like when the plan was made, and no other transaction can move a row that is
-- locked.

create type private.ready_task as (
  id bigint, user_id uuid, project_id bigint, agent text, priority smallint, run_after timestamptz
);
comment on type private.ready_task is 'A pending task whose run_after has passed.';

create type private.task_search as (
  task_ctid tid, has_user_lock boolean, busy_user_id uuid, skipped_user_ids uuid[],
  skipped_project_ids bigint[]
);
comment on type private.task_search is
  'How far the search for a task has come: the locked task; whether this transaction has locked a user''s '
  'claims; the first user whose claims another transaction has locked; and the users and projects that the '
  'claim excepts or that have no free slot, which are not looked at again.';

-- Nearly every claim gets the first pending task, so that one is tried by itself: the choice and the lock are
-- one statement. Where it may not start (it is for later, or its user or project is full, busy or excepted),
-- the search looks further.
create or replace function private.lock_next_task(
  p_agents text[], p_user_id uuid, p_except_users uuid[], p_except_projects bigint[]
) returns tid
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_first record;
  v_slot record;
  v_start constant private.task_search :=
    row(null::tid, null::boolean, null::uuid, p_except_users, p_except_projects);
  v_search private.task_search := v_start;
begin
  if p_user_id is null then
    v_first := private.lock_first_pending_task(p_agents);
    if v_first.task_ctid is null then
      return null;
    end if;
    if v_first.is_ready
      and (v_first.user_id = any (p_except_users) or v_first.project_id = any (p_except_projects)) is not true
    then
      v_slot := private.reserve_slot(v_first.user_id, v_first.project_id);
      if v_slot.is_free then
        return v_first.task_ctid;
      end if;
      v_search.has_user_lock := v_slot.has_user_lock;
    end if;
  end if;
  v_search := private.search_ready_task(p_agents, p_user_id, v_search);
  if v_search.task_ctid is null and v_search.busy_user_id is not null and v_search.has_user_lock is not true
  then
    -- only users whom other claims are serving at this moment: wait for one of those
    perform private.lock_user_claims(v_search.busy_user_id);
    v_search := private.search_ready_task(p_agents, p_user_id, v_start);
  end if;
  return v_search.task_ctid;
end;
$$;
comment on function private.lock_next_task is
  'Locks the next task of these agents that may start, of one user or, for null, of anybody but these users '
  'and projects, and returns its ctid; null for none.';

create or replace function private.first_agent(p_agents text[]) returns text
language plpgsql stable security invoker set search_path = '' as $$
begin
  if cardinality(p_agents) = 1 then
    return p_agents[1];
  end if;
  return (
    select f.agent
    from unnest(p_agents) as a (agent)
    cross join lateral (
      select t.agent, t.priority, t.run_after, t.id from public.tasks as t
      where t.status = 'pending' and t.agent = a.agent
      order by t.priority desc, t.run_after, t.id limit 1
    ) as f
    order by f.priority desc, f.run_after, f.id limit 1
  );
end;
$$;
comment on function private.first_agent is 'The agent of the first pending task; null for none.';

create or replace function private.lock_first_pending_task(
  p_agents text[], out task_ctid tid, out user_id uuid, out project_id bigint, out is_ready boolean
)
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_agent constant text := private.first_agent(p_agents);
  v_task record;
begin
  select t.ctid, t.user_id, t.project_id, t.run_after, t.id, t.pr_branch into v_task
  from public.tasks as t
  where t.status = 'pending' and t.agent = v_agent
  order by t.priority desc, t.run_after, t.id
  limit 1
  for no key update skip locked;
  if not found then
    return;
  end if;
  task_ctid := v_task.ctid;
  user_id := v_task.user_id;
  project_id := v_task.project_id;
  is_ready := v_task.run_after <= clock_timestamp()
    and private.reserve_branch(v_task.id, v_task.user_id, v_task.run_after, v_task.pr_branch);
end;
$$;
comment on function private.lock_first_pending_task is
  'Locks the first pending task that no other transaction has locked; nulls for none. It is ready if its '
  'time has come and its branch is free.';

-- Each list is longer than the one before it, and is read only where that had no task.
create or replace function private.search_ready_task(
  p_agents text[], p_user_id uuid, p_search private.task_search
) returns private.task_search
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_search private.task_search := p_search;
begin
  if p_user_id is not null then
    return private.lock_one_of(array(select private.ready_tasks_of_user(p_agents, p_user_id)), v_search);
  end if;
  v_search := private.lock_one_of(array(select private.first_ready_tasks(p_agents)), v_search);
  if v_search.task_ctid is null then
    v_search := private.lock_one_of(array(select private.ready_tasks_of_some_users(p_agents)), v_search);
  end if;
  if v_search.task_ctid is null then
    v_search := private.lock_one_of(array(select private.ready_tasks_of_all_users(p_agents)), v_search);
  end if;
  return v_search;
end;
$$;
comment on function private.search_ready_task is
  'Continues a search: locks the first ready task whose user and project are not to be skipped and have '
  'a free slot.';

create or replace function private.lock_one_of(
  p_tasks private.ready_task[], p_search private.task_search
) returns private.task_search
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_search private.task_search := p_search;
  v_task private.ready_task;
  v_slot record;
  v_lane text;
  v_lanes text[];
begin
  foreach v_task in array p_tasks loop
    v_lane := concat_ws(' ', v_task.user_id, v_task.project_id, v_task.priority, v_task.agent);
    continue when v_task.user_id = any (v_search.skipped_user_ids)
      or v_task.project_id = any (v_search.skipped_project_ids) or v_lane = any (v_lanes);
    v_slot := private.reserve_slot(v_task.user_id, v_task.project_id);
    v_search.has_user_lock := coalesce(v_search.has_user_lock, false) or v_slot.has_user_lock;
    if v_slot.is_free then
      v_search.task_ctid := private.lock_ready_task(
        v_task.agent, v_task.user_id, v_task.project_id, v_task.priority
      );
      exit when v_search.task_ctid is not null;
      -- a lane whose tasks all wait for their branch is long
      v_lanes := v_lanes || v_lane;
    elsif v_slot.is_project_full then
      v_search.skipped_project_ids := v_search.skipped_project_ids || v_task.project_id;
    else
      v_search.skipped_user_ids := v_search.skipped_user_ids || v_task.user_id;
      if v_slot.is_user_busy then
        v_search.busy_user_id := coalesce(v_search.busy_user_id, v_task.user_id);
      end if;
    end if;
  end loop;
  return v_search;
end;
$$;
comment on function private.lock_one_of is
  'Locks the first of these tasks, in this order, that may start.';

-- Another claim may have locked the listed task meanwhile; the one after it in the same lane will do. A
-- branch that is taken is asked for once, however many tasks of the lane wait for it.
create or replace function private.lock_ready_task(
  p_agent text, p_user_id uuid, p_project_id bigint, p_priority smallint
) returns tid
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_task record;
  v_ctid tid;
  v_branch text;
  v_taken jsonb := '{}'::jsonb;
begin
  for v_task in
    select t.id, t.run_after, t.repo_url, t.pr_branch from public.tasks as t
    where t.status = 'pending' and t.agent = p_agent and t.user_id = p_user_id
      and coalesce(t.project_id, 0) = coalesce(p_project_id, 0) and -t.priority = -p_priority
      and t.run_after <= clock_timestamp()
    order by t.run_after, t.id
  loop
    v_branch := concat_ws(' ', v_task.repo_url, coalesce(v_task.pr_branch, v_task.id::text));
    continue when v_taken ? v_branch;
    if private.reserve_branch(v_task.id, p_user_id, v_task.run_after, v_task.pr_branch) then
      select t.ctid into v_ctid from public.tasks as t
      where t.id = v_task.id and t.status = 'pending' and t.run_after <= clock_timestamp()
      for no key update skip locked;
      if found then
        return v_ctid;
      end if;
    else
      v_taken := v_taken || jsonb_build_object(v_branch, true);
    end if;
  end loop;
  return null;
end;
$$;
comment on function private.lock_ready_task is
  'Locks the first ready task of an agent, user, project and priority whose branch is free and that no '
  'other transaction has locked, and returns its ctid; null for none.';

-- 40_agents/30_queue/27_reserve_branch.sql
-- Tasks on one branch are handed out one after the other: two that run at the same time would each replace
-- what the other one has pushed. A first run is on a branch too, the one that workers create for it.

-- Holds nothing of the tasks that name no branch, which are most.
create index tasks_running_pr_branch_idx on public.tasks (pr_branch)
  where status = 'running' and pr_branch is not null;

create or replace function private.default_pr_branch(p_task_id bigint) returns text
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return 'fixloop/task-' || p_task_id;
end;
$$;
comment on function private.default_pr_branch is
  'The branch that workers push to where a task names none, see scripts/worker/run-task.ts.';

-- The same repository has many URLs. At GitHub it is what its name led to when the task was written; at
-- another host the host and path, in lower case, since most hosts ignore it.
create or replace function private.task_repository_key(p_task_id bigint) returns text
language plpgsql stable security invoker set search_path = '' as $$
declare
  v_url text;
  v_id bigint := (
    select r.repository_id from private.task_github_refs as r
    where r.task_id = p_task_id and r.head_ref is not null
  );
begin
  if v_id is null then
    select lower(private.normalize_url(coalesce(t.repo_url, p.repo_url))) into v_url
    from public.tasks as t left join public.projects as p on p.id = t.project_id
    where t.id = p_task_id;
    v_url := regexp_replace(v_url, '^([a-z0-9+.-]*:+)*/+|[?#].*$', '', 'g');
    v_url := regexp_replace(v_url, '^[^/@]*@', '');
    v_url := regexp_replace(v_url, '^([^/:]+)(:(22|80|443)(?=/))?[:/]+', '\1/');
    v_url := regexp_replace(v_url, '(\.git)?/*$', '');
    v_id := (
      select private.find_repository(r.o_owner, r.o_name) from private.parse_repository_url(v_url) as r
    );
  end if;
  return coalesce(v_id::text, nullif(v_url, ''));
end;
$$;
comment on function private.task_repository_key is
  'What is equal for tasks in one repository, however its URL is written; null for none.';

-- Another user's task counts only while a server's worker holds it, and for an hour after this one was due:
-- else anybody could hold up other people's tasks, by a branch that they name, for as long as they like.
create or replace function private.is_branch_taken(
  p_task_id bigint, p_user_id uuid, p_run_after timestamptz, p_branch text, p_repository_key text
) returns boolean
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_holder record;
begin
  for v_holder in
    select a.task_id, a.user_id, a.worker_token_id
    from public.tasks as t
    join public.task_attempts as a on a.task_id = t.id and a.ended_at is null
    where t.status = 'running' and t.pr_branch = p_branch and t.id <> p_task_id
    union all
    select a.task_id, a.user_id, a.worker_token_id
    from public.tasks as t
    join public.task_attempts as a on a.task_id = t.id and a.ended_at is null
    where t.id = substring(p_branch from '^fixloop/task-([1-9][0-9]{0,17})$')::bigint
      and t.pr_branch is null and t.id <> p_task_id
  loop
    continue when v_holder.user_id <> p_user_id and (
      p_run_after < clock_timestamp() - interval '1 hour' or exists (
        select from public.worker_tokens as w
        where w.id = v_holder.worker_token_id and w.user_id is not null
      )
    );
    if private.task_repository_key(v_holder.task_id)
      = coalesce(p_repository_key, private.task_repository_key(p_task_id))
    then
      return true;
    end if;
  end loop;
  return false;
end;
$$;
comment on function private.is_branch_taken is
  'Whether a worker holds another task on this branch of the same repository. p_repository_key: null where '
  'it is not yet known.';

-- Two claims don't see each other's attempts before they commit, so the branch is locked until then. The name
-- of a first run's branch belongs to one task, and needs no repository next to it.
create or replace function private.reserve_branch(
  p_task_id bigint, p_user_id uuid, p_run_after timestamptz, p_pr_branch text
) returns boolean
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_branch constant text := coalesce(p_pr_branch, private.default_pr_branch(p_task_id));
  v_key constant text := case
    when p_pr_branch not like 'fixloop/task-%' then private.task_repository_key(p_task_id) end;
begin
  if not pg_try_advisory_xact_lock(hashtextextended(concat_ws(' ', v_key, v_branch), 20261129)) then
    return false;
  end if;
  -- nearly every claim
  if p_pr_branch is null and not exists (
    select from public.tasks as t where t.status = 'running' and t.pr_branch = v_branch
  ) then
    return true;
  end if;
  return not private.is_branch_taken(p_task_id, p_user_id, p_run_after, v_branch, v_key);
end;
$$;
comment on function private.reserve_branch is
  'Whether no worker holds another task on this task''s branch; if so, no other transaction can take one '
  'until this one ends.';

-- 40_agents/30_queue/28_task_limits.sql
-- How many tasks of a user and of a project may run at the same time.
--
-- What counts is what workers hold: open attempts. Where a user or project has a limit, the user's claims are
-- serialized, since none of them sees what another one has not committed; a claim that would have to wait
-- takes another user's task instead. Of an account that is banned or deleted no task starts.

create view private.user_capacity with (security_invoker = true) as
select
  u.id as user_id, coalesce(u.max_running_tasks, s.running_tasks_per_user) as max_running_tasks,
  coalesce(
    (select count(*) from public.task_attempts as a where a.user_id = u.id and a.outcome is null)
      >= coalesce(u.max_running_tasks, s.running_tasks_per_user), false
  ) or not private.is_active_account(u.id) as is_full
from public.users as u
cross join public.agent_settings as s
where s.id;
comment on view private.user_capacity is
  'How many tasks of each user may run at the same time, null for any number, and whether no more may start: '
  'that many run, or the account is banned or deleted.';

create view private.project_capacity with (security_invoker = true) as
select
  p.id as project_id, least(p.max_running_tasks, s.running_tasks_per_project) as max_running_tasks,
  coalesce(
    (
      select count(*) from public.task_attempts as a
      where a.user_id = p.user_id and a.project_id = p.id and a.outcome is null
    ) >= least(p.max_running_tasks, s.running_tasks_per_project), false
  ) as is_full
from public.projects as p
cross join public.agent_settings as s
where s.id;
comment on view private.project_capacity is
  'How many tasks of each project may run at the same time, null for any number, and whether that many do.';

create or replace function private.task_capacity(
  p_user_id uuid, p_project_id bigint, out is_limited boolean, out is_user_full boolean,
  out is_project_full boolean
)
language plpgsql volatile security invoker set search_path = '' as $$
begin
  select coalesce(u.max_running_tasks, p.max_running_tasks) is not null, u.is_full, coalesce(p.is_full, false)
  into is_limited, is_user_full, is_project_full
  from private.user_capacity as u
  left join private.project_capacity as p on p.project_id = p_project_id
  where u.user_id = p_user_id;
end;
$$;
comment on function private.task_capacity is
  'Whether a user or a project has a limit, and which of the two has reached it, as far as it is committed.';

create or replace function private.try_lock_user_claims(p_user_id uuid) returns boolean
language plpgsql volatile security invoker set search_path = '' as $$
begin
  return pg_try_advisory_xact_lock(hashtextextended(p_user_id::text, 20261121));
end;
$$;
comment on function private.try_lock_user_claims is
  'Locks a user''s claims until the transaction ends; false where another transaction has locked them.';

create or replace function private.lock_user_claims(p_user_id uuid) returns void
language plpgsql volatile security invoker set search_path = '' as $$
begin
  perform pg_advisory_xact_lock(hashtextextended(p_user_id::text, 20261121));
end;
$$;
comment on function private.lock_user_claims is
  'As private.try_lock_user_claims, but waits. Only for a transaction that has locked no user''s claims: two '
  'that wait for each other are a deadlock.';

-- Looks before it locks, so that the claims of users who are full stay unlocked, and again under the lock,
-- since only then does it see what the claim before it has committed.
create or replace function private.reserve_slot(
  p_user_id uuid, p_project_id bigint, out is_free boolean, out is_user_full boolean,
  out is_project_full boolean, out is_user_busy boolean, out has_user_lock boolean
)
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_capacity record := private.task_capacity(p_user_id, p_project_id);
begin
  is_user_busy := false;
  has_user_lock := false;
  if v_capacity.is_limited and not v_capacity.is_user_full and not v_capacity.is_project_full then
    has_user_lock := private.try_lock_user_claims(p_user_id);
    is_user_busy := not has_user_lock;
    if has_user_lock then
      v_capacity := private.task_capacity(p_user_id, p_project_id);
    end if;
  end if;
  is_user_full := v_capacity.is_user_full;
  is_project_full := v_capacity.is_project_full and not is_user_full;
  is_free := not (is_user_full or is_project_full or is_user_busy);
end;
$$;
comment on function private.reserve_slot is
  'Whether one more task of a user and a project may start, and if not, why: the user or the project is '
  'full, or another transaction has locked the user''s claims. A free slot of a user or project with a limit '
  'stays free until the transaction ends: has_user_lock.';

-- 40_agents/30_queue/30_ready_tasks.sql
-- Which tasks can be claimed now, and in which order: greater priority first, then the earliest run_after,
-- then the lowest id.
--
-- Nothing here reads through tasks that can't be claimed: there may be any number of them that are scheduled
-- for later, for another agent, or of a user at the limit. So the lists are loose index scans, which
-- PostgreSQL's planner does not make by itself: each step asks an index for the next distinct value after the
-- last one, instead of for the next row. (https://wiki.postgresql.org/wiki/Loose_indexscan)

create index tasks_ready_idx on public.tasks (agent, priority desc, run_after, id) where status = 'pending';

create or replace function private.first_ready_tasks(p_agents text[]) returns setof private.ready_task
language plpgsql stable security invoker set search_path = '' as $$
begin
  return query
    with recursive level as (
      select a.agent, (
        select t.priority from public.tasks as t
        where t.status = 'pending' and t.agent = a.agent
        order by t.priority desc, t.run_after, t.id limit 1
      ) as priority
      from unnest(p_agents) as a (agent)
      union all
      select l.agent, (
        select t.priority from public.tasks as t
        where t.status = 'pending' and t.agent = l.agent and t.priority < l.priority
        order by t.priority desc, t.run_after, t.id limit 1
      )
      from level as l
      where l.priority is not null
    )
    select r.*
    from level as l
    cross join lateral (
      select t.id, t.user_id, t.project_id, t.agent, t.priority, t.run_after from public.tasks as t
      where t.status = 'pending' and t.agent = l.agent and t.priority = l.priority
        and t.run_after <= clock_timestamp()
      order by t.run_after, t.id limit 32
    ) as r
    order by r.priority desc, r.run_after, r.id;
end;
$$;
comment on function private.first_ready_tasks is
  'The first 32 ready tasks of each agent and priority, in the order of claims.';

-- A few users are enough to choose from. They begin at a random id, so that all users are served alike.
create or replace function private.ready_tasks_of_some_users(p_agents text[])
returns setof private.ready_task
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_start constant uuid := gen_random_uuid();
begin
  return query
    select r.*
    from (
      select w.agent, w.user_id
      from private.waiting_users(p_agents, v_start, 'ffffffff-ffff-ffff-ffff-ffffffffffff', 8) as w
      union
      select w.agent, w.user_id
      from private.waiting_users(p_agents, '00000000-0000-0000-0000-000000000000', v_start, 8) as w
    ) as u
    cross join lateral private.first_of_lanes(u.agent, u.user_id, 200) as r
    order by r.priority desc, r.run_after, r.id;
end;
$$;
comment on function private.ready_tasks_of_some_users is
  'The first ready tasks of 8 to 16 users with a free slot, in the order of claims.';

create or replace function private.ready_tasks_of_all_users(p_agents text[])
returns setof private.ready_task
language plpgsql stable security invoker set search_path = '' as $$
begin
  return query
    select r.*
    from private.waiting_users(
      p_agents, '00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff', null
    ) as u
    cross join lateral private.first_of_lanes(u.agent, u.user_id, 200) as r
    order by r.priority desc, r.run_after, r.id;
end;
$$;
comment on function private.ready_tasks_of_all_users is
  'The first ready tasks of all users with a free slot, in the order of claims.';

-- For a worker of this user alone, so nobody else's claim waits while all of the user's lanes are read.
create or replace function private.ready_tasks_of_user(p_agents text[], p_user_id uuid)
returns setof private.ready_task
language plpgsql stable security invoker set search_path = '' as $$
begin
  return query
    select r.*
    from private.waiting_users(p_agents, p_user_id, p_user_id, null) as u
    cross join lateral private.first_of_lanes(u.agent, u.user_id, null) as r
    order by r.priority desc, r.run_after, r.id;
end;
$$;
comment on function private.ready_tasks_of_user is
  'The first ready tasks of one user, if they have a free slot, in the order of claims.';

-- 40_agents/30_queue/32_ready_lanes.sql
-- Tasks wait in lanes: one for each agent, user and project. A lane whose user or project has reached its
-- limit is skipped in one step, however many tasks are in it.

-- A lane is ordered as claims are. Its rank is the priority with the sign changed, so that one row comparison
-- finds what comes after a task: in its lane, and then in the next one.
create index tasks_lanes_idx on public.tasks
  (agent, user_id, (coalesce(project_id, 0)), (-priority), run_after, id)
  where status = 'pending';

create or replace function private.waiting_users(p_agents text[], p_from uuid, p_to uuid, p_limit integer)
returns table (agent text, user_id uuid)
language plpgsql stable security invoker set search_path = '' as $$
begin
  return query
    with recursive owner as (
      select a.agent, (
        select t.user_id from public.tasks as t
        where t.status = 'pending' and t.agent = a.agent and t.user_id >= p_from and t.user_id <= p_to
        order by t.user_id, coalesce(t.project_id, 0), -t.priority, t.run_after, t.id limit 1
      ) as user_id
      from unnest(p_agents) as a (agent)
      union all
      select o.agent, (
        select t.user_id from public.tasks as t
        where t.status = 'pending' and t.agent = o.agent and t.user_id > o.user_id and t.user_id <= p_to
        order by t.user_id, coalesce(t.project_id, 0), -t.priority, t.run_after, t.id limit 1
      )
      from owner as o
      where o.user_id is not null
    )
    select o.agent, o.user_id
    from (select w.* from owner as w where w.user_id is not null limit p_limit) as o
    join private.user_capacity as c on c.user_id = o.user_id
    where not c.is_full;
end;
$$;
comment on function private.waiting_users is
  'Users from one id to another who have pending tasks of an agent and a free slot; of the first p_limit '
  'users with pending tasks or, for null, of all.';

create or replace function private.first_of_lanes(p_agent text, p_user_id uuid, p_steps integer)
returns setof private.ready_task
language plpgsql stable security invoker set search_path = '' as $$
declare
  -- the position in the index: after all tasks of this project, or after those of this rank
  v_project_id bigint := -9223372036854775808;
  v_rank integer := 101;
  v_task record;
begin
  for v_step in 1..coalesce(p_steps, 2147483646) loop
    select t.id, t.project_id, coalesce(t.project_id, 0) as lane, t.priority, t.run_after,
      t.run_after <= clock_timestamp() as is_ready, exists (
        select from private.project_capacity as c where c.project_id = t.project_id and c.is_full
      ) as is_full
    into v_task
    from public.tasks as t
    where t.status = 'pending' and t.agent = p_agent and t.user_id = p_user_id
      and (coalesce(t.project_id, 0), -t.priority) > (v_project_id, v_rank)
    order by coalesce(t.project_id, 0), -t.priority, t.run_after, t.id limit 1;
    exit when not found;
    v_project_id := v_task.lane;
    v_rank := case when v_task.is_full or v_task.is_ready then 101 else -v_task.priority end;
    if v_task.is_ready and not v_task.is_full then
      return next row(
        v_task.id, p_user_id, v_task.project_id, p_agent, v_task.priority, v_task.run_after
      )::private.ready_task;
    end if;
  end loop;
end;
$$;
comment on function private.first_of_lanes is
  'The first ready task of each of a user''s lanes whose project has a free slot. A lane whose tasks are all '
  'scheduled for later takes one step for each priority; null p_steps: as many as it takes.';

-- 40_agents/30_queue/34_open_attempt.sql
-- The task starts, and its worker gets the lease.

-- The tasks' triggers on updates cost each task twice what they check: the functions of the queue run without
-- them, check the status themselves, under the task's lock, and write its times. No client of the API can set
-- a setting.
create or replace function private.set_queue_writes(p_is_on boolean) returns void
language plpgsql volatile security invoker set search_path = '' as $$
begin
  perform set_config('app.task_queue', case when p_is_on then 'on' else 'off' end, true);
end;
$$;
comment on function private.set_queue_writes is
  'Switches the triggers that check the status of a task and set its times off (true) and on again (false), '
  'for updates in this transaction.';

create or replace function private.open_attempt(
  p_ctid tid, p_worker text, p_lease interval, p_worker_token_id uuid, p_claim_key uuid
) returns public.task_attempts
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_now constant timestamptz := clock_timestamp();
  v_attempt public.task_attempts;
begin
  perform private.set_queue_writes(true);
  with started as (
    update public.tasks as t
    set status = 'running', attempts_count = t.attempts_count + 1, started_at = v_now, updated_at = v_now
    where t.ctid = p_ctid
    returning t.id, t.user_id, t.project_id, t.attempts_count, t.agent
  )
  insert into public.task_attempts as a (
    task_id, user_id, project_id, attempt, worker, agent, worker_token_id, claim_key, claimed_at,
    heartbeat_at, lease_expires_at
  )
  select s.id, s.user_id, s.project_id, s.attempts_count, p_worker, s.agent, p_worker_token_id, p_claim_key,
    v_now, v_now, v_now + p_lease
  from started as s
  returning a.* into v_attempt;
  perform private.set_queue_writes(false);
  if exists (select from public.task_pull_requests as l where l.task_id = v_attempt.task_id) then
    perform private.mark_held_task_weeks(v_attempt.task_id);
  end if;
  return v_attempt;
end;
$$;
comment on function private.open_attempt is
  'Starts the locked, pending task at this ctid, and opens its attempt.';

-- 40_agents/30_queue/40_end_attempt.sql
-- How an attempt ends: completed, failed, released, cancelled or expired.
--
-- Locks, here and wherever an attempt ends: the task, then its attempt.

create or replace function private.raise_lost_lease() returns void
language plpgsql volatile security invoker set search_path = '' as $$
begin
  raise exception using
    errcode = 'PT409', message = 'agents_task_lease_expired',
    detail = 'This fencing token no longer holds the task: its lease ran out, or the attempt was ended.',
    hint = 'Stop the agent and claim another task.';
end;
$$;
comment on function private.raise_lost_lease is 'Errors: agents_task_lease_expired (409), always.';

-- A call that is repeated, because its answer was lost, gets the same answer and writes nothing.
create or replace function private.load_ended_attempt(
  p_task_id bigint, p_fencing_token bigint, p_worker_token_id uuid, p_outcome text
) returns public.task_attempts
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_attempt public.task_attempts;
begin
  select a.* into v_attempt from public.task_attempts as a
  where a.task_id = p_task_id and a.fencing_token = p_fencing_token and a.outcome = p_outcome
    and (p_worker_token_id is null or a.worker_token_id = p_worker_token_id);
  if not found then
    perform private.raise_lost_lease();
  end if;
  return v_attempt;
end;
$$;
comment on function private.load_ended_attempt is
  'The attempt, if it has ended with this outcome and is the caller''s. Errors: '
  'agents_task_lease_expired (409).';

create or replace function private.end_attempt(
  p_task_id bigint, p_fencing_token bigint, p_worker_token_id uuid, p_outcome text, p_error text,
  p_error_kind text, p_is_retryable boolean
) returns public.task_attempts
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_attempt public.task_attempts;
begin
  perform from public.tasks as t where t.id = p_task_id for no key update;
  update public.task_attempts as a
  set ended_at = clock_timestamp(), outcome = p_outcome, error = p_error, error_kind = p_error_kind,
    is_retryable = p_is_retryable
  where a.task_id = p_task_id and a.fencing_token = p_fencing_token and a.ended_at is null
    and a.lease_expires_at > clock_timestamp()
    and (p_worker_token_id is null or a.worker_token_id = p_worker_token_id)
    -- a server may give back the task of a banned user, and may not complete it
    and (p_outcome <> 'completed' or private.is_active_account(a.user_id))
  returning a.* into v_attempt;
  return v_attempt;
end;
$$;
comment on function private.end_attempt is
  'Locks the task and ends the attempt of a worker whose lease holds; null for any other, and for one that '
  'would complete a task whose user is banned or deleted.';

-- 40_agents/30_queue/42_complete_task.sql
-- A worker has completed its task.

create or replace function private.complete_task(
  p_task_id bigint, p_fencing_token bigint, p_commit_hash text, p_git_diff text, p_git_patch text,
  p_changed_files jsonb, p_pr_branch text, p_pr_number integer, p_pr_url text, p_message text,
  p_execution_metadata jsonb, p_worker_token text
) returns jsonb
language plpgsql volatile security definer set search_path = '' set enable_seqscan = 'off' as $$
declare
  v_scope constant record := private.authorize_worker(p_worker_token);
  v_attempt public.task_attempts := private.end_attempt(
    p_task_id, p_fencing_token, v_scope.token_id, 'completed', null, null, null
  );
begin
  if v_attempt.ended_at is null then
    v_attempt := private.load_ended_attempt(p_task_id, p_fencing_token, v_scope.token_id, 'completed');
  else
    perform private.set_queue_writes(true);
    update public.tasks as t
    set status = 'completed', completed_at = v_attempt.ended_at, updated_at = clock_timestamp(),
      error = null, error_kind = null, commit_hash = coalesce(p_commit_hash, t.commit_hash),
      git_diff = coalesce(p_git_diff, t.git_diff), git_patch = coalesce(p_git_patch, t.git_patch),
      changed_files = coalesce(p_changed_files, t.changed_files),
      pr_branch = coalesce(p_pr_branch, t.pr_branch), pr_number = coalesce(p_pr_number, t.pr_number),
      pr_url = coalesce(p_pr_url, t.pr_url),
      execution_metadata = case when p_execution_metadata is null then t.execution_metadata
        else t.execution_metadata || p_execution_metadata end
    where t.id = p_task_id;
    perform private.set_queue_writes(false);
    if p_message is not null then
      perform private.append_task_message(p_task_id, 'assistant', p_message, null);
    end if;
    perform private.check_stored_bytes(v_attempt.user_id);
    -- A server is trusted with what it writes, and so is its token for everybody, which only servers create;
    -- a user's own worker is trusted no more than its user, also when a server sends its token.
    if num_nonnulls(p_pr_branch, p_pr_number, p_pr_url) > 0 and v_scope.user_id is null then
      perform private.verify_task_pull_requests(p_task_id);
    end if;
  end if;
  return jsonb_build_object(
    'task_id', p_task_id, 'status', 'completed'::text, 'completed_at', v_attempt.ended_at
  );
end;
$$;
grant execute on function private.complete_task to anon, authenticated, service_role;

create or replace function public.complete_task(
  task_id bigint, fencing_token bigint, commit_hash text default null, git_diff text default null,
  git_patch text default null, changed_files jsonb default null, pr_branch text default null,
  pr_number integer default null, pr_url text default null, message text default null,
  execution_metadata jsonb default null, worker_token text default null
) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.complete_task(
    complete_task.task_id, complete_task.fencing_token, complete_task.commit_hash, complete_task.git_diff,
    complete_task.git_patch, complete_task.changed_files, complete_task.pr_branch, complete_task.pr_number,
    complete_task.pr_url, complete_task.message, complete_task.execution_metadata, complete_task.worker_token
  );
end;
comment on function public.complete_task is
  'Completes a task that the worker holds, with its result: null leaves a column as it is, '
  'execution_metadata is merged into the existing value, the message is appended to the conversation. '
  'Returns {task_id, status, completed_at}; repeated with the same fencing_token, the same. Errors: '
  'agents_worker_token_required, agents_worker_token_invalid (401), agents_task_lease_expired, '
  'agents_stored_bytes_limit_reached (409), agents_task_result_too_large (413), agents_task_value_invalid, '
  'agents_task_message_invalid (422).';
grant execute on function public.complete_task to anon, authenticated, service_role;

-- 40_agents/30_queue/44_fail_task.sql
-- A worker reports that its attempt failed.

create or replace function private.fail_task(
  p_task_id bigint, p_fencing_token bigint, p_error text, p_is_retryable boolean, p_error_kind text,
  p_message text, p_execution_metadata jsonb, p_worker_token text
) returns jsonb
language plpgsql volatile security definer set search_path = '' set enable_seqscan = 'off' as $$
declare
  v_scope constant record := private.authorize_worker(p_worker_token);
  v_attempt public.task_attempts;
  v_task public.tasks;
begin
  if private.non_blank(p_error) is null or p_is_retryable is null then
    perform private.raise_worker_input_invalid(
      'error is a text that is not blank, and retryable is true or false.'
    );
  end if;
  v_attempt := private.end_attempt(
    p_task_id, p_fencing_token, v_scope.token_id, 'failed', left(p_error, 10000), p_error_kind, p_is_retryable
  );
  if v_attempt.ended_at is null then
    v_attempt := private.load_ended_attempt(p_task_id, p_fencing_token, v_scope.token_id, 'failed');
  else
    if p_message is not null then
      perform private.append_task_message(p_task_id, 'assistant', p_message, null);
    end if;
    if p_execution_metadata is not null then
      update public.tasks as t set execution_metadata = t.execution_metadata || p_execution_metadata
      where t.id = p_task_id;
    end if;
    -- before the error is stored: a task can always be failed
    perform private.check_stored_bytes(v_attempt.user_id);
    v_attempt.error := p_error;
    perform private.retry_or_fail_tasks(array[v_attempt]);
  end if;
  select t.* into v_task from public.tasks as t where t.id = p_task_id;
  return jsonb_build_object(
    'task_id', v_task.id, 'status', v_task.status, 'run_after', v_task.run_after,
    'attempts_left', greatest(v_task.max_attempts - v_task.attempts_count, 0)
  );
end;
$$;
grant execute on function private.fail_task to anon, authenticated, service_role;

create or replace function public.fail_task(
  task_id bigint, fencing_token bigint, error text, retryable boolean default true,
  error_kind text default null, message text default null, execution_metadata jsonb default null,
  worker_token text default null
) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.fail_task(
    fail_task.task_id, fail_task.fencing_token, fail_task.error, fail_task.retryable, fail_task.error_kind,
    fail_task.message, fail_task.execution_metadata, fail_task.worker_token
  );
end;
comment on function public.fail_task is
  'Ends the worker''s attempt with an error. After a retryable one the task is pending again, to be claimed '
  'from run_after on, until max_attempts are used up; otherwise the task has failed. Returns {task_id, '
  'status, run_after, attempts_left}. Errors: agents_worker_token_required, '
  'agents_worker_token_invalid (401), agents_task_lease_expired, agents_stored_bytes_limit_reached (409), '
  'agents_task_result_too_large (413), agents_task_value_invalid, agents_task_message_invalid, '
  'agents_worker_input_invalid (422).';
grant execute on function public.fail_task to anon, authenticated, service_role;

-- 40_agents/30_queue/46_retry_tasks.sql
-- Tasks whose attempt failed or expired: another attempt later, or the end.

create or replace function private.retry_or_fail_tasks(p_attempts public.task_attempts[]) returns integer
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_now constant timestamptz := clock_timestamp();
  v_retry_base constant interval := (
    select make_interval(secs => s.retry_seconds) from public.agent_settings as s where s.id
  );
  v_count integer;
begin
  perform private.set_queue_writes(true);
  with next as (
    select t.id, a.error, a.error_kind,
      coalesce(a.is_retryable, true) and t.attempts_count < t.max_attempts as is_retried
    from unnest(p_attempts) as a join public.tasks as t on t.id = a.task_id
  )
  update public.tasks as t
  set status = case when n.is_retried then 'pending' else 'failed' end::public.task_status,
    started_at = case when not n.is_retried then t.started_at end,
    completed_at = case when not n.is_retried then greatest(v_now, t.started_at) end,
    run_after = case when n.is_retried
      then v_now + private.backoff(t.attempts_count, v_retry_base, interval '1 hour') else t.run_after end,
    error = n.error, error_kind = n.error_kind, updated_at = v_now
  from next as n
  where t.id = n.id;
  get diagnostics v_count = row_count;
  perform private.set_queue_writes(false);
  return v_count;
end;
$$;
comment on function private.retry_or_fail_tasks is
  'Sets tasks whose attempts have ended without success to pending again, or to failed where the error is '
  'not retryable or the attempts are used up. Returns how many. Errors: agents_task_value_invalid (422).';

-- 40_agents/30_queue/48_release_task.sql
-- A worker gives its task back: it was not started, or something outside of it has to pass first.

-- Twice in a row immediately, then later each time: claims and releases in turns would otherwise have no end.
create or replace function private.delay_after_releases(p_task_id bigint) returns interval
language plpgsql volatile security definer set search_path = '' set enable_seqscan = 'off' as $$
declare
  v_count integer;
begin
  select count(*)::integer into v_count from public.task_attempts as a
  where a.task_id = p_task_id and a.fencing_token > coalesce((
    select max(o.fencing_token) from public.task_attempts as o
    where o.task_id = p_task_id and o.outcome is distinct from 'released'
  ), 0);
  if v_count < 3 then
    return null;
  end if;
  perform private.trim_task_attempts(p_task_id);
  return private.backoff(
    v_count - 2, (select make_interval(secs => s.retry_seconds) from public.agent_settings as s where s.id),
    interval '1 hour'
  );
end;
$$;
comment on function private.delay_after_releases is
  'How long a task waits that was released the third time in a row, or more often; else null. Deletes the '
  'oldest attempts of such a task.';

create or replace function private.release_task(
  p_task_id bigint, p_fencing_token bigint, p_retry_after_seconds integer, p_reason text,
  p_worker_token text
) returns jsonb
language plpgsql volatile security definer set search_path = '' set enable_seqscan = 'off' as $$
declare
  v_scope constant record := private.authorize_worker(p_worker_token);
  v_reason constant text := private.non_blank(p_reason);
  v_attempt public.task_attempts;
  v_run_after timestamptz;
begin
  if (coalesce(p_retry_after_seconds, 0) between 0 and 604800) is not true then
    perform private.raise_worker_input_invalid('retry_after_seconds is from 0 to 604800, a week.');
  end if;
  v_attempt := private.end_attempt(
    p_task_id, p_fencing_token, v_scope.token_id, 'released', left(v_reason, 10000), null, null
  );
  if v_attempt.ended_at is null then
    v_attempt := private.load_ended_attempt(p_task_id, p_fencing_token, v_scope.token_id, 'released');
    select t.run_after into v_run_after from public.tasks as t where t.id = p_task_id;
  else
    perform private.set_queue_writes(true);
    -- without a delay in its old position
    update public.tasks as t
    set status = 'pending', started_at = null, attempts_count = greatest(t.attempts_count - 1, 0),
      run_after = greatest(
        t.run_after, clock_timestamp() + private.delay_after_releases(p_task_id),
        case when p_retry_after_seconds > 0
          then clock_timestamp() + make_interval(secs => p_retry_after_seconds) end
      ),
      error = coalesce(v_reason, t.error), updated_at = clock_timestamp()
    where t.id = p_task_id
    returning t.run_after into v_run_after;
    perform private.set_queue_writes(false);
  end if;
  return jsonb_build_object('task_id', p_task_id, 'status', 'pending'::text) || case
    when p_retry_after_seconds > 0 then jsonb_build_object('run_after', v_run_after) else '{}' end;
end;
$$;
grant execute on function private.release_task to anon, authenticated, service_role;

create or replace function public.release_task(
  task_id bigint, fencing_token bigint, retry_after_seconds integer default null, reason text default null,
  worker_token text default null
) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.release_task(
    release_task.task_id, release_task.fencing_token, release_task.retry_after_seconds,
    release_task.reason, release_task.worker_token
  );
end;
comment on function public.release_task is
  'Gives a task back, and the attempt does not count: it is pending again, claimed from retry_after_seconds '
  'on (up to a week) or, left out, immediately and in its old position. From the third release in a row on '
  'it waits at least as after a failed attempt. The reason, what has to pass first, is stored as its error. '
  'Returns {task_id, status} and, after a delay that was asked for, run_after. Errors: '
  'agents_worker_token_required, agents_worker_token_invalid (401), agents_task_lease_expired (409), '
  'agents_task_result_too_large (413), agents_worker_input_invalid (422).';
grant execute on function public.release_task to anon, authenticated, service_role;

-- 40_agents/30_queue/50_heartbeat_task.sql
-- A worker renews its lease, and learns whether the task was cancelled.

create or replace function private.heartbeat_task(
  p_task_id bigint, p_fencing_token bigint, p_lease_seconds integer, p_message text, p_target_branch text,
  p_execution_metadata jsonb, p_worker_token text
) returns jsonb
language plpgsql volatile security definer set search_path = '' set enable_seqscan = 'off' as $$
declare
  v_scope constant record := private.authorize_worker(p_worker_token);
  v_lease constant interval := private.check_lease_seconds(p_lease_seconds);
  v_now timestamptz;
  v_lease_expires_at timestamptz;
  v_state text := 'running';
begin
  -- With none of the three the attempt alone is locked, and its new row version stays on the page (HOT).
  if num_nonnulls(p_message, p_target_branch, p_execution_metadata) > 0 then
    perform from public.tasks as t where t.id = p_task_id for no key update;
  end if;
  v_now := clock_timestamp();
  update public.task_attempts as a set heartbeat_at = v_now, lease_expires_at = v_now + v_lease
  where a.task_id = p_task_id and a.fencing_token = p_fencing_token
    and a.ended_at is null and a.lease_expires_at > clock_timestamp()
    and (v_scope.token_id is null or a.worker_token_id = v_scope.token_id)
    and private.is_active_account(a.user_id)
  returning a.lease_expires_at into v_lease_expires_at;
  if not found then
    perform private.load_ended_attempt(p_task_id, p_fencing_token, v_scope.token_id, 'cancelled');
    v_state := 'cancelled';
  else
    if p_target_branch is not null then
      update public.tasks as t set target_branch = p_target_branch
      where t.id = p_task_id and t.target_branch is null;
    end if;
    if p_execution_metadata is not null then
      update public.tasks as t set execution_metadata = t.execution_metadata || p_execution_metadata
      where t.id = p_task_id;
    end if;
    if p_message is not null then
      perform private.append_task_message(p_task_id, 'assistant', p_message, null);
    end if;
    if num_nonnulls(p_message, p_execution_metadata) > 0 then
      perform private.check_stored_bytes((
        select t.user_id from public.tasks as t where t.id = p_task_id
      ));
    end if;
  end if;
  return jsonb_build_object(
    'state', v_state, 'lease_expires_at', v_lease_expires_at, 'cancel_requested', v_state = 'cancelled'
  );
end;
$$;
grant execute on function private.heartbeat_task to anon, authenticated, service_role;

create or replace function public.heartbeat_task(
  task_id bigint, fencing_token bigint, lease_seconds integer default 300, message text default null,
  target_branch text default null, execution_metadata jsonb default null, worker_token text default null
) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.heartbeat_task(
    heartbeat_task.task_id, heartbeat_task.fencing_token, heartbeat_task.lease_seconds,
    heartbeat_task.message, heartbeat_task.target_branch, heartbeat_task.execution_metadata,
    heartbeat_task.worker_token
  );
end;
comment on function public.heartbeat_task is
  'Renews the lease to lease_seconds from now, and appends the message, if any, to the conversation. '
  'target_branch, the repository''s default branch, is stored where the task names none; execution_metadata '
  'is merged into the existing value. Returns {state, lease_expires_at, cancel_requested}: running, or '
  'cancelled when the user cancelled the task, and then the worker stops. The lease of a task whose user is '
  'banned or deleted is not renewed. Errors: agents_worker_token_required, '
  'agents_worker_token_invalid (401), agents_task_lease_expired, agents_stored_bytes_limit_reached (409), '
  'agents_task_result_too_large (413), agents_task_message_invalid, agents_task_value_invalid, '
  'agents_worker_input_invalid (422).';
grant execute on function public.heartbeat_task to anon, authenticated, service_role;

-- 40_agents/30_queue/52_cancel_task.sql
-- The user cancels a task, whatever its worker does.

create or replace function private.cancel_task(p_task_id bigint) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_status public.task_status;
begin
  select t.status into v_status from public.tasks as t
  where t.id = p_task_id and (t.user_id = auth.uid() or private.is_trusted_caller())
  for no key update;
  if not found then
    raise exception using
      errcode = 'PT404', message = 'agents_task_unknown',
      detail = 'The task does not exist or is not yours.', hint = 'Use the id of one of your tasks.';
  end if;
  if v_status in ('completed', 'failed') then
    raise exception using
      errcode = 'PT409', message = 'agents_task_status_conflict',
      detail = format('Task %s is %s.', p_task_id, v_status), hint = 'There is nothing left to cancel.';
  end if;
  if v_status <> 'cancelled' then
    update public.task_attempts as a set ended_at = clock_timestamp(), outcome = 'cancelled'
    where a.task_id = p_task_id and a.ended_at is null;
    perform private.set_queue_writes(true);
    update public.tasks as t
    set status = 'cancelled', completed_at = greatest(clock_timestamp(), t.started_at),
      updated_at = clock_timestamp()
    where t.id = p_task_id;
    perform private.set_queue_writes(false);
  end if;
  return jsonb_build_object('task_id', p_task_id, 'status', 'cancelled'::text);
end;
$$;
grant execute on function private.cancel_task to authenticated, service_role;

create or replace function public.cancel_task(task_id bigint) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.cancel_task(cancel_task.task_id);
end;
comment on function public.cancel_task is
  'Cancels the caller''s task, pending or running, immediately; a worker that holds it can write nothing '
  'more and learns it with its next heartbeat. Returns {task_id, status}; repeated, the same. Servers '
  'cancel any task. Errors: agents_task_unknown (404), agents_task_status_conflict (409).';
grant execute on function public.cancel_task to authenticated, service_role;

-- 40_agents/30_queue/60_reclaim_expired_tasks.sql
-- Tasks whose worker was not heard from before its lease ran out go back to the queue.

-- A heartbeat that comes first moves the lease forward, and the attempt has not expired any more when its row
-- is locked; one that comes later finds that it has ended. Tasks that another transaction has locked wait for
-- the next run.
create or replace function private.reclaim_expired_tasks() returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_attempts public.task_attempts[];
  v_count integer := 0;
begin
  for v_batch in 1..20 loop
    with expired as (
      select t.id, a.fencing_token
      from public.task_attempts as a join public.tasks as t on t.id = a.task_id
      where a.ended_at is null and a.lease_expires_at <= clock_timestamp()
      order by t.id
      limit 500
      for no key update of t skip locked
    ),
    ended as (
      update public.task_attempts as a
      set ended_at = clock_timestamp(), outcome = 'expired', error_kind = 'lease_expired',
        error = format('The worker %s sent no heartbeat before its lease ran out.', a.worker)
      from expired as e
      where a.task_id = e.id and a.fencing_token = e.fencing_token and a.ended_at is null
        and a.lease_expires_at <= clock_timestamp()
      returning a.*
    )
    select array_agg(row(e.*)::public.task_attempts) into v_attempts from ended as e;
    exit when v_attempts is null;
    v_count := v_count + private.retry_or_fail_tasks(v_attempts);
    exit when cardinality(v_attempts) < 500;
  end loop;
  return v_count;
end;
$$;
comment on function private.reclaim_expired_tasks is
  'Ends attempts whose lease ran out, up to 10,000 in one run, and sets their tasks to pending again or, '
  'after max_attempts, to failed with error_kind lease_expired. Returns how many. For the scheduler.';

-- 40_agents/30_queue/62_prune_task_attempts.sql
-- The history of attempts has an end.

create or replace function private.trim_task_attempts(p_task_id bigint) returns void
language plpgsql volatile security definer set search_path = '' set enable_seqscan = 'off' as $$
declare
  v_limit constant integer := (select s.attempts_per_task from public.agent_settings as s where s.id);
begin
  delete from public.task_attempts as a
  where a.task_id = p_task_id and a.ended_at is not null and a.fencing_token <= (
    select o.fencing_token from public.task_attempts as o where o.task_id = p_task_id
    order by o.fencing_token desc offset v_limit limit 1
  );
end;
$$;
comment on function private.trim_task_attempts is
  'Deletes the oldest attempts of a task, up to agent_settings.attempts_per_task.';

-- The last attempt of each agent stays with the task: the figures over everybody's tasks are of those that a
-- worker held.
create or replace function private.prune_task_attempts(p_batch integer default 100000) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_count integer;
begin
  delete from public.task_attempts as a
  where a.ctid = any (array(
    select o.ctid from public.task_attempts as o
    where o.ended_at < now() - make_interval(
        days => (select s.attempt_retention_days from public.agent_settings as s where s.id)
      )
      and exists (
        select from public.task_attempts as l
        where l.task_id = o.task_id and l.fencing_token > o.fencing_token and l.agent = o.agent
      )
    limit p_batch
    for update skip locked
  ));
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function private.prune_task_attempts is
  'Deletes up to p_batch attempts that ended more than attempt_retention_days ago, except the last of each '
  'task and agent, and returns how many. For the scheduler.';

create or replace function private.prune_worker_tokens() returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_count integer;
begin
  delete from public.worker_tokens as w
  where least(w.revoked_at, w.expires_at) < now() - make_interval(
    days => (select s.attempt_retention_days from public.agent_settings as s where s.id)
  );
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function private.prune_worker_tokens is
  'Deletes worker tokens that ended more than attempt_retention_days ago, and returns how many. '
  'For the scheduler.';

-- 40_agents/30_queue/70_task_github_token.sql
-- The GitHub token that a worker of ours pushes with: the token of the task's user, while it holds the task.

create or replace function private.task_github_token(p_task_id bigint, p_fencing_token bigint)
returns table (id uuid, user_id uuid, kind text, sealed text, metadata jsonb)
language plpgsql stable security definer set search_path = '' as $$
declare
  v_user_id uuid;
begin
  select a.user_id into v_user_id from public.task_attempts as a
  where a.task_id = p_task_id and a.fencing_token = p_fencing_token
    and a.ended_at is null and a.lease_expires_at > clock_timestamp();
  if not found then
    raise exception using
      errcode = 'PT409', message = 'agents_task_lease_expired',
      detail = 'No open lease of the task has this fencing token.',
      hint = 'Stop the agent and claim another task.';
  end if;
  return query
  select s.id, s.user_id, s.kind, s.sealed, s.metadata from private.secrets as s
  where s.user_id = v_user_id and s.kind = 'github_token' and private.is_person_account(v_user_id);
  if not found then
    raise exception using
      errcode = 'PT404', message = 'agents_github_token_unknown',
      detail = 'The task''s user has not set a GitHub token, or is banned.',
      hint = 'Fail the task as not retryable; its user sets one with the edge function github-token.';
  end if;
end;
$$;
grant execute on function private.task_github_token to service_role;

create or replace function public.task_github_token(task_id bigint, fencing_token bigint)
returns table (id uuid, user_id uuid, kind text, sealed text, metadata jsonb)
language sql stable security invoker set search_path = ''
begin atomic
  select s.id, s.user_id, s.kind, s.sealed, s.metadata
  from private.task_github_token(task_github_token.task_id, task_github_token.fencing_token) as s;
end;
comment on function public.task_github_token is
  'The GitHub token, sealed, of the user whose task is held with this fencing token. Called by the edge '
  'function github-token, which opens it. Service role only. Errors: agents_github_token_unknown '
  '(404), agents_task_lease_expired (409).';
grant execute on function public.task_github_token to service_role;

-- 40_agents/40_github/03_github_urls.sql
-- Repositories and pull requests in URLs.

-- Any other host is another service, whatever its paths look like.
create or replace function private.is_github_host(p_host text) returns boolean
language plpgsql stable security definer set search_path = '' as $$
declare
  v_host constant text := regexp_replace(lower(p_host), '^(www|ssh)\.|\.?(:[0-9]+)?$', '', 'g');
begin
  return v_host = 'github.com' or v_host = (select s.github_host from public.agent_settings as s where s.id);
end;
$$;
comment on function private.is_github_host is
  'Whether a host, with or without its port, is GitHub''s: github.com, or agent_settings.github_host.';

create or replace function private.is_repository_name(p_owner text, p_name text) returns boolean
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return coalesce(
    p_owner ~ '^[A-Za-z0-9][A-Za-z0-9_-]*$' and p_name ~ '^[A-Za-z0-9._-]+$' and p_name !~* '^\.{1,2}$|\.git$'
    and char_length(p_owner) <= 100 and char_length(p_name) <= 100, false
  );
end;
$$;
comment on function private.is_repository_name is
  'Whether these are an owner and a name as GitHub has them: ASCII letters, digits, - and _, and dots in a '
  'name that is not . or .. and does not end with .git';

-- https://host/owner/name(.git), ssh://git@host/owner/name, git@host:owner/name.
create or replace function private.parse_repository_url(p_url text, out o_owner text, out o_name text)
language plpgsql stable security invoker set search_path = '' as $$
declare
  v_parts text[];
begin
  -- The common form is only split at its slashes: capturing costs ten times as much.
  if p_url ~ '^https://github\.com/[A-Za-z0-9_-]+/[A-Za-z0-9._-]+$' then
    v_parts := (string_to_array(p_url, '/'))[3:];
  else
    v_parts := regexp_match(
      p_url,
      '^\s*(?:(?:https?|ssh|git|git\+ssh|ssh\+git)://)?(?:[^@/\s]+@)?([^@/:\s]+(?::[0-9]+)?)(?:/|:/?)'
        '([\w-]+)/([\w.-]+)/*\s*$'
    );
    if v_parts is null or not private.is_github_host(v_parts[1]) then
      return;
    end if;
  end if;
  v_parts[3] := regexp_replace(v_parts[3], '\.git$', '', 'i');
  if private.is_repository_name(v_parts[2], v_parts[3]) then
    o_owner := lower(v_parts[2]);
    o_name := lower(v_parts[3]);
  end if;
end;
$$;
comment on function private.parse_repository_url is
  'Owner and name in the URL of a repository at GitHub, in lower case; nulls where it is not such a URL.';

create or replace function private.parse_pull_request_url(
  p_url text, out o_owner text, out o_name text, out o_number integer
)
language plpgsql stable security invoker set search_path = '' as $$
declare
  v_parts text[];
begin
  if p_url ~ '^https://github\.com/[A-Za-z0-9_-]+/[A-Za-z0-9._-]+/pull/[1-9][0-9]*$' then
    v_parts := (string_to_array(p_url, '/'))[3:5] || split_part(p_url, '/', 7);
  else
    v_parts := regexp_match(
      p_url, '^\s*https?://([^@/\s]+)/([\w-]+)/([\w.-]+)/pull/0*([1-9][0-9]*)(?:[/?#]\S*)?\s*$'
    );
    if v_parts is null or not private.is_github_host(v_parts[1]) then
      return;
    end if;
  end if;
  if private.is_repository_name(v_parts[2], v_parts[3]) and char_length(v_parts[4]) <= 9 then
    o_owner := lower(v_parts[2]);
    o_name := lower(v_parts[3]);
    o_number := v_parts[4]::integer;
  end if;
end;
$$;
comment on function private.parse_pull_request_url is
  'Repository and number in a pull request''s URL at GitHub, https://host/owner/name/pull/number; nulls '
  'where it is not such a URL.';

-- The rest of the URL stays as its user wrote it.
create or replace function private.rename_repository_url(p_url text, p_owner text, p_name text) returns text
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return regexp_replace(
    p_url, '[^/:\s]+/[^/:\s]+?((?:\.git)?/?\s*)$', p_owner || '/' || p_name || '\1', 'i'
  );
end;
$$;
comment on function private.rename_repository_url is
  'The URL of a repository with another owner and name.';

-- 40_agents/40_github/05_github_repositories.sql
-- The repositories at GitHub that projects and tasks have named.
--
-- A repository is GitHub's numeric id: it may be renamed or transferred, its owner may be renamed, and its
-- name may be taken by another one. Until GitHub has reported the id, it is what a project or task has named.

-- Small, and looked up before a delivery writes anything: most deliveries of a busy organisation are about
-- repositories that no project and no task here names.
create table private.github_repositories (
  id bigint not null generated always as identity,
  github_id bigint,
  repo_owner text not null,
  repo_name text not null,
  is_current boolean not null default true,
  named_at timestamptz,
  created_at timestamptz not null default now(),
  constraint github_repositories_pkey primary key (id),
  constraint github_repositories_name_is_lower_case
    check (repo_owner = lower(repo_owner) and repo_name = lower(repo_name)),
  constraint github_repositories_unreported_ones_are_current check (is_current or github_id is not null)
);
comment on table private.github_repositories is
  'The repositories that projects and tasks have named, by GitHub''s id where it is known.';
comment on column private.github_repositories.github_id is
  'GitHub''s numeric id; null until GitHub has reported the repository.';
comment on column private.github_repositories.repo_owner is 'Its owner, as last reported, in lower case.';
comment on column private.github_repositories.is_current is
  'Whether its name leads to it; false where another repository has taken the name.';
comment on column private.github_repositories.named_at is
  'When it had this name, by GitHub''s clock: an earlier report does not rename it back.';
-- Partial, and so no key that a foreign key could name: setting it waits for nobody who names the repository.
create unique index github_repositories_github_id_key on private.github_repositories (github_id)
  where github_id is not null;
create unique index github_repositories_name_key on private.github_repositories (repo_owner, repo_name)
  where is_current;
alter table private.github_repositories enable row level security;

create or replace function private.find_repository(p_owner text, p_name text) returns bigint
language plpgsql stable security definer set search_path = '' set enable_seqscan = 'off' as $$
begin
  return (
    select r.id from private.github_repositories as r
    where r.repo_owner = p_owner and r.repo_name = p_name and r.is_current
  );
end;
$$;
comment on function private.find_repository is
  'The repository of this name, given in lower case; null for none.';

create or replace function private.ensure_repository(p_owner text, p_name text) returns bigint
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_id bigint := private.find_repository(p_owner, p_name);
begin
  if v_id is null and p_owner is not null and p_name is not null then
    insert into private.github_repositories (repo_owner, repo_name) values (p_owner, p_name)
    on conflict (repo_owner, repo_name) where is_current do nothing
    returning id into v_id;
    v_id := coalesce(v_id, private.find_repository(p_owner, p_name));
  end if;
  return v_id;
end;
$$;
comment on function private.ensure_repository is
  'The repository of this name, given in lower case; inserts it if there is none. Null for nulls.';

create or replace function private.register_task_repository() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.ensure_repository(r.o_owner, r.o_name)
  from private.parse_repository_url(new.repo_url) as r;
  return null;
end;
$$;
comment on function private.register_task_repository is 'After-row trigger of tasks.';
create trigger _520_register_repository after insert on public.tasks
  for each row when (new.repo_url is not null) execute function private.register_task_repository();
create trigger _530_register_repository after update on public.tasks
  for each row when (old.repo_url is distinct from new.repo_url)
  execute function private.register_task_repository();

create table private.project_repositories (
  project_id bigint not null,
  repository_id bigint not null,
  next_attempt_at timestamptz default now(),
  attempts_count integer not null default 0,
  constraint project_repositories_pkey primary key (project_id),
  constraint project_repositories_project_id_fkey
    foreign key (project_id) references public.projects (id) on delete cascade,
  constraint project_repositories_repository_id_fkey
    foreign key (repository_id) references private.github_repositories (id) on delete cascade
);
comment on table private.project_repositories is
  'The repository of each project at GitHub: what its repo_url led to when it was written.';
comment on column private.project_repositories.next_attempt_at is
  'When the sweep asks GitHub for the id of the repository, or for its name by its id; null for not.';
comment on column private.project_repositories.attempts_count is
  'How many times in a row GitHub has not shown it to the token of the project''s user.';
create index project_repositories_next_attempt_at_idx on private.project_repositories (next_attempt_at)
  where next_attempt_at is not null;
create index project_repositories_repository_id_idx on private.project_repositories (repository_id);
alter table private.project_repositories enable row level security;

create or replace function private.sync_project_repository() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_id constant bigint := (
    select private.ensure_repository(r.o_owner, r.o_name)
    from private.parse_repository_url(new.repo_url) as r
  );
begin
  delete from private.project_repositories as l where l.project_id = new.id;
  if v_id is not null then
    insert into private.project_repositories (project_id, repository_id, next_attempt_at)
    select new.id, r.id, case when r.github_id is null then now() end
    from private.github_repositories as r where r.id = v_id;
  end if;
  return null;
end;
$$;
comment on function private.sync_project_repository is
  'After-row trigger of a project''s repo_url: the repository that it leads to.';
create trigger _520_sync_project_repository after insert on public.projects
  for each row execute function private.sync_project_repository();
-- What moves a project along with its repository has set the link itself.
create trigger _530_sync_project_repository after update of repo_url on public.projects
  for each row when (
    old.repo_url is distinct from new.repo_url
    and current_setting('app.moving_repository', true) is distinct from 'on'
  )
  execute function private.sync_project_repository();

create or replace function private.is_known_repository(p_github_id bigint, p_owner text, p_name text)
returns boolean
language plpgsql stable security definer set search_path = '' as $$
begin
  return private.find_repository(p_owner, p_name) is not null
    or exists (select from private.github_repositories as r where r.github_id = p_github_id);
end;
$$;
comment on function private.is_known_repository is
  'Whether a project or a task has named this repository, by GitHub''s id or a name in lower case.';

-- 40_agents/40_github/07_sync_repository.sql
-- What GitHub reports about a repository: its id and its name at that time.

-- Two rows turn out to be one: what a task had named, and what GitHub has reported under another name.
create or replace function private.merge_repositories(p_from bigint, p_into bigint) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.link_pull_request(
    l.task_id, l.user_id, i.id, l.source, l.verified_by is not distinct from 'worker'
  )
  from public.pull_requests as f
  join public.pull_requests as i on i.repository_id = p_into and i.number = f.number
  join public.task_pull_requests as l on l.pull_request_id = f.id
  where f.repository_id = p_from;
  perform private.move_closing_links(p_from, p_into);
  delete from public.pull_requests as f
  using public.pull_requests as i
  where f.repository_id = p_from and i.repository_id = p_into and i.number = f.number;
  update public.pull_requests as p set
    repository_id = r.id, repo_owner = r.repo_owner, repo_name = r.repo_name
  from private.github_repositories as r
  where p.repository_id = p_from and r.id = p_into;
  update private.task_github_refs as t set repository_id = p_into where t.repository_id = p_from;
  update private.project_repositories as l set repository_id = p_into where l.repository_id = p_from;
  perform private.move_loop_repository(p_from, p_into);
  delete from private.github_repositories as r where r.id = p_from;
end;
$$;
comment on function private.merge_repositories is
  'Moves what belongs to one row of a repository to the other, and deletes the one. A pull request of both '
  'keeps one row.';

-- A pending task clones where its project is: the old address leads to whoever takes the name next.
create or replace function private.move_projects(p_repository_id bigint, p_owner text, p_name text)
returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform set_config('app.moving_repository', 'on', true);
  -- as the queue does: nobody's word for a pull request becomes a server's because of this
  perform private.set_queue_writes(true);
  with moved as (
    select p.id, p.user_id, p.repo_url as old_url,
      private.rename_repository_url(p.repo_url, p_owner, p_name) as new_url
    from private.project_repositories as l join public.projects as p on p.id = l.project_id
    where l.repository_id = p_repository_id
  ), renamed as (
    update public.projects as p set
      repo_url = case when exists (
        select from public.projects as o
        where o.user_id = m.user_id and o.repo_url = m.new_url and o.id <> m.id
      ) then p.repo_url else m.new_url end,
      repo_owner = p_owner, repo_name = p_name
    from moved as m
    where p.id = m.id and not private.has_url_credentials(m.new_url)
    returning p.id, m.old_url, m.new_url
  )
  update public.tasks as t set repo_url = r.new_url, updated_at = clock_timestamp()
  from renamed as r
  where t.project_id = r.id and t.status = 'pending' and t.repo_url = r.old_url;
  perform private.set_queue_writes(false);
  perform set_config('app.moving_repository', 'off', true);
end;
$$;
comment on function private.move_projects is
  'Gives the projects of a repository, and their pending tasks, its new owner and name.';

-- Pending tasks that name the repository themselves, in whatever spelling.
create or replace function private.move_waiting_tasks(
  p_old_owner text, p_old_name text, p_owner text, p_name text
) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.set_queue_writes(true);
  update public.tasks as t set
    repo_url = private.rename_repository_url(t.repo_url, p_owner, p_name), updated_at = clock_timestamp()
  where t.status = 'pending' and t.repo_url ilike '%' || p_old_owner || '/' || p_old_name || '%'
    and exists (
      select from private.parse_repository_url(t.repo_url) as r
      where r.o_owner = p_old_owner and r.o_name = p_old_name
    );
  perform private.set_queue_writes(false);
end;
$$;
comment on function private.move_waiting_tasks is
  'Gives the pending tasks of a repository, whose name led to it until now, its new owner and name.';

-- An answer of the API wins over whatever was delivered, as with pull requests.
create or replace function private.rename_repository(
  p_id bigint, p_owner text, p_name text, p_at timestamptz, p_is_answer boolean
) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_old private.github_repositories;
  v_other private.github_repositories;
  v_is_current boolean;
begin
  select * into v_old from private.github_repositories as r where r.id = p_id;
  if p_at < v_old.named_at and not p_is_answer then
    return;
  end if;
  select * into v_other from private.github_repositories as r
  where r.repo_owner = lower(p_owner) and r.repo_name = lower(p_name) and r.is_current and r.id <> p_id;
  if v_other.id is not null and v_other.github_id is null then
    perform private.merge_repositories(v_other.id, p_id);
  end if;
  v_is_current := p_is_answer or v_other.github_id is null or v_other.named_at <= p_at;
  if v_is_current then
    update private.github_repositories as r set is_current = false where r.id = v_other.id;
    -- what is left behind is asked for by its id, and tells its new name
    update private.pull_request_checks as c set next_attempt_at = now()
    where c.pull_request_id = (
      select p.id from public.pull_requests as p where p.repository_id = v_other.id
      order by p.number desc limit 1
    );
    update private.project_repositories as l set next_attempt_at = now() where l.repository_id = v_other.id;
  end if;
  update private.github_repositories as r set
    repo_owner = lower(p_owner), repo_name = lower(p_name), is_current = v_is_current, named_at = p_at
  where r.id = p_id;
  if (v_old.repo_owner, v_old.repo_name) is distinct from (lower(p_owner), lower(p_name)) then
    update public.pull_requests as p set repo_owner = lower(p_owner), repo_name = lower(p_name)
    where p.repository_id = p_id;
    perform private.move_projects(p_id, p_owner, p_name);
    if v_old.is_current and v_old.repo_owner is not null then
      perform private.move_waiting_tasks(v_old.repo_owner, v_old.repo_name, p_owner, p_name);
    end if;
  end if;
end;
$$;
comment on function private.rename_repository is
  'Sets the name that a repository had at p_at, unless it got another one later: its projects and pull '
  'requests move along, and whoever had the name before has it no more.';

create or replace function private.sync_repository(
  p_github_id bigint, p_owner text, p_name text, p_at timestamptz, p_is_answer boolean, p_asked_id bigint
) returns bigint
language plpgsql volatile security definer set search_path = '' set enable_seqscan = 'off' as $$
declare
  v_id bigint;
  v_named_id bigint;
begin
  if not private.is_repository_name(p_owner, p_name) then
    raise exception using
      errcode = 'PT422', message = 'agents_github_payload_invalid',
      detail = 'The repository has no valid name.',
      hint = 'Send the payload as GitHub does.';
  end if;
  v_named_id := private.find_repository(lower(p_owner), lower(p_name));
  if p_github_id is null then
    return coalesce(p_asked_id, v_named_id, private.ensure_repository(lower(p_owner), lower(p_name)));
  end if;
  v_id := (select r.id from private.github_repositories as r where r.github_id = p_github_id);
  if v_id = v_named_id and (p_asked_id is null or p_asked_id = v_id) then
    return v_id;
  end if;
  -- What follows is rare, and done one after the other.
  perform pg_advisory_xact_lock(hashtextextended('private.sync_repository', 0));
  v_id := (select r.id from private.github_repositories as r where r.github_id = p_github_id);
  if v_id is null then
    update private.github_repositories as r set github_id = p_github_id
    where r.id = coalesce(p_asked_id, private.find_repository(lower(p_owner), lower(p_name)))
      and r.github_id is null
    returning r.id into v_id;
  end if;
  if v_id is null then
    insert into private.github_repositories (github_id, repo_owner, repo_name, is_current)
    values (p_github_id, lower(p_owner), lower(p_name), false)
    returning id into v_id;
  end if;
  -- It was asked for by a name that leads here: what had this name is the same repository.
  if p_asked_id <> v_id and exists (
    select from private.github_repositories as r where r.id = p_asked_id and r.github_id is null
  ) then
    perform private.merge_repositories(p_asked_id, v_id);
  end if;
  perform private.rename_repository(v_id, p_owner, p_name, p_at, p_is_answer);
  return v_id;
end;
$$;
comment on function private.sync_repository is
  'The row of a repository as GitHub reported it at p_at, in an answer of its API or a delivery; p_asked_id: '
  'the one that was asked for, or had the name before. Errors: agents_github_payload_invalid (422).';

-- 40_agents/40_github/10_pull_requests.sql
-- Pull requests as GitHub has them: from its webhook and its API, and those that tasks name.

create table public.pull_requests (
  id bigint not null generated by default as identity,
  repository_id bigint not null,
  repo_owner text not null,
  repo_name text not null,
  number integer not null,
  state text not null default 'open',
  is_draft boolean not null default false,
  merged_at timestamptz,
  closed_at timestamptz,
  merge_commit_sha text,
  head_ref text,
  head_sha text,
  is_from_fork boolean not null default false,
  base_ref text,
  title text,
  html_url text,
  author_login text,
  is_private boolean,
  opened_at timestamptz,
  provider_updated_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint pull_requests_pkey primary key (id),
  constraint pull_requests_repository_id_number_key unique (repository_id, number),
  constraint pull_requests_repository_id_fkey
    foreign key (repository_id) references private.github_repositories (id) on delete restrict,
  constraint pull_requests_repository_is_lower_case
    check (repo_owner = lower(repo_owner) and repo_name = lower(repo_name)),
  constraint pull_requests_number_is_positive check (number > 0),
  constraint pull_requests_state_is_known check (state in ('open', 'closed')),
  constraint pull_requests_merged_is_closed check (merged_at is null or state = 'closed'),
  constraint pull_requests_merge_commit_is_of_a_merge
    check (merge_commit_sha is null or merged_at is not null)
);
comment on table public.pull_requests is
  'Pull requests of the repositories that projects and tasks name, updated by GitHub''s webhook and by the '
  'sweep. Users see those to which a verified link leads from a task of theirs. Nobody writes here '
  'over the API.';
comment on column public.pull_requests.repository_id is
  'The repository, which stays the same when it is renamed or transferred. Not GitHub''s id.';
comment on column public.pull_requests.repo_owner is
  'The owner of the repository, as last reported, in lower case.';
comment on column public.pull_requests.repo_name is
  'The name of the repository, as last reported, in lower case.';
comment on column public.pull_requests.state is
  'open or closed; closed with merged_at is merged. Also open while only a task has named it.';
comment on column public.pull_requests.merge_commit_sha is
  'The commit that merged it; null while it is not merged.';
comment on column public.pull_requests.is_from_fork is
  'Whether its branch is in another repository, or in a deleted one.';
comment on column public.pull_requests.is_private is
  'Whether its repository is private; null while GitHub has not reported it.';
comment on column public.pull_requests.opened_at is 'When it was opened, by GitHub''s clock.';
comment on column public.pull_requests.provider_updated_at is
  'The version that the row holds, in whole seconds of GitHub''s clock; null while only a task has named it.';

-- For the pull requests of a branch, when a task names it.
create index pull_requests_head_ref_idx on public.pull_requests (repository_id, head_ref);

-- For private.prune_pull_requests.
create index pull_requests_updated_at_idx on public.pull_requests (updated_at);

create or replace function private.set_pull_request_repository() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  new.repository_id := private.ensure_repository(new.repo_owner, new.repo_name);
  return new;
end;
$$;
comment on function private.set_pull_request_repository is
  'Before-insert trigger of a pull request that is inserted by name.';
create trigger _200_set_repository before insert on public.pull_requests
  for each row when (new.repository_id is null) execute function private.set_pull_request_repository();
create trigger _900_set_timestamps before insert or update on public.pull_requests
  for each row execute function private.set_timestamps();

-- Apart from the table, so that what the sweep writes every 15 minutes does not change pull requests.
create table private.pull_request_checks (
  pull_request_id bigint not null,
  etag text,
  read_at timestamptz,
  delivered_at timestamptz,
  checked_at timestamptz,
  next_attempt_at timestamptz,
  attempts_count integer not null default 0,
  constraint pull_request_checks_pkey primary key (pull_request_id),
  constraint pull_request_checks_pull_request_id_fkey
    foreign key (pull_request_id) references public.pull_requests (id) on delete cascade,
  constraint pull_request_checks_attempts_count_is_not_negative check (attempts_count >= 0)
);
comment on table private.pull_request_checks is
  'When the sweep asked GitHub about each pull request, and when it asks again; one row per pull request.';
comment on column private.pull_request_checks.etag is
  'The ETag of the answer that the row of the pull request holds; null once a delivery has changed it.';
comment on column private.pull_request_checks.read_at is
  'When the version that the row holds was requested; null where it came in a delivery.';
comment on column private.pull_request_checks.delivered_at is
  'The latest updated_at of a delivery that the row has held, by GitHub''s clock.';
comment on column private.pull_request_checks.next_attempt_at is
  'When the sweep asks again; null when there is nothing more to ask. Moved ten minutes ahead while a '
  'sweep has it.';
comment on column private.pull_request_checks.attempts_count is
  'How many times in a row no user''s token found it.';

create index pull_request_checks_next_attempt_at_idx on private.pull_request_checks (next_attempt_at)
  where next_attempt_at is not null;

alter table public.pull_requests enable row level security;
alter table private.pull_request_checks enable row level security;
grant select on public.pull_requests to authenticated, service_role;

-- 40_agents/40_github/20_task_pull_requests.sql
-- Which pull requests belong to which tasks, and which users may therefore see them.

create table public.task_pull_requests (
  task_id bigint not null,
  pull_request_id bigint not null,
  user_id uuid not null,
  source text not null,
  verified_at timestamptz,
  verified_by text,
  verified_until timestamptz,
  verify_after timestamptz,
  verify_failures_count integer not null default 0,
  opened_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint task_pull_requests_pkey primary key (task_id, pull_request_id),
  constraint task_pull_requests_task_id_fkey
    foreign key (task_id) references public.tasks (id) on delete cascade,
  constraint task_pull_requests_pull_request_id_fkey
    foreign key (pull_request_id) references public.pull_requests (id) on delete cascade,
  constraint task_pull_requests_source_is_known check (source in ('worker', 'owner', 'branch')),
  constraint task_pull_requests_verified_by_is_known check (verified_by in ('worker', 'token', 'public')),
  constraint task_pull_requests_verified_by_matches_verified_at
    check ((verified_by is null) = (verified_at is null)),
  constraint task_pull_requests_verified_until_is_of_a_token
    check ((verified_until is not null) = (verified_by is not distinct from 'token')),
  constraint task_pull_requests_verify_after_is_of_a_token
    check (verify_after is null or verified_at is null or verified_by = 'token'),
  constraint task_pull_requests_verify_failures_count_is_not_negative check (verify_failures_count >= 0)
);
comment on table public.task_pull_requests is
  'The pull requests of tasks. Created by the database when a task names a pull request, or when one is '
  'opened from the branch that a task names. Only a verified link shows the pull request.';
-- A copy of the task's, deleted with the task: it needs no foreign key.
comment on column public.task_pull_requests.user_id is 'The task''s user.';
comment on column public.task_pull_requests.source is
  'Where the link comes from. worker: a trusted worker or a server named the pull request. owner: the '
  'task''s user or a worker of theirs did. branch: it was opened from the task''s pr_branch.';
comment on column public.task_pull_requests.verified_by is
  'Why the user may see it. worker: a trusted worker completed the task with it. token: the user''s own '
  'GitHub token can read it. public: its repository is public.';
comment on column public.task_pull_requests.verified_until is
  'Until when a link that is verified by token shows the pull request: two days after the token was last '
  'seen to read its repository. Null of the others.';
comment on column public.task_pull_requests.verify_after is
  'When the sweep next tries to read it with the user''s token: daily when it is verified by token, '
  'null when otherwise.';
comment on column public.task_pull_requests.opened_at is
  'The pull request''s, set by the database. Lists of the newest order by it.';

create index task_pull_requests_pull_request_id_idx on public.task_pull_requests (pull_request_id);
-- For a user's newest, and for the ids of those that a user may see, without reading the table.
create index task_pull_requests_user_id_opened_at_idx
  on public.task_pull_requests (user_id, opened_at desc)
  include (pull_request_id, verified_at, verified_until);
create index task_pull_requests_verify_after_idx on public.task_pull_requests (verify_after)
  where verify_after is not null;
create index task_pull_requests_verified_until_idx on public.task_pull_requests (verified_until)
  where verified_until is not null;

create or replace function private.set_link_opened_at() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  -- Locked, so that it can't change before the link is visible to private.sync_link_opened_at.
  new.opened_at := (
    select p.opened_at from public.pull_requests as p where p.id = new.pull_request_id for share
  );
  return new;
end;
$$;
comment on function private.set_link_opened_at is
  'Before-insert trigger: copies opened_at from the pull request.';

create or replace function private.sync_link_opened_at() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  update public.task_pull_requests as l set opened_at = new.opened_at where l.pull_request_id = new.id;
  return null;
end;
$$;
comment on function private.sync_link_opened_at is
  'After-row trigger of pull requests: copies a changed opened_at to the links.';

create trigger _200_set_link_opened_at before insert on public.task_pull_requests
  for each row execute function private.set_link_opened_at();
create trigger _200_sync_link_opened_at after update on public.pull_requests
  for each row when (old.opened_at is distinct from new.opened_at)
  execute function private.sync_link_opened_at();
create trigger _900_set_timestamps before insert or update on public.task_pull_requests
  for each row execute function private.set_timestamps();

-- In plpgsql, since policies call it: a function of language sql is planned again in each statement.
create or replace function private.my_pull_request_ids() returns setof bigint
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
    select l.pull_request_id from public.task_pull_requests as l
    where l.user_id = auth.uid() and l.verified_at is not null
      and (l.verified_until is null or l.verified_until > now());
end;
$$;
comment on function private.my_pull_request_ids is
  'The pull requests to which verified links lead from the caller''s tasks. In policies: id = '
  'any (array(select private.my_pull_request_ids())).';
grant execute on function private.my_pull_request_ids to authenticated, service_role;

alter table public.task_pull_requests enable row level security;
-- Whether a branch has a pull request is itself visible only to users who may see that pull request.
create policy task_pull_requests_select_owner on public.task_pull_requests
  for select to authenticated
  using (
    user_id = (select auth.uid()) and (
      source <> 'branch' or verified_at is not null and (verified_until is null or verified_until > now())
    )
  );
grant select on public.task_pull_requests to authenticated, service_role;

create policy pull_requests_select_owner on public.pull_requests
  for select to authenticated using (id = any (array(select private.my_pull_request_ids())));

-- 40_agents/40_github/24_list_pull_requests.sql
-- Lists the newest pull requests of the caller's tasks.
--
-- Row security compares each pull request with all those that the caller may see, so a query of the table
-- reads as many as there are. This function reads the links in the order of their index, and the pull
-- requests of one page.

create or replace function private.list_pull_requests(
  p_before timestamptz, p_before_id bigint, p_max_results integer
) returns setof public.pull_requests
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
begin
  return query
  select p.*
  from (
    -- several tasks may have the same one
    select distinct l.opened_at, l.pull_request_id
    from public.task_pull_requests as l
    where l.user_id = auth.uid() and l.verified_at is not null
      and (l.verified_until is null or l.verified_until > now())
      and (
        p_before is null
        or l.opened_at <= p_before and (l.opened_at < p_before or l.pull_request_id < p_before_id)
      )
    order by l.opened_at desc, l.pull_request_id desc
    limit least(greatest(coalesce(p_max_results, 50), 0), 1000)
  ) as n
  join public.pull_requests as p on p.id = n.pull_request_id
  order by n.opened_at desc, n.pull_request_id desc;
end;
$$;
grant execute on function private.list_pull_requests to authenticated, service_role;

create or replace function public.list_pull_requests(
  before timestamptz default null, before_id bigint default null, max_results integer default 50
) returns setof public.pull_requests
language sql stable security invoker set search_path = ''
begin atomic
  select p.*
  from private.list_pull_requests(
    list_pull_requests.before, list_pull_requests.before_id, list_pull_requests.max_results
  ) as p;
end;
comment on function public.list_pull_requests is
  'The pull requests that the caller may see, the newest first, up to max_results (1000 at most). For the '
  'next page, pass opened_at and id of the last one as before and before_id: several may have been opened in '
  'the same second.';
grant execute on function public.list_pull_requests to authenticated, service_role;

-- 40_agents/40_github/32_task_github_refs.sql
-- The repository, pull request and branch that each task names.

-- Apart from the tasks: there, each index more would cost every claim.
create table private.task_github_refs (
  task_id bigint not null,
  user_id uuid not null,
  repository_id bigint not null,
  repo_owner text not null,
  repo_name text not null,
  number integer,
  head_ref text,
  number_named_in xid8 not null,
  head_named_in xid8 not null,
  is_number_confirmed boolean not null default false,
  is_head_confirmed boolean not null default false,
  next_attempt_at timestamptz,
  attempts_count integer not null default 0,
  is_linked boolean not null default true,
  constraint task_github_refs_pkey primary key (task_id),
  constraint task_github_refs_task_id_fkey
    foreign key (task_id) references public.tasks (id) on delete cascade,
  constraint task_github_refs_repository_id_fkey
    foreign key (repository_id) references private.github_repositories (id) on delete restrict,
  constraint task_github_refs_number_or_head_ref_is_named check (number is not null or head_ref is not null),
  constraint task_github_refs_attempts_count_is_not_negative check (attempts_count >= 0)
);
comment on table private.task_github_refs is
  'The repository, pull request and branch that a task names, in lower case where GitHub ignores it.';
comment on column private.task_github_refs.repository_id is
  'What the name led to when the task named it.';
comment on column private.task_github_refs.number_named_in is
  'The transaction that last changed the pull request: a trusted worker confirms only what it wrote itself.';
comment on column private.task_github_refs.head_named_in is 'The transaction that last changed the branch.';
comment on column private.task_github_refs.is_number_confirmed is
  'Whether a trusted worker or a server named the pull request; reset by every change by somebody else.';
comment on column private.task_github_refs.is_head_confirmed is 'The same of the branch.';
comment on column private.task_github_refs.next_attempt_at is
  'When the sweep looks for a pull request of the branch; null when the task names one, or '
  'after thirteen attempts.';
comment on column private.task_github_refs.attempts_count is 'How many times the sweep has looked for one.';

comment on column private.task_github_refs.is_linked is
  'False where private.link_waiting_tasks has yet to link the task.';

create index task_github_refs_head_ref_idx on private.task_github_refs (repository_id, head_ref);
create index task_github_refs_next_attempt_at_idx on private.task_github_refs (next_attempt_at)
  where next_attempt_at is not null;
create index task_github_refs_waiting_idx on private.task_github_refs (task_id) where not is_linked;
alter table private.task_github_refs enable row level security;

-- The project's repository is not part of the task: its user may change it while a worker holds the task.
create or replace function private.has_task_repository(p_task public.tasks) returns boolean
language plpgsql stable security invoker set search_path = '' as $$
begin
  return (private.parse_pull_request_url(p_task.pr_url)).o_owner is not null
    or (private.parse_repository_url(p_task.repo_url)).o_owner is not null;
end;
$$;
comment on function private.has_task_repository is
  'Whether the task itself, and not only its project, names the repository, so that it may be confirmed.';

-- A URL contains the repository; a number alone is in the task's own. A branch is looked up in the task's own
-- repository, so not together with a pull request in another one.
create or replace function private.load_github_ref(p_task public.tasks) returns private.task_github_refs
language plpgsql stable security definer set search_path = '' as $$
declare
  v private.task_github_refs;
  v_owner text;
  v_name text;
begin
  select r.o_owner, r.o_name, r.o_number into v.repo_owner, v.repo_name, v.number
  from private.parse_pull_request_url(p_task.pr_url) as r;
  select r.o_owner, r.o_name into v_owner, v_name from private.parse_repository_url(p_task.repo_url) as r;
  if p_task.repo_url is null then
    select r.o_owner, r.o_name into v_owner, v_name
    from public.projects as p cross join lateral private.parse_repository_url(p.repo_url) as r
    where p.id = p_task.project_id;
  end if;
  if v.number is null and p_task.pr_number > 0 then
    v.number := p_task.pr_number;
  end if;
  if v.repo_owner is null then
    v.repo_owner := v_owner;
    v.repo_name := v_name;
  end if;
  if v_owner is null and p_task.repo_url is null or (v_owner, v_name) = (v.repo_owner, v.repo_name) then
    v.head_ref := left(private.non_blank(p_task.pr_branch), 255);
  end if;
  if v.repo_owner is not null and (v.number is not null or v.head_ref is not null) then
    v.task_id := p_task.id;
    v.user_id := p_task.user_id;
  end if;
  return v;
end;
$$;
comment on function private.load_github_ref is
  'The repository, pull request and branch that a task names; task_id is null where it names none.';

-- A link locks the rows of its pull request until the transaction ends, and whatever GitHub delivers about it
-- waits for that. So a transaction links a few tasks, and leaves the rest to the job.
create or replace function private.may_link_now() returns boolean
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_count constant integer := coalesce(nullif(current_setting('app.linked_tasks', true), ''), '0')::integer;
begin
  if v_count >= 20 then
    return false;
  end if;
  perform set_config('app.linked_tasks', (v_count + 1)::text, true);
  return true;
end;
$$;
comment on function private.may_link_now is 'True for the first 20 tasks of a transaction.';

create or replace function private.upsert_github_ref(
  p_ref private.task_github_refs, p_is_confirmed boolean, p_is_new boolean
) returns private.task_github_refs
language plpgsql volatile security definer set search_path = '' set enable_seqscan = 'off' as $$
declare
  v private.task_github_refs := p_ref;
  v_old private.task_github_refs;
begin
  if not p_is_new then
    delete from private.task_github_refs as r where r.task_id = p_ref.task_id returning * into v_old;
  end if;
  v.number_named_in := pg_current_xact_id();
  v.head_named_in := pg_current_xact_id();
  v.is_number_confirmed := p_is_confirmed;
  v.is_head_confirmed := p_is_confirmed;
  -- the same words mean what they meant: the name may lead to another repository by now
  v.repository_id := case
    when (v_old.repo_owner, v_old.repo_name) = (v.repo_owner, v.repo_name) then v_old.repository_id
    else private.ensure_repository(v.repo_owner, v.repo_name) end;
  if (v_old.repository_id, v_old.user_id) = (v.repository_id, v.user_id) then
    if v_old.number is not distinct from v.number then
      v.number_named_in := v_old.number_named_in;
      v.is_number_confirmed := v_old.is_number_confirmed;
    end if;
    if v_old.head_ref is not distinct from v.head_ref then
      v.head_named_in := v_old.head_named_in;
      v.is_head_confirmed := v_old.is_head_confirmed;
    end if;
  end if;
  v.next_attempt_at := case when v.number is null then now() end;
  v.attempts_count := 0;
  insert into private.task_github_refs select v.*;
  return v;
end;
$$;
comment on function private.upsert_github_ref is
  'Stores what a task names now, with the confirmation of what has changed. p_is_new: the task has '
  'no row yet.';

-- 40_agents/40_github/34_link_pull_requests.sql
-- Links tasks to the pull requests that they name, and to those that come from their branch.

-- Tasks share the lock, so that transactions that write many tasks neither wait for each other nor end in a
-- deadlock; and there are 1024 keys, however many branches one transaction names.
create or replace function private.lock_github_head(
  p_repository_id bigint, p_head_ref text, p_is_of_task boolean
) returns void
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_key constant integer := hashtext(concat_ws('/', p_repository_id, p_head_ref)) & 1023;
begin
  if p_head_ref is null then
    return;
  end if;
  if p_is_of_task then
    perform pg_advisory_xact_lock_shared(hashtext('private.lock_github_head'), v_key);
  else
    perform pg_advisory_xact_lock(hashtext('private.lock_github_head'), v_key);
  end if;
end;
$$;
comment on function private.lock_github_head is
  'Serializes tasks that name a branch and pull requests that come from it, so that the later one sees the '
  'other. Taken before the lock of the pull request''s row.';

-- Here and below without sequential scans: a plan that was made while the table was empty would read all of
-- it for each of the many rows that one statement may write.
create or replace function private.ensure_pull_request(p_repository_id bigint, p_number integer)
returns bigint
language plpgsql volatile security definer set search_path = '' set enable_seqscan = 'off' as $$
declare
  v_id bigint;
begin
  insert into public.pull_requests (repository_id, repo_owner, repo_name, number)
  select r.id, r.repo_owner, r.repo_name, p_number from private.github_repositories as r
  where r.id = p_repository_id
  on conflict on constraint pull_requests_repository_id_number_key do nothing
  returning id into v_id;
  if found then
    insert into private.pull_request_checks (pull_request_id, next_attempt_at) values (v_id, now());
    return v_id;
  end if;
  return (
    select p.id from public.pull_requests as p
    where p.repository_id = p_repository_id and p.number = p_number
  );
end;
$$;
comment on function private.ensure_pull_request is
  'The id of a pull request; inserts a row without a version if it does not exist.';

-- The row lock keeps a repository from becoming private between the check and the link.
create or replace function private.link_pull_request(
  p_task_id bigint, p_user_id uuid, p_pull_request_id bigint, p_source text, p_is_confirmed boolean
) returns void
language plpgsql volatile security definer set search_path = '' set enable_seqscan = 'off' as $$
declare
  v_is_private constant boolean := (
    select p.is_private from public.pull_requests as p where p.id = p_pull_request_id for share
  );
  v_verified_by constant text := case
    when p_is_confirmed then 'worker' when v_is_private is false then 'public' end;
begin
  insert into public.task_pull_requests as l (
    task_id, pull_request_id, user_id, source, verified_by, verified_at, verify_after
  )
  values (
    p_task_id, p_pull_request_id, p_user_id, p_source, v_verified_by,
    case when v_verified_by is not null then now() end, case when v_verified_by is null then now() end
  )
  on conflict on constraint task_pull_requests_pkey do update set
    source = case when excluded.source = 'branch' then l.source else excluded.source end,
    verified_by = coalesce(l.verified_by, excluded.verified_by),
    verified_at = coalesce(l.verified_at, excluded.verified_at),
    verify_after = case
      when l.verified_by = 'token' or coalesce(l.verified_at, excluded.verified_at) is null
        then l.verify_after end;
end;
$$;
comment on function private.link_pull_request is
  'Links a task to a pull request; verified if the repository is public or a trusted worker named it.';

-- Pull requests of the branch that were closed before the task was created belong to something else.
create or replace function private.link_task_branch(p_ref private.task_github_refs, p_created_at timestamptz)
returns void
language plpgsql volatile security definer set search_path = '' set enable_seqscan = 'off' as $$
begin
  perform private.link_pull_request(p_ref.task_id, p_ref.user_id, p.id, 'branch', p_ref.is_head_confirmed)
  from public.pull_requests as p
  where p.repository_id = p_ref.repository_id and p.head_ref = p_ref.head_ref
    and not p.is_from_fork and coalesce(p.closed_at, 'infinity') >= p_created_at
  order by p.id;
end;
$$;
comment on function private.link_task_branch is 'Links a task to the pull requests of its branch.';

create or replace function private.link_task(p_ref private.task_github_refs, p_created_at timestamptz)
returns void
language plpgsql volatile security definer set search_path = '' set enable_seqscan = 'off' as $$
begin
  if p_ref.number is not null then
    perform private.link_pull_request(
      p_ref.task_id, p_ref.user_id,
      private.ensure_pull_request(p_ref.repository_id, p_ref.number),
      case when p_ref.is_number_confirmed then 'worker' else 'owner' end, p_ref.is_number_confirmed
    );
  end if;
  if p_ref.head_ref is not null then
    perform private.link_task_branch(p_ref, p_created_at);
  end if;
end;
$$;
comment on function private.link_task is
  'Links a task to the pull request that it names, and to those of its branch, which the caller has locked.';

-- Links to what the task no longer names are deleted.
create or replace function private.link_task_pull_requests() returns trigger
language plpgsql volatile security definer set search_path = '' set enable_seqscan = 'off' as $$
declare
  v private.task_github_refs := private.load_github_ref(new);
begin
  if v.task_id is not null then
    v.is_linked := private.may_link_now();
  end if;
  if v.task_id is null then
    delete from private.task_github_refs as r where r.task_id = new.id;
  else
    -- What the queue writes is confirmed by complete_task, which has checked whose worker it is.
    v := private.upsert_github_ref(
      v, private.is_trusted_caller() and current_setting('app.task_queue', true) is distinct from 'on'
        and private.has_task_repository(new), tg_op = 'INSERT'
    );
    if v.is_linked then
      perform private.lock_github_head(v.repository_id, v.head_ref, true);
    end if;
  end if;
  if tg_op = 'UPDATE' then
    delete from public.task_pull_requests as l
    using public.pull_requests as p
    where l.task_id = new.id and p.id = l.pull_request_id and (
      l.user_id <> new.user_id
      or p.repository_id is distinct from v.repository_id
      or l.source = 'branch' and p.head_ref is distinct from v.head_ref
      or l.source <> 'branch' and p.number is distinct from v.number
    );
  end if;
  if v.task_id is not null and v.is_linked then
    perform private.link_task(v, new.created_at);
  end if;
  return null;
end;
$$;
comment on function private.link_task_pull_requests is
  'After-row trigger of tasks: syncs the links with the pull requests that the task names.';

create trigger _500_link_pull_requests after insert on public.tasks
  for each row when (new.pr_url is not null or new.pr_number is not null or new.pr_branch is not null)
  execute function private.link_task_pull_requests();
create trigger _510_link_pull_requests
  after update of pr_url, pr_number, pr_branch, repo_url, project_id, user_id on public.tasks
  for each row when (
    old.pr_url is distinct from new.pr_url or old.pr_number is distinct from new.pr_number
    or old.pr_branch is distinct from new.pr_branch or old.repo_url is distinct from new.repo_url
    or old.project_id is distinct from new.project_id or old.user_id is distinct from new.user_id
  )
  execute function private.link_task_pull_requests();

-- 40_agents/40_github/36_verify_links.sql
-- Which links show their pull request to the task's user.

-- Only what this transaction wrote: a worker that completes a task does not vouch for a pull request that the
-- task's user had named before.
create or replace function private.verify_task_pull_requests(p_task_id bigint) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_ref private.task_github_refs;
begin
  update private.task_github_refs as r set
    is_number_confirmed = r.is_number_confirmed or r.number_named_in = pg_current_xact_id(),
    is_head_confirmed = r.is_head_confirmed or r.head_named_in = pg_current_xact_id()
  where r.task_id = p_task_id
    and (select private.has_task_repository(t) from public.tasks as t where t.id = p_task_id)
  returning * into v_ref;
  if not found then
    return;
  end if;
  update public.task_pull_requests as l set
    verified_by = 'worker', verified_at = now(), verified_until = null, verify_after = null,
    source = case when l.source = 'owner' then 'worker' else l.source end
  from public.pull_requests as p
  where l.task_id = p_task_id and p.id = l.pull_request_id and l.verified_by is distinct from 'worker' and (
    l.source <> 'branch' and v_ref.is_number_confirmed
    or p.head_ref = v_ref.head_ref and not p.is_from_fork and v_ref.is_head_confirmed
  );
end;
$$;
comment on function private.verify_task_pull_requests is
  'For complete_task, after a trusted worker has written the task: the task''s user may see the pull request '
  'and branch that it wrote, unless only the project names their repository.';

-- Who may read one pull request of a repository may read all of them: one answer is about all links of the
-- user to pull requests that GitHub has reported. Of one that it has not, only an answer about itself counts.
create or replace function private.links_of_reader(p_pull_request_id bigint, p_user_id uuid)
returns setof public.task_pull_requests
language plpgsql stable security definer set search_path = '' set enable_seqscan = 'off' as $$
begin
  return query
  select l.*
  from public.pull_requests as a
  join public.task_pull_requests as l on l.user_id = p_user_id
  join public.pull_requests as p on p.id = l.pull_request_id
  where a.id = p_pull_request_id and (l.verified_at is null or l.verified_by = 'token') and (
    p.id = a.id
    or p.repository_id = a.repository_id
      and a.provider_updated_at is not null and p.provider_updated_at is not null
  );
end;
$$;
comment on function private.links_of_reader is
  'The links that depend on the user''s own token and that an answer to it about this pull request decides.';

create or replace function private.verify_links_of_reader(p_pull_request_id bigint, p_user_id uuid)
returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  update public.task_pull_requests as l set
    verified_at = coalesce(l.verified_at, now()), verified_by = 'token',
    verified_until = now() + interval '2 days',
    -- at different times, so that what was verified in one moment is not due in one
    verify_after = now() + interval '1 day' - random() * interval '3 hours', verify_failures_count = 0
  from private.links_of_reader(p_pull_request_id, p_user_id) as r
  where l.task_id = r.task_id and l.pull_request_id = r.pull_request_id
    and (r.verified_at is null or r.verify_after < now() + interval '12 hours');
end;
$$;
comment on function private.verify_links_of_reader is
  'The user''s own token can read the pull request: verifies their links to its repository for two days.';

-- A link that was verified by the token alone hides the pull request again.
create or replace function private.unverify_links_of_reader(p_pull_request_id bigint, p_user_id uuid)
returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  update public.task_pull_requests as l set
    verified_at = null, verified_by = null, verified_until = null,
    verify_after = private.next_github_attempt_at(l.verify_failures_count),
    verify_failures_count = l.verify_failures_count + 1
  from private.links_of_reader(p_pull_request_id, p_user_id) as r
  where l.task_id = r.task_id and l.pull_request_id = r.pull_request_id;
end;
$$;
comment on function private.unverify_links_of_reader is
  'The user''s own token does not find the pull request: hides those of its repository, and it is '
  'tried again later.';

-- Policies compare the time themselves; this is for the figures and for who follows the table.
create or replace function private.hide_unconfirmed_links() returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_count integer;
begin
  update public.task_pull_requests as l set verified_at = null, verified_by = null, verified_until = null
  where l.verified_until <= now();
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function private.hide_unconfirmed_links is
  'Ends what no answer has confirmed for two days, and returns how many links. For the scheduler.';

-- The sweep asks again, with the token that the user has then.
create or replace function private.unverify_links_of_token() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  update public.task_pull_requests as l set
    verified_at = null, verified_by = null, verified_until = null, verify_after = now()
  where l.user_id = old.user_id and l.verified_by = 'token';
  return null;
end;
$$;
comment on function private.unverify_links_of_token is
  'After-row trigger of secrets: a GitHub token that is removed, replaced or rejected no '
  'longer verifies links.';

create trigger _200_unverify_links_of_token after delete on private.secrets
  for each row when (old.kind = 'github_token') execute function private.unverify_links_of_token();
create trigger _210_unverify_links_of_token after update of id, invalid_at on private.secrets
  for each row when (
    old.kind = 'github_token'
    and (old.id <> new.id or old.invalid_at is null and new.invalid_at is not null)
  )
  execute function private.unverify_links_of_token();

-- 40_agents/40_github/38_link_waiting_tasks.sql
-- Links the tasks that large statements left: a few in each transaction, so that nobody waits for long.

create or replace function private.link_some_waiting_tasks(p_limit integer default 100) returns integer
language plpgsql volatile security definer set search_path = '' set enable_seqscan = 'off' as $$
declare
  v_ref private.task_github_refs;
  v_count integer := 0;
begin
  for v_ref in
    select r.* from private.task_github_refs as r where not r.is_linked
    order by r.task_id limit p_limit
    for no key update skip locked
  loop
    perform private.lock_github_head(v_ref.repository_id, v_ref.head_ref, true);
    perform private.link_task(v_ref, t.created_at) from public.tasks as t where t.id = v_ref.task_id;
    update private.task_github_refs as r set is_linked = true where r.task_id = v_ref.task_id;
    v_count := v_count + 1;
  end loop;
  return v_count;
end;
$$;
comment on function private.link_some_waiting_tasks is
  'Links up to p_limit tasks that wait for it, and returns how many. For the scheduler, which commits '
  'after each call.';

-- 40_agents/40_github/39_pull_request_words.sql
-- The engineering issues that the words of a pull request name: EXAI-12 in its title, body or branch.
--
-- As GitHub has it for its own issues: a closing word directly before a name closes that one, so that
-- "fixes EXAI-1, EXAI-2" closes the first alone; only where the pull request is into the default branch; and
-- nothing counts in code, quotes and HTML comments. Unlike GitHub's, the words of the title close too, and a
-- closing word may stand before a link, "Fixes [EXAI-1](https://…)". A branch only mentions, and so does the
-- title of what is reverted.

-- Newlines with what begins their line, the ends of comments, backticks, and names with their closing word.
-- Each costs one step, however they follow each other. The collation makes any letter that is not of ASCII
-- the end of a word, which is right for scripts without spaces.
create or replace function private.split_pull_request_words(p_text text) returns text[]
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_text text := regexp_replace(left(p_text, 65536), '\r\n?', E'\n', 'g');
begin
  v_text := E'\n' || regexp_replace(v_text, '[ \t]+(?=\n|$)', '', 'g');
  return array(
    select m.parts[1]
    from regexp_matches(
      v_text collate "C",
      '(\n+[ \t]*(?:>[^\n]?|`{3,}[^`\n]*(?=\n|$)|~{3,}[^\n]*)?|<!--|-->|`+'
        || '|(?:\m(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?)\M:?\s+\[?)?\mexai-[1-9][0-9]{0,9}\M)',
      'gi'
    ) as m (parts)
  );
end;
$$;
comment on function private.split_pull_request_words is
  'What matters in the first 64 kB of a pull request''s title or body: names of engineering issues with '
  'their closing word, and what begins and ends lines, code, quotes and comments.';

-- Code ends within its paragraph: at a blank line, a quote or a fence, backticks are only backticks.
create or replace function private.find_code_ends(p_tokens text[]) returns integer[]
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_ends integer[] := array_fill(null::integer, array[cardinality(p_tokens)]);
  v_next integer[] := array[]::integer[];
  v_length integer;
begin
  for i in reverse cardinality(p_tokens)..1 loop
    if left(p_tokens[i], 1) = '`' then
      v_length := length(p_tokens[i]);
      v_ends[i] := v_next[v_length];
      v_next[v_length] := i;
    elsif p_tokens[i] ~ '^\n(\n|[ \t]*[>`~])' then
      v_next := array[]::integer[];
    end if;
  end loop;
  return v_ends;
end;
$$;
comment on function private.find_code_ends is
  'For each run of backticks the position of the run that ends its code; null where it is not code.';

-- Whether a line is code or quoted depends on the lines before it.
create or replace function private.next_line_kind(p_kind text, p_token text) returns text
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_is_after_blank constant boolean := p_token like E'\n\n%';
  v_mark constant text := ltrim(p_token, E'\n \t');
  v_is_indented constant boolean := p_token ~ '\n(    | {0,3}\t)[ \t]*';
begin
  if left(p_kind, 3) in ('```', '~~~') then
    return case when v_mark ~ '^(`+|~+)$' and v_mark like p_kind || '%' then 'text' else p_kind end;
  end if;
  if left(v_mark, 3) in ('```', '~~~') then
    return substring(v_mark from '^(?:`+|~+)');
  elsif left(v_mark, 1) = '>' then
    return case when v_mark = '>' then 'empty quote' else 'quote' end;
  elsif v_is_indented and (v_is_after_blank or p_kind = 'code') then
    return 'code';
  end if;
  -- A line directly below a quoted one belongs to the quote.
  return case when p_kind = 'quote' and not v_is_after_blank then 'quote' else 'text' end;
end;
$$;
comment on function private.next_line_kind is
  'What the next line is: text, code, quote, or the fence that began its block of code.';

-- Who reverts a pull request quotes its title, which closes nothing again: Revert "Fix EXAI-1: it", as GitHub
-- and git have it, or revert: fix EXAI-1. A revert of a revert does.
create or replace function private.unword_reverts(p_text text) returns text
language plpgsql immutable security invoker set search_path = '' as $$
begin
  if p_text !~* '(^|\n)[ \t]*([-*+][ \t]+)?revert' then
    return p_text;
  end if;
  return (
    select string_agg(
      case when u.line ~* ('^[ \t]*([-*+][ \t]+)?(revert\s*["“]\s*revert\s*["“]\s*)*'
        || '(revert\s*["“](?!\s*revert\s*["“])|revert(\([^)]*\))?!?:)')
      then regexp_replace(
        u.line, '\m(close[sd]?|fix(e[sd])?|resolve[sd]?)\M(?=:?\s+\[?exai-)', 'about', 'gi'
      ) else u.line end, E'\n' order by u.position
    )
    from string_to_table(left(p_text, 65536), E'\n') with ordinality as u (line, position)
  );
end;
$$;
comment on function private.unword_reverts is
  'A title or body without the closing words of the titles that it quotes as reverted.';

create or replace function private.list_issue_names(p_text text) returns text[]
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_tokens constant text[] := case
    when p_text ~* 'exai-[1-9]' then private.split_pull_request_words(private.unword_reverts(p_text))
    else '{}' end;
  v_ends constant integer[] := private.find_code_ends(v_tokens);
  v_names text[] := array[]::text[];
  v_kind text := 'code';
  v_is_comment boolean := false;
  v_token text;
  i integer := 1;
begin
  while i <= cardinality(v_tokens) loop
    v_token := v_tokens[i];
    if v_is_comment then
      v_is_comment := v_token not like '%-->%';
    elsif left(v_token, 1) = E'\n' then
      v_kind := private.next_line_kind(v_kind, v_token);
    elsif v_kind <> 'text' then
      null;
    elsif v_token = '<!--' then
      v_is_comment := true;
    elsif left(v_token, 1) = '`' then
      i := coalesce(v_ends[i], i);
    elsif v_token <> '-->' then
      v_names := v_names || v_token;
    end if;
    i := i + 1;
  end loop;
  return v_names;
end;
$$;
comment on function private.list_issue_names is
  'The names of engineering issues in a text in Markdown, with their closing words, in order.';

create type private.named_issues as (closes_issues integer[], mentions_issues integer[]);
comment on type private.named_issues is
  'The numbers of the engineering issues that a pull request closes and that it only mentions, sorted.';

-- The name of a branch is searched for names alone.
create or replace function private.parse_named_issues(p_pull_request jsonb)
returns private.named_issues
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_default_branch constant text := p_pull_request #>> '{base,repo,default_branch}';
  v_is_into_default constant boolean :=
    v_default_branch is null or p_pull_request #>> '{base,ref}' is not distinct from v_default_branch;
  v_names constant text[] := private.list_issue_names(left(p_pull_request ->> 'title', 1024))
    || private.list_issue_names(p_pull_request ->> 'body')
    || array(
      select m.parts[1]
      from regexp_matches(
        left(p_pull_request #>> '{head,ref}', 255) collate "C", '\mexai-[1-9][0-9]{0,9}\M', 'gi'
      ) as m (parts)
    );
  v_words private.named_issues;
begin
  select
    coalesce(array_agg(n.number order by n.number) filter (where n.is_closing), '{}'),
    coalesce(array_agg(n.number order by n.number) filter (where not n.is_closing), '{}')
  into v_words.closes_issues, v_words.mentions_issues
  from (
    select f.number::integer as number, bool_or(f.is_closing and v_is_into_default) as is_closing
    from (
      select substring(u.name from '[0-9]+$')::bigint as number, u.name !~* '^exai-' as is_closing, u.position
      from unnest(v_names) with ordinality as u (name, position)
    ) as f
    where f.number <= 2147483647
    group by f.number
    order by min(f.position)
    limit 50
  ) as n;
  return v_words;
end;
$$;
comment on function private.parse_named_issues is
  'The engineering issues that a pull_request object of GitHub''s webhooks and REST API names: up to 50, in '
  'the first 64 kB of its body.';

-- 40_agents/40_github/40_pull_request_versions.sql
-- A pull request as GitHub sends it, in a delivery or an answer of its API, and which of two versions is
-- newer.

create type private.pull_request_version as (
  number integer,
  state text,
  is_draft boolean,
  merged_at timestamptz,
  closed_at timestamptz,
  merge_commit_sha text,
  head_ref text,
  head_sha text,
  is_from_fork boolean,
  base_ref text,
  title text,
  html_url text,
  author_login text,
  is_private boolean,
  opened_at timestamptz,
  provider_updated_at timestamptz
);
comment on type private.pull_request_version is 'A pull request as GitHub had it at one moment.';

-- PostgreSQL's own conversion also accepts `yesterday` and `infinity`.
create or replace function private.parse_github_time(p_time text) returns timestamptz
language plpgsql stable strict security invoker set search_path = '' as $$
begin
  if p_time !~ '^[0-9]{4}(-[0-9]{2}){2}T[0-9]{2}(:[0-9]{2}){2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})$' then
    raise exception using
      errcode = 'PT422', message = 'agents_pull_request_invalid', detail = 'A time is not in ISO 8601.',
      hint = 'Send the object as GitHub''s webhook or API returns it.';
  end if;
  return p_time::timestamptz;
end;
$$;
comment on function private.parse_github_time is
  'A time as GitHub writes it: 2026-03-01T10:00:00Z. Errors: agents_pull_request_invalid (422).';

-- GitHub tests merges in advance and returns the commit of the last test: that is not a merge.
create or replace function private.parse_pull_request(p_pull_request jsonb)
returns private.pull_request_version
language plpgsql stable security invoker set search_path = '' as $$
declare
  p record;
  v private.pull_request_version;
begin
  select * into p from jsonb_to_record(p_pull_request) as r (
    number integer, state text, draft boolean, title text, html_url text, merge_commit_sha text, head jsonb,
    base jsonb, created_at text, updated_at text, closed_at text, merged_at text
  );
  v.number := p.number;
  v.state := p.state;
  v.is_draft := coalesce(p.draft, false);
  v.merged_at := private.parse_github_time(p.merged_at);
  v.opened_at := private.parse_github_time(p.created_at);
  v.provider_updated_at := private.parse_github_time(p.updated_at);
  if p.state = 'closed' then
    v.closed_at := coalesce(private.parse_github_time(p.closed_at), v.merged_at, v.provider_updated_at);
  end if;
  v.merge_commit_sha := case when v.merged_at is not null then left(p.merge_commit_sha, 64) end;
  v.head_ref := left(p.head ->> 'ref', 255);
  v.head_sha := left(p.head ->> 'sha', 64);
  v.is_from_fork :=
    lower(p.head #>> '{repo,full_name}') is distinct from lower(p.base #>> '{repo,full_name}');
  v.base_ref := left(p.base ->> 'ref', 255);
  v.title := left(p.title, 1024);
  v.html_url := case when p.html_url ~ '^https?://' then left(p.html_url, 2048) end;
  v.author_login := left(p_pull_request #>> '{user,login}', 100);
  v.is_private := coalesce((p.base #>> '{repo,private}')::boolean, true);
  if v.number is null or v.number < 1 or v.state is null or v.state not in ('open', 'closed')
    or v.provider_updated_at is null or v.merged_at is not null and v.state <> 'closed' then
    raise exception using
      errcode = 'PT422', message = 'agents_pull_request_invalid',
      detail = 'number, state, updated_at or merged_at are not valid for a pull request.',
      hint = 'Send the object as GitHub''s webhook or API returns it.';
  end if;
  return v;
end;
$$;
comment on function private.parse_pull_request is
  'The fields of a pull_request object of GitHub''s webhooks and REST API. Errors: '
  'agents_pull_request_invalid (422).';

create or replace function private.current_version(p public.pull_requests)
returns private.pull_request_version
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return row(
    p.number, p.state, p.is_draft, p.merged_at, p.closed_at, p.merge_commit_sha, p.head_ref, p.head_sha,
    p.is_from_fork, p.base_ref, p.title, p.html_url, p.author_login, p.is_private, p.opened_at,
    p.provider_updated_at
  )::private.pull_request_version;
end;
$$;
comment on function private.current_version is 'The version that the row holds.';

-- Versions are GitHub's whole seconds. An answer of the API always replaces what a delivery said: we asked
-- GitHub, and who has the webhook's secret can write any time into a delivery, which would otherwise keep the
-- row for as long. Where the answer is the older one, it may be late, and the sweep asks again. Within one
-- second, a delivery never replaces an answer, and a later answer wins over an earlier one. Deliveries are
-- ordered by their content, with the end of a pull request last, and the sweep asks GitHub.
create or replace function private.is_newer_version(
  p_old private.pull_request_version, p_old_read_at timestamptz,
  p_new private.pull_request_version, p_new_read_at timestamptz
) returns boolean
language plpgsql stable security invoker set search_path = '' set timezone = 'UTC' set datestyle = 'ISO' as $$
begin
  if p_old.provider_updated_at is null then
    return true;
  end if;
  if p_new_read_at is not null and p_old_read_at is null then
    return true;
  end if;
  if p_new.provider_updated_at <> p_old.provider_updated_at then
    return p_new.provider_updated_at > p_old.provider_updated_at;
  end if;
  if p_new_read_at is not null or p_old_read_at is not null then
    return coalesce(p_new_read_at, '-infinity') >= coalesce(p_old_read_at, '-infinity');
  end if;
  return (p_new.merged_at is not null, p_new.state = 'closed', p_new::text collate "C")
    > (p_old.merged_at is not null, p_old.state = 'closed', p_old::text collate "C");
end;
$$;
comment on function private.is_newer_version is
  'Whether the new version replaces the old one; read_at is null for a delivery.';

-- 40_agents/40_github/42_record_pull_request.sql
-- Merges a version of a pull request into its row: late, twice, in any order, the row ends the same.

create or replace function private.record_pull_request(
  p_repository_id bigint, p_version private.pull_request_version, p_read_at timestamptz, p_etag text
) returns bigint
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_id bigint;
  v_old private.pull_request_version;
  v_old_read_at timestamptz;
  v_delivered_at timestamptz;
  v_is_contested boolean;
  v_is_behind boolean;
begin
  perform private.lock_github_head(p_repository_id, p_version.head_ref, false);
  v_id := private.ensure_pull_request(p_repository_id, p_version.number);
  v_old := (
    select private.current_version(p) from public.pull_requests as p where p.id = v_id for no key update
  );
  select c.read_at,
    greatest(c.delivered_at, case when p_read_at is null then p_version.provider_updated_at end)
  into v_old_read_at, v_delivered_at
  from private.pull_request_checks as c where c.pull_request_id = v_id;
  v_is_contested :=
    v_old.provider_updated_at = p_version.provider_updated_at and v_old is distinct from p_version;
  -- An answer that was requested after a delivery's second knows better; an earlier one is only late.
  v_is_behind := p_version.provider_updated_at < v_delivered_at
    and (p_read_at is null or p_read_at < v_delivered_at + interval '2 seconds');
  if not private.is_newer_version(v_old, v_old_read_at, p_version, p_read_at) then
    if v_is_contested then
      update private.pull_request_checks as c set next_attempt_at = now() where c.pull_request_id = v_id;
    end if;
    return v_id;
  end if;
  if v_old is distinct from p_version then
    perform private.store_pull_request_version(v_id, p_version);
  end if;
  update private.pull_request_checks as c set
    read_at = p_read_at, etag = p_etag, delivered_at = v_delivered_at,
    next_attempt_at = case
      when v_is_behind then now()
      -- what is due stays due until GitHub has answered
      when p_read_at is null and v_old.provider_updated_at is not null and c.next_attempt_at <= now()
        then c.next_attempt_at
      else private.next_pull_request_check(p_version, p_read_at, coalesce(v_is_contested, false)) end
  where c.pull_request_id = v_id;
  if not p_version.is_from_fork then
    perform private.link_pull_request_branch(v_id, p_repository_id, p_version);
  end if;
  return v_id;
end;
$$;
comment on function private.record_pull_request is
  'Merges a version of a pull request into its row and returns the row''s id. p_read_at, when it was '
  'requested, and p_etag are null for a delivery.';

create or replace function private.store_pull_request_version(
  p_id bigint, p_version private.pull_request_version
) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  update public.pull_requests as p set
    state = p_version.state, is_draft = p_version.is_draft, merged_at = p_version.merged_at,
    closed_at = p_version.closed_at, merge_commit_sha = p_version.merge_commit_sha,
    head_ref = p_version.head_ref, head_sha = p_version.head_sha, is_from_fork = p_version.is_from_fork,
    base_ref = p_version.base_ref, title = p_version.title, html_url = p_version.html_url,
    author_login = p_version.author_login, is_private = p_version.is_private, opened_at = p_version.opened_at,
    provider_updated_at = p_version.provider_updated_at
  where p.id = p_id;
end;
$$;
comment on function private.store_pull_request_version is 'Writes a version into the row.';

-- An open pull request may change without a delivery. A delivery of a closed one is confirmed once: whoever
-- has the webhook's secret could otherwise close it for good. A version that was requested within its own
-- second, of a second with two different versions or ahead of our clock may not be the last one, so also a
-- closed one is requested again.
create or replace function private.next_pull_request_check(
  p_version private.pull_request_version, p_read_at timestamptz, p_is_contested boolean
) returns timestamptz
language plpgsql stable security invoker set search_path = '' as $$
begin
  if p_read_at is null and not p_is_contested and p_version.provider_updated_at > now() then
    return p_version.provider_updated_at + interval '1 minute';
  end if;
  if p_read_at >= p_version.provider_updated_at + interval '2 seconds'
    or p_read_at is null and not p_is_contested
  then
    return case
      when p_read_at is null or p_version.state = 'open' then now() + interval '14 minutes'
    end;
  end if;
  return now() + case when p_read_at is null then interval '0' else interval '1 minute' end;
end;
$$;
comment on function private.next_pull_request_check is 'When the sweep asks GitHub again; null for never.';

create or replace function private.link_pull_request_branch(
  p_id bigint, p_repository_id bigint, p_version private.pull_request_version
) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.link_pull_request(r.task_id, r.user_id, p_id, 'branch', r.is_head_confirmed)
  from private.task_github_refs as r
  join public.tasks as t on t.id = r.task_id
  where r.repository_id = p_repository_id and r.head_ref = p_version.head_ref
    and coalesce(p_version.closed_at, 'infinity') >= t.created_at
    and not exists (
      select from public.task_pull_requests as l where l.task_id = r.task_id and l.pull_request_id = p_id
    )
  order by r.task_id;
end;
$$;
comment on function private.link_pull_request_branch is
  'Links a pull request to the tasks that name its branch.';

-- A repository that becomes private hides its pull requests from users who saw them because it was public.
create or replace function private.sync_repository_visibility() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  if new.is_private then
    update public.task_pull_requests as l set verified_at = null, verified_by = null, verify_after = now()
    where l.pull_request_id = new.id and l.verified_by = 'public';
  else
    update public.task_pull_requests as l set
      verified_at = coalesce(l.verified_at, now()), verified_by = 'public', verified_until = null,
      verify_after = null
    where l.pull_request_id = new.id and (l.verified_at is null or l.verified_by = 'token');
  end if;
  return null;
end;
$$;
comment on function private.sync_repository_visibility is
  'After-row trigger of pull requests: the links of a public repository are verified.';
create trigger _100_sync_repository_visibility after update on public.pull_requests
  for each row when (old.is_private is distinct from new.is_private)
  execute function private.sync_repository_visibility();

-- 40_agents/40_github/43_record_pull_request_words.sql
-- Which engineering issues the words of each pull request name, in the version that counts.
--
-- The words are kept of every pull request here, as numbers: what they do is decided where the repository is
-- one of the loop's. The text itself is not kept.

create table private.pull_request_words (
  pull_request_id bigint not null,
  closes_issues integer[] not null default '{}',
  mentions_issues integer[] not null default '{}',
  version_at timestamptz not null,
  read_at timestamptz,
  constraint pull_request_words_pkey primary key (pull_request_id),
  constraint pull_request_words_pull_request_id_fkey
    foreign key (pull_request_id) references public.pull_requests (id) on delete cascade
);
comment on table private.pull_request_words is
  'The numbers of the engineering issues that each pull request closes and mentions in its words.';
comment on column private.pull_request_words.version_at is
  'The updated_at of the version that they are from, by GitHub''s clock.';
comment on column private.pull_request_words.read_at is
  'When that version was requested; null where it came in a delivery.';
alter table private.pull_request_words enable row level security;

-- Whoever opened a pull request from a fork may edit its text forever, also once a maintainer has merged it:
-- its words are those that were merged. GitHub dates a merge and the version with it within a few seconds.
create or replace function private.is_worded_after_merge(p_version private.pull_request_version)
returns boolean
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return coalesce(
    p_version.is_from_fork and p_version.provider_updated_at > p_version.merged_at + interval '10 seconds',
    false
  );
end;
$$;
comment on function private.is_worded_after_merge is
  'Whether the words of this version may be younger than the merge of a pull request from a fork.';

-- The order of versions is the one of the pull request itself.
create or replace function private.is_newer_wording(
  p_old private.pull_request_words, p_new private.pull_request_words
) returns boolean
language plpgsql stable security invoker set search_path = '' as $$
declare
  v_old private.pull_request_version;
  v_new private.pull_request_version;
begin
  v_old.provider_updated_at := p_old.version_at;
  v_old.title := concat_ws(' ', p_old.closes_issues, p_old.mentions_issues);
  v_new.provider_updated_at := p_new.version_at;
  v_new.title := concat_ws(' ', p_new.closes_issues, p_new.mentions_issues);
  return private.is_newer_version(v_old, p_old.read_at, v_new, p_new.read_at);
end;
$$;
comment on function private.is_newer_wording is 'Whether the new words replace the old ones.';

create or replace function private.record_pull_request_words(
  p_pull_request_id bigint, p_pull_request jsonb, p_version private.pull_request_version,
  p_read_at timestamptz
) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_named constant private.named_issues := private.parse_named_issues(p_pull_request);
  v_old private.pull_request_words;
  v_new private.pull_request_words;
begin
  v_new := row(
    p_pull_request_id, v_named.closes_issues, v_named.mentions_issues, p_version.provider_updated_at,
    p_read_at
  )::private.pull_request_words;
  select * into v_old from private.pull_request_words as w where w.pull_request_id = p_pull_request_id;
  if private.is_worded_after_merge(p_version) then
    if found then
      return;
    end if;
    -- Nobody saw it before: what it names is shown, and whatever arrives of before the merge replaces it.
    v_new.mentions_issues := array(
      select u.number from unnest(v_new.closes_issues || v_new.mentions_issues) as u (number)
      order by u.number
    );
    v_new.closes_issues := '{}';
    v_new.version_at := '-infinity';
    v_new.read_at := null;
  elsif p_version.is_from_fork and v_new.version_at <> v_old.version_at
    and p_version.merged_at <= least(v_new.version_at, v_old.version_at)
  then
    -- Both are of after the merge, by seconds: the earlier one is what was merged.
    if v_new.version_at > v_old.version_at then
      return;
    end if;
    v_old := null;
  end if;
  if private.is_newer_wording(v_old, v_new) then
    insert into private.pull_request_words select v_new.*
    on conflict on constraint pull_request_words_pkey do update set
      closes_issues = excluded.closes_issues, mentions_issues = excluded.mentions_issues,
      version_at = excluded.version_at, read_at = excluded.read_at;
  end if;
end;
$$;
comment on function private.record_pull_request_words is
  'Merges the words of a version into the row of its pull request, which the caller has locked: late, twice, '
  'in any order, the row ends the same.';

-- The words first and the links last: no link is made of one version's words and another one's state.
create or replace function private.record_reported_pull_request(
  p_repository_id bigint, p_pull_request jsonb, p_read_at timestamptz, p_etag text
) returns bigint
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_version constant private.pull_request_version := private.parse_pull_request(p_pull_request);
  v_id constant bigint := private.record_pull_request(p_repository_id, v_version, p_read_at, p_etag);
begin
  perform private.record_pull_request_words(v_id, p_pull_request, v_version, p_read_at);
  perform private.sync_closing_pull_request(v_id);
  return v_id;
end;
$$;
comment on function private.record_reported_pull_request is
  'Merges a pull request, as GitHub''s webhooks and API have it, into its row, and what it closes with it; '
  'returns the row''s id. p_read_at and p_etag are null for a delivery. Errors: '
  'agents_pull_request_invalid (422).';

-- 40_agents/40_github/52_github_source.sql
-- GitHub as a source of the inbox. The signature covers the body and not the delivery's id, so the same bytes
-- are the same delivery whatever id they come with.

-- What failed is not kept: the sweep asks GitHub for the same.
insert into private.inbox_sources (source, max_body_bytes, retention_days, batch_size, is_failed_kept)
values ('github', 26214400, (select s.delivery_retention_days from public.agent_settings as s), 50, false);

create trigger _200_sync_inbox_retention after update on public.agent_settings
  for each row when (old.delivery_retention_days is distinct from new.delivery_retention_days)
  execute function private.sync_inbox_retention('github', 'delivery_retention_days');

create or replace function private.apply_github_payload(p_payload jsonb) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_owner constant text := p_payload #>> '{repository,owner,login}';
  v_name constant text := p_payload #>> '{repository,name}';
  v_github_id constant text := p_payload #>> '{repository,id}';
begin
  if v_owner is null or v_name is null or lower(v_owner || '/' || v_name)
      is distinct from lower(p_payload #>> '{pull_request,base,repo,full_name}')
    or v_github_id is distinct from p_payload #>> '{pull_request,base,repo,id}'
  then
    raise exception using
      errcode = 'PT422', message = 'agents_github_payload_invalid',
      detail = 'The pull request is not of the repository that the delivery is about.',
      hint = 'Send the payload as GitHub does.';
  end if;
  perform private.record_reported_pull_request(
    private.sync_repository(
      v_github_id::bigint, v_owner, v_name,
      (private.parse_pull_request(p_payload -> 'pull_request')).provider_updated_at, false, null::bigint
    ), p_payload -> 'pull_request', null::timestamptz, null::text
  );
end;
$$;
comment on function private.apply_github_payload is
  'Merges the pull request in the payload of a pull_request event. Errors: agents_github_payload_invalid, '
  'agents_pull_request_invalid (422).';

-- GitHub's clock and ours differ by less. Whoever has the webhook's secret could otherwise date a version so
-- that no later one replaces it.
create or replace function private.is_dated_ahead(p_object jsonb) returns boolean
language plpgsql stable security invoker set search_path = '' as $$
begin
  return coalesce(
    greatest(
      private.parse_github_time(p_object ->> 'updated_at'),
      private.parse_github_time(p_object ->> 'created_at'),
      private.parse_github_time(p_object ->> 'closed_at'),
      private.parse_github_time(p_object ->> 'merged_at')
    ) > clock_timestamp() + interval '5 minutes', false
  );
end;
$$;
comment on function private.is_dated_ahead is
  'Whether a time of a pull request, a repository or a deployment is more than five minutes ahead of our '
  'clock. Errors: agents_pull_request_invalid (422).';

create or replace function private.process_github_payload(p_payload jsonb) returns private.inbox_outcome
language plpgsql volatile security definer set search_path = '' as $$
begin
  -- with a result: it is refused, and not processed later, when the time has come
  if private.is_dated_ahead(coalesce(
    p_payload -> 'pull_request', p_payload -> 'deployment_status',
    jsonb_build_object('updated_at', p_payload #> '{repository,updated_at}')
  )) or private.is_dated_ahead(p_payload -> 'deployment') then
    return row(
      'failed', '{}', 'PT422: agents_github_time_invalid: a time is more than five minutes ahead'
    )::private.inbox_outcome;
  end if;
  if p_payload ? 'pull_request' then
    perform private.apply_github_payload(p_payload);
  elsif p_payload ? 'deployment_status' then
    perform private.apply_github_deployment(p_payload);
  else
    perform private.apply_github_repository(p_payload);
  end if;
  return row('processed', '{}', null)::private.inbox_outcome;
end;
$$;
comment on function private.process_github_payload is
  'Processes the payload of a delivery; one that is dated more than five minutes ahead is refused. Errors: '
  'agents_github_payload_invalid, agents_pull_request_invalid (422).';

create or replace function private.github_delivery_status(p_status text) returns text
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return case p_status when 'processed' then 'done' when 'received' then 'received' else 'failed' end;
end;
$$;
comment on function private.github_delivery_status is
  'What a webhook is told about the status of a delivery: received, done or failed.';

-- 40_agents/40_github/53_github_repository_events.sql
-- `repository` events: a repository that is renamed, transferred, made private or deleted.

create or replace function private.old_repository_of(p_payload jsonb) returns bigint
language plpgsql stable security definer set search_path = '' as $$
declare
  v_changes constant jsonb :=
    case when p_payload ->> 'action' in ('renamed', 'transferred') then p_payload -> 'changes' end;
begin
  return private.find_repository(
    lower(coalesce(
      v_changes #>> '{owner,from,organization,login}', v_changes #>> '{owner,from,user,login}',
      p_payload #>> '{repository,owner,login}'
    )),
    lower(coalesce(v_changes #>> '{repository,name,from}', p_payload #>> '{repository,name}'))
  );
end;
$$;
comment on function private.old_repository_of is
  'What the repository''s name before a change leads to; without a change, its name.';

create or replace function private.is_known_delivery(p_payload jsonb) returns boolean
language plpgsql stable security definer set search_path = '' as $$
declare
  v_id constant jsonb := p_payload #> '{repository,id}';
begin
  return private.old_repository_of(p_payload) is not null or private.is_known_repository(
    case when jsonb_typeof(v_id) = 'number' then (v_id #>> '{}')::numeric::bigint end,
    lower(p_payload #>> '{repository,owner,login}'), lower(p_payload #>> '{repository,name}')
  );
end;
$$;
comment on function private.is_known_delivery is
  'Whether a project or task here has named the repository that a delivery is about, also by its old name.';

-- Nobody merges what is gone, and it holds up no fix. GitHub is asked once more, as after each delivery of
-- what is closed: who has the webhook's secret could close all for good, and repositories are restored.
create or replace function private.close_pull_requests_of_repository(p_repository_id bigint) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  -- in one order, as everybody locks them
  v_ids constant bigint[] := array(
    select p.id from public.pull_requests as p
    where p.repository_id = p_repository_id and p.state = 'open' order by p.id for no key update
  );
begin
  update public.pull_requests as p set state = 'closed', closed_at = coalesce(p.closed_at, now())
  where p.id = any (v_ids);
  update private.pull_request_checks as c set
    etag = null, read_at = null, next_attempt_at = now() + interval '14 minutes'
  where c.pull_request_id = any (v_ids);
  perform private.sync_closing_pull_requests(v_ids);
end;
$$;
comment on function private.close_pull_requests_of_repository is
  'Closes the open pull requests of a repository that was deleted, for GitHub reports nothing more of them.';

-- Never makes one public: an event that arrives late would show what is private by now. The next answer or
-- pull_request event does.
create or replace function private.apply_github_repository(p_payload jsonb) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_repository constant jsonb := p_payload -> 'repository';
  v_old_id bigint := private.old_repository_of(p_payload);
  v_id bigint;
begin
  if jsonb_typeof(v_repository -> 'id') is distinct from 'number' then
    raise exception using
      errcode = 'PT422', message = 'agents_github_payload_invalid', detail = 'The repository has no id.',
      hint = 'Send the payload as GitHub does.';
  end if;
  v_id := private.sync_repository(
    (v_repository ->> 'id')::bigint, v_repository #>> '{owner,login}', v_repository ->> 'name',
    private.parse_github_time(v_repository ->> 'updated_at'), false, v_old_id
  );
  if p_payload ->> 'action' = 'deleted' then
    perform private.close_pull_requests_of_repository(v_id);
  end if;
  if (v_repository ->> 'private')::boolean is not false or p_payload ->> 'action' = 'deleted' then
    update public.pull_requests as p set is_private = true
    where p.repository_id = v_id and p.is_private is false;
  end if;
end;
$$;
comment on function private.apply_github_repository is
  'Processes the payload of a repository event. Errors: agents_github_payload_invalid, '
  'agents_pull_request_invalid (422).';

-- A secret of one repository is good for this one alone: not for what its holder claims with another id, and
-- an id that GitHub has not reported to us may be that of any repository.
create or replace function private.is_github_repository(p_owner text, p_name text, p_github_id bigint)
returns boolean
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select bool_and(
      r.is_current and r.github_id = p_github_id
      and (r.repo_owner, r.repo_name) = (lower(p_owner), lower(p_name))
    )
    from private.github_repositories as r
    where r.github_id = p_github_id
      or r.github_id is not null and r.is_current
      and r.repo_owner = lower(p_owner) and r.repo_name = lower(p_name)
  );
end;
$$;
grant execute on function private.is_github_repository to service_role;

create or replace function public.is_github_repository(owner text, name text, github_id bigint)
returns boolean
language sql stable security invoker set search_path = ''
begin atomic
  select private.is_github_repository(
    is_github_repository.owner, is_github_repository.name, is_github_repository.github_id
  );
end;
comment on function public.is_github_repository is
  'Whether this is the id that GitHub has reported for this name: false where it has reported another id for '
  'the name, or another name for the id, null where it has reported neither. Service role only.';
grant execute on function public.is_github_repository to service_role;

-- 40_agents/40_github/54_ingest_github_delivery.sql
-- The way in for the webhook's function: stored and processed in one transaction.

create or replace function private.ingest_github_delivery(p_delivery_id uuid, p_event text, p_body text)
returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_body constant bytea := private.decode_inbox_body('github', p_body);
  v_payload private.inbox_payload;
  v_event private.inbox_events;
begin
  v_payload := private.parse_inbox_body(v_body);
  if (p_event in ('pull_request', 'repository', 'deployment_status')) is not true
    or v_payload.error is null and private.is_known_delivery(v_payload.value) is not true
  then
    return jsonb_build_object('delivery_id', p_delivery_id, 'status', 'ignored'::text);
  end if;
  v_event := private.ingest_inbox_event(
    'github', v_body, v_payload, p_delivery_id::text,
    left(concat_ws('.', p_event, v_payload.value ->> 'action'), 255), true
  );
  return jsonb_build_object(
    'delivery_id', v_event.delivery_id,
    'status', case
      when v_event.status = 'failed' and v_event.error like '%agents_github_time_invalid%' then 'refused'
      -- It arrived again after it was processed.
      when v_event.status = 'processed' and v_event.received_count > 1
        and v_event.last_received_at > v_event.processed_at then 'already_done'
      when v_event.status = 'received' then 'failed'
      else private.github_delivery_status(v_event.status)
    end
  );
end;
$$;
grant execute on function private.ingest_github_delivery to service_role;

create or replace function public.ingest_github_delivery(delivery_id uuid, event text, body text)
returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.ingest_github_delivery(
    ingest_github_delivery.delivery_id, ingest_github_delivery.event, ingest_github_delivery.body
  );
end;
comment on function public.ingest_github_delivery is
  'Stores a delivery of GitHub''s webhook, its JSON given as base64, and processes it, in one transaction. '
  'Returns {delivery_id, status}: done; already_done, where only the arrival is counted; failed, also where '
  'somebody else held a lock for 1.5 s, to be retried by the scheduler or by a redelivery; refused, where a '
  'time in it is more than five minutes ahead; ignored, without writing, where it is another event, or no '
  'project or task here names the repository. Service role only. Errors: inbox_body_too_large (413), '
  'inbox_body_invalid (422).';
grant execute on function public.ingest_github_delivery to service_role;

-- 40_agents/40_github/56_receive_github_delivery.sql
-- The way in for when storing and processing in one transaction failed.

create or replace function private.receive_github_delivery(p_delivery_id uuid, p_event text, p_body text)
returns text
language plpgsql volatile security definer set search_path = '' as $$
begin
  return private.github_delivery_status((private.receive_inbox_event(
    'github', private.decode_inbox_body('github', p_body), p_delivery_id::text, left(p_event, 255)
  )).status);
end;
$$;
grant execute on function private.receive_github_delivery to service_role;

create or replace function public.receive_github_delivery(delivery_id uuid, event text, body text)
returns text
language sql volatile security invoker set search_path = ''
begin atomic
  select private.receive_github_delivery(
    receive_github_delivery.delivery_id, receive_github_delivery.event, receive_github_delivery.body
  );
end;
comment on function public.receive_github_delivery is
  'Only stores a delivery of GitHub''s webhook, for when ingest_github_delivery failed; the scheduler '
  'processes it. Returns its status: received, done or failed. Service role only. Errors: '
  'inbox_body_too_large (413), inbox_body_invalid (422).';
grant execute on function public.receive_github_delivery to service_role;

-- 40_agents/40_github/58_failed_github_deliveries.sql
-- What could not be processed, for admins.

create view public.failed_github_deliveries with (security_invoker = true) as
select
  e.id, e.delivery_id, e.event_type, e.status, e.error, e.attempts_count, e.received_count, e.received_at,
  e.processed_at, e.next_attempt_at
from private.inbox_events as e
where e.source = 'github' and e.status in ('failed', 'unreadable', 'unrecognised');
comment on view public.failed_github_deliveries is
  'Deliveries of GitHub''s webhook that could not be processed, with the reason. Admins only, since they are '
  'about the repositories of single users.';
comment on column public.failed_github_deliveries.delivery_id is
  'X-GitHub-Delivery, by which GitHub lists it.';
comment on column public.failed_github_deliveries.event_type is
  'The event and its action, like pull_request.closed; the event alone where the delivery was only stored at '
  'first, or could not be read.';
comment on column public.failed_github_deliveries.next_attempt_at is
  'When the scheduler processes it next; null when it does not. A redelivery, from GitHub''s page of the '
  'webhook, processes it immediately.';
grant select on public.failed_github_deliveries to authenticated, service_role;

-- 40_agents/40_github/60_function_tickets.sql
-- One-time tickets with which the database calls edge functions.

-- Every role that can connect can read pg_net's requests, so none contains a secret that stays valid.
create table private.function_tickets (
  hash bytea not null,
  function_name text not null,
  expires_at timestamptz not null,
  constraint function_tickets_pkey primary key (hash),
  constraint function_tickets_hash_is_a_sha256 check (octet_length(hash) = 32)
);
comment on table private.function_tickets is
  'Calls of edge functions that the database has requested. A ticket is valid once, for one function, for '
  'five minutes; only its hash is stored.';
alter table private.function_tickets enable row level security;

create or replace function private.issue_function_ticket(p_function_name text) returns text
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_ticket constant text := replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '');
begin
  delete from private.function_tickets as t where t.expires_at < now();
  insert into private.function_tickets (hash, function_name, expires_at)
  values (sha256(convert_to(v_ticket, 'UTF8')), p_function_name, now() + interval '5 minutes');
  return v_ticket;
end;
$$;
comment on function private.issue_function_ticket is
  'A ticket for one call of an edge function. Deletes expired tickets.';

create or replace function private.use_function_ticket(p_function_name text, p_ticket text) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  delete from private.function_tickets as t
  where t.hash = sha256(convert_to(p_ticket, 'UTF8')) and t.function_name = p_function_name
    and t.expires_at >= now();
  if not found then
    raise exception using
      errcode = 'PT401', message = 'function_ticket_invalid',
      detail = 'The ticket is unknown, used, or more than five minutes old.',
      hint = 'Call with a secret key from a server.';
  end if;
end;
$$;
comment on function private.use_function_ticket is
  'Uses a ticket, once. Errors: function_ticket_invalid (401).';

-- 40_agents/40_github/61_usable_github_tokens.sql
-- The GitHub tokens that the sweep may ask with.

create view private.usable_github_tokens with (security_invoker = true) as
select s.id, s.user_id, s.sealed
from private.secrets as s
where s.kind = 'github_token' and s.invalid_at is null
  and (s.rests_until is null or s.rests_until <= now()) and private.is_person_account(s.user_id);
comment on view private.usable_github_tokens is
  'The tokens that GitHub accepts and that no rate limit rests, of accounts that are not '
  'anonymous, banned or deleted.';

-- 40_agents/40_github/62_due_pull_requests.sql
-- What the sweep is to ask GitHub about now, and with whose token.

-- Round robin by user, so that a user who names a hundred thousand pull requests delays nobody else. First
-- the links that are not verified, then what has been due longest. Of the links of a user to one repository
-- one is asked for, since the answer is about all of them (private.links_of_reader). A private one needs a
-- token of one of its readers; one without a task and an engineering issue is not asked for.
create or replace function private.due_pull_requests(p_limit integer) returns setof bigint
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
    with due as (
      (
        select distinct on (
            l.user_id, p.repository_id, case when p.provider_updated_at is null then p.id end
          )
          l.pull_request_id, l.user_id, l.verify_after as due_at, l.verified_at is null as is_unverified
        from public.task_pull_requests as l
        join private.usable_github_tokens as s on s.user_id = l.user_id
        join public.pull_requests as p on p.id = l.pull_request_id
        where l.verify_after <= now()
        order by l.user_id, p.repository_id, case when p.provider_updated_at is null then p.id end,
          l.pull_request_id
      )
      union all
      select c.pull_request_id, l.user_id, c.next_attempt_at, false
      from private.pull_request_checks as c
      join private.pull_request_readers as l on l.pull_request_id = c.pull_request_id
      join public.pull_requests as p on p.id = c.pull_request_id
      where c.next_attempt_at <= now() and (p.is_private is not true or exists (
        select from private.usable_github_tokens as s where s.user_id = l.user_id
      ))
      -- without a token they would use up the requests of everybody
      and not exists (
        select from private.secrets as r
        where r.user_id = l.user_id and r.kind = 'github_token' and r.rests_until > now()
      )
    ), ranked as (
      select d.pull_request_id, d.due_at,
        row_number() over (partition by d.user_id order by d.is_unverified desc, d.due_at) as rank
      from due as d
    )
    select r.pull_request_id from ranked as r
    group by r.pull_request_id order by min(r.rank), min(r.due_at), r.pull_request_id
    limit p_limit;
end;
$$;
comment on function private.due_pull_requests is
  'The pull requests that the sweep asks GitHub about now, in order.';

-- A worker opened a pull request without reporting it, or somebody opened one by hand.
create or replace function private.due_branches(p_limit integer) returns setof bigint
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
    select r.task_id from private.task_github_refs as r
    join public.tasks as t on t.id = r.task_id
    join private.usable_github_tokens as s on s.user_id = r.user_id
    where r.next_attempt_at <= now() and r.head_ref is not null and t.status = 'completed'
      and not exists (select from public.task_pull_requests as l where l.task_id = r.task_id)
    order by row_number() over (partition by r.user_id order by r.next_attempt_at), r.next_attempt_at
    limit p_limit;
end;
$$;
comment on function private.due_branches is
  'The completed tasks with a branch and without a pull request, for which the sweep looks for one now.';

-- Until its id is known, a project is whatever has its name, also what takes the name after a rename.
create or replace function private.due_projects(p_limit integer) returns setof bigint
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
    select l.project_id from private.project_repositories as l
    join public.projects as p on p.id = l.project_id
    join private.usable_github_tokens as s on s.user_id = p.user_id
    where l.next_attempt_at <= now()
    order by row_number() over (partition by p.user_id order by l.next_attempt_at), l.next_attempt_at
    limit p_limit;
end;
$$;
comment on function private.due_projects is
  'The projects for whose repository the sweep asks GitHub now: its id is not known, or somebody else has '
  'taken its name.';

-- Whose token may be tried: first users whose links are due to be verified, then users who see it already.
create or replace function private.load_pull_request_readers(p_pull_request_id bigint) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
begin
  return coalesce((
    select jsonb_agg(
      jsonb_build_object(
        'user_id', r.user_id, 'secret_id', r.secret_id, 'sealed', r.sealed, 'is_unverified', r.is_due
      ) order by r.is_due desc, r.is_verified desc, r.user_id
    )
    from (
      select s.user_id, s.id as secret_id, s.sealed,
        coalesce(bool_or(l.verify_after <= now()), false) as is_due,
        coalesce(bool_or(l.verified_at is not null), true) as is_verified
      from private.pull_request_readers as r
      join private.usable_github_tokens as s on s.user_id = r.user_id
      left join public.task_pull_requests as l
        on l.pull_request_id = r.pull_request_id and l.user_id = r.user_id
      where r.pull_request_id = p_pull_request_id
      group by s.user_id, s.id, s.sealed
      order by 4 desc, 5 desc, s.user_id
      limit 5
    ) as r
  ), '[]'::jsonb);
end;
$$;
comment on function private.load_pull_request_readers is
  'Up to five of its readers with their sealed tokens: an array of {user_id, secret_id, '
  'sealed, is_unverified}.';

-- 40_agents/40_github/64_request_github_sweep.sql
-- A lost delivery leaves a row out of date, so a sweep asks GitHub: a scheduled job calls an edge function
-- when something is due.

create extension if not exists pg_net with schema extensions;

create or replace function private.request_github_sweep() returns boolean
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_url constant text := (select s.functions_url from public.agent_settings as s);
begin
  if v_url is null
    or private.provider_paused_until('github_sweep') is not null
    or not exists (select from private.due_pull_requests(1))
      and not exists (select from private.due_branches(1))
      and not exists (select from private.due_projects(1))
      and not exists (select from private.due_loop_repositories(1))
  then
    return false;
  end if;
  perform net.http_post(
    url => v_url || '/github-sweep', body => '{}'::jsonb, params => '{}'::jsonb,
    headers => jsonb_build_object(
      'content-type', 'application/json'::text,
      'x-fixloop-ticket', private.issue_function_ticket('github-sweep')
    ),
    timeout_milliseconds => 120000
  );
  return true;
end;
$$;
comment on function private.request_github_sweep is
  'Calls the edge function github-sweep if something is due, and returns whether it did. Needs '
  'agent_settings.functions_url. For the scheduler.';

-- 40_agents/40_github/66_begin_github_sweep.sql
-- Leases to the sweep what is due: for ten minutes, by moving next_attempt_at ahead.

create or replace function private.sweep_lease_expires_at() returns timestamptz
language sql stable security invoker set search_path = ''
begin atomic
  select now() + interval '10 minutes';
end;
comment on function private.sweep_lease_expires_at is
  'When what is leased to a sweep now is due again, if the sweep ends early.';

-- A sweep that ends early leaves the rest to the next one, and two concurrent ones don't ask for the same.
create or replace function private.lease_due_pull_requests(p_limit integer) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_ids constant bigint[] := array(select d.id from private.due_pull_requests(p_limit) as d (id));
  v_pulls jsonb;
begin
  select coalesce(jsonb_agg(
    jsonb_build_object(
      'pull_request_id', p.id, 'github_id', case
        -- what the id does not lead to is asked for by name every other time: it may be another's by now
        when p.provider_updated_at is not null or c.attempts_count % 2 = 0 then r.github_id end,
      'repo_owner', p.repo_owner,
      'repo_name', p.repo_name, 'number', p.number,
      'is_private', p.is_private, 'etag', c.etag, 'readers', private.load_pull_request_readers(p.id)
    ) order by d.position
  ), '[]'::jsonb) into v_pulls
  from unnest(v_ids) with ordinality as d (id, position)
  join public.pull_requests as p on p.id = d.id
  join private.pull_request_checks as c on c.pull_request_id = d.id
  join private.github_repositories as r on r.id = p.repository_id;
  update private.pull_request_checks as c set next_attempt_at = private.sweep_lease_expires_at()
  where c.pull_request_id = any (v_ids) and c.next_attempt_at <= now();
  update public.task_pull_requests as l set verify_after = private.sweep_lease_expires_at()
  where l.pull_request_id = any (v_ids) and l.verify_after <= now();
  return v_pulls;
end;
$$;
comment on function private.lease_due_pull_requests is
  'Leases up to p_limit pull requests that are due, with the users whose tokens to use.';

create or replace function private.lease_due_branches(p_limit integer) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_ids constant bigint[] := array(select d.id from private.due_branches(p_limit) as d (id));
  v_branches jsonb;
begin
  select coalesce(jsonb_agg(
    jsonb_build_object(
      'task_id', r.task_id, 'github_id', g.github_id, 'repo_owner', g.repo_owner,
      'repo_name', g.repo_name, 'head_ref', r.head_ref,
      'user_id', s.user_id, 'secret_id', s.id, 'sealed', s.sealed
    ) order by d.position
  ), '[]'::jsonb) into v_branches
  from unnest(v_ids) with ordinality as d (id, position)
  join private.task_github_refs as r on r.task_id = d.id
  join private.github_repositories as g on g.id = r.repository_id
  join private.usable_github_tokens as s on s.user_id = r.user_id;
  update private.task_github_refs as r set next_attempt_at = private.sweep_lease_expires_at()
  where r.task_id = any (v_ids);
  return v_branches;
end;
$$;
comment on function private.lease_due_branches is
  'Leases up to p_limit branches without a pull request, with the users whose tokens to use.';

create or replace function private.lease_due_projects(p_limit integer) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_ids constant bigint[] := array(select d.id from private.due_projects(p_limit) as d (id));
  v_projects jsonb;
begin
  select coalesce(jsonb_agg(
    jsonb_build_object(
      'project_id', p.id, 'github_id', g.github_id, 'repo_owner', g.repo_owner, 'repo_name', g.repo_name,
      'user_id', s.user_id, 'secret_id', s.id, 'sealed', s.sealed
    ) order by d.position
  ), '[]'::jsonb) into v_projects
  from unnest(v_ids) with ordinality as d (id, position)
  join public.projects as p on p.id = d.id
  join private.project_repositories as l on l.project_id = p.id
  join private.github_repositories as g on g.id = l.repository_id
  join private.usable_github_tokens as s on s.user_id = p.user_id;
  update private.project_repositories as l set next_attempt_at = private.sweep_lease_expires_at()
  where l.project_id = any (v_ids);
  return v_projects;
end;
$$;
comment on function private.lease_due_projects is
  'Leases up to p_limit projects whose repository is to be asked for, with the token of their user.';

create or replace function private.begin_github_sweep(p_ticket text, p_batch_size integer) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_limit constant integer := least(greatest(coalesce(p_batch_size, 100), 1), 500);
  v_paused_until constant timestamptz := private.provider_paused_until('github_sweep');
begin
  if p_ticket is not null then
    perform private.use_function_ticket('github-sweep', p_ticket);
  end if;
  if v_paused_until is not null then
    return jsonb_build_object(
      'paused_until', v_paused_until, 'projects', '[]'::jsonb, 'repositories', '[]'::jsonb,
      'pull_requests', '[]'::jsonb, 'branches', '[]'::jsonb
    );
  end if;
  -- serializes sweeps, so that each sees what the one before it has leased
  perform pg_advisory_xact_lock(hashtextextended('private.begin_github_sweep', 0));
  return jsonb_build_object(
    'paused_until', null::timestamptz,
    'projects', private.lease_due_projects(greatest(v_limit / 4, 1)),
    'repositories', private.lease_due_loop_repositories(greatest(v_limit / 4, 1)),
    'pull_requests', private.lease_due_pull_requests(v_limit),
    'branches', private.lease_due_branches(greatest(v_limit / 4, 1))
  );
end;
$$;
grant execute on function private.begin_github_sweep to service_role;

create or replace function public.begin_github_sweep(ticket text default null, batch_size integer default 100)
returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.begin_github_sweep(begin_github_sweep.ticket, begin_github_sweep.batch_size);
end;
comment on function public.begin_github_sweep is
  'Leases to the sweep what to ask GitHub about, for ten minutes: {paused_until, projects: [{project_id, '
  'github_id, repo_owner, repo_name, user_id, secret_id, sealed}], repositories: [{repository_id, github_id, '
  'repo_owner, repo_name, etag, user_id, secret_id, sealed}], pull_requests: [{pull_request_id, '
  'github_id, repo_owner, repo_name, number, is_private, etag, readers: [{user_id, secret_id, sealed, '
  'is_unverified}]}], branches: [{task_id, github_id, repo_owner, repo_name, head_ref, user_id, secret_id, '
  'sealed}]}. is_unverified: a link is to be verified, for the first time or again. A ticket can be used '
  'once; without one the caller has checked who asks. Service role only. Errors: '
  'function_ticket_invalid (401).';
grant execute on function public.begin_github_sweep to service_role;

-- 40_agents/40_github/68_pause_github_sweep.sql
-- GitHub's rate limits rest a token, or pause the sweep.

-- A limit that came with somebody's token is that token's: whoever uses theirs up elsewhere would otherwise
-- stop the sweep of everybody. It is taken for the address's once the tokens of two GitHub accounts are
-- limited at the same time, until one of the two may be used again.
create or replace function private.rest_github_token(p_secret_id uuid, p_until timestamptz)
returns timestamptz
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_account constant text := private.load_secret_account(p_secret_id);
begin
  perform private.pause_provider('github', p_until, p_secret_id);
  return (
    select least(p_until, max(o.rests_until)) from private.secrets as o
    where o.rests_until > clock_timestamp() and o.kind = 'github_token'
      and private.load_secret_account(o.id) <> v_account
    having count(*) > 0
  );
end;
$$;
comment on function private.rest_github_token is
  'The sweep does not use this token until then. Returns until when all sweeps are to pause, because the '
  'token of another GitHub account rests too; else null.';

create or replace function private.pause_github_sweep(p_until timestamptz, p_secret_id uuid)
returns timestamptz
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_until timestamptz := least(p_until, now() + interval '1 day');
begin
  if p_secret_id is not null then
    v_until := private.rest_github_token(p_secret_id, v_until);
  end if;
  if v_until is not null then
    perform private.pause_provider('github_sweep', v_until, null::uuid);
  end if;
  return private.provider_paused_until('github_sweep');
end;
$$;
grant execute on function private.pause_github_sweep to service_role;

create or replace function public.pause_github_sweep(until timestamptz, secret_id uuid default null)
returns timestamptz
language sql volatile security invoker set search_path = ''
begin atomic
  select private.pause_github_sweep(pause_github_sweep.until, pause_github_sweep.secret_id);
end;
comment on function public.pause_github_sweep is
  'Records that GitHub asks for no requests until then, at most for a day. With the secret_id of the token '
  'that was told so, that token rests, and all sweeps pause only when the token of another GitHub account '
  'rests too; without one (the request had no token) all sweeps pause. Returns until when they do, '
  'null for not. Service role only.';
grant execute on function public.pause_github_sweep to service_role;

-- 40_agents/40_github/70_finish_github_check.sql
-- What the sweep learned about a pull request.

-- After 15 and 30 minutes, an hour … a day, as long as the link exists.
create or replace function private.next_github_attempt_at(p_attempts_count integer) returns timestamptz
language plpgsql volatile security invoker set search_path = '' as $$
begin
  -- The first one before the next sweep, which is every 15 minutes.
  return now() + private.backoff(p_attempts_count + 1, interval '12 minutes', interval '1 day');
end;
$$;
comment on function private.next_github_attempt_at is
  'When to ask GitHub again after this many failed attempts before this one.';

create or replace function private.next_github_search_at(p_attempts_count integer) returns timestamptz
language plpgsql volatile security invoker set search_path = '' as $$
begin
  return case when p_attempts_count < 12 then private.next_github_attempt_at(p_attempts_count) end;
end;
$$;
comment on function private.next_github_search_at is
  'The same for what may never be found: null after the thirteenth attempt, about a week after the first.';

create or replace function private.sync_answered_repository(
  p_pull_request jsonb, p_asked_id bigint, p_read_at timestamptz
) returns bigint
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_repository constant jsonb := p_pull_request #> '{base,repo}';
  v_name constant text[] := string_to_array(v_repository ->> 'full_name', '/');
begin
  if v_name is null then
    return p_asked_id;
  end if;
  return private.sync_repository(
    (v_repository ->> 'id')::bigint, v_name[1], v_name[2], coalesce(p_read_at, clock_timestamp()), true,
    p_asked_id
  );
end;
$$;
comment on function private.sync_answered_repository is
  'The repository of a pull request in an answer to a question about this repository.';

create or replace function private.store_github_answer(
  p_pull public.pull_requests, p_pull_request text, p_etag text, p_read_at timestamptz
) returns bigint
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_answer constant jsonb := private.repair_json_escapes(p_pull_request)::jsonb;
  v_number constant integer := (private.parse_pull_request(v_answer)).number;
begin
  if v_number <> p_pull.number then
    raise exception using
      errcode = 'PT422', message = 'agents_github_answer_invalid',
      detail = format('Number %s was requested, the answer is about %s.', p_pull.number, v_number),
      hint = 'Send the answer to the request for this pull request.';
  end if;
  return private.record_reported_pull_request(
    private.sync_answered_repository(v_answer, p_pull.repository_id, p_read_at), v_answer,
    coalesce(p_read_at, clock_timestamp()), left(p_etag, 300)
  );
end;
$$;
comment on function private.store_github_answer is
  'Merges an answer of GitHub''s API about a pull request and returns the id of its row, which is another '
  'one where the repository turns out to be a known one. Errors: agents_github_answer_invalid (422).';

-- Only what GitHub never reported of the old one: a link that showed something once goes on meaning it.
create or replace function private.move_links(p_from bigint, p_into bigint, p_user_id uuid) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_link public.task_pull_requests;
begin
  for v_link in
    delete from public.task_pull_requests as l
    using public.pull_requests as p
    where l.pull_request_id = p_from and p.id = p_from and p.provider_updated_at is null
      and (l.user_id = p_user_id or p_user_id is null)
    returning l.*
  loop
    update private.task_github_refs as r set repository_id = p.repository_id
    from public.pull_requests as p
    where r.task_id = v_link.task_id and p.id = p_into;
    perform private.link_pull_request(v_link.task_id, v_link.user_id, p_into, v_link.source, false);
  end loop;
end;
$$;
comment on function private.move_links is
  'What an address leads to is in another repository, which has taken the name: the links of this user, or '
  'for null of all, lead there.';

create or replace function private.finish_github_check(
  p_pull_request_id bigint, p_user_id uuid, p_outcome text, p_pull_request text, p_etag text,
  p_read_at timestamptz
) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_pull public.pull_requests;
  v_id bigint := p_pull_request_id;
begin
  select * into v_pull from public.pull_requests as p where p.id = p_pull_request_id;
  if not found then
    raise exception using
      errcode = 'PT404', message = 'agents_pull_request_unknown',
      detail = 'The pull request does not exist.',
      hint = 'Use an id that begin_github_sweep returned.';
  end if;
  case p_outcome
    when 'read' then
      v_id := private.store_github_answer(v_pull, p_pull_request, p_etag, p_read_at);
    when 'unchanged' then
      -- unless a delivery has changed the row since, which clears the ETag
      update private.pull_request_checks as c set
        read_at = case when c.etag is not null then greatest(c.read_at, p_read_at) else c.read_at end,
        next_attempt_at = case when c.etag is null then now()
          else private.next_pull_request_check(private.current_version(v_pull), p_read_at, false) end
      where c.pull_request_id = p_pull_request_id;
    when 'not_seen' then
      perform private.unverify_links_of_reader(p_pull_request_id, p_user_id);
      return;
    when 'unseen' then
      update private.pull_request_checks as c set
        checked_at = now(), attempts_count = c.attempts_count + 1,
        next_attempt_at = private.next_github_attempt_at(c.attempts_count)
      where c.pull_request_id = p_pull_request_id;
      return;
    else
      raise exception using
        errcode = 'PT422', message = 'agents_github_outcome_invalid',
        detail = format('%L is not an outcome.', p_outcome),
        hint = 'Use read, unchanged, not_seen or unseen.';
  end case;
  if v_id <> p_pull_request_id then
    perform private.move_links(p_pull_request_id, v_id, p_user_id);
  end if;
  update private.pull_request_checks as c set checked_at = now(), attempts_count = 0
  where c.pull_request_id = v_id;
  perform private.verify_links_of_reader(v_id, p_user_id);
end;
$$;
grant execute on function private.finish_github_check to service_role;

create or replace function public.finish_github_check(
  pull_request_id bigint, user_id uuid, outcome text, pull_request text default null,
  etag text default null, read_at timestamptz default null
) returns void
language sql volatile security invoker set search_path = ''
begin atomic
  select private.finish_github_check(
    finish_github_check.pull_request_id, finish_github_check.user_id, finish_github_check.outcome,
    finish_github_check.pull_request, finish_github_check.etag, finish_github_check.read_at
  );
end;
comment on function public.finish_github_check is
  'Records the outcome of asking GitHub about a pull request with this user''s token (null: without one). '
  'read: the answer''s body as text, its ETag, and when it was requested. unchanged: GitHub has nothing '
  'newer than the ETag. Both verify the user''s links. not_seen: the token does not find it. unseen: no '
  'token did. Service role only. Errors: agents_pull_request_unknown (404), agents_github_outcome_invalid, '
  'agents_github_answer_invalid, agents_pull_request_invalid (422).';
grant execute on function public.finish_github_check to service_role;

-- 40_agents/40_github/72_record_github_branch.sql
-- What the sweep learned about a task's branch.

create or replace function private.record_github_branch(
  p_task_id bigint, p_user_id uuid, p_pull_requests text, p_read_at timestamptz
) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_ref private.task_github_refs;
  v_pull jsonb;
  v_id bigint;
  v_count integer := 0;
begin
  select * into v_ref from private.task_github_refs as r
  where r.task_id = p_task_id and r.user_id = p_user_id and r.head_ref is not null;
  if not found then
    return 0;
  end if;
  for v_pull in
    select e.value from jsonb_array_elements(private.repair_json_escapes(p_pull_requests)::jsonb) as e (value)
    where e.value #>> '{head,ref}' = v_ref.head_ref
    order by e.value ->> 'number'
    limit 10
  loop
    v_id := private.record_reported_pull_request(
      private.sync_answered_repository(v_pull, v_ref.repository_id, p_read_at), v_pull,
      coalesce(p_read_at, clock_timestamp()), null::text
    );
    perform private.verify_links_of_reader(v_id, p_user_id);
    v_count := v_count + 1;
  end loop;
  update private.task_github_refs as r set
    attempts_count = r.attempts_count + 1,
    next_attempt_at = case
      when not exists (
        select from public.task_pull_requests as l where l.task_id = p_task_id
      ) then private.next_github_search_at(r.attempts_count) end
  where r.task_id = p_task_id;
  return v_count;
end;
$$;
grant execute on function private.record_github_branch to service_role;

create or replace function public.record_github_branch(
  task_id bigint, user_id uuid, pull_requests text, read_at timestamptz default null
) returns integer
language sql volatile security invoker set search_path = ''
begin atomic
  select private.record_github_branch(
    record_github_branch.task_id, record_github_branch.user_id, record_github_branch.pull_requests,
    record_github_branch.read_at
  );
end;
comment on function public.record_github_branch is
  'Records the pull requests that GitHub lists for a task''s branch, an array as text, read with this '
  'user''s token; an empty one where the token does not see the repository. Returns how many it recorded. '
  'Service role only. Errors: agents_pull_request_invalid (422).';
grant execute on function public.record_github_branch to service_role;

-- 40_agents/40_github/74_record_github_project.sql
-- What the sweep learned about the repository of a project: the id that its name leads to, or its new name.

create or replace function private.record_github_project(
  p_project_id bigint, p_repository text, p_read_at timestamptz
) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_answer constant jsonb := private.repair_json_escapes(p_repository)::jsonb;
  v_name constant text[] := string_to_array(v_answer ->> 'full_name', '/');
  v_id bigint;
begin
  if v_answer is null then
    update private.project_repositories as l set
      attempts_count = l.attempts_count + 1,
      next_attempt_at = private.next_github_search_at(l.attempts_count)
    where l.project_id = p_project_id;
    return;
  end if;
  if jsonb_typeof(v_answer -> 'id') is distinct from 'number' then
    raise exception using
      errcode = 'PT422', message = 'agents_github_answer_invalid', detail = 'The repository has no id.',
      hint = 'Send the answer to the request for this repository.';
  end if;
  select l.repository_id into v_id from private.project_repositories as l where l.project_id = p_project_id;
  if found then
    v_id := private.sync_repository(
      (v_answer ->> 'id')::bigint, v_name[1], v_name[2], coalesce(p_read_at, clock_timestamp()), true,
      v_id
    );
    update private.project_repositories as l set next_attempt_at = null, attempts_count = 0
    where l.repository_id = v_id;
  end if;
end;
$$;
grant execute on function private.record_github_project to service_role;

create or replace function public.record_github_project(
  project_id bigint, repository text default null, read_at timestamptz default null
) returns void
language sql volatile security invoker set search_path = ''
begin atomic
  select private.record_github_project(
    record_github_project.project_id, record_github_project.repository, record_github_project.read_at
  );
end;
comment on function public.record_github_project is
  'Records the answer of GitHub''s API about the repository of a project, as text, requested at read_at; '
  'null where the token of its user does not see it, which is asked again later. Service role only. Errors: '
  'agents_github_answer_invalid, agents_github_payload_invalid (422).';
grant execute on function public.record_github_project to service_role;

-- 40_agents/40_github/80_prune_pull_requests.sql
-- Pull requests that no task and no engineering issue is linked to any more, and repositories that nothing is
-- about.

-- Those that only a task has named, and few stay so.
create index pull_requests_unreported_updated_at_idx on public.pull_requests (updated_at)
  where provider_updated_at is null;

create or replace function private.prune_pull_requests(p_batch_size integer default 10000) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_count integer;
begin
  -- By ctid: a list of ids is planned as a join with the whole table.
  delete from public.pull_requests as p
  where p.ctid = any (array(
    select o.ctid from public.pull_requests as o
    where o.updated_at < now() - make_interval(
        days => (select s.delivery_retention_days from public.agent_settings as s)
      )
      and not exists (select from public.task_pull_requests as l where l.pull_request_id = o.id)
      and not exists (select from public.exai_issue_pull_requests as l where l.pull_request_id = o.id)
    order by o.updated_at
    limit p_batch_size
    for update skip locked
  ) || array(
    select o.ctid from public.pull_requests as o
    where o.provider_updated_at is null and o.updated_at < now() - interval '1 day'
      and not exists (select from public.task_pull_requests as l where l.pull_request_id = o.id)
      and not exists (select from public.exai_issue_pull_requests as l where l.pull_request_id = o.id)
    order by o.updated_at
    limit p_batch_size
    for update skip locked
  ));
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function private.prune_pull_requests is
  'Deletes up to p_batch_size pull requests without a link that were not updated for '
  'delivery_retention_days, or for a day where GitHub has not reported them, and returns how many. '
  'For the scheduler.';

create or replace function private.prune_github_repositories() returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_count integer;
begin
  delete from private.github_repositories as r
  where r.id in (
    select o.id from private.github_repositories as o
    where o.created_at < now() - make_interval(
        days => (select s.delivery_retention_days from public.agent_settings as s)
      )
      and not exists (select from private.project_repositories as l where l.repository_id = o.id)
      and not exists (select from private.task_github_refs as t where t.repository_id = o.id)
      and not exists (select from public.loop_repositories as l where l.repository_id = o.id)
      and not exists (select from public.pull_requests as p where p.repository_id = o.id)
    for update skip locked
  );
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function private.prune_github_repositories is
  'Deletes repositories that were named more than delivery_retention_days ago and that no project, pull '
  'request or task with one is about, and returns how many. For the scheduler.';

-- 40_agents/50_metrics/02_metric_weeks.sql
-- Which weeks of the weekly figures are stored, and which of them are to be counted again.
--
-- A week that is over is counted once and stored. The views read the stored weeks, and count the others: the
-- current one, and those of which a task or a pull request was changed since. So they are never stale; how
-- many tasks they read depends on the week, not on the years before it.

create table private.metric_state (
  id boolean not null default true,
  stored_before date not null default '-infinity',
  barrier_week date,
  barrier_xid xid8,
  constraint metric_state_pkey primary key (id),
  constraint metric_state_has_one_row check (id)
);
comment on table private.metric_state is 'One row: how far the weekly figures are stored.';
comment on column private.metric_state.stored_before is 'The first week, a Monday, that is not stored.';
comment on column private.metric_state.barrier_week is
  'The week, a Monday, that can be stored once all transactions with an id below barrier_xid have ended.';
comment on column private.metric_state.barrier_xid is 'See barrier_week.';
insert into private.metric_state (id) values (true);

-- Appended by writers, so that none waits for another; removed by the job.
create table private.metric_marks (
  id bigint not null generated always as identity,
  week date not null,
  user_id uuid not null,
  constraint metric_marks_pkey primary key (id)
);
comment on table private.metric_marks is
  'Weeks that are over and of which a task or pull request of this user was changed.';

alter table private.metric_state enable row level security;
alter table private.metric_marks enable row level security;

create or replace function private.metric_week(p_at timestamptz) returns date
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  return date_trunc('week', p_at at time zone 'UTC')::date;
end;
$$;
comment on function private.metric_week is 'The Monday of the week, in UTC.';

-- By the time of the write, not of the beginning of its transaction: what a long one writes late is marked.
create or replace function private.is_metric_week_over(p_week date) returns boolean
language plpgsql volatile strict security invoker set search_path = '' as $$
begin
  return p_week < private.metric_week(clock_timestamp() - interval '1 hour');
end;
$$;
comment on function private.is_metric_week_over is
  'Whether a change in this week has to be marked: it ended an hour ago.';

-- What is not marked was written by a transaction that had its id before the hour was over. Once those have
-- ended, the next statement sees all that they wrote. A day later they have, whatever a snapshot says.
create or replace function private.storable_metric_weeks(p_now timestamptz) returns date
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_over constant date := private.metric_week(p_now - interval '1 hour');
  v_long_over constant date := private.metric_week(p_now - interval '1 day');
  v_barrier xid8;
begin
  if v_over = v_long_over then
    return v_long_over;
  end if;
  update private.metric_state as s set barrier_week = v_over, barrier_xid = pg_current_xact_id()
  where s.barrier_week is distinct from v_over;
  select s.barrier_xid into v_barrier from private.metric_state as s;
  return case when v_barrier <= pg_snapshot_xmin(pg_current_snapshot()) then v_over else v_long_over end;
end;
$$;
comment on function private.storable_metric_weeks is
  'The first week, a Monday, that cannot be stored yet at this time.';

create or replace function private.metric_weeks_range(p_from date, p_to date) returns tstzrange
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return tstzrange(p_from::timestamp at time zone 'UTC', p_to::timestamp at time zone 'UTC');
end;
$$;
comment on function private.metric_weeks_range is
  'The time from one Monday until another, in UTC; null for no end.';

create or replace function private.live_metric_weeks(p_user_id uuid) returns tstzmultirange
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
declare
  v_stored_before constant date := (select s.stored_before from private.metric_state as s);
begin
  return (
    select range_agg(r.range)
    from (
      select private.metric_weeks_range(v_stored_before, null) as range
      union all
      select private.metric_weeks_range(w.week, w.week + 7)
      from (
        select distinct m.week from private.metric_marks as m
        where m.week < v_stored_before and (p_user_id is null or m.user_id = p_user_id)
      ) as w
    ) as r
  );
end;
$$;
comment on function private.live_metric_weeks is
  'The weeks whose figures of this user, for null of everybody, are not stored or not up to date.';

-- Users see their own tasks; figures over everybody's tasks name no user.
create or replace function private.has_all_metrics() returns boolean
language plpgsql stable security definer set search_path = '' as $$
begin
  return private.is_trusted_caller() or private.has_team_role('admin');
end;
$$;
comment on function private.has_all_metrics is
  'Whether the caller''s figures cover everybody''s tasks: for servers and admins of the team. Otherwise '
  'they cover the caller''s own.';

create or replace function private.metrics_user_id() returns uuid
language plpgsql stable security definer set search_path = '' as $$
begin
  if private.has_all_metrics() then
    return null;
  end if;
  return coalesce(auth.uid(), '00000000-0000-0000-0000-000000000000');
end;
$$;
comment on function private.metrics_user_id is
  'Whose figures the caller sees: their own id; null for everybody''s.';

-- 40_agents/50_metrics/04_mark_task_weeks.sql
-- Marks the weeks whose figures a changed task belongs to.

create or replace function private.mark_task_weeks() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into private.metric_marks (week, user_id)
  select distinct private.metric_week(c.at), new.user_id
  from (values (old.created_at), (old.completed_at), (new.created_at), (new.completed_at)) as c (at)
  where private.is_metric_week_over(private.metric_week(c.at));
  return null;
end;
$$;
comment on function private.mark_task_weeks is
  'After-row trigger of tasks: marks the weeks in which the task was created and ended.';

create or replace function private.mark_deleted_task_weeks() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into private.metric_marks (week, user_id)
  select w.week, w.user_id
  from (
    select distinct date_trunc('week', c.at at time zone 'UTC')::date as week, o.user_id
    from old_tasks as o cross join lateral (values (o.created_at), (o.completed_at)) as c (at)
  ) as w
  where private.is_metric_week_over(w.week);
  return null;
end;
$$;
comment on function private.mark_deleted_task_weeks is
  'After-delete-statement trigger of tasks: marks their weeks, each once.';

create or replace function private.clear_metric_weeks() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  update private.metric_state as s set stored_before = '-infinity' where s.id;
  return null;
end;
$$;
comment on function private.clear_metric_weeks is
  'After-truncate trigger: no week counts as stored any more.';

-- The conditions come first, so that a task of the current week costs a comparison, and the columns that may
-- be large are not compared.
create trigger _600_mark_task_weeks after insert on public.tasks
  for each row when (
    least(new.created_at, new.completed_at) at time zone 'UTC'
      < date_trunc('week', (clock_timestamp() - interval '1 hour') at time zone 'UTC')
  )
  execute function private.mark_task_weeks();
create trigger _610_mark_task_weeks after update on public.tasks
  for each row when (
    least(old.created_at, old.completed_at, new.completed_at) at time zone 'UTC'
      < date_trunc('week', (clock_timestamp() - interval '1 hour') at time zone 'UTC')
    and (old.status, old.agent, old.project_id, old.error_kind, old.started_at, old.completed_at)
      is distinct from
      (new.status, new.agent, new.project_id, new.error_kind, new.started_at, new.completed_at)
  )
  execute function private.mark_task_weeks();
create trigger _620_mark_task_weeks after update of execution_metadata on public.tasks
  for each row when (
    old.completed_at at time zone 'UTC'
      < date_trunc('week', (clock_timestamp() - interval '1 hour') at time zone 'UTC')
    and (old.execution_metadata ->> 'model') is distinct from (new.execution_metadata ->> 'model')
  )
  execute function private.mark_task_weeks();
create trigger _630_mark_deleted_task_weeks after delete on public.tasks
  referencing old table as old_tasks
  for each statement execute function private.mark_deleted_task_weeks();
create trigger _640_clear_metric_weeks after truncate on public.tasks
  for each statement execute function private.clear_metric_weeks();

-- 40_agents/50_metrics/06_mark_pull_request_weeks.sql
-- Marks the weeks whose figures a changed pull request, or a changed link to one, belongs to.

create or replace function private.pull_request_events(p_pull_request public.pull_requests)
returns table (kind text, at timestamptz, hours double precision)
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return query
  select e.kind, e.at, e.hours
  from (
    values
      ('opened', p_pull_request.opened_at, null::double precision),
      ('merged', p_pull_request.merged_at, private.hours_to_merge(p_pull_request)),
      ('closed', case when p_pull_request.merged_at is null then p_pull_request.closed_at end, null)
  ) as e (kind, at, hours)
  where e.at is not null;
end;
$$;
comment on function private.pull_request_events is
  'When it was opened, and merged, or closed without: what pull_requests_weekly counts.';

create or replace function private.hours_to_merge(p_pull_request public.pull_requests)
returns double precision
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return greatest(
    extract(epoch from p_pull_request.merged_at - p_pull_request.opened_at)::double precision / 3600, 0
  );
end;
$$;
comment on function private.hours_to_merge is 'The hours from opening to merging, not below 0.';

create or replace function private.mark_pull_request_weeks() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into private.metric_marks (week, user_id)
  select distinct w.week, l.user_id
  from (
    (select * from private.pull_request_events(old) except select * from private.pull_request_events(new))
    union all
    (select * from private.pull_request_events(new) except select * from private.pull_request_events(old))
  ) as e
  cross join lateral (select private.metric_week(e.at) as week) as w
  join public.task_pull_requests as l on l.pull_request_id = old.id and l.verified_at is not null
  where private.is_metric_week_over(w.week);
  return case tg_op when 'DELETE' then old end;
end;
$$;
comment on function private.mark_pull_request_weeks is
  'After-update and before-delete row trigger of pull requests: marks the weeks whose events change, for the '
  'users who may see it.';

create or replace function private.mark_link_weeks() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into private.metric_marks (week, user_id)
  select distinct w.week, c.user_id
  from changed_links as c
  join public.pull_requests as p on p.id = c.pull_request_id
  cross join lateral private.pull_request_events(p) as e
  cross join lateral (select private.metric_week(e.at) as week) as w
  where c.verified_at is not null and private.is_metric_week_over(w.week);
  return null;
end;
$$;
comment on function private.mark_link_weeks is
  'After-statement trigger of task_pull_requests, for inserted and deleted links that are verified: marks '
  'the weeks of their pull requests.';

create or replace function private.mark_verified_link_weeks() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into private.metric_marks (week, user_id)
  select distinct w.week, n.user_id
  from new_links as n
  join old_links as o on o.task_id = n.task_id and o.pull_request_id = n.pull_request_id
  join public.pull_requests as p on p.id = n.pull_request_id
  cross join lateral private.pull_request_events(p) as e
  cross join lateral (select private.metric_week(e.at) as week) as w
  where (o.verified_at is null) <> (n.verified_at is null) and private.is_metric_week_over(w.week);
  return null;
end;
$$;
comment on function private.mark_verified_link_weeks is
  'After-update-statement trigger of task_pull_requests: marks the weeks of pull requests that a user may '
  'see from then on, or no longer.';

-- Until then the figures over everybody's tasks leave its pull requests out.
create or replace function private.mark_held_task_weeks(p_task_id bigint) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into private.metric_marks (week, user_id)
  select distinct w.week, l.user_id
  from public.task_pull_requests as l
  join public.pull_requests as p on p.id = l.pull_request_id
  cross join lateral private.pull_request_events(p) as e
  cross join lateral (select private.metric_week(e.at) as week) as w
  where l.task_id = p_task_id and l.verified_at is not null and private.is_metric_week_over(w.week);
end;
$$;
comment on function private.mark_held_task_weeks is
  'For the first claim of a task: marks the weeks of the pull requests that it has by then.';

create trigger _600_mark_pull_request_weeks after update on public.pull_requests
  for each row when (
    (old.opened_at, old.merged_at, old.closed_at)
      is distinct from (new.opened_at, new.merged_at, new.closed_at)
  )
  execute function private.mark_pull_request_weeks();
-- Before: after it, the links are gone.
create trigger _600_mark_deleted_pull_request_weeks before delete on public.pull_requests
  for each row execute function private.mark_pull_request_weeks();
create trigger _600_mark_link_weeks after insert on public.task_pull_requests
  referencing new table as changed_links
  for each statement execute function private.mark_link_weeks();
create trigger _610_mark_verified_link_weeks after update on public.task_pull_requests
  referencing old table as old_links new table as new_links
  for each statement execute function private.mark_verified_link_weeks();
create trigger _630_mark_link_weeks after delete on public.task_pull_requests
  referencing old table as changed_links
  for each statement execute function private.mark_link_weeks();
create trigger _640_clear_metric_weeks after truncate on public.task_pull_requests
  for each statement execute function private.clear_metric_weeks();

-- 40_agents/50_metrics/10_task_completion_weekly.sql
-- How many tasks are completed each week, by agent and model, and how long they take.

-- The copies of ids in the stored figures need no foreign keys: a week is counted again when its tasks are
-- deleted.
create table private.task_completion_weeks (
  id bigint not null generated always as identity,
  week date not null,
  user_id uuid,
  agent text not null,
  model text,
  tasks_count bigint not null,
  completed_count bigint not null,
  failed_count bigint not null,
  cancelled_count bigint not null,
  average_seconds numeric,
  p90_seconds numeric,
  constraint task_completion_weeks_pkey primary key (id)
);
comment on table private.task_completion_weeks is
  'The rows of task_completion_weekly for weeks that are over: of each user, and of everybody. Written by '
  'count_metric_weeks().';
comment on column private.task_completion_weeks.user_id is 'Null for everybody''s.';
create index task_completion_weeks_user_id_week_idx on private.task_completion_weeks (user_id, week);
create index task_completion_weeks_week_idx on private.task_completion_weeks (week);
alter table private.task_completion_weeks enable row level security;

-- For the weeks that are not stored. A running task is not in it.
create index tasks_completed_at_user_id_idx on public.tasks (completed_at, user_id)
  where completed_at is not null;

-- Anybody can write a task that has ended, of an agent of any name. The figures over everybody's tasks, which
-- admins read, are of tasks that a worker held, and name the agent that it claimed them for.
--
-- Here and in the other figures planned for each call: the plan for one user and the plan for all users, for
-- one week and for all weeks, have nothing in common. `offset 0` makes it one search of the index per range:
-- of a join, the planner expects so many rows that it reads all tasks of the user.
create or replace function private.count_task_completion(
  p_weeks tstzmultirange, p_user_id uuid, p_is_by_user boolean
) returns setof private.task_completion_weeks
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
begin
  return query
  select null::bigint, w.week, w.user_id, w.agent, w.model, count(*),
    count(*) filter (where w.status = 'completed'), count(*) filter (where w.status = 'failed'),
    count(*) filter (where w.status = 'cancelled'), round(avg(w.seconds)::numeric, 2),
    round(percentile_cont(0.9) within group (order by w.seconds)::numeric, 2)
  from (
    select date_trunc('week', t.completed_at at time zone 'UTC')::date as week,
      case when p_is_by_user then t.user_id end as user_id, t.agent,
      left(t.execution_metadata ->> 'model', 200) as model, t.status,
      case when t.status = 'completed'
        then extract(epoch from t.completed_at - t.started_at)::double precision
      end as seconds
    from unnest(p_weeks) as r (range)
    cross join lateral (
      select * from public.tasks as e
      where e.completed_at >= lower(r.range) and e.completed_at < coalesce(upper(r.range), 'infinity')
        and (p_user_id is null or e.user_id = p_user_id)
        and (p_user_id is not null or p_is_by_user or exists (
          select from public.task_attempts as a where a.task_id = e.id and a.agent = e.agent
        ))
      offset 0
    ) as t
  ) as w
  group by w.week, w.user_id, w.agent, w.model;
end;
$$;
comment on function private.count_task_completion is
  'Counts the tasks that ended in these weeks, of one user or of all (null): by user, or of everybody, and '
  'then only those that a worker held.';

create or replace function private.task_completion_weekly()
returns table (
  week date, agent text, model text, tasks_count bigint, completed_count bigint, failed_count bigint,
  cancelled_count bigint, completion_rate numeric, average_seconds numeric, p90_seconds numeric
)
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
declare
  v_user_id constant uuid := private.metrics_user_id();
  v_live constant tstzmultirange := private.live_metric_weeks(v_user_id);
begin
  return query
  select c.week, c.agent, c.model, c.tasks_count, c.completed_count, c.failed_count, c.cancelled_count,
    round(c.completed_count::numeric / nullif(c.completed_count + c.failed_count, 0), 4), c.average_seconds,
    c.p90_seconds
  from (
    select s.* from private.task_completion_weeks as s
    where (s.user_id = v_user_id or v_user_id is null and s.user_id is null)
      and not v_live @> s.week::timestamp at time zone 'UTC'
    union all
    select l.* from private.count_task_completion(v_live, v_user_id, v_user_id is not null) as l
  ) as c;
end;
$$;
comment on function private.task_completion_weekly is 'Rows of public.task_completion_weekly.';
grant execute on function private.task_completion_weekly to authenticated, service_role;

create view public.task_completion_weekly with (security_invoker = true) as
select * from private.task_completion_weekly();
comment on view public.task_completion_weekly is
  'One row per week, agent and model with a task that ended. Of the caller''s own tasks; for admins of the '
  'team and servers of everybody''s that a worker held.';
comment on column public.task_completion_weekly.week is 'The Monday of the week, in UTC.';
comment on column public.task_completion_weekly.model is
  'execution_metadata.model of the tasks; null for none.';
comment on column public.task_completion_weekly.tasks_count is 'Tasks that ended, with any status.';
comment on column public.task_completion_weekly.completion_rate is
  'The share of completed tasks in those that completed or failed, 0 to 1; null for none.';
comment on column public.task_completion_weekly.average_seconds is
  'From the start of the last attempt to the end, of completed tasks.';
comment on column public.task_completion_weekly.p90_seconds is 'Nine of ten completed tasks took no longer.';
grant select on public.task_completion_weekly to authenticated, service_role;

-- 40_agents/50_metrics/20_task_errors_weekly.sql
-- Why tasks fail, by week and agent.

create table private.task_error_weeks (
  id bigint not null generated always as identity,
  week date not null,
  user_id uuid,
  agent text not null,
  error_kind text,
  failures_count bigint not null,
  ended_count bigint not null,
  constraint task_error_weeks_pkey primary key (id)
);
comment on table private.task_error_weeks is
  'Completed and failed tasks by kind of error, for weeks that are over: of each user, and of everybody. '
  'Written by count_metric_weeks().';
comment on column private.task_error_weeks.user_id is 'Null for everybody''s.';
comment on column private.task_error_weeks.error_kind is 'Null for the completed tasks.';
create index task_error_weeks_user_id_week_idx on private.task_error_weeks (user_id, week);
create index task_error_weeks_week_idx on private.task_error_weeks (week);
alter table private.task_error_weeks enable row level security;

create or replace function private.count_task_errors(
  p_weeks tstzmultirange, p_user_id uuid, p_is_by_user boolean
) returns setof private.task_error_weeks
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
begin
  return query
  select null::bigint, w.week, w.user_id, w.agent, w.kind, count(*) filter (where w.status = 'failed'),
    count(*)
  from (
    select date_trunc('week', t.completed_at at time zone 'UTC')::date as week,
      case when p_is_by_user then t.user_id end as user_id, t.agent, t.status,
      case when t.status = 'failed' then coalesce(t.error_kind, 'unknown') end as kind
    from unnest(p_weeks) as r (range)
    cross join lateral (
      select * from public.tasks as e
      where e.completed_at >= lower(r.range) and e.completed_at < coalesce(upper(r.range), 'infinity')
        and (p_user_id is null or e.user_id = p_user_id) and e.status in ('failed', 'completed')
        and (p_user_id is not null or p_is_by_user or exists (
          select from public.task_attempts as a where a.task_id = e.id and a.agent = e.agent
        ))
      offset 0
    ) as t
  ) as w
  group by w.week, w.user_id, w.agent, w.kind;
end;
$$;
comment on function private.count_task_errors is
  'Counts the tasks that completed or failed in these weeks, of one user or of all (null): by user, '
  'or of everybody, and then only those that a worker held.';

create or replace function private.task_errors_weekly()
returns table (
  week date, agent text, error_kind text, failures_count bigint, share numeric, failure_rate numeric
)
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
declare
  v_user_id constant uuid := private.metrics_user_id();
  v_live constant tstzmultirange := private.live_metric_weeks(v_user_id);
begin
  return query
  select c.week, c.agent, c.error_kind, c.failures_count,
    round(c.failures_count / nullif(sum(c.failures_count) over (partition by c.week, c.agent), 0), 4),
    round(c.failures_count / sum(c.ended_count) over (partition by c.week, c.agent), 4)
  from (
    select s.* from private.task_error_weeks as s
    where (s.user_id = v_user_id or v_user_id is null and s.user_id is null)
      and not v_live @> s.week::timestamp at time zone 'UTC'
    union all
    select l.* from private.count_task_errors(v_live, v_user_id, v_user_id is not null) as l
  ) as c;
end;
$$;
comment on function private.task_errors_weekly is 'Rows of public.task_errors_weekly.';
grant execute on function private.task_errors_weekly to authenticated, service_role;

create view public.task_errors_weekly with (security_invoker = true) as
select * from private.task_errors_weekly() as e where e.error_kind is not null;
comment on view public.task_errors_weekly is
  'One row per week, agent and kind of error of failed tasks. Of the caller''s own tasks; for admins of the '
  'team and servers of everybody''s.';
comment on column public.task_errors_weekly.week is 'The Monday of the week, in UTC.';
comment on column public.task_errors_weekly.error_kind is 'tasks.error_kind; unknown for none.';
comment on column public.task_errors_weekly.share is
  'Its share in the failed tasks of that week and agent, 0 to 1.';
comment on column public.task_errors_weekly.failure_rate is
  'Its share in the completed and failed tasks of that week and agent, 0 to 1.';
grant select on public.task_errors_weekly to authenticated, service_role;

-- 40_agents/50_metrics/30_user_activity_weekly.sql
-- Which users create tasks, and how many, by week.

create table private.user_activity_weeks (
  week date not null,
  user_id uuid not null,
  tasks_count bigint not null,
  completed_count bigint not null,
  projects_count bigint not null,
  agents_count bigint not null,
  last_active_at timestamptz not null,
  held_tasks_count bigint not null,
  held_completed_count bigint not null,
  held_projects_count bigint not null,
  held_agents_count bigint not null,
  held_last_active_at timestamptz,
  constraint user_activity_weeks_pkey primary key (week, user_id)
);
comment on table private.user_activity_weeks is
  'The rows of user_activity_weekly for weeks that are over: of all tasks, which their user sees, and of '
  'those that a worker held, which admins see. Written by count_metric_weeks().';
create index user_activity_weeks_user_id_idx on private.user_activity_weeks (user_id);
alter table private.user_activity_weeks enable row level security;

-- The tasks of a week are found user by user, by the index on user and time: one on the time alone would be
-- one more that each claim writes.
create or replace function private.count_user_activity(p_weeks tstzmultirange, p_user_id uuid)
returns setof private.user_activity_weeks
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
begin
  return query
  select date_trunc('week', w.created_at at time zone 'UTC')::date, u.id, count(*),
    count(*) filter (where w.status = 'completed'), count(distinct w.project_id), count(distinct w.agent),
    max(w.created_at), count(*) filter (where w.is_held),
    count(*) filter (where w.is_held and w.status = 'completed'),
    count(distinct w.project_id) filter (where w.is_held), count(distinct w.agent) filter (where w.is_held),
    max(w.created_at) filter (where w.is_held)
  from public.users as u
  cross join unnest(p_weeks) as r (range)
  cross join lateral (
    select t.created_at, t.status, t.project_id, t.agent, exists (
        select from public.task_attempts as a where a.task_id = t.id and a.agent = t.agent
      ) as is_held
    from public.tasks as t
    where t.user_id = u.id and t.created_at >= lower(r.range)
      and t.created_at < coalesce(upper(r.range), 'infinity')
    offset 0
  ) as w
  where p_user_id is null or u.id = p_user_id
  group by 1, 2;
end;
$$;
comment on function private.count_user_activity is
  'Counts the tasks that were created in these weeks, by user, of one user or of all (null).';

create or replace function private.user_activity_weekly()
returns table (
  week date, user_id uuid, tasks_count bigint, completed_count bigint, projects_count bigint,
  agents_count bigint, last_active_at timestamptz
)
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
declare
  v_user_id constant uuid := private.metrics_user_id();
  v_live constant tstzmultirange := private.live_metric_weeks(v_user_id);
begin
  return query
  select a.week, a.user_id,
    case when v_user_id is null then a.held_tasks_count else a.tasks_count end,
    case when v_user_id is null then a.held_completed_count else a.completed_count end,
    case when v_user_id is null then a.held_projects_count else a.projects_count end,
    case when v_user_id is null then a.held_agents_count else a.agents_count end,
    case when v_user_id is null then a.held_last_active_at else a.last_active_at end
  from (
    select s.* from private.user_activity_weeks as s
    where (v_user_id is null or s.user_id = v_user_id) and not v_live @> s.week::timestamp at time zone 'UTC'
    union all
    select l.* from private.count_user_activity(v_live, v_user_id) as l
  ) as a
  where v_user_id is not null or a.held_tasks_count > 0;
end;
$$;
comment on function private.user_activity_weekly is 'Rows of public.user_activity_weekly.';
grant execute on function private.user_activity_weekly to authenticated, service_role;

create view public.user_activity_weekly with (security_invoker = true) as
select * from private.user_activity_weekly();
comment on view public.user_activity_weekly is
  'One row per week and user who created a task in it. The caller''s own; for admins of the team and '
  'servers everybody''s, of tasks that a worker held.';
comment on column public.user_activity_weekly.week is 'The Monday of the week, in UTC.';
comment on column public.user_activity_weekly.tasks_count is 'Tasks created in that week.';
comment on column public.user_activity_weekly.completed_count is
  'Those of them that have completed since then.';
comment on column public.user_activity_weekly.projects_count is 'Projects of these tasks.';
comment on column public.user_activity_weekly.agents_count is 'Agents of these tasks.';
comment on column public.user_activity_weekly.last_active_at is 'When the last of them was created.';
grant select on public.user_activity_weekly to authenticated, service_role;

-- 40_agents/50_metrics/40_pull_requests_weekly.sql
-- How many of the agents' pull requests are merged, and how long that takes, by week.

create table private.pull_request_weeks (
  id bigint not null generated always as identity,
  week date not null,
  user_id uuid,
  opened_count bigint not null,
  merged_count bigint not null,
  closed_count bigint not null,
  median_hours_to_merge numeric,
  p90_hours_to_merge numeric,
  constraint pull_request_weeks_pkey primary key (id)
);
comment on table private.pull_request_weeks is
  'The rows of pull_requests_weekly for weeks that are over: of each user, and of everybody. Written by '
  'count_metric_weeks().';
comment on column private.pull_request_weeks.user_id is 'Null for everybody''s.';
create index pull_request_weeks_user_id_week_idx on private.pull_request_weeks (user_id, week);
create index pull_request_weeks_week_idx on private.pull_request_weeks (week);
alter table private.pull_request_weeks enable row level security;

create index pull_requests_opened_at_idx on public.pull_requests (opened_at);
create index pull_requests_merged_at_idx on public.pull_requests (merged_at) where merged_at is not null;
create index pull_requests_closed_at_idx on public.pull_requests (closed_at) where merged_at is null;

create or replace function private.count_pull_requests(
  p_weeks tstzmultirange, p_user_id uuid, p_is_by_user boolean
) returns setof private.pull_request_weeks
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
begin
  return query
  with week as (
    select lower(r.range) as starts_at, coalesce(upper(r.range), 'infinity') as ends_at
    from unnest(p_weeks) as r (range)
  ),
  -- as private.pull_request_events has them
  event as (
    select p.id, 'opened' as kind, p.opened_at as at, null::double precision as hours
    from week as w join public.pull_requests as p on p.opened_at >= w.starts_at and p.opened_at < w.ends_at
    union all
    select p.id, 'merged', p.merged_at, private.hours_to_merge(p)
    from week as w join public.pull_requests as p on p.merged_at >= w.starts_at and p.merged_at < w.ends_at
    union all
    select p.id, 'closed', p.closed_at, null
    from week as w join public.pull_requests as p on p.closed_at >= w.starts_at and p.closed_at < w.ends_at
    where p.merged_at is null
  )
  select null::bigint, date_trunc('week', e.at at time zone 'UTC')::date, u.user_id,
    count(*) filter (where e.kind = 'opened'), count(*) filter (where e.kind = 'merged'),
    count(*) filter (where e.kind = 'closed'),
    round(percentile_cont(0.5) within group (order by e.hours)::numeric, 2),
    round(percentile_cont(0.9) within group (order by e.hours)::numeric, 2)
  from event as e
  cross join lateral (
    select distinct case when p_is_by_user then l.user_id end as user_id
    from public.task_pull_requests as l
    where l.pull_request_id = e.id and l.verified_at is not null
      and (p_user_id is null or l.user_id = p_user_id)
      and (p_user_id is not null or p_is_by_user or exists (
        select from public.task_attempts as a where a.task_id = l.task_id
      ))
  ) as u
  group by 2, 3;
end;
$$;
comment on function private.count_pull_requests is
  'Counts the pull requests that were opened, merged or closed in these weeks and that one user, or anybody '
  '(null), may see: by user, or of everybody, and then only those of tasks that a worker held.';

create or replace function private.pull_requests_weekly()
returns table (
  week date, opened_count bigint, merged_count bigint, closed_count bigint, merge_rate numeric,
  median_hours_to_merge numeric, p90_hours_to_merge numeric
)
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
declare
  v_user_id constant uuid := private.metrics_user_id();
  v_live constant tstzmultirange := private.live_metric_weeks(v_user_id);
begin
  return query
  select c.week, c.opened_count, c.merged_count, c.closed_count,
    round(c.merged_count::numeric / nullif(c.merged_count + c.closed_count, 0), 4), c.median_hours_to_merge,
    c.p90_hours_to_merge
  from (
    select s.* from private.pull_request_weeks as s
    where (s.user_id = v_user_id or v_user_id is null and s.user_id is null)
      and not v_live @> s.week::timestamp at time zone 'UTC'
    union all
    select l.* from private.count_pull_requests(v_live, v_user_id, v_user_id is not null) as l
  ) as c;
end;
$$;
comment on function private.pull_requests_weekly is 'Rows of public.pull_requests_weekly.';
grant execute on function private.pull_requests_weekly to authenticated, service_role;

create view public.pull_requests_weekly with (security_invoker = true) as
select * from private.pull_requests_weekly();
comment on view public.pull_requests_weekly is
  'One row per week in which a pull request of a task was opened, merged or closed. Of the caller''s own '
  'tasks, if the link is verified; for admins of the team and servers of everybody''s that a worker held.';
comment on column public.pull_requests_weekly.week is 'The Monday of the week, in UTC.';
comment on column public.pull_requests_weekly.closed_count is 'Closed without being merged.';
comment on column public.pull_requests_weekly.merge_rate is
  'The share of merged pull requests in those that were merged or closed that week, 0 to 1; null for none.';
comment on column public.pull_requests_weekly.median_hours_to_merge is
  'Half of those merged that week took no longer, in hours since they were opened.';
comment on column public.pull_requests_weekly.p90_hours_to_merge is
  'Nine of ten merged that week took no longer.';
grant select on public.pull_requests_weekly to authenticated, service_role;

-- 40_agents/50_metrics/50_slow_queries.sql
-- Which statements take the most time in the database.

-- pg_stat_statements replaces the constants of these statements by parameters. Of other statements, which may
-- contain a password, it does not: they are left out.
create or replace function private.slow_queries()
returns table (
  query text, calls_count bigint, total_seconds numeric, mean_milliseconds numeric, max_milliseconds numeric,
  rows_count bigint, cache_hit_rate numeric
)
language plpgsql stable security definer set search_path = '' as $$
begin
  if not private.has_all_metrics() then
    return;
  end if;
  return query
  select left(s.query, 2000), s.calls, round((s.total_exec_time / 1000)::numeric, 3),
    round(s.mean_exec_time::numeric, 3), round(s.max_exec_time::numeric, 3), s.rows,
    round(s.shared_blks_hit::numeric / nullif(s.shared_blks_hit + s.shared_blks_read, 0), 4)
  from extensions.pg_stat_statements as s
  where s.dbid = (select d.oid from pg_catalog.pg_database as d where d.datname = current_database())
    and s.query ~* '^\s*(select|insert|update|delete|merge|with)\M'
  order by s.total_exec_time desc
  limit 100;
exception
  -- The extension is not installed, or the server has not loaded its library.
  when undefined_table or object_not_in_prerequisite_state then
    return;
end;
$$;
comment on function private.slow_queries is 'Rows of public.slow_queries.';
grant execute on function private.slow_queries to authenticated, service_role;

create view public.slow_queries with (security_invoker = true) as
select * from private.slow_queries();
comment on view public.slow_queries is
  'The hundred statements that took the most time in total, counted by pg_stat_statements since its last '
  'reset. For admins of the team and servers; empty for everybody else, and where the extension '
  'is not loaded.';
comment on column public.slow_queries.query is
  'The statement, its constants as $1, $2 …; cut to 2000 characters.';
comment on column public.slow_queries.rows_count is 'Rows that all calls returned or changed.';
comment on column public.slow_queries.cache_hit_rate is
  'The share of pages found in shared buffers, 0 to 1.';
grant select on public.slow_queries to authenticated, service_role;

-- 40_agents/50_metrics/60_count_metric_weeks.sql
-- Stores the weekly figures of weeks that are over, and those of marked weeks again.

create or replace function private.store_metric_weeks(p_weeks tstzmultirange) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  delete from private.task_completion_weeks as s where p_weeks @> s.week::timestamp at time zone 'UTC';
  delete from private.task_error_weeks as s where p_weeks @> s.week::timestamp at time zone 'UTC';
  delete from private.user_activity_weeks as s where p_weeks @> s.week::timestamp at time zone 'UTC';
  delete from private.pull_request_weeks as s where p_weeks @> s.week::timestamp at time zone 'UTC';
  insert into private.task_completion_weeks overriding user value
  select c.* from private.count_task_completion(p_weeks, null, true) as c
  union all
  select c.* from private.count_task_completion(p_weeks, null, false) as c;
  insert into private.task_error_weeks overriding user value
  select c.* from private.count_task_errors(p_weeks, null, true) as c
  union all
  select c.* from private.count_task_errors(p_weeks, null, false) as c;
  insert into private.user_activity_weeks
  select c.* from private.count_user_activity(p_weeks, null) as c;
  insert into private.pull_request_weeks overriding user value
  select c.* from private.count_pull_requests(p_weeks, null, true) as c
  union all
  select c.* from private.count_pull_requests(p_weeks, null, false) as c;
end;
$$;
comment on function private.store_metric_weeks is
  'Counts these weeks and stores them, in place of what is stored.';

-- The marks go first: each statement sees what is committed when it begins, so what is counted contains all
-- that the removed marks stand for, and a mark that is committed later stays for the next run.
create or replace function private.count_metric_weeks() returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_stored_before date;
  v_weeks date[];
  v_next date;
begin
  select s.stored_before into v_stored_before from private.metric_state as s for update skip locked;
  if not found then
    return 0;
  end if;
  v_next := private.storable_metric_weeks(clock_timestamp());
  with removed as (
    delete from private.metric_marks as m where m.id is not null returning m.week
  )
  select array_agg(distinct r.week) filter (where r.week < v_stored_before) into v_weeks from removed as r;
  if v_weeks is null and v_next <= v_stored_before then
    return 0;
  end if;
  perform private.store_metric_weeks(
    tstzmultirange(private.metric_weeks_range(v_stored_before, greatest(v_next, v_stored_before)))
      + coalesce((
        select range_agg(private.metric_weeks_range(w.week, w.week + 7)) from unnest(v_weeks) as w (week)
      ), '{}')
  );
  update private.metric_state as s set stored_before = v_next where s.stored_before < v_next;
  return coalesce(cardinality(v_weeks), 0) + (v_next > v_stored_before)::integer;
end;
$$;
comment on function private.count_metric_weeks is
  'Stores the figures of weeks that ended an hour ago, and counts marked weeks again. Returns how many weeks '
  'it counted again, plus one if it stored the weeks that ended since. For the scheduler.';

-- 40_agents/50_metrics/62_verify_metric_weeks.sql
-- Compares the stored weekly figures with the tasks and pull requests.

create or replace function private.verify_metric_weeks()
returns table (name text, is_stored boolean, figures jsonb)
language plpgsql stable security definer set search_path = '' as $$
declare
  v_stored constant tstzmultirange :=
    tstzmultirange(tstzrange('-infinity', null)) - private.live_metric_weeks(null);
begin
  return query
  with stored (name, figures) as (
    select 'task_completion_weeks', to_jsonb(s) - 'id' from private.task_completion_weeks as s
    where v_stored @> s.week::timestamp at time zone 'UTC'
    union all
    select 'task_error_weeks', to_jsonb(s) - 'id' from private.task_error_weeks as s
    where v_stored @> s.week::timestamp at time zone 'UTC'
    union all
    select 'user_activity_weeks', to_jsonb(s) from private.user_activity_weeks as s
    where v_stored @> s.week::timestamp at time zone 'UTC'
    union all
    select 'pull_request_weeks', to_jsonb(s) - 'id' from private.pull_request_weeks as s
    where v_stored @> s.week::timestamp at time zone 'UTC'
  ),
  counted (name, figures) as (
    select 'task_completion_weeks', to_jsonb(c) - 'id'
    from (values (true), (false)) as u (is_by_user)
    cross join lateral private.count_task_completion(v_stored, null, u.is_by_user) as c
    union all
    select 'task_error_weeks', to_jsonb(c) - 'id'
    from (values (true), (false)) as u (is_by_user)
    cross join lateral private.count_task_errors(v_stored, null, u.is_by_user) as c
    union all
    select 'user_activity_weeks', to_jsonb(c) from private.count_user_activity(v_stored, null) as c
    union all
    select 'pull_request_weeks', to_jsonb(c) - 'id'
    from (values (true), (false)) as u (is_by_user)
    cross join lateral private.count_pull_requests(v_stored, null, u.is_by_user) as c
  )
  (select s.name, true, s.figures from (table stored except all table counted) as s)
  union all
  (select c.name, false, c.figures from (table counted except all table stored) as c);
end;
$$;
comment on function private.verify_metric_weeks is
  'Counts all stored weeks again and returns the differences: what is stored only, and what was counted '
  'only; no row means that all figures are correct. Weeks that are marked are left out. For operators.';

-- 40_agents/90_realtime.sql
-- What clients may subscribe to; row security decides who sees which row. Without a list of columns: Realtime
-- reads the WAL with wal2json, which uses only the tables of a publication. Clients name columns.

alter publication supabase_realtime add table public.tasks, public.pull_requests;
