-- A worker says that it is still there, and hears whether the task is still wanted.

create or replace function private.heartbeat_task(
  task_id bigint, fencing_token bigint, lease_seconds integer, message text, worker_token text
) returns jsonb
language plpgsql volatile security definer set search_path = '' set enable_seqscan = 'off' as $$
declare
  v_scope constant record := private.authorize_worker(worker_token);
  v_lease constant interval := private.lease_interval(lease_seconds);
  v_lease_expires_at timestamptz;
  v_state text := 'running';
begin
  -- Without a message the attempt alone is locked, and its row stays where it is on its page.
  if message is not null then
    perform from public.tasks as t where t.id = heartbeat_task.task_id for no key update;
  end if;
  update public.task_attempts as a
  set heartbeat_at = clock_timestamp(), lease_expires_at = clock_timestamp() + v_lease
  where a.task_id = heartbeat_task.task_id and a.fencing_token = heartbeat_task.fencing_token
    and a.ended_at is null and a.lease_expires_at > clock_timestamp()
    and (v_scope.token_id is null or a.worker_token_id = v_scope.token_id)
  returning a.lease_expires_at into v_lease_expires_at;
  if not found then
    perform private.ended_attempt(task_id, fencing_token, v_scope.token_id, 'cancelled');
    v_state := 'cancelled';
  elsif message is not null then
    perform private.append_task_message(task_id, 'assistant', message, null);
  end if;
  return jsonb_build_object(
    'state', v_state, 'lease_expires_at', v_lease_expires_at, 'cancel_requested', v_state = 'cancelled'
  );
end;
$$;
grant execute on function private.heartbeat_task
  to anon, authenticated, service_role;

create or replace function public.heartbeat_task(
  task_id bigint, fencing_token bigint, lease_seconds integer default 300, message text default null,
  worker_token text default null
) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.heartbeat_task(
    task_id => heartbeat_task.task_id, fencing_token => heartbeat_task.fencing_token,
    lease_seconds => heartbeat_task.lease_seconds, message => heartbeat_task.message,
    worker_token => heartbeat_task.worker_token
  );
end;
comment on function public.heartbeat_task is
  'Lets the lease run from now for so many seconds, and appends the message, if any, to the conversation. '
  'Returns {state, lease_expires_at, cancel_requested}: running, or cancelled when the user took the task '
  'away, and then the worker stops. Errors: agents_worker_token_required, agents_worker_token_invalid '
  '(401), agents_task_lease_expired (409), agents_task_message_invalid, agents_worker_input_invalid (422).';
grant execute on function public.heartbeat_task
  to anon, authenticated, service_role;
