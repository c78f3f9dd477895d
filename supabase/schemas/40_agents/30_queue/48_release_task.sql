-- A worker gives its task back.

create or replace function private.release_task(p_task_id bigint, p_fencing_token bigint, p_worker_token text)
returns jsonb
language plpgsql volatile security definer set search_path = '' set enable_seqscan = 'off' as $$
declare
  v_scope constant record := private.authorize_worker(p_worker_token);
  v_attempt public.task_attempts := private.end_attempt(
    p_task_id, p_fencing_token, v_scope.token_id, 'released', null, null, null
  );
begin
  if v_attempt.ended_at is null then
    v_attempt := private.load_ended_attempt(p_task_id, p_fencing_token, v_scope.token_id, 'released');
  else
    perform private.set_queue_writes(true);
    update public.tasks as t
    set status = 'pending', started_at = null, attempts_count = greatest(t.attempts_count - 1, 0),
      updated_at = clock_timestamp()
    where t.id = p_task_id;
    perform private.set_queue_writes(false);
  end if;
  return jsonb_build_object('task_id', p_task_id, 'status', 'pending'::text);
end;
$$;
grant execute on function private.release_task to anon, authenticated, service_role;

create or replace function public.release_task(
  task_id bigint, fencing_token bigint, worker_token text default null
) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.release_task(release_task.task_id, release_task.fencing_token, release_task.worker_token);
end;
comment on function public.release_task is
  'Gives a task back that the worker did not start: it is pending again immediately, in its old position, '
  'and the attempt does not count. Returns {task_id, status}. Errors: agents_worker_token_required, '
  'agents_worker_token_invalid (401), agents_task_lease_expired (409).';
grant execute on function public.release_task to anon, authenticated, service_role;
