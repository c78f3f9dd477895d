-- A body is stored and processed in one transaction, once.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(28);

\ir ../helpers/personas.psql
\ir ../helpers/envelopes.psql

create function pg_temp.send(p_body text) returns jsonb language sql as $$
  select public.ingest_circle_event(encode(convert_to(p_body, 'UTF8'), 'base64'))
$$;
create function pg_temp.summary(p_answer jsonb) returns text language sql as $$
  select concat_ws(
    ' ', p_answer ->> 'status', p_answer ->> 'processed', jsonb_array_length(p_answer -> 'errors'),
    p_answer ->> 'hints', p_answer ->> 'unrecognised'
  )
$$;

-- stored and processed

create temp table first as
select pg_temp.send(pg_temp.single('1', 'Text', '{"is_issue": true}')::text) as answer;
select is((select pg_temp.summary(answer) from first), 'processed 1 0 0 0', 'a message is imported');
select results_eq(
  $$ select e.status, e.attempts_count, e.received_count, e.next_attempt_at, e.result || jsonb_build_object(
       'event_id', e.id, 'status', e.status), convert_from(e.body, 'UTF8')::jsonb
     from private.inbox_events as e $$,
  $$ select 'processed', 1, 1, null::timestamptz, answer,
       pg_temp.single('1', 'Text', '{"is_issue": true}') from first $$,
  'and stored with the answer'
);

-- the same bytes again

create temp table before as
select to_jsonb(c) as row from circle_issues as c union all select to_jsonb(i) from issues as i
union all select to_jsonb(l) from issue_import_logs as l;
select is(pg_temp.send(pg_temp.single('1', 'Text', '{"is_issue": true}')::text), (select answer from first),
  'the same bytes get the same answer');
select results_eq(
  $$ select to_jsonb(c) from circle_issues as c union all select to_jsonb(i) from issues as i
     union all select to_jsonb(l) from issue_import_logs as l $$,
  'select row from before', 'and change nothing'
);
select results_eq(
  $$ select attempts_count, received_count, last_received_at > received_at from private.inbox_events $$,
  $$ values (1, 2, true) $$, 'but are counted'
);
delete from circle_issues;
select is(pg_temp.send(pg_temp.single('1', 'Text', '{"is_issue": true}')::text), (select answer from first),
  'they are not processed again, whatever became of the rows');
select is((select count(*) from circle_issues), 0::bigint, 'so nothing that was deleted comes back');
select is(
  pg_temp.summary(pg_temp.send(pg_temp.single('1', 'Text', '{"is_issue": true}')::text || ' ')),
  'processed 1 0 0 0', 'a blank more is another event'
);

-- every outcome

select is(pg_temp.summary(pg_temp.send(b)), s, s || ': ' || left(b, 40))
from (values
  ('{"type": "chat_message_created", "data": {"id": 5}}', 'hint 0 0 1 0'),
  ('{"hello": "world"}', 'unrecognised 0 0 0 1'),
  ('[]', 'processed 0 0 0 0'),
  ('{"records": []}', 'processed 0 0 0 0'),
  ('no JSON', 'unreadable 0 0 0 0'),
  ('', 'unreadable 0 0 0 0'),
  ('[{"type": "x", "data": {}}, 7, {"Parent_Message": {}}, {"Parent_Message": {"message_id": 2}}]',
    'failed 1 2 1 1'),
  ('{"Parent_Message": {"message_id": 3}, "Replies": 5}', 'failed 1 1 0 0')
) as v (b, s);
select results_eq(
  $$ select status, count(*), bool_and(result is not null), bool_and(next_attempt_at is null)
     from private.inbox_events group by status order by status collate "C" $$,
  $$ values ('failed', 2::bigint, true, true), ('hint', 1, true, true), ('processed', 4, true, true),
    ('unreadable', 2, true, true), ('unrecognised', 1, true, true) $$,
  'each is stored with its answer; what was refused is not tried again by itself'
);
select is(pg_temp.send('no JSON') ->> 'status', 'unreadable', 'the same answer again for these too');

-- one of many refused, with what it says and where

select results_eq(
  $$ select e ->> 'index', e ->> 'code' from jsonb_array_elements(pg_temp.send(jsonb_build_array(
       pg_temp.thread('20', 'x', null, '[{"body": "y"}]'), pg_temp.single('21', 'x', null),
       jsonb_set(pg_temp.single('22', 'x', null), '{Parent_Message,message_id}',
         to_jsonb(repeat('é', 256))))::text) -> 'errors') as e $$,
  $$ values ('0', 'tracker_reply_id_invalid'), ('2', 'tracker_message_id_invalid') $$,
  'a reply without an id is refused, and 256 characters are too many'
);
select is((select string_agg(message_id, ' ' order by message_id) from circle_issues
  where message_id like '2_'), '20 21', 'of what is refused nothing is there, of what is not all');
select is(
  pg_temp.send(jsonb_set(pg_temp.single('23', 'x', null), '{Parent_Message,message_id}',
    to_jsonb(repeat('é', 255)))::text) #>> '{imported,0,message_id}', repeat('é', 255),
  '255 are not'
);
select pg_temp.send(jsonb_build_array(
  pg_temp.single('24', 'First', '{"is_issue": true}'),
  pg_temp.thread('24', 'Second', null, '[{"reply_index": 1, "message_id": 241, "body": "One"}]',
    '{"edited_at": "2026-03-05T00:00:00Z"}'),
  pg_temp.thread('24', 'Third', null, '[]', '{"parent_sender": "Lee", "created_at": "2026-03-06T00:00:00Z"}')
)::text);
select matches((select description from issues join circle_issues as c on c.mapped_to_issue_id = issues.id
  where message_id = '24'), '^Second\n\n> \*\*Unknown\*\*: One',
  'an issue says what was stored of its message, also when its last element is refused');

-- one transaction

create function pg_temp.break() returns trigger language plpgsql as $$
begin
  raise exception 'a mistake';
end;
$$;
create trigger _999_break before insert on public.circle_replies
  for each row execute function pg_temp.break();
create temp table count_before as select count(*) as value from private.inbox_events;
select throws_ok(
  $$ select pg_temp.send(pg_temp.thread('30', 'x', null, jsonb_build_array(
    pg_temp.reply(1, '301', 'Lee', 'Hi')))::text) $$, 'P0001', 'a mistake', 'after an error'
);
select results_eq(
  $$ select count(*), (select count(*) from circle_issues where message_id = '30')
     from private.inbox_events $$,
  $$ select value, 0::bigint from count_before $$, 'neither the event nor a part of the message is there'
);
drop trigger _999_break on public.circle_replies;

-- limits, and whose it is

select throws_ok($$ select pg_temp.send(repeat('x', 1048577)) $$, 'PT413', 'inbox_body_too_large',
  'a body over one mebibyte is refused');
select is(pg_temp.send(repeat('x', 1048576)) ->> 'status', 'unreadable', 'one of exactly that is not');
select throws_ok($$ select ingest_circle_event('no base64!') $$, 'PT422', 'inbox_body_invalid',
  'it comes as base64');
select matches(pg_temp.as_persona('admin', $$ select ingest_circle_event('e30=') $$), '^42501 ',
  'admins put no events in');

select * from finish();
rollback;
