-- What tasks do to the links of their pull requests.

create or replace function private.sync_task_closing() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_task_id constant bigint := coalesce(new.task_id, old.task_id);
begin
  -- What a task closed stays closed when the task is deleted.
  if not exists (select from public.tasks as t where t.id = v_task_id) then
    update public.exai_issue_pull_requests as l set task_id = null where l.task_id = v_task_id;
    return null;
  end if;
  perform private.sync_closing_pull_requests(array(
    select l.pull_request_id from public.task_pull_requests as l where l.task_id = v_task_id
    union
    select l.pull_request_id from public.exai_issue_pull_requests as l where l.task_id = v_task_id
  ));
  return null;
end;
$$;
comment on function private.sync_task_closing is
  'After-row trigger of exai_issue_tasks: the links of the task''s pull requests.';

create or replace function private.sync_task_pull_request_closing() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_task_id constant bigint := coalesce(new.task_id, old.task_id);
begin
  if exists (select from public.exai_issue_tasks as t where t.task_id = v_task_id) then
    if not exists (select from public.tasks as t where t.id = v_task_id) then
      update public.exai_issue_pull_requests as l set task_id = null where l.task_id = v_task_id;
    else
      perform private.sync_closing_pull_request(coalesce(new.pull_request_id, old.pull_request_id));
    end if;
  end if;
  return null;
end;
$$;
comment on function private.sync_task_pull_request_closing is
  'After-row trigger of task_pull_requests: the link of the pull request with the engineering issue that the '
  'task was dispatched for.';

create trigger _360_sync_task_closing after insert or delete on public.exai_issue_tasks
  for each row execute function private.sync_task_closing();
create trigger _360_sync_task_closing after insert or delete on public.task_pull_requests
  for each row execute function private.sync_task_pull_request_closing();
create trigger _370_sync_task_closing after update on public.task_pull_requests
  for each row when (old.verified_by is distinct from new.verified_by)
  execute function private.sync_task_pull_request_closing();
