-- Asks for a person, once: by the visitor, by the assistant's doubts, by the team.

-- What a note says is for people; clients that show their own words read source.event.
create or replace function private.add_support_note(p_conversation_id uuid, p_event text, p_text text)
returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into support.messages (conversation_id, role, content, source)
  values (p_conversation_id, 'system', p_text, jsonb_build_object('event', p_event));
end;
$$;
comment on function private.add_support_note is
  'Adds a note to a conversation, which its visitor sees too: a message with role system.';

create or replace function private.create_escalation(
  p_conversation_id uuid, p_reason text, p_issue_type text, p_request text
) returns support.escalations
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_escalation support.escalations;
begin
  perform from support.conversations as c where c.id = p_conversation_id for no key update;
  if not found then
    raise exception using
      errcode = 'PT404', message = 'support_conversation_unknown',
      detail = 'A conversation with this id does not exist.',
      hint = 'Use the id of a row in conversations.';
  end if;
  v_escalation := private.find_open_escalation(p_conversation_id);
  if v_escalation.id is not null then
    return v_escalation;
  end if;
  insert into support.escalations (conversation_id, issue_type, original_request, reason)
  values (
    p_conversation_id, coalesce(left(private.non_blank(p_issue_type), 50), 'general'), coalesce(
      private.left_bytes(private.non_blank(p_request), 8192),
      private.last_visitor_message(p_conversation_id), ''
    ), p_reason
  )
  returning * into v_escalation;
  perform private.add_support_note(
    p_conversation_id, 'human_requested', 'A person of the team was asked to answer here.'
  );
  return v_escalation;
end;
$$;
comment on function private.create_escalation is
  'Escalates a conversation and returns the escalation, or returns the open one that there is. Errors: '
  'support_conversation_unknown (404).';

create or replace function private.escalate_conversation(
  p_conversation_id uuid, p_issue_type text, p_original_request text
) returns support.escalations
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.require_team_role('agent');
  return private.create_escalation(p_conversation_id, 'agent', p_issue_type, p_original_request);
end;
$$;
grant execute on function private.escalate_conversation to authenticated, service_role;

create or replace function support.escalate_conversation(
  conversation_id uuid, issue_type text default null, original_request text default null
) returns support.escalations
language sql volatile security invoker set search_path = ''
begin atomic
  select private.escalate_conversation(
    escalate_conversation.conversation_id, escalate_conversation.issue_type,
    escalate_conversation.original_request
  );
end;
comment on function support.escalate_conversation is
  'Asks for a person in a conversation and returns the escalation; called again, the open one. Without '
  'original_request it is what the visitor wrote last, without issue_type general. Agents and servers. '
  'Errors: sign_in_required (401), team_role_required (403), support_conversation_unknown (404).';
grant execute on function support.escalate_conversation to authenticated, service_role;
