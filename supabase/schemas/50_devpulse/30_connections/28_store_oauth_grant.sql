-- Stores what a provider granted until the user who asked for it completes the connection.

create or replace function private.store_oauth_grant(
  p_flow_id uuid, p_attempt uuid, p_code_hash bytea, p_secret_id uuid, p_sealed text, p_account jsonb
) returns boolean
language plpgsql volatile security definer set search_path = '' as $$
begin
  update private.oauth_flows as f
  set code_hash = p_code_hash, secret_id = p_secret_id, sealed = p_sealed, account = p_account,
    expires_at = now() + interval '10 minutes'
  where f.id = p_flow_id and f.claimed_by = p_attempt and f.completed_at is null
    and (f.code_hash is null or f.code_hash = p_code_hash) and private.is_person_account(f.user_id);
  return found;
end;
$$;
grant execute on function private.store_oauth_grant to service_role;

create or replace function public.store_oauth_grant(
  flow_id uuid, attempt uuid, code_hash bytea, secret_id uuid, sealed text, account jsonb
) returns boolean
language sql volatile security invoker set search_path = ''
begin atomic
  select private.store_oauth_grant(
    store_oauth_grant.flow_id, store_oauth_grant.attempt, store_oauth_grant.code_hash,
    store_oauth_grant.secret_id, store_oauth_grant.sealed, store_oauth_grant.account
  );
end;
comment on function public.store_oauth_grant is
  'Stores sealed tokens for ten minutes, for the attempt that took the state; complete_connection makes the '
  'connection of them. account: platform_user_id, platform_username, token_expires_at, has_refresh_token, '
  'metadata. False when the flow or its account has ended meanwhile. Service role only. Errors: '
  'agents_secret_invalid (422).';
grant execute on function public.store_oauth_grant to service_role;
