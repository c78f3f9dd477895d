-- Sets a user's GitHub token.

-- Each token has an id of its own, which replaces the one before it: what was sealed for one id is never
-- stored under another, also when two requests set a token concurrently.
create or replace function private.set_github_token(
  p_user_id uuid, p_id uuid, p_sealed text, p_metadata jsonb
) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform from public.users as u where u.id = p_user_id for no key update;
  if not found or not private.is_person_account(p_user_id) then
    raise exception using
      errcode = 'PT404', message = 'agents_user_unknown',
      detail = 'The account does not exist, or is anonymous, banned or deleted.',
      hint = 'Use an account with an e-mail address.';
  end if;
  insert into private.secrets as s (id, user_id, kind, sealed, metadata, checked_at)
  values (p_id, p_user_id, 'github_token', p_sealed, coalesce(p_metadata, '{}'), clock_timestamp())
  on conflict on constraint secrets_user_id_kind_key do update set
    id = excluded.id, sealed = excluded.sealed, metadata = excluded.metadata,
    checked_at = excluded.checked_at, invalid_at = null, rests_until = null;
  update public.users as u set
    github_token = 'secret:' || p_id,
    github_username = coalesce(left(private.non_blank(p_metadata ->> 'login'), 100), u.github_username)
  where u.id = p_user_id;
  return private.describe_github_token(p_user_id);
end;
$$;
grant execute on function private.set_github_token to service_role;

create or replace function public.set_github_token(
  user_id uuid, id uuid, sealed text, metadata jsonb default '{}'
) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.set_github_token(
    set_github_token.user_id, set_github_token.id, set_github_token.sealed, set_github_token.metadata
  );
end;
comment on function public.set_github_token is
  'Stores a GitHub token that is sealed for this id, user and kind github_token, replaces the one that the '
  'user had, and returns what github_token_status returns. metadata: login, scopes, expires_at. Service '
  'role only. Errors: agents_user_unknown (404), agents_secret_invalid (422).';
grant execute on function public.set_github_token to service_role;
