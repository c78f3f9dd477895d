-- The message at the root of an element, with what the envelope says about it.

-- A reply by itself says little about the message that it answers: enough for a row that is filled in later.
create or replace function private.parse_answered_message(p_element jsonb, p_shape text)
returns private.circle_snapshot
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v private.circle_snapshot;
begin
  if p_shape = 'comment' then
    v.message_id := 'post_' || private.parse_id(
      coalesce(nullif(p_element -> 'post_id', 'null'), p_element #> '{post,id}')
    );
  else
    v.message_id := private.parse_id(p_element -> 'parent_message_id');
    v.thread_id := nullif(private.parse_id(p_element -> 'chat_thread_id'), v.message_id);
    v.chat_room_uuid := private.parse_id(p_element -> 'chat_room_uuid');
  end if;
  v.is_thread := true;
  return v;
end;
$$;
comment on function private.parse_answered_message is
  'What a reply that comes by itself, of this shape, says about the message that it answers.';

create or replace function private.parse_circle_message(p_element jsonb, p_shape text)
returns private.circle_snapshot
language plpgsql stable security invoker set search_path = '' as $$
declare
  v private.circle_snapshot;
begin
  case p_shape
    when 'chat_thread' then
      v := private.parse_chat_message(p_element -> 'parent_message', '');
      v.thread_id := coalesce(v.thread_id, private.parse_id(p_element -> 'id'));
      v.space_id := coalesce(v.space_id, private.parse_id(p_element #> '{chat_room,embedded_space,id}'));
    when 'flat_thread' then
      v := private.parse_chat_message(
        p_element - array['id', 'message_id', 'created_at', 'edited_at']
          || jsonb_build_object(
            'message_id', p_element -> 'parent_message_id', 'edited_at', p_element -> 'parent_edited_at'
          ),
        ''
      );
    when 'message_content' then
      v := private.parse_chat_message(p_element || (p_element #> '{message,content}'), '');
    when 'post' then
      return private.parse_post_or_comment(p_element, 'post_', '');
    else
      return private.parse_chat_message(p_element, '');
  end case;
  return v;
end;
$$;
comment on function private.parse_circle_message is
  'The message at the root of an element of this shape, which is not an envelope.';

create or replace function private.parse_circle_root(
  p_element jsonb, p_shape text, p_has_replies boolean
) returns private.circle_snapshot
language plpgsql stable security invoker set search_path = '' as $$
declare
  v private.circle_snapshot;
  v_details constant private.circle_details := private.parse_circle_details(coalesce(
    p_element -> 'Issue_Details', case when p_shape = 'message_content'
      then p_element #> '{message,content}' end
  ));
  v_type constant text := lower(private.non_blank(p_element ->> 'Type'));
  c_id_keys constant text[] := array['message_id', 'reply_id', 'id'];
  v_message jsonb := p_element -> 'Parent_Message';
begin
  if p_shape = 'envelope' then
    if not v_message ?| c_id_keys then
      v_message := coalesce(private.unwrap_object(v_message, c_id_keys, 0), v_message);
    end if;
    v := private.parse_chat_message(v_message, '');
  else
    v := private.parse_circle_message(p_element, p_shape);
  end if;
  v.thread_id := nullif(v.thread_id, v.message_id);
  v.is_thread := coalesce(v.is_thread, false) or p_shape in ('chat_thread', 'flat_thread')
    or coalesce(v_type = 'thread', false) or p_has_replies;
  v.title := coalesce(v_details.title, v.title);
  v.segment := v_details.segment;
  v.sender_verdict := v_details.verdict;
  v.is_verdict_unreadable := v_details.is_verdict_unreadable;
  if v_details.unread is not null then
    v.unread := coalesce(v.unread, '[]') || v_details.unread;
  end if;
  if v_type not in ('thread', 'single') and p_shape = 'envelope' then
    v.unread := coalesce(v.unread, '[]')
      || private.unread_value('Type', p_element -> 'Type', 'is neither single nor thread');
  end if;
  v.raw_data := p_element;
  return v;
end;
$$;
comment on function private.parse_circle_root is
  'What an element of this shape says about the message at its root, the sender''s verdict included.';
