-- A payload parsed once: each of its elements with the message at its root and its replies. Locks, imports
-- and errors all derive from this.

create type private.circle_item as (
  index integer,
  shape text,
  root private.circle_snapshot,
  replies private.circle_snapshot[],
  error_code text,
  error_detail text,
  is_last boolean
);
comment on type private.circle_item is
  'One element of a payload: its index from 0, its shape, the message at its root, its replies in the order '
  'of their ids, why it cannot be imported, and whether it is the last one about its message.';

-- A reply by itself says little about the message that it answers: enough for a row that is filled in later.
create or replace function private.parse_circle_root(
  p_element jsonb, p_shape text, p_has_replies boolean
) returns private.circle_snapshot
language plpgsql stable security invoker set search_path = '' as $$
declare
  v private.circle_snapshot;
  v_details constant jsonb := coalesce(p_element -> 'Issue_Details', p_element #> '{message,content}');
  v_is_issue constant boolean := private.parse_boolean(v_details ->> 'is_issue');
  v_confidence constant double precision := coalesce(private.parse_share(v_details ->> 'confidence'), 1);
begin
  case p_shape
    when 'envelope' then
      v := private.parse_chat_message(p_element -> 'Parent_Message');
    when 'chat_thread' then
      v := private.parse_chat_message(p_element -> 'parent_message');
      v.thread_id := coalesce(v.thread_id, private.parse_id(p_element -> 'id'));
      v.space_id := coalesce(v.space_id, private.parse_id(p_element #> '{chat_room,embedded_space,id}'));
    when 'flat_thread' then
      v := private.parse_chat_message(p_element - array['id', 'message_id', 'created_at', 'edited_at']);
      v.message_id := private.parse_id(p_element -> 'parent_message_id');
      v.edited_at := private.parse_time(p_element ->> 'parent_edited_at');
    when 'message_content' then
      v := private.parse_chat_message(p_element || (p_element #> '{message,content}'));
    when 'post' then
      v := private.parse_post_or_comment(p_element, 'post_');
    when 'comment' then
      v.message_id := 'post_'
        || coalesce(private.parse_id(p_element -> 'post_id'), private.parse_id(p_element #> '{post,id}'));
      v.is_thread := true;
      return v;
    else
      v.message_id := private.parse_id(p_element -> 'parent_message_id');
      if v.message_id is not null then
        v.thread_id := nullif(private.parse_id(p_element -> 'chat_thread_id'), v.message_id);
        v.chat_room_uuid := private.non_blank(p_element ->> 'chat_room_uuid');
        v.is_thread := true;
        return v;
      end if;
      v := private.parse_chat_message(p_element);
  end case;
  v.thread_id := nullif(v.thread_id, v.message_id);
  v.is_thread := coalesce(v.is_thread, false) or p_shape in ('chat_thread', 'flat_thread')
    or coalesce(lower(p_element ->> 'Type') = 'thread', false)
    or p_has_replies;
  v.title := coalesce(private.non_blank(private.parse_text(v_details -> 'issue_title')), v.title);
  v.segment := private.segment_of_type(v_details ->> 'type');
  v.sender_verdict := case when v_is_issue then v_confidence when not v_is_issue then 1 - v_confidence end;
  v.raw_data := p_element;
  return v;
end;
$$;
comment on function private.parse_circle_root is
  'What an element of this shape says about the message at its root, the sender''s verdict included.';

create or replace function private.parse_circle_replies(p_replies jsonb, p_shape text)
returns private.circle_snapshot[]
language plpgsql stable security invoker set search_path = '' as $$
begin
  if p_replies = '[]' then
    return '{}'::private.circle_snapshot[];
  elsif p_shape in ('comment', 'post') then
    return array(
      select r
      from jsonb_array_elements(p_replies) as e (value)
      cross join lateral private.parse_post_or_comment(e.value, 'comment_') as r
      order by r.message_id collate "C"
    );
  end if;
  return array(
    select r
    from jsonb_array_elements(p_replies) as e (value)
    cross join lateral private.parse_chat_message(e.value) as r
    order by r.message_id collate "C"
  );
end;
$$;
comment on function private.parse_circle_replies is
  'The replies of an element of this shape, in the order of their ids, which is the order of locks.';

create or replace function private.is_circle_id(p_message_id text) returns boolean
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return coalesce(length(p_message_id) <= 255, false);
end;
$$;
comment on function private.is_circle_id is 'Whether a parsed id can be that of a message or reply.';

create or replace function private.parse_circle_item(p_element jsonb, p_index integer)
returns private.circle_item
language plpgsql stable security invoker set search_path = '' as $$
declare
  v private.circle_item;
  v_replies jsonb;
  v_reply private.circle_snapshot;
begin
  v.index := p_index;
  v.shape := private.circle_shape(p_element);
  v.replies := '{}'::private.circle_snapshot[];
  v.is_last := true;
  if v.shape in ('hint', 'unrecognised') then
    return v;
  end if;
  v_replies := private.circle_replies_of(p_element, v.shape);
  v.root := private.parse_circle_root(p_element, v.shape, v_replies <> '[]');
  v.replies := private.parse_circle_replies(v_replies, v.shape);
  if v.shape = 'envelope' and jsonb_typeof(p_element -> 'Replies') not in ('array', 'null') then
    v.error_code := 'tracker_replies_invalid';
  elsif not private.is_circle_id((v.root).message_id) then
    v.error_code := 'tracker_message_id_invalid';
  else
    foreach v_reply in array v.replies loop
      if not private.is_circle_id(v_reply.message_id) then
        v.error_code := 'tracker_reply_id_invalid';
      end if;
    end loop;
  end if;
  return v;
end;
$$;
comment on function private.parse_circle_item is
  'One element of a payload. It raises nothing: what is wrong with it stands in error_code.';

-- 20000 is more than a body of 1 MB holds of real messages, and takes a few seconds: at 100 µs for a row of
-- nothing, 350000 elements of two bytes held the job that imports for minutes.
create or replace function private.count_circle_items(p_elements jsonb) returns integer
language plpgsql immutable security invoker set search_path = '' as $$
declare
  c_limit constant integer := 20000;
begin
  return (
    select count(*)::integer
    from (
      select sum(private.circle_element_size(e.value)) over (order by e.position) as size
      from jsonb_array_elements(p_elements) with ordinality as e (value, position)
    ) as s
    where s.size <= c_limit
  );
end;
$$;
comment on function private.count_circle_items is
  'How many elements of a payload, from its first one, are within the limit of 20000 messages and replies.';

create or replace function private.circle_items(p_payload jsonb) returns private.circle_item[]
language plpgsql stable security invoker set search_path = '' as $$
declare
  v_elements constant jsonb := private.circle_elements(p_payload);
  v_count constant integer := jsonb_array_length(v_elements);
  v_taken integer;
  v_items private.circle_item[];
  v_rest private.circle_item;
begin
  if v_count = 1 and private.circle_element_size(v_elements -> 0) < 100 then
    return array[private.parse_circle_item(v_elements -> 0, 0)];
  end if;
  v_taken := private.count_circle_items(v_elements);
  v_items := array(
    select row(
      p.index, p.shape, p.root, p.replies, p.error_code, p.error_detail,
      lead((p.root).message_id) over (order by (p.root).message_id collate "C", p.index)
        is distinct from (p.root).message_id
    )::private.circle_item
    from jsonb_array_elements(v_elements) with ordinality as e (value, position)
    cross join lateral private.parse_circle_item(e.value, e.position::integer - 1) as p
    where e.position <= v_taken
    order by (p.root).message_id collate "C", p.index
  );
  if v_taken < v_count then
    v_rest.index := v_taken;
    v_rest.shape := 'left_out';
    v_rest.replies := '{}'::private.circle_snapshot[];
    v_rest.error_code := 'tracker_items_limit_reached';
    v_rest.error_detail := format(
      '%s of %s elements are left out: up to 20000 messages and replies are imported of one payload.',
      v_count - v_taken, v_count
    );
    v_items := v_items || v_rest;
  end if;
  return v_items;
end;
$$;
comment on function private.circle_items is
  'The elements of a payload, each parsed once, in the order of their message ids, which is the order of '
  'locks. Where there are more than the limit, the last item stands for those that are left out.';

create or replace function private.raise_circle_item_error(p_item private.circle_item) returns void
language plpgsql immutable security invoker set search_path = '' as $$
begin
  case p_item.error_code
    when 'tracker_replies_invalid' then
      raise exception using
        errcode = 'PT422', message = 'tracker_replies_invalid', detail = 'Replies has to be an array.',
        hint = 'Send [] for a message without replies.';
    when 'tracker_reply_id_invalid' then
      raise exception using
        errcode = 'PT422', message = 'tracker_reply_id_invalid',
        detail = 'Each reply needs an id, a number or text of 1 to 255 characters.',
        hint = 'Send the id that Circle gave the reply.';
    when 'tracker_items_limit_reached' then
      raise exception using
        errcode = 'PT422', message = 'tracker_items_limit_reached', detail = p_item.error_detail,
        hint = 'Send fewer messages at a time.';
    else
      raise exception using
        errcode = 'PT422', message = 'tracker_message_id_invalid',
        detail = 'A message needs an id, a number or text of 1 to 255 characters.',
        hint = 'Send the id that Circle gave the message.';
  end case;
end;
$$;
comment on function private.raise_circle_item_error is
  'Raises why an element cannot be imported. Errors: tracker_message_id_invalid, tracker_reply_id_invalid, '
  'tracker_replies_invalid, tracker_items_limit_reached (422).';
