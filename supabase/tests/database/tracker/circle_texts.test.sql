-- Where the text of a message comes from: chat messages and posts, each in its order.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(15);

\ir ../helpers/personas.psql

create function pg_temp.tree(p_text text) returns jsonb language sql as $$
  select jsonb_build_object('body', jsonb_build_object('type', 'doc', 'content', jsonb_build_array(
    jsonb_build_object('type', 'paragraph', 'content', jsonb_build_array(
      jsonb_build_object('type', 'text', 'text', p_text || ' '),
      jsonb_build_object('type', 'text', 'text', 'log', 'marks', jsonb_build_array(
        jsonb_build_object('type', 'link', 'attrs', jsonb_build_object('href', 'https://a.example/log'))
      ))
    ))
  )), 'circle_ios_fallback_text', p_text || ' log', 'attachments', jsonb_build_array('x'))
$$;
create function pg_temp.chat(p_message jsonb) returns text language sql as $$
  select body from private.parse_chat_message(p_message, '')
$$;
create function pg_temp.post(p_record jsonb) returns text language sql as $$
  select body from private.parse_post_or_comment(p_record, 'post_', '')
$$;

-- Chat messages

select is(
  pg_temp.chat('{"id": 1, "body": "a <b> &amp;"}'), 'a <b> &amp;', 'the body of a message is plain text'
);
select is(
  pg_temp.chat(jsonb_build_object('id', 1, 'body', 'Plain', 'rich_text_body', pg_temp.tree('Rich'))), 'Plain',
  'plain text comes first'
);
select is(
  pg_temp.chat(jsonb_build_object('id', 1, 'body', ' ', 'rich_text_body', pg_temp.tree('Rich'))),
  'Rich [log](https://a.example/log)', 'then the tree, with its addresses'
);
select is(
  pg_temp.chat(jsonb_build_object('id', 1, 'rich_text_body', pg_temp.tree('Rich')::text)),
  'Rich [log](https://a.example/log)', 'as text of JSON too'
);
select is(
  (select attachments from private.parse_chat_message(
    jsonb_build_object('id', 1, 'rich_text_body', pg_temp.tree('Rich')::text), '')),
  '["x"]', 'with its attachments'
);
select is(
  pg_temp.chat(jsonb_build_object('id', 1, 'rich_text_body', pg_temp.tree('Rich') - 'body')), 'Rich log',
  'then the text for old clients'
);
select is(
  (select (i.root).body || '|' || (i.replies[1]).body from private.parse_circle_item(jsonb_build_object(
    'id', 9, 'parent_message', jsonb_build_object('id', 1, 'rich_text_body', pg_temp.tree('Root')),
    'replies', jsonb_build_array(jsonb_build_object('id', 2, 'rich_text_body', pg_temp.tree('Reply')))
  ), 0) as i),
  'Root [log](https://a.example/log)|Reply [log](https://a.example/log)', 'in a thread: its root and replies'
);
select is(
  (select (i.root).body || '|' || (i.replies[1]).body from private.parse_circle_item(jsonb_build_object(
    'Type', 'thread',
    'Parent_Message', jsonb_build_object('message_id', 1, 'rich_text_body', pg_temp.tree('Root')),
    'Replies', jsonb_build_array(jsonb_build_object('message_id', 2, 'rich_text_body', pg_temp.tree('Reply')))
  ), 0) as i),
  'Root [log](https://a.example/log)|Reply [log](https://a.example/log)', 'in an envelope'
);

-- Posts and comments

select is(
  pg_temp.post(jsonb_build_object('id', 1, 'tiptap_body', pg_temp.tree('Rich'), 'body_plain_text', 'See it',
    'body', '{"body": "<p>See <a href=\"https://a.example/x\">it</a></p>"}'::jsonb)),
  'See [it](https://a.example/x)', 'a post: HTML comes first, with its addresses'
);
select is(
  pg_temp.post(jsonb_build_object('id', 1, 'tiptap_body', pg_temp.tree('Rich'), 'body_text', 'Rich log',
    'body', '{"html": "<p> </p>"}'::jsonb)),
  'Rich [log](https://a.example/log)', 'then the tree'
);
select is(pg_temp.post(jsonb_build_object('id', 1, 'tiptap_body', pg_temp.tree('Rich')::text)),
  'Rich [log](https://a.example/log)', 'as text of JSON too');
select is(
  pg_temp.post('{"id": 1, "body_plain_text": "Plain", "body": {"body": ""}, "tiptap_body": {"body": null}}'),
  'Plain', 'then plain text'
);
select is(
  pg_temp.post('{"id": 1, "tiptap_body": {"circle_ios_fallback_text": "Old"}}'), 'Old',
  'then the text for old clients'
);

-- Imports

select is(
  (select handle_circle_webhook(jsonb_build_object(
    'id', 88, 'chat_room_uuid', 'r', 'sender', '{"name": "Ana"}'::jsonb,
    'rich_text_body', pg_temp.tree('Login fails, see the')
  )) -> 'errors'), '[]', 'a message that is a tree alone'
);
select is(
  (select body from circle_issues where message_id = '88'),
  'Login fails, see the [log](https://a.example/log)',
  'is imported with its text'
);

select * from finish();
rollback;
