-- Tasks on one branch are handed out one after the other: two that run at the same time would each replace
-- what the other one has pushed.

-- Two claims don't see each other's attempts before they commit, so the branch is locked until then.
create or replace function private.reserve_branch(p_task_id bigint) returns boolean
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_task record;
begin
  select t.user_id, t.project_id, t.repo_url, t.pr_branch into v_task
  from public.tasks as t where t.id = p_task_id;
  if not pg_try_advisory_xact_lock(hashtextextended(v_task.user_id || ' ' || v_task.pr_branch, 20261129)) then
    return false;
  end if;
  return not exists (
    select from public.task_attempts as a join public.tasks as t on t.id = a.task_id
    where a.user_id = v_task.user_id and a.outcome is null and t.pr_branch = v_task.pr_branch
      and t.id <> p_task_id
      and (t.project_id = v_task.project_id or t.repo_url = v_task.repo_url)
  );
end;
$$;
comment on function private.reserve_branch is
  'Whether no worker holds another task of the same user, repository and pr_branch; if so, no other '
  'transaction can take one until this one ends.';
