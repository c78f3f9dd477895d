-- The task starts, and its worker gets the lease.

-- The tasks' triggers on updates cost each task twice what they check: the functions of the queue run without
-- them, check the status themselves, under the task's lock, and write its times. No client of the API can set
-- a setting.
create or replace function private.set_queue_writes(p_is_on boolean) returns void
language plpgsql volatile security invoker set search_path = '' as $$
begin
  perform set_config('app.task_queue', case when p_is_on then 'on' else 'off' end, true);
end;
$$;
comment on function private.set_queue_writes is
  'Switches the triggers that check the status of a task and set its times off (true) and on again (false), '
  'for updates in this transaction.';

create or replace function private.open_attempt(
  p_ctid tid, p_worker text, p_lease interval, p_worker_token_id uuid, p_claim_key uuid
) returns public.task_attempts
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_now constant timestamptz := clock_timestamp();
  v_attempt public.task_attempts;
begin
  perform private.set_queue_writes(true);
  with started as (
    update public.tasks as t
    set status = 'running', attempts_count = t.attempts_count + 1, started_at = v_now, updated_at = v_now
    where t.ctid = p_ctid
    returning t.id, t.user_id, t.project_id, t.attempts_count, t.agent
  )
  insert into public.task_attempts as a (
    task_id, user_id, project_id, attempt, worker, agent, worker_token_id, claim_key, claimed_at,
    heartbeat_at, lease_expires_at
  )
  select s.id, s.user_id, s.project_id, s.attempts_count, p_worker, s.agent, p_worker_token_id, p_claim_key,
    v_now, v_now, v_now + p_lease
  from started as s
  returning a.* into v_attempt;
  perform private.set_queue_writes(false);
  if exists (select from public.task_pull_requests as l where l.task_id = v_attempt.task_id) then
    perform private.mark_held_task_weeks(v_attempt.task_id);
  end if;
  return v_attempt;
end;
$$;
comment on function private.open_attempt is
  'Starts the locked, pending task at this ctid, and opens its attempt.';
