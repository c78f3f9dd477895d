-- How an attempt ends: completed, failed, released, cancelled or expired.
--
-- Locks, here and wherever an attempt ends: the task, then its attempt.

create or replace function private.raise_lost_lease() returns void
language plpgsql volatile security invoker set search_path = '' as $$
begin
  raise exception using
    errcode = 'PT409', message = 'agents_task_lease_expired',
    detail = 'This fencing token no longer holds the task: its lease ran out, or the attempt was ended.',
    hint = 'Stop the agent and claim another task.';
end;
$$;
comment on function private.raise_lost_lease is 'Errors: agents_task_lease_expired (409), always.';

-- A call that is repeated, because its answer was lost, gets the same answer and writes nothing.
create or replace function private.load_ended_attempt(
  p_task_id bigint, p_fencing_token bigint, p_worker_token_id uuid, p_outcome text
) returns public.task_attempts
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_attempt public.task_attempts;
begin
  select a.* into v_attempt from public.task_attempts as a
  where a.task_id = p_task_id and a.fencing_token = p_fencing_token and a.outcome = p_outcome
    and (p_worker_token_id is null or a.worker_token_id = p_worker_token_id);
  if not found then
    perform private.raise_lost_lease();
  end if;
  return v_attempt;
end;
$$;
comment on function private.load_ended_attempt is
  'The attempt, if it has ended with this outcome and is the caller''s. Errors: '
  'agents_task_lease_expired (409).';

create or replace function private.end_attempt(
  p_task_id bigint, p_fencing_token bigint, p_worker_token_id uuid, p_outcome text, p_error text,
  p_error_kind text, p_is_retryable boolean
) returns public.task_attempts
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_attempt public.task_attempts;
begin
  perform from public.tasks as t where t.id = p_task_id for no key update;
  update public.task_attempts as a
  set ended_at = clock_timestamp(), outcome = p_outcome, error = p_error, error_kind = p_error_kind,
    is_retryable = p_is_retryable
  where a.task_id = p_task_id and a.fencing_token = p_fencing_token and a.ended_at is null
    and a.lease_expires_at > clock_timestamp()
    and (p_worker_token_id is null or a.worker_token_id = p_worker_token_id)
    -- a server may give back the task of a banned user, and may not complete it
    and (p_outcome <> 'completed' or private.is_active_account(a.user_id))
  returning a.* into v_attempt;
  return v_attempt;
end;
$$;
comment on function private.end_attempt is
  'Locks the task and ends the attempt of a worker whose lease holds; null for any other, and for one that '
  'would complete a task whose user is banned or deleted.';
