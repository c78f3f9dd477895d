-- supabase/schemas/40_agents, joined.

set local lock_timeout = '5s';
set local statement_timeout = '2min';

-- 40_agents/10_accounts/10_agent_settings.sql
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
  'agents_github_token_forbidden, key_change_forbidden (422).';
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

create or replace function private.sync_changed_account() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  -- each sign-in fires it
  if (old.email, old.raw_user_meta_data) is not distinct from (new.email, new.raw_user_meta_data) then
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
  'After-update trigger of auth.users: copies what the provider changed; what the user wrote stays.';

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
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint secrets_pkey primary key (id),
  -- The profile and not the account, so that a transaction that writes a secret and one that deletes the
  -- account lock the same row first.
  constraint secrets_user_id_fkey foreign key (user_id) references public.users (id) on delete cascade,
  constraint secrets_user_id_kind_key unique (user_id, kind),
  constraint secrets_kind_is_known check (kind in ('github_token')),
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
  'What is not secret about it: of a github_token login, scopes and expires_at.';
comment on column private.secrets.checked_at is 'When its provider was last asked whether it is valid.';
comment on column private.secrets.invalid_at is 'Since when its provider rejects it; null while it is valid.';

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
  where s.user_id = p_user_id and s.kind = p_kind;
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
  'A user''s secret of a kind, sealed; no row for none. Service role only.';
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
  if not found then
    raise exception using
      errcode = 'PT404', message = 'agents_user_unknown', detail = 'The account does not exist.',
      hint = 'Use the id of an account.';
  end if;
  insert into private.secrets as s (id, user_id, kind, sealed, metadata, checked_at)
  values (p_id, p_user_id, 'github_token', p_sealed, coalesce(p_metadata, '{}'), clock_timestamp())
  on conflict on constraint secrets_user_id_kind_key do update set
    id = excluded.id, sealed = excluded.sealed, metadata = excluded.metadata,
    checked_at = excluded.checked_at, invalid_at = null;
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
  select s.id, s.user_id, s.kind, s.sealed from private.secrets as s
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
  'ids, after the id `after`. Service role only.';
grant execute on function public.secrets_to_rotate to service_role;

-- 40_agents/10_accounts/52_reseal_secrets.sql
-- Stores secrets re-encrypted. One that was replaced or removed since it was listed is left as it is.

create or replace function private.reseal_secrets(p_secrets jsonb) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_count integer;
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
  return v_count;
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
  select s.kind, s.key_id, count(*) from private.secrets as s group by 1, 2 order by 1, 2;
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
  'How many secrets of each kind are sealed with each master key. Service role only.';
grant execute on function public.secret_key_counts to service_role;

-- 40_agents/10_accounts/60_count_github_token_check.sql
-- How often a user may have GitHub asked about a token: GitHub sees one address for all users, and would
-- reject that address for everybody when one user tries out tokens.

create table private.github_token_checks (
  user_id uuid not null,
  counted_since timestamptz not null,
  checks_count integer not null,
  constraint github_token_checks_pkey primary key (user_id),
  constraint github_token_checks_user_id_fkey
    foreign key (user_id) references public.users (id) on delete cascade,
  constraint github_token_checks_checks_count_is_bounded check (checks_count between 1 and 10)
);
comment on table private.github_token_checks is
  'How many token checks a user has had in the ten minutes that began with the first.';
alter table private.github_token_checks enable row level security;

-- The profile is locked first, as when an account is deleted.
create or replace function private.count_github_token_check(p_user_id uuid) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_now constant timestamptz := clock_timestamp();
begin
  perform from public.users as u where u.id = p_user_id for key share;
  if not found then
    raise exception using
      errcode = 'PT404', message = 'agents_user_unknown', detail = 'The account does not exist.',
      hint = 'Use the id of an account.';
  end if;
  insert into private.github_token_checks as c (user_id, counted_since, checks_count)
  values (p_user_id, v_now, 1)
  on conflict on constraint github_token_checks_pkey do update set
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
    from private.github_token_checks as c where c.user_id = p_user_id
  );
end;
$$;
grant execute on function private.count_github_token_check to service_role;

create or replace function public.count_github_token_check(user_id uuid) returns integer
language sql volatile security invoker set search_path = ''
begin atomic
  select private.count_github_token_check(count_github_token_check.user_id);
end;
comment on function public.count_github_token_check is
  'Counts a check of a token at GitHub for a user and returns 0; after ten checks in ten minutes, counts '
  'nothing and returns the seconds to wait. Service role only. Errors: agents_user_unknown (404).';
grant execute on function public.count_github_token_check to service_role;

-- 40_agents/20_tasks/10_repo_urls.sql
-- Credentials in a repository's URL are rejected.

-- A trigger and not a check constraint, whose error would contain the row.
create or replace function private.reject_url_secret() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
begin
  raise exception using
    errcode = 'PT422', message = 'agents_repo_url_invalid',
    detail = 'repo_url contains a user or a password, which everything that reads the column would show.',
    hint = 'Use the URL without it, and set your token with the edge function github-token.';
end;
$$;
comment on function private.reject_url_secret is
  'Before trigger of a repo_url that contains credentials. Errors: agents_repo_url_invalid (422), always.';

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
  'not-null column counts as left out. Errors on write: agents_repo_url_invalid, key_change_forbidden (422).';
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

create trigger _005_reject_url_secret before insert or update of repo_url on public.projects
  for each row when (new.repo_url ~* '^\s*https?://[^/]*@|^[^/]*//[^/@]*:[^/]*@')
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
  target_branch text not null default 'main',
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
  'write: agents_project_unknown (404), agents_task_transition_invalid, agents_task_conflict (409), '
  'agents_task_result_too_large (413), agents_task_value_invalid, agents_repo_url_invalid, '
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
  'The branch that the agent starts from and that the pull request is merged into.';
comment on column public.tasks.pr_branch is 'The branch of the pull request.';
comment on column public.tasks.container_id is 'Where it runs or ran, as the worker reports it.';
comment on column public.tasks.commit_hash is 'The final commit.';
comment on column public.tasks.git_diff is 'Up to 50 MB.';
comment on column public.tasks.git_patch is 'Up to 50 MB.';
comment on column public.tasks.changed_files is
  'An array of paths, or of whatever the app stores for each file.';
comment on column public.tasks.error is 'What went wrong the last time, as text.';
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

create index idx_tasks_user_id on public.tasks (user_id);
create index idx_tasks_project_id on public.tasks (project_id);
create index idx_tasks_status on public.tasks (status);

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
  updated_at, started_at, completed_at, priority, run_after, max_attempts, attempts_count, error_kind
) on public.tasks to authenticated;
grant update (
  id, user_id, project_id, status, agent, repo_url, target_branch, pr_branch, container_id, commit_hash,
  pr_number, pr_url, git_diff, git_patch, changed_files, error, chat_messages, execution_metadata, created_at,
  updated_at, started_at, completed_at, priority, run_after, max_attempts, attempts_count, error_kind
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
    select * into v_old from public.tasks as t where t.id = new.id and t.user_id = new.user_id for update;
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
  new.target_branch := coalesce(new.target_branch, v_old.target_branch, 'main');
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
begin
  if new.project_id is null then
    return new;
  end if;
  select p.repo_url into v_repo_url from public.projects as p
  where p.id = new.project_id and p.user_id = new.user_id;
  if not found then
    raise exception using
      errcode = 'PT404', message = 'agents_project_unknown',
      detail = 'The project does not exist or belongs to another user.',
      hint = 'Use the id of one of the user''s projects, or null.';
  end if;
  new.repo_url := coalesce(new.repo_url, v_repo_url);
  return new;
end;
$$;
comment on function private.check_task_project is
  'Before trigger: a task''s project has to be its user''s own; repo_url defaults to the project''s. '
  'Errors: agents_project_unknown (404).';

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
  new.target_branch := coalesce(new.target_branch, old.target_branch);
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

create trigger _005_reject_url_secret before insert or update of repo_url on public.tasks
  for each row when (new.repo_url ~* '^\s*https?://[^/]*@|^[^/]*//[^/@]*:[^/]*@')
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
  'out. Errors: agents_task_result_too_large (413), agents_task_value_invalid (422).';

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
  chat_messages, execution_metadata, pr_branch, container_id, commit_hash, pr_number, pr_url, error_kind
  on public.tasks
  for each row execute function private.check_task_result();
create trigger _140_reject_task_messages before insert or update of chat_messages on public.tasks
  for each row when (
    current_user in ('authenticated', 'service_role')
    and jsonb_path_exists(new.chat_messages, 'strict $[*] ? (@.type() != "object")')
  )
  execute function private.reject_task_messages();

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
begin
  if not private.is_trusted_caller() and not exists (
    select from public.tasks as t where t.id = p_task_id and t.user_id = auth.uid()
  ) then
    raise exception using
      errcode = 'PT404', message = 'agents_task_unknown',
      detail = 'The task does not exist or is not yours.', hint = 'Use the id of one of your tasks.';
  end if;
  return private.append_task_message(p_task_id, p_role, p_content, p_idempotency_key);
end;
$$;
comment on function private.append_own_task_message is
  'private.append_task_message for the task''s user and for servers. Errors: agents_task_unknown (404).';
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
  'Errors: agents_task_unknown (404), agents_task_result_too_large (413), agents_task_message_invalid (422).';
grant execute on function public.append_task_message to authenticated, service_role;

-- 40_agents/20_tasks/60_task_list.sql
-- Tasks for lists: everything but the columns that may be large. Values out of them (the model, the number of
-- files) are left out too, since they could not be read without decompressing the column.

create view public.task_list with (security_invoker = true) as
select
  t.id, t.user_id, t.project_id, t.status, t.agent, t.repo_url, t.target_branch, t.pr_branch, t.container_id,
  t.commit_hash, t.pr_number, t.pr_url, t.created_at, t.updated_at, t.started_at, t.completed_at, t.priority,
  t.run_after, t.max_attempts, t.attempts_count, t.error_kind,
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
comment on column public.task_attempts.error is 'What went wrong, as text; of failed and expired ones.';
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
  name text not null,
  agents text[] not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  revoked_at timestamptz,
  last_used_at timestamptz,
  constraint worker_tokens_pkey primary key (id),
  constraint worker_tokens_user_id_fkey foreign key (user_id) references public.users (id) on delete cascade,
  constraint worker_tokens_name_is_not_blank check (btrim(name) <> '' and char_length(name) <= 200),
  constraint worker_tokens_agents_are_named check (cardinality(agents) between 1 and 50)
);
comment on table public.worker_tokens is
  'One row per worker token, without the token itself. Created by create_worker_token, ended by '
  'revoke_worker_token. Users see their own; admins of the team also those for everybody''s tasks.';
comment on column public.worker_tokens.user_id is 'Whose tasks it claims; null for everybody''s.';
comment on column public.worker_tokens.agents is 'The agents whose tasks it claims.';
comment on column public.worker_tokens.expires_at is 'From then on it is rejected; null for never.';
comment on column public.worker_tokens.revoked_at is 'Since when it is rejected; null while it is valid.';
comment on column public.worker_tokens.last_used_at is 'When it was last used, within ten minutes.';
create index worker_tokens_user_id_idx on public.worker_tokens (user_id);

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

create or replace function private.create_worker_token(
  p_name text, p_agents text[], p_expires_in_days integer, p_for_everybody boolean
) returns table (id uuid, token text)
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_user_id constant uuid := case when p_for_everybody is not true then auth.uid() end;
  v_agents constant text[] := private.normalize_agents(p_agents);
  v_name constant text := private.non_blank(p_name);
begin
  if p_for_everybody then
    perform private.require_team_role('admin');
  elsif v_user_id is null then
    raise exception using
      errcode = 'PT401', message = 'sign_in_required', detail = 'A worker token belongs to an account.',
      hint = 'Sign in, or create one for everybody''s tasks: for_everybody.';
  end if;
  if v_name is null or char_length(v_name) > 200 or v_agents is null
    or p_expires_in_days not between 1 and 3650
  then
    raise exception using
      errcode = 'PT422', message = 'agents_worker_input_invalid',
      detail = 'A worker token has a name of up to 200 characters, one to 50 agents, and 1 to 3650 days.',
      hint = 'Leave expires_in_days out for one that does not expire.';
  end if;
  token := 'flw_' || translate(encode(extensions.gen_random_bytes(32), 'base64'), '+/=', '-_');
  insert into public.worker_tokens as w (user_id, name, agents, expires_at)
  values (v_user_id, v_name, v_agents, clock_timestamp() + make_interval(days => p_expires_in_days))
  returning w.id into create_worker_token.id;
  insert into private.worker_token_hashes (hash, worker_token_id)
  values (sha256(convert_to(token, 'UTF8')), create_worker_token.id);
  return next;
end;
$$;
grant execute on function private.create_worker_token to authenticated, service_role;

create or replace function public.create_worker_token(
  name text, agents text[], expires_in_days integer default null, for_everybody boolean default false
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
  'claimed; with for_everybody, anybody''s tasks (admins and servers). The token is returned this once. '
  'Errors: sign_in_required (401), team_role_required (403), agents_worker_input_invalid (422).';
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
  priority smallint, project_id bigint, repo_url text, repo_owner text, repo_name text, target_branch text,
  pr_branch text, chat_messages jsonb, execution_metadata jsonb, project_settings jsonb, github_token text
);
comment on type public.claimed_task is 'What a worker is given: the lease, and what the task needs.';

create or replace function private.load_claimed_task(p_ctid tid, p_has_token boolean)
returns public.claimed_task
language plpgsql stable security invoker set search_path = '' as $$
declare
  v_claimed public.claimed_task;
begin
  select t.agent, t.priority, t.project_id, t.repo_url,
    coalesce(p.repo_owner, substring(t.repo_url from '[/:]([^/:]+)/[^/]+?(?:\.git)?/*$')),
    coalesce(p.repo_name, substring(t.repo_url from '[^/]+?/([^/]+?)(?:\.git)?/*$')),
    t.target_branch, t.pr_branch, t.chat_messages, t.execution_metadata, p.settings,
    case when p_has_token then u.github_token end
  into v_claimed.agent, v_claimed.priority, v_claimed.project_id, v_claimed.repo_url, v_claimed.repo_owner,
    v_claimed.repo_name, v_claimed.target_branch, v_claimed.pr_branch, v_claimed.chat_messages,
    v_claimed.execution_metadata, v_claimed.project_settings, v_claimed.github_token
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
  p_worker text, p_agents text[], p_lease_seconds integer, p_worker_token text, p_claim_key uuid
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
  if p_claim_key is not null then
    v_attempt := private.load_claim(p_claim_key, v_scope.token_id);
  end if;
  if v_attempt.task_id is not null then
    select t.ctid into v_ctid from public.tasks as t where t.id = v_attempt.task_id for no key update;
  else
    v_ctid := private.lock_next_task(p_agents, v_scope.user_id);
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
  claim_key uuid default null
) returns setof public.claimed_task
language sql volatile security invoker set search_path = ''
begin atomic
  select private.claim_task(
    claim_task.worker, claim_task.agents, claim_task.lease_seconds, claim_task.worker_token,
    claim_task.claim_key
  );
end;
comment on function public.claim_task is
  'Claims the first task that is ready for one of these agents: greater priority first, then the one that '
  'has waited longest. Returns it with its fencing_token, to be sent with each later call, and with what the '
  'task needs; no row when no task may start. Nobody else gets it until lease_expires_at, which '
  'heartbeat_task moves forward. The same claim_key again returns the same lease while it holds. Servers '
  'claim any task and get the handle of its user''s GitHub token; others send a worker_token. Errors: '
  'agents_worker_token_required, agents_worker_token_invalid (401), agents_worker_agents_forbidden '
  '(403), agents_worker_input_invalid (422).';
grant execute on function public.claim_task to anon, authenticated, service_role;

-- 40_agents/30_queue/22_authorize_worker.sql
-- Who may use the queue: servers, and workers with a token.

-- An unknown, an expired and a revoked token get one answer.
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
    and (w.expires_at is null or w.expires_at > clock_timestamp());
  if not found then
    raise exception using
      errcode = 'PT401', message = 'agents_worker_token_invalid',
      detail = 'The worker token is unknown, expired or revoked.', hint = 'Create another one.';
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
  'claims; the first user whose claims another transaction has locked; and the users and projects without a '
  'free slot, which are not looked at again.';

-- Nearly every claim gets the first pending task, so that one is tried by itself: the choice and the lock are
-- one statement. Where it may not start (it is for later, or its user or project is full or busy), the search
-- looks further.
create or replace function private.lock_next_task(p_agents text[], p_user_id uuid) returns tid
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_first record;
  v_slot record;
  v_search private.task_search;
begin
  if p_user_id is null then
    v_first := private.lock_first_pending_task(p_agents);
    if v_first.task_ctid is null then
      return null;
    end if;
    if v_first.is_ready then
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
    v_search := private.search_ready_task(p_agents, p_user_id, null);
  end if;
  return v_search.task_ctid;
end;
$$;
comment on function private.lock_next_task is
  'Locks the next task of these agents that may start, of one user or, for null, of anybody, and returns its '
  'ctid; null for none.';

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
begin
  select t.ctid, t.user_id, t.project_id, t.run_after <= clock_timestamp()
  into task_ctid, user_id, project_id, is_ready
  from public.tasks as t
  where t.status = 'pending' and t.agent = v_agent
  order by t.priority desc, t.run_after, t.id
  limit 1
  for no key update skip locked;
end;
$$;
comment on function private.lock_first_pending_task is
  'Locks the first pending task that no other transaction has locked; nulls for none.';

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
  'Continues a search, or for null begins one: locks the first ready task whose user and project have '
  'a free slot.';

create or replace function private.lock_one_of(
  p_tasks private.ready_task[], p_search private.task_search
) returns private.task_search
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_search private.task_search := p_search;
  v_task private.ready_task;
  v_slot record;
begin
  foreach v_task in array p_tasks loop
    continue when v_task.user_id = any (v_search.skipped_user_ids)
      or v_task.project_id = any (v_search.skipped_project_ids);
    v_slot := private.reserve_slot(v_task.user_id, v_task.project_id);
    v_search.has_user_lock := coalesce(v_search.has_user_lock, false) or v_slot.has_user_lock;
    if v_slot.is_free then
      v_search.task_ctid := private.lock_ready_task(
        v_task.agent, v_task.user_id, v_task.project_id, v_task.priority
      );
      exit when v_search.task_ctid is not null;
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

-- Another claim may have locked the listed task meanwhile; the one after it in the same lane will do.
create or replace function private.lock_ready_task(
  p_agent text, p_user_id uuid, p_project_id bigint, p_priority smallint
) returns tid
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_ctid tid;
begin
  select t.ctid into v_ctid
  from public.tasks as t
  where t.status = 'pending' and t.agent = p_agent and t.user_id = p_user_id
    and coalesce(t.project_id, 0) = coalesce(p_project_id, 0) and -t.priority = -p_priority
    and t.run_after <= clock_timestamp()
  order by t.run_after, t.id
  limit 1
  for no key update skip locked;
  return v_ctid;
end;
$$;
comment on function private.lock_ready_task is
  'Locks the first ready task of an agent, user, project and priority that no other transaction has locked, '
  'and returns its ctid; null for none.';

-- 40_agents/30_queue/28_task_limits.sql
-- How many tasks of a user and of a project may run at the same time.
--
-- What counts is what workers hold: open attempts. Where a user or project has a limit, the user's claims are
-- serialized, since none of them sees what another one has not committed; a claim that would have to wait
-- takes another user's task instead.

create view private.user_capacity with (security_invoker = true) as
select
  u.id as user_id, coalesce(u.max_running_tasks, s.running_tasks_per_user) as max_running_tasks,
  coalesce(
    (select count(*) from public.task_attempts as a where a.user_id = u.id and a.outcome is null)
      >= coalesce(u.max_running_tasks, s.running_tasks_per_user), false
  ) as is_full
from public.users as u
cross join public.agent_settings as s
where s.id;
comment on view private.user_capacity is
  'How many tasks of each user may run at the same time, null for any number, and whether that many do.';

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
  returning a.* into v_attempt;
  return v_attempt;
end;
$$;
comment on function private.end_attempt is
  'Locks the task and ends the attempt of a worker whose lease holds; null for any other.';

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
    -- A server is trusted with what it writes; a user's own worker is trusted no more than its user.
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
  'agents_worker_token_required, agents_worker_token_invalid (401), agents_task_lease_expired (409), '
  'agents_task_result_too_large (413), agents_task_value_invalid, agents_task_message_invalid (422).';
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
    p_task_id, p_fencing_token, v_scope.token_id, 'failed', p_error, p_error_kind, p_is_retryable
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
  'status, run_after, attempts_left}. Errors: agents_worker_token_required, agents_worker_token_invalid '
  '(401), agents_task_lease_expired (409), agents_task_result_too_large (413), agents_task_value_invalid, '
  'agents_task_message_invalid, agents_worker_input_invalid (422).';
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
-- A worker gives its task back.

create or replace function private.release_task(p_task_id bigint, p_fencing_token bigint, p_worker_token text)
returns jsonb
language plpgsql volatile security definer set search_path = '' set enable_seqscan = 'off' as $$
declare
  v_scope constant record := private.authorize_worker(p_worker_token);
  v_attempt public.task_attempts := private.end_attempt(
    p_task_id, p_fencing_token, v_scope.token_id, 'released', null, null, null
  );
begin
  if v_attempt.ended_at is null then
    v_attempt := private.load_ended_attempt(p_task_id, p_fencing_token, v_scope.token_id, 'released');
  else
    perform private.set_queue_writes(true);
    update public.tasks as t
    set status = 'pending', started_at = null, attempts_count = greatest(t.attempts_count - 1, 0),
      updated_at = clock_timestamp()
    where t.id = p_task_id;
    perform private.set_queue_writes(false);
  end if;
  return jsonb_build_object('task_id', p_task_id, 'status', 'pending'::text);
end;
$$;
grant execute on function private.release_task to anon, authenticated, service_role;

create or replace function public.release_task(
  task_id bigint, fencing_token bigint, worker_token text default null
) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.release_task(release_task.task_id, release_task.fencing_token, release_task.worker_token);
end;
comment on function public.release_task is
  'Gives a task back that the worker did not start: it is pending again immediately, in its old position, '
  'and the attempt does not count. Returns {task_id, status}. Errors: agents_worker_token_required, '
  'agents_worker_token_invalid (401), agents_task_lease_expired (409).';
grant execute on function public.release_task to anon, authenticated, service_role;

-- 40_agents/30_queue/50_heartbeat_task.sql
-- A worker renews its lease, and learns whether the task was cancelled.

create or replace function private.heartbeat_task(
  p_task_id bigint, p_fencing_token bigint, p_lease_seconds integer, p_message text, p_worker_token text
) returns jsonb
language plpgsql volatile security definer set search_path = '' set enable_seqscan = 'off' as $$
declare
  v_scope constant record := private.authorize_worker(p_worker_token);
  v_lease constant interval := private.check_lease_seconds(p_lease_seconds);
  v_now timestamptz;
  v_lease_expires_at timestamptz;
  v_state text := 'running';
begin
  -- Without a message the attempt alone is locked, and its new row version stays on the same page (HOT).
  if p_message is not null then
    perform from public.tasks as t where t.id = p_task_id for no key update;
  end if;
  v_now := clock_timestamp();
  update public.task_attempts as a set heartbeat_at = v_now, lease_expires_at = v_now + v_lease
  where a.task_id = p_task_id and a.fencing_token = p_fencing_token
    and a.ended_at is null and a.lease_expires_at > clock_timestamp()
    and (v_scope.token_id is null or a.worker_token_id = v_scope.token_id)
  returning a.lease_expires_at into v_lease_expires_at;
  if not found then
    perform private.load_ended_attempt(p_task_id, p_fencing_token, v_scope.token_id, 'cancelled');
    v_state := 'cancelled';
  elsif p_message is not null then
    perform private.append_task_message(p_task_id, 'assistant', p_message, null);
  end if;
  return jsonb_build_object(
    'state', v_state, 'lease_expires_at', v_lease_expires_at, 'cancel_requested', v_state = 'cancelled'
  );
end;
$$;
grant execute on function private.heartbeat_task to anon, authenticated, service_role;

create or replace function public.heartbeat_task(
  task_id bigint, fencing_token bigint, lease_seconds integer default 300, message text default null,
  worker_token text default null
) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.heartbeat_task(
    heartbeat_task.task_id, heartbeat_task.fencing_token, heartbeat_task.lease_seconds,
    heartbeat_task.message, heartbeat_task.worker_token
  );
end;
comment on function public.heartbeat_task is
  'Renews the lease to lease_seconds from now, and appends the message, if any, to the conversation. '
  'Returns {state, lease_expires_at, cancel_requested}: running, or cancelled when the user cancelled the '
  'task, and then the worker stops. Errors: agents_worker_token_required, agents_worker_token_invalid '
  '(401), agents_task_lease_expired (409), agents_task_message_invalid, agents_worker_input_invalid (422).';
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
  where s.user_id = v_user_id and s.kind = 'github_token';
  if not found then
    raise exception using
      errcode = 'PT404', message = 'agents_github_token_unknown',
      detail = 'The task''s user has not set a GitHub token.',
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

-- 40_agents/40_github/10_pull_requests.sql
-- Pull requests as GitHub has them: from its webhook and its API, and those that tasks name.

create table public.pull_requests (
  id bigint not null generated by default as identity,
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
  constraint pull_requests_repo_owner_repo_name_number_key unique (repo_owner, repo_name, number),
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
comment on column public.pull_requests.repo_owner is 'The owner of the repository, in lower case.';
comment on column public.pull_requests.repo_name is 'The name of the repository, in lower case.';
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
create index pull_requests_head_ref_idx on public.pull_requests (repo_owner, repo_name, head_ref);

create trigger _900_set_timestamps before insert or update on public.pull_requests
  for each row execute function private.set_timestamps();

-- Apart from the table, so that what the sweep writes every 15 minutes does not change pull requests.
create table private.pull_request_checks (
  pull_request_id bigint not null,
  etag text,
  read_at timestamptz,
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
  verify_after timestamptz,
  verify_failures_count integer not null default 0,
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
  constraint task_pull_requests_verify_after_needs_unverified
    check (verify_after is null or verified_at is null),
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
comment on column public.task_pull_requests.verify_after is
  'When the sweep next tries to read it with the user''s token; null when it is verified.';

create index task_pull_requests_pull_request_id_idx on public.task_pull_requests (pull_request_id);
create index task_pull_requests_user_id_idx on public.task_pull_requests (user_id, pull_request_id)
  where verified_at is not null;
create index task_pull_requests_verify_after_idx on public.task_pull_requests (verify_after)
  where verify_after is not null;

create trigger _900_set_timestamps before insert or update on public.task_pull_requests
  for each row execute function private.set_timestamps();

-- In plpgsql, since policies call it: a function of language sql is planned again in each statement.
create or replace function private.my_pull_request_ids() returns setof bigint
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
    select l.pull_request_id from public.task_pull_requests as l
    where l.user_id = auth.uid() and l.verified_at is not null;
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
  using (user_id = (select auth.uid()) and (verified_at is not null or source <> 'branch'));
grant select on public.task_pull_requests to authenticated, service_role;

create policy pull_requests_select_owner on public.pull_requests
  for select to authenticated using (id = any (array(select private.my_pull_request_ids())));

-- 40_agents/40_github/30_github_urls.sql
-- Repositories and pull requests in URLs.

-- https://host/owner/name(.git), ssh://git@host/owner/name, git@host:owner/name. The common form is only
-- matched, and split at its slashes: capturing costs ten times as much. Lengths are checked separately: a
-- counted repetition in the pattern would cost each task half a millisecond.
create or replace function private.parse_repository_url(p_url text, out o_owner text, out o_name text)
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_parts text[];
begin
  if p_url ~ '^https?://[^@/:\s]+/[\w-]+/[\w.-]+$' then
    v_parts := (string_to_array(p_url, '/'))[4:];
  else
    v_parts := regexp_match(
      p_url,
      '^\s*(?:(?:https?|ssh|git)://)?(?:[^@/\s]+@)?[^@/:\s]+(?::\d+)?[:/]([\w-]+)/([\w.-]+)/?\s*$'
    );
  end if;
  o_owner := lower(v_parts[1]);
  o_name := regexp_replace(lower(v_parts[2]), '\.git$', '');
  if o_name = '' or char_length(o_owner) > 100 or char_length(o_name) > 100 then
    o_owner := null;
    o_name := null;
  end if;
end;
$$;
comment on function private.parse_repository_url is
  'Owner and name in a repository''s URL, in lower case; nulls where it is not such a URL.';

create or replace function private.parse_pull_request_url(
  p_url text, out o_owner text, out o_name text, out o_number integer
)
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_parts text[];
begin
  if p_url ~ '^https?://[^/\s]+/[\w-]+/[\w.-]+/pull/[1-9]\d*$' then
    v_parts := (string_to_array(p_url, '/'))[4:5] || split_part(p_url, '/', 7);
  else
    v_parts := regexp_match(
      p_url,
      '^\s*https?://[^/\s]+/([\w-]+)/([\w.-]+)/pull/0*([1-9]\d*)(?:[/?#]\S*)?\s*$'
    );
  end if;
  if char_length(v_parts[1]) <= 100 and char_length(v_parts[2]) <= 100 and char_length(v_parts[3]) <= 9 then
    o_owner := lower(v_parts[1]);
    o_name := lower(v_parts[2]);
    o_number := v_parts[3]::integer;
  end if;
end;
$$;
comment on function private.parse_pull_request_url is
  'Repository and number in a pull request''s URL https://host/owner/name/pull/number; nulls where it is not '
  'such a URL.';

-- 40_agents/40_github/32_task_github_refs.sql
-- The repository, pull request and branch that each task names.

-- Apart from the tasks: there, each index more would cost every claim.
create table private.task_github_refs (
  task_id bigint not null,
  user_id uuid not null,
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
  constraint task_github_refs_pkey primary key (task_id),
  constraint task_github_refs_task_id_fkey
    foreign key (task_id) references public.tasks (id) on delete cascade,
  constraint task_github_refs_number_or_head_ref_is_named check (number is not null or head_ref is not null),
  constraint task_github_refs_attempts_count_is_not_negative check (attempts_count >= 0)
);
comment on table private.task_github_refs is
  'The repository, pull request and branch that a task names, in lower case where GitHub ignores it.';
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

create index task_github_refs_head_ref_idx on private.task_github_refs (repo_owner, repo_name, head_ref);
create index task_github_refs_next_attempt_at_idx on private.task_github_refs (next_attempt_at)
  where next_attempt_at is not null;
alter table private.task_github_refs enable row level security;

-- The project's repository is not part of the task: its user may change it while a worker holds the task.
create or replace function private.has_task_repository(p_task public.tasks) returns boolean
language plpgsql immutable security invoker set search_path = '' as $$
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
  if v_owner is null then
    select lower(p.repo_owner), lower(p.repo_name) into v_owner, v_name
    from public.projects as p where p.id = p_task.project_id;
  end if;
  if v.number is null and p_task.pr_number > 0 then
    v.number := p_task.pr_number;
  end if;
  if v.repo_owner is null then
    v.repo_owner := v_owner;
    v.repo_name := v_name;
  end if;
  if v_owner is null or (v_owner, v_name) = (v.repo_owner, v.repo_name) then
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
  if (v_old.repo_owner, v_old.repo_name, v_old.user_id) = (v.repo_owner, v.repo_name, v.user_id) then
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
  p_owner text, p_name text, p_head_ref text, p_is_of_task boolean
) returns void
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_key constant integer := hashtext(concat_ws('/', p_owner, p_name, p_head_ref)) & 1023;
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
create or replace function private.ensure_pull_request(p_owner text, p_name text, p_number integer)
returns bigint
language plpgsql volatile security definer set search_path = '' set enable_seqscan = 'off' as $$
declare
  v_id bigint;
begin
  insert into public.pull_requests (repo_owner, repo_name, number) values (p_owner, p_name, p_number)
  on conflict on constraint pull_requests_repo_owner_repo_name_number_key do nothing
  returning id into v_id;
  if found then
    insert into private.pull_request_checks (pull_request_id, next_attempt_at) values (v_id, now());
    perform private.register_repository(p_owner, p_name);
    return v_id;
  end if;
  return (
    select p.id from public.pull_requests as p
    where p.repo_owner = p_owner and p.repo_name = p_name and p.number = p_number
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
    verify_after = case when coalesce(l.verified_at, excluded.verified_at) is null then l.verify_after end;
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
  where p.repo_owner = p_ref.repo_owner and p.repo_name = p_ref.repo_name and p.head_ref = p_ref.head_ref
    and not p.is_from_fork and coalesce(p.closed_at, 'infinity') >= p_created_at
  order by p.id;
end;
$$;
comment on function private.link_task_branch is 'Links a task to the pull requests of its branch.';

-- Links to what the task no longer names are deleted.
create or replace function private.link_task_pull_requests() returns trigger
language plpgsql volatile security definer set search_path = '' set enable_seqscan = 'off' as $$
declare
  v private.task_github_refs := private.load_github_ref(new);
begin
  perform private.lock_github_head(v.repo_owner, v.repo_name, v.head_ref, true);
  if v.task_id is null then
    delete from private.task_github_refs as r where r.task_id = new.id;
  else
    v := private.upsert_github_ref(
      v, private.is_trusted_caller() and private.has_task_repository(new), tg_op = 'INSERT'
    );
  end if;
  if tg_op = 'UPDATE' then
    delete from public.task_pull_requests as l
    using public.pull_requests as p
    where l.task_id = new.id and p.id = l.pull_request_id and (
      l.user_id <> new.user_id
      or (p.repo_owner, p.repo_name) is distinct from (v.repo_owner, v.repo_name)
      or l.source = 'branch' and p.head_ref is distinct from v.head_ref
      or l.source <> 'branch' and p.number is distinct from v.number
    );
  end if;
  if v.number is not null and v.task_id is not null then
    perform private.link_pull_request(
      v.task_id, v.user_id, private.ensure_pull_request(v.repo_owner, v.repo_name, v.number),
      case when v.is_number_confirmed then 'worker' else 'owner' end, v.is_number_confirmed
    );
  end if;
  if v.head_ref is not null and v.task_id is not null then
    perform private.link_task_branch(v, new.created_at);
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
    verified_by = 'worker', verified_at = now(), verify_after = null,
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

create or replace function private.verify_links_of_reader(p_pull_request_id bigint, p_user_id uuid)
returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  update public.task_pull_requests as l set
    verified_at = now(), verified_by = 'token', verify_after = null, verify_failures_count = 0
  where l.pull_request_id = p_pull_request_id and l.user_id = p_user_id and l.verified_at is null;
end;
$$;
comment on function private.verify_links_of_reader is
  'The user''s own token can read the pull request: verifies their links to it.';

-- A link that was verified by the token alone hides the pull request again.
create or replace function private.unverify_links_of_reader(p_pull_request_id bigint, p_user_id uuid)
returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  update public.task_pull_requests as l set
    verified_at = null, verified_by = null,
    verify_after = private.next_github_attempt_at(l.verify_failures_count),
    verify_failures_count = l.verify_failures_count + 1
  where l.pull_request_id = p_pull_request_id and l.user_id = p_user_id
    and (l.verified_at is null or l.verified_by = 'token');
end;
$$;
comment on function private.unverify_links_of_reader is
  'The user''s own token does not find the pull request: it is tried again later.';

-- The sweep asks again, with the token that the user has then.
create or replace function private.unverify_links_of_token() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  update public.task_pull_requests as l set verified_at = null, verified_by = null, verify_after = now()
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
  if p_time !~ '^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$' then
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

-- Versions are GitHub's whole seconds. Within one second, an answer of the API wins over deliveries, since
-- it is of the moment when it was requested, and a later answer wins over an earlier one. Deliveries are
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
  p_owner text, p_name text, p_version private.pull_request_version, p_read_at timestamptz, p_etag text
) returns bigint
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_id bigint;
  v_old private.pull_request_version;
  v_old_read_at timestamptz;
  v_is_contested boolean;
begin
  perform private.lock_github_head(p_owner, p_name, p_version.head_ref, false);
  v_id := private.ensure_pull_request(p_owner, p_name, p_version.number);
  v_old := (
    select private.current_version(p) from public.pull_requests as p where p.id = v_id for no key update
  );
  v_old_read_at := (select c.read_at from private.pull_request_checks as c where c.pull_request_id = v_id);
  v_is_contested :=
    v_old.provider_updated_at = p_version.provider_updated_at and v_old is distinct from p_version;
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
    read_at = p_read_at, etag = p_etag,
    next_attempt_at = private.next_pull_request_check(p_version, p_read_at, coalesce(v_is_contested, false))
  where c.pull_request_id = v_id;
  if not p_version.is_from_fork then
    perform private.link_pull_request_branch(v_id, p_owner, p_name, p_version);
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

-- An open pull request may change without a delivery. A version that was requested within its own second, or
-- of a second with two different versions, may not be the last one, so also a closed one is requested again.
create or replace function private.next_pull_request_check(
  p_version private.pull_request_version, p_read_at timestamptz, p_is_contested boolean
) returns timestamptz
language plpgsql stable security invoker set search_path = '' as $$
begin
  if p_read_at >= p_version.provider_updated_at + interval '2 seconds'
    or p_read_at is null and not p_is_contested
  then
    return case when p_version.state = 'open' then now() + interval '14 minutes' end;
  end if;
  return now() + case when p_read_at is null then interval '0' else interval '1 minute' end;
end;
$$;
comment on function private.next_pull_request_check is 'When the sweep asks GitHub again; null for never.';

create or replace function private.link_pull_request_branch(
  p_id bigint, p_owner text, p_name text, p_version private.pull_request_version
) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.link_pull_request(r.task_id, r.user_id, p_id, 'branch', r.is_head_confirmed)
  from private.task_github_refs as r
  join public.tasks as t on t.id = r.task_id
  where r.repo_owner = p_owner and r.repo_name = p_name and r.head_ref = p_version.head_ref
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
    update public.task_pull_requests as l set verified_at = now(), verified_by = 'public', verify_after = null
    where l.pull_request_id = new.id and l.verified_at is null;
  end if;
  return null;
end;
$$;
comment on function private.sync_repository_visibility is
  'After-row trigger of pull requests: the links of a public repository are verified.';
create trigger _100_sync_repository_visibility after update on public.pull_requests
  for each row when (old.is_private is distinct from new.is_private)
  execute function private.sync_repository_visibility();

-- 40_agents/40_github/50_github_repositories.sql
-- The repositories that projects and tasks have named.

-- Small, and looked up before a delivery writes anything: most deliveries of a busy organisation are about
-- repositories that no project and no task here names.
create table private.github_repositories (
  repo_owner text not null,
  repo_name text not null,
  constraint github_repositories_pkey primary key (repo_owner, repo_name)
);
comment on table private.github_repositories is
  'The repositories that projects and tasks have named, in lower case.';
alter table private.github_repositories enable row level security;

create or replace function private.register_repository(p_owner text, p_name text) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  if p_owner is null or p_name is null or exists (
    select from private.github_repositories as r where r.repo_owner = p_owner and r.repo_name = p_name
  ) then
    return;
  end if;
  insert into private.github_repositories (repo_owner, repo_name) values (p_owner, p_name)
  on conflict on constraint github_repositories_pkey do nothing;
end;
$$;
comment on function private.register_repository is 'Ensures a row for a repository, given in lower case.';

create or replace function private.register_task_repository() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.register_repository(r.o_owner, r.o_name)
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

create or replace function private.register_project_repository() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.register_repository(lower(new.repo_owner), lower(new.repo_name));
  perform private.register_repository(r.o_owner, r.o_name)
  from private.parse_repository_url(new.repo_url) as r;
  return null;
end;
$$;
comment on function private.register_project_repository is 'After-row trigger of projects.';
create trigger _520_register_repository after insert or update on public.projects
  for each row execute function private.register_project_repository();

create or replace function private.is_known_repository(p_owner text, p_name text) returns boolean
language plpgsql stable security definer set search_path = '' as $$
begin
  return exists (
    select from private.github_repositories as r where r.repo_owner = p_owner and r.repo_name = p_name
  );
end;
$$;
comment on function private.is_known_repository is
  'Whether a project or a task has named this repository, given in lower case.';

-- 40_agents/40_github/52_github_source.sql
-- GitHub as a source of the inbox. The signature covers the body and not the delivery's id, so the same bytes
-- are the same delivery whatever id they come with.

insert into private.inbox_sources (source, max_body_bytes, retention_days, batch_size)
values ('github', 26214400, (select s.delivery_retention_days from public.agent_settings as s), 50);

create trigger _200_sync_inbox_retention after update on public.agent_settings
  for each row when (old.delivery_retention_days is distinct from new.delivery_retention_days)
  execute function private.sync_inbox_retention('github', 'delivery_retention_days');

create or replace function private.apply_github_payload(p_payload jsonb) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_owner constant text := lower(p_payload #>> '{repository,owner,login}');
  v_name constant text := lower(p_payload #>> '{repository,name}');
begin
  if v_owner is null or v_name is null or v_owner || '/' || v_name
    is distinct from lower(p_payload #>> '{pull_request,base,repo,full_name}') then
    raise exception using
      errcode = 'PT422', message = 'agents_github_payload_invalid',
      detail = 'The pull request is not of the repository that the delivery is about.',
      hint = 'Send the payload as GitHub does.';
  end if;
  perform private.record_pull_request(
    v_owner, v_name, private.parse_pull_request(p_payload -> 'pull_request'), null::timestamptz, null::text
  );
end;
$$;
comment on function private.apply_github_payload is
  'Merges the pull request in the payload of a pull_request event. Errors: agents_github_payload_invalid, '
  'agents_pull_request_invalid (422).';

create or replace function private.process_github_payload(p_payload jsonb) returns private.inbox_outcome
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.apply_github_payload(p_payload);
  return row('processed', '{}', null)::private.inbox_outcome;
end;
$$;
comment on function private.process_github_payload is
  'Processes the payload of a delivery. Errors: agents_github_payload_invalid, '
  'agents_pull_request_invalid (422).';

create or replace function private.github_delivery_status(p_status text) returns text
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return case p_status when 'processed' then 'done' when 'received' then 'received' else 'failed' end;
end;
$$;
comment on function private.github_delivery_status is
  'What a webhook is told about the status of a delivery: received, done or failed.';

-- 40_agents/40_github/54_ingest_github_delivery.sql
-- The way in for the webhook's function: stored and processed in one transaction.

-- It gives a lock up before its caller gives up the call: the delivery is then recorded as failed, where
-- otherwise its row would be held by a call whose answer nobody reads.
create or replace function private.ingest_github_delivery(p_delivery_id uuid, p_event text, p_body text)
returns jsonb
language plpgsql volatile security definer set search_path = '' set lock_timeout = '1500ms' as $$
declare
  v_body constant bytea := private.decode_inbox_body('github', p_body);
  v_payload private.inbox_payload;
  v_event private.inbox_events;
begin
  v_payload := private.parse_inbox_body(v_body);
  if p_event is distinct from 'pull_request' or v_payload.error is null and private.is_known_repository(
    lower(v_payload.value #>> '{repository,owner,login}'), lower(v_payload.value #>> '{repository,name}')
  ) is not true then
    return jsonb_build_object('delivery_id', p_delivery_id, 'status', 'ignored'::text);
  end if;
  v_event := private.ingest_inbox_event(
    'github', v_body, v_payload, p_delivery_id::text,
    left(concat_ws('.', p_event, v_payload.value ->> 'action'), 255), true
  );
  return jsonb_build_object(
    'delivery_id', v_event.delivery_id,
    'status', case
      -- It arrived again after it was processed.
      when v_event.status = 'processed' and v_event.received_count > 1
        and v_event.last_received_at > v_event.processed_at then 'already_done'
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
  'Returns {delivery_id, status}: done; already_done, where only the arrival is counted; failed, to be '
  'retried by the scheduler or by a redelivery; ignored, without writing, where it is not a pull_request '
  'event or no project or task here names the repository. Service role only. Errors: inbox_body_too_large '
  '(413), inbox_body_invalid (422).';
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

-- 40_agents/40_github/62_due_pull_requests.sql
-- What the sweep is to ask GitHub about now, and with whose token.

-- Round robin by user, so that a user who names a hundred thousand pull requests delays nobody else. First
-- the links that are not verified, then the pull requests that have been due longest. A private one needs a
-- token of one of its users; one without a task is not asked for.
create or replace function private.due_pull_requests(p_limit integer) returns setof bigint
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
    with due as (
      select l.pull_request_id, l.user_id, l.verify_after as due_at, true as is_unverified
      from public.task_pull_requests as l
      join private.secrets as s on s.user_id = l.user_id and s.kind = 'github_token' and s.invalid_at is null
      where l.verify_after <= now()
      union all
      select c.pull_request_id, l.user_id, c.next_attempt_at, false
      from private.pull_request_checks as c
      join public.task_pull_requests as l on l.pull_request_id = c.pull_request_id
      join public.pull_requests as p on p.id = c.pull_request_id
      where c.next_attempt_at <= now() and (p.is_private is not true or exists (
        select from private.secrets as s
        where s.user_id = l.user_id and s.kind = 'github_token' and s.invalid_at is null
      ))
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
    join private.secrets as s on s.user_id = r.user_id and s.kind = 'github_token' and s.invalid_at is null
    where r.next_attempt_at <= now() and r.head_ref is not null and t.status = 'completed'
      and not exists (select from public.task_pull_requests as l where l.task_id = r.task_id)
    order by row_number() over (partition by r.user_id order by r.next_attempt_at), r.next_attempt_at
    limit p_limit;
end;
$$;
comment on function private.due_branches is
  'The completed tasks with a branch and without a pull request, for which the sweep looks for one now.';

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
        bool_or(l.verified_at is not null) as is_verified
      from public.task_pull_requests as l
      join private.secrets as s on s.user_id = l.user_id and s.kind = 'github_token' and s.invalid_at is null
      where l.pull_request_id = p_pull_request_id
      group by s.user_id, s.id, s.sealed
      order by 4 desc, 5 desc, s.user_id
      limit 5
    ) as r
  ), '[]'::jsonb);
end;
$$;
comment on function private.load_pull_request_readers is
  'Up to five users of its tasks with their sealed tokens: an array of {user_id, secret_id, '
  'sealed, is_unverified}.';

-- 40_agents/40_github/64_request_github_sweep.sql
-- A lost delivery leaves a row out of date, so a sweep asks GitHub: a scheduled job calls an edge function
-- when something is due.

create extension if not exists pg_net with schema extensions;

create table private.github_sweep (
  id boolean not null default true,
  paused_until timestamptz,
  constraint github_sweep_pkey primary key (id),
  constraint github_sweep_is_one_row check (id)
);
comment on table private.github_sweep is 'The one row of the state of the sweep.';
comment on column private.github_sweep.paused_until is 'Until when GitHub''s rate limit pauses it.';
alter table private.github_sweep enable row level security;
insert into private.github_sweep default values;

create or replace function private.request_github_sweep() returns boolean
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_url constant text := (select s.functions_url from public.agent_settings as s);
begin
  if v_url is null
    or exists (select from private.github_sweep as g where g.paused_until > now())
    or not exists (select from private.due_pull_requests(1))
      and not exists (select from private.due_branches(1))
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

-- A sweep that ends early leaves the rest to the next one, and two concurrent ones don't ask for the same.
create or replace function private.lease_due_pull_requests(p_limit integer) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_ids constant bigint[] := array(select d.id from private.due_pull_requests(p_limit) as d (id));
  v_pulls jsonb;
begin
  select coalesce(jsonb_agg(
    jsonb_build_object(
      'pull_request_id', p.id, 'repo_owner', p.repo_owner, 'repo_name', p.repo_name, 'number', p.number,
      'is_private', p.is_private, 'etag', c.etag, 'readers', private.load_pull_request_readers(p.id)
    ) order by d.position
  ), '[]'::jsonb) into v_pulls
  from unnest(v_ids) with ordinality as d (id, position)
  join public.pull_requests as p on p.id = d.id
  join private.pull_request_checks as c on c.pull_request_id = d.id;
  update private.pull_request_checks as c set next_attempt_at = now() + interval '10 minutes'
  where c.pull_request_id = any (v_ids) and c.next_attempt_at <= now();
  update public.task_pull_requests as l set verify_after = now() + interval '10 minutes'
  where l.pull_request_id = any (v_ids) and l.verify_after <= now();
  return v_pulls;
end;
$$;
comment on function private.lease_due_pull_requests is
  'Leases up to p_limit pull requests that are due, with the users whose tokens to use.';

-- The next attempt is later each time, and the thirteenth, after about a week, is the last.
create or replace function private.lease_due_branches(p_limit integer) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_ids constant bigint[] := array(select d.id from private.due_branches(p_limit) as d (id));
  v_branches jsonb;
begin
  select coalesce(jsonb_agg(
    jsonb_build_object(
      'task_id', r.task_id, 'repo_owner', r.repo_owner, 'repo_name', r.repo_name, 'head_ref', r.head_ref,
      'user_id', s.user_id, 'secret_id', s.id, 'sealed', s.sealed
    ) order by d.position
  ), '[]'::jsonb) into v_branches
  from unnest(v_ids) with ordinality as d (id, position)
  join private.task_github_refs as r on r.task_id = d.id
  join private.secrets as s on s.user_id = r.user_id and s.kind = 'github_token';
  update private.task_github_refs as r set
    attempts_count = r.attempts_count + 1,
    next_attempt_at = case
      when r.attempts_count < 12 then private.next_github_attempt_at(r.attempts_count) end
  where r.task_id = any (v_ids);
  return v_branches;
end;
$$;
comment on function private.lease_due_branches is
  'Leases up to p_limit branches without a pull request, with the users whose tokens to use.';

create or replace function private.begin_github_sweep(p_ticket text, p_batch_size integer) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_limit constant integer := least(greatest(coalesce(p_batch_size, 100), 1), 500);
  v_paused_until constant timestamptz :=
    (select g.paused_until from private.github_sweep as g where g.paused_until > now());
begin
  if p_ticket is not null then
    perform private.use_function_ticket('github-sweep', p_ticket);
  end if;
  if v_paused_until is not null then
    return jsonb_build_object(
      'paused_until', v_paused_until, 'pull_requests', '[]'::jsonb, 'branches', '[]'::jsonb
    );
  end if;
  -- serializes sweeps, so that each sees what the one before it has leased
  perform pg_advisory_xact_lock(hashtextextended('private.begin_github_sweep', 0));
  return jsonb_build_object(
    'paused_until', null::timestamptz, 'pull_requests', private.lease_due_pull_requests(v_limit),
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
  'Leases to the sweep what to ask GitHub about, for ten minutes: {paused_until, pull_requests: '
  '[{pull_request_id, repo_owner, repo_name, number, is_private, etag, readers: [{user_id, secret_id, '
  'sealed, is_unverified}]}], branches: [{task_id, repo_owner, repo_name, head_ref, user_id, secret_id, '
  'sealed}]}. A ticket can be used once; without one the caller has checked who asks. Service role only. '
  'Errors: function_ticket_invalid (401).';
grant execute on function public.begin_github_sweep to service_role;

-- 40_agents/40_github/68_pause_github_sweep.sql
-- GitHub's rate limit pauses the sweep.

create or replace function private.pause_github_sweep(p_until timestamptz) returns timestamptz
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_until timestamptz;
begin
  update private.github_sweep as g set
    paused_until = greatest(g.paused_until, least(p_until, now() + interval '1 day'))
  where g.id
  returning g.paused_until into v_until;
  return v_until;
end;
$$;
grant execute on function private.pause_github_sweep to service_role;

create or replace function public.pause_github_sweep(until timestamptz) returns timestamptz
language sql volatile security invoker set search_path = ''
begin atomic
  select private.pause_github_sweep(pause_github_sweep.until);
end;
comment on function public.pause_github_sweep is
  'Pauses the sweep until then, at most for a day, because of GitHub''s rate limit. Returns until when it is '
  'paused. Service role only.';
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

create or replace function private.store_github_answer(
  p_pull public.pull_requests, p_pull_request text, p_etag text, p_read_at timestamptz
) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_version constant private.pull_request_version :=
    private.parse_pull_request(private.repair_json_escapes(p_pull_request)::jsonb);
begin
  if v_version.number <> p_pull.number then
    raise exception using
      errcode = 'PT422', message = 'agents_github_answer_invalid',
      detail = format('Number %s was requested, the answer is about %s.', p_pull.number, v_version.number),
      hint = 'Send the answer to the request for this pull request.';
  end if;
  perform private.record_pull_request(
    p_pull.repo_owner, p_pull.repo_name, v_version, coalesce(p_read_at, clock_timestamp()), left(p_etag, 300)
  );
end;
$$;
comment on function private.store_github_answer is
  'Merges an answer of GitHub''s API about a pull request. Errors: agents_github_answer_invalid (422).';

create or replace function private.finish_github_check(
  p_pull_request_id bigint, p_user_id uuid, p_outcome text, p_pull_request text, p_etag text,
  p_read_at timestamptz
) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_pull public.pull_requests;
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
      perform private.store_github_answer(v_pull, p_pull_request, p_etag, p_read_at);
    when 'unchanged' then
      -- unless a delivery has changed the row since, which clears the ETag
      update private.pull_request_checks as c set
        read_at = case when c.etag is not null then greatest(c.read_at, p_read_at) else c.read_at end,
        next_attempt_at = private.next_pull_request_check(private.current_version(v_pull), p_read_at, false)
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
  update private.pull_request_checks as c set checked_at = now(), attempts_count = 0
  where c.pull_request_id = p_pull_request_id;
  perform private.verify_links_of_reader(p_pull_request_id, p_user_id);
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
    v_id := private.record_pull_request(
      v_ref.repo_owner, v_ref.repo_name, private.parse_pull_request(v_pull),
      coalesce(p_read_at, clock_timestamp()), null::text
    );
    perform private.verify_links_of_reader(v_id, p_user_id);
    v_count := v_count + 1;
  end loop;
  update private.task_github_refs as r set next_attempt_at = null
  where r.task_id = p_task_id
    and exists (select from public.task_pull_requests as l where l.task_id = p_task_id);
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
  'user''s token. Returns how many it recorded. Service role only. Errors: '
  'agents_pull_request_invalid (422).';
grant execute on function public.record_github_branch to service_role;

-- 40_agents/40_github/80_prune_pull_requests.sql
-- Pull requests that no task is linked to any more.

create or replace function private.prune_pull_requests(p_batch_size integer default 10000) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_count integer;
begin
  delete from public.pull_requests as p
  where p.id in (
    select o.id from public.pull_requests as o
    where o.updated_at < now() - make_interval(
        days => (select s.delivery_retention_days from public.agent_settings as s)
      )
      and not exists (select from public.task_pull_requests as l where l.pull_request_id = o.id)
    order by o.id
    limit p_batch_size
    for update skip locked
  );
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function private.prune_pull_requests is
  'Deletes up to p_batch_size pull requests without a link that were not updated for '
  'delivery_retention_days, and returns how many. For the scheduler.';

-- 40_agents/50_metrics/10_task_completion_weekly.sql
-- How many tasks are completed each week, by agent and model, and how long they take.

-- Users see their own tasks; figures over everybody's tasks name no user. Planned for each call: the plan for
-- one user and the plan for all users have nothing in common.
create or replace function private.has_all_metrics() returns boolean
language plpgsql stable security definer set search_path = '' as $$
begin
  return private.is_trusted_caller() or private.has_team_role('admin');
end;
$$;
comment on function private.has_all_metrics is
  'Whether the caller''s figures cover everybody''s tasks: for servers and admins of the team. Otherwise '
  'they cover the caller''s own.';

create or replace function private.task_completion_weekly()
returns table (
  week date, agent text, model text, tasks_count bigint, completed_count bigint, failed_count bigint,
  cancelled_count bigint, completion_rate numeric, average_seconds numeric, p90_seconds numeric
)
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
declare
  v_all constant boolean := private.has_all_metrics();
  v_user_id constant uuid := auth.uid();
begin
  return query
  select w.week, w.agent, w.model, count(*), count(*) filter (where w.status = 'completed'),
    count(*) filter (where w.status = 'failed'), count(*) filter (where w.status = 'cancelled'),
    round(
      count(*) filter (where w.status = 'completed')::numeric
        / nullif(count(*) filter (where w.status in ('completed', 'failed')), 0), 4
    ),
    round(avg(w.seconds)::numeric, 2),
    round(percentile_cont(0.9) within group (order by w.seconds)::numeric, 2)
  from (
    select date_trunc('week', t.completed_at at time zone 'UTC')::date as week, t.agent,
      left(t.execution_metadata ->> 'model', 200) as model, t.status,
      case when t.status = 'completed'
        then extract(epoch from t.completed_at - t.started_at)::double precision
      end as seconds
    from public.tasks as t
    where (v_all or t.user_id = v_user_id) and t.completed_at is not null
  ) as w
  group by w.week, w.agent, w.model;
end;
$$;
comment on function private.task_completion_weekly is 'Rows of public.task_completion_weekly.';
grant execute on function private.task_completion_weekly to authenticated, service_role;

create view public.task_completion_weekly with (security_invoker = true) as
select * from private.task_completion_weekly();
comment on view public.task_completion_weekly is
  'One row per week, agent and model with a task that ended. Of the caller''s own tasks; for admins of the '
  'team and servers of everybody''s.';
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

create or replace function private.task_errors_weekly()
returns table (
  week date, agent text, error_kind text, failures_count bigint, share numeric, failure_rate numeric
)
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
declare
  v_all constant boolean := private.has_all_metrics();
  v_user_id constant uuid := auth.uid();
begin
  return query
  select c.week, c.agent, c.kind, c.failures,
    round(c.failures / nullif(sum(c.failures) over (partition by c.week, c.agent), 0), 4),
    round(c.failures / sum(c.ended) over (partition by c.week, c.agent), 4)
  from (
    select date_trunc('week', t.completed_at at time zone 'UTC')::date as week, t.agent,
      case when t.status = 'failed' then coalesce(t.error_kind, 'unknown') end as kind,
      count(*) filter (where t.status = 'failed') as failures, count(*) as ended
    from public.tasks as t
    where (v_all or t.user_id = v_user_id) and t.status in ('failed', 'completed')
      and t.completed_at is not null
    group by 1, 2, 3
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

create or replace function private.user_activity_weekly()
returns table (
  week date, user_id uuid, tasks_count bigint, completed_count bigint, projects_count bigint,
  agents_count bigint, last_active_at timestamptz
)
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
declare
  v_all constant boolean := private.has_all_metrics();
  v_user_id constant uuid := auth.uid();
begin
  return query
  select date_trunc('week', t.created_at at time zone 'UTC')::date, t.user_id, count(*),
    count(*) filter (where t.status = 'completed'), count(distinct t.project_id), count(distinct t.agent),
    max(t.created_at)
  from public.tasks as t
  where v_all or t.user_id = v_user_id
  group by 1, 2;
end;
$$;
comment on function private.user_activity_weekly is 'Rows of public.user_activity_weekly.';
grant execute on function private.user_activity_weekly to authenticated, service_role;

create view public.user_activity_weekly with (security_invoker = true) as
select * from private.user_activity_weekly();
comment on view public.user_activity_weekly is
  'One row per week and user who created a task in it. The caller''s own; for admins of the team and '
  'servers everybody''s.';
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

create or replace function private.pull_requests_weekly()
returns table (
  week date, opened_count bigint, merged_count bigint, closed_count bigint, merge_rate numeric,
  median_hours_to_merge numeric, p90_hours_to_merge numeric
)
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
declare
  v_all constant boolean := private.has_all_metrics();
  v_user_id constant uuid := auth.uid();
begin
  return query
  with linked as (
    select p.opened_at, p.merged_at, case when p.merged_at is null then p.closed_at end as closed_at,
      greatest(extract(epoch from p.merged_at - p.opened_at)::double precision / 3600, 0) as hours
    from public.pull_requests as p
    where exists (
      select from public.task_pull_requests as l
      where l.pull_request_id = p.id and l.verified_at is not null and (v_all or l.user_id = v_user_id)
    )
  )
  select date_trunc('week', e.at at time zone 'UTC')::date, count(*) filter (where e.kind = 'opened'),
    count(*) filter (where e.kind = 'merged'), count(*) filter (where e.kind = 'closed'),
    round(
      count(*) filter (where e.kind = 'merged')::numeric
        / nullif(count(*) filter (where e.kind in ('merged', 'closed')), 0), 4
    ),
    round(percentile_cont(0.5) within group (order by e.hours)::numeric, 2),
    round(percentile_cont(0.9) within group (order by e.hours)::numeric, 2)
  from linked as l
  cross join lateral (
    values ('opened', l.opened_at, null::double precision), ('merged', l.merged_at, l.hours),
      ('closed', l.closed_at, null::double precision)
  ) as e (kind, at, hours)
  where e.at is not null
  group by 1;
end;
$$;
comment on function private.pull_requests_weekly is 'Rows of public.pull_requests_weekly.';
grant execute on function private.pull_requests_weekly to authenticated, service_role;

create view public.pull_requests_weekly with (security_invoker = true) as
select * from private.pull_requests_weekly();
comment on view public.pull_requests_weekly is
  'One row per week in which a pull request of a task was opened, merged or closed. Of the caller''s own '
  'tasks, if the link is verified; for admins of the team and servers of everybody''s.';
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

-- 40_agents/90_realtime.sql
-- What clients may subscribe to; row security decides who sees which row. Without a list of columns: Realtime
-- reads the WAL with wal2json, which uses only the tables of a publication. Clients name columns.

alter publication supabase_realtime add table public.tasks, public.pull_requests;
