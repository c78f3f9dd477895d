-- Every column, default, key, index and policy that the schema document names, and its examples.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(18);
\ir ../helpers/personas.psql

create function pg_temp.columns(p_table text) returns text language sql as $$
  select string_agg(format('%s %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ' order by a.attnum)
  from pg_attribute as a
  where a.attrelid = ('public.' || p_table)::regclass and a.attnum > 0 and not a.attisdropped
$$;
select alike(
  pg_temp.columns('users'),
  'id uuid, email text, full_name text, avatar_url text, github_username text, github_token text, '
    || 'preferences jsonb, created_at timestamp with time zone, updated_at timestamp with time zone' || '%',
  'users has the document''s columns, in its order'
);
select alike(
  pg_temp.columns('projects'),
  'id bigint, user_id uuid, repo_url text, repo_name text, repo_owner text, name text, description '
    || 'text, is_active boolean, settings jsonb, created_at timestamp with time zone, updated_at timestamp '
    || 'with time zone' || '%',
  'projects has the document''s columns, in its order'
);
select alike(
  pg_temp.columns('tasks'),
  'id bigint, user_id uuid, project_id bigint, status task_status, agent text, repo_url text, '
    || 'target_branch text, pr_branch text, container_id text, commit_hash text, pr_number integer, pr_url '
    || 'text, git_diff text, git_patch text, changed_files jsonb, error text, chat_messages jsonb, '
    || 'execution_metadata jsonb, created_at timestamp with time zone, updated_at timestamp with time '
    || 'zone, started_at timestamp with time zone, completed_at timestamp with time zone' || '%',
  'tasks has the document''s columns, in its order'
);
select enum_has_labels(
  'public', 'task_status', array['pending', 'running', 'completed', 'failed', 'cancelled'],
  'task_status has the document''s values'
);
select has_index('public', 'projects', 'idx_projects_user_id', array['user_id'], 'idx_projects_user_id');
-- Those of tasks have the order of lists as well (docs/deviations.md).
select has_index('public', 'tasks', 'idx_tasks_user_id', array['user_id', 'created_at'],
  'idx_tasks_user_id');
select has_index('public', 'tasks', 'idx_tasks_project_id', array['project_id', 'user_id', 'created_at'],
  'idx_tasks_project_id');
select has_index('public', 'tasks', 'idx_tasks_status', 'idx_tasks_status');
select col_is_unique('public', 'projects', array['user_id', 'repo_url'],
  'one project per user and repository');
select set_eq(
  $$ select conname::text || ' ' || pg_get_constraintdef(oid) from pg_constraint
     where contype = 'f' and conrelid in (
       'public.users'::regclass, 'public.projects'::regclass, 'public.tasks'::regclass
     ) $$,
  $$ values
    ('projects_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE'),
    ('tasks_project_id_fkey FOREIGN KEY (project_id) REFERENCES projects(id) ON DELETE CASCADE'),
    ('tasks_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE'),
    ('users_id_fkey FOREIGN KEY (id) REFERENCES auth.users(id) ON DELETE CASCADE') $$,
  'the document''s foreign keys and no others: one between tasks and projects'
);
select set_eq(
  $$ select tablename::text || ' ' || cmd from pg_policies
     where schemaname = 'public' and tablename in ('users', 'projects', 'tasks') $$,
  $$ values ('projects DELETE'), ('projects INSERT'), ('projects SELECT'), ('projects UPDATE'),
    ('tasks DELETE'), ('tasks INSERT'), ('tasks SELECT'), ('tasks UPDATE'),
    ('users INSERT'), ('users SELECT'), ('users UPDATE') $$,
  'all actions on projects and tasks; insert, select and update of profiles'
);

-- Defaults

select is(
  (select count(*) from public.users where email like '%@example.com' and preferences = '{}'
    and created_at = now() and updated_at = now()),
  5::bigint, 'each account has its profile, with the document''s defaults'
);
select is(
  pg_temp.as_persona('stranger', $$
    insert into public.projects (repo_url, repo_name, repo_owner, name, description) values (
      'https://github.com/user/repo', 'repo', 'user', 'My Project', 'Project description'
    ) returning (is_active, settings, user_id, created_at = now(), updated_at = now(), id > 0)::text
  $$),
  '(t,{},00000000-0000-4000-8000-00000000000a,t,t,t)', 'a project has the document''s defaults'
);
select is(
  pg_temp.as_persona('stranger', $$
    insert into public.tasks (project_id) select id from public.projects
    returning (status, agent, repo_url, target_branch, changed_files, chat_messages, execution_metadata,
      created_at = now(), updated_at = now(), user_id, started_at, completed_at)::text
  $$),
  '(pending,claude,https://github.com/user/repo,,[],[],{},t,t,00000000-0000-4000-8000-00000000000a,,)',
  'a task has the document''s defaults, and its project''s repository'
);
select is(
  pg_temp.as_persona('stranger', $$
    insert into public.tasks (status, agent, target_branch, changed_files, chat_messages, execution_metadata,
      created_at, updated_at, priority, run_after, max_attempts, attempts_count)
    values (null, null, null, null, null, null, null, null, null, null, null, null)
    returning (status, agent, target_branch, changed_files, chat_messages, execution_metadata, priority,
      run_after = now(), max_attempts, attempts_count)::text
  $$),
  '(pending,claude,,[],[],{},0,t,3,0)', 'null in a not-null column counts as left out'
);
select is(
  pg_temp.as_persona('stranger', $$
    update public.tasks set status = null, agent = null, target_branch = null, changed_files = null,
      chat_messages = null, execution_metadata = null, priority = null, run_after = null, max_attempts = null,
      attempts_count = null
    where repo_url is null
    returning (status, agent, target_branch, changed_files, chat_messages, execution_metadata, priority,
      run_after = now(), max_attempts, attempts_count, updated_at = created_at)::text
  $$),
  '(pending,claude,,[],[],{},0,t,3,0,t)', 'an update keeps the stored values, too'
);
select is(
  pg_temp.as_persona('stranger', $$
    insert into public.projects (repo_url, repo_name, repo_owner, name)
    values ('https://github.com/user/repo', 'repo', 'user', 'Twice')
  $$),
  '23505 duplicate key value violates unique constraint "projects_user_id_repo_url_key"',
  'a user has a repository once'
);
-- A new column that is not large has to be added to the comparison that decides about updated_at.
select is_empty(
  $$ select a.attname from pg_attribute as a
     where a.attrelid = 'public.tasks'::regclass and a.attnum > 0 and not a.attisdropped
       and a.attname <> all (array[
         'id', 'user_id', 'created_at', 'updated_at', 'git_diff', 'git_patch', 'changed_files',
         'chat_messages', 'execution_metadata', 'stored_bytes'
       ])
       and (select prosrc from pg_proc where proname = 'set_task_defaults')
         !~ ('\mold\.' || a.attname || '\M') $$,
  'every column of tasks moves updated_at'
);

select * from finish();
rollback;
