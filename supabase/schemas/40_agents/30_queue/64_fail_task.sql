-- A worker could not do its task, or gives it back.

create or replace function private.retry_delay(p_attempts_count smallint) returns interval
language plpgsql volatile security invoker set search_path = '' as $$
begin
  -- up to a quarter longer, so that what failed together does not come back together
  return (
    select make_interval(
      secs => least(3600, s.retry_seconds * 2 ^ least(p_attempts_count - 1, 20)) * (1 + random() / 4)
    )
    from public.agent_settings as s where s.id
  );
end;
$$;
comment on function private.retry_delay is
  'How long a task waits after so many failed attempts: retry_seconds, twice as long each time, up '
  'to an hour.';

create or replace function private.fail_task(
  task_id bigint, fencing_token bigint, error text, retryable boolean, error_kind text, message text,
  execution_metadata jsonb, worker_token text
) returns jsonb
language plpgsql volatile security definer set search_path = '' set enable_seqscan = 'off' as $$
declare
  v_scope constant record := private.authorize_worker(worker_token);
  v_attempt public.task_attempts;
  v_task public.tasks;
begin
  if private.non_blank(error) is null or retryable is null then
    perform private.raise_worker_input_invalid('error says what went wrong, and retryable is true or false.');
  end if;
  v_attempt := private.end_attempt(
    task_id, fencing_token, v_scope.token_id, 'failed', error, error_kind, retryable
  );
  if v_attempt.ended_at is null then
    v_attempt := private.ended_attempt(task_id, fencing_token, v_scope.token_id, 'failed');
  else
    if message is not null then
      perform private.append_task_message(task_id, 'assistant', message, null);
    end if;
    if execution_metadata is not null then
      update public.tasks as t
      set execution_metadata = t.execution_metadata || fail_task.execution_metadata
      where t.id = fail_task.task_id;
    end if;
    perform private.return_failed_tasks(array[v_attempt]);
  end if;
  select t.* into v_task from public.tasks as t where t.id = fail_task.task_id;
  return jsonb_build_object(
    'task_id', v_task.id, 'status', v_task.status, 'run_after', v_task.run_after,
    'attempts_left', greatest(v_task.max_attempts - v_task.attempts_count, 0)
  );
end;
$$;
grant execute on function private.fail_task
  to anon, authenticated, service_role;

create or replace function public.fail_task(
  task_id bigint, fencing_token bigint, error text, retryable boolean default true,
  error_kind text default null, message text default null, execution_metadata jsonb default null,
  worker_token text default null
) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.fail_task(
    task_id => fail_task.task_id, fencing_token => fail_task.fencing_token, error => fail_task.error,
    retryable => fail_task.retryable, error_kind => fail_task.error_kind, message => fail_task.message,
    execution_metadata => fail_task.execution_metadata, worker_token => fail_task.worker_token
  );
end;
comment on function public.fail_task is
  'Ends the worker''s attempt with an error. A retryable one goes back to pending, to be claimed after '
  'run_after, until max_attempts are used up; otherwise the task has failed. Returns {task_id, status, '
  'run_after, attempts_left}. Errors: agents_worker_token_required, agents_worker_token_invalid (401), '
  'agents_task_lease_expired (409), agents_task_result_too_large (413), agents_task_value_invalid, '
  'agents_task_message_invalid, agents_worker_input_invalid (422).';
grant execute on function public.fail_task
  to anon, authenticated, service_role;

create or replace function private.release_task(task_id bigint, fencing_token bigint, worker_token text)
returns jsonb
language plpgsql volatile security definer set search_path = '' set enable_seqscan = 'off' as $$
declare
  v_scope constant record := private.authorize_worker(worker_token);
  v_attempt public.task_attempts := private.end_attempt(
    task_id, fencing_token, v_scope.token_id, 'released', null, null, null
  );
  v_mode text;
begin
  if v_attempt.ended_at is null then
    v_attempt := private.ended_attempt(task_id, fencing_token, v_scope.token_id, 'released');
  else
    v_mode := set_config('app.task_queue', 'on', true);
    update public.tasks as t
    set status = 'pending', started_at = null, attempts_count = greatest(t.attempts_count - 1, 0),
      updated_at = clock_timestamp()
    where t.id = release_task.task_id;
    v_mode := set_config('app.task_queue', 'off', true);
  end if;
  return jsonb_build_object('task_id', release_task.task_id, 'status', 'pending'::text);
end;
$$;
grant execute on function private.release_task to anon, authenticated, service_role;

create or replace function public.release_task(
  task_id bigint, fencing_token bigint, worker_token text default null
) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.release_task(
    task_id => release_task.task_id, fencing_token => release_task.fencing_token,
    worker_token => release_task.worker_token
  );
end;
comment on function public.release_task is
  'Gives a task back that the worker did not get to: it is pending again at once, in its old place, and the '
  'attempt does not count. Returns {task_id, status}. Errors: agents_worker_token_required, '
  'agents_worker_token_invalid (401), agents_task_lease_expired (409).';
grant execute on function public.release_task to anon, authenticated, service_role;
