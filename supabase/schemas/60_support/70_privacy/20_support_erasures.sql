-- Receipts of what was erased at a visitor's request. They contain nobody's data.

create table support.erasures (
  id uuid not null default gen_random_uuid(),
  subject_digest text not null,
  requested_by text not null,
  requested_by_user_id uuid,
  conversations_count integer not null,
  messages_count integer not null,
  escalations_count integer not null,
  issues_count integer not null,
  edited_issues_count integer not null,
  created_at timestamptz not null default now(),
  constraint erasures_pkey primary key (id),
  constraint erasures_requested_by_user_id_fkey
    foreign key (requested_by_user_id) references auth.users (id) on delete set null,
  constraint erasures_requested_by_is_known check (requested_by in ('visitor', 'team', 'server', 'account'))
);
create index erasures_requested_by_user_id_idx on support.erasures (requested_by_user_id);
create index erasures_subject_digest_idx on support.erasures (subject_digest);

comment on table support.erasures is
  'One receipt per call of forget_user(), and per account of a visitor that was deleted. Written by the '
  'database alone; admins read them, and a visitor gets the receipt as the answer.';
comment on column support.erasures.subject_digest is
  'The SHA-256 of the id of the user, or of the conversation, in hex: who has the id finds the receipt.';
comment on column support.erasures.requested_by is
  'visitor, team or server; account: the account was deleted.';
comment on column support.erasures.requested_by_user_id is
  'The member of the team who asked for it; null for anybody else.';
comment on column support.erasures.issues_count is
  'Issues of the tracker that were made from an escalation: their text is erased.';
comment on column support.erasures.edited_issues_count is
  'Issues that were made from an escalation and edited since: a person has to read them.';

alter table support.erasures enable row level security;
create policy erasures_select_admin on support.erasures
  for select to authenticated using ((select private.has_team_role('admin')));
grant select on support.erasures to authenticated, service_role;
