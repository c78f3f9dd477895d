-- What the database fills in when a task is inserted, upserted or moved to another project.

-- See private.complete_project_upsert.
create or replace function private.complete_task_upsert() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_old public.tasks;
begin
  if coalesce(new.id, 0) <> 0 then
    select * into v_old from public.tasks as t where t.id = new.id and t.user_id = new.user_id
    for no key update;
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
  'Before-insert trigger, the first: sets the id of a new task; in an upsert, fills nulls with '
  'the stored values.';

-- With the rights of the caller: a project that they can't see does not exist for them.
create or replace function private.check_task_project() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_repo_url text;
  v_target_branch text;
begin
  if new.project_id is null then
    return new;
  end if;
  select p.repo_url,
    case when jsonb_typeof(p.settings -> 'target_branch') = 'string' then p.settings ->> 'target_branch' end
  into v_repo_url, v_target_branch from public.projects as p
  where p.id = new.project_id and p.user_id = new.user_id;
  if not found then
    raise exception using
      errcode = 'PT404', message = 'agents_project_unknown',
      detail = 'The project does not exist or belongs to another user.',
      hint = 'Use the id of one of the user''s projects, or null.';
  end if;
  new.repo_url := coalesce(new.repo_url, v_repo_url);
  new.target_branch := coalesce(new.target_branch, nullif(btrim(v_target_branch), ''));
  return new;
end;
$$;
comment on function private.check_task_project is
  'Before trigger: a task''s project has to be its user''s own; repo_url and target_branch default to what '
  'it has. Errors: agents_project_unknown (404).';

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
