-- The n8n envelope, single and thread, with the traps of its keys.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(27);

\ir ../helpers/personas.psql
\ir ../helpers/envelopes.psql
\ir ../helpers/word_rules.psql

-- a single message

create temp table result as
select process_circle_webhook(
  pg_temp.single('201500310', 'I can''t get in',
    '{"is_issue": true, "issue_title": "Login loop", "type": "Auth"}')
) as r;
select is(
  (select r - 'circle_issue_id' - 'issue_id' from result),
  '{"title": "Login loop", "action": "created", "segment": "auth", "is_stale": false,
    "message_id": "201500310", "message_type": "single", "replies_processed": 0, "is_triaged": true,
    "triage_confidence": 1}'::jsonb,
  'the answer says what became of it'
);
select results_eq(
  $$ select message_id, thread_id, title, body, author_name, author_email, space_name, link, is_thread,
    is_triaged,
       triage_confidence, chat_room_uuid, posted_at, edited_at,
       mapped_to_issue_id = (select (r ->> 'issue_id')::uuid from result)
     from public.circle_issues $$,
  $$ values ('201500310', null, 'Login loop', 'I can''t get in', 'Ana Ruiz', null, 'Help chat',
       'https://club.example.org/c/help-chat/#message_201500310', false, true, 1::float8, 'room-1',
       '2026-03-02 09:14:05.12+00'::timestamptz, null::timestamptz, true) $$,
  'the ids are stored as text, and its own id is not a thread'
);
select results_eq(
  $$ select title, description, status, segment, submitted_by, submitted_by_user_id, tags, is_test
    from public.issues $$,
  $$ values ('Login loop', 'I can''t get in'
    || e'\n\n---\nMessage ID: 201500310 | Posted: 2026-03-02 09:14:05\n'
       || 'https://club.example.org/c/help-chat/#message_201500310', 'waiting_for_help', 'auth', 'Ana Ruiz',
       null::uuid,
       '{auth,circle}'::text[], false) $$,
  'the issue waits for help, from its author, tagged'
);
select results_eq(
  $$ select l.import_source, l.imported_by, l.is_automatic, l.issue_id = i.id, l.circle_issue_id = c.id
     from public.issue_import_logs as l, public.issues as i, public.circle_issues as c $$,
  $$ values ('n8n_webhook', 'system', true, true, true) $$, 'the import is logged'
);

-- the same again

create temp table rows_before as select to_jsonb(i) as row from public.issues as i;
select is(
  process_circle_webhook(
    pg_temp.single('201500310', 'I can''t get in',
      '{"is_issue": true, "issue_title": "Login loop", "type": "Auth"}')
  ) ->> 'action', 'updated', 'the same payload again updates'
);
select results_eq('select to_jsonb(i) from public.issues as i', 'select row from rows_before',
  'nothing, to the time');
select is(
  (select count(*) from public.circle_issues) || ' ' || (select count(*) from public.issue_import_logs)
    || ' ' || (select count(*) from public.issue_status_logs),
  '1 1 1', 'and adds no row anywhere'
);

-- a thread

select process_circle_webhook(
  pg_temp.thread(
    '201500290', 'Builds break', '{"is_issue": "true", "issue_title": "", "type": "Code Generation"}',
    jsonb_build_array(
      pg_temp.reply(1, '201500301', 'Lee Park', 'Same here'),
      pg_temp.reply(2, '201500302', 'Mia Novak', 'Me too', '{"attachments": ["https://x/y"]}')
    )
  ),
  'backfill', 'Kim'
);
select results_eq(
  $$ select thread_id, is_thread, author_name, body from public.circle_issues
    where message_id = '201500290' $$,
  $$ values ('1000990001', true, 'Ana Ruiz', 'Builds break') $$, 'parent_sender and parent_body are read'
);
select results_eq(
  $$ select message_id, reply_index, author_name, body, posted_at, created_at, attachments
     from public.circle_replies order by reply_index $$,
  $$ values
    ('201500301', 1, 'Lee Park', 'Same here', '2026-03-02 09:20:44.001+00'::timestamptz,
      '2026-03-02 09:20:44.001+00'::timestamptz, '[]'::jsonb),
    ('201500302', 2, 'Mia Novak', 'Me too', '2026-03-02 09:20:44.001+00', '2026-03-02 09:20:44.001+00',
      '["https://x/y"]') $$,
  'each reply under its own author, by "replier <n>"'
);
select results_eq(
  $$ select title, segment, position('> **Lee Park**: Same here' in description) > 0 from public.issues
    where segment = 'code' $$,
  $$ values ('Builds break', 'code', true) $$,
  'a blank title is taken from the body; replies are in the description'
);
select is(
  (select import_source || ' ' || imported_by from public.issue_import_logs
    where import_source <> 'n8n_webhook'),
  'backfill Kim', 'a server says how and by whom'
);

-- what Issue_Details says

select results_eq(
  $$ select t.type, handle_circle_webhook(
       pg_temp.single(t.id, 'nothing in particular', jsonb_build_object('is_issue', true, 'type', t.type))
     ) #>> '{imported,0,segment}'
     from (values ('1', 'Auth'), ('2', 'auth/login'), ('3', 'CODE'), ('4', 'Code Generation'), ('5', 'Tool'),
       ('6', 'Other'),
       ('7', 'Misc'), ('8', 'Other/Misc'), ('9', ' tool '), ('10', 'Billing'), ('11', null))
         as t (id, type) $$,
  $$ values ('Auth', 'auth'), ('auth/login', 'auth'), ('CODE', 'code'), ('Code Generation', 'code'),
    ('Tool', 'tool'),
    ('Other', 'misc'), ('Misc', 'misc'), ('Other/Misc', 'misc'), (' tool ', 'tool'), ('Billing', 'misc'),
    (null, 'misc') $$,
  'types mean segments, in any case'
);
select is(
  process_circle_webhook(pg_temp.single('12', 'my password is gone',
    '{"is_issue": true, "type": "Billing"}')) ->> 'segment',
  'auth', 'an unknown type leaves it to the words'
);
select is(
  process_circle_webhook(pg_temp.single('13', repeat('abcde ', 12), '{"is_issue": true}')) ->> 'title',
  left(repeat('abcde ', 12), 50) || '...', 'a long body is cut after 50 characters'
);
select is(
  process_circle_webhook(pg_temp.single('14', repeat('x', 50), '{"is_issue": true}')) ->> 'title',
  repeat('x', 50),
  'one of 50 is not'
);

-- no issue, and one later

select is(
  process_circle_webhook(pg_temp.single('15', 'Good morning',
    '{"is_issue": false, "issue_title": null}')) ->> 'action',
  'stored', 'what is not an issue is stored'
);
select results_eq(
  $$ select is_triaged, triage_confidence, mapped_to_issue_id,
       (select count(*) from public.issue_import_logs as l where l.circle_issue_id = c.id)
     from public.circle_issues as c where message_id = '15' $$,
  $$ values (true, 1::float8, null::uuid, 0::bigint) $$, 'triaged, without an issue or an import'
);
select is(
  process_circle_webhook(pg_temp.single('15', 'Good morning',
    '{"is_issue": true, "issue_title": "Morning"}')) ->> 'action',
  'created', 'said to be one later, it becomes one'
);
select is(
  process_circle_webhook(pg_temp.single('16', 'Hmm', null)) ->> 'action', 'stored',
  'without Issue_Details it waits'
);
select results_eq(
  $$ select is_triaged, triage_confidence from public.circle_issues where message_id = '16' $$,
  $$ values (false, 0::float8) $$, 'for a person to triage it'
);

-- odd values

select is(
  handle_circle_webhook(pg_temp.single('17', 'x', '{"is_issue": true}', jsonb_build_object(
    'message_id', 'abc-17', 'created_at', 'yesterday', 'edited_at', '2026-02-30T00:00:00Z', 'sender', null
  ))) -> 'errors', '[]', 'times that are not valid are not an error'
);
select results_eq(
  $$ select posted_at, edited_at, author_name from public.circle_issues where message_id = 'abc-17' $$,
  $$ values (null::timestamptz, null::timestamptz, 'Unknown') $$, 'they are null'
);
select is(
  handle_circle_webhook(pg_temp.single('18', 'x', '{"is_issue": true}',
    '{"message_id": 99999999999999999999999}')) -> 'errors',
  '[]', 'ids have no largest number'
);
select is(
  handle_circle_webhook(pg_temp.thread('19', repeat('long ', 50000), '{"is_issue": true}', jsonb_build_array(
    pg_temp.reply(1, '190', 'A', 'x') - 'replier 1'
      || '{"reply_index": 99999999999999, "replier 3": "Wrong number"}'
  ))) -> 'errors', '[]', 'nor have places and texts'
);
select results_eq(
  $$ select r.reply_index, r.author_name from public.circle_replies as r where message_id = '190' $$,
  $$ values (null::integer, 'Wrong number') $$, 'an index that is not valid is null'
);
select is(
  handle_circle_webhook(jsonb_set(pg_temp.single('20', 'x', null), '{Replies}',
    'null')) #>> '{imported,0,message_type}',
  'single', 'Replies may be null'
);

select results_eq(
  $$ select i.value ->> 'title' from jsonb_array_elements(handle_circle_webhook(jsonb_build_array(
       pg_temp.single('30', e'\u00a0 \u00a0',
         jsonb_build_object('is_issue', true, 'issue_title', e'\t\u00a0'))
     )) -> 'imported') as i $$,
  $$ values ('Untitled message') $$, 'a title and a text of nothing but blanks count as missing'
);

select * from finish();
rollback;
