-- A payload parsed once: each of its elements with the message at its root and its replies. Locks, imports
-- and errors all derive from this.

create type private.circle_item as (
  index integer,
  shape text,
  root private.circle_snapshot,
  replies private.circle_snapshot[],
  unread jsonb,
  error_code text,
  error_detail text,
  is_last boolean
);
comment on type private.circle_item is
  'One element of a payload: its index from 0, its shape, the message at its root, its replies in the order '
  'of their ids, what in it cannot be read, why it cannot be imported, and whether it is the last one '
  'about its message.';

create or replace function private.with_replies(
  p_item private.circle_item, p_replies private.circle_snapshot[]
) returns private.circle_item
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v private.circle_item := p_item;
begin
  if not exists (select from unnest(p_replies) as r where r.unread is not null) then
    v.replies := p_replies;
    return v;
  end if;
  v.unread := coalesce(v.unread, '[]') || (
    select jsonb_agg(u.value order by r.ordinality, u.position)
    from unnest(p_replies) with ordinality as r
    cross join lateral jsonb_array_elements(r.unread) with ordinality as u (value, position)
  );
  v.replies := array(select r from unnest(p_replies) as r where r.message_id is not null);
  return v;
end;
$$;
comment on function private.with_replies is
  'An item with its replies, of which those without an id are only named.';

create or replace function private.parse_circle_item(p_element jsonb, p_index integer)
returns private.circle_item
language plpgsql stable security invoker set search_path = '' as $$
declare
  v_element constant jsonb := private.spell_envelope_keys(p_element);
  v private.circle_item;
  v_key text;
  v_is_reply boolean;
  v_replies jsonb;
begin
  v.index := p_index;
  v.shape := private.circle_shape(v_element);
  v.replies := '{}'::private.circle_snapshot[];
  v.is_last := true;
  if v.shape in ('hint', 'unrecognised') then
    return v;
  end if;
  v_key := private.reply_key(v.shape);
  v_is_reply := v.shape = 'comment'
    or v.shape = 'chat_message' and private.parse_id(v_element -> 'parent_message_id') is not null;
  if v_element -> v_key = '[]' then
    v_replies := '[]';
  elsif private.is_list_of_replies(v_element -> v_key) then
    v_replies := private.list_of_replies(v_element -> v_key);
  else
    v_replies := '[]';
    v.unread := jsonb_build_array(
      private.unread_value(v_key, v_element -> v_key, 'is not a list of replies')
        || '{"code": "tracker_replies_invalid"}'
    );
  end if;
  if v_is_reply then
    v.root := private.parse_answered_message(v_element, v.shape);
    v_replies := jsonb_build_array(v_element) || v_replies;
  else
    v.root := private.parse_circle_root(v_element, v.shape, v_replies <> '[]');
  end if;
  if not private.is_circle_id((v.root).message_id) then
    v.error_code := 'tracker_message_id_invalid';
    v.error_detail := private.describe_id_error(v_element, v.shape);
  end if;
  if (v.root).unread is not null then
    v.unread := (v.root).unread || coalesce(v.unread, '[]');
  end if;
  if v.shape = 'chat_message' and not v_is_reply and not private.is_blank(v_element -> 'parent_message_id')
    then
    v.unread := coalesce(v.unread, '[]')
      || private.unread_value('parent_message_id', v_element -> 'parent_message_id', 'is not an id');
  end if;
  if v_replies <> '[]' then
    return private.with_replies(v, private.parse_circle_replies(v_replies, v.shape, v_is_reply));
  end if;
  return v;
end;
$$;
comment on function private.parse_circle_item is
  'One element of a payload. It raises nothing: what is wrong with it stands in error_code, and what in it '
  'cannot be read in unread.';

create or replace function private.describe_id_error(p_element jsonb, p_shape text) returns text
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_id constant jsonb := case p_shape
    when 'envelope' then coalesce(
      p_element #> '{Parent_Message,message_id}', p_element #> '{Parent_Message,reply_id}',
      p_element #> '{Parent_Message,id}'
    )
    when 'chat_thread' then p_element #> '{parent_message,id}'
    when 'flat_thread' then p_element -> 'parent_message_id'
    when 'message_content' then p_element #> '{message,content,message_id}'
    when 'comment' then coalesce(p_element -> 'post_id', p_element #> '{post,id}')
    else p_element -> 'id'
  end;
begin
  return concat(
    'A message needs an id, a number above 0 or text of 1 to 255 characters',
    ', not ' || left(v_id::text, 100), '.'
  );
end;
$$;
comment on function private.describe_id_error is
  'Says which value of an element should be the id of its message.';

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
  v_elements jsonb;
  v_count integer;
  v_taken integer;
  v_items private.circle_item[];
  v_rest private.circle_item;
begin
  -- What most payloads are.
  if jsonb_typeof(p_payload -> 'Parent_Message') = 'object' and private.circle_element_size(p_payload) < 100
  then
    return array[private.parse_circle_item(p_payload, 0)];
  end if;
  v_elements := private.circle_elements(p_payload);
  v_count := jsonb_array_length(v_elements);
  v_taken := private.count_circle_items(v_elements);
  v_items := array(
    select row(
      p.index, p.shape, p.root, p.replies, p.unread, p.error_code, p.error_detail,
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
  if p_item.error_code = 'tracker_items_limit_reached' then
    raise exception using
      errcode = 'PT422', message = 'tracker_items_limit_reached', detail = p_item.error_detail,
      hint = 'Send fewer messages at a time.';
  end if;
  raise exception using
    errcode = 'PT422', message = 'tracker_message_id_invalid', detail = p_item.error_detail,
    hint = 'Send the id that Circle gave the message.';
end;
$$;
comment on function private.raise_circle_item_error is
  'Raises why an element cannot be imported. Errors: tracker_message_id_invalid, '
  'tracker_items_limit_reached (422).';
