-- The column users.github_token is a handle: the token is in private.secrets, sealed, and only the edge
-- function github-token puts it there.

-- Anybody may write the handle of the user's own secret: it gains them nothing, and a client that sends its
-- whole row back does so. The error does not contain the value, and no constraint, whose error would contain
-- the row, is checked before this.
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
    detail = 'users.github_token accepts only the handle of the user''s own token.',
    hint = 'POST {"token": "…"} to the edge function github-token; set null to remove the token.';
end;
$$;
comment on function private.reject_plain_github_token is
  'Before trigger, the first of its table. The error does not contain the value. Errors: '
  'agents_github_token_forbidden (422).';

create or replace function private.remove_github_token() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  delete from private.secrets as s where s.user_id = new.id and s.kind = 'github_token';
  return null;
end;
$$;
comment on function private.remove_github_token is
  'After-update trigger: clearing the handle removes the token.';

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
  'After-delete trigger of secrets: clears the handle of a deleted secret.';

create trigger _500_clear_github_token after delete on private.secrets
  for each row when (old.kind = 'github_token') execute function private.clear_github_token();
