-- The repositories at GitHub that projects and tasks have named.
--
-- A repository is GitHub's numeric id: it may be renamed or transferred, its owner may be renamed, and its
-- name may be taken by another one. Until GitHub has reported the id, it is what a project or task has named.

-- Small, and looked up before a delivery writes anything: most deliveries of a busy organisation are about
-- repositories that no project and no task here names.
create table private.github_repositories (
  id bigint not null generated always as identity,
  github_id bigint,
  repo_owner text not null,
  repo_name text not null,
  is_current boolean not null default true,
  named_at timestamptz,
  created_at timestamptz not null default now(),
  constraint github_repositories_pkey primary key (id),
  constraint github_repositories_name_is_lower_case
    check (repo_owner = lower(repo_owner) and repo_name = lower(repo_name)),
  constraint github_repositories_unreported_ones_are_current check (is_current or github_id is not null)
);
comment on table private.github_repositories is
  'The repositories that projects and tasks have named, by GitHub''s id where it is known.';
comment on column private.github_repositories.github_id is
  'GitHub''s numeric id; null until GitHub has reported the repository.';
comment on column private.github_repositories.repo_owner is 'Its owner, as last reported, in lower case.';
comment on column private.github_repositories.is_current is
  'Whether its name leads to it; false where another repository has taken the name.';
comment on column private.github_repositories.named_at is
  'When it had this name, by GitHub''s clock: an earlier report does not rename it back.';
-- Partial, and so no key that a foreign key could name: setting it waits for nobody who names the repository.
create unique index github_repositories_github_id_key on private.github_repositories (github_id)
  where github_id is not null;
create unique index github_repositories_name_key on private.github_repositories (repo_owner, repo_name)
  where is_current;
alter table private.github_repositories enable row level security;

create or replace function private.find_repository(p_owner text, p_name text) returns bigint
language plpgsql stable security definer set search_path = '' set enable_seqscan = 'off' as $$
begin
  return (
    select r.id from private.github_repositories as r
    where r.repo_owner = p_owner and r.repo_name = p_name and r.is_current
  );
end;
$$;
comment on function private.find_repository is
  'The repository of this name, given in lower case; null for none.';

create or replace function private.ensure_repository(p_owner text, p_name text) returns bigint
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_id bigint := private.find_repository(p_owner, p_name);
begin
  if v_id is null and p_owner is not null and p_name is not null then
    insert into private.github_repositories (repo_owner, repo_name) values (p_owner, p_name)
    on conflict (repo_owner, repo_name) where is_current do nothing
    returning id into v_id;
    v_id := coalesce(v_id, private.find_repository(p_owner, p_name));
  end if;
  return v_id;
end;
$$;
comment on function private.ensure_repository is
  'The repository of this name, given in lower case; inserts it if there is none. Null for nulls.';

create or replace function private.register_task_repository() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.ensure_repository(r.o_owner, r.o_name)
  from private.parse_repository_url(new.repo_url) as r;
  return null;
end;
$$;
comment on function private.register_task_repository is 'After-row trigger of tasks.';
create trigger _520_register_repository after insert on public.tasks
  for each row when (new.repo_url is not null) execute function private.register_task_repository();
create trigger _530_register_repository after update on public.tasks
  for each row when (old.repo_url is distinct from new.repo_url)
  execute function private.register_task_repository();

create table private.project_repositories (
  project_id bigint not null,
  repository_id bigint not null,
  next_attempt_at timestamptz default now(),
  attempts_count integer not null default 0,
  constraint project_repositories_pkey primary key (project_id),
  constraint project_repositories_project_id_fkey
    foreign key (project_id) references public.projects (id) on delete cascade,
  constraint project_repositories_repository_id_fkey
    foreign key (repository_id) references private.github_repositories (id) on delete cascade
);
comment on table private.project_repositories is
  'The repository of each project at GitHub: what its repo_url led to when it was written.';
comment on column private.project_repositories.next_attempt_at is
  'When the sweep asks GitHub for the id of the repository, or for its name by its id; null for not.';
comment on column private.project_repositories.attempts_count is
  'How many times in a row GitHub has not shown it to the token of the project''s user.';
create index project_repositories_next_attempt_at_idx on private.project_repositories (next_attempt_at)
  where next_attempt_at is not null;
create index project_repositories_repository_id_idx on private.project_repositories (repository_id);
alter table private.project_repositories enable row level security;

create or replace function private.sync_project_repository() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_id constant bigint := (
    select private.ensure_repository(r.o_owner, r.o_name)
    from private.parse_repository_url(new.repo_url) as r
  );
begin
  delete from private.project_repositories as l where l.project_id = new.id;
  if v_id is not null then
    insert into private.project_repositories (project_id, repository_id, next_attempt_at)
    select new.id, r.id, case when r.github_id is null then now() end
    from private.github_repositories as r where r.id = v_id;
  end if;
  return null;
end;
$$;
comment on function private.sync_project_repository is
  'After-row trigger of a project''s repo_url: the repository that it leads to.';
create trigger _520_sync_project_repository after insert on public.projects
  for each row execute function private.sync_project_repository();
-- What moves a project along with its repository has set the link itself.
create trigger _530_sync_project_repository after update of repo_url on public.projects
  for each row when (
    old.repo_url is distinct from new.repo_url
    and current_setting('app.moving_repository', true) is distinct from 'on'
  )
  execute function private.sync_project_repository();

create or replace function private.is_known_repository(p_github_id bigint, p_owner text, p_name text)
returns boolean
language plpgsql stable security definer set search_path = '' as $$
begin
  return private.find_repository(p_owner, p_name) is not null
    or exists (select from private.github_repositories as r where r.github_id = p_github_id);
end;
$$;
comment on function private.is_known_repository is
  'Whether a project or a task has named this repository, by GitHub''s id or a name in lower case.';
