-- An agent gives an escalation back.

create or replace function private.release_escalation(p_id uuid) returns support.escalations
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_escalation support.escalations := private.lock_escalation(p_id);
begin
  if v_escalation.status in ('pending', 'notified') then
    return v_escalation;
  end if;
  update support.escalations as e set status = 'pending' where e.id = p_id returning * into v_escalation;
  return v_escalation;
end;
$$;
grant execute on function private.release_escalation to authenticated, service_role;

create or replace function support.release_escalation(id uuid) returns support.escalations
language sql volatile security invoker set search_path = ''
begin atomic
  select private.release_escalation(release_escalation.id);
end;
comment on function support.release_escalation is
  'Gives an escalation back: it waits for somebody else, and the assistant answers until then. For who has '
  'taken it, admins and servers. Errors: sign_in_required (401), team_role_required (403), '
  'support_escalation_unknown (404), support_escalation_conflict, support_escalation_status_conflict (409).';
grant execute on function support.release_escalation to authenticated, service_role;
