-- Stores refreshed tokens, in one version of one row: both of them or none.

create or replace function private.finish_token_refresh(
  p_connection_id uuid, p_secret_id uuid, p_fencing_token bigint, p_new_secret_id uuid, p_sealed text,
  p_token_expires_at timestamptz
) returns text
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_connection public.platform_connections;
begin
  select * into v_connection from public.platform_connections as c where c.id = p_connection_id
  for no key update;
  -- The secret is the fence: whoever exchanged the stored refresh token has the tokens that follow it, also
  -- when the lease has run out meanwhile, and the next holder of the lease can only be told that it is used.
  update private.secrets as s
  set id = p_new_secret_id, sealed = p_sealed, checked_at = clock_timestamp(), invalid_at = null
  where s.id = p_secret_id and s.user_id = v_connection.user_id
    and s.kind = v_connection.platform || '_connection';
  if not found then
    return case
      when v_connection.access_token = 'secret:' || p_new_secret_id then 'stored'
      when v_connection.access_token like 'secret:%' then 'superseded'
      else 'ended'
    end;
  end if;
  update public.platform_connections as c
  set access_token = 'secret:' || p_new_secret_id,
    refresh_token = case when c.refresh_token is not null then 'secret:' || p_new_secret_id end,
    token_expires_at = p_token_expires_at, status = 'connected', status_reason = null
  where c.id = p_connection_id;
  update private.token_refreshes as r
  set lease_expires_at = null, is_uncertain = false, attempts_count = 0, next_attempt_at = null
  where r.connection_id = p_connection_id and r.fencing_token = p_fencing_token;
  return 'stored';
end;
$$;
grant execute on function private.finish_token_refresh to service_role;

create or replace function public.finish_token_refresh(
  connection_id uuid, secret_id uuid, fencing_token bigint, new_secret_id uuid, sealed text,
  token_expires_at timestamptz
) returns text
language sql volatile security invoker set search_path = ''
begin atomic
  select private.finish_token_refresh(
    finish_token_refresh.connection_id, finish_token_refresh.secret_id, finish_token_refresh.fencing_token,
    finish_token_refresh.new_secret_id, finish_token_refresh.sealed, finish_token_refresh.token_expires_at
  );
end;
comment on function public.finish_token_refresh is
  'Replaces the secret whose refresh token was exchanged by what the provider returned, sealed for '
  'new_secret_id, and ends the lease. Returns stored, also when repeated; superseded when another secret is '
  'stored meanwhile; ended when there is none any more. Service role only. Errors: '
  'agents_secret_invalid (422).';
grant execute on function public.finish_token_refresh to service_role;
