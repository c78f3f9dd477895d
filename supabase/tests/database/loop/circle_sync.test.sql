-- What circle-sync reads of Circle, by leases, and what becomes of what it has read.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(28);
\ir ../helpers/personas.psql
\ir ../helpers/word_rules.psql
\ir ../helpers/circle_reads.psql

-- What is read, and when

insert into public.circle_spaces (space_id, space_name, chat_room_uuid)
values (880011, 'Help chat', 'room-1');
select is(pg_temp.claim(), '[]', 'nothing is read before a bot is set');
update public.circle_sync_settings set bot_member_id = 99, post_space_ids = '{880020,880020}' where id;
update private.circle_reads set next_read_at = 'infinity' where kind = 'threads';
select results_eq(
  $$ select kind, chat_room_uuid, post_space_id from private.circle_reads
     where kind <> 'threads' order by id $$,
  $$ values ('room', 'room-1', null::bigint), ('posts', null, 880020) $$,
  'each room of circle_spaces is read, and each space of post_space_ids once'
);
update public.circle_sync_settings set post_space_ids = '{}' where id;
select is((select count(*)::integer from private.circle_reads where kind = 'posts'), 0, 'and no other space');
update public.circle_sync_settings set ignored_room_uuids = '{room-1}' where id;
select is(pg_temp.claim(), '[]', 'a room that is ignored is not read');
update public.circle_sync_settings set ignored_room_uuids = '{}' where id;
select is(
  pg_temp.claim() #- '{0,id}' #- '{0,fencing_token}', '[{
    "kind": "room", "chat_room_uuid": "room-1", "post_space_id": null, "cursor": {}
  }]', 'a room that is due is leased'
);
select is(pg_temp.claim(), '[]', 'to one run at a time');

-- What was read

select is(
  pg_temp.record(jsonb_build_array(
    pg_temp.message(101, 'The login fails with error 500'),
    pg_temp.message(102, 'Hello', '{"sender": {"name": "Bot", "community_member_id": 99}}'),
    pg_temp.message(101, 'The login fails with error 500'), '{"body": "without an id"}'
  ), '{"last_id": 102}'),
  '{"changed": 1, "own": 1, "invalid": 2, "unknown_authors": 1}',
  'messages are imported, without the bot''s own'
);
select results_eq(
  $$ select message_id, body, author_name, space_name, space_id, link from public.circle_issues
     where chat_room_uuid = 'room-1' $$,
  $$ values ('101', 'The login fails with error 500', 'Ana', 'Help chat', '880011', null) $$,
  'as messages of their space'
);
select is(
  (select cursor from private.circle_reads where kind = 'room'), '{"last_id": 102}', 'the cursor is stored'
);
select is(
  (select count(*)::integer from private.inbox_events where event_type = 'circle_sync'), 1,
  'what is imported is an event of the inbox'
);
select is(
  pg_temp.record(jsonb_build_array(pg_temp.message(101, 'The login fails with error 500',
    '{"reactions": [{"emoji": "heart", "count": 2}]}'))),
  '{"changed": 0, "own": 0, "invalid": 0, "unknown_authors": 1}', 'what has not been edited is not imported'
);
select is(
  public.record_circle_members(pg_temp.read_id(), pg_temp.token(), '[
    {"community_member_id": 11, "name": "Ana", "email": "Ana@Example.org"},
    {"community_member_id": 11, "name": "Ana", "email": "ana@example.org"}, {"name": "nobody"}
  ]', '{"last_id": 102, "participants": {}}'), 1, 'participants are stored, each once'
);
update private.circle_reads set space_slug = 'help-chat', host = 'club.example.org' where kind = 'room';
select is(
  pg_temp.record(jsonb_build_array(
    pg_temp.message(101, 'The login fails with error 501', '{"edited_at": "2026-11-30T08:05:00Z"}'),
    pg_temp.message(103, 'Me too', '{"parent_message_id": 101, "created_at": "2026-11-30T08:06:00Z"}')
  )),
  '{"changed": 2, "own": 0, "invalid": 0, "unknown_authors": 0}', 'an edit and a reply are'
);
select results_eq(
  $$ select body, author_email, link, edited_at from public.circle_issues where message_id = '101' $$,
  $$ values ('The login fails with error 501', 'ana@example.org',
       'https://club.example.org/c/help-chat/#message_101', '2026-11-30T08:05:00Z'::timestamptz) $$,
  'with the e-mail address of the author, and a link'
);
select results_eq(
  $$ select r.body, r.link from public.circle_replies as r
     join public.circle_issues as c on c.id = r.circle_issue_id where c.message_id = '101' $$,
  $$ values ('Me too', 'https://club.example.org/c/help-chat/?message_id=103#message_101') $$,
  'a reply belongs to its message'
);

-- Threads

select is(
  public.due_circle_threads(pg_temp.read_id(), pg_temp.token()), '[]',
  'a message without replies is not read as a thread'
);
select pg_temp.record(jsonb_build_array(pg_temp.message(
  101, 'The login fails with error 501',
  '{"edited_at": "2026-11-30T08:05:00Z", "replies_count": 1, "last_reply_at": "2026-11-30T08:06:00Z"}'
)));
create temp table thread on commit drop as
select t.* from jsonb_to_recordset(public.due_circle_threads(pg_temp.read_id(), pg_temp.token()))
  as t (id bigint, replies_state text, now timestamptz);
select is((select array_agg(id) from thread), '{101}', 'other replies than before make a thread due');
select is(
  (select public.finish_circle_thread(
    pg_temp.read_id(), pg_temp.token(), t.id, t.replies_state, t.now + interval '1 second'
  ) from thread as t), '["103"]', 'a reply that is not among those that were read is named'
);
select is(
  public.due_circle_threads(pg_temp.read_id(), pg_temp.token()), '[]', 'what was read is not due'
);
update private.circle_seen_messages set replies_read_at = now() - interval '7 hours' where source_id = 101;
select is(
  public.due_circle_threads(pg_temp.read_id(), pg_temp.token()) #>> '{0,id}', '101',
  'before some hours have passed'
);

-- Removals

select is(
  public.missing_circle_messages(pg_temp.read_id(), pg_temp.token(), now(), '2026-11-30'), '[]',
  'nothing is missing that was seen since'
);
select is(
  public.missing_circle_messages(
    pg_temp.read_id(), pg_temp.token(), now() + interval '1 second', '2026-11-30T08:00:01Z'
  ),
  '[]', 'or that is outside of what was read'
);
select is(
  public.missing_circle_messages(
    pg_temp.read_id(), pg_temp.token(), now() + interval '1 second', '2026-11-30T08:00:00Z'
  ),
  '["101"]', 'a message that was not seen again is'
);
select is(
  public.record_circle_removals(pg_temp.read_id(), pg_temp.token(), '{103}'), 1, 'a reply that is gone'
);
select isnt(
  (select removed_at from public.circle_replies where message_id = '103'), null, 'is marked as removed'
);
select is(
  public.record_circle_removals(pg_temp.read_id(), pg_temp.token(), '{101,999}'), 1, 'and so is a message'
);
select results_eq(
  $$ select removed_at is not null, body, raw_data #>> '{sender,community_member_id}'
     from public.circle_issues where message_id = '101' $$,
  $$ values (true, 'The login fails with error 501', '11') $$, 'which keeps what is known of it'
);
select is(
  (select count(*)::integer from private.circle_seen_messages where read_id = pg_temp.read_id()), 0,
  'it is not looked for again'
);

select * from finish();
rollback;
