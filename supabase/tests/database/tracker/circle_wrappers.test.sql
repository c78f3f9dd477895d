-- What workflow tools and language models make of JSON is read for what it is.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(47);

\ir ../helpers/personas.psql
\ir ../helpers/envelopes.psql
\ir ../helpers/word_rules.psql

create function pg_temp.send(p_payload jsonb) returns jsonb language sql as $$
  select public.ingest_circle_event(encode(convert_to(p_payload::text, 'UTF8'), 'base64'))
$$;
create function pg_temp.text_of(p_value jsonb) returns jsonb language sql as $$
  select to_jsonb(p_value::text)
$$;
create function pg_temp.code_block(p_value jsonb) returns jsonb language sql as $$
  select to_jsonb(E'Here is the result:\n\n```json\n' || jsonb_pretty(p_value) || E'\n```\nIs there more?')
$$;

-- Issue_Details

create temp table details as
select '{"is_issue": true, "issue_title": "A title with ``` in it", "type": "Tool", "reasoning": "r"}'::jsonb
  as d;
create temp table wrapped as
select row_number() over () + 100 as id, w.name, w.value
from details, lateral (values
  ('an object', d),
  ('a text', pg_temp.text_of(d)),
  ('a text in a text', pg_temp.text_of(pg_temp.text_of(d))),
  ('a code block', to_jsonb(format(E'```json\n%s\n```', d))),
  ('a code block without a language', to_jsonb(format(E'```\n%s\n```', d))),
  ('a code block with words around it', pg_temp.code_block(d)),
  ('a code block with brackets before it', to_jsonb(format(E'Here [as {asked}]:\n```json\n%s\n```', d))),
  ('words around it', to_jsonb(format('Sure! %s I hope this helps.', d))),
  ('output', jsonb_build_object('output', d)),
  ('output as text', jsonb_build_object('output', pg_temp.code_block(d))),
  ('an array', jsonb_build_array(d)),
  ('an array of output', jsonb_build_array(jsonb_build_object('output', d))),
  ('text', jsonb_build_object('text', pg_temp.text_of(d))),
  ('json', jsonb_build_object('json', d)),
  ('a chat completion', jsonb_build_object('id', 'x', 'choices', jsonb_build_array(jsonb_build_object(
    'index', 0, 'message', jsonb_build_object('role', 'assistant', 'content', pg_temp.code_block(d)))))),
  ('a message of content parts', jsonb_build_object('type', 'message', 'content', jsonb_build_array(
    jsonb_build_object('type', 'text', 'text', pg_temp.text_of(d))))),
  ('message.content', jsonb_build_object('message', jsonb_build_object('content', d)))
) as w (name, value);
select is(
  (
    select string_agg(w.name, ', ')
    from wrapped as w
    cross join lateral handle_circle_webhook(pg_temp.single(w.id::text, 'x', w.value)) as r
    where r #>> '{imported,0,title}' is distinct from 'A title with ``` in it'
      or r #>> '{imported,0,segment}' <> 'tool' or r #>> '{imported,0,action}' <> 'created'
      or r #> '{imported,0}' ? 'unread'
  ),
  null, 'Issue_Details may be JSON in a text, a code block or a wrapper'
);
select is(
  handle_circle_webhook(pg_temp.single((130 + n)::text, 'A bug, a crash and an exception', null)
    || jsonb_build_object('Issue_Details', j::jsonb)) #>> '{imported,0,action}', 'created',
  'there are no Issue_Details in ' || j || ', so the words decide'
)
from unnest(array['{}', '[]', '""']) with ordinality as t (j, n);
select results_eq(
  $$ select v.json, r #>> '{imported,0,action}', r #> '{imported,0,is_triaged}',
    r #>> '{imported,0,unread,0,field}'
     from (values ('"no JSON"', '141'), ('{"error": "The model is overloaded"}', '142'), ('true', '143'),
       ('"{\"is_issue\": tr"', '144'), ('[5]', '145')) as v (json, id)
     cross join lateral handle_circle_webhook(
       pg_temp.single(v.id, 'A bug, a crash and an exception', v.json::jsonb)) as r $$,
  $$ select v.json, 'stored', 'false'::jsonb, 'Issue_Details' from (values ('"no JSON"'),
    ('{"error": "The model is overloaded"}'), ('true'), ('"{\"is_issue\": tr"'), ('[5]')) as v (json) $$,
  'those that are not understood leave it to a person, and are named'
);

-- What is nearly JSON, as language models write it

select is(
  (
    select string_agg(v.text, ' | ')
    from (values
      ('{"is_issue": true, "issue_title": "T", "type": "tool",}'),
      ('{''is_issue'': True, ''type'': ''tool'', ''issue_title'': ''T'', ''x'': None}'),
      (e'{"is_issue": true, // yes\n"type": "tool", "issue_title": "T", "reasoning": "one\ntwo\tthree"}'),
      ('Sure: {"is_issue": true, "type": "tool", "issue_title": "T", "tags": ["a", "b",],}'),
      (e'```\n{"is_issue": true, /* sure */ "type": "tool", "issue_title": "T"}\n```'),
      ('{"is_issue": True, "issue_title": ''T'', "type": "tool", "note": "It''s, [so] {to} say, True"}')
    ) as v (text)
    cross join lateral handle_circle_webhook(pg_temp.single('190', 'x', null)
      || jsonb_build_object('Issue_Details', v.text)) as r
    where concat_ws(' ', r #>> '{imported,0,issue_id}' is not null, r #>> '{imported,0,title}',
      r #>> '{imported,0,segment}', r #> '{imported,0,unread}') <> 't T tool'
  ),
  null, 'commas too many, single quotes, constants of Python, comments and line breaks in strings'
);
select is(private.repair_json(v.text)::text, v.json, v.text) from (values
  ('{"a": "x, } y", "b": ''it\''s "q"'', "c": "it''s"}', '{"a": "x, } y", "b": "it''s \"q\"", "c": "it''s"}'),
  ('{"a": NaN, "b": -Infinity, "c": undefined}', '{"a": "NaN", "b": "Infinity", "c": null}'),
  (e'{"a": 1}\n{"a": 2}\r\n{"a": 3}', '[{"a": 1}, {"a": 2}, {"a": 3}]'),
  ('{"a": "http://x.example/*y*/"}', '{"a": "http://x.example/*y*/"}'),
  ('{"a": "open', null), ('{"a": tr', null), ('{"a" 1}', null)
) as v (text, json);
select is(
  concat_ws(' ', r #>> '{imported,0,action}', r #>> '{imported,0,is_triaged}',
    r #>> '{imported,0,unread,0,field}'),
  'stored false Issue_Details', 'two verdicts that differ leave it to a person: ' || v.value
)
from (values
  (191, '[{"is_issue": true}, {"is_issue": false}]'), (192, '{"output": [{"is_issue": 1}, {"is_issue": 0}]}'),
  (193, '"{\"is_issue\": true}\n{\"is_issue\": false}"')
) as v (id, value)
cross join lateral handle_circle_webhook(
  pg_temp.single(v.id::text, 'A bug, a crash and an exception', v.value::jsonb)) as r;
select is(
  concat_ws(' ', r ->> 'processed', r ->> 'unrecognised'), '0 1',
  'of two messages in the place of one, none is imported as if it were alone'
)
from handle_circle_webhook('{"Parent_Message": [{"message_id": 194, "body": "a"}, {"message_id": 195,
  "body": "b"}]}') as r;

-- Replies

create function pg_temp.with_replies(p_id text, p_replies jsonb) returns text language sql as $$
  select concat_ws(' ', r ->> 'processed', r #>> '{imported,0,replies_processed}',
    r #>> '{imported,0,message_type}', r #>> '{errors,0,code}', r #>> '{errors,0,field}')
  from handle_circle_webhook(pg_temp.single(p_id, 'x', null) || jsonb_build_object('Replies', p_replies)) as r
$$;
select is(pg_temp.with_replies('150', j::jsonb), '1 0 single', 'no replies: ' || j)
from unnest(array['""', '{}', '"[]"', '[null]', '"{}"', 'null', '" "', '[null, "", {}]', '"null"',
  '"undefined"', '" None "', '["null"]']) as j;
create temp table reply as select pg_temp.reply(1, '161', 'Lee', 'Hi') as one, pg_temp.reply(2, '162', 'Mia',
  'Ho') as two;
select is(
  (
    select string_agg(w.name, ', ')
    from reply
    cross join lateral (values
      ('text', pg_temp.text_of(jsonb_build_array(one, two))),
      ('a code block', pg_temp.code_block(jsonb_build_array(one, two))),
      ('texts', jsonb_build_array(pg_temp.text_of(one), pg_temp.text_of(two))),
      ('null between them', jsonb_build_array(one, null, two)),
      ('items', jsonb_build_array(jsonb_build_object('json', one), jsonb_build_object('json', two))),
      ('an array in an array', jsonb_build_array(jsonb_build_array(one, two))),
      ('a wrapper', jsonb_build_object('items', jsonb_build_array(one, two))),
      ('numbered keys', jsonb_build_object('0', one, '1', two))
    ) as w (name, value)
    where pg_temp.with_replies('160', w.value) <> '1 2 thread'
  ),
  null, 'replies in a text, a code block, a wrapper, or with keys for indexes'
);
select is(pg_temp.with_replies('163', one), '1 1 thread', 'one reply in place of an array') from reply;
select is(pg_temp.with_replies('164', pg_temp.text_of(one)), '1 1 thread', 'also as text') from reply;
select is(
  pg_temp.with_replies('165', j::jsonb), '1 0 single tracker_replies_invalid Replies',
  'what is not understood never refuses the message: ' || j
)
from unnest(array['"none of them"', '5', '{"a": 1}', 'true']) as j;

-- The whole envelope

create temp table envelope as
select pg_temp.single('170', 'One', '{"is_issue": true}') as one, pg_temp.single('171', 'Two', null) as two;
create temp table request as
select '{"headers": {"content-type": "application/json"}, "params": {}, "query": {"secret": "x"},
  "webhookUrl": "https://n8n.example.org/webhook/1", "executionMode": "production"}'::jsonb as r;
select is(
  (
    select string_agg(format('%s: %s', w.name, a.answer), ', ')
    from envelope, request
    cross join lateral (values
      ('text', pg_temp.text_of(one), '170'),
      ('a text in a text', pg_temp.text_of(pg_temp.text_of(one)), '170'),
      ('a code block', pg_temp.code_block(one), '170'),
      ('items', jsonb_build_array(jsonb_build_object('json', one, 'pairedItem', '{"item": 0}'::jsonb)),
        '170'),
      ('one item', jsonb_build_object('json', one), '170'),
      ('several items', jsonb_build_array(jsonb_build_object('json', one), jsonb_build_object('json', two)),
        '170 171'),
      ('a request', r || jsonb_build_object('body', one), '170'),
      ('a request with text', r || jsonb_build_object('body', one::text), '170'),
      ('a request with an array', r || jsonb_build_object('body', jsonb_build_array(one, two)), '170 171'),
      ('an item with a request', jsonb_build_array(jsonb_build_object('json', r || jsonb_build_object('body',
        one))),
        '170'),
      ('a page in a request', r || jsonb_build_object('body', jsonb_build_object('records',
        jsonb_build_array(one, two))), '170 171'),
      ('texts', jsonb_build_array(one::text, two::text), '170 171'),
      ('output', jsonb_build_object('output', one::text), '170'),
      ('data', jsonb_build_object('data', jsonb_build_array(one)), '170'),
      ('an array in an array', jsonb_build_array(jsonb_build_array(one, two)), '170 171'),
      ('Parent_Message as text', one || jsonb_build_object('Parent_Message', (one -> 'Parent_Message')::text),
        '170'),
      ('Parent_Message in a wrapper', one || jsonb_build_object('Parent_Message',
        jsonb_build_object('json', one -> 'Parent_Message')), '170'),
      ('Parent_Message in an array', one || jsonb_build_object('Parent_Message',
        jsonb_build_array(one -> 'Parent_Message')), '170')
    ) as w (name, value, ids)
    cross join lateral (
      select string_agg(i ->> 'message_id', ' ') as ids, h as answer
      from handle_circle_webhook(w.value) as h left join lateral jsonb_array_elements(h -> 'imported') as i
        on true
      group by h
    ) as a
    where a.ids is distinct from w.ids or a.answer -> 'errors' <> '[]' or a.answer ->> 'unrecognised' <> '0'
  ),
  null, 'an envelope may be text, an item of n8n''s, a request, or in a wrapper'
);
select is(
  (select process_circle_webhook(pg_temp.text_of(one)) ->> 'message_id' from envelope), '170',
  'process_circle_webhook reads it too'
);
select is(
  handle_circle_webhook('[{"headers": {}, "body": {"type": "post", "data": {"id": 5}}}]') ->> 'hints', '1',
  'a hint in a request is a hint'
);
select is(
  handle_circle_webhook(j::jsonb) ->> 'unrecognised', '1', 'nothing of a known shape: ' || j
)
from unnest(array['"hello"', '{"body": "hello"}', '{"json": {"json": {}}}', '"{\"a\": 1}"']) as j;

-- A body that is nearly JSON

select is(
  (
    select string_agg(v.name, ', ')
    from envelope, lateral (values
      ('two lines of JSON', one::text || e'\n' || (one || '{"Replies": []}')::text, '2'),
      ('a code block', e'```json\n' || one::text || e'\n```', '1'),
      ('a comma too many', left(one::text, -1) || ',}', '1'),
      ('a line break in a string', replace(one::text, ' ', e'\n'), '1'),
      ('the sign of an expression', '=' || one::text, '1')
    ) as v (name, body, processed)
    where public.ingest_circle_event(encode(convert_to(v.body, 'UTF8'), 'base64')) ->> 'processed'
      is distinct from v.processed
  ),
  null, 'is read for what it plainly is'
);

select lives_ok(
  $$ select public.ingest_circle_event(encode(convert_to(one::text || e'\n' || left(one::text, -40), 'UTF8'),
    'base64')) from envelope $$, 'two lines of which the second was cut'
);
select results_eq(
  'select status, error from private.inbox_events order by received_at desc limit 1',
  $$ values ('unreadable', 'inbox_json_invalid') $$, 'are not read as if the first were all'
);

-- How an event ends

create temp table sent as
select name, pg_temp.send(payload) as answer
from envelope, lateral (values
  ('all refused', '[{"Parent_Message": {"message_id": "undefined"}}]'),
  ('a reply left out', one || '{"Replies": [{"message_id": null, "body": "Lost"}]}'),
  ('an unknown shape', jsonb_build_array(one, '{"something": "else"}'::jsonb))
) as p (name, payload);
select results_eq(
  $$ select s.name, s.answer ->> 'status', s.answer ->> 'processed', f.error, f.errors -> 0 ->> 'index',
       f.errors -> 0 ->> 'field', f.next_attempt_at
     from sent as s join failed_circle_events as f on f.id = (s.answer ->> 'event_id')::uuid
     order by s.name $$,
  $$ values
    ('a reply left out', 'failed', '1', 'tracker_reply_id_invalid', '0', 'Replies[0].message_id',
      null::timestamptz),
    ('all refused', 'failed', '0', 'tracker_message_id_invalid', '0', null, null),
    ('an unknown shape', 'failed', '1', 'tracker_element_unsupported', '1', null, null) $$,
  'what was refused, left out or not understood is listed, and is not processed again by itself'
);

select * from finish();
rollback;
