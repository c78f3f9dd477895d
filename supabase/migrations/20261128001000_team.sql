-- supabase/schemas/10_team, joined.

set local lock_timeout = '5s';
set local statement_timeout = '2min';

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
  'The members of the team. Viewers read, agents also write, admins also configure and delete.';
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
  return (select m.role from public.team_members as m where m.user_id = auth.uid());
end;
$$;
comment on function private.team_role is 'The caller''s role in the team; null for everyone else.';
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

-- The setting `role` is what the API switched to, also inside security definer functions. On a direct
-- connection it is `none`: an operator may remove the last admin, and so does the deletion of an account.
create or replace function private.require_last_admin() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  if current_setting('role') not in ('anon', 'authenticated', 'service_role') then
    return null;
  end if;
  if not exists (select from public.team_members as m where m.role = 'admin') then
    raise exception using
      errcode = 'PT409', message = 'team_admin_required', detail = 'The team would have no admin left.',
      hint = 'Make another member admin first.';
  end if;
  return null;
end;
$$;
comment on function private.require_last_admin is
  'After-row trigger for the rows of admins. Errors: team_admin_required (409).';

create trigger _010_lock_team before update or delete on public.team_members
  for each statement execute function private.lock_team();
create trigger _050_reject_key_change before update on public.team_members
  for each row when (old.user_id is distinct from new.user_id) execute function private.reject_key_change();
create trigger _900_set_timestamps before insert or update on public.team_members
  for each row execute function private.set_timestamps();
create trigger _100_require_last_admin after update or delete on public.team_members
  for each row when (old.role = 'admin') execute function private.require_last_admin();

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
-- Adds team members, from servers and from the command line: `npm run team:add -- <email> <role>`.

create or replace function private.add_team_member(p_email text, p_role text) returns public.team_members
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_email constant text := lower(btrim(p_email));
  v_users auth.users[];
  v_user auth.users;
  v_member public.team_members;
begin
  if private.team_role_rank(p_role) is null then
    raise exception using
      errcode = 'PT422', message = 'team_role_invalid',
      detail = format('%L is not a valid team role.', p_role), hint = 'Use viewer, agent or admin.';
  end if;
  v_users := array(select u from auth.users as u where lower(u.email) = v_email and u.deleted_at is null);
  v_user := v_users[1];
  if v_user.id is null then
    raise exception using
      errcode = 'PT404', message = 'team_user_unknown',
      detail = 'Nobody has signed up with this e-mail address.',
      hint = 'Let the person sign up first, then add them to the team.';
  end if;
  if cardinality(v_users) > 1 then
    raise exception using
      errcode = 'PT409', message = 'team_user_conflict',
      detail = 'Several accounts have this e-mail address.',
      hint = 'Insert the right account into team_members by its id.';
  end if;
  -- Until the address is confirmed, anyone could have signed up with it.
  if v_user.email_confirmed_at is null or v_user.banned_until > now() then
    raise exception using
      errcode = 'PT409', message = 'team_user_forbidden',
      detail = 'The account''s e-mail address is not confirmed, or the account is banned.',
      hint = 'Let the person confirm the address, or lift the ban, then add them to the team.';
  end if;
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

create or replace function public.add_team_member(email text, role text) returns public.team_members
language sql volatile security invoker set search_path = ''
begin atomic
  select private.add_team_member(add_team_member.email, add_team_member.role);
end;
comment on function public.add_team_member is
  'Adds a signed-up account to the team, or changes the role of a member. Service role only. Errors: '
  'team_user_unknown (404), team_user_conflict, team_user_forbidden, team_admin_required (409), '
  'team_role_invalid (422).';
grant execute on function public.add_team_member to service_role;
