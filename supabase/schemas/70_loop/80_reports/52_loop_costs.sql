-- What it costs to answer a member, by week.

create or replace function private.load_loop_costs()
returns table (
  week date, answers_count bigint, cost_usd numeric, cost_per_answer_usd numeric, tasks_count bigint,
  unpriced_tasks_count bigint, unanswered_cost_usd numeric, counted_at timestamptz
)
language plpgsql stable security definer set search_path = '' as $$
declare
  v_counted_at timestamptz;
begin
  if not private.may_read_counts() then
    return;
  end if;
  v_counted_at := private.report_counted_at('loop_costs');
  if v_counted_at is null then
    return query select c.*, now() from private.count_loop_costs() as c;
  else
    return query select c.*, v_counted_at from private.cost_weeks as c;
  end if;
end;
$$;
comment on function private.load_loop_costs is
  'What loop_costs contains; nothing for callers who may not read issues.';
grant execute on function private.load_loop_costs to authenticated, service_role;

create view public.loop_costs with (security_invoker = true) as
select * from private.load_loop_costs();
comment on view public.loop_costs is
  'One row per week, in UTC, with an answer or an ended task: what the tasks of engineering issues cost, '
  'divided among the members who were answered because of them. Counted every ten minutes, and when it is '
  'read until then.';
comment on column public.loop_costs.week is 'The Monday of the week.';
comment on column public.loop_costs.answers_count is
  'How many reporters were told in that week, also of issues without tasks.';
comment on column public.loop_costs.cost_usd is
  'The part of these answers in the cost of all tasks of their engineering issues: cost_usd, or else '
  'total_cost_usd, of execution_metadata, and earlier_cost_usd, to which it is added when a task '
  'is tried again.';
comment on column public.loop_costs.cost_per_answer_usd is
  'cost_usd by answers_count; null without answers.';
comment on column public.loop_costs.tasks_count is
  'Tasks of engineering issues that ended in that week.';
comment on column public.loop_costs.unpriced_tasks_count is
  'Those of them without a cost, or with an attempt whose cost cannot be read: that counts as free.';
comment on column public.loop_costs.unanswered_cost_usd is
  'The cost of those whose engineering issue has answered nobody so far.';
comment on column public.loop_costs.counted_at is 'The time that the row is of.';
grant select on public.loop_costs to authenticated, service_role;

create or replace function private.run_loop_costs(p_is_forced boolean default false) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_now constant timestamptz := clock_timestamp();
  v_count integer;
begin
  if not private.claim_report_run('loop_costs', p_is_forced) then
    return 0;
  end if;
  delete from private.cost_weeks as c where c.week is not null;
  insert into private.cost_weeks select c.* from private.count_loop_costs() as c;
  get diagnostics v_count = row_count;
  perform private.finish_report_run('loop_costs', v_now);
  return v_count;
end;
$$;
comment on function private.run_loop_costs is
  'Counts loop_costs again, and returns the number of its weeks; 0 while another run does, and, unless it is '
  'forced, before 20 times what the last one took is over. Blocks no writer. For the scheduler.';
