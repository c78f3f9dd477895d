-- Which accounts may be in the team. Whoever signs up first with an address has an account with it, and is
-- the person only once the address is confirmed.

create or replace function private.require_member_account(p_user_id uuid) returns void
language plpgsql stable security definer set search_path = '' as $$
declare
  v_user auth.users;
begin
  select * into v_user from auth.users as u where u.id = p_user_id;
  if not found then
    return;
  end if;
  if v_user.email_confirmed_at is null or v_user.banned_until > clock_timestamp()
    or v_user.deleted_at is not null then
    raise exception using
      errcode = 'PT409', message = 'team_user_forbidden',
      detail = 'The account''s e-mail address is not confirmed, or the account is banned or deleted.',
      hint = 'Let the person confirm the address, or lift the ban, then add them to the team.';
  end if;
  if exists (
    select from auth.users as u
    where u.id <> v_user.id and lower(u.email) = lower(v_user.email) and u.deleted_at is null
  ) then
    raise exception using
      errcode = 'PT409', message = 'team_user_conflict',
      detail = 'Several accounts have this e-mail address.',
      hint = 'Delete the accounts that are not the person''s, then add the other one.';
  end if;
end;
$$;
comment on function private.require_member_account is
  'Returns where the account may be in the team: with a confirmed address that no other account has, and '
  'neither banned nor deleted. An unknown id is left to the foreign key. Errors: team_user_conflict, '
  'team_user_forbidden (409).';

-- The setting `role` is what the API switched to, see require_last_admin. An operator on a direct connection
-- could confirm the address just as well.
create or replace function private.check_member_account() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  if current_setting('role') not in ('anon', 'authenticated', 'service_role') then
    return new;
  end if;
  -- a member keeps the role, or gets a lower one; an upsert fires the trigger of INSERT for members too
  if exists (
    select from public.team_members as m
    where m.user_id = new.user_id and private.team_role_rank(m.role) >= private.team_role_rank(new.role)
  ) then
    return new;
  end if;
  perform private.require_member_account(new.user_id);
  return new;
end;
$$;
comment on function private.check_member_account is
  'Before-row trigger of team_members, for a new member and for a higher role. Errors: team_user_conflict, '
  'team_user_forbidden (409).';
