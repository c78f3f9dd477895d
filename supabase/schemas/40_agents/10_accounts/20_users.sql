-- The profiles of the people whose tasks the agents work on: one for each account, following it.

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
  'One row an account, made with it and leaving with it. Each sees and edits their own. Errors on '
  'write: key_change_forbidden (422).';
comment on column public.users.id is 'The account in auth.users.';
comment on column public.users.email is 'The account''s address; the database''s.';
comment on column public.users.full_name is
  'As the sign-in provider has it, or as its owner wrote it; a later change at the provider is taken over.';
comment on column public.users.avatar_url is 'See full_name.';
comment on column public.users.github_username is 'See full_name.';
comment on column public.users.github_token is
  'The handle of the token, which tells nothing; null for none. The token itself is nowhere to be read.';
comment on column public.users.preferences is 'Whatever the app keeps about its user, up to 64 kB.';
comment on column public.users.max_running_tasks is
  'How many of their tasks workers may hold at once; null for what agent_settings says. Written by '
  'set_max_running_tasks and servers; what a client writes here is dropped.';

-- A provider may send anything: what is no text says nothing, and what is too long is cut.
create or replace function private.metadata_text(p_metadata jsonb, p_keys text[], p_length integer)
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
comment on function private.metadata_text is
  'The first of these keys whose value is a text that says something, cut to so many characters; else null.';

create or replace function private.metadata_profile(p_metadata jsonb)
returns table (full_name text, avatar_url text, github_username text)
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_avatar_url text := private.metadata_text(p_metadata, array['avatar_url', 'picture'], 2048);
begin
  if v_avatar_url !~* '^https?://[^\s]+$' then
    v_avatar_url := null;
  end if;
  return query select
    private.metadata_text(p_metadata, array['full_name', 'name'], 200),
    v_avatar_url,
    private.metadata_text(p_metadata, array['user_name', 'preferred_username'], 100);
end;
$$;
comment on function private.metadata_profile is
  'What auth.users.raw_user_meta_data says about somebody, whatever it is.';

-- Nothing in here can fail for what is in the metadata: a sign-up that is refused is a user who leaves.
create or replace function private.sync_new_account() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into public.users (id, email, full_name, avatar_url, github_username)
  select new.id, new.email, p.full_name, p.avatar_url, p.github_username
  from private.metadata_profile(new.raw_user_meta_data) as p
  on conflict on constraint users_pkey do nothing;
  return null;
end;
$$;
comment on function private.sync_new_account is 'After-insert trigger of auth.users: makes the profile.';

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
  from private.metadata_profile(old.raw_user_meta_data) as o,
    private.metadata_profile(new.raw_user_meta_data) as n
  where u.id = new.id;
  return null;
end;
$$;
comment on function private.sync_changed_account is
  'After-update trigger of auth.users: takes over what the provider changed; what its owner wrote stays.';

create or replace function private.set_user_defaults() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
begin
  new.preferences := coalesce(new.preferences, old.preferences, '{}');
  return new;
end;
$$;
comment on function private.set_user_defaults is 'Before trigger: null preferences are as if left out.';

-- As the account has it, whoever writes: nobody takes the address of somebody else.
create or replace function private.sync_user_email() returns trigger
language plpgsql stable security definer set search_path = '' as $$
begin
  new.email := (select a.email from auth.users as a where a.id = new.id);
  return new;
end;
$$;
comment on function private.sync_user_email is 'Before trigger: the address is the account''s.';

-- set_max_running_tasks writes with another role than the API's.
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
  'Before trigger: nobody raises their own limit; what a client writes there is dropped.';

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

create trigger _100_sync_new_account after insert on auth.users
  for each row execute function private.sync_new_account();
-- Names no column: the auth server's upgrades alter them, which a condition that names one would refuse.
create trigger _110_sync_changed_account after update on auth.users
  for each row when (old *<> new) execute function private.sync_changed_account();

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

-- The accounts that were there before.
insert into public.users (id, email, full_name, avatar_url, github_username, created_at)
select a.id, a.email, p.full_name, p.avatar_url, p.github_username, coalesce(a.created_at, now())
from auth.users as a cross join lateral private.metadata_profile(a.raw_user_meta_data) as p
on conflict on constraint users_pkey do nothing;

create or replace function private.set_max_running_tasks(p_user_id uuid, p_max_running_tasks integer)
returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.require_team_role('admin');
  if p_max_running_tasks < 0 then
    raise exception using
      errcode = 'PT422', message = 'agents_task_limit_invalid',
      detail = 'A limit is a number from 0, or null.',
      hint = 'Use null for what agent_settings says.';
  end if;
  update public.users as u set max_running_tasks = p_max_running_tasks where u.id = p_user_id;
  if not found then
    raise exception using
      errcode = 'PT404', message = 'agents_user_unknown', detail = 'There is no account with this id.',
      hint = 'Use the id of an account.';
  end if;
end;
$$;
grant execute on function private.set_max_running_tasks to authenticated, service_role;

create or replace function public.set_max_running_tasks(p_user_id uuid, p_max_running_tasks integer)
returns void
language sql volatile security invoker set search_path = ''
begin atomic
  select private.set_max_running_tasks(
    p_user_id => set_max_running_tasks.p_user_id,
    p_max_running_tasks => set_max_running_tasks.p_max_running_tasks
  );
end;
comment on function public.set_max_running_tasks is
  'How many tasks of this user workers may hold at once; null for what agent_settings says, 0 for none. '
  'Admins and servers. Errors: sign_in_required (401), team_role_required (403), agents_user_unknown '
  '(404), agents_task_limit_invalid (422).';
grant execute on function public.set_max_running_tasks to authenticated, service_role;
