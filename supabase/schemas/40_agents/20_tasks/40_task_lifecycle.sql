-- Which changes of a task's status are allowed, for whom, and the times that belong to it.

create or replace function private.begin_task() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
begin
  if current_user = 'authenticated' then
    new.attempts_count := 0;
    new.error_kind := null;
  end if;
  if new.status = 'pending' then
    new.started_at := null;
    new.completed_at := null;
  elsif new.status = 'running' then
    new.started_at := coalesce(new.started_at, now());
    new.completed_at := null;
  else
    new.completed_at := greatest(coalesce(new.completed_at, now()), new.started_at);
  end if;
  return new;
end;
$$;
comment on function private.begin_task is
  'Before-insert trigger: a task may begin with any status; sets the times that belong to it.';

-- Not for the functions of the queue: see private.set_queue_writes.
create or replace function private.check_task_transition() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_next constant public.task_status[] := case old.status
    when 'pending' then '{running,cancelled,failed}'::public.task_status[]
    when 'running' then '{completed,failed,cancelled,pending}'::public.task_status[]
    else '{pending}'::public.task_status[]
  end;
  v_now constant timestamptz := clock_timestamp();
begin
  if coalesce(new.status, old.status) = old.status then
    new.status := old.status;
    return new;
  end if;
  -- For everybody: while a worker holds the task, only the functions of the queue change its status.
  if exists (select from public.task_attempts as a where a.task_id = old.id and a.ended_at is null) then
    raise exception using
      errcode = 'PT409', message = 'agents_task_conflict',
      detail = 'A worker holds this task, so its status can''t be changed.',
      hint = 'Cancel it with cancel_task first.';
  end if;
  if new.status <> all (v_next) then
    raise exception using
      errcode = 'PT409', message = 'agents_task_transition_invalid',
      detail = format('A task can''t change from %s to %s.', old.status, new.status),
      hint = format('It may become: %s.', array_to_string(v_next, ', '));
  end if;
  new.started_at := case new.status
    when 'running' then v_now when 'pending' then null else old.started_at end;
  new.completed_at := case when new.status not in ('running', 'pending')
    then greatest(v_now, old.started_at) end;
  if new.status = 'completed' or new.status = 'pending' and old.status <> 'running' then
    new.error := nullif(new.error, old.error);
    new.error_kind := null;
  end if;
  if new.status = 'pending' and old.status <> 'running' then
    new.attempts_count := 0;
    new.run_after := case when new.run_after = old.run_after then v_now else new.run_after end;
  elsif current_user = 'authenticated' then
    new.attempts_count := old.attempts_count;
  end if;
  return new;
end;
$$;
comment on function private.check_task_transition is
  'Before-update trigger of the status: checks that the change is allowed and sets the times that belong to '
  'it. Errors: agents_task_transition_invalid, agents_task_conflict (409).';

create or replace function private.check_task_project_change() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
begin
  if exists (select from public.task_attempts as a where a.task_id = old.id and a.ended_at is null) then
    raise exception using
      errcode = 'PT409', message = 'agents_task_conflict',
      detail = 'A worker holds this task, so its project and repository can''t be changed.',
      hint = 'Cancel it with cancel_task first.';
  end if;
  return new;
end;
$$;
comment on function private.check_task_project_change is
  'Before-update trigger of a changed project, since running tasks are counted by project, and of a changed '
  'repository, since the worker''s pull request is in the one that it was given. Errors: '
  'agents_task_conflict (409).';

-- Times as private.set_timestamps sets them, but without comparing the large columns, which would read and
-- decompress them for each update of the row: private.check_task_result compares them when they are written.
create or replace function private.set_task_defaults() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
begin
  new.created_at := old.created_at;
  if new.status = old.status then
    new.started_at := old.started_at;
    new.completed_at := old.completed_at;
    if current_user = 'authenticated' then
      new.attempts_count := old.attempts_count;
      new.error_kind := old.error_kind;
    end if;
  end if;
  if current_user = 'authenticated' and new.error_kind is not null then
    new.error_kind := old.error_kind;
  end if;
  if new.updated_at is null or (
    old.status, old.project_id, old.agent, old.repo_url, old.target_branch, old.pr_branch, old.container_id,
    old.commit_hash, old.pr_number, old.pr_url, old.error, old.started_at, old.completed_at, old.priority,
    old.run_after, old.max_attempts, old.attempts_count, old.error_kind
  ) is distinct from (
    new.status, new.project_id, new.agent, new.repo_url, new.target_branch, new.pr_branch, new.container_id,
    new.commit_hash, new.pr_number, new.pr_url, new.error, new.started_at, new.completed_at, new.priority,
    new.run_after, new.max_attempts, new.attempts_count, new.error_kind
  ) then
    new.updated_at := greatest(clock_timestamp(), old.updated_at + interval '1 microsecond');
  else
    new.updated_at := old.updated_at;
  end if;
  return new;
end;
$$;
comment on function private.set_task_defaults is
  'Before-update trigger, the last: ignores what a client writes into columns that the database sets, and '
  'moves updated_at forward when another column changed.';

create trigger _200_begin_task before insert on public.tasks
  for each row execute function private.begin_task();
create trigger _210_check_task_transition before update of status on public.tasks
  for each row when (current_setting('app.task_queue', true) is distinct from 'on')
  execute function private.check_task_transition();
create trigger _220_check_task_project_change before update of project_id, repo_url on public.tasks
  for each row when (
    old.project_id is distinct from new.project_id or old.repo_url is distinct from new.repo_url
  )
  execute function private.check_task_project_change();
create trigger _900_set_timestamps before insert on public.tasks
  for each row execute function private.set_timestamps();
create trigger _910_set_task_defaults before update on public.tasks
  for each row when (current_setting('app.task_queue', true) is distinct from 'on')
  execute function private.set_task_defaults();
