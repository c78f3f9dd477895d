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
  raw_data jsonb
);
comment on type private.circle_snapshot is
  'A message or reply as one payload has it. Null: the payload does not contain it.';

create or replace function private.name_of_sender(p_sender jsonb) returns text
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  return case jsonb_typeof(p_sender)
    when 'object' then p_sender ->> 'name' when 'array' then null else p_sender #>> '{}' end;
end;
$$;
comment on function private.name_of_sender is 'A sender''s name: of a text, or of an object that has one.';

-- The envelope's shapes differ in their keys: a single message has sender, body and attachments, the root of
-- a thread has parent_sender, parent_body and parent_attachments, and a reply's author stands under "replier
-- <n>". For a message outside a thread, n8n sends the message id as thread id. Records of chat name the id
-- `id`; the older flat threads have reply_id and sender_name.
create or replace function private.parse_chat_message(p_message jsonb) returns private.circle_snapshot
language plpgsql stable strict security invoker set search_path = '' as $$
declare
  m record;
  v private.circle_snapshot;
begin
  if jsonb_typeof(p_message) <> 'object' then
    return v;
  end if;
  -- One pass over the keys, where `->` would search for each.
  select * into m from jsonb_to_record(p_message) as r (
    message_id jsonb, reply_id jsonb, id jsonb, chat_thread_id jsonb, reply_index text, parent_sender jsonb,
    sender jsonb, sender_name text, author_email text, parent_body jsonb, body jsonb, rich_text_body jsonb,
    message_url text, chat_room_uuid text, space_id jsonb, space_name text, parent_attachments jsonb,
    attachments jsonb, created_at text, sent_at text, parent_created_at text, edited_at text,
    replies_count text
  );
  v.message_id := private.parse_id(coalesce(m.message_id, m.reply_id, m.id));
  v.thread_id := nullif(private.parse_id(m.chat_thread_id), v.message_id);
  v.author_name := private.non_blank(coalesce(
    p_message ->> ('replier ' || m.reply_index),
    private.name_of_sender(coalesce(m.parent_sender, m.sender)), m.sender_name
  ));
  if v.author_name is null then
    select private.non_blank(k.value) into v.author_name
    from jsonb_each_text(p_message) as k where k.key ~ '^replier( \d+)?$' order by k.key limit 1;
  end if;
  v.author_email := private.non_blank(coalesce(m.author_email, m.sender ->> 'email'));
  v.body := coalesce(
    private.parse_text(m.parent_body), private.parse_text(m.body),
    private.parse_text(m.rich_text_body -> 'circle_ios_fallback_text')
  );
  v.link := private.non_blank(m.message_url);
  v.chat_room_uuid := private.non_blank(m.chat_room_uuid);
  v.space_id := private.parse_id(m.space_id);
  v.space_name := private.non_blank(m.space_name);
  v.attachments := coalesce(m.parent_attachments, m.attachments, m.rich_text_body -> 'attachments');
  if jsonb_typeof(v.attachments) <> 'array' then
    v.attachments := null;
  end if;
  v.posted_at := private.parse_time(coalesce(m.created_at, m.sent_at, m.parent_created_at));
  v.edited_at := private.parse_time(m.edited_at);
  v.reply_index := private.parse_integer(m.reply_index);
  v.is_thread := coalesce(private.parse_integer(m.replies_count) > 0, false);
  v.raw_data := p_message;
  return v;
end;
$$;
comment on function private.parse_chat_message is
  'The fields of a chat message or reply, of an envelope or of an API record.';

-- Chat messages, posts and comments have ids of their own in Circle, so posts and comments carry a prefix.
create or replace function private.parse_post_or_comment(p_record jsonb, p_prefix text)
returns private.circle_snapshot
language plpgsql stable security invoker set search_path = '' as $$
declare
  v private.circle_snapshot;
  v_author constant jsonb := coalesce(p_record -> 'author', p_record -> 'user');
  v_html constant text := coalesce(
    p_record #>> '{body,body}', p_record #>> '{body,html}', private.parse_text(p_record -> 'body')
  );
begin
  v.message_id := p_prefix || private.parse_id(p_record -> 'id');
  v.title := case when p_prefix = 'post_' then
    coalesce(private.parse_text(p_record -> 'name'), private.parse_text(p_record -> 'display_title'))
  end;
  v.body := coalesce(
    private.parse_text(p_record -> 'body_plain_text'), private.parse_text(p_record -> 'body_text'),
    private.parse_text(p_record #> '{tiptap_body,circle_ios_fallback_text}'),
    private.non_blank(private.text_of_html(v_html))
  );
  v.author_name := private.non_blank(coalesce(v_author ->> 'name', p_record ->> 'user_name'));
  v.author_email := private.non_blank(coalesce(v_author ->> 'email', p_record ->> 'user_email'));
  v.link := private.non_blank(p_record ->> 'url');
  v.attachments := case
    when jsonb_typeof(p_record #> '{tiptap_body,attachments}') = 'array'
      then p_record #> '{tiptap_body,attachments}'
    when jsonb_typeof(p_record #> '{body,attachments}') = 'array' then p_record #> '{body,attachments}'
  end;
  v.space_id := coalesce(
    private.parse_id(p_record -> 'space_id'), private.parse_id(p_record #> '{space,id}')
  );
  v.space_name := private.non_blank(coalesce(p_record ->> 'space_name', p_record #>> '{space,name}'));
  v.posted_at := private.parse_time(coalesce(p_record ->> 'published_at', p_record ->> 'created_at'));
  v.edited_at := private.parse_time(coalesce(p_record #>> '{body,updated_at}', p_record ->> 'updated_at'));
  v.raw_data := p_record;
  return v;
end;
$$;
comment on function private.parse_post_or_comment is
  'The fields of a post or comment, of the Admin or the Headless API.';
