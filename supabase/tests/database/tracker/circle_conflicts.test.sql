-- Two messages under one id: the first one stays as it is. And messages that were removed.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(28);

\ir ../helpers/personas.psql
\ir ../helpers/envelopes.psql

create function pg_temp.send(p_id text, p_body text, p_author text, p_posted_at text,
  p_more jsonb default '{}')
returns text language sql as $$
  select coalesce(r #>> '{errors,0,code}', r #>> '{imported,0,action}')
  from handle_circle_webhook(pg_temp.single(p_id, p_body, null, jsonb_build_object(
    'sender', p_author, 'created_at', p_posted_at) || p_more)) as r
$$;
create function pg_temp.stored(p_id text) returns text language sql as $$
  select concat_ws('|', body, author_name, to_char(posted_at at time zone 'UTC', 'MM-DD HH24:MI:SS'))
  from circle_issues where message_id = p_id
$$;

select is(pg_temp.send('1', 'Mine', 'Ana Ruiz', '2026-03-02T09:14:05.120Z'), 'stored', 'a message');
create temp table before as select to_jsonb(c) as row from circle_issues as c;
select is(pg_temp.send('1', 'Another', 'Lee Park', '2026-03-03T09:14:05Z'), 'tracker_message_id_conflict',
  'another author and another time of posting under its id is another message');
select results_eq('select to_jsonb(c) from circle_issues as c', 'select row from before',
  'it stays as it was');
select results_eq(
  $$ select r ->> 'processed', r #>> '{errors,0,index}', r #>> '{errors,0,message_id}',
       r #>> '{errors,0,message}' ~ 'Ana Ruiz.*Lee Park', r #>> '{imported,0,message_id}'
     from handle_circle_webhook(jsonb_build_array(
       pg_temp.single('1', 'x', null, '{"sender": "Lee Park", "created_at": "2026-03-03T00:00:00Z"}'),
       pg_temp.single('2', 'x', null))) as r $$,
  $$ values ('1', '0', '1', true, '2') $$, 'the rest of the payload goes on'
);
select throws_ok(
  $$ select process_circle_webhook(pg_temp.single('1', 'x', null,
    '{"sender": "Lee Park", "created_at": "2026-03-03T00:00:00Z"}')) $$, 'PT409',
      'tracker_message_id_conflict',
  'process_circle_webhook answers 409'
);
create temp table sent as
select ingest_circle_event(encode(convert_to(pg_temp.single('1', 'x', null,
  '{"sender": "Lee Park", "created_at": "2026-03-03T00:00:00Z"}')::text, 'UTF8'), 'base64')) as a;
select is(
  (select concat_ws(' ', a ->> 'status', a ->> 'processed', f.error, f.next_attempt_at is null)
   from sent join failed_circle_events as f on f.id = (a ->> 'event_id')::uuid),
  'failed 0 tracker_message_id_conflict t', 'an event is listed and not tried again by itself'
);

-- What is not a conflict

select is(pg_temp.send('1', 'Renamed', 'Ana Ruiz-Park', '2026-03-02T09:14:05.120Z',
  '{"edited_at": "2026-03-03T00:00:00Z"}') || ' ' || pg_temp.stored('1'),
  'stored Renamed|Ana Ruiz-Park|03-02 09:14:05', 'another name alone');
select is(pg_temp.send('1', 'Moved', 'Ana Ruiz-Park', '2026-03-01T00:00:00Z',
  '{"edited_at": "2026-03-04T00:00:00Z"}') || ' ' || pg_temp.stored('1'),
  'stored Moved|Ana Ruiz-Park|03-01 00:00:00', 'another time alone');
select is(
  pg_temp.send('1', 'Same time', 'Ana', t, '{"edited_at": "2026-03-05T00:00:00Z"}'), 'stored',
  'the same time in another form: ' || t
)
from unnest(array['2026-03-01', '2026-03-01T02:00:00+02:00', '2026-03-01 00:00:00.900 UTC']) as t;
select is(
  pg_temp.send('1', 'x', a, t), 'stored', format('what is left open is not different: %L, %L', a, t)
)
from (values (null, '2026-04-01T00:00:00Z'), ('Lee Park', null), ('Lee Park', 'soon'), ('  ANA ',
  '2026-04-01'))
  as v (a, t);
select handle_circle_webhook('{"id": 11, "parent_message_id": 10, "chat_room_uuid": "r", "body": "First"}');
select is(pg_temp.send('10', 'Root', 'Kim', '2026-03-01T00:00:00Z'), 'stored',
  'a message that only a reply named');

-- The author is an id where both have it

create function pg_temp.record(p_id integer, p_name text, p_member integer, p_day integer) returns text
language sql as $$
  select coalesce(r #>> '{errors,0,code}', r #>> '{imported,0,action}')
  from handle_circle_webhook(jsonb_build_object(
    'id', p_id, 'chat_room_uuid', 'r', 'body', 'x', 'created_at', format('2026-03-%sT00:00:00Z', 10 + p_day),
    'sender', jsonb_build_object('name', p_name, 'community_member_id', p_member))) as r
$$;
select is(
  concat_ws(' ', pg_temp.record(20, 'Ana', 5, 1), pg_temp.record(20, 'Ana Ruiz', 5, 2),
    pg_temp.record(20, 'Ana Ruiz', 6, 3)),
  'stored stored tracker_message_id_conflict', 'one person under two names, and two of one name'
);

-- Replies

select handle_circle_webhook(pg_temp.thread('30', 'x', null, jsonb_build_array(pg_temp.reply(1, '301', 'Lee',
  'Hi'))));
create temp table answer as
select handle_circle_webhook(pg_temp.thread('31', 'Another thread', '{"is_issue": true}', jsonb_build_array(
  pg_temp.reply(1, '301', 'Mia', 'Ho', '{"created_at": "2026-03-09T00:00:00Z"}'),
  pg_temp.reply(2, '302', 'Mia', 'Ha')))) as r;
select is(
  (select concat_ws(' ', r ->> 'processed', r #>> '{imported,0,action}',
    r #>> '{imported,0,replies_processed}',
     r #>> '{imported,0,unread,0,code}', r #>> '{imported,0,unread,0,value}', r #>> '{errors,0,code}')
       from answer),
  '1 created 1 tracker_reply_id_conflict 301 tracker_reply_id_conflict',
  'a reply under the id of another one is left out and named, its message is imported'
);
select results_eq(
  $$ select r.message_id, r.body, c.message_id from circle_replies as r
     join circle_issues as c on c.id = r.circle_issue_id where r.message_id like '30_' order by 1 $$,
  $$ values ('301', 'Hi', '30'), ('302', 'Ha', '31') $$, 'the other one stays as it was'
);

-- Removed messages

select handle_circle_webhook(pg_temp.thread('40', 'Removed later', '{"is_issue": true}', jsonb_build_array(
  pg_temp.reply(1, '401', 'Lee', 'Hi'))));
select is(
  handle_circle_webhook(pg_temp.thread('40', 'Removed later', '{"is_issue": true}', jsonb_build_array(
    pg_temp.reply(1, '401', 'Lee', 'Hi', '{"removed_at": "2026-03-08T10:00:00Z"}')
  ), '{"deleted_at": "2026-03-09T10:00:00Z"}')) #>> '{imported,0,action}', 'updated',
    'a message that was removed'
);
select results_eq(
  $$ select c.removed_at, r.removed_at, i.status, i.description ~ 'Removed in Circle: 2026-03-09 10:00:00',
       i.description ~ '> \*\*Lee\*\* \(removed\): Hi',
         i.description = format_circle_message_description(c.id)
     from circle_issues as c join issues as i on i.id = c.mapped_to_issue_id
     join circle_replies as r on r.circle_issue_id = c.id where c.message_id = '40' $$,
  $$ values ('2026-03-09 10:00:00+00'::timestamptz, '2026-03-08 10:00:00+00'::timestamptz, 'waiting_for_help',
    true,
    true, true) $$, 'is marked as such, and its issue stays'
);
select handle_circle_webhook('{"id": 41, "post_id": 5, "body": "x", "created_at": "2026-03-08T00:00:00Z",
  "removed_at": "2026-03-09T00:00:00Z"}');
select handle_circle_webhook('{"id": 5, "slug": "s", "name": "n", "space_id": 1, "deleted": true,
  "created_at": "2026-03-08T00:00:00Z"}');
select results_eq(
  $$ select (select removed_at from circle_replies where message_id = 'comment_41'),
       (select removed_at from circle_triage_queue where message_id = 'post_5') $$,
  $$ values ('2026-03-09 00:00:00+00'::timestamptz, '2026-03-08 00:00:00+00'::timestamptz) $$,
  'comments and posts too; without a time, at that of the last change'
);
select results_eq(
  $$ select r #>> '{imported,0,unread,0,field}', (select removed_at from circle_issues
    where message_id = '42')
     from handle_circle_webhook(pg_temp.single('42', 'x', null, '{"deleted_at": "gone"}')) as r $$,
  $$ values ('deleted_at', null::timestamptz) $$, 'the time is named where it cannot be read'
);
select is((select removed_at from circle_issues where message_id = '42'), '2026-03-02 09:14:05.12+00',
  'and the message is marked all the same');
select is(
  handle_circle_webhook(pg_temp.single('43', 'x', null, jsonb_build_object('removed_at', v, 'is_deleted',
    false)))
    #>> '{imported,0,message_id}', '43', 'not removed: ' || coalesce(v, 'null')
)
from unnest(array[null, '']) as v;
select is((select removed_at from circle_issues where message_id = '43'), null, 'neither of them');
create temp table removed as
select v.id, v.more, r #>> '{imported,0,unread,0,field}' as unread
from (values
  (50, '{"is_removed": "", "removed": true}'), (51, '{"is_removed": false, "is_deleted": "yes"}'),
  (52, '{"deleted": "2026-03-08T00:00:00Z"}'), (53, '{"deleted_at": "yes"}'),
  (54, '{"deleted_at": 1772924400}'),
  (55, '{"deleted_at": "null", "is_removed": 0}'), (56, '{"removed_at": "{{ $json.removed_at }}"}'),
  (57, '{"removed_at": "undefined"}'), (58, '{"removed_at": false, "deleted": "no"}'),
  (59, '{"is_removed": "ja"}')
) as v (id, more)
cross join lateral handle_circle_webhook(pg_temp.single(v.id::text, 'x', null, v.more::jsonb)) as r;
select results_eq(
  $$ select r.more, c.removed_at at time zone 'UTC', r.unread from removed as r
     join circle_issues as c on c.message_id = r.id::text order by r.more collate "C" $$,
  $$ values
    ('{"deleted": "2026-03-08T00:00:00Z"}', '2026-03-08 00:00:00'::timestamp, null),
    ('{"deleted_at": "null", "is_removed": 0}', null, 'deleted_at'),
    ('{"deleted_at": "yes"}', '2026-03-02 09:14:05.12', 'deleted_at'),
    ('{"deleted_at": 1772924400}', '2026-03-07 23:00:00', null),
    ('{"is_removed": "", "removed": true}', '2026-03-02 09:14:05.12', null),
    ('{"is_removed": "ja"}', null, 'is_removed'),
    ('{"is_removed": false, "is_deleted": "yes"}', '2026-03-02 09:14:05.12', null),
    ('{"removed_at": "undefined"}', null, 'removed_at'),
    ('{"removed_at": "{{ $json.removed_at }}"}', null, 'removed_at'),
    ('{"removed_at": false, "deleted": "no"}', null, 'removed_at') $$,
  'any key may say it, and what stands in the place of a time that was missing does not'
);

select * from finish();
rollback;
