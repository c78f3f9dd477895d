-- What agents are asked to do, with the conversation, the result and how it got there.

create type public.task_status as enum ('pending', 'running', 'completed', 'failed', 'cancelled');
comment on type public.task_status is
  'pending: waits for a worker. running: somebody works on it. completed, failed, cancelled: it is over.';

create table public.tasks (
  id bigint not null default 0,
  user_id uuid not null default auth.uid(),
  project_id bigint,
  status public.task_status not null default 'pending',
  agent text not null default 'claude',
  repo_url text,
  target_branch text not null default 'main',
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
  constraint tasks_pkey primary key (id),
  constraint tasks_user_id_fkey foreign key (user_id) references public.users (id) on delete cascade,
  constraint tasks_project_id_fkey foreign key (project_id) references public.projects (id) on delete cascade
);
-- No check constraints: each one costs a statement that writes a single row 20 µs, a fifth of what the
-- statement takes. Triggers hold the rules, those about columns only where these are written.

-- Ids are given by a trigger: a default would use one up for each upsert of a row that is there.
create sequence public.tasks_id_seq as bigint owned by public.tasks.id;

comment on table public.tasks is
  'One row a task. Each user sees and edits their own; workers have them through the functions of the '
  'queue. For lists use task_list, which leaves the large columns out. Null for a column that may not be '
  'null is as if it were left out. Errors on write: agents_project_unknown (404), '
  'agents_task_transition_invalid, agents_task_conflict (409), agents_task_result_too_large (413), '
  'agents_task_value_invalid, agents_repo_url_invalid, key_change_forbidden (422).';
comment on column public.tasks.id is 'Counted up by the database. Only servers may bring a new one along.';
comment on column public.tasks.user_id is 'Whose it is: the caller, for good.';
comment on column public.tasks.project_id is 'The project, which is the same user''s; null for none.';
comment on column public.tasks.status is
  'pending may become running, cancelled, failed; running completed, failed, cancelled, pending; what is '
  'over pending, which runs it again. While a worker holds it, the functions of the queue alone change it.';
comment on column public.tasks.agent is 'The name of the agent that is to do it; workers serve names.';
comment on column public.tasks.repo_url is 'What to clone; left out, the project''s.';
comment on column public.tasks.target_branch is 'The branch that the work starts from and is merged into.';
comment on column public.tasks.pr_branch is 'The branch that was made for the pull request.';
comment on column public.tasks.container_id is 'Where it runs or ran, as the worker names it.';
comment on column public.tasks.commit_hash is 'The final commit.';
comment on column public.tasks.git_diff is 'Up to 50 MB.';
comment on column public.tasks.git_patch is 'Up to 50 MB.';
comment on column public.tasks.changed_files is 'An array of paths, or of whatever the app keeps of each.';
comment on column public.tasks.error is 'In words, what went wrong the last time.';
comment on column public.tasks.chat_messages is
  'An array of objects {role, content, timestamp}, the timestamp in epoch seconds. append_task_message adds '
  'one without a race; an update replaces all of them.';
comment on column public.tasks.execution_metadata is
  'An object: model, timings, whatever else is known of how it ran. Metrics read model.';
comment on column public.tasks.started_at is
  'When the last attempt began; the database''s. Null while it waits.';
comment on column public.tasks.completed_at is 'When it was over, however it ended; the database''s.';
comment on column public.tasks.priority is 'From -100 to 100; greater goes first.';
comment on column public.tasks.run_after is 'Not to be claimed before. Moved on after a failed attempt.';
comment on column public.tasks.max_attempts is 'After so many failed attempts it has failed; 1 to 20.';
comment on column public.tasks.attempts_count is
  'Attempts so far that count; the database''s. Begins anew when the task is run again.';
comment on column public.tasks.error_kind is
  'Why it failed, as a short name such as lease_expired; written by the queue and servers.';

create index idx_tasks_user_id on public.tasks (user_id);
create index idx_tasks_project_id on public.tasks (project_id);
create index idx_tasks_status on public.tasks (status);

-- See private.complete_project_upsert.
create or replace function private.complete_task_upsert() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_old public.tasks;
begin
  if coalesce(new.id, 0) <> 0 then
    select * into v_old from public.tasks as t where t.id = new.id and t.user_id = new.user_id for update;
    if not found and private.is_trusted_caller() then
      perform private.advance_sequence('public.tasks_id_seq', new.id);
    elsif not found and not exists (select from public.tasks as t where t.id = new.id) then
      new.id := 0;
    end if;
  end if;
  if coalesce(new.id, 0) = 0 then
    new.id := nextval('public.tasks_id_seq');
  end if;
  new.status := coalesce(new.status, v_old.status, 'pending');
  new.agent := coalesce(new.agent, v_old.agent, 'claude');
  new.target_branch := coalesce(new.target_branch, v_old.target_branch, 'main');
  new.changed_files := coalesce(new.changed_files, v_old.changed_files, '[]');
  new.chat_messages := coalesce(new.chat_messages, v_old.chat_messages, '[]');
  new.execution_metadata := coalesce(new.execution_metadata, v_old.execution_metadata, '{}');
  new.priority := coalesce(new.priority, v_old.priority, 0::smallint);
  new.run_after := coalesce(new.run_after, v_old.run_after, now());
  new.max_attempts := coalesce(new.max_attempts, v_old.max_attempts, 3::smallint);
  new.attempts_count := coalesce(new.attempts_count, v_old.attempts_count, 0::smallint);
  return new;
end;
$$;
comment on function private.complete_task_upsert is
  'Before-insert trigger, the first: an id for a new task; for an upsert, nulls as they are stored.';

-- With the rights of whoever writes: a project that they can't see is none.
create or replace function private.check_task_project() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_repo_url text;
begin
  if new.project_id is null then
    return new;
  end if;
  select p.repo_url into v_repo_url from public.projects as p
  where p.id = new.project_id and p.user_id = new.user_id;
  if not found then
    raise exception using
      errcode = 'PT404', message = 'agents_project_unknown', detail = 'The task''s user has no such project.',
      hint = 'Use the id of one of the user''s projects, or null.';
  end if;
  new.repo_url := coalesce(new.repo_url, v_repo_url);
  return new;
end;
$$;
comment on function private.check_task_project is
  'Before trigger: a task''s project is its user''s own, and lends its repository. '
  'Errors: agents_project_unknown (404).';

-- Its message, unlike a check's, does not print the row.
create or replace function private.check_task_values() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_wrong text;
begin
  new.agent := coalesce(new.agent, old.agent);
  new.target_branch := coalesce(new.target_branch, old.target_branch);
  new.priority := coalesce(new.priority, old.priority);
  new.run_after := coalesce(new.run_after, old.run_after);
  new.max_attempts := coalesce(new.max_attempts, old.max_attempts);
  v_wrong := case
    when new.agent !~ '\S' or octet_length(new.agent) > 100 then 'agent: 1 to 100 bytes'
    when octet_length(new.repo_url) > 2048 then 'repo_url: up to 2048 bytes'
    when new.target_branch !~ '\S' or octet_length(new.target_branch) > 1000
      then 'target_branch: 1 to 1000 bytes'
    when new.priority not between -100 and 100 then 'priority: -100 to 100'
    when not isfinite(new.run_after) then 'run_after: a time'
    when not isfinite(new.created_at) then 'created_at: a time'
    when not isfinite(new.started_at) then 'started_at: a time'
    when not isfinite(new.completed_at) then 'completed_at: a time'
    when new.max_attempts not between 1 and 20 then 'max_attempts: 1 to 20'
  end;
  if v_wrong is not null then
    raise exception using
      errcode = 'PT422', message = 'agents_task_value_invalid',
      detail = format('A task can''t have this in %s.', split_part(v_wrong, ':', 1)),
      hint = format('What fits is %s.', v_wrong);
  end if;
  return new;
end;
$$;
comment on function private.check_task_values is
  'Before trigger of what a task is asked: ranges and lengths; null in a column that may not be null is as '
  'if left out. Errors: agents_task_value_invalid (422).';

-- What nearly every write is: one expression, since each costs every finished task its part. The sizes are
-- known without unpacking anything.
create or replace function private.check_task_result() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  if (
    octet_length(new.git_diff) <= 52428800 and octet_length(new.git_patch) <= 52428800
    and octet_length(new.error) <= 1048576 and octet_length(new.pr_branch) <= 1000
    and octet_length(new.container_id) <= 1000 and octet_length(new.commit_hash) <= 200
    and octet_length(new.pr_url) <= 2048 and new.pr_number > 0
    and new.error_kind ~ '^[a-z0-9][a-z0-9_.-]{0,99}$'
  ) is false or (
    pg_column_size(new.changed_files) <= 16777216 and pg_column_size(new.chat_messages) <= 16777216
    and pg_column_size(new.execution_metadata) <= 16777216 and jsonb_typeof(new.changed_files) = 'array'
    and jsonb_typeof(new.chat_messages) = 'array' and jsonb_typeof(new.execution_metadata) = 'object'
  ) is not true then
    new.changed_files := coalesce(new.changed_files, old.changed_files);
    new.chat_messages := coalesce(new.chat_messages, old.chat_messages);
    new.execution_metadata := coalesce(new.execution_metadata, old.execution_metadata);
    perform private.reject_task_result(new);
  end if;
  -- private.set_task_defaults can't tell, without unpacking them, whether the large columns change. Here the
  -- largest
  -- come last: a message that is appended is seen before a diff would be read.
  if tg_op = 'UPDATE' and current_setting('app.task_queue', true) is distinct from 'on' and (
    old.chat_messages <> new.chat_messages or old.execution_metadata <> new.execution_metadata
    or old.changed_files <> new.changed_files or old.git_diff is distinct from new.git_diff
    or old.git_patch is distinct from new.git_patch
  ) then
    new.updated_at := null;
  end if;
  return new;
end;
$$;
comment on function private.check_task_result is
  'Before trigger of what comes out of a task: sizes, shapes and lengths; null in a column that may not be '
  'null is as if left out. Errors: agents_task_result_too_large (413), agents_task_value_invalid (422).';

-- Fired for what is wrong alone: messages that are well cost the look that the trigger's condition takes. The
-- functions of the queue and append_task_message add objects to what is there, and are not looked at.
create or replace function private.reject_task_messages() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
begin
  raise exception using
    errcode = 'PT422', message = 'agents_task_value_invalid',
    detail = 'A task can''t have this in chat_messages.',
    hint = 'What fits is chat_messages: an array of objects {role, content, timestamp}.';
end;
$$;
comment on function private.reject_task_messages is
  'Before trigger of messages that a client writes and that are no objects. '
  'Errors: agents_task_value_invalid (422).';

create or replace function private.reject_task_result(p_task public.tasks) returns void
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_wrong constant text := case
    when jsonb_typeof(p_task.changed_files) <> 'array' then 'changed_files: an array'
    when jsonb_typeof(p_task.chat_messages) <> 'array' then 'chat_messages: an array'
    when jsonb_typeof(p_task.execution_metadata) <> 'object' then 'execution_metadata: an object'
    when octet_length(p_task.pr_branch) > 1000 then 'pr_branch: up to 1000 bytes'
    when octet_length(p_task.container_id) > 1000 then 'container_id: up to 1000 bytes'
    when octet_length(p_task.commit_hash) > 200 then 'commit_hash: up to 200 bytes'
    when octet_length(p_task.pr_url) > 2048 then 'pr_url: up to 2048 bytes'
    when p_task.pr_number <= 0 then 'pr_number: above 0'
    when p_task.error_kind !~ '^[a-z0-9][a-z0-9_.-]{0,99}$'
      then 'error_kind: up to 100 lower-case letters, digits, dots, lines'
  end;
begin
  if octet_length(p_task.git_diff) > 52428800 or octet_length(p_task.git_patch) > 52428800
    or pg_column_size(p_task.chat_messages) > 16777216 or pg_column_size(p_task.changed_files) > 16777216
    or pg_column_size(p_task.execution_metadata) > 16777216 or octet_length(p_task.error) > 1048576
  then
    raise exception using
      errcode = 'PT413', message = 'agents_task_result_too_large',
      detail = 'git_diff and git_patch hold up to 50 MB each, chat_messages, changed_files and '
        'execution_metadata 16 MB, error 1 MB.',
      hint = 'Keep what is larger in a file and put its address into execution_metadata.';
  end if;
  if v_wrong is not null then
    raise exception using
      errcode = 'PT422', message = 'agents_task_value_invalid',
      detail = format('A task can''t have this in %s.', split_part(v_wrong, ':', 1)),
      hint = format('What fits is %s.', v_wrong);
  end if;
end;
$$;
comment on function private.reject_task_result is
  'Says what is wrong with what came out of a task, if anything is. Errors: agents_task_result_too_large '
  '(413), agents_task_value_invalid (422).';

create trigger _005_reject_url_secret before insert or update of repo_url on public.tasks
  for each row when (new.repo_url ~* '^\s*https?://[^/]*@|^[^/]*//[^/@]*:[^/]*@')
  execute function private.reject_url_secret();
create trigger _010_complete_task_upsert before insert on public.tasks
  for each row execute function private.complete_task_upsert();
create trigger _050_reject_key_change before update of id, user_id on public.tasks
  for each row when (old.id is distinct from new.id or old.user_id is distinct from new.user_id)
  execute function private.reject_key_change();
create trigger _100_check_task_project before insert on public.tasks
  for each row execute function private.check_task_project();
create trigger _110_check_task_project before update of project_id on public.tasks
  for each row when (old.project_id is distinct from new.project_id)
  execute function private.check_task_project();
create trigger _120_check_task_values before insert or update of agent, repo_url, target_branch, priority,
  run_after, created_at, max_attempts on public.tasks
  for each row execute function private.check_task_values();
create trigger _130_check_task_result before insert or update of git_diff, git_patch, changed_files, error,
  chat_messages, execution_metadata, pr_branch, container_id, commit_hash, pr_number, pr_url, error_kind
  on public.tasks
  for each row execute function private.check_task_result();
create trigger _140_reject_task_messages before insert or update of chat_messages on public.tasks
  for each row when (
    current_user in ('authenticated', 'service_role')
    and jsonb_path_exists(new.chat_messages, 'strict $[*] ? (@.type() != "object")')
  )
  execute function private.reject_task_messages();

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
  updated_at, started_at, completed_at, priority, run_after, max_attempts, attempts_count, error_kind
) on public.tasks to authenticated;
grant update (
  id, user_id, project_id, status, agent, repo_url, target_branch, pr_branch, container_id, commit_hash,
  pr_number, pr_url, git_diff, git_patch, changed_files, error, chat_messages, execution_metadata, created_at,
  updated_at, started_at, completed_at, priority, run_after, max_attempts, attempts_count, error_kind
) on public.tasks to authenticated;
grant select, insert, update, delete on public.tasks to service_role;
