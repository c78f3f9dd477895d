-- What is said in a conversation, in an order that does not depend on clocks.

create table support.messages (
  id uuid not null default gen_random_uuid(),
  conversation_id uuid not null,
  role varchar(20) not null,
  content text not null,
  created_at timestamptz not null default now(),
  author_user_id uuid,
  position bigint not null default 0,
  client_key text,
  source jsonb,
  confidence real,
  answer_id uuid,
  constraint messages_pkey primary key (id),
  constraint idx_messages_conversation_id unique (conversation_id, position),
  -- Not led by conversation_id: a page of a conversation is read by position, and row security's condition
  -- would have the planner read all of it by this one instead.
  constraint messages_client_key_conversation_id_key unique (client_key, conversation_id),
  constraint messages_conversation_id_fkey
    foreign key (conversation_id) references support.conversations (id) on delete cascade,
  constraint messages_author_user_id_fkey
    foreign key (author_user_id) references auth.users (id) on delete set null,
  constraint messages_role_is_known check (role in ('user', 'assistant', 'agent', 'system')),
  constraint messages_content_is_not_too_long check (octet_length(content) <= 65536),
  constraint messages_created_at_is_finite check (isfinite(created_at)),
  constraint messages_client_key_is_not_too_long check (char_length(client_key) between 1 and 200),
  constraint messages_source_is_not_too_large check (pg_column_size(source) <= 65536),
  constraint messages_confidence_is_a_share check (confidence between 0 and 1)
);
-- See users.
alter table support.messages
  alter column content set statistics 0, alter column client_key set statistics 0;
create index messages_author_user_id_idx on support.messages (author_user_id);

-- Positions increase within a conversation: each is taken while the conversation's row is locked.
create sequence support.messages_position_seq as bigint owned by support.messages.position;

comment on table support.messages is
  'One row per message. Visitors with an account write role user in their own conversations, agents write '
  'agent and system in any; nobody but servers changes one, admins delete them. Errors on write: '
  'support_message_role_forbidden, team_role_required (403), support_speaker_conflict (409).';
comment on column support.messages.role is
  'user: the visitor. assistant: the bot. agent: a person of the team. system: a note about the '
  'conversation, which the visitor sees too.';
comment on column support.messages.content is
  'The text as it was written. It is data: whoever displays it escapes it.';
comment on column support.messages.author_user_id is
  'The member of the team who wrote it, set by the database; null for anybody else.';
comment on column support.messages.position is
  'Its order within the conversation, set by the database: increasing, with gaps.';
comment on column support.messages.client_key is
  'Identifies the message in its sender''s retries; unique within the conversation.';
comment on column support.messages.source is 'Where an answer comes from: links to articles and issues.';
comment on column support.messages.confidence is 'How sure an answer is, 0 to 1; null for what is not one.';
comment on column support.messages.answer_id is 'The answer that it quotes.';

create trigger _000_require_admin before delete on support.messages
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('admin');

alter table support.messages enable row level security;

-- For policies, evaluated once per statement: `conversation_id = any (array(select …))`.
create or replace function private.my_conversation_ids() returns setof uuid
language plpgsql stable security definer set search_path = '' as $$
declare
  v_user_id constant uuid := auth.uid();
begin
  return query select c.id from support.conversations as c
  where c.user_id = v_user_id and private.is_active_account(v_user_id);
end;
$$;
comment on function private.my_conversation_ids is
  'The conversations of the caller as a visitor; none for a banned or deleted account.';
grant execute on function private.my_conversation_ids to authenticated, service_role;

-- Every role of the team is at least viewer. Of a boolean the planner expects half of the rows to pass, and
-- would read all of a conversation for its newest 50; of "is not null" it expects nearly all of them to.
create policy messages_select_own_or_viewer on support.messages
  for select to authenticated using (
    (select private.team_role()) is not null
    or conversation_id = any (array(select private.my_conversation_ids()))
  );
create policy messages_insert_own_or_agent on support.messages
  for insert to authenticated with check (
    (select private.has_team_role('agent'))
    or conversation_id = any (array(select private.my_conversation_ids()))
  );
create policy messages_delete_admin on support.messages
  for delete to authenticated using ((select private.has_team_role('admin')));

grant select, delete on support.messages to authenticated;
grant insert (id, conversation_id, role, content, created_at, client_key) on support.messages
  to authenticated;
grant select, insert, update, delete on support.messages to service_role;
