-- What agents are asked to do, with the conversation, the result and its history.

create type public.task_status as enum ('pending', 'running', 'completed', 'failed', 'cancelled');
comment on type public.task_status is
  'pending: waits for a worker. running: a worker or its user runs it. completed, failed, cancelled: '
  'it has ended.';

create table public.tasks (
  id bigint not null default 0,
  user_id uuid not null default auth.uid(),
  project_id bigint,
  status public.task_status not null default 'pending',
  agent text not null default 'claude',
  repo_url text,
  target_branch text,
  pr_branch text,
  container_id text,
  commit_hash text,
  pr_number integer,
  pr_url text,
  git_diff text,
  git_patch text,
  changed_files jsonb not null default '[]',
  error text,
  chat_messages jsonb not null default '[]',
  execution_metadata jsonb not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  started_at timestamptz,
  completed_at timestamptz,
  priority smallint not null default 0,
  run_after timestamptz not null default now(),
  max_attempts smallint not null default 3,
  attempts_count smallint not null default 0,
  error_kind text,
  stored_bytes integer not null default 4096,
  constraint tasks_pkey primary key (id),
  constraint tasks_user_id_fkey foreign key (user_id) references public.users (id) on delete cascade,
  constraint tasks_project_id_fkey foreign key (project_id) references public.projects (id) on delete cascade
);
-- No check constraints: each one costs a statement that writes a single row 20 µs, a fifth of what the
-- statement takes. Triggers check the rules, those about columns only when these are written.

-- A trigger sets ids: a default would use one up for each upsert of an existing row.
create sequence public.tasks_id_seq as bigint owned by public.tasks.id;

comment on table public.tasks is
  'One row per task. Users see and edit their own; workers use the functions of the queue. For lists use '
  'task_list, which leaves the large columns out. Null in a not-null column counts as left out. Errors on '
  'write: agents_project_unknown (404), agents_task_transition_invalid, agents_task_conflict, '
  'agents_pending_tasks_limit_reached, agents_stored_bytes_limit_reached (409), '
  'agents_task_result_too_large (413), agents_task_value_invalid, agents_repo_url_invalid, '
  'agents_pr_url_invalid, '
  'key_change_forbidden (422).';
comment on column public.tasks.id is
  'Set by the database from a sequence. Only servers may set a new one themselves.';
comment on column public.tasks.user_id is 'The user it belongs to: the caller; can''t be changed.';
comment on column public.tasks.project_id is 'The project, of the same user; null for none.';
comment on column public.tasks.status is
  'pending may become running, cancelled or failed; running completed, failed, cancelled or pending; a task '
  'that has ended pending, which runs it again. While a worker holds it, only the functions of the '
  'queue change it.';
comment on column public.tasks.agent is
  'The name of the agent that runs it; workers claim tasks by this name.';
comment on column public.tasks.repo_url is 'What to clone; left out, the project''s.';
comment on column public.tasks.target_branch is
  'The branch that the agent starts from and that the pull request is merged into. Left out, the project''s '
  'settings.target_branch; null for the repository''s default branch, which the worker writes here '
  'when it starts.';
comment on column public.tasks.pr_branch is 'The branch of the pull request.';
comment on column public.tasks.container_id is 'Where it runs or ran, as the worker reports it.';
comment on column public.tasks.commit_hash is 'The final commit.';
comment on column public.tasks.git_diff is 'Up to 50 MB.';
comment on column public.tasks.git_patch is 'Up to 50 MB.';
comment on column public.tasks.changed_files is
  'An array of paths, or of whatever the app stores for each file.';
comment on column public.tasks.error is
  'What went wrong the last time, or what the task waits for, as text.';
comment on column public.tasks.chat_messages is
  'An array of objects {role, content, timestamp}, the timestamp in epoch seconds. append_task_message '
  'appends one without a race; an update replaces all of them.';
comment on column public.tasks.execution_metadata is
  'An object: model, timings and anything else about the run. The metrics read model.';
comment on column public.tasks.started_at is
  'When the last attempt began, set by the database; null while it is pending.';
comment on column public.tasks.completed_at is 'When it ended, with any status; set by the database.';
comment on column public.tasks.priority is 'From -100 to 100; greater goes first.';
comment on column public.tasks.run_after is
  'Not claimed before this time. Moved ahead after a failed attempt.';
comment on column public.tasks.max_attempts is
  'After this many failed attempts the task has failed; 1 to 20.';
comment on column public.tasks.attempts_count is
  'The attempts so far that count, set by the database; 0 again when the task is run again.';
comment on column public.tasks.error_kind is
  'Why it failed, as a short name such as lease_expired; written by the queue and by servers.';

comment on column public.tasks.stored_bytes is
  'What the task counts for in agent_settings.stored_bytes_per_user: its size in steps of 4096, set '
  'by the database.';

create index idx_tasks_user_id on public.tasks (user_id, created_at desc);
-- With the user, which row security compares: the planner, which does not know that a project has one user,
-- else expects few rows and sorts all of the project.
create index idx_tasks_project_id on public.tasks (project_id, user_id, created_at desc);
-- Equality of an enum is not leakproof, so under row security no index is searched by status, but the planner
-- does use one whose predicate is implied. A row is in one of these two at most.
create index idx_tasks_status on public.tasks (user_id, created_at desc)
  where status in ('pending', 'running');
create index tasks_unsuccessful_user_id_created_at_idx on public.tasks (user_id, created_at desc)
  where status in ('failed', 'cancelled');
create index tasks_user_id_pr_number_idx on public.tasks (user_id, pr_number desc)
  where pr_number is not null;

alter table public.tasks enable row level security;
create policy tasks_select_own on public.tasks
  for select to authenticated using (user_id = (select auth.uid()));
create policy tasks_insert_own on public.tasks
  for insert to authenticated with check (user_id = (select auth.uid()));
create policy tasks_update_own on public.tasks
  for update to authenticated
  using (user_id = (select auth.uid())) with check (user_id = (select auth.uid()));
create policy tasks_delete_own on public.tasks
  for delete to authenticated using (user_id = (select auth.uid()));

grant select, delete on public.tasks to authenticated;
grant insert (
  id, user_id, project_id, status, agent, repo_url, target_branch, pr_branch, container_id, commit_hash,
  pr_number, pr_url, git_diff, git_patch, changed_files, error, chat_messages, execution_metadata, created_at,
  updated_at, started_at, completed_at, priority, run_after, max_attempts, attempts_count, error_kind,
  stored_bytes
) on public.tasks to authenticated;
grant update (
  id, user_id, project_id, status, agent, repo_url, target_branch, pr_branch, container_id, commit_hash,
  pr_number, pr_url, git_diff, git_patch, changed_files, error, chat_messages, execution_metadata, created_at,
  updated_at, started_at, completed_at, priority, run_after, max_attempts, attempts_count, error_kind,
  stored_bytes
) on public.tasks to authenticated;
grant select, insert, update, delete on public.tasks to service_role;
