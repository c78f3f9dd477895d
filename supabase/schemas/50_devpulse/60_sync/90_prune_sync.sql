-- What is deleted when its time has come: readings, and runs of the sync.

create index metric_readings_day_idx on private.metric_readings using brin (day);

create or replace function private.prune_metric_readings(p_batch_size integer default 100000)
returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_before constant date := current_date - (
    select s.reading_retention_days from public.devpulse_settings as s
  );
  v_count integer;
begin
  delete from private.metric_readings as m
  where m.ctid = any (array(
    select o.ctid from private.metric_readings as o where o.day < v_before limit p_batch_size
  ));
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function private.prune_metric_readings is
  'Deletes up to p_batch_size readings of days before devpulse_settings.reading_retention_days, and returns '
  'how many. For the scheduler.';

create or replace function private.prune_watched_repositories(p_batch_size integer default 10000)
returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_limit constant integer := (select s.resources_per_connection from public.devpulse_settings as s);
  v_count integer;
begin
  delete from public.github_repositories as d
  where d.id in (
    select g.id from (
      select r.*, row_number() over (
        partition by r.platform_connection_id order by r.removed_at is null desc, r.synced_at desc
      ) as number
      from public.github_repositories as r
      where r.platform_connection_id in (
        select o.platform_connection_id from public.github_repositories as o
        group by o.platform_connection_id having count(*) > v_limit
      )
    ) as g
    where g.number > v_limit and g.synced_at < now() - interval '30 days' and (
      g.removed_at is not null or not exists (
        select from public.monitors as m
        where m.platform_connection_id = g.platform_connection_id and m.is_active
          and (m.monitor_type = 'all' or m.platform_resource_id = g.github_repo_id::text)
      )
    )
    limit p_batch_size
  );
  get diagnostics v_count = row_count;
  delete from private.sync_etags as e
  where e.path like '/repositories/%' and not exists (
    select from public.github_repositories as r
    where r.platform_connection_id = e.connection_id and r.github_repo_id = any (e.resource_ids)
  );
  return v_count;
end;
$$;
comment on function private.prune_watched_repositories is
  'Deletes repositories that no monitor covers, of connections that have more than '
  'devpulse_settings.resources_per_connection, a month after they were last read, and returns how many. '
  'For the scheduler.';

create or replace function private.prune_sync_runs(p_batch_size integer default 100000) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_count integer;
begin
  update public.sync_runs as r
  set state = 'failed', error_code = 'devpulse_run_expired', ended_at = clock_timestamp()
  where r.state = 'running' and r.started_at < now() - interval '1 day';
  -- ids are in the order of time
  delete from public.sync_runs as r
  where r.id in (
    select o.id from (
      select i.id, i.started_at from public.sync_runs as i order by i.id limit p_batch_size
    ) as o
    where o.started_at < now() - make_interval(
      days => (select s.run_retention_days from public.devpulse_settings as s)
    )
  );
  get diagnostics v_count = row_count;
  delete from private.sync_requests as q where q.counted_since < now() - interval '1 day';
  return v_count;
end;
$$;
comment on function private.prune_sync_runs is
  'Deletes up to p_batch_size runs that began before devpulse_settings.run_retention_days, the oldest first, '
  'and returns how many. For the scheduler.';

create or replace function private.prune_removed_resources() returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_before constant timestamptz := now() - make_interval(
    days => (select s.reading_retention_days from public.devpulse_settings as s)
  );
  v_repositories integer;
  v_videos integer;
  v_articles integer;
begin
  delete from public.github_repositories as r where r.removed_at < v_before;
  get diagnostics v_repositories = row_count;
  delete from public.youtube_videos as v where v.removed_at < v_before;
  get diagnostics v_videos = row_count;
  delete from public.devto_articles as a where a.removed_at < v_before;
  get diagnostics v_articles = row_count;
  return v_repositories + v_videos + v_articles;
end;
$$;
comment on function private.prune_removed_resources is
  'Deletes repositories, videos and articles that were removed before '
  'devpulse_settings.reading_retention_days, and returns how many. For the scheduler.';
