-- What a person of the team is asked to do, with the conversation as it was.

create table support.escalations (
  id uuid not null default gen_random_uuid(),
  conversation_id uuid,
  issue_type varchar(50) not null,
  original_request text not null,
  status varchar(50) not null default 'pending',
  contact_info jsonb,
  conversation_context text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  assigned_to_user_id uuid,
  taken_at timestamptz,
  resolved_at timestamptz,
  reason text not null default 'insert',
  issue_id uuid,
  is_issue_created boolean not null default false,
  first_answered_at timestamptz,
  resolved_by_user_id uuid,
  resolution_note text,
  notified_at timestamptz,
  notified_count integer not null default 0,
  raised_at timestamptz,
  raised_count integer not null default 0,
  constraint escalations_pkey primary key (id),
  constraint escalations_conversation_id_fkey
    foreign key (conversation_id) references support.conversations (id) on delete cascade,
  constraint escalations_assigned_to_user_id_fkey
    foreign key (assigned_to_user_id) references auth.users (id) on delete set null,
  constraint escalations_issue_id_fkey
    foreign key (issue_id) references public.issues (id) on delete set null,
  constraint escalations_resolved_by_user_id_fkey
    foreign key (resolved_by_user_id) references auth.users (id) on delete set null,
  constraint escalations_status_is_known
    check (status in ('pending', 'notified', 'in_progress', 'resolved')),
  constraint escalations_reason_is_known
    check (reason in ('request', 'low_confidence', 'agent', 'insert')),
  constraint escalations_original_request_is_not_too_long check (octet_length(original_request) <= 65536),
  constraint escalations_contact_info_is_not_too_large check (pg_column_size(contact_info) <= 16384),
  constraint escalations_conversation_context_is_not_too_long
    check (octet_length(conversation_context) <= 4194304),
  constraint escalations_resolution_note_is_not_too_long check (octet_length(resolution_note) <= 65536),
  constraint escalations_resolved_at_matches_status check ((status = 'resolved') = (resolved_at is not null)),
  constraint escalations_taken_at_matches_status check (
    case status when 'in_progress' then taken_at is not null when 'resolved' then true
    else taken_at is null and assigned_to_user_id is null end
  ),
  constraint escalations_created_at_is_finite check (isfinite(created_at))
);
-- See users.
alter table support.escalations
  alter column original_request set statistics 0, alter column contact_info set statistics 0,
  alter column conversation_context set statistics 0;
create index escalations_conversation_id_idx on support.escalations (conversation_id);
-- One person is asked for at a time.
create unique index escalations_open_conversation_id_idx on support.escalations (conversation_id)
  where status <> 'resolved';
create index escalations_created_at_idx on support.escalations (created_at);
create index escalations_assigned_to_user_id_idx on support.escalations (assigned_to_user_id);
create index escalations_resolved_by_user_id_idx on support.escalations (resolved_by_user_id);
create index escalations_issue_id_idx on support.escalations (issue_id);
-- The list of the team, and the job that raises them. Few are open.
create index escalations_open_status_created_at_idx on support.escalations (status, created_at)
  where status <> 'resolved';

comment on table support.escalations is
  'One row per request for a person, and at most one per conversation that is not resolved. The team sees '
  'them, agents write them, admins delete them; visitors see the status of their conversation. What a person '
  'sends for the columns that the database sets is not used. Errors on write: team_role_required (403), '
  'support_escalation_conflict, support_escalation_status_conflict (409), support_escalation_status_invalid, '
  'support_row_invalid, key_change_forbidden (422).';
comment on column support.escalations.conversation_id is 'Null for a request from outside a conversation.';
comment on column support.escalations.issue_type is 'What it is about, in a word or two, such as billing.';
comment on column support.escalations.original_request is 'What the visitor asked, as written.';
comment on column support.escalations.status is
  'pending: nobody was told. notified: the team was. in_progress: somebody has taken it, and the assistant '
  'is silent. resolved: done, for good.';
comment on column support.escalations.contact_info is
  'How the visitor can be reached, as the visitor stated it: name, email, phone.';
comment on column support.escalations.conversation_context is
  'The transcript as it was: the newest 32 kB, made by the database where it is left out.';
comment on column support.escalations.assigned_to_user_id is
  'The member of the team who has taken it, set by the database; null for a server''s person.';
comment on column support.escalations.taken_at is 'When it was taken, set by the database.';
comment on column support.escalations.first_answered_at is
  'When a person first wrote to the visitor, set by the database.';
comment on column support.escalations.resolved_at is 'When it was resolved; null while it is not.';
comment on column support.escalations.resolution_note is 'What was done, for the team.';
comment on column support.escalations.notified_count is 'How often the team was told.';
comment on column support.escalations.raised_count is
  'How often it was raised again, because nobody had taken it for escalation_due_minutes.';
comment on column support.escalations.reason is
  'request: the visitor asked. low_confidence: the assistant was unsure. agent: a person of the team. '
  'insert: a plain insert.';
comment on column support.escalations.issue_id is
  'The tracker''s issue that it became or was linked to, by escalation_to_issue().';
comment on column support.escalations.is_issue_created is
  'Whether the issue was made from the escalation; false for one that existed.';

create trigger _000_require_agent before insert or update on support.escalations
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('agent');
create trigger _000_require_admin before delete on support.escalations
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('admin');
create trigger _050_reject_key_change before update on support.escalations
  for each row when (
    old.id is distinct from new.id or old.conversation_id is distinct from new.conversation_id
  )
  execute function private.reject_key_change();
create trigger _900_set_timestamps before insert or update on support.escalations
  for each row execute function private.set_timestamps();

alter table support.escalations enable row level security;
create policy escalations_select_viewer on support.escalations
  for select to authenticated using ((select private.has_team_role('viewer')));
create policy escalations_insert_agent on support.escalations
  for insert to authenticated with check ((select private.has_team_role('agent')));
create policy escalations_update_agent on support.escalations
  for update to authenticated
  using ((select private.has_team_role('agent'))) with check ((select private.has_team_role('agent')));
create policy escalations_delete_admin on support.escalations
  for delete to authenticated using ((select private.has_team_role('admin')));

grant select, delete on support.escalations to authenticated;
grant insert (
  id, conversation_id, issue_type, original_request, status, contact_info, conversation_context, created_at,
  updated_at, assigned_to_user_id, taken_at, resolved_at, reason, issue_id, is_issue_created,
  first_answered_at, resolved_by_user_id, resolution_note, notified_at, notified_count, raised_at,
  raised_count
) on support.escalations to authenticated;
grant update (
  id, conversation_id, issue_type, original_request, status, contact_info, conversation_context, created_at,
  updated_at, assigned_to_user_id, taken_at, resolved_at, reason, issue_id, is_issue_created,
  first_answered_at, resolved_by_user_id, resolution_note, notified_at, notified_count, raised_at,
  raised_count
) on support.escalations to authenticated;
grant select, insert, update, delete on support.escalations to service_role;
