-- Records that a team member is active, and the profile in use.

create or replace function private.touch_user_session(p_profile_name text, p_profile_role text)
returns public.user_sessions
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_user_id constant uuid := auth.uid();
  v_session public.user_sessions;
begin
  perform private.require_team_role('viewer');
  if v_user_id is null then
    raise exception using
      errcode = 'PT401', message = 'sign_in_required', detail = 'A session belongs to an account.',
      hint = 'Call with the token of a signed-in team member.';
  end if;
  -- Two browser tabs that open concurrently: the second waits here, then finds the session of the first.
  perform pg_advisory_xact_lock(hashtextextended('public.user_sessions ' || v_user_id, 0));
  update public.user_sessions as s
  set last_active = clock_timestamp(),
    profile_name = coalesce(private.non_blank(p_profile_name), s.profile_name),
    profile_role = coalesce(private.non_blank(p_profile_role), s.profile_role)
  where s.id = (
    select l.id from public.user_sessions as l
    where l.user_id = v_user_id and l.last_active > clock_timestamp() - interval '30 minutes'
    order by l.last_active desc, l.id
    limit 1
  )
  returning * into v_session;
  if not found then
    insert into public.user_sessions (user_id, profile_name, profile_role, created_at, last_active)
    values (
      v_user_id, coalesce(private.non_blank(p_profile_name), private.actor_name()),
      coalesce(private.non_blank(p_profile_role), private.team_role()), clock_timestamp(), clock_timestamp()
    )
    returning * into v_session;
  end if;
  return v_session;
end;
$$;
grant execute on function private.touch_user_session to authenticated, service_role;

create or replace function public.touch_user_session(
  profile_name text default null, profile_role text default null
) returns public.user_sessions
language sql volatile security invoker set search_path = ''
begin atomic
  select private.touch_user_session(touch_user_session.profile_name, touch_user_session.profile_role);
end;
comment on function public.touch_user_session is
  'Updates the caller''s session if it was active within the last 30 minutes, else starts a new one. Without '
  'profile_name or profile_role the session keeps its own; a new one takes those of the team. Concurrent '
  'calls are safe. Team members. Errors: sign_in_required (401), team_role_required (403).';
grant execute on function public.touch_user_session to authenticated, service_role;
