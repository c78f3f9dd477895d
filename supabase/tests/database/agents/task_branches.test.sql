-- The branch that a task starts from, and tasks that share the branch of a pull request.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(55);
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

delete from public.tasks;

-- One branch, by whatever name of its repository

-- Of two tasks, whether the second may start while a worker holds the first; both on the branch `fix` unless
-- p_more says otherwise, where % stands for the first one's id.
create function pg_temp.second_starts(
  p_first text, p_second text, p_more text default 'pr_branch = ''fix''', p_persona text default 'stranger',
  p_first_more text default 'pr_branch = ''fix'''
) returns boolean language plpgsql as $$
declare
  v_first bigint;
  v_second bigint;
begin
  delete from public.tasks;
  v_first := pg_temp.task('stranger', format('repo_url = %L, %s', p_first, p_first_more));
  v_second := pg_temp.task(
    p_persona, format('repo_url = %L, %s', p_second, replace(p_more, '%', v_first::text))
  );
  if pg_temp.claim('holder') <> v_first::text then
    raise exception 'the first one is not claimed first';
  end if;
  return pg_temp.claim('next') is not distinct from v_second::text;
end;
$$;
select is(pg_temp.second_starts(x.first, x.second), x.starts, x.first || ' and ' || x.second)
from (values
  ('https://github.com/acme/shop', 'https://github.com/acme/shop.git', false),
  ('https://github.com/acme/shop', 'https://github.com/Acme/Shop', false),
  ('https://github.com/acme/shop/', 'https://www.github.com/acme/shop', false),
  ('https://github.com/acme/shop', 'git@github.com:acme/shop.git', false),
  ('ssh://git@github.com/acme/shop', 'http://github.com/acme/shop', false),
  ('HTTPS://GitHub.com/acme/shop.git/', 'github.com/acme/shop', false),
  ('https://gitlab.example/acme/shop', 'https://gitlab.example/Acme/shop.git/', false),
  ('https://gitlab.example/a/b/shop.git', 'git@gitlab.example:a/b/shop', false),
  ('https://gitlab.example:443/acme/shop', 'ssh://git@gitlab.example:22/acme/shop?x=1', false),
  ('https://github.com/acme/shop', 'https://github.com/acme/shop2', true),
  ('https://github.com/acme/shop', 'https://gitlab.example/acme/shop', true),
  ('https://gitlab.example/acme/shop', 'https://gitlab.example/acme/shop-git', true),
  ('http://127.0.0.1:3000/acme/shop', 'http://127.0.0.1:4000/acme/shop', true)
) as x (first, second, starts);

select ok(not pg_temp.second_starts(u, u || '.git', 'pr_branch = ''fixloop/task-%''',
  p_first_more => 'agent = agent'), 'the branch of a first run is its task''s: ' || u)
from unnest(array['https://github.com/acme/shop', 'https://gitlab.example/acme/shop']) as u;
select ok(pg_temp.second_starts('https://github.com/acme/shop', 'https://github.com/acme/shop',
  'pr_branch = ''fixloop/task-%0''', p_first_more => 'agent = agent'), 'another task''s is another branch');
select ok(pg_temp.second_starts('https://github.com/acme/shop', 'https://github.com/acme/books',
  'pr_branch = ''fixloop/task-%''', p_first_more => 'agent = agent'), 'and so is one in another repository');
select ok(pg_temp.second_starts('https://github.com/acme/shop', 'https://github.com/acme/shop',
  'agent = agent', p_first_more => 'agent = agent'), 'two first runs have two branches');
delete from public.tasks;
create temp table pair on commit drop as
select pg_temp.task('stranger', 'repo_url = ''https://github.com/acme/shop'', run_after = now()') as plain;
insert into pair select pg_temp.task('stranger', format(
  'repo_url = ''https://github.com/acme/shop.git'', priority = 9, pr_branch = ''fixloop/task-%s''', plain
)) from pair;
select is(pg_temp.claim('eight'), (select max(plain) from pair)::text, 'where the other one is first');
select is(pg_temp.claim('nine'), null, 'the first run waits');

delete from public.tasks;
create temp table in_project on commit drop as select pg_temp.task('stranger', format(
  'project_id = %s, pr_branch = ''fix''', (select id from shop)
)) as id;
select pg_temp.task('stranger', 'repo_url = ''git@github.com:acme/shop.git'', pr_branch = ''fix''') > 0;
select is(pg_temp.claim('ten'), id::text, 'a task of a project') from in_project;
select is(pg_temp.claim('eleven'), null, 'is in the repository of its project');

-- Of several users

select ok(not pg_temp.second_starts(u, u || '.git', p_persona => 'second'),
  'another user''s task waits: ' || u)
from unnest(array['https://github.com/acme/shop', 'https://gitlab.example/acme/shop']) as u;
select ok(pg_temp.second_starts('https://github.com/acme/shop', 'https://github.com/acme/shop',
  'pr_branch = ''fix'', run_after = now() - interval ''61 minutes''', 'second',
  'pr_branch = ''fix'', priority = 9'), 'for an hour');
select ok(not pg_temp.second_starts('https://github.com/acme/shop', 'https://github.com/acme/shop',
  'pr_branch = ''fix'', run_after = now() - interval ''61 minutes''',
  p_first_more => 'pr_branch = ''fix'', priority = 9'), 'one of the same user as long as it takes');
delete from public.tasks;
select pg_temp.make_token('own', 'stranger', $$'own', '{claude}'$$);
create temp table theirs on commit drop as
select pg_temp.on_branch('fix') as held, pg_temp.task('second',
  'repo_url = ''https://github.com/acme/shop'', pr_branch = ''fix''') as waiting;
select is(pg_temp.claim('own', 'anon', ', worker_token => #own'), held::text, 'who runs a task by themselves')
from theirs;
select is(pg_temp.claim('twelve'), waiting::text, 'holds up nobody else') from theirs;

-- A name that looks like a task's

delete from public.tasks;
create temp table odd on commit drop as
select pg_temp.task('second', format('pr_branch = %L, priority = 9', b)) as task
from unnest(array[U&'fixloop/task-1\0663', U&'fixloop/task-\ff11', 'fixloop/task-99999999999999999999',
  'fixloop/task-00', 'fixloop/task-1e3']) as b;
select is(pg_temp.claim('odd'), task::text, 'holds up nobody') from odd order by task;

select * from finish();
rollback;
