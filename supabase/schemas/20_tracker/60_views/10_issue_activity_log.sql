-- The current state of each issue and its latest comment.

-- issue_search stores the latest comment of each issue, so that the newest page does not read every comment.
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
comment on view public.issue_activity_log is 'One row per issue, for everyone who may read issues.';
comment on column public.issue_activity_log.last_commenter is
  'Author of the latest comment, else submitted_by.';
comment on column public.issue_activity_log.last_comment_at is
  'Time of the latest comment, else of the issue.';

grant select on public.issue_activity_log to authenticated, service_role;
