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
  constraint escalations_pkey primary key (id),
  constraint escalations_conversation_id_fkey
    foreign key (conversation_id) references support.conversations (id) on delete cascade,
  constraint escalations_assigned_to_user_id_fkey
    foreign key (assigned_to_user_id) references auth.users (id) on delete set null,
  constraint escalations_issue_id_fkey
    foreign key (issue_id) references public.issues (id) on delete set null,
  constraint escalations_status_is_known
    check (status in ('pending', 'notified', 'in_progress', 'resolved')),
  constraint escalations_reason_is_known
    check (reason in ('request', 'low_confidence', 'agent', 'insert')),
  constraint escalations_original_request_is_not_too_long check (octet_length(original_request) <= 65536),
  constraint escalations_contact_info_is_not_too_large check (pg_column_size(contact_info) <= 16384),
  constraint escalations_conversation_context_is_not_too_long
    check (octet_length(conversation_context) <= 4194304),
  constraint escalations_created_at_is_finite check (isfinite(created_at))
);
create index escalations_conversation_id_idx on support.escalations (conversation_id);
create index escalations_assigned_to_user_id_idx on support.escalations (assigned_to_user_id);
create index escalations_issue_id_idx on support.escalations (issue_id);

comment on table support.escalations is
  'One row per request for a person. The team sees them, agents write them, admins delete them; visitors see '
  'the status of their conversation. Errors on write: team_role_required (403), key_change_forbidden (422).';
comment on column support.escalations.conversation_id is 'Null for a request from outside a conversation.';
comment on column support.escalations.issue_type is 'What it is about, in a word or two, such as billing.';
comment on column support.escalations.original_request is 'What the visitor asked, as written.';
comment on column support.escalations.status is 'pending, notified, in_progress or resolved.';
comment on column support.escalations.contact_info is
  'How the visitor can be reached, as the visitor stated it: name, email, phone.';
comment on column support.escalations.conversation_context is 'The transcript as it was.';
comment on column support.escalations.assigned_to_user_id is 'The member of the team who has taken it.';
comment on column support.escalations.taken_at is 'When it was taken.';
comment on column support.escalations.resolved_at is 'When it was resolved; null while it is not.';
comment on column support.escalations.reason is
  'request: the visitor asked. low_confidence: the assistant was unsure. agent: a person of the team. '
  'insert: a plain insert.';
comment on column support.escalations.issue_id is 'The tracker''s issue that it became.';

create trigger _000_require_agent before insert or update on support.escalations
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('agent');
create trigger _000_require_admin before delete on support.escalations
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('admin');
create trigger _050_reject_key_change before update on support.escalations
  for each row when (old.id is distinct from new.id) execute function private.reject_key_change();
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
  updated_at, assigned_to_user_id, taken_at, resolved_at, reason, issue_id
) on support.escalations to authenticated;
grant update (
  id, conversation_id, issue_type, original_request, status, contact_info, conversation_context, created_at,
  updated_at, assigned_to_user_id, taken_at, resolved_at, reason, issue_id
) on support.escalations to authenticated;
grant select, insert, update, delete on support.escalations to service_role;
