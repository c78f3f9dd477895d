-- Stores a visitor's message, once.

-- Retries wait for each other at the conversation's row, and return the message that the first one stored.
create or replace function private.insert_visitor_message(
  p_conversation_id uuid, p_content text, p_client_key text, p_headers jsonb
) returns support.messages
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_message support.messages;
begin
  perform private.check_visitor_message(p_content, p_client_key);
  perform from support.conversations as c where c.id = p_conversation_id for no key update;
  if not found then
    perform private.raise_conversation_unknown();
  end if;
  if p_client_key is not null then
    select * into v_message from support.messages as m
    where m.conversation_id = p_conversation_id and m.client_key = p_client_key;
    if found then
      if v_message.role <> 'user' or v_message.content <> p_content then
        raise exception using
          errcode = 'PT409', message = 'support_message_conflict',
          detail = 'Another message of this conversation has this client_key.',
          hint = 'Use a client_key of its own for each message.';
      end if;
      return v_message;
    end if;
  end if;
  perform private.count_visitor_messages(p_conversation_id, 1);
  perform private.count_visitor_address(p_headers, 0, 1, octet_length(p_content)::bigint);
  insert into support.messages (conversation_id, role, content, client_key)
  values (p_conversation_id, 'user', p_content, p_client_key)
  returning * into v_message;
  return v_message;
end;
$$;
comment on function private.insert_visitor_message is
  'Inserts a message of a conversation''s visitor, or returns the one that has the client_key. The headers '
  'are those of the visitor''s request where a server relays it. Errors: support_conversation_unknown (404), '
  'support_message_conflict, support_messages_limit_reached (409), support_message_too_large (413), '
  'support_message_invalid (422), support_address_limit_reached, support_messages_rate_limited (429).';

create or replace function private.send_message(p_session_id text, p_content text, p_client_key text)
returns support.messages
language plpgsql volatile security definer set search_path = '' as $$
begin
  return private.insert_visitor_message(private.find_session(p_session_id), p_content, p_client_key, null);
end;
$$;
grant execute on function private.send_message to anon, authenticated, service_role;

create or replace function support.send_message(session_id text, content text, client_key text default null)
returns support.messages
language sql volatile security invoker set search_path = ''
begin atomic
  select private.send_message(send_message.session_id, send_message.content, send_message.client_key);
end;
comment on function support.send_message is
  'Stores a message of the visitor who has this session id, and returns it. With a client_key, a retry '
  'returns the message that was stored the first time. A closed conversation becomes active. Errors: '
  'support_conversation_unknown (404), support_message_conflict, support_messages_limit_reached (409), '
  'support_message_too_large (413), support_message_invalid (422), support_address_limit_reached, '
  'support_messages_rate_limited (429).';
grant execute on function support.send_message to anon, authenticated, service_role;
