-- Makes a handle of users.github_token: the token is in private.secrets, sealed, and gets there by the edge
-- function github-token alone.

-- The handle is right when it is that of the user's own secret, whoever writes it: nothing to be gained by
-- writing it, and a client that sends its whole row back does. The value is not repeated, and no constraint
-- comes before this, whose error would repeat the row.
create or replace function private.reject_plain_github_token() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  if exists (
    select from private.secrets as s
    where s.user_id = new.id and s.kind = 'github_token' and new.github_token = 'secret:' || s.id
  ) then
    return new;
  end if;
  raise exception using
    errcode = 'PT422', message = 'agents_github_token_forbidden',
    detail = 'users.github_token holds the handle of the user''s own token and nothing else.',
    hint = 'POST {"token": "…"} to the edge function github-token; set null to remove the token.';
end;
$$;
comment on function private.reject_plain_github_token is
  'Before trigger, the first of its table. The error does not repeat the value. '
  'Errors: agents_github_token_forbidden (422).';

create or replace function private.remove_github_token() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  delete from private.secrets as s where s.user_id = new.id and s.kind = 'github_token';
  return null;
end;
$$;
comment on function private.remove_github_token is
  'After-update trigger: whoever clears the handle removes the token.';

create trigger _010_reject_plain_github_token before insert on public.users
  for each row when (new.github_token is not null) execute function private.reject_plain_github_token();
create trigger _020_reject_plain_github_token before update on public.users
  for each row when (new.github_token is not null and old.github_token is distinct from new.github_token)
  execute function private.reject_plain_github_token();
create trigger _500_remove_github_token after update on public.users
  for each row when (old.github_token is not null and new.github_token is null)
  execute function private.remove_github_token();

create or replace function private.clear_github_token() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  update public.users as u set github_token = null
  where u.id = old.user_id and u.github_token = 'secret:' || old.id;
  return null;
end;
$$;
comment on function private.clear_github_token is
  'After-delete trigger of secrets: no handle is left of a secret that is gone.';

create trigger _500_clear_github_token after delete on private.secrets
  for each row when (old.kind = 'github_token') execute function private.clear_github_token();

-- What is said about a token to its owner.
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
  'Of a user''s GitHub token is_set, login, scopes, expires_at, checked_at and invalid_at; null where '
  'there is none.';

-- Each token has an id of its own, in the place of the one before: what was sealed for one id is never found
-- under another, whoever else is setting a token at the same moment.
create or replace function private.set_github_token(
  p_user_id uuid, p_id uuid, p_sealed text, p_metadata jsonb
) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform from public.users as u where u.id = p_user_id for no key update;
  if not found then
    raise exception using
      errcode = 'PT404', message = 'agents_user_unknown', detail = 'There is no account with this id.',
      hint = 'Use the id of an account.';
  end if;
  insert into private.secrets as s (id, user_id, kind, sealed, metadata, checked_at)
  values (p_id, p_user_id, 'github_token', p_sealed, coalesce(p_metadata, '{}'), clock_timestamp())
  on conflict on constraint secrets_user_id_kind_key do update set
    id = excluded.id, sealed = excluded.sealed, metadata = excluded.metadata,
    checked_at = excluded.checked_at, invalid_at = null;
  update public.users as u set
    github_token = 'secret:' || p_id,
    github_username = coalesce(left(private.non_blank(p_metadata ->> 'login'), 100), u.github_username)
  where u.id = p_user_id;
  return private.describe_github_token(p_user_id);
end;
$$;
grant execute on function private.set_github_token to service_role;

create or replace function public.set_github_token(
  p_user_id uuid, p_id uuid, p_sealed text, p_metadata jsonb default '{}'
) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.set_github_token(
    p_user_id => set_github_token.p_user_id, p_id => set_github_token.p_id,
    p_sealed => set_github_token.p_sealed, p_metadata => set_github_token.p_metadata
  );
end;
comment on function public.set_github_token is
  'Stores a GitHub token that is sealed for this id, user and kind github_token, in the place of the one '
  'that the user had, and says of it what github_token_status says. metadata: login, scopes, expires_at. '
  'Service role only. Errors: agents_user_unknown (404), agents_secret_invalid (422).';
grant execute on function public.set_github_token to service_role;

create or replace function private.github_token_status() returns jsonb
language plpgsql stable security definer set search_path = '' as $$
declare
  v_user_id constant uuid := auth.uid();
begin
  if v_user_id is null then
    raise exception using
      errcode = 'PT401', message = 'sign_in_required', detail = 'This is about one''s own token.',
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
  'What is known about the caller''s GitHub token: {is_set, login, scopes, expires_at, checked_at, '
  'invalid_at}, never the token. Scopes are null for a fine-grained token, invalid_at is since when GitHub '
  'refuses it. Errors: sign_in_required (401).';
grant execute on function public.github_token_status to authenticated;
