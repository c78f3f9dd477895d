-- How a worker's attempt ends: done, failed, given back.
--
-- Locks, here and wherever an attempt ends: the task, then its attempt.

create or replace function private.refuse_lost_lease() returns void
language plpgsql volatile security invoker set search_path = '' as $$
begin
  raise exception using
    errcode = 'PT409', message = 'task_lease_lost',
    detail = 'This fencing token holds the task no longer: its lease ran out, or the attempt was ended.',
    hint = 'Stop the work on this task and claim another one.';
end;
$$;
comment on function private.refuse_lost_lease() is 'Errors: task_lease_lost (409), always.';

create or replace function private.end_attempt(
  p_task_id bigint, p_fencing_token bigint, p_worker_token text, p_outcome text, p_error text,
  p_error_kind text, p_is_retryable boolean
) returns public.task_attempts
language plpgsql volatile security invoker set search_path = '' set plan_cache_mode = 'force_generic_plan' set enable_seqscan = 'off' as $$
declare
  v_scope record := private.authorize_worker(p_worker_token);
  v_attempt public.task_attempts;
begin
  perform from public.tasks as t where t.id = p_task_id for no key update;
  update public.task_attempts as a
  set ended_at = clock_timestamp(), outcome = p_outcome, error = p_error, error_kind = p_error_kind,
    is_retryable = p_is_retryable
  where a.task_id = p_task_id and a.fencing_token = p_fencing_token and a.ended_at is null
    and a.lease_expires_at > clock_timestamp()
    and (v_scope.token_id is null or a.worker_token_id = v_scope.token_id)
  returning a.* into v_attempt;
  if found then
    return v_attempt;
  end if;
  select a.* into v_attempt
  from public.task_attempts as a
  where a.task_id = p_task_id and a.fencing_token = p_fencing_token and a.outcome = p_outcome
    and (v_scope.token_id is null or a.worker_token_id = v_scope.token_id);
  if not found then
    perform private.refuse_lost_lease();
  end if;
  -- said before: nothing is written, and the answer is the same
  v_attempt.heartbeat_at := null;
  return v_attempt;
end;
$$;
comment on function private.end_attempt(bigint, bigint, text, text, text, text, boolean) is
  'Locks the task and ends the attempt, for a worker whose lease holds; heartbeat_at is null for one that had '
  'ended in the same way before. Errors: those of authorize_worker, task_lease_lost (409).';

create or replace function private.complete_task(
  task_id bigint, fencing_token bigint, commit_hash text, git_diff text, git_patch text, changed_files jsonb,
  pr_branch text, pr_number integer, pr_url text, message text, execution_metadata jsonb, worker_token text
) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_attempt constant public.task_attempts := private.end_attempt(
    complete_task.task_id, complete_task.fencing_token, worker_token, 'completed', null, null, null
  );
begin
  if v_attempt.heartbeat_at is not null then
    if num_nonnulls(commit_hash, git_diff, git_patch, changed_files, pr_branch, pr_number, pr_url,
      execution_metadata) = 0
    then
      update public.tasks as t set status = 'completed' where t.id = complete_task.task_id;
    else
      update public.tasks as t
      set status = 'completed', commit_hash = coalesce(complete_task.commit_hash, t.commit_hash),
        git_diff = coalesce(complete_task.git_diff, t.git_diff),
        git_patch = coalesce(complete_task.git_patch, t.git_patch),
        changed_files = coalesce(complete_task.changed_files, t.changed_files),
        pr_branch = coalesce(complete_task.pr_branch, t.pr_branch),
        pr_number = coalesce(complete_task.pr_number, t.pr_number),
        pr_url = coalesce(complete_task.pr_url, t.pr_url),
        execution_metadata = t.execution_metadata || coalesce(complete_task.execution_metadata, '{}')
      where t.id = complete_task.task_id;
    end if;
  end if;
  return jsonb_build_object(
    'task_id', complete_task.task_id, 'status', 'completed'::text, 'completed_at', v_attempt.ended_at
  );
end;
$$;
comment on function private.complete_task(
  bigint, bigint, text, text, text, jsonb, text, integer, text, text, jsonb, text
) is 'Body of public.complete_task.';
grant execute on function private.complete_task(
  bigint, bigint, text, text, text, jsonb, text, integer, text, text, jsonb, text
) to anon, authenticated, service_role;

create or replace function public.complete_task(
  task_id bigint, fencing_token bigint, commit_hash text default null, git_diff text default null,
  git_patch text default null, changed_files jsonb default null, pr_branch text default null,
  pr_number integer default null, pr_url text default null, message text default null,
  execution_metadata jsonb default null, worker_token text default null
) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.complete_task(
    task_id => complete_task.task_id, fencing_token => complete_task.fencing_token,
    commit_hash => complete_task.commit_hash, git_diff => complete_task.git_diff,
    git_patch => complete_task.git_patch, changed_files => complete_task.changed_files,
    pr_branch => complete_task.pr_branch, pr_number => complete_task.pr_number,
    pr_url => complete_task.pr_url, message => complete_task.message,
    execution_metadata => complete_task.execution_metadata, worker_token => complete_task.worker_token
  );
end;
grant execute on function public.complete_task(
  bigint, bigint, text, text, text, jsonb, text, integer, text, text, jsonb, text
) to anon, authenticated, service_role;
