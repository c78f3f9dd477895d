-- Engineering issues: what is known about a fault, where it is, and in which conversations it was found and
-- fixed.

create table public.exai_issues (
  id uuid not null default gen_random_uuid(),
  issue_number integer not null default 0,
  title text not null,
  description text not null default '',
  severity text not null default 'medium',
  category text not null default 'other',
  status text not null default 'open',
  file_path text,
  line_start integer,
  line_end integer,
  affected_components text[] not null default '{}',
  conversation_id text,
  fix_conversation_id text,
  root_cause text,
  impact_description text,
  recommended_fix text,
  actual_fix text,
  related_issues uuid[] not null default '{}',
  blocks_issues uuid[] not null default '{}',
  blocked_by_issues uuid[] not null default '{}',
  discovery_date timestamptz not null default now(),
  fix_date timestamptz,
  verification_date timestamptz,
  created_by text not null default private.actor_name(),
  created_by_user_id uuid,
  claimed_by text,
  claimed_by_user_id uuid,
  claimed_at timestamptz,
  lease_expires_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  claim_minutes integer,
  constraint exai_issues_pkey primary key (id),
  constraint exai_issues_issue_number_key unique (issue_number),
  constraint exai_issues_created_by_user_id_fkey foreign key (created_by_user_id)
    references auth.users (id) on delete set null,
  constraint exai_issues_claimed_by_user_id_fkey foreign key (claimed_by_user_id)
    references auth.users (id) on delete set null,
  constraint exai_issues_issue_number_is_positive check (issue_number > 0),
  constraint exai_issues_title_is_not_blank
    check (title ~ '[^\s\u0085\u00a0\u1680\u2000-\u200d\u2028\u2029\u202f\u205f\u2060\u3000\ufeff]'),
  constraint exai_issues_severity_is_known check (severity in ('critical', 'high', 'medium', 'low')),
  constraint exai_issues_category_is_known check (
    category in ('timeout', 'architecture', 'configuration', 'performance', 'security', 'other')
  ),
  constraint exai_issues_status_is_known
    check (status in ('open', 'in_progress', 'fixed', 'verified', 'closed', 'wont_fix')),
  constraint exai_issues_line_start_is_positive check (line_start >= 1),
  constraint exai_issues_line_end_follows_line_start
    check (line_end is null or line_start is not null and line_end >= line_start),
  constraint exai_issues_created_at_is_finite check (isfinite(created_at)),
  constraint exai_issues_fixed_has_fix_date check (status <> 'fixed' or fix_date is not null),
  constraint exai_issues_verified_has_verification_date
    check (status <> 'verified' or verification_date is not null),
  constraint exai_issues_claim_minutes_are_in_range check (claim_minutes between 1 and 1440),
  constraint exai_issues_claim_is_whole check (
    (claimed_by is null) = (claimed_at is null) and (claimed_by is null) = (lease_expires_at is null)
  )
);
-- A trigger assigns the numbers: a default would consume one for each upsert of an existing row.
create sequence public.exai_issues_issue_number_seq as integer owned by public.exai_issues.issue_number;

comment on table public.exai_issues is
  'Engineering issues. Null in a column that is not nullable counts as left out: an insert takes the '
  'default, an update and an upsert keep the stored value. Errors on write: exai_severity_invalid, '
  'exai_category_invalid, exai_status_invalid, exai_related_issue_unknown, key_change_forbidden (422), '
  'exai_relation_cycle_conflict, exai_relation_limit_reached, exai_claim_conflict, '
  'exai_isolation_unsupported (409).';
comment on column public.exai_issues.issue_number is
  'The number that people use: unique, assigned by the database. Only servers and imports may choose one.';
comment on column public.exai_issues.severity is 'critical, high, medium or low.';
comment on column public.exai_issues.category is
  'timeout, architecture, configuration, performance, security or other.';
comment on column public.exai_issues.status is
  'open, in_progress, fixed, verified, closed or wont_fix. Any status may follow any other; each change '
  'writes an update of type status_change. An issue that is open or in_progress is active, and only active '
  'issues block others.';
comment on column public.exai_issues.file_path is 'Path of the affected file, as the project names it.';
comment on column public.exai_issues.line_start is 'First affected line, counted from 1.';
comment on column public.exai_issues.line_end is 'Last affected line, not before line_start.';
comment on column public.exai_issues.conversation_id is
  'Id of the conversation in which the issue was found; any text.';
comment on column public.exai_issues.fix_conversation_id is
  'Id of the conversation in which it was fixed; kept when the issue is reopened.';
comment on column public.exai_issues.related_issues is
  'Sorted ids: the same data as the edges of kind relates in exai_issue_relations. Write either one; '
  'both ends are updated.';
comment on column public.exai_issues.blocks_issues is
  'Sorted ids of the issues that wait for this one: its outgoing edges of kind blocks. Write either one.';
comment on column public.exai_issues.blocked_by_issues is
  'Sorted ids of the issues that this one waits for: its incoming edges of kind blocks. Write either one.';
comment on column public.exai_issues.fix_date is
  'When it was fixed: the value that was sent, else the time at which the status became fixed. '
  'Cleared on reopening.';
comment on column public.exai_issues.verification_date is
  'When the fix was verified: the value that was sent, else the time at which the status became verified. '
  'Cleared on reopening, and when a verified issue becomes fixed again.';
comment on column public.exai_issues.created_by is 'Display name of the person who filed it.';
comment on column public.exai_issues.created_by_user_id is
  'The account that filed it, set by the database; null if a server or an import filed it.';
comment on column public.exai_issues.claimed_by is
  'The holder of the claim: the id of a conversation, or a person''s display name. Written by '
  'claim_exai_issue and next_exai_issue; cleared when the claim is released or the issue is '
  'no longer active.';
comment on column public.exai_issues.claimed_by_user_id is
  'The account of the holder; null if a server claimed it.';
comment on column public.exai_issues.lease_expires_at is
  'When the claim ends. Each write of the holder to the issue, its steps, updates or relations extends it to '
  'claim_minutes from then. An expired claim keeps its columns but has no effect.';
comment on column public.exai_issues.claim_minutes is
  'For how long the claim lasts after a write of its holder; null counts as 30.';

-- The order in which active issues are listed.
create index exai_issues_active_idx on public.exai_issues (
  (case severity when 'critical' then 1 when 'high' then 2 when 'medium' then 3 when 'low' then 4 end),
  issue_number
) where status in ('open', 'in_progress');
create index exai_issues_created_at_idx on public.exai_issues (created_at);
create index exai_issues_conversation_id_idx on public.exai_issues (conversation_id);
create index exai_issues_file_path_idx on public.exai_issues (file_path);
create index exai_issues_title_file_path_idx on public.exai_issues
  using gin (title extensions.gin_trgm_ops, file_path extensions.gin_trgm_ops);
create index exai_issues_affected_components_idx on public.exai_issues using gin (affected_components);
create index exai_issues_created_by_user_id_idx on public.exai_issues (created_by_user_id);
create index exai_issues_claimed_by_user_id_idx on public.exai_issues (claimed_by_user_id);

create trigger _000_require_agent before insert or update on public.exai_issues
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('agent');
create trigger _000_require_admin before delete on public.exai_issues
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('admin');

alter table public.exai_issues enable row level security;
create policy exai_issues_select_viewer on public.exai_issues
  for select to authenticated using ((select private.has_team_role('viewer')));
create policy exai_issues_insert_agent on public.exai_issues
  for insert to authenticated with check ((select private.has_team_role('agent')));
create policy exai_issues_update_agent on public.exai_issues
  for update to authenticated
  using ((select private.has_team_role('agent'))) with check ((select private.has_team_role('agent')));
create policy exai_issues_delete_admin on public.exai_issues
  for delete to authenticated using ((select private.has_team_role('admin')));

grant select, delete on public.exai_issues to authenticated;
grant insert (
  id, issue_number, title, description, severity, category, status, file_path, line_start, line_end,
  affected_components, conversation_id, fix_conversation_id, root_cause, impact_description, recommended_fix,
  actual_fix, related_issues, blocks_issues, blocked_by_issues, discovery_date, fix_date, verification_date,
  created_by, created_by_user_id, claimed_by, claimed_by_user_id, claimed_at, lease_expires_at, created_at,
  updated_at, claim_minutes
) on public.exai_issues to authenticated;
grant update (
  id, issue_number, title, description, severity, category, status, file_path, line_start, line_end,
  affected_components, conversation_id, fix_conversation_id, root_cause, impact_description, recommended_fix,
  actual_fix, related_issues, blocks_issues, blocked_by_issues, discovery_date, fix_date, verification_date,
  created_by, created_by_user_id, claimed_by, claimed_by_user_id, claimed_at, lease_expires_at, created_at,
  updated_at, claim_minutes
) on public.exai_issues to authenticated;
grant select, insert, update, delete on public.exai_issues to service_role;
