-- Joins a workspace with the token of an invitation.

create or replace function private.check_workspace_members(p_workspace_id uuid) returns void
language plpgsql stable security definer set search_path = '' as $$
declare
  v_limit constant integer := (select s.members_per_workspace from public.devpulse_settings as s where s.id);
begin
  if (
    select count(*) from public.workspace_members as m where m.workspace_id = p_workspace_id
  ) >= v_limit then
    raise exception using
      errcode = 'PT409', message = 'devpulse_members_limit_reached',
      detail = format('A workspace has up to %s members.', v_limit),
      hint = 'Ask an owner to remove one, or an admin to raise devpulse_settings.members_per_workspace.';
  end if;
end;
$$;
comment on function private.check_workspace_members is
  'Returns where a workspace may have one more member. Errors: devpulse_members_limit_reached (409).';

create or replace function private.check_invitation(p_invitation public.workspace_invitations) returns void
language plpgsql stable security definer set search_path = '' as $$
begin
  if p_invitation.accepted_at is not null then
    raise exception using
      errcode = 'PT409', message = 'devpulse_invitation_conflict',
      detail = 'The invitation has been used.', hint = 'Ask for another one.';
  end if;
  if least(p_invitation.revoked_at, p_invitation.expires_at) <= clock_timestamp()
    or not private.may_invite(p_invitation.workspace_id, p_invitation.created_by, p_invitation.role)
  then
    raise exception using
      errcode = 'PT410', message = 'devpulse_invitation_expired',
      detail = 'The invitation expired or was revoked, or who made it may not invite any more.',
      hint = 'Ask for another one.';
  end if;
end;
$$;
comment on function private.check_invitation is
  'Returns where an invitation is valid. Errors: devpulse_invitation_conflict (409), '
  'devpulse_invitation_expired (410).';

-- Repeated by the same person it changes nothing, and neither does it for a member: an invitation never
-- changes a role.
create or replace function private.accept_workspace_invitation(p_token text) returns public.workspaces
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_user_id constant uuid := private.lock_person_profile();
  v_id uuid;
  v_invitation public.workspace_invitations;
  v_workspace public.workspaces;
begin
  select i.id, i.workspace_id into v_id, v_workspace.id
  from private.workspace_invitation_hashes as h
  join public.workspace_invitations as i on i.id = h.invitation_id
  where h.hash = sha256(convert_to(private.non_blank(p_token), 'UTF8'));
  select w.* into v_workspace from public.workspaces as w where w.id = v_workspace.id for no key update;
  select i.* into v_invitation from public.workspace_invitations as i where i.id = v_id for no key update;
  if v_workspace.id is null or v_invitation.id is null then
    raise exception using
      errcode = 'PT404', message = 'devpulse_invitation_unknown',
      detail = 'There is no invitation with this token.', hint = 'Use the token as it was sent to you.';
  end if;
  if private.workspace_role(v_workspace.id, v_user_id) is not null then
    return v_workspace;
  end if;
  perform private.check_invitation(v_invitation);
  perform private.check_workspace_members(v_workspace.id);
  insert into public.workspace_members (workspace_id, user_id, role)
  values (v_workspace.id, v_user_id, v_invitation.role);
  update public.workspace_invitations as i set accepted_at = clock_timestamp(), accepted_by = v_user_id
  where i.id = v_id;
  return v_workspace;
end;
$$;
grant execute on function private.accept_workspace_invitation to authenticated;

create or replace function public.accept_workspace_invitation(token text) returns public.workspaces
language sql volatile security invoker set search_path = ''
begin atomic
  select private.accept_workspace_invitation(accept_workspace_invitation.token);
end;
comment on function public.accept_workspace_invitation is
  'Makes the caller a member of the workspace, in the role of the invitation, and returns the workspace. For '
  'who is a member already it changes nothing. Errors: sign_in_required (401), devpulse_invitation_unknown '
  '(404), devpulse_invitation_conflict (used), devpulse_members_limit_reached (409), '
  'devpulse_invitation_expired (410).';
grant execute on function public.accept_workspace_invitation to authenticated;
