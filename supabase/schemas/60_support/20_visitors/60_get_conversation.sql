-- Who answers in a conversation: what a visitor's page shows and polls.

create type support.conversation_state as (
  conversation_id uuid, status text, created_at timestamptz, last_message_at timestamptz, last_position bigint
);
comment on type support.conversation_state is 'What a visitor sees of a conversation, see get_conversation.';

create or replace function private.get_conversation(p_session_id text) returns support.conversation_state
language plpgsql stable security definer set search_path = '' as $$
declare
  v_id constant uuid := private.find_session(p_session_id);
  v_state support.conversation_state;
begin
  select c.id, c.status::text, c.created_at, c.last_message_at, (
    select m.position from support.messages as m
    where m.conversation_id = c.id order by m.position desc limit 1
  )
  into v_state from support.conversations as c where c.id = v_id;
  return v_state;
end;
$$;
grant execute on function private.get_conversation to anon, authenticated, service_role;

create or replace function support.get_conversation(session_id text) returns support.conversation_state
language sql stable security invoker set search_path = ''
begin atomic
  select private.get_conversation(get_conversation.session_id);
end;
comment on function support.get_conversation is
  'The status of the conversation that has this session id, and the position of its newest message. Call it '
  'with POST. Errors: support_conversation_unknown (404).';
grant execute on function support.get_conversation to anon, authenticated, service_role;
