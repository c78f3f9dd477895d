-- The replies of an element; one without an id is left out, and the answer names it.

create or replace function private.is_circle_id(p_message_id text) returns boolean
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return coalesce(length(p_message_id) <= 255, false);
end;
$$;
comment on function private.is_circle_id is 'Whether a parsed id can be that of a message or reply.';

create or replace function private.reject_reply(p_reply private.circle_snapshot, p_path text)
returns private.circle_snapshot
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v private.circle_snapshot;
  v_key text;
begin
  if jsonb_typeof(p_reply.raw_data) = 'object' then
    v_key := case
      when not private.is_blank(p_reply.raw_data -> 'message_id') then 'message_id'
      when not private.is_blank(p_reply.raw_data -> 'reply_id') then 'reply_id'
      when p_reply.raw_data ? 'id' then 'id'
      else 'message_id'
    end;
  end if;
  v.unread := jsonb_build_array(
    private.unread_value(
      case when v_key is null then rtrim(p_path, '.') else p_path || v_key end,
      case when v_key is null then p_reply.raw_data else p_reply.raw_data -> v_key end,
      'is not the id of a reply, which is left out'
    ) || '{"code": "tracker_reply_id_invalid"}'
  );
  return v;
end;
$$;
comment on function private.reject_reply is
  'In place of a reply without an id: what the answer says about it.';

create or replace function private.parse_circle_replies(p_replies jsonb, p_shape text, p_is_reply boolean)
returns private.circle_snapshot[]
language plpgsql stable security invoker set search_path = '' as $$
declare
  v_key constant text := private.reply_key(p_shape);
begin
  if p_replies = '[]' then
    return '{}'::private.circle_snapshot[];
  end if;
  return array(
    select case when private.is_circle_id(r.message_id) then r else private.reject_reply(r, p.path) end
    from jsonb_array_elements(p_replies) with ordinality as e (value, position)
    cross join lateral (
      select case when p_is_reply and e.position = 1 then ''
        else format('%s[%s].', v_key, e.position - 1 - p_is_reply::integer) end as path
    ) as p
    cross join lateral private.parse_circle_reply(e.value, p_shape, p.path) as r
    order by r.message_id collate "C"
  );
end;
$$;
comment on function private.parse_circle_replies is
  'The replies of an element of this shape, in the order of their ids, which is the order of locks; those '
  'without one are last. p_is_reply: the first one is the element itself.';

create or replace function private.parse_circle_reply(p_reply jsonb, p_shape text, p_path text)
returns private.circle_snapshot
language plpgsql stable security invoker set search_path = '' as $$
begin
  if p_shape in ('comment', 'post') then
    return private.parse_post_or_comment(p_reply, 'comment_', p_path);
  end if;
  return private.parse_chat_message(p_reply, p_path);
end;
$$;
comment on function private.parse_circle_reply is 'One reply in an element of this shape.';
