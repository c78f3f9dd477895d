-- Calls that come too late: after the lease ran out, after another claim, after a cancellation or deletion.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(78);
\ir ../helpers/personas.psql
\ir ../helpers/queue.psql
update public.agent_settings set running_tasks_per_user = null, running_tasks_per_project = null;

create function pg_temp.lease(p_name text, p_set text default null) returns text language plpgsql as $$
declare
  v_id bigint := pg_temp.task('stranger', concat_ws(', ', 'priority = 100', p_set));
begin
  update public.tasks set run_after = now() + interval '1 d' where status = 'pending' and id <> v_id;
  return pg_temp.claim(p_name);
end;
$$;
create temp table calls (call text) on commit drop;
insert into calls values
  ('heartbeat_task(@%s)'), ('heartbeat_task(@%s, message => ''Late'')'),
  ('complete_task(@%s, git_diff => ''late'', message => ''Late'')'), ('fail_task(@%s, ''late'')'),
  ('fail_task(@%s, ''late'', false, message => ''Late'')'), ('release_task(@%s)');
-- All calls that the worker can still send; one answer where all are the same.
create function pg_temp.late(p_name text) returns text language sql as $$
  select string_agg(distinct pg_temp.ask('service_role', 'select public.' || format(c.call, p_name)), '; ')
  from calls as c
$$;
create function pg_temp.reclaim() returns void language plpgsql as $$
begin
  perform private.reclaim_expired_tasks();
end;
$$;
create function pg_temp.stored(p_name text) returns public.tasks language sql as $$
  select t from public.tasks as t join leases as l on l.task_id = t.id where l.name = p_name
$$;
create function pg_temp.nothing_late(p_name text) returns boolean language sql as $$
  select t.git_diff is null and t.chat_messages = '[]' and coalesce(t.error <> 'late', true)
  from pg_temp.stored(p_name) as t
$$;

-- The lease ran out, and the job has not run yet

select isnt(pg_temp.lease('a'), null, 'a lease');
do $$ begin perform pg_temp.expire('a'); end $$;
select is(pg_temp.late('a'), 'PT409 agents_task_lease_expired', 'after its expiry a worker can do nothing');
select ok(pg_temp.nothing_late('a'), 'and has written nothing');
select is(pg_temp.state_of('a'), 'running silent',
  'the task waits for the job');
select is(pg_temp.claim('none'), null, 'until then nobody claims it');

-- The job

select isnt(pg_temp.lease('alive'), null, 'a worker that sends heartbeats');
do $$ begin perform pg_temp.reclaim(); end $$;
select is(pg_temp.state_of('a'), 'pending expired', 'the job reclaims it');
select is(
  (select row(t.attempts_count, t.started_at, t.completed_at, t.error_kind,
     t.run_after - clock_timestamp() between '29 s' and '38 s')::text from pg_temp.stored('a') as t),
  '(1,,,lease_expired,t)', 'the attempt counts, and the next one waits'
);
select is(
  (select row(a.ended_at > a.lease_expires_at, a.error is not null, a.error_kind)::text
   from public.task_attempts as a join leases using (task_id, fencing_token) where name = 'a'),
  '(t,t,lease_expired)', 'the attempt has the error'
);
select is(pg_temp.state_of('alive'), 'running open',
  'and leaves other attempts alone');
select is(pg_temp.late('a'), 'PT409 agents_task_lease_expired', 'the worker still can do nothing');
do $$ begin perform pg_temp.reclaim(); end $$;
select is((pg_temp.stored('a')).attempts_count, 1::smallint, 'the job counts it once');
do $$ begin perform pg_temp.make_ready(); end $$;
select is(pg_temp.claim('b'), pg_temp.task_of('a')::text, 'another worker claims it');
select ok((select max(fencing_token) filter (where name = 'b') > max(fencing_token) filter (where name = 'a')
  from leases), 'with a later token');
select is(pg_temp.late('a'), 'PT409 agents_task_lease_expired', 'the first one still can do nothing');
select ok(pg_temp.nothing_late('a'), 'and has written nothing');
select is(pg_temp.attempt_of('b'), 'open', 'and the other one continues');
select is(pg_temp.ask('service_role',
  'select public.complete_task(@b, git_diff => ''in time'') ->> ''status'''), 'completed', 'to the end');
select is(pg_temp.late('a'), 'PT409 agents_task_lease_expired', 'afterwards the first one');
select is((pg_temp.stored('a')).git_diff, 'in time', 'has written nothing');

-- All attempts used up

select isnt(pg_temp.lease('c1', 'max_attempts = 2'), null, 'a task with two attempts');
do $$ begin
  perform pg_temp.expire('c1'); perform pg_temp.reclaim(); perform pg_temp.make_ready();
  perform pg_temp.claim('c2'); perform pg_temp.expire('c2'); perform pg_temp.reclaim();
end $$;
select is(
  (select row(t.status, t.error_kind, t.error is not null, t.attempts_count, t.completed_at >= t.started_at)
     ::text from pg_temp.stored('c1') as t), '(failed,lease_expired,t,2,t)',
  'after two expired leases the task has failed'
);
select is(pg_temp.history_of(pg_temp.task_of('c1')),
  '1 expired lease_expired, 2 expired lease_expired', 'with its history');
select is(pg_temp.claim('none'), null, 'nobody claims it');
select is(pg_temp.as_persona('stranger', format('update public.tasks set status = ''pending'' where id = %s
  returning concat_ws('' '', status, attempts_count, error, error_kind)',
  pg_temp.task_of('c1'))), 'pending 0', 'until its owner runs it again');
select is(pg_temp.claim('c3'), pg_temp.task_of('c1')::text, 'immediately');
select is(pg_temp.history_of(pg_temp.task_of('c1')),
  '1 expired lease_expired, 2 expired lease_expired, 1 open', 'counted from the beginning');

-- Many at once

insert into public.tasks (user_id, agent) select pg_temp.id_of('viewer'), 'many' from generate_series(1, 300);
do $$ begin
  for v_n in 1..300 loop
    perform pg_temp.claim('many' || v_n, 'service_role', '', '{many}');
  end loop;
  delete from leases where name like 'many%';
  update public.task_attempts set claimed_at = claimed_at - interval '1 hour',
    lease_expires_at = now() - interval '1 second' where agent = 'many';
  perform pg_temp.reclaim(); perform pg_temp.reclaim();
end $$;
select is((select string_agg(distinct concat_ws(' ', t.status, t.attempts_count, a.outcome), ', ')
  from public.tasks as t join public.task_attempts as a on a.task_id = t.id where t.agent = 'many'),
  'pending 1 expired', 'three hundred expired leases are reclaimed in two runs');

-- Cancelled by its owner

create function pg_temp.cancel(p_persona text, p_task_id bigint) returns text language sql as $$
  select pg_temp.ask(p_persona, format('select public.cancel_task(%s)', coalesce(p_task_id::text, 'null')))
$$;
create temp table waiting on commit drop as select pg_temp.task() as id;
select is(pg_temp.cancel('stranger', id)::jsonb, jsonb_build_object('task_id', id, 'status', 'cancelled'),
  'a pending task is cancelled') from waiting;
select is(pg_temp.claim('none'), null, 'and not claimed');
select is((select row(status, completed_at >= now(), started_at)::text from public.tasks
  where id = (select id from waiting)), '(cancelled,t,)', 'it has ended');
select is(pg_temp.cancel('stranger', id)::jsonb, jsonb_build_object('task_id', id, 'status', 'cancelled'),
  'repeated, the answer is the same') from waiting;
select isnt(pg_temp.lease('d'), null, 'a lease');
select is(pg_temp.cancel(p, pg_temp.task_of('d')), 'PT404 agents_task_unknown',
  'not by ' || p) from unnest(array['viewer', 'agent', 'admin']) as p;
select matches(pg_temp.cancel('anon', pg_temp.task_of('d')),
  '^(42501 permission denied|PT404 agents_task_unknown|PT401 sign_in_required)',
    'nor by an anonymous caller');
select is(pg_temp.cancel(p, t), 'PT404 agents_task_unknown', p || ': a task that does not exist')
from unnest(array['stranger', 'service_role']) as p cross join unnest(array[999999999, null]) as t;
select is(pg_temp.state_of('d'), 'running open', 'nothing has changed');
select is(pg_temp.cancel('stranger', task_id)::jsonb ->> 'status', 'cancelled', 'its owner cancels it')
from leases where name = 'd';
select is(
  (select row(t.status, t.completed_at >= t.started_at, a.outcome, t.completed_at - a.ended_at < '1 s')::text
   from pg_temp.stored('d') as t join public.task_attempts as a on a.task_id = t.id),
   '(cancelled,t,cancelled,t)',
  'at once, whatever the worker does'
);
select is(
  pg_temp.ask('service_role', $$
    select concat_ws(' ', h ->> 'state', h ->> 'cancel_requested') from public.heartbeat_task(@d) as h
  $$), 'cancelled true', 'the worker learns it with its next heartbeat'
);
select is(
  pg_temp.ask('service_role', $$
    select concat_ws(' ', h ->> 'state', h ->> 'cancel_requested')
    from public.heartbeat_task(@d, message => 'Late') as h
  $$), 'cancelled true', 'also with one that has a message'
);
select is(pg_temp.ask('service_role', 'select public.' || c), 'PT409 agents_task_lease_expired',
  'then: ' || c)
from unnest(array[
  'complete_task(@d, git_diff => ''late'')', 'fail_task(@d, ''late'')', 'release_task(@d)'
]) as c;
select ok(pg_temp.nothing_late('d'), 'nothing of it is written');
select is(pg_temp.cancel('stranger', task_id)::jsonb ->> 'status', 'cancelled', 'again: the same')
from leases where name = 'd';
select isnt(pg_temp.lease('e'), null, 'a lease');
do $$ begin perform pg_temp.expire('e'); end $$;
select is(pg_temp.cancel('service_role', task_id)::jsonb ->> 'status', 'cancelled',
  'a server cancels an expired one') from leases where name = 'e';
do $$ begin perform pg_temp.reclaim(); end $$;
select is(pg_temp.state_of('e'), 'cancelled cancelled',
  'and the job leaves it alone');
create temp table by_hand on commit drop as select pg_temp.task('stranger', 'status = ''running''') as id;
select is(pg_temp.cancel('stranger', id)::jsonb ->> 'status', 'cancelled',
  'a task that runs by hand is cancelled too')
from by_hand;
select isnt(pg_temp.lease('f'), null, 'a lease');
select is(pg_temp.ask('service_role', 'select public.complete_task(@f) ->> ''status'''), 'completed',
  'is completed');
select is(pg_temp.cancel('stranger', task_id), 'PT409 agents_task_status_conflict', 'too late to cancel')
from leases where name = 'f';
create temp table failed on commit drop as select pg_temp.task('stranger', 'status = ''failed''') as id;
select is(pg_temp.cancel('stranger', id), 'PT409 agents_task_status_conflict',
  'also after it failed') from failed;

-- Cancelled, run again and claimed by another worker

select is(pg_temp.as_persona('stranger', format('update public.tasks set status = ''pending'' where id = %s
  returning status', pg_temp.task_of('d'))), 'pending', 'its owner runs it again');
select is(pg_temp.claim('d2'), pg_temp.task_of('d')::text, 'another worker claims it');
select is(
  pg_temp.ask('service_role', $$ select public.heartbeat_task(@d) ->> 'state' $$), 'cancelled',
  'the first worker learns that its task was cancelled'
);
select is(pg_temp.ask('service_role', 'select public.complete_task(@d)'), 'PT409 agents_task_lease_expired',
  'and can''t end the other attempt');
select is(pg_temp.status_of('d') || ' ' || pg_temp.attempt_of('d2'), 'running open', 'which continues');

-- Changed and deleted while a worker holds it

select is(
  pg_temp.as_persona(p, format('update public.tasks set status = %L where id = %s', s,
    pg_temp.task_of('d2'))),
  'PT409 agents_task_conflict', format('%s: %s while a worker holds it', p, s)
)
from unnest(array['stranger', 'service_role', 'postgres']) as p
cross join unnest(array['completed', 'pending', 'cancelled']) as s;
do $$ begin perform pg_temp.expire('d2'); end $$;
select is(
  pg_temp.as_persona('stranger', format('update public.tasks set status = ''cancelled'' where id = %s',
    pg_temp.task_of('d2'))),
  'PT409 agents_task_conflict', 'also before the job has reclaimed it'
);
select isnt(pg_temp.lease('g'), null, 'a lease');
select is(pg_temp.as_persona('stranger',
  format('with t as (delete from public.tasks where id = %s returning 1)
  select count(*) from t', pg_temp.task_of('g'))), '1', 'its owner deletes the task');
select matches(pg_temp.late('g'), '^PT40(4 agents_task_unknown|9 agents_task_lease_expired)$',
  'which the worker learns');
select is_empty($$ select from public.task_attempts join leases using (task_id) where name = 'g' $$,
  'no attempt is left');

select * from finish();
rollback;
