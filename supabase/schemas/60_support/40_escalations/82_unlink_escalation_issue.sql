-- Takes the link between an escalation and an issue back.

create or replace function private.unlink_escalation_issue(p_id uuid) returns support.escalations
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_escalation support.escalations := private.lock_escalation(p_id);
begin
  if v_escalation.issue_id is not null then
    update support.escalations as e set issue_id = null, is_issue_created = false
    where e.id = p_id
    returning * into v_escalation;
  end if;
  return v_escalation;
end;
$$;
grant execute on function private.unlink_escalation_issue to authenticated, service_role;

create or replace function support.unlink_escalation_issue(id uuid) returns support.escalations
language sql volatile security invoker set search_path = ''
begin atomic
  select private.unlink_escalation_issue(unlink_escalation_issue.id);
end;
comment on function support.unlink_escalation_issue is
  'Removes the link of an escalation to its issue, and returns the escalation; the issue stays as it is. '
  'Agents and servers. Errors: sign_in_required (401), team_role_required (403), '
  'support_escalation_unknown (404).';
grant execute on function support.unlink_escalation_issue to authenticated, service_role;
