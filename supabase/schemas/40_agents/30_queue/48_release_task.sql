-- A worker gives its task back: it was not started, or something outside of it has to pass first.

-- Twice in a row immediately, then later each time: claims and releases in turns would otherwise have no end.
create or replace function private.delay_after_releases(p_task_id bigint) returns interval
language plpgsql volatile security definer set search_path = '' set enable_seqscan = 'off' as $$
declare
  v_count integer;
begin
  select count(*)::integer into v_count from public.task_attempts as a
  where a.task_id = p_task_id and a.fencing_token > coalesce((
    select max(o.fencing_token) from public.task_attempts as o
    where o.task_id = p_task_id and o.outcome is distinct from 'released'
  ), 0);
  if v_count < 3 then
    return null;
  end if;
  perform private.trim_task_attempts(p_task_id);
  return private.backoff(
    v_count - 2, (select make_interval(secs => s.retry_seconds) from public.agent_settings as s where s.id),
    interval '1 hour'
  );
end;
$$;
comment on function private.delay_after_releases is
  'How long a task waits that was released the third time in a row, or more often; else null. Deletes the '
  'oldest attempts of such a task.';

create or replace function private.release_task(
  p_task_id bigint, p_fencing_token bigint, p_retry_after_seconds integer, p_reason text,
  p_worker_token text
) returns jsonb
language plpgsql volatile security definer set search_path = '' set enable_seqscan = 'off' as $$
declare
  v_scope constant record := private.authorize_worker(p_worker_token);
  v_reason constant text := private.non_blank(p_reason);
  v_attempt public.task_attempts;
  v_run_after timestamptz;
begin
  if (coalesce(p_retry_after_seconds, 0) between 0 and 604800) is not true then
    perform private.raise_worker_input_invalid('retry_after_seconds is from 0 to 604800, a week.');
  end if;
  v_attempt := private.end_attempt(
    p_task_id, p_fencing_token, v_scope.token_id, 'released', left(v_reason, 10000), null, null
  );
  if v_attempt.ended_at is null then
    v_attempt := private.load_ended_attempt(p_task_id, p_fencing_token, v_scope.token_id, 'released');
    select t.run_after into v_run_after from public.tasks as t where t.id = p_task_id;
  else
    perform private.set_queue_writes(true);
    -- without a delay in its old position
    update public.tasks as t
    set status = 'pending', started_at = null, attempts_count = greatest(t.attempts_count - 1, 0),
      run_after = greatest(
        t.run_after, clock_timestamp() + private.delay_after_releases(p_task_id),
        case when p_retry_after_seconds > 0
          then clock_timestamp() + make_interval(secs => p_retry_after_seconds) end
      ),
      error = coalesce(v_reason, t.error), updated_at = clock_timestamp()
    where t.id = p_task_id
    returning t.run_after into v_run_after;
    perform private.set_queue_writes(false);
  end if;
  return jsonb_build_object('task_id', p_task_id, 'status', 'pending'::text) || case
    when p_retry_after_seconds > 0 then jsonb_build_object('run_after', v_run_after) else '{}' end;
end;
$$;
grant execute on function private.release_task to anon, authenticated, service_role;

create or replace function public.release_task(
  task_id bigint, fencing_token bigint, retry_after_seconds integer default null, reason text default null,
  worker_token text default null
) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.release_task(
    release_task.task_id, release_task.fencing_token, release_task.retry_after_seconds,
    release_task.reason, release_task.worker_token
  );
end;
comment on function public.release_task is
  'Gives a task back, and the attempt does not count: it is pending again, claimed from retry_after_seconds '
  'on (up to a week) or, left out, immediately and in its old position. From the third release in a row on '
  'it waits at least as after a failed attempt. The reason, what has to pass first, is stored as its error. '
  'Returns {task_id, status} and, after a delay that was asked for, run_after. Errors: '
  'agents_worker_token_required, agents_worker_token_invalid (401), agents_task_lease_expired (409), '
  'agents_task_result_too_large (413), agents_worker_input_invalid (422).';
grant execute on function public.release_task to anon, authenticated, service_role;
