-- A person's answer to the visitor.

create or replace function private.load_agent_message(p_conversation_id uuid, p_client_key text)
returns support.messages
language plpgsql stable security definer set search_path = '' as $$
declare
  v_message support.messages;
begin
  select * into v_message from support.messages as m
  where m.conversation_id = p_conversation_id and m.client_key = p_client_key;
  if v_message.id is not null and (v_message.role, v_message.author_user_id)
    is distinct from ('agent', auth.uid())
  then
    raise exception using
      errcode = 'PT409', message = 'support_message_conflict',
      detail = 'Another message of the conversation has this client_key.',
      hint = 'Use a new random key for each message.';
  end if;
  return v_message;
end;
$$;
comment on function private.load_agent_message is
  'The caller''s message with this key; nulls without one. Errors: support_message_conflict (409).';

create or replace function private.answer_escalation(p_id uuid, p_content text, p_client_key text)
returns support.messages
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_escalation constant support.escalations := private.lock_escalation(p_id);
  v_message support.messages;
begin
  v_message := private.load_agent_message(v_escalation.conversation_id, p_client_key);
  if v_message.id is not null then
    return v_message;
  end if;
  if private.non_blank(p_content) is null then
    raise exception using
      errcode = 'PT422', message = 'support_message_invalid', detail = 'The message is blank.',
      hint = 'Send the text in content.';
  end if;
  if octet_length(p_content) > 65536 then
    raise exception using
      errcode = 'PT413', message = 'support_message_too_large', detail = 'A message has up to 65536 bytes.',
      hint = 'Send it in parts.';
  end if;
  if v_escalation.status = 'resolved' or v_escalation.conversation_id is null then
    raise exception using
      errcode = 'PT409', message = 'support_escalation_status_conflict',
      detail = case when v_escalation.status = 'resolved' then 'The escalation is resolved.'
        else 'The escalation belongs to no conversation.' end,
      hint = 'Write a message of role agent into the conversation, or use contact_info.';
  end if;
  insert into support.messages (conversation_id, role, content, author_user_id, client_key)
  values (v_escalation.conversation_id, 'agent', p_content, auth.uid(), p_client_key)
  on conflict on constraint messages_client_key_conversation_id_key do nothing
  returning * into v_message;
  if not found then
    v_message := private.load_agent_message(v_escalation.conversation_id, p_client_key);
  end if;
  return v_message;
end;
$$;
grant execute on function private.answer_escalation to authenticated, service_role;

create or replace function support.answer_escalation(id uuid, content text, client_key text default null)
returns support.messages
language sql volatile security invoker set search_path = ''
begin atomic
  select private.answer_escalation(
    answer_escalation.id, answer_escalation.content, answer_escalation.client_key
  );
end;
comment on function support.answer_escalation is
  'Writes to the visitor, takes the escalation where nobody has, and returns the message. With a client_key, '
  'a repeated call returns the same message. Agents and servers. Errors: sign_in_required (401), '
  'team_role_required (403), support_escalation_unknown (404), support_escalation_conflict, '
  'support_escalation_status_conflict, support_message_conflict (409), support_message_too_large (413), '
  'support_message_invalid (422).';
grant execute on function support.answer_escalation to authenticated, service_role;
