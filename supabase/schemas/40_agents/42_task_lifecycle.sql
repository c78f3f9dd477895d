-- The ways that a task's status may go, who may take them, and the times that go with it.

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
comment on function private.begin_task() is
  'Before-insert trigger: a task may begin in any status, and has the times that go with it.';

-- The functions of the queue write with another role than the API's.
create or replace function private.guard_task_columns() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
begin
  if current_user = 'authenticated' then
    new.attempts_count := old.attempts_count;
    new.error_kind := old.error_kind;
  end if;
  if new.status = old.status then
    new.started_at := old.started_at;
    new.completed_at := old.completed_at;
  end if;
  return new;
end;
$$;
comment on function private.guard_task_columns() is
  'Before-update trigger: what a client writes into the database''s own columns is dropped.';

create or replace function private.keep_task_status() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_next constant public.task_status[] := case old.status
    when 'pending' then array['running', 'cancelled', 'failed']
    when 'running' then array['completed', 'failed', 'cancelled', 'pending']
    else array['pending']
  end::public.task_status[];
  v_now constant timestamptz := clock_timestamp();
begin
  if new.status <> all (v_next) then
    raise exception using
      errcode = 'PT409', message = 'task_status_way_illegal',
      detail = format('A task that is %s can''t become %s.', old.status, new.status),
      hint = format('From here it may become: %s.', array_to_string(v_next, ', '));
  end if;
  if new.status = 'running' then
    new.started_at := v_now;
  elsif new.status <> 'pending' then
    new.completed_at := greatest(v_now, old.started_at);
    new.started_at := old.started_at;
  else
    new.started_at := null;
    new.completed_at := null;
  end if;
  if new.status = 'completed' or new.status = 'pending' and old.status <> 'running' then
    new.error := nullif(new.error, old.error);
    new.error_kind := null;
  end if;
  if new.status = 'pending' and old.status <> 'running' then
    new.attempts_count := 0;
    new.run_after := case when new.run_after = old.run_after then v_now else new.run_after end;
  end if;
  return new;
end;
$$;
comment on function private.keep_task_status() is
  'Before-update trigger of a changed status: only along the legal ways, with the times that go with it. '
  'Errors: task_status_way_illegal (409).';

-- Whoever it is: a task that a worker holds changes through the functions of the queue, which end the attempt
-- before they write the task.
create or replace function private.refuse_held_task() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
begin
  if exists (select from public.task_attempts as a where a.task_id = old.id and a.ended_at is null) then
    raise exception using
      errcode = 'PT409', message = 'task_held_by_worker',
      detail = 'A worker holds this task, so its status and its project stay what they are.',
      hint = 'Call cancel_task to take it from the worker.';
  end if;
  return new;
end;
$$;
comment on function private.refuse_held_task() is
  'Before-update trigger of a changed status or project. Errors: task_held_by_worker (409).';

-- The large columns are looked at only where they are written: comparing them as they are stored would read
-- and unpack them for each update of the row.
create or replace function private.mark_task_change() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
begin
  if (old.git_diff, old.git_patch, old.changed_files, old.chat_messages, old.execution_metadata)
    is distinct from
    (new.git_diff, new.git_patch, new.changed_files, new.chat_messages, new.execution_metadata)
  then
    new.updated_at := null;
  end if;
  return new;
end;
$$;
comment on function private.mark_task_change() is
  'Before-update trigger of the large columns: tells the next one that something changed.';

create or replace function private.keep_task_timestamps() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
begin
  new.created_at := old.created_at;
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
comment on function private.keep_task_timestamps() is
  'Before-update trigger, the last: as private.keep_timestamps does, without unpacking what is large.';

create trigger _200_begin_task before insert on public.tasks
  for each row execute function private.begin_task();
create trigger _210_guard_task_columns before update of started_at, completed_at, attempts_count, error_kind
  on public.tasks
  for each row execute function private.guard_task_columns();
create trigger _220_refuse_held_task before update of status, project_id on public.tasks
  for each row when (old.status is distinct from new.status or old.project_id is distinct from new.project_id)
  execute function private.refuse_held_task();
create trigger _230_keep_task_status before update of status on public.tasks
  for each row when (old.status is distinct from new.status)
  execute function private.keep_task_status();
create trigger _890_mark_task_change before update of git_diff, git_patch, changed_files, chat_messages,
  execution_metadata on public.tasks
  for each row execute function private.mark_task_change();
create trigger _900_keep_timestamps before insert on public.tasks
  for each row execute function private.keep_timestamps();
create trigger _910_keep_task_timestamps before update on public.tasks
  for each row execute function private.keep_task_timestamps();
