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

create or replace function private.complete_task(
  task_id bigint, fencing_token bigint, commit_hash text, git_diff text, git_patch text, changed_files jsonb,
  pr_branch text, pr_number integer, pr_url text, message text, execution_metadata jsonb, worker_token text
) returns jsonb
language plpgsql volatile security definer
set search_path = '' set enable_seqscan = 'off' as $$
declare
  v_ended_at timestamptz;
  v_token_id uuid;
  v_mode text;
begin
  if worker_token is not null or not private.is_trusted_caller() then
    raise exception 'x';
  end if;
  v_ended_at := clock_timestamp();
  v_mode := set_config('app.task_queue', 'on', true);
  update public.tasks as t set status = 'completed', completed_at = v_ended_at, updated_at = v_ended_at
  where t.id = complete_task.task_id and t.status::text = 'running' and exists (
    select from public.task_attempts as a
    where a.task_id = complete_task.task_id and a.fencing_token = complete_task.fencing_token and a.ended_at is null
      and a.lease_expires_at > clock_timestamp()
  );
  if not found then
    perform private.refuse_lost_lease();
  end if;
  v_mode := set_config('app.task_queue', 'off', true);
  update public.task_attempts as a
  set ended_at = v_ended_at, outcome = 'completed'
  where a.task_id = complete_task.task_id and a.fencing_token = complete_task.fencing_token and a.ended_at is null
    and a.lease_expires_at > clock_timestamp()
    and (v_token_id is null or a.worker_token_id = v_token_id);
  if not found then
    perform private.refuse_lost_lease();
  end if;
  return jsonb_build_object(
    'task_id', complete_task.task_id, 'status', 'completed'::text, 'completed_at', v_ended_at
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
