-- Goals follow the numbers: when their user writes them, and when snapshots are built.

create or replace function private.check_goal_metric() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  -- what is null or not valid here fails at the constraints; row security refuses somebody else's row, and it
  -- alone: this would reveal who is in the team
  if new.platform not in ('github', 'youtube', 'devto', 'all') or new.platform is null
    or new.unit is null or new.goal_type is null
    or new.user_id is distinct from auth.uid() and not private.is_trusted_caller()
  then
    return new;
  end if;
  new.metric := private.parse_metric(new.platform, new.goal_type);
  if new.metric is null or private.is_tracker_metric(new.metric) and not exists (
    select from public.team_members as m where m.user_id = new.user_id
  )
  then
    raise exception using
      errcode = 'PT422', message = 'devpulse_goal_type_invalid',
      detail = format('%L is not a metric of %s.', left(new.goal_type, 100), new.platform),
      hint = format(
        'Use one of: %s. Those of the tracker are for members of the team.',
        private.known_metrics(new.platform)
      );
  end if;
  if lower(btrim(new.unit)) in ('percentage', 'percent', '%') then
    new.unit := 'percentage';
  end if;
  if new.unit = 'percentage' and new.end_date is null and private.is_flow_metric(new.metric) then
    raise exception using
      errcode = 'PT422', message = 'devpulse_goal_unit_invalid',
      detail = 'A percentage of what happens per day is compared with as many days before start_date.',
      hint = 'Set end_date, or count in another unit.';
  end if;
  return new;
end;
$$;
comment on function private.check_goal_metric is
  'Before trigger of goals that are inserted, or of which another number is asked: what it counts. Errors: '
  'devpulse_goal_type_invalid, devpulse_goal_unit_invalid (422).';

-- Of a goal that leaves its workspace nothing is checked: its user may not be in the team any more, and that
-- keeps nobody in a workspace.
create or replace function private.count_written_goal() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  if new.metric is null or new.target_value is null or new.start_date is null then
    return new;
  end if;
  new.is_achieved := false;
  new.achieved_at := null;
  new := private.count_goal(new, null, now());
  -- for snapshots that are being built right now
  if not exists (select from private.snapshot_marks as m where m.user_id = new.user_id) then
    perform private.mark_today(array[new.user_id]);
  end if;
  return new;
end;
$$;
comment on function private.count_written_goal is
  'Before trigger of goals that are inserted, or of which another thing is asked: counts it.';

create or replace function private.ignore_counted_values() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
begin
  new.current_value := old.current_value;
  new.is_achieved := old.is_achieved;
  new.achieved_at := old.achieved_at;
  new.baseline_value := old.baseline_value;
  new.metric := old.metric;
  return new;
end;
$$;
comment on function private.ignore_counted_values is
  'Before trigger of goals that a client updates: what the database counts stays as it is.';

create trigger _205_check_goal_metric before insert on public.goals
  for each row execute function private.check_goal_metric();
create trigger _210_count_written_goal before insert on public.goals
  for each row execute function private.count_written_goal();
create trigger _200_ignore_counted_values before update on public.goals
  for each row when (current_user in ('anon', 'authenticated', 'service_role'))
  execute function private.ignore_counted_values();
create trigger _206_check_goal_metric before update on public.goals
  for each row when (
    (old.platform, old.goal_type, old.unit, old.end_date)
      is distinct from (new.platform, new.goal_type, new.unit, new.end_date)
  )
  execute function private.check_goal_metric();
create trigger _211_count_written_goal before update on public.goals
  for each row when (
    (
      old.workspace_id, old.platform, old.goal_type, old.target_value, old.unit, old.start_date, old.end_date,
      old.direction
    ) is distinct from (
      new.workspace_id, new.platform, new.goal_type, new.target_value, new.unit, new.start_date, new.end_date,
      new.direction
    )
  )
  execute function private.count_written_goal();

create or replace function private.lock_goals(p_user_ids uuid[], p_days date[])
returns table (goal_id uuid, since date)
language plpgsql volatile security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
begin
  return query
  with day as (
    select a.user_id, min(a.day) as since
    from unnest(p_user_ids, p_days) as a (user_id, day)
    group by a.user_id
  ),
  workspace as (
    select w.workspace_id, min(d.since) as since
    from day as d join private.list_workspaces(p_user_ids) as w on w.user_id = d.user_id
    where w.workspace_id is not null
    group by w.workspace_id
  ),
  goal as (
    select g.id, d.since
    from day as d join public.goals as g on g.user_id = d.user_id and g.workspace_id is null
    union all
    select g.id, w.since from workspace as w join public.goals as g on g.workspace_id = w.workspace_id
  )
  select g.id, o.since
  from goal as o join public.goals as g on g.id = o.id
  -- a goal that is over can only change with the days that it counts, or with the first one after them
  where g.end_date is null or o.since <= g.end_date
    or g.direction = 'keep_below' and not g.is_achieved and o.since <= g.end_date + 31
  order by g.id
  for no key update of g;
end;
$$;
comment on function private.lock_goals is
  'Locks the goals of these users and of their workspaces that these days can change, and returns the first '
  'day that did.';

create or replace function private.store_goals(p_user_ids uuid[], p_days date[], p_now timestamptz)
returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_goal_ids uuid[];
  v_since date[];
  v_count integer;
begin
  select array_agg(l.goal_id), array_agg(l.since) into v_goal_ids, v_since
  from private.lock_goals(p_user_ids, p_days) as l;
  update public.goals as g
  set current_value = c.current_value, baseline_value = c.baseline_value, is_achieved = c.is_achieved,
    achieved_at = c.achieved_at
  from unnest(v_goal_ids, v_since) as a (goal_id, since)
  join public.goals as o on o.id = a.goal_id
  cross join lateral private.count_goal(o, a.since, p_now) as c
  where g.id = o.id
    and (g.current_value, g.baseline_value, g.is_achieved, g.achieved_at)
      is distinct from (c.current_value, c.baseline_value, c.is_achieved, c.achieved_at);
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function private.store_goals is
  'Counts the goals of these users and of their workspaces again. Returns how many changed.';
