-- Who is calling: what elevated functions ask before they act, and the name that they write down.

-- In plpgsql, as all that triggers ask for each row: a function of language sql is planned anew each time.
create or replace function private.is_trusted_caller() returns boolean
language plpgsql stable security invoker set search_path = '' as $$
begin
  -- `role` and session_user are not changed by security definer, so this sees past the function that asks.
  return coalesce(nullif(current_setting('role'), 'none'), session_user)
    in ('service_role', 'postgres', 'supabase_admin');
end;
$$;
comment on function private.is_trusted_caller is
  'Whether the service role, an operator on a direct connection or a cron job is calling, rather '
  'than a person.';
grant execute on function private.is_trusted_caller to authenticated, service_role;

create or replace function private.require_team_role(minimum text) returns void
language plpgsql stable security definer set search_path = '' as $$
begin
  if private.is_trusted_caller() then
    return;
  end if;
  if auth.uid() is null then
    raise exception using
      errcode = 'PT401', message = 'sign_in_required', detail = 'This needs a signed-in team member.',
      hint = 'Sign in, or call with the secret key from a server.';
  end if;
  if private.has_team_role(minimum) is not true then
    raise exception using
      errcode = 'PT403', message = 'team_role_required',
      detail = format('This needs the team role %s.', minimum),
      hint = 'Ask an admin of the team for the role.';
  end if;
end;
$$;
comment on function private.require_team_role is
  'Passes trusted callers and team members of at least this role. Errors: sign_in_required '
  '(401), team_role_required (403).';

create or replace function private.member_name(p_user_id uuid) returns text
language sql stable security definer set search_path = '' as $$
  select coalesce(m.display_name, nullif(split_part(u.email, '@', 1), ''), m.user_id::text)
  from public.team_members as m
  join auth.users as u on u.id = m.user_id
  where m.user_id = member_name.p_user_id
$$;
comment on function private.member_name is 'The name of a team member; null for any other account.';

create or replace function private.actor_name() returns text
language plpgsql stable security definer set search_path = '' as $$
declare
  v_user_id constant uuid := auth.uid();
begin
  if v_user_id is null then
    return coalesce(nullif(btrim(current_setting('app.actor', true)), ''), 'system');
  end if;
  return coalesce(
    private.member_name(v_user_id),
    (select nullif(split_part(u.email, '@', 1), '') from auth.users as u where u.id = v_user_id),
    v_user_id::text
  );
end;
$$;
comment on function private.actor_name is
  'The name of whoever acts: the signed-in account''s; without one the setting app.actor, else system.';
grant execute on function private.actor_name to authenticated, service_role;

-- For the *_user_id columns: a client can't move a row to another account, an operator can, and the foreign
-- key may clear it once the account is gone (`on delete set null` arrives here as an ordinary update).
create or replace function private.resolve_account_change(p_old uuid, p_new uuid) returns uuid
language sql stable security definer set search_path = '' as $$
  select case
    when private.is_trusted_caller() then resolve_account_change.p_new
    when resolve_account_change.p_new is null
      and not exists (select from auth.users as u where u.id = resolve_account_change.p_old) then null
    else resolve_account_change.p_old
  end
$$;
comment on function private.resolve_account_change is
  'What a *_user_id column becomes on update: the old account, unless an operator sets it or the '
  'account is gone.';
