-- Accounts whose rights hold: neither banned nor deleted.

-- What was handed out because of an account (a role, a worker token, a lease, a stored secret) is used only
-- after this check, at each use. Auth itself rejects such an account when it signs in or refreshes a session.
create or replace function private.is_active_account(p_user_id uuid) returns boolean
language plpgsql stable security definer set search_path = '' as $$
begin
  return exists (
    select from auth.users as a
    where a.id = p_user_id and a.deleted_at is null
      and (a.banned_until is null or a.banned_until <= clock_timestamp())
  );
end;
$$;
comment on function private.is_active_account is
  'Whether the account exists and is neither banned nor (softly) deleted.';

-- Anybody can make any number of anonymous accounts: limits per account would bound nothing that they do.
create or replace function private.is_person_account(p_user_id uuid) returns boolean
language plpgsql stable security definer set search_path = '' as $$
begin
  return exists (
    select from auth.users as a
    where a.id = p_user_id and a.is_anonymous is not true and a.deleted_at is null
      and (a.banned_until is null or a.banned_until <= clock_timestamp())
  );
end;
$$;
comment on function private.is_person_account is
  'Whether the account exists, is not anonymous, and is neither banned nor (softly) deleted.';

-- An access token stays valid until it expires, by default up to an hour after a ban or a deletion. On tables
-- of which people write their own rows, a statement asks for the account first:
--
--   create trigger _000_require_active_account before insert or update on public.tasks
--     for each statement when (current_user = 'authenticated')
--     execute function private.require_active_account();
create or replace function private.require_active_account() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  if not private.is_person_account(auth.uid()) then
    raise exception using
      errcode = 'PT401', message = 'sign_in_required',
      detail = 'The account is anonymous, banned or deleted.',
      hint = 'Sign in with an e-mail address, or confirm one for this account.';
  end if;
  return null;
end;
$$;
comment on function private.require_active_account is
  'Before-statement trigger of tables of which people write their own rows. Errors: sign_in_required (401).';
