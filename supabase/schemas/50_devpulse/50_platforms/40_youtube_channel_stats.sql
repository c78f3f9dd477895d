-- The numbers of a YouTube channel per day.

create table public.youtube_channel_stats (
  id uuid not null default gen_random_uuid(),
  platform_connection_id uuid not null,
  date date not null,
  subscriber_count bigint not null default 0,
  total_views bigint not null default 0,
  video_count integer not null default 0,
  created_at timestamptz not null default now(),
  constraint youtube_channel_stats_pkey primary key (id),
  constraint youtube_channel_stats_connection_date_idx unique (platform_connection_id, date),
  constraint youtube_channel_stats_platform_connection_id_fkey
    foreign key (platform_connection_id) references public.platform_connections (id) on delete cascade
);
create index youtube_channel_stats_platform_connection_id_idx
  on public.youtube_channel_stats (platform_connection_id);
create index youtube_channel_stats_date_idx on public.youtube_channel_stats (date);
comment on table public.youtube_channel_stats is
  'One row per connection and day that was read, with the last numbers of that day. Users see their own, and '
  'those that monitors of their workspaces cover.';
comment on column public.youtube_channel_stats.date is 'The day in the user''s time zone.';
comment on column public.youtube_channel_stats.subscriber_count is
  'Rounded by YouTube to three significant figures; 0 where the owner hides it.';

alter table public.youtube_channel_stats enable row level security;
create policy youtube_channel_stats_select_own_and_workspace on public.youtube_channel_stats
  for select to authenticated using (
    platform_connection_id = any (array(select private.my_connection_ids()))
    or platform_connection_id = any (array(select private.my_shared_connection_ids()))
  );

grant select on public.youtube_channel_stats to authenticated;
grant select, insert, update, delete on public.youtube_channel_stats to service_role;
