-- Adds team members, from servers and from the command line: `npm run team:add -- <email or id> <role>`.

create or replace function private.add_team_member(p_email text, p_role text, p_user_id uuid)
returns public.team_members
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_email constant text := lower(btrim(p_email));
  v_user auth.users;
  v_member public.team_members;
begin
  if private.team_role_rank(p_role) is null then
    raise exception using
      errcode = 'PT422', message = 'team_role_invalid',
      detail = format('%L is not a valid team role.', p_role), hint = 'Use viewer, agent or admin.';
  end if;
  select u.* into v_user
  from auth.users as u
  where u.deleted_at is null
    and (p_user_id is null or u.id = p_user_id) and (v_email is null or lower(u.email) = v_email)
    and (p_user_id is not null or v_email is not null)
  order by u.created_at
  limit 1;
  if not found then
    raise exception using
      errcode = 'PT404', message = 'team_user_unknown',
      detail = 'Nobody has signed up with this e-mail address or id.',
      hint = 'Let the person sign up first, then add them to the team.';
  end if;
  perform private.require_member_account(v_user.id);
  insert into public.team_members as m (user_id, role, display_name)
  values (
    v_user.id, p_role,
    left(private.non_blank(v_user.raw_user_meta_data ->> 'full_name'), 100)
  )
  on conflict on constraint team_members_pkey do update set role = excluded.role
  returning * into v_member;
  return v_member;
end;
$$;
grant execute on function private.add_team_member to service_role;

create or replace function public.add_team_member(
  email text default null, role text default null, user_id uuid default null
) returns public.team_members
language sql volatile security invoker set search_path = ''
begin atomic
  select private.add_team_member(add_team_member.email, add_team_member.role, add_team_member.user_id);
end;
comment on function public.add_team_member is
  'Adds a signed-up account to the team, or changes the role of a member: the account with this address, or '
  'with this id, or with both where both are given. Service role only. Errors: team_user_unknown (404), '
  'team_user_conflict, team_user_forbidden, team_admin_required (409), team_role_invalid (422).';
grant execute on function public.add_team_member to service_role;
