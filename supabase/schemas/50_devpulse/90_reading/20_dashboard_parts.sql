-- The parts of the dashboard: of the caller, or of a workspace that private.dashboard() has checked.
--
-- Without row security, which costs each of their statements more than what they read: their own conditions
-- name the caller or the workspace.

create or replace function private.dashboard_connections() returns jsonb
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select coalesce(jsonb_agg(
      jsonb_build_object(
        'id', c.id, 'platform', c.platform, 'platform_username', c.platform_username, 'status', c.status,
        'status_reason', c.status_reason, 'is_active', c.is_active, 'last_synced_at', c.last_synced_at
      ) order by c.platform
    ), '[]')
    from public.platform_connections as c where c.user_id = (select auth.uid())
  );
end;
$$;
comment on function private.dashboard_connections is 'The caller''s connections with their state.';

create or replace function private.list_flow_metrics() returns text[]
language plpgsql stable security definer set search_path = '' as $$
begin
  return array(select m.metric from private.snapshot_metrics as m where m.fold = 'flow');
end;
$$;
comment on function private.list_flow_metrics is
  'The metrics that count what happened in a period; the others are levels.';

create or replace function private.last_snapshot_day(
  p_workspace_id uuid, p_platform text, p_incomplete date[]
) returns date
language plpgsql stable security definer set search_path = '' as $$
begin
  if p_workspace_id is null then
    return (
      select s.snapshot_date from public.analytics_snapshots as s
      where s.user_id = (select auth.uid()) and s.workspace_id is null and s.platform = p_platform
        and s.snapshot_type = 'daily'
      order by s.snapshot_date desc limit 1
    );
  end if;
  return (
    select s.snapshot_date from public.analytics_snapshots as s
    where s.workspace_id = p_workspace_id and s.platform = p_platform and s.snapshot_type = 'daily'
      and s.snapshot_date <> all (p_incomplete)
    order by s.snapshot_date desc limit 1
  );
end;
$$;
comment on function private.last_snapshot_day is
  'The last day of a platform of which the caller, or a workspace, has numbers.';

-- NaN makes a sum and a delta unknown.
create or replace function private.dashboard_snapshot(
  p_workspace_id uuid, p_platform text, p_day date, p_flows text[]
) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    with cell as (
      select p.key as part, m.key as metric, m.key = any (p_flows) as is_flow,
        sum(c.value) filter (where s.snapshot_date = p_day) as value,
        sum(c.value) filter (where s.snapshot_date = p_day - 7) as week_ago,
        sum(c.value) filter (where s.snapshot_date = p_day - 30) as month_ago
      from (
        select o.snapshot_date, o.metrics from public.analytics_snapshots as o
        where p_workspace_id is null and o.user_id = (select auth.uid()) and o.workspace_id is null
          and o.platform = p_platform and o.snapshot_type = 'daily'
          and o.snapshot_date = any (array[p_day, p_day - 7, p_day - 30])
        union all
        select o.snapshot_date, o.metrics from public.analytics_snapshots as o
        where o.workspace_id = p_workspace_id and o.platform = p_platform and o.snapshot_type = 'daily'
          and o.snapshot_date = any (array[p_day, p_day - 7, p_day - 30])
      ) as s
      cross join lateral jsonb_each(s.metrics) as p
      cross join lateral jsonb_each(p.value) as m
      cross join lateral (
        select case when m.value = 'null' then 'NaN'::numeric else m.value::numeric end as value
      ) as c
      group by p.key, m.key
    ),
    part as (
      select c.part, jsonb_object_agg(c.metric, nullif(c.value, 'NaN')) as metrics,
        jsonb_object_agg(c.metric, nullif(c.value - c.week_ago, 'NaN')) filter (where not c.is_flow) as week,
        jsonb_object_agg(c.metric, nullif(c.value - c.month_ago, 'NaN')) filter (where not c.is_flow)
          as month,
        array_agg((c.part || '.' || c.metric) collate "C") filter (where c.value = 'NaN') as gaps
      from cell as c where c.value is not null group by c.part
    )
    select jsonb_build_object(
      'snapshot_date', p_day, 'metrics', jsonb_object_agg(p.part, p.metrics),
      'gaps', (
        select coalesce(jsonb_agg(g.name order by g.name), '[]')
        from part as o cross join lateral unnest(o.gaps) as g (name)
      ),
      'deltas', jsonb_build_object(
        '7_days', jsonb_object_agg(p.part, p.week), '30_days', jsonb_object_agg(p.part, p.month)
      )
    )
    from part as p having count(*) > 0
  );
end;
$$;
comment on function private.dashboard_snapshot is
  'A day of a platform, of the caller or of a workspace, and how its levels changed within 7 and 30 days; '
  'null without numbers.';

create or replace function private.dashboard_goals(p_workspace_id uuid) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select coalesce(jsonb_agg(to_jsonb(o) order by o.end_date, o.start_date, o.id), '[]')
    from (
      select g.* from public.goal_progress as g
      where case when p_workspace_id is null then g.user_id = (select auth.uid())
          else g.workspace_id = p_workspace_id end
        and not g.is_achieved and (g.end_date is null or g.end_date >= (now() at time zone 'UTC')::date - 1)
      order by g.end_date, g.start_date, g.id
      limit 50
    ) as o
    where o.status <> 'ended'
  );
end;
$$;
comment on function private.dashboard_goals is
  'The open goals of the caller or of a workspace with their pace: 50 at most, those that end first.';
