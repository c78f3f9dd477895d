-- The figures of support: how long visitors wait, what is counted by day, and that both agree with the
-- messages.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(28);
\ir ../helpers/personas.psql
truncate private.support_marks, private.support_days, private.support_day_responses, private.support_errors,
  private.support_error_counts;
update private.support_metrics_state set counted_at = now(), kept_before = '-infinity';

-- A time on a day that is over.
create function pg_temp.at(p_time text, p_days_ago integer default 3) returns timestamptz language sql as $$
  select (((now() at time zone 'UTC')::date - p_days_ago) + p_time::time) at time zone 'UTC'
$$;
create function pg_temp.say(p_session text, p_role text, p_content text, p_at timestamptz) returns void
language sql as $$
  insert into support.messages (conversation_id, role, content, created_at)
  select c.id, p_role, p_content, p_at from support.conversations as c where c.session_id = p_session
$$;
insert into support.conversations (session_id, created_at) values
  ('a', pg_temp.at('10:00')), ('b', pg_temp.at('11:00')), ('c', pg_temp.at('12:00')),
  ('d', pg_temp.at('13:00'));

-- The assistant: two messages, one answer after 5 seconds; then another after 3.
select pg_temp.say('a', 'user', 'One', pg_temp.at('10:00:00'));
select pg_temp.say('a', 'user', 'Two', pg_temp.at('10:00:02'));
select pg_temp.say('a', 'assistant', 'Answer', pg_temp.at('10:00:05'));
select pg_temp.say('a', 'assistant', 'And more', pg_temp.at('10:00:06'));
select pg_temp.say('a', 'user', 'Three', pg_temp.at('10:01:00'));
select pg_temp.say('a', 'assistant', 'Answer', pg_temp.at('10:01:03'));
-- A person: asked for at 11:00:10, answers a minute later, and then after 30 seconds.
select pg_temp.say('b', 'user', 'A person', pg_temp.at('11:00:00'));
select pg_temp.say('b', 'assistant', 'I ask one', pg_temp.at('11:00:01'));
insert into support.escalations (conversation_id, issue_type, original_request, created_at)
select c.id, 'x', 'A person', pg_temp.at('11:00:10') from support.conversations as c where c.session_id = 'b';
select pg_temp.say('b', 'agent', 'Hello', pg_temp.at('11:01:10'));
select pg_temp.say('b', 'user', 'Hello', pg_temp.at('11:02:00'));
select pg_temp.say('b', 'system', 'A note', pg_temp.at('11:02:10'));
select pg_temp.say('b', 'agent', 'Yes', pg_temp.at('11:02:30'));
select pg_temp.say('b', 'agent', 'And more', pg_temp.at('11:03:00'));
-- A person who writes without being asked, 20 seconds after the visitor.
select pg_temp.say('c', 'user', 'Anybody', pg_temp.at('12:00:00'));
select pg_temp.say('c', 'agent', 'Here', pg_temp.at('12:00:20'));
-- A person who writes to somebody who has not written.
select pg_temp.say('d', 'agent', 'Welcome', pg_temp.at('13:00:20'));

select results_eq(
  $$ select r.responder, r.is_first, r.seconds from private.support_responses as r order by 1, 2 desc, 3 $$,
  $$ values ('assistant', true, 1::real), ('assistant', true, 5), ('assistant', false, 3),
       ('person', true, 20), ('person', true, 60), ('person', false, 30) $$,
  'each first answer to what a visitor wrote is noted, with the time they waited'
);
select results_eq(
  $$ select distinct m.day from private.support_marks as m $$,
  $$ select (now() at time zone 'UTC')::date - 3 $$,
  'the day in the past is marked'
);
select ok(private.run_support_metrics() >= 2, 'the job counts it, and the current day');
select is((select count(*) from private.support_marks), 0::bigint, 'and removes the mark');
select results_eq(
  $$ select conversations_count, escalated_conversations_count, escalation_rate, escalations_count,
       visitor_messages_count, assistant_messages_count, person_messages_count
     from support.daily_metrics where day = (now() at time zone 'UTC')::date - 3 $$,
  $$ values (4::bigint, 3::bigint, 0.7500, 1::bigint, 6::bigint, 4::bigint, 5::bigint) $$,
  'the day has its counts; escalations that agents made today are of today'
);
select results_eq(
  $$ select responder, kind, responses_count, median_seconds, p90_seconds from support.response_times
     order by 1, 2 $$,
  $$ values ('assistant', 'first', 2::bigint, 3::real, 4.6::real), ('assistant', 'later', 1, 3, 3),
       ('person', 'first', 2, 40, 56), ('person', 'later', 1, 30, 30) $$,
  'and its response times'
);
select is_empty('select * from private.verify_support_metrics()', 'stored and raw figures agree');

-- Later changes of a day that is over.

insert into support.escalations (conversation_id, issue_type, original_request)
select c.id, 'x', 'Now' from support.conversations as c where c.session_id = 'a';
select isnt_empty('select from private.support_marks', 'an escalation marks the day of its conversation');
select is_empty(
  'select * from private.verify_support_metrics()',
  'until it is counted, that is no difference'
);
select ok(private.run_support_metrics() > 0, 'it is counted');
select is(
  (select escalated_conversations_count from support.daily_metrics
   where day = (now() at time zone 'UTC')::date - 3), 4::bigint, 'in the day of the conversation'
);
delete from support.conversations where session_id = 'b';
select ok(private.run_support_metrics() > 0, 'a deleted conversation is counted');
select results_eq(
  $$ select conversations_count, person_messages_count from support.daily_metrics
     where day = (now() at time zone 'UTC')::date - 3 $$,
  $$ values (3::bigint, 2::bigint) $$, 'as if it had not been'
);
select is_empty('select * from private.verify_support_metrics()', 'stored and raw figures still agree');
update private.support_days set visitor_messages_count = 99;
select isnt_empty('select from private.verify_support_metrics()', 'a wrong figure is found');
select lives_ok('select private.rebuild_support_metrics()', 'everything is counted again');
select is_empty('select * from private.verify_support_metrics()', 'and right');

-- Active conversations, errors, and one answer with all.

update support.conversations set status = 'closed' where session_id = 'd';
select results_eq(
  $$ select status::text, conversations_count from support.conversation_counts order by 1 $$,
  $$ values ('waiting_for_human', 1::bigint), ('with_human', 1) $$,
  'open conversations are counted by status'
);
select lives_ok(
  $$ select support.record_support_error('answer', 'support_model_unavailable'),
       support.record_support_error('answer', 'support_model_unavailable'),
       support.record_support_error('answer', 'ada@example.org wrote: hello'),
       support.record_support_error('My name is Ada', '55P03') $$,
  'errors are recorded'
);
select results_eq(
  $$ select operation, cause, errors_count from support.error_rates order by 1, 2 $$,
  $$ values ('answer', 'other', 1::bigint), ('answer', 'support_model_unavailable', 2),
       ('other', '55P03', 1) $$,
  'by code, without what somebody wrote'
);
select is(private.fold_support_errors(), 4, 'the job adds them up');
select results_eq(
  $$ select operation, cause, errors_count from support.error_rates order by 1, 2 $$,
  $$ values ('answer', 'other', 1::bigint), ('answer', 'support_model_unavailable', 2),
       ('other', '55P03', 1) $$,
  'which changes nothing'
);
select is(
  pg_temp.as_persona('viewer', $$select format('%s %s %s', m ->> 'active_conversations',
      m #>> '{response_times,0,responder}', m #>> '{errors,0,errors}')
    from support.support_metrics(7) as m$$),
  '2 assistant 2', 'viewers get all figures of some days in one answer'
);
select is(
  pg_temp.as_persona('stranger', 'select support.support_metrics()'), 'PT403 team_role_required',
  'strangers do not'
);
select is(
  pg_temp.as_persona('stranger', $$select (select count(*) from support.daily_metrics)
    + (select count(*) from support.response_times) + (select count(*) from support.error_rates)
    + (select count(*) from support.conversation_counts)$$),
  '0', 'and the views are empty for them'
);
select matches(
  pg_temp.as_persona('agent', $$select support.record_support_error('answer', 'x')$$), '^42501',
  'only servers record errors'
);

-- The job that was not run for days counts them all.

update private.support_metrics_state set counted_at = now() - interval '4 days';
truncate private.support_days, private.support_day_responses, private.support_marks;
select is(private.run_support_metrics() >= 4, true, 'days without a run are counted by the next one');
select is_empty('select * from private.verify_support_metrics()', 'and none is missing');

select * from finish();
rollback;
