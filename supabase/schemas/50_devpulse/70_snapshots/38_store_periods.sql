-- Stores the snapshots of weeks and months, made of those of their days.

create or replace function private.period_start(p_type text, p_day date) returns date
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return case p_type when 'weekly' then date_trunc('week', p_day::timestamp)::date
    when 'monthly' then date_trunc('month', p_day::timestamp)::date else p_day end;
end;
$$;
comment on function private.period_start is
  'The first day of the period of a type of snapshot: a Monday, the first of a month, or the day itself.';

create or replace function private.period_end(p_type text, p_start date) returns date
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return case p_type when 'weekly' then p_start + 6
    when 'monthly' then (p_start::timestamp + interval '1 month')::date - 1 else p_start end;
end;
$$;
comment on function private.period_end is 'The last day of the period that begins with this one.';

create or replace function private.last_known_metrics(
  p_user_id uuid, p_workspace_id uuid, p_platform text, p_from date, p_to date
) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
begin
  -- of equal keys jsonb_object_agg keeps the last one: a known number, the latest
  return (
    select jsonb_object_agg(m.key, m.value order by m.value <> 'null', s.snapshot_date)
    from public.analytics_snapshots as s cross join lateral jsonb_each(s.metrics -> s.platform) as m
    where s.user_id = p_user_id and s.workspace_id is not distinct from p_workspace_id
      and s.platform = p_platform and s.snapshot_type = 'daily' and s.snapshot_date between p_from and p_to
  );
end;
$$;
comment on function private.last_known_metrics is
  'Each metric of the days of a period, by its last known number; null where it is not known on any.';

create type private.counted_days as (
  user_id uuid,
  workspace_id uuid,
  platform text,
  starts_on date,
  ends_on date,
  last_metrics jsonb,
  is_incomplete boolean,
  flows jsonb
);
comment on type private.counted_days is
  'The daily snapshots of a period. last_metrics: of the last of them. is_incomplete: these have gaps, or '
  'not all days have the same metrics. flows: the sums of the contributions, null for one that is not known.';

-- A flow is known once it is known of each day that is over.
create or replace function private.count_days(
  p_type text, p_user_ids uuid[], p_starts date[], p_now timestamptz
) returns setof private.counted_days
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
begin
  return query
  select p.user_id, p.workspace_id, p.platform, p.starts_on, p.ends_on, d.last_metrics,
    d.gaps_count > 0 or d.is_varied, case
      when not d.has_flows then '{}'
      when d.known_count <= least(p.ends_on, p.today - 1) - p.starts_on
        then '{"commits": null, "pull_requests": null, "issues": null}'
      else d.flows
    end
  from (
    select w.user_id, w.workspace_id, f.platform, a.starts_on,
      private.period_end(p_type, a.starts_on) as ends_on,
      (p_now at time zone coalesce(p.timezone, 'UTC'))::date as today
    from unnest(p_user_ids, p_starts) as a (user_id, starts_on)
    join public.profiles as p on p.id = a.user_id
    join private.list_workspaces(p_user_ids) as w on w.user_id = a.user_id
    cross join unnest(array['github', 'youtube', 'devto']) as f (platform)
  ) as p
  cross join lateral (
    select (array_agg(s.numbers order by s.snapshot_date desc))[1] as last_metrics,
      (array_agg(cardinality(s.gaps) order by s.snapshot_date desc))[1] as gaps_count,
      count(distinct (s.numbers ? 'total_stars', s.numbers ? 'commits')) > 1 as is_varied,
      bool_or(s.numbers ? 'commits') as has_flows,
      count(s.numbers ->> 'commits') filter (where s.snapshot_date < p.today) as known_count,
      jsonb_build_object(
        'commits', sum((s.numbers ->> 'commits')::numeric),
        'pull_requests', sum((s.numbers ->> 'pull_requests')::numeric),
        'issues', sum((s.numbers ->> 'issues')::numeric)
      ) as flows
    from (
      select o.metrics -> p.platform as numbers, o.gaps, o.snapshot_date from public.analytics_snapshots as o
      where p.workspace_id is null and o.workspace_id is null and o.user_id = p.user_id
        and o.platform = p.platform and o.snapshot_type = 'daily'
        and o.snapshot_date between p.starts_on and p.ends_on
      union all
      select o.metrics -> p.platform, o.gaps, o.snapshot_date from public.analytics_snapshots as o
      where o.workspace_id = p.workspace_id and o.user_id = p.user_id
        and o.platform = p.platform and o.snapshot_type = 'daily'
        and o.snapshot_date between p.starts_on and p.ends_on
    ) as s
  ) as d
  where d.last_metrics is not null;
end;
$$;
comment on function private.count_days is
  'Counts the daily snapshots of periods, p_starts[n] of p_user_ids[n], alone and in each workspace.';

create or replace function private.count_periods(
  p_type text, p_user_ids uuid[], p_starts date[], p_now timestamptz
) returns setof private.counted_snapshot
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
begin
  return query
  with counted as (
    select c.user_id, c.workspace_id, c.platform, c.starts_on,
      c.is_incomplete or c.flows -> 'commits' = 'null' as has_gaps,
      jsonb_build_object(c.platform, c.flows || case when c.is_incomplete
        then private.last_known_metrics(c.user_id, c.workspace_id, c.platform, c.starts_on, c.ends_on)
        else c.last_metrics end || c.flows) as metrics
    from private.count_days(p_type, p_user_ids, p_starts, p_now) as c
  )
  select c.user_id, c.workspace_id, c.platform, c.starts_on, c.metrics,
    case when c.has_gaps then private.null_metrics(c.metrics) else '{}' end, true, true
  from counted as c;
end;
$$;
comment on function private.count_periods is
  'Counts weeks or months of these users: levels of the last day on which each was read, and sums of flows.';

create or replace function private.count_all(p_type text, p_user_ids uuid[], p_starts date[])
returns setof private.counted_snapshot
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
begin
  return query
  with key as (
    select w.user_id, w.workspace_id, a.starts_on
    from unnest(p_user_ids, p_starts) as a (user_id, starts_on)
    join private.list_workspaces(p_user_ids) as w on w.user_id = a.user_id
  ),
  part as (
    select k.user_id, k.workspace_id, k.starts_on, f.platform, s.metrics -> f.platform as numbers, s.gaps
    from key as k
    cross join unnest(array['github', 'youtube', 'devto']) as f (platform)
    cross join lateral (
      select o.metrics, o.gaps from public.analytics_snapshots as o
      where k.workspace_id is null and o.workspace_id is null and o.user_id = k.user_id
        and o.platform = f.platform and o.snapshot_date = k.starts_on and o.snapshot_type = p_type
      union all
      select o.metrics, o.gaps from public.analytics_snapshots as o
      where o.workspace_id = k.workspace_id and o.user_id = k.user_id
        and o.platform = f.platform and o.snapshot_date = k.starts_on and o.snapshot_type = p_type
    ) as s
    union all
    select k.user_id, k.workspace_id, k.starts_on, 'tracker', t.numbers,
      private.null_metrics(jsonb_build_object('tracker', t.numbers))
    from key as k
    cross join lateral private.count_tracker(
      k.user_id, k.starts_on, private.period_end(p_type, k.starts_on)
    ) as t (numbers)
    where k.workspace_id is null and t.numbers is not null
      and k.user_id in (select r.user_id from private.tracker_readings as r)
  )
  select p.user_id, p.workspace_id, 'all', p.starts_on, jsonb_object_agg(p.platform, p.numbers),
    coalesce(string_to_array(
      string_agg(array_to_string(p.gaps, ','), ',' order by p.platform) filter (where p.gaps <> '{}'), ','
    ), '{}'), true, true
  from part as p
  group by p.user_id, p.workspace_id, p.starts_on;
end;
$$;
comment on function private.count_all is
  'The snapshots over all platforms of these periods, made of the stored ones of each, with the tracker''s '
  'numbers for members of the team.';

create or replace function private.store_periods(
  p_type text, p_user_ids uuid[], p_starts date[], p_now timestamptz
) returns void
language plpgsql volatile security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
declare
  v_current_ids uuid[];
  v_current_starts date[];
  v_rows private.counted_snapshot[];
begin
  select array_agg(a.user_id), array_agg(a.starts_on) into v_current_ids, v_current_starts
  from unnest(p_user_ids, p_starts) as a (user_id, starts_on)
  join public.profiles as p on p.id = a.user_id
  where private.period_end(p_type, a.starts_on) >= (p_now at time zone coalesce(p.timezone, 'UTC'))::date;
  if p_type <> 'daily' then
    v_rows := array(select c from private.count_periods(p_type, p_user_ids, p_starts, p_now) as c);
    perform private.clear_snapshots(
      p_type, array['github', 'youtube', 'devto'], v_current_ids, v_current_starts, v_rows
    );
    perform private.store_snapshots(p_type, v_rows);
  end if;
  v_rows := array(select c from private.count_all(p_type, p_user_ids, p_starts) as c);
  perform private.clear_snapshots(p_type, array['all'], v_current_ids, v_current_starts, v_rows);
  perform private.store_snapshots(p_type, v_rows);
end;
$$;
comment on function private.store_periods is
  'Counts weeks or months of these users, and for any type the snapshots over all platforms, and '
  'stores what changed.';
