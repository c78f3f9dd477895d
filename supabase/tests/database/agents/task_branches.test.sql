-- The branch that a task starts from, and tasks that share the branch of a pull request.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(22);
\ir ../helpers/personas.psql
\ir ../helpers/queue.psql
update public.agent_settings set running_tasks_per_user = null, running_tasks_per_project = null;

create function pg_temp.target_of(p_task bigint) returns text language sql as $$
  select coalesce(target_branch, 'none') from public.tasks where id = p_task
$$;

-- No branch named

create temp table made on commit drop as select pg_temp.task('stranger') as plain;
select is(pg_temp.target_of(plain), 'none', 'a task that names no branch means the default branch') from made;
select is(pg_temp.claim('a'), plain::text, 'a worker claims it') from made;
select is((select said -> 'target_branch' from leases where name = 'a'), 'null', 'and gets none');
select isnt(pg_temp.ask('service_role', 'select public.heartbeat_task(@a, target_branch => ''trunk'')'), null,
  'it reports the one that it found');
select is(pg_temp.target_of(plain), 'trunk', 'which is stored') from made;
select isnt(pg_temp.ask('service_role', 'select public.heartbeat_task(@a, target_branch => ''other'')'), null,
  'it reports another one');
select is(pg_temp.target_of(plain), 'trunk', 'but the task has one') from made;
select is(pg_temp.ask('service_role', 'select public.complete_task(@a)') is null, false, 'it ends');
select alike(pg_temp.ask('service_role', 'select public.heartbeat_task(@a, target_branch => ''late'')'),
  'PT409 %', 'and its worker reports nothing more');

create temp table shop on commit drop as select pg_temp.project('stranger', 'shop') as id;
update public.projects set settings = '{"target_branch": "develop"}' where id = (select id from shop);
select is(
  pg_temp.as_persona('stranger', format(
    'insert into public.tasks (project_id%s) values (%s%s) returning target_branch',
    c, (select id from shop), v
  )), wanted, wanted
) from (values ('', '', 'develop'), (', target_branch', ', ''main''', 'main')) as x (c, v, wanted);
update public.projects set settings = '{"target_branch": 7}' where id = (select id from shop);
select is(
  pg_temp.as_persona('stranger', format(
    'insert into public.tasks (project_id) values (%s) returning coalesce(target_branch, ''none'')',
    (select id from shop)
  )), 'none', 'a setting that is not a name is ignored'
);
delete from public.tasks;

-- One branch

create function pg_temp.on_branch(p_branch text, p_name text default 'shop', p_more text default '')
returns bigint language sql as $$
  select pg_temp.task('stranger', format(
    'repo_url = ''https://github.com/acme/%s'', pr_branch = %L%s', p_name, p_branch, p_more
  ))
$$;
create temp table queued on commit drop as
select pg_temp.on_branch('fix') as first, pg_temp.on_branch('fix') as second,
  pg_temp.on_branch('other') as other, pg_temp.on_branch('fix', 'books') as elsewhere;
select is(pg_temp.claim('one'), first::text, 'the first task of a branch is claimed') from queued;
select is(pg_temp.claim('two'), other::text, 'then one of another branch') from queued;
select is(pg_temp.claim('three'), elsewhere::text, 'and of another repository') from queued;
select is(pg_temp.claim('four'), null, 'the second of the branch waits');
select isnt(pg_temp.ask('service_role', 'select public.complete_task(@one)'), null,
  'until the first one has ended');
select is(pg_temp.claim('four'), second::text, 'and is claimed then') from queued;

create temp table more on commit drop as
select pg_temp.on_branch('fix', 'shop', ', priority = 9') as first,
  pg_temp.task('stranger') as without;
select is(pg_temp.claim('five'), without::text, 'one that waits for its branch delays no other') from more;
select isnt(pg_temp.ask('service_role', 'select public.release_task(@four)'), null, 'a released one');
select is(pg_temp.claim('six'), first::text, 'leaves its branch to the next, by priority') from more;
select is(pg_temp.claim('seven'), null, 'one at a time');

select * from finish();
rollback;
