-- Where each issue stands and who said something about it last.

-- One index probe an issue (comments_issue_id_created_at_id_idx), so that a page costs a page, not the table.
create view public.issue_activity_log with (security_invoker = true) as
select
  i.id,
  i.title as issue_title,
  i.segment,
  i.status,
  i.assigned_to,
  i.resolved_by,
  i.resolved_at,
  coalesce(c.author_name, i.submitted_by) as last_commenter,
  coalesce(c.created_at, i.created_at) as last_comment_at
from public.issues as i
left join lateral (
  select l.author_name, l.created_at
  from public.comments as l
  where l.issue_id = i.id
  order by l.created_at desc, l.id desc
  limit 1
) as c on true;
comment on view public.issue_activity_log is 'One row an issue, for those who may read issues.';
comment on column public.issue_activity_log.last_commenter is
  'Author of the latest comment, else who submitted it.';
comment on column public.issue_activity_log.last_comment_at is
  'Time of the latest comment, else of the issue.';

grant select on public.issue_activity_log to authenticated, service_role;
