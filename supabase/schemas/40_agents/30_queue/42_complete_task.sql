-- A worker has completed its task.

create or replace function private.complete_task(
  p_task_id bigint, p_fencing_token bigint, p_commit_hash text, p_git_diff text, p_git_patch text,
  p_changed_files jsonb, p_pr_branch text, p_pr_number integer, p_pr_url text, p_message text,
  p_execution_metadata jsonb, p_worker_token text
) returns jsonb
language plpgsql volatile security definer set search_path = '' set enable_seqscan = 'off' as $$
declare
  v_scope constant record := private.authorize_worker(p_worker_token);
  v_attempt public.task_attempts := private.end_attempt(
    p_task_id, p_fencing_token, v_scope.token_id, 'completed', null, null, null
  );
begin
  if v_attempt.ended_at is null then
    v_attempt := private.load_ended_attempt(p_task_id, p_fencing_token, v_scope.token_id, 'completed');
  else
    perform private.set_queue_writes(true);
    update public.tasks as t
    set status = 'completed', completed_at = v_attempt.ended_at, updated_at = clock_timestamp(),
      error = null, error_kind = null, commit_hash = coalesce(p_commit_hash, t.commit_hash),
      git_diff = coalesce(p_git_diff, t.git_diff), git_patch = coalesce(p_git_patch, t.git_patch),
      changed_files = coalesce(p_changed_files, t.changed_files),
      pr_branch = coalesce(p_pr_branch, t.pr_branch), pr_number = coalesce(p_pr_number, t.pr_number),
      pr_url = coalesce(p_pr_url, t.pr_url),
      execution_metadata = case when p_execution_metadata is null then t.execution_metadata
        else t.execution_metadata || p_execution_metadata end
    where t.id = p_task_id;
    perform private.set_queue_writes(false);
    if p_message is not null then
      perform private.append_task_message(p_task_id, 'assistant', p_message, null);
    end if;
    perform private.check_stored_bytes(v_attempt.user_id);
    -- A server is trusted with what it writes, and so is its token for everybody, which only servers create;
    -- a user's own worker is trusted no more than its user, also when a server sends its token.
    if num_nonnulls(p_pr_branch, p_pr_number, p_pr_url) > 0 and v_scope.user_id is null then
      perform private.verify_task_pull_requests(p_task_id);
    end if;
  end if;
  return jsonb_build_object(
    'task_id', p_task_id, 'status', 'completed'::text, 'completed_at', v_attempt.ended_at
  );
end;
$$;
grant execute on function private.complete_task to anon, authenticated, service_role;

create or replace function public.complete_task(
  task_id bigint, fencing_token bigint, commit_hash text default null, git_diff text default null,
  git_patch text default null, changed_files jsonb default null, pr_branch text default null,
  pr_number integer default null, pr_url text default null, message text default null,
  execution_metadata jsonb default null, worker_token text default null
) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.complete_task(
    complete_task.task_id, complete_task.fencing_token, complete_task.commit_hash, complete_task.git_diff,
    complete_task.git_patch, complete_task.changed_files, complete_task.pr_branch, complete_task.pr_number,
    complete_task.pr_url, complete_task.message, complete_task.execution_metadata, complete_task.worker_token
  );
end;
comment on function public.complete_task is
  'Completes a task that the worker holds, with its result: null leaves a column as it is, '
  'execution_metadata is merged into the existing value, the message is appended to the conversation. '
  'Returns {task_id, status, completed_at}; repeated with the same fencing_token, the same. Errors: '
  'agents_worker_token_required, agents_worker_token_invalid (401), agents_task_lease_expired, '
  'agents_stored_bytes_limit_reached (409), agents_task_result_too_large (413), agents_task_value_invalid, '
  'agents_task_message_invalid (422).';
grant execute on function public.complete_task to anon, authenticated, service_role;
