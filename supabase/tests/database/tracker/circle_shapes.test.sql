-- Every shape that a payload may have, of Circle's APIs and of flows that read them, becomes the same rows.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(29);

\ir ../helpers/personas.psql

create function pg_temp.take(p_payload jsonb) returns text language sql as $$
  select concat_ws(' ', r ->> 'processed', r ->> 'errors', r ->> 'hints', r ->> 'unrecognised')
  from handle_circle_webhook(p_payload) as r
$$;
create function pg_temp.message(p_id text) returns text language sql as $$
  select concat_ws(
    '|', thread_id, title, body, author_name, author_email, space_id, space_name, link, chat_room_uuid,
    is_thread, to_char(posted_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS'),
    to_char(edited_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS')
  )
  from public.circle_issues where message_id = p_id
$$;
create function pg_temp.reply(p_id text) returns text language sql as $$
  select concat_ws(
    '|', c.message_id, r.reply_index, r.author_name, r.body, r.link,
    to_char(r.posted_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS')
  )
  from public.circle_replies as r join public.circle_issues as c on c.id = r.circle_issue_id
  where r.message_id = p_id
$$;

-- Headless API: a page of chat messages, a thread, a reply before its message

select is(pg_temp.take('{
  "id": 201500310, "has_previous_page": true, "has_next_page": false, "first_id": 201500290,
  "last_id": 201500310, "total_count": 412, "records": [
    {"id": 201500290, "parent_message_id": null, "edited_at": null,
     "created_at": "2026-03-02T09:14:05.120Z", "chat_room_uuid": "5d0b2a64-7c1e-4a55-9f0e-0d6a4f0e1b77",
     "chat_room_participant_id": 1700112233, "body": "Login loops after the update, anyone else?",
     "bookmark_id": null, "rich_text_body": {"body": {"type": "doc", "content": []},
       "circle_ios_fallback_text": "Login loops after the update, anyone else?", "attachments": []},
     "sent_at": "2026-03-02T09:14:05.120Z", "replies_count": 1,
     "last_reply_at": "2026-03-02T09:20:44.001Z", "sender": {"id": 1700112233, "name": "Ana Ruiz",
       "community_member_id": 55512345, "user_public_uid": "a1b2c3d4", "avatar_url": null},
     "total_thread_participants_count": 1, "chat_thread_id": 1000990001, "reactions": [],
     "embedded_chat_message_access": []},
    {"id": 201500310, "parent_message_id": null, "edited_at": null,
     "created_at": "2026-03-02T10:00:00.000Z", "chat_room_uuid": "5d0b2a64-7c1e-4a55-9f0e-0d6a4f0e1b77",
     "chat_room_participant_id": 1700112299, "body": null, "rich_text_body": {
       "circle_ios_fallback_text": "Only as rich text", "attachments": [{"url": "https://a/b.png"}]},
     "replies_count": 0, "sender": {"id": 1700112299, "name": "Lee Park"}, "chat_thread_id": null}
  ], "meta": {}}'), '2 [] 0 0', 'a page of chat messages');
select is(
  pg_temp.message('201500290'),
  '1000990001|Login loops after the update, anyone else?|Login loops after the update, anyone else?|Ana Ruiz|'
    || '5d0b2a64-7c1e-4a55-9f0e-0d6a4f0e1b77|t|2026-03-02 09:14:05.120',
  'a message that has replies is a thread'
);
select is(
  pg_temp.message('201500310'),
  'Only as rich text|Only as rich text|Lee Park|5d0b2a64-7c1e-4a55-9f0e-0d6a4f0e1b77|f|'
    || '2026-03-02 10:00:00.000',
  'one without, whose text is rich, is not'
);
select is(
  (select attachments from circle_issues where message_id = '201500310'), '[{"url": "https://a/b.png"}]',
  'attachments of rich text are attachments'
);
select is(pg_temp.take('{"id": 1000990001,
  "parent_message": {"id": 201500290, "parent_message_id": null,
    "chat_room_uuid": "5d0b2a64-7c1e-4a55-9f0e-0d6a4f0e1b77", "rich_text_body": null, "replies_count": 1,
    "body": "Login loops after the update, anyone else?", "chat_thread_id": 1000990001,
    "sender": {"id": 1700112233, "name": "Ana Ruiz"}, "created_at": "2026-03-02T09:14:05.120Z",
    "sent_at": "2026-03-02T09:14:05.120Z", "edited_at": null},
  "replies": [{"id": 201500301, "parent_message_id": 201500290, "chat_thread_id": 1000990001,
    "body": "Same here on Firefox.", "sender": {"id": 1700112299, "name": "Lee Park"},
    "created_at": "2026-03-02T09:20:44.001Z", "sent_at": "2026-03-02T09:20:44.001Z", "edited_at": null}],
  "chat_room": {"kind": "group_chat", "name": "Help chat", "embedded_space": {"id": 880011,
    "slug": "help-chat"}, "lesson": null}}'), '1 [] 0 0', 'a thread');
select is(pg_temp.reply('201500301'), '201500290|Lee Park|Same here on Firefox.|2026-03-02 09:20:44.001',
  'its reply, with its author');
select is((select space_id from circle_issues where message_id = '201500290'), '880011',
  'a thread names its space');
select is(pg_temp.take('{"id": 201500402, "parent_message_id": 201500400, "chat_thread_id": 1000990002,
  "chat_room_uuid": "room-9", "body": "An answer", "sender": {"name": "Mia"},
  "created_at": "2026-03-02T11:00:00Z"}'), '1 [] 0 0', 'a reply before its message');
select is(pg_temp.message('201500400'), '1000990002|Untitled message||Unknown|room-9|t', 'holds its place');
select is(
  (select (select count(*) from circle_triage_queue where message_id = '201500400') || ' '
    || (select author_name from circle_replies where message_id = '201500402')), '0 Mia',
  'which nobody is asked about'
);
select is(pg_temp.take('{"id": 201500400, "parent_message_id": null, "chat_thread_id": null,
  "chat_room_uuid": "room-9", "body": "The question", "sender": {"name": "Kim"}, "replies_count": 0,
  "created_at": "2026-03-02T10:59:00Z"}'), '1 [] 0 0', 'then the message');
select is(
  pg_temp.message('201500400'),
  '1000990002|The question|The question|Kim|room-9|t|2026-03-02 10:59:00.000', 'fills its place'
);
select is((select count(*) from circle_triage_queue where message_id = '201500400'), 1::bigint,
  'and waits for a person');

-- Admin API: post and comment

select is(pg_temp.take('[{"id": 30990011, "status": "published", "name": "Export button does nothing",
  "slug": "export-button", "comments_count": 2, "published_at": "2026-03-01T08:00:00.000Z",
  "created_at": "2026-03-01T08:00:00.000Z", "updated_at": "2026-03-01T08:30:00.000Z",
  "body": {"id": 7001, "name": "body", "body": "<div><p>Clicking export…</p></div>", "record_type": "Post",
    "record_id": 30990011, "created_at": "2026-03-01T08:00:00.000Z",
    "updated_at": "2026-03-01T08:00:00.000Z"},
  "tiptap_body": {"body": {"type": "doc", "content": []}, "circle_ios_fallback_text": "Clicking export…",
    "attachments": [], "inline_attachments": [], "format": "post"},
  "url": "https://club.example.org/c/bugs/export-button", "space_name": "Bugs", "space_slug": "bugs",
  "space_id": 880020, "user_id": 44001, "user_email": "ana@example.org", "user_name": "Ana Ruiz",
  "community_id": 412233, "likes_count": 0, "topics": []},
  {"id": 19300111, "parent_comment_id": null, "flagged_for_approval_at": null,
  "created_at": "2026-03-01T09:00:00.000Z", "body": {"id": 8001, "name": "body", "body": "Same for me",
    "record_type": "Comment", "record_id": 19300111, "created_at": "2026-03-01T09:00:00.000Z",
    "updated_at": "2026-03-01T09:00:00.000Z"},
  "user": {"id": 44002, "name": "Lee Park", "avatar_url": null, "email": "lee@example.org"},
  "post": {"id": 30990011, "name": "Export button does nothing", "slug": "export-button"},
  "space": {"id": 880020, "slug": "bugs", "name": "Bugs"},
  "url": "https://club.example.org/c/bugs/export-button#comment_wrapper_19300111", "community_id": 412233,
  "likes_count": 0, "replies_count": 0}]'), '2 [] 0 0', 'a post and a comment');
select is(
  pg_temp.message('post_30990011'),
  'Export button does nothing|Clicking export…|Ana Ruiz|ana@example.org|880020|Bugs|'
    || 'https://club.example.org/c/bugs/export-button|t|2026-03-01 08:00:00.000|2026-03-01 08:00:00.000',
  'the post with a prefix: its ids are counted apart'
);
select is(
  pg_temp.reply('comment_19300111'),
  'post_30990011|Lee Park|Same for me|https://club.example.org/c/bugs/export-button#comment_wrapper_19300111|'
    || '2026-03-01 09:00:00.000', 'the comment too'
);
select is(pg_temp.take('{"id": 30990011, "chat_room_uuid": "room-9", "body": "A message", "sender": {}}'),
  '1 [] 0 0', 'a chat message with the number of a post');
select is((select count(*) from circle_issues where message_id in ('30990011', 'post_30990011')), 2::bigint,
  'is another message');

-- Headless API: post and comment

select is(pg_temp.take('[{"id": 5, "display_title": "Dark mode?", "slug": "dark", "name": null,
  "body_plain_text": "Is there one?", "author": {"name": "Zoë", "email": null}, "comment_count": 1,
  "space": {"id": 880021, "name": "Wishes"}, "url": "https://club.example.org/c/wishes/dark",
  "created_at": "2026-03-03T08:00:00Z"},
  {"id": 6, "post_id": 5, "parent_comment_id": 4, "space_id": 880021, "editor": "tiptap",
  "body": {"attachments": [{"url": "u"}], "html": "<p>One &amp; two</p><p>three&nbsp;<b>four</b></p>"},
  "author": {"name": "Kim"}, "created_at": "2026-03-03T09:00:00Z", "updated_at": "2026-03-03T10:00:00Z"}]'),
  '2 [] 0 0', 'a post and a comment of the other API');
select is(
  pg_temp.message('post_5'),
  'Dark mode?|Is there one?|Zoë|880021|Wishes|https://club.example.org/c/wishes/dark|t|'
    || '2026-03-03 08:00:00.000',
  'the post'
);
select results_eq(
  $$ select body, author_name, attachments from circle_replies where message_id = 'comment_6' $$,
  $$ values (e'One & two\nthree four', 'Kim', '[{"url": "u"}]'::jsonb) $$, 'the comment, its HTML as text'
);

-- the oldest API: everything flat

select is(pg_temp.take('{"id": 7, "post_id": 5, "body": "Flat", "user_name": "Lee",
  "user_email": "l@example.org",   "created_at": "2026-03-03T09:30:00Z"}'), '1 [] 0 0', 'a flat comment');
select is(pg_temp.reply('comment_7'), 'post_5|Lee|Flat|2026-03-03 09:30:00.000', 'is a comment all the same');

-- what flows made before there was an envelope

select is(pg_temp.take('{"chat_thread_id": 1000990003, "chat_room_uuid": "room-9", "parent_message_id": 301,
  "parent_sender": "Ana Ruiz", "parent_created_at": "2026-03-04T08:00:00Z", "parent_body": "Old thread",
  "replies_count": 1, "replies": [{"reply_id": 302, "sender_name": "Lee",
  "created_at": "2026-03-04T08:01:00Z", "body": "Old reply"}], "has_replies": true}'), '1 [] 0 0',
  'a flat thread');
select results_eq(
  $$ select pg_temp.message('301'), pg_temp.reply('302') $$,
  $$ values ('1000990003|Old thread|Old thread|Ana Ruiz|room-9|t|2026-03-04 08:00:00.000',
    '301|Lee|Old reply|2026-03-04 08:01:00.000') $$, 'with both authors'
);
select is(pg_temp.take('{"id": 303, "edited_at": null, "created_at": "2026-03-04T09:00:00Z",
  "chat_room_uuid": "room-9", "chat_room_participant_id": 1, "body": "Nearly raw", "sent_at": null,
  "replies_count": 0, "sender": {"name": "Kim"}, "reactions": [], "attachments": ["u"],
  "chat_thread_id": null, "parent_message_id": null, "total_thread_participants_count": 0}'), '1 [] 0 0',
  'a nearly raw single');
select results_eq(
  $$ select pg_temp.message('303'), attachments from circle_issues where message_id = '303' $$,
  $$ values ('Nearly raw|Nearly raw|Kim|room-9|f|2026-03-04 09:00:00.000', '["u"]'::jsonb) $$,
  'with its attachments'
);
select is(pg_temp.take('{"id": "msg_1", "message": {"content": {"message_id": "m-9",
  "issue_title": "Mock title", "is_issue": true}}, "sender": {"name": "Mo", "email": "mo@example.org"},
  "parent_sender": null, "chat_thread_id": "th-1", "space_id": "space_1"}'), '1 [] 0 0', 'the mock');
select is(
  (select pg_temp.message('m-9') || '|' || i.title || '|' || i.status from circle_issues as c
   join issues as i on i.id = c.mapped_to_issue_id where c.message_id = 'm-9'),
  'th-1|Mock title||Mo|mo@example.org|space_1|f|Mock title|waiting_for_help', 'is an issue by its verdict'
);

select * from finish();
rollback;
