-- What is an id and what is not, wherever one comes in; and one spelling for each.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(30);

\ir ../helpers/personas.psql
\ir ../helpers/envelopes.psql

create function pg_temp.envelope(p_id text) returns jsonb language sql as $$
  select format('{"Parent_Message": {"message_id": %s, "body": "x"}, "Replies": []}', p_id)::jsonb
$$;
create function pg_temp.send(p_payload text) returns jsonb language sql as $$
  select public.ingest_circle_event(encode(convert_to(p_payload, 'UTF8'), 'base64'))
$$;

-- What a mistake leaves in the place of an id

create temp table placeholder (text text);
insert into placeholder values
  ('undefined'), ('null'), ('NaN'), ('[object Object]'), ('={{ $json.id }}'), ('{{ $json.id }}'),
  ('{{1.id}}'), ('{{123456__id}}'), ('{{ message.id }}'), ('${id}'), ('msg_${id}'), ('<%= id %>'),
  ('{% id %}'), ('#{id}'), ('@{triggerBody()?[''id'']}'), ('$json.id'), ('=$json["id"]'),
  ('$(''Webhook'').item.json.id'), ('0'), ('00'), ('0.0'), ('0.00'), ('+0'), ('-0'), ('-5'), ('-1.5'),
    ('-5e3'),
  ('None'), ('nil'), ('true'), ('False'), ('Infinity'), ('-Infinity'), ('N/A'), ('#N/A'), ('NaT'),
  ('[object Undefined]'), ('[object Object],[object Object]'), ('msg_[object Object]'), ('post_undefined'),
  ('comment_null'), ('(null)'), ('"undefined"'), ('''null'''), ('[null]'), ('[undefined]'), ('<null>'),
  ('id'), ('message_id'), ('messageId'), ('<id>'), ('<your message id>'), ('{id}'), ('[post_id]'), (':id'),
  ('$id'), ('%id%'), ('%7B%7Bid%7D%7D'), ('%!s(<nil>)'), ('-'), ('?'), ('...'), ('=null'), ('void 0'),
  ('#REF!'), ('#VALUE!'), ('undefinedundefined'), ('undefined,undefined'), ('null-null'), ('NaN.0'),
  ('5_undefined'), ('undefined-5'), ('post_5_null'), ('00000000-0000-0000-0000-000000000000'),
  ('{}'), ('[]'), ('""'), ('{"id": 5}'), ('["5"]'), (''), ('  '), (U&'\00a0\200b'), (E'\t\n');
insert into placeholder select upper(text) from placeholder union select '  ' || text || E'\n'
  from placeholder;

select is_empty(
  $$ select text from placeholder where private.parse_id(to_jsonb(text)) is not null $$,
  'a placeholder is not an id, in upper or lower case, with blanks around it'
);
select results_eq(
  $$ select v.value::text, private.parse_id(v.value::jsonb) from (values
      ('0'), ('-0'), ('0.0'), ('-5'), ('-5.0'), ('12.5'), ('1e-3'), ('0.5'), ('-1e400'), ('true'), ('false'),
      ('null'), ('{}'), ('[]'), ('[5]'), ('{"id": 5}')) as v (value)
     where private.parse_id(v.value::jsonb) is not null $$,
  $$ select null::text, null::text where false $$,
  'nor is a number below 1 or with a fraction, or another type'
);
select is(
  (
    select string_agg(e ->> 'code', ' ')
    from handle_circle_webhook((
      select jsonb_agg(pg_temp.envelope(to_jsonb(p.text)::text) order by p.text) from placeholder as p
    )) as r, jsonb_array_elements(r -> 'errors') as e
    where e ->> 'code' <> 'tracker_message_id_invalid'
      or not e ? 'message'
  ),
  null, 'a message with such an id is refused with a code'
);
select is((select count(*) from public.circle_issues), 0::bigint, 'and leaves nothing');
select is(
  (
    select concat_ws(' ', r ->> 'processed', jsonb_array_length(r -> 'errors'), r #>> '{errors,0,index}',
      r #>> '{imported,0,message_id}', r #>> '{imported,1,message_id}')
    from handle_circle_webhook(jsonb_build_array(
      pg_temp.envelope('11'), pg_temp.envelope('"undefined"'), pg_temp.envelope('12')
    )) as r
  ),
  '2 1 1 11 12', 'the rest of the payload goes on'
);
select matches(
  handle_circle_webhook(pg_temp.envelope('"={{ $json.id }}"')) #>> '{errors,0,message}',
  'not "={{ \$json.id }}"', 'the answer names the value'
);
select throws_ok(
  $$ select process_circle_webhook(pg_temp.envelope('"undefined"')) $$, 'PT422', 'tracker_message_id_invalid',
  'process_circle_webhook refuses it'
);
select is(
  pg_temp.as_persona('agent', format('select upsert_circle_issue(%L)', t)),
    'PT422 tracker_message_id_invalid',
  'upsert_circle_issue refuses ' || t
)
from unnest(array['undefined', '={{ $json.id }}', '0', '-5']) as t;
select is(
  pg_temp.send(pg_temp.envelope('"[object Object]"')::text) #>> '{errors,0,code}',
    'tracker_message_id_invalid',
  'so does the webhook'
);
select throws_ok(
  format($$ insert into public.circle_issues (message_id) values (%L) $$, t), 'PT422',
  'tracker_circle_id_invalid', 'and the table refuses ' || t
)
from unnest(array['undefined', '0']) as t;

-- Replies

create temp table answer as
select handle_circle_webhook(pg_temp.thread('20', 'A thread', '{"is_issue": true}', jsonb_build_array(
  pg_temp.reply(1, '201', 'Lee', 'One'),
  pg_temp.reply(2, '202', 'Mia', 'Two') || '{"message_id": "undefined"}',
  pg_temp.reply(3, '203', 'Kim', 'Three') || '{"message_id": -3}',
  pg_temp.reply(4, '204', 'Kim', 'Four') || jsonb_build_object('message_id', repeat('9', 256)),
  '"no reply"', '{"message_id": 205, "body": "Five"}'
))) as r;
select is(
  (select concat_ws(' ', r ->> 'processed', r #>> '{imported,0,replies_processed}',
    r #>> '{imported,0,action}')
   from answer),
  '1 2 created', 'a reply without an id never takes its message with it'
);
select results_eq(
  $$ select message_id from public.circle_replies order by message_id $$, $$ values ('201'), ('205') $$,
  'the others are stored'
);
select results_eq(
  $$ select e ->> 'field', left(e ->> 'value', 12), e ->> 'code' from answer,
     jsonb_array_elements(r #> '{imported,0,unread}') as e order by 1 $$,
  $$ values ('Replies[1].message_id', 'undefined', 'tracker_reply_id_invalid'),
    ('Replies[2].message_id', '-3', 'tracker_reply_id_invalid'),
    ('Replies[3].message_id', '999999999999', 'tracker_reply_id_invalid'),
    ('Replies[4]', 'no reply', 'tracker_reply_id_invalid') $$,
  'and the answer names each that is not'
);
select is(
  (select count(*) from answer, jsonb_array_elements(r -> 'errors') as e
   where e ->> 'message_id' = '20' and e ->> 'index' = '0' and e ->> 'code' = 'tracker_reply_id_invalid'),
  4::bigint, 'in errors too'
);

-- One spelling

select results_eq(
  $$ select v.value, private.parse_id(v.value::jsonb) from (values
      ('81917011'), ('81917011.0'), ('81917011.000'), ('8.1917011e7'), ('8.1917011E+7'), ('819170110e-1'),
      ('"81917011"'), ('"81917011.0"'), ('" 81917011 "')) as v (value)
     where private.parse_id(v.value::jsonb) is distinct from '81917011' $$,
  $$ select null::text, null::text where false $$,
    'a number in any spelling and its digits as text are one id'
);
select results_eq(
  $$ select v.value, private.parse_id(to_jsonb(v.value)) from (values
      ('1e3'), ('12e4'), ('12.5'), ('007'), ('8.1917011e7'), ('msg_1'), ('post_5'), ('0x1f'), ('#12'),
        ('5-6'),
      ('+5'), ('5d0b2a64-7c1e-4a55-9f0e-0d6a4f0e1b77'), ('Null pointer'), ('undefined-behaviour'),
      ('valid'), ('grid'), ('id5'), ('id:5'), ('%s5'), ('5-nullable'), ('#5'), ('<5'), ('null5'),
        ('trueish'),
      ('nullable'), ('none of them'), ('é'), ('٥'), ('{5d0b2a64-7c1e-4a55-9f0e-0d6a4f0e1b77}'), ('-abc'),
      ('$5'), ('object'), ('1,000')) as v (value)
     where private.parse_id(to_jsonb(v.value)) is distinct from v.value $$,
  $$ select null::text, null::text where false $$, 'any other text stays as it is'
);
select is(private.parse_id('"007.0"'), '007', 'leading zeros are part of a text');
select is(
  private.parse_id('1e300'), '1' || repeat('0', 300),
    'a large number has all its digits, too many for a message'
);
select handle_circle_webhook(jsonb_build_array(
  pg_temp.envelope('81917011'), pg_temp.envelope('81917011.0'), pg_temp.envelope('8.1917011e7'),
  pg_temp.envelope('"81917011.0"'), pg_temp.envelope('"1e3"'), pg_temp.envelope('1e3')
));
select upsert_circle_issue(' 81917011.0 ', p_thread_id => '5.0', p_space_id => '7.0');
insert into public.circle_issues (message_id) values ('81917011.0')
on conflict (message_id) do update set message_id = excluded.message_id, title = 'By hand';
select results_eq(
  $$ select message_id, title, thread_id, space_id from public.circle_issues
     where message_id in ('81917011', '81917011.0', '1e3', '1000') order by message_id $$,
  $$ values ('1000', 'x', null, null), ('1e3', 'x', null, null), ('81917011', 'By hand', '5', '7') $$,
  'so they are one message, whatever the entry'
);

-- Rooms, threads and spaces

insert into public.circle_spaces (space_id, space_name, chat_room_uuid) values (880011, 'Help', '4711.0');
select handle_circle_webhook('{"Parent_Message": {"message_id": 30, "chat_room_uuid": 4711,
  "chat_thread_id": "9001.0", "body": "x"}}');
select results_eq(
  $$ select thread_id, chat_room_uuid, space_id, space_name from public.circle_issues
    where message_id = '30' $$,
  $$ values ('9001', '4711', '880011', 'Help') $$, 'rooms, threads and spaces have one spelling too'
);
select throws_ok(
  $$ update public.circle_spaces set chat_room_uuid = 'undefined' $$, 'PT422', 'tracker_circle_id_invalid',
  'a space needs a room'
);
select is(
  handle_circle_webhook('{"Parent_Message": {"message_id": 31.0, "chat_thread_id": 31, "body": "x"}}')
    #>> '{imported,0,message_id}', '31', 'the id of a message'
);
select is((select thread_id from circle_issues where message_id = '31'), null,
  'in another spelling is not its thread');
create temp table places as
select handle_circle_webhook('{"Parent_Message": {"message_id": 32, "chat_thread_id": "undefined",
  "chat_room_uuid": "={{ $json.room }}", "space_id": "null", "body": "x"}}') as r;
select results_eq(
  $$ select e ->> 'field', e ->> 'value' from places, jsonb_array_elements(r #> '{imported,0,unread}')
    as e $$,
  $$ values ('chat_room_uuid', '={{ $json.room }}'), ('chat_thread_id', 'undefined'), ('space_id', 'null') $$,
  'a place that is not one is named'
);
select results_eq(
  $$ select thread_id, chat_room_uuid, space_id from circle_issues where message_id = '32' $$,
  $$ values (null::text, null::text, null::text) $$, 'and left out'
);
select is(
  handle_circle_webhook('[{"id": 5.0, "post_id": 6.0, "body": "x"}, {"id": "5", "post_id": "6", "body":
    "x"}]')
    #>> '{imported,1,message_id}', 'post_6', 'posts and comments too'
);

select * from finish();
rollback;
