-- What ends with a membership: what the person watched for the workspace is theirs alone again, and the
-- invitations that they made are not valid any more.

create or replace function private.revoke_invitations_of(p_workspace_id uuid, p_user_id uuid) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  update public.workspace_invitations as i set revoked_at = clock_timestamp()
  where i.workspace_id = p_workspace_id and i.created_by = p_user_id
    and i.accepted_at is null and i.revoked_at is null
    and not private.may_invite(p_workspace_id, p_user_id, i.role);
end;
$$;
comment on function private.revoke_invitations_of is
  'Revokes the open invitations that this member may not make any more.';

create or replace function private.end_membership() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  update public.monitors as m set workspace_id = null
  where m.user_id = old.user_id and m.workspace_id = old.workspace_id;
  update public.goals as g set workspace_id = null
  where g.user_id = old.user_id and g.workspace_id = old.workspace_id;
  perform private.revoke_invitations_of(old.workspace_id, old.user_id);
  return null;
end;
$$;
comment on function private.end_membership is
  'After-delete trigger of workspace_members: the monitors and goals of the person leave the workspace, and '
  'their open invitations are revoked.';

create or replace function private.end_lost_rights() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.revoke_invitations_of(old.workspace_id, old.user_id);
  return null;
end;
$$;
comment on function private.end_lost_rights is
  'After-update trigger of workspace_members, of another role: revokes invitations that it does not allow.';

create trigger _300_end_membership after delete on public.workspace_members
  for each row execute function private.end_membership();
create trigger _310_end_lost_rights after update on public.workspace_members
  for each row when (old.role is distinct from new.role) execute function private.end_lost_rights();
