-- A visitor's row follows the account: it exists with the first conversation, and has the address once it is
-- confirmed.

create or replace function private.confirmed_email(p_user_id uuid) returns text
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select u.email::text from auth.users as u
    where u.id = p_user_id and u.email_confirmed_at is not null and u.deleted_at is null
      and char_length(u.email) <= 255
  );
end;
$$;
comment on function private.confirmed_email is
  'The confirmed address of an account; null where it has none, or is deleted.';

-- Where the team has registered the address with another visitor, it stays there.
create or replace function private.ensure_visitor(p_user_id uuid) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  if exists (select from support.users as u where u.id = p_user_id) then
    return;
  end if;
  insert into support.users (id, email)
  values (p_user_id, private.confirmed_email(p_user_id)) on conflict do nothing;
  insert into support.users (id) values (p_user_id) on conflict on constraint users_pkey do nothing;
end;
$$;
comment on function private.ensure_visitor is
  'Creates the visitor''s row of an account that has none, with the address that it has confirmed.';

-- Nothing in here may fail because of the account: that would refuse the sign-in.
create or replace function private.sync_visitor_account() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  if (old.email, old.email_confirmed_at) is distinct from (new.email, new.email_confirmed_at) then
    update support.users as u set email = (
      select private.confirmed_email(new.id) where not exists (
        select from support.users as o where o.id <> new.id and o.email = private.confirmed_email(new.id)
      )
    )
    where u.id = new.id;
  end if;
  return null;
end;
$$;
comment on function private.sync_visitor_account is
  'After-update trigger of auth.users: the visitor''s address is the confirmed one of the account, and none '
  'where another visitor has it.';

-- Names no column, see _110_sync_changed_account.
create trigger _130_sync_visitor_account after update on auth.users
  for each row when (old *<> new) execute function private.sync_visitor_account();
