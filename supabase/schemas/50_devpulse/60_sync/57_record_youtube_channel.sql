-- Records a run's answers about a channel and its videos.

create or replace function private.record_youtube_channel(
  p_run_id bigint, p_fencing_token bigint, p_payload jsonb
) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_schedule private.sync_schedule := private.lock_sync_lease(p_run_id, p_fencing_token);
  v_id constant uuid := v_schedule.connection_id;
  v_observed_at constant timestamptz := private.observed_at(p_payload);
  v_videos constant jsonb := coalesce(p_payload -> 'videos', '[]'::jsonb);
  v_listed text[];
  v_removed integer;
  v_metrics text[];
  v_ids text[];
  v_values numeric[];
begin
  if p_payload ? 'channel' then
    perform private.store_channel_stats(v_id, p_payload -> 'channel', v_observed_at);
  end if;
  perform private.upsert_youtube_videos(v_id, v_videos, v_observed_at);
  if p_payload ? 'listed_ids' then
    v_listed := array(select jsonb_array_elements_text(p_payload -> 'listed_ids'));
  end if;
  v_removed := private.remove_youtube_videos(v_schedule, v_listed, v_observed_at);
  select array_agg(v.metric), array_agg(n.youtube_video_id), array_agg(v.value::numeric)
  into v_metrics, v_ids, v_values
  from jsonb_populate_recordset(null::public.youtube_videos, v_videos) as n
  cross join lateral (
    values ('views', n.view_count), ('likes', n.like_count::bigint), ('comments', n.comment_count::bigint)
  ) as v (metric, value);
  perform private.store_readings(v_id, v_observed_at, v_metrics, v_ids, v_values);
  if v_removed is not null then
    perform private.store_sync_cursor(v_id, p_payload -> 'cursor');
  end if;
  return jsonb_build_object('removed', coalesce(v_removed, 0), 'is_suspect', v_removed is null);
end;
$$;
grant execute on function private.record_youtube_channel to service_role;

create or replace function public.record_youtube_channel(
  run_id bigint, fencing_token bigint, payload jsonb
) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.record_youtube_channel(
    record_youtube_channel.run_id, record_youtube_channel.fencing_token, record_youtube_channel.payload
  );
end;
comment on function public.record_youtube_channel is
  'Stores what a run read about a channel: {observed_at, channel: {subscribers, views, videos}, videos (rows '
  'of youtube_videos; null for a number that is hidden or not valid), listed_ids (the whole list, else left '
  'out), cursor}. Returns {removed, is_suspect}. Service role only. Errors: '
  'devpulse_sync_lease_expired (410).';
grant execute on function public.record_youtube_channel to service_role;
