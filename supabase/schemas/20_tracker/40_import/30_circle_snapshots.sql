-- What a payload says about one message or reply, whatever its shape, as one row of values.

create type private.circle_snapshot as (
  message_id text,
  thread_id text,
  title text,
  body text,
  author_name text,
  author_email text,
  link text,
  attachments jsonb,
  chat_room_uuid text,
  space_id text,
  space_name text,
  posted_at timestamptz,
  edited_at timestamptz,
  reply_index integer,
  is_thread boolean,
  segment text,
  sender_verdict double precision,
  raw_data jsonb,
  removed_at timestamptz,
  is_verdict_unreadable boolean,
  is_edit_undated boolean,
  unread jsonb
);
comment on type private.circle_snapshot is
  'A message or reply as one payload has it. Null: the payload does not contain it. is_edit_undated: it was '
  'edited at a time that cannot be read. unread: what else is present and cannot be read.';

create or replace function private.name_of_sender(p_sender jsonb) returns text
language plpgsql immutable strict security invoker set search_path = '' as $$
declare
  v_sender jsonb := private.parse_embedded_json(p_sender);
  v_name text;
begin
  if jsonb_typeof(v_sender) = 'array' and jsonb_array_length(v_sender) = 1 then
    v_sender := v_sender -> 0;
  end if;
  v_name := case jsonb_typeof(v_sender)
    when 'object' then v_sender ->> 'name' when 'array' then null else v_sender #>> '{}' end;
  -- what a template or JavaScript writes in place of a name
  return case when v_name !~ '^\s*(undefined|null|\[object .*|.*\{\{.*)\s*$' then v_name end;
end;
$$;
comment on function private.name_of_sender is
  'A sender''s name: of a text, or of an object that has one, which may be JSON in a text; null for none.';

create or replace function private.parse_attachments(p_value jsonb) returns jsonb
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  case jsonb_typeof(p_value)
    when 'array' then
      return p_value;
    when 'object' then
      return jsonb_build_array(p_value);
    when 'string' then
      if private.non_blank(p_value #>> '{}') is null then
        return null;
      end if;
      return private.parse_attachments(coalesce(
        private.parse_json_text(p_value #>> '{}'), jsonb_build_array(p_value)
      ));
    else
      return null;
  end case;
end;
$$;
comment on function private.parse_attachments is
  'Attachments as an array: of an array, one object, one url, or JSON in a text; else null.';

-- Comments have removed_at, chat messages deleted_at.
create or replace function private.removal_keys() returns text[]
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return array['removed_at', 'deleted_at', 'is_removed', 'is_deleted', 'removed', 'deleted'];
end;
$$;
comment on function private.removal_keys is 'The keys that say whether, or when, a message was removed.';

create or replace function private.parse_removed_at(p_record jsonb, p_changed_at timestamptz)
returns timestamptz
language plpgsql stable security invoker set search_path = '' as $$
declare
  v_key text;
  v_text text;
  v_removed_at timestamptz;
  v_is_removed boolean := false;
begin
  if not p_record ?| private.removal_keys() then
    return null;
  end if;
  foreach v_key in array private.removal_keys() loop
    v_text := private.non_blank(p_record ->> v_key);
    v_removed_at := coalesce(v_removed_at, private.parse_time(v_text));
    -- in place of a time, anything but what stands for none
    v_is_removed := v_is_removed or coalesce(
      private.parse_boolean(v_text), v_key like '%\_at' and not private.is_placeholder(v_text), false
    );
  end loop;
  return case when v_is_removed or v_removed_at is not null
    then coalesce(v_removed_at, p_changed_at, 'epoch') end;
end;
$$;
comment on function private.parse_removed_at is
  'When a message or reply was removed in Circle; where that cannot be read, when it was changed last; null '
  'where it was not removed.';

create or replace function private.unread_values(p_record jsonb, p_path text, p_is_bodiless boolean)
returns jsonb
language plpgsql stable security invoker set search_path = '' as $$
begin
  return (
    select jsonb_agg(private.unread_value(p_path || k.key, k.value, r.reason) order by k.key collate "C")
    from jsonb_each(p_record) as k
    cross join lateral (
      select case
        when private.is_blank(k.value) then null
        when k.key in (
          'created_at', 'sent_at', 'parent_created_at', 'published_at', 'edited_at', 'updated_at',
          'removed_at', 'deleted_at'
        ) and private.parse_time(k.value #>> '{}') is null then 'is not a time'
        when k.key in ('chat_thread_id', 'chat_room_uuid', 'space_id')
          and private.parse_id(k.value) is null then 'is not an id'
        when k.key in ('is_removed', 'is_deleted', 'removed', 'deleted')
          and private.parse_boolean(k.value #>> '{}') is null and private.parse_time(k.value #>> '{}') is null
          then 'is not true or false'
        when k.key in ('sender', 'parent_sender') and private.name_of_sender(k.value) is null
          then 'has no name'
        when k.key in ('replies_count', 'reply_index') and private.parse_integer(k.value #>> '{}') is null
          then 'is not a whole number'
        when k.key in ('attachments', 'parent_attachments') and private.parse_attachments(k.value) is null
          then 'is not a list'
        when k.key in ('body', 'parent_body') and p_is_bodiless and private.parse_text(k.value) is null
          and k.value ->> 'record_type' is null then 'is not text'
      end as reason
    ) as r
    where r.reason is not null
  );
end;
$$;
comment on function private.unread_values is
  'Which values of a message or reply are present and cannot be read, each with p_path before its name; '
  'null for none.';

-- The envelope's shapes differ in their keys: a single message has sender, body and attachments, the root of
-- a thread has parent_sender, parent_body and parent_attachments, and a reply's author stands under "replier
-- <n>". For a message outside a thread, n8n sends the message id as thread id. Records of chat name the id
-- `id`; the older flat threads have reply_id and sender_name.
create or replace function private.parse_author_name(p_message jsonb, p_reply_index text, p_sender jsonb)
returns text
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_name text := private.non_blank(coalesce(
    p_message ->> ('replier ' || p_reply_index), private.name_of_sender(p_sender),
    p_message ->> 'sender_name'
  ));
begin
  if v_name is null then
    select private.non_blank(k.value) into v_name
    from jsonb_each_text(p_message) as k where k.key ~ '^replier( [0-9]+)?$' order by k.key limit 1;
  end if;
  return v_name;
end;
$$;
comment on function private.parse_author_name is
  'The name of a chat message''s author: of "replier <n>", of its sender, of sender_name.';

create or replace function private.is_undated_edit(p_text text) returns boolean
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return private.non_blank(p_text) is not null and not private.is_placeholder(p_text);
end;
$$;
comment on function private.is_undated_edit is
  'Whether a text, which is not a time, stands where the time of an edit should, and not for a missing one.';

create or replace function private.complete_chat_message(
  p_snapshot private.circle_snapshot, p_message jsonb, p_path text
) returns private.circle_snapshot
language plpgsql stable security invoker set search_path = '' as $$
declare
  v private.circle_snapshot := p_snapshot;
begin
  v.posted_at := coalesce(
    v.posted_at, private.parse_time(p_message ->> 'sent_at'),
    private.parse_time(p_message ->> 'parent_created_at')
  );
  v.is_edit_undated := v.edited_at is null and private.is_undated_edit(p_message ->> 'edited_at');
  v.removed_at := private.parse_removed_at(p_message, coalesce(v.edited_at, v.posted_at));
  v.unread := private.unread_values(
    case when v.author_name is null then p_message else p_message - array['sender', 'parent_sender'] end,
    p_path, v.body is null
  );
  return v;
end;
$$;
comment on function private.complete_chat_message is
  'A chat message with what few have: another key for the time, an edit at a time that cannot be read, a '
  'removal, and what else cannot be read.';

create or replace function private.first_present(variadic p_values jsonb[]) returns jsonb
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_value jsonb;
begin
  foreach v_value in array p_values loop
    if not private.is_blank(v_value) then
      return v_value;
    end if;
  end loop;
  return null;
end;
$$;
comment on function private.first_present is 'The first value that is not blank; null where all are.';

create or replace function private.parse_chat_message(p_message jsonb, p_path text)
returns private.circle_snapshot
language plpgsql stable strict security invoker set search_path = '' as $$
declare
  m record;
  v_rich_text jsonb;
  v_sender jsonb;
  v private.circle_snapshot;
  v_replies_count integer;
begin
  v.raw_data := p_message;
  if jsonb_typeof(p_message) <> 'object' then
    return v;
  end if;
  -- One pass over the keys, where `->` would search for each.
  select * into m from jsonb_to_record(p_message) as r (
    message_id jsonb, reply_id jsonb, id jsonb, chat_thread_id jsonb, reply_index text, parent_sender jsonb,
    sender jsonb, author_email text, parent_body jsonb, body jsonb, parent_rich_text_body jsonb,
    rich_text_body jsonb, message_url text, chat_room_uuid jsonb, space_id jsonb, space_name text,
    parent_attachments jsonb, attachments jsonb, created_at text, edited_at text, replies_count text
  );
  v_rich_text := private.parse_embedded_json(coalesce(m.parent_rich_text_body, m.rich_text_body));
  v.message_id := private.parse_id(private.first_present(m.message_id, m.reply_id, m.id));
  v.thread_id := private.parse_id(m.chat_thread_id);
  v_sender := private.parse_embedded_json(coalesce(m.parent_sender, m.sender));
  v.author_name := private.parse_author_name(p_message, m.reply_index, v_sender);
  v.author_email := private.non_blank(coalesce(m.author_email, v_sender ->> 'email'));
  v.body := coalesce(
    private.parse_text(m.parent_body), private.parse_text(m.body), private.parse_rich_text(v_rich_text),
    private.parse_text(v_rich_text -> 'circle_ios_fallback_text')
  );
  v.link := private.non_blank(m.message_url);
  v.chat_room_uuid := private.parse_id(m.chat_room_uuid);
  v.space_id := private.parse_id(m.space_id);
  v.space_name := private.non_blank(m.space_name);
  v.attachments := private.parse_attachments(
    coalesce(m.parent_attachments, m.attachments, v_rich_text -> 'attachments')
  );
  v.posted_at := private.parse_time(m.created_at);
  v.edited_at := private.parse_time(m.edited_at);
  v.reply_index := private.parse_integer(m.reply_index);
  v_replies_count := private.parse_integer(m.replies_count);
  v.is_thread := coalesce(v_replies_count > 0, false);
  -- What is present and null by now may be unreadable, or blank.
  if v.posted_at is null
    or num_nulls(v.edited_at, v.reply_index, v_replies_count, v.thread_id, v.chat_room_uuid, v.space_id)
      > num_nulls(m.edited_at, m.reply_index, m.replies_count, m.chat_thread_id, m.chat_room_uuid, m.space_id)
    or v.body is null and coalesce(m.parent_body, m.body) is not null
    or v.author_name is null and coalesce(m.parent_sender, m.sender) is not null
    or v.attachments is null and coalesce(m.parent_attachments, m.attachments) is not null
    or p_message ?| private.removal_keys()
  then
    v := private.complete_chat_message(v, p_message, p_path);
  end if;
  v.thread_id := nullif(v.thread_id, v.message_id);
  return v;
end;
$$;
comment on function private.parse_chat_message is
  'The fields of a chat message or reply, of an envelope or of an API record. p_path comes before the names '
  'of what cannot be read.';

-- Chat messages, posts and comments have ids of their own in Circle, so posts and comments carry a prefix.
create or replace function private.parse_post_or_comment(p_record jsonb, p_prefix text, p_path text)
returns private.circle_snapshot
language plpgsql stable security invoker set search_path = '' as $$
declare
  v private.circle_snapshot;
  v_author constant jsonb := private.parse_embedded_json(coalesce(p_record -> 'author', p_record -> 'user'));
  v_rich_text constant jsonb := private.parse_embedded_json(p_record -> 'tiptap_body');
  v_html constant text := coalesce(
    p_record #>> '{body,body}', p_record #>> '{body,html}', private.parse_text(p_record -> 'body')
  );
begin
  v.raw_data := p_record;
  if jsonb_typeof(p_record) <> 'object' then
    return v;
  end if;
  v.message_id := p_prefix || private.parse_id(p_record -> 'id');
  v.title := case when p_prefix = 'post_' then
    coalesce(private.parse_text(p_record -> 'name'), private.parse_text(p_record -> 'display_title'))
  end;
  -- Circle's plain text has no addresses of links and images.
  v.body := coalesce(
    private.non_blank(private.parse_html(v_html)), private.parse_rich_text(v_rich_text),
    private.parse_text(p_record -> 'body_plain_text'), private.parse_text(p_record -> 'body_text'),
    private.parse_text(v_rich_text -> 'circle_ios_fallback_text')
  );
  v.author_name := private.non_blank(coalesce(v_author ->> 'name', p_record ->> 'user_name'));
  v.author_email := private.non_blank(coalesce(v_author ->> 'email', p_record ->> 'user_email'));
  v.link := private.non_blank(p_record ->> 'url');
  v.attachments := case
    when jsonb_typeof(v_rich_text -> 'attachments') = 'array' then v_rich_text -> 'attachments'
    when jsonb_typeof(p_record #> '{body,attachments}') = 'array' then p_record #> '{body,attachments}'
  end;
  v.space_id := coalesce(
    private.parse_id(p_record -> 'space_id'), private.parse_id(p_record #> '{space,id}')
  );
  v.space_name := private.non_blank(coalesce(p_record ->> 'space_name', p_record #>> '{space,name}'));
  v.posted_at := coalesce(
    private.parse_time(p_record ->> 'published_at'), private.parse_time(p_record ->> 'created_at')
  );
  v.edited_at := coalesce(
    private.parse_time(p_record #>> '{body,updated_at}'), private.parse_time(p_record ->> 'updated_at')
  );
  v.is_edit_undated := v.edited_at is null and (
    private.is_undated_edit(p_record #>> '{body,updated_at}')
    or private.is_undated_edit(p_record ->> 'updated_at')
  );
  v.removed_at := private.parse_removed_at(p_record, coalesce(v.edited_at, v.posted_at));
  v.unread := private.unread_values(p_record, p_path, v.body is null);
  return v;
end;
$$;
comment on function private.parse_post_or_comment is
  'The fields of a post or comment, of the Admin or the Headless API.';
