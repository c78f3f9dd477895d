-- The numbers of a goal, day by day.

create or replace function private.goal_days(p_goal public.goals, p_from date, p_to date)
returns table (day date, value numeric)
language plpgsql stable security definer set search_path = '' as $$
declare
  v_is_tracker constant boolean := private.is_tracker_metric(p_goal.metric);
  v_platforms constant text[] := case when v_is_tracker then array['tracker']
    when p_goal.platform = 'all' then array['github', 'youtube', 'devto'] else array[p_goal.platform] end;
  v_metric constant text := case when v_is_tracker then substr(p_goal.metric, 9) else p_goal.metric end;
  v_incomplete date[];
begin
  if p_goal.workspace_id is null then
    return query
    select s.snapshot_date, nullif(private.metric_value(s.metrics, v_platforms, v_metric), 'NaN')
    from public.analytics_snapshots as s
    where s.user_id = p_goal.user_id and s.workspace_id is null and s.platform = p_goal.platform
      and s.snapshot_type = 'daily' and s.snapshot_date between p_from and p_to;
    return;
  end if;
  -- the numbers of a workspace are for its members
  if not exists (
    select from public.workspace_members as m
    where m.workspace_id = p_goal.workspace_id and m.user_id = p_goal.user_id
  )
  then
    return;
  end if;
  v_incomplete := private.incomplete_periods(p_goal.workspace_id, p_goal.platform, 'daily');
  return query
  select s.snapshot_date, nullif(sum(private.metric_value(s.metrics, v_platforms, v_metric)), 'NaN')
  from public.analytics_snapshots as s
  where s.workspace_id = p_goal.workspace_id and s.platform = p_goal.platform
    and s.snapshot_type = 'daily' and s.snapshot_date between p_from and p_to
    and s.snapshot_date <> all (v_incomplete)
  group by s.snapshot_date;
end;
$$;
comment on function private.goal_days is
  'The metric of a goal on each day that has a snapshot, of its user or summed over its workspace; null '
  'for a gap.';

create or replace function private.last_goal_value(p_goal public.goals, p_to date) returns numeric
language plpgsql stable security definer set search_path = '' as $$
declare
  v_days integer;
  v_value numeric;
begin
  -- nearly always within the last month
  foreach v_days in array array[31, 366, 3700] loop
    select d.value into v_value
    from private.goal_days(p_goal, p_to - v_days, p_to) as d
    where d.value is not null
    order by d.day desc
    limit 1;
    exit when found;
  end loop;
  return v_value;
end;
$$;
comment on function private.last_goal_value is 'The last known value of a goal''s metric up to a day.';

create or replace function private.goal_amount(p_goal public.goals, p_baseline numeric, p_value numeric)
returns numeric
language plpgsql immutable security invoker set search_path = '' as $$
begin
  if p_goal.unit <> 'percentage' then
    return p_value;
  end if;
  return 100 * (p_value - p_baseline) / case p_baseline when 0 then 1 else p_baseline end;
end;
$$;
comment on function private.goal_amount is
  'A value in the unit of the goal. A baseline of 0 counts as 1: from 0 to 4 is 400 percent.';
