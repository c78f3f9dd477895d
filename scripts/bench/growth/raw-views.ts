/** The read models as one writes them down first: over the rows, with the columns of the views. */
export const RAW_VIEWS = `
create schema bench;

create view bench.issue_status_ages with (security_invoker = true) as
select i.status, i.segment, i.age_bucket, count(*) as issue_count,
  count(*) filter (where i.assigned_to is null) as unassigned_count, min(i.created_at) as oldest_created_at
from public.open_issues as i
group by i.status, i.segment, i.age_bucket;

create view bench.issues_by_space with (security_invoker = true) as
with source as (
  select distinct on (c.mapped_to_issue_id, coalesce(c.space_id, c.space_name))
    c.mapped_to_issue_id as issue_id, coalesce(c.space_id, c.space_name) as space_key, c.space_id, c.space_name
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
  percentile_cont(0.5) within group (order by i.resolved_at - i.created_at) as median_to_resolve,
  percentile_cont(0.9) within group (order by i.resolved_at - i.created_at) as p90_to_resolve,
  max(i.created_at) as last_issue_at
from public.issues as i
left join source as s on s.issue_id = i.id
where not i.is_test
group by s.space_key;

create view bench.issue_trends with (security_invoker = true) as
select date_trunc('week', e.at at time zone 'UTC')::date as week, i.segment,
  count(*) filter (where e.at = i.created_at) as opened_count,
  count(*) filter (where e.at = i.resolved_at) as resolved_count,
  percentile_cont(0.5) within group (order by i.resolved_at - i.created_at)
    filter (where e.at = i.resolved_at) as median_to_resolve,
  percentile_cont(0.9) within group (order by i.resolved_at - i.created_at)
    filter (where e.at = i.resolved_at) as p90_to_resolve
from public.issues as i
cross join lateral unnest(array[i.created_at, i.resolved_at]) as e (at)
where not i.is_test and e.at is not null
group by 1, 2;

create view bench.repeated_questions with (security_invoker = true) as
select s.question_key, (array_agg(i.title order by i.created_at desc, i.id))[1] as example_title,
  count(*) as issue_count, count(distinct i.submitted_by) as people_count, count(i.resolved_at) as resolved_count,
  min(i.created_at) as first_at, max(i.created_at) as last_at,
  array_agg(i.id order by i.created_at desc, i.id) as issue_ids
from private.issue_search as s
join public.issues as i on i.id = s.issue_id
where not i.is_test and s.question_key is not null
group by s.question_key
having count(*) > 1;

create view bench.issue_import_differences with (security_invoker = true) as
select i.id as issue_id, c.id as circle_issue_id, d.field, d.current_value, d.imported_value, m.imported_at
from private.circle_imports as m
join public.circle_issues as c on c.id = m.circle_issue_id
join public.issues as i on i.id = c.mapped_to_issue_id and i.id = m.issue_id
cross join lateral (
  values
    ('title', i.title, m.title), ('description', i.description, m.description),
    ('segment', i.segment, m.segment), ('submitted_by', i.submitted_by, m.submitted_by)
) as d (field, current_value, imported_value)
where d.current_value <> d.imported_value;

grant usage on schema bench to authenticated;
grant select on all tables in schema bench to authenticated;
`;
