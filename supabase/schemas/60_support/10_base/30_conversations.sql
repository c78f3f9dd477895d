-- A visitor's conversation, and who answers in it: the assistant or a person.

-- What a visitor without an account holds is a secret, and viewers read the column session_id: it contains
-- the secret's digest, which nobody can speak with.
create or replace function private.session_digest(p_session_id text) returns text
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  return rtrim(translate(encode(sha256(convert_to(p_session_id, 'UTF8')), 'base64'), '+/', '-_'), '=');
end;
$$;
comment on function private.session_digest is
  'What conversations.session_id contains for the session id that a visitor was given: its '
  'SHA-256 as base64url.';

create or replace function private.new_session_id() returns text
language plpgsql volatile security invoker set search_path = '' as $$
begin
  return rtrim(translate(encode(extensions.gen_random_bytes(32), 'base64'), '+/', '-_'), '=');
end;
$$;
comment on function private.new_session_id is 'A session id: 32 random bytes as base64url, 43 characters.';
grant execute on function private.new_session_id to authenticated, service_role;

create table support.conversations (
  id uuid not null default gen_random_uuid(),
  user_id uuid,
  session_id varchar(255) not null default private.new_session_id(),
  status varchar(50) not null default 'active',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  visitor_name varchar(255),
  visitor_email varchar(255),
  visitor_phone varchar(50),
  assigned_to_user_id uuid,
  taken_over_at timestamptz,
  closed_at timestamptz,
  last_message_at timestamptz,
  archived_at timestamptz,
  constraint conversations_pkey primary key (id),
  constraint idx_conversations_session_id unique (session_id),
  constraint conversations_user_id_fkey
    foreign key (user_id) references support.users (id) on delete cascade,
  constraint conversations_assigned_to_user_id_fkey
    foreign key (assigned_to_user_id) references auth.users (id) on delete set null,
  constraint conversations_status_is_known
    check (status in ('active', 'waiting_for_human', 'with_human', 'closed')),
  constraint conversations_session_id_is_not_blank check (btrim(session_id) <> ''),
  constraint conversations_created_at_is_finite check (isfinite(created_at)),
  constraint conversations_closed_at_matches_status check ((status = 'closed') = (closed_at is not null)),
  constraint conversations_taken_over_at_matches_status
    check (status <> 'with_human' or taken_over_at is not null),
  constraint conversations_assigned_to_user_id_matches_taken_over_at
    check (assigned_to_user_id is null or taken_over_at is not null)
);
-- See users.
alter table support.conversations
  alter column visitor_name set statistics 0, alter column visitor_email set statistics 0,
  alter column visitor_phone set statistics 0;
create index conversations_user_id_idx on support.conversations (user_id, created_at desc);
create index conversations_assigned_to_user_id_idx on support.conversations (assigned_to_user_id);
create index conversations_created_at_idx on support.conversations (created_at);

comment on table support.conversations is
  'One row per conversation. Visitors with an account see and start their own; those without one use '
  'start_conversation. The team sees all, agents change them, admins delete them. Null in a not-null column '
  'counts as left out. Errors on write: support_routing_forbidden, team_role_required (403), '
  'support_conversation_status_conflict (409), support_conversation_status_invalid, '
  'key_change_forbidden (422).';
comment on column support.conversations.user_id is
  'The visitor, where the visitor has an account or a server registered one.';
comment on column support.conversations.session_id is
  'Identifies the session: the digest of the secret that start_conversation returned, or what a server with '
  'the secret key has set. Nobody can speak as the visitor with it; what others write here is ignored.';
comment on column support.conversations.status is
  'active: the assistant answers. waiting_for_human: it still does, and a person is asked for. with_human: a '
  'person has taken over, and the assistant is silent. closed: until the visitor writes again.';
comment on column support.conversations.visitor_name is
  'The name that the visitor gave. Nobody has confirmed it, nor the address and the number.';
comment on column support.conversations.visitor_email is
  'See visitor_name; users.email is the confirmed one.';
comment on column support.conversations.visitor_phone is 'See visitor_name.';
comment on column support.conversations.assigned_to_user_id is
  'The member of the team who has taken over; null for the assistant, or a server''s person.';
comment on column support.conversations.taken_over_at is
  'When a person has taken over, set by the database; null once the assistant answers again.';
comment on column support.conversations.closed_at is 'When it was closed, set by the database.';
comment on column support.conversations.last_message_at is
  'When its newest message was written, set by the database; null before the first.';
comment on column support.conversations.archived_at is 'When retention archived it; null before.';

alter table support.conversations enable row level security;
create policy conversations_select_own_or_viewer on support.conversations
  for select to authenticated
  using ((select private.has_team_role('viewer')) or user_id = (select private.visitor_id()));
create policy conversations_insert_own_or_agent on support.conversations
  for insert to authenticated
  with check ((select private.has_team_role('agent')) or user_id = (select private.visitor_id()));
create policy conversations_update_agent on support.conversations
  for update to authenticated
  using ((select private.has_team_role('agent'))) with check ((select private.has_team_role('agent')));
create policy conversations_delete_admin on support.conversations
  for delete to authenticated using ((select private.has_team_role('admin')));

grant select, delete on support.conversations to authenticated;
grant insert (
  id, user_id, session_id, status, created_at, updated_at, visitor_name, visitor_email, visitor_phone,
  assigned_to_user_id, taken_over_at, closed_at, last_message_at, archived_at
) on support.conversations to authenticated;
grant update (
  id, user_id, session_id, status, created_at, updated_at, visitor_name, visitor_email, visitor_phone,
  assigned_to_user_id, taken_over_at, closed_at, last_message_at, archived_at
) on support.conversations to authenticated;
grant select, insert, update, delete on support.conversations to service_role;
