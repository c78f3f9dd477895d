-- Tasks whose attempt failed or expired: another attempt later, or the end.

create or replace function private.retry_or_fail_tasks(p_attempts public.task_attempts[]) returns integer
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_now constant timestamptz := clock_timestamp();
  v_retry_base constant interval := (
    select make_interval(secs => s.retry_seconds) from public.agent_settings as s where s.id
  );
  v_count integer;
begin
  perform private.set_queue_writes(true);
  with next as (
    select t.id, a.error, a.error_kind,
      coalesce(a.is_retryable, true) and t.attempts_count < t.max_attempts as is_retried
    from unnest(p_attempts) as a join public.tasks as t on t.id = a.task_id
  )
  update public.tasks as t
  set status = case when n.is_retried then 'pending' else 'failed' end::public.task_status,
    started_at = case when not n.is_retried then t.started_at end,
    completed_at = case when not n.is_retried then greatest(v_now, t.started_at) end,
    run_after = case when n.is_retried
      then v_now + private.backoff(t.attempts_count, v_retry_base, interval '1 hour') else t.run_after end,
    error = n.error, error_kind = n.error_kind, updated_at = v_now
  from next as n
  where t.id = n.id;
  get diagnostics v_count = row_count;
  perform private.set_queue_writes(false);
  return v_count;
end;
$$;
comment on function private.retry_or_fail_tasks is
  'Sets tasks whose attempts have ended without success to pending again, or to failed where the error is '
  'not retryable or the attempts are used up. Returns how many. Errors: agents_task_value_invalid (422).';
