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
  differs boolean not null default false,
  constraint circle_imports_pkey primary key (circle_issue_id),
  constraint circle_imports_circle_issue_id_fkey foreign key (circle_issue_id)
    references public.circle_issues (id) on delete cascade
);
comment on table private.circle_imports is
  'One row per message that has been imported. A message with a row here and no issue had its issue removed '
  'by a person, and is not imported again automatically.';
comment on column private.circle_imports.issue_id is
  'The issue that it wrote, whether or not that still exists: no foreign key.';
comment on column private.circle_imports.differs is
  'Whether the issue has another title, description, segment or submitted_by, set by triggers here and of '
  'issues, so that issue_import_differences does not compare all texts.';

create index circle_imports_issue_id_idx on private.circle_imports (issue_id);
create index circle_imports_differing_imported_at_idx on private.circle_imports (imported_at) where differs;

create or replace function private.set_import_difference() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  new.differs := coalesce((
    select i.title <> new.title or i.description <> new.description or i.segment <> new.segment
      or i.submitted_by <> new.submitted_by
    from public.issues as i
    where i.id = new.issue_id
  ), false);
  return new;
end;
$$;
comment on function private.set_import_difference is
  'Before trigger of circle_imports: compares what the import wrote with the issue.';

create or replace function private.compare_issue_with_imports() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  update private.circle_imports as m set differs = false where m.issue_id = new.id;
  return null;
end;
$$;
comment on function private.compare_issue_with_imports is
  'After-update trigger of issues whose texts, segment or submitter changed: has the trigger of '
  'circle_imports compare again. Not in an import, which sets app.import and writes circle_imports next.';

-- What an import inserts is what it wrote into its issue just before.
create trigger _200_set_import_difference before insert on private.circle_imports
  for each row when (current_setting('app.import', true) is distinct from 'on')
  execute function private.set_import_difference();
create trigger _210_set_import_difference before update on private.circle_imports
  for each row execute function private.set_import_difference();
create trigger _400_compare_issue_with_imports after update on public.issues
  for each row when (
    current_setting('app.import', true) is distinct from 'on' and (
      old.title is distinct from new.title or old.description is distinct from new.description
      or old.segment is distinct from new.segment or old.submitted_by is distinct from new.submitted_by
    )
  )
  execute function private.compare_issue_with_imports();

alter table private.circle_imports enable row level security;
-- The view that reads this runs with the caller's rights; no role has USAGE on the schema for more.
create policy circle_imports_select_viewer on private.circle_imports
  for select to authenticated using ((select private.has_team_role('viewer')));
grant select on private.circle_imports to authenticated, service_role;
