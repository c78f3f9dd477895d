-- How many tasks run at the same time: by user, by project, by settings and by the limit of a single one; and
-- that tasks over a limit delay nobody else's.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(45);
\ir ../helpers/personas.psql
\ir ../helpers/queue.psql

-- Claims until no task may start, and returns how many tasks there were of each user.
create function pg_temp.claim_all(p_persona text default 'service_role', p_more text default '',
  p_agents text default '{claude}') returns text language plpgsql as $$
declare
  v_said text;
  v_users text[] := '{}';
begin
  loop
    v_said := pg_temp.claim('last', p_persona, p_more, p_agents);
    exit when v_said is null;
    if v_said like 'PT%' then
      return v_said;
    end if;
    v_users := v_users || (
      select split_part(u.email, '@', 1) || coalesce(':' || p.name, '') from public.tasks as t
      join public.users as u on u.id = t.user_id left join public.projects as p on p.id = t.project_id
      where t.id = v_said::bigint
    );
  end loop;
  return (
    select string_agg(concat_ws(' ', c.n, c.who), ', ' order by c.who)
    from (select who, count(*) as n from unnest(v_users) as v (who) group by who) as c
  );
end;
$$;
create function pg_temp.add(p_persona text, p_count integer, p_project text default null,
  p_priority integer default 0) returns void language sql as $$
  insert into public.tasks (user_id, project_id, priority)
  select pg_temp.id_of(p_persona),
    (select id from public.projects where name = p_project and user_id = pg_temp.id_of(p_persona)), p_priority
  from generate_series(1, p_count)
$$;
-- No task is running or pending.
create function pg_temp.clear() returns void language sql as $$
  delete from public.tasks;
  update public.agent_settings set running_tasks_per_user = 8, running_tasks_per_project = 4;
  update public.users set max_running_tasks = null where max_running_tasks is not null;
  update public.projects set max_running_tasks = null where max_running_tasks is not null;
$$;
create temp table projects_made on commit drop as
select pg_temp.project('stranger', n) from unnest(array['one', 'two', 'three']) as n;
insert into projects_made select pg_temp.project('viewer', 'one');

-- By user

select pg_temp.add('stranger', 12);
select is(pg_temp.claim_all(), '8 stranger', 'eight tasks of a user at the same time');
select is(pg_temp.claim('none'), null, 'then none, although four are pending');
select is(pg_temp.ask('service_role', 'select public.complete_task(@last) ->> ''status'''), 'completed',
  'one is completed');
select is(pg_temp.claim_all(), '1 stranger', 'which frees a slot');
select is(pg_temp.ask('service_role', 'select public.fail_task(@last, ''broken'') ->> ''status'''), 'pending',
  'one that fails');
select is(pg_temp.claim_all(), '1 stranger', 'also');
select is(pg_temp.ask('stranger', format('select public.cancel_task(%s) ->> ''status''', task_id)),
  'cancelled',
  'one that is cancelled') from leases where name = 'last';
select is(pg_temp.claim_all(), '1 stranger', 'also');
do $$ begin
  perform pg_temp.expire('last');
  perform private.reclaim_expired_tasks();
end $$;
select is(pg_temp.claim_all(), '1 stranger', 'and one that is reclaimed');
select pg_temp.clear();
select pg_temp.add('stranger', 12);
update public.agent_settings set running_tasks_per_user = 2;
select is(pg_temp.claim_all(), '2 stranger', 'the limit is a setting');
update public.agent_settings set running_tasks_per_user = 1;
select is(pg_temp.ask('service_role', 'select public.complete_task(@last) ->> ''status'''), 'completed',
  'when it is lowered');
select is(pg_temp.claim('none'), null, 'running tasks have to end first');
update public.agent_settings set running_tasks_per_user = 0;
select is(pg_temp.ask('service_role', 'select count(*) from public.claim_task(''w'', ''{claude}'')'), '0',
  'at 0 nothing starts');
update public.agent_settings set running_tasks_per_user = null;
select is(pg_temp.claim_all(), '10 stranger', 'null is any number');

select pg_temp.clear();
select pg_temp.add(p, 12) from unnest(array['stranger', 'viewer', 'agent', 'admin']) as p;
update public.users set max_running_tasks = v.n
from (values ('stranger', 2), ('viewer', 10), ('agent', 0)) as v (p, n) where id = pg_temp.id_of(v.p);
select is(pg_temp.claim_all(), '8 admin, 2 stranger, 10 viewer', 'a user''s own limit replaces the setting');
select is(pg_temp.as_persona('stranger', 'update public.users set max_running_tasks = 100
  returning max_running_tasks'), '2', 'and the user can''t set it');
select is(pg_temp.claim('none'), null, 'so they get no more');

-- By project

select pg_temp.clear();
select pg_temp.add('stranger', 6, n) from unnest(array['one', 'two', null]) as n;
update public.agent_settings set running_tasks_per_user = null;
select is(pg_temp.claim_all(), '6 stranger, 4 stranger:one, 4 stranger:two',
  'four of each project; tasks without a project are not limited');
select pg_temp.clear();
select pg_temp.add('stranger', 6, n) from unnest(array['one', 'two', 'three']) as n;
select is(
  (select sum(split_part(c, ' ', 1)::integer) from regexp_split_to_table(pg_temp.claim_all(), ', ') as c),
  8::bigint, 'of all projects together no more than the user''s limit'
);
select ok(
  not exists (select from public.task_attempts group by project_id having count(*) > 4),
  'and of each no more than the project''s limit'
);
select pg_temp.clear();
select pg_temp.add('stranger', 6, n) from unnest(array['one', 'two', 'three']) as n;
update public.projects set max_running_tasks = v.n
from (values ('one', 1), ('two', 100), ('three', 0)) as v (p, n)
where name = v.p and user_id = pg_temp.id_of('stranger');
select is(pg_temp.claim_all(), '1 stranger:one, 4 stranger:two', 'an owner lowers it, and can''t raise it');
update public.agent_settings set running_tasks_per_project = null;
select is(pg_temp.claim_all(), '2 stranger:two', 'without the setting the owner''s limit holds');
update public.projects set max_running_tasks = null where name = 'one';
update public.agent_settings set running_tasks_per_user = null;
select is(pg_temp.claim_all(), '5 stranger:one', 'null and null is any number');
select pg_temp.clear();
select pg_temp.add('stranger', 6, 'one');
select pg_temp.add('viewer', 6, 'one');
select is(pg_temp.claim_all(), '4 stranger:one, 4 viewer:one', 'each user''s project has its own limit');

-- Nobody is delayed

select pg_temp.clear();
update public.agent_settings set running_tasks_per_user = 1;
select pg_temp.add('stranger', 500, null, 100);
select pg_temp.add('viewer', 1, null, 0);
select pg_temp.add('agent', 1, null, -100);
select isnt(pg_temp.claim(n), null, 'claim ' || n) from unnest(array['x', 'y', 'z']) as n;
select is(
  (select string_agg(split_part(u.email, '@', 1), ' ' order by l.name) from leases as l
   join public.tasks as t on t.id = l.task_id join public.users as u on u.id = t.user_id
   where l.name in ('x', 'y', 'z')),
  'stranger viewer agent', 'tasks of a user at the limit delay nobody, however many they are'
);
select pg_temp.clear();
update public.agent_settings set running_tasks_per_project = 1;
select pg_temp.add('stranger', 500, 'one', 100);
select pg_temp.add('stranger', 1, 'two', 0);
select pg_temp.add('stranger', 1, null, -1);
select is(pg_temp.claim_all(), '1 stranger, 1 stranger:one, 1 stranger:two',
  'nor do tasks of a project delay its user''s others');
select pg_temp.clear();
update public.agent_settings set running_tasks_per_user = 1;
select pg_temp.add('stranger', 500, null, 100);
update public.tasks set run_after = now() + interval '1 h';
select pg_temp.add('viewer', 500, null, 50);
update public.tasks set agent = 'nobody-runs-it' where user_id = pg_temp.id_of('viewer');
select pg_temp.add('stranger', 2, null, 0);
select pg_temp.add('viewer', 2, null, 0);
select is(pg_temp.claim_all(), '1 stranger, 1 viewer', 'nor do tasks for later or for another agent');

-- And a claim does not read them

create function pg_temp.tasks_read() returns bigint language sql as $$
  select seq_tup_read + idx_tup_fetch from pg_stat_xact_user_tables where relid = 'public.tasks'::regclass
$$;
select pg_temp.clear();
update public.agent_settings set running_tasks_per_user = 1;
select pg_temp.add('stranger', 3000, null, 100);
select isnt(pg_temp.claim('full'), null, 'one of three thousand tasks of a user fills the limit');
insert into public.tasks (user_id, priority, run_after)
select pg_temp.id_of('agent'), 100, now() + interval '1 h' from generate_series(1, 3000);
insert into public.tasks (user_id, priority, agent)
select pg_temp.id_of('admin'), 100, 'another' from generate_series(1, 3000);
select pg_temp.add('viewer', 1);
-- as autovacuum does: a plan for the empty table that it may have found before would read all
analyze public.tasks;
create temp table reading on commit drop as select pg_temp.tasks_read() as before;
select isnt(pg_temp.claim('behind'), null,
  'behind nine thousand tasks that can''t be claimed is one that can');
select cmp_ok(pg_temp.tasks_read() - before, '<', 600::bigint, 'and they are not read for it') from reading;
update reading set before = pg_temp.tasks_read();
select is(pg_temp.claim('none'), null, 'then no task may start');
select cmp_ok(pg_temp.tasks_read() - before, '<', 600::bigint, 'which reads no more') from reading;
select pg_temp.clear();
update public.agent_settings set running_tasks_per_user = 1;
insert into public.projects (user_id, repo_url, repo_name, repo_owner, name)
select pg_temp.id_of('stranger'), 'https://github.com/acme/many-' || n, 'many', 'acme', 'many ' || n
from generate_series(1, 600) as n;
insert into public.tasks (user_id, project_id, priority)
select p.user_id, p.id, n from public.projects as p cross join generate_series(96, 100) as n
where p.name like 'many %';
select pg_temp.add('viewer', 1);
analyze public.tasks;
analyze public.projects;
select isnt(pg_temp.claim('full'), null, 'one task fills the limit of a user with tasks in many projects');
update reading set before = pg_temp.tasks_read();
select isnt(pg_temp.claim('behind'), null, 'whose tasks delay nobody');
select cmp_ok(pg_temp.tasks_read() - before, '<', 600::bigint,
  'however many projects they are in') from reading;
update public.agent_settings set running_tasks_per_user = null, running_tasks_per_project = 0;
select pg_temp.add('viewer', 1);
update reading set before = pg_temp.tasks_read();
select isnt(pg_temp.claim('behind'), null, 'nor where the projects are full');
select cmp_ok(pg_temp.tasks_read() - before, '<', 1500::bigint, 'of which two hundred are read')
from reading;
delete from public.projects where name like 'many %';

-- The order holds among users with a free slot

select pg_temp.clear();
select pg_temp.add('stranger', 3, null, 10);
select pg_temp.add('viewer', 3, null, 20);
select pg_temp.add('agent', 3, null, 5);
update public.agent_settings set running_tasks_per_user = 2;
create temp table claims on commit drop as
select n, pg_temp.claim('claim' || n) as id from generate_series(1, 6) as n;
select is(
  (select string_agg(split_part(u.email, '@', 1), ' ' order by n) from claims as o
   join public.tasks as t on t.id = o.id::bigint join public.users as u on u.id = t.user_id),
  'viewer viewer stranger stranger agent agent', 'by priority, among users with a free slot'
);

-- With a worker token

select pg_temp.clear();
select is(pg_temp.make_token('mine', 'stranger', '''mine'', ''{claude}'''), 'made', 'a user''s own worker');
select pg_temp.add('stranger', 6, 'one');
select pg_temp.add('stranger', 6);
select pg_temp.add('viewer', 6);
update public.users set max_running_tasks = 5 where id = pg_temp.id_of('stranger');
select is(pg_temp.claim_all('anon', ', worker_token => #mine'), '1 stranger, 4 stranger:one',
  'has the same limits, and gets nobody else''s tasks');
select is(pg_temp.claim_all(), '6 viewer', 'which other workers get');

-- Tasks that no worker holds do not count

select pg_temp.clear();
select pg_temp.add('stranger', 10);
update public.tasks set status = 'running' where id in (select id from public.tasks order by id limit 5);
update public.agent_settings set running_tasks_per_user = 5;
select is(pg_temp.claim_all(), '5 stranger', 'tasks that run by hand take no slot');

select * from finish();
rollback;
