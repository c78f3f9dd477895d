-- From what a task says of a pull request or a branch to its links, and who may see where they lead.

-- https://host/owner/name(.git), ssh://git@host/owner/name, git@host:owner/name. What nearly every URL looks
-- like is only matched, and cut at its slashes: to capture costs ten times as much. Lengths are looked at
-- apart: a counted repetition in the pattern would cost each task half a millisecond.
create or replace function private.github_repository(p_url text, out o_owner text, out o_name text)
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_parts text[];
begin
  if p_url ~ '^https?://[^@/:\s]+/[\w-]+/[\w.-]+$' then
    v_parts := (string_to_array(p_url, '/'))[4:];
  else
    v_parts := regexp_match(
      p_url,
      '^\s*(?:(?:https?|ssh|git)://)?(?:[^@/\s]+@)?[^@/:\s]+(?::\d+)?[:/]([\w-]+)/([\w.-]+)/?\s*$'
    );
  end if;
  o_owner := lower(v_parts[1]);
  o_name := regexp_replace(lower(v_parts[2]), '\.git$', '');
  if o_name = '' or char_length(o_owner) > 100 or char_length(o_name) > 100 then
    o_owner := null;
    o_name := null;
  end if;
end;
$$;
comment on function private.github_repository is
  'Owner and name in a repository''s URL, in lower case; null where there are none.';

create or replace function private.github_pull_request(
  p_url text, out o_owner text, out o_name text, out o_number integer
)
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_parts text[];
begin
  if p_url ~ '^https?://[^/\s]+/[\w-]+/[\w.-]+/pull/[1-9]\d*$' then
    v_parts := (string_to_array(p_url, '/'))[4:5] || split_part(p_url, '/', 7);
  else
    v_parts := regexp_match(
      p_url,
      '^\s*https?://[^/\s]+/([\w-]+)/([\w.-]+)/pull/0*([1-9]\d*)(?:[/?#]\S*)?\s*$'
    );
  end if;
  if char_length(v_parts[1]) <= 100 and char_length(v_parts[2]) <= 100 and char_length(v_parts[3]) <= 9 then
    o_owner := lower(v_parts[1]);
    o_name := lower(v_parts[2]);
    o_number := v_parts[3]::integer;
  end if;
end;
$$;
comment on function private.github_pull_request is
  'Repository and number in a pull request''s URL https://host/owner/name/pull/number; null where '
  'there are none.';

-- The URL says the repository; a number alone is of the task's own. A branch is looked for in the task's own
-- repository, so not beside a pull request in another one.
create or replace function private.github_ref_of(p_task public.tasks) returns private.task_github_refs
language plpgsql stable security definer set search_path = '' as $$
declare
  v private.task_github_refs;
  v_owner text;
  v_name text;
begin
  select r.o_owner, r.o_name, r.o_number into v.repo_owner, v.repo_name, v.number
  from private.github_pull_request(p_task.pr_url) as r;
  select r.o_owner, r.o_name into v_owner, v_name from private.github_repository(p_task.repo_url) as r;
  if v_owner is null then
    select lower(p.repo_owner), lower(p.repo_name) into v_owner, v_name
    from public.projects as p where p.id = p_task.project_id;
  end if;
  if v.number is null and p_task.pr_number > 0 then
    v.number := p_task.pr_number;
  end if;
  if v.repo_owner is null then
    v.repo_owner := v_owner;
    v.repo_name := v_name;
  end if;
  if v_owner is null or (v_owner, v_name) = (v.repo_owner, v.repo_name) then
    v.head_ref := left(private.non_blank(p_task.pr_branch), 255);
  end if;
  if v.repo_owner is not null and (v.number is not null or v.head_ref is not null) then
    v.task_id := p_task.id;
    v.user_id := p_task.user_id;
  end if;
  return v;
end;
$$;
comment on function private.github_ref_of is
  'The repository, pull request and branch that a task names; task_id is null where it names none.';

-- The project's repository is no part of the task: its user may change it while a worker is at work.
create or replace function private.has_task_repository(p_task public.tasks) returns boolean
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return (private.github_pull_request(p_task.pr_url)).o_owner is not null
    or (private.github_repository(p_task.repo_url)).o_owner is not null;
end;
$$;
comment on function private.has_task_repository is
  'Whether the repository of what a task names is said by the task itself, so that it may be confirmed.';

-- Tasks share the lock, so that those who write many of them neither wait for each other nor meet in a
-- circle; and there are a thousand keys at most, however many branches one transaction names.
create or replace function private.lock_github_head(
  p_owner text, p_name text, p_head_ref text, p_is_of_task boolean
) returns void
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_key constant integer := hashtext(concat_ws('/', p_owner, p_name, p_head_ref)) & 1023;
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
  'Takes turns between tasks that come to name a branch and pull requests that come from it, so that the '
  'later one sees the other. Taken before the pull request''s row.';

-- Here and below without sequential scans: a plan that is made while a table is known to be empty reads it
-- from its beginning for each of the many rows that one statement then brings.
create or replace function private.ensure_pull_request(p_owner text, p_name text, p_number integer)
returns bigint
language plpgsql volatile security definer set search_path = '' set enable_seqscan = 'off' as $$
declare
  v_id bigint;
begin
  insert into public.pull_requests (repo_owner, repo_name, number) values (p_owner, p_name, p_number)
  on conflict on constraint pull_requests_repo_owner_repo_name_number_key do nothing
  returning id into v_id;
  if found then
    insert into private.pull_request_checks (pull_request_id, next_check_at) values (v_id, now());
    perform private.register_repository(p_owner, p_name);
    return v_id;
  end if;
  return (
    select p.id from public.pull_requests as p
    where p.repo_owner = p_owner and p.repo_name = p_name and p.number = p_number
  );
end;
$$;
comment on function private.ensure_pull_request is
  'The id of a pull request; makes a row of which nothing is known yet where there is none.';

-- The row lock keeps a repository from being hidden between the look and the link.
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
    verify_after = case when coalesce(l.verified_at, excluded.verified_at) is null then l.verify_after end;
end;
$$;
comment on function private.link_pull_request is
  'Links a task to a pull request; verified when the repository is public or a trusted worker named it.';

-- Pull requests of the branch that were over before the task was made are of other work.
create or replace function private.link_task_branch(p_ref private.task_github_refs, p_created_at timestamptz)
returns void
language plpgsql volatile security definer set search_path = '' set enable_seqscan = 'off' as $$
begin
  perform private.link_pull_request(p_ref.task_id, p_ref.user_id, p.id, 'branch', p_ref.is_head_confirmed)
  from public.pull_requests as p
  where p.repo_owner = p_ref.repo_owner and p.repo_name = p_ref.repo_name and p.head_ref = p_ref.head_ref
    and not p.is_from_fork and coalesce(p.closed_at, 'infinity') >= p_created_at
  order by p.id;
end;
$$;
comment on function private.link_task_branch is 'Links a task to the pull requests of its branch.';

create or replace function private.upsert_github_ref(
  p_ref private.task_github_refs, p_is_confirmed boolean, p_is_new boolean
) returns private.task_github_refs
language plpgsql volatile security definer set search_path = '' set enable_seqscan = 'off' as $$
declare
  v private.task_github_refs := p_ref;
  v_old private.task_github_refs;
begin
  if not p_is_new then
    delete from private.task_github_refs as r where r.task_id = p_ref.task_id returning * into v_old;
  end if;
  v.number_named_in := pg_current_xact_id();
  v.head_named_in := pg_current_xact_id();
  v.is_number_confirmed := p_is_confirmed;
  v.is_head_confirmed := p_is_confirmed;
  if (v_old.repo_owner, v_old.repo_name, v_old.user_id) = (v.repo_owner, v.repo_name, v.user_id) then
    if v_old.number is not distinct from v.number then
      v.number_named_in := v_old.number_named_in;
      v.is_number_confirmed := v_old.is_number_confirmed;
    end if;
    if v_old.head_ref is not distinct from v.head_ref then
      v.head_named_in := v_old.head_named_in;
      v.is_head_confirmed := v_old.is_head_confirmed;
    end if;
  end if;
  v.look_up_after := case when v.number is null then now() end;
  v.look_ups_count := 0;
  insert into private.task_github_refs select v.*;
  return v;
end;
$$;
comment on function private.upsert_github_ref is
  'Stores what a task, or a new one, names now, and whether what has changed is confirmed.';

-- Links to what the task no longer names go.
create or replace function private.link_task_pull_requests() returns trigger
language plpgsql volatile security definer set search_path = '' set enable_seqscan = 'off' as $$
declare
  v private.task_github_refs := private.github_ref_of(new);
begin
  perform private.lock_github_head(v.repo_owner, v.repo_name, v.head_ref, true);
  if v.task_id is null then
    delete from private.task_github_refs as r where r.task_id = new.id;
  else
    v := private.upsert_github_ref(
      v, private.is_trusted_caller() and private.has_task_repository(new), tg_op = 'INSERT'
    );
  end if;
  if tg_op = 'UPDATE' then
    delete from public.task_pull_requests as l
    using public.pull_requests as p
    where l.task_id = new.id and p.id = l.pull_request_id and (
      l.user_id <> new.user_id
      or (p.repo_owner, p.repo_name) is distinct from (v.repo_owner, v.repo_name)
      or l.source = 'branch' and p.head_ref is distinct from v.head_ref
      or l.source <> 'branch' and p.number is distinct from v.number
    );
  end if;
  if v.number is not null and v.task_id is not null then
    perform private.link_pull_request(
      v.task_id, v.user_id, private.ensure_pull_request(v.repo_owner, v.repo_name, v.number),
      case when v.is_number_confirmed then 'worker' else 'owner' end, v.is_number_confirmed
    );
  end if;
  if v.head_ref is not null and v.task_id is not null then
    perform private.link_task_branch(v, new.created_at);
  end if;
  return null;
end;
$$;
comment on function private.link_task_pull_requests is
  'After-row trigger of tasks: keeps the links to the pull requests that the task names.';

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

-- Only what this very transaction wrote: that a worker finished a task says nothing about a pull request that
-- the task's user had named before.
create or replace function private.verify_task_pull_requests(p_task_id bigint) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_ref private.task_github_refs;
begin
  update private.task_github_refs as r set
    is_number_confirmed = r.is_number_confirmed or r.number_named_in = pg_current_xact_id(),
    is_head_confirmed = r.is_head_confirmed or r.head_named_in = pg_current_xact_id()
  where r.task_id = p_task_id
    and (select private.has_task_repository(t) from public.tasks as t where t.id = p_task_id)
  returning * into v_ref;
  if not found then
    return;
  end if;
  update public.task_pull_requests as l set
    verified_by = 'worker', verified_at = now(), verify_after = null,
    source = case when l.source = 'owner' then 'worker' else l.source end
  from public.pull_requests as p
  where l.task_id = p_task_id and p.id = l.pull_request_id and l.verified_by is distinct from 'worker' and (
    l.source <> 'branch' and v_ref.is_number_confirmed
    or p.head_ref = v_ref.head_ref and not p.is_from_fork and v_ref.is_head_confirmed
  );
end;
$$;
comment on function private.verify_task_pull_requests is
  'For the function with which a trusted worker finishes a task, after it has written the task: what it '
  'wrote of pull request and branch may be seen by the task''s user, unless only the project says '
  'of which repository.';

-- What a token proved, it proves no longer. The sweep asks again, with the token that is there then.
create or replace function private.unverify_links_of_token() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  update public.task_pull_requests as l set verified_at = null, verified_by = null, verify_after = now()
  where l.user_id = old.user_id and l.verified_by = 'token';
  return null;
end;
$$;
comment on function private.unverify_links_of_token is
  'After-row trigger of secrets: with a GitHub token that is removed, replaced or refused go the links that '
  'were verified by it.';

create trigger _200_unverify_links_of_token after delete on private.secrets
  for each row when (old.kind = 'github_token') execute function private.unverify_links_of_token();
create trigger _210_unverify_links_of_token after update of id, invalid_at on private.secrets
  for each row when (
    old.kind = 'github_token'
    and (old.id <> new.id or old.invalid_at is null and new.invalid_at is not null)
  )
  execute function private.unverify_links_of_token();
