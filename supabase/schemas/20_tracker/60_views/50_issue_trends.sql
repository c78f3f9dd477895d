-- How many issues are opened and resolved each week, and how long the resolved ones took.

create view public.issue_trends with (security_invoker = true) as
-- Counted separately, so that only resolved issues are sorted for the percentiles.
with counted as (
  select date_trunc('week', i.created_at at time zone 'UTC')::date as week, i.segment,
    count(*) as opened_count, 0::bigint as resolved_count,
    null::double precision as median_hours, null::double precision as p90_hours
  from public.issues as i
  where not i.is_test
  group by 1, 2
  union all
  select r.week, r.segment, 0, count(*), percentile_cont(0.5) within group (order by r.hours),
    percentile_cont(0.9) within group (order by r.hours)
  from (
    select date_trunc('week', i.resolved_at at time zone 'UTC')::date as week, i.segment,
      greatest(extract(epoch from i.resolved_at - i.created_at)::double precision / 3600, 0) as hours
    from public.issues as i
    where not i.is_test and i.resolved_at is not null
  ) as r
  group by 1, 2
)
select
  c.week,
  c.segment,
  sum(c.opened_count)::bigint as opened_count,
  sum(c.resolved_count)::bigint as resolved_count,
  round(max(c.median_hours)::numeric, 2) as median_hours,
  round(max(c.p90_hours)::numeric, 2) as p90_hours
from counted as c
group by c.week, c.segment;
comment on view public.issue_trends is
  'One row per week and segment with at least one opened or resolved issue. An issue that was reopened is '
  'counted in the week of its last resolution. No test issues.';
comment on column public.issue_trends.week is 'The Monday of the week, in UTC.';
comment on column public.issue_trends.median_hours is
  'Median time from creation to resolution of the issues resolved that week, in hours; null without any.';
comment on column public.issue_trends.p90_hours is '90th percentile of the same, in hours.';

grant select on public.issue_trends to authenticated, service_role;
