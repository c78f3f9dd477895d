-- Projects and tasks belong to their user: what somebody else tries with them, and what a row may contain.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(63);
\ir ../helpers/personas.psql

-- The stranger owns project 1 and task 1, the viewer project 2 and task 2.
insert into public.projects (id, user_id, repo_url, repo_name, repo_owner, name) values
  (1, '00000000-0000-4000-8000-00000000000a', 'https://github.com/a/one', 'one', 'a', 'One'),
  (2, '00000000-0000-4000-8000-00000000000b', 'https://github.com/b/two', 'two', 'b', 'Two');
insert into public.tasks (id, user_id, project_id) values
  (1, '00000000-0000-4000-8000-00000000000a', 1), (2, '00000000-0000-4000-8000-00000000000b', 2);

-- Reading

select is(pg_temp.as_persona(p.name, format('select string_agg(id::text, '','') from public.%s', t.name)),
  p.ids, format('%s of %s', t.name, p.name))
from (values ('stranger', '1'), ('viewer', '2'), ('admin', null), ('service_role', '1,2')) as p (name, ids)
cross join unnest(array['projects', 'tasks', 'task_list']) as t (name);

-- Writing as somebody else

select is(pg_temp.as_persona('stranger', a.statement), a.outcome, a.statement)
from (values
  ('insert into public.tasks (user_id) values (''00000000-0000-4000-8000-00000000000b'')',
    '42501 new row violates row-level security policy for table "tasks"'),
  ('insert into public.tasks (user_id, project_id) values (''00000000-0000-4000-8000-00000000000b'', 2)',
    'PT404 agents_project_unknown'),
  ('insert into public.tasks (project_id) values (2)', 'PT404 agents_project_unknown'),
  ('insert into public.tasks (project_id) values (3)', 'PT404 agents_project_unknown'),
  ('update public.tasks set project_id = 2 where id = 1', 'PT404 agents_project_unknown'),
  ('update public.tasks set user_id = ''00000000-0000-4000-8000-00000000000b'' where id = 1',
    'PT422 key_change_forbidden'),
  ('update public.tasks set id = 3 where id = 1', 'PT422 key_change_forbidden'),
  ('with t as (update public.tasks set priority = 1 where id = 2 returning 1) select count(*) from t', '0'),
  ('with t as (delete from public.tasks where id = 2 returning 1) select count(*) from t', '0'),
  ('insert into public.tasks (id) values (2)',
    '23505 duplicate key value violates unique constraint "tasks_pkey"'),
  ('insert into public.tasks (id, priority) values (2, 1)
    on conflict (id) do update set id = excluded.id, priority = excluded.priority',
    '42501 new row violates row-level security policy (USING expression) for table "tasks"'),
  ('insert into public.tasks (id, user_id, priority) values (2, ''00000000-0000-4000-8000-00000000000b'', 1)
    on conflict (id) do update set id = excluded.id, priority = excluded.priority',
    '42501 new row violates row-level security policy for table "tasks"'),
  ('insert into public.projects (user_id, repo_url, repo_name, repo_owner, name)
    values (''00000000-0000-4000-8000-00000000000b'', ''u'', ''n'', ''o'', ''N'')',
    '42501 new row violates row-level security policy for table "projects"'),
  ('update public.projects set user_id = ''00000000-0000-4000-8000-00000000000b'' where id = 1',
    'PT422 key_change_forbidden'),
  ('insert into public.projects (id, repo_url, repo_name, repo_owner, name)
    values (2, ''https://github.com/a/one'', ''n'', ''o'', ''N'')
    on conflict (user_id, repo_url) do update set id = excluded.id',
    'PT422 key_change_forbidden'),
  ('with t as (delete from public.projects where id = 2 returning 1) select count(*) from t', '0')
) as a (statement, outcome);
select is(pg_temp.as_persona('service_role', a.statement), 'PT404 agents_project_unknown',
  'a server: ' || a.statement)
from (values
  ('insert into public.tasks (user_id, project_id) values (''00000000-0000-4000-8000-00000000000a'', 2)'),
  ('update public.tasks set project_id = 2 where id = 1')
) as a (statement);

-- Statements that read no column are restricted by the policies for writing, not by those for reading.

select is(
  pg_temp.as_persona('stranger', format('with w as (%s returning 1) select count(*) from w', w.statement)),
  w.rows_count, w.statement
)
from (values
  ('update public.tasks set priority = 7', '1'), ('update public.projects set name = ''Mine''', '1'),
  ('update public.users set full_name = ''Mine''', '1')
) as w (statement, rows_count);
select results_eq(
  'select t.priority, p.name from public.tasks as t join public.projects as p on p.id = t.project_id
   order by t.id',
  $$ values (7::smallint, 'Mine'), (0::smallint, 'Two') $$, 'only their own were changed'
);

-- Ids

select is(pg_temp.as_persona('stranger', $$
  with t as (insert into public.tasks (id) values (1000000) returning id) select max(id) < 1000000 from t
$$), 'true', 'a client can''t set an id that the sequence returns later');
select is(pg_temp.as_persona('stranger', $$
  with t as (
    insert into public.projects (id, repo_url, repo_name, repo_owner, name)
    values (1000000, 'u', 'n', 'o', 'N') returning id
  ) select max(id) < 1000000 from t
$$), 'true', 'nor of a project');
create temp table brought on commit drop as select last_value + 100 as id from public.tasks_id_seq;
select is(
  pg_temp.as_persona('service_role', format(
    $$ insert into public.tasks (id, user_id)
       values (%s, '00000000-0000-4000-8000-00000000000a') returning id $$, id
  )), id::text, 'a server may set one'
)
from brought;
select is(
  pg_temp.as_persona('stranger', 'insert into public.tasks default values returning id'), (id + 1)::text,
  'and the next one comes after it'
)
from brought;
select is(pg_temp.as_persona('stranger', $$
  insert into public.tasks (id, user_id, project_id, status, agent, attempts_count, priority, chat_messages)
  values (1, '00000000-0000-4000-8000-00000000000a', 1, null, null, 9, 3, null)
  on conflict (id) do update set id = excluded.id, user_id = excluded.user_id, status = excluded.status,
    project_id = excluded.project_id, agent = excluded.agent, attempts_count = excluded.attempts_count,
    priority = excluded.priority, chat_messages = excluded.chat_messages
  returning (id, status, agent, attempts_count, priority, chat_messages)::text
$$), '(1,pending,claude,0,3,[])', 'an upsert of a whole row keeps what the database sets');
select is(pg_temp.as_persona('stranger', $$
  insert into public.projects (repo_url, repo_name, repo_owner, name, is_active, settings)
  values ('https://github.com/a/one', 'one', 'a', 'Renamed', null, null)
  on conflict (user_id, repo_url) do update set repo_url = excluded.repo_url, repo_name = excluded.repo_name,
    repo_owner = excluded.repo_owner, name = excluded.name, is_active = excluded.is_active,
    settings = excluded.settings
  returning (id, name, is_active, settings)::text
$$), '(1,Renamed,t,{})', 'an upsert finds a repository by its URL');

-- What a row may contain

select throws_ok(format('update public.tasks set %s where id = 1', v.set), v.code, v.message, v.set)
from (values
  ('agent = '' ''', 'PT422', 'agents_task_value_invalid'),
  ('target_branch = ''''', 'PT422', 'agents_task_value_invalid'),
  ('priority = 101', 'PT422', 'agents_task_value_invalid'),
  ('max_attempts = 0', 'PT422', 'agents_task_value_invalid'),
  ('run_after = ''infinity''', 'PT422', 'agents_task_value_invalid'),
  ('pr_number = 0', 'PT422', 'agents_task_value_invalid'),
  ('error_kind = ''Not a slug''', 'PT422', 'agents_task_value_invalid'),
  ('chat_messages = ''{}''', 'PT422', 'agents_task_value_invalid'),
  ('changed_files = ''"a"''', 'PT422', 'agents_task_value_invalid'),
  ('execution_metadata = ''[]''', 'PT422', 'agents_task_value_invalid'),
  ('repo_url = repeat(''a'', 2049)', 'PT422', 'agents_task_value_invalid'),
  ('git_diff = repeat(''a'', 52428801)', 'PT413', 'agents_task_result_too_large'),
  ('git_patch = repeat(''a'', 52428801)', 'PT413', 'agents_task_result_too_large'),
  ('error = repeat(''a'', 1048577)', 'PT413', 'agents_task_result_too_large'),
  ('chat_messages = jsonb_build_array(repeat(''a'', 16777216))', 'PT413', 'agents_task_result_too_large')
) as v (set, code, message);
-- An infinite time would make the weekly figures of everybody fail.
select is(
  pg_temp.as_persona('stranger', format(
    'insert into public.tasks (status, %s) values (''completed'', %L) returning id', c.name, t.time
  )),
  'PT422 agents_task_value_invalid', format('%s = %s', c.name, t.time)
)
from unnest(array['created_at', 'started_at', 'completed_at']) as c (name),
  unnest(array['infinity', '-infinity']) as t (time);
select lives_ok('update public.tasks set git_diff = repeat(''a'', 52428800) where id = 1',
  'a diff of 50 MB fits');

-- Deletion

delete from auth.users where id = '00000000-0000-4000-8000-00000000000a';
select is(
  (select count(*) from public.projects where user_id = '00000000-0000-4000-8000-00000000000a')
    + (select count(*) from public.tasks where user_id = '00000000-0000-4000-8000-00000000000a'),
  0::bigint, 'deleting an account deletes its projects and tasks'
);

select * from finish();
rollback;
