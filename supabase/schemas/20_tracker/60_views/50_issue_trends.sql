-- How many issues are opened and resolved each week, and how long the resolved ones took.

create view public.issue_trends with (security_invoker = true) as
select t.week, t.segment, t.opened_count, t.resolved_count, t.median_hours, t.p90_hours
from private.load_issue_trends() as t;
comment on view public.issue_trends is
  'One row per week and segment with at least one opened or resolved issue. An issue that was reopened is '
  'counted in the week of its last resolution. No test issues.';
comment on column public.issue_trends.week is 'The Monday of the week, in UTC.';
comment on column public.issue_trends.median_hours is
  'Median time from creation to resolution of the issues resolved that week, in hours; null without any.';
comment on column public.issue_trends.p90_hours is '90th percentile of the same, in hours.';

grant select on public.issue_trends to authenticated, service_role;
