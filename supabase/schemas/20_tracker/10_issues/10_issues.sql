-- The issues: what somebody asked for or reported, and its current status.

create table public.issues (
  id uuid not null default gen_random_uuid(),
  seq_id integer not null default 0,
  title text not null,
  description text not null default '',
  status text not null default 'waiting_for_help',
  -- Null, which a trigger replaces. As a default it makes the column optional in generated types.
  segment text not null default nullif('', ''),
  submitted_by text not null default private.actor_name(),
  submitted_by_user_id uuid,
  assigned_to text,
  assigned_to_user_id uuid,
  tags text[] not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  resolved_by text,
  resolved_by_user_id uuid,
  resolved_at timestamptz,
  archived_at timestamptz,
  ready_for_delivery boolean,
  is_test boolean not null default false,
  constraint issues_pkey primary key (id),
  constraint issues_seq_id_key unique (seq_id),
  constraint issues_submitted_by_user_id_fkey foreign key (submitted_by_user_id)
    references auth.users (id) on delete set null,
  constraint issues_assigned_to_user_id_fkey foreign key (assigned_to_user_id)
    references auth.users (id) on delete set null,
  constraint issues_resolved_by_user_id_fkey foreign key (resolved_by_user_id)
    references auth.users (id) on delete set null,
  constraint issues_seq_id_is_positive check (seq_id > 0),
  constraint issues_title_is_not_blank
    check (title ~ '[^\s\u0085\u00a0\u1680\u2000-\u200d\u2028\u2029\u202f\u205f\u2060\u3000\ufeff]'),
  constraint issues_created_at_is_finite check (isfinite(created_at)),
  constraint issues_status_is_known
    check (status in ('waiting_for_help', 'in_progress', 'resolved', 'blocked', 'archived')),
  constraint issues_segment_is_known check (segment in ('auth', 'code', 'tool', 'misc')),
  -- An archived issue that was resolved keeps resolved_at and resolved_by.
  constraint issues_resolved_at_matches_status check (
    case status
      when 'resolved' then resolved_at is not null
      when 'archived' then true
      else resolved_at is null
    end
  ),
  constraint issues_resolved_by_matches_resolved_at check ((resolved_by is null) = (resolved_at is null)),
  constraint issues_archived_at_matches_status check ((archived_at is not null) = (status = 'archived'))
);
-- A trigger assigns the numbers. A default would use up a number for each upsert of an existing row, and
-- would give way to any number that a client sends.
create sequence public.issues_seq_id_seq as integer owned by public.issues.seq_id;

comment on table public.issues is
  'Tracked issues. Null in a column that is not nullable is treated as if the column were left out. Errors '
  'on write: tracker_status_invalid, tracker_segment_invalid, tracker_assignee_invalid (422), '
  'team_role_required (403).';
comment on column public.issues.seq_id is
  'The number by which people refer to the issue: unique, assigned by the database. Only servers may set it.';
comment on column public.issues.status is
  'waiting_for_help, in_progress, blocked, resolved or archived. Every change is allowed, and logged '
  'in issue_status_logs.';
comment on column public.issues.segment is
  'auth, code, tool or misc. Null or left out on insert: determine_segment() sets it.';
comment on column public.issues.submitted_by is
  'Display name of the person who asked, for example a community member.';
comment on column public.issues.submitted_by_user_id is
  'The account that created the issue, set by the database; null for a server or an import.';
comment on column public.issues.assigned_to is 'Display name of the assignee.';
comment on column public.issues.assigned_to_user_id is
  'The team member with the name in assigned_to. Setting one of the two columns sets the other; if they '
  'contradict each other, this one wins. Null when no member, or more than one, has the name.';
comment on column public.issues.tags is
  'Sorted, without duplicates. issue_tags has the same tags as rows: write either one.';
comment on column public.issues.resolved_by is
  'Display name of the person who resolved it: as sent with the change, else the caller. '
  'Cleared on reopening.';
comment on column public.issues.resolved_by_user_id is 'The account that resolved it, set by the database.';
comment on column public.issues.resolved_at is
  'When it was resolved, set by the database. Cleared on reopening.';
comment on column public.issues.archived_at is
  'When it was archived; not null exactly while the status is archived.';
comment on column public.issues.ready_for_delivery is
  'Whether the fix may be delivered; null when undecided.';
comment on column public.issues.is_test is
  'Test data, which cleanup_legacy_test_data() deletes after some days. Agents may create a test issue; only '
  'admins and servers may mark an existing issue as one.';

create index issues_submitted_by_user_id_idx on public.issues (submitted_by_user_id);
create index issues_assigned_to_user_id_idx on public.issues (assigned_to_user_id);
create index issues_resolved_by_user_id_idx on public.issues (resolved_by_user_id);
-- The lists that people open: the newest, those of one status, those of one assignee, open ones by age.
create index issues_created_at_idx on public.issues (created_at);
create index issues_status_created_at_idx on public.issues (status, created_at);
create index issues_assigned_to_created_at_idx on public.issues (assigned_to, created_at)
  where assigned_to is not null;
-- With the id, so that they are counted without reading them.
create index issues_open_created_at_idx on public.issues (created_at) include (id)
  where status in ('waiting_for_help', 'in_progress', 'blocked') and not is_test;
-- The caller's own open ones. No import and no new issue without an assignee writes it.
create index issues_open_assigned_to_user_id_created_at_idx on public.issues (assigned_to_user_id, created_at)
  where status in ('waiting_for_help', 'in_progress', 'blocked') and not is_test
    and assigned_to_user_id is not null;
-- Titles that contain the typed text: for search_issues, since under row security the API's own `ilike` can't
-- reach it.
create index issues_title_idx on public.issues using gin (title extensions.gin_trgm_ops);
create index issues_test_created_at_idx on public.issues (created_at) where is_test;

create trigger _000_require_agent before insert or update on public.issues
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('agent');
create trigger _000_require_admin before delete on public.issues
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('admin');

alter table public.issues enable row level security;
create policy issues_select_viewer on public.issues
  for select to authenticated using ((select private.has_team_role('viewer')));
create policy issues_insert_agent on public.issues
  for insert to authenticated with check ((select private.has_team_role('agent')));
create policy issues_update_agent on public.issues
  for update to authenticated
  using ((select private.has_team_role('agent'))) with check ((select private.has_team_role('agent')));
create policy issues_delete_admin on public.issues
  for delete to authenticated using ((select private.has_team_role('admin')));

grant select, delete on public.issues to authenticated;
grant insert (
  id, seq_id, title, description, status, segment, submitted_by, submitted_by_user_id,
  assigned_to, assigned_to_user_id, tags, created_at, updated_at, resolved_by, resolved_by_user_id,
  resolved_at, archived_at, ready_for_delivery, is_test
) on public.issues to authenticated;
grant update (
  id, seq_id, title, description, status, segment, submitted_by, submitted_by_user_id,
  assigned_to, assigned_to_user_id, tags, created_at, updated_at, resolved_by, resolved_by_user_id,
  resolved_at, archived_at, ready_for_delivery, is_test
) on public.issues to authenticated;
grant select, insert, update, delete on public.issues to service_role;
