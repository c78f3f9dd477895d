-- The view of active issues: open or in progress, with the progress of their steps.

create view public.exai_active_issues with (security_invoker = true) as
select
  i.*,
  c.completed_count as completed_steps,
  c.step_count as total_steps,
  case
    when c.step_count > c.skipped_count
      then round(100.0 * c.completed_count / (c.step_count - c.skipped_count))::integer
    else 0
  end as progress_percentage,
  c.skipped_count as skipped_steps
from public.exai_issues as i
join private.exai_issue_counts as c on c.issue_id = i.id
where i.status in ('open', 'in_progress');
comment on view public.exai_active_issues is
  'Engineering issues that are open or in_progress, with the progress of their steps.';
comment on column public.exai_active_issues.total_steps is 'All steps, including the skipped ones.';
comment on column public.exai_active_issues.progress_percentage is
  'completed_steps as a percentage of the steps that are not skipped, rounded to an integer; 0 if '
  'there are none.';
grant select on public.exai_active_issues to authenticated, service_role;
