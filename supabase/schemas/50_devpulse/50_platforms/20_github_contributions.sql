-- What a GitHub account contributed per day.

create table public.github_contributions (
  id uuid not null default gen_random_uuid(),
  platform_connection_id uuid not null,
  date date not null,
  commits_count integer not null default 0,
  pull_requests_count integer not null default 0,
  issues_count integer not null default 0,
  repositories_contributed_to integer not null default 0,
  created_at timestamptz not null default now(),
  constraint github_contributions_pkey primary key (id),
  constraint github_contributions_connection_date_idx unique (platform_connection_id, date),
  constraint github_contributions_platform_connection_id_fkey
    foreign key (platform_connection_id) references public.platform_connections (id) on delete cascade
);
create index github_contributions_platform_connection_id_idx
  on public.github_contributions (platform_connection_id);
create index github_contributions_date_idx on public.github_contributions (date);
comment on table public.github_contributions is
  'One row per connection and day that was read; a day without a row was not read. Users see their own, and '
  'those that monitors of their workspaces cover.';
comment on column public.github_contributions.date is
  'The day in the time zone that the user had when it was read. The last seven days are read again.';
comment on column public.github_contributions.repositories_contributed_to is
  'Repositories with commits of the day.';

alter table public.github_contributions enable row level security;
create policy github_contributions_select_own_and_workspace on public.github_contributions
  for select to authenticated using (
    platform_connection_id = any (array(select private.my_connection_ids()))
    or platform_connection_id = any (array(select private.my_shared_connection_ids()))
  );

grant select on public.github_contributions to authenticated;
grant select, insert, update, delete on public.github_contributions to service_role;
