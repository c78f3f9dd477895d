-- A worker is done with its task.

create or replace function private.complete_task(
  task_id bigint, fencing_token bigint, commit_hash text, git_diff text, git_patch text, changed_files jsonb,
  pr_branch text, pr_number integer, pr_url text, message text, execution_metadata jsonb, worker_token text
) returns jsonb
language plpgsql volatile security definer set search_path = '' set enable_seqscan = 'off' as $$
declare
  v_scope constant record := private.authorize_worker(worker_token);
  v_attempt public.task_attempts := private.end_attempt(
    task_id, fencing_token, v_scope.token_id, 'completed', null, null, null
  );
  v_mode text;
begin
  if v_attempt.ended_at is null then
    v_attempt := private.ended_attempt(task_id, fencing_token, v_scope.token_id, 'completed');
  else
    v_mode := set_config('app.task_queue', 'on', true);
    update public.tasks as t
    set status = 'completed', completed_at = v_attempt.ended_at, updated_at = clock_timestamp(),
      error = null, error_kind = null, commit_hash = coalesce(complete_task.commit_hash, t.commit_hash),
      git_diff = coalesce(complete_task.git_diff, t.git_diff),
      git_patch = coalesce(complete_task.git_patch, t.git_patch),
      changed_files = coalesce(complete_task.changed_files, t.changed_files),
      pr_branch = coalesce(complete_task.pr_branch, t.pr_branch),
      pr_number = coalesce(complete_task.pr_number, t.pr_number),
      pr_url = coalesce(complete_task.pr_url, t.pr_url),
      execution_metadata = case when complete_task.execution_metadata is null then t.execution_metadata
        else t.execution_metadata || complete_task.execution_metadata end
    where t.id = complete_task.task_id;
    v_mode := set_config('app.task_queue', 'off', true);
    if message is not null then
      perform private.append_task_message(task_id, 'assistant', message, null);
    end if;
    -- What a server writes is believed; what a user's own worker writes is theirs to say, as what they write.
    if num_nonnulls(pr_branch, pr_number, pr_url) > 0 and v_scope.user_id is null then
      perform private.verify_task_pull_requests(task_id);
    end if;
  end if;
  return jsonb_build_object(
    'task_id', complete_task.task_id, 'status', 'completed'::text, 'completed_at', v_attempt.ended_at
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
    task_id => complete_task.task_id, fencing_token => complete_task.fencing_token,
    commit_hash => complete_task.commit_hash, git_diff => complete_task.git_diff,
    git_patch => complete_task.git_patch, changed_files => complete_task.changed_files,
    pr_branch => complete_task.pr_branch, pr_number => complete_task.pr_number,
    pr_url => complete_task.pr_url, message => complete_task.message,
    execution_metadata => complete_task.execution_metadata, worker_token => complete_task.worker_token
  );
end;
comment on function public.complete_task is
  'Finishes a task that the worker holds, with what came out of it: null leaves a column as it is, '
  'execution_metadata is merged into what is there, the message is appended to the conversation. Returns '
  '{task_id, status, completed_at}; said again with the same fencing_token, the same. Errors: '
  'agents_worker_token_required, agents_worker_token_invalid (401), agents_task_lease_expired (409), '
  'agents_task_result_too_large (413), agents_task_value_invalid, agents_task_message_invalid (422).';
grant execute on function public.complete_task to anon, authenticated, service_role;
