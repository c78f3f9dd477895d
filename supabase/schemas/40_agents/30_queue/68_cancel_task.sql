-- The user takes a task back, whatever its worker does.

create or replace function private.cancel_task(task_id bigint) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_status public.task_status;
  v_mode text;
begin
  select t.status into v_status from public.tasks as t
  where t.id = cancel_task.task_id and (t.user_id = auth.uid() or private.is_trusted_caller())
  for no key update;
  if not found then
    raise exception using
      errcode = 'PT404', message = 'agents_task_unknown', detail = 'There is no such task of yours.',
      hint = 'Use the id of one of your tasks.';
  end if;
  if v_status in ('completed', 'failed') then
    raise exception using
      errcode = 'PT409', message = 'agents_task_status_conflict',
      detail = format('Task %s is %s.', task_id, v_status), hint = 'There is nothing left to cancel.';
  end if;
  if v_status <> 'cancelled' then
    update public.task_attempts as a set ended_at = clock_timestamp(), outcome = 'cancelled'
    where a.task_id = cancel_task.task_id and a.ended_at is null;
    v_mode := set_config('app.task_queue', 'on', true);
    update public.tasks as t
    set status = 'cancelled', completed_at = greatest(clock_timestamp(), t.started_at),
      updated_at = clock_timestamp()
    where t.id = cancel_task.task_id;
    v_mode := set_config('app.task_queue', 'off', true);
  end if;
  return jsonb_build_object('task_id', cancel_task.task_id, 'status', 'cancelled'::text);
end;
$$;
grant execute on function private.cancel_task to authenticated, service_role;

create or replace function public.cancel_task(task_id bigint) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.cancel_task(task_id => cancel_task.task_id);
end;
comment on function public.cancel_task is
  'Cancels the caller''s task, pending or running, at once; a worker that holds it can write nothing more '
  'and hears of it at its next heartbeat. Returns {task_id, status}; again, the same. Servers cancel any '
  'task. Errors: agents_task_unknown (404), agents_task_status_conflict (409).';
grant execute on function public.cancel_task to authenticated, service_role;
