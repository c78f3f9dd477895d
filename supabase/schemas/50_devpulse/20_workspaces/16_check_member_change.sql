-- Who may change and remove members: owners anybody, admins remove members, everybody may leave. The last
-- owner who can sign in stays.

create or replace function private.workspace_role(p_workspace_id uuid, p_user_id uuid) returns text
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select m.role from public.workspace_members as m
    where m.workspace_id = p_workspace_id and m.user_id = p_user_id and private.is_person_account(m.user_id)
  );
end;
$$;
comment on function private.workspace_role is
  'The role of an account in a workspace; null for who is not in it, and for an account that is anonymous, '
  'banned or deleted.';

create or replace function private.workspace_role_rank(p_role text) returns integer
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return array_position(array['member', 'admin', 'owner'], p_role);
end;
$$;
comment on function private.workspace_role_rank is '1 member, 2 admin, 3 owner; null for anything else.';

-- Before the first member row is locked: everything else locks the workspace first, too.
create or replace function private.lock_own_workspaces() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform from public.workspaces as w
  where w.id in (select m.workspace_id from public.workspace_members as m where m.user_id = auth.uid())
  order by w.id for no key update;
  return null;
end;
$$;
comment on function private.lock_own_workspaces is
  'Before-statement trigger of a person''s write to workspace_members: serializes changes of members of the '
  'workspaces that the person is in.';

create or replace function private.may_change_member(
  p_member public.workspace_members, p_new_role text
) returns boolean
language plpgsql stable security definer set search_path = '' as $$
declare
  v_caller_id constant uuid := auth.uid();
  v_role constant text := private.workspace_role(p_member.workspace_id, v_caller_id);
begin
  return coalesce(v_role = 'owner', false)
    or coalesce(v_role = 'admin' and p_member.role = 'member' and p_new_role is null, false)
    or coalesce(
      p_member.user_id = v_caller_id and (
        p_new_role is null
        or private.workspace_role_rank(p_new_role) < private.workspace_role_rank(p_member.role)
      ), false
    );
end;
$$;
comment on function private.may_change_member is
  'Whether the caller may give a member this role, or, for null, remove them.';

create or replace function private.require_other_owner(p_member public.workspace_members) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  if p_member.role <> 'owner' or not private.is_person_account(p_member.user_id) then
    return;
  end if;
  -- a locked profile is one that is being deleted, see private.sync_workspace_owner
  perform from public.workspace_members as m
  join public.profiles as p on p.id = m.user_id
  where m.workspace_id = p_member.workspace_id and m.role = 'owner' and m.user_id <> p_member.user_id
    and private.is_person_account(m.user_id)
  limit 1 for key share of p skip locked;
  if not found then
    raise exception using
      errcode = 'PT409', message = 'devpulse_workspace_owner_required',
      detail = 'The workspace would have no owner left who can sign in.',
      hint = 'Make another member owner first, or delete the workspace.';
  end if;
end;
$$;
comment on function private.require_other_owner is
  'Returns unless this is the last owner who can sign in. Errors: devpulse_workspace_owner_required (409).';

-- Security definer, and so it does not see who wrote: the conditions of its triggers do. Servers are held to
-- the last owner only; account ends and operators to nothing, after whose writes ownership passes.
create or replace function private.check_member_change() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_new_role text;
begin
  if tg_op = 'UPDATE' then
    new.role := coalesce(new.role, old.role);
    v_new_role := new.role;
    if new.role = old.role then
      return new;
    end if;
    if private.workspace_role_rank(v_new_role) is null then
      raise exception using
        errcode = 'PT422', message = 'devpulse_workspace_role_invalid',
        detail = format('%s is not a valid role.', left(v_new_role, 100)),
        hint = 'Use owner, admin or member.';
    end if;
  end if;
  perform from public.workspaces as w where w.id = old.workspace_id for no key update;
  if not private.is_trusted_caller() and not private.may_change_member(old, v_new_role) then
    raise exception using
      errcode = 'PT403', message = 'devpulse_workspace_role_forbidden',
      detail = 'Owners change roles and remove anybody; admins remove members; everybody may leave.',
      hint = 'Ask an owner of the workspace.';
  end if;
  if v_new_role is distinct from 'owner' then
    perform private.require_other_owner(old);
  end if;
  if tg_op = 'UPDATE' then
    return new;
  end if;
  return old;
end;
$$;
comment on function private.check_member_change is
  'Before trigger of workspace_members, for another role and for a removal over the API. Errors: '
  'devpulse_workspace_role_forbidden (403), devpulse_workspace_owner_required (409), '
  'devpulse_workspace_role_invalid (422).';

-- Locked first, so that a deletion of the account that comes later finds the membership.
create or replace function private.check_new_member() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform from public.profiles as p where p.id = new.user_id for no key update;
  -- an upsert fires the trigger of INSERT for members too
  if not private.is_person_account(new.user_id) and not exists (
    select from public.workspace_members as m
    where m.workspace_id = new.workspace_id and m.user_id = new.user_id
  ) then
    raise exception using
      errcode = 'PT404', message = 'devpulse_user_unknown',
      detail = 'The account does not exist, or is anonymous, banned or deleted.',
      hint = 'Use an account with an e-mail address.';
  end if;
  return new;
end;
$$;
comment on function private.check_new_member is
  'Before-insert trigger of workspace_members, whoever writes. Errors: devpulse_user_unknown (404).';

create or replace function private.set_joined_at() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
begin
  new.joined_at := case when tg_op = 'INSERT' then coalesce(new.joined_at, now()) else old.joined_at end;
  return new;
end;
$$;
comment on function private.set_joined_at is
  'Before trigger: joined_at, which decides about succession, is settable on insert only.';

create trigger _010_lock_own_workspaces before update or delete on public.workspace_members
  for each statement when (current_user = 'authenticated')
  execute function private.lock_own_workspaces();
create trigger _090_check_new_member before insert on public.workspace_members
  for each row execute function private.check_new_member();
create trigger _100_check_role_change before update on public.workspace_members
  for each row when (
    old.role is distinct from new.role and current_user in ('authenticated', 'service_role')
  )
  execute function private.check_member_change();
create trigger _110_check_removal before delete on public.workspace_members
  for each row when (current_user in ('authenticated', 'service_role'))
  execute function private.check_member_change();
create trigger _900_set_joined_at before insert or update on public.workspace_members
  for each row execute function private.set_joined_at();
