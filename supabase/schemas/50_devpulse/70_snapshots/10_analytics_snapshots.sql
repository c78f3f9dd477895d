-- Snapshots: the numbers of a user's day, week or month, on a platform or on all.

create table public.analytics_snapshots (
  id uuid not null default gen_random_uuid(),
  user_id uuid not null,
  workspace_id uuid,
  platform text not null,
  snapshot_type text not null,
  snapshot_date date not null,
  metrics jsonb not null,
  created_at timestamptz not null default now(),
  gaps text[] not null default '{}',
  constraint analytics_snapshots_pkey primary key (id),
  constraint analytics_snapshots_user_platform_date_idx
    unique nulls not distinct (user_id, workspace_id, platform, snapshot_date, snapshot_type),
  constraint analytics_snapshots_user_id_fkey
    foreign key (user_id) references public.profiles (id) on delete cascade,
  constraint analytics_snapshots_workspace_id_fkey
    foreign key (workspace_id) references public.workspaces (id) on delete cascade,
  constraint analytics_snapshots_platform_is_known check (platform in ('github', 'youtube', 'devto', 'all')),
  constraint analytics_snapshots_type_is_known check (snapshot_type in ('daily', 'weekly', 'monthly')),
  constraint analytics_snapshots_metrics_are_an_object check (jsonb_typeof(metrics) = 'object')
);
create index analytics_snapshots_user_id_idx on public.analytics_snapshots (user_id);
create index analytics_snapshots_workspace_id_idx on public.analytics_snapshots (workspace_id);
create index analytics_snapshots_platform_idx on public.analytics_snapshots (platform);
create index analytics_snapshots_date_idx on public.analytics_snapshots (snapshot_date);
-- A workspace's series: the sum over its users.
create index analytics_snapshots_workspace_platform_date_idx
  on public.analytics_snapshots (workspace_id, platform, snapshot_type, snapshot_date)
  where workspace_id is not null;
comment on table public.analytics_snapshots is
  'Numbers per user, workspace, platform and period, made by a job. Users see their own without a '
  'workspace; members see those of their workspaces.';
comment on column public.analytics_snapshots.workspace_id is
  'Null: everything that the user watches. Else what they watch in this workspace; the workspace''s number '
  'is the sum over its users.';
comment on column public.analytics_snapshots.platform is
  'github, youtube, devto, or all of them in one row.';
comment on column public.analytics_snapshots.snapshot_date is
  'The day in the user''s time zone; of a week its Monday, of a month its first day.';
comment on column public.analytics_snapshots.metrics is
  '{"github": {"total_stars": 1500, …}, …} with a key per platform; null for a number that is not known.';
comment on column public.analytics_snapshots.gaps is
  'The metrics that were not read in the period, as <platform>.<metric>; they are null in metrics.';

create trigger _900_set_created_at before insert or update on public.analytics_snapshots
  for each row execute function private.set_created_at();

alter table public.analytics_snapshots enable row level security;
create policy analytics_snapshots_select_own_and_workspace on public.analytics_snapshots
  for select to authenticated using (
    workspace_id is null and user_id = (select auth.uid())
    or workspace_id = any (array(select private.my_workspace_ids()))
  );

grant select on public.analytics_snapshots to authenticated;
grant select, insert, update, delete on public.analytics_snapshots to service_role;
