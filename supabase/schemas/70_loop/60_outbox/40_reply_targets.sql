-- Where those who reported an issue are answered: the thread of each message, and each conversation.

-- A chat message is answered in its thread, under its root; a post by a comment; a comment by a reply to it.
create or replace function private.circle_reply_target(p_message_id text, p_chat_room_uuid text) returns jsonb
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return case
    when p_message_id ~ '^post_[0-9]+$'
      then jsonb_build_object('kind', 'post'::text, 'post_id', substr(p_message_id, 6))
    when p_message_id ~ '^comment_[0-9]+$'
      then jsonb_build_object('kind', 'comment'::text, 'comment_id', substr(p_message_id, 9))
    when p_message_id ~ '^[0-9]+$' and p_chat_room_uuid is not null then jsonb_build_object(
      'kind', 'chat'::text, 'chat_room_uuid', p_chat_room_uuid, 'parent_message_id', p_message_id
    )
  end;
end;
$$;
comment on function private.circle_reply_target is
  'Where a message from Circle is answered: {kind: chat, chat_room_uuid, parent_message_id}, {kind: post, '
  'post_id} or {kind: comment, comment_id}; null where it cannot be, such as a chat message without a room.';

-- A space has one chat room. Where circle_spaces has several of it, none is guessed.
create or replace function private.find_circle_room(p_chat_room_uuid text, p_space_id text) returns text
language plpgsql stable security definer set search_path = '' as $$
begin
  return coalesce(p_chat_room_uuid, (
    select min(s.chat_room_uuid) from public.circle_spaces as s
    where s.space_id::text = p_space_id having count(*) = 1
  ));
end;
$$;
comment on function private.find_circle_room is
  'The chat room of a message: its own, else the one of its space; null where it is not known.';

create or replace function private.circle_message_target(p_message public.circle_issues) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
begin
  return private.circle_reply_target(
    p_message.message_id, private.find_circle_room(p_message.chat_room_uuid, p_message.space_id)
  ) || jsonb_build_object('thread_id', p_message.thread_id, 'link', p_message.link);
end;
$$;
comment on function private.circle_message_target is
  'Where a message is answered as far as is known now, with its thread_id and link; null where it cannot be.';

create or replace function private.reply_targets(p_issue_ids uuid[])
returns table (
  issue_id uuid, channel text, thread text, target jsonb, reporters text[], unreachable_reason text
)
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  select c.mapped_to_issue_id, 'circle'::text, c.message_id, t.target, array[c.message_id],
    case when t.target is null then 'The room of the message is not known.' end
  from public.circle_issues as c
  cross join lateral (select private.circle_message_target(c)) as t (target)
  where c.mapped_to_issue_id = any (p_issue_ids) and c.removed_at is null
  union all
  select e.issue_id, 'support'::text, coalesce(e.conversation_id, e.id)::text,
    case when e.conversation_id is not null
      then jsonb_build_object('conversation_id', e.conversation_id) end,
    array_agg(e.id::text order by e.id),
    case when e.conversation_id is null then 'The escalation has no conversation.' end
  from support.escalations as e
  where e.issue_id = any (p_issue_ids)
  group by e.issue_id, e.conversation_id, coalesce(e.conversation_id, e.id);
end;
$$;
comment on function private.reply_targets is
  'Where the reporters of these issues are answered, one row per thread or conversation, and one per '
  'escalation without a conversation, with the ids of their messages or escalations. target is null where '
  'nobody can be reached, and unreachable_reason has the cause.';
