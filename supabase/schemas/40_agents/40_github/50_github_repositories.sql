-- The repositories that projects and tasks have named.

-- Small, and looked up before a delivery writes anything: most deliveries of a busy organisation are about
-- repositories that no project and no task here names.
create table private.github_repositories (
  repo_owner text not null,
  repo_name text not null,
  constraint github_repositories_pkey primary key (repo_owner, repo_name)
);
comment on table private.github_repositories is
  'The repositories that projects and tasks have named, in lower case.';
alter table private.github_repositories enable row level security;

create or replace function private.register_repository(p_owner text, p_name text) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  if p_owner is null or p_name is null or exists (
    select from private.github_repositories as r where r.repo_owner = p_owner and r.repo_name = p_name
  ) then
    return;
  end if;
  insert into private.github_repositories (repo_owner, repo_name) values (p_owner, p_name)
  on conflict on constraint github_repositories_pkey do nothing;
end;
$$;
comment on function private.register_repository is 'Ensures a row for a repository, given in lower case.';

create or replace function private.register_task_repository() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.register_repository(r.o_owner, r.o_name)
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

create or replace function private.register_project_repository() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.register_repository(lower(new.repo_owner), lower(new.repo_name));
  perform private.register_repository(r.o_owner, r.o_name)
  from private.parse_repository_url(new.repo_url) as r;
  return null;
end;
$$;
comment on function private.register_project_repository is 'After-row trigger of projects.';
create trigger _520_register_repository after insert or update on public.projects
  for each row execute function private.register_project_repository();

create or replace function private.is_known_repository(p_owner text, p_name text) returns boolean
language plpgsql stable security definer set search_path = '' as $$
begin
  return exists (
    select from private.github_repositories as r where r.repo_owner = p_owner and r.repo_name = p_name
  );
end;
$$;
comment on function private.is_known_repository is
  'Whether a project or a task has named this repository, given in lower case.';
