-- Creates a workspace: by this function, or by an insert.

-- The profile's lock orders what somebody does with a ban and a deletion of their account: the later of the
-- two sees what the earlier one committed.
create or replace function private.lock_person_profile() returns uuid
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_user_id constant uuid := auth.uid();
begin
  perform from public.profiles as p where p.id = v_user_id for no key update;
  if not found or not private.is_person_account(v_user_id) then
    raise exception using
      errcode = 'PT401', message = 'sign_in_required',
      detail = 'This needs an account with a profile that is not anonymous, banned or deleted.',
      hint = 'Sign in with an e-mail address, or confirm one for this account.';
  end if;
  return v_user_id;
end;
$$;
comment on function private.lock_person_profile is
  'Locks the caller''s profile and returns the caller''s id. Errors: sign_in_required (401).';

create or replace function private.check_owned_workspaces(p_user_id uuid) returns void
language plpgsql volatile security definer set search_path = '' set enable_seqscan = 'off' as $$
declare
  v_limit constant integer := (select s.workspaces_per_user from public.devpulse_settings as s where s.id);
begin
  if (
    select count(*) from (
      select from public.workspaces as w where w.owner_id = p_user_id limit v_limit + 1::bigint
    ) as c
  ) > v_limit then
    raise exception using
      errcode = 'PT409', message = 'devpulse_workspaces_limit_reached',
      detail = format('An account owns up to %s workspaces.', v_limit),
      hint = 'Delete one, or ask an admin to raise devpulse_settings.workspaces_per_user.';
  end if;
end;
$$;
comment on function private.check_owned_workspaces is
  'Returns where a user owns no more workspaces than they may. Errors: '
  'devpulse_workspaces_limit_reached (409).';

create or replace function private.check_inserted_workspaces() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  if exists (select from inserted) then
    perform private.check_owned_workspaces(private.lock_person_profile());
  end if;
  return null;
end;
$$;
comment on function private.check_inserted_workspaces is
  'After-statement trigger of a user''s insert. Errors: sign_in_required (401), '
  'devpulse_workspaces_limit_reached (409).';

create or replace function private.add_workspace_owner() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into public.workspace_members (workspace_id, user_id, role)
  values (new.id, new.owner_id, 'owner')
  on conflict on constraint workspace_members_pkey do update set role = 'owner';
  return null;
end;
$$;
comment on function private.add_workspace_owner is
  'After-insert trigger of workspaces: its owner is its first member.';

create trigger _200_add_workspace_owner after insert on public.workspaces
  for each row execute function private.add_workspace_owner();
create trigger _700_check_inserted_workspaces after insert on public.workspaces
  referencing new table as inserted
  for each statement when (current_user = 'authenticated')
  execute function private.check_inserted_workspaces();

-- A client that lost the answer sends the call again: within ten minutes it gets the same workspace.
create or replace function private.create_workspace(p_name text, p_slug text, p_description text)
returns public.workspaces
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_user_id constant uuid := private.lock_person_profile();
  v_slug constant text := private.non_blank(p_slug);
  v_workspace public.workspaces;
begin
  select w.* into v_workspace from public.workspaces as w
  where w.owner_id = v_user_id and w.name = private.non_blank(p_name)
    and w.description is not distinct from p_description and (v_slug is null or w.slug = v_slug)
    and w.created_at > clock_timestamp() - interval '10 minutes'
  order by w.created_at desc limit 1;
  if found then
    return v_workspace;
  end if;
  if exists (select from public.workspaces as w where w.slug = v_slug) then
    perform private.raise_slug_conflict(v_slug);
  end if;
  -- somebody else may take the slug at the same moment: one that is made of the name is made again
  for i in 1..2 loop
    insert into public.workspaces (name, slug, description, owner_id)
    values (p_name, v_slug, p_description, v_user_id)
    on conflict on constraint workspaces_slug_idx do nothing
    returning * into v_workspace;
    exit when found or v_slug is not null;
  end loop;
  if v_workspace.id is null then
    perform private.raise_slug_conflict(coalesce(v_slug, private.build_slug(p_name)));
  end if;
  perform private.check_owned_workspaces(v_user_id);
  return v_workspace;
end;
$$;
grant execute on function private.create_workspace to authenticated;

create or replace function public.create_workspace(
  name text, slug text default null, description text default null
) returns public.workspaces
language sql volatile security invoker set search_path = ''
begin atomic
  select private.create_workspace(
    create_workspace.name, create_workspace.slug, create_workspace.description
  );
end;
comment on function public.create_workspace is
  'Creates a workspace that the caller owns, with a slug made of its name where it is left out. A call that '
  'is repeated within ten minutes returns the same workspace. Errors: sign_in_required (401), '
  'devpulse_workspace_slug_conflict, devpulse_workspaces_limit_reached (409), devpulse_workspace_invalid, '
  'devpulse_workspace_slug_invalid (422).';
grant execute on function public.create_workspace to authenticated;
