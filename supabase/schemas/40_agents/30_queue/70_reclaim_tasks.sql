-- What becomes of tasks whose attempt came to nothing: another attempt, or the end.

create or replace function private.return_failed_tasks(p_attempts public.task_attempts[]) returns integer
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_now constant timestamptz := clock_timestamp();
  v_count integer;
  v_mode text := set_config('app.task_queue', 'on', true);
begin
  with next as (
    select t.id, a.error, a.error_kind,
      coalesce(a.is_retryable, true) and t.attempts_count < t.max_attempts as is_retried
    from unnest(p_attempts) as a join public.tasks as t on t.id = a.task_id
  )
  update public.tasks as t
  set status = case when n.is_retried then 'pending' else 'failed' end::public.task_status,
    started_at = case when not n.is_retried then t.started_at end,
    completed_at = case when not n.is_retried then greatest(v_now, t.started_at) end,
    run_after = case when n.is_retried then v_now + private.retry_delay(t.attempts_count)
      else t.run_after end,
    error = n.error, error_kind = n.error_kind, updated_at = v_now
  from next as n
  where t.id = n.id;
  get diagnostics v_count = row_count;
  v_mode := set_config('app.task_queue', 'off', true);
  return v_count;
end;
$$;
comment on function private.return_failed_tasks is
  'Puts tasks whose attempts have ended without success back to pending, or to failed where the error does '
  'not pass or the attempts are used up. Errors: agents_task_value_invalid (422).';

-- A heartbeat that comes first moves the lease on, and the attempt is none of these any more when its row is
-- had; one that comes later finds that it has ended. Tasks that somebody is writing wait for the next time.
create or replace function private.reclaim_expired_tasks() returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_attempts public.task_attempts[];
  v_count integer := 0;
begin
  for v_batch in 1..20 loop
    with expired as (
      select t.id, a.fencing_token
      from public.task_attempts as a join public.tasks as t on t.id = a.task_id
      where a.ended_at is null and a.lease_expires_at <= clock_timestamp()
      order by t.id
      limit 500
      for no key update of t skip locked
    ),
    ended as (
      update public.task_attempts as a
      set ended_at = clock_timestamp(), outcome = 'expired', error_kind = 'lease_expired',
        error = format('The worker %s was not heard of again before its lease ran out.', a.worker)
      from expired as e
      where a.task_id = e.id and a.fencing_token = e.fencing_token and a.ended_at is null
        and a.lease_expires_at <= clock_timestamp()
      returning a.*
    )
    select array_agg(row(e.*)::public.task_attempts) into v_attempts from ended as e;
    exit when v_attempts is null;
    v_count := v_count + private.return_failed_tasks(v_attempts);
    exit when cardinality(v_attempts) < 500;
  end loop;
  return v_count;
end;
$$;
comment on function private.reclaim_expired_tasks is
  'Ends attempts whose lease ran out, up to 10,000 at a time, and puts their tasks back or, after '
  'max_attempts, to failed with error_kind lease_expired. Returns how many. Run by the clock.';
