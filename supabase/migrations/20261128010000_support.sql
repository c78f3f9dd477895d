-- supabase/schemas/60_support, joined.

set local lock_timeout = '5s';
set local statement_timeout = '2min';

-- 60_support/10_base/05_support_schema.sql
-- The support system's tables and functions have a schema of their own: its `users` is another table than
-- that of the agents.

create schema if not exists support;
comment on schema support is
  'Conversations with members, and escalations that reach a person. Exposed; clients set db.schema to it.';
grant usage on schema support to anon, authenticated, service_role;

-- 60_support/10_base/10_support_settings.sql
-- What is set for support: what a visitor may send, how long things are kept, and when a person is needed.

create table support.settings (
  id boolean not null default true,
  messages_per_session_minute integer default 20,
  messages_per_address_minute integer default 60,
  messages_per_address_day integer default 2000,
  conversations_per_address_day integer default 100,
  bytes_per_address_day integer default 4000000,
  messages_per_conversation integer default 2000,
  message_max_bytes integer not null default 8192,
  address_header text,
  trusted_proxies_count integer not null default 1,
  close_after_days integer not null default 14,
  archive_after_days integer not null default 30,
  retention_days integer not null default 365,
  answer_confidence real not null default 0.5,
  unsure_answers_count integer not null default 2,
  escalation_due_minutes integer not null default 30,
  model_timeout_seconds integer not null default 20,
  model_tokens_per_conversation_day integer not null default 50000,
  model_tokens_per_day integer not null default 1000000,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint settings_pkey primary key (id),
  constraint settings_is_one_row check (id),
  constraint settings_messages_per_session_minute_is_positive check (messages_per_session_minute >= 1),
  constraint settings_messages_per_address_minute_is_positive check (messages_per_address_minute >= 1),
  constraint settings_messages_per_address_day_is_positive check (messages_per_address_day >= 1),
  constraint settings_conversations_per_address_day_is_positive check (conversations_per_address_day >= 1),
  constraint settings_bytes_per_address_day_is_positive check (bytes_per_address_day >= 1024),
  constraint settings_messages_per_conversation_is_positive check (messages_per_conversation >= 1),
  constraint settings_message_max_bytes_is_bounded check (message_max_bytes between 256 and 65536),
  constraint settings_address_header_is_a_name check (address_header ~ '^[a-z0-9-]{1,100}$'),
  constraint settings_trusted_proxies_count_is_bounded check (trusted_proxies_count between 1 and 10),
  constraint settings_close_after_days_is_bounded check (close_after_days between 1 and 3650),
  constraint settings_archive_after_days_is_bounded check (archive_after_days between 1 and 3650),
  constraint settings_retention_days_is_bounded check (retention_days between 1 and 36500),
  constraint settings_answer_confidence_is_a_share check (answer_confidence between 0 and 1),
  constraint settings_unsure_answers_count_is_bounded check (unsure_answers_count between 1 and 100),
  constraint settings_escalation_due_minutes_is_bounded check (escalation_due_minutes between 1 and 100000),
  constraint settings_model_timeout_seconds_is_bounded check (model_timeout_seconds between 1 and 120),
  constraint settings_model_tokens_per_conversation_day_is_not_negative
    check (model_tokens_per_conversation_day >= 0),
  constraint settings_model_tokens_per_day_is_not_negative check (model_tokens_per_day >= 0)
);
comment on table support.settings is
  'The one row of settings. Team members read it, admins change it but for address_header and '
  'trusted_proxies_count; rows are neither added nor deleted. Errors on write: team_role_required, '
  'support_address_settings_forbidden (403).';
comment on column support.settings.id is 'True in the only row.';
comment on column support.settings.messages_per_session_minute is
  'How many messages a visitor may send in a conversation within a minute; null for any number.';
comment on column support.settings.messages_per_address_minute is
  'How many messages may come from one address within a minute; null for any number.';
comment on column support.settings.messages_per_address_day is
  'How many messages may come from one address on one day, in UTC; null for any number.';
comment on column support.settings.conversations_per_address_day is
  'How many conversations may be started from one address on one day, in UTC; null for any number.';
comment on column support.settings.bytes_per_address_day is
  'How many bytes of messages and contact data are stored from one address on one day; null for any number.';
comment on column support.settings.messages_per_conversation is
  'How many messages of its visitor a conversation may contain; null for any number.';
comment on column support.settings.message_max_bytes is
  'How many bytes a message of a visitor may have, in UTF-8.';
comment on column support.settings.address_header is
  'The request header that contains the visitor''s address, in lower case, where the proxy in front always '
  'sets it itself: cf-connecting-ip behind Cloudflare. Null for x-forwarded-for. Set by operators.';
comment on column support.settings.trusted_proxies_count is
  'Which address of x-forwarded-for is the visitor''s, counted from its end: each trusted proxy appends the '
  'address that called it. Set by operators.';
comment on column support.settings.close_after_days is
  'After how many days without a message a conversation is closed.';
comment on column support.settings.archive_after_days is
  'After how many days a closed conversation is archived.';
comment on column support.settings.retention_days is
  'How many days after its last message a conversation is kept.';
comment on column support.settings.answer_confidence is
  'The lowest confidence, 0 to 1, at which an answer is given; below it the assistant offers a person.';
comment on column support.settings.unsure_answers_count is
  'After how many answers below answer_confidence in succession a conversation is escalated.';
comment on column support.settings.escalation_due_minutes is
  'After how many minutes an escalation that nobody has taken is raised again.';
comment on column support.settings.model_timeout_seconds is
  'How long support-chat waits for the model before it answers without it.';
comment on column support.settings.model_tokens_per_conversation_day is
  'How many tokens of the model one conversation may use on one day, in UTC; 0 turns the model off.';
comment on column support.settings.model_tokens_per_day is
  'How many tokens of the model all conversations together may use on one day; 0 turns the model off.';

create or replace function private.reject_address_settings_change() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
begin
  raise exception using
    errcode = 'PT403', message = 'support_address_settings_forbidden',
    detail = 'address_header and trusted_proxies_count are set by operators of the project, not by admins.',
    hint = 'Set them in the SQL editor or from a server, or send the current values.';
end;
$$;
comment on function private.reject_address_settings_change is
  'Before trigger of a person''s change of where visitors'' addresses are read from. Errors: '
  'support_address_settings_forbidden (403), always.';

create trigger _000_require_admin before update on support.settings
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('admin');
create trigger _100_reject_address_settings_change before update on support.settings
  for each row when (
    current_user in ('anon', 'authenticated') and (old.address_header, old.trusted_proxies_count)
      is distinct from (new.address_header, new.trusted_proxies_count)
  )
  execute function private.reject_address_settings_change();
create trigger _900_set_timestamps before insert or update on support.settings
  for each row execute function private.set_timestamps();

alter table support.settings enable row level security;
create policy settings_select_viewer on support.settings
  for select to authenticated using ((select private.has_team_role('viewer')));
create policy settings_update_admin on support.settings
  for update to authenticated
  using ((select private.has_team_role('admin'))) with check ((select private.has_team_role('admin')));

grant select on support.settings to authenticated;
grant update (
  id, messages_per_session_minute, messages_per_address_minute, messages_per_address_day,
  conversations_per_address_day, bytes_per_address_day, messages_per_conversation, message_max_bytes,
  address_header, trusted_proxies_count, close_after_days, archive_after_days, retention_days,
  answer_confidence, unsure_answers_count, escalation_due_minutes, model_timeout_seconds,
  model_tokens_per_conversation_day, model_tokens_per_day, created_at, updated_at
) on support.settings to authenticated;
grant select, update on support.settings to service_role;

insert into support.settings default values;

-- 60_support/10_base/20_users.sql
-- The visitors who are known: those who signed in, anonymously or not, and those whom the team or a server
-- registered.

-- A token stays valid until it expires, also of an account that is banned meanwhile.
create or replace function private.visitor_id() returns uuid
language plpgsql stable security definer set search_path = '' as $$
declare
  v_user_id constant uuid := auth.uid();
begin
  return case when private.is_active_account(v_user_id) then v_user_id end;
end;
$$;
comment on function private.visitor_id is
  'The account of the caller as a visitor, anonymous accounts included; null for a banned or deleted one. In '
  'policies: (select private.visitor_id()).';
grant execute on function private.visitor_id to authenticated, service_role;

create table support.users (
  id uuid not null default gen_random_uuid(),
  email varchar(255),
  name varchar(255),
  phone varchar(50),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint users_pkey primary key (id),
  constraint idx_users_email unique (email),
  constraint users_created_at_is_finite check (isfinite(created_at))
);
comment on table support.users is
  'One row per visitor who has an account, or whom the team or a server registered; the contact of any '
  'other visitor is on the conversation. Visitors see and edit their own row, the team sees all, agents '
  'write them, admins delete them. Errors on write: support_user_email_forbidden, team_role_required (403), '
  'key_change_forbidden (422).';
comment on column support.users.id is 'The account in auth.users; any other id for a visitor without one.';
comment on column support.users.email is
  'Unique. A visitor''s own is the confirmed address of their account, set by the database; the team and '
  'servers may set any.';

-- An address that somebody only claims would deny it to its owner, and would tell whether it is taken.
create or replace function private.set_visitor_email() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_confirmed varchar(255);
begin
  if private.has_team_role('agent') then
    return new;
  end if;
  select u.email into v_confirmed from auth.users as u
  where u.id = new.id and u.email_confirmed_at is not null and u.deleted_at is null;
  if new.email is null and tg_op = 'INSERT' then
    select v_confirmed into new.email
    where not exists (select from support.users as o where o.email = v_confirmed);
  elsif new.email is not null and lower(new.email) is distinct from lower(v_confirmed) then
    raise exception using
      errcode = 'PT403', message = 'support_user_email_forbidden',
      detail = 'The address of a visitor is the confirmed one of the account.',
      hint = 'Leave email out, or confirm the address with Auth first.';
  end if;
  return new;
end;
$$;
comment on function private.set_visitor_email is
  'Before trigger of what a visitor writes: a new row gets the confirmed address of the account. Errors: '
  'support_user_email_forbidden (403).';

create trigger _000_require_admin before delete on support.users
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('admin');
create trigger _050_reject_key_change before update on support.users
  for each row when (old.id is distinct from new.id) execute function private.reject_key_change();
create trigger _100_set_new_visitor_email before insert on support.users
  for each row when (current_user = 'authenticated') execute function private.set_visitor_email();
create trigger _110_set_visitor_email before update on support.users
  for each row when (current_user = 'authenticated' and old.email is distinct from new.email)
  execute function private.set_visitor_email();
create trigger _900_set_timestamps before insert or update on support.users
  for each row execute function private.set_timestamps();

alter table support.users enable row level security;
create policy users_select_own_or_viewer on support.users
  for select to authenticated
  using ((select private.has_team_role('viewer')) or id = (select private.visitor_id()));
create policy users_insert_own_or_agent on support.users
  for insert to authenticated
  with check ((select private.has_team_role('agent')) or id = (select private.visitor_id()));
create policy users_update_own_or_agent on support.users
  for update to authenticated
  using ((select private.has_team_role('agent')) or id = (select private.visitor_id()))
  with check ((select private.has_team_role('agent')) or id = (select private.visitor_id()));
create policy users_delete_admin on support.users
  for delete to authenticated using ((select private.has_team_role('admin')));

grant select, delete on support.users to authenticated;
grant insert (id, email, name, phone, created_at, updated_at) on support.users to authenticated;
grant update (id, email, name, phone, created_at, updated_at) on support.users to authenticated;
grant select, insert, update, delete on support.users to service_role;

-- 60_support/10_base/30_conversations.sql
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

-- 60_support/10_base/32_conversation_status.sql
-- Which way a conversation's status may go, and what goes with it.

create or replace function private.check_conversation_status(p_status text) returns void
language plpgsql immutable security invoker set search_path = '' as $$
begin
  if p_status not in ('active', 'waiting_for_human', 'with_human', 'closed') then
    raise exception using
      errcode = 'PT422', message = 'support_conversation_status_invalid',
      detail = format('%s is not a valid status.', left(p_status, 50)),
      hint = 'Use active, waiting_for_human, with_human or closed.';
  end if;
end;
$$;
comment on function private.check_conversation_status is
  'Returns for a valid status. Errors: support_conversation_status_invalid (422).';

-- A visitor starts a conversation; where it goes from there is decided by others.
create or replace function private.start_own_conversation() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  new.session_id := private.new_session_id();
  if private.has_team_role('agent') then
    return new;
  end if;
  if coalesce(new.status, 'active') <> 'active' or new.assigned_to_user_id is not null
    or new.taken_over_at is not null or new.closed_at is not null or new.archived_at is not null
    or new.user_id <> auth.uid()
  then
    raise exception using
      errcode = 'PT403', message = 'support_routing_forbidden',
      detail = 'A visitor starts an active conversation of their own; the team decides who answers in it.',
      hint = 'Leave out user_id, status, assigned_to_user_id and the times.';
  end if;
  new.user_id := private.visitor_id();
  new.created_at := now();
  new.last_message_at := null;
  if new.user_id is not null then
    insert into support.users (id) values (new.user_id) on conflict on constraint users_pkey do nothing;
  end if;
  return new;
end;
$$;
comment on function private.start_own_conversation is
  'Before-insert trigger of what a client writes: a visitor''s conversation is the visitor''s own, and '
  'active. Errors: support_routing_forbidden (403).';

create or replace function private.set_new_conversation() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  new.status := coalesce(new.status, 'active');
  new.session_id := coalesce(new.session_id, private.new_session_id());
  perform private.check_conversation_status(new.status);
  new.closed_at := case when new.status = 'closed' then coalesce(new.closed_at, now()) end;
  if new.status = 'with_human' then
    new.taken_over_at := coalesce(new.taken_over_at, now());
  elsif new.status <> 'closed' then
    new.assigned_to_user_id := null;
    new.taken_over_at := null;
  end if;
  return new;
end;
$$;
comment on function private.set_new_conversation is
  'Before-insert trigger: the times that the status has. Errors: support_conversation_status_invalid (422).';

create or replace function private.set_conversation_status() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  new.status := coalesce(new.status, old.status);
  new.session_id := coalesce(new.session_id, old.session_id);
  perform private.check_conversation_status(new.status);
  if old.status = 'closed' and new.status = 'waiting_for_human' then
    raise exception using
      errcode = 'PT409', message = 'support_conversation_status_conflict',
      detail = 'A closed conversation is opened by a message, or taken over by a person.',
      hint = 'Set it to active or with_human first.';
  end if;
  new.closed_at := case
    when new.status <> 'closed' then null when old.status = 'closed' then old.closed_at
    else clock_timestamp() end;
  if new.status = 'with_human' then
    new.taken_over_at := coalesce(old.taken_over_at, clock_timestamp());
    if old.status <> 'with_human' then
      new.taken_over_at := clock_timestamp();
      if new.assigned_to_user_id is not distinct from old.assigned_to_user_id
        and private.has_team_role('agent')
      then
        new.assigned_to_user_id := auth.uid();
      end if;
    end if;
  elsif new.status = 'closed' then
    new.taken_over_at := old.taken_over_at;
  else
    new.assigned_to_user_id := null;
    new.taken_over_at := null;
  end if;
  if new.status <> 'closed' then
    new.archived_at := null;
  end if;
  return new;
end;
$$;
comment on function private.set_conversation_status is
  'Before-update trigger: the legal ways, and the person and the times that the status has. Errors: '
  'support_conversation_status_conflict (409), support_conversation_status_invalid (422).';

-- An upsert sends the row as it was read, and start_own_conversation has replaced the session id in it.
create or replace function private.restore_session_id() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
begin
  new.session_id := old.session_id;
  return new;
end;
$$;
comment on function private.restore_session_id is
  'Before-update trigger of what a client writes: the session stays.';

create trigger _000_require_agent before update on support.conversations
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('agent');
create trigger _000_require_admin before delete on support.conversations
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('admin');
create trigger _050_reject_key_change before update on support.conversations
  for each row when (old.id is distinct from new.id) execute function private.reject_key_change();
create trigger _060_restore_session_id before update on support.conversations
  for each row when (current_user = 'authenticated' and old.session_id is distinct from new.session_id)
  execute function private.restore_session_id();
create trigger _100_start_own_conversation before insert on support.conversations
  for each row when (current_user = 'authenticated') execute function private.start_own_conversation();
create trigger _110_set_new_conversation before insert on support.conversations
  for each row execute function private.set_new_conversation();
create trigger _120_set_conversation_status before update on support.conversations
  for each row when (
    (old.status, old.session_id, old.assigned_to_user_id, old.taken_over_at, old.closed_at, old.archived_at)
      is distinct from
      (new.status, new.session_id, new.assigned_to_user_id, new.taken_over_at, new.closed_at, new.archived_at)
  )
  execute function private.set_conversation_status();
create trigger _900_set_timestamps before insert or update on support.conversations
  for each row execute function private.set_timestamps();

-- 60_support/10_base/40_messages.sql
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
  constraint messages_conversation_id_client_key_key unique (conversation_id, client_key),
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
begin
  return query select c.id from support.conversations as c where c.user_id = private.visitor_id();
end;
$$;
comment on function private.my_conversation_ids is
  'The conversations of the caller as a visitor; none for a banned or deleted account.';
grant execute on function private.my_conversation_ids to authenticated, service_role;

create policy messages_select_own_or_viewer on support.messages
  for select to authenticated using (
    (select private.has_team_role('viewer'))
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

-- 60_support/10_base/42_message_triggers.sql
-- Who may say what, the order of messages, and what a message does to its conversation.

-- A person who has taken over is the only one who answers: the assistant's message is checked in the
-- transaction that inserts it, under the lock of the conversation's row.
create or replace function private.set_new_message() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_status text;
begin
  select c.status::text into v_status from support.conversations as c
  where c.id = new.conversation_id for no key update;
  if not found then
    -- the foreign key refuses it
    return new;
  end if;
  if new.role = 'assistant' and v_status = 'with_human' then
    raise exception using
      errcode = 'PT409', message = 'support_speaker_conflict',
      detail = 'A person has taken over this conversation; the assistant is silent.',
      hint = 'Leave the answer out.';
  end if;
  new.position := nextval('support.messages_position_seq');
  return new;
end;
$$;
comment on function private.set_new_message is
  'Before-insert trigger: locks the conversation, and takes the position. Errors: '
  'support_speaker_conflict (409).';

create or replace function private.check_message_author() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  if new.role = 'user' then
    if not exists (
      select from support.conversations as c
      where c.id = new.conversation_id and c.user_id = private.visitor_id()
    ) then
      raise exception using
        errcode = 'PT403', message = 'support_message_role_forbidden',
        detail = 'Only the visitor whose conversation it is writes as user.',
        hint = 'Write as agent, with the team role agent.';
    end if;
    new.author_user_id := null;
    new.created_at := now();
    return new;
  end if;
  if new.role not in ('agent', 'system') or not private.has_team_role('agent') then
    raise exception using
      errcode = 'PT403', message = 'support_message_role_forbidden',
      detail = 'A visitor writes as user, an agent of the team as agent or system.',
      hint = 'Use the role user.';
  end if;
  new.author_user_id := auth.uid();
  return new;
end;
$$;
comment on function private.check_message_author is
  'Before-insert trigger of what a client writes: the role of its author. Errors: '
  'support_message_role_forbidden (403).';

-- The conversation's row is locked since set_new_message.
create or replace function private.update_conversation() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  update support.conversations as c set
    last_message_at = greatest(c.last_message_at, new.created_at),
    status = case
      when new.role = 'user' and c.status = 'closed' then 'active'
      when new.role = 'agent' then 'with_human'
      else c.status end,
    assigned_to_user_id = case
      when new.role = 'agent' then coalesce(c.assigned_to_user_id, new.author_user_id)
      else c.assigned_to_user_id end
  where c.id = new.conversation_id;
  return null;
end;
$$;
comment on function private.update_conversation is
  'After-insert trigger of messages: a visitor''s message opens a closed conversation, and a person''s takes '
  'the conversation over.';

-- Servers change texts; what makes a message one of its conversation stays.
create or replace function private.set_message_position() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
begin
  new.position := old.position;
  return new;
end;
$$;
comment on function private.set_message_position is 'Before-update trigger: the position stays.';

create trigger _050_reject_key_change before update on support.messages
  for each row when (
    old.id is distinct from new.id or old.conversation_id is distinct from new.conversation_id
  )
  execute function private.reject_key_change();
create trigger _100_check_message_author before insert on support.messages
  for each row when (current_user = 'authenticated') execute function private.check_message_author();
create trigger _200_set_new_message before insert on support.messages
  for each row execute function private.set_new_message();
create trigger _210_set_message_position before update on support.messages
  for each row when (old.position is distinct from new.position)
  execute function private.set_message_position();
create trigger _900_set_created_at before insert or update on support.messages
  for each row execute function private.set_created_at();
create trigger _200_update_conversation after insert on support.messages
  for each row execute function private.update_conversation();

-- 60_support/10_base/44_insert_assistant_message.sql
-- The one way of the assistant to speak.

create or replace function private.insert_assistant_message(
  p_conversation_id uuid, p_content text, p_source jsonb default null, p_confidence real default null,
  p_answer_id uuid default null
) returns support.messages
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_message support.messages;
begin
  perform from support.conversations as c
  where c.id = p_conversation_id and c.status in ('active', 'waiting_for_human') for no key update;
  if not found then
    return null;
  end if;
  insert into support.messages (conversation_id, role, content, source, confidence, answer_id)
  values (p_conversation_id, 'assistant', p_content, p_source, p_confidence, p_answer_id)
  returning * into v_message;
  return v_message;
end;
$$;
comment on function private.insert_assistant_message is
  'Inserts a message of the assistant, and returns it; inserts nothing and returns null where a person has '
  'taken over, the conversation is closed, or it does not exist.';

-- 60_support/10_base/50_escalations.sql
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

-- 60_support/90_realtime.sql
-- The tables whose changes clients can subscribe to; row level security decides who receives which row.

alter publication supabase_realtime add table
  support.conversations, support.messages, support.escalations;
