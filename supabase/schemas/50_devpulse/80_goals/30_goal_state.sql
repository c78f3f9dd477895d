-- What a goal has come to: its value, and the day on which it was achieved.

create type private.goal_state as (
  baseline_value numeric,
  current_value numeric,
  achieved_on date
);
comment on type private.goal_state is
  'baseline_value is null while nothing is known. achieved_on: the first day on which the goal was achieved.';

create or replace function private.count_level_goal(p_goal public.goals, p_since date, p_today date)
returns private.goal_state
language plpgsql stable security definer set search_path = '' as $$
declare
  v private.goal_state;
  v_until constant date := least(p_goal.end_date, p_today + 2);
begin
  v.baseline_value := private.last_goal_value(p_goal, least(p_goal.start_date, v_until));
  if v.baseline_value is null then
    select d.value into v.baseline_value
    from private.goal_days(p_goal, p_goal.start_date, v_until) as d
    where d.value is not null
    order by d.day
    limit 1;
  end if;
  v.current_value := private.goal_amount(
    p_goal, v.baseline_value, private.last_goal_value(p_goal, v_until)
  );
  if p_goal.direction = 'reach' then
    select min(d.day) into v.achieved_on
    from private.goal_days(p_goal, greatest(p_goal.start_date, p_since), v_until) as d
    where private.goal_amount(p_goal, v.baseline_value, d.value) >= p_goal.target_value;
  elsif p_today > p_goal.end_date then
    -- up to the first known day from end_date on
    select case when bool_and(a.amount <= p_goal.target_value) and max(a.day) >= p_goal.end_date
        and min(a.day) <= p_goal.end_date then p_goal.end_date end
    into v.achieved_on
    from (
      select d.day, private.goal_amount(p_goal, v.baseline_value, d.value) as amount,
        count(*) filter (where d.day >= p_goal.end_date) over (order by d.day) as number
      from private.goal_days(p_goal, p_goal.start_date, p_goal.end_date + 31) as d
      where d.value is not null
    ) as a
    where a.number <= 1;
  end if;
  return v;
end;
$$;
comment on function private.count_level_goal is
  'The state of a goal for a level, such as stars. Of reaching it, days before p_since are left out.';

create or replace function private.count_flow_goal(p_goal public.goals, p_today date)
returns private.goal_state
language plpgsql stable security definer set search_path = '' as $$
declare
  v private.goal_state;
  v_days constant integer := p_goal.end_date - p_goal.start_date + 1;
  v_known_count bigint;
begin
  if p_goal.unit = 'percentage' then
    select sum(d.value) into v.baseline_value
    from private.goal_days(p_goal, p_goal.start_date - v_days, p_goal.start_date - 1) as d;
  end if;
  select count(a.value), private.goal_amount(p_goal, v.baseline_value, coalesce(sum(a.value), 0)),
    min(a.day) filter (
      where private.goal_amount(p_goal, v.baseline_value, a.running) >= p_goal.target_value
    )
  into v_known_count, v.current_value, v.achieved_on
  from (
    select d.day, d.value, sum(d.value) over (order by d.day) as running
    from private.goal_days(p_goal, p_goal.start_date, least(p_goal.end_date, p_today + 2)) as d
  ) as a;
  if p_goal.unit <> 'percentage' and v_known_count > 0 then
    v.baseline_value := 0;
  end if;
  if p_goal.direction = 'keep_below' then
    v.achieved_on := case
      when p_today > p_goal.end_date and v_known_count = v_days and v.current_value <= p_goal.target_value
        then p_goal.end_date
    end;
  end if;
  return v;
end;
$$;
comment on function private.count_flow_goal is
  'The state of a goal for what happens per day, such as commits: sums of the known days.';

create or replace function private.count_goal(p_goal public.goals, p_since date, p_now timestamptz)
returns public.goals
language plpgsql stable security definer set search_path = '' as $$
declare
  v_goal public.goals := p_goal;
  v_timezone constant text := (select p.timezone from public.profiles as p where p.id = p_goal.user_id);
  v_today constant date := private.local_day(v_timezone, p_now);
  v private.goal_state;
begin
  if private.is_flow_metric(p_goal.metric) then
    v := private.count_flow_goal(p_goal, v_today);
  else
    v := private.count_level_goal(p_goal, p_since, v_today);
  end if;
  v_goal.baseline_value := v.baseline_value;
  v_goal.current_value := coalesce(trim_scale(round(v.current_value, 4)), 0);
  if not p_goal.is_achieved and v.achieved_on is not null then
    v_goal.is_achieved := true;
    v_goal.achieved_at := least(
      p_now, private.day_start(v_timezone, v.achieved_on + 1) - interval '1 microsecond'
    );
  end if;
  return v_goal;
end;
$$;
comment on function private.count_goal is
  'The goal with its present value; achieved, if it is for the first time. Of reaching a level, days before '
  'p_since, null for none, are left out.';
