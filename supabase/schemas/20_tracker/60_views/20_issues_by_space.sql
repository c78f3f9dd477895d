-- How many issues come from each space of the community, and how fast they are resolved.

create view public.issues_by_space with (security_invoker = true) as
with source as (
  -- One row per issue and space, however many messages of the issue come from that space.
  select distinct on (c.mapped_to_issue_id, coalesce(c.space_id, c.space_name))
    c.mapped_to_issue_id as issue_id, coalesce(c.space_id, c.space_name) as space_key, c.space_id,
    c.space_name
  from public.circle_issues as c
  where c.mapped_to_issue_id is not null
  order by c.mapped_to_issue_id, coalesce(c.space_id, c.space_name), c.created_at desc
)
select
  (array_agg(s.space_id order by i.created_at desc, i.id))[1] as space_id,
  (array_agg(s.space_name order by i.created_at desc, i.id))[1] as space_name,
  count(*) as issue_count,
  count(*) filter (where i.status in ('waiting_for_help', 'in_progress', 'blocked')) as open_count,
  count(i.resolved_at) as resolved_count,
  round(percentile_cont(0.5) within group (order by h.hours)::numeric, 2) as median_hours_to_resolve,
  round(percentile_cont(0.9) within group (order by h.hours)::numeric, 2) as p90_hours_to_resolve,
  max(i.created_at) as last_issue_at
from public.issues as i
left join source as s on s.issue_id = i.id
cross join lateral (
  select case when i.resolved_at is not null
    then greatest(extract(epoch from i.resolved_at - i.created_at)::double precision / 3600, 0)
  end as hours
) as h
where not i.is_test
group by s.space_key;
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
