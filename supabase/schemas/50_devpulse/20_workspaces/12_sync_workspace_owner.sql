-- Succession: workspaces.owner_id is always a member with the role owner, and one who can sign in where there
-- is one.

-- Locks are taken in the order: account ends, profiles, workspaces by id, members. Who changes members locks
-- the workspace first, and decides after that. A profile that is locked is that of an account which is being
-- deleted and waits for this workspace: it is skipped, and no successor. Account ends are serialized, and
-- meet none.
create or replace function private.sync_workspace_owner(p_workspace_id uuid) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_owner_id uuid;
  v_member public.workspace_members;
begin
  select w.owner_id into v_owner_id from public.workspaces as w
  where w.id = p_workspace_id for no key update;
  if not found then
    return;
  end if;
  select m.* into v_member
  from public.workspace_members as m
  join public.profiles as p on p.id = m.user_id
  where m.workspace_id = p_workspace_id
  order by private.is_person_account(m.user_id) desc, private.workspace_role_rank(m.role) desc,
    m.user_id = v_owner_id desc, m.joined_at, m.user_id
  limit 1
  for key share of p skip locked;
  if not found then
    delete from public.workspaces as w
    where w.id = p_workspace_id
      and not exists (select from public.workspace_members as m where m.workspace_id = p_workspace_id);
    if not found then
      raise exception using
        errcode = 'PT409', message = 'devpulse_workspace_owner_required',
        detail = 'The accounts of all other members are being deleted.', hint = 'Try again.';
    end if;
    return;
  end if;
  update public.workspace_members as m set role = 'owner'
  where m.workspace_id = p_workspace_id and m.user_id = v_member.user_id and m.role <> 'owner';
  update public.workspaces as w set owner_id = v_member.user_id
  where w.id = p_workspace_id and w.owner_id <> v_member.user_id;
end;
$$;
comment on function private.sync_workspace_owner is
  'Leaves the owner where they are a member with that role and can sign in. Else ownership passes to another '
  'owner, the oldest admin or the oldest member, in this order, who can sign in; where nobody can, to the '
  'same without that. A workspace without members is deleted. Errors: '
  'devpulse_workspace_owner_required (409).';

create or replace function private.sync_removed_owner() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.sync_workspace_owner(old.workspace_id);
  return null;
end;
$$;
comment on function private.sync_removed_owner is
  'After trigger of workspace_members, of who is an owner no longer: ownership passes.';

create or replace function private.sync_added_member() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_owner_id uuid;
begin
  -- a ban of the owner, which does not see the new member yet, is over when the lock is there
  select w.owner_id into v_owner_id from public.workspaces as w
  where w.id = new.workspace_id for no key update;
  if not private.is_person_account(v_owner_id) then
    perform private.sync_workspace_owner(new.workspace_id);
  end if;
  return null;
end;
$$;
comment on function private.sync_added_member is
  'After-insert trigger of workspace_members: where the owner can''t sign in, the new member may be who can.';

create trigger _190_sync_added_member after insert on public.workspace_members
  for each row execute function private.sync_added_member();
create trigger _200_sync_demoted_owner after update on public.workspace_members
  for each row when (old.role = 'owner' and new.role <> 'owner')
  execute function private.sync_removed_owner();
create trigger _210_sync_removed_owner after delete on public.workspace_members
  for each row when (old.role = 'owner') execute function private.sync_removed_owner();

create or replace function private.sync_owners_of_account(p_user_id uuid) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_workspace_id uuid;
begin
  perform private.lock_account_ends();
  for v_workspace_id in
    select m.workspace_id from public.workspace_members as m
    where m.user_id = p_user_id order by m.workspace_id
  loop
    perform private.sync_workspace_owner(v_workspace_id);
  end loop;
end;
$$;
comment on function private.sync_owners_of_account is
  'Syncs the owners of the workspaces of an account that was banned, or is not any more.';

create or replace function private.leave_workspaces(p_user_id uuid) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  -- for update, since the workspace of the last member is deleted: raising a lock later could deadlock
  perform from public.workspaces as w
  where w.id in (select m.workspace_id from public.workspace_members as m where m.user_id = p_user_id)
  order by w.id for update;
  delete from public.workspace_members as m where m.user_id = p_user_id;
end;
$$;
comment on function private.leave_workspaces is 'Takes an account that ends out of all of its workspaces.';

-- Two accounts of one workspace that end concurrently would wait for each other: each has its own profile
-- locked, and one needs the other as the successor.
create or replace function private.lock_account_ends() returns void
language plpgsql volatile security invoker set search_path = '' as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('public.profiles', 0));
end;
$$;
comment on function private.lock_account_ends is
  'Serializes what bans and deletions of accounts do to workspaces.';

create or replace function private.lock_profile_deletion() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.lock_account_ends();
  return null;
end;
$$;
comment on function private.lock_profile_deletion is
  'Before-statement trigger of profiles: see private.lock_account_ends.';

-- Before the row is gone: workspaces.owner_id refers to it.
create or replace function private.leave_deleted_workspaces() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.leave_workspaces(old.id);
  return old;
end;
$$;
comment on function private.leave_deleted_workspaces is
  'Before-delete trigger of profiles: takes the person out of their workspaces, so that ownership passes.';

create trigger _010_lock_profile_deletion before delete on public.profiles
  for each statement execute function private.lock_profile_deletion();
create trigger _100_leave_deleted_workspaces before delete on public.profiles
  for each row execute function private.leave_deleted_workspaces();
