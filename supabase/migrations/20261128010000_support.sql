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

-- Who may select from a table may also ask the planner how many rows a value has (Prefer: count=planned),
-- rows that row security hides included: of these columns it has no statistics.
alter table support.users
  alter column email set statistics 0, alter column name set statistics 0,
  alter column phone set statistics 0;

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

-- 60_support/10_base/32_conversation_status.sql
-- Which way a conversation's status may go, and what goes with it.

create or replace function private.check_conversation_status(p_status text) returns void
language plpgsql stable security invoker set search_path = '' as $$
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
    perform private.ensure_visitor(new.user_id);
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
  'key_change_forbidden (422).';
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

-- 60_support/20_visitors/10_visitor_accounts.sql
-- A visitor's row follows the account: it exists with the first conversation, and has the address once it is
-- confirmed.

create or replace function private.confirmed_email(p_user_id uuid) returns text
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select u.email::text from auth.users as u
    where u.id = p_user_id and u.email_confirmed_at is not null and u.deleted_at is null
      and char_length(u.email) <= 255
  );
end;
$$;
comment on function private.confirmed_email is
  'The confirmed address of an account; null where it has none, or is deleted.';

-- Where the team has registered the address with another visitor, it stays there.
create or replace function private.ensure_visitor(p_user_id uuid) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  if exists (select from support.users as u where u.id = p_user_id) then
    return;
  end if;
  insert into support.users (id, email)
  values (p_user_id, private.confirmed_email(p_user_id)) on conflict do nothing;
  insert into support.users (id) values (p_user_id) on conflict on constraint users_pkey do nothing;
end;
$$;
comment on function private.ensure_visitor is
  'Creates the visitor''s row of an account that has none, with the address that it has confirmed.';

-- Nothing in here may fail because of the account: that would refuse the sign-in.
create or replace function private.sync_visitor_account() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  if (old.email, old.email_confirmed_at) is distinct from (new.email, new.email_confirmed_at) then
    update support.users as u set email = private.confirmed_email(new.id)
    where u.id = new.id and not exists (
      select from support.users as o where o.id <> new.id and o.email = private.confirmed_email(new.id)
    );
  end if;
  return null;
end;
$$;
comment on function private.sync_visitor_account is
  'After-update trigger of auth.users: the visitor''s address is the confirmed one of the account.';

-- Names no column, see _110_sync_changed_account.
create trigger _130_sync_visitor_account after update on auth.users
  for each row when (old *<> new) execute function private.sync_visitor_account();

-- 60_support/20_visitors/20_visitor_addresses.sql
-- Which address a visitor calls from, in a form that nobody can read.

-- Whoever has an IPv6 address has the /64 around it. An IPv4 address in IPv6 (::ffff:192.0.2.1) is the IPv4
-- address.
create or replace function private.parse_ip_address(p_text text) returns text
language plpgsql immutable strict security invoker set search_path = '' as $$
declare
  v_text text := btrim(p_text, E' \t');
  v_address inet;
begin
  v_text := coalesce(
    substring(v_text from '^\[([0-9A-Fa-f:.]+)\](?::\d+)?$'), substring(v_text from '^([0-9.]+):\d+$'), v_text
  );
  if v_text !~ '^[0-9A-Fa-f:.]{2,45}$' then
    return null;
  end if;
  v_address := v_text::inet;
  if family(v_address) = 6 and v_address << '::ffff:0:0/96'::inet then
    v_address := '0.0.0.0'::inet + (v_address - '::ffff:0:0'::inet);
  end if;
  return case family(v_address)
    when 4 then host(v_address) else network(set_masklen(v_address, 64))::text end;
exception
  when invalid_text_representation then
    return null;
end;
$$;
comment on function private.parse_ip_address is
  'An IP address, with or without a port, as it counts for limits: IPv4 as it is, IPv6 as its /64; null for '
  'any other text.';

-- Each proxy appends the address that called it, so what the caller wrote is to the left of what the trusted
-- ones did.
create or replace function private.find_visitor_address(
  p_headers jsonb, p_address_header text, p_trusted_proxies_count integer
) returns text
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_hops text[];
begin
  if p_address_header is not null then
    return private.parse_ip_address(p_headers ->> p_address_header);
  end if;
  v_hops := string_to_array(p_headers ->> 'x-forwarded-for', ',');
  return private.parse_ip_address(v_hops[cardinality(v_hops) + 1 - p_trusted_proxies_count]);
end;
$$;
comment on function private.find_visitor_address is
  'The address in a request''s headers that the trusted proxy wrote: the named header, else the hop of '
  'x-forwarded-for that is p_trusted_proxies_count from its end; null where there is none.';

create table private.visitor_address_keys (
  day date not null,
  key bytea not null default extensions.gen_random_bytes(32),
  constraint visitor_address_keys_pkey primary key (day)
);
comment on table private.visitor_address_keys is
  'The key of a day (UTC) under which addresses are hashed. With its deletion, the hashes of that day can''t '
  'be told from random bytes.';
alter table private.visitor_address_keys enable row level security;

create or replace function private.visitor_address_key(p_day date) returns bytea
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_key bytea := (select k.key from private.visitor_address_keys as k where k.day = p_day);
begin
  if v_key is null then
    insert into private.visitor_address_keys (day) values (p_day)
    on conflict on constraint visitor_address_keys_pkey do nothing;
    v_key := (select k.key from private.visitor_address_keys as k where k.day = p_day);
  end if;
  return v_key;
end;
$$;
comment on function private.visitor_address_key is 'The key of a day, which is made when it is first needed.';

-- Callers without a readable address share one count: it is not a way around the limits.
create or replace function private.visitor_address_hash(p_headers jsonb, p_day date) returns bytea
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_settings support.settings;
  v_address text;
begin
  select * into v_settings from support.settings as s where s.id;
  v_address := private.find_visitor_address(
    coalesce(p_headers, nullif(current_setting('request.headers', true), '')::jsonb),
    v_settings.address_header, v_settings.trusted_proxies_count
  );
  return substr(
    extensions.hmac(
      convert_to(coalesce(v_address, 'unknown'), 'UTF8'), private.visitor_address_key(p_day), 'sha256'
    ), 1, 16
  );
end;
$$;
comment on function private.visitor_address_hash is
  'The keyed hash of the address in these headers, or in those of the current request where they are null.';

-- 60_support/20_visitors/30_visitor_limits.sql
-- What a visitor may send: per conversation, and per address.

create table private.conversation_counts (
  conversation_id uuid not null,
  minute_at timestamptz not null,
  minute_messages_count integer not null,
  messages_count integer not null,
  constraint conversation_counts_pkey primary key (conversation_id),
  constraint conversation_counts_conversation_id_fkey
    foreign key (conversation_id) references support.conversations (id) on delete cascade
);
comment on table private.conversation_counts is
  'How many messages the visitor of a conversation has sent, and since minute_at.';
alter table private.conversation_counts enable row level security;

create table private.visitor_address_counts (
  day date not null,
  address_hash bytea not null,
  minute_at timestamptz not null,
  minute_messages_count integer not null,
  messages_count integer not null,
  conversations_count integer not null,
  bytes_count bigint not null,
  constraint visitor_address_counts_pkey primary key (day, address_hash)
);
comment on table private.visitor_address_counts is
  'What came from an address on a day (UTC), and since minute_at. The address is a hash under '
  'the day''s key.';
alter table private.visitor_address_counts enable row level security;

create or replace function private.raise_visitor_rate_limited(p_until timestamptz, p_detail text) returns void
language plpgsql volatile security invoker set search_path = '' as $$
begin
  raise exception using
    errcode = 'PT429', message = 'support_messages_rate_limited', detail = p_detail,
    hint = format(
      'Try again in %s seconds.', greatest(1, ceil(extract(epoch from p_until - clock_timestamp()))::integer)
    );
end;
$$;
comment on function private.raise_visitor_rate_limited is
  'Raises the error of a limit per minute, with the seconds to wait. Errors: '
  'support_messages_rate_limited (429), always.';

-- The caller holds the lock of the conversation's row.
create or replace function private.count_visitor_messages(p_conversation_id uuid, p_count integer)
returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_now constant timestamptz := clock_timestamp();
  v_settings support.settings;
  v_counts private.conversation_counts;
begin
  select * into v_settings from support.settings as s where s.id;
  insert into private.conversation_counts as c (
    conversation_id, minute_at, minute_messages_count, messages_count
  ) values (p_conversation_id, v_now, p_count, p_count)
  on conflict on constraint conversation_counts_pkey do update set
    minute_at = case when c.minute_at <= v_now - interval '1 minute' then v_now else c.minute_at end,
    minute_messages_count = p_count
      + case when c.minute_at <= v_now - interval '1 minute' then 0 else c.minute_messages_count end,
    messages_count = c.messages_count + p_count
  returning * into v_counts;
  if v_counts.messages_count > v_settings.messages_per_conversation then
    raise exception using
      errcode = 'PT409', message = 'support_messages_limit_reached',
      detail = format(
        'A visitor writes up to %s messages in a conversation.', v_settings.messages_per_conversation
      ),
      hint = 'Start another conversation.';
  end if;
  if v_counts.minute_messages_count > v_settings.messages_per_session_minute then
    perform private.raise_visitor_rate_limited(
      v_counts.minute_at + interval '1 minute',
      format('A visitor writes up to %s messages per minute.', v_settings.messages_per_session_minute)
    );
  end if;
end;
$$;
comment on function private.count_visitor_messages is
  'Counts messages of a conversation''s visitor. Errors: support_messages_limit_reached (409), '
  'support_messages_rate_limited (429).';

create or replace function private.check_address_day(p_counts private.visitor_address_counts) returns void
language plpgsql stable security definer set search_path = '' as $$
declare
  v_end constant timestamptz := (p_counts.day + 1)::timestamp at time zone 'UTC';
  v_settings support.settings;
begin
  select * into v_settings from support.settings as s where s.id;
  if p_counts.messages_count > v_settings.messages_per_address_day
    or p_counts.conversations_count > v_settings.conversations_per_address_day
    or p_counts.bytes_count > v_settings.bytes_per_address_day
  then
    raise exception using
      errcode = 'PT429', message = 'support_address_limit_reached',
      detail = 'As much has come from this address today as may come from one address on one day.',
      hint = format(
        'Try again in %s seconds.', greatest(1, ceil(extract(epoch from v_end - clock_timestamp()))::integer)
      );
  end if;
end;
$$;
comment on function private.check_address_day is
  'Returns while an address is within its limits of the day. Errors: support_address_limit_reached (429).';

-- The last lock that a statement takes. What is refused is rolled back, and so does not count.
create or replace function private.count_visitor_address(
  p_headers jsonb, p_conversations integer, p_messages integer, p_bytes bigint
) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_now constant timestamptz := clock_timestamp();
  v_day constant date := (v_now at time zone 'UTC')::date;
  v_limit constant integer := (select s.messages_per_address_minute from support.settings as s where s.id);
  v_counts private.visitor_address_counts;
begin
  if p_headers is null and private.is_trusted_caller() then
    return;
  end if;
  insert into private.visitor_address_counts as c (
    day, address_hash, minute_at, minute_messages_count, messages_count, conversations_count, bytes_count
  ) values (
    v_day, private.visitor_address_hash(p_headers, v_day), v_now, p_messages, p_messages, p_conversations,
    p_bytes
  )
  on conflict on constraint visitor_address_counts_pkey do update set
    minute_at = case when c.minute_at <= v_now - interval '1 minute' then v_now else c.minute_at end,
    minute_messages_count = p_messages
      + case when c.minute_at <= v_now - interval '1 minute' then 0 else c.minute_messages_count end,
    messages_count = c.messages_count + p_messages,
    conversations_count = c.conversations_count + p_conversations,
    bytes_count = c.bytes_count + p_bytes
  returning * into v_counts;
  perform private.check_address_day(v_counts);
  if v_counts.minute_messages_count > v_limit then
    perform private.raise_visitor_rate_limited(
      v_counts.minute_at + interval '1 minute',
      format('Up to %s messages per minute may come from one address.', v_limit)
    );
  end if;
end;
$$;
comment on function private.count_visitor_address is
  'Counts what comes from the address in these headers, or in those of the current request where they are '
  'null; nothing for a server that passes none. Errors: support_address_limit_reached, '
  'support_messages_rate_limited (429).';

-- 60_support/20_visitors/32_own_inserts.sql
-- What a visitor with an account inserts over the API is held to the same limits as the visitors' functions.

create or replace function private.check_visitor_message(p_content text, p_client_key text) returns void
language plpgsql stable security definer set search_path = '' as $$
declare
  v_limit constant integer := (select s.message_max_bytes from support.settings as s where s.id);
begin
  if octet_length(p_content) > v_limit then
    raise exception using
      errcode = 'PT413', message = 'support_message_too_large',
      detail = format('A message has up to %s bytes.', v_limit), hint = 'Send it in parts.';
  end if;
  if private.non_blank(p_content) is null or char_length(p_client_key) not between 1 and 200 then
    raise exception using
      errcode = 'PT422', message = 'support_message_invalid',
      detail = 'A message has a text that is not blank, and a client_key of 1 to 200 characters or none.',
      hint = 'Correct it and send it again.';
  end if;
end;
$$;
comment on function private.check_visitor_message is
  'Returns for a message as a visitor may send it. Errors: support_message_too_large (413), '
  'support_message_invalid (422).';

create or replace function private.check_own_message() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.check_visitor_message(new.content, new.client_key);
  return new;
end;
$$;
comment on function private.check_own_message is
  'Before-insert trigger of a visitor''s own message. Errors: support_message_too_large (413), '
  'support_message_invalid (422).';

create or replace function private.count_own_messages() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_conversation record;
  v_count integer := 0;
  v_bytes bigint := 0::bigint;
begin
  for v_conversation in
    select i.conversation_id, count(*)::integer as messages, sum(octet_length(i.content))::bigint as bytes
    from inserted as i where i.role = 'user' group by i.conversation_id order by i.conversation_id
  loop
    perform private.count_visitor_messages(v_conversation.conversation_id, v_conversation.messages);
    v_count := v_count + v_conversation.messages;
    v_bytes := v_bytes + v_conversation.bytes;
  end loop;
  if v_count > 0 then
    perform private.count_visitor_address(null, 0, v_count, v_bytes);
  end if;
  return null;
end;
$$;
comment on function private.count_own_messages is
  'After-statement trigger of what clients insert: counts a visitor''s messages. Errors: '
  'support_messages_limit_reached (409), support_address_limit_reached, support_messages_rate_limited (429).';

-- An account may come from many addresses.
create or replace function private.check_account_conversations(p_user_id uuid) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_limit constant integer := (select s.conversations_per_address_day from support.settings as s where s.id);
begin
  if v_limit is null then
    return;
  end if;
  perform private.lock_user_limits(p_user_id);
  if (
    select count(*) from (
      select from support.conversations as c
      where c.user_id = p_user_id and c.created_at > now() - interval '1 day' limit v_limit + 1::bigint
    ) as o
  ) > v_limit then
    raise exception using
      errcode = 'PT429', message = 'support_conversations_limit_reached',
      detail = format('An account starts up to %s conversations within a day.', v_limit),
      hint = 'Continue one of them.';
  end if;
end;
$$;
comment on function private.check_account_conversations is
  'Returns while an account has started no more conversations than it may. Errors: '
  'support_conversations_limit_reached (429).';

create or replace function private.count_own_conversations() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_count constant integer := (
    select count(*)::integer from inserted as i where i.user_id = auth.uid()
  );
begin
  if v_count > 0 and not private.has_team_role('agent') then
    perform private.check_account_conversations(auth.uid());
    perform private.count_visitor_address(null, v_count, 0, v_count * 500::bigint);
  end if;
  return null;
end;
$$;
comment on function private.count_own_conversations is
  'After-statement trigger of what clients insert: counts a visitor''s conversations. Errors: '
  'support_address_limit_reached, support_conversations_limit_reached (429).';

create trigger _110_check_own_message before insert on support.messages
  for each row when (current_user = 'authenticated' and new.role = 'user')
  execute function private.check_own_message();
create trigger _700_count_own_messages after insert on support.messages
  referencing new table as inserted
  for each statement when (current_user = 'authenticated')
  execute function private.count_own_messages();
create trigger _700_count_own_conversations after insert on support.conversations
  referencing new table as inserted
  for each statement when (current_user = 'authenticated')
  execute function private.count_own_conversations();

-- 60_support/20_visitors/40_find_session.sql
-- What a visitor without an account has: the secret id of a session.

-- The digest is looked up, so that the time of an answer tells nothing about ids that exist.
create or replace function private.find_session(p_session_id text) returns uuid
language plpgsql stable security definer set search_path = '' as $$
declare
  v_digest constant text := private.session_digest(left(p_session_id, 1000));
  v_id uuid;
begin
  select c.id into v_id from support.conversations as c
  where c.session_id = v_digest and not exists (
    select from auth.users as a
    where a.id = c.user_id and (a.deleted_at is not null or a.banned_until > clock_timestamp())
  );
  if v_id is null and private.is_trusted_caller() then
    select c.id into v_id from support.conversations as c where c.session_id = p_session_id;
  end if;
  if v_id is null then
    perform private.raise_conversation_unknown();
  end if;
  return v_id;
end;
$$;
comment on function private.find_session is
  'The conversation of a session id; a server may also pass conversations.session_id. Errors: '
  'support_conversation_unknown (404).';

create or replace function private.raise_conversation_unknown() returns void
language plpgsql volatile security invoker set search_path = '' as $$
begin
  raise exception using
    errcode = 'PT404', message = 'support_conversation_unknown',
    detail = 'No conversation has this session id.',
    hint = 'Use the session_id that start_conversation returned, or start another conversation.';
end;
$$;
comment on function private.raise_conversation_unknown is
  'Raises the one error for a session id that does not exist or is not the caller''s. Errors: '
  'support_conversation_unknown (404), always.';

-- 60_support/20_visitors/45_visitor_contacts.sql
-- What a visitor states about themselves. Nobody has confirmed it.

create or replace function private.parse_contact(
  p_name text, p_email text, p_phone text, out name text, out email text, out phone text
)
language plpgsql immutable security invoker set search_path = '' as $$
begin
  name := private.non_blank(p_name);
  email := private.non_blank(p_email);
  phone := private.non_blank(p_phone);
  if char_length(name) > 255 or char_length(email) > 255 or char_length(phone) > 50
    or concat(name, email, phone) ~ '[\x01-\x1f\x7f]'
    or email !~ '^[^@\s]+@[^@\s.]+(\.[^@\s.]+)+$' or phone !~ '^[+0-9][0-9 ()./-]*$'
  then
    raise exception using
      errcode = 'PT422', message = 'support_contact_invalid',
      detail = 'A name has up to 255 characters; an e-mail address has the form name@example.com; a number '
        'has up to 50 digits, spaces and signs.',
      hint = 'Correct it, or leave it out.';
  end if;
end;
$$;
comment on function private.parse_contact is
  'Name, address and number as they are stored; null for what is blank. Errors: '
  'support_contact_invalid (422).';

-- 60_support/20_visitors/50_start_conversation.sql
-- Starts a conversation, and returns the session id of its visitor this once.

create type support.started_conversation as (session_id text, conversation_id uuid);
comment on type support.started_conversation is
  'A conversation with the secret session id of its visitor, see start_conversation.';

create or replace function private.start_conversation(
  p_name text, p_email text, p_phone text, p_headers jsonb
) returns support.started_conversation
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_user_id constant uuid := private.visitor_id();
  v_contact record;
  v_started support.started_conversation;
begin
  if v_user_id is null and auth.uid() is not null then
    raise exception using
      errcode = 'PT401', message = 'sign_in_required', detail = 'The account is banned or deleted.',
      hint = 'Call without a token.';
  end if;
  select * into v_contact from private.parse_contact(p_name, p_email, p_phone);
  if v_user_id is not null then
    perform private.ensure_visitor(v_user_id);
  end if;
  v_started.session_id := private.new_session_id();
  insert into support.conversations as c (user_id, session_id, visitor_name, visitor_email, visitor_phone)
  values (
    v_user_id, private.session_digest(v_started.session_id), v_contact.name, v_contact.email, v_contact.phone
  )
  returning c.id into v_started.conversation_id;
  if v_user_id is not null then
    perform private.check_account_conversations(v_user_id);
  end if;
  perform private.count_visitor_address(
    p_headers, 1, 0, 500::bigint + octet_length(concat(v_contact.name, v_contact.email, v_contact.phone))
  );
  return v_started;
end;
$$;
grant execute on function private.start_conversation to anon, authenticated, service_role;

create or replace function support.start_conversation(
  name text default null, email text default null, phone text default null
) returns support.started_conversation
language sql volatile security invoker set search_path = ''
begin atomic
  select private.start_conversation(
    start_conversation.name, start_conversation.email, start_conversation.phone, null
  );
end;
comment on function support.start_conversation is
  'Starts a conversation of the caller, whoever that is, and returns its id and its session_id: the secret '
  'with which a visitor without an account writes and reads in it. It is returned this once. Name, e-mail '
  'address and phone number are optional. Errors: sign_in_required (401), support_contact_invalid (422), '
  'support_address_limit_reached, support_conversations_limit_reached (429).';
grant execute on function support.start_conversation to anon, authenticated, service_role;

-- 60_support/20_visitors/52_send_message.sql
-- Stores a visitor's message, once.

-- Retries wait for each other at the conversation's row, and return the message that the first one stored.
create or replace function private.insert_visitor_message(
  p_conversation_id uuid, p_content text, p_client_key text, p_headers jsonb
) returns support.messages
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_message support.messages;
begin
  perform private.check_visitor_message(p_content, p_client_key);
  perform from support.conversations as c where c.id = p_conversation_id for no key update;
  if not found then
    perform private.raise_conversation_unknown();
  end if;
  if p_client_key is not null then
    select * into v_message from support.messages as m
    where m.conversation_id = p_conversation_id and m.client_key = p_client_key;
    if found then
      if v_message.role <> 'user' or v_message.content <> p_content then
        raise exception using
          errcode = 'PT409', message = 'support_message_conflict',
          detail = 'Another message of this conversation has this client_key.',
          hint = 'Use a client_key of its own for each message.';
      end if;
      return v_message;
    end if;
  end if;
  perform private.count_visitor_messages(p_conversation_id, 1);
  perform private.count_visitor_address(p_headers, 0, 1, octet_length(p_content)::bigint);
  insert into support.messages (conversation_id, role, content, client_key)
  values (p_conversation_id, 'user', p_content, p_client_key)
  returning * into v_message;
  return v_message;
end;
$$;
comment on function private.insert_visitor_message is
  'Inserts a message of a conversation''s visitor, or returns the one that has the client_key. The headers '
  'are those of the visitor''s request where a server relays it. Errors: support_conversation_unknown (404), '
  'support_message_conflict, support_messages_limit_reached (409), support_message_too_large (413), '
  'support_message_invalid (422), support_address_limit_reached, support_messages_rate_limited (429).';

create or replace function private.send_message(p_session_id text, p_content text, p_client_key text)
returns support.messages
language plpgsql volatile security definer set search_path = '' as $$
begin
  return private.insert_visitor_message(private.find_session(p_session_id), p_content, p_client_key, null);
end;
$$;
grant execute on function private.send_message to anon, authenticated, service_role;

create or replace function support.send_message(session_id text, content text, client_key text default null)
returns support.messages
language sql volatile security invoker set search_path = ''
begin atomic
  select private.send_message(send_message.session_id, send_message.content, send_message.client_key);
end;
comment on function support.send_message is
  'Stores a message of the visitor who has this session id, and returns it. With a client_key, a retry '
  'returns the message that was stored the first time. A closed conversation becomes active. Errors: '
  'support_conversation_unknown (404), support_message_conflict, support_messages_limit_reached (409), '
  'support_message_too_large (413), support_message_invalid (422), support_address_limit_reached, '
  'support_messages_rate_limited (429).';
grant execute on function support.send_message to anon, authenticated, service_role;

-- 60_support/20_visitors/54_get_messages.sql
-- The messages of a conversation since a cursor.

-- A position is visible only after all earlier ones of its conversation: their writers wait for each other.
-- Accounts of the team are not the visitor's to see.
create or replace function private.get_messages(
  p_session_id text, p_after_position bigint, p_max_results integer
) returns setof support.messages
language plpgsql stable security definer set search_path = '' as $$
declare
  v_conversation_id constant uuid := private.find_session(p_session_id);
  v_message support.messages;
begin
  for v_message in
    select m.* from support.messages as m
    where m.conversation_id = v_conversation_id and m.position > coalesce(p_after_position, 0)
    order by m.position
    limit least(greatest(coalesce(p_max_results, 50), 1), 200)
  loop
    v_message.author_user_id := null;
    return next v_message;
  end loop;
end;
$$;
grant execute on function private.get_messages to anon, authenticated, service_role;

create or replace function support.get_messages(
  session_id text, after_position bigint default 0, max_results integer default 50
) returns setof support.messages
language sql stable security invoker set search_path = ''
begin atomic
  select private.get_messages(get_messages.session_id, get_messages.after_position, get_messages.max_results);
end;
comment on function support.get_messages is
  'The messages of the conversation that has this session id, in order, after the position of the last one '
  'that the caller has; up to max_results, 1 to 200, without author_user_id. Call it with POST: a URL with '
  'the session id ends up in logs. Errors: support_conversation_unknown (404).';
grant execute on function support.get_messages to anon, authenticated, service_role;

-- 60_support/20_visitors/56_save_contact.sql
-- How a visitor can be reached, as the visitor states it.

-- No table of people is read: the answer is the same for an address that is known and one that is not.
create or replace function private.save_contact(
  p_session_id text, p_name text, p_email text, p_phone text
) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_id constant uuid := private.find_session(p_session_id);
  v_contact record;
begin
  select * into v_contact from private.parse_contact(p_name, p_email, p_phone);
  -- escalations are locked before their conversation, as everywhere
  update support.escalations as e set
    contact_info = coalesce(e.contact_info, '{}'::jsonb) || jsonb_strip_nulls(
      jsonb_build_object('name', v_contact.name, 'email', v_contact.email, 'phone', v_contact.phone)
    )
  where e.conversation_id = v_id and e.status <> 'resolved'
    and jsonb_typeof(coalesce(e.contact_info, '{}'::jsonb)) = 'object';
  update support.conversations as c set
    visitor_name = case when p_name is null then c.visitor_name else v_contact.name end,
    visitor_email = case when p_email is null then c.visitor_email else v_contact.email end,
    visitor_phone = case when p_phone is null then c.visitor_phone else v_contact.phone end
  where c.id = v_id;
  if not found then
    perform private.raise_conversation_unknown();
  end if;
  perform private.count_visitor_address(
    null, 0, 1, 500::bigint + octet_length(concat(v_contact.name, v_contact.email, v_contact.phone))
  );
end;
$$;
grant execute on function private.save_contact to anon, authenticated, service_role;

create or replace function support.save_contact(
  session_id text, name text default null, email text default null, phone text default null
) returns void
language sql volatile security invoker set search_path = ''
begin atomic
  select private.save_contact(
    save_contact.session_id, save_contact.name, save_contact.email, save_contact.phone
  );
end;
comment on function support.save_contact is
  'Saves how the visitor who has this session id can be reached, on the conversation and on what of it is '
  'escalated; null leaves a value as it is, a blank text removes it. Nobody has confirmed it, and '
  'users.email stays as it is. Errors: support_conversation_unknown (404), support_contact_invalid (422), '
  'support_address_limit_reached, support_messages_rate_limited (429).';
grant execute on function support.save_contact to anon, authenticated, service_role;

-- 60_support/20_visitors/58_claim_conversation.sql
-- A visitor who signs in takes along the conversation that began without an account.

-- One account only: a conversation that is another's is as unknown as one that does not exist.
create or replace function private.claim_conversation(p_session_id text) returns uuid
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_user_id constant uuid := private.visitor_id();
  v_id uuid;
begin
  if v_user_id is null then
    raise exception using
      errcode = 'PT401', message = 'sign_in_required',
      detail = 'A conversation is claimed by an account that is neither banned nor deleted.',
      hint = 'Sign in, anonymously or with an address.';
  end if;
  v_id := private.find_session(p_session_id);
  perform private.ensure_visitor(v_user_id);
  update support.conversations as c set user_id = v_user_id
  where c.id = v_id and (c.user_id is null or c.user_id = v_user_id);
  if not found then
    perform private.raise_conversation_unknown();
  end if;
  return v_id;
end;
$$;
grant execute on function private.claim_conversation to authenticated, service_role;

create or replace function support.claim_conversation(session_id text) returns uuid
language sql volatile security invoker set search_path = ''
begin atomic
  select private.claim_conversation(claim_conversation.session_id);
end;
comment on function support.claim_conversation is
  'Makes the conversation that has this session id the signed-in caller''s, and returns its id. The session '
  'id stays valid. Errors: sign_in_required (401), support_conversation_unknown (404; also for one that '
  'another account has claimed).';
grant execute on function support.claim_conversation to authenticated, service_role;

-- 60_support/20_visitors/60_get_conversation.sql
-- Who answers in a conversation: what a visitor's page shows and polls.

create type support.conversation_state as (
  conversation_id uuid, status text, created_at timestamptz, last_message_at timestamptz, last_position bigint
);
comment on type support.conversation_state is 'What a visitor sees of a conversation, see get_conversation.';

create or replace function private.get_conversation(p_session_id text) returns support.conversation_state
language plpgsql stable security definer set search_path = '' as $$
declare
  v_id constant uuid := private.find_session(p_session_id);
  v_state support.conversation_state;
begin
  select c.id, c.status::text, c.created_at, c.last_message_at, (
    select m.position from support.messages as m
    where m.conversation_id = c.id order by m.position desc limit 1
  )
  into v_state from support.conversations as c where c.id = v_id;
  return v_state;
end;
$$;
grant execute on function private.get_conversation to anon, authenticated, service_role;

create or replace function support.get_conversation(session_id text) returns support.conversation_state
language sql stable security invoker set search_path = ''
begin atomic
  select private.get_conversation(get_conversation.session_id);
end;
comment on function support.get_conversation is
  'The status of the conversation that has this session id, and the position of its newest message. Call it '
  'with POST. Errors: support_conversation_unknown (404).';
grant execute on function support.get_conversation to anon, authenticated, service_role;

-- 60_support/20_visitors/70_prune_visitor_counts.sql
-- Counts of addresses end with their day, and so does what could be compared with an address.

create or replace function private.prune_visitor_counts(p_batch integer default 100000) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_today constant date := (now() at time zone 'UTC')::date;
  v_count integer;
begin
  -- tomorrow's, so that the first visitors of a day do not wait for each other
  perform private.visitor_address_key(v_today + 1);
  delete from private.visitor_address_keys as k where k.day < v_today;
  delete from private.visitor_address_counts as c
  where c.ctid = any (array(
    select o.ctid from private.visitor_address_counts as o where o.day < v_today limit p_batch
    for update skip locked
  ));
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function private.prune_visitor_counts is
  'Deletes the keys of past days and up to p_batch counts of their addresses, and returns how many counts. '
  'For the scheduler.';

-- 60_support/40_escalations/10_conversation_transcript.sql
-- A conversation as text: what an escalation contains of it.

-- Read from the newest message back, until the limit: the cost is that of the text, not of the conversation.
create or replace function private.format_support_transcript(
  p_conversation_id uuid, p_max_bytes integer default 32768
) returns text
language plpgsql stable security definer set search_path = '' as $$
declare
  c_left_out constant text := '[earlier messages are left out]';
  v_message record;
  v_line text;
  v_text text;
  v_count integer := 0;
  v_rest integer := p_max_bytes - 100;
begin
  for v_message in
    select m.role, m.content, m.created_at, private.member_name(m.author_user_id) as author
    from support.messages as m
    where m.conversation_id = p_conversation_id
    order by m.position desc
    limit 501
  loop
    v_count := v_count + 1;
    v_line := format(
      '[%s] %s: %s', to_char(v_message.created_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI'),
      case v_message.role
        when 'user' then 'Visitor' when 'assistant' then 'Assistant'
        when 'agent' then coalesce(v_message.author, 'Team') else 'Note'
      end, v_message.content
    );
    if v_count > 500 or octet_length(v_line) > v_rest then
      v_line := case when v_count <= 500 then private.left_bytes(v_line, v_rest) || ' [cut]' end;
      return concat_ws(E'\n', c_left_out, v_line, v_text);
    end if;
    v_rest := v_rest - octet_length(v_line) - 1;
    v_text := concat_ws(E'\n', v_line, v_text);
  end loop;
  return v_text;
end;
$$;
comment on function private.format_support_transcript is
  'The newest messages of a conversation, oldest first, one line each with time (UTC) and speaker, up to '
  'p_max_bytes and 500 messages; the first line says where earlier ones are left out. Null without messages.';

-- 60_support/40_escalations/20_escalation_values.sql
-- What a new escalation contains: the conversation as it was, and how to reach the visitor.

create or replace function private.load_support_contact(p_conversation_id uuid) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select nullif(jsonb_strip_nulls(jsonb_build_object(
      'name', coalesce(private.non_blank(c.visitor_name), u.name),
      'email', coalesce(private.non_blank(c.visitor_email), u.email),
      'phone', coalesce(private.non_blank(c.visitor_phone), u.phone)
    )), '{}'::jsonb)
    from support.conversations as c
    left join support.users as u on u.id = c.user_id
    where c.id = p_conversation_id
  );
end;
$$;
comment on function private.load_support_contact is
  'How the visitor of a conversation can be reached, as {name, email, phone} without what is unknown: what '
  'was given in the conversation, else what is known of the account. Null where nothing is.';

create or replace function private.find_open_escalation(p_conversation_id uuid) returns support.escalations
language plpgsql stable security definer set search_path = '' as $$
declare
  v_escalation support.escalations;
begin
  select * into v_escalation from support.escalations as e
  where e.conversation_id = p_conversation_id and e.status <> 'resolved';
  return v_escalation;
end;
$$;
comment on function private.find_open_escalation is
  'The escalation of a conversation that is not resolved, of which there is at most one; nulls without one.';

create or replace function private.complete_escalation() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_open support.escalations;
begin
  new.status := coalesce(new.status, 'pending');
  if new.conversation_id is not null then
    -- Whoever escalates the conversation concurrently waits here, and then finds this one.
    perform from support.conversations as c where c.id = new.conversation_id for no key update;
    v_open := private.find_open_escalation(new.conversation_id);
    if v_open.id <> new.id and new.status <> 'resolved' then
      raise exception using
        errcode = 'PT409', message = 'support_escalation_conflict',
        detail = format('The conversation has the open escalation %s.', v_open.id),
        hint = 'Use that one, or resolve it first.';
    end if;
    new.conversation_context := coalesce(
      new.conversation_context, private.format_support_transcript(new.conversation_id)
    );
    new.contact_info := coalesce(new.contact_info, private.load_support_contact(new.conversation_id));
  end if;
  return new;
end;
$$;
comment on function private.complete_escalation is
  'Before-insert trigger of escalations: adds the transcript and the contact, and refuses a second open one. '
  'Errors: support_escalation_conflict (409).';

-- What a client sends for the columns that the database writes is not used, on insert and on update.
create or replace function private.reset_escalation_columns() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_old support.escalations := old;
begin
  if tg_op = 'INSERT' then
    v_old.reason := 'agent';
    v_old.notified_count := 0;
    v_old.raised_count := 0;
    v_old.is_issue_created := false;
  end if;
  new.reason := v_old.reason;
  new.assigned_to_user_id := v_old.assigned_to_user_id;
  new.taken_at := v_old.taken_at;
  new.first_answered_at := v_old.first_answered_at;
  new.resolved_at := v_old.resolved_at;
  new.resolved_by_user_id := v_old.resolved_by_user_id;
  new.notified_at := v_old.notified_at;
  new.notified_count := v_old.notified_count;
  new.raised_at := v_old.raised_at;
  new.raised_count := v_old.raised_count;
  new.issue_id := v_old.issue_id;
  new.is_issue_created := v_old.is_issue_created;
  return new;
end;
$$;
comment on function private.reset_escalation_columns is
  'Before trigger of escalations that a client writes: the columns that the database sets keep their values.';

create trigger _060_reset_escalation_columns before insert or update on support.escalations
  for each row when (current_user in ('anon', 'authenticated'))
  execute function private.reset_escalation_columns();
create trigger _100_complete_escalation before insert on support.escalations
  for each row execute function private.complete_escalation();

-- 60_support/40_escalations/25_escalation_lifecycle.sql
-- The states of an escalation: pending, notified, in_progress, resolved, and who holds it.

create or replace function private.is_escalation_step(p_from text, p_to text) returns boolean
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return case p_from
    when 'pending' then p_to in ('notified', 'in_progress', 'resolved')
    when 'notified' then p_to in ('pending', 'in_progress', 'resolved')
    when 'in_progress' then p_to in ('pending', 'resolved')
    else false
  end;
end;
$$;
comment on function private.is_escalation_step is
  'Whether an escalation may change from one status to another. From resolved there is no way back: whoever '
  'needs a person again gets another escalation.';

-- An agent whose role or account has ended holds nothing.
create or replace function private.is_support_agent(p_user_id uuid) returns boolean
language plpgsql stable security definer set search_path = '' as $$
begin
  return exists (
    select from public.team_members as m
    where m.user_id = p_user_id and private.team_role_rank(m.role) >= private.team_role_rank('agent')
      and private.is_active_account(m.user_id)
  );
end;
$$;
comment on function private.is_support_agent is
  'Whether an account may answer: at least an agent of the team, and neither banned nor deleted.';

create or replace function private.require_escalation_holder(p_escalation support.escalations) returns void
language plpgsql stable security definer set search_path = '' as $$
begin
  if p_escalation.status <> 'in_progress' or private.is_trusted_caller() or private.has_team_role('admin')
    or p_escalation.assigned_to_user_id is not distinct from auth.uid()
    or not private.is_support_agent(p_escalation.assigned_to_user_id)
  then
    return;
  end if;
  raise exception using
    errcode = 'PT409', message = 'support_escalation_conflict',
    detail = format('%s has taken this escalation.', private.member_name(p_escalation.assigned_to_user_id)),
    hint = 'Ask them, or an admin, to release it.';
end;
$$;
comment on function private.require_escalation_holder is
  'Returns for whoever may change an escalation: who has taken it, admins and servers; anybody of the team '
  'where nobody has, or who did is an agent no longer. Errors: support_escalation_conflict (409).';

create or replace function private.check_escalation_step() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_statuses constant text[] := array['pending', 'notified', 'in_progress', 'resolved'];
begin
  new.status := coalesce(new.status, old.status);
  if new.status <> all (v_statuses) then
    raise exception using
      errcode = 'PT422', message = 'support_escalation_status_invalid',
      detail = format('%L is not a valid status.', left(new.status, 100)),
      hint = 'Use one of: ' || array_to_string(v_statuses, ', ') || '.';
  end if;
  if tg_op = 'INSERT' or new.status = old.status then
    return new;
  end if;
  if not private.is_escalation_step(old.status, new.status) then
    raise exception using
      errcode = 'PT409', message = 'support_escalation_status_conflict',
      detail = format('An escalation that is %s does not become %s.', old.status, new.status),
      hint = 'Read it again: somebody may have changed it. A resolved one stays so; create another.';
  end if;
  perform private.require_escalation_holder(old);
  return new;
end;
$$;
comment on function private.check_escalation_step is
  'Before trigger of escalations: only known statuses, only the steps between them, and who has taken it '
  'decides. Errors: support_escalation_conflict, support_escalation_status_conflict (409), '
  'support_escalation_status_invalid (422).';

-- The times follow from the status. Who takes it is the caller, unless a server or a function of ours named
-- somebody; where the account of who had it is deleted, the foreign key clears the column and it waits again.
create or replace function private.set_escalation_times() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_is_new constant boolean := tg_op = 'INSERT' or new.status is distinct from old.status;
begin
  if tg_op = 'UPDATE' and not v_is_new and new.status = 'in_progress' and new.assigned_to_user_id is null
    and old.assigned_to_user_id is not null
  then
    new.status := 'pending';
  end if;
  if new.status = 'notified' and v_is_new then
    new.notified_at := clock_timestamp();
    new.notified_count := new.notified_count + 1;
  elsif new.status = 'in_progress' and v_is_new then
    new.assigned_to_user_id := coalesce(
      new.assigned_to_user_id, case when private.is_support_agent(auth.uid()) then auth.uid() end
    );
    new.taken_at := clock_timestamp();
  end if;
  if new.status in ('pending', 'notified') then
    new.assigned_to_user_id := null;
    new.taken_at := null;
  end if;
  if new.status <> 'resolved' then
    new.resolved_at := null;
    new.resolved_by_user_id := null;
  elsif v_is_new then
    new.resolved_at := case when tg_op = 'INSERT' then coalesce(new.resolved_at, clock_timestamp())
      else clock_timestamp() end;
    new.resolved_by_user_id := coalesce(auth.uid(), new.resolved_by_user_id);
  end if;
  return new;
end;
$$;
comment on function private.set_escalation_times is
  'Before trigger of escalations: who has taken it, and when it was taken, notified and resolved, follow '
  'from the status.';

create trigger _110_check_escalation_step before insert or update on support.escalations
  for each row execute function private.check_escalation_step();
create trigger _200_set_escalation_times before insert or update on support.escalations
  for each row execute function private.set_escalation_times();

-- 60_support/40_escalations/28_sync_escalations.sql
-- An open escalation and the status of its conversation say the same: pending and notified are
-- waiting_for_human, in_progress is with_human, and without an open one it is active or closed.
--
-- Locks are taken in one order, the escalation and then its conversation; new escalations are inserted under
-- the lock of the conversation. Visitors' and the assistant's messages lock the conversation only.

create or replace function private.sync_escalated_conversation() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_conversation support.conversations;
  v_status constant text := case new.status
    when 'in_progress' then 'with_human' when 'resolved' then 'active' else 'waiting_for_human' end;
begin
  select * into v_conversation from support.conversations as c where c.id = new.conversation_id
  for no key update;
  if not found or v_status = 'active' and v_conversation.status not in ('waiting_for_human', 'with_human')
    or v_status = 'active' and (private.find_open_escalation(new.conversation_id)).id is not null
  then
    return null;
  end if;
  if v_conversation.status = 'closed' then
    update support.conversations as c set status = 'active' where c.id = new.conversation_id;
  end if;
  update support.conversations as c set
    status = v_status,
    assigned_to_user_id = case when v_status = 'with_human' then new.assigned_to_user_id end
  where c.id = new.conversation_id and (
    c.status <> v_status
    or v_status = 'with_human' and c.assigned_to_user_id is distinct from new.assigned_to_user_id
  );
  return null;
end;
$$;
comment on function private.sync_escalated_conversation is
  'After trigger of escalations: the conversation gets the status, and the person, that the escalation has.';

-- Here the conversation is locked before the escalation: instead of a deadlock, whoever comes second is told.
create or replace function private.lock_open_escalation_now(p_conversation_id uuid)
returns support.escalations
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_escalation support.escalations;
begin
  select * into v_escalation from support.escalations as e
  where e.conversation_id = p_conversation_id and e.status <> 'resolved'
  for no key update nowait;
  return v_escalation;
exception
  when lock_not_available then
    raise exception using
      errcode = 'PT409', message = 'support_conversation_status_conflict',
      detail = 'Somebody else is changing the escalation of this conversation.',
      hint = 'Read the conversation again, then repeat the change if it is still right.';
end;
$$;
comment on function private.lock_open_escalation_now is
  'Locks the open escalation of a conversation and returns it; nulls without one. Errors: '
  'support_conversation_status_conflict (409).';

create or replace function private.last_visitor_message(p_conversation_id uuid) returns text
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select m.content from support.messages as m
    where m.conversation_id = p_conversation_id and m.role = 'user'
    order by m.position desc limit 1
  );
end;
$$;
comment on function private.last_visitor_message is
  'What the visitor of a conversation wrote last; null before the first message.';

create or replace function private.sync_conversation_escalation() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_open constant support.escalations := private.lock_open_escalation_now(new.id);
begin
  if v_open.id is null and new.status in ('waiting_for_human', 'with_human') then
    insert into support.escalations (
      conversation_id, issue_type, original_request, status, assigned_to_user_id, reason
    )
    values (
      new.id, 'general', coalesce(private.last_visitor_message(new.id), ''),
      case new.status when 'with_human' then 'in_progress' else 'pending' end, new.assigned_to_user_id,
      case when private.is_trusted_caller() then 'insert' else 'agent' end
    );
  elsif new.status in ('active', 'closed') then
    update support.escalations as e set status = 'resolved' where e.id = v_open.id;
  elsif new.status = 'waiting_for_human' and v_open.status = 'in_progress' then
    update support.escalations as e set status = 'pending' where e.id = v_open.id;
  elsif new.status = 'with_human' and (
    v_open.status <> 'in_progress' or v_open.assigned_to_user_id is distinct from new.assigned_to_user_id
  ) then
    perform private.require_escalation_holder(v_open);
    update support.escalations as e set
      status = 'in_progress', assigned_to_user_id = new.assigned_to_user_id
    where e.id = v_open.id;
  end if;
  return null;
end;
$$;
comment on function private.sync_conversation_escalation is
  'After trigger of conversations whose status or person was set: the escalation gets the same, and is made '
  'where a person is needed and there is none. Errors: support_conversation_status_conflict, '
  'support_escalation_conflict (409).';

create trigger _200_sync_escalated_conversation after insert on support.escalations
  for each row when (new.conversation_id is not null and new.status <> 'resolved')
  execute function private.sync_escalated_conversation();
create trigger _210_sync_escalated_conversation after update on support.escalations
  for each row when (
    new.conversation_id is not null and (old.status, old.assigned_to_user_id)
      is distinct from (new.status, new.assigned_to_user_id)
  )
  execute function private.sync_escalated_conversation();
create trigger _200_sync_conversation_escalation after insert on support.conversations
  for each row when (new.status in ('waiting_for_human', 'with_human'))
  execute function private.sync_conversation_escalation();
create trigger _210_sync_conversation_escalation after update on support.conversations
  for each row when (
    (old.status, old.assigned_to_user_id) is distinct from (new.status, new.assigned_to_user_id)
  )
  execute function private.sync_conversation_escalation();

-- 60_support/40_escalations/30_agent_messages.sql
-- What a person's message does: who writes it has taken the conversation over.

create or replace function private.lock_taken_escalation() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_escalation support.escalations;
begin
  -- before the conversation, which the next trigger locks
  select * into v_escalation from support.escalations as e
  where e.conversation_id = new.conversation_id and e.status <> 'resolved'
  for no key update;
  if v_escalation.status = 'in_progress' then
    perform private.require_escalation_holder(v_escalation);
    if v_escalation.assigned_to_user_id is not null
      and not private.is_support_agent(v_escalation.assigned_to_user_id)
    then
      update support.escalations as e set status = 'pending' where e.id = v_escalation.id;
    end if;
  end if;
  return new;
end;
$$;
comment on function private.lock_taken_escalation is
  'Before-insert trigger of a person''s message: refuses it where somebody else has taken the conversation '
  'over. Errors: support_escalation_conflict (409).';

create or replace function private.note_first_answer() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  update support.escalations as e set first_answered_at = new.created_at
  where e.conversation_id = new.conversation_id and e.status = 'in_progress' and e.first_answered_at is null;
  return null;
end;
$$;
comment on function private.note_first_answer is
  'After-insert trigger of a person''s message: when the escalation was answered first.';

create trigger _150_lock_taken_escalation before insert on support.messages
  for each row when (new.role = 'agent') execute function private.lock_taken_escalation();
create trigger _210_note_first_answer after insert on support.messages
  for each row when (new.role = 'agent') execute function private.note_first_answer();

-- 60_support/40_escalations/40_create_escalation.sql
-- Asks for a person, once: by the visitor, by the assistant's doubts, by the team.

-- What a note says is for people; clients that show their own words read source.event.
create or replace function private.add_support_note(p_conversation_id uuid, p_event text, p_text text)
returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into support.messages (conversation_id, role, content, source)
  values (p_conversation_id, 'system', p_text, jsonb_build_object('event', p_event));
end;
$$;
comment on function private.add_support_note is
  'Adds a note to a conversation, which its visitor sees too: a message with role system.';

create or replace function private.create_escalation(
  p_conversation_id uuid, p_reason text, p_issue_type text, p_request text
) returns support.escalations
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_escalation support.escalations;
begin
  perform from support.conversations as c where c.id = p_conversation_id for no key update;
  if not found then
    raise exception using
      errcode = 'PT404', message = 'support_conversation_unknown',
      detail = 'A conversation with this id does not exist.',
      hint = 'Use the id of a row in conversations.';
  end if;
  v_escalation := private.find_open_escalation(p_conversation_id);
  if v_escalation.id is not null then
    return v_escalation;
  end if;
  insert into support.escalations (conversation_id, issue_type, original_request, reason)
  values (
    p_conversation_id, coalesce(left(private.non_blank(p_issue_type), 50), 'general'), coalesce(
      private.left_bytes(private.non_blank(p_request), 8192),
      private.last_visitor_message(p_conversation_id), ''
    ), p_reason
  )
  returning * into v_escalation;
  perform private.add_support_note(
    p_conversation_id, 'human_requested', 'A person of the team was asked to answer here.'
  );
  return v_escalation;
end;
$$;
comment on function private.create_escalation is
  'Escalates a conversation and returns the escalation, or returns the open one that there is. Errors: '
  'support_conversation_unknown (404).';

create or replace function private.escalate_conversation(
  p_conversation_id uuid, p_issue_type text, p_original_request text
) returns support.escalations
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.require_team_role('agent');
  return private.create_escalation(p_conversation_id, 'agent', p_issue_type, p_original_request);
end;
$$;
grant execute on function private.escalate_conversation to authenticated, service_role;

create or replace function support.escalate_conversation(
  conversation_id uuid, issue_type text default null, original_request text default null
) returns support.escalations
language sql volatile security invoker set search_path = ''
begin atomic
  select private.escalate_conversation(
    escalate_conversation.conversation_id, escalate_conversation.issue_type,
    escalate_conversation.original_request
  );
end;
comment on function support.escalate_conversation is
  'Asks for a person in a conversation and returns the escalation; called again, the open one. Without '
  'original_request it is what the visitor wrote last, without issue_type general. Agents and servers. '
  'Errors: sign_in_required (401), team_role_required (403), support_conversation_unknown (404).';
grant execute on function support.escalate_conversation to authenticated, service_role;

-- 60_support/40_escalations/42_request_human.sql
-- A visitor asks for a person.

-- What the visitor may use: a session, or where they are signed in, a conversation of theirs.
create or replace function private.find_own_conversation(p_session_id text, p_conversation_id uuid)
returns uuid
language plpgsql stable security definer set search_path = '' as $$
declare
  v_id uuid;
begin
  if p_conversation_id is null then
    return private.find_session(p_session_id);
  end if;
  select c.id into v_id from support.conversations as c
  where c.id = p_conversation_id and c.user_id = private.visitor_id();
  if not found then
    perform private.raise_conversation_unknown();
  end if;
  return v_id;
end;
$$;
comment on function private.find_own_conversation is
  'The conversation of a session id, or of the signed-in visitor. Errors: '
  'support_conversation_unknown (404).';

create or replace function private.request_human(
  p_session_id text, p_request text, p_issue_type text, p_conversation_id uuid,
  out status text, out requested_at timestamptz
)
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_id constant uuid := private.find_own_conversation(p_session_id, p_conversation_id);
  v_escalation support.escalations;
begin
  if private.non_blank(p_request) is not null then
    perform private.check_visitor_message(p_request, null);
  end if;
  perform from support.conversations as c where c.id = v_id for no key update;
  v_escalation := private.find_open_escalation(v_id);
  if v_escalation.id is null then
    v_escalation := private.create_escalation(v_id, 'request', p_issue_type, p_request);
    perform private.count_visitor_address(
      null, 0, 1, 500::bigint + coalesce(octet_length(v_escalation.conversation_context), 0)
    );
  end if;
  select c.status::text into request_human.status from support.conversations as c where c.id = v_id;
  requested_at := v_escalation.created_at;
end;
$$;
grant execute on function private.request_human to anon, authenticated, service_role;

create or replace function support.request_human(
  session_id text default null, request text default null, issue_type text default null,
  conversation_id uuid default null, out status text, out requested_at timestamptz
)
language sql volatile security invoker set search_path = ''
begin atomic
  select r.status, r.requested_at
  from private.request_human(
    request_human.session_id, request_human.request, request_human.issue_type, request_human.conversation_id
  ) as r;
end;
comment on function support.request_human is
  'Asks for a person in the conversation that has this session id, or in conversation_id, one of the '
  'signed-in visitor, and returns its status and when a person was asked for. Called again it changes '
  'nothing. Without request it is what the visitor wrote last; issue_type has up to 50 characters, and is '
  'general where it is left out. How the visitor can be reached is saved by save_contact. Errors: '
  'support_conversation_unknown (404), support_message_too_large (413), support_address_limit_reached, '
  'support_messages_rate_limited (429).';
grant execute on function support.request_human to anon, authenticated, service_role;

-- 60_support/40_escalations/44_escalate_low_confidence.sql
-- Escalates a conversation in which the assistant does not know what to say, time and again.

create or replace function private.is_assistant_unsure(p_conversation_id uuid) returns boolean
language plpgsql stable security definer set search_path = '' as $$
declare
  v_settings support.settings;
  v_since timestamptz;
begin
  select * into v_settings from support.settings;
  select max(e.resolved_at) into v_since from support.escalations as e
  where e.conversation_id = p_conversation_id;
  return (
    select count(*) >= v_settings.unsure_answers_count
    from (
      select m.confidence, m.created_at from support.messages as m
      where m.conversation_id = p_conversation_id and m.role = 'assistant' and m.confidence is not null
      order by m.position desc
      limit v_settings.unsure_answers_count
    ) as a
    where a.confidence < v_settings.answer_confidence and a.created_at > coalesce(v_since, '-infinity')
  );
end;
$$;
comment on function private.is_assistant_unsure is
  'Whether the last unsure_answers_count answers of a conversation, since a person last resolved something '
  'in it, were all below answer_confidence.';

create or replace function private.escalate_low_confidence(p_conversation_id uuid) returns uuid
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform from support.conversations as c
  where c.id = p_conversation_id and c.status = 'active' for no key update;
  if not found or not private.is_assistant_unsure(p_conversation_id) then
    return null;
  end if;
  return (private.create_escalation(p_conversation_id, 'low_confidence', null, null)).id;
end;
$$;
comment on function private.escalate_low_confidence is
  'To be called after each answer: escalates an active conversation in which the assistant was unsure '
  'unsure_answers_count times in succession, and returns the escalation; null where it does nothing.';

-- 60_support/40_escalations/50_take_escalation.sql
-- An agent takes an escalation: only one can.

create or replace function private.lock_escalation(p_id uuid) returns support.escalations
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_escalation support.escalations;
begin
  perform private.require_team_role('agent');
  select * into v_escalation from support.escalations as e where e.id = p_id for no key update;
  if not found then
    raise exception using
      errcode = 'PT404', message = 'support_escalation_unknown',
      detail = 'An escalation with this id does not exist.',
      hint = 'Use the id of a row in escalations.';
  end if;
  return v_escalation;
end;
$$;
comment on function private.lock_escalation is
  'Locks an escalation for an agent and returns it. Errors: sign_in_required (401), team_role_required '
  '(403), support_escalation_unknown (404).';

create or replace function private.take_escalation(p_id uuid) returns support.escalations
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_escalation support.escalations := private.lock_escalation(p_id);
  v_user_id constant uuid := auth.uid();
begin
  if v_escalation.status = 'in_progress' and v_escalation.assigned_to_user_id is not distinct from v_user_id
  then
    return v_escalation;
  end if;
  if v_escalation.status = 'in_progress' and private.is_support_agent(v_escalation.assigned_to_user_id) then
    raise exception using
      errcode = 'PT409', message = 'support_escalation_conflict',
      detail = format(
        '%s has taken this escalation.', private.member_name(v_escalation.assigned_to_user_id)
      ),
      hint = 'Take another one, or ask them, or an admin, to release it.';
  end if;
  update support.escalations as e set
    status = 'in_progress', assigned_to_user_id = v_user_id, taken_at = clock_timestamp()
  where e.id = p_id
  returning * into v_escalation;
  if v_user_id is not null and v_escalation.conversation_id is not null then
    perform private.add_support_note(
      v_escalation.conversation_id, 'human_joined',
      format('%s has joined the conversation.', private.member_name(v_user_id))
    );
  end if;
  return v_escalation;
end;
$$;
grant execute on function private.take_escalation to authenticated, service_role;

create or replace function support.take_escalation(id uuid) returns support.escalations
language sql volatile security invoker set search_path = ''
begin atomic
  select private.take_escalation(take_escalation.id);
end;
comment on function support.take_escalation is
  'Takes an escalation, for the caller alone: the assistant is silent in its conversation from here on. '
  'Called again by the same person it changes nothing. A server takes it for nobody in particular, and any '
  'agent may take it over. Agents and servers. Errors: sign_in_required (401), team_role_required (403), '
  'support_escalation_unknown (404), support_escalation_conflict, support_escalation_status_conflict (409).';
grant execute on function support.take_escalation to authenticated, service_role;

-- 60_support/40_escalations/52_release_escalation.sql
-- An agent gives an escalation back.

create or replace function private.release_escalation(p_id uuid) returns support.escalations
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_escalation support.escalations := private.lock_escalation(p_id);
begin
  if v_escalation.status in ('pending', 'notified') then
    return v_escalation;
  end if;
  update support.escalations as e set status = 'pending' where e.id = p_id returning * into v_escalation;
  return v_escalation;
end;
$$;
grant execute on function private.release_escalation to authenticated, service_role;

create or replace function support.release_escalation(id uuid) returns support.escalations
language sql volatile security invoker set search_path = ''
begin atomic
  select private.release_escalation(release_escalation.id);
end;
comment on function support.release_escalation is
  'Gives an escalation back: it waits for somebody else, and the assistant answers until then. For who has '
  'taken it, admins and servers. Errors: sign_in_required (401), team_role_required (403), '
  'support_escalation_unknown (404), support_escalation_conflict, support_escalation_status_conflict (409).';
grant execute on function support.release_escalation to authenticated, service_role;

-- 60_support/40_escalations/54_answer_escalation.sql
-- A person's answer to the visitor.

create or replace function private.load_agent_message(p_conversation_id uuid, p_client_key text)
returns support.messages
language plpgsql stable security definer set search_path = '' as $$
declare
  v_message support.messages;
begin
  select * into v_message from support.messages as m
  where m.conversation_id = p_conversation_id and m.client_key = p_client_key;
  if v_message.id is not null and (v_message.role, v_message.author_user_id)
    is distinct from ('agent', auth.uid())
  then
    raise exception using
      errcode = 'PT409', message = 'support_message_conflict',
      detail = 'Another message of the conversation has this client_key.',
      hint = 'Use a new random key for each message.';
  end if;
  return v_message;
end;
$$;
comment on function private.load_agent_message is
  'The caller''s message with this key; nulls without one. Errors: support_message_conflict (409).';

create or replace function private.answer_escalation(p_id uuid, p_content text, p_client_key text)
returns support.messages
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_escalation constant support.escalations := private.lock_escalation(p_id);
  v_message support.messages;
begin
  v_message := private.load_agent_message(v_escalation.conversation_id, p_client_key);
  if v_message.id is not null then
    return v_message;
  end if;
  if private.non_blank(p_content) is null then
    raise exception using
      errcode = 'PT422', message = 'support_message_invalid', detail = 'The message is blank.',
      hint = 'Send the text in content.';
  end if;
  if v_escalation.status = 'resolved' or v_escalation.conversation_id is null then
    raise exception using
      errcode = 'PT409', message = 'support_escalation_status_conflict',
      detail = case when v_escalation.status = 'resolved' then 'The escalation is resolved.'
        else 'The escalation belongs to no conversation.' end,
      hint = 'Write a message of role agent into the conversation, or use contact_info.';
  end if;
  insert into support.messages (conversation_id, role, content, author_user_id, client_key)
  values (v_escalation.conversation_id, 'agent', p_content, auth.uid(), p_client_key)
  on conflict on constraint messages_conversation_id_client_key_key do nothing
  returning * into v_message;
  if not found then
    v_message := private.load_agent_message(v_escalation.conversation_id, p_client_key);
  end if;
  return v_message;
end;
$$;
grant execute on function private.answer_escalation to authenticated, service_role;

create or replace function support.answer_escalation(id uuid, content text, client_key text default null)
returns support.messages
language sql volatile security invoker set search_path = ''
begin atomic
  select private.answer_escalation(
    answer_escalation.id, answer_escalation.content, answer_escalation.client_key
  );
end;
comment on function support.answer_escalation is
  'Writes to the visitor, takes the escalation where nobody has, and returns the message. With a client_key, '
  'a repeated call returns the same message. Agents and servers. Errors: sign_in_required (401), '
  'team_role_required (403), support_escalation_unknown (404), support_escalation_conflict, '
  'support_escalation_status_conflict, support_message_conflict (409), support_message_invalid (422).';
grant execute on function support.answer_escalation to authenticated, service_role;

-- 60_support/40_escalations/56_resolve_escalation.sql
-- An escalation that is done.

create or replace function private.resolve_escalation(p_id uuid, p_note text, p_close boolean)
returns support.escalations
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_escalation support.escalations := private.lock_escalation(p_id);
begin
  if v_escalation.status <> 'resolved' then
    update support.escalations as e set
      status = 'resolved', resolution_note = coalesce(private.non_blank(p_note), e.resolution_note)
    where e.id = p_id
    returning * into v_escalation;
  end if;
  if p_close and (private.find_open_escalation(v_escalation.conversation_id)).id is null then
    update support.conversations as c set status = 'closed'
    where c.id = v_escalation.conversation_id and c.status <> 'closed';
  end if;
  return v_escalation;
end;
$$;
grant execute on function private.resolve_escalation to authenticated, service_role;

create or replace function support.resolve_escalation(
  id uuid, note text default null, close boolean default false
) returns support.escalations
language sql volatile security invoker set search_path = ''
begin atomic
  select private.resolve_escalation(
    resolve_escalation.id, resolve_escalation.note, resolve_escalation.close
  );
end;
comment on function support.resolve_escalation is
  'Ends an escalation: the assistant answers again, or with close the conversation is closed until the '
  'visitor writes again. note is for the team. Called again it changes no note. For who has taken it, any '
  'agent where nobody has, admins and servers. Errors: sign_in_required (401), team_role_required (403), '
  'support_escalation_unknown (404), support_escalation_conflict (409).';
grant execute on function support.resolve_escalation to authenticated, service_role;

-- 60_support/40_escalations/60_raise_escalations.sql
-- Escalations that wait too long, and those whose person has left.

-- A server that tells the team, by mail or chat, sets notified itself; this is the same for agents and
-- servers that call functions.
create or replace function private.notify_escalation(p_id uuid) returns support.escalations
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_escalation support.escalations := private.lock_escalation(p_id);
begin
  if v_escalation.status = 'pending' then
    update support.escalations as e set status = 'notified' where e.id = p_id returning * into v_escalation;
  end if;
  return v_escalation;
end;
$$;
grant execute on function private.notify_escalation to authenticated, service_role;

create or replace function support.notify_escalation(id uuid) returns support.escalations
language sql volatile security invoker set search_path = ''
begin atomic
  select private.notify_escalation(notify_escalation.id);
end;
comment on function support.notify_escalation is
  'Records that the team was told of a pending escalation, and returns it; any other stays as it is. Agents '
  'and servers. Errors: sign_in_required (401), team_role_required (403), support_escalation_unknown (404).';
grant execute on function support.notify_escalation to authenticated, service_role;

create or replace function private.raise_waiting_escalations(p_batch integer default 1000) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_before constant timestamptz := now() - make_interval(
    mins => (select s.escalation_due_minutes from support.settings as s)
  );
  v_count integer;
begin
  update support.escalations as e set
    status = 'pending', raised_at = clock_timestamp(), raised_count = e.raised_count + 1
  where e.id = any (array(
    select o.id from support.escalations as o
    where o.status in ('pending', 'notified')
      and greatest(o.created_at, o.notified_at, o.raised_at) < v_before
    order by o.id
    limit p_batch
    for no key update skip locked
  ));
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function private.raise_waiting_escalations is
  'Raises up to p_batch escalations again that nobody has taken for escalation_due_minutes: they become '
  'pending, raised_count grows, and open_escalations lists them first. Returns how many. For the scheduler.';

create or replace function private.release_lost_escalations(p_user_id uuid default null) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_count integer;
begin
  with lost as (
    select e.id from support.escalations as e
    where e.status = 'in_progress' and e.assigned_to_user_id is not null
      and (p_user_id is null or e.assigned_to_user_id = p_user_id)
      and not private.is_support_agent(e.assigned_to_user_id)
    order by e.id
    for no key update
  )
  update support.escalations as e set status = 'pending' from lost as l where e.id = l.id;
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function private.release_lost_escalations is
  'Returns escalations to pending whose person is an agent no longer, or is banned or deleted: those of one '
  'account, or for null of everybody. Returns how many. For triggers and the scheduler.';

create or replace function private.release_escalations_of_member() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.release_lost_escalations(old.user_id);
  return null;
end;
$$;
comment on function private.release_escalations_of_member is
  'After trigger of team_members: what somebody had taken who lost the role waits again.';

create or replace function private.release_escalations_of_account() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  -- each sign-in fires it
  if (old.banned_until, old.deleted_at) is distinct from (new.banned_until, new.deleted_at) then
    perform private.release_lost_escalations(new.id);
  end if;
  return null;
end;
$$;
comment on function private.release_escalations_of_account is
  'After-update trigger of auth.users: what somebody had taken who is banned or deleted waits again.';

create trigger _200_release_escalations after delete on public.team_members
  for each row execute function private.release_escalations_of_member();
create trigger _210_release_escalations after update on public.team_members
  for each row when (old.role is distinct from new.role)
  execute function private.release_escalations_of_member();
-- Names no column, see _110_sync_changed_account.
create trigger _140_release_escalations after update on auth.users
  for each row when (old *<> new) execute function private.release_escalations_of_account();

-- 60_support/40_escalations/70_open_escalations.sql
-- What waits for the team: all that is open, and what was forgotten.

create view support.open_escalations with (security_invoker = true) as
select
  e.id, e.conversation_id, e.issue_type::text as issue_type, e.original_request, e.status::text as status,
  e.reason, e.contact_info,
  e.assigned_to_user_id, private.member_name(e.assigned_to_user_id) as assigned_to, e.created_at, e.taken_at,
  e.first_answered_at, e.notified_count, e.raised_count, e.issue_id,
  case when w.is_answered then w.since else e.created_at end as waiting_since
from support.escalations as e
-- The first message of the visitor that the person has not answered: reads what was said since.
left join lateral (
  select true as is_answered, min(m.created_at) as since
  from support.messages as m
  where m.conversation_id = e.conversation_id and m.role = 'user' and m.position > (
    select a.position from support.messages as a
    where a.conversation_id = e.conversation_id and a.role = 'agent'
    order by a.position desc limit 1
  )
) as w on e.status = 'in_progress' and e.first_answered_at is not null
where e.status <> 'resolved'
order by (e.status <> 'in_progress') desc, e.raised_count desc, e.created_at;
comment on view support.open_escalations is
  'The escalations that are not resolved: those that nobody has taken first, among them those that were '
  'raised most often, then the oldest.';
comment on column support.open_escalations.waiting_since is
  'Since when the visitor waits: for somebody to take it, or for an answer to their first message that has '
  'none; null where nothing is unanswered.';
comment on column support.open_escalations.assigned_to is 'The display name of who has taken it.';
grant select on support.open_escalations to authenticated, service_role;

create view support.forgotten_escalations with (security_invoker = true) as
select
  o.id, o.conversation_id, o.issue_type, o.original_request, o.status, o.assigned_to_user_id, o.assigned_to,
  o.raised_count, o.waiting_since, now() - o.waiting_since as age
from support.open_escalations as o
cross join support.settings as s
where o.waiting_since < now() - make_interval(mins => s.escalation_due_minutes)
order by o.waiting_since;
comment on view support.forgotten_escalations is
  'Where a visitor has waited longer than escalation_due_minutes: nobody has taken the escalation, or who '
  'did has not answered. The longest wait first.';
comment on column support.forgotten_escalations.age is 'How long the visitor has waited.';
grant select on support.forgotten_escalations to authenticated, service_role;

-- 60_support/40_escalations/80_escalation_to_issue.sql
-- An escalation becomes an issue of the tracker, or is linked to one.

create or replace function private.link_escalation_to_issue(p_id uuid, p_issue_id uuid) returns uuid
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform from public.issues as i where i.id = p_issue_id for key share;
  if not found then
    raise exception using
      errcode = 'PT404', message = 'tracker_issue_unknown',
      detail = 'An issue with the id issue_id does not exist.',
      hint = 'Leave it out to create an issue.';
  end if;
  update support.escalations as e set issue_id = p_issue_id where e.id = p_id;
  return p_issue_id;
end;
$$;
comment on function private.link_escalation_to_issue is
  'Links a locked escalation to an issue and returns the issue''s id. Errors: tracker_issue_unknown (404).';

-- The tracker is read by the whole team and searched: the issue has what was asked, not who asked and how to
-- reach them. Its segment, number and search are made by the tracker's own triggers.
create or replace function private.create_escalated_issue(
  p_escalation support.escalations, p_title text, p_segment text
) returns uuid
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_request constant text := private.non_blank(p_escalation.original_request);
  v_issue_id uuid;
begin
  insert into public.issues (title, description, segment, submitted_by, submitted_by_user_id)
  values (
    coalesce(
      private.non_blank(left(p_title, 500)), private.non_blank(left(split_part(v_request, E'\n', 1), 120)),
      format('Support: %s', p_escalation.issue_type)
    ),
    coalesce(v_request, ''), p_segment, 'Support visitor', auth.uid()
  )
  returning issues.id into v_issue_id;
  update support.escalations as e set issue_id = v_issue_id, is_issue_created = true
  where e.id = p_escalation.id;
  return v_issue_id;
end;
$$;
comment on function private.create_escalated_issue is
  'Creates an issue from a locked escalation, links the two, and returns the issue''s id. Errors: '
  'tracker_segment_invalid (422).';

create or replace function private.escalation_to_issue(
  p_id uuid, p_issue_id uuid, p_title text, p_segment text
) returns uuid
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_escalation constant support.escalations := private.lock_escalation(p_id);
begin
  if v_escalation.issue_id is not null then
    if p_issue_id is null or p_issue_id = v_escalation.issue_id then
      return v_escalation.issue_id;
    end if;
    raise exception using
      errcode = 'PT409', message = 'support_escalation_issue_conflict',
      detail = 'The escalation is linked to another issue already.',
      hint = 'Unlink it first: unlink_escalation_issue.';
  end if;
  if p_issue_id is not null then
    return private.link_escalation_to_issue(p_id, p_issue_id);
  end if;
  return private.create_escalated_issue(v_escalation, p_title, p_segment);
end;
$$;
grant execute on function private.escalation_to_issue to authenticated, service_role;

create or replace function support.escalation_to_issue(
  id uuid, issue_id uuid default null, title text default null, segment text default null
) returns uuid
language sql volatile security invoker set search_path = ''
begin atomic
  select private.escalation_to_issue(
    escalation_to_issue.id, escalation_to_issue.issue_id, escalation_to_issue.title,
    escalation_to_issue.segment
  );
end;
comment on function support.escalation_to_issue is
  'Links an escalation to the tracker''s issue issue_id, or creates an issue from what was asked, with title '
  'and segment where given, and returns the issue''s id. The issue has no name and contact of the visitor. '
  'Called again it returns the same. Agents and servers. Errors: sign_in_required (401), team_role_required '
  '(403), support_escalation_unknown, tracker_issue_unknown (404), support_escalation_issue_conflict (409), '
  'tracker_segment_invalid (422).';
grant execute on function support.escalation_to_issue to authenticated, service_role;

-- 60_support/40_escalations/82_unlink_escalation_issue.sql
-- Takes the link between an escalation and an issue back.

create or replace function private.unlink_escalation_issue(p_id uuid) returns support.escalations
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_escalation support.escalations := private.lock_escalation(p_id);
begin
  if v_escalation.issue_id is not null then
    update support.escalations as e set issue_id = null, is_issue_created = false
    where e.id = p_id
    returning * into v_escalation;
  end if;
  return v_escalation;
end;
$$;
grant execute on function private.unlink_escalation_issue to authenticated, service_role;

create or replace function support.unlink_escalation_issue(id uuid) returns support.escalations
language sql volatile security invoker set search_path = ''
begin atomic
  select private.unlink_escalation_issue(unlink_escalation_issue.id);
end;
comment on function support.unlink_escalation_issue is
  'Removes the link of an escalation to its issue, and returns the escalation; the issue stays as it is. '
  'Agents and servers. Errors: sign_in_required (401), team_role_required (403), '
  'support_escalation_unknown (404).';
grant execute on function support.unlink_escalation_issue to authenticated, service_role;

-- 60_support/40_escalations/84_issue_escalations.sql
-- The other end of the link: which visitors wait for an issue.

create view public.issue_escalations with (security_invoker = true) as
select
  i.id as issue_id, i.seq_id, i.title, i.status as issue_status, e.id as escalation_id, e.conversation_id,
  e.issue_type::text as issue_type, e.status::text as escalation_status, e.created_at as escalated_at,
  e.resolved_at
from support.escalations as e
join public.issues as i on i.id = e.issue_id;
comment on view public.issue_escalations is
  'One row per escalation of the support system that is linked to an issue, by escalation_to_issue().';
comment on column public.issue_escalations.conversation_id is
  'In support.conversations; null for an escalation without one.';
grant select on public.issue_escalations to authenticated, service_role;

-- 60_support/60_metrics/10_support_marks.sql
-- Which days of support's figures are stored, and which of them are to be counted again.
--
-- Days are UTC's. A day that is over is counted once and stored; a job counts the current day every few
-- minutes, and again those of which something changed since. The views read stored days only, and state when
-- each was counted.

-- Appended by writers, so that none waits for another; removed by the job.
create table private.support_marks (
  id bigint not null generated always as identity,
  day date not null,
  constraint support_marks_pkey primary key (id)
);
comment on table private.support_marks is 'Days that are over and of which something changed.';
alter table private.support_marks enable row level security;

create or replace function private.support_day(p_at timestamptz) returns date
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  return (p_at at time zone 'UTC')::date;
end;
$$;
comment on function private.support_day is 'The day of support''s figures, in UTC.';

-- The job counts a day again until two hours after its end, when what was written without a mark is
-- committed. Retention, which deletes whole conversations, changes no figure.
create or replace function private.mark_support_days(p_days date[]) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into private.support_marks (day)
  select distinct u.day from unnest(p_days) as u (day)
  where u.day < private.support_day(now() - interval '1 hour')
    and current_setting('app.support_retention', true) is distinct from 'on';
end;
$$;
comment on function private.mark_support_days is
  'Notes that something of these days changed; the current one needs no mark.';

create or replace function private.mark_support_conversation() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.mark_support_days(array[private.support_day(coalesce(new.created_at, old.created_at))]);
  return null;
end;
$$;
comment on function private.mark_support_conversation is
  'After trigger of conversations that are inserted with a past time, or deleted: marks their day.';

create or replace function private.mark_support_escalation() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.mark_support_days(array[
    private.support_day(coalesce(new.created_at, old.created_at)), (
      select private.support_day(c.created_at) from support.conversations as c
      where c.id = coalesce(new.conversation_id, old.conversation_id)
    )
  ]);
  return null;
end;
$$;
comment on function private.mark_support_escalation is
  'After trigger of escalations that are inserted or deleted: marks their day, and that of the conversation.';

create or replace function private.mark_support_message() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.mark_support_days(array[private.support_day(new.created_at)]);
  return null;
end;
$$;
comment on function private.mark_support_message is
  'After-insert trigger of messages with a past time: marks their day.';

create or replace function private.mark_deleted_messages() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.mark_support_days(
    array(select distinct private.support_day(d.created_at) from deleted_messages as d)
  );
  return null;
end;
$$;
comment on function private.mark_deleted_messages is
  'After-statement trigger of messages: marks the days of those that were deleted.';

create trigger _300_mark_conversation after insert on support.conversations
  for each row when (new.created_at < now() - interval '1 hour')
  execute function private.mark_support_conversation();
create trigger _310_mark_conversation after delete on support.conversations
  for each row execute function private.mark_support_conversation();
create trigger _300_mark_escalation after insert or delete on support.escalations
  for each row execute function private.mark_support_escalation();
create trigger _310_mark_message after insert on support.messages
  for each row when (new.created_at < now() - interval '1 hour')
  execute function private.mark_support_message();
create trigger _320_mark_deleted_messages after delete on support.messages
  referencing old table as deleted_messages
  for each statement execute function private.mark_deleted_messages();

-- 60_support/60_metrics/20_support_responses.sql
-- How long visitors waited for each answer, noted when it is written.

create table private.support_responses (
  message_id uuid not null,
  day date not null,
  responder text not null,
  is_first boolean not null,
  seconds real not null,
  constraint support_responses_pkey primary key (message_id),
  constraint support_responses_message_id_fkey
    foreign key (message_id) references support.messages (id) on delete cascade,
  constraint support_responses_responder_is_known check (responder in ('assistant', 'person')),
  constraint support_responses_seconds_is_not_negative check (seconds >= 0)
);
comment on table private.support_responses is
  'One row per message that answers a visitor: the first of the assistant, or of a person, after something '
  'that the visitor wrote. Written with the message, in its transaction.';
comment on column private.support_responses.day is 'Of the answer, in UTC.';
comment on column private.support_responses.is_first is
  'Whether it is the assistant''s first answer in the conversation, or a person''s first to an escalation.';
comment on column private.support_responses.seconds is
  'From the visitor''s first message that had no answer; for a person''s first, from the escalation.';
-- Percentiles of a day and of a range are read from the index alone.
create index support_responses_day_responder_is_first_seconds_idx
  on private.support_responses (day, responder, is_first, seconds);
alter table private.support_responses enable row level security;

create or replace function private.unanswered_since(p_message support.messages) returns timestamptz
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select m.created_at from support.messages as m
    where m.conversation_id = p_message.conversation_id and m.role = 'user'
      and m.position < p_message.position and m.position > coalesce((
        select a.position from support.messages as a
        where a.conversation_id = p_message.conversation_id and a.role in ('assistant', 'agent')
          and a.position < p_message.position
        order by a.position desc limit 1
      ), 0)
    order by m.position limit 1
  );
end;
$$;
comment on function private.unanswered_since is
  'When the visitor wrote the first message that had no answer before this one; null where all had.';

-- For a person's first answer to an escalation, the visitor has waited since a person was asked for, or since
-- an earlier message that the assistant did not answer. A message that takes a conversation over makes its
-- escalation itself, and nobody was asked for before.
create or replace function private.response_of(p_message support.messages)
returns table (responder text, is_first boolean, seconds real)
language plpgsql stable security definer set search_path = '' as $$
declare
  v_since timestamptz := private.unanswered_since(p_message);
  v_is_first boolean;
begin
  if p_message.role = 'assistant' then
    v_is_first := not exists (
      select from support.messages as a
      where a.conversation_id = p_message.conversation_id and a.role = 'assistant'
        and a.position < p_message.position
    );
  else
    select true, least(v_since, case when e.created_at < p_message.created_at then e.created_at end)
    into v_is_first, v_since
    from support.escalations as e
    where e.conversation_id = p_message.conversation_id and e.first_answered_at = p_message.created_at
    limit 1;
    if not found then
      v_is_first := false;
      v_since := private.unanswered_since(p_message);
    end if;
  end if;
  if v_since is not null then
    return query select case p_message.role when 'agent' then 'person' else 'assistant' end, v_is_first,
      greatest(extract(epoch from p_message.created_at - v_since), 0)::real;
  end if;
end;
$$;
comment on function private.response_of is
  'How long the visitor waited for this message of the assistant or a person; no row where '
  'it answers nothing.';

create or replace function private.note_support_response() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into private.support_responses (message_id, day, responder, is_first, seconds)
  select new.id, private.support_day(new.created_at), r.responder, r.is_first, r.seconds
  from private.response_of(new) as r;
  return null;
end;
$$;
comment on function private.note_support_response is
  'After-insert trigger of messages of the assistant and of persons: notes how long the visitor waited.';

create trigger _300_note_support_response after insert on support.messages
  for each row when (new.role in ('assistant', 'agent')) execute function private.note_support_response();

-- 60_support/60_metrics/25_load_support_responses.sql
-- All response times again, from the messages, for a million of them at once.

-- What a visitor writes between two answers has the number of the answers before it, and so has the answer
-- that follows: a window instead of searches for each message.
create or replace function private.load_support_responses() returns setof private.support_responses
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  with numbered as (
    select m.id, m.conversation_id, m.role, m.created_at, m.position,
      count(*) filter (where m.role <> 'user') over w
        - case when m.role = 'user' then 0 else 1 end as answers_before,
      count(*) filter (where m.role = 'assistant') over w as assistant_number
    from support.messages as m
    where m.role in ('user', 'assistant', 'agent')
    window w as (partition by m.conversation_id order by m.position rows unbounded preceding)
  ),
  asked as (
    select distinct on (n.conversation_id, n.answers_before) n.conversation_id, n.answers_before,
      n.created_at
    from numbered as n
    where n.role = 'user'
    order by n.conversation_id, n.answers_before, n.position
  )
  select n.id, private.support_day(n.created_at),
    case n.role when 'agent' then 'person' else 'assistant' end,
    case n.role when 'agent' then e.since is not null else n.assistant_number = 1 end,
    greatest(extract(epoch from n.created_at - least(a.created_at, e.since)), 0)::real
  from numbered as n
  left join asked as a on a.conversation_id = n.conversation_id and a.answers_before = n.answers_before
  left join lateral (
    select case when o.created_at < n.created_at then o.created_at else n.created_at end as since
    from support.escalations as o
    where n.role = 'agent' and o.conversation_id = n.conversation_id and o.first_answered_at = n.created_at
    limit 1
  ) as e on true
  where n.role <> 'user' and (a.created_at is not null or e.since < n.created_at);
end;
$$;
comment on function private.load_support_responses is
  'The rows of support_responses for all messages, counted from the messages.';

-- 60_support/60_metrics/30_support_errors.sql
-- What failed, and why: codes only, never texts.

-- Appended, and folded into the counts of its day by the job: writers wait for nobody.
create table private.support_errors (
  id bigint not null generated always as identity,
  day date not null,
  operation text not null,
  cause text not null,
  constraint support_errors_pkey primary key (id)
);
comment on table private.support_errors is
  'One row per failed operation, until the job has counted it: see support_error_counts.';
alter table private.support_errors enable row level security;

create table private.support_error_counts (
  day date not null,
  operation text not null,
  cause text not null,
  errors_count bigint not null,
  constraint support_error_counts_pkey primary key (day, operation, cause)
);
comment on table private.support_error_counts is 'The number of failed operations by day, in UTC, and cause.';
alter table private.support_error_counts enable row level security;

-- A cause is an error code or an SQLSTATE. Anything else could contain what a visitor wrote.
create or replace function private.record_support_error(p_operation text, p_cause text) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into private.support_errors (day, operation, cause)
  values (
    private.support_day(now()),
    case when p_operation ~ '^[a-z][a-z0-9_]{0,49}$' then p_operation else 'other' end,
    case when p_cause ~ '^[A-Za-z0-9][A-Za-z0-9_]{0,63}$' then p_cause else 'other' end
  );
end;
$$;
grant execute on function private.record_support_error to service_role;

create or replace function support.record_support_error(operation text, cause text) returns void
language sql volatile security invoker set search_path = ''
begin atomic
  select private.record_support_error(record_support_error.operation, record_support_error.cause);
end;
comment on function support.record_support_error is
  'Counts a failed operation, such as answer or send_message, with its cause: an error code or an SQLSTATE. '
  'What is not of that form counts as other, so that no text is stored. Service role only.';
grant execute on function support.record_support_error to service_role;

create or replace function private.fold_support_errors(p_batch integer default 100000) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_count integer;
begin
  with taken as (
    delete from private.support_errors as e
    where e.ctid = any (array(
      select o.ctid from private.support_errors as o order by o.id limit p_batch for update skip locked
    ))
    returning e.day, e.operation, e.cause
  ),
  added as (
    insert into private.support_error_counts as c (day, operation, cause, errors_count)
    select t.day, t.operation, t.cause, count(*) from taken as t group by t.day, t.operation, t.cause
    on conflict on constraint support_error_counts_pkey do update set
      errors_count = c.errors_count + excluded.errors_count
  )
  select count(*)::integer into v_count from taken;
  return v_count;
end;
$$;
comment on function private.fold_support_errors is
  'Adds up to p_batch recorded errors to the counts of their days, and returns how many. For the scheduler.';

create or replace function private.load_support_errors()
returns table (
  day date, operation text, cause text, errors_count bigint, operations_count bigint, error_rate numeric
)
language plpgsql stable security definer set search_path = '' as $$
begin
  if not private.may_read_counts() then
    return;
  end if;
  return query
  with failed as (
    select c.day, c.operation, c.cause, c.errors_count as count from private.support_error_counts as c
    union all
    select e.day, e.operation, e.cause, count(*) from private.support_errors as e
    group by e.day, e.operation, e.cause
    union all
    select private.support_day(r.start_time), j.jobname, r.status, count(*)
    from cron.job_run_details as r join cron.job as j on j.jobid = r.jobid
    where j.jobname like 'support-%' and r.status = 'failed'
    group by 1, 2, 3
  )
  select f.day, f.operation, f.cause, sum(f.count)::bigint, o.count,
    round(sum(f.count) / nullif(sum(f.count) + o.count, 0), 4)
  from failed as f
  left join lateral (
    select case f.operation
      when 'answer' then d.assistant_messages_count when 'send_message' then d.visitor_messages_count
    end as count
    from private.support_days as d where d.day = f.day
  ) as o on true
  group by f.day, f.operation, f.cause, o.count;
end;
$$;
comment on function private.load_support_errors is
  'What support.error_rates contains; nothing for callers who may not read it.';
grant execute on function private.load_support_errors to authenticated, service_role;

create view support.error_rates with (security_invoker = true) as
select * from private.load_support_errors();
comment on view support.error_rates is
  'Failed operations by day (UTC), operation and cause: what support-chat and servers recorded by '
  'record_support_error(), and failed runs of support''s jobs. The team.';
comment on column support.error_rates.cause is 'An error code, an SQLSTATE, or failed for a job.';
comment on column support.error_rates.operations_count is
  'How many of the same operation succeeded on that day, where that is counted: answer, send_message.';
comment on column support.error_rates.error_rate is
  'The share of this cause in all operations of the kind, 0 to 1; null where these are not counted.';
grant select on support.error_rates to authenticated, service_role;

-- 60_support/60_metrics/40_support_days.sql
-- The figures of each day, stored.

create table private.support_days (
  day date not null,
  conversations_count bigint not null,
  escalated_conversations_count bigint not null,
  escalations_count bigint not null,
  visitor_messages_count bigint not null,
  assistant_messages_count bigint not null,
  person_messages_count bigint not null,
  unsure_answers_count bigint not null,
  helpful_count bigint not null,
  unhelpful_count bigint not null,
  counted_at timestamptz not null,
  constraint support_days_pkey primary key (day)
);
comment on table private.support_days is
  'One row per day with its figures, as of counted_at. Written by run_support_metrics() alone.';
comment on column private.support_days.escalated_conversations_count is
  'Of the conversations that were started on this day, those that were escalated, whenever that was.';
alter table private.support_days enable row level security;

create table private.support_day_responses (
  day date not null,
  responder text not null,
  is_first boolean not null,
  responses_count bigint not null,
  median_seconds real not null,
  p90_seconds real not null,
  constraint support_day_responses_pkey primary key (day, responder, is_first)
);
comment on table private.support_day_responses is
  'One row per day, responder and kind of answer: how long visitors waited. Counted with support_days.';
alter table private.support_day_responses enable row level security;

-- The messages of a day, of which only the pages of that day are read.
create index messages_created_at_idx on support.messages using brin (created_at);

create or replace function private.sum_support_responses(p_from date, p_to date)
returns table (responder text, is_first boolean, count bigint, seconds double precision[])
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  select o.responder, o.is_first, count(*),
    percentile_cont(array[0.5, 0.9]) within group (order by o.seconds)
  from private.support_responses as o
  where o.day between p_from and p_to
  group by o.responder, o.is_first;
end;
$$;
comment on function private.sum_support_responses is
  'The number of answers from one day to another, and the median and the 90th percentile of the wait.';

create or replace function private.count_support_day(p_day date) returns private.support_days
language plpgsql stable security definer set search_path = '' as $$
declare
  v_from constant timestamptz := p_day::timestamp at time zone 'UTC';
  v_to constant timestamptz := (p_day + 1)::timestamp at time zone 'UTC';
  v private.support_days;
begin
  v.day := p_day;
  v.counted_at := clock_timestamp();
  select count(*), count(*) filter (where exists (
    select from support.escalations as e where e.conversation_id = c.id
  ))
  into v.conversations_count, v.escalated_conversations_count
  from support.conversations as c where c.created_at >= v_from and c.created_at < v_to;
  select count(*) into v.escalations_count
  from support.escalations as e where e.created_at >= v_from and e.created_at < v_to;
  select count(*) filter (where m.role = 'user'), count(*) filter (where m.role = 'assistant'),
    count(*) filter (where m.role = 'agent'), count(*) filter (where m.confidence < s.answer_confidence)
  into v.visitor_messages_count, v.assistant_messages_count, v.person_messages_count, v.unsure_answers_count
  from support.messages as m cross join support.settings as s
  where m.created_at >= v_from and m.created_at < v_to;
  v.helpful_count := 0;
  v.unhelpful_count := 0;
  return v;
end;
$$;
comment on function private.count_support_day is 'The row of support_days for a day, counted.';

create or replace function private.count_support_responses(p_day date)
returns setof private.support_day_responses
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  select p_day, r.responder, r.is_first, r.count, r.seconds[1]::real, r.seconds[2]::real
  from private.sum_support_responses(p_day, p_day) as r;
end;
$$;
comment on function private.count_support_responses is
  'The rows of support_day_responses for a day, counted.';

-- 60_support/60_metrics/50_run_support_metrics.sql
-- The job that counts the days.

create table private.support_metrics_state (
  id boolean not null default true,
  counted_at timestamptz not null default now(),
  kept_before date not null default '-infinity',
  constraint support_metrics_state_pkey primary key (id),
  constraint support_metrics_state_has_one_row check (id)
);
comment on table private.support_metrics_state is 'One row: what run_support_metrics() counts.';
comment on column private.support_metrics_state.counted_at is 'When it ran last.';
comment on column private.support_metrics_state.kept_before is
  'The figures of days before this one stay as they are: retention has deleted conversations of them.';
alter table private.support_metrics_state enable row level security;
insert into private.support_metrics_state default values;

create or replace function private.store_support_day(p_day date) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v private.support_days;
begin
  delete from private.support_day_responses as r where r.day = p_day;
  delete from private.support_days as d where d.day = p_day;
  v := private.count_support_day(p_day);
  if v.conversations_count + v.escalations_count + v.visitor_messages_count + v.assistant_messages_count
    + v.person_messages_count + v.helpful_count + v.unhelpful_count > 0
  then
    insert into private.support_days select v.*;
    insert into private.support_day_responses select r.* from private.count_support_responses(p_day) as r;
  end if;
end;
$$;
comment on function private.store_support_day is
  'Counts a day and stores its figures; none for a day without any.';

-- Marks are taken before the day is counted: what changes in between is marked again. A day is counted until
-- two hours after its end, when also what was written without a mark is committed.
create or replace function private.run_support_metrics(p_batch integer default 100) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_days date[];
  v_day date;
begin
  -- two runs at the same time would store the same days
  if not pg_try_advisory_xact_lock(hashtextextended('private.support_days', 0)) then
    return 0;
  end if;
  perform private.fold_support_errors();
  with chosen as (
    select distinct m.day from private.support_marks as m order by m.day desc limit p_batch
  ),
  taken as (
    delete from private.support_marks as m using chosen as c where m.day = c.day returning m.day
  )
  select array_agg(distinct d.day) into v_days
  from (
    select t.day from taken as t
    union
    select g.at::date
    from private.support_metrics_state as s
    cross join lateral generate_series(
      (private.support_day(s.counted_at - interval '2 hours'))::timestamp,
      private.support_day(now())::timestamp, interval '1 day'
    ) as g (at)
  ) as d
  where d.day >= (select s.kept_before from private.support_metrics_state as s);
  foreach v_day in array coalesce(v_days, '{}') loop
    perform private.store_support_day(v_day);
  end loop;
  update private.support_metrics_state as s set counted_at = now() where s.id;
  return coalesce(cardinality(v_days), 0);
end;
$$;
comment on function private.run_support_metrics is
  'Counts the current day, and up to p_batch others of which something changed, the newest first, and '
  'returns how many. Blocks no writer. For the scheduler.';

-- 60_support/60_metrics/60_support_views.sql
-- The figures of support, for the team.

-- Few conversations are open. Without last_message_at, which every message writes.
create index conversations_open_status_idx on support.conversations (status) where status <> 'closed';

create view support.conversation_counts with (security_invoker = true) as
select c.status::text as status, count(*) as conversations_count
from support.conversations as c
where c.status <> 'closed'
group by c.status;
comment on view support.conversation_counts is
  'The conversations that are not closed, by status, counted when it is read. Their sum is the number of '
  'active conversations.';
grant select on support.conversation_counts to authenticated, service_role;

create or replace function private.load_support_days()
returns table (
  day date, conversations_count bigint, escalated_conversations_count bigint, escalation_rate numeric,
  escalations_count bigint, visitor_messages_count bigint, assistant_messages_count bigint,
  person_messages_count bigint, unsure_answers_count bigint, helpful_count bigint, unhelpful_count bigint,
  helpful_rate numeric, counted_at timestamptz
)
language plpgsql stable security definer set search_path = '' as $$
begin
  if not private.may_read_counts() then
    return;
  end if;
  return query
  select d.day, d.conversations_count, d.escalated_conversations_count,
    round(d.escalated_conversations_count::numeric / nullif(d.conversations_count, 0), 4),
    d.escalations_count, d.visitor_messages_count, d.assistant_messages_count, d.person_messages_count,
    d.unsure_answers_count, d.helpful_count, d.unhelpful_count,
    round(d.helpful_count::numeric / nullif(d.helpful_count + d.unhelpful_count, 0), 4), d.counted_at
  from private.support_days as d;
end;
$$;
comment on function private.load_support_days is
  'What support.daily_metrics contains; nothing for callers who may not read it.';
grant execute on function private.load_support_days to authenticated, service_role;

create view support.daily_metrics with (security_invoker = true) as
select * from private.load_support_days();
comment on view support.daily_metrics is
  'One row per day (UTC) on which something happened. Counted by a job every ten minutes; counted_at tells '
  'what a row does not contain yet. The team.';
comment on column support.daily_metrics.escalated_conversations_count is
  'Of the conversations that were started on this day, those that needed a person, whenever that was.';
comment on column support.daily_metrics.escalation_rate is
  'escalated_conversations_count in conversations_count, 0 to 1; null without conversations.';
comment on column support.daily_metrics.unsure_answers_count is
  'Answers of the assistant below answer_confidence, as it was when the day was counted.';
comment on column support.daily_metrics.helpful_rate is
  'The share of helpful in all ratings of that day, 0 to 1; null without ratings.';
comment on column support.daily_metrics.counted_at is 'When the row was counted.';
grant select on support.daily_metrics to authenticated, service_role;

create or replace function private.load_support_response_times()
returns table (
  day date, responder text, kind text, responses_count bigint, median_seconds real, p90_seconds real,
  counted_at timestamptz
)
language plpgsql stable security definer set search_path = '' as $$
begin
  if not private.may_read_counts() then
    return;
  end if;
  return query
  select r.day, r.responder, case when r.is_first then 'first' else 'later' end, r.responses_count,
    r.median_seconds, r.p90_seconds, d.counted_at
  from private.support_day_responses as r join private.support_days as d on d.day = r.day;
end;
$$;
comment on function private.load_support_response_times is
  'What support.response_times contains; nothing for callers who may not read it.';
grant execute on function private.load_support_response_times to authenticated, service_role;

create view support.response_times with (security_invoker = true) as
select * from private.load_support_response_times();
comment on view support.response_times is
  'How long visitors waited for an answer, by the day (UTC) of the answer. Counted by a job every ten '
  'minutes. The team.';
comment on column support.response_times.responder is 'assistant or person.';
comment on column support.response_times.kind is
  'first: the assistant''s first answer in a conversation, or a person''s first to an escalation. later: any '
  'other answer to something that the visitor wrote.';
comment on column support.response_times.median_seconds is
  'Half of the answers took no longer, from the visitor''s first message without an answer; for a person''s '
  'first, from the escalation.';
comment on column support.response_times.p90_seconds is 'Nine of ten answers took no longer.';
comment on column support.response_times.counted_at is 'When the row was counted.';
grant select on support.response_times to authenticated, service_role;

-- 60_support/60_metrics/70_support_metrics.sql
-- The figures of a range of days in one answer.

create or replace function private.support_metrics(p_days integer) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
declare
  v_to constant date := private.support_day(now());
  v_from constant date := v_to - least(greatest(coalesce(p_days, 28), 1), 366) + 1;
begin
  perform private.require_team_role('viewer');
  return (
    select jsonb_build_object(
      'from', v_from, 'to', v_to, 'counted_at', (select s.counted_at from private.support_metrics_state as s),
      'active_conversations', (
        select count(*) from support.conversations as c where c.status <> 'closed'
      ),
      'conversations', coalesce(sum(d.conversations_count), 0),
      'escalated_conversations', coalesce(sum(d.escalated_conversations_count), 0),
      'escalation_rate', round(
        sum(d.escalated_conversations_count) / nullif(sum(d.conversations_count), 0), 4
      ),
      'answers', coalesce(sum(d.assistant_messages_count), 0),
      'unsure_answers', coalesce(sum(d.unsure_answers_count), 0),
      'helpful', coalesce(sum(d.helpful_count), 0), 'unhelpful', coalesce(sum(d.unhelpful_count), 0),
      'helpful_rate', round(
        sum(d.helpful_count) / nullif(sum(d.helpful_count) + sum(d.unhelpful_count), 0), 4
      ),
      'response_times', (
        select coalesce(jsonb_agg(jsonb_build_object(
          'responder', r.responder, 'kind', case when r.is_first then 'first' else 'later' end,
          'responses', r.count, 'median_seconds', round(r.seconds[1]::numeric, 1),
          'p90_seconds', round(r.seconds[2]::numeric, 1)
        ) order by r.responder, r.is_first desc), '[]')
        from private.sum_support_responses(v_from, v_to) as r
      ),
      'errors', (
        select coalesce(jsonb_agg(jsonb_build_object(
          'operation', e.operation, 'cause', e.cause, 'errors', e.errors_count
        ) order by e.errors_count desc, e.operation, e.cause), '[]')
        from (
          select l.operation, l.cause, sum(l.errors_count) as errors_count
          from private.load_support_errors() as l where l.day between v_from and v_to
          group by l.operation, l.cause order by 3 desc, 1, 2 limit 50
        ) as e
      )
    )
    from private.support_days as d where d.day between v_from and v_to
  );
end;
$$;
grant execute on function private.support_metrics to authenticated, service_role;

create or replace function support.support_metrics(days integer default 28) returns jsonb
language sql stable security invoker set search_path = ''
begin atomic
  select private.support_metrics(support_metrics.days);
end;
comment on function support.support_metrics is
  'The figures of the last days, 1 to 366, the current one included, in UTC: active_conversations as of now, '
  'counts and rates as of counted_at, response times and errors as of now. Rates are 0 to 1. Viewers and '
  'servers. Errors: sign_in_required (401), team_role_required (403).';
grant execute on function support.support_metrics to authenticated, service_role;

-- 60_support/60_metrics/80_verify_support_metrics.sql
-- Compares the stored figures with the messages, and counts everything again.

create or replace function private.verify_support_metrics()
returns table (name text, key text, stored jsonb, counted jsonb)
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  with days as (
    select d.day from private.support_days as d
    union select private.support_day(c.created_at) from support.conversations as c
    union select private.support_day(m.created_at) from support.messages as m
    union select private.support_day(e.created_at) from support.escalations as e
  ),
  stored (name, key, day, value) as (
    select 'support_responses', r.message_id::text, r.day, to_jsonb(r) from private.support_responses as r
    union all
    select 'support_days', d.day::text, d.day, to_jsonb(d) - 'counted_at' from private.support_days as d
    union all
    select 'support_day_responses', format('%s %s %s', r.day, r.responder, r.is_first), r.day, to_jsonb(r)
    from private.support_day_responses as r
  ),
  counted (name, key, day, value) as (
    select 'support_responses', r.message_id::text, r.day, to_jsonb(r)
    from private.load_support_responses() as r
    union all
    select 'support_days', d.day::text, d.day, to_jsonb(c) - 'counted_at'
    from days as d cross join lateral private.count_support_day(d.day) as c
    union all
    select 'support_day_responses', format('%s %s %s', r.day, r.responder, r.is_first), r.day, to_jsonb(r)
    from days as d cross join lateral private.count_support_responses(d.day) as r
  )
  select coalesce(s.name, c.name), coalesce(s.key, c.key), s.value, c.value
  from stored as s
  full join counted as c on c.name = s.name and c.key = s.key
  cross join private.support_metrics_state as t
  where s.value is distinct from c.value and coalesce(s.day, c.day) >= t.kept_before and not (
    -- what the job has not counted yet
    coalesce(s.name, c.name) <> 'support_responses' and (
      coalesce(s.day, c.day) >= private.support_day(t.counted_at - interval '2 hours')
      or exists (select from private.support_marks as k where k.day = coalesce(s.day, c.day))
    )
  );
end;
$$;
comment on function private.verify_support_metrics is
  'Counts everything again and returns the differences, except those of days that the job is to count; no '
  'row means that all figures are correct. Days of which retention has deleted conversations are left out. '
  'Reads all messages. For operators.';

create or replace function private.rebuild_support_metrics() returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('private.support_days', 0));
  truncate private.support_responses, private.support_marks, private.support_days,
    private.support_day_responses;
  insert into private.support_responses select r.* from private.load_support_responses() as r;
  perform private.store_support_day(d.day)
  from (
    select private.support_day(c.created_at) as day from support.conversations as c
    union select private.support_day(m.created_at) from support.messages as m
    union select private.support_day(e.created_at) from support.escalations as e
  ) as d;
  update private.support_metrics_state as s set counted_at = now() where s.id;
end;
$$;
comment on function private.rebuild_support_metrics is
  'Counts all messages again, while nothing is written. For operators, after messages were loaded with '
  'triggers turned off.';

-- 60_support/70_privacy/10_run_support_retention.sql
-- Closes, archives and deletes conversations that nobody has written in for long.

create index conversations_closed_at_idx on support.conversations (closed_at)
  where status = 'closed' and archived_at is null;

create or replace function private.close_idle_conversations(p_batch integer) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_before constant timestamptz := now() - make_interval(
    days => (select s.close_after_days from support.settings as s)
  );
  v_ids uuid[];
  v_count integer;
begin
  -- A person has answered, and the visitor has not come back. What waits for a person is never closed.
  with idle as (
    select e.id, e.conversation_id
    from support.escalations as e
    join support.conversations as c on c.id = e.conversation_id and c.status = 'with_human'
    where e.status = 'in_progress' and coalesce(c.last_message_at, c.created_at) < v_before and (
      select m.role <> 'user' from support.messages as m
      where m.conversation_id = c.id and m.role in ('user', 'agent') order by m.position desc limit 1
    )
    order by e.id
    limit p_batch
    for no key update of e skip locked
  ),
  resolved as (
    update support.escalations as e set status = 'resolved' from idle as i where e.id = i.id
    returning e.conversation_id
  )
  select array_agg(r.conversation_id) into v_ids from resolved as r;
  v_ids := coalesce(v_ids, '{}') || array(
    select c.id from support.conversations as c
    where c.status = 'active' and coalesce(c.last_message_at, c.created_at) < v_before
    order by c.id
    limit p_batch
    for no key update skip locked
  );
  update support.conversations as c set status = 'closed' where c.id = any (v_ids) and c.status = 'active';
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function private.close_idle_conversations is
  'Closes up to 2 * p_batch conversations without a message for close_after_days, and returns how many: '
  'those that the assistant answers, and those in which a person said the last word. For the scheduler.';

create or replace function private.archive_closed_conversations(p_batch integer) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_count integer;
begin
  update support.conversations as c set archived_at = clock_timestamp()
  where c.id = any (array(
    select o.id from support.conversations as o
    where o.status = 'closed' and o.archived_at is null and o.closed_at < now() - make_interval(
        days => (select s.archive_after_days from support.settings as s)
      )
    order by o.closed_at
    limit p_batch
    for no key update skip locked
  ));
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function private.archive_closed_conversations is
  'Archives up to p_batch conversations that are closed for archive_after_days, and returns how many. '
  'For the scheduler.';

create or replace function private.delete_old_conversations(p_batch integer) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_before constant timestamptz := now() - make_interval(
    days => (select s.retention_days from support.settings as s)
  );
  v_count integer;
  v_last timestamptz;
begin
  perform set_config('app.support_retention', 'on', true);
  with deleted as (
    delete from support.conversations as c
    where c.id = any (array(
      select o.id from support.conversations as o
      where o.created_at < v_before and coalesce(o.last_message_at, o.created_at) < v_before
      order by o.created_at
      limit p_batch
      for update skip locked
    ))
    returning coalesce(c.last_message_at, c.created_at) as last_at
  )
  select count(*)::integer, max(d.last_at) into v_count, v_last from deleted as d;
  update private.support_metrics_state as s set kept_before = private.support_day(v_last) + 1
  where s.kept_before <= private.support_day(v_last);
  delete from support.users as u
  where u.id = any (array(
    select o.id from support.users as o
    where o.updated_at < v_before
      and not exists (select from support.conversations as c where c.user_id = o.id)
    limit p_batch
    for update skip locked
  ));
  perform set_config('app.support_retention', '', true);
  return v_count;
end;
$$;
comment on function private.delete_old_conversations is
  'Deletes up to p_batch conversations without a message for retention_days, whatever their status, with '
  'their messages and escalations, and visitors of whom none is left; returns how many conversations. '
  'For the scheduler.';

create or replace function private.run_support_retention(p_batch integer default 1000) returns integer
language plpgsql volatile security definer set search_path = '' as $$
begin
  return private.close_idle_conversations(p_batch) + private.delete_old_conversations(p_batch)
    + private.archive_closed_conversations(p_batch);
end;
$$;
comment on function private.run_support_retention is
  'Closes, deletes and archives up to p_batch conversations each, and returns how many in all; 0 when '
  'nothing is left to do. For the scheduler.';

-- 60_support/70_privacy/20_support_erasures.sql
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

-- 60_support/70_privacy/30_forget_user.sql
-- Erases a visitor everywhere.

-- What the team has made of the words is the team's; what is as the escalation made it is erased.
create or replace function private.erase_escalated_issues(p_conversation_ids uuid[])
returns table (o_erased integer, o_edited integer)
language plpgsql volatile security definer set search_path = '' as $$
begin
  return query
  with made as (
    select distinct on (i.id) i.id, i.description = e.original_request as is_as_made
    from support.escalations as e join public.issues as i on i.id = e.issue_id
    where e.conversation_id = any (p_conversation_ids) and e.is_issue_created
    order by i.id
  ),
  erased as (
    update public.issues as i set title = 'Erased support request', description = ''
    from made as m where i.id = m.id and m.is_as_made
    returning i.id
  )
  select (select count(*)::integer from erased),
    (select count(*)::integer from made as m where not m.is_as_made);
end;
$$;
comment on function private.erase_escalated_issues is
  'Erases title and description of the issues that were made from escalations of these conversations and not '
  'edited since, and counts them, and the others.';

-- Escalations are locked before their conversations, as everywhere. What is deleted takes its messages,
-- answers and ratings with it.
create or replace function private.erase_conversations(
  p_conversation_ids uuid[], p_user_id uuid, p_subject_id uuid, p_requested_by text
) returns support.erasures
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_receipt support.erasures;
  v_issues record;
begin
  perform from support.escalations as e where e.conversation_id = any (p_conversation_ids) order by e.id
  for update;
  perform from support.conversations as c where c.id = any (p_conversation_ids) order by c.id for update;
  select * into v_issues from private.erase_escalated_issues(p_conversation_ids);
  insert into support.erasures as r (
    subject_digest, requested_by, requested_by_user_id, conversations_count, messages_count,
    escalations_count, issues_count, edited_issues_count
  )
  select encode(sha256(convert_to(p_subject_id::text, 'UTF8')), 'hex'), p_requested_by,
    case p_requested_by when 'team' then auth.uid() end,
    (select count(*) from support.conversations as c where c.id = any (p_conversation_ids)),
    (select count(*) from support.messages as m where m.conversation_id = any (p_conversation_ids)),
    (select count(*) from support.escalations as e where e.conversation_id = any (p_conversation_ids)),
    v_issues.o_erased, v_issues.o_edited
  returning r.* into v_receipt;
  delete from support.conversations as c where c.id = any (p_conversation_ids);
  delete from support.users as u where u.id = p_user_id;
  return v_receipt;
end;
$$;
comment on function private.erase_conversations is
  'Deletes conversations and, where given, a visitor''s row, and returns the receipt.';

create or replace function private.load_erasure(p_subject_id uuid) returns support.erasures
language plpgsql stable security definer set search_path = '' as $$
declare
  v_receipt support.erasures;
begin
  select * into v_receipt from support.erasures as r
  where r.subject_digest = encode(sha256(convert_to(p_subject_id::text, 'UTF8')), 'hex')
  order by r.created_at desc limit 1;
  return v_receipt;
end;
$$;
comment on function private.load_erasure is
  'The last receipt for a user or a conversation; nulls without one.';

create or replace function private.erase_visitor(p_user_id uuid, p_requested_by text)
returns support.erasures
language plpgsql volatile security definer set search_path = '' as $$
begin
  return private.erase_conversations(
    array(select c.id from support.conversations as c where c.user_id = p_user_id), p_user_id, p_user_id,
    p_requested_by
  );
end;
$$;
comment on function private.erase_visitor is
  'Erases a visitor with all conversations, and returns the receipt.';

create or replace function private.forget_user(p_user_id uuid, p_conversation_id uuid)
returns support.erasures
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_visitor_id constant uuid := private.visitor_id();
  v_by text := case when private.is_trusted_caller() then 'server' else 'team' end;
  v_subject_id constant uuid := coalesce(p_conversation_id, p_user_id, v_visitor_id);
  v_receipt support.erasures;
begin
  if v_subject_id is null or p_conversation_id is null and v_subject_id = v_visitor_id
    or exists (
      select from support.conversations as c where c.id = p_conversation_id and c.user_id = v_visitor_id
    )
  then
    if v_visitor_id is null then
      raise exception using
        errcode = 'PT401', message = 'sign_in_required', detail = 'Nobody is signed in, and no id was given.',
        hint = 'Sign in as the visitor, or as an admin with user_id or conversation_id.';
    end if;
    v_by := 'visitor';
  else
    perform private.require_team_role('admin');
  end if;
  if p_conversation_id is null then
    if v_by = 'visitor' or exists (select from support.users as u where u.id = v_subject_id) then
      return private.erase_visitor(v_subject_id, v_by);
    end if;
  elsif exists (select from support.conversations as c where c.id = p_conversation_id) then
    return private.erase_conversations(array[p_conversation_id], null, p_conversation_id, v_by);
  end if;
  v_receipt := private.load_erasure(v_subject_id);
  if v_receipt.id is null then
    raise exception using
      errcode = 'PT404', message = 'support_user_unknown',
      detail = 'There is no visitor or conversation with this id, and none was erased.',
      hint = 'Use the id of a row in users or conversations.';
  end if;
  return v_receipt;
end;
$$;
grant execute on function private.forget_user to authenticated, service_role;

create or replace function support.forget_user(user_id uuid default null, conversation_id uuid default null)
returns support.erasures
language sql volatile security invoker set search_path = ''
begin atomic
  select private.forget_user(forget_user.user_id, forget_user.conversation_id);
end;
comment on function support.forget_user is
  'Erases the caller as a visitor, with contact, conversations, messages, escalations and ratings, or one '
  'conversation of theirs; admins and servers anybody, by user_id or conversation_id. Returns the receipt; '
  'called again for what is erased already, the last one. The account itself stays: Auth deletes it. Errors: '
  'sign_in_required (401), team_role_required (403), support_user_unknown (404).';
grant execute on function support.forget_user to authenticated, service_role;

create or replace function private.erase_deleted_account() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  if (tg_op = 'DELETE' or old.deleted_at is null and new.deleted_at is not null)
    and exists (select from support.users as u where u.id = old.id)
  then
    perform private.erase_visitor(old.id, 'account');
  end if;
  return null;
end;
$$;
comment on function private.erase_deleted_account is
  'After trigger of auth.users: erases the visitor whose account is deleted, softly or not.';

-- Names no column, see _110_sync_changed_account; each sign-in fires it.
create trigger _150_erase_deleted_visitor after update on auth.users
  for each row when (old *<> new) execute function private.erase_deleted_account();
create trigger _150_erase_removed_visitor after delete on auth.users
  for each row execute function private.erase_deleted_account();

-- 60_support/90_realtime.sql
-- The tables whose changes clients can subscribe to; row level security decides who receives which row.

alter publication supabase_realtime add table
  support.conversations, support.messages, support.escalations;
