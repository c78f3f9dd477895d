-- Stores what YouTube answered about a channel and its videos.

-- A number that YouTube hides is null: the stored one stays, and there is no reading of it.
create or replace function private.store_channel_stats(
  p_connection_id uuid, p_channel jsonb, p_observed_at timestamptz
) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_subscribers constant bigint := (p_channel ->> 'subscribers')::bigint;
  v_views constant bigint := (p_channel ->> 'views')::bigint;
  v_videos constant integer := (p_channel ->> 'videos')::integer;
  v_last public.youtube_channel_stats;
begin
  select * into v_last from public.youtube_channel_stats as y
  where y.platform_connection_id = p_connection_id order by y.date desc limit 1;
  insert into public.youtube_channel_stats as y (
    platform_connection_id, date, subscriber_count, total_views, video_count
  )
  values (
    p_connection_id, private.local_sync_day(p_connection_id, p_observed_at),
    coalesce(v_subscribers, v_last.subscriber_count, 0::bigint),
    coalesce(v_views, v_last.total_views, 0::bigint), coalesce(v_videos, v_last.video_count, 0)
  )
  on conflict on constraint youtube_channel_stats_connection_date_idx do update set
    subscriber_count = excluded.subscriber_count, total_views = excluded.total_views,
    video_count = excluded.video_count
  where (y.subscriber_count, y.total_views, y.video_count)
    <> (excluded.subscriber_count, excluded.total_views, excluded.video_count);
  perform private.store_readings(
    p_connection_id, p_observed_at, array['channel_subscribers', 'channel_views', 'channel_videos'],
    array['', '', ''], array[v_subscribers::numeric, v_views::numeric, v_videos::numeric]
  );
end;
$$;
comment on function private.store_channel_stats is
  'Stores a channel''s numbers of the day: {subscribers, views, videos}.';

create or replace function private.upsert_youtube_videos(
  p_connection_id uuid, p_videos jsonb, p_observed_at timestamptz
) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into public.youtube_videos as v (
    platform_connection_id, youtube_video_id, title, description, thumbnail_url, duration_seconds, view_count,
    like_count, comment_count, published_at, synced_at
  )
  select p_connection_id, n.youtube_video_id, n.title, n.description, n.thumbnail_url, n.duration_seconds,
    coalesce(n.view_count, o.view_count, 0::bigint), coalesce(n.like_count, o.like_count, 0),
    coalesce(n.comment_count, o.comment_count, 0), n.published_at, p_observed_at
  from jsonb_populate_recordset(null::public.youtube_videos, p_videos) as n
  left join public.youtube_videos as o
    on o.platform_connection_id = p_connection_id and o.youtube_video_id = n.youtube_video_id
  on conflict on constraint youtube_videos_youtube_video_id_idx do update set
    title = excluded.title, description = excluded.description, thumbnail_url = excluded.thumbnail_url,
    duration_seconds = excluded.duration_seconds, view_count = excluded.view_count,
    like_count = excluded.like_count, comment_count = excluded.comment_count,
    published_at = excluded.published_at, synced_at = excluded.synced_at, removed_at = null
  where v.removed_at is not null or v.synced_at <= excluded.synced_at - interval '1 hour' or (
    v.title, v.description, v.thumbnail_url, v.duration_seconds, v.view_count, v.like_count, v.comment_count,
    v.published_at
  ) is distinct from (
    excluded.title, excluded.description, excluded.thumbnail_url, excluded.duration_seconds,
    excluded.view_count, excluded.like_count, excluded.comment_count, excluded.published_at
  );
end;
$$;
comment on function private.upsert_youtube_videos is
  'Stores videos as YouTube sent them; null numbers keep the stored ones.';

create or replace function private.remove_youtube_videos(
  p_schedule private.sync_schedule, p_listed text[], p_observed_at timestamptz
) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_current bigint;
  v_missing bigint;
  v_count integer;
begin
  if p_listed is null then
    return 0;
  end if;
  select count(*), count(*) filter (where not (v.youtube_video_id = any (p_listed))) into v_current, v_missing
  from public.youtube_videos as v
  where v.platform_connection_id = p_schedule.connection_id and v.removed_at is null;
  if private.is_list_suspect(p_schedule, v_current, v_missing) then
    return null;
  end if;
  update public.youtube_videos as v set removed_at = p_observed_at
  where v.platform_connection_id = p_schedule.connection_id and v.removed_at is null
    and not (v.youtube_video_id = any (p_listed));
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function private.remove_youtube_videos is
  'Marks videos that a complete list does not have, and returns how many; null when it is not believed yet.';
