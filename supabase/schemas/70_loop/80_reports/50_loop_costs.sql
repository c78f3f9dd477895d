-- What it costs to answer a member: the agents' costs, by the week of the answers.

create or replace function private.parse_cost_usd(p_metadata jsonb) returns numeric
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_text constant text := coalesce(p_metadata ->> 'cost_usd', p_metadata ->> 'total_cost_usd');
begin
  -- Users write it: a number of dollars, not a number of any size.
  if v_text ~ '^\d{1,6}(\.\d{1,20})?([eE]-\d{1,2})?$' then
    return v_text::numeric;
  end if;
  return null;
end;
$$;
comment on function private.parse_cost_usd is
  'cost_usd, or else total_cost_usd, of a task''s execution_metadata: a number below a '
  'million; null without.';

create or replace function private.load_loop_costs()
returns table (
  week date, answers_count bigint, cost_usd numeric, cost_per_answer_usd numeric, tasks_count bigint,
  unpriced_tasks_count bigint, unanswered_cost_usd numeric
)
language plpgsql stable security definer set search_path = '' as $$
begin
  if not private.may_read_counts() then
    return;
  end if;
  return query
  with task as (
    select x.exai_issue_id, date_trunc('week', t.completed_at at time zone 'UTC')::date as week,
      private.parse_cost_usd(t.execution_metadata) as cost
    from public.exai_issue_tasks as x join public.tasks as t on t.id = x.task_id
    where t.completed_at is not null
  ),
  answer as (
    -- once also where an issue and another one that it was merged into have the answer
    select distinct on (e.reference, e.at) l.exai_issue_id,
      date_trunc('week', e.at at time zone 'UTC')::date as week
    from public.loop_events as e
    left join public.issue_links as l on l.issue_id = e.issue_id
    where e.hop = 'answered'
    order by e.reference, e.at, l.exai_issue_id
  ),
  spent as (
    select c.exai_issue_id, c.cost, (
      select count(*) from answer as a where a.exai_issue_id = c.exai_issue_id
    ) as answers_count
    from (select t.exai_issue_id, sum(t.cost) as cost from task as t group by t.exai_issue_id) as c
  ),
  part as (
    select a.week, 1 as answers, coalesce(s.cost / nullif(s.answers_count, 0), 0) as cost, 0 as tasks,
      0 as unpriced, 0::numeric as unanswered
    from answer as a left join spent as s on s.exai_issue_id = a.exai_issue_id
    union all
    select t.week, 0, 0, 1, (t.cost is null)::integer,
      case when s.answers_count = 0 then coalesce(t.cost, 0) else 0 end
    from task as t join spent as s on s.exai_issue_id = t.exai_issue_id
  )
  select p.week, sum(p.answers)::bigint, round(sum(p.cost), 4),
    round(sum(p.cost) / nullif(sum(p.answers), 0), 4), sum(p.tasks)::bigint, sum(p.unpriced)::bigint,
    round(sum(p.unanswered), 4)
  from part as p
  group by p.week;
end;
$$;
comment on function private.load_loop_costs is
  'What loop_costs contains; nothing for callers who may not read issues.';
grant execute on function private.load_loop_costs to authenticated, service_role;

create view public.loop_costs with (security_invoker = true) as
select * from private.load_loop_costs();
comment on view public.loop_costs is
  'One row per week, in UTC, with an answer or an ended task: what the tasks of engineering issues cost, '
  'divided among the members who were answered because of them.';
comment on column public.loop_costs.week is 'The Monday of the week.';
comment on column public.loop_costs.answers_count is
  'How many reporters were told in that week, also of issues without tasks.';
comment on column public.loop_costs.cost_usd is
  'The part of these answers in the cost of all tasks of their engineering issues, by '
  'execution_metadata.cost_usd or total_cost_usd.';
comment on column public.loop_costs.cost_per_answer_usd is
  'cost_usd by answers_count; null without answers.';
comment on column public.loop_costs.tasks_count is
  'Tasks of engineering issues that ended in that week.';
comment on column public.loop_costs.unpriced_tasks_count is
  'Those of them without a cost, which count as free.';
comment on column public.loop_costs.unanswered_cost_usd is
  'The cost of those whose engineering issue has answered nobody so far.';
grant select on public.loop_costs to authenticated, service_role;
