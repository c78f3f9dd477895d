-- Goals with their pace: what it has to be, what it is, and where it leads.

create type private.goal_pace as (
  today date,
  pace numeric,
  is_lost boolean
);
comment on type private.goal_pace is
  'today: in the time zone of the goal''s user. pace: per day, in the unit of the goal. is_lost: of a goal '
  'to keep below, whether it was above.';

-- Of a goal that the caller sees: row security of goals decides, so this reads without it.
create or replace function private.count_goal_pace(p_goal public.goals) returns private.goal_pace
language plpgsql stable security definer set search_path = '' as $$
declare
  v private.goal_pace;
  v_is_flow constant boolean := private.is_flow_metric(p_goal.metric);
  v_until date;
begin
  v.today := private.local_day(
    (select p.timezone from public.profiles as p where p.id = p_goal.user_id), now()
  );
  v_until := least(p_goal.end_date, v.today + 2);
  select round(regr_slope(
    private.goal_amount(p_goal, p_goal.baseline_value, case when v_is_flow then a.running else a.value end),
    a.day - date '2000-01-01'
  )::numeric, 4)
  into v.pace
  from (
    select d.day, d.value, sum(d.value) over (order by d.day) as running
    from (
      select n.day, n.value from private.goal_days(p_goal, v_until - 90, v_until) as n
      where n.value is not null order by n.day desc limit 28
    ) as d
  ) as a;
  if p_goal.direction = 'keep_below' then
    v.is_lost := p_goal.current_value > p_goal.target_value or not v_is_flow and exists (
      select from private.goal_days(p_goal, p_goal.start_date, v_until) as d
      where private.goal_amount(p_goal, p_goal.baseline_value, d.value) > p_goal.target_value
    );
  end if;
  return v;
end;
$$;
comment on function private.count_goal_pace is
  'The slope over the last 28 days with a known value, within the last 90, up to the end of the goal.';
grant execute on function private.count_goal_pace to authenticated, service_role;

-- Dates only as far as people plan.
create or replace function private.project_goal(p_goal public.goals, p_pace private.goal_pace) returns date
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_remaining constant numeric := p_goal.target_value - p_goal.current_value;
begin
  if p_goal.is_achieved or p_goal.baseline_value is null or p_pace.today > p_goal.end_date then
    return null;
  elsif p_goal.direction = 'reach' and v_remaining <= 0 then
    return p_pace.today;
  elsif p_pace.pace <= 0 or p_pace.pace is null or v_remaining / p_pace.pace > 36500 or v_remaining < 0 then
    return null;
  elsif p_goal.direction = 'reach' then
    return p_pace.today + ceil(v_remaining / p_pace.pace)::integer;
  end if;
  return p_pace.today + floor(v_remaining / p_pace.pace)::integer + 1;
end;
$$;
comment on function private.project_goal is
  'The day on which the goal reaches its target at its present pace, or is above it; null if it does not.';
grant execute on function private.project_goal to authenticated, service_role;

create or replace function private.goal_status(
  p_goal public.goals, p_pace private.goal_pace, p_projected_on date
) returns text
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return case
    when p_goal.is_achieved then 'achieved'
    when p_goal.end_date < p_pace.today or p_pace.is_lost then 'ended'
    when p_goal.baseline_value is null then 'no_data'
    when p_goal.direction = 'reach' and p_goal.current_value >= p_goal.target_value then 'on_track'
    when p_pace.pace is null then 'no_data'
    when p_goal.direction = 'keep_below'
      then case when p_projected_on <= p_goal.end_date then 'behind' else 'on_track' end
    when p_projected_on is null then 'not_at_this_pace'
    when p_projected_on > p_goal.end_date then 'behind'
    else 'on_track'
  end;
end;
$$;
comment on function private.goal_status is 'The status of a goal, as goal_progress has it.';
grant execute on function private.goal_status to authenticated, service_role;

create view public.goal_progress with (security_invoker = true) as
select
  g.id, g.user_id, g.workspace_id, g.platform, g.goal_type, g.metric, g.direction, g.unit, g.start_date,
  g.end_date, g.baseline_value, g.current_value, g.target_value, g.is_achieved, g.achieved_at,
  case
    when g.baseline_value is null then null
    when g.target_value > 0 then round(greatest(100 * g.current_value / g.target_value, 0), 1)
    when g.current_value >= g.target_value then 100
    else 0
  end as percentage,
  case when g.baseline_value is null then null
    when g.direction = 'reach' then greatest(g.target_value - g.current_value, 0)
    else g.target_value - g.current_value end as remaining,
  case when g.end_date is not null then greatest(g.end_date - p.today + 1, 0) end as days_left,
  case when g.baseline_value is not null and not g.is_achieved and g.end_date >= p.today
    then round(greatest(g.target_value - g.current_value, 0) / (g.end_date - p.today + 1), 4)
  end as pace_needed,
  p.pace as pace_present,
  j.projected_on,
  private.goal_status(g, p, j.projected_on) as status
from public.goals as g
cross join lateral private.count_goal_pace(g) as p
cross join lateral (select private.project_goal(g, p) as projected_on) as j;
comment on view public.goal_progress is
  'One row per goal, for everyone who may read it, with what its numbers lead to. Days are those of '
  'the goal''s user.';
comment on column public.goal_progress.percentage is
  'current_value in percent of target_value; may be above 100. Null while nothing is known.';
comment on column public.goal_progress.remaining is
  'What is left to target_value: not below 0, but for a goal to keep below that is above it.';
comment on column public.goal_progress.days_left is
  'Days up to end_date, today included; null without an end.';
comment on column public.goal_progress.pace_needed is
  'How much it has to grow per day from today on to reach the target on end_date; of a goal to keep below '
  'how much it may. Null without an end, and once it is over or achieved.';
comment on column public.goal_progress.pace_present is
  'How much it grows per day: the slope of a line through the last 28 days with a known value. Of what '
  'happens per day, such as commits, the slope of its sum. Null with fewer than two days.';
comment on column public.goal_progress.projected_on is
  'The day on which it reaches the target at the present pace; of a goal to keep below the first day above '
  'it. Null where it does not.';
comment on column public.goal_progress.status is
  'achieved; ended: end_date has passed, or of a goal to keep below a day was above; no_data: fewer than '
  'two days are known; on_track: it reaches the target by end_date; behind: after it, or of a goal to keep '
  'below it will be above; not_at_this_pace: it does not grow.';
grant select on public.goal_progress to authenticated, service_role;
