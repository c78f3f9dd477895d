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
declare
  v_ids constant uuid[] := array(
    select c.id from public.platform_connections as c where c.user_id = p_user_id
  );
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
  -- and so is what it made: titles and addresses name it; a run has lost its lease by now
  delete from public.github_repositories as r where r.platform_connection_id = any (v_ids);
  delete from public.youtube_videos as v where v.platform_connection_id = any (v_ids);
  delete from public.devto_articles as a where a.platform_connection_id = any (v_ids);
  delete from private.sync_etags as e where e.connection_id = any (v_ids);
end;
$$;
comment on function private.end_account_connections is
  'Ends all connections of an account that is softly deleted: erases their secrets, who the user is at the '
  'platforms, and the repositories, videos and articles. The tokens are not revoked there.';
