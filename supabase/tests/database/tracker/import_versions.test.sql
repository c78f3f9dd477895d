-- Edits, parts and late arrivals: the newest text stays and no reply is lost.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(24);

\ir ../helpers/personas.psql
\ir ../helpers/envelopes.psql
\ir ../helpers/word_rules.psql

create temp table details as
select '{"is_issue": true, "issue_title": "Title", "type": "Tool"}'::jsonb as d;
select handle_circle_webhook(pg_temp.thread('201', 'Edited text', d, jsonb_build_array(
  pg_temp.reply(1, '301', 'Lee', 'One'),
  pg_temp.reply(2, '302', 'Mia', 'Two', '{"edited_at": "2026-03-05T00:00:00Z"}')
), '{"edited_at": "2026-03-04T00:00:00Z"}')) from details;

-- a part

select handle_circle_webhook(pg_temp.thread('201', 'Edited text', d, jsonb_build_array(
  pg_temp.reply(3, '303', 'Kim', 'Three')
), '{"edited_at": "2026-03-04T00:00:00Z"}')) from details;
select results_eq(
  $$ select message_id, body from public.circle_replies order by reply_index $$,
  $$ values ('301', 'One'), ('302', 'Two'), ('303', 'Three') $$,
  'a partial thread adds its reply and takes none away'
);
select is(
  (select description ~ 'One.*Two.*Three' from public.issues), true, 'the description has all of them'
);

-- older than what we have

create temp table message_before as select * from public.circle_issues;
select handle_circle_webhook(pg_temp.thread('201', 'First text',
  '{"is_issue": true, "issue_title": "Old title", "type": "Auth"}',
  jsonb_build_array(
    pg_temp.reply(2, '302', 'Mia', 'Two, before the edit'), pg_temp.reply(4, '304', 'Ana', 'Four')
  )));
select results_eq('select * from public.circle_issues', 'select * from message_before',
  'an older edit changes no message');
select is(
  (select title || '|' || segment from public.issues), 'Title|tool', 'and nothing of what was decided by it'
);
select results_eq(
  $$ select message_id, body from public.circle_replies order by reply_index $$,
  $$ values ('301', 'One'), ('302', 'Two'), ('303', 'Three'), ('304', 'Four') $$,
  'an older edit of a reply changes nothing, a reply that is new is kept'
);
select is((select description ~ 'Four' from public.issues), true, 'and shown');

-- newer

select handle_circle_webhook(pg_temp.thread('201', 'Third text', null, '[]',
  '{"edited_at": "2026-03-06T00:00:00Z"}'));
select results_eq(
  $$ select body, title, edited_at from public.circle_issues $$,
  $$ values ('Third text', 'Title', '2026-03-06 00:00:00+00'::timestamptz) $$,
  'a newer edit changes the text; without Issue_Details the title stays'
);
select is((select description ~ '^Third text' from public.issues), true, 'the issue follows');
select handle_circle_webhook(pg_temp.single('201', 'Third text', null,
  '{"edited_at": "2026-03-06T00:00:00Z"}'));
select results_eq(
  $$ select is_thread, thread_id from public.circle_issues $$, $$ values (true, '1000990001') $$,
  'a thread stays a thread when its root comes alone'
);

-- a thread's payload that comes after a newer single one

select handle_circle_webhook(pg_temp.single('202', 'New', null, '{"edited_at": "2026-03-06T00:00:00Z"}'));
select handle_circle_webhook(pg_temp.thread('202', 'Old', null,
  jsonb_build_array(pg_temp.reply(1, '401', 'Lee', 'Hi'))));
select results_eq(
  $$ select body, is_thread, thread_id from public.circle_issues where message_id = '202' $$,
  $$ values ('New', true, '1000990001') $$, 'that it is a thread is news, its text is not'
);
select handle_circle_webhook(pg_temp.single('202', 'Untimed', null, '{"created_at": "?"}'));
select is(
  (select body from public.circle_issues where message_id = '202'), 'New',
  'a message without a time is older than one with'
);
select handle_circle_webhook(pg_temp.single('202', 'Older', '{"is_issue": true, "issue_title": "Late"}'));
select is(
  (select title || '|' || split_part(description, e'\n', 1) from public.issues where title = 'Late'),
  'Late|New',
  'a late payload may still say that it is an issue, with the text that we have'
);

-- one payload that says the same reply twice

select is(
  handle_circle_webhook(pg_temp.thread('203', 'x', null, jsonb_build_array(
    pg_temp.reply(1, '501', 'Lee', 'Newer', '{"edited_at": "2026-03-06T00:00:00Z"}'),
    pg_temp.reply(1, '501', 'Lee', 'Older')
  ))) -> 'errors', '[]', 'the same reply twice is not an error'
);
select is((select body from public.circle_replies where message_id = '501'), 'Newer', 'the newer one counts');
select handle_circle_webhook(pg_temp.thread('203', 'x', null, jsonb_build_array(
  pg_temp.reply(1, '501', null, null, '{"edited_at": "2026-03-07T00:00:00Z"}') - 'attachments'
)));
select results_eq(
  $$ select author_name, body from public.circle_replies where message_id = '501' $$,
  $$ values ('Lee', 'Newer') $$,
  'what a payload leaves out stays'
);

-- decisions

select is(
  handle_circle_webhook(pg_temp.single('203', 'Old', '{"is_issue": false}',
    '{"created_at": "2026-01-01T00:00:00Z"}')) #>> '{imported,0,is_stale}', 'true',
  'the answer says what is old'
);
select results_eq(
  $$ select body, is_triaged, triage_confidence from public.circle_issues where message_id = '203' $$,
  $$ values ('x', true, 1::float8) $$, 'a late payload decides what nobody had decided, its text is not taken'
);
select is(
  handle_circle_webhook(pg_temp.single('203', 'Old', '{"is_issue": true}', '{"created_at": "?"}'))
    #>> '{imported,0,action}', 'created', 'and once one version of it was an issue, it has one'
);
select handle_circle_webhook(pg_temp.single('204', 'New', null, '{"edited_at": "2026-03-06T00:00:00Z"}'));
select is(
  handle_circle_webhook(pg_temp.single('204', 'Untimed', '{"is_issue": true}', '{"created_at": "?"}'))
    #>> '{imported,0,action}', 'created', 'one without a time may say that it is an issue'
);
select results_eq(
  $$ select body, is_triaged, triage_confidence, mapped_to_issue_id is not null from public.circle_issues
     where message_id = '204' $$,
  $$ values ('New', true, 1::float8, true) $$, 'and the message is triaged'
);
select handle_circle_webhook(pg_temp.single('205', 'By hand', null));
select is(
  pg_temp.as_persona('agent', $$ update circle_issues
    set mapped_to_issue_id = (select id from issues where title = 'Late') where message_id = '205'
    returning concat_ws('|', is_triaged, triage_confidence) $$),
  't|1', 'whoever gives a message an issue has decided it'
);
select is(
  pg_temp.as_persona('agent', $$ update circle_issues set is_triaged = false where message_id = '205'
    returning is_triaged $$), 'true', 'as long as it has one'
);

-- a reply's id under another message

select is(
  handle_circle_webhook(pg_temp.thread('206', 'x', null, jsonb_build_array(
    pg_temp.reply(1, '501', 'Lee', 'Older', '{"edited_at": "2026-03-03T00:00:00Z"}'),
    pg_temp.reply(2, '502', 'Lee', 'New')
  ))) #>> '{imported,0,replies_processed}', '2', 'a reply may come under two messages'
);
select results_eq(
  $$ select c.message_id, r.author_name, r.body, r.reply_index from public.circle_replies as r
     join public.circle_issues as c on c.id = r.circle_issue_id where r.message_id = '501' $$,
  $$ values ('203', 'Lee', 'Newer', 1) $$, 'and stands under that of its newest version'
);

select * from finish();
rollback;
