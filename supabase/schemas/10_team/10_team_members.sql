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
