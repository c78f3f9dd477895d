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

-- Whoever travels west may be in a day again that has been closed. It stays closed: nothing closes it again.
create or replace function private.current_days(p_user_ids uuid[], p_now timestamptz)
returns table (user_id uuid, current_day date)
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
begin
  return query
  select p.id, greatest(private.local_day(p.timezone, p_now), s.closed_through + 1)
  from public.profiles as p left join private.snapshot_state as s on s.user_id = p.id
  where p.id = any (p_user_ids);
end;
$$;
comment on function private.current_days is
  'The day of each of these users that is not over: the first one that is not closed, at least today.';

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
    select case when c.day < d.current_day - v_readings_days then private.complete_old_snapshot(c) else c end
    from private.count_daily(p_user_ids, p_days) as c
    join private.current_days(p_user_ids, p_now) as d on d.user_id = c.user_id
    where c.is_known or c.is_watched and c.day < d.current_day
  );
  select array_agg(a.user_id), array_agg(a.day) into v_current_ids, v_current_days
  from unnest(p_user_ids, p_days) as a (user_id, day)
  join private.current_days(p_user_ids, p_now) as d on d.user_id = a.user_id
  where a.day >= d.current_day;
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
