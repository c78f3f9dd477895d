-- A connection ends with its secret, however that is deleted; its row stays, to be connected again.

create or replace function private.end_connection() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  update public.platform_connections as c
  set access_token = 'disconnected', refresh_token = null, token_expires_at = null, status = 'disconnected',
    status_reason = 'secret_removed'
  where c.user_id = old.user_id and c.platform = replace(old.kind, '_connection', '')
    and c.access_token = 'secret:' || old.id;
  return null;
end;
$$;
comment on function private.end_connection is
  'After-delete trigger of secrets: the connection that a deleted secret belonged to is disconnected.';

create trigger _510_end_connection after delete on private.secrets
  for each row when (old.kind in ('github_connection', 'youtube_connection', 'devto_connection'))
  execute function private.end_connection();

create or replace function private.end_account_connections(p_user_id uuid) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  delete from private.oauth_flows as f where f.user_id = p_user_id;
  delete from private.secrets as s
  where s.user_id = p_user_id
    and s.kind in ('github_connection', 'youtube_connection', 'devto_connection');
  -- whose account it was is the person's own
  update public.platform_connections as c
  set platform_user_id = 'deleted', platform_username = 'deleted', access_token = 'disconnected',
    refresh_token = null, token_expires_at = null, status = 'disconnected', status_reason = 'account_ended'
  where c.user_id = p_user_id;
end;
$$;
comment on function private.end_account_connections is
  'Ends all connections of an account that is softly deleted: erases their secrets and who the user is at '
  'the platforms. The tokens are not revoked there.';
