-- Where each issue stands and who said something about it last.

-- The latest comment is kept beside the issue, so that the newest page costs a page, not the table.
create or replace view public.issue_activity_log with (security_invoker = true) as
select
  i.id,
  i.title as issue_title,
  i.segment,
  i.status,
  i.assigned_to,
  i.resolved_by,
  i.resolved_at,
  coalesce(s.last_commenter, i.submitted_by) as last_commenter,
  s.last_comment_at
from public.issues as i
join private.issue_search as s on s.issue_id = i.id;
comment on view public.issue_activity_log is 'One row an issue, for those who may read issues.';
comment on column public.issue_activity_log.last_commenter is
  'Author of the latest comment, else who submitted it.';
comment on column public.issue_activity_log.last_comment_at is
  'Time of the latest comment, else of the issue.';

grant select on public.issue_activity_log to authenticated, service_role;
