-- How many issues come and go each week, and how long those that go have taken.

create view public.issue_trends with (security_invoker = true) as
with event as (
  select i.created_at as happened_at, i.segment, true as is_opening, null::numeric as hours
  from public.issues as i
  where not i.is_test
  union all
  select i.resolved_at, i.segment, false, greatest(extract(epoch from i.resolved_at - i.created_at) / 3600, 0)
  from public.issues as i
  where not i.is_test and i.resolved_at is not null
)
select
  date_trunc('week', e.happened_at at time zone 'UTC')::date as week,
  e.segment,
  count(*) filter (where e.is_opening) as opened_count,
  count(*) filter (where not e.is_opening) as resolved_count,
  round(percentile_cont(0.5) within group (order by e.hours)::numeric, 2) as median_hours,
  round(percentile_cont(0.9) within group (order by e.hours)::numeric, 2) as p90_hours
from event as e
group by 1, 2;
comment on view public.issue_trends is
  'One row a week and segment in which anything was opened or resolved. An issue that was reopened counts as '
  'resolved in the week of its last resolution. No test data.';
comment on column public.issue_trends.week is 'The Monday on which the week begins, in UTC.';
comment on column public.issue_trends.median_hours is
  'Half of those resolved that week took no longer, in hours from creation; null when none was.';
comment on column public.issue_trends.p90_hours is 'Nine of ten of those resolved that week took no longer.';

grant select on public.issue_trends to authenticated, service_role;
