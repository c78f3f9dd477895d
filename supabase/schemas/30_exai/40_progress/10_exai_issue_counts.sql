-- Counts per engineering issue: its steps, what it waits for, and what waits for it. They are updated with
-- each write, so that a read does not count.
--
-- An issue is unfinished while it is active. A duplicate is not work of its own: it is unfinished while an
-- issue that it duplicates is, whatever its own status. What waits for an issue (the issues that it blocks,
-- its parents, its duplicates) waits while it is unfinished.

create table private.exai_issue_counts (
  issue_id uuid not null,
  issue_number integer not null,
  created_at timestamptz not null,
  severity_rank smallint not null,
  is_active boolean not null,
  step_count integer not null default 0,
  completed_count integer not null default 0,
  skipped_count integer not null default 0,
  active_blockers_count integer not null default 0,
  blocked_parents_count integer not null default 0,
  unblocks_count integer not null default 0,
  active_children_count integer not null default 0,
  originals_count integer not null default 0,
  active_originals_count integer not null default 0,
  is_unfinished boolean not null generated always as (
    case when originals_count > 0 then active_originals_count > 0 else is_active end
  ) stored,
  is_work boolean not null generated always as (is_active and originals_count = 0) stored,
  is_blocked boolean not null generated always as (active_blockers_count + blocked_parents_count > 0) stored,
  is_ready boolean not null generated always as (
    is_active and originals_count + active_children_count + active_blockers_count + blocked_parents_count = 0
  ) stored,
  constraint exai_issue_counts_pkey primary key (issue_id),
  constraint exai_issue_counts_issue_id_fkey foreign key (issue_id)
    references public.exai_issues (id) on delete cascade,
  constraint exai_issue_counts_steps_add_up check (
    completed_count >= 0 and skipped_count >= 0 and completed_count + skipped_count <= step_count
  ),
  constraint exai_issue_counts_are_not_negative check (
    active_blockers_count >= 0 and blocked_parents_count >= 0 and unblocks_count >= 0
    and active_children_count >= 0
  ),
  constraint exai_issue_counts_originals_add_up
    check (active_originals_count >= 0 and active_originals_count <= originals_count)
) with (fillfactor = 80);
comment on table private.exai_issue_counts is
  'One row per engineering issue, written only by triggers and read by exai_active_issues and '
  'exai_ready_issues. verify_exai_issue_counts() compares it with the tables.';
comment on column private.exai_issue_counts.severity_rank is '1 critical, 2 high, 3 medium, 4 low.';
comment on column private.exai_issue_counts.is_active is 'Whether the status is open or in_progress.';
comment on column private.exai_issue_counts.active_blockers_count is
  'Unfinished issues that block this one directly.';
comment on column private.exai_issue_counts.blocked_parents_count is
  'Parents that are blocked: by an unfinished issue, or because a parent of theirs is blocked.';
comment on column private.exai_issue_counts.unblocks_count is
  'Active issues, without duplicates, that this one or a duplicate of it blocks directly.';
comment on column private.exai_issue_counts.active_children_count is 'Unfinished issues whose parent it is.';
comment on column private.exai_issue_counts.originals_count is
  'Issues that it duplicates; it is a duplicate if there are any.';
comment on column private.exai_issue_counts.active_originals_count is
  'Unfinished issues that it duplicates.';
comment on column private.exai_issue_counts.is_unfinished is 'Whether what waits for it still waits.';
comment on column private.exai_issue_counts.is_work is 'Whether it is active and not a duplicate.';
comment on column private.exai_issue_counts.is_ready is 'Whether it is work that waits for nothing.';

-- The order of exai_ready_issues.
create index exai_issue_counts_ready_idx
  on private.exai_issue_counts (severity_rank, unblocks_count desc, created_at, issue_number)
  where is_ready;

alter table private.exai_issue_counts enable row level security;
create policy exai_issue_counts_select_viewer on private.exai_issue_counts
  for select to authenticated using ((select private.has_team_role('viewer')));
grant select on private.exai_issue_counts to authenticated, service_role;

create or replace function private.rank_exai_severity(p_severity text) returns smallint
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return array_position(array['critical', 'high', 'medium', 'low'], p_severity)::smallint;
end;
$$;
comment on function private.rank_exai_severity is '1 critical, 2 high, 3 medium, 4 low.';

create or replace function private.insert_exai_issue_counts() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into private.exai_issue_counts (issue_id, issue_number, created_at, severity_rank, is_active)
  select n.id, n.issue_number, n.created_at, private.rank_exai_severity(n.severity),
    private.is_active_exai_status(n.status)
  from new_issues as n;
  return null;
end;
$$;
comment on function private.insert_exai_issue_counts is
  'After-insert-statement trigger of exai_issues: inserts their rows of counts.';

create trigger _110_insert_exai_issue_counts after insert on public.exai_issues
  referencing new table as new_issues
  for each statement execute function private.insert_exai_issue_counts();
