-- The view of ready issues: active issues that wait for nothing, the most useful first.

create view public.exai_ready_issues with (security_invoker = true) as
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
  c.unblocks_count
from private.exai_issue_counts as c
join public.exai_issues as i on i.id = c.issue_id
where c.is_ready
order by c.severity_rank, c.unblocks_count desc, c.created_at, c.issue_number;
comment on view public.exai_ready_issues is
  'Engineering issues that are open or in_progress and wait for nothing: no unfinished issue blocks them or '
  'any of their ancestors, all their children are done, and they are not duplicates. Ordered by severity, by '
  'how many active issues they block directly, and by age. Includes claimed issues: see lease_expires_at, '
  'and next_exai_issue().';
comment on column public.exai_ready_issues.unblocks_count is
  'How many active issues this one, or a duplicate of it, blocks directly.';
grant select on public.exai_ready_issues to authenticated, service_role;
