-- The number of open issues by status, segment and age.

create view public.issue_status_ages with (security_invoker = true) as
select a.status, a.segment, a.age_bucket, a.issue_count, a.unassigned_count, a.oldest_created_at
from private.load_issue_status_ages() as a;
comment on view public.issue_status_ages is
  'Counts of open_issues. Combinations without issues have no row.';

grant select on public.issue_status_ages to authenticated, service_role;
