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
comment on function private.begin_task is
  'Before-insert trigger: a task may begin in any status, and has the times that go with it.';

-- The functions of the queue go by other rules, since each task pays twice for what a trigger costs: they run
-- with `app.task_queue` on, look at the status themselves, under the task's lock, and write its times. No
-- client of the API can set it.

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
  -- Whoever it is: what a worker holds changes through the functions of the queue.
  if exists (select from public.task_attempts as a where a.task_id = old.id and a.ended_at is null) then
    raise exception using
      errcode = 'PT409', message = 'agents_task_conflict',
      detail = 'A worker holds this task, so its status stays what it is.',
      hint = 'Call cancel_task to take it from the worker.';
  end if;
  if new.status <> all (v_next) then
    raise exception using
      errcode = 'PT409', message = 'agents_task_transition_invalid',
      detail = format('A task that is %s can''t become %s.', old.status, new.status),
      hint = format('From here it may become: %s.', array_to_string(v_next, ', '));
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
  'Before-update trigger of the status: only along the legal ways, by whoever may, with the times that go '
  'with it. Errors: agents_task_transition_invalid, agents_task_conflict (409).';

create or replace function private.check_task_project_change() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
begin
  if exists (select from public.task_attempts as a where a.task_id = old.id and a.ended_at is null) then
    raise exception using
      errcode = 'PT409', message = 'agents_task_conflict',
      detail = 'A worker holds this task, so its project and repository stay what they are.',
      hint = 'Call cancel_task to take it from the worker.';
  end if;
  return new;
end;
$$;
comment on function private.check_task_project_change is
  'Before-update trigger of a changed project, since what runs is counted by project, and of a changed '
  'repository, since what the worker says of its pull request is of the one that it was given. '
  'Errors: agents_task_conflict (409).';

-- Times as private.set_timestamps keeps them, but without comparing the large columns, which would read and
-- unpack them for each update of the row: where they are written, private.check_task_result has.
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
  'Before-update trigger, the last: what a client writes into the database''s own columns is dropped, and '
  'updated_at moves forward whenever something else changed.';

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
