-- What an opinion of triage-assist counts, and how its weight is learned.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(18);
\ir ../helpers/personas.psql
\ir ../helpers/triage_questions.psql

update public.tracker_settings set assist_daily_calls = 100 where id;
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

select * from finish();
rollback;
