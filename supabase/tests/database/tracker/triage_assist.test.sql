-- What triage-assist asks about, how often, within which budget, and how its answers are recorded.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(80);

\ir ../helpers/personas.psql
delete from private.triage_assist_days where true;
update private.triage_assist set paused_until = null, pauses_count = 0 where true;
update public.tracker_settings set
  triage_threshold = 0.99, assist_daily_calls = 0, assist_daily_characters = 1000000
where id;

create function pg_temp.add(p_id integer, p_body text default 'The page stays white') returns void
language sql as $$
  insert into public.circle_issues (message_id, title, body, created_at, triage_confidence) values (
    p_id::text, private.circle_title(null, p_body), p_body, now() + make_interval(secs => p_id), 0.5
  )
$$;
create function pg_temp.id_of(p_id integer) returns uuid language sql as $$
  select c.id from public.circle_issues as c where c.message_id = p_id::text
$$;
-- The ids of the messages that a run gets, in order.
create function pg_temp.claim(p_size integer default null) returns text language sql as $$
  select string_agg(c.message_id, ',' order by q.position)
  from jsonb_array_elements(public.claim_triage_questions(null, p_size) -> 'questions')
    with ordinality as q (value, position)
  join public.circle_issues as c on c.id = (q.value ->> 'circle_issue_id')::uuid
$$;
create function pg_temp.due() returns text language sql as $$
  select string_agg(c.message_id, ',' order by d.position)
  from private.due_triage_questions(100) with ordinality as d (id, question, version, position)
  join public.circle_issues as c on c.id = d.id
$$;
-- Ends the newest question about a message.
create function pg_temp.answer(
  p_id integer, p_outcome text, p_is_issue boolean default null, p_confidence double precision default null,
  p_segment text default null
) returns text language sql as $$
  select public.record_triage_answer(
    q.circle_issue_id, encode(q.version, 'hex'), q.fencing_token, p_outcome, p_is_issue, p_confidence,
    p_segment, 'small'
  )
  from private.triage_questions as q where q.circle_issue_id = pg_temp.id_of(p_id)
  order by q.asked_at desc, q.lease_expires_at desc nulls last limit 1
$$;
create function pg_temp.spent() returns text language sql as $$
  select concat_ws(' ', d.calls_count, d.characters_count) from private.triage_assist_days as d
$$;
create function pg_temp.later() returns void language sql as $$
  update private.triage_questions set next_attempt_at = now() where next_attempt_at is not null
$$;
-- The end of every lease, as if ten minutes had passed.
create function pg_temp.expire() returns void language sql as $$
  update private.triage_questions set lease_expires_at = now() where lease_expires_at is not null
$$;

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

-- What an opinion counts

create function pg_temp.logit(p double precision) returns double precision language sql as $$
  select ln(p / (1 - p))
$$;
select is(
  private.opinion_features(null, 'Could somebody look at the export?'), '{}', 'without an opinion nothing'
);
create temp table judged on commit drop as
select v.id, v.text, private.issue_likelihood(null, v.text) as likelihood
from (values (5, 'Could somebody look at the export?'), (6, 'Nobody sees the export')) as v (id, text);
select pg_temp.add(j.id, j.text) from judged as j;
select pg_temp.claim();
select is(pg_temp.answer(5, 'answered', true, 0.9, 'auth'), 'stored', 'for an issue');
select is(pg_temp.answer(6, 'answered', false, 0.9), 'stored', 'against one');
select is(
  (select string_agg(
    round((pg_temp.logit(c.triage_confidence) - pg_temp.logit(j.likelihood))::numeric, 2)::text, ' '
    order by j.id
  ) from judged as j join public.circle_issues as c on c.message_id = j.id::text),
  '1.00 -1.00', 'it adds its weight to the logit of the message''s likelihood'
);
select is(
  (select string_agg(e.reason, ', ' order by e.reason)
   from private.load_triage_reasons(null, 'Could somebody look at the export?') as e
   where e.words like '(assist%' and (e.issue = 1 or e.auth = 1)),
  'the model considers it an issue, the model''s segment: auth', 'explain_triage names it'
);
update public.triage_weights set issue = 0, auth = 50 where feature like '(assist%';
select is(
  (select round(private.issue_likelihood(null, j.text)::numeric, 5) = round(j.likelihood::numeric, 5)
   from judged as j where j.id = 5), true, 'a weight of 0 takes the opinion out'
);
select is(
  private.determine_segment(null, 'Could somebody look at the export?'), 'auth',
  'the model''s segment counts by its weight'
);
update public.triage_weights set issue = 50 where feature = '(assist issue)';
update public.tracker_settings set triage_threshold = 0.95 where id;
select pg_temp.add(7, 'Nobody sees the import');
select pg_temp.claim();
select is(pg_temp.answer(7, 'answered', true, 0.4), 'stored', 'an unsure opinion');
select is(private.opinion_features(null, 'Nobody sees the import'), '{}', 'counts nothing');
select pg_temp.add(8, 'Nobody sees the export?');
select pg_temp.claim();
select is(pg_temp.answer(8, 'answered', true, 0.5), 'imported', 'with the threshold reached it is an issue');
select is(
  (select row(c.is_triaged, c.triaged_by, i.title, l.import_source, l.is_automatic)::text
   from public.circle_issues as c join public.issues as i on i.id = c.mapped_to_issue_id
   join public.issue_import_logs as l on l.issue_id = i.id where c.message_id = '8'),
  '(t,,"Nobody sees the export?",triage_assist,t)', 'by triage, not by a person'
);
delete from public.circle_issues where message_id::integer between 5 and 8;
update public.tracker_settings set triage_threshold = 0.99 where id;

-- Its weight is learned

-- p_count messages, each with a person's decision about it, and an opinion unless that is null.
create function pg_temp.decide(p_from integer, p_count integer, p_opinion boolean, p_decision boolean)
returns void language plpgsql as $$
declare
  v_id uuid;
begin
  for v_number in p_from..p_from + p_count - 1 loop
    perform pg_temp.add(
      v_number, format('Page %s does not open: %s', md5(v_number::text), md5('x' || v_number))
    );
    v_id := pg_temp.id_of(v_number);
    insert into private.triage_questions (
      circle_issue_id, version, characters_count, is_issue, confidence, answered_at
    )
    select v_id, private.triage_question_version(private.triage_question(c.title, c.body)), 1, p_opinion, 0.9,
      now()
    from public.circle_issues as c where c.id = v_id and p_opinion is not null;
    if p_decision then
      perform public.import_circle_issue(v_id);
    else
      perform public.dismiss_circle_issue(v_id);
    end if;
  end loop;
end;
$$;
create function pg_temp.weights() returns numeric[] language sql as $$
  select array[
    (select round(w.issue::numeric, 2) from public.triage_weights as w where w.feature = '(assist issue)'),
    (select round(w.issue::numeric, 2) from public.triage_weights as w where w.feature = '(assist not)')
  ]
$$;
delete from private.triage_decisions where true;
select private.learn_triage();
select is(pg_temp.weights(), array[1.00, -1.00], 'without decisions it is the delivered one');
select pg_temp.decide(1000 + 10 * n, 8, null, true), pg_temp.decide(1008 + 10 * n, 1, true, false)
from generate_series(1, 5) as n;
select pg_temp.decide(1100, 20, null, true);
select private.learn_triage();
select ok((pg_temp.weights())[1] between 0 and 0.95, 'five wrong opinions do not turn it around');
select pg_temp.decide(1200 + 2 * n, 1, null, true), pg_temp.decide(1201 + 2 * n, 1, true, false)
from generate_series(1, 60) as n;
select private.learn_triage();
select cmp_ok((pg_temp.weights())[1], '<', 0.7, 'a model that is often wrong loses weight');
select is((pg_temp.weights())[2], -1.00, 'for what it was wrong about');
delete from public.circle_issues where message_id::integer between 1000 and 1999;
select pg_temp.decide(2000 + 2 * n, 1, true, true), pg_temp.decide(2001 + 2 * n, 1, false, false)
from generate_series(1, 40) as n;
select private.learn_triage();
select cmp_ok((pg_temp.weights())[1], '>', 1.00, 'one that is right gains');
select cmp_ok((pg_temp.weights())[2], '<', -1.00, 'in both directions');
delete from public.circle_issues where message_id::integer >= 1000;
delete from public.issues;
select private.learn_triage();
select is(pg_temp.weights(), array[1.00, -1.00], 'decisions that are gone teach nothing');

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
