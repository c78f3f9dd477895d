-- The visitors who are known: those who signed in, anonymously or not, and those whom the team or a server
-- registered.

-- A token stays valid until it expires, also of an account that is banned meanwhile.
create or replace function private.visitor_id() returns uuid
language plpgsql stable security definer set search_path = '' as $$
declare
  v_user_id constant uuid := auth.uid();
begin
  return case when private.is_active_account(v_user_id) then v_user_id end;
end;
$$;
comment on function private.visitor_id is
  'The account of the caller as a visitor, anonymous accounts included; null for a banned or deleted one. In '
  'policies: (select private.visitor_id()).';
grant execute on function private.visitor_id to authenticated, service_role;

create table support.users (
  id uuid not null default gen_random_uuid(),
  email varchar(255),
  name varchar(255),
  phone varchar(50),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint users_pkey primary key (id),
  constraint idx_users_email unique (email),
  constraint users_created_at_is_finite check (isfinite(created_at))
);
comment on table support.users is
  'One row per visitor who has an account, or whom the team or a server registered; the contact of any '
  'other visitor is on the conversation. Visitors see and edit their own row, the team sees all, agents '
  'write them, admins delete them. Errors on write: support_user_email_forbidden, team_role_required (403), '
  'key_change_forbidden (422).';
comment on column support.users.id is 'The account in auth.users; any other id for a visitor without one.';
comment on column support.users.email is
  'Unique. A visitor''s own is the confirmed address of their account, set by the database; the team and '
  'servers may set any.';

-- Who may select from a table may also ask the planner how many rows a value has (Prefer: count=planned),
-- rows that row security hides included: of these columns it has no statistics.
alter table support.users
  alter column email set statistics 0, alter column name set statistics 0,
  alter column phone set statistics 0;

-- An address that somebody only claims would deny it to its owner, and would tell whether it is taken.
create or replace function private.set_visitor_email() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_confirmed varchar(255);
begin
  if private.has_team_role('agent') then
    return new;
  end if;
  select u.email into v_confirmed from auth.users as u
  where u.id = new.id and u.email_confirmed_at is not null and u.deleted_at is null;
  if new.email is null and tg_op = 'INSERT' then
    select v_confirmed into new.email
    where not exists (select from support.users as o where o.email = v_confirmed);
  elsif new.email is not null and lower(new.email) is distinct from lower(v_confirmed) then
    raise exception using
      errcode = 'PT403', message = 'support_user_email_forbidden',
      detail = 'The address of a visitor is the confirmed one of the account.',
      hint = 'Leave email out, or confirm the address with Auth first.';
  end if;
  return new;
end;
$$;
comment on function private.set_visitor_email is
  'Before trigger of what a visitor writes: a new row gets the confirmed address of the account. Errors: '
  'support_user_email_forbidden (403).';

create trigger _000_require_admin before delete on support.users
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('admin');
create trigger _050_reject_key_change before update on support.users
  for each row when (old.id is distinct from new.id) execute function private.reject_key_change();
create trigger _100_set_new_visitor_email before insert on support.users
  for each row when (current_user = 'authenticated') execute function private.set_visitor_email();
create trigger _110_set_visitor_email before update on support.users
  for each row when (current_user = 'authenticated' and old.email is distinct from new.email)
  execute function private.set_visitor_email();
create trigger _900_set_timestamps before insert or update on support.users
  for each row execute function private.set_timestamps();

alter table support.users enable row level security;
create policy users_select_own_or_viewer on support.users
  for select to authenticated
  using ((select private.has_team_role('viewer')) or id = (select private.visitor_id()));
create policy users_insert_own_or_agent on support.users
  for insert to authenticated
  with check ((select private.has_team_role('agent')) or id = (select private.visitor_id()));
create policy users_update_own_or_agent on support.users
  for update to authenticated
  using ((select private.has_team_role('agent')) or id = (select private.visitor_id()))
  with check ((select private.has_team_role('agent')) or id = (select private.visitor_id()));
create policy users_delete_admin on support.users
  for delete to authenticated using ((select private.has_team_role('admin')));

grant select, delete on support.users to authenticated;
grant insert (id, email, name, phone, created_at, updated_at) on support.users to authenticated;
grant update (id, email, name, phone, created_at, updated_at) on support.users to authenticated;
grant select, insert, update, delete on support.users to service_role;
