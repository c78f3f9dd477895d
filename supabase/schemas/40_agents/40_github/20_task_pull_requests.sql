-- Which pull requests belong to which tasks, and which users may therefore see them.

create table public.task_pull_requests (
  task_id bigint not null,
  pull_request_id bigint not null,
  user_id uuid not null,
  source text not null,
  verified_at timestamptz,
  verified_by text,
  verified_until timestamptz,
  verify_after timestamptz,
  verify_failures_count integer not null default 0,
  opened_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint task_pull_requests_pkey primary key (task_id, pull_request_id),
  constraint task_pull_requests_task_id_fkey
    foreign key (task_id) references public.tasks (id) on delete cascade,
  constraint task_pull_requests_pull_request_id_fkey
    foreign key (pull_request_id) references public.pull_requests (id) on delete cascade,
  constraint task_pull_requests_source_is_known check (source in ('worker', 'owner', 'branch')),
  constraint task_pull_requests_verified_by_is_known check (verified_by in ('worker', 'token', 'public')),
  constraint task_pull_requests_verified_by_matches_verified_at
    check ((verified_by is null) = (verified_at is null)),
  constraint task_pull_requests_verified_until_is_of_a_token
    check ((verified_until is not null) = (verified_by is not distinct from 'token')),
  constraint task_pull_requests_verify_after_is_of_a_token
    check (verify_after is null or verified_at is null or verified_by = 'token'),
  constraint task_pull_requests_verify_failures_count_is_not_negative check (verify_failures_count >= 0)
);
comment on table public.task_pull_requests is
  'The pull requests of tasks. Created by the database when a task names a pull request, or when one is '
  'opened from the branch that a task names. Only a verified link shows the pull request.';
-- A copy of the task's, deleted with the task: it needs no foreign key.
comment on column public.task_pull_requests.user_id is 'The task''s user.';
comment on column public.task_pull_requests.source is
  'Where the link comes from. worker: a trusted worker or a server named the pull request. owner: the '
  'task''s user or a worker of theirs did. branch: it was opened from the task''s pr_branch.';
comment on column public.task_pull_requests.verified_by is
  'Why the user may see it. worker: a trusted worker completed the task with it. token: the user''s own '
  'GitHub token can read it. public: its repository is public.';
comment on column public.task_pull_requests.verified_until is
  'Until when a link that is verified by token shows the pull request: two days after the token was last '
  'seen to read its repository. Null of the others.';
comment on column public.task_pull_requests.verify_after is
  'When the sweep next tries to read it with the user''s token: daily when it is verified by token, '
  'null when otherwise.';
comment on column public.task_pull_requests.opened_at is
  'The pull request''s, set by the database. Lists of the newest order by it.';

create index task_pull_requests_pull_request_id_idx on public.task_pull_requests (pull_request_id);
-- For a user's newest, and for the ids of those that a user may see, without reading the table.
create index task_pull_requests_user_id_opened_at_idx
  on public.task_pull_requests (user_id, opened_at desc)
  include (pull_request_id, verified_at, verified_until);
create index task_pull_requests_verify_after_idx on public.task_pull_requests (verify_after)
  where verify_after is not null;
create index task_pull_requests_verified_until_idx on public.task_pull_requests (verified_until)
  where verified_until is not null;

create or replace function private.set_link_opened_at() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  -- Locked, so that it can't change before the link is visible to private.sync_link_opened_at.
  new.opened_at := (
    select p.opened_at from public.pull_requests as p where p.id = new.pull_request_id for share
  );
  return new;
end;
$$;
comment on function private.set_link_opened_at is
  'Before-insert trigger: copies opened_at from the pull request.';

create or replace function private.sync_link_opened_at() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  update public.task_pull_requests as l set opened_at = new.opened_at where l.pull_request_id = new.id;
  return null;
end;
$$;
comment on function private.sync_link_opened_at is
  'After-row trigger of pull requests: copies a changed opened_at to the links.';

create trigger _200_set_link_opened_at before insert on public.task_pull_requests
  for each row execute function private.set_link_opened_at();
create trigger _200_sync_link_opened_at after update on public.pull_requests
  for each row when (old.opened_at is distinct from new.opened_at)
  execute function private.sync_link_opened_at();
create trigger _900_set_timestamps before insert or update on public.task_pull_requests
  for each row execute function private.set_timestamps();

-- In plpgsql, since policies call it: a function of language sql is planned again in each statement.
create or replace function private.my_pull_request_ids() returns setof bigint
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
    select l.pull_request_id from public.task_pull_requests as l
    where l.user_id = auth.uid() and l.verified_at is not null
      and (l.verified_until is null or l.verified_until > now());
end;
$$;
comment on function private.my_pull_request_ids is
  'The pull requests to which verified links lead from the caller''s tasks. In policies: id = '
  'any (array(select private.my_pull_request_ids())).';
grant execute on function private.my_pull_request_ids to authenticated, service_role;

alter table public.task_pull_requests enable row level security;
-- Whether a branch has a pull request is itself visible only to users who may see that pull request.
create policy task_pull_requests_select_owner on public.task_pull_requests
  for select to authenticated
  using (
    user_id = (select auth.uid()) and (
      source <> 'branch' or verified_at is not null and (verified_until is null or verified_until > now())
    )
  );
grant select on public.task_pull_requests to authenticated, service_role;

create policy pull_requests_select_owner on public.pull_requests
  for select to authenticated using (id = any (array(select private.my_pull_request_ids())));
