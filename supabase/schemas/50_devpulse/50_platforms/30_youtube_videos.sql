-- The videos of YouTube connections, with their current numbers.

create table public.youtube_videos (
  id uuid not null default gen_random_uuid(),
  platform_connection_id uuid not null,
  youtube_video_id text not null,
  title text not null,
  description text,
  thumbnail_url text,
  duration_seconds integer,
  view_count bigint not null default 0,
  like_count integer not null default 0,
  comment_count integer not null default 0,
  published_at timestamptz not null,
  synced_at timestamptz not null default now(),
  removed_at timestamptz,
  constraint youtube_videos_pkey primary key (id),
  -- not over youtube_video_id alone, as in the seed: two users may watch the same video
  constraint youtube_videos_youtube_video_id_idx unique (platform_connection_id, youtube_video_id),
  constraint youtube_videos_platform_connection_id_fkey
    foreign key (platform_connection_id) references public.platform_connections (id) on delete cascade
);
create index youtube_videos_platform_connection_id_idx on public.youtube_videos (platform_connection_id);
create index youtube_videos_published_at_idx on public.youtube_videos (published_at);
comment on table public.youtube_videos is
  'One row per connection and video, written by platform-sync. Users see their own, and those that monitors '
  'of their workspaces cover.';
comment on column public.youtube_videos.like_count is '0 where the owner hides it.';
comment on column public.youtube_videos.removed_at is
  'Since when YouTube no longer lists it: deleted or private. It does not count from then on.';

alter table public.youtube_videos enable row level security;
create policy youtube_videos_select_own_and_workspace on public.youtube_videos
  for select to authenticated using (
    platform_connection_id = any (array(select private.my_connection_ids()))
    or platform_connection_id = any (array(select private.my_shared_connection_ids()))
  );

grant select on public.youtube_videos to authenticated;
grant select, insert, update, delete on public.youtube_videos to service_role;
