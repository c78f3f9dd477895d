-- What users can learn about their GitHub token.

create or replace function private.describe_github_token(p_user_id uuid) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
declare
  v_secret private.secrets;
begin
  select * into v_secret from private.secrets as s
  where s.user_id = p_user_id and s.kind = 'github_token';
  return jsonb_build_object(
    'is_set', v_secret.id is not null,
    'login', v_secret.metadata -> 'login',
    'scopes', v_secret.metadata -> 'scopes',
    'expires_at', v_secret.metadata -> 'expires_at',
    'checked_at', v_secret.checked_at,
    'invalid_at', v_secret.invalid_at
  );
end;
$$;
comment on function private.describe_github_token is
  'is_set, login, scopes, expires_at, checked_at and invalid_at of a user''s GitHub token; all but is_set '
  'null for none.';

create or replace function private.github_token_status() returns jsonb
language plpgsql stable security definer set search_path = '' as $$
declare
  v_user_id constant uuid := auth.uid();
begin
  if v_user_id is null then
    raise exception using
      errcode = 'PT401', message = 'sign_in_required', detail = 'The status is of the caller''s own token.',
      hint = 'Sign in.';
  end if;
  return private.describe_github_token(v_user_id);
end;
$$;
grant execute on function private.github_token_status to authenticated;

create or replace function public.github_token_status() returns jsonb
language sql stable security invoker set search_path = ''
begin atomic
  select private.github_token_status();
end;
comment on function public.github_token_status is
  'Returns {is_set, login, scopes, expires_at, checked_at, invalid_at} of the caller''s GitHub token, never '
  'the token. scopes is null for a fine-grained token; invalid_at is since when GitHub rejects it. '
  'Errors: sign_in_required (401).';
grant execute on function public.github_token_status to authenticated;
