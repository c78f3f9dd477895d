-- A task's way through the queue: claimed, kept, ended, and what a worker may write that comes too late.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(59);
\ir ../helpers/personas.psql

update agent_settings set running_tasks_per_user = null, running_tasks_per_project = null;
insert into projects (id, user_id, repo_url, repo_name, repo_owner, name, settings) values
  (-1, '00000000-0000-4000-8000-00000000000c', 'https://github.com/acme/widget', 'widget', 'acme', 'Widget',
    '{"test": "npm test"}');

-- A new pending task of the agent persona, the only one that the agent `work` finds.
create function pg_temp.new_task(p_max_attempts integer default 3) returns bigint language sql as $$
  insert into tasks (user_id, project_id, agent, max_attempts)
  values ('00000000-0000-4000-8000-00000000000c', -1, 'work', p_max_attempts) returning id
$$;
create temp table lease (name text primary key, task bigint, token bigint) on commit drop;
create function pg_temp.claim(p_name text) returns bigint language sql as $$
  insert into lease
  select p_name, c.task_id, c.fencing_token from claim_task('w1', '{work}', 60) as c
  returning task
$$;
create function pg_temp.call(p_format text, p_name text) returns text language sql as $$
  select pg_temp.as_persona('service_role', format(p_format, l.task, l.token)) from lease as l
  where l.name = p_name
$$;
create function pg_temp.state(p_name text) returns text language sql as $$
  select concat_ws('|', t.status, t.attempts_count, t.error_kind) from tasks as t
  join lease as l on l.task = t.id where l.name = p_name
$$;
create function pg_temp.expire(p_name text) returns void language sql as $$
  update task_attempts as a
  set claimed_at = now() - interval '1 hour', lease_expires_at = clock_timestamp() - interval '1 second'
  from lease as l where l.name = p_name and a.fencing_token = l.token
$$;
create function pg_temp.ready() returns void language sql as $$
  update tasks set run_after = now() - interval '1 minute' where agent = 'work' and status = 'pending'
$$;

-- Claim

select is_empty($$ select * from claim_task('w1', '{work}') $$, 'no row when there is nothing to do');
select pg_temp.new_task();
select results_eq(
  $$ select agent, priority, attempt, project_id, repo_url, repo_owner, repo_name, target_branch, pr_branch,
       chat_messages, execution_metadata, project_settings, github_token,
       lease_expires_at between clock_timestamp() + interval '55 s' and clock_timestamp() + interval '60 s'
     from claim_task('w1', '{work}', 60) $$,
  $$ values ('work', 0::smallint, 1::smallint, -1::bigint, 'https://github.com/acme/widget', 'acme', 'widget',
       'main', null::text, '[]'::jsonb, '{}'::jsonb, '{"test": "npm test"}'::jsonb, null::text, true) $$,
  'a claim hands over what the work needs'
);
select results_eq(
  $$ select t.status::text, t.attempts_count, t.started_at = a.claimed_at, t.completed_at, a.worker, a.agent,
       a.user_id, a.project_id, a.worker_token_id, a.outcome
     from tasks as t join task_attempts as a on a.task_id = t.id where t.agent = 'work' $$,
  $$ values ('running', 1::smallint, true, null::timestamptz, 'w1', 'work',
       '00000000-0000-4000-8000-00000000000c'::uuid, -1::bigint, null::uuid, null::text) $$,
  'the task runs and its attempt is open'
);
select is_empty($$ select * from claim_task('w2', '{work}') $$, 'and nobody else gets it');
select throws_ok(
  $$ update tasks set status = 'completed' where agent = 'work' $$, 'PT409', 'task_held_by_worker',
  'no other way changes its status'
);
delete from tasks where agent = 'work';
select is((select count(*) from task_attempts where agent = 'work'), 0::bigint,
  'its attempts leave with the task');

insert into tasks (user_id, agent, repo_url) select '00000000-0000-4000-8000-00000000000c', 'work', u
from unnest(array[
  'https://github.com/acme/widget', 'https://github.com/acme/widget.git', 'git@github.com:acme/widget.git',
  'ssh://git@github.com/acme/widget.git/', 'https://user@git.example.com:8443/acme/widget/'
]) as u;
select is(string_agg(distinct c.repo_owner || '/' || c.repo_name, ' '), 'acme/widget',
  'without a project, owner and name are those in the address')
from generate_series(1, 5) cross join lateral claim_task('w1', '{work}') as c;
delete from tasks where agent = 'work';

select pg_temp.new_task();
select pg_temp.new_task();
create temp table repeated on commit drop as
select n, c.task_id, c.fencing_token
from generate_series(1, 2) as n
cross join lateral claim_task('w1', '{work}', 60, null, '11111111-1111-4111-8111-111111111111') as c;
select is((select count(distinct (task_id, fencing_token)) from repeated), 1::bigint,
  'the same claim_key again is the same lease');
select is((select count(*) from tasks where agent = 'work' and status = 'pending'), 1::bigint,
  'and one task is taken');
update task_attempts set lease_expires_at = clock_timestamp()
where fencing_token = (select min(fencing_token) from repeated);
select isnt(
  (select c.task_id from claim_task('w1', '{work}', 60, null, '11111111-1111-4111-8111-111111111111') as c),
  (select min(task_id) from repeated), 'once its lease has run out, it is a new claim'
);
delete from tasks where agent = 'work';

-- What is asked for has to make sense

select is(pg_temp.as_persona('service_role', s.statement), 'PT422 worker_input_invalid', s.statement)
from unnest(array[
  $$ select claim_task('', '{work}') $$, $$ select claim_task(null, '{work}') $$,
  $$ select claim_task(repeat('w', 201), '{work}') $$, $$ select claim_task('w', '{}') $$,
  $$ select claim_task('w', null) $$, $$ select claim_task('w', '{work,null}') $$,
  $$ select claim_task('w', '{work}', 4) $$, $$ select claim_task('w', '{work}', 3601) $$,
  $$ select claim_task('w', '{work}', null) $$, $$ select heartbeat_task(1, 1, 3601) $$,
  $$ select fail_task(1, 1, ' ') $$, $$ select fail_task(1, 1, 'e', null) $$
]) as s (statement);

-- Heartbeat

select pg_temp.new_task();
select pg_temp.claim('beat');
update task_attempts set heartbeat_at = now() - interval '50 s', lease_expires_at = now() + interval '9 s'
where fencing_token = (select token from lease where name = 'beat');
select is(pg_temp.call('select heartbeat_task(%s, %s, 120) - ''lease_expires_at''', 'beat'),
  '{"state": "running", "cancel_requested": false}', 'a heartbeat');
select ok(
  (select heartbeat_at > now() - interval '1 s' and lease_expires_at > now() + interval '119 s'
   from task_attempts where fencing_token = (select token from lease where name = 'beat')),
  'moves the lease on'
);
select pg_temp.call('select heartbeat_task(%s, %s, 60, ''Half of it is done.'')', 'beat');
select results_eq(
  $$ select chat_messages -> 0 ->> 'role', chat_messages -> 0 ->> 'content'
     from tasks where agent = 'work' $$,
  $$ values ('assistant', 'Half of it is done.') $$, 'and its message is in the conversation'
);

-- Complete

select is(
  pg_temp.call('select complete_task(%s, %s, ''abc'', ''diff'', ''patch'', ''["a.ts"]'', ''fix'', null, null,
    ''Done.'', ''{"model": "m"}'') - ''completed_at'' - ''task_id''', 'beat'),
  '{"status": "completed"}', 'a task is finished'
);
select results_eq(
  $$ select status::text, commit_hash, git_diff, git_patch, changed_files, pr_branch, execution_metadata,
       chat_messages -> 1 ->> 'content', completed_at >= started_at, error
     from tasks where agent = 'work' $$,
  $$ values ('completed', 'abc', 'diff', 'patch', '["a.ts"]'::jsonb, 'fix', '{"model": "m"}'::jsonb, 'Done.',
       true, null::text) $$,
  'with its result'
);
select is(
  pg_temp.call('select complete_task(%1$s, %2$s, ''xyz'') =
    (select jsonb_build_object(''task_id'', id, ''status'', status, ''completed_at'', completed_at)
     from tasks where id = %1$s)', 'beat'),
  'true', 'the same again is the same answer'
);
select is((select commit_hash from tasks where agent = 'work'), 'abc', 'and writes nothing');
select is(pg_temp.call(s.statement, 'beat'), 'PT409 task_lease_lost', s.statement || ' after the end')
from unnest(array[
  'select heartbeat_task(%s, %s)', 'select fail_task(%s, %s, ''e'')', 'select release_task(%s, %s)'
]) as s (statement);
delete from tasks where agent = 'work';

-- Release

select pg_temp.new_task();
select pg_temp.claim('given back');
select is(pg_temp.call('select release_task(%s, %s)->>''status''', 'given back'), 'pending',
  'a task is given back');
select is(pg_temp.call('select release_task(%s, %s)->>''status''', 'given back'), 'pending', 'said twice');
select is(pg_temp.state('given back'), 'pending|0', 'which does not count as an attempt');
select pg_temp.claim('next');
select ok((select n.token > g.token from lease as n, lease as g where n.name = 'next'
  and g.name = 'given back'), 'the next lease has a greater token');
select is(pg_temp.call('select complete_task(%s, %s)', 'given back'), 'PT409 task_lease_lost',
  'the one before it is of no use any more');
delete from tasks where agent = 'work';

-- Fail

select pg_temp.new_task(2);
select pg_temp.claim('first');
select is(
  pg_temp.call('select fail_task(%s, %s, ''Timed out.'', true, ''timeout'', ''No luck.'', ''{"n": 1}'')
    - ''task_id'' - ''run_after''', 'first'),
  '{"status": "pending", "attempts_left": 1}', 'what may pass is tried again'
);
select results_eq(
  $$ select status::text, started_at, error, error_kind, chat_messages -> 0 ->> 'content', execution_metadata,
       run_after between clock_timestamp() + interval '29 s' and clock_timestamp() + interval '38 s'
     from tasks where agent = 'work' $$,
  $$ values ('pending', null::timestamptz, 'Timed out.', 'timeout', 'No luck.', '{"n": 1}'::jsonb, true) $$,
  'after a while'
);
select is_empty($$ select * from claim_task('w1', '{work}') $$, 'and not before');
select pg_temp.ready();
select pg_temp.claim('second');
select is(pg_temp.call('select fail_task(%s, %s, ''Again.'')->>''status''', 'second'), 'failed',
  'with its attempts used up it has failed');
select results_eq(
  $$ select attempt, outcome, error, error_kind, is_retryable from task_attempts where agent = 'work'
     order by fencing_token $$,
  $$ values (1::smallint, 'failed', 'Timed out.', 'timeout', true),
    (2::smallint, 'failed', 'Again.', null, true) $$,
  'its history says how'
);
update tasks set status = 'pending' where agent = 'work';
select pg_temp.claim('third');
select is(pg_temp.call('select fail_task(%s, %s, ''No access.'', false, ''access'')->>''status''', 'third'),
  'failed', 'what does not pass is not tried again');
select ok((select completed_at is not null and attempts_count = 1 from tasks where agent = 'work'),
  'run again, it counted anew');
update tasks set status = 'pending' where agent = 'work';
select pg_temp.claim('fourth');
select pg_temp.call('select complete_task(%s, %s)', 'fourth');
select is(pg_temp.state('fourth'), 'completed|1', 'and when it succeeds its error is gone');
delete from tasks where agent = 'work';

-- Cancel

select pg_temp.new_task();
select pg_temp.claim('unwanted');
select is(
  pg_temp.as_persona('agent', (select format('select cancel_task(%s)->>''status''', task) from lease
    where name = 'unwanted')), 'cancelled', 'its user cancels it'
);
select is(pg_temp.call('select heartbeat_task(%s, %s)->>''state''', 'unwanted'), 'cancelled',
  'the worker hears of it');
select is(pg_temp.call('select complete_task(%s, %s)', 'unwanted'), 'PT409 task_lease_lost',
  'and can write nothing');
select is(pg_temp.state('unwanted'), 'cancelled|1', 'it stays cancelled');
select is(pg_temp.call('select cancel_task(%s)->>''status''', 'unwanted'), 'cancelled', 'said twice');
update tasks set status = 'pending' where agent = 'work';
select pg_temp.claim('wanted again');
select is(pg_temp.call('select complete_task(%s, %s)', 'unwanted'), 'PT409 task_lease_lost',
  'also when it is somebody else''s by then');
select pg_temp.call('select complete_task(%s, %s)', 'wanted again');
select is(pg_temp.call('select cancel_task(%s)', 'wanted again'), 'PT409 task_already_ended',
  'what is over can''t be cancelled');
delete from tasks where agent = 'work';

-- A worker that is not heard of again

select pg_temp.new_task(1);
select pg_temp.claim('silent');
select is(private.reclaim_expired_tasks(), 0, 'a lease that holds is left alone');
select pg_temp.expire('silent');
select is(pg_temp.call(s.statement, 'silent'), 'PT409 task_lease_lost', s.statement || ' after its lease')
from unnest(array['select complete_task(%s, %s)', 'select heartbeat_task(%s, %s)']) as s (statement);
select is(private.reclaim_expired_tasks(), 1, 'a lease that ran out is reclaimed');
select is(pg_temp.state('silent'), 'failed|1|lease_expired', 'after its last attempt the task has failed');
select ok((select ended_at is not null and outcome = 'expired' and error_kind = 'lease_expired'
  from task_attempts where agent = 'work'), 'its history says why');
select is(pg_temp.call('select complete_task(%s, %s)', 'silent'), 'PT409 task_lease_lost',
  'it came too late');

select * from finish();
rollback;
