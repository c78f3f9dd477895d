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

create or replace function private.reply_targets(p_issue_ids uuid[])
returns table (issue_id uuid, channel text, thread text, target jsonb, reporters text[])
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  select c.mapped_to_issue_id, 'circle'::text, c.message_id,
    private.circle_reply_target(c.message_id, c.chat_room_uuid)
      || jsonb_build_object('thread_id', c.thread_id, 'link', c.link),
    array[c.message_id]
  from public.circle_issues as c
  where c.mapped_to_issue_id = any (p_issue_ids) and c.removed_at is null
  union all
  select e.issue_id, 'support'::text, e.conversation_id::text,
    jsonb_build_object('conversation_id', e.conversation_id), array_agg(e.id::text order by e.id)
  from support.escalations as e
  where e.issue_id = any (p_issue_ids) and e.conversation_id is not null
  group by e.issue_id, e.conversation_id;
end;
$$;
comment on function private.reply_targets is
  'Where the reporters of these issues are answered, one row per thread or conversation, with the ids of '
  'their messages or escalations. target is null where nobody can be reached.';
