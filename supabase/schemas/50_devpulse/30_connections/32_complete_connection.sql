-- Completes a connection: only the user who started the flow can, and the browser that came back knows how.

create or replace function private.complete_connection(
  p_platform text, p_code_hash bytea, p_replace boolean
) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_user_id constant uuid := auth.uid();
  v_flow private.oauth_flows;
begin
  if not private.is_person_account(v_user_id) then
    raise exception using
      errcode = 'PT401', message = 'sign_in_required', detail = 'A connection belongs to an account.',
      hint = 'Sign in with the account that started the connection.';
  end if;
  perform from public.users as u where u.id = v_user_id for no key update;
  select * into v_flow from private.oauth_flows as f
  where f.code_hash = p_code_hash and f.platform = p_platform and f.expires_at > clock_timestamp()
  for update;
  if not found then
    return null;
  end if;
  if v_flow.user_id <> v_user_id then
    -- somebody was led into another person's flow: what they granted there is nobody's
    update private.oauth_flows as f set code_hash = null, sealed = null, account = null
    where f.id = v_flow.id;
    return null;
  end if;
  if v_flow.completed_at is null then
    perform private.store_connection(
      v_user_id, p_platform, v_flow.secret_id, v_flow.sealed, v_flow.account, p_replace
    );
    update private.oauth_flows as f set completed_at = now(), sealed = null where f.id = v_flow.id;
  end if;
  return private.describe_connection(v_user_id, p_platform);
end;
$$;
grant execute on function private.complete_connection to authenticated;

create or replace function public.complete_connection(
  platform text, code_hash bytea, replace boolean default false
) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.complete_connection(
    complete_connection.platform, complete_connection.code_hash, complete_connection.replace
  );
end;
comment on function public.complete_connection is
  'Makes a connection of what the provider granted in a flow that the caller started, and returns it: {id, '
  'platform, platform_user_id, platform_username, status, status_reason, is_active, token_expires_at, '
  'scopes, last_synced_at}. Null when the code is unknown, expired or of another user''s flow, which then '
  'ends. Repeated by the same user, it returns the connection as it is. Called by the edge function '
  'oauth-callback. Errors: sign_in_required (401), devpulse_connection_account_conflict (422).';
grant execute on function public.complete_connection to authenticated;
