-- A verdict, a time and a count are read for what they plainly are. What is present and cannot be read is
-- named, and is never taken for missing, or for certainty.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(41);

\ir ../helpers/personas.psql
\ir ../helpers/envelopes.psql
\ir ../helpers/word_rules.psql

-- Imports a message of its own with these details, and says what became of it.
create sequence pg_temp.message_number;
create function pg_temp.outcome(p_details text, p_body text default 'A bug, a crash and an exception')
returns text language plpgsql as $$
declare
  v_imported jsonb := handle_circle_webhook(format(
    '{"Parent_Message": {"message_id": %s, "body": %s}, "Issue_Details": %s}',
    nextval('pg_temp.message_number'), to_jsonb(p_body), p_details
  )::jsonb) #> '{imported,0}';
begin
  return concat_ws(
    ' ',
    case when v_imported ->> 'action' = 'created' then 'issue'
      when (v_imported ->> 'is_triaged')::boolean then 'dismissed' else 'waits' end,
    (select string_agg(format('%s=%s', u ->> 'field', u -> 'value'), ' ')
     from jsonb_array_elements(v_imported -> 'unread') as u)
  );
end;
$$;
create function pg_temp.confidence(p_json text, p_is_issue boolean) returns text language sql as $$
  select pg_temp.outcome(format('{"is_issue": %s, "confidence": %s}', to_json(p_is_issue), p_json))
$$;

-- Shares

select results_eq(
  $$ select v.json, private.parse_share(v.json::jsonb) from (values
      ('0'), ('1'), ('1.0'), ('0.8'), ('5e-1'), ('1e-7'), ('0.1234567890123456'), ('0.55000000000000004441'),
      ('0.12345678901234567890123456789'), ('-0'), ('1e-400'), ('"0.8"'), ('" .5 "'), ('"1."'), ('"5E-1"'),
      ('"0,8"'), ('"1,0"'), ('"15%"'), ('"15 %"'), ('"15.5%"'), ('"15,5 %"'), ('"100 %"'), ('"0%"'),
        ('"%15"'),
      (U&'"15\00a0%"'), ('"1%"'), ('"80％"'), ('"０．９"'), ('"９０﹪"'), (U&'"\0669\0660\066a"'),
      (U&'"\06f0\066b\06f9"')) as v (json) $$,
  $$ values ('0', 0::double precision), ('1', 1), ('1.0', 1), ('0.8', 0.8), ('5e-1', 0.5), ('1e-7', 1e-7),
    ('0.1234567890123456', 0.1234567890123456), ('0.55000000000000004441', 0.55),
    ('0.12345678901234567890123456789', 0.12345678901234568), ('-0', 0), ('1e-400', 0), ('"0.8"', 0.8),
    ('" .5 "', 0.5), ('"1."', 1), ('"5E-1"', 0.5), ('"0,8"', 0.8), ('"1,0"', 1), ('"15%"', 0.15),
    ('"15 %"', 0.15), ('"15.5%"', 0.155), ('"15,5 %"', 0.155), ('"100 %"', 1), ('"0%"', 0), ('"%15"', 0.15),
    (U&'"15\00a0%"', 0.15), ('"1%"', 0.01), ('"80％"', 0.8), ('"０．９"', 0.9), ('"９０﹪"', 0.9),
    (U&'"\0669\0660\066a"', 0.9), (U&'"\06f0\066b\06f9"', 0.9) $$,
  'a number from 0 to 1 with any number of digits, as text too, and percentages'
);
select is_empty(
  $$ select v.json, private.parse_share(v.json::jsonb) from (values
      ('15'), ('1.0000000000000000001'), ('-0.2'), ('"-0.2"'), ('"low"'), ('"15"'), ('"101%"'), ('"-5%"'),
      ('"0.8 (high)"'), ('"1,000"'), ('"0.8.1"'), ('"8/10"'), ('"%"'), ('"1e999999"'), ('1e400'), ('true'),
      ('{"value": 0.8}'), ('[0.8]'), ('{}'), ('[]'), ('""'), ('null'), ('"NaN"'), ('"15%%"'),
      (U&'"\0966.\096f"'), (U&'"\22120.2"')) as v (json)
     where private.parse_share(v.json::jsonb) is not null $$,
  'nothing else'
);

-- A confidence

select results_eq(
  $$ select v.json, pg_temp.confidence(v.json, true), pg_temp.confidence(v.json, false) from (values
      ('0.1234567890123456'), ('0.5500000000000000'), ('0.9999999999999999'), ('"15%"'), ('"95 %"'), ('5e-1'),
      ('"0,9"')) as v (json) $$,
  $$ values ('0.1234567890123456', 'waits', 'waits'), ('0.5500000000000000', 'waits', 'waits'),
    ('0.9999999999999999', 'issue', 'dismissed'), ('"15%"', 'waits', 'waits'),
    ('"95 %"', 'issue', 'dismissed'), ('5e-1', 'waits', 'waits'), ('"0,9"', 'issue', 'dismissed') $$,
  'one that can be read counts; a low one leaves it to a person'
);
select is(
  pg_temp.confidence(j, true) || '; ' || pg_temp.confidence(j, false),
  format('waits confidence=%s; waits confidence=%s', j::jsonb, j::jsonb), 'a person decides on ' || j
)
from unnest(array['15', '-0.2', '"low"', '"15"', '1.5', 'true', '{}', '[]', '{"value": 0.8}']) as j;
select is(
  pg_temp.confidence(j, true) || ' ' || pg_temp.confidence(j, false), 'issue dismissed', 'no confidence is '
    || j
)
from unnest(array['null', '""', '"  "']) as j;
select is(pg_temp.outcome('{"is_issue": true}'), 'issue', 'nor is a missing one');
select is(
  pg_temp.outcome('{"confidence": "low"}'), 'waits confidence="low"',
  'without is_issue too, one that cannot be read leaves it to a person'
);

select results_eq(
  $$ select v.json, pg_temp.outcome(v.json) from (values
      ('{"isIssue": true, "Confidence": "5%"}'), ('{"is_issue": true, "confidence_score": "?"}'),
      ('{"Is Issue": false, "reasoning": "r"}'), ('{"is_issue": true, "confidence": 1, "Confidence": "?"}'),
      ('{"is_issue": true, "model": "m"}'), ('{"IS_ISSUE": false, "CONFIDENCE": "99%"}'),
      ('{"Is Issue": true, "Confidence Level": "high"}'), ('{"is-issue": true, "issue-title": "T"}'),
      ('{"is_issue": "", "isIssue": false}'), ('{"is_issue": null, "IsIssue": true, "confidenceScore": 0.9}')
      ) as v (json) $$,
  $$ values ('{"isIssue": true, "Confidence": "5%"}', 'waits'),
    ('{"is_issue": true, "confidence_score": "?"}', 'waits confidence="?"'),
    ('{"Is Issue": false, "reasoning": "r"}', 'dismissed'),
    ('{"is_issue": true, "confidence": 1, "Confidence": "?"}', 'issue'),
    ('{"is_issue": true, "model": "m"}', 'issue'), ('{"IS_ISSUE": false, "CONFIDENCE": "99%"}', 'dismissed'),
    ('{"Is Issue": true, "Confidence Level": "high"}', 'waits confidence="high"'),
    ('{"is-issue": true, "issue-title": "T"}', 'issue'), ('{"is_issue": "", "isIssue": false}', 'dismissed'),
    ('{"is_issue": null, "IsIssue": true, "confidenceScore": 0.9}', 'issue') $$,
  'a key in another spelling is not a missing one'
);

-- is_issue

select results_eq(
  $$ select v.json, pg_temp.outcome(format('{"is_issue": %s}', v.json)) from (values
      ('true'), ('"Yes"'), ('1'), ('1.0'), ('" TRUE "'), ('"Y"'), ('false'), ('"no"'), ('0'), ('"False"'),
      ('"n"')) as v (json) $$,
  $$ values ('true', 'issue'), ('"Yes"', 'issue'), ('1', 'issue'), ('1.0', 'issue'), ('" TRUE "', 'issue'),
    ('"Y"', 'issue'), ('false', 'dismissed'), ('"no"', 'dismissed'), ('0', 'dismissed'),
    ('"False"', 'dismissed'), ('"n"', 'dismissed') $$,
  'a plain yes and a plain no'
);
select is(
  pg_temp.outcome(format('{"is_issue": %s}', j)), format('waits is_issue=%s', j::jsonb),
    'a person decides on ' || j
)
from unnest(array['"not an issue"', '"maybe"', '"no way"', '2', '{}', '[true]']) as j;
select is(
  pg_temp.outcome('{"is_issue": null}') || ' ' || pg_temp.outcome('{"is_issue": ""}', 'Good morning'),
  'issue waits', 'where it is missing the words decide'
);
select is(
  pg_temp.outcome('{"is_issue": true, "type": "Gardening", "issue_title": {}}'),
  'issue type="Gardening" issue_title={}', 'an unknown type is named, and does not stop the verdict'
);

-- It stays with the message, in any order

create function pg_temp.message(p_details text, p_edited_at text) returns jsonb language sql as $$
  select pg_temp.single('900', 'Good morning', p_details::jsonb, jsonb_build_object('edited_at', p_edited_at))
$$;
create function pg_temp.state() returns text language sql as $$
  select concat_ws(' ', is_triaged, is_verdict_unreadable, sender_verdict) from circle_issues
  where message_id = '900'
$$;
select handle_circle_webhook(pg_temp.message('{"is_issue": false, "confidence": "?"}',
  '2026-03-05T00:00:00Z'));
select is(pg_temp.state(), 'f t', 'a message whose verdict cannot be read');
select handle_circle_webhook(pg_temp.message('{"is_issue": false}', '2026-03-04T00:00:00Z'));
select is(pg_temp.state(), 'f t', 'is not decided by an older one');
select handle_circle_webhook(pg_temp.message(null, '2026-03-06T00:00:00Z'));
select is(pg_temp.state(), 'f t', 'or by a newer version without one');
select is(
  (select is_verdict_unreadable from circle_triage_queue where message_id = '900'), true,
    'the queue says why it waits'
);
select handle_circle_webhook(pg_temp.message('{"is_issue": false}', '2026-03-06T00:00:00Z'));
select is(pg_temp.state(), 't f 0', 'a newer verdict that can be read decides');
select handle_circle_webhook(pg_temp.message('{"is_issue": "dunno"}', '2026-03-06T00:00:00Z'));
select is(pg_temp.state(), 'f t', 'of two of one version the one that cannot be read counts');

-- Times and counts

create temp table answer as
select handle_circle_webhook(jsonb_build_array(
  pg_temp.single('910', 'zzz', null),
  pg_temp.single('910', 'aaa, edited', null, '{"edited_at": "last Tuesday"}'),
  pg_temp.thread('911', 'x', null, jsonb_build_array(
    pg_temp.reply(1, '912', 'Lee', 'Hi') || '{"created_at": "soon", "reply_index": -1}'
  ), '{"created_at": "?", "sent_at": "2026-03-03 10:00:00 UTC", "replies_count": "many", "chat_thread_id":
    0}')
)) as r;
select is((select r -> 'errors' from answer), '[]', 'a time or count that cannot be read refuses nothing');
select results_eq(
  $$ select i ->> 'message_id', u ->> 'field', u -> 'value', u ->> 'reason' from answer,
     jsonb_array_elements(r -> 'imported') as i, jsonb_array_elements(i -> 'unread') as u $$,
  $$ values ('910', 'edited_at', '"last Tuesday"'::jsonb, 'is not a time'), ('911', 'chat_thread_id', '0',
    'is not an id'), ('911', 'created_at', '"?"', 'is not a time'), ('911', 'replies_count', '"many"',
    'is not a whole number'), ('911', 'Replies[0].created_at', '"soon"', 'is not a time'),
    ('911', 'Replies[0].reply_index', '-1', 'is not a whole number') $$, 'the answer names it'
);
select results_eq(
  $$ select body, edited_at from circle_issues where message_id = '910' $$,
  $$ values ('aaa, edited', null::timestamptz) $$,
  'an edit at a time that cannot be read is an edit: it is newer than the posting'
);
select handle_circle_webhook(pg_temp.single('910', 'zzzz', null));
select is((select body from circle_issues where message_id = '910'), 'aaa, edited', 'whichever comes first');
select handle_circle_webhook(pg_temp.single('910', 'An edit with a time', null,
  '{"edited_at": "2026-03-04"}'));
select handle_circle_webhook(pg_temp.single('910', 'zz, edited', null, '{"edited_at": "last Tuesday"}'));
select is((select body from circle_issues where message_id = '910'), 'An edit with a time',
  'and older than an edit at a known time');
select results_eq(
  $$ select c.posted_at, c.thread_id, r.posted_at, r.reply_index from circle_issues as c
     join circle_replies as r on r.circle_issue_id = c.id where c.message_id = '911' $$,
  $$ values ('2026-03-03 10:00:00+00'::timestamptz, null::text, null::timestamptz, null::integer) $$,
  'a field falls back to the next one that has it, or to null'
);
select is(
  handle_circle_webhook(pg_temp.thread('913', 'x', null, jsonb_build_array(
    pg_temp.reply(1, '914', 'Lee', 'zzz'),
    pg_temp.reply(1, '914', 'Lee', 'aaa, edited') || '{"edited_at": 5}'
  ))) #>> '{imported,0,unread,0,field}', 'Replies[1].edited_at', 'a reply''s too'
);
select is((select body from circle_replies where message_id = '914'), 'aaa, edited', 'with its text');

select * from finish();
rollback;
