-- Who is calling: the checks of security definer functions, and the name that they record.

create or replace function private.is_trusted_caller() returns boolean
language plpgsql stable security invoker set search_path = '' as $$
begin
  -- Security definer changes neither the setting `role` nor session_user: both still name the caller.
  return coalesce(nullif(current_setting('role'), 'none'), session_user)
    in ('service_role', 'postgres', 'supabase_admin');
end;
$$;
comment on function private.is_trusted_caller is
  'Whether the caller is the service role, an operator on a direct connection or a cron job, not a person.';
grant execute on function private.is_trusted_caller to authenticated, service_role;

create or replace function private.require_team_role(p_minimum text) returns void
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
  if private.has_team_role(p_minimum) is not true then
    raise exception using
      errcode = 'PT403', message = 'team_role_required',
      detail = format('This needs the team role %s.', p_minimum),
      hint = 'Ask an admin of the team for the role.';
  end if;
end;
$$;
comment on function private.require_team_role is
  'Returns for trusted callers and for team members with at least this role. Errors: sign_in_required (401), '
  'team_role_required (403).';

create or replace function private.member_name(p_user_id uuid) returns text
language sql stable security definer set search_path = '' as $$
  select coalesce(m.display_name, nullif(split_part(u.email, '@', 1), ''), m.user_id::text)
  from public.team_members as m
  join auth.users as u on u.id = m.user_id
  where m.user_id = p_user_id
$$;
comment on function private.member_name is 'The display name of a team member; null for any other account.';
grant execute on function private.member_name to authenticated, service_role;

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
  'The name to record for the caller: that of the signed-in account; without one, the setting '
  'app.actor or "system".';
grant execute on function private.actor_name to authenticated, service_role;

-- For *_user_id columns: an operator can move a row to another account, a client can't. The foreign key's
-- `on delete set null` is an ordinary update for triggers, so null is accepted once the account is deleted.
create or replace function private.resolve_account_change(p_old uuid, p_new uuid) returns uuid
language sql stable security definer set search_path = '' as $$
  select case
    when private.is_trusted_caller() then p_new
    when p_new is null
      and not exists (select from auth.users as u where u.id = p_old) then null
    else p_old
  end
$$;
comment on function private.resolve_account_change is
  'The value of a *_user_id column on update: the old account, unless an operator sets another or the '
  'account is deleted.';
