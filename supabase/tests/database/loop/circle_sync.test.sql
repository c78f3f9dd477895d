-- What circle-sync reads of Circle, by leases, and what becomes of what it has read.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(75);
\ir ../helpers/personas.psql
\ir ../helpers/word_rules.psql
delete from public.circle_spaces where true;
delete from private.circle_members where true;
delete from private.provider_pauses where true;
update public.circle_sync_settings set
  bot_email = null, bot_member_id = null, community_url = null, window_hours = 72, post_space_ids = '{}',
  ignored_room_uuids = '{}', post_minutes = 60
where id;
update private.circle_reads set next_read_at = 'infinity', cursor = '{}' where kind = 'threads';

create function pg_temp.claim() returns jsonb language sql as $$
  select public.claim_circle_reads() -> 'reads'
$$;
-- The read that is leased, as its run sees it.
create function pg_temp.read_id() returns bigint language sql as $$
  select r.id from private.circle_reads as r where r.lease_expires_at is not null order by r.id limit 1
$$;
create function pg_temp.token() returns bigint language sql as $$
  select r.fencing_token from private.circle_reads as r where r.id = pg_temp.read_id()
$$;
create function pg_temp.record(p_records jsonb, p_cursor jsonb default null) returns jsonb language sql as $$
  select public.record_circle_messages(pg_temp.read_id(), pg_temp.token(), p_records, p_cursor)
$$;
create function pg_temp.finish(p_result jsonb) returns boolean language sql as $$
  select public.finish_circle_read(pg_temp.read_id(), pg_temp.token(), p_result)
$$;
create function pg_temp.due() returns void language sql as $$
  update private.circle_reads set next_read_at = now(), lease_expires_at = null where kind <> 'threads'
$$;
create function pg_temp.message(p_id integer, p_body text, p_more jsonb default '{}') returns jsonb
language sql as $$
  select jsonb_build_object(
    'id', p_id, 'body', p_body, 'sender', '{"name": "Ana", "community_member_id": 11}'::jsonb,
    'created_at', '2026-11-30T08:00:00Z', 'edited_at', null, 'parent_message_id', null, 'replies_count', 0
  ) || p_more
$$;
create function pg_temp.next_in() returns interval language sql as $$
  select r.next_read_at - clock_timestamp() from private.circle_reads as r
  where r.kind <> 'threads' order by r.id limit 1
$$;

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

-- How runs end

select ok(pg_temp.finish('{"state": "done"}'), 'a run ends');
select ok(
  pg_temp.next_in() between interval '40 seconds' and interval '60 seconds', 'the next is in a minute'
);
select is(
  (select (attempts_count, error)::text from private.circle_reads where kind = 'room'), '(0,)',
  'nothing failed'
);
select pg_temp.due(), pg_temp.claim(), pg_temp.finish('{"state": "more"}');
select ok(pg_temp.next_in() <= interval '0', 'where there is more to read, the next run begins immediately');
select pg_temp.due(), pg_temp.claim(), pg_temp.finish(jsonb_build_object(
  'state', 'deferred', 'error_code', 'loop_circle_rate_limited', 'retry_at', now() + interval '5 minutes'
));
select ok(pg_temp.next_in() > interval '4 minutes', 'a rate limit is waited for');
select is(
  (select (attempts_count, error)::text from private.circle_reads where kind = 'room'),
  '(0,loop_circle_rate_limited)', 'and not counted'
);
select pg_temp.due(), pg_temp.claim(), pg_temp.finish('{"state": "failed", "error_code": "x"}');
select is(
  (select attempts_count from private.circle_reads where kind = 'room'), 0, 'nor is Circle''s failure'
);
select pg_temp.due(), pg_temp.claim(),
  pg_temp.finish('{"state": "failed", "error_code": "loop_circle_room_unknown", "is_counted": true}');
select is((select attempts_count from private.circle_reads where kind = 'room'), 1, 'the room''s own is');
update private.circle_reads set attempts_count = 8 where kind = 'room';
select pg_temp.due(), pg_temp.claim(), pg_temp.finish('{"state": "failed", "is_counted": true}');
select ok(pg_temp.next_in() > interval '4 hours', 'and tried less and less often');
select pg_temp.due(), pg_temp.claim();
select ok(
  (select next_read_at > now() + interval '1 hour' from private.circle_reads where kind = 'room'),
  'as is one whose runs never end'
);
update private.circle_reads set lease_expires_at = now() where kind = 'room';
select throws_ok(
  $$ select pg_temp.record('[]') $$, 'PT410', 'loop_circle_lease_expired',
  'a run whose lease is over writes nothing'
);
select is(pg_temp.finish('{"state": "done"}'), true, 'it may end, as long as nobody else has it');
select pg_temp.due(), pg_temp.claim();
select throws_ok(
  $$ select public.record_circle_messages(pg_temp.read_id(), pg_temp.token() - 1, '[]') $$, 'PT410',
  'loop_circle_lease_expired', 'nor does one whose room another run has'
);
select is(
  public.finish_circle_read(pg_temp.read_id(), pg_temp.token() - 1, '{"state": "done"}'), false,
  'it does not end the other''s either'
);
select pg_temp.finish('{"state": "done"}');

-- The bot's threads tell which rooms there are

update private.circle_reads set next_read_at = now() where kind = 'threads';
select is(pg_temp.claim() #>> '{0,kind}', 'threads', 'the bot''s threads are read');
create function pg_temp.thread(p_room text, p_more jsonb default '{}') returns jsonb language sql as $$
  select jsonb_build_object(
    'id', 7, 'parent_message', pg_temp.message(501, 'Export fails with an error', jsonb_build_object(
      'chat_room_uuid', p_room, 'replies_count', 2, 'last_reply_at', now()
    ) || p_more),
    'chat_room', '{
      "name": "Theirs", "embedded_space": {"id": 880012, "slug": "theirs", "host": "c.example.org"}
    }'::jsonb
  )
$$;
select is(
  public.record_circle_threads(pg_temp.read_id(), pg_temp.token(), jsonb_build_array(
    pg_temp.thread('room-2'), pg_temp.thread('room-1', '{"id": 502}'),
    pg_temp.thread('dm') #- '{chat_room,embedded_space}'
  )),
  '{"rooms": 1, "threads": 2}', 'they tell rooms that are not known, and threads with other replies'
);
select results_eq(
  $$ select chat_room_uuid, space_id, space_name from public.circle_spaces order by chat_room_uuid $$,
  $$ values ('room-1', 880011::bigint, 'Help chat'), ('room-2', 880012, 'Theirs') $$,
  'what an operator has entered stays'
);
select results_eq(
  $$ select chat_room_uuid, space_slug, host from private.circle_reads where kind = 'room' order by 1 $$,
  $$ values ('room-1', 'theirs', 'c.example.org'), ('room-2', 'theirs', 'c.example.org') $$,
  'each room has its address'
);
select is(
  (select body from public.circle_issues where message_id = '501'), 'Export fails with an error',
  'what began a thread is imported'
);
select is(
  public.record_circle_threads(
    pg_temp.read_id(), pg_temp.token(), jsonb_build_array(pg_temp.thread('room-2'))
  ),
  '{"rooms": 0, "threads": 0}', 'the same again changes nothing'
);
select is(
  public.record_circle_threads(pg_temp.read_id(), pg_temp.token(), jsonb_build_array(
    pg_temp.thread('room-2', '{"id": 503, "last_reply_at": "2020-01-01T00:00:00Z"}'),
    pg_temp.thread('room-2', '{"id": 504, "sender": {"community_member_id": 99}}')
  )) -> 'threads', '0', 'threads that ended long ago, and the bot''s own, are not read'
);
select pg_temp.finish('{"state": "done"}');

-- Posts

update public.circle_sync_settings set post_space_ids = '{880020}' where id;
update private.circle_reads set next_read_at = 'infinity' where kind = 'room';
select is(pg_temp.claim() #>> '{0,post_space_id}', '880020', 'a space with posts is leased');
select is(
  pg_temp.record('[
    {"id": 7, "name": "Export", "slug": "export", "space_id": 880020, "user_name": "Lee",
      "user_email": "l@x.org",
      "body": {"body": "<p>The export fails with an error</p>", "record_type": "Post"}, "comments_count": 1,
      "published_at": "2026-11-30T08:00:00Z", "updated_at": "2026-11-30T08:00:00Z"},
    {"id": 7, "post": {"id": 7}, "body": {"body": "Same", "record_type": "Comment"}, "user": {"id": 1,
      "name": "Ana", "email": "ana@example.org"}, "created_at": "2026-11-30T08:01:00Z"}
  ]') -> 'changed', '2', 'a post and a comment of the same number are two'
);
select is(
  (select r.body from public.circle_replies as r join public.circle_issues as c on c.id = r.circle_issue_id
   where c.message_id = 'post_7' and r.message_id = 'comment_7'), 'Same', 'the comment answers the post'
);
select is(
  public.due_circle_threads(pg_temp.read_id(), pg_temp.token()) #>> '{0,id}', '7', 'its comments are due'
);
select public.record_circle_removals(pg_temp.read_id(), pg_temp.token(), '{comment_7}');
select isnt(
  (select removed_at from public.circle_replies where message_id = 'comment_7'), null, 'a comment is removed'
);
select is(private.post_read_interval(), interval '1 hour', 'posts are read once an hour');
update private.provider_budgets set calls_limit = 520 where provider = 'circle_admin';
select ok(
  private.post_read_interval() between interval '1 hour' and interval '31 days'
    and private.post_read_interval() > (
      select (date_trunc('month', now(), 'UTC') + interval '1 month' - now()) * 0.14
    ),
  'and less often where the month''s quota would not last'
);
update private.provider_budgets set calls_limit = 400 where provider = 'circle_admin';
select ok(
  clock_timestamp() + private.post_read_interval() + interval '1 minute'
    > date_trunc('month', now(), 'UTC') + interval '1 month', 'or next month'
);
select pg_temp.finish('{"state": "done"}');

-- Hints

update private.circle_reads set next_read_at = now() + interval '1 hour', read_at = now();
select is(
  private.apply_circle_hints('{"type": "x", "data": {"chat_room_uuid": "room-2"}}'), 1,
  'a hint brings the read of its room forward'
);
select is(
  private.apply_circle_hints('[{"type": "x", "data": {"space_id": "880011"}}, {"type": "x", "data": {}}]'), 1,
  'or of its space'
);
select is(
  private.apply_circle_hints('{"type": "x", "data": {"post_id": 7}}'), 0, 'posts are not read all the time'
);
update private.circle_reads set read_at = now() - interval '11 minutes' where kind = 'posts';
select is(private.apply_circle_hints('{"type": "x", "data": {"post_id": 7}}'), 1, 'but after ten minutes');
select is(
  private.handle_circle_webhook('{"type": "x", "data": {"community_member_id": 7}}') -> 'hints', '1',
  'one about members is a hint too, for which nothing is read'
);

-- What is kept

update private.circle_seen_messages set posted_at = now() - interval '5 days', replies_at = null where true;
select ok(private.prune_circle_sync() > 0, 'what left the window is deleted');
select is((select count(*)::integer from private.circle_seen_messages), 0, 'all of it');

-- Rights

select is(
  pg_temp.as_persona(p.name, 'select count(*) from public.circle_sync_status'), p.outcome,
  format('the status of the import, for %s', p.name)
)
from (values
  ('stranger', '0'), ('viewer', '4'), ('admin', '4'),
  ('anon', '42501 permission denied for view circle_sync_status')
) as p (name, outcome);
select is(
  pg_temp.as_persona(
    p.name, 'update public.circle_sync_settings set window_hours = 24 where id returning id'
  ),
  p.outcome, format('changing the settings, for %s', p.name)
)
from (values
  ('viewer', 'PT403 team_role_required'), ('agent', 'PT403 team_role_required'), ('admin', 'true'),
  ('anon', '42501 permission denied for table circle_sync_settings')
) as p (name, outcome);
select is(
  pg_temp.as_persona('admin', format('update public.circle_sync_settings set %s where id', c.change)),
  '23514 new row for relation "circle_sync_settings" violates check constraint "' || c.name || '"', c.change
)
from (values
  ($$community_url = 'https://x.example/c'$$, 'circle_sync_settings_community_url_is_an_origin'),
  ($$bot_email = 'bot'$$, 'circle_sync_settings_bot_email_is_an_address'),
  ('window_hours = 0', 'circle_sync_settings_window_hours_is_bounded')
) as c (change, name);

select * from finish();
rollback;
