-- Connects a user to a platform that has API keys and no OAuth.

create or replace function private.connect_by_key(
  p_user_id uuid, p_platform text, p_secret_id uuid, p_sealed text, p_account jsonb, p_replace boolean
) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform from public.users as u where u.id = p_user_id for no key update;
  if not found or not private.is_person_account(p_user_id) then
    raise exception using
      errcode = 'PT404', message = 'devpulse_user_unknown',
      detail = 'The account does not exist, or is anonymous, banned or deleted.',
      hint = 'Use an account with an e-mail address.';
  end if;
  perform private.store_connection(p_user_id, p_platform, p_secret_id, p_sealed, p_account, p_replace);
  return private.describe_connection(p_user_id, p_platform);
end;
$$;
grant execute on function private.connect_by_key to service_role;

create or replace function public.connect_by_key(
  user_id uuid, platform text, secret_id uuid, sealed text, account jsonb, replace boolean default false
) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.connect_by_key(
    connect_by_key.user_id, connect_by_key.platform, connect_by_key.secret_id, connect_by_key.sealed,
    connect_by_key.account, connect_by_key.replace
  );
end;
comment on function public.connect_by_key is
  'Stores an API key that is sealed for this id, user and platform, and returns the connection as '
  'complete_connection does. account: platform_user_id, platform_username, metadata. Service role only. '
  'Errors: devpulse_user_unknown (404), devpulse_connection_account_conflict, agents_secret_invalid (422).';
grant execute on function public.connect_by_key to service_role;
