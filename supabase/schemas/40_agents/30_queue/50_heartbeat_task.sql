-- A worker renews its lease, and learns whether the task was cancelled.

create or replace function private.heartbeat_task(
  p_task_id bigint, p_fencing_token bigint, p_lease_seconds integer, p_message text, p_target_branch text,
  p_execution_metadata jsonb, p_worker_token text
) returns jsonb
language plpgsql volatile security definer set search_path = '' set enable_seqscan = 'off' as $$
declare
  v_scope constant record := private.authorize_worker(p_worker_token);
  v_lease constant interval := private.check_lease_seconds(p_lease_seconds);
  v_now timestamptz;
  v_lease_expires_at timestamptz;
  v_state text := 'running';
begin
  -- With none of the three the attempt alone is locked, and its new row version stays on the page (HOT).
  if num_nonnulls(p_message, p_target_branch, p_execution_metadata) > 0 then
    perform from public.tasks as t where t.id = p_task_id for no key update;
  end if;
  v_now := clock_timestamp();
  update public.task_attempts as a set heartbeat_at = v_now, lease_expires_at = v_now + v_lease
  where a.task_id = p_task_id and a.fencing_token = p_fencing_token
    and a.ended_at is null and a.lease_expires_at > clock_timestamp()
    and (v_scope.token_id is null or a.worker_token_id = v_scope.token_id)
    and private.is_active_account(a.user_id)
  returning a.lease_expires_at into v_lease_expires_at;
  if not found then
    perform private.load_ended_attempt(p_task_id, p_fencing_token, v_scope.token_id, 'cancelled');
    v_state := 'cancelled';
  else
    if p_target_branch is not null then
      update public.tasks as t set target_branch = p_target_branch
      where t.id = p_task_id and t.target_branch is null;
    end if;
    if p_execution_metadata is not null then
      update public.tasks as t set execution_metadata = t.execution_metadata || p_execution_metadata
      where t.id = p_task_id;
    end if;
    if p_message is not null then
      perform private.append_task_message(p_task_id, 'assistant', p_message, null);
    end if;
    if num_nonnulls(p_message, p_execution_metadata) > 0 then
      perform private.check_stored_bytes((
        select t.user_id from public.tasks as t where t.id = p_task_id
      ));
    end if;
  end if;
  return jsonb_build_object(
    'state', v_state, 'lease_expires_at', v_lease_expires_at, 'cancel_requested', v_state = 'cancelled'
  );
end;
$$;
grant execute on function private.heartbeat_task to anon, authenticated, service_role;

create or replace function public.heartbeat_task(
  task_id bigint, fencing_token bigint, lease_seconds integer default 300, message text default null,
  target_branch text default null, execution_metadata jsonb default null, worker_token text default null
) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.heartbeat_task(
    heartbeat_task.task_id, heartbeat_task.fencing_token, heartbeat_task.lease_seconds,
    heartbeat_task.message, heartbeat_task.target_branch, heartbeat_task.execution_metadata,
    heartbeat_task.worker_token
  );
end;
comment on function public.heartbeat_task is
  'Renews the lease to lease_seconds from now, and appends the message, if any, to the conversation. '
  'target_branch, the repository''s default branch, is stored where the task names none; execution_metadata '
  'is merged into the existing value. Returns {state, lease_expires_at, cancel_requested}: running, or '
  'cancelled when the user cancelled the task, and then the worker stops. The lease of a task whose user is '
  'banned or deleted is not renewed. Errors: agents_worker_token_required, '
  'agents_worker_token_invalid (401), agents_task_lease_expired, agents_stored_bytes_limit_reached (409), '
  'agents_task_result_too_large (413), agents_task_message_invalid, agents_task_value_invalid, '
  'agents_worker_input_invalid (422).';
grant execute on function public.heartbeat_task to anon, authenticated, service_role;
