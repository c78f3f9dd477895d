-- What the last import wrote into an issue: where the issue still has the same value, the next import may
-- update it; where a team member has changed it, theirs stays.

create table private.circle_imports (
  circle_issue_id uuid not null,
  title text not null,
  description text not null,
  segment text not null,
  imported_at timestamptz not null default clock_timestamp(),
  submitted_by text,
  issue_id uuid,
  constraint circle_imports_pkey primary key (circle_issue_id),
  constraint circle_imports_circle_issue_id_fkey foreign key (circle_issue_id)
    references public.circle_issues (id) on delete cascade
);
comment on table private.circle_imports is
  'One row per message that has been imported. A message with a row here and no issue had its issue removed '
  'by a person, and is not imported again automatically.';
comment on column private.circle_imports.issue_id is
  'The issue that it wrote, whether or not that still exists: no foreign key.';

alter table private.circle_imports enable row level security;
-- The view that reads this runs with the caller's rights; no role has USAGE on the schema for more.
create policy circle_imports_select_viewer on private.circle_imports
  for select to authenticated using ((select private.has_team_role('viewer')));
grant select on private.circle_imports to authenticated, service_role;
