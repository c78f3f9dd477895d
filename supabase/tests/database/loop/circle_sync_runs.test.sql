-- How runs of circle-sync end, and what else they read: the threads of the bot, posts, and hints.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(47);
\ir ../helpers/personas.psql
\ir ../helpers/word_rules.psql
\ir ../helpers/circle_reads.psql
insert into public.circle_spaces (space_id, space_name, chat_room_uuid)
values (880011, 'Help chat', 'room-1');
update public.circle_sync_settings set bot_member_id = 99 where id;
update private.circle_reads set next_read_at = 'infinity' where kind = 'threads';
select pg_temp.claim();

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
