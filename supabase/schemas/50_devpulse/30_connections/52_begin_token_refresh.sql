-- Begins the refresh of a connection's token, or returns what came of another's.

create or replace function private.begin_token_refresh(p_connection_id uuid, p_secret_id uuid) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_connection public.platform_connections;
  v_secret private.secrets;
begin
  select * into v_connection from public.platform_connections as c where c.id = p_connection_id
  for no key update;
  if not found or v_connection.status = 'disconnected'
    or not private.is_person_account(v_connection.user_id) then
    return jsonb_build_object('outcome', 'ended', 'reason', coalesce(v_connection.status_reason, 'ended'));
  end if;
  select * into v_secret from private.secrets as s
  where s.user_id = v_connection.user_id and s.kind = v_connection.platform || '_connection';
  if v_connection.status = 'reauth_required' or v_secret.id is null then
    return jsonb_build_object('outcome', 'ended', 'reason', coalesce(v_connection.status_reason, 'ended'));
  end if;
  if v_secret.id is distinct from p_secret_id or v_connection.token_expires_at is null
    or v_connection.token_expires_at > clock_timestamp() + interval '5 minutes' then
    return private.describe_refresh('current', v_connection, v_secret);
  end if;
  if v_connection.refresh_token is not null then
    return private.lease_refresh(v_connection, v_secret);
  end if;
  if v_connection.token_expires_at > clock_timestamp() then
    return private.describe_refresh('current', v_connection, v_secret);
  end if;
  perform private.require_connection_again(p_connection_id, 'token_expired');
  return jsonb_build_object('outcome', 'ended', 'reason', 'token_expired');
end;
$$;
grant execute on function private.begin_token_refresh to service_role;

create or replace function public.begin_token_refresh(connection_id uuid, secret_id uuid) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.begin_token_refresh(begin_token_refresh.connection_id, begin_token_refresh.secret_id);
end;
comment on function public.begin_token_refresh is
  'Asks to refresh the token of a connection whose secret was this one. outcome: refresh (the caller has the '
  'lease: fencing_token, until), wait (somebody else has it, until), later (an attempt failed, until), '
  'current (nothing is to be refreshed), each with secret_id, user_id, platform, sealed and token_expires_at '
  'of the present secret; ended (reason). Service role only.';
grant execute on function public.begin_token_refresh to service_role;
