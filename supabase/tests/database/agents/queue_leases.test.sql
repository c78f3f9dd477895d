-- What a worker may do with the task it holds: heartbeats, ending the attempt, and nothing after the lease
-- has ended.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(92);
\ir ../helpers/personas.psql
\ir ../helpers/queue.psql
update public.agent_settings set running_tasks_per_user = null, running_tasks_per_project = null;

-- A lease on a new task.
create function pg_temp.lease(p_name text, p_set text default null, p_persona text default 'service_role',
  p_more text default '') returns text language plpgsql as $$
declare
  v_id bigint := pg_temp.task('stranger', concat_ws(', ', 'priority = 100', p_set));
begin
  update public.tasks set run_after = now() + interval '1 d' where status = 'pending' and id <> v_id;
  return pg_temp.claim(p_name, p_persona, p_more);
end;
$$;
create function pg_temp.stored(p_name text) returns public.tasks language sql as $$
  select t from public.tasks as t join leases as l on l.task_id = t.id where l.name = p_name
$$;
create function pg_temp.attempt(p_name text) returns public.task_attempts language sql as $$
  select a from public.task_attempts as a join leases as l using (task_id,
  fencing_token) where l.name = p_name
$$;

-- Heartbeats

select isnt(pg_temp.lease('a'), null, 'a lease');
select is(
  pg_temp.ask('service_role', $$
    select row(h ->> 'state', h ->> 'cancel_requested',
      (h ->> 'lease_expires_at')::timestamptz - clock_timestamp() between '895 s' and '900 s')::text
    from public.heartbeat_task(@a, lease_seconds => 900) as h
  $$), '(running,false,t)', 'a heartbeat returns the state, and until when the lease holds'
);
select is(
  (select row(lease_expires_at - heartbeat_at, heartbeat_at > claimed_at, ended_at)::text
   from pg_temp.attempt('a')), '(00:15:00,t,)', 'as it is stored'
);
select is(
  pg_temp.ask('service_role', $$
    select (h ->> 'lease_expires_at')::timestamptz - clock_timestamp() between '295 s' and '300 s'
    from public.heartbeat_task(@a) as h
  $$), 'true', 'it may also shorten the lease; five minutes by default'
);
create temp table silent on commit drop as select pg_temp.stored('a')::text as task;
select is(pg_temp.ask('service_role', 'select public.heartbeat_task(@a) ->> ''state'''), 'running', 'again');
select is(pg_temp.stored('a')::text, task, 'a heartbeat alone does not touch the task') from silent;
select is(
  pg_temp.ask('service_role',
    'select public.heartbeat_task(@a, message => ''Reading the code'') ->> ''state'''), 'running',
  'a heartbeat with a message'
);
select is(
  (select row(m ->> 'role', m ->> 'content',
     (m ->> 'timestamp')::numeric between extract(epoch from now()) and extract(epoch from clock_timestamp()))
     ::text
   from jsonb_array_elements((pg_temp.stored('a')).chat_messages) as m),
  '(assistant,"Reading the code",t)', 'which is the assistant''s in the conversation'
);
select is(
  pg_temp.ask('service_role', $$
    select public.heartbeat_task(@a, execution_metadata => '{"pushed": {"commit": "abc"}}') ->> 'state'
  $$), 'running', 'a heartbeat with metadata'
);
select is((pg_temp.stored('a')).execution_metadata -> 'pushed' ->> 'commit', 'abc', 'which is merged');
select is(pg_temp.ask('service_role', 'select public.heartbeat_task(@a, execution_metadata => ''[]'')'),
  'PT422 agents_task_value_invalid', 'and is an object');
select is(pg_temp.ask('service_role', format('select public.heartbeat_task(@a, %s)', s)),
  'PT422 agents_worker_input_invalid', 'lease_seconds ' || s)
from unnest(array['4', '3601', 'null', '-1']) as s;

-- Fencing

select isnt(pg_temp.lease('b'), null, 'another lease');
insert into leases
select v.name, a.task_id, v.fencing_token
from leases as a, leases as b,
  lateral (values
    ('other_fence', b.fencing_token), ('no_fence', a.fencing_token + 1000000),
    ('old_fence', a.fencing_token - 1), ('zero_fence', 0)
  ) as v (name, fencing_token)
where a.name = 'a' and b.name = 'b';
insert into leases values ('no_task', 999999999, (select fencing_token from leases where name = 'a'));
create temp table calls (call text) on commit drop;
insert into calls values
  ('heartbeat_task(@%s)'), ('heartbeat_task(@%s, message => ''Late'')'),
  ('complete_task(@%s, git_diff => ''late'')'), ('fail_task(@%s, ''late'')'),
  ('fail_task(@%s, ''late'', retryable => false, message => ''Late'')'), ('release_task(@%s)');
create function pg_temp.all_calls(p_lease text) returns text language sql as $$
  select string_agg(distinct pg_temp.ask('service_role', 'select public.' || format(c.call, p_lease)), '; ')
  from calls as c
$$;
select is(pg_temp.all_calls(n), 'PT409 agents_task_lease_expired', n)
from unnest(array['other_fence', 'no_fence', 'old_fence', 'zero_fence', 'no_task']) as n;
select is(
  pg_temp.ask('service_role', c), 'PT409 agents_task_lease_expired', c
) from unnest(array[
  'select public.heartbeat_task(null, null)', 'select public.complete_task(null, null)',
  'select public.release_task(null, null)'
]) as c;
select is(pg_temp.state_of('a'), 'running open',
  'the holder still holds the task');

-- Completed

update public.tasks set pr_branch = 'fix',
  execution_metadata = '{"model": "small", "runs": 1}'
where id = pg_temp.task_of('a');
create temp table answers on commit drop as select pg_temp.ask('service_role', $$
  select public.complete_task(@a, commit_hash => 'abc', git_diff => '+ a', git_patch => 'From abc',
    changed_files => '["README.md"]', pr_number => 7, pr_url => 'https://github.com/acme/shop/pull/7',
    message => 'Done', execution_metadata => '{"model": "large", "tokens": 5}')
$$)::jsonb as first;
select is(
  (select first - 'completed_at' from answers),
  jsonb_build_object('task_id', pg_temp.task_of('a'), 'status', 'completed'),
  'a task is completed'
);
select is(
  (select row(t.status, t.commit_hash, t.git_diff, t.git_patch, t.changed_files, t.pr_branch, t.pr_number,
     t.pr_url, t.execution_metadata,
     t.completed_at = (a.first ->> 'completed_at')::timestamptz, t.completed_at >= t.started_at,
     t.updated_at >= t.completed_at, t.chat_messages -> 1 ->> 'role', t.chat_messages -> 1 ->> 'content',
     jsonb_array_length(t.chat_messages), t.attempts_count)::text
   from pg_temp.stored('a') as t, answers as a),
  '(completed,abc,"+ a","From abc","[""README.md""]",fix,7,https://github.com/acme/shop/pull/7,'
  '"{""runs"": 1, ""model"": ""large"", ""tokens"": 5}",t,t,t,assistant,Done,2,1)',
  'with its result; what was left out stays, metadata are merged'
);
select is(
  (select row(a.outcome, a.ended_at = t.completed_at, a.error)::text
   from pg_temp.attempt('a') as a, pg_temp.stored('a') as t), '(completed,t,)', 'its attempt has ended'
);
create temp table after_it on commit drop as select t.id, t::text as task from pg_temp.stored('a') as t;
select is(
  pg_temp.ask('service_role', $$
    select public.complete_task(@a, commit_hash => 'abc', message => 'Done', git_diff => '+ b')
  $$)::jsonb, (select first from answers), 'the same call again returns the same answer'
);
select is(pg_temp.stored('a')::text, task, 'and writes nothing') from after_it;
select is(pg_temp.ask('service_role', 'select public.' || c), 'PT409 agents_task_lease_expired',
  'afterwards: ' || c)
from unnest(array[
  'heartbeat_task(@a)', 'heartbeat_task(@a, message => ''Late'')', 'fail_task(@a, ''late'')',
  'release_task(@a)'
]) as c;
select is(pg_temp.as_persona('stranger', format('update public.tasks set status = ''pending'' where id = %s
  returning concat_ws('' '', status, attempts_count)', (select id from after_it))), 'pending 0',
  'its owner runs it again');
select is(pg_temp.claim('a2'), (select id::text from after_it), 'a worker claims it again');
select is((select attempt from leases where name = 'a2'), 1::smallint, 'attempts are counted from 1 again');
select is(pg_temp.history_of((select id from after_it)), '1 completed, 1 open', 'and the history stays');
select ok(pg_temp.ask('service_role', 'select public.complete_task(@a, git_diff => ''old'')') is not null,
  'the first worker repeats that it is completed');
select is(pg_temp.state_of('a2'), 'running open',
  'which does not end the other attempt');
select is((pg_temp.stored('a2')).git_diff, '+ a', 'and writes nothing');

-- Values that are not valid

select throws_ok(
  format('select public.complete_task(%s, %s, git_patch => repeat(''x'', 52428801))', task_id, fencing_token),
  'PT413', 'agents_task_result_too_large', 'a patch of more than 50 MB'
) from leases where name = 'a2';
select is(pg_temp.ask('service_role', format('select public.complete_task(@a2, %s)', v)), e, v)
from (values
  ('changed_files => ''{}''', 'PT422 agents_task_value_invalid'),
  ('pr_number => 0', 'PT422 agents_task_value_invalid'),
  ('commit_hash => repeat(''a'', 201)', 'PT422 agents_task_value_invalid')
) as v (v, e);
select alike(pg_temp.ask('service_role', format('select public.complete_task(@a2,
  execution_metadata => %L)', v)),
  'PT422 %', 'metadata ' || v)
from unnest(array['[1]', '"a"', '5']) as v;
select is(pg_temp.state_of('a2'), 'running open',
  'the worker still holds the task');
select is(
  pg_temp.ask('service_role', $$
    select public.complete_task(@a2, git_diff => string_agg('+ line ' || n, chr(10))) ->> 'status'
    from generate_series(1, 900000) as n
  $$), 'completed', 'a diff of 10 MB'
);
select ok((select diff_bytes from public.task_list where id = (select id from after_it)) > 10000000,
  'is stored');

-- Failed

create function pg_temp.fail_in(p_name text, p_wait interval, p_more text default '') returns text
language sql as $$
  select pg_temp.ask('service_role', replace(format($q$
    select concat_ws(' ', f ->> 'status', f ->> 'attempts_left',
      -- up to a fifth later, so that not all come back together
      (f ->> 'run_after')::timestamptz - clock_timestamp() between p_wait * 0.97 and p_wait * 1.25)
    from public.fail_task(@%s, 'It broke'%s) as f
  $q$, p_name, p_more), 'p_wait', quote_literal(p_wait) || '::interval'))
$$;
select isnt(pg_temp.lease('f', 'max_attempts = 4'), null, 'a task with four attempts');
select is(pg_temp.fail_in('f', '30 s', ', error_kind => ''timeout'', message => ''I gave up'',
  execution_metadata => ''{"tokens": 9}'''), 'pending 3 t', 'a first failure waits for 30 s');
select is(
  (select row(t.status, t.error, t.error_kind, t.attempts_count, t.started_at, t.completed_at,
     t.execution_metadata ->> 'tokens', t.chat_messages -> 0 ->> 'role', t.chat_messages -> 0 ->> 'content')
     ::text
   from pg_temp.stored('f') as t), '(pending,"It broke",timeout,1,,,9,assistant,"I gave up")',
  'the task has the error'
);
select is(
  (select row(a.outcome, a.error, a.error_kind, a.is_retryable, a.ended_at > a.claimed_at)::text
   from pg_temp.attempt('f') as a), '(failed,"It broke",timeout,t,t)', 'and so has the attempt'
);
select is(pg_temp.claim('f'), null, 'nobody gets it before its time');
do $$ begin perform pg_temp.make_ready(); end $$;
select is(pg_temp.claim('f2', p_more => ', lease_seconds => 60'), pg_temp.task_of('f')::text,
  'then a worker claims it');
select isnt(pg_temp.fail_in('f', '30 s'), null, 'the first worker repeats that it failed');
select is(pg_temp.state_of('f2'), 'running open', 'which does not end the other attempt');
select is((pg_temp.stored('f2')).attempts_count, 2::smallint, 'and does not count');
select is(pg_temp.fail_in('f2', '60 s'), 'pending 2 t', 'the second waits twice as long');
do $$ begin perform pg_temp.make_ready(); perform pg_temp.claim('f3'); end $$;
select is(pg_temp.fail_in('f3', '120 s'), 'pending 1 t', 'the third twice as long again');
do $$ begin perform pg_temp.make_ready(); perform pg_temp.claim('f4'); end $$;
select alike(pg_temp.fail_in('f4', '0', ', error_kind => ''tests_red'''), 'failed 0%',
  'the last failure ends it');
select is(
  (select row(t.status, t.error, t.error_kind, t.attempts_count, t.completed_at >= t.started_at)::text
   from pg_temp.stored('f') as t), '(failed,"It broke",tests_red,4,t)', 'the task has failed, with the error'
);
select is(pg_temp.history_of(pg_temp.task_of('f')),
  '1 failed timeout, 2 failed, 3 failed, 4 failed tests_red', 'its history is complete');
select isnt(pg_temp.lease('g'), null, 'another one');
select alike(pg_temp.fail_in('g', '0', ', retryable => false'), 'failed %',
  'an error that is not retryable fails it immediately');
select is((pg_temp.attempt('g')).is_retryable, false, 'as its attempt records');
update public.agent_settings set retry_seconds = 600;
select isnt(pg_temp.lease('m1'), null, 'another one');
do $$ begin
  perform pg_temp.fail_in('m1', '30 s', ', error_kind => ''timeout''');
  perform pg_temp.make_ready(); perform pg_temp.claim('m2');
end $$;
select is(pg_temp.ask('service_role', 'select public.complete_task(@m2) ->> ''status'''), 'completed',
  'fails and is then completed');
select is((select row(t.error, t.error_kind, t.attempts_count)::text from pg_temp.stored('m2') as t), '(,,2)',
  'a completed task has no error');
select isnt(pg_temp.lease('h'), null, 'another one');
select is(pg_temp.fail_in('h', '600 s'), 'pending 2 t', 'the delay is a setting');
select isnt(pg_temp.lease('i', 'max_attempts = 20, attempts_count = 18'), null, 'a task that failed often');
select ok((pg_temp.ask('service_role', 'select public.fail_task(@i, ''again'') ->> ''run_after''')
  ::timestamptz) between now() + interval '1 hour' and now() + interval '7 days',
  'waits for a limited time');
select isnt(pg_temp.lease('j'), null, 'another one');
select alike(pg_temp.ask('service_role', format('select public.fail_task(@j, %s)', a)), 'PT422 %', a)
from unnest(array['null', '''  ''', '''broken'', error_kind => ''Not a Slug!''']) as a;

-- Released

select is(pg_temp.ask('service_role', 'select public.release_task(@j)')::jsonb,
  jsonb_build_object('task_id', pg_temp.task_of('j'), 'status', 'pending'),
  'a worker releases a task');
select is(
  (select row(t.status, t.attempts_count, t.started_at, t.error, t.run_after <= clock_timestamp())::text
   from pg_temp.stored('j') as t), '(pending,0,,,t)',
   'it is ready immediately, and the attempt does not count'
);
select is(pg_temp.claim('j2'), pg_temp.task_of('j')::text, 'another one takes it');
select is(pg_temp.history_of(pg_temp.task_of('j')), '1 released, 1 open',
  'with the same number');
select isnt(pg_temp.ask('service_role', 'select public.release_task(@j)'), null,
  'the first one gives it back again');
select is((pg_temp.stored('j')).status || ' ' || pg_temp.attempt_of('j2'), 'running open',
  'but it is not its own');

-- Later

select isnt(pg_temp.lease('k'), null, 'a task whose agent has reached a limit');
select alike(pg_temp.ask('service_role', format('select public.release_task(@k, %s)', a)), 'PT422 %', a)
from unnest(array['-1', '604801']) as a;
select is(
  (pg_temp.ask('service_role', 'select public.release_task(@k, 600, ''usage limit'')')::jsonb) - 'run_after',
  jsonb_build_object('task_id', pg_temp.task_of('k'), 'status', 'pending'), 'is released for later'
);
select is(
  (select row(t.status, t.attempts_count, t.error, t.run_after > clock_timestamp() + interval '590 s')::text
   from pg_temp.stored('k') as t), '(pending,0,"usage limit",t)',
  'it waits, the attempt does not count, and the task has the reason'
);
select is((select a.error from public.task_attempts as a where a.task_id = pg_temp.task_of('k')),
  'usage limit', 'so does its history');
select is((pg_temp.ask('service_role', 'select public.release_task(@k, 600)')::jsonb) - 'run_after',
  jsonb_build_object('task_id', pg_temp.task_of('k'), 'status', 'pending'), 'again, the same');

select * from finish();
rollback;
