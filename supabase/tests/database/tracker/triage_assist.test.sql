-- What triage-assist asks about, how often, within which budget, and how its answers are recorded.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(62);
\ir ../helpers/personas.psql
\ir ../helpers/triage_questions.psql

-- What is sent

select is(private.triage_question(null, 'It fails'), 'It fails', 'a body alone');
select is(
  private.triage_question(private.circle_title(null, 'It fails'), 'It fails'), 'It fails',
  'with the title that the import made of it'
);
select is_empty(
  $$ select b.body from unnest(array[
       '[It](https://x.example) fails', '![It](https://x.example) fails', ' It  fails',
       repeat('It fails ', 50), '!', '', repeat(' ', 200) || 'It fails', 'It fails...'
     ]) as b (body)
     where private.triage_question(private.circle_title(null, b.body), b.body) <> b.body $$,
  'however it begins'
);
select is(
  private.triage_question('It', 'It fails'), E'It\n\nIt fails', 'a title that begins as the body does'
);
select is(private.triage_question('Help', 'It fails'), E'Help\n\nIt fails', 'with a title of its own');
select is(private.triage_question('Help', null), 'Help', 'a title alone');
select is(length(private.triage_question('Help', repeat('é', 9000))), 4000, 'at most 4,000 characters');
select is(
  private.triage_question_version(private.triage_question(null, repeat('a', 4000) || 'b')),
  private.triage_question_version(private.triage_question(null, repeat('a', 4000) || 'c')),
  'what is not sent makes no other version'
);

-- Who asks, and what about

select pg_temp.add(1);
select is(pg_temp.claim(), null, 'by default nothing is asked');
update public.tracker_settings set assist_daily_calls = 100 where id;
select pg_temp.add(2, 'Second');
select is(
  public.claim_triage_questions(null, 1) -> 'questions' -> 0,
  jsonb_build_object(
    'circle_issue_id', pg_temp.id_of(2), 'version', encode(sha256('Second'), 'hex'), 'fencing_token', 1,
    'question', 'Second'
  ), 'a run gets what it needs, the newest first'
);
select is(pg_temp.claim(), '1', 'another one gets the next');
select is(pg_temp.claim(), null, 'and the next one nothing, while they have them');
select pg_temp.expire();
select is(pg_temp.claim(), '2,1', 'an expired lease is given out again');
select is(pg_temp.spent(), '4 52', 'each time is counted before it is sent');

select pg_temp.add(n) from generate_series(11, 18) as n;
update public.circle_issues set is_triaged = true where message_id = '11';
update public.circle_issues set sender_verdict = 0.5 where message_id = '12';
update public.circle_issues set is_verdict_unreadable = true where message_id = '13';
update public.circle_issues set removed_at = now() where message_id = '14';
update public.circle_issues set title = '', body = E' \n ' where message_id = '15';
select public.dismiss_circle_issue(pg_temp.id_of(16));
select public.return_circle_issue(pg_temp.id_of(16));
select public.import_circle_issue(pg_temp.id_of(17));
select is(pg_temp.due(), '18', 'only what waits because of its words alone is asked about');
delete from public.circle_issues where message_id::integer between 11 and 18;

-- What is not an answer

select is(pg_temp.answer(1, 'not_asked'), 'not_asked', 'what was not sent');
select is(pg_temp.spent(), '3 32', 'is not counted');
select is(pg_temp.answer(1, 'not_asked'), 'expired', 'and not twice');
select is(pg_temp.spent(), '3 32', 'when the call is repeated');
select is(pg_temp.due(), '1', 'it is due');
select is(pg_temp.claim(), '1', 'and asked again');
select is(
  public.record_triage_answer(pg_temp.id_of(1), encode(sha256('The page stays white'), 'hex'), 1, 'failed'),
  'expired', 'a run that has lost its lease changes nothing'
);
select is(pg_temp.answer(1, 'failed'), 'failed', 'no answer');
select is(
  (select concat_ws(' ', attempts_count, failures_count, next_attempt_at between now() + interval '30 minutes'
    and now() + interval '36 minutes') from private.triage_questions
   where circle_issue_id = pg_temp.id_of(1)),
  '0 2 t', 'does not count as an attempt, nor does a lease that nobody ended; it is tried again later'
);
select is(pg_temp.due(), null, 'not before');
select pg_temp.later();
select is(pg_temp.claim(), '1', 'but then');
select is(pg_temp.answer(1, 'unreadable'), 'unreadable', 'an answer that is not an opinion');
select pg_temp.later();
select pg_temp.claim();
select pg_temp.answer(1, 'unreadable');
select pg_temp.later();
select is(pg_temp.claim(), '1', 'is tried a third time');
select pg_temp.answer(1, 'unreadable');
select pg_temp.later();
select is(pg_temp.claim(), null, 'and no fourth time');
select is(
  (select triage_confidence from public.circle_issues where message_id = '1'), 0.5::double precision,
  'nothing of that changes the message'
);

-- What is an answer

select throws_ok(
  $$ select pg_temp.answer(2, 'maybe') $$, 'PT422', 'tracker_triage_answer_invalid', 'an unknown outcome'
);
select throws_ok(
  $$ select pg_temp.answer(2, 'answered', true) $$, 'PT422', 'tracker_triage_answer_invalid',
  'an opinion without a confidence'
);
select throws_ok(
  $$ select pg_temp.answer(2, 'answered', true, 1.5) $$, '23514', null, 'a confidence above 1'
);
select throws_ok(
  $$ select public.record_triage_answer(pg_temp.id_of(2), '00', 1, 'answered', true, 1) $$, 'PT404',
  'tracker_triage_question_unknown', 'a version that nobody asked about'
);
select is(pg_temp.answer(2, 'answered', true, 0.9, 'tool'), 'stored', 'an opinion is stored');
select is(
  private.opinion_features(null, 'Second'), array['(assist issue)', '(assist tool)'],
  'and is a feature of the text'
);
select is(pg_temp.answer(2, 'answered', false, 0.9), 'known', 'once');
select pg_temp.later();
select is(pg_temp.claim(), null, 'and not asked for again');
select pg_temp.add(3, 'Third');
select pg_temp.claim();
select is(pg_temp.answer(3, 'answered', false, 1, 'tool'), 'stored', 'that it is not an issue');
select is(private.opinion_features(null, 'Third'), array['(assist not)'], 'has no segment');
select is(
  (select row(is_triaged, mapped_to_issue_id is null)::text from public.circle_issues where message_id = '3'),
  '(f,t)', 'and dismisses nothing, however sure'
);

-- Versions

update public.circle_issues set body = 'Third, edited' where message_id = '3';
select is(pg_temp.claim(), '3', 'an edit is another version, and is asked about');
update public.circle_issues set body = 'Third, edited again' where message_id = '3';
select is(pg_temp.answer(3, 'answered', true, 1), 'stale', 'an opinion of an old version changes nothing');
update public.circle_issues set body = 'Third, edited' where message_id = '3';
select is(pg_temp.due(), null, 'but is known when that version comes back');
do $$
begin
  for v_number in 1..6 loop
    update public.circle_issues set body = 'Edit ' || v_number where message_id = '3';
    perform public.claim_triage_questions();
  end loop;
end;
$$;
select is(
  (select count(*) from private.triage_questions where circle_issue_id = pg_temp.id_of(3)), 5::bigint,
  'five versions of a message a day'
);
select pg_temp.add(4, 'Fourth');
select pg_temp.claim();
select public.dismiss_circle_issue(pg_temp.id_of(4));
select is(pg_temp.answer(4, 'answered', true, 1), 'decided', 'a person''s decision stands');
delete from public.circle_issues where message_id = '4';
select is(
  (select count(*) from private.triage_questions where version = sha256('Fourth')), 0::bigint,
  'a message is deleted with its questions'
);

-- Budget

delete from private.triage_assist_days where true;
update public.tracker_settings set assist_daily_calls = 3, assist_daily_characters = 16 where id;
select pg_temp.add(n, 'Text ' || n) from generate_series(21, 26) as n;
select is(pg_temp.claim(), '26,25', 'as many as there are characters left');
update public.tracker_settings set assist_daily_characters = 1000 where id;
select is(pg_temp.claim(), '24', 'and calls');
select is(pg_temp.claim(), null, 'and no more that day');
select is(pg_temp.spent(), '3 21', 'which is what is counted');
update public.agent_settings set functions_url = 'http://127.0.0.1:1/functions/v1' where true;
select is(private.request_triage_assist(), false, 'the scheduler calls nothing then');
update private.triage_assist_days set day = day - 1 where true;

-- Pauses and scheduled calls

select is(
  (select p.until between now() + interval '1 minute' and now() + interval '72 seconds'
   from public.pause_triage_assist(null) as p (until)), true, 'a pause without a time is short'
);
select is(
  (select p.until between now() + interval '2 minutes' and now() + interval '144 seconds'
   from public.pause_triage_assist(null) as p (until)), true, 'twice as long the next time'
);
select is(public.pause_triage_assist(now() + interval '9 days'), now() + interval '1 day', 'at most a day');
select is(
  public.claim_triage_questions(),
  jsonb_build_object('paused_until', now() + interval '1 day', 'questions', '[]'::jsonb),
  'during it nothing is leased'
);
select is(private.request_triage_assist(), false, 'nor the function called');
update private.triage_assist set paused_until = null where true;
select is(private.request_triage_assist(), true, 'on another day it is');
select is(
  (select row(method, url, timeout_milliseconds)::text from net.http_request_queue order by id desc limit 1),
  '(POST,http://127.0.0.1:1/functions/v1/triage-assist,120000)', 'at its URL'
);
select is(
  (select public.claim_triage_questions(headers ->> 'x-fixloop-ticket', 1) -> 'questions' -> 0 ->> 'question'
   from net.http_request_queue order by id desc limit 1),
  'Text 23', 'with a ticket that begins a run'
);
select throws_ok(
  $$ select public.claim_triage_questions(headers ->> 'x-fixloop-ticket')
     from net.http_request_queue order by id desc limit 1 $$, 'PT401', 'function_ticket_invalid', 'once'
);
select is(
  (select string_agg(pg_temp.as_persona(p, 'select public.claim_triage_questions()::text'), ' ')
   from unnest(array['anon', 'stranger', 'viewer', 'agent', 'admin']) as p) ~ '^(42501 [^4]+){5}$', true,
  'nobody but a server runs it'
);

select * from finish();
rollback;
