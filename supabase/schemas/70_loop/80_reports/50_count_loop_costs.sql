-- Counts what it costs to answer a member: the agents' costs, by the week of the answers.

create table private.cost_weeks (
  week date not null,
  answers_count bigint not null,
  cost_usd numeric not null,
  cost_per_answer_usd numeric,
  tasks_count bigint not null,
  unpriced_tasks_count bigint not null,
  unanswered_cost_usd numeric not null,
  constraint cost_weeks_pkey primary key (week)
);
comment on table private.cost_weeks is
  'The rows of loop_costs, as of counted_at of loop_report_runs. Written by run_loop_costs() alone.';
alter table private.cost_weeks enable row level security;

create or replace function private.count_loop_costs() returns setof private.cost_weeks
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
begin
  return query
  with task as (
    select x.exai_issue_id, date_trunc('week', t.completed_at at time zone 'UTC')::date as week,
      private.task_cost_usd(t.execution_metadata) as cost,
      private.has_unread_cost(t.execution_metadata) as has_unread
    from public.exai_issue_tasks as x join public.tasks as t on t.id = x.task_id
    where t.completed_at is not null
  ),
  answer as materialized (
    -- once also where an issue and another one that it was merged into have the answer
    select distinct on (e.reference collate "C", e.at) l.exai_issue_id,
      date_trunc('week', e.at at time zone 'UTC')::date as week
    from public.loop_events as e
    left join public.issue_links as l on l.issue_id = e.issue_id
    where e.hop = 'answered'
    order by e.reference collate "C", e.at, l.exai_issue_id
  ),
  spent as (
    select c.exai_issue_id, c.cost, coalesce(n.answers_count, 0) as answers_count
    from (select t.exai_issue_id, sum(t.cost) as cost from task as t group by t.exai_issue_id) as c
    left join (
      select a.exai_issue_id, count(*) as answers_count from answer as a group by a.exai_issue_id
    ) as n on n.exai_issue_id = c.exai_issue_id
  ),
  part as (
    select a.week, 1 as answers, coalesce(s.cost / nullif(s.answers_count, 0), 0) as cost, 0 as tasks,
      0 as unpriced, 0::numeric as unanswered
    from answer as a left join spent as s on s.exai_issue_id = a.exai_issue_id
    union all
    select t.week, 0, 0, 1, (t.cost is null or t.has_unread)::integer,
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
comment on function private.count_loop_costs is
  'Counts what answers cost, of all weeks: an answer today divides also what was spent in earlier ones.';
