-- The repository, pull request and branch that each task names.

-- Apart from the tasks: there, each index more would cost every claim.
create table private.task_github_refs (
  task_id bigint not null,
  user_id uuid not null,
  repository_id bigint not null,
  repo_owner text not null,
  repo_name text not null,
  number integer,
  head_ref text,
  number_named_in xid8 not null,
  head_named_in xid8 not null,
  is_number_confirmed boolean not null default false,
  is_head_confirmed boolean not null default false,
  next_attempt_at timestamptz,
  attempts_count integer not null default 0,
  is_linked boolean not null default true,
  constraint task_github_refs_pkey primary key (task_id),
  constraint task_github_refs_task_id_fkey
    foreign key (task_id) references public.tasks (id) on delete cascade,
  constraint task_github_refs_repository_id_fkey
    foreign key (repository_id) references private.github_repositories (id) on delete restrict,
  constraint task_github_refs_number_or_head_ref_is_named check (number is not null or head_ref is not null),
  constraint task_github_refs_attempts_count_is_not_negative check (attempts_count >= 0)
);
comment on table private.task_github_refs is
  'The repository, pull request and branch that a task names, in lower case where GitHub ignores it.';
comment on column private.task_github_refs.repository_id is
  'What the name led to when the task named it.';
comment on column private.task_github_refs.number_named_in is
  'The transaction that last changed the pull request: a trusted worker confirms only what it wrote itself.';
comment on column private.task_github_refs.head_named_in is 'The transaction that last changed the branch.';
comment on column private.task_github_refs.is_number_confirmed is
  'Whether a trusted worker or a server named the pull request; reset by every change by somebody else.';
comment on column private.task_github_refs.is_head_confirmed is 'The same of the branch.';
comment on column private.task_github_refs.next_attempt_at is
  'When the sweep looks for a pull request of the branch; null when the task names one, or '
  'after thirteen attempts.';
comment on column private.task_github_refs.attempts_count is 'How many times the sweep has looked for one.';

comment on column private.task_github_refs.is_linked is
  'False where private.link_waiting_tasks has yet to link the task.';

create index task_github_refs_head_ref_idx on private.task_github_refs (repository_id, head_ref);
create index task_github_refs_next_attempt_at_idx on private.task_github_refs (next_attempt_at)
  where next_attempt_at is not null;
create index task_github_refs_waiting_idx on private.task_github_refs (task_id) where not is_linked;
alter table private.task_github_refs enable row level security;

-- The project's repository is not part of the task: its user may change it while a worker holds the task.
create or replace function private.has_task_repository(p_task public.tasks) returns boolean
language plpgsql stable security invoker set search_path = '' as $$
begin
  return (private.parse_pull_request_url(p_task.pr_url)).o_owner is not null
    or (private.parse_repository_url(p_task.repo_url)).o_owner is not null;
end;
$$;
comment on function private.has_task_repository is
  'Whether the task itself, and not only its project, names the repository, so that it may be confirmed.';

-- A URL contains the repository; a number alone is in the task's own. A branch is looked up in the task's own
-- repository, so not together with a pull request in another one.
create or replace function private.load_github_ref(p_task public.tasks) returns private.task_github_refs
language plpgsql stable security definer set search_path = '' as $$
declare
  v private.task_github_refs;
  v_owner text;
  v_name text;
begin
  select r.o_owner, r.o_name, r.o_number into v.repo_owner, v.repo_name, v.number
  from private.parse_pull_request_url(p_task.pr_url) as r;
  select r.o_owner, r.o_name into v_owner, v_name from private.parse_repository_url(p_task.repo_url) as r;
  if p_task.repo_url is null then
    select r.o_owner, r.o_name into v_owner, v_name
    from public.projects as p cross join lateral private.parse_repository_url(p.repo_url) as r
    where p.id = p_task.project_id;
  end if;
  if v.number is null and p_task.pr_number > 0 then
    v.number := p_task.pr_number;
  end if;
  if v.repo_owner is null then
    v.repo_owner := v_owner;
    v.repo_name := v_name;
  end if;
  if v_owner is null and p_task.repo_url is null or (v_owner, v_name) = (v.repo_owner, v.repo_name) then
    v.head_ref := left(private.non_blank(p_task.pr_branch), 255);
  end if;
  if v.repo_owner is not null and (v.number is not null or v.head_ref is not null) then
    v.task_id := p_task.id;
    v.user_id := p_task.user_id;
  end if;
  return v;
end;
$$;
comment on function private.load_github_ref is
  'The repository, pull request and branch that a task names; task_id is null where it names none.';

-- A link locks the rows of its pull request until the transaction ends, and whatever GitHub delivers about it
-- waits for that. So a transaction links a few tasks, and leaves the rest to the job.
create or replace function private.may_link_now() returns boolean
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_count constant integer := coalesce(nullif(current_setting('app.linked_tasks', true), ''), '0')::integer;
begin
  if v_count >= 20 then
    return false;
  end if;
  perform set_config('app.linked_tasks', (v_count + 1)::text, true);
  return true;
end;
$$;
comment on function private.may_link_now is 'True for the first 20 tasks of a transaction.';

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
  -- the same words mean what they meant: the name may lead to another repository by now
  v.repository_id := case
    when (v_old.repo_owner, v_old.repo_name) = (v.repo_owner, v.repo_name) then v_old.repository_id
    else private.ensure_repository(v.repo_owner, v.repo_name) end;
  if (v_old.repository_id, v_old.user_id) = (v.repository_id, v.user_id) then
    if v_old.number is not distinct from v.number then
      v.number_named_in := v_old.number_named_in;
      v.is_number_confirmed := v_old.is_number_confirmed;
    end if;
    if v_old.head_ref is not distinct from v.head_ref then
      v.head_named_in := v_old.head_named_in;
      v.is_head_confirmed := v_old.is_head_confirmed;
    end if;
  end if;
  v.next_attempt_at := case when v.number is null then now() end;
  v.attempts_count := 0;
  insert into private.task_github_refs select v.*;
  return v;
end;
$$;
comment on function private.upsert_github_ref is
  'Stores what a task names now, with the confirmation of what has changed. p_is_new: the task has '
  'no row yet.';
