-- Records of Circle's APIs, one row per message, reply, post or comment, as they are imported.

create type private.circle_record as (
  message_id text,
  source_id bigint,
  parent_id bigint,
  thread_id bigint,
  member_id bigint,
  email text,
  posted_at timestamptz,
  replies_count integer,
  replies_at timestamptz,
  digest bytea,
  record jsonb
);
comment on type private.circle_record is
  'A record with what circle-sync compares and stores of it, as circle_seen_messages has it; member_id and '
  'email are its author''s.';

create or replace function private.circle_link(
  p_read private.circle_reads, p_source_id bigint, p_parent_id bigint
) returns text
language plpgsql stable security definer set search_path = '' as $$
declare
  v_base constant text := coalesce(
    (select s.community_url from public.circle_sync_settings as s), 'https://' || p_read.host
  ) || '/c/' || p_read.space_slug || '/';
begin
  return v_base || case when p_parent_id is null then format('#message_%s', p_source_id)
    else format('?message_id=%s#message_%s', p_source_id, p_parent_id) end;
end;
$$;
comment on function private.circle_link is
  'The address of a chat message, as Circle''s pages have it; null where its space is not known yet.';

-- What stays the same while nobody edits: not its reactions, nor addresses that are signed again each time.
create or replace function private.circle_record_digest(p_record jsonb) returns bytea
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return sha256(convert_to(jsonb_build_array(
    p_record -> 'id', p_record -> 'parent_message_id', p_record -> 'parent_comment_id',
    p_record -> 'chat_thread_id', p_record -> 'name', p_record -> 'url', p_record -> 'message_url',
    p_record -> 'edited_at', p_record -> 'deleted_at', p_record #> '{body,updated_at}',
    p_record #> '{sender,name}', p_record #> '{user,name}', p_record -> 'user_name',
    p_record -> 'author_email',
    case when jsonb_typeof(p_record -> 'body') = 'object' then p_record #> '{body,body}'
      else p_record -> 'body' end,
    case when jsonb_typeof(p_record #> '{rich_text_body,attachments}') = 'array'
      then jsonb_array_length(p_record #> '{rich_text_body,attachments}') end
  )::text, 'UTF8'));
end;
$$;
comment on function private.circle_record_digest is
  'Of what an edit changes in a message, reply, post or comment: equal for what need not be imported again.';

create or replace function private.parse_chat_record(p_read private.circle_reads, p_record jsonb)
returns private.circle_record
language plpgsql stable security definer set search_path = '' as $$
declare
  v private.circle_record;
begin
  v.message_id := private.parse_id(p_record -> 'id');
  if v.message_id !~ '^[0-9]{1,18}$' then
    return null;
  end if;
  v.source_id := v.message_id::bigint;
  v.parent_id := case when private.parse_id(p_record -> 'parent_message_id') ~ '^[0-9]{1,18}$'
    then private.parse_id(p_record -> 'parent_message_id')::bigint end;
  v.thread_id := case when private.parse_id(p_record -> 'chat_thread_id') ~ '^[0-9]{1,18}$'
    then private.parse_id(p_record -> 'chat_thread_id')::bigint end;
  v.member_id := case when p_record #>> '{sender,community_member_id}' ~ '^[0-9]{1,18}$'
    then (p_record #>> '{sender,community_member_id}')::bigint end;
  v.email := (select m.email from private.circle_members as m where m.member_id = v.member_id);
  v.posted_at := coalesce(
    private.parse_time(p_record ->> 'sent_at'), private.parse_time(p_record ->> 'created_at'), now()
  );
  v.replies_count := coalesce(private.parse_integer(p_record ->> 'replies_count'), 0);
  v.replies_at := private.parse_time(p_record ->> 'last_reply_at');
  v.record := p_record || jsonb_strip_nulls(jsonb_build_object(
    'chat_room_uuid', p_read.chat_room_uuid, 'author_email', v.email,
    'message_url', private.circle_link(p_read, v.source_id, v.parent_id)
  ));
  v.digest := private.circle_record_digest(v.record);
  return v;
end;
$$;
comment on function private.parse_chat_record is
  'A message or reply of a chat room, with its author''s e-mail address and its link; null without an id.';

create or replace function private.parse_post_record(p_record jsonb, p_is_comment boolean)
returns private.circle_record
language plpgsql stable security definer set search_path = '' as $$
declare
  v private.circle_record;
  v_id constant text := private.parse_id(p_record -> 'id');
  v_post_id constant text := private.parse_id(
    coalesce(nullif(p_record -> 'post_id', 'null'), p_record #> '{post,id}')
  );
begin
  if v_id !~ '^[0-9]{1,18}$' or p_is_comment and v_post_id !~ '^[0-9]{1,18}$' then
    return null;
  end if;
  v.source_id := v_id::bigint;
  v.message_id := case when p_is_comment then 'comment_' else 'post_' end || v_id;
  v.parent_id := case when p_is_comment then v_post_id::bigint end;
  v.email := lower(coalesce(p_record #>> '{user,email}', p_record ->> 'user_email'));
  v.member_id := case when p_record ->> 'community_member_id' ~ '^[0-9]{1,18}$'
    then (p_record ->> 'community_member_id')::bigint end;
  v.posted_at := coalesce(
    private.parse_time(p_record ->> 'published_at'), private.parse_time(p_record ->> 'created_at'), now()
  );
  v.replies_count := coalesce(private.parse_integer(p_record ->> 'comments_count'), 0);
  v.replies_at := private.parse_time(p_record ->> 'updated_at');
  v.record := p_record;
  v.digest := private.circle_record_digest(v.record);
  return v;
end;
$$;
comment on function private.parse_post_record is
  'A post or a comment on one, of the Admin API; null without an id.';

create or replace function private.is_circle_bot(p_record private.circle_record) returns boolean
language plpgsql stable security definer set search_path = '' as $$
declare
  v_bot_id constant bigint := private.circle_bot_member_id();
begin
  return coalesce(p_record.member_id = v_bot_id, false) or coalesce(lower(p_record.email) = coalesce(
    (select lower(s.bot_email) from public.circle_sync_settings as s),
    (select lower(m.email) from private.circle_members as m where m.member_id = v_bot_id)
  ), false);
end;
$$;
comment on function private.is_circle_bot is
  'Whether a record is the bot''s own: by the member''s id, and by the e-mail address where there is no id.';
