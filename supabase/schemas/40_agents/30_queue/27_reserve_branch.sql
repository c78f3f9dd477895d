-- Tasks on one branch are handed out one after the other: two that run at the same time would each replace
-- what the other one has pushed. A first run is on a branch too, the one that workers create for it.

-- Holds nothing of the tasks that name no branch, which are most.
create index tasks_running_pr_branch_idx on public.tasks (pr_branch)
  where status = 'running' and pr_branch is not null;

create or replace function private.default_pr_branch(p_task_id bigint) returns text
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return 'fixloop/task-' || p_task_id;
end;
$$;
comment on function private.default_pr_branch is
  'The branch that workers push to where a task names none, see scripts/worker/run-task.ts.';

-- The same repository has many URLs. At GitHub it is what its name led to when the task was written; at
-- another host the host and path, in lower case, since most hosts ignore it.
create or replace function private.task_repository_key(p_task_id bigint) returns text
language plpgsql stable security invoker set search_path = '' as $$
declare
  v_url text;
  v_id bigint := (
    select r.repository_id from private.task_github_refs as r
    where r.task_id = p_task_id and r.head_ref is not null
  );
begin
  if v_id is null then
    select lower(private.normalize_url(coalesce(t.repo_url, p.repo_url))) into v_url
    from public.tasks as t left join public.projects as p on p.id = t.project_id
    where t.id = p_task_id;
    v_url := regexp_replace(v_url, '^([a-z0-9+.-]*:+)*/+|[?#].*$', '', 'g');
    v_url := regexp_replace(v_url, '^[^/@]*@', '');
    v_url := regexp_replace(v_url, '^([^/:]+)(:(22|80|443)(?=/))?[:/]+', '\1/');
    v_url := regexp_replace(v_url, '(\.git)?/*$', '');
    v_id := (
      select private.find_repository(r.o_owner, r.o_name) from private.parse_repository_url(v_url) as r
    );
  end if;
  return coalesce(v_id::text, nullif(v_url, ''));
end;
$$;
comment on function private.task_repository_key is
  'What is equal for tasks in one repository, however its URL is written; null for none.';

-- Another user's task counts only while a server's worker holds it, and for an hour after this one was due:
-- else anybody could hold up other people's tasks, by a branch that they name, for as long as they like.
create or replace function private.is_branch_taken(
  p_task_id bigint, p_user_id uuid, p_run_after timestamptz, p_branch text, p_repository_key text
) returns boolean
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_holder record;
begin
  for v_holder in
    select a.task_id, a.user_id, a.worker_token_id
    from public.tasks as t
    join public.task_attempts as a on a.task_id = t.id and a.ended_at is null
    where t.status = 'running' and t.pr_branch = p_branch and t.id <> p_task_id
    union all
    select a.task_id, a.user_id, a.worker_token_id
    from public.tasks as t
    join public.task_attempts as a on a.task_id = t.id and a.ended_at is null
    where t.id = substring(p_branch from '^fixloop/task-([1-9][0-9]{0,17})$')::bigint
      and t.pr_branch is null and t.id <> p_task_id
  loop
    continue when v_holder.user_id <> p_user_id and (
      p_run_after < clock_timestamp() - interval '1 hour' or exists (
        select from public.worker_tokens as w
        where w.id = v_holder.worker_token_id and w.user_id is not null
      )
    );
    if private.task_repository_key(v_holder.task_id)
      = coalesce(p_repository_key, private.task_repository_key(p_task_id))
    then
      return true;
    end if;
  end loop;
  return false;
end;
$$;
comment on function private.is_branch_taken is
  'Whether a worker holds another task on this branch of the same repository. p_repository_key: null where '
  'it is not yet known.';

-- Two claims don't see each other's attempts before they commit, so the branch is locked until then. The name
-- of a first run's branch belongs to one task, and needs no repository next to it.
create or replace function private.reserve_branch(
  p_task_id bigint, p_user_id uuid, p_run_after timestamptz, p_pr_branch text
) returns boolean
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_branch constant text := coalesce(p_pr_branch, private.default_pr_branch(p_task_id));
  v_key constant text := case
    when p_pr_branch not like 'fixloop/task-%' then private.task_repository_key(p_task_id) end;
begin
  if not pg_try_advisory_xact_lock(hashtextextended(concat_ws(' ', v_key, v_branch), 20261129)) then
    return false;
  end if;
  -- nearly every claim
  if p_pr_branch is null and not exists (
    select from public.tasks as t where t.status = 'running' and t.pr_branch = v_branch
  ) then
    return true;
  end if;
  return not private.is_branch_taken(p_task_id, p_user_id, p_run_after, v_branch, v_key);
end;
$$;
comment on function private.reserve_branch is
  'Whether no worker holds another task on this task''s branch; if so, no other transaction can take one '
  'until this one ends.';
