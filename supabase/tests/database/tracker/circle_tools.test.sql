-- The shapes of further tools: calls of functions, events of queues, forms, tables, objects keyed by id.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(32);

\ir ../helpers/personas.psql
\ir ../helpers/envelopes.psql
\ir ../helpers/word_rules.psql

create function pg_temp.send(p_body text) returns jsonb language sql as $$
  select public.ingest_circle_event(encode(convert_to(p_body, 'UTF8'), 'base64'))
$$;

-- Issue_Details

create sequence pg_temp.message_number;
create temp table details as
select '{"is_issue": true, "issue_title": "A title", "type": "Tool", "confidence": 0.9}'::jsonb as d;
select is(
  concat_ws(' ', r #>> '{imported,0,title}', r #>> '{imported,0,segment}', r #>> '{imported,0,action}',
    r #> '{imported,0,unread}'),
  'A title tool created', 'Issue_Details in ' || w.name
)
from details
cross join lateral (values
  ('a tool call of a chat completion', jsonb_build_object('choices', jsonb_build_array(jsonb_build_object(
    'message', jsonb_build_object('role', 'assistant', 'content', null, 'tool_calls', jsonb_build_array(
      jsonb_build_object('id', 'call_1', 'type', 'function', 'function', jsonb_build_object('name', 'triage',
        'arguments', d::text)))))))),
  ('a function call', jsonb_build_object('function_call', jsonb_build_object('arguments', d::text))),
  ('a tool use', jsonb_build_object('content', jsonb_build_array('{"type": "text", "text": "I see."}'::jsonb,
    jsonb_build_object('type', 'tool_use', 'name', 'triage', 'input', d)))),
  ('a function call of candidates', jsonb_build_object('candidates', jsonb_build_array(jsonb_build_object(
    'content', jsonb_build_object('parts', jsonb_build_array(jsonb_build_object(
      'functionCall', jsonb_build_object('name', 'triage', 'args', d)))))))),
  ('generated text', jsonb_build_array(jsonb_build_object('generated_text', d::text))),
  ('an answer after thoughts', to_jsonb(format(
    E'<think>Is {this} [one]? {"is_issue": false}</think>\n%s', d))),
  ('another fence', to_jsonb(format(E'I took {this} form:\n~~~json\n%s\n~~~\nSee {below}.', d))),
  ('a code block between brackets', to_jsonb(format(
    E'I took {this} form:\n```json\n%s\n```\nSee {below}.', d))),
  ('escaped quotes', to_jsonb(replace(d::text, '"', '\"'))),
  ('references', to_jsonb(replace(d::text, '"', '&quot;')))
) as w (name, value)
cross join lateral handle_circle_webhook(
  pg_temp.single(nextval('pg_temp.message_number')::text, 'x', w.value)) as r;
select is(
  concat_ws(' ', r #>> '{imported,0,action}', r #>> '{imported,0,is_triaged}',
    r #>> '{imported,0,unread,0,field}'),
  'stored false Issue_Details', 'of two code blocks that differ, none is the one that was meant'
)
from handle_circle_webhook(pg_temp.single('101', 'A bug, a crash and an exception',
  to_jsonb(E'```json\n{"is_issue": true}\n```\nor\n```json\n{"is_issue": false}\n```'::text))) as r;

-- Replies

create temp table reply as
select pg_temp.reply(1, '1610000001', 'Lee', 'Hi') as one, pg_temp.reply(2, '1610000002', 'Mia', 'Ho') as two;
select is(
  (
    select string_agg(w.name || ': ' || r::text, ', ')
    from reply
    cross join lateral (values
      ('keys for ids', jsonb_build_object('1610000001', one, '1610000002', two)),
      ('keys with names', jsonb_build_object('reply 1', one, 'reply 2', two)),
      ('text in a wrapper', jsonb_build_object('output', jsonb_build_array(one, two)::text)),
      ('a code block in a wrapper', jsonb_build_object('text',
        format(E'```json\n%s\n```', jsonb_build_array(one, two))))
    ) as w (name, value)
    cross join lateral handle_circle_webhook(
      pg_temp.single('160', 'x', null) || jsonb_build_object('Replies', w.value)) as r
    where r #>> '{imported,0,replies_processed}' <> '2' or r -> 'errors' <> '[]'
  ),
  null, 'replies keyed by id or name, and text in a wrapper'
);
select is(
  r #>> '{errors,0,code}', 'tracker_replies_invalid', 'an error in the place of replies is not one'
)
from handle_circle_webhook(
  pg_temp.single('162', 'x', null) || '{"Replies": {"error": {"status": 500}}}') as r;

-- The payload

create temp table envelope as
select pg_temp.single('170', 'One', '{"is_issue": true}') as one, pg_temp.single('171', 'Two', null) as two;
create function pg_temp.percent(p_text text) returns text language sql as $$
  select string_agg(
    case when c ~ '[A-Za-z0-9_.~-]' then c when c = ' ' then '+'
      else regexp_replace(encode(convert_to(c, 'UTF8'), 'hex'), '(..)', '%\1', 'g') end, '' order by n)
  from regexp_split_to_table(p_text, '') with ordinality as t (c, n)
$$;
select is(
  concat_ws(' ', (select string_agg(i ->> 'message_id', ' ') from jsonb_array_elements(r -> 'imported') as i),
    r ->> 'unrecognised', r -> 'errors'),
  '170 0 []', 'the payload is ' || w.name
)
from envelope
cross join lateral (values
  ('an event with its type', jsonb_build_object('type', 'message.created', 'data', one)::text),
  ('an event with its type, as text', jsonb_build_object('type', 'x', 'data',
    one || jsonb_build_object('Parent_Message', (one -> 'Parent_Message')::text))::text),
  ('a notification', jsonb_build_object('Type', 'Notification', 'Message', one::text)::text),
  ('records of a queue', jsonb_build_object('Records', jsonb_build_array(jsonb_build_object('body',
    one::text)))::text),
  ('a row of a table', jsonb_build_object('type', 'INSERT', 'table', 't', 'record', one)::text),
  ('a form with one field', 'payload=' || pg_temp.percent(one::text)),
  ('a form with a field for each part', (
    select string_agg(e.key || '=' || pg_temp.percent(e.value #>> '{}'), '&') from jsonb_each(one) as e)),
  ('in quotes that are escaped', replace(one::text, '"', '\"'))
) as w (name, body)
cross join lateral pg_temp.send(w.body) as r;
select is(
  r ->> 'hints', '1', 'ids without content are a hint'
)
from handle_circle_webhook('{"type": "comment_created", "data": {"id": 5, "post_id": 6, "body": null}}') as r;

-- Other spellings of the envelope's keys

select is(
  (
    select string_agg(w.value::text || ': ' || r::text, ', ')
    from reply, lateral (values
      ('{"type": "thread", "parent_message": {"message_id": 180, "body": "Hi"}, "replies": [],
        "issue_details": {"is_issue": true}}'::jsonb),
      ('{"Type": "thread", "Parent Message": {"message_id": 180, "body": "Hi"}, "Issue Details": {"is_issue":
        true}}'),
      ('{"parentMessage": {"message_id": 180, "body": "Hi"}, "issueDetails": {"is_issue": true}}'),
      ('{"body": {"ParentMessage": {"message_id": 180, "body": "Hi"}, "ISSUE_DETAILS": {"is_issue": true}}}'),
      ('[{"Parent_Message": {"message_id": 180, "body": "Hi"}, "issue_details": "{\"is_issue\": true}"}]')
    ) as w (value)
    cross join lateral handle_circle_webhook(
      case when w.value ? 'replies' then w.value || jsonb_build_object('replies', jsonb_build_array(one))
        else w.value end
    ) as r
    where r #>> '{imported,0,message_id}' <> '180' or r #>> '{imported,0,issue_id}' is null
      or (w.value ? 'replies') <> (r #>> '{imported,0,replies_processed}' = '1') or r -> 'errors' <> '[]'
  ),
  null, 'neither the verdict nor the replies are lost because of them'
);

-- A sender

create temp table sender as
select v.*, r
from (values
  (190, '{"name": "Ana Ruiz", "email": "ana@example.org"}', 'Ana Ruiz|ana@example.org'),
  (191, '"{\"name\": \"Ana Ruiz\", \"email\": \"ana@example.org\"}"', 'Ana Ruiz|ana@example.org'),
  (192, '[{"name": "Ana Ruiz"}]', 'Ana Ruiz'),
  (193, '"[object Object]"', 'Unknown|sender'), (194, '"undefined"', 'Unknown|sender'),
  (195, '{"id": 5}', 'Unknown|sender'), (196, '"Null Undefined"', 'Null Undefined'), (197, '""', 'Unknown'),
  (198, 'null', 'Unknown')
) as v (id, value, expected)
cross join lateral handle_circle_webhook(jsonb_set(pg_temp.single(v.id::text, 'x', null),
  '{Parent_Message,sender}', v.value::jsonb)) as r;
select is(
  concat_ws('|', c.author_name, c.author_email, s.r #>> '{imported,0,unread,0,field}'), s.expected,
  'the sender is ' || s.value
)
from sender as s
join circle_issues as c on c.message_id = s.id::text
order by s.id;

select * from finish();
rollback;
