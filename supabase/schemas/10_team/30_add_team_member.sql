-- Adds team members, from servers and from the command line: `npm run team:add -- <email> <role>`.

create or replace function private.add_team_member(p_email text, p_role text) returns public.team_members
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_email constant text := lower(btrim(p_email));
  v_users auth.users[];
  v_user auth.users;
  v_member public.team_members;
begin
  if private.team_role_rank(p_role) is null then
    raise exception using
      errcode = 'PT422', message = 'team_role_invalid',
      detail = format('%L is not a valid team role.', p_role), hint = 'Use viewer, agent or admin.';
  end if;
  v_users := array(select u from auth.users as u where lower(u.email) = v_email and u.deleted_at is null);
  v_user := v_users[1];
  if v_user.id is null then
    raise exception using
      errcode = 'PT404', message = 'team_user_unknown',
      detail = 'Nobody has signed up with this e-mail address.',
      hint = 'Let the person sign up first, then add them to the team.';
  end if;
  if cardinality(v_users) > 1 then
    raise exception using
      errcode = 'PT409', message = 'team_user_conflict',
      detail = 'Several accounts have this e-mail address.',
      hint = 'Insert the right account into team_members by its id.';
  end if;
  -- Until the address is confirmed, anyone could have signed up with it.
  if v_user.email_confirmed_at is null or v_user.banned_until > now() then
    raise exception using
      errcode = 'PT409', message = 'team_user_forbidden',
      detail = 'The account''s e-mail address is not confirmed, or the account is banned.',
      hint = 'Let the person confirm the address, or lift the ban, then add them to the team.';
  end if;
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

create or replace function public.add_team_member(email text, role text) returns public.team_members
language sql volatile security invoker set search_path = ''
begin atomic
  select private.add_team_member(add_team_member.email, add_team_member.role);
end;
comment on function public.add_team_member is
  'Adds a signed-up account to the team, or changes the role of a member. Service role only. Errors: '
  'team_user_unknown (404), team_user_conflict, team_user_forbidden, team_admin_required (409), '
  'team_role_invalid (422).';
grant execute on function public.add_team_member to service_role;
