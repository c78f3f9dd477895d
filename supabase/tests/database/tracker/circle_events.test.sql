-- Raw events: stored as they came, parsed with care, processed again with the same result.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(35);

\ir ../helpers/personas.psql
\ir ../helpers/envelopes.psql

create function pg_temp.receive(p_body bytea) returns uuid language sql as $$
  select public.receive_circle_event(encode(p_body, 'base64'))
$$;
create function pg_temp.status_of(p_body bytea) returns text language sql as $$
  select public.process_circle_event(pg_temp.receive(p_body)) ->> 'status'
$$;

-- stored as it came

create temp table event as select pg_temp.receive('\x7b22610022ff') as id;
select results_eq(
  $$ select e.body, e.digest, e.status, e.attempts_count, e.received_count, e.processed_at
     from private.inbox_events as e join event using (id) $$,
  $$ values ('\x7b22610022ff'::bytea, sha256('\x7b22610022ff'), 'received', 0, 1, null::timestamptz) $$,
  'any bytes are stored'
);
select is(pg_temp.receive('\x7b22610022ff'), (select id from event), 'the same bytes are the same event');
select results_eq(
  $$ select received_count, last_received_at > received_at from private.inbox_events $$,
  $$ values (2, true) $$,
  'and counted'
);
select throws_ok($$ select receive_circle_event('not base64!') $$, 'PT422', 'inbox_body_invalid',
  'base64 is needed');
select throws_ok($$ select receive_circle_event(null) $$, 'PT422', 'inbox_body_invalid', 'null is not');
select throws_ok(
  $$ select pg_temp.receive(convert_to(repeat('x', 1048577), 'UTF8')) $$, 'PT413', 'inbox_body_too_large',
  'a body over one mebibyte is refused'
);
select lives_ok($$ select pg_temp.receive(convert_to(repeat('x', 1048576), 'UTF8')) $$,
  'one of exactly that is not');

-- processed

create temp table good as select pg_temp.receive(convert_to(
  pg_temp.single('1', 'Text', '{"is_issue": true, "issue_title": "Title", "type": "Auth"}')::text, 'UTF8'
)) as id;
create temp table first_result as select process_circle_event(id) as r from good;
select is(
  (select concat_ws(' ', r ->> 'status', r ->> 'processed', r #>> '{imported,0,action}', r ->> 'errors',
    r ->> 'hints')
   from first_result), 'processed 1 created [] 0', 'an envelope is imported'
);
select is((select (r ->> 'event_id')::uuid from first_result), (select id from good),
  'the answer names the event');
select results_eq(
  $$ select status, attempts_count, error, processed_at is not null, result ->> 'processed'
     from private.inbox_events where id = (select id from good) $$,
  $$ values ('processed', 1, null, true, '1') $$, 'what happened is on record'
);
create temp table rows_before as
select to_jsonb(i) as row from public.issues as i union all select to_jsonb(c) from public.circle_issues as c;
select is(
  (select process_circle_event(id) #>> '{imported,0,issue_id}' from good),
  (select r #>> '{imported,0,issue_id}' from first_result), 'again, with the same result'
);
select results_eq(
  $$ select to_jsonb(i) from public.issues as i union all select to_jsonb(c) from public.circle_issues
    as c $$,
  $$ select row from rows_before $$, 'and the same rows'
);
select is((select attempts_count from private.inbox_events where id = (select id from good)), 2,
  'the attempt is counted');

-- statuses

select is(pg_temp.status_of('{"type": "x", "data": {"id": 1}}'), 'hint', 'ids only: a hint');
select is(pg_temp.status_of('{"hello": "world"}'), 'unrecognised', 'a shape that we don''t know');
select is(pg_temp.status_of('[{"Parent_Message": {}}]'), 'failed', 'a message that was refused');
select is(
  (select error from private.inbox_events where status = 'failed'), 'tracker_message_id_invalid',
  'with its code'
);
select is(pg_temp.status_of('{"type": '), 'unreadable', 'no JSON');
select is(pg_temp.status_of(''), 'unreadable', 'nothing at all');
select is(pg_temp.status_of('\xff'), 'unreadable', 'no UTF-8');
select is(pg_temp.status_of('\x7b002200227d'), 'unreadable', 'a raw NUL');
select is(pg_temp.status_of(convert_to(repeat('[', 500000), 'UTF8')), 'unreadable', 'nesting without end');
select is(
  pg_temp.status_of(convert_to(repeat('[', 500000) || repeat(']', 500000), 'UTF8')), 'unreadable',
  'or with a far one'
);
select is(pg_temp.status_of('{"n": 1e9999999}'), 'unrecognised', 'not a number that no database holds');
select is(
  (select string_agg(distinct error, ' ' order by error) from private.inbox_events
    where status = 'unreadable'),
  'inbox_encoding_invalid inbox_json_invalid inbox_json_unsupported', 'and why'
);
select is(pg_temp.status_of('\xefbbbf7b7d'), 'unrecognised', 'a byte order mark is skipped');

-- escapes that jsonb can't hold

select is(
  private.repair_json_escapes('"a\u0000b \uD800 \ude00x \ud83d\ude00 \ud83d\ud83d\uDE00"')::jsonb #>> '{}',
  'a' || chr(65533) || 'b ' || chr(65533) || ' ' || chr(65533) || 'x ' || chr(128512) || ' ' || chr(65533)
    || chr(128512),
  'NUL and lone surrogates are replaced, pairs are kept'
);
select is(
  private.repair_json_escapes('"\\u0000 \\\u0000 \\\\ud800 \\\\\ud800"')::jsonb #>> '{}',
  '\u0000 \' || chr(65533) || ' \\ud800 \\' || chr(65533),
  'a backslash that is escaped itself escapes nothing'
);
select is(private.repair_json_escapes('"plain \\ \n \u00e9"'), '"plain \\ \n \u00e9"',
  'all else is left as it is');
select throws_ok(
  $$ select private.repair_json_escapes('"' || chr(1) || 'ud800 \u0000"')::jsonb $$, null, null,
  'the control characters that are used while replacing cannot be smuggled in'
);
select is(
  pg_temp.status_of(convert_to(
    '{"Parent_Message": {"message_id": 77, "body": "a\u0000b\ud800 \ud83d\ude00", "sender": "\u0000"}}',
    'UTF8'
  )),
  'processed', 'a message with such text is imported'
);
select results_eq(
  $$ select body, author_name from public.circle_issues where message_id = '77' $$,
  $$ values ('a' || chr(65533) || 'b' || chr(65533) || ' ' || chr(128512), chr(65533)) $$,
  'with the text that can be kept'
);

-- personas

select matches(
  pg_temp.as_persona('admin', $$ select receive_circle_event('e30=') $$), '^42501 ',
  'an admin can''t put events in'
);
select is(
  pg_temp.as_persona('service_role', $$ select process_circle_event(gen_random_uuid()) $$),
  'PT404 inbox_event_unknown', 'an event that isn''t there'
);
select is(
  pg_temp.as_persona('service_role', $$
    select process_circle_event(receive_circle_event('e30=')) ->> 'status' $$),
  'unrecognised', 'the service role does both'
);

select * from finish();
rollback;
