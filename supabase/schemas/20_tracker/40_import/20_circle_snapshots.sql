-- What a payload says about messages, whatever its shape: one capture for the message at its root and one for
-- each reply. The shapes are told apart by their keys.

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
  'A message or reply as one payload tells it. Null: the payload doesn''t say.';

create or replace function private.circle_shape(p_payload jsonb) returns text
language plpgsql immutable security invoker set search_path = '' as $$
begin
  if jsonb_typeof(p_payload) <> 'object' then
    return 'unrecognised';
  end if;
  return case
    when jsonb_typeof(p_payload -> 'Parent_Message') = 'object' then 'envelope'
    when jsonb_typeof(p_payload -> 'type') = 'string' and jsonb_typeof(p_payload -> 'data') = 'object'
      then 'hint'
    when jsonb_typeof(p_payload -> 'parent_message') = 'object' then 'chat_thread'
    when p_payload ? 'parent_message_id'
      and (p_payload ?| array['parent_body', 'parent_sender']
        or not p_payload ? 'id' and jsonb_typeof(p_payload -> 'replies') = 'array')
      then 'flat_thread'
    when jsonb_typeof(p_payload #> '{message,content}') = 'object' then 'message_content'
    when not p_payload ? 'id' then 'unrecognised'
    when p_payload ?| array['chat_room_uuid', 'chat_room_participant_id'] then 'chat_message'
    when p_payload #>> '{body,record_type}' = 'Comment' or p_payload ?| array['post_id', 'post']
      then 'comment'
    when p_payload #>> '{body,record_type}' = 'Post'
      or p_payload ?| array['body_plain_text', 'display_title']
      or p_payload ?& array['slug', 'space_id', 'name'] then 'post'
    else 'unrecognised'
  end;
end;
$$;
comment on function private.circle_shape is
  'envelope: n8n''s {Type, Parent_Message, …}. flat_thread, message_content: n8n''s older ones. '
  'chat_message, chat_thread, post, comment: records of Circle''s APIs. hint: Circle''s {type, data}, ids '
  'only. Else unrecognised.';

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

-- Posts and comments are counted apart from chat messages, and from each other: their ids carry a prefix.
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

-- A reply by itself says little about the message that it answers: enough to hold its place.
create or replace function private.parse_circle_root(p_item jsonb, p_shape text)
returns private.circle_snapshot
language plpgsql stable security invoker set search_path = '' as $$
declare
  v private.circle_snapshot;
  v_details constant jsonb := coalesce(p_item -> 'Issue_Details', p_item #> '{message,content}');
  v_is_issue constant boolean := private.parse_boolean(v_details ->> 'is_issue');
  v_confidence constant double precision := coalesce(private.parse_share(v_details ->> 'confidence'), 1);
begin
  case p_shape
    when 'envelope' then
      v := private.parse_chat_message(p_item -> 'Parent_Message');
    when 'chat_thread' then
      v := private.parse_chat_message(p_item -> 'parent_message');
      v.thread_id := coalesce(v.thread_id, private.parse_id(p_item -> 'id'));
      v.space_id := coalesce(v.space_id, private.parse_id(p_item #> '{chat_room,embedded_space,id}'));
    when 'flat_thread' then
      v := private.parse_chat_message(p_item - array['id', 'message_id', 'created_at', 'edited_at']);
      v.message_id := private.parse_id(p_item -> 'parent_message_id');
      v.edited_at := private.parse_time(p_item ->> 'parent_edited_at');
    when 'message_content' then
      v := private.parse_chat_message(p_item || (p_item #> '{message,content}'));
    when 'post' then
      v := private.parse_post_or_comment(p_item, 'post_');
    when 'comment' then
      v.message_id := 'post_'
        || coalesce(private.parse_id(p_item -> 'post_id'), private.parse_id(p_item #> '{post,id}'));
      v.is_thread := true;
      return v;
    else
      v.message_id := private.parse_id(p_item -> 'parent_message_id');
      if v.message_id is not null then
        v.thread_id := nullif(private.parse_id(p_item -> 'chat_thread_id'), v.message_id);
        v.chat_room_uuid := private.non_blank(p_item ->> 'chat_room_uuid');
        v.is_thread := true;
        return v;
      end if;
      v := private.parse_chat_message(p_item);
  end case;
  v.thread_id := nullif(v.thread_id, v.message_id);
  v.is_thread := coalesce(v.is_thread, false) or p_shape in ('chat_thread', 'flat_thread')
    or coalesce(lower(p_item ->> 'Type') = 'thread', false)
    or private.circle_replies_of(p_item, p_shape) #> '{0}' is not null;
  v.title := coalesce(private.non_blank(private.parse_text(v_details -> 'issue_title')), v.title);
  v.segment := private.segment_of_type(v_details ->> 'type');
  v.sender_verdict := case when v_is_issue then v_confidence when not v_is_issue then 1 - v_confidence end;
  v.raw_data := p_item;
  return v;
end;
$$;
comment on function private.parse_circle_root is
  'What a payload of this shape says about the message at its root, the sender''s verdict included.';

create or replace function private.circle_replies_of(p_item jsonb, p_shape text) returns jsonb
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_replies constant jsonb := p_item -> case p_shape when 'envelope' then 'Replies' else 'replies' end;
  v_is_reply constant boolean := p_shape = 'comment'
    or p_shape = 'chat_message' and private.parse_id(p_item -> 'parent_message_id') is not null;
begin
  return case when v_is_reply then jsonb_build_array(p_item) else '[]' end
    || case jsonb_typeof(v_replies) when 'array' then v_replies else '[]' end;
end;
$$;
comment on function private.circle_replies_of is
  'The replies in a payload of this shape: an array, often empty.';

create or replace function private.parse_circle_replies(p_item jsonb, p_shape text)
returns setof private.circle_snapshot
language plpgsql stable security invoker set search_path = '' as $$
declare
  v private.circle_snapshot;
  v_reply jsonb;
begin
  for v_reply in
    select e.value from jsonb_array_elements(private.circle_replies_of(p_item, p_shape)) as e (value)
  loop
    v := case
      when p_shape in ('comment', 'post') then private.parse_post_or_comment(v_reply, 'comment_')
      else private.parse_chat_message(v_reply)
    end;
    return next v;
  end loop;
end;
$$;
comment on function private.parse_circle_replies is
  'What a payload of this shape says about each of its replies.';

create or replace function private.circle_root_id(p_item jsonb, p_shape text) returns text
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return case p_shape
    when 'hint' then null
    when 'unrecognised' then null
    when 'envelope' then private.parse_id(p_item #> '{Parent_Message,message_id}')
    when 'chat_message' then coalesce(
      private.parse_id(p_item -> 'parent_message_id'), private.parse_id(p_item -> 'message_id'),
      private.parse_id(p_item -> 'id')
    )
    else (private.parse_circle_root(p_item, p_shape)).message_id
  end;
end;
$$;
comment on function private.circle_root_id is
  'The id of the message at a payload''s root, null where there is none: what an import locks first.';

create type private.circle_item as (
  item jsonb,
  index integer,
  shape text,
  message_id text,
  is_last boolean
);
comment on type private.circle_item is
  'One element of a payload: its place from 0, its shape, the id of the message at its root, and whether it '
  'is the last one about that message.';

-- Lists of the APIs come as pages: {records: […]}.
create or replace function private.circle_items(p_payload jsonb) returns private.circle_item[]
language plpgsql stable security invoker set search_path = '' as $$
declare
  v_items constant jsonb := case
    when jsonb_typeof(p_payload) = 'array' then p_payload
    when jsonb_typeof(p_payload -> 'records') = 'array' then p_payload -> 'records'
    else jsonb_build_array(p_payload)
  end;
  v_shape text;
begin
  if jsonb_array_length(v_items) = 1 then
    v_shape := private.circle_shape(v_items -> 0);
    return array[
      row(v_items -> 0, 0, v_shape, private.circle_root_id(v_items -> 0, v_shape), true)::private.circle_item
    ];
  end if;
  return array(
    select row(
      e.value, e.place::integer - 1, s.shape, r.message_id,
      lead(r.message_id) over (order by r.message_id collate "C", e.place) is distinct from r.message_id
    )::private.circle_item
    from jsonb_array_elements(v_items) with ordinality as e (value, place)
    cross join lateral (select private.circle_shape(e.value) as shape) as s
    cross join lateral (select private.circle_root_id(e.value, s.shape) as message_id) as r
    order by r.message_id collate "C", e.place
  );
end;
$$;
comment on function private.circle_items is
  'The elements of a payload, which is one, an array, or a page {records}, in the order of their message '
  'ids, which is the order of locks.';

create type private.circle_triage as (
  likelihood double precision,
  is_sure boolean,
  is_triaged boolean,
  confidence double precision
);
comment on type private.circle_triage is
  'What is thought of a message: how likely it is an issue, whether that is sure enough to make one, and '
  'the two columns of circle_issues.';

-- A capture is judged by its own words alone, so that it doesn't matter what came before it. Once any of them
-- was sure, the message has an issue.
create or replace function private.triage_circle_message(p_verdict double precision, p_title text,
  p_body text)
returns private.circle_triage
language plpgsql stable security definer set search_path = '' as $$
declare
  v_threshold constant double precision := (select s.triage_threshold from public.tracker_settings as s);
  v private.circle_triage;
begin
  v.likelihood := coalesce(p_verdict, private.issue_likelihood(p_title, p_body));
  v.is_sure := v.likelihood >= v_threshold;
  v.is_triaged := v.is_sure or coalesce(p_verdict + v_threshold <= 1, false);
  v.confidence := case when v.is_triaged and not v.is_sure then 1 - v.likelihood else v.likelihood end;
  return v;
end;
$$;
comment on function private.triage_circle_message is
  'Whether a message is an issue: by its sender''s verdict, else by its words. The '
  'threshold is tracker_settings.triage_threshold.';
