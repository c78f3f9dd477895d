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
