-- Who answers in a conversation: what a visitor's page shows and polls.

create or replace function private.get_conversation(
  p_session_id text, out conversation_id uuid, out status text, out created_at timestamptz,
  out last_message_at timestamptz, out last_position bigint
)
language plpgsql stable security definer set search_path = '' as $$
declare
  v_id constant uuid := private.find_session(p_session_id);
begin
  select c.id, c.status::text, c.created_at, c.last_message_at, (
    select m.position from support.messages as m
    where m.conversation_id = c.id order by m.position desc limit 1
  )
  into conversation_id, get_conversation.status, get_conversation.created_at,
    get_conversation.last_message_at, last_position
  from support.conversations as c where c.id = v_id;
end;
$$;
grant execute on function private.get_conversation to anon, authenticated, service_role;

create or replace function support.get_conversation(
  session_id text, out conversation_id uuid, out status text, out created_at timestamptz,
  out last_message_at timestamptz, out last_position bigint
)
language sql stable security invoker set search_path = ''
begin atomic
  select g.conversation_id, g.status, g.created_at, g.last_message_at, g.last_position
  from private.get_conversation(get_conversation.session_id) as g;
end;
comment on function support.get_conversation is
  'The status of the conversation that has this session id, and the position of its newest message. Call it '
  'with POST. Errors: support_conversation_unknown (404).';
grant execute on function support.get_conversation to anon, authenticated, service_role;
