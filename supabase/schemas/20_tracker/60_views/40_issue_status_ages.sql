-- The number of open issues by status, segment and age.

create view public.issue_status_ages with (security_invoker = true) as
select
  i.status,
  i.segment,
  i.age_bucket,
  count(*) as issue_count,
  count(*) filter (where i.assigned_to is null) as unassigned_count,
  min(i.created_at) as oldest_created_at
from public.open_issues as i
group by i.status, i.segment, i.age_bucket;
comment on view public.issue_status_ages is
  'Counts over open_issues. Combinations without issues have no row.';

grant select on public.issue_status_ages to authenticated, service_role;
