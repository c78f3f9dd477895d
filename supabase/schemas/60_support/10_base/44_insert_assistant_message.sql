-- The one way of the assistant to speak.

create or replace function private.insert_assistant_message(
  p_conversation_id uuid, p_content text, p_source jsonb default null, p_confidence real default null,
  p_answer_id uuid default null
) returns support.messages
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_message support.messages;
begin
  perform from support.conversations as c
  where c.id = p_conversation_id and c.status in ('active', 'waiting_for_human') for no key update;
  if not found then
    return null;
  end if;
  insert into support.messages (conversation_id, role, content, source, confidence, answer_id)
  values (p_conversation_id, 'assistant', p_content, p_source, p_confidence, p_answer_id)
  returning * into v_message;
  return v_message;
end;
$$;
comment on function private.insert_assistant_message is
  'Inserts a message of the assistant, and returns it; inserts nothing and returns null where a person has '
  'taken over, the conversation is closed, or it does not exist.';
