-- Ends a pause of the service levels of an issue.

create or replace function private.resume_service_levels(p_issue_id uuid) returns public.service_pauses
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_pause public.service_pauses := private.lock_paused_issue(p_issue_id);
begin
  update public.service_pauses as p set
    ends_at = greatest(clock_timestamp(), p.starts_at), resumed_by = private.actor_name()
  where p.id = v_pause.id
  returning * into v_pause;
  if not found then
    select p.* into v_pause from public.service_pauses as p
    where p.issue_id = p_issue_id order by p.starts_at desc limit 1;
    return v_pause;
  end if;
  insert into private.service_marks (issue_id) values (p_issue_id);
  return v_pause;
end;
$$;
grant execute on function private.resume_service_levels to authenticated, service_role;

create or replace function public.resume_service_levels(issue_id uuid) returns public.service_pauses
language sql volatile security invoker set search_path = ''
begin atomic
  select private.resume_service_levels(resume_service_levels.issue_id);
end;
comment on function public.resume_service_levels is
  'From this moment on the time counts again for the targets of an issue. Returns the pause that ended; '
  'where none holds, the last one unchanged, or nulls. Agents. Errors: sign_in_required (401), '
  'team_role_required (403), loop_issue_unknown (404).';
grant execute on function public.resume_service_levels to authenticated, service_role;
