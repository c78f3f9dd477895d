-- Links tasks to the pull requests that they name, and to those that come from their branch.

-- Tasks share the lock, so that transactions that write many tasks neither wait for each other nor end in a
-- deadlock; and there are 1024 keys, however many branches one transaction names.
create or replace function private.lock_github_head(
  p_repository_id bigint, p_head_ref text, p_is_of_task boolean
) returns void
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_key constant integer := hashtext(concat_ws('/', p_repository_id, p_head_ref)) & 1023;
begin
  if p_head_ref is null then
    return;
  end if;
  if p_is_of_task then
    perform pg_advisory_xact_lock_shared(hashtext('private.lock_github_head'), v_key);
  else
    perform pg_advisory_xact_lock(hashtext('private.lock_github_head'), v_key);
  end if;
end;
$$;
comment on function private.lock_github_head is
  'Serializes tasks that name a branch and pull requests that come from it, so that the later one sees the '
  'other. Taken before the lock of the pull request''s row.';

-- Here and below without sequential scans: a plan that was made while the table was empty would read all of
-- it for each of the many rows that one statement may write.
create or replace function private.ensure_pull_request(p_repository_id bigint, p_number integer)
returns bigint
language plpgsql volatile security definer set search_path = '' set enable_seqscan = 'off' as $$
declare
  v_id bigint;
begin
  insert into public.pull_requests (repository_id, repo_owner, repo_name, number)
  select r.id, r.repo_owner, r.repo_name, p_number from private.github_repositories as r
  where r.id = p_repository_id
  on conflict on constraint pull_requests_repository_id_number_key do nothing
  returning id into v_id;
  if found then
    insert into private.pull_request_checks (pull_request_id, next_attempt_at) values (v_id, now());
    return v_id;
  end if;
  return (
    select p.id from public.pull_requests as p
    where p.repository_id = p_repository_id and p.number = p_number
  );
end;
$$;
comment on function private.ensure_pull_request is
  'The id of a pull request; inserts a row without a version if it does not exist.';

-- The row lock keeps a repository from becoming private between the check and the link.
create or replace function private.link_pull_request(
  p_task_id bigint, p_user_id uuid, p_pull_request_id bigint, p_source text, p_is_confirmed boolean
) returns void
language plpgsql volatile security definer set search_path = '' set enable_seqscan = 'off' as $$
declare
  v_is_private constant boolean := (
    select p.is_private from public.pull_requests as p where p.id = p_pull_request_id for share
  );
  v_verified_by constant text := case
    when p_is_confirmed then 'worker' when v_is_private is false then 'public' end;
begin
  insert into public.task_pull_requests as l (
    task_id, pull_request_id, user_id, source, verified_by, verified_at, verify_after
  )
  values (
    p_task_id, p_pull_request_id, p_user_id, p_source, v_verified_by,
    case when v_verified_by is not null then now() end, case when v_verified_by is null then now() end
  )
  on conflict on constraint task_pull_requests_pkey do update set
    source = case when excluded.source = 'branch' then l.source else excluded.source end,
    verified_by = coalesce(l.verified_by, excluded.verified_by),
    verified_at = coalesce(l.verified_at, excluded.verified_at),
    verify_after = case
      when l.verified_by = 'token' or coalesce(l.verified_at, excluded.verified_at) is null
        then l.verify_after end;
end;
$$;
comment on function private.link_pull_request is
  'Links a task to a pull request; verified if the repository is public or a trusted worker named it.';

-- Pull requests of the branch that were closed before the task was created belong to something else.
create or replace function private.link_task_branch(p_ref private.task_github_refs, p_created_at timestamptz)
returns void
language plpgsql volatile security definer set search_path = '' set enable_seqscan = 'off' as $$
begin
  perform private.link_pull_request(p_ref.task_id, p_ref.user_id, p.id, 'branch', p_ref.is_head_confirmed)
  from public.pull_requests as p
  where p.repository_id = p_ref.repository_id and p.head_ref = p_ref.head_ref
    and not p.is_from_fork and coalesce(p.closed_at, 'infinity') >= p_created_at
  order by p.id;
end;
$$;
comment on function private.link_task_branch is 'Links a task to the pull requests of its branch.';

create or replace function private.link_task(p_ref private.task_github_refs, p_created_at timestamptz)
returns void
language plpgsql volatile security definer set search_path = '' set enable_seqscan = 'off' as $$
begin
  if p_ref.number is not null then
    perform private.link_pull_request(
      p_ref.task_id, p_ref.user_id,
      private.ensure_pull_request(p_ref.repository_id, p_ref.number),
      case when p_ref.is_number_confirmed then 'worker' else 'owner' end, p_ref.is_number_confirmed
    );
  end if;
  if p_ref.head_ref is not null then
    perform private.link_task_branch(p_ref, p_created_at);
  end if;
end;
$$;
comment on function private.link_task is
  'Links a task to the pull request that it names, and to those of its branch, which the caller has locked.';

-- Links to what the task no longer names are deleted.
create or replace function private.link_task_pull_requests() returns trigger
language plpgsql volatile security definer set search_path = '' set enable_seqscan = 'off' as $$
declare
  v private.task_github_refs := private.load_github_ref(new);
begin
  if v.task_id is not null then
    v.is_linked := private.may_link_now();
  end if;
  if v.task_id is null then
    delete from private.task_github_refs as r where r.task_id = new.id;
  else
    -- What the queue writes is confirmed by complete_task, which has checked whose worker it is.
    v := private.upsert_github_ref(
      v, private.is_trusted_caller() and current_setting('app.task_queue', true) is distinct from 'on'
        and private.has_task_repository(new), tg_op = 'INSERT'
    );
    if v.is_linked then
      perform private.lock_github_head(v.repository_id, v.head_ref, true);
    end if;
  end if;
  if tg_op = 'UPDATE' then
    delete from public.task_pull_requests as l
    using public.pull_requests as p
    where l.task_id = new.id and p.id = l.pull_request_id and (
      l.user_id <> new.user_id
      or p.repository_id is distinct from v.repository_id
      or l.source = 'branch' and p.head_ref is distinct from v.head_ref
      or l.source <> 'branch' and p.number is distinct from v.number
    );
  end if;
  if v.task_id is not null and v.is_linked then
    perform private.link_task(v, new.created_at);
  end if;
  return null;
end;
$$;
comment on function private.link_task_pull_requests is
  'After-row trigger of tasks: syncs the links with the pull requests that the task names.';

create trigger _500_link_pull_requests after insert on public.tasks
  for each row when (new.pr_url is not null or new.pr_number is not null or new.pr_branch is not null)
  execute function private.link_task_pull_requests();
create trigger _510_link_pull_requests
  after update of pr_url, pr_number, pr_branch, repo_url, project_id, user_id on public.tasks
  for each row when (
    old.pr_url is distinct from new.pr_url or old.pr_number is distinct from new.pr_number
    or old.pr_branch is distinct from new.pr_branch or old.repo_url is distinct from new.repo_url
    or old.project_id is distinct from new.project_id or old.user_id is distinct from new.user_id
  )
  execute function private.link_task_pull_requests();
