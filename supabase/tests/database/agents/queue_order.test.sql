-- Which task is next, and how much of a user and of a project runs at once.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(23);
\ir ../helpers/personas.psql

insert into projects (id, user_id, repo_url, repo_name, repo_owner, name, max_running_tasks) values
  (-1, '00000000-0000-4000-8000-00000000000c', 'https://github.com/a/one', 'one', 'a', 'One', null),
  (-2, '00000000-0000-4000-8000-00000000000c', 'https://github.com/a/two', 'two', 'a', 'Two', 1),
  (-3, '00000000-0000-4000-8000-00000000000c', 'https://github.com/a/big', 'big', 'a', 'Big', 50);
-- A task with a name, seconds after the beginning.
create function pg_temp.add(
  p_name text, p_user text, p_second integer, p_priority integer default 0, p_project bigint default null,
  p_agent text default 'work'
) returns void language sql as $$
  insert into tasks (user_id, project_id, agent, container_id, priority, run_after)
  values (('00000000-0000-4000-8000-00000000000' || p_user)::uuid, p_project, p_agent, p_name, p_priority,
    now() - interval '1 hour' + p_second * interval '1 second')
$$;
create function pg_temp.next(p_agents text default '{work}', p_token text default null) returns text
language sql as $$
  select coalesce((select t.container_id from claim_task('w', p_agents::text[], 60, p_token) as c
    join tasks as t on t.id = c.task_id), '-')
$$;
create function pg_temp.some(p_count integer, p_agents text default '{work}', p_token text default null)
returns text
language plpgsql as $$
declare
  v_names text := '';
begin
  for n in 1..p_count loop
    v_names := v_names || ' ' || pg_temp.next(p_agents, p_token);
  end loop;
  return btrim(v_names);
end;
$$;
create function pg_temp.finish(p_name text) returns void language sql as $$
  select complete_task(a.task_id, a.fencing_token)
  from task_attempts as a join tasks as t on t.id = a.task_id
  where t.container_id = p_name and a.ended_at is null
$$;

-- Order

update agent_settings set running_tasks_per_user = null, running_tasks_per_project = null;
select pg_temp.add('late', 'c', 3), pg_temp.add('early', 'c', 1), pg_temp.add('urgent', 'e', 9, 5),
  pg_temp.add('least', 'c', 0, -5), pg_temp.add('middle', 'a', 2), pg_temp.add('future', 'c', 7200, 100),
  pg_temp.add('else', 'c', 0, 9, null, 'other');
select is(pg_temp.some(6), 'urgent early middle late least -',
  'priority first, then time; nothing that is for later');
update tasks set run_after = now() - interval '2 hours' where container_id = 'future';
select is(pg_temp.some(3, '{other,work}'), 'future else -', 'over all agents that are asked for');
delete from tasks;
insert into tasks (id, user_id, agent, container_id, run_after) values
  (-2, '00000000-0000-4000-8000-00000000000c', 'work', 'two', now()),
  (-3, '00000000-0000-4000-8000-00000000000c', 'work', 'one', now());
select is(pg_temp.some(2), 'one two', 'of the same time, the lower id');
delete from tasks;
select pg_temp.add('a' || n, 'c', n), pg_temp.add('b' || n, 'e', n, 1, null, 'other')
from generate_series(1, 2) n;
select is(pg_temp.some(5, '{work,other,nobody}'), 'b1 b2 a1 a2 -', 'agents are merged by priority');
delete from tasks;

-- Limits of a user

update agent_settings set running_tasks_per_user = 2;
select pg_temp.add('c' || n, 'c', n) from generate_series(1, 3) n;
select pg_temp.add('e' || n, 'e', 10 + n) from generate_series(1, 3) n;
select is(pg_temp.some(5), 'c1 c2 e1 e2 -', 'who has so many running waits, and is in nobody''s way');
select pg_temp.finish('c1');
select is(pg_temp.some(2), 'c3 -', 'when one ends there is room again');
select set_max_running_tasks('00000000-0000-4000-8000-00000000000e', 3);
select is(pg_temp.some(2), 'e3 -', 'one user''s own limit');
select pg_temp.add('c4', 'c', 20);
select set_max_running_tasks('00000000-0000-4000-8000-00000000000c', 0);
select pg_temp.finish('c2'), pg_temp.finish('c3');
select is(pg_temp.next(), '-', 'a limit of none');
select set_max_running_tasks('00000000-0000-4000-8000-00000000000c', null);
update agent_settings set running_tasks_per_user = null;
select is(pg_temp.next(), 'c4', 'no limit');
delete from tasks;

-- Limits of a project

update agent_settings set running_tasks_per_project = 2;
select pg_temp.add('one' || n, 'c', n, 0, -1), pg_temp.add('two' || n, 'c', 10 + n, 0, -2),
  pg_temp.add('big' || n, 'c', 20 + n, 0, -3), pg_temp.add('none' || n, 'c', 30 + n)
from generate_series(1, 3) n;
select is(pg_temp.some(9), 'one1 one2 two1 big1 big2 none1 none2 none3 -',
  'a project''s own limit can only lower it, and tasks of none have none');
select pg_temp.finish('two1');
select is(pg_temp.some(2), 'two2 -', 'when one ends there is room again');
delete from tasks;
update agent_settings set running_tasks_per_user = 1;
select pg_temp.add('one' || n, 'c', n, 0, -1) from generate_series(1, 2) n;
select pg_temp.add('two', 'c', 9, 0, -2);
select is(pg_temp.some(2), 'one1 -', 'both limits hold');
delete from tasks;

-- However much is in front that can't be claimed

update agent_settings set running_tasks_per_user = 1, running_tasks_per_project = null;
select pg_temp.add('c' || n, 'c', n) from generate_series(1, 200) n;
select pg_temp.add('f' || n, 'a', 7200 + n, 50) from generate_series(1, 200) n;
select pg_temp.add('last', 'e', 900);
select is(pg_temp.some(3), 'c1 last -', 'a user at the limit and what is for later hide nothing');
select pg_temp.add('lower', 'e', 901, -1), pg_temp.add('future', 'e', 7200);
select pg_temp.finish('last');
select is(pg_temp.next(), 'lower', 'nor what is for later in the same user''s tasks');
delete from tasks;

-- A user's own worker

create temp table own on commit drop as
select t.token from (
  select set_config('request.jwt.claims', '{"sub": "00000000-0000-4000-8000-00000000000c"}', true)
) as s cross join lateral create_worker_token('Laptop', '{work,other}') as t;
select set_config('request.jwt.claims', '', true);
update agent_settings set running_tasks_per_user = 3, running_tasks_per_project = 1;
select pg_temp.add('e1', 'e', 0, 9), pg_temp.add('one1', 'c', 1, 0, -1), pg_temp.add('one2', 'c', 2, 0, -1),
  pg_temp.add('low', 'c', 0, -1), pg_temp.add('other', 'c', 3, 0, null, 'other');
select is(pg_temp.some(4, '{work,other}', (select token from own)), 'one1 other low -',
  'goes by the same order and limits');
select is(pg_temp.next('{work}'), 'e1', 'and leaves the others'' tasks alone');
delete from tasks;

-- A limit counts what workers hold, not what its user runs

update agent_settings set running_tasks_per_user = 1;
select pg_temp.add('mine', 'c', 1), pg_temp.add('theirs', 'c', 2);
update tasks set status = 'running' where container_id = 'mine';
select is(pg_temp.next(), 'theirs', 'a task that its user runs takes no worker''s place');
delete from tasks;

-- Reclaimed tasks come back later each time

update agent_settings set running_tasks_per_user = null, running_tasks_per_project = null;
select ok(d.delay between d.least and d.least * 1.25, format('after %s attempts', d.n))
from (
  select n, private.retry_delay(n::smallint) as delay,
    least(interval '1 hour', interval '30 s' * 2 ^ (n - 1)) as least
  from unnest(array[1, 2, 3, 20]) as n
) as d;
select pg_temp.add('r' || n, 'c', n) from generate_series(1, 3) n;
select pg_temp.some(3);
update task_attempts as a set lease_expires_at = clock_timestamp() from tasks as t
where t.id = a.task_id and t.container_id <> 'r3';
select is(private.reclaim_expired_tasks(), 2, 'all that ran out');
select results_eq(
  $$ select container_id, status::text, error_kind, run_after > now() from tasks order by 1 $$,
  $$ values ('r1', 'pending', 'lease_expired', true), ('r2', 'pending', 'lease_expired', true),
    ('r3', 'running', null, false) $$,
  'and nothing else'
);

select * from finish();
rollback;
