-- Stores a connection: its secret, and the row of the user's platform, which is used again.

create or replace function private.describe_connection(p_user_id uuid, p_platform text) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select jsonb_build_object(
      'id', c.id, 'platform', c.platform, 'platform_user_id', c.platform_user_id,
      'platform_username', c.platform_username, 'status', c.status, 'status_reason', c.status_reason,
      'is_active', c.is_active, 'token_expires_at', c.token_expires_at, 'scopes', s.metadata -> 'scopes',
      'last_synced_at', c.last_synced_at
    )
    from public.platform_connections as c
    left join private.secrets as s on s.user_id = c.user_id and s.kind = c.platform || '_connection'
    where c.user_id = p_user_id and c.platform = p_platform
  );
end;
$$;
comment on function private.describe_connection is
  'What the edge functions answer about a connection; null for none. It contains no handle and no token.';

create or replace function private.has_connection_history(p_connection_id uuid) returns boolean
language plpgsql stable security definer set search_path = '' as $$
begin
  return exists (select from public.monitors as m where m.platform_connection_id = p_connection_id)
    or exists (select from private.metric_readings as r where r.connection_id = p_connection_id)
    or exists (select from public.github_repositories as r where r.platform_connection_id = p_connection_id)
    or exists (select from public.github_contributions as g where g.platform_connection_id = p_connection_id)
    or exists (select from public.youtube_videos as v where v.platform_connection_id = p_connection_id)
    or exists (select from public.youtube_channel_stats as y where y.platform_connection_id = p_connection_id)
    or exists (select from public.devto_articles as a where a.platform_connection_id = p_connection_id);
end;
$$;
comment on function private.has_connection_history is
  'Whether a connection has monitors or numbers, which are those of its account at the platform.';

-- The numbers of two accounts never become one series: with the other account, everything begins again.
create or replace function private.remove_connection(p_user_id uuid, p_platform text) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  delete from public.platform_connections as c where c.user_id = p_user_id and c.platform = p_platform;
  delete from public.analytics_snapshots as s where s.user_id = p_user_id and s.platform = p_platform;
  update public.analytics_snapshots as s
  set metrics = s.metrics - p_platform,
    gaps = array(select g from unnest(s.gaps) as g where split_part(g, '.', 1) <> p_platform)
  where s.user_id = p_user_id and s.platform = 'all' and s.metrics ? p_platform;
end;
$$;
comment on function private.remove_connection is
  'Deletes a user''s connection to a platform with its monitors, its history and its part of the snapshots.';

create or replace function private.replace_account(
  p_user_id uuid, p_platform text, p_platform_user_id text, p_replace boolean
) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_connection public.platform_connections;
begin
  select * into v_connection from public.platform_connections as c
  where c.user_id = p_user_id and c.platform = p_platform for no key update;
  if not found or v_connection.platform_user_id = p_platform_user_id then
    return;
  end if;
  if p_replace is not true and private.has_connection_history(v_connection.id) then
    raise exception using
      errcode = 'PT422', message = 'devpulse_connection_account_conflict',
      detail = 'The connection has monitors or history of another account at the platform.',
      hint = 'Connect with that account, or send "replace": true, which deletes its monitors and history.';
  end if;
  perform private.remove_connection(p_user_id, p_platform);
end;
$$;
comment on function private.replace_account is
  'Makes way for another account at the platform. Errors: devpulse_connection_account_conflict (422).';

create or replace function private.store_connection(
  p_user_id uuid, p_platform text, p_secret_id uuid, p_sealed text, p_account jsonb, p_replace boolean
) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_handle constant text := 'secret:' || p_secret_id;
begin
  perform private.replace_account(p_user_id, p_platform, p_account ->> 'platform_user_id', p_replace);
  insert into private.secrets as s (id, user_id, kind, sealed, metadata, checked_at)
  values (
    p_secret_id, p_user_id, p_platform || '_connection', p_sealed,
    coalesce(p_account -> 'metadata', '{}'::jsonb), clock_timestamp()
  )
  on conflict on constraint secrets_user_id_kind_key do update set
    id = excluded.id, sealed = excluded.sealed, metadata = excluded.metadata,
    checked_at = excluded.checked_at, invalid_at = null, rests_until = null;
  insert into public.platform_connections as c (
    user_id, platform, platform_user_id, platform_username, access_token, refresh_token, token_expires_at
  )
  values (
    p_user_id, p_platform, p_account ->> 'platform_user_id', p_account ->> 'platform_username', v_handle,
    case when (p_account ->> 'has_refresh_token')::boolean then v_handle end,
    (p_account ->> 'token_expires_at')::timestamptz
  )
  on conflict on constraint platform_connections_user_platform_idx do update set
    platform_username = excluded.platform_username, access_token = excluded.access_token,
    refresh_token = excluded.refresh_token, token_expires_at = excluded.token_expires_at,
    status = 'connected', status_reason = null;
end;
$$;
comment on function private.store_connection is
  'Stores a secret that is sealed for this id, user and platform, and connects the user''s row. The caller '
  'has locked the user''s row of public.users. Errors: devpulse_connection_account_conflict, '
  'agents_secret_invalid (422).';
