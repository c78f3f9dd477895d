-- Creates an invitation; its token is returned this once.

-- Who creates and revokes in turns leaves no more ended ones than the limit either.
create or replace function private.limit_invitations(p_workspace_id uuid) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_limit constant integer := (
    select s.invitations_per_workspace from public.devpulse_settings as s where s.id
  );
begin
  if v_limit is null then
    return;
  end if;
  delete from public.workspace_invitations as i
  where i.id in (
    select e.id from public.workspace_invitations as e
    where e.workspace_id = p_workspace_id
      and (least(e.revoked_at, e.expires_at) <= clock_timestamp() or e.accepted_at is not null)
    order by e.created_at desc offset v_limit
  );
  if (
    select count(*) from public.workspace_invitations as i
    where i.workspace_id = p_workspace_id and i.accepted_at is null
      and least(i.revoked_at, i.expires_at) > clock_timestamp()
  ) >= v_limit then
    raise exception using
      errcode = 'PT409', message = 'devpulse_invitations_limit_reached',
      detail = format('A workspace has up to %s open invitations.', v_limit),
      hint = 'Revoke one with revoke_workspace_invitation, or ask an admin to raise '
        'devpulse_settings.invitations_per_workspace.';
  end if;
end;
$$;
comment on function private.limit_invitations is
  'Returns where a workspace may have one more open invitation, and deletes the oldest that ended. Errors: '
  'devpulse_invitations_limit_reached (409).';

create or replace function private.require_inviter(p_workspace_id uuid, p_user_id uuid, p_role text)
returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform from public.workspaces as w where w.id = p_workspace_id for no key update;
  if private.workspace_role(p_workspace_id, p_user_id) is null then
    raise exception using
      errcode = 'PT404', message = 'devpulse_workspace_unknown',
      detail = 'The workspace does not exist, or you are not a member of it.',
      hint = 'Use the id of one of your workspaces.';
  end if;
  if not private.may_invite(p_workspace_id, p_user_id, p_role) then
    raise exception using
      errcode = 'PT403', message = 'devpulse_workspace_role_forbidden',
      detail = 'Owners invite with any role; admins invite members.',
      hint = 'Ask an owner of the workspace.';
  end if;
end;
$$;
comment on function private.require_inviter is
  'Locks the workspace, and returns where the user may invite somebody with this role. Errors: '
  'devpulse_workspace_role_forbidden (403), devpulse_workspace_unknown (404).';

create or replace function private.create_workspace_invitation(
  p_workspace_id uuid, p_role text, p_expires_in_hours integer
) returns table (id uuid, token text, expires_at timestamptz)
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_user_id constant uuid := private.lock_person_profile();
  v_role constant text := coalesce(private.non_blank(p_role), 'member');
begin
  if private.workspace_role_rank(v_role) is null or p_expires_in_hours not between 1 and 720 then
    raise exception using
      errcode = 'PT422', message = 'devpulse_invitation_invalid',
      detail = 'An invitation has the role owner, admin or member, and is valid for 1 to 720 hours.',
      hint = 'Leave expires_in_hours out for one that is valid for a week.';
  end if;
  perform private.require_inviter(p_workspace_id, v_user_id, v_role);
  perform private.limit_invitations(p_workspace_id);
  token := 'fli_' || translate(encode(extensions.gen_random_bytes(32), 'base64'), '+/=', '-_');
  insert into public.workspace_invitations as i (workspace_id, role, created_by, expires_at)
  values (
    p_workspace_id, v_role, v_user_id,
    clock_timestamp() + make_interval(hours => coalesce(p_expires_in_hours, 168))
  )
  returning i.id, i.expires_at
  into create_workspace_invitation.id, create_workspace_invitation.expires_at;
  insert into private.workspace_invitation_hashes (hash, invitation_id)
  values (sha256(convert_to(token, 'UTF8')), create_workspace_invitation.id);
  return next;
end;
$$;
grant execute on function private.create_workspace_invitation to authenticated;

create or replace function public.create_workspace_invitation(
  workspace_id uuid, role text default 'member', expires_in_hours integer default 168
) returns table (id uuid, token text, expires_at timestamptz)
language sql volatile security invoker set search_path = ''
begin atomic
  select c.id, c.token, c.expires_at
  from private.create_workspace_invitation(
    create_workspace_invitation.workspace_id, create_workspace_invitation.role,
    create_workspace_invitation.expires_in_hours
  ) as c;
end;
comment on function public.create_workspace_invitation is
  'Creates an invitation with which one person joins the workspace in this role: owners invite with any, '
  'admins as member. The token is returned this once, is valid once, for expires_in_hours (1 to 720), and as '
  'long as the caller may invite with this role. Errors: sign_in_required (401), '
  'devpulse_workspace_role_forbidden (403), devpulse_workspace_unknown (404), '
  'devpulse_invitations_limit_reached (409), devpulse_invitation_invalid (422).';
grant execute on function public.create_workspace_invitation to authenticated;
