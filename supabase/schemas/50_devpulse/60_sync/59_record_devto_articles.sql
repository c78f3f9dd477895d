-- Records a run's answers about articles.

create or replace function private.record_devto_articles(
  p_run_id bigint, p_fencing_token bigint, p_payload jsonb
) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_schedule private.sync_schedule := private.lock_sync_lease(p_run_id, p_fencing_token);
  v_id constant uuid := v_schedule.connection_id;
  v_observed_at constant timestamptz := private.observed_at(p_payload);
  v_articles constant jsonb := coalesce(p_payload -> 'articles', '[]'::jsonb);
  v_listed constant bigint[] := private.parse_ids(p_payload -> 'listed_ids');
  v_removed integer;
  v_metrics text[];
  v_ids text[];
  v_values numeric[];
begin
  perform private.upsert_devto_articles(v_id, v_articles, v_observed_at);
  v_removed := private.remove_devto_articles(v_schedule, v_listed, v_observed_at);
  select array_agg(v.metric), array_agg(n.devto_article_id::text), array_agg(v.value::numeric)
  into v_metrics, v_ids, v_values
  from jsonb_populate_recordset(null::public.devto_articles, v_articles) as n
  cross join lateral (
    values ('views', n.view_count), ('reactions', n.reaction_count), ('comments', n.comment_count)
  ) as v (metric, value);
  perform private.store_readings(v_id, v_observed_at, v_metrics, v_ids, v_values);
  if v_listed is not null and v_removed is not null then
    perform private.store_readings(v_id, v_observed_at, array['articles'], array[''], array[(
      select count(*)::numeric from public.devto_articles as a
      where a.platform_connection_id = v_id and a.removed_at is null
    )]);
  end if;
  perform private.store_sync_cursor(v_id, p_payload -> 'cursor');
  return jsonb_build_object('removed', coalesce(v_removed, 0), 'is_suspect', v_removed is null);
end;
$$;
grant execute on function private.record_devto_articles to service_role;

create or replace function public.record_devto_articles(
  run_id bigint, fencing_token bigint, payload jsonb
) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.record_devto_articles(
    record_devto_articles.run_id, record_devto_articles.fencing_token, record_devto_articles.payload
  );
end;
comment on function public.record_devto_articles is
  'Stores what a run read about articles: {observed_at, articles (rows of devto_articles; null for a number '
  'that is not valid), listed_ids (the whole list, else left out), cursor}. Returns {removed, is_suspect}. '
  'Service role only. Errors: devpulse_sync_lease_expired (410).';
grant execute on function public.record_devto_articles to service_role;
