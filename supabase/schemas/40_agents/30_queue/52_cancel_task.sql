-- The user cancels a task, whatever its worker does.

create or replace function private.cancel_task(p_task_id bigint) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_status public.task_status;
begin
  select t.status into v_status from public.tasks as t
  where t.id = p_task_id and (t.user_id = auth.uid() or private.is_trusted_caller())
  for no key update;
  if not found then
    raise exception using
      errcode = 'PT404', message = 'agents_task_unknown',
      detail = 'The task does not exist or is not yours.', hint = 'Use the id of one of your tasks.';
  end if;
  if v_status in ('completed', 'failed') then
    raise exception using
      errcode = 'PT409', message = 'agents_task_status_conflict',
      detail = format('Task %s is %s.', p_task_id, v_status), hint = 'There is nothing left to cancel.';
  end if;
  if v_status <> 'cancelled' then
    update public.task_attempts as a set ended_at = clock_timestamp(), outcome = 'cancelled'
    where a.task_id = p_task_id and a.ended_at is null;
    perform private.set_queue_writes(true);
    update public.tasks as t
    set status = 'cancelled', completed_at = greatest(clock_timestamp(), t.started_at),
      updated_at = clock_timestamp()
    where t.id = p_task_id;
    perform private.set_queue_writes(false);
  end if;
  return jsonb_build_object('task_id', p_task_id, 'status', 'cancelled'::text);
end;
$$;
grant execute on function private.cancel_task to authenticated, service_role;

create or replace function public.cancel_task(task_id bigint) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.cancel_task(cancel_task.task_id);
end;
comment on function public.cancel_task is
  'Cancels the caller''s task, pending or running, immediately; a worker that holds it can write nothing '
  'more and learns it with its next heartbeat. Returns {task_id, status}; repeated, the same. Servers '
  'cancel any task. Errors: agents_task_unknown (404), agents_task_status_conflict (409).';
grant execute on function public.cancel_task to authenticated, service_role;
