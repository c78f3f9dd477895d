-- claim_task: who may, which task they get, what is handed out, and a claim that is repeated.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(83);
\ir ../helpers/personas.psql
\ir ../helpers/queue.psql

-- Who may, without a worker token

create temp table first_task on commit drop as select pg_temp.task() as id;
select is(pg_temp.claim('nobody', p), 'PT401 agents_worker_token_required', p || ' needs a worker token')
from unnest(array['anon', 'stranger', 'viewer', 'agent', 'admin']) as p;
select is(
  pg_temp.ask(p, format('select public.%s', c)), 'PT401 agents_worker_token_required', format('%s: %s', p, c)
)
from unnest(array['anon', 'stranger', 'admin']) as p
cross join unnest(array[
  'heartbeat_task(1, 1)', 'complete_task(1, 1)', 'fail_task(1, 1, ''broken'')', 'release_task(1, 1)'
]) as c;
select is_empty('select from public.task_attempts', 'and nothing is written');
select is(pg_temp.claim('a'), (select id::text from first_task), 'a server needs none');
select is(pg_temp.claim('none'), null, 'without a pending task there is no row');
select is((select count(*) from public.task_attempts), 1::bigint, 'and no attempt');
select is(
  pg_temp.claim('b', 'postgres'), null, 'an operator can claim too'
);

-- What the claim leaves behind

select is(
  (select row(t.status, t.attempts_count, t.started_at between now() and clock_timestamp(), t.completed_at,
     t.updated_at >= t.started_at)::text
   from public.tasks as t join leases as l on l.task_id = t.id where l.name = 'a'),
  '(running,1,t,,t)', 'the task is running since then'
);
select is(
  (select row(a.user_id = pg_temp.id_of('stranger'), a.project_id, a.attempt, a.worker, a.agent,
     a.worker_token_id, a.claim_key, a.ended_at, a.outcome, a.heartbeat_at = a.claimed_at,
     a.lease_expires_at - a.claimed_at, a.lease_expires_at = l.lease_expires_at)::text
   from public.task_attempts as a join leases as l using (task_id, fencing_token) where l.name = 'a'),
  '(t,,1,a,claude,,,,,t,00:05:00,t)', 'the attempt is open, for five minutes by default'
);
select is(pg_temp.as_persona(p, 'select count(*) from public.task_attempts'), n,
  'attempts that ' || p || ' sees')
from (values ('stranger', '1'), ('viewer', '0'), ('admin', '0'), ('service_role', '1')) as v (p, n);
select is(left(pg_temp.as_persona(p, s), 5), '42501', format('%s: %s', p, s))
from unnest(array['stranger', 'service_role']) as p
cross join unnest(array[
  'update public.task_attempts set worker = ''mine''', 'delete from public.task_attempts',
  'insert into public.task_attempts (task_id, user_id, attempt, worker, agent, lease_expires_at)
   select task_id, user_id, 1, worker, agent, now() from public.task_attempts'
]) as s;
select is(left(pg_temp.as_persona('anon', 'select count(*) from public.task_attempts'), 5), '42501',
  'anonymous callers see none');

-- What a claim returns

insert into private.secrets (id, user_id, kind, sealed) values
  ('00000000-0000-4000-8000-0000000000f1', pg_temp.id_of('viewer'), 'github_token',
   'v1.one.AAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAAAA');
update public.users set github_token = 'secret:00000000-0000-4000-8000-0000000000f1'
where id = pg_temp.id_of('viewer');
create temp table shop on commit drop as select pg_temp.project('viewer', 'shop') as id;
update public.projects set settings = '{"image": "node"}' where id = (select id from shop);
insert into public.tasks (
  user_id, project_id, agent, target_branch, pr_branch, chat_messages, execution_metadata, priority
) values (
  pg_temp.id_of('viewer'), (select id from shop), 'codex', 'develop', 'fix',
  '[{"role": "user", "content": "Fix it", "timestamp": 1.5}]', '{"model": "large"}', 7
);
select is(pg_temp.claim('c', 'service_role', ', lease_seconds => 60', '{codex}') is not null, true,
  'a task of a project');
select is(
  (select said - 'task_id' - 'fencing_token' - 'lease_expires_at' from leases where name = 'c'),
  jsonb_build_object(
    'attempt', 1, 'agent', 'codex', 'priority', 7, 'user_id', pg_temp.id_of('viewer'),
    'project_id', (select id from shop),
    'repo_url', 'https://github.com/acme/shop', 'repo_owner', 'acme', 'repo_name', 'shop',
    'target_branch', 'develop', 'pr_branch', 'fix',
    'chat_messages', '[{"role": "user", "content": "Fix it", "timestamp": 1.5}]'::jsonb,
    'execution_metadata', '{"model": "large"}'::jsonb, 'project_settings', '{"image": "node"}'::jsonb,
    'github_token', 'secret:00000000-0000-4000-8000-0000000000f1'
  ), 'what a server''s worker needs, with the handle of the token'
);
select is((select project_id from public.task_attempts join leases using (task_id, fencing_token)
  where name = 'c'), (select id from shop), 'the attempt has the project');
select is((select lease_expires_at - claimed_at from public.task_attempts join leases
  using (task_id, fencing_token, lease_expires_at) where name = 'c'), interval '60 s',
  'the lease is as long as requested');
select ok(
  (select max(fencing_token) filter (where name = 'c') > max(fencing_token) filter (where name = 'a')
   from leases), 'fencing tokens grow over all tasks'
);
create function pg_temp.repository(p_url text) returns text language plpgsql as $$
begin
  perform pg_temp.task('viewer', format('agent = ''repos'', repo_url = %L', p_url));
  perform pg_temp.claim('repo', 'service_role', '', '{repos}');
  perform pg_temp.ask('service_role', 'select public.complete_task(@repo)');
  return (select concat_ws('/', said ->> 'repo_owner', said ->> 'repo_name') from leases where name = 'repo');
end;
$$;
select is(lower(pg_temp.repository(u)), r, 'the repository of ' || coalesce(u, 'null')) from (values
  ('https://github.com/acme/lamp', 'acme/lamp'), ('https://github.com/Acme/Lamp.git', 'acme/lamp'),
  ('git@github.com:acme/lamp.git', 'acme/lamp'), ('ssh://git@github.com/acme/lamp.git/', 'acme/lamp'),
  ('https://git.example.com:8443/acme/lamp/', 'acme/lamp'), ('lamp', ''), (null, '')
) as v (u, r);

-- The order

create function pg_temp.order_of(p_agents text default '{order}') returns text language plpgsql as $$
declare
  v_order text[] := '{}';
begin
  for v_claim in 1..20 loop
    exit when pg_temp.claim('next', 'service_role', '', p_agents) is null;
    v_order := v_order || (select said ->> 'pr_branch' from leases where name = 'next');
    perform pg_temp.ask('service_role', 'select public.complete_task(@next)');
  end loop;
  return array_to_string(v_order, ' ');
end;
$$;
insert into public.tasks (user_id, agent, pr_branch, priority, run_after, status)
select pg_temp.id_of('stranger'), v.agent, v.name, v.priority, now() + v.after, v.status::public.task_status
from (values
  ('order', 'low', -100, interval '-9 d', 'pending'), ('order', 'second', 0, '-2 h', 'pending'),
  ('order', 'first', 0, '-3 h', 'pending'), ('order', 'third', 0, '-2 h', 'pending'),
  ('order', 'high', 100, '-1 s', 'pending'), ('order', 'higher', 100, '-2 s', 'pending'),
  ('order', 'later', 100, '1 h', 'pending'), ('order', 'done', 100, '-9 d', 'completed'),
  ('order', 'failed', 100, '-9 d', 'failed'), ('order', 'cancelled', 100, '-9 d', 'cancelled'),
  ('order', 'by hand', 100, '-9 d', 'running'),
  ('other', 'of another agent', 50, '-9 d', 'pending'), ('others', 'another', -5, '-9 d', 'pending')
) as v (agent, name, priority, after, status);
select is(pg_temp.order_of(), 'higher high first second third low',
  'by priority, then by age; of the agent, ready and pending');
select is(pg_temp.order_of('{nobody,else}'), '', 'an agent without tasks has none');
update public.tasks set status = 'pending', run_after = now() - interval '1 h' where pr_branch = 'done';
update public.tasks set run_after = now() - interval '1 h' where pr_branch = 'later';
select is(
  pg_temp.order_of('{others,order,other}'), 'later done of another agent another',
  'over all agents that are asked for; a task that is run again and one whose time has come are ready'
);
insert into public.tasks (user_id, agent, pr_branch, created_at) values
  (pg_temp.id_of('viewer'), 'Order', 'other case', '2026-01-01');
select is(pg_temp.order_of(), '', 'names of agents are compared as they are');

-- What is asked for

select is(
  pg_temp.ask('service_role', format('select count(*) from public.claim_task(%s)', a)),
  'PT422 agents_worker_input_invalid', a
)
from unnest(array[
  'null, ''{claude}''', ''''', ''{claude}''', '''  '', ''{claude}''', 'repeat(''w'', 10000), ''{claude}''',
  '''w'', null', '''w'', ''{}''', '''w'', ''{null}''', '''w'', ''{claude}'', null', '''w'', ''{claude}'', 4',
  '''w'', ''{claude}'', 3601', '''w'', ''{claude}'', -300',
  '''w'', ''{claude}'', except_projects => array(select generate_series(1, 101))',
  '''w'', ''{claude}'', except_users => array(select gen_random_uuid() from generate_series(1, 101))'
]) as a;
create temp table bounded on commit drop as select pg_temp.task() as id from generate_series(1, 3);
select isnt(pg_temp.claim('s', 'service_role', ', lease_seconds => ' || s), null, s || ' seconds')
from unnest(array['5', '3600']) as s;
update public.agent_settings set max_lease_seconds = 60;
select is(pg_temp.claim('s', 'service_role', ', lease_seconds => 61'), 'PT422 agents_worker_input_invalid',
  'the longest lease is a setting');
select isnt(pg_temp.claim('s', 'service_role', ', lease_seconds => 60'), null, 'exactly');

-- Whose tasks it leaves to others

insert into public.tasks (user_id, agent, pr_branch, priority, project_id)
select pg_temp.id_of('stranger'), 'except', 's' || n, 100, null::bigint from generate_series(1, 40) as n
union all select pg_temp.id_of('viewer'), 'except', 'none', 0, null::bigint
union all select pg_temp.id_of('viewer'), 'except', 'shop', 1, id from shop;
create function pg_temp.claim_except(p_users text[], p_projects bigint[], p_more text default '')
returns text language sql as $$
  select pg_temp.claim('x', 'service_role', format(
    ', lease_seconds => 60, except_users => %L, except_projects => %L%s',
    array(select pg_temp.id_of(u) from unnest(p_users) as u), p_projects, p_more
  ), '{except}');
  select said ->> 'pr_branch' from leases where name = 'x' and said ->> 'agent' = 'except';
$$;
select is(pg_temp.claim_except('{stranger}', array(select id from shop)), 'none',
  'not those of a user, in any number and first in the order, and of a project');
select is(pg_temp.claim_except('{stranger}', '{}'), 'shop', 'the project''s as soon as it is not excepted');
delete from leases where name = 'x';
select is(pg_temp.claim_except('{stranger}', null), null, 'nobody else has any');
select is(pg_temp.make_token('own', 'stranger', '''own'', ''{except}'''), 'made', 'a user''s own worker');
select is(pg_temp.claim_except('{stranger}', null, ', worker_token => #own'), null, 'leaves them too');

-- The same claim again

create temp table twice on commit drop as select pg_temp.task() as id from generate_series(1, 5);
create function pg_temp.claim_again(p_name text, p_key text, p_persona text default 'service_role',
  p_more text default '') returns text language sql as $$
  select pg_temp.claim(p_name, p_persona,
    format(', lease_seconds => 60, claim_key => ''00000000-0000-4000-8000-00000000000%s''%s', p_key, p_more))
$$;
create function pg_temp.said(p_name text) returns jsonb language sql as $$
  select said from leases where name = p_name
$$;
select is(pg_temp.claim_again('k1', '1') is not null, true, 'a claim with a key');
select is(pg_temp.claim_again('k2', '1'), pg_temp.task_of('k1')::text,
  'the same key again is the same task');
select is(pg_temp.said('k2'), pg_temp.said('k1'), 'and the same lease');
select is((select count(*) from public.task_attempts join twice on id = task_id), 1::bigint, 'one attempt');
select isnt(pg_temp.claim_again('k3', '2'), pg_temp.task_of('k1')::text,
  'another key is another task');
select is(pg_temp.make_token('everybody', 'service_role', '''fleet'', ''{claude}'', for_everybody => true'),
  'made',
  'a worker that is no server');
select is(
  pg_temp.claim_again('k4', '1', 'anon', ', worker_token => #everybody')
    in (select task_id::text from leases where name in ('k1', 'k3')), false,
  'another caller''s key is ignored'
);
select is(pg_temp.ask('service_role', 'select public.complete_task(@k1) ->> ''status'''), 'completed',
  'the task is completed');
select is(
  pg_temp.claim_again('k5', '1') in (select task_id::text from leases where name in ('k1', 'k3', 'k4')),
  false, 'the key is free for another task'
);
do $$ begin perform pg_temp.expire('k5'); end $$;
select is(
  pg_temp.claim_again('k6', '1') in (select task_id::text from leases where name in ('k1', 'k3', 'k4', 'k5')),
  false, 'and also after its lease ran out'
);

select * from finish();
rollback;
