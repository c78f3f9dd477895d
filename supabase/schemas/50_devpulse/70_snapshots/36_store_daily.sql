-- Stores the snapshots of days, per platform.

create or replace function private.complete_old_snapshot(p_row private.counted_snapshot)
returns private.counted_snapshot
language plpgsql stable security definer set search_path = '' as $$
declare
  v_row private.counted_snapshot := p_row;
  v_old jsonb;
  v_new constant jsonb := p_row.metrics -> p_row.platform;
begin
  select s.metrics -> p_row.platform into v_old
  from public.analytics_snapshots as s
  where s.user_id = p_row.user_id and s.workspace_id is not distinct from p_row.workspace_id
    and s.platform = p_row.platform and s.snapshot_date = p_row.day and s.snapshot_type = 'daily';
  if found then
    v_row.metrics := jsonb_build_object(p_row.platform, v_new || v_old || jsonb_strip_nulls(v_new));
    v_row.gaps := private.null_metrics(v_row.metrics);
  end if;
  return v_row;
end;
$$;
comment on function private.complete_old_snapshot is
  'A day whose readings have been deleted, with the numbers that its snapshot has of them.';

create or replace function private.store_daily(p_user_ids uuid[], p_days date[], p_now timestamptz)
returns void
language plpgsql volatile security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
declare
  v_readings_days constant integer := (select s.reading_retention_days from public.devpulse_settings as s);
  v_rows private.counted_snapshot[];
  v_current_ids uuid[];
  v_current_days date[];
begin
  -- of a day that is not over, or before there was a monitor, nothing is stored while no number is known
  v_rows := array(
    select case when c.day < d.today - v_readings_days then private.complete_old_snapshot(c) else c end
    from private.count_daily(p_user_ids, p_days) as c
    join public.profiles as p on p.id = c.user_id
    cross join lateral (select (p_now at time zone coalesce(p.timezone, 'UTC'))::date as today) as d
    where c.is_known or c.is_watched and c.day < d.today
  );
  select array_agg(a.user_id), array_agg(a.day) into v_current_ids, v_current_days
  from unnest(p_user_ids, p_days) as a (user_id, day)
  join public.profiles as p on p.id = a.user_id
  where a.day >= (p_now at time zone coalesce(p.timezone, 'UTC'))::date;
  if v_current_ids is not null then
    perform private.clear_snapshots(
      'daily', array['github', 'youtube', 'devto'], v_current_ids, v_current_days, v_rows
    );
  end if;
  perform private.store_snapshots('daily', v_rows);
end;
$$;
comment on function private.store_daily is
  'Counts these days of these users and stores what changed. What was covered on a day that is over stays.';
