-- Tasks whose worker was not heard from before its lease ran out go back to the queue.

-- A heartbeat that comes first moves the lease forward, and the attempt has not expired any more when its row
-- is locked; one that comes later finds that it has ended. Tasks that another transaction has locked wait for
-- the next run.
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
        error = format('The worker %s sent no heartbeat before its lease ran out.', a.worker)
      from expired as e
      where a.task_id = e.id and a.fencing_token = e.fencing_token and a.ended_at is null
        and a.lease_expires_at <= clock_timestamp()
      returning a.*
    )
    select array_agg(row(e.*)::public.task_attempts) into v_attempts from ended as e;
    exit when v_attempts is null;
    v_count := v_count + private.retry_or_fail_tasks(v_attempts);
    exit when cardinality(v_attempts) < 500;
  end loop;
  return v_count;
end;
$$;
comment on function private.reclaim_expired_tasks is
  'Ends attempts whose lease ran out, up to 10,000 in one run, and sets their tasks to pending again or, '
  'after max_attempts, to failed with error_kind lease_expired. Returns how many. For the scheduler.';
