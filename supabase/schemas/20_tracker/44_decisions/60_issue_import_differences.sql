-- Where people and imports disagree.

create view public.issue_import_differences with (security_invoker = true) as
select
  i.id as issue_id, c.id as circle_issue_id, d.field, d.current_value, d.imported_value, m.imported_at
from private.circle_imports as m
join public.circle_issues as c on c.id = m.circle_issue_id
join public.issues as i on i.id = c.mapped_to_issue_id and i.id = m.issue_id
cross join lateral (
  values
    ('title', i.title, m.title), ('description', i.description, m.description),
    ('segment', i.segment, m.segment), ('submitted_by', i.submitted_by, m.submitted_by)
) as d (field, current_value, imported_value)
where m.differs and d.current_value <> d.imported_value;
comment on view public.issue_import_differences is
  'Where an issue differs from its message, because a team member changed it: the current value, and next to '
  'it the value that the last import would have written. Once the imported value is written into the issue, '
  'later imports update it again.';
comment on column public.issue_import_differences.field is 'title, description, segment or submitted_by.';
grant select on public.issue_import_differences to authenticated, service_role;
