-- The numbers of days, as snapshots have them.

create or replace function private.null_metrics(p_metrics jsonb) returns text[]
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return array(
    select (p.key || '.' || m.key) collate "C"
    from jsonb_each(p_metrics) as p cross join lateral jsonb_each(p.value) as m
    where m.value = 'null'
    order by 1
  );
end;
$$;
comment on function private.null_metrics is 'The gaps of a snapshot: the metrics that are null, sorted.';

create or replace function private.count_daily(p_user_ids uuid[], p_days date[])
returns setof private.counted_snapshot
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
declare
  v_scopes constant private.count_scope[] := array(
    select s from private.count_scopes(p_user_ids, p_days) as s
  );
  v_github constant private.count_scope[] := array(
    select distinct on (s.unit_id) s from unnest(v_scopes) as s where s.platform = 'github'
    order by s.unit_id
  );
  v_youtube constant private.count_scope[] := array(
    select distinct on (s.unit_id) s from unnest(v_scopes) as s where s.platform = 'youtube'
    order by s.unit_id
  );
  v_devto constant private.count_scope[] := array(
    select distinct on (s.unit_id) s from unnest(v_scopes) as s where s.platform = 'devto'
    order by s.unit_id
  );
begin
  return query
  with counted as materialized (
    select unit_id, coalesce(r.metrics, '{}') || coalesce(c.metrics, '{}') as metrics
    from private.count_repositories(v_github) as r
    full join private.count_contributions(v_github) as c using (unit_id)
    union all
    select * from private.count_youtube(v_youtube)
    union all
    select * from private.count_devto(v_devto)
  )
  select s.user_id, s.workspace_id, s.platform, s.day, m.metrics,
    case when c.metrics @? '$.* ? (@ == null)' then private.null_metrics(m.metrics) else '{}' end,
    c.metrics @? '$.* ? (@ != null)', s.is_watched
  from counted as c
  join unnest(v_scopes) as s on s.unit_id = c.unit_id
  cross join lateral (select jsonb_build_object(s.platform, c.metrics) as metrics) as m;
end;
$$;
comment on function private.count_daily is
  'Counts these days of these users, p_days[n] of p_user_ids[n], alone and in each workspace, per platform.';
