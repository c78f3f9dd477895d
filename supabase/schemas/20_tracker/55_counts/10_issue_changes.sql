-- The issues that the counts of the views don't contain as they are.
--
-- A write appends a row here and touches no count, so that writers never wait for each other. A job brings
-- the counts up to date every minute (run_issue_counts). Until then the views add what these issues change:
-- they are never out of date, and cost in proportion to the changes of the last minute.

create table private.issue_changes (
  id bigint not null generated always as identity,
  issue_id uuid not null,
  constraint issue_changes_pkey primary key (id)
);
comment on table private.issue_changes is
  'One row per write that may change what an issue is counted as. Deleted when the counts contain it.';
comment on column private.issue_changes.issue_id is
  'The issue, whether or not it still exists: no foreign key.';
alter table private.issue_changes enable row level security;

create or replace function private.note_issue_change() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into private.issue_changes (issue_id) values (coalesce(new.id, old.id));
  return null;
end;
$$;
comment on function private.note_issue_change is
  'After trigger of issues: appends the issue to issue_changes when something that is counted changed.';

create or replace function private.note_message_change() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into private.issue_changes (issue_id)
  select distinct u.id from unnest(array[old.mapped_to_issue_id, new.mapped_to_issue_id]) as u (id)
  where u.id is not null;
  return null;
end;
$$;
comment on function private.note_message_change is
  'After trigger of circle_issues: appends the issues of a message whose issue or space changed.';

create trigger _330_note_issue_change after insert on public.issues
  for each row when (not new.is_test) execute function private.note_issue_change();
create trigger _340_note_issue_change after update on public.issues
  for each row when (
    (old.status, old.segment, old.assigned_to is null, old.resolved_at, old.is_test, old.title)
    is distinct from
    (new.status, new.segment, new.assigned_to is null, new.resolved_at, new.is_test, new.title)
  )
  execute function private.note_issue_change();
create trigger _350_note_issue_change after delete on public.issues
  for each row when (not old.is_test) execute function private.note_issue_change();

-- A message that an import inserts with an issue is followed by that issue.
create trigger _330_note_message_change after insert on public.circle_issues
  for each row when (
    new.mapped_to_issue_id is not null and current_setting('app.import', true) is distinct from 'on'
  )
  execute function private.note_message_change();
create trigger _340_note_message_change after update on public.circle_issues
  for each row when (
    (old.mapped_to_issue_id, old.space_id, old.space_name)
    is distinct from (new.mapped_to_issue_id, new.space_id, new.space_name)
  )
  execute function private.note_message_change();
create trigger _350_note_message_change after delete on public.circle_issues
  for each row when (old.mapped_to_issue_id is not null) execute function private.note_message_change();
