-- What the last import wrote into an issue: where the issue still says the same, the next import may update
-- it; where a team member has changed it, theirs stays.

create table private.circle_imports (
  circle_issue_id uuid not null,
  title text not null,
  description text not null,
  segment text not null,
  imported_at timestamptz not null default clock_timestamp(),
  constraint circle_imports_pkey primary key (circle_issue_id),
  constraint circle_imports_circle_issue_id_fkey foreign key (circle_issue_id)
    references public.circle_issues (id) on delete cascade
);
comment on table private.circle_imports is
  'One row a message that has been imported. A message with a row here and no issue had its issue taken '
  'away by a '
  'person, and is not imported again.';

alter table private.circle_imports enable row level security;
