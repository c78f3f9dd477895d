-- Ends an invitation.

create or replace function private.revoke_workspace_invitation(p_id uuid) returns timestamptz
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_invitation public.workspace_invitations;
begin
  select i.* into v_invitation from public.workspace_invitations as i
  where i.id = p_id and i.workspace_id in (select private.my_workspace_ids('admin'))
  for no key update;
  if not found then
    raise exception using
      errcode = 'PT404', message = 'devpulse_invitation_unknown',
      detail = 'There is no such invitation to a workspace that you administer.',
      hint = 'Use the id of a row in workspace_invitations.';
  end if;
  if not private.may_invite(v_invitation.workspace_id, auth.uid(), v_invitation.role) then
    raise exception using
      errcode = 'PT403', message = 'devpulse_workspace_role_forbidden',
      detail = 'Admins revoke invitations of members; owners revoke any.',
      hint = 'Ask an owner of the workspace.';
  end if;
  if v_invitation.accepted_at is not null then
    raise exception using
      errcode = 'PT409', message = 'devpulse_invitation_conflict',
      detail = 'The invitation has been used.', hint = 'Remove the member instead.';
  end if;
  update public.workspace_invitations as i set revoked_at = coalesce(i.revoked_at, clock_timestamp())
  where i.id = p_id
  returning i.revoked_at into v_invitation.revoked_at;
  return v_invitation.revoked_at;
end;
$$;
grant execute on function private.revoke_workspace_invitation to authenticated;

create or replace function public.revoke_workspace_invitation(id uuid) returns timestamptz
language sql volatile security invoker set search_path = ''
begin atomic
  select private.revoke_workspace_invitation(revoke_workspace_invitation.id);
end;
comment on function public.revoke_workspace_invitation is
  'Revokes an invitation immediately, and returns since when it is revoked. Owners revoke any, admins those '
  'of members. Errors: devpulse_workspace_role_forbidden (403), devpulse_invitation_unknown (404), '
  'devpulse_invitation_conflict (used, 409).';
grant execute on function public.revoke_workspace_invitation to authenticated;
