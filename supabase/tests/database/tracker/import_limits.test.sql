-- Work on a payload costs in proportion to its size, and a payload has a limit that is told.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(16);

\ir ../helpers/personas.psql
\ir ../helpers/growth.psql

create function pg_temp.elements(p_element jsonb, p_count integer) returns jsonb language sql as $$
  select jsonb_agg(p_element) from generate_series(1, p_count)
$$;
create function pg_temp.threads(p_first integer, p_count integer) returns jsonb language sql as $$
  select jsonb_agg(jsonb_build_object(
    'id', n, 'parent_message_id', p_first + n % 7, 'chat_room_uuid', 'room-1', 'body', 'x'
  )) from generate_series(p_first + 10, p_first + p_count + 9) as n
$$;

-- A payload takes as long as its parts

select pg_temp.is_linear(
  format('select private.circle_items(pg_temp.elements(%L, %%1$s))', e), 2500,
  'parsing is proportional to the number of elements: ' || e
) from unnest(array['{}', '{"id": 1, "chat_room_uuid": "room-1"}']) as e;
select pg_temp.is_linear(
  format('select handle_circle_webhook(pg_temp.elements(%L, %%1$s))', e), n,
  'and so are locking and rejecting: ' || e
) from (values ('{}', 4000), ('{"id": null, "chat_room_uuid": "room-1"}', 500)) as t (e, n);
select pg_temp.is_linear('select handle_circle_webhook(pg_temp.threads(10000, %1$s))', 96, 'and importing');

-- Replies of which each is left out, and arrays in arrays, to any depth
select pg_temp.is_linear(
  'select handle_circle_webhook(jsonb_build_object(''Parent_Message'', ''{"message_id": 800}''::jsonb,
    ''Replies'', pg_temp.elements(''{"body": "x"}'', %1$s)))', 240, 'and replies that are left out'
);
select pg_temp.is_linear(
  'select private.circle_items(pg_temp.elements(''{"json": {"headers": {}, "body": [{"id": 1}]}}'', %1$s))',
  128, 'and wrappers'
);
select pg_temp.is_linear(
  'select private.circle_items((repeat(''['', %1$s) || ''1'' || repeat('']'', %1$s))::jsonb)', 16,
  'arrays in arrays'
);

-- The limit

select is(
  handle_circle_webhook(pg_temp.elements('{}', 20000)) - 'imported',
  '{"processed": 0, "hints": 0, "unrecognised": 20000, "errors": []}', '20000 elements are taken'
);
select is(
  handle_circle_webhook(
    pg_temp.elements('{}', 20000) || '{"id": 900, "chat_room_uuid": "room-1"}'::jsonb
  ) - 'imported',
  '{"processed": 0, "hints": 0, "unrecognised": 20000, "errors": [{
    "index": 20000, "message_id": null, "code": "tracker_items_limit_reached",
    "message":
      "1 of 20001 elements are left out: up to 20000 messages and replies are imported of one payload."
  }]}', 'of one more the answer says how many are left out, and from which index'
);
select is_empty($$ select from circle_issues where message_id = '900' $$, 'which is not imported');
select is(
  handle_circle_webhook(jsonb_build_array(
    '{"id": 901, "chat_room_uuid": "room-1"}'::jsonb,
    jsonb_build_object(
      'Parent_Message', '{"message_id": 902}'::jsonb, 'Replies', pg_temp.elements('{"id": 903}', 20000)
    )
  )) #>> '{errors,0,index}', '1', 'replies count too'
);
select is(
  (select string_agg(message_id, ' ') from circle_issues where message_id in ('901', '902', '903')), '901',
  'and what comes before is imported'
);
select throws_ok(
  $$ select process_circle_webhook(pg_temp.elements('{"id": 904, "chat_room_uuid": "room-1"}', 20001)) $$,
  'PT422', 'tracker_items_limit_reached', 'where all or nothing is asked for, it is nothing'
);

create temp table answer as
select public.ingest_circle_event(encode(
  convert_to('[' || repeat('{},', 99999) || '{}]', 'UTF8'), 'base64'
)) as value;
select is(
  (select concat_ws(' ', value ->> 'status', value ->> 'unrecognised', value #>> '{errors,0,code}')
   from answer),
  'failed 20000 tracker_items_limit_reached', 'an event of 100000 elements is answered'
);
select is(
  (select e.errors #>> '{0,code}' from public.failed_circle_events as e
   where e.id = (select (value ->> 'event_id')::uuid from answer)),
  'tracker_items_limit_reached', 'and stands in the list of failed events'
);

select * from finish();
rollback;
