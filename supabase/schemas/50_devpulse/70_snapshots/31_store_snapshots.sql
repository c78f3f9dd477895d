-- Writes what was counted: what changed, and nothing else.

create type private.counted_snapshot as (
  user_id uuid,
  workspace_id uuid,
  platform text,
  day date,
  metrics jsonb,
  gaps text[],
  is_known boolean,
  is_watched boolean
);
comment on type private.counted_snapshot is
  'A snapshot as it is to be stored. is_known: whether any of its metrics is known. is_watched: whether '
  'there was a monitor in it.';

-- What is stored is looked up before anything is inserted. Two branches, for a row of the user alone and one
-- in a workspace: `is not distinct from` uses no index.
create or replace function private.store_snapshots(p_type text, p_rows private.counted_snapshot[])
returns void
language plpgsql volatile security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
declare
  v_changed constant private.counted_snapshot[] := array(
    select r
    from unnest(p_rows) as r
    left join lateral (
      select s.metrics, s.gaps from public.analytics_snapshots as s
      where r.workspace_id is null and s.workspace_id is null and s.user_id = r.user_id
        and s.platform = r.platform and s.snapshot_date = r.day and s.snapshot_type = p_type
      union all
      select s.metrics, s.gaps from public.analytics_snapshots as s
      where s.workspace_id = r.workspace_id and s.user_id = r.user_id
        and s.platform = r.platform and s.snapshot_date = r.day and s.snapshot_type = p_type
    ) as e on true
    where (e.metrics, e.gaps) is distinct from (r.metrics, r.gaps)
  );
begin
  insert into public.analytics_snapshots as o (
    user_id, workspace_id, platform, snapshot_type, snapshot_date, metrics, gaps
  )
  select r.user_id, r.workspace_id, r.platform, p_type, r.day, r.metrics, r.gaps from unnest(v_changed) as r
  on conflict on constraint analytics_snapshots_user_platform_date_idx do update
  set metrics = excluded.metrics, gaps = excluded.gaps;
end;
$$;
comment on function private.store_snapshots is
  'Inserts these snapshots, or updates those that are different. A row that is the same is not written.';

create or replace function private.clear_snapshots(
  p_type text, p_platforms text[], p_user_ids uuid[], p_days date[], p_rows private.counted_snapshot[]
) returns void
language plpgsql volatile security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
begin
  delete from public.analytics_snapshots as d
  where d.id in (
    select s.id
    from (select distinct a.user_id, a.day from unnest(p_user_ids, p_days) as a (user_id, day)) as a
    join private.list_workspaces(p_user_ids) as w on w.user_id = a.user_id
    cross join unnest(p_platforms) as p (platform)
    cross join lateral (
      select s.id from public.analytics_snapshots as s
      where w.workspace_id is null and s.workspace_id is null and s.user_id = a.user_id
        and s.platform = p.platform and s.snapshot_date = a.day and s.snapshot_type = p_type
      union all
      select s.id from public.analytics_snapshots as s
      where s.workspace_id = w.workspace_id and s.user_id = a.user_id
        and s.platform = p.platform and s.snapshot_date = a.day and s.snapshot_type = p_type
    ) as s
    left join unnest(p_rows) as r on r.user_id = a.user_id and r.platform = p.platform and r.day = a.day
      and coalesce(r.workspace_id, r.user_id) = coalesce(w.workspace_id, a.user_id)
    where r.user_id is null
  );
end;
$$;
comment on function private.clear_snapshots is
  'Deletes the snapshots of these days, p_days[n] of p_user_ids[n], that are not among p_rows: what the '
  'monitors no longer cover.';
