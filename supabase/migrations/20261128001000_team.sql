-- supabase/schemas/10_team, joined.

set local lock_timeout = '5s';
set local statement_timeout = '2min';

-- 10_team/05_require_role_to_write.sql
-- A write that the caller's role does not allow is an error, also when there is no row for it to change.

-- Row security hides the rows of an update or delete that the caller may not do: no row changes, the API
-- answers 204, and clients report success. Each table whose policies ask for a team role asks for it first:
--
--   create trigger _000_require_agent before insert or update on public.issues
--     for each statement when (current_user in ('anon', 'authenticated'))
--     execute function private.require_role_to_write('agent');
--
-- The condition is evaluated as the role that runs the statement. In cascades of foreign keys and in security
-- definer functions that is the owner, while the caller's claims are still set; their writes pass. The
-- function is security definer because no API role has usage on the schema private.
create or replace function private.require_role_to_write() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.require_team_role(tg_argv[0]);
  return null;
end;
$$;
comment on function private.require_role_to_write is
  'Before-statement trigger of team tables: requires the team role that the trigger names. Errors: '
  'sign_in_required (401), team_role_required (403).';

-- 10_team/07_member_accounts.sql
-- Which accounts may be in the team. Whoever signs up first with an address has an account with it, and is
-- the person only once the address is confirmed.

create or replace function private.require_member_account(p_user_id uuid) returns void
language plpgsql stable security definer set search_path = '' as $$
declare
  v_user auth.users;
begin
  select * into v_user from auth.users as u where u.id = p_user_id;
  if not found then
    return;
  end if;
  if v_user.email_confirmed_at is null or v_user.banned_until > clock_timestamp()
    or v_user.deleted_at is not null then
    raise exception using
      errcode = 'PT409', message = 'team_user_forbidden',
      detail = 'The account''s e-mail address is not confirmed, or the account is banned or deleted.',
      hint = 'Let the person confirm the address, or lift the ban, then add them to the team.';
  end if;
  if exists (
    select from auth.users as u
    where u.id <> v_user.id and lower(u.email) = lower(v_user.email) and u.deleted_at is null
  ) then
    raise exception using
      errcode = 'PT409', message = 'team_user_conflict',
      detail = 'Several accounts have this e-mail address.',
      hint = 'Delete the accounts that are not the person''s, then add the other one.';
  end if;
end;
$$;
comment on function private.require_member_account is
  'Returns where the account may be in the team: with a confirmed address that no other account has, and '
  'neither banned nor deleted. An unknown id is left to the foreign key. Errors: team_user_conflict, '
  'team_user_forbidden (409).';

-- The setting `role` is what the API switched to, see require_last_admin. An operator on a direct connection
-- could confirm the address just as well.
create or replace function private.check_member_account() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  if current_setting('role') not in ('anon', 'authenticated', 'service_role') then
    return new;
  end if;
  -- a member keeps the role, or gets a lower one; an upsert fires the trigger of INSERT for members too
  if exists (
    select from public.team_members as m
    where m.user_id = new.user_id and private.team_role_rank(m.role) >= private.team_role_rank(new.role)
  ) then
    return new;
  end if;
  perform private.require_member_account(new.user_id);
  return new;
end;
$$;
comment on function private.check_member_account is
  'Before-row trigger of team_members, for a new member and for a higher role. Errors: team_user_conflict, '
  'team_user_forbidden (409).';

-- 10_team/08_active_accounts.sql
-- Accounts whose rights hold: neither banned nor deleted.

-- What was handed out because of an account (a role, a worker token, a lease, a stored secret) is used only
-- after this check, at each use. Auth itself rejects such an account when it signs in or refreshes a session.
create or replace function private.is_active_account(p_user_id uuid) returns boolean
language plpgsql stable security definer set search_path = '' as $$
begin
  return exists (
    select from auth.users as a
    where a.id = p_user_id and a.deleted_at is null
      and (a.banned_until is null or a.banned_until <= clock_timestamp())
  );
end;
$$;
comment on function private.is_active_account is
  'Whether the account exists and is neither banned nor (softly) deleted.';

-- Anybody can make any number of anonymous accounts: limits per account would bound nothing that they do.
create or replace function private.is_person_account(p_user_id uuid) returns boolean
language plpgsql stable security definer set search_path = '' as $$
begin
  return exists (
    select from auth.users as a
    where a.id = p_user_id and a.is_anonymous is not true and a.deleted_at is null
      and (a.banned_until is null or a.banned_until <= clock_timestamp())
  );
end;
$$;
comment on function private.is_person_account is
  'Whether the account exists, is not anonymous, and is neither banned nor (softly) deleted.';

-- An access token stays valid until it expires, by default up to an hour after a ban or a deletion. On tables
-- of which people write their own rows, a statement asks for the account first:
--
--   create trigger _000_require_active_account before insert or update on public.tasks
--     for each statement when (current_user = 'authenticated')
--     execute function private.require_active_account();
create or replace function private.require_active_account() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  if not private.is_person_account(auth.uid()) then
    raise exception using
      errcode = 'PT401', message = 'sign_in_required',
      detail = 'The account is anonymous, banned or deleted.',
      hint = 'Sign in with an e-mail address, or confirm one for this account.';
  end if;
  return null;
end;
$$;
comment on function private.require_active_account is
  'Before-statement trigger of tables of which people write their own rows. Errors: sign_in_required (401).';

-- 10_team/10_team_members.sql
-- The members of the team and their roles.

create table public.team_members (
  user_id uuid not null,
  role text not null,
  display_name text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint team_members_pkey primary key (user_id),
  constraint team_members_user_id_fkey foreign key (user_id) references auth.users (id) on delete cascade,
  constraint team_members_role_is_known check (role in ('viewer', 'agent', 'admin')),
  constraint team_members_display_name_is_not_blank check (btrim(display_name) <> '')
);
comment on table public.team_members is
  'The members of the team. Viewers read, agents also write, admins also configure and delete. Errors on '
  'write: sign_in_required (401), team_role_required (403), team_admin_required, team_user_conflict, '
  'team_user_forbidden (409), key_change_forbidden (422).';
comment on column public.team_members.user_id is 'The account in auth.users; the row is deleted with it.';
comment on column public.team_members.role is
  'viewer, agent or admin: each includes the rights of the one before.';
comment on column public.team_members.display_name is
  'The name written into text columns such as resolved_by. When null, the part of the e-mail address before '
  'the @ is used.';

-- "At least an agent" is one comparison of ranks; an unknown role has a null rank and passes no check.
create or replace function private.team_role_rank(p_role text) returns integer
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return array_position(array['viewer', 'agent', 'admin'], p_role);
end;
$$;
comment on function private.team_role_rank is '1 viewer, 2 agent, 3 admin; null for anything else.';

create or replace function private.team_role() returns text
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select m.role from public.team_members as m
    where m.user_id = auth.uid() and private.is_active_account(m.user_id)
  );
end;
$$;
comment on function private.team_role is
  'The caller''s role in the team; null for everyone else, also for a member who is banned or deleted.';
grant execute on function private.team_role to authenticated, service_role;

create or replace function private.has_team_role(p_minimum text) returns boolean
language plpgsql stable security definer set search_path = '' as $$
begin
  return coalesce(private.team_role_rank(private.team_role()) >= private.team_role_rank(p_minimum), false);
end;
$$;
comment on function private.has_team_role is
  'Whether the caller is in the team with this role or a higher one. In policies: (select '
  'private.has_team_role(…)), which runs once per statement.';
grant execute on function private.has_team_role to authenticated, service_role;

-- Two admins who demote each other concurrently must not both succeed, so changes of the team are serialized.
create or replace function private.lock_team() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('public.team_members', 0));
  return null;
end;
$$;
comment on function private.lock_team is 'Before-statement trigger: serializes changes of the team.';

create or replace function private.can_sign_in(p_user_id uuid) returns boolean
language plpgsql stable security definer set search_path = '' as $$
begin
  return private.is_active_account(p_user_id)
    and exists (select from auth.users as u where u.id = p_user_id and u.email_confirmed_at is not null);
end;
$$;
comment on function private.can_sign_in is
  'Whether an account has a confirmed address and is neither banned nor deleted.';

-- The setting `role` is what the API switched to, also inside security definer functions. On a direct
-- connection it is `none`: an operator may remove the last admin, and so does the deletion of an account.
-- Nothing is lost with an admin who can't sign in, and by any other change of an admin's row.
create or replace function private.require_last_admin() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  if current_setting('role') not in ('anon', 'authenticated', 'service_role') then
    return null;
  end if;
  if private.can_sign_in(old.user_id) and not exists (
    select from public.team_members as m where m.role = 'admin' and private.can_sign_in(m.user_id)
  ) then
    raise exception using
      errcode = 'PT409', message = 'team_admin_required',
      detail = 'The team would have no admin left who can sign in.',
      hint = 'Make another member admin first.';
  end if;
  return null;
end;
$$;
comment on function private.require_last_admin is
  'After-row trigger for who is an admin no longer: refuses to lose the last one who can sign in. Errors: '
  'team_admin_required (409).';

create trigger _000_require_admin before insert or update or delete on public.team_members
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('admin');
create trigger _010_lock_team before update or delete on public.team_members
  for each statement execute function private.lock_team();
create trigger _050_reject_key_change before update on public.team_members
  for each row when (old.user_id is distinct from new.user_id) execute function private.reject_key_change();
create trigger _100_check_new_member before insert on public.team_members
  for each row execute function private.check_member_account();
create trigger _110_check_promoted_member before update on public.team_members
  for each row when (old.role is distinct from new.role)
  execute function private.check_member_account();
create trigger _900_set_timestamps before insert or update on public.team_members
  for each row execute function private.set_timestamps();
create trigger _100_require_last_admin after delete on public.team_members
  for each row when (old.role = 'admin') execute function private.require_last_admin();
create trigger _110_require_last_admin after update on public.team_members
  for each row when (old.role = 'admin' and new.role <> 'admin')
  execute function private.require_last_admin();

alter table public.team_members enable row level security;
create policy team_members_select_viewer on public.team_members
  for select to authenticated using ((select private.has_team_role('viewer')));
create policy team_members_insert_admin on public.team_members
  for insert to authenticated with check ((select private.has_team_role('admin')));
create policy team_members_update_admin on public.team_members
  for update to authenticated
  using ((select private.has_team_role('admin'))) with check ((select private.has_team_role('admin')));
create policy team_members_delete_admin on public.team_members
  for delete to authenticated using ((select private.has_team_role('admin')));

grant select, delete on public.team_members to authenticated;
grant insert (user_id, role, display_name, created_at, updated_at) on public.team_members to authenticated;
grant update (user_id, role, display_name, created_at, updated_at) on public.team_members to authenticated;
grant select, insert, update, delete on public.team_members to service_role;

-- 10_team/20_callers.sql
-- Who is calling: the checks of security definer functions, and the name that they record.

create or replace function private.is_trusted_caller() returns boolean
language plpgsql stable security invoker set search_path = '' as $$
begin
  -- Security definer changes neither the setting `role` nor session_user: both still name the caller.
  return coalesce(nullif(current_setting('role'), 'none'), session_user)
    in ('service_role', 'postgres', 'supabase_admin');
end;
$$;
comment on function private.is_trusted_caller is
  'Whether the caller is the service role, an operator on a direct connection or a cron job, not a person.';
grant execute on function private.is_trusted_caller to authenticated, service_role;

create or replace function private.require_team_role(p_minimum text) returns void
language plpgsql stable security definer set search_path = '' as $$
begin
  if private.is_trusted_caller() then
    return;
  end if;
  if auth.uid() is null then
    raise exception using
      errcode = 'PT401', message = 'sign_in_required', detail = 'This needs a signed-in team member.',
      hint = 'Sign in, or call with the secret key from a server.';
  end if;
  if private.has_team_role(p_minimum) is not true then
    raise exception using
      errcode = 'PT403', message = 'team_role_required',
      detail = format('This needs the team role %s.', p_minimum),
      hint = 'Ask an admin of the team for the role.';
  end if;
end;
$$;
comment on function private.require_team_role is
  'Returns for trusted callers and for team members with at least this role. Errors: sign_in_required (401), '
  'team_role_required (403).';

create or replace function private.member_name(p_user_id uuid) returns text
language sql stable security definer set search_path = '' as $$
  select coalesce(m.display_name, nullif(split_part(u.email, '@', 1), ''), m.user_id::text)
  from public.team_members as m
  join auth.users as u on u.id = m.user_id
  where m.user_id = p_user_id
$$;
comment on function private.member_name is 'The display name of a team member; null for any other account.';
grant execute on function private.member_name to authenticated, service_role;

create or replace function private.actor_name() returns text
language plpgsql stable security definer set search_path = '' as $$
declare
  v_user_id constant uuid := auth.uid();
begin
  if v_user_id is null then
    return coalesce(nullif(btrim(current_setting('app.actor', true)), ''), 'system');
  end if;
  return coalesce(
    private.member_name(v_user_id),
    (select nullif(split_part(u.email, '@', 1), '') from auth.users as u where u.id = v_user_id),
    v_user_id::text
  );
end;
$$;
comment on function private.actor_name is
  'The name to record for the caller: that of the signed-in account; without one, the setting '
  'app.actor or "system".';
grant execute on function private.actor_name to authenticated, service_role;

-- For *_user_id columns: an operator can move a row to another account, a client can't. The foreign key's
-- `on delete set null` is an ordinary update for triggers, so null is accepted once the account is deleted.
create or replace function private.resolve_account_change(p_old uuid, p_new uuid) returns uuid
language sql stable security definer set search_path = '' as $$
  select case
    when private.is_trusted_caller() then p_new
    when p_new is null
      and not exists (select from auth.users as u where u.id = p_old) then null
    else p_old
  end
$$;
comment on function private.resolve_account_change is
  'The value of a *_user_id column on update: the old account, unless an operator sets another or the '
  'account is deleted.';

-- 10_team/30_add_team_member.sql
-- Adds team members, from servers and from the command line: `npm run team:add -- <email or id> <role>`.

create or replace function private.add_team_member(p_email text, p_role text, p_user_id uuid)
returns public.team_members
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_email constant text := lower(btrim(p_email));
  v_user auth.users;
  v_member public.team_members;
begin
  if private.team_role_rank(p_role) is null then
    raise exception using
      errcode = 'PT422', message = 'team_role_invalid',
      detail = format('%L is not a valid team role.', p_role), hint = 'Use viewer, agent or admin.';
  end if;
  select u.* into v_user
  from auth.users as u
  where u.deleted_at is null
    and (p_user_id is null or u.id = p_user_id) and (v_email is null or lower(u.email) = v_email)
    and (p_user_id is not null or v_email is not null)
  order by u.created_at
  limit 1;
  if not found then
    raise exception using
      errcode = 'PT404', message = 'team_user_unknown',
      detail = 'Nobody has signed up with this e-mail address or id.',
      hint = 'Let the person sign up first, then add them to the team.';
  end if;
  perform private.require_member_account(v_user.id);
  insert into public.team_members as m (user_id, role, display_name)
  values (
    v_user.id, p_role,
    left(private.non_blank(v_user.raw_user_meta_data ->> 'full_name'), 100)
  )
  on conflict on constraint team_members_pkey do update set role = excluded.role
  returning * into v_member;
  return v_member;
end;
$$;
grant execute on function private.add_team_member to service_role;

create or replace function public.add_team_member(
  email text default null, role text default null, user_id uuid default null
) returns public.team_members
language sql volatile security invoker set search_path = ''
begin atomic
  select private.add_team_member(add_team_member.email, add_team_member.role, add_team_member.user_id);
end;
comment on function public.add_team_member is
  'Adds a signed-up account to the team, or changes the role of a member: the account with this address, or '
  'with this id, or with both where both are given. Service role only. Errors: team_user_unknown (404), '
  'team_user_conflict, team_user_forbidden, team_admin_required (409), team_role_invalid (422).';
grant execute on function public.add_team_member to service_role;

-- 10_team/35_find_team_accounts.sql
-- What to look at before an account is added to the team: `npm run team:add` shows it.

-- A mail that was sent after the confirmation is not what confirmed the address: anybody can ask for one.
create or replace function private.find_team_accounts(p_email text, p_user_id uuid)
returns table (
  user_id uuid, email text, created_at timestamptz, confirmed_at timestamptz, confirmed_by text,
  last_sign_in_at timestamptz, role text
)
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  select u.id, u.email::text, u.created_at, u.email_confirmed_at,
    case
      when u.email_confirmed_at is null then null
      when p.provider <> 'email' then p.provider
      when least(u.confirmation_sent_at, u.email_change_sent_at) <= u.email_confirmed_at then 'mail'
      else 'nobody'
    end,
    u.last_sign_in_at, m.role
  from auth.users as u
  cross join lateral (select coalesce(u.raw_app_meta_data ->> 'provider', 'email') as provider) as p
  left join public.team_members as m on m.user_id = u.id
  where u.deleted_at is null
    and (u.id = p_user_id or p_user_id is null and lower(u.email) = lower(btrim(p_email)))
  order by u.created_at;
end;
$$;
grant execute on function private.find_team_accounts to service_role;

create or replace function public.find_team_accounts(email text default null, user_id uuid default null)
returns table (
  user_id uuid, email text, created_at timestamptz, confirmed_at timestamptz, confirmed_by text,
  last_sign_in_at timestamptz, role text
)
language sql stable security invoker set search_path = ''
begin atomic
  select f.* from private.find_team_accounts(find_team_accounts.email, find_team_accounts.user_id) as f;
end;
comment on function public.find_team_accounts is
  'The accounts with an address, or the one with an id, and their role in the team. confirmed_by is how the '
  'address was confirmed: mail, the name of a provider, or nobody, which means without a mail, by the '
  'project''s settings or by an operator; null where it is not confirmed. Service role only.';
grant execute on function public.find_team_accounts to service_role;

-- 10_team/40_remove_deleted_members.sql
-- A softly deleted account leaves the team, as one that is deleted does.

create or replace function private.remove_deleted_member() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  -- each sign-in fires it
  if old.deleted_at is null and new.deleted_at is not null then
    delete from public.team_members as m where m.user_id = new.id;
  end if;
  return null;
end;
$$;
comment on function private.remove_deleted_member is
  'After-update trigger of auth.users: removes a softly deleted account from the team.';

-- Names no column, see _110_sync_changed_account.
create trigger _120_remove_deleted_member after update on auth.users
  for each row when (old *<> new) execute function private.remove_deleted_member();
