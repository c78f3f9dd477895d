-- The repositories that GitHub connections watch, with their current numbers.

create table public.github_repositories (
  id uuid not null default gen_random_uuid(),
  platform_connection_id uuid not null,
  github_repo_id bigint not null,
  name text not null,
  full_name text not null,
  description text,
  language text,
  stars_count integer not null default 0,
  forks_count integer not null default 0,
  watchers_count integer not null default 0,
  open_issues_count integer not null default 0,
  is_private boolean not null default false,
  is_fork boolean not null default false,
  default_branch text not null default 'main',
  html_url text not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  synced_at timestamptz not null default now(),
  removed_at timestamptz,
  constraint github_repositories_pkey primary key (id),
  -- not over github_repo_id alone, as in the seed: two users may watch the same repository
  constraint github_repositories_github_repo_id_idx unique (platform_connection_id, github_repo_id),
  constraint github_repositories_platform_connection_id_fkey
    foreign key (platform_connection_id) references public.platform_connections (id) on delete cascade
);
create index github_repositories_platform_connection_id_idx
  on public.github_repositories (platform_connection_id);
create index github_repositories_full_name_idx on public.github_repositories (full_name);
comment on table public.github_repositories is
  'One row per connection and repository, written by platform-sync. Users see their own, and those that '
  'monitors of their workspaces cover.';
comment on column public.github_repositories.github_repo_id is
  'GitHub''s numeric id, which stays the same when the repository is renamed.';
comment on column public.github_repositories.watchers_count is
  'GitHub''s field of that name, which repeats the stars.';
comment on column public.github_repositories.created_at is 'When it was created at GitHub.';
comment on column public.github_repositories.updated_at is 'When it was last changed at GitHub.';
comment on column public.github_repositories.removed_at is
  'Since when GitHub no longer lists it for the connection: deleted, transferred or not readable. It does '
  'not count from then on.';

-- A monitor of the type user shares the contributions, and no repository. Each condition has its index.
alter table public.github_repositories enable row level security;
create policy github_repositories_select_own_and_workspace on public.github_repositories
  for select to authenticated using (
    platform_connection_id = any (array(select private.my_connection_ids()))
    or platform_connection_id = any (array(select private.my_shared_connection_ids('all')))
    or id = any (array(select private.my_shared_repository_ids()))
  );

grant select on public.github_repositories to authenticated;
grant select, insert, update, delete on public.github_repositories to service_role;
