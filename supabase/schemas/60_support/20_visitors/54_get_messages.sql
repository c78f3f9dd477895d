-- The messages of a conversation since a cursor.

-- A position is visible only after all earlier ones of its conversation: their writers wait for each other.
-- Accounts of the team are not the visitor's to see.
create or replace function private.get_messages(
  p_session_id text, p_after_position bigint, p_max_results integer
) returns setof support.messages
language plpgsql stable security definer set search_path = '' as $$
declare
  v_conversation_id constant uuid := private.find_session(p_session_id);
  v_message support.messages;
begin
  for v_message in
    select m.* from support.messages as m
    where m.conversation_id = v_conversation_id and m.position > coalesce(p_after_position, 0)
    order by m.position
    limit least(greatest(coalesce(p_max_results, 50), 1), 200)
  loop
    v_message.author_user_id := null;
    return next v_message;
  end loop;
end;
$$;
grant execute on function private.get_messages to anon, authenticated, service_role;

create or replace function support.get_messages(
  session_id text, after_position bigint default 0, max_results integer default 50
) returns setof support.messages
language sql stable security invoker set search_path = ''
begin atomic
  select private.get_messages(get_messages.session_id, get_messages.after_position, get_messages.max_results);
end;
comment on function support.get_messages is
  'The messages of the conversation that has this session id, in order, after the position of the last one '
  'that the caller has; up to max_results, 1 to 200, without author_user_id. Call it with POST: a URL with '
  'the session id ends up in logs. Errors: support_conversation_unknown (404).';
grant execute on function support.get_messages to anon, authenticated, service_role;
