-- How many issues come from each space of the community, and how fast they are resolved.

create view public.issues_by_space with (security_invoker = true) as
select
  s.space_id, s.space_name, s.issue_count, s.open_count, s.resolved_count, s.median_hours_to_resolve,
  s.p90_hours_to_resolve, s.last_issue_at
from private.load_issues_by_space() as s;
comment on view public.issues_by_space is
  'One row per space of the Circle community, and one without a space for all other issues. An issue with '
  'messages in several spaces is counted in each. No test issues.';
comment on column public.issues_by_space.space_name is 'The name that the space had in its latest issue.';
comment on column public.issues_by_space.resolved_count is 'Resolved issues, including those archived later.';
comment on column public.issues_by_space.median_hours_to_resolve is
  'Median time from creation to resolution, in hours.';
comment on column public.issues_by_space.p90_hours_to_resolve is
  '90th percentile of the time from creation to resolution, in hours.';

grant select on public.issues_by_space to authenticated, service_role;
