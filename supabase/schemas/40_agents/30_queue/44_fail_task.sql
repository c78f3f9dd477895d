-- A worker reports that its attempt failed.

create or replace function private.fail_task(
  p_task_id bigint, p_fencing_token bigint, p_error text, p_is_retryable boolean, p_error_kind text,
  p_message text, p_execution_metadata jsonb, p_worker_token text
) returns jsonb
language plpgsql volatile security definer set search_path = '' set enable_seqscan = 'off' as $$
declare
  v_scope constant record := private.authorize_worker(p_worker_token);
  v_attempt public.task_attempts;
  v_task public.tasks;
begin
  if private.non_blank(p_error) is null or p_is_retryable is null then
    perform private.raise_worker_input_invalid(
      'error is a text that is not blank, and retryable is true or false.'
    );
  end if;
  v_attempt := private.end_attempt(
    p_task_id, p_fencing_token, v_scope.token_id, 'failed', left(p_error, 10000), p_error_kind, p_is_retryable
  );
  if v_attempt.ended_at is null then
    v_attempt := private.load_ended_attempt(p_task_id, p_fencing_token, v_scope.token_id, 'failed');
  else
    if p_message is not null then
      perform private.append_task_message(p_task_id, 'assistant', p_message, null);
    end if;
    if p_execution_metadata is not null then
      update public.tasks as t set execution_metadata = t.execution_metadata || p_execution_metadata
      where t.id = p_task_id;
    end if;
    -- before the error is stored: a task can always be failed
    perform private.check_stored_bytes(v_attempt.user_id);
    v_attempt.error := p_error;
    perform private.retry_or_fail_tasks(array[v_attempt]);
  end if;
  select t.* into v_task from public.tasks as t where t.id = p_task_id;
  return jsonb_build_object(
    'task_id', v_task.id, 'status', v_task.status, 'run_after', v_task.run_after,
    'attempts_left', greatest(v_task.max_attempts - v_task.attempts_count, 0)
  );
end;
$$;
grant execute on function private.fail_task to anon, authenticated, service_role;

create or replace function public.fail_task(
  task_id bigint, fencing_token bigint, error text, retryable boolean default true,
  error_kind text default null, message text default null, execution_metadata jsonb default null,
  worker_token text default null
) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.fail_task(
    fail_task.task_id, fail_task.fencing_token, fail_task.error, fail_task.retryable, fail_task.error_kind,
    fail_task.message, fail_task.execution_metadata, fail_task.worker_token
  );
end;
comment on function public.fail_task is
  'Ends the worker''s attempt with an error. After a retryable one the task is pending again, to be claimed '
  'from run_after on, until max_attempts are used up; otherwise the task has failed. Returns {task_id, '
  'status, run_after, attempts_left}. Errors: agents_worker_token_required, '
  'agents_worker_token_invalid (401), agents_task_lease_expired, agents_stored_bytes_limit_reached (409), '
  'agents_task_result_too_large (413), agents_task_value_invalid, agents_task_message_invalid, '
  'agents_worker_input_invalid (422).';
grant execute on function public.fail_task to anon, authenticated, service_role;
