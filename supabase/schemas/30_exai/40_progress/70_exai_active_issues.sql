-- The view of active issues: open or in progress, with the progress of their steps and what they wait for.

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
  c.skipped_count as skipped_steps,
  c.is_ready,
  c.active_blockers_count,
  c.blocked_parents_count,
  c.active_children_count,
  case when c.originals_count > 0 then private.find_exai_original(i.id) end as duplicate_of,
  c.originals_count > 0 and c.active_originals_count = 0 as is_to_be_closed
from public.exai_issues as i
join private.exai_issue_counts as c on c.issue_id = i.id
where i.status in ('open', 'in_progress');
comment on view public.exai_active_issues is
  'Engineering issues that are open or in_progress, with the progress of their steps, and why they '
  'are not ready.';
comment on column public.exai_active_issues.total_steps is 'All steps, including the skipped ones.';
comment on column public.exai_active_issues.progress_percentage is
  'completed_steps as a percentage of the steps that are not skipped, rounded to an integer; 0 if '
  'there are none.';
comment on column public.exai_active_issues.is_ready is
  'Whether it is in exai_ready_issues: it is not a duplicate, and waits for no blocker, parent or child.';
comment on column public.exai_active_issues.active_blockers_count is
  'Issues that block it and are unfinished: active, or duplicates of an unfinished issue.';
comment on column public.exai_active_issues.blocked_parents_count is
  'Parents that are blocked, or have a blocked ancestor.';
comment on column public.exai_active_issues.active_children_count is 'Children that are unfinished.';
comment on column public.exai_active_issues.duplicate_of is
  'The number of the issue that is to be fixed in its place; null if it is not a duplicate. In a chain of '
  'duplicates the last one, of several the active one with the lowest number.';
comment on column public.exai_active_issues.is_to_be_closed is
  'Whether it is a duplicate of issues that are all finished.';
grant select on public.exai_active_issues to authenticated, service_role;
