-- An agent takes an escalation: only one can.

create or replace function private.lock_escalation(p_id uuid) returns support.escalations
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_escalation support.escalations;
begin
  perform private.require_team_role('agent');
  select * into v_escalation from support.escalations as e where e.id = p_id for no key update;
  if not found then
    raise exception using
      errcode = 'PT404', message = 'support_escalation_unknown',
      detail = 'An escalation with this id does not exist.',
      hint = 'Use the id of a row in escalations.';
  end if;
  return v_escalation;
end;
$$;
comment on function private.lock_escalation is
  'Locks an escalation for an agent and returns it. Errors: sign_in_required (401), team_role_required '
  '(403), support_escalation_unknown (404).';

create or replace function private.take_escalation(p_id uuid) returns support.escalations
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_escalation support.escalations := private.lock_escalation(p_id);
  v_user_id constant uuid := auth.uid();
begin
  if v_escalation.status = 'in_progress' and v_escalation.assigned_to_user_id is not distinct from v_user_id
  then
    return v_escalation;
  end if;
  if v_escalation.status = 'in_progress' and private.is_support_agent(v_escalation.assigned_to_user_id) then
    raise exception using
      errcode = 'PT409', message = 'support_escalation_conflict',
      detail = format(
        '%s has taken this escalation.', private.member_name(v_escalation.assigned_to_user_id)
      ),
      hint = 'Take another one, or ask them, or an admin, to release it.';
  end if;
  update support.escalations as e set
    status = 'in_progress', assigned_to_user_id = v_user_id, taken_at = clock_timestamp()
  where e.id = p_id
  returning * into v_escalation;
  if v_user_id is not null and v_escalation.conversation_id is not null then
    perform private.add_support_note(
      v_escalation.conversation_id, 'human_joined',
      format('%s has joined the conversation.', private.member_name(v_user_id))
    );
  end if;
  return v_escalation;
end;
$$;
grant execute on function private.take_escalation to authenticated, service_role;

create or replace function support.take_escalation(id uuid) returns support.escalations
language sql volatile security invoker set search_path = ''
begin atomic
  select private.take_escalation(take_escalation.id);
end;
comment on function support.take_escalation is
  'Takes an escalation, for the caller alone: the assistant is silent in its conversation from here on. '
  'Called again by the same person it changes nothing. A server takes it for nobody in particular, and any '
  'agent may take it over. Agents and servers. Errors: sign_in_required (401), team_role_required (403), '
  'support_escalation_unknown (404), support_escalation_conflict, support_escalation_status_conflict (409).';
grant execute on function support.take_escalation to authenticated, service_role;
