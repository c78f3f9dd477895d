-- The issues whose targets are to be computed again.

-- A write appends a row and waits for nobody. Whoever computed targets in the transaction of an event would
-- lock them before the issue, and whoever changes an issue locks it before its targets.
create table private.service_marks (
  id bigint not null generated always as identity,
  issue_id uuid,
  constraint service_marks_pkey primary key (id)
);
comment on table private.service_marks is
  'One row per write that may change targets. Deleted by run_service_levels() when it computes them.';
comment on column private.service_marks.issue_id is
  'The issue, whether or not it still exists: no foreign key. Null for all issues with open targets.';
alter table private.service_marks enable row level security;

create or replace function private.has_service_policies() returns boolean
language plpgsql stable security definer set search_path = '' as $$
begin
  return exists (select from public.service_policies as p where p.is_active);
end;
$$;
comment on function private.has_service_policies is
  'Whether there are service levels: without, no write does more than ask for them.';

create or replace function private.mark_service_events() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  if private.has_service_policies() then
    insert into private.service_marks (issue_id)
    select distinct n.issue_id from new_rows as n where n.hop not in ('warned', 'breached');
  end if;
  return null;
end;
$$;
comment on function private.mark_service_events is
  'After-statement trigger of the ledger: marks the issues of its events.';

create or replace function private.mark_service_issue() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  if exists (select from public.service_targets as t where t.issue_id = new.id and t.met_at is null) then
    insert into private.service_marks (issue_id) values (new.id);
  end if;
  return null;
end;
$$;
comment on function private.mark_service_issue is
  'After trigger of issues whose segment changed, or that are paused by their status, or are not any more.';

create or replace function private.mark_service_severity() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into private.service_marks (issue_id)
  select l.issue_id from public.issue_links as l
  where l.exai_issue_id = new.id and private.has_service_policies();
  return null;
end;
$$;
comment on function private.mark_service_severity is
  'After trigger of engineering issues whose severity changed: marks the issues that are linked to it.';

create or replace function private.mark_linked_issue() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  if private.has_service_policies() then
    insert into private.service_marks (issue_id) values (coalesce(new.issue_id, old.issue_id));
  end if;
  return null;
end;
$$;
comment on function private.mark_linked_issue is
  'After trigger of issue_links: marks the issue, also one that was promoted before, which the ledger has.';

create or replace function private.mark_changed_fix() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  if private.has_service_policies() then
    insert into private.service_marks (issue_id)
    select l.issue_id from public.issue_links as l where l.exai_issue_id = new.exai_issue_id;
  end if;
  return null;
end;
$$;
comment on function private.mark_changed_fix is
  'After trigger of fixes that begin or end: marks the issues that are linked to the engineering issue.';

create or replace function private.mark_merged_issue() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  if private.has_service_policies() then
    insert into private.service_marks (issue_id) values (coalesce(new.source_issue_id, old.source_issue_id));
  end if;
  return null;
end;
$$;
comment on function private.mark_merged_issue is
  'After trigger of issue_merges: marks the duplicate, which has targets only while it is not merged.';

create or replace function private.mark_all_targets() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into private.service_marks (issue_id) values (null);
  return null;
end;
$$;
comment on function private.mark_all_targets is
  'After-statement trigger of policies, calendars, hours and holidays: marks all open targets.';

create trigger _300_mark_targets after insert on public.loop_events
  referencing new table as new_rows
  for each statement execute function private.mark_service_events();
create trigger _380_mark_targets after update on public.issues
  for each row when (
    old.segment is distinct from new.segment or old.is_test is distinct from new.is_test
    or old.status is distinct from new.status
      and (old.status in ('blocked', 'archived') or new.status in ('blocked', 'archived'))
  )
  execute function private.mark_service_issue();
create trigger _380_mark_targets after update on public.exai_issues
  for each row when (old.severity is distinct from new.severity)
  execute function private.mark_service_severity();
create trigger _380_mark_targets after insert or update or delete on public.issue_links
  for each row execute function private.mark_linked_issue();
create trigger _380_mark_targets after update on public.exai_issue_fixes
  for each row when ((old.fixed_at is null) <> (new.fixed_at is null))
  execute function private.mark_changed_fix();
create trigger _380_mark_targets after insert or delete on public.issue_merges
  for each row execute function private.mark_merged_issue();
create trigger _300_mark_targets after insert or update or delete on public.service_policies
  for each statement execute function private.mark_all_targets();
create trigger _300_mark_targets after insert or update or delete on public.service_calendars
  for each statement execute function private.mark_all_targets();
create trigger _300_mark_targets after insert or update or delete on public.service_hours
  for each statement execute function private.mark_all_targets();
create trigger _300_mark_targets after insert or update or delete on public.service_holidays
  for each statement execute function private.mark_all_targets();
