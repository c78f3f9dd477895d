-- What belongs to a workspace is its members': monitors and goals.

-- Locked in this order, as everywhere: the profile, the workspace, the membership. It then can't end before
-- the row is committed that its end has to change.
create or replace function private.check_workspace_membership() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  -- row security refuses somebody else's row, and it alone: this would reveal who is in which workspace
  if new.user_id is distinct from auth.uid() and not private.is_trusted_caller() then
    return new;
  end if;
  perform from public.profiles as p where p.id = new.user_id for key share;
  perform from public.workspaces as w where w.id = new.workspace_id for key share;
  perform from public.workspace_members as m
  where m.workspace_id = new.workspace_id and m.user_id = new.user_id for key share;
  if not found then
    raise exception using
      errcode = 'PT404', message = 'devpulse_workspace_unknown',
      detail = 'The workspace does not exist, or the user is not a member of it.',
      hint = 'Use the id of one of your workspaces, or null.';
  end if;
  return new;
end;
$$;
comment on function private.check_workspace_membership is
  'Before trigger of a workspace_id: the user is a member of that workspace. Errors: '
  'devpulse_workspace_unknown (404).';
