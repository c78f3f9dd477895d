-- Pauses the service levels of an issue.

create or replace function private.lock_paused_issue(p_issue_id uuid) returns public.service_pauses
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_pause public.service_pauses;
begin
  perform private.require_team_role('agent');
  perform pg_advisory_xact_lock(hashtextextended('public.service_pauses:' || p_issue_id, 0));
  if not exists (select from public.issues as i where i.id = p_issue_id) then
    raise exception using
      errcode = 'PT404', message = 'loop_issue_unknown', detail = 'An issue with this id does not exist.',
      hint = 'Use the id of a row in issues.';
  end if;
  select p.* into v_pause from public.service_pauses as p
  where p.issue_id = p_issue_id and (p.ends_at is null or p.ends_at > clock_timestamp());
  return v_pause;
end;
$$;
comment on function private.lock_paused_issue is
  'Serializes changes of the pauses of an issue, and returns the current one. Errors: sign_in_required '
  '(401), team_role_required (403), loop_issue_unknown (404).';

create or replace function private.pause_service_levels(
  p_issue_id uuid, p_reason text, p_until timestamptz
) returns public.service_pauses
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_pause public.service_pauses := private.lock_paused_issue(p_issue_id);
  v_reason constant text := private.non_blank(p_reason);
begin
  if v_reason is null or char_length(v_reason) > 1000 or p_until <= clock_timestamp()
    or not isfinite(p_until)
  then
    raise exception using
      errcode = 'PT422', message = 'loop_pause_invalid',
      detail = 'A pause has a reason of 1 to 1,000 characters, and ends in the future if it has an end.',
      hint = 'Send reason, and until only for a time to come.';
  end if;
  if v_pause.id is null
    and (select count(*) from public.service_pauses as p where p.issue_id = p_issue_id) >= 1000
  then
    raise exception using
      errcode = 'PT409', message = 'loop_pauses_limit_reached',
      detail = 'An issue can be paused 1,000 times.', hint = 'Block or archive the issue.';
  end if;
  if v_pause.id is not null then
    update public.service_pauses as p set reason = v_reason, ends_at = p_until
    where p.id = v_pause.id and (p.reason, p.ends_at) is distinct from (v_reason, p_until);
  else
    insert into public.service_pauses (issue_id, reason, starts_at, ends_at, paused_by, paused_by_user_id)
    values (p_issue_id, v_reason, clock_timestamp(), p_until, private.actor_name(), auth.uid())
    returning * into v_pause;
  end if;
  insert into private.service_marks (issue_id) values (p_issue_id);
  return (select p from public.service_pauses as p where p.id = v_pause.id);
end;
$$;
grant execute on function private.pause_service_levels to authenticated, service_role;

create or replace function public.pause_service_levels(
  issue_id uuid, reason text, until timestamptz default null
) returns public.service_pauses
language sql volatile security invoker set search_path = ''
begin atomic
  select private.pause_service_levels(
    pause_service_levels.issue_id, pause_service_levels.reason, pause_service_levels.until
  );
end;
comment on function public.pause_service_levels is
  'From this moment on no time counts for the targets of an issue, until it is resumed or until the time '
  'given. A pause that holds already gets the reason and the end. Returns the pause; targets follow within a '
  'minute. Agents. Errors: sign_in_required (401), team_role_required (403), loop_issue_unknown (404), '
  'loop_pauses_limit_reached (409), loop_pause_invalid (422).';
grant execute on function public.pause_service_levels to authenticated, service_role;
