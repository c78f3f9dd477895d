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
  model_confidence real not null default 0.15,
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
  constraint settings_model_confidence_is_a_share check (model_confidence between 0 and 1),
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
comment on column support.settings.model_confidence is
  'The lowest confidence, 0 to 1, of the best passage at which a model is asked, which decides itself '
  'whether the passages answer the question.';
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
  answer_confidence, model_confidence, unsure_answers_count, escalation_due_minutes, model_timeout_seconds,
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

-- 60_support/10_base/55_reject_invalid_rows.sql
-- Rows with a visitor's contact that a constraint would refuse are refused before: PostgreSQL's log has the
-- whole row that violates a constraint.

create or replace function private.reject_row() returns trigger
language plpgsql immutable security invoker set search_path = '' as $$
begin
  raise exception using
    errcode = 'PT422', message = 'support_row_invalid', detail = tg_argv[0], hint = tg_argv[1];
end;
$$;
comment on function private.reject_row is
  'Before trigger, with a detail and a hint: its condition is what makes a row invalid. Errors: '
  'support_row_invalid (422).';

create trigger _090_reject_invalid before insert or update on support.escalations
  for each row when (
    new.issue_type is null or new.original_request is null or not isfinite(new.created_at)
    or octet_length(new.original_request) > 65536 or pg_column_size(new.contact_info) > 16384
    or octet_length(new.conversation_context) > 4194304 or octet_length(new.resolution_note) > 65536
  )
  execute function private.reject_row(
    'A text is missing or too long, or created_at is not finite.',
    'Send issue_type and original_request; texts have up to 64 kB, contact_info 16 kB, the context 4 MB.'
  );
create trigger _090_reject_invalid before insert or update on support.conversations
  for each row when (btrim(new.session_id) = '' or not isfinite(new.created_at))
  execute function private.reject_row(
    'session_id is blank, or created_at is not finite.', 'Leave them out: the database sets them.'
  );
create trigger _090_reject_invalid before insert or update on support.users
  for each row when (not isfinite(new.created_at))
  execute function private.reject_row('created_at is not finite.', 'Leave it out: the database sets it.');

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
    update support.users as u set email = (
      select private.confirmed_email(new.id) where not exists (
        select from support.users as o where o.id <> new.id and o.email = private.confirmed_email(new.id)
      )
    )
    where u.id = new.id;
  end if;
  return null;
end;
$$;
comment on function private.sync_visitor_account is
  'After-update trigger of auth.users: the visitor''s address is the confirmed one of the account, and none '
  'where another visitor has it.';

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
    substring(v_text from '^\[([0-9A-Fa-f:.]+)\](?::[0-9]+)?$'), substring(v_text from '^([0-9.]+):[0-9]+$'),
    v_text
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

-- As people write it: (555) 010-9999, +44 (0)20 7946 0000 ext. 12, ٠٢٠ ٧٩٤٦.
create or replace function private.is_phone_number(p_text text) returns boolean
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  return p_text ~* (
    '^[+(]{0,2}[0-9٠-٩۰-۹०-९０-９][-0-9٠-٩۰-۹०-९０-９+()./ \u00a0\u2010-\u2015]*'
    '(?:[,;]? ?(?:x|ext\.?|extension|#) ?[0-9]{1,8})?$'
  );
end;
$$;
comment on function private.is_phone_number is
  'Whether it is a number with the signs that people write in it, and perhaps an extension.';

create or replace function private.parse_contact(
  p_name text, p_email text, p_phone text, out name text, out email text, out phone text
)
language plpgsql immutable security invoker set search_path = '' as $$
begin
  name := private.non_blank(p_name);
  email := private.non_blank(p_email);
  -- address books add marks that nobody sees
  phone := private.non_blank(regexp_replace(p_phone, '[\u200e\u200f\u202a-\u202e\u2066-\u2069]', '', 'g'));
  if char_length(name) > 255 or char_length(email) > 255 or char_length(phone) > 50
    or concat(name, email, phone) ~ '[\x01-\x1f\x7f]'
    or email !~ '^[^@\s]+@[^@\s.]+(\.[^@\s.]+)+$' or not private.is_phone_number(phone)
  then
    raise exception using
      errcode = 'PT422', message = 'support_contact_invalid',
      detail = 'A name has up to 255 characters; an e-mail address has the form name@example.com; a number '
        'has up to 50 digits, spaces and signs, and perhaps an extension.',
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
  v_removed text[];
begin
  select * into v_contact from private.parse_contact(p_name, p_email, p_phone);
  v_removed := array_remove(array[
    case when p_name is not null and v_contact.name is null then 'name' end,
    case when p_email is not null and v_contact.email is null then 'email' end,
    case when p_phone is not null and v_contact.phone is null then 'phone' end
  ], null);
  -- escalations are locked before their conversation, as everywhere
  update support.escalations as e set
    contact_info = nullif(
      coalesce(e.contact_info, '{}'::jsonb) - v_removed || case e.status when 'resolved' then '{}'::jsonb
        else jsonb_strip_nulls(jsonb_build_object(
          'name', v_contact.name, 'email', v_contact.email, 'phone', v_contact.phone
        )) end, '{}'::jsonb
    )
  where e.conversation_id = v_id and (e.status <> 'resolved' or e.contact_info ?| v_removed)
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
  'Saves how the visitor who has this session id can be reached, on the conversation and on its open '
  'escalation; null leaves a value as it is, a blank text removes it, also from resolved ones. Nobody has '
  'confirmed it, and users.email stays as it is. Errors: support_conversation_unknown (404), '
  'support_contact_invalid (422), support_address_limit_reached, support_messages_rate_limited (429).';
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

-- 60_support/30_answers/10_articles.sql
-- What the team has written for everybody: the articles that visitors are answered from.

create table support.articles (
  id uuid not null default gen_random_uuid(),
  title text not null,
  body text not null,
  url text,
  language text,
  is_published boolean not null default false,
  author_user_id uuid,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint articles_pkey primary key (id),
  constraint articles_author_user_id_fkey foreign key (author_user_id)
    references auth.users (id) on delete set null,
  constraint articles_title_is_not_blank
    check (title ~ '[^\s\u0085\u00a0\u1680\u2000-\u200d\u2028\u2029\u202f\u205f\u2060\u3000\ufeff]'),
  constraint articles_title_is_not_too_long check (octet_length(title) <= 1000),
  constraint articles_body_is_not_too_long check (octet_length(body) <= 262144),
  constraint articles_url_is_a_web_address
    check (url ~ '^https?://[^\s"<>\\^`{|}]+$' and octet_length(url) <= 2000),
  constraint articles_language_is_a_tag check (language ~ '^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$'),
  constraint articles_created_at_is_finite check (isfinite(created_at))
);
-- Statistics would tell whoever may call the API about texts that are not published.
alter table support.articles
  alter column title set statistics 0, alter column body set statistics 0;
create index articles_author_user_id_idx on support.articles (author_user_id);
create index articles_created_at_idx on support.articles (created_at);

comment on table support.articles is
  'Articles that visitors are answered from. The team reads them, agents write them, admins delete them; '
  'visitors see what support-chat quotes of published ones. Errors on write: team_role_required (403), '
  'key_change_forbidden (422).';
comment on column support.articles.body is
  'Plain text, Markdown or HTML. It is quoted as plain text; the first 100 passages are searched.';
comment on column support.articles.url is 'Where visitors read it: http or https.';
comment on column support.articles.language is
  'The language it is written in, such as de or pt-BR; null where nobody said.';
comment on column support.articles.is_published is
  'Whether visitors are answered from it. What is not published is in no index.';
comment on column support.articles.author_user_id is
  'The member of the team who created it, set by the database; null for a server.';

-- Whoever creates it, not whoever changes it.
create or replace function private.set_author() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  if tg_op = 'INSERT' then
    if not private.is_trusted_caller() then
      new.author_user_id := auth.uid();
    end if;
  elsif new.author_user_id is distinct from old.author_user_id then
    new.author_user_id := private.resolve_account_change(old.author_user_id, new.author_user_id);
  end if;
  return new;
end;
$$;
comment on function private.set_author is
  'Before trigger of texts of the team: author_user_id is the account that created the row.';

create trigger _000_require_agent before insert or update on support.articles
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('agent');
create trigger _000_require_admin before delete on support.articles
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('admin');
create trigger _050_reject_key_change before update on support.articles
  for each row when (old.id is distinct from new.id) execute function private.reject_key_change();
create trigger _200_set_author before insert or update on support.articles
  for each row execute function private.set_author();
create trigger _900_set_timestamps before insert or update on support.articles
  for each row execute function private.set_timestamps();

alter table support.articles enable row level security;
create policy articles_select_viewer on support.articles
  for select to authenticated using ((select private.has_team_role('viewer')));
create policy articles_insert_agent on support.articles
  for insert to authenticated with check ((select private.has_team_role('agent')));
create policy articles_update_agent on support.articles
  for update to authenticated
  using ((select private.has_team_role('agent'))) with check ((select private.has_team_role('agent')));
create policy articles_delete_admin on support.articles
  for delete to authenticated using ((select private.has_team_role('admin')));

grant select, delete on support.articles to authenticated;
grant insert (id, title, body, url, language, is_published, author_user_id, created_at, updated_at)
  on support.articles to authenticated;
grant update (id, title, body, url, language, is_published, author_user_id, created_at, updated_at)
  on support.articles to authenticated;
grant select, insert, update, delete on support.articles to service_role;

-- 60_support/30_answers/12_answers.sql
-- What the team has written for everybody about a tracker issue: its question and answer in public words.

create table support.answers (
  id uuid not null default gen_random_uuid(),
  issue_id uuid,
  question text not null,
  answer text not null,
  url text,
  language text,
  is_published boolean not null default false,
  author_user_id uuid,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint answers_pkey primary key (id),
  constraint answers_issue_id_fkey foreign key (issue_id) references public.issues (id) on delete cascade,
  constraint answers_author_user_id_fkey foreign key (author_user_id)
    references auth.users (id) on delete set null,
  constraint answers_question_is_not_blank
    check (question ~ '[^\s\u0085\u00a0\u1680\u2000-\u200d\u2028\u2029\u202f\u205f\u2060\u3000\ufeff]'),
  constraint answers_answer_is_not_blank
    check (answer ~ '[^\s\u0085\u00a0\u1680\u2000-\u200d\u2028\u2029\u202f\u205f\u2060\u3000\ufeff]'),
  constraint answers_question_is_not_too_long check (octet_length(question) <= 4000),
  constraint answers_answer_is_not_too_long check (octet_length(answer) <= 65536),
  constraint answers_url_is_a_web_address
    check (url ~ '^https?://[^\s"<>\\^`{|}]+$' and octet_length(url) <= 2000),
  constraint answers_language_is_a_tag check (language ~ '^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$'),
  constraint answers_created_at_is_finite check (isfinite(created_at))
);
create index answers_issue_id_idx on support.answers (issue_id);
-- Statistics would tell whoever may call the API about texts that are not published.
alter table support.answers
  alter column question set statistics 0, alter column answer set statistics 0;
create index answers_author_user_id_idx on support.answers (author_user_id);
create index answers_created_at_idx on support.answers (created_at);

comment on table support.answers is
  'Public answers to issues of the tracker. Nothing else of an issue is ever shown to visitors, or searched '
  'for them. The team reads them, agents write them, admins delete them. Errors on write: '
  'team_role_required (403), key_change_forbidden (422).';
comment on column support.answers.issue_id is
  'The issue that it answers; null for an answer of its own. Deleted with the issue.';
comment on column support.answers.question is
  'What it answers, worded for everybody: without names, addresses and what else is private.';
comment on column support.answers.answer is 'Plain text, Markdown or HTML. It is quoted as plain text.';
comment on column support.answers.url is 'Where visitors read more: http or https.';
comment on column support.answers.language is
  'The language it is written in, such as de or pt-BR; null where nobody said.';
comment on column support.answers.is_published is
  'Whether visitors are answered from it. What is not published is in no index.';
comment on column support.answers.author_user_id is
  'The member of the team who created it, set by the database; null for a server.';

create trigger _000_require_agent before insert or update on support.answers
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('agent');
create trigger _000_require_admin before delete on support.answers
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('admin');
create trigger _050_reject_key_change before update on support.answers
  for each row when (old.id is distinct from new.id) execute function private.reject_key_change();
create trigger _200_set_author before insert or update on support.answers
  for each row execute function private.set_author();
create trigger _900_set_timestamps before insert or update on support.answers
  for each row execute function private.set_timestamps();

alter table support.answers enable row level security;
create policy answers_select_viewer on support.answers
  for select to authenticated using ((select private.has_team_role('viewer')));
create policy answers_insert_agent on support.answers
  for insert to authenticated with check ((select private.has_team_role('agent')));
create policy answers_update_agent on support.answers
  for update to authenticated
  using ((select private.has_team_role('agent'))) with check ((select private.has_team_role('agent')));
create policy answers_delete_admin on support.answers
  for delete to authenticated using ((select private.has_team_role('admin')));

grant select, delete on support.answers to authenticated;
grant insert (
  id, issue_id, question, answer, url, language, is_published, author_user_id, created_at, updated_at
) on support.answers to authenticated;
grant update (
  id, issue_id, question, answer, url, language, is_published, author_user_id, created_at, updated_at
) on support.answers to authenticated;
grant select, insert, update, delete on support.answers to service_role;

-- The messages that quote an answer stay when it is deleted.
alter table support.messages add constraint messages_answer_id_fkey
  foreign key (answer_id) references support.answers (id) on delete set null;
create index messages_answer_id_idx on support.messages (answer_id);

-- 60_support/30_answers/20_answer_passages.sql
-- The index that visitors are answered from: passages of published articles and answers, and nothing else.
-- No text of an issue, comment or person is in it, nor how often a word occurs in such texts.

-- About 1,200 characters: what is quoted as one. A long article is judged by its best passage, so that it is
-- neither favoured nor put back for its length.
create or replace function private.split_paragraph(p_text text) returns setof text
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_rest text := p_text;
  v_head text;
  v_end integer;
begin
  while length(v_rest) > 1200 loop
    -- the last end of a line or sentence in what fits, else the last space: searched backwards
    v_head := reverse(left(v_rest, 1200));
    v_end := 1201 - coalesce(
      nullif(regexp_instr(v_head, '\n|\s[.!?]|[。！？]'), 0), nullif(regexp_instr(v_head, '\s'), 0), 1
    );
    return next left(v_rest, v_end);
    v_rest := substr(v_rest, v_end + 1);
  end loop;
  return next v_rest;
end;
$$;
comment on function private.split_paragraph is
  'A paragraph in parts of up to 1,200 characters, whole sentences where they fit.';

create or replace function private.split_passages(p_text text) returns text[]
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_part text;
  v_passage text;
  v_passages text[] := array[]::text[];
begin
  for v_part in
    select s.part
    from regexp_split_to_table(left(p_text, 120000), '\n[ \t]*\n\s*') with ordinality as b (block, number)
    cross join lateral private.split_paragraph(b.block) with ordinality as s (part, position)
    order by b.number, s.position
  loop
    if v_passage is not null and length(v_passage) + length(v_part) > 1200 then
      v_passages := v_passages || v_passage;
      v_passage := null;
    end if;
    v_passage := nullif(concat_ws(E'\n\n', v_passage, private.non_blank(v_part)), '');
  end loop;
  v_passages := v_passages || coalesce(v_passage, case when v_passages = '{}' then '' end);
  v_passages := array_remove(v_passages, null);
  return v_passages[:100];
end;
$$;
comment on function private.split_passages is
  'The first 120,000 characters of a text in passages of up to 1,200 characters, whole paragraphs where they '
  'fit; the first 100 of them. One empty passage for a text without any.';

-- Markdown stays as it is: it is readable as text. Nothing that is quoted is ever interpreted.
create or replace function private.plain_text(p_text text) returns text
language plpgsql immutable security invoker set search_path = '' as $$
begin
  if p_text ~* (
    '<(?:!--|/?(?:a|b|i|p|br|ul|ol|li|h[1-6]|div|span|table|t[rdh]|img|code|pre|em|strong|script|style)'
    '[\s/>])'
  )
  then
    return regexp_replace(coalesce(private.parse_html(p_text), ''), '\r\n?', E'\n', 'g');
  end if;
  return regexp_replace(p_text, '\r\n?', E'\n', 'g');
end;
$$;
comment on function private.plain_text is
  'HTML as text, without scripts and styles; any other text as it is, with plain ends of lines.';

create table private.answer_passages (
  source_id uuid not null,
  number integer not null,
  article_id uuid,
  answer_id uuid,
  text text not null,
  vector tsvector not null,
  words_count integer not null,
  indexed_at timestamptz not null default clock_timestamp(),
  constraint answer_passages_pkey primary key (source_id, number),
  constraint answer_passages_article_id_fkey
    foreign key (article_id) references support.articles (id) on delete cascade,
  constraint answer_passages_answer_id_fkey
    foreign key (answer_id) references support.answers (id) on delete cascade,
  constraint answer_passages_source_is_an_article_or_an_answer
    check (num_nonnulls(article_id, answer_id) = 1 and source_id = coalesce(article_id, answer_id))
);
comment on table private.answer_passages is
  'One row per passage of a published article or answer: its text, and its words with those of the title '
  'or question. Maintained by triggers of both tables.';
comment on column private.answer_passages.source_id is 'The article or answer.';
comment on column private.answer_passages.number is 'Its position in the source, from 1.';
comment on column private.answer_passages.vector is
  'The words of the title or question with weight A, of the text C.';
comment on column private.answer_passages.words_count is 'How many different words the vector has.';

-- Every search reads the list of what is not in the index yet: 4 MB, the default, take longer than the rest.
create index answer_passages_vector_idx on private.answer_passages using gin (vector)
  with (gin_pending_list_limit = 256);
create index answer_passages_article_id_idx on private.answer_passages (article_id);
create index answer_passages_answer_id_idx on private.answer_passages (answer_id);
create index answer_passages_indexed_at_idx on private.answer_passages (indexed_at);
alter table private.answer_passages enable row level security;

create or replace function private.index_passages(
  p_article_id uuid, p_answer_id uuid, p_title text, p_text text, p_is_published boolean
) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_source_id constant uuid := coalesce(p_article_id, p_answer_id);
  v_title constant tsvector := setweight(private.search_vector(p_title, 4000), 'A');
begin
  delete from private.answer_passages as p where p.source_id = v_source_id;
  if not p_is_published then
    return;
  end if;
  insert into private.answer_passages (
    source_id, number, article_id, answer_id, text, vector, words_count
  )
  select v_source_id, u.number::integer, p_article_id, p_answer_id, u.text, v.vector, length(v.vector)
  from unnest(private.split_passages(private.plain_text(p_text))) with ordinality as u (text, number)
  cross join lateral (
    select v_title || setweight(private.search_vector(u.text, 12000), 'C') as vector
  ) as v;
end;
$$;
comment on function private.index_passages is
  'Replaces the passages of an article or answer, whose row the caller has locked; none where it '
  'is not published.';

create or replace function private.index_article() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.index_passages(new.id, null, new.title, new.body, new.is_published);
  return null;
end;
$$;
comment on function private.index_article is 'After trigger of articles: what is searched of them.';

create or replace function private.index_answer() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.index_passages(null, new.id, new.question, new.answer, new.is_published);
  return null;
end;
$$;
comment on function private.index_answer is 'After trigger of answers: what is searched of them.';

create trigger _300_index_new_article after insert on support.articles
  for each row when (new.is_published) execute function private.index_article();
create trigger _310_index_article after update on support.articles
  for each row when (
    (old.title, old.body, old.is_published) is distinct from (new.title, new.body, new.is_published)
  )
  execute function private.index_article();
create trigger _300_index_new_answer after insert on support.answers
  for each row when (new.is_published) execute function private.index_answer();
create trigger _310_index_answer after update on support.answers
  for each row when (
    (old.question, old.answer, old.is_published)
      is distinct from (new.question, new.answer, new.is_published)
  )
  execute function private.index_answer();

-- 60_support/30_answers/24_common_words.sql
-- How common words are in general, so that a handful of articles can tell a common word from a rare one.

create table private.common_words (
  word text collate "C" not null,
  share real not null,
  constraint common_words_pkey primary key (word)
);
comment on table private.common_words is
  'Words of texts of support communities, and the share of these texts that have them: those of six or more.';
alter table private.common_words enable row level security;

-- 60_support/30_answers/25_default_common_words.sql
-- How common words are in texts of support communities, by `npm run answers:train -- --words`. Don't edit.

insert into private.common_words (word, share) values
  ('.env', 0.002), ('0', 0.0181), ('00', 0.0077), ('000', 0.006), ('01', 0.002), ('02', 0.0029),
  ('03', 0.0017), ('1', 0.0407), ('10', 0.0115), ('100', 0.008), ('11', 0.0132), ('12', 0.0138),
  ('13', 0.002), ('14', 0.0161), ('140', 0.0032), ('15', 0.0069), ('16', 0.0029), ('17', 0.0029),
  ('18', 0.0054), ('19', 0.0054), ('1st', 0.002), ('2', 0.0338), ('20', 0.0118), ('200', 0.0052),
  ('2019', 0.0017), ('2023', 0.0017), ('2024', 0.0017), ('2025', 0.0017), ('212', 0.0029), ('22', 0.0043),
  ('23', 0.0029), ('24', 0.0029), ('240', 0.0017), ('25', 0.004), ('3', 0.0347), ('30', 0.012),
  ('300', 0.0052), ('31', 0.0057), ('34', 0.0032), ('4', 0.0255), ('40', 0.0126), ('400', 0.0037),
  ('404', 0.0023), ('41', 0.0032), ('4th', 0.0017), ('5', 0.0215), ('50', 0.0054), ('500', 0.0032),
  ('58', 0.0023), ('6', 0.0155), ('60', 0.0054), ('600', 0.0017), ('61', 0.0032), ('64', 0.0017),
  ('7', 0.0112), ('71', 0.0017), ('8', 0.0149), ('80', 0.0034), ('9', 0.0189), ('90', 0.0043),
  ('900', 0.004), ('99', 0.002), ('aa', 0.004), ('aaj', 0.0023), ('aap', 0.0026), ('aata', 0.0029),
  ('ab', 0.0063), ('aber', 0.004), ('abr', 0.002), ('accept', 0.0046), ('access', 0.0066),
  ('account', 0.0186), ('action', 0.0023), ('activ', 0.0034), ('ad', 0.0054), ('add', 0.0112),
  ('address', 0.0118), ('admin', 0.0063), ('afraid', 0.002), ('afterward', 0.0026), ('age', 0.0026),
  ('agent', 0.0141), ('ago', 0.0046), ('agora', 0.0023), ('agre', 0.0029), ('agua', 0.0017), ('ai', 0.0141),
  ('aid', 0.0026), ('aisa', 0.0017), ('al', 0.0077), ('algo', 0.002), ('alguem', 0.004), ('alguien', 0.0017),
  ('all', 0.0037), ('allow', 0.0046), ('alon', 0.0034), ('along', 0.002), ('alor', 0.0017),
  ('alreadi', 0.0092), ('also', 0.006), ('although', 0.0026), ('alway', 0.0098), ('android', 0.0034),
  ('annoy', 0.0023), ('annual', 0.0023), ('ano', 0.0034), ('anoth', 0.0092), ('answer', 0.0281),
  ('ant', 0.0037), ('anybodi', 0.006), ('anyon', 0.0149), ('anyth', 0.0086), ('anyway', 0.0017),
  ('anywher', 0.0017), ('ao', 0.0023), ('aparec', 0.0023), ('api', 0.008), ('apn', 0.002), ('app', 0.027),
  ('appl', 0.0017), ('appli', 0.002), ('applic', 0.0023), ('approv', 0.004), ('april', 0.0017),
  ('aqui', 0.0037), ('archiv', 0.0017), ('aren', 0.0034), ('argument', 0.0034), ('around', 0.0054),
  ('array', 0.0037), ('arriv', 0.0066), ('articl', 0.0029), ('asi', 0.0017), ('ask', 0.0445),
  ('assign', 0.0017), ('assist', 0.0026), ('ate', 0.0029), ('attach', 0.0037), ('au', 0.004),
  ('auch', 0.0037), ('audio', 0.0029), ('auf', 0.006), ('aula', 0.0026), ('aur', 0.006), ('aus', 0.0034),
  ('authent', 0.0017), ('autom', 0.0075), ('avant', 0.0017), ('avec', 0.0034), ('aviso', 0.0023),
  ('await', 0.0023), ('away', 0.006), ('ayuda', 0.002), ('b', 0.0034), ('baad', 0.0023), ('baar', 0.0029),
  ('baat', 0.002), ('back', 0.0261), ('backup', 0.0054), ('bad', 0.004), ('bahut', 0.0023), ('baje', 0.002),
  ('ban', 0.0017), ('band', 0.002), ('bank', 0.0069), ('bar', 0.0029), ('bas', 0.002), ('base', 0.0046),
  ('beauti', 0.0017), ('becom', 0.0026), ('begin', 0.0037), ('beginn', 0.0029), ('behind', 0.0054),
  ('bei', 0.006), ('best', 0.0075), ('beta', 0.0023), ('better', 0.0057), ('bhai', 0.0032), ('bhi', 0.0077),
  ('bien', 0.0032), ('big', 0.0043), ('bill', 0.0075), ('bin', 0.0032), ('birthday', 0.0032),
  ('bit', 0.0052), ('bitt', 0.0023), ('black', 0.0017), ('blank', 0.002), ('block', 0.0054), ('blog', 0.004),
  ('blue', 0.0017), ('board', 0.004), ('bodi', 0.0029), ('bom', 0.0017), ('bonjour', 0.0034),
  ('book', 0.0095), ('bore', 0.0017), ('bot', 0.0106), ('bought', 0.0054), ('box', 0.006),
  ('branch', 0.0029), ('break', 0.0112), ('bring', 0.0063), ('broke', 0.0052), ('broken', 0.0241),
  ('brother', 0.0023), ('browser', 0.0095), ('buena', 0.002), ('bug', 0.0519), ('build', 0.0161),
  ('builder', 0.002), ('built', 0.0063), ('bundl', 0.002), ('busi', 0.0023), ('button', 0.012),
  ('buy', 0.0032), ('c', 0.0106), ('ca', 0.006), ('cach', 0.0043), ('cada', 0.0032), ('cafe', 0.0026),
  ('cake', 0.0043), ('calendar', 0.0112), ('call', 0.029), ('came', 0.0063), ('camera', 0.0032),
  ('cancel', 0.0063), ('cannot', 0.0029), ('canva', 0.0026), ('caption', 0.002), ('card', 0.0095),
  ('care', 0.0017), ('case', 0.006), ('cat', 0.002), ('caus', 0.0023), ('ce', 0.0089), ('cell', 0.002),
  ('cent', 0.0043), ('certif', 0.0075), ('certo', 0.0017), ('chahiy', 0.0026), ('chair', 0.0017),
  ('chal', 0.0034), ('chang', 0.0238), ('changelog', 0.002), ('channel', 0.0049), ('chapter', 0.0034),
  ('chaqu', 0.002), ('charact', 0.0026), ('charg', 0.0046), ('chart', 0.0017), ('chat', 0.0072),
  ('check', 0.0077), ('chez', 0.0017), ('child', 0.0017), ('children', 0.002), ('choir', 0.0032),
  ('choos', 0.0026), ('chrome', 0.0023), ('church', 0.0023), ('ci', 0.002), ('circl', 0.0017),
  ('clase', 0.0017), ('class', 0.01), ('clean', 0.0023), ('clear', 0.0037), ('click', 0.0109),
  ('client', 0.0086), ('clock', 0.0026), ('close', 0.0106), ('club', 0.0086), ('co', 0.002),
  ('code', 0.0327), ('codigo', 0.002), ('coffe', 0.0052), ('cohort', 0.0017), ('coisa', 0.0017),
  ('colleagu', 0.0052), ('collect', 0.0029), ('colour', 0.004), ('column', 0.0063), ('com', 0.0103),
  ('come', 0.0215), ('comma', 0.0029), ('command', 0.0029), ('comment', 0.0069), ('commit', 0.0037),
  ('communiti', 0.006), ('como', 0.0063), ('compani', 0.0046), ('compar', 0.0032), ('compil', 0.0043),
  ('complain', 0.0017), ('complaint', 0.0026), ('complet', 0.0034), ('compos', 0.0023), ('comput', 0.0052),
  ('computador', 0.002), ('con', 0.0129), ('condit', 0.002), ('confirm', 0.0049), ('conflict', 0.002),
  ('connect', 0.0106), ('connector', 0.0017), ('consigo', 0.0017), ('consol', 0.0037), ('conta', 0.002),
  ('contact', 0.004), ('contain', 0.0032), ('content', 0.0034), ('contest', 0.0023), ('context', 0.0023),
  ('continu', 0.0017), ('control', 0.002), ('cooki', 0.0029), ('copi', 0.0066), ('correct', 0.0037),
  ('cost', 0.0052), ('could', 0.0224), ('couldn', 0.0026), ('count', 0.0066), ('counter', 0.002),
  ('cours', 0.0143), ('cover', 0.002), ('crash', 0.0178), ('creat', 0.0034), ('credit', 0.0017),
  ('cri', 0.0017), ('css', 0.0034), ('csv', 0.0046), ('ctrl', 0.0017), ('cuando', 0.0029), ('curso', 0.0034),
  ('custom', 0.0129), ('cut', 0.0026), ('d', 0.0459), ('da', 0.0141), ('dan', 0.0057), ('dann', 0.002),
  ('dark', 0.0032), ('das', 0.0146), ('dass', 0.0029), ('data', 0.0083), ('databas', 0.0075),
  ('date', 0.0089), ('dato', 0.0017), ('daughter', 0.0017), ('day', 0.0347), ('db', 0.0026), ('de', 0.0654),
  ('dead', 0.0017), ('deal', 0.002), ('dear', 0.0046), ('debit', 0.0017), ('debug', 0.0057),
  ('default', 0.0043), ('deja', 0.0017), ('del', 0.0063), ('delet', 0.0112), ('dem', 0.004),
  ('demand', 0.0026), ('den', 0.0075), ('deni', 0.0017), ('denn', 0.0017), ('depend', 0.0037),
  ('deploy', 0.0043), ('depoi', 0.0026), ('depui', 0.0049), ('der', 0.012), ('des', 0.0043),
  ('describ', 0.002), ('desd', 0.004), ('design', 0.0026), ('desk', 0.0026), ('desktop', 0.0029),
  ('deux', 0.0029), ('dev', 0.0034), ('develop', 0.004), ('devic', 0.0029), ('di', 0.0023), ('dia', 0.0086),
  ('dice', 0.002), ('didn', 0.0063), ('die', 0.0186), ('differ', 0.0083), ('digit', 0.002), ('din', 0.0032),
  ('direct', 0.0032), ('discount', 0.0017), ('diya', 0.0034), ('dm', 0.0023), ('dns', 0.002),
  ('doc', 0.0086), ('docker', 0.0043), ('document', 0.0026), ('doesn', 0.0166), ('dog', 0.0026),
  ('doi', 0.0023), ('domain', 0.0037), ('dond', 0.0017), ('done', 0.0089), ('door', 0.0046), ('dos', 0.0049),
  ('dot', 0.0023), ('doubl', 0.0029), ('download', 0.0043), ('drag', 0.0017), ('draw', 0.0046),
  ('drive', 0.0032), ('drop', 0.0037), ('du', 0.0086), ('due', 0.0026), ('e', 0.029), ('earli', 0.0017),
  ('earlier', 0.0017), ('edg', 0.0017), ('edit', 0.0037), ('editor', 0.008), ('eight', 0.0017),
  ('ein', 0.0095), ('einem', 0.0017), ('einen', 0.0026), ('einer', 0.0017), ('einmal', 0.0023),
  ('either', 0.0043), ('ek', 0.0069), ('el', 0.0255), ('ele', 0.002), ('eleven', 0.0063), ('els', 0.0152),
  ('em', 0.008), ('email', 0.0034), ('emb', 0.0032), ('embed', 0.002), ('empti', 0.0083), ('en', 0.0229),
  ('encod', 0.0026), ('end', 0.0178), ('engin', 0.0026), ('english', 0.002), ('enough', 0.0034),
  ('enter', 0.0023), ('entrar', 0.0037), ('entri', 0.0026), ('env', 0.0029), ('er', 0.0017), ('era', 0.0034),
  ('errado', 0.0017), ('erreur', 0.0049), ('erro', 0.0049), ('error', 0.066), ('es', 0.0141),
  ('est', 0.0178), ('esta', 0.0072), ('estoy', 0.0026), ('et', 0.0123), ('etait', 0.0029), ('etwa', 0.002),
  ('eu', 0.0089), ('euch', 0.0023), ('euro', 0.0052), ('even', 0.0218), ('event', 0.008), ('ever', 0.0092),
  ('everi', 0.0315), ('everybodi', 0.0066), ('everyon', 0.0083), ('everyth', 0.0166), ('exact', 0.0046),
  ('exam', 0.0026), ('exampl', 0.0152), ('exceed', 0.0023), ('excel', 0.0017), ('except', 0.0043),
  ('execut', 0.0017), ('exercis', 0.0026), ('exist', 0.0066), ('expect', 0.004), ('expir', 0.0046),
  ('explain', 0.0046), ('export', 0.0077), ('f', 0.0017), ('fail', 0.0175), ('fair', 0.0043),
  ('fait', 0.004), ('fall', 0.0017), ('falta', 0.0017), ('famili', 0.002), ('familia', 0.0017),
  ('far', 0.006), ('fast', 0.004), ('faster', 0.0029), ('fault', 0.0052), ('faut', 0.0017),
  ('favor', 0.0017), ('favourit', 0.0017), ('fazer', 0.0017), ('featur', 0.0017), ('februari', 0.0026),
  ('fee', 0.0026), ('feed', 0.0026), ('feel', 0.0057), ('fehler', 0.004), ('fetch', 0.0029),
  ('fewer', 0.0023), ('fica', 0.0026), ('field', 0.008), ('file', 0.0215), ('fill', 0.002),
  ('filter', 0.0043), ('final', 0.006), ('find', 0.0192), ('fine', 0.0086), ('finish', 0.0049),
  ('fire', 0.0026), ('firefox', 0.0023), ('first', 0.0401), ('fit', 0.0023), ('five', 0.0092),
  ('fix', 0.0439), ('fiz', 0.0017), ('flag', 0.0026), ('flat', 0.0017), ('flow', 0.0089),
  ('flutter', 0.0017), ('foi', 0.0052), ('folder', 0.006), ('folk', 0.0034), ('follow', 0.0054),
  ('font', 0.0017), ('footer', 0.002), ('forc', 0.0029), ('forget', 0.0026), ('forgot', 0.002),
  ('forgotten', 0.0026), ('form', 0.0132), ('format', 0.0023), ('formula', 0.0017), ('forti', 0.0026),
  ('forum', 0.0017), ('forward', 0.0023), ('found', 0.0175), ('founder', 0.0017), ('four', 0.0118),
  ('frage', 0.002), ('frame', 0.0017), ('free', 0.0146), ('friday', 0.0086), ('friend', 0.0054),
  ('front', 0.0052), ('full', 0.0054), ('fun', 0.002), ('funciona', 0.002), ('function', 0.0083),
  ('fur', 0.0049), ('g', 0.0032), ('game', 0.002), ('gave', 0.0049), ('gaya', 0.0049), ('gb', 0.0037),
  ('geht', 0.0017), ('generat', 0.0023), ('gent', 0.0026), ('german', 0.0017), ('get', 0.0399),
  ('gibt', 0.0017), ('gift', 0.0017), ('git', 0.0063), ('github', 0.0023), ('give', 0.0132),
  ('given', 0.0023), ('glad', 0.0023), ('global', 0.002), ('go', 0.0252), ('goe', 0.0118), ('gone', 0.0103),
  ('good', 0.0158), ('googl', 0.0066), ('got', 0.0281), ('gracia', 0.0029), ('great', 0.0054),
  ('green', 0.004), ('grey', 0.0054), ('group', 0.012), ('grupo', 0.0023), ('guess', 0.0052),
  ('guest', 0.002), ('guid', 0.0029), ('guy', 0.002), ('h', 0.0123), ('ha', 0.0034), ('hab', 0.0023),
  ('habe', 0.0043), ('haben', 0.0026), ('hace', 0.0029), ('haft', 0.0017), ('haha', 0.0017), ('hai', 0.0186),
  ('hain', 0.0063), ('half', 0.012), ('hall', 0.002), ('hand', 0.0169), ('handl', 0.0023), ('hang', 0.0023),
  ('happen', 0.0077), ('happi', 0.0063), ('har', 0.0029), ('hard', 0.0032), ('hash', 0.002),
  ('hasn', 0.0017), ('hat', 0.004), ('hate', 0.0037), ('haven', 0.002), ('hay', 0.0034), ('head', 0.0032),
  ('header', 0.0034), ('hello', 0.0066), ('help', 0.043), ('heut', 0.0029), ('hey', 0.002), ('hi', 0.0172),
  ('hidden', 0.0017), ('hide', 0.0023), ('hier', 0.0026), ('hilf', 0.002), ('hint', 0.002), ('hire', 0.0017),
  ('histori', 0.0057), ('ho', 0.0109), ('hoga', 0.002), ('hoje', 0.0026), ('hold', 0.002),
  ('holiday', 0.0026), ('home', 0.0057), ('homework', 0.0032), ('honest', 0.0032), ('hope', 0.0029),
  ('hora', 0.0026), ('host', 0.0089), ('hot', 0.0023), ('hota', 0.0029), ('hour', 0.0163), ('hoy', 0.0017),
  ('html', 0.002), ('hu', 0.0063), ('hua', 0.002), ('human', 0.0026), ('hundr', 0.0017), ('ich', 0.0192),
  ('icon', 0.002), ('id', 0.0054), ('idea', 0.0057), ('ignor', 0.0029), ('igual', 0.002), ('ihr', 0.0043),
  ('il', 0.0086), ('im', 0.0057), ('imag', 0.006), ('import', 0.0118), ('inbox', 0.0017), ('includ', 0.0046),
  ('index', 0.0069), ('ine', 0.0017), ('info', 0.0017), ('input', 0.0017), ('insid', 0.0034),
  ('instal', 0.006), ('instead', 0.0092), ('integr', 0.0032), ('intern', 0.0026), ('invalid', 0.0029),
  ('invit', 0.0049), ('invoic', 0.0083), ('io', 0.0032), ('ipad', 0.0017), ('iphon', 0.0017),
  ('isn', 0.0163), ('isso', 0.0026), ('issu', 0.008), ('ist', 0.0115), ('item', 0.0043), ('iter', 0.0017),
  ('j', 0.0112), ('ja', 0.0089), ('jamai', 0.002), ('januari', 0.0034), ('jata', 0.0029), ('jati', 0.0017),
  ('java', 0.0029), ('jawab', 0.0017), ('je', 0.0149), ('jemand', 0.0026), ('jetzt', 0.002), ('ji', 0.0017),
  ('jo', 0.0026), ('job', 0.0086), ('join', 0.0072), ('joke', 0.002), ('jour', 0.0026), ('js', 0.0023),
  ('json', 0.0089), ('jump', 0.002), ('june', 0.0026), ('junior', 0.0017), ('ka', 0.0089), ('kab', 0.0017),
  ('kais', 0.004), ('kal', 0.002), ('kann', 0.0049), ('kar', 0.0054), ('kare', 0.0017), ('karo', 0.002),
  ('karta', 0.0017), ('ke', 0.0072), ('keep', 0.0126), ('kein', 0.0026), ('kept', 0.0023), ('key', 0.012),
  ('keyboard', 0.0029), ('ki', 0.0095), ('kid', 0.0032), ('kill', 0.002), ('kind', 0.0075), ('kisi', 0.0023),
  ('kitchen', 0.002), ('kiya', 0.0032), ('know', 0.0215), ('known', 0.0029), ('ko', 0.0063), ('koi', 0.0029),
  ('kommt', 0.002), ('kuch', 0.0037), ('kya', 0.0066), ('l', 0.01), ('la', 0.0413), ('label', 0.0029),
  ('ladi', 0.0023), ('land', 0.0032), ('languag', 0.0046), ('laptop', 0.0063), ('las', 0.006),
  ('last', 0.0275), ('late', 0.0032), ('later', 0.0043), ('laugh', 0.0026), ('law', 0.0026), ('le', 0.0215),
  ('lead', 0.0032), ('leak', 0.0017), ('learn', 0.0106), ('least', 0.0023), ('leav', 0.0063),
  ('left', 0.0129), ('length', 0.0026), ('les', 0.0103), ('lesson', 0.0238), ('let', 0.0112),
  ('letter', 0.0057), ('level', 0.0017), ('librari', 0.0046), ('lie', 0.0017), ('life', 0.002),
  ('lifetim', 0.0017), ('light', 0.0026), ('like', 0.0295), ('likha', 0.0017), ('limit', 0.0069),
  ('line', 0.0204), ('link', 0.0198), ('list', 0.0267), ('lista', 0.0029), ('listen', 0.0037),
  ('littl', 0.0072), ('live', 0.0132), ('liy', 0.0017), ('ll', 0.0146), ('lo', 0.0115), ('load', 0.0063),
  ('local', 0.0049), ('lock', 0.0086), ('log', 0.0227), ('login', 0.029), ('logo', 0.0034), ('lol', 0.0023),
  ('long', 0.0098), ('longer', 0.0032), ('look', 0.0258), ('loop', 0.0103), ('los', 0.0072),
  ('lose', 0.0029), ('lost', 0.0086), ('lot', 0.0049), ('love', 0.0135), ('lugar', 0.002), ('lunch', 0.0017),
  ('m', 0.0465), ('ma', 0.0029), ('mac', 0.0032), ('machin', 0.0043), ('macht', 0.0017), ('made', 0.0112),
  ('mai', 0.0075), ('mail', 0.0356), ('mailbox', 0.0026), ('main', 0.0098), ('mainten', 0.002),
  ('make', 0.0135), ('mal', 0.0037), ('man', 0.0069), ('manag', 0.004), ('mani', 0.006), ('mano', 0.0026),
  ('map', 0.0049), ('march', 0.0052), ('mark', 0.0032), ('mas', 0.0086), ('match', 0.004),
  ('matter', 0.0037), ('max', 0.0026), ('maximum', 0.0017), ('may', 0.0095), ('mayb', 0.0017),
  ('mb', 0.0037), ('mcp', 0.004), ('mean', 0.0043), ('meant', 0.0032), ('meet', 0.004), ('mehr', 0.002),
  ('mein', 0.0049), ('meiner', 0.0017), ('member', 0.0169), ('membership', 0.0072), ('meme', 0.0029),
  ('memori', 0.004), ('mention', 0.0026), ('menu', 0.0029), ('mera', 0.002), ('merci', 0.0034),
  ('mere', 0.0043), ('merg', 0.004), ('meri', 0.002), ('mes', 0.0049), ('mesma', 0.0017), ('mesmo', 0.0029),
  ('messag', 0.0169), ('met', 0.0029), ('method', 0.0026), ('meu', 0.0054), ('mi', 0.0075), ('mich', 0.0023),
  ('middl', 0.0026), ('midnight', 0.0017), ('migrat', 0.0037), ('mil', 0.0032), ('min', 0.0032),
  ('mind', 0.0026), ('mine', 0.0146), ('minha', 0.0057), ('minut', 0.0184), ('mir', 0.006), ('mis', 0.0026),
  ('mismo', 0.0023), ('miss', 0.0129), ('mistak', 0.0043), ('mit', 0.0057), ('mobil', 0.0049),
  ('mod', 0.0026), ('mode', 0.0077), ('model', 0.0095), ('modelo', 0.0017), ('moder', 0.0034),
  ('modul', 0.0072), ('modulo', 0.0017), ('moi', 0.0049), ('moment', 0.0043), ('mon', 0.0057),
  ('mond', 0.0017), ('monday', 0.0077), ('money', 0.0054), ('month', 0.0229), ('morn', 0.0112),
  ('mother', 0.0026), ('move', 0.0158), ('ms', 0.0034), ('much', 0.0032), ('muito', 0.0029),
  ('mujh', 0.0023), ('music', 0.002), ('muss', 0.002), ('must', 0.004), ('mysql', 0.002), ('n', 0.0077),
  ('n8n', 0.0017), ('na', 0.0109), ('nach', 0.0037), ('nada', 0.006), ('nahi', 0.0098), ('name', 0.0284),
  ('nao', 0.0129), ('naya', 0.0032), ('ne', 0.0092), ('near', 0.0037), ('need', 0.0313), ('neither', 0.0037),
  ('nest', 0.002), ('net', 0.0023), ('network', 0.0023), ('never', 0.0215), ('new', 0.0315),
  ('newslett', 0.004), ('next', 0.0155), ('nhi', 0.004), ('ni', 0.002), ('nice', 0.0052), ('nicht', 0.0118),
  ('night', 0.0112), ('nine', 0.006), ('nobodi', 0.0155), ('noch', 0.0052), ('node', 0.0083),
  ('none', 0.006), ('normal', 0.0032), ('nos', 0.0034), ('note', 0.0106), ('noth', 0.0201),
  ('notic', 0.0052), ('notif', 0.0017), ('nous', 0.0026), ('novo', 0.002), ('npm', 0.0034),
  ('nuevo', 0.0017), ('null', 0.004), ('number', 0.0206), ('numero', 0.0023), ('nunca', 0.0029),
  ('nur', 0.0046), ('o', 0.0284), ('ob', 0.0023), ('object', 0.0029), ('obvious', 0.0017), ('octob', 0.0017),
  ('oder', 0.0029), ('offer', 0.0034), ('offic', 0.0052), ('often', 0.0023), ('oh', 0.002), ('ohn', 0.0032),
  ('ok', 0.0075), ('okay', 0.002), ('old', 0.0244), ('older', 0.0023), ('ond', 0.0023), ('one', 0.1087),
  ('ontem', 0.0026), ('open', 0.0215), ('opinion', 0.0026), ('option', 0.0063), ('order', 0.0152),
  ('org', 0.0086), ('organis', 0.0026), ('os', 0.0049), ('other', 0.0043), ('ou', 0.0043),
  ('outlook', 0.002), ('output', 0.002), ('outsid', 0.0029), ('owner', 0.0023), ('page', 0.0427),
  ('pagina', 0.0026), ('pago', 0.0017), ('paid', 0.0089), ('pair', 0.002), ('panel', 0.002),
  ('paper', 0.0049), ('par', 0.01), ('para', 0.0138), ('parent', 0.0032), ('parish', 0.002),
  ('pars', 0.0029), ('part', 0.0103), ('parti', 0.0023), ('pas', 0.0086), ('pass', 0.0115),
  ('passkey', 0.0017), ('password', 0.0212), ('past', 0.004), ('path', 0.0017), ('patienc', 0.0023),
  ('paus', 0.0029), ('pay', 0.0072), ('payment', 0.0066), ('pdf', 0.0072), ('pe', 0.0075),
  ('pedido', 0.0017), ('pehl', 0.0034), ('peopl', 0.0347), ('per', 0.0095), ('pergunta', 0.0023),
  ('perhap', 0.002), ('permiss', 0.0043), ('pero', 0.004), ('person', 0.008), ('personn', 0.0017),
  ('petit', 0.0017), ('peu', 0.0017), ('peut', 0.0017), ('peux', 0.0017), ('phir', 0.0023),
  ('phone', 0.0169), ('photo', 0.008), ('php', 0.0026), ('pick', 0.0034), ('pictur', 0.0063),
  ('piec', 0.0023), ('pin', 0.0037), ('place', 0.0086), ('plain', 0.0032), ('plan', 0.0138), ('play', 0.004),
  ('player', 0.0023), ('pleas', 0.027), ('pls', 0.0032), ('plug', 0.002), ('plugin', 0.004),
  ('plus', 0.0054), ('point', 0.0054), ('polici', 0.0017), ('poll', 0.0032), ('pool', 0.0017),
  ('pop', 0.0023), ('por', 0.0123), ('porqu', 0.0029), ('port', 0.0029), ('possibl', 0.0052),
  ('post', 0.0201), ('postgr', 0.0043), ('pour', 0.0066), ('pra', 0.0017), ('pregunta', 0.0023),
  ('premier', 0.002), ('prepar', 0.002), ('press', 0.0049), ('price', 0.008), ('primeira', 0.002),
  ('print', 0.0118), ('printer', 0.0017), ('privat', 0.0054), ('pro', 0.0023), ('problem', 0.0347),
  ('problema', 0.004), ('process', 0.0017), ('product', 0.0075), ('profil', 0.0083), ('program', 0.0049),
  ('programm', 0.0017), ('project', 0.004), ('promis', 0.0037), ('prompt', 0.0054), ('proper', 0.0017),
  ('properti', 0.0029), ('proud', 0.0023), ('provid', 0.0023), ('proxi', 0.0029), ('public', 0.0026),
  ('publish', 0.002), ('puedo', 0.0017), ('pui', 0.0017), ('pull', 0.0017), ('pupil', 0.0023),
  ('push', 0.0054), ('put', 0.0184), ('python', 0.0066), ('q', 0.0032), ('qr', 0.0026), ('qu', 0.0029),
  ('qual', 0.0023), ('quand', 0.0017), ('quando', 0.0037), ('que', 0.045), ('quelqu', 0.002),
  ('quem', 0.0023), ('queri', 0.0049), ('question', 0.0347), ('queue', 0.0032), ('qui', 0.0046),
  ('quick', 0.0049), ('quien', 0.0029), ('quiet', 0.0023), ('quiz', 0.0026), ('quot', 0.002),
  ('quota', 0.0023), ('raat', 0.0023), ('raha', 0.0052), ('rahe', 0.002), ('rahi', 0.0023), ('rais', 0.0032),
  ('ran', 0.002), ('rang', 0.0032), ('rate', 0.0026), ('rather', 0.0043), ('re', 0.0235), ('reach', 0.0032),
  ('react', 0.0029), ('read', 0.0301), ('reader', 0.0026), ('real', 0.0075), ('realli', 0.0049),
  ('reason', 0.0052), ('receipt', 0.0034), ('receiv', 0.002), ('recip', 0.0029), ('recommend', 0.0017),
  ('reconnect', 0.0017), ('record', 0.0123), ('recurs', 0.002), ('red', 0.0034), ('refresh', 0.002),
  ('refund', 0.0132), ('refus', 0.0034), ('regard', 0.0017), ('regex', 0.0023), ('region', 0.002),
  ('regist', 0.002), ('reject', 0.002), ('releas', 0.0046), ('rememb', 0.0034), ('remind', 0.0052),
  ('remot', 0.0037), ('remov', 0.0083), ('renam', 0.0043), ('replac', 0.0049), ('repli', 0.0023),
  ('repo', 0.0032), ('report', 0.0077), ('request', 0.0075), ('requir', 0.0032), ('reset', 0.0046),
  ('resolv', 0.0037), ('resourc', 0.002), ('respond', 0.0032), ('rest', 0.0046), ('restart', 0.0072),
  ('restor', 0.002), ('result', 0.0034), ('retir', 0.0017), ('retri', 0.0023), ('return', 0.0054),
  ('review', 0.0037), ('rha', 0.0037), ('rien', 0.0032), ('right', 0.0158), ('ring', 0.002),
  ('role', 0.0037), ('room', 0.006), ('round', 0.0052), ('row', 0.0109), ('rule', 0.0029), ('run', 0.0281),
  ('runner', 0.0017), ('rust', 0.002), ('saal', 0.0023), ('sab', 0.004), ('sabko', 0.0017),
  ('safari', 0.002), ('safe', 0.0017), ('safeti', 0.0017), ('sagen', 0.0017), ('sagt', 0.0017),
  ('sahi', 0.0017), ('said', 0.0083), ('sale', 0.0063), ('san', 0.0034), ('sat', 0.0017),
  ('saturday', 0.0049), ('save', 0.0083), ('say', 0.0571), ('scan', 0.0017), ('schedul', 0.0032),
  ('schon', 0.0029), ('school', 0.0072), ('screen', 0.0069), ('screenshot', 0.0029), ('script', 0.0072),
  ('scroll', 0.002), ('se', 0.0313), ('search', 0.0089), ('seat', 0.0037), ('second', 0.0258),
  ('secret', 0.0029), ('secur', 0.0029), ('see', 0.0298), ('seem', 0.0034), ('seen', 0.004),
  ('segundo', 0.0026), ('seit', 0.004), ('select', 0.002), ('self', 0.0049), ('sem', 0.0049),
  ('semain', 0.0026), ('semana', 0.0049), ('send', 0.0123), ('sent', 0.0072), ('ser', 0.0017),
  ('serious', 0.0017), ('server', 0.0126), ('servic', 0.0046), ('sesion', 0.0017), ('session', 0.0072),
  ('set', 0.0229), ('setup', 0.0026), ('seven', 0.0029), ('shall', 0.0023), ('share', 0.0086),
  ('sheet', 0.0092), ('shift', 0.0032), ('ship', 0.0023), ('shop', 0.008), ('short', 0.0034),
  ('shortcut', 0.0017), ('show', 0.0186), ('shuru', 0.0017), ('si', 0.0077), ('sich', 0.0017),
  ('side', 0.0054), ('sidebar', 0.002), ('sie', 0.0032), ('sign', 0.0143), ('signal', 0.002),
  ('silenc', 0.002), ('simpli', 0.0023), ('sin', 0.0032), ('sinc', 0.0379), ('singl', 0.0054),
  ('sirf', 0.0023), ('sit', 0.0034), ('site', 0.0066), ('six', 0.0086), ('size', 0.0034), ('skip', 0.0034),
  ('sleep', 0.0029), ('slide', 0.0029), ('slow', 0.0046), ('small', 0.0126), ('sms', 0.0017),
  ('sobr', 0.0017), ('sold', 0.0029), ('soll', 0.0017), ('solo', 0.0043), ('solut', 0.0017),
  ('solv', 0.0066), ('somebodi', 0.0149), ('someon', 0.0083), ('someth', 0.0135), ('somewher', 0.0026),
  ('son', 0.004), ('soon', 0.0023), ('sorri', 0.008), ('sort', 0.004), ('sou', 0.002), ('sound', 0.0057),
  ('sourc', 0.004), ('space', 0.0034), ('spam', 0.002), ('speak', 0.0029), ('special', 0.0017),
  ('spreadsheet', 0.0026), ('spring', 0.004), ('sql', 0.0023), ('sso', 0.002), ('stack', 0.0029),
  ('stage', 0.0032), ('stand', 0.0026), ('star', 0.0017), ('start', 0.0189), ('starter', 0.0023),
  ('state', 0.0029), ('statement', 0.0026), ('status', 0.0029), ('stay', 0.0077), ('steht', 0.0026),
  ('step', 0.0149), ('still', 0.0218), ('stock', 0.0023), ('stop', 0.0106), ('store', 0.0052),
  ('stream', 0.0032), ('string', 0.0046), ('stuck', 0.0032), ('student', 0.0043), ('studio', 0.0034),
  ('stupid', 0.002), ('subah', 0.0017), ('subscrib', 0.002), ('subscript', 0.0023), ('sui', 0.0026),
  ('summer', 0.0026), ('sunday', 0.008), ('support', 0.0106), ('sur', 0.006), ('sure', 0.0034),
  ('surpris', 0.0017), ('swap', 0.0017), ('switch', 0.0106), ('sync', 0.0049), ('system', 0.004),
  ('ta', 0.002), ('tab', 0.0077), ('tabl', 0.0086), ('tablet', 0.0023), ('tag', 0.0069), ('tak', 0.0032),
  ('take', 0.0247), ('taken', 0.0029), ('talk', 0.0086), ('tambem', 0.0023), ('tard', 0.0029),
  ('task', 0.0046), ('tax', 0.0032), ('te', 0.002), ('tea', 0.002), ('teach', 0.0032), ('teacher', 0.0066),
  ('team', 0.0138), ('telegram', 0.0017), ('tell', 0.0155), ('tem', 0.0046), ('templat', 0.006),
  ('ten', 0.0083), ('tengo', 0.0034), ('tenho', 0.0017), ('term', 0.002), ('termin', 0.0037),
  ('test', 0.0172), ('tester', 0.002), ('text', 0.0126), ('tha', 0.0054), ('thank', 0.0267),
  ('theek', 0.0017), ('theme', 0.0017), ('thi', 0.0026), ('thing', 0.0258), ('think', 0.0109),
  ('third', 0.0072), ('thirti', 0.0032), ('though', 0.0032), ('thought', 0.0046), ('thread', 0.0072),
  ('three', 0.0281), ('throw', 0.0017), ('thursday', 0.0063), ('tick', 0.0043), ('ticket', 0.0077),
  ('tien', 0.002), ('till', 0.0049), ('time', 0.0416), ('timeout', 0.0034), ('tip', 0.0034),
  ('titl', 0.0026), ('toda', 0.002), ('today', 0.0184), ('todo', 0.0098), ('togeth', 0.0043),
  ('toggl', 0.0017), ('token', 0.0054), ('told', 0.0089), ('tonight', 0.0052), ('took', 0.0089),
  ('tool', 0.0152), ('top', 0.004), ('total', 0.0037), ('touch', 0.0034), ('tous', 0.0023), ('tout', 0.0063),
  ('trace', 0.0026), ('train', 0.0034), ('transact', 0.0017), ('transcript', 0.002), ('treasur', 0.0023),
  ('tres', 0.0066), ('tri', 0.0195), ('trick', 0.0026), ('trigger', 0.0052), ('troi', 0.0023),
  ('trouv', 0.0017), ('true', 0.0026), ('tu', 0.0032), ('tudo', 0.0046), ('tuesday', 0.0054),
  ('turn', 0.0086), ('twice', 0.0112), ('two', 0.0531), ('type', 0.0095), ('typeerror', 0.0017),
  ('typo', 0.0023), ('uber', 0.0017), ('um', 0.0103), ('uma', 0.0075), ('un', 0.0258), ('una', 0.008),
  ('unabl', 0.0017), ('und', 0.0123), ('undefin', 0.0032), ('understand', 0.0034), ('undo', 0.002),
  ('une', 0.0095), ('unknown', 0.0029), ('unser', 0.0023), ('updat', 0.0115), ('upgrad', 0.0046),
  ('upload', 0.0063), ('url', 0.0054), ('us', 0.0161), ('usar', 0.002), ('use', 0.0336), ('user', 0.0123),
  ('utc', 0.0043), ('utf', 0.0017), ('valid', 0.0034), ('valu', 0.0043), ('vanish', 0.002),
  ('variabl', 0.0037), ('vat', 0.002), ('ve', 0.0625), ('vece', 0.0017), ('ver', 0.002), ('verif', 0.0017),
  ('verifi', 0.002), ('version', 0.0155), ('vez', 0.0054), ('via', 0.002), ('video', 0.0109),
  ('viel', 0.0017), ('view', 0.004), ('voce', 0.0023), ('voic', 0.0026), ('volunt', 0.002), ('vom', 0.0023),
  ('von', 0.0023), ('vos', 0.002), ('votr', 0.0017), ('vous', 0.006), ('vs', 0.002), ('wait', 0.0083),
  ('wala', 0.0026), ('wale', 0.0026), ('walk', 0.0037), ('wall', 0.0029), ('want', 0.0267), ('war', 0.0043),
  ('warn', 0.0023), ('wasn', 0.0026), ('watch', 0.006), ('way', 0.0201), ('web', 0.0029),
  ('webhook', 0.0075), ('websit', 0.0049), ('wednesday', 0.0023), ('week', 0.029), ('weekend', 0.008),
  ('welcom', 0.0063), ('well', 0.0095), ('wenn', 0.0017), ('went', 0.0109), ('wer', 0.0029),
  ('whatev', 0.0029), ('whatsapp', 0.004), ('whether', 0.0092), ('white', 0.0029), ('whoever', 0.0046),
  ('whole', 0.0109), ('whose', 0.0017), ('widget', 0.0026), ('wie', 0.006), ('wife', 0.0023),
  ('wifi', 0.002), ('win', 0.0032), ('window', 0.0075), ('winner', 0.0017), ('wir', 0.0034), ('wish', 0.002),
  ('within', 0.006), ('without', 0.0215), ('wo', 0.0034), ('won', 0.006), ('wonder', 0.0034),
  ('word', 0.0054), ('work', 0.0252), ('worker', 0.0023), ('workflow', 0.0063), ('workshop', 0.0029),
  ('workspac', 0.0043), ('worst', 0.0023), ('worth', 0.0034), ('would', 0.0221), ('wouldn', 0.0032),
  ('write', 0.0244), ('written', 0.0057), ('wrong', 0.0192), ('wrote', 0.0112), ('x', 0.0029), ('y', 0.0249),
  ('ya', 0.0086), ('ye', 0.0057), ('year', 0.0258), ('yes', 0.0103), ('yesterday', 0.008), ('yet', 0.0017),
  ('yo', 0.0032), ('yoga', 0.0017), ('z', 0.0017), ('zero', 0.0066), ('zone', 0.0026), ('zoom', 0.002),
  ('zu', 0.0043), ('zum', 0.0017), ('zwei', 0.002), ('الخطا', 0.0017), ('الدخول', 0.0026), ('الله', 0.002),
  ('اللي', 0.0026), ('الى', 0.0017), ('اليوم', 0.002), ('ان', 0.0029), ('انا', 0.0029), ('اول', 0.0023),
  ('اي', 0.0029), ('ايه', 0.0017), ('بس', 0.0032), ('بعد', 0.0029), ('جديد', 0.0017), ('حد', 0.0017),
  ('ساعة', 0.0017), ('على', 0.008), ('عن', 0.002), ('عندي', 0.0023), ('غير', 0.002), ('في', 0.0123),
  ('فيه', 0.002), ('قبل', 0.0037), ('كل', 0.0043), ('كيف', 0.0023), ('لا', 0.004), ('لما', 0.0017),
  ('ما', 0.0075), ('مرة', 0.0017), ('مشكلة', 0.0017), ('مع', 0.0029), ('من', 0.0115), ('هل', 0.0029),
  ('ولا', 0.004), ('يوم', 0.004), ('あり', 0.0054), ('ある', 0.0034), ('いい', 0.0023), ('いう', 0.002),
  ('いた', 0.0034), ('いて', 0.0057), ('いで', 0.0057), ('いの', 0.0032), ('いま', 0.0115), ('いる', 0.002),
  ('いん', 0.0017), ('い合', 0.0017), ('うか', 0.0023), ('うご', 0.0026), ('うと', 0.0017), ('うに', 0.0026),
  ('えて', 0.004), ('える', 0.0017), ('お願', 0.002), ('かっ', 0.0017), ('かな', 0.0026), ('から', 0.0063),
  ('かり', 0.0029), ('があ', 0.0023), ('がと', 0.0017), ('が一', 0.0017), ('が出', 0.0023), ('きま', 0.0063),
  ('くだ', 0.0052), ('くな', 0.0023), ('けて', 0.0017), ('けで', 0.0017), ('けど', 0.0023), ('こと', 0.002),
  ('これ', 0.0017), ('ころ', 0.002), ('ござ', 0.0029), ('さい', 0.0046), ('され', 0.0026), ('さん', 0.002),
  ('ざい', 0.0029), ('しい', 0.0023), ('しか', 0.0017), ('しく', 0.0023), ('した', 0.0178), ('して', 0.0092),
  ('しま', 0.0086), ('しょ', 0.0037), ('すか', 0.0072), ('すが', 0.0037), ('する', 0.0054), ('せん', 0.01),
  ('その', 0.002), ('それ', 0.0023), ('たい', 0.004), ('ただ', 0.002), ('たの', 0.0032), ('たら', 0.0034),
  ('だけ', 0.0083), ('ださ', 0.0049), ('った', 0.0072), ('って', 0.0095), ('てい', 0.0089), ('てく', 0.004),
  ('てし', 0.0023), ('てま', 0.0023), ('ても', 0.0043), ('てる', 0.0023), ('でき', 0.0049), ('でし', 0.0066),
  ('です', 0.0172), ('では', 0.0034), ('でも', 0.0026), ('とい', 0.0017), ('とう', 0.0023), ('とこ', 0.0017),
  ('と出', 0.0017), ('どう', 0.0023), ('ない', 0.0083), ('なく', 0.0029), ('なっ', 0.0029), ('なの', 0.0023),
  ('なり', 0.0032), ('にし', 0.0029), ('にな', 0.0052), ('には', 0.0037), ('のか', 0.0017), ('ので', 0.0049),
  ('のに', 0.0043), ('の方', 0.0017), ('ほど', 0.002), ('まい', 0.0023), ('まし', 0.012), ('ます', 0.0189),
  ('ませ', 0.0103), ('まで', 0.0032), ('めて', 0.0017), ('ょう', 0.004), ('よう', 0.0029), ('よろ', 0.0017),
  ('られ', 0.0017), ('りが', 0.0026), ('りま', 0.0103), ('ると', 0.0046), ('るの', 0.004), ('るよ', 0.0017),
  ('るん', 0.002), ('れて', 0.0034), ('れな', 0.0017), ('れば', 0.0017), ('れま', 0.0034), ('れる', 0.0026),
  ('ろし', 0.0017), ('わせ', 0.002), ('をお', 0.002), ('んだ', 0.002), ('んで', 0.0057), ('アプ', 0.002), ('イン', 0.004),
  ('エラ', 0.0043), ('グイ', 0.0032), ('コー', 0.002), ('スト', 0.0026), ('タン', 0.0017), ('ット', 0.0029),
  ('テス', 0.0017), ('トが', 0.0017), ('トの', 0.0017), ('トを', 0.002), ('バグ', 0.002), ('フォ', 0.0017),
  ('プリ', 0.002), ('ボタ', 0.0017), ('メー', 0.0017), ('ラー', 0.0043), ('レッ', 0.002), ('ログ', 0.0034),
  ('ンで', 0.0017), ('ント', 0.0026), ('ーの', 0.0017), ('ージ', 0.0029), ('ード', 0.0034), ('ーム', 0.0017),
  ('ール', 0.0029), ('一下', 0.0023), ('一个', 0.0057), ('一直', 0.0017), ('不会', 0.0017), ('不具', 0.002),
  ('不到', 0.0017), ('不是', 0.0026), ('个月', 0.002), ('中で', 0.0017), ('之后', 0.002), ('了一', 0.0023),
  ('什么', 0.0037), ('保存', 0.002), ('入れ', 0.0017), ('全部', 0.0026), ('具合', 0.002), ('出し', 0.0017),
  ('出て', 0.002), ('出来', 0.0023), ('合わ', 0.002), ('同じ', 0.0026), ('同事', 0.0017), ('哪个', 0.0017),
  ('問い', 0.002), ('在哪', 0.002), ('大家', 0.0023), ('客服', 0.0026), ('怎么', 0.0046), ('我们', 0.002),
  ('手机', 0.0023), ('报错', 0.0029), ('提示', 0.002), ('教え', 0.0017), ('日の', 0.0026), ('时候', 0.0026),
  ('是我', 0.0026), ('晚上', 0.0017), ('書い', 0.002), ('書き', 0.0017), ('来的', 0.002), ('没有', 0.004),
  ('现在', 0.0017), ('画面', 0.0037), ('登录', 0.0037), ('的时', 0.0017), ('的是', 0.002), ('的问', 0.0017),
  ('直し', 0.0017), ('看到', 0.0017), ('第一', 0.002), ('第二', 0.0017), ('自己', 0.0043), ('設定', 0.0034),
  ('谢谢', 0.0017), ('还是', 0.0017), ('通知', 0.0017), ('都是', 0.0017), ('错了', 0.0017), ('问题', 0.0054),
  ('願い', 0.002), ('页面', 0.0017);

-- 60_support/30_answers/26_answer_terms.sql
-- How rare each word is: what a word that a question and a passage share is worth as evidence.
--
-- Counted among the passages alone, so that a rarity tells nothing about any text that is not published, and
-- smoothed by how common words are in texts of support communities (24_common_words.sql): a handful of
-- articles can't tell a common word from a rare one.

create table private.answer_terms (
  term text collate "C" not null,
  passages_count integer not null,
  constraint answer_terms_pkey primary key (term)
);
comment on table private.answer_terms is 'In how many passages each word is, when they were last counted.';
alter table private.answer_terms enable row level security;

create table private.answer_term_counts (
  id boolean not null default true,
  passages_count bigint not null,
  words_mean real not null,
  counted_at timestamptz not null,
  constraint answer_term_counts_pkey primary key (id),
  constraint answer_term_counts_is_one_row check (id)
);
comment on table private.answer_term_counts is
  'When the words of answer_terms were counted, among how many passages, and how many different words these '
  'have on average. One row, or none before the first count.';
alter table private.answer_term_counts enable row level security;

-- Few passages are counted again after each change, which takes less than a second; many once an hour, since
-- a change is a small part of them.
create or replace function private.are_answer_terms_due(p_passages_count bigint) returns boolean
language plpgsql stable security definer set search_path = '' as $$
begin
  return not exists (
    select from private.answer_term_counts as c
    where c.passages_count = p_passages_count and not exists (
      select from private.answer_passages as p where p.indexed_at > c.counted_at
    )
    or p_passages_count > 20000 and c.counted_at > now() - interval '1 hour'
      and p_passages_count between c.passages_count * 0.8 and c.passages_count * 1.2
  );
end;
$$;
comment on function private.are_answer_terms_due is
  'Whether the words of so many passages are to be counted again: after any change, for more than 20,000 '
  'after an hour or when their number has changed by a fifth.';

create or replace function private.refresh_answer_terms() returns bigint
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_count bigint;
  v_started constant timestamptz := clock_timestamp();
begin
  if not pg_try_advisory_xact_lock(hashtextextended('private.answer_terms', 0)) then
    return 0::bigint;
  end if;
  select count(*) into v_count from private.answer_passages;
  if not private.are_answer_terms_due(v_count) then
    return 0::bigint;
  end if;
  delete from private.answer_terms where true;
  insert into private.answer_terms (term, passages_count)
  select t.word, t.ndoc from ts_stat('select p.vector from private.answer_passages as p') as t
  where octet_length(t.word) <= 200;
  insert into private.answer_term_counts as c (passages_count, words_mean, counted_at)
  select v_count, coalesce(avg(p.words_count), 1)::real, v_started from private.answer_passages as p
  on conflict on constraint answer_term_counts_pkey do update set
    passages_count = excluded.passages_count, words_mean = excluded.words_mean,
    counted_at = excluded.counted_at;
  return v_count;
end;
$$;
comment on function private.refresh_answer_terms is
  'Counts the words of all passages, if that is due, and returns how many passages were read. '
  'For the scheduler.';

create type private.answer_corpus as (passages_count real, words_mean real, is_counted boolean);
comment on type private.answer_corpus is
  'How many passages there are, how many different words they have on average, and whether answer_terms is '
  'right for them.';

-- Until they are counted, up to 2,000 passages are counted for each question, which takes some 20 ms.
create or replace function private.load_answer_corpus() returns private.answer_corpus
language plpgsql stable security definer set search_path = '' as $$
declare
  v_counts private.answer_term_counts;
  v_corpus private.answer_corpus;
begin
  select * into v_counts from private.answer_term_counts;
  select count(*)::real, coalesce(avg(n.words_count), 1)::real
  into v_corpus.passages_count, v_corpus.words_mean
  from (
    select p.words_count from private.answer_passages as p order by p.indexed_at desc limit 2001
  ) as n;
  v_corpus.is_counted := coalesce(v_counts.passages_count, 0) > 2000 and v_corpus.passages_count > 2000
    or v_corpus.passages_count <= 2000 and not private.are_answer_terms_due(v_corpus.passages_count::bigint);
  if v_corpus.is_counted then
    v_corpus.passages_count := v_counts.passages_count::real;
    v_corpus.words_mean := v_counts.words_mean;
  end if;
  return v_corpus;
end;
$$;
comment on function private.load_answer_corpus is
  'The passages that a question is compared with. Of more than 2,000 that were never counted, '
  'the newest 2,001.';

create type private.term_count as (term text, passages_count real);

create or replace function private.load_term_counts(
  p_corpus private.answer_corpus, p_terms text[], p_beginnings text[]
) returns setof private.term_count
language plpgsql stable security definer set search_path = '' as $$
begin
  if not p_corpus.is_counted then
    return query
    select t.word, t.ndoc::real
    from ts_stat(
      'select p.vector from private.answer_passages as p order by p.indexed_at desc limit 2001'
    ) as t
    where t.word = any (p_terms) or left(t.word, 5) = any (p_beginnings);
    return;
  end if;
  return query
  select t.term::text, t.passages_count::real from private.answer_terms as t where t.term = any (p_terms)
  union
  select n.term::text, n.passages_count::real
  from unnest(p_beginnings) as b (beginning)
  cross join lateral (
    select t.term, t.passages_count from private.answer_terms as t
    where t.term >= b.beginning and t.term < b.beginning || E'\U0010ffff'
    limit 200
  ) as n;
end;
$$;
comment on function private.load_term_counts is
  'In how many passages these words are, and those with one of these five first letters, up to 200 for each. '
  'Words that no passage has are left out.';

-- 60_support/30_answers/28_question_terms.sql
-- What the words of a question are worth as evidence that a passage answers it.
--
-- A question consists of units, one for each word. A passage has a unit if it has the word itself, another
-- form of it, or another word for the same; the best of these counts.

create type private.question_unit as (unit integer, term text, weight real);
comment on type private.question_unit is 'A word of a question, and what it is worth by its rarity.';

create type private.question_term as (
  unit integer,
  alternative integer,
  terms_count integer,
  term text,
  evidence real,
  passages_count real,
  is_own boolean
);
comment on type private.question_term is
  'A word to look for. unit: the word of the question that it is evidence for. alternative: the words that '
  'count together only, terms_count of them. evidence: what they are worth. is_own: the word itself.';

create or replace function private.word_rarity(p_count real, p_total real, p_common_share real) returns real
language plpgsql immutable security invoker set search_path = '' as $$
declare
  -- the share of the passages, as if there were 100 more of a usual support community
  v_share constant double precision := least(
    (p_count + 100 * coalesce(p_common_share, 0)) / (p_total + 100), 1
  );
begin
  return ln(1 + (1 - v_share + 0.0005) / (v_share + 0.0005))::real;
end;
$$;
comment on function private.word_rarity is
  'The inverse document frequency of BM25 of a word that p_count of p_total passages have, and this share of '
  'the texts of other communities.';

-- One row per other way to say it: the words of a phrase count together only.
create type private.word_alternative as (hosts text[], alternative integer, terms text[]);

create or replace function private.find_alternatives(p_words tsvector)
returns setof private.word_alternative
language plpgsql stable security definer set search_path = ''
set plan_cache_mode = force_generic_plan as $$
declare
  v_words constant text[] := tsvector_to_array(p_words);
begin
  return query
  with matched as materialized (
    select s.concept, array(
      select t.term from unnest(s.terms) as t (term) where t.term = any (v_words)
    ) as hosts
    from private.search_synonyms as s
    where s.terms && v_words and p_words @@ s.query
  ), concept as (
    select m.concept, array_agg(distinct h.host) as hosts
    from matched as m
    cross join lateral unnest(m.hosts) as h (host)
    group by m.concept
  ), piece as (
    select c.concept, c.hosts, t.terms
    from concept as c
    join private.search_synonyms as s on s.concept = c.concept
    cross join lateral (
      select s.terms where strpos(s.query::text, '|') = 0
      union all
      select private.query_words(r.piece::tsquery)
      from regexp_split_to_table(s.query::text, ' [|] ') as r (piece)
      where strpos(s.query::text, '|') > 0
    ) as t (terms)
    where not p_words @@ s.query
  )
  select p.hosts, row_number() over (order by p.concept, p.terms)::integer, p.terms
  from piece as p
  where p.terms <> '{}';
end;
$$;
comment on function private.find_alternatives is
  'Other words, in several languages, for what words mean. hosts: the words that they may stand for.';

-- The 60 rarest words of a long question, the rarest first.
create or replace function private.weigh_units(
  p_corpus private.answer_corpus, p_words text[], p_counts private.term_count[]
) returns setof private.question_term
language plpgsql stable security definer set search_path = ''
set plan_cache_mode = force_generic_plan as $$
begin
  return query
  select row_number() over (order by w.weight desc, w.word)::integer, 0, 1, w.word, w.weight,
    w.passages_count, true
  from (
    select u.word, coalesce(c.passages_count, 0)::real as passages_count, private.word_rarity(
      coalesce(c.passages_count, 0)::real, p_corpus.passages_count, o.share
    ) as weight
    from unnest(p_words) as u (word)
    left join unnest(p_counts) as c on c.term = u.word
    left join private.common_words as o on o.word = u.word
    order by weight desc, u.word
    limit 60
  ) as w;
end;
$$;
comment on function private.weigh_units is 'The words of a question themselves: its units.';

-- Those with the same five first letters, which stemming by the rules of English misses in other languages
-- and in long words.
create or replace function private.weigh_forms(
  p_corpus private.answer_corpus, p_units private.question_term[], p_counts private.term_count[]
) returns setof private.question_term
language plpgsql stable security definer set search_path = ''
set plan_cache_mode = force_generic_plan as $$
begin
  return query
  select u.unit, -row_number() over (order by u.unit, c.term)::integer, 1, c.term,
    0.6::real * least(u.evidence, private.word_rarity(least(
      sum(c.passages_count) over (partition by u.unit) + u.passages_count, p_corpus.passages_count
    )::real, p_corpus.passages_count, o.share)), c.passages_count, false
  from unnest(p_units) as u
  join unnest(p_counts) as c on left(c.term, 5) = left(u.term, 5) and c.term <> u.term
    and c.term ~ '^[[:alpha:]]+$'
  left join private.common_words as o on o.word = u.term
  where u.term ~ '^[[:alpha:]]{6,}$';
end;
$$;
comment on function private.weigh_forms is
  'Other forms of the words of a question, as some passage has them.';

create or replace function private.weigh_synonyms(
  p_corpus private.answer_corpus, p_units private.question_term[],
  p_alternatives private.word_alternative[], p_counts private.term_count[]
) returns setof private.question_term
language plpgsql stable security definer set search_path = ''
set plan_cache_mode = force_generic_plan as $$
begin
  return query
  select s.unit, s.alternative, s.terms_count, s.term, s.evidence, s.passages_count, false
  from (
    select h.unit, a.alternative, cardinality(a.terms) as terms_count, c.term, c.passages_count,
      0.8::real * max(private.word_rarity(c.passages_count, p_corpus.passages_count, o.share))
        over (partition by a.alternative) as evidence,
      count(*) over (partition by a.alternative) as found_count
    from unnest(p_alternatives) as a
    cross join lateral (
      select min(u.unit) as unit from unnest(p_units) as u where u.term = any (a.hosts)
    ) as h
    cross join lateral unnest(a.terms) as t (term)
    join unnest(p_counts) as c on c.term = t.term
    left join private.common_words as o on o.word = t.term
    where h.unit is not null
  ) as s
  where s.found_count = s.terms_count;
end;
$$;
comment on function private.weigh_synonyms is
  'Other words for the words of a question, as some passage has them, for the rarest of these.';

create or replace function private.weigh_question(p_corpus private.answer_corpus, p_words tsvector)
returns private.question_term[]
language plpgsql stable security definer set search_path = '' as $$
declare
  v_words constant text[] := array(
    select u.lexeme from unnest(p_words) as u where octet_length(u.lexeme) between 2 and 200
  );
  v_alternatives constant private.word_alternative[] := array(
    select row(a.hosts, a.alternative, a.terms)::private.word_alternative
    from private.find_alternatives(p_words) as a
  );
  v_counts constant private.term_count[] := array(
    select row(c.term, c.passages_count)::private.term_count
    from private.load_term_counts(
      p_corpus,
      v_words || array(
        select distinct t.term from unnest(v_alternatives) as a cross join lateral unnest(a.terms) as t (term)
      ),
      array(
        select distinct left(w.word, 5) from unnest(v_words) as w (word) where w.word ~ '^[[:alpha:]]{6,}$'
      )
    ) as c
  );
  v_units constant private.question_term[] := array(
    select u::private.question_term from private.weigh_units(p_corpus, v_words, v_counts) as u order by u.unit
  );
begin
  return v_units || array(
    select f::private.question_term from private.weigh_forms(p_corpus, v_units, v_counts) as f
  ) || array(
    select s::private.question_term
    from private.weigh_synonyms(p_corpus, v_units, v_alternatives, v_counts) as s
  );
end;
$$;
comment on function private.weigh_question is
  'The words to look for: those of the question, other forms of them, and other words for the same.';

-- 60_support/30_answers/30_rank_passages.sql
-- Ranks passages by how much evidence they share with a question: BM25 over a bounded number of candidates.

-- The rarest words find most of what is alike, two less rare ones together the rest; see candidate_queries.
-- Without statistics about the query, the planner would read the table for a pair.
create or replace function private.find_passages(
  p_corpus private.answer_corpus, p_terms private.question_term[]
) returns setof private.answer_passages
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan
set enable_seqscan = off as $$
declare
  v_queries constant tsquery[] := private.candidate_queries(array(
    select row(
      quote_literal(t.term)::tsquery, null::tsquery, max(t.evidence),
      (max(t.passages_count) / greatest(p_corpus.passages_count, 1))::real,
      case when bool_or(t.is_own) then t.term end
    )::private.weighted_term
    from unnest(p_terms) as t
    where t.passages_count > 0
    group by t.term
  ), p_corpus.passages_count::bigint, 500);
begin
  if v_queries = '{}' then
    return;
  end if;
  return query
  select p.* from private.answer_passages as p where p.vector @@ v_queries[1] limit 1000;
  return query
  select n.*
  from unnest(v_queries[2:]) as q (query)
  cross join lateral (
    select p.* from private.answer_passages as p
    where p.vector @@ q.query and not p.vector @@ v_queries[1]
    limit 100
  ) as n;
end;
$$;
comment on function private.find_passages is
  'Up to 1,000 passages that have the rarest terms, and up to 100 each that have two less rare words: those '
  'to rank. A passage may be listed twice.';

create type private.ranked_passage as (
  source_id uuid,
  number integer,
  score real,
  evidence real,
  own_evidence real,
  rare_evidence real,
  units_count integer
);
comment on type private.ranked_passage is
  'score: evidence in relation to the length, what is in the title counting 1.2 times. evidence: of all '
  'units of the question that it has; own_evidence: of those that it has literally; rare_evidence: of '
  'the six rarest.';

create or replace function private.rank_passages(
  p_corpus private.answer_corpus, p_terms private.question_term[], p_limit integer
) returns setof private.ranked_passage
language plpgsql stable security definer set search_path = ''
set plan_cache_mode = force_generic_plan as $$
begin
  return query
  with passage as materialized (
    select distinct on (p.source_id, p.number) p.source_id, p.number, p.vector, p.words_count
    from private.find_passages(p_corpus, p_terms) as p
  ), term as materialized (
    select t.unit, t.alternative, t.terms_count, t.term, t.evidence, t.is_own from unnest(p_terms) as t
  ), alternative as (
    select p.source_id, p.number, p.words_count, t.unit, t.evidence, t.is_own,
      bool_and('A' = any (l.weights)) as is_title
    from passage as p
    cross join lateral unnest(p.vector) as l
    join term as t on t.term = l.lexeme
    group by p.source_id, p.number, p.words_count, t.unit, t.alternative, t.terms_count, t.evidence, t.is_own
    having count(*) = t.terms_count
  ), unit as (
    select distinct on (a.source_id, a.number, a.unit) a.source_id, a.number, a.words_count, a.unit,
      a.evidence, a.is_own, a.evidence * case when a.is_title then 1.2 else 1 end as weight
    from alternative as a
    order by a.source_id, a.number, a.unit, weight desc
  ), ranked as (
    select u.source_id, u.number,
      (sum(u.weight) / (0.6 + 0.4 * u.words_count / p_corpus.words_mean))::real as score,
      sum(u.evidence)::real as evidence, coalesce(sum(u.evidence) filter (where u.is_own), 0)::real as own,
      coalesce(sum(least(u.evidence, o.evidence)) filter (where u.unit <= 6), 0)::real as rare,
      count(*)::integer as units_count
    from unit as u
    join term as o on o.unit = u.unit and o.is_own
    group by u.source_id, u.number, u.words_count
  ), best as (
    -- of each source its best passage
    select distinct on (r.source_id) r.* from ranked as r order by r.source_id, r.score desc, r.number
  )
  select b.source_id, b.number, b.score, b.evidence, b.own, b.rare, b.units_count
  from best as b
  order by b.score desc, b.source_id
  limit p_limit;
end;
$$;
comment on function private.rank_passages is
  'The best passages for a question, one of each article or answer, best first.';

-- 60_support/30_answers/32_answer_confidence.sql
-- How likely it is that a source answers a question, by how it was found: a logistic regression, trained by
-- scripts/support/train.ts on questions with a source and without.

create table private.answer_weights (
  feature text collate "C" not null,
  weight double precision not null,
  constraint answer_weights_pkey primary key (feature)
);
comment on table private.answer_weights is
  'What each feature of a found source says for it, above 0, or against it. See answer_features.';
alter table private.answer_weights enable row level security;

create type private.answer_feature as (feature text, value double precision);

create or replace function private.answer_features(
  p_passage private.ranked_passage, p_rival_score real, p_units private.question_unit[]
) returns setof private.answer_feature
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_total double precision;
  v_rare_total double precision;
  v_evidence constant double precision := ln(1 + p_passage.evidence);
  v_margin constant double precision := greatest(1 - p_rival_score / p_passage.score, -1);
begin
  select sum(u.weight)::double precision, (sum(u.weight) filter (where u.unit <= 6))::double precision
  into v_total, v_rare_total
  from unnest(p_units) as u;
  return query
  select f.feature, f.value
  from (
    values
      ('(constant)', 1::double precision),
      ('covered', p_passage.evidence / v_total),
      ('evidence', v_evidence),
      ('evidence and margin', v_evidence * v_margin),
      ('literal', (p_passage.own_evidence / p_passage.evidence)::double precision),
      ('margin', v_margin),
      ('rare covered', p_passage.rare_evidence / v_rare_total),
      ('words', ln(1 + cardinality(p_units))::double precision),
      ('words found', ln(1 + p_passage.units_count)::double precision)
  ) as f (feature, value);
end;
$$;
comment on function private.answer_features is
  'What a source is judged by. covered: the share of the question''s evidence that it has; rare covered: the '
  'same of the six rarest words. evidence: its logarithm. margin: how far the best other source is behind, '
  'as a share of its score; negative where that is ahead. literal: the share of the evidence that is the '
  'question''s own words. words: how many the question has; words found: how many of them it has.';

create or replace function private.answer_confidence(p_features private.answer_feature[]) returns real
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select 1 / (1 + exp(-greatest(least(sum(w.weight * f.value), 30), -30)))
    from unnest(p_features) as f
    join private.answer_weights as w on w.feature = f.feature
  )::real;
end;
$$;
comment on function private.answer_confidence is
  'The likelihood, 0 to 1, that a source with these features answers the question.';

-- 60_support/30_answers/33_default_answer_weights.sql
-- The weights of a new installation, by `npm run answers:train`. Don't edit: train again.
-- Trained from sources with the digest 1d1e78ecc711f791.

insert into private.answer_weights (feature, weight) values
  ('(constant)', -5.057),
  ('covered', -5.271),
  ('evidence', 1.911),
  ('evidence and margin', 2.716),
  ('literal', -0.09),
  ('margin', -1.819),
  ('rare covered', 5.766),
  ('words', -0.924),
  ('words found', 0.353);

-- 60_support/30_answers/34_rank_sources.sql
-- The sources that may answer a question, with the features that their confidence is computed from.

create type private.ranked_source as (
  source_id uuid,
  number integer,
  score real,
  features private.answer_feature[]
);

create or replace function private.rank_sources(p_question text, p_limit integer)
returns setof private.ranked_source
language plpgsql stable security definer set search_path = '' as $$
declare
  v_corpus private.answer_corpus;
  v_terms private.question_term[];
  v_units private.question_unit[];
  v_ranked private.ranked_passage[];
begin
  v_corpus := private.load_answer_corpus();
  if v_corpus.passages_count = 0 then
    return;
  end if;
  v_terms := private.weigh_question(
    v_corpus, private.search_vector(left(private.non_blank(p_question), 8000), 12000)
  );
  v_units := array(
    select row(t.unit, t.term, t.evidence)::private.question_unit from unnest(v_terms) as t where t.is_own
  );
  -- one more than asked for: the first one's rival
  v_ranked := array(select r from private.rank_passages(v_corpus, v_terms, greatest(p_limit, 2)) as r);
  return query
  select r.source_id, r.number, r.score, array(
    select row(f.feature, f.value)::private.answer_feature
    from private.answer_features(
      row(
        r.source_id, r.number, r.score, r.evidence, r.own_evidence, r.rare_evidence, r.units_count
      )::private.ranked_passage,
      coalesce(v_ranked[case when r.position = 1 then 2 else 1 end].score, 0), v_units
    ) as f
  )
  from unnest(v_ranked) with ordinality as r (
    source_id, number, score, evidence, own_evidence, rare_evidence, units_count, position
  )
  order by r.position
  limit p_limit;
end;
$$;
comment on function private.rank_sources is
  'The best sources for a question, best first, each with its best passage and its features.';

create type private.found_answer as (
  kind text,
  id uuid,
  issue_id uuid,
  title text,
  passage text,
  url text,
  language text,
  confidence real,
  is_answer boolean
);
comment on type private.found_answer is
  'A source that was found. kind: article or answer. passage: the part that answers, as plain text. '
  'is_answer: whether it is the best one and its confidence reaches settings.answer_confidence.';

create or replace function private.load_found_answers(p_question text, p_limit integer)
returns setof private.found_answer
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  select case when p.article_id is null then 'answer' else 'article' end, j.source_id, a.issue_id,
    coalesce(t.title, a.question), p.text, coalesce(t.url, a.url), coalesce(t.language, a.language),
    c.confidence, j.position = 1 and c.confidence >= (select s.answer_confidence from support.settings as s)
  from private.rank_sources(p_question, p_limit) with ordinality as j (
    source_id, number, score, features, position
  )
  cross join lateral private.answer_confidence(j.features) as c (confidence)
  join private.answer_passages as p on p.source_id = j.source_id and p.number = j.number
  left join support.articles as t on t.id = p.article_id
  left join support.answers as a on a.id = p.answer_id
  order by j.position;
end;
$$;
comment on function private.load_found_answers is
  'The published sources for a question, best first. The caller has checked who asks.';

-- 60_support/30_answers/36_find_answers.sql
-- What the team and servers ask for: the sources of a question. Visitors get answers by support-chat only.

create or replace function private.find_answers(p_query text, p_limit integer)
returns setof private.found_answer
language plpgsql stable security definer set search_path = '' as $$
begin
  perform private.require_team_role('viewer');
  return query
  select f.* from private.load_found_answers(p_query, least(greatest(coalesce(p_limit, 3), 0), 20)) as f;
end;
$$;
grant execute on function private.find_answers to authenticated, service_role;

create or replace function support.find_answers(query text, max_results integer default 3)
returns table (
  kind text, id uuid, issue_id uuid, title text, passage text, url text, language text, confidence real,
  is_answer boolean
)
language sql stable security invoker set search_path = ''
begin atomic
  select f.kind, f.id, f.issue_id, f.title, f.passage, f.url, f.language, f.confidence, f.is_answer
  from private.find_answers(find_answers.query, find_answers.max_results) as f;
end;
comment on function support.find_answers is
  'The published articles and answers that may answer a question, best first, each with its best passage and '
  'the likelihood that it does. is_answer is true for the first one if its confidence reaches '
  'settings.answer_confidence; else the assistant has no answer. max_results is at most 20. Viewers. Errors: '
  'sign_in_required (401), team_role_required (403).';
grant execute on function support.find_answers to authenticated, service_role;

-- 60_support/30_answers/40_phrases.sql
-- What the assistant says of its own, in the visitor's language where there is a phrase.

create table support.phrases (
  language text collate "C" not null,
  phrase text collate "C" not null,
  text text not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint phrases_pkey primary key (language, phrase),
  constraint phrases_language_is_a_tag check (language ~ '^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$'),
  constraint phrases_phrase_is_known check (phrase in ('courtesy', 'found', 'requested', 'unknown')),
  constraint phrases_text_is_not_blank
    check (text ~ '[^\s\u0085\u00a0\u1680\u2000-\u200d\u2028\u2029\u202f\u205f\u2060\u3000\ufeff]'),
  constraint phrases_text_is_not_too_long check (octet_length(text) <= 4000),
  constraint phrases_created_at_is_finite check (isfinite(created_at))
);
comment on table support.phrases is
  'What the assistant says of its own, by language. English is said where a language has no phrase, and what '
  'is delivered where that is deleted. The team reads them, admins write and delete them. Errors on write: '
  'team_role_required (403).';
comment on column support.phrases.phrase is
  'unknown: it has no answer, and offers a person. requested: the visitor has accepted that. found: before '
  'what it quotes. courtesy: to thanks and greetings.';

create trigger _000_require_admin before insert or update or delete on support.phrases
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('admin');
create trigger _900_set_timestamps before insert or update on support.phrases
  for each row execute function private.set_timestamps();

alter table support.phrases enable row level security;
create policy phrases_select_viewer on support.phrases
  for select to authenticated using ((select private.has_team_role('viewer')));
create policy phrases_insert_admin on support.phrases
  for insert to authenticated with check ((select private.has_team_role('admin')));
create policy phrases_update_admin on support.phrases
  for update to authenticated
  using ((select private.has_team_role('admin'))) with check ((select private.has_team_role('admin')));
create policy phrases_delete_admin on support.phrases
  for delete to authenticated using ((select private.has_team_role('admin')));

grant select, delete on support.phrases to authenticated;
grant insert (language, phrase, text, created_at, updated_at) on support.phrases to authenticated;
grant update (language, phrase, text, created_at, updated_at) on support.phrases to authenticated;
grant select, insert, update, delete on support.phrases to service_role;

insert into support.phrases (language, phrase, text) values
  ('ar', 'courtesy', 'على الرحب والسعة! هل يمكنني مساعدتك في شيء آخر؟'),
  ('ar', 'found', 'قد يفيدك هذا:'),
  ('ar', 'requested', 'طلبتُ من أحد أعضاء الفريق أن يجيبك هنا.'),
  ('ar', 'unknown', 'لا أعرف الإجابة عن ذلك. هل أحضر شخصًا لمساعدتك؟'),
  ('de', 'courtesy', 'Gern! Kann ich sonst noch helfen?'),
  ('de', 'found', 'Das könnte helfen:'),
  ('de', 'requested', 'Ich habe jemanden aus dem Team gebeten, hier zu antworten.'),
  ('de', 'unknown', 'Das weiß ich nicht. Soll ich jemanden dazuholen?'),
  ('en', 'courtesy', 'You''re welcome! Is there anything else I can help with?'),
  ('en', 'found', 'This may help:'),
  ('en', 'requested', 'I''ve asked a person of the team to answer here.'),
  ('en', 'unknown', 'I don''t know. Shall I get a person?'),
  ('es', 'courtesy', '¡De nada! ¿Puedo ayudarte en algo más?'),
  ('es', 'found', 'Esto puede ayudarte:'),
  ('es', 'requested', 'He pedido a una persona del equipo que responda aquí.'),
  ('es', 'unknown', 'No lo sé. ¿Quieres que avise a una persona?'),
  ('fr', 'courtesy', 'Avec plaisir ! Puis-je vous aider pour autre chose ?'),
  ('fr', 'found', 'Ceci peut vous aider :'),
  ('fr', 'requested', 'J''ai demandé à une personne de l''équipe de répondre ici.'),
  ('fr', 'unknown', 'Je ne sais pas. Voulez-vous que j''appelle quelqu''un ?'),
  ('hi', 'courtesy', 'आपका स्वागत है! क्या मैं और कुछ मदद कर सकता हूँ?'),
  ('hi', 'found', 'इससे मदद मिल सकती है:'),
  ('hi', 'requested', 'मैंने टीम के एक व्यक्ति से यहाँ उत्तर देने के लिए कहा है।'),
  ('hi', 'unknown', 'मुझे इसका उत्तर नहीं पता। क्या मैं किसी व्यक्ति को बुलाऊँ?'),
  ('hi-Latn', 'courtesy', 'Koi baat nahi! Kya main aur kuch madad kar sakta hoon?'),
  ('hi-Latn', 'found', 'Isse madad mil sakti hai:'),
  ('hi-Latn', 'requested', 'Maine team ke ek insaan se yahan jawab dene ke liye kaha hai.'),
  ('hi-Latn', 'unknown', 'Mujhe iska jawab nahi pata. Kya main kisi insaan ko bulaun?'),
  ('ja', 'courtesy', 'どういたしまして。ほかにお手伝いできることはありますか？'),
  ('ja', 'found', 'こちらが参考になるかもしれません：'),
  ('ja', 'requested', 'チームの担当者に、こちらでお答えするよう依頼しました。'),
  ('ja', 'unknown', '申し訳ありませんが、わかりません。担当者におつなぎしましょうか？'),
  ('pt', 'courtesy', 'De nada! Posso ajudar em mais alguma coisa?'),
  ('pt', 'found', 'Isto pode ajudar:'),
  ('pt', 'requested', 'Pedi a uma pessoa da equipe que responda aqui.'),
  ('pt', 'unknown', 'Não sei. Quer que eu chame uma pessoa?'),
  ('zh', 'courtesy', '不客气！还有什么可以帮您的吗？'),
  ('zh', 'found', '这可能对您有帮助：'),
  ('zh', 'requested', '我已请团队的一位工作人员在这里回复您。'),
  ('zh', 'unknown', '这个我不知道。需要我请一位工作人员来帮您吗？');

create or replace function private.support_phrase(p_language text, p_phrase text) returns text
language plpgsql stable security definer set search_path = '' as $$
begin
  return coalesce(
    (select p.text from support.phrases as p where p.language = p_language and p.phrase = p_phrase),
    (select p.text from support.phrases as p where p.language = 'en' and p.phrase = p_phrase),
    case p_phrase
      when 'unknown' then 'I don''t know. Shall I get a person?'
      when 'found' then 'This may help:'
      when 'requested' then 'I''ve asked a person of the team to answer here.'
      else 'Is there anything else I can help with?' end
  );
end;
$$;
comment on function private.support_phrase is 'What the assistant says, in a language, else in English.';

-- 60_support/30_answers/42_languages.sql
-- Which language a visitor writes in, by script and by the commonest words, and what is mere courtesy.

create table private.language_words (
  word text collate "C" not null,
  language text collate "C" not null,
  constraint language_words_pkey primary key (word, language)
);
comment on table private.language_words is
  'The commonest words of languages in Latin letters, without accents, by which a text is told from others.';
alter table private.language_words enable row level security;

insert into private.language_words (language, word)
select l.language, w.word
from (
  values
    ('de',
      'der die das und ist nicht ich ein eine mit auf den dem wie wir kann mein meine bei nach aber auch es '
      'wird werden habe hat zu von im warum keine kein mir mich noch sich ihr uns wo was'),
    ('en',
      'the and is not to my i a of it in on for with how why what where can t do does you we this that be '
      'are was from but have has no when there please after get'),
    ('es',
      'el la los las y es no que de en un una mi con por para como se me al lo pero esta este hay puedo '
      'cuando donde mis del ya si'),
    ('fr',
      'le la les et est pas je un une de du des mon ma mes avec pour dans sur ne que qui comment mais ce '
      'cette au aux vous nous il j l d en a mon depuis'),
    ('hi-Latn',
      'hai nahi nhi ka ki ke ko kya mera meri mere kar raha rahi ho se me mein hua par karo koi kaise kahan '
      'bhi aur gaya gayi karne pe ab h'),
    -- no phrase is delivered in these: they are told from those above
    ('id',
      'saya tidak bisa yang dan di ini itu untuk dengan apa bagaimana ke dari akun kenapa sudah belum ada '
      'atau juga'),
    ('it',
      'il lo la i gli le e non che di un una mi mio mia con per come si al del della sono ho ha questo '
      'questa posso quando dove ma nel dopo anche piu riesco'),
    ('nl',
      'de het een en is niet ik mijn met op in kan hoe wat waar wanneer maar dit dat voor van naar aan geen '
      'heb heeft wordt ook nog'),
    ('pl',
      'nie i w na jest to sie z do jak co czy mam moj moje moge dlaczego kiedy gdzie ale po od przez ten ta '
      'juz'),
    ('sv',
      'jag inte och att det en ar med pa kan hur min mitt mina till for som har vad nar men'),
    ('tr',
      'bir ve bu icin ile ama nasil ne neden var yok degil olarak benim hesap cok sonra beni hangi kadar '
      'daha gibi'),
    ('vi',
      'toi khong co la va cua duoc cho nay trong the nao lam sao khoan mot da'),
    ('pt',
      'o a os as e nao que de em um uma meu minha com por para como se me ao no na mas esta este tem posso '
      'quando onde do da ja')
) as l (language, words)
cross join lateral regexp_split_to_table(l.words, ' ') as w (word)
on conflict on constraint language_words_pkey do nothing;

create or replace function private.detect_language(p_text text) returns text
language plpgsql stable security definer set search_path = '' as $$
declare
  v_text constant text := left(p_text, 2000);
begin
  -- kana before Han, which Japanese has too
  if v_text ~ '[\u3040-\u30ff]' then
    return 'ja';
  elsif v_text ~ '[\uac00-\ud7a3]' then
    return 'ko';
  elsif v_text ~ '[\u4e00-\u9fff]' then
    return 'zh';
  elsif v_text ~ '[\u0600-\u06ff]' then
    -- letters that Arabic does not have
    return case when v_text ~ '[\u0679\u0688\u0691\u06ba\u06d2]' then 'ur'
      when v_text ~ '[\u067e\u0686\u0698\u06a9\u06af\u06cc]' then 'fa' else 'ar' end;
  elsif v_text ~ '[\u0900-\u097f]' then
    return 'hi';
  elsif v_text ~ '[\u0400-\u04ff]' then
    return case when v_text ~ '[\u0404\u0406\u0407\u0454\u0456\u0457\u0490\u0491]' then 'uk' else 'ru' end;
  elsif v_text ~ '[\u0370-\u03ff\u0590-\u05ff\u0e00-\u0e7f]' then
    return case when v_text ~ '[\u0370-\u03ff]' then 'el' when v_text ~ '[\u0590-\u05ff]' then 'he'
      else 'th' end;
  end if;
  return (
    select w.language
    from regexp_split_to_table(lower(private.fold_letters(v_text)), '[^[:alpha:]]+') as t (word)
    join private.language_words as w on w.word = t.word
    group by w.language
    order by count(*) desc, w.language = 'en' desc, w.language
    limit 1
  );
end;
$$;
comment on function private.detect_language is
  'The language of a text, as far as it is among the frequent ones; null where nothing shows.';

create or replace function private.plain_words(p_text text) returns text
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return btrim(regexp_replace(lower(private.fold_letters(left(p_text, 200))), '[^[:alpha:]]+', ' ', 'g'));
end;
$$;
comment on function private.plain_words is
  'The words of a short text in plain letters, with one space between them.';

-- Whole texts of a few words only: what goes on after the thanks is to be looked up.
create or replace function private.is_courtesy(p_text text) returns boolean
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_text constant text := private.plain_words(p_text);
begin
  return length(p_text) <= 60 and (
    v_text ~ (
      '^(?:(?:thanks|thank you|thx|ty|many|a lot|so much|very much|for your help|for the help|ok|okay|great'
      '|perfect|cool|super|nice|got it|that works|that worked|it works|it works now|it worked|that helps'
      '|that helped|solved|never mind|no thanks|no thank you|hi|hello|hey|bye|goodbye|good morning'
      '|good evening|danke|dankeschon'
      '|vielen dank|hallo|tschuss|moin|merci|merci beaucoup|bonjour|salut|gracias|muchas gracias|hola|adios'
      '|obrigado|obrigada|ola|oi|tchau|valeu|shukriya|dhanyavad|namaste)(?: |$))+$'
    ) or v_text in (
      'ありがとう', 'ありがとうございます', 'ありがとうございました', 'こんにちは', '谢谢', '谢谢你', '多谢', '你好', '您好', 'شكرا',
      'شكرا لك', 'شكرا جزيلا', 'مرحبا', 'السلام عليكم', 'धन्यवाद', 'नमस्ते'
    )
  );
end;
$$;
comment on function private.is_courtesy is
  'Whether a text is nothing but thanks or a greeting, which nobody looks up.';

-- To "Shall I get a person?". A word like ok means yes here, and is a courtesy elsewhere.
create or replace function private.parse_reply(p_text text) returns text
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_text constant text := private.plain_words(p_text);
  v_written constant text := regexp_replace(left(p_text, 200), '[[:punct:][:space:]。！？、，،؟।]+', '', 'g');
begin
  return case
    when length(p_text) > 60 then null
    when v_text ~ (
      '^(?:(?:yes|yeah|yep|yup|sure|ok|okay|please|please do|go ahead|of course|ja|gern|gerne|bitte|klar|oui'
      '|ouais|volontiers|d accord|s il vous plait|si|vale|claro|por favor|sim|pode ser|haan|han|ji)(?: |$))+$'
    ) or v_written in (
      'はい', 'お願いします', 'はいお願いします', '是', '是的', '好', '好的', '可以', '需要', 'نعم', 'ايوه', 'نعممنفضلك', 'हाँ', 'हां',
      'जी', 'जीहाँ', 'जीहां'
    ) then 'yes'
    when v_text ~ (
      '^(?:no|nope|nah|not now|nein|non|nao|nahi|nahin)'
      '(?: (?:thanks|thank you|danke|merci|gracias|obrigado|obrigada|shukriya|it s fine|it s ok))*$'
    ) or v_written in (
      'いいえ', '結構です', 'いいえ結構です', '不', '不用', '不用了', '不需要', 'لا', 'لاشكرا', 'नहीं', 'नहींधन्यवाद'
    ) then 'no'
  end;
end;
$$;
comment on function private.parse_reply is
  'yes or no, for a text that is nothing else in one of the languages of support.phrases; else null.';

-- 60_support/30_answers/44_chat_requests.sql
-- Which messages of visitors are being answered, and what became of them.

create table private.chat_requests (
  message_id uuid not null,
  conversation_id uuid not null,
  asked_at timestamptz not null default now(),
  lease_expires_at timestamptz,
  fencing_token integer not null default 1,
  language text not null,
  sources jsonb not null,
  confidence real,
  reserved_tokens_count integer not null default 0,
  tokens_count integer not null default 0,
  outcome text,
  answered_by text,
  model text,
  failure text,
  answer_message_id uuid,
  finished_at timestamptz,
  constraint chat_requests_pkey primary key (message_id),
  constraint chat_requests_message_id_fkey
    foreign key (message_id) references support.messages (id) on delete cascade,
  constraint chat_requests_conversation_id_fkey
    foreign key (conversation_id) references support.conversations (id) on delete cascade,
  constraint chat_requests_answer_message_id_fkey
    foreign key (answer_message_id) references support.messages (id) on delete set null,
  constraint chat_requests_outcome_is_known
    check (outcome in ('answered', 'unknown', 'courtesy', 'silent')),
  constraint chat_requests_answered_by_is_known check (answered_by in ('built_in', 'model')),
  constraint chat_requests_finished_at_matches_outcome check ((finished_at is null) = (outcome is null)),
  constraint chat_requests_model_is_bounded check (length(model) <= 200),
  constraint chat_requests_failure_is_a_code check (failure ~ '^[a-z_]{1,50}$')
);
comment on table private.chat_requests is
  'One row per message of a visitor that support-chat answers or answered. Deleted with the message.';
comment on column private.chat_requests.lease_expires_at is
  'Until when a call of support-chat has it; null once it is finished.';
comment on column private.chat_requests.fencing_token is 'How often it was leased.';
comment on column private.chat_requests.sources is
  'The passages that were found, best first: [{source_id, number, confidence}].';
comment on column private.chat_requests.confidence is
  'Of the best source; 0 where none was found, null where nothing was looked up.';
comment on column private.chat_requests.tokens_count is
  'What the model used, as the endpoint reports it, else what was reserved.';
comment on column private.chat_requests.outcome is
  'answered, unknown, courtesy, or silent: a person had taken over meanwhile.';
comment on column private.chat_requests.failure is
  'Why the model, where there is one, was not asked or did not answer.';

create index chat_requests_conversation_id_idx on private.chat_requests (conversation_id, asked_at);
create index chat_requests_answer_message_id_idx on private.chat_requests (answer_message_id);
alter table private.chat_requests enable row level security;

create table private.chat_model_days (
  day date not null,
  calls_count bigint not null default 0,
  tokens_count bigint not null default 0,
  constraint chat_model_days_pkey primary key (day)
);
comment on table private.chat_model_days is
  'Requests to the model, and their tokens, per day in UTC: reserved before a request is sent, and corrected '
  'by what the endpoint reports.';
alter table private.chat_model_days enable row level security;

create table private.chat_model_state (
  id boolean not null default true,
  paused_until timestamptz,
  constraint chat_model_state_pkey primary key (id),
  constraint chat_model_state_is_one_row check (id)
);
comment on table private.chat_model_state is
  'The one row of until when the model is not asked: its rate limit, or it rejects the key.';
alter table private.chat_model_state enable row level security;
insert into private.chat_model_state default values;

-- The last statement before the end of the transaction that reserves: the row of the day is locked for a
-- moment only.
create or replace function private.reserve_chat_tokens(p_conversation_id uuid, p_tokens integer) returns text
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_day constant date := (now() at time zone 'UTC')::date;
  v_settings support.settings;
begin
  select * into v_settings from support.settings as s where s.id;
  if exists (select from private.chat_model_state as m where m.paused_until > now()) then
    return 'paused';
  elsif p_tokens + (
    select coalesce(sum(greatest(r.tokens_count, r.reserved_tokens_count)), 0) from private.chat_requests as r
    where r.conversation_id = p_conversation_id and r.asked_at >= v_day::timestamp at time zone 'UTC'
  ) > v_settings.model_tokens_per_conversation_day then
    return 'conversation_budget';
  elsif p_tokens > v_settings.model_tokens_per_day then
    return 'day_budget';
  end if;
  insert into private.chat_model_days as d (day, calls_count, tokens_count) values (v_day, 1, p_tokens)
  on conflict on constraint chat_model_days_pkey do update set
    calls_count = d.calls_count + 1, tokens_count = d.tokens_count + p_tokens
    where d.tokens_count + p_tokens <= v_settings.model_tokens_per_day;
  return case when found then null else 'day_budget' end;
end;
$$;
comment on function private.reserve_chat_tokens is
  'Takes tokens of today''s budgets for one request to the model, and returns null; else returns why not: '
  'paused, conversation_budget or day_budget. The caller has locked the conversation.';

create or replace function private.spend_chat_tokens(p_request private.chat_requests, p_tokens integer)
returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_tokens constant integer := least(
    greatest(coalesce(p_tokens, p_request.reserved_tokens_count), 0), 1000000
  );
begin
  if p_request.reserved_tokens_count > 0 then
    update private.chat_model_days as d set
      tokens_count = greatest(d.tokens_count + v_tokens - p_request.reserved_tokens_count, 0)
    where d.day = (p_request.asked_at at time zone 'UTC')::date;
    return v_tokens;
  end if;
  return 0;
end;
$$;
comment on function private.spend_chat_tokens is
  'Corrects the budget of the day by what a request used, and returns that.';

-- 60_support/30_answers/46_begin_answer.sql
-- Stores what a visitor asks, and finds what to answer: the first half of support-chat.

create or replace function private.find_chat_conversation(
  p_session_id text, p_user_id uuid, p_conversation_id uuid
) returns uuid
language plpgsql stable security definer set search_path = '' as $$
declare
  v_id uuid;
begin
  if p_session_id is not null then
    return private.find_session(p_session_id);
  end if;
  select c.id into v_id from support.conversations as c
  where c.id = p_conversation_id and c.user_id = p_user_id and private.is_active_account(p_user_id);
  if v_id is null then
    perform private.raise_conversation_unknown();
  end if;
  return v_id;
end;
$$;
comment on function private.find_chat_conversation is
  'The conversation of a session, or of an account. Errors: support_conversation_unknown (404).';

create or replace function private.chat_message(p_message support.messages) returns jsonb
language plpgsql stable security invoker set search_path = '' as $$
begin
  return case when p_message.id is not null then to_jsonb(p_message) - 'author_user_id' end;
end;
$$;
comment on function private.chat_message is 'A message as its visitor sees it.';

create or replace function private.load_chat_message(p_id uuid) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
begin
  return (select private.chat_message(m) from support.messages as m where m.id = p_id);
end;
$$;
comment on function private.load_chat_message is
  'A stored message as its visitor sees it; null where it is gone.';

create or replace function private.load_chat_passages(p_sources jsonb)
returns table (
  number integer, kind text, source_id uuid, title text, text text, url text, confidence real, is_all boolean
)
language plpgsql stable security definer set search_path = '' as $$
begin
  -- what was deleted or taken back meanwhile is not quoted any more
  return query
  select s.position::integer, case when p.article_id is null then 'answer' else 'article' end, p.source_id,
    coalesce(t.title, a.question), p.text, coalesce(t.url, a.url), (s.source ->> 'confidence')::real,
    not exists (
      select from private.answer_passages as o where o.source_id = p.source_id and o.number > p.number
    )
  from jsonb_array_elements(p_sources) with ordinality as s (source, position)
  join private.answer_passages as p
    on p.source_id = (s.source ->> 'source_id')::uuid and p.number = (s.source ->> 'number')::integer
  left join support.articles as t on t.id = p.article_id
  left join support.answers as a on a.id = p.answer_id
  order by s.position;
end;
$$;
comment on function private.load_chat_passages is 'The passages of a request that are still published.';

-- The last messages before it, so that a model knows what is talked about.
create or replace function private.chat_prompt(p_message support.messages, p_sources jsonb) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
begin
  return jsonb_build_object(
    'question', left(p_message.content, 4000),
    'conversation', (
      select coalesce(jsonb_agg(
        jsonb_build_object('role', m.role, 'text', left(m.content, 500)) order by m.position
      ), '[]'::jsonb)
      from (
        select o.role, o.content, o.position from support.messages as o
        where o.conversation_id = p_message.conversation_id and o.position < p_message.position
          and o.role <> 'system'
        order by o.position desc limit 8
      ) as m
    ),
    'passages', (
      select coalesce(jsonb_agg(
        jsonb_build_object('number', p.number, 'title', p.title, 'text', p.text, 'url', p.url)
        order by p.number
      ), '[]'::jsonb)
      from private.load_chat_passages(p_sources) as p
    )
  );
end;
$$;
comment on function private.chat_prompt is
  'What a model is given: the question, up to eight messages before it, and the passages.';

create or replace function private.visitor_language(p_message support.messages) returns text
language plpgsql stable security definer set search_path = '' as $$
begin
  return coalesce(private.detect_language(p_message.content), private.detect_language((
    select string_agg(m.content, ' ')
    from (
      select o.content from support.messages as o
      where o.conversation_id = p_message.conversation_id and o.position < p_message.position
        and o.role = 'user'
      order by o.position desc limit 3
    ) as m
  )), 'en');
end;
$$;
comment on function private.visitor_language is
  'The language of a message; where it shows none, that of the three before it, else en.';

-- The last thing that was said before, notes aside, is that the assistant has no answer.
create or replace function private.find_offer(p_message support.messages) returns uuid
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select r.message_id
    from (
      select m.id from support.messages as m
      where m.conversation_id = p_message.conversation_id and m.position < p_message.position
        and m.role <> 'system'
      order by m.position desc limit 1
    ) as l
    join private.chat_requests as r on r.answer_message_id = l.id and r.outcome = 'unknown'
  );
end;
$$;
comment on function private.find_offer is
  'The visitor''s message to which the assistant had no answer, where it has just offered a '
  'person; else null.';

create or replace function private.find_accepted_offer(p_message_id uuid) returns uuid
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select private.find_offer(m) from support.messages as m
    where m.id = p_message_id and private.parse_reply(m.content) = 'yes'
  );
end;
$$;
comment on function private.find_accepted_offer is
  'Of a message that says yes to the offer of a person: what the visitor had asked; else null.';

create or replace function private.lease_chat_request(p_message support.messages)
returns private.chat_requests
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_request private.chat_requests;
  v_sources jsonb := '[]'::jsonb;
  v_confidence real;
begin
  if not private.is_courtesy(p_message.content) and (
    private.parse_reply(p_message.content) is null or private.find_offer(p_message) is null
  ) then
    select coalesce(jsonb_agg(
      jsonb_build_object('source_id', r.source_id, 'number', r.number, 'confidence', c.confidence)
      order by r.position
    ), '[]'::jsonb), coalesce(max(c.confidence) filter (where r.position = 1), 0)
    into v_sources, v_confidence
    from private.rank_sources(p_message.content, 4) with ordinality as r (
      source_id, number, score, features, position
    )
    cross join lateral private.answer_confidence(r.features) as c (confidence);
  end if;
  insert into private.chat_requests as q (
    message_id, conversation_id, lease_expires_at, language, sources, confidence
  )
  values (
    p_message.id, p_message.conversation_id, now() + interval '2 minutes',
    private.visitor_language(p_message), v_sources, v_confidence
  )
  on conflict on constraint chat_requests_pkey do update set
    lease_expires_at = excluded.lease_expires_at, fencing_token = q.fencing_token + 1,
    sources = excluded.sources, confidence = excluded.confidence
  returning * into v_request;
  return v_request;
end;
$$;
comment on function private.lease_chat_request is
  'Finds sources for a message and leases it for two minutes. The caller has locked the conversation.';

-- The tokens of a text are at most a third of its bytes, and an answer has up to 700.
create or replace function private.prepare_chat_model(
  p_message support.messages, p_request private.chat_requests
) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_settings support.settings;
  v_prompt jsonb;
  v_tokens integer := 0;
  v_failure text;
begin
  select * into v_settings from support.settings as s where s.id;
  if p_request.confidence is null then
    return null;
  elsif p_request.confidence < v_settings.model_confidence then
    v_failure := 'no_passages';
  else
    v_prompt := private.chat_prompt(p_message, p_request.sources);
    v_tokens := octet_length(v_prompt::text) / 3 + 1000;
    v_failure := private.reserve_chat_tokens(p_request.conversation_id, v_tokens);
  end if;
  update private.chat_requests as r set
    failure = v_failure, reserved_tokens_count = case when v_failure is null then v_tokens else 0 end
  where r.message_id = p_request.message_id;
  return case when v_failure is null then v_prompt end;
end;
$$;
comment on function private.prepare_chat_model is
  'What the model is asked about a leased message, within the budgets; null where it is not asked, and '
  'why in failure.';

create or replace function private.begin_answer(
  p_content text, p_client_key text, p_session_id text, p_user_id uuid, p_conversation_id uuid,
  p_headers jsonb, p_has_model boolean
) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_conversation_id constant uuid :=
    private.find_chat_conversation(p_session_id, p_user_id, p_conversation_id);
  v_message support.messages;
  v_request private.chat_requests;
  v_prompt jsonb;
  v_state text := 'answering';
begin
  v_message := private.insert_visitor_message(v_conversation_id, p_content, p_client_key, p_headers);
  select * into v_request from private.chat_requests as r where r.message_id = v_message.id;
  if v_request.outcome is not null then
    v_state := case v_request.outcome when 'silent' then 'with_human' else v_request.outcome end;
  elsif v_request.lease_expires_at > now() then
    v_state := 'pending';
  elsif (select c.status from support.conversations as c where c.id = v_conversation_id) = 'with_human' then
    v_state := 'with_human';
  else
    v_request := private.lease_chat_request(v_message);
    if p_has_model then
      v_prompt := private.prepare_chat_model(v_message, v_request);
    end if;
  end if;
  return jsonb_build_object(
    'state', v_state, 'message', private.chat_message(v_message),
    'answer', private.load_chat_message(v_request.answer_message_id),
    'fencing_token', v_request.fencing_token, 'language', v_request.language, 'prompt', v_prompt,
    'timeout_seconds', (select s.model_timeout_seconds from support.settings as s where s.id)
  );
end;
$$;
grant execute on function private.begin_answer to service_role;

create or replace function support.begin_answer(
  content text, client_key text default null, session_id text default null, user_id uuid default null,
  conversation_id uuid default null, headers jsonb default null, has_model boolean default false
) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.begin_answer(
    begin_answer.content, begin_answer.client_key, begin_answer.session_id, begin_answer.user_id,
    begin_answer.conversation_id, begin_answer.headers, begin_answer.has_model
  );
end;
comment on function support.begin_answer is
  'Stores a visitor''s message, as send_message does, and looks for its answer: {state, message, answer, '
  'fencing_token, language, prompt, timeout_seconds}. state is answering: finish_answer() is to be called; '
  'pending: another call does; with_human: nobody answers but a person; answered, unknown or courtesy: the '
  'answer of the first call. prompt is what to ask a model; null without one. headers are those of the '
  'visitor''s request. Service role only. Errors: support_conversation_unknown (404), '
  'support_message_conflict, support_messages_limit_reached (409), support_message_too_large (413), '
  'support_message_invalid (422), support_address_limit_reached, support_messages_rate_limited (429).';
grant execute on function support.begin_answer to service_role;

-- 60_support/30_answers/48_finish_answer.sql
-- Says what was found, unless a person has taken over meanwhile: the second half of support-chat.

create type private.chat_answer as (
  outcome text,
  answered_by text,
  content text,
  source jsonb,
  confidence real,
  answer_id uuid
);
comment on type private.chat_answer is 'What the assistant is about to say.';

create or replace function private.source_lines(p_links jsonb) returns text
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return (
    select string_agg(concat_ws(E'\n', l.link ->> 'title', l.link ->> 'url'), E'\n' order by l.position)
    from jsonb_array_elements(p_links) with ordinality as l (link, position)
  );
end;
$$;
comment on function private.source_lines is
  'The sources of an answer as text: the title of each, and its link.';

-- p_used: numbers of passages. Without a text of a model, the best passage itself.
create or replace function private.compose_chat_answer(
  p_request private.chat_requests, p_text text, p_used integer[], p_is_declined boolean
) returns private.chat_answer
language plpgsql stable security definer set search_path = '' as $$
declare
  v_threshold constant real := (select s.answer_confidence from support.settings as s where s.id);
  v_answer private.chat_answer;
  v_best record;
  v_links jsonb;
begin
  select * into v_best from private.load_chat_passages(p_request.sources) as p
  where p.number = any (coalesce(p_used, array[1])) order by p.number limit 1;
  v_answer.answered_by := case when p_text is null and not p_is_declined then 'built_in' else 'model' end;
  v_answer.confidence := p_request.confidence;
  if v_answer.confidence is null then
    v_answer.outcome := 'courtesy';
  elsif p_is_declined or v_best.source_id is null or p_text is null and v_answer.confidence < v_threshold then
    v_answer.outcome := 'unknown';
    v_answer.confidence := least(v_answer.confidence, (v_threshold / 2)::real);
  else
    v_answer.outcome := 'answered';
    v_answer.confidence := greatest(v_answer.confidence, v_threshold);
  end if;
  v_answer.source := jsonb_build_object('by', v_answer.answered_by);
  if v_answer.outcome <> 'answered' then
    v_answer.content := private.support_phrase(p_request.language, case
      when v_answer.outcome = 'courtesy' and private.find_accepted_offer(p_request.message_id) is not null
        then 'requested' else v_answer.outcome end);
    return v_answer;
  end if;
  select jsonb_agg(jsonb_build_object(
    'kind', p.kind, 'id', p.source_id, 'title', p.title, 'url', p.url
  ) order by p.number) into v_links
  from private.load_chat_passages(p_request.sources) as p
  where p.number = any (coalesce(p_used, array[1]));
  v_answer.source := v_answer.source || jsonb_build_object('links', v_links);
  v_answer.answer_id := case v_best.kind when 'answer' then v_best.source_id end;
  v_answer.content := concat_ws(
    E'\n\n', coalesce(p_text, private.support_phrase(p_request.language, 'found')),
    case when p_text is null then v_best.text || case when v_best.is_all then '' else ' …' end end,
    private.source_lines(v_links)
  );
  return v_answer;
end;
$$;
comment on function private.compose_chat_answer is
  'What the assistant says to a leased message: the text of a model with its sources, the best passage with '
  'its source, that it does not know, or a courtesy. Sources that are not published any more are left out.';

create or replace function private.store_chat_answer(
  p_request private.chat_requests, p_answer private.chat_answer, p_model text, p_tokens integer,
  p_failure text
) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_failure constant text := coalesce(substring(p_failure from '^[a-z_]{1,50}$'), p_request.failure);
  v_message support.messages;
  v_outcome text := p_answer.outcome;
  v_accepted_id uuid;
  v_escalation_id uuid;
begin
  v_message := private.insert_assistant_message(
    p_request.conversation_id, private.left_bytes(p_answer.content, 65536),
    p_answer.source || case when v_failure is null then '{}'::jsonb
      else jsonb_build_object('failure', v_failure) end,
    p_answer.confidence, p_answer.answer_id
  );
  if v_message.id is null then
    v_outcome := 'silent';
  end if;
  update private.chat_requests as r set
    outcome = v_outcome, answered_by = p_answer.answered_by, model = left(p_model, 200), failure = v_failure,
    tokens_count = private.spend_chat_tokens(p_request, p_tokens), answer_message_id = v_message.id,
    lease_expires_at = null, finished_at = now()
  where r.message_id = p_request.message_id;
  if v_outcome = 'unknown' then
    perform private.record_unanswered_question(p_request.message_id);
    v_escalation_id := private.escalate_low_confidence(p_request.conversation_id);
  elsif v_outcome = 'courtesy' then
    v_accepted_id := private.find_accepted_offer(p_request.message_id);
    if v_accepted_id is not null then
      v_escalation_id := (private.create_escalation(p_request.conversation_id, 'request', null, (
        select m.content from support.messages as m where m.id = v_accepted_id
      ))).id;
    end if;
  end if;
  return jsonb_build_object(
    'state', case v_outcome when 'silent' then 'with_human' else v_outcome end,
    'answer', private.chat_message(v_message), 'is_escalated', v_escalation_id is not null
  );
end;
$$;
comment on function private.store_chat_answer is
  'Inserts an answer unless a person has taken over, ends the lease, and escalates where the assistant was '
  'unsure too often, or the visitor has said yes to a person.';

create or replace function private.finish_answer(
  p_message_id uuid, p_fencing_token integer, p_text text, p_used integer[], p_model text, p_tokens integer,
  p_failure text, p_paused_until timestamptz
) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_text constant text := private.non_blank(left(p_text, 8000));
  v_is_declined constant boolean := v_text is null and p_model is not null and p_failure is null;
  v_request private.chat_requests;
begin
  if p_paused_until is not null then
    update private.chat_model_state as m set
      paused_until = greatest(m.paused_until, least(p_paused_until, now() + interval '1 day'))
    where m.id;
  end if;
  -- the conversation first, as whoever writes in it
  perform from support.conversations as c
  where c.id = (select r.conversation_id from private.chat_requests as r where r.message_id = p_message_id)
  for no key update;
  select * into v_request from private.chat_requests as r where r.message_id = p_message_id for update;
  if not found then
    raise exception using
      errcode = 'PT404', message = 'support_message_unknown',
      detail = 'Nobody has begun to answer this message.',
      hint = 'Use what begin_answer returned.';
  elsif v_request.outcome is not null then
    return jsonb_build_object(
      'state', case v_request.outcome when 'silent' then 'with_human' else v_request.outcome end,
      'answer', private.load_chat_message(v_request.answer_message_id), 'is_escalated', false
    );
  elsif v_request.fencing_token is distinct from p_fencing_token then
    return jsonb_build_object('state', 'pending', 'answer', null, 'is_escalated', false);
  end if;
  return private.store_chat_answer(
    v_request, private.compose_chat_answer(v_request, v_text, p_used, v_is_declined), p_model, p_tokens,
    p_failure
  );
end;
$$;
grant execute on function private.finish_answer to service_role;

create or replace function support.finish_answer(
  message_id uuid, fencing_token integer, text text default null, used integer[] default null,
  model text default null, tokens integer default null, failure text default null,
  paused_until timestamptz default null
) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.finish_answer(
    finish_answer.message_id, finish_answer.fencing_token, finish_answer.text, finish_answer.used,
    finish_answer.model, finish_answer.tokens, finish_answer.failure, finish_answer.paused_until
  );
end;
comment on function support.finish_answer is
  'Stores the answer to a message that begin_answer() leased, and returns {state, answer, is_escalated}: a '
  'model''s text with the numbers of the passages that it used; without text and with a model, that it has '
  'no answer; else the best passage, or that the assistant doesn''t know. Nothing is stored where a person '
  'has taken over (state with_human). failure: why the model did not answer; paused_until: until when it is '
  'not to be asked. Called again, it returns what was stored. Service role only. Errors: '
  'support_message_unknown (404).';
grant execute on function support.finish_answer to service_role;

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
  if octet_length(p_content) > 65536 then
    raise exception using
      errcode = 'PT413', message = 'support_message_too_large', detail = 'A message has up to 65536 bytes.',
      hint = 'Send it in parts.';
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
  on conflict on constraint messages_client_key_conversation_id_key do nothing
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
  'support_escalation_status_conflict, support_message_conflict (409), support_message_too_large (413), '
  'support_message_invalid (422).';
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
  -- whoever resolves it meanwhile answers this one too
  perform from public.issues as i where i.id = p_issue_id for no key update;
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
  -- One statement: the triggers of the issue find the escalation linked.
  with created as (
    insert into public.issues (title, description, segment, submitted_by, submitted_by_user_id)
    values (
      coalesce(
        private.non_blank(left(p_title, 500)), private.non_blank(left(split_part(v_request, E'\n', 1), 120)),
        format('Support: %s', p_escalation.issue_type)
      ),
      coalesce(v_request, ''), p_segment, 'Support visitor', auth.uid()
    )
    returning issues.id
  )
  update support.escalations as e set issue_id = c.id, is_issue_created = true
  from created as c
  where e.id = p_escalation.id
  returning e.issue_id into v_issue_id;
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

-- 60_support/50_feedback/10_unanswered_questions.sql
-- What visitors asked and the assistant could not answer, the same question together: what to write an
-- article about. Kept apart from the index that answers are found in.

create table private.unanswered_questions (
  message_id uuid not null,
  group_id uuid not null,
  question_key text,
  vector tsvector not null,
  asked_at timestamptz not null,
  constraint unanswered_questions_pkey primary key (message_id),
  constraint unanswered_questions_message_id_fkey
    foreign key (message_id) references support.messages (id) on delete cascade
);
comment on table private.unanswered_questions is
  'One row per message of a visitor that the assistant had no answer to. Deleted with the message.';
comment on column private.unanswered_questions.group_id is
  'The first message of those that ask the same; it may be deleted meanwhile.';
comment on column private.unanswered_questions.question_key is
  'Its distinct words, sorted; equal for the same question.';
create index unanswered_questions_group_id_idx on private.unanswered_questions (group_id);
create index unanswered_questions_question_key_idx on private.unanswered_questions (question_key, asked_at);
create index unanswered_questions_vector_idx on private.unanswered_questions using gin (vector)
  with (gin_pending_list_limit = 256);
create index unanswered_questions_asked_at_idx on private.unanswered_questions (asked_at);
alter table private.unanswered_questions enable row level security;

-- Alike: at least half of the different words of both are in both. Each is compared with the newest 200 that
-- have one of its three longest words.
create or replace function private.find_question_group(p_vector tsvector, p_key text) returns uuid
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan
set enable_seqscan = off as $$
declare
  v_words constant text[] := tsvector_to_array(p_vector);
  v_query constant tsquery := (
    select string_agg(quote_literal(l.word), ' | ')::tsquery
    from (
      select u.word from unnest(v_words) as u (word) order by length(u.word) desc, u.word limit 3
    ) as l
  );
  v_group_id uuid;
begin
  select q.group_id into v_group_id from private.unanswered_questions as q
  where q.question_key = p_key order by q.asked_at desc limit 1;
  if v_group_id is not null or cardinality(v_words) < 2 then
    return v_group_id;
  end if;
  select c.group_id into v_group_id
  from (
    select q.group_id, q.vector, q.asked_at from private.unanswered_questions as q
    where q.vector @@ v_query
    order by q.asked_at + interval '0' desc
    limit 200
  ) as c
  cross join lateral (
    select count(*) as count from unnest(c.vector) as l where l.lexeme = any (v_words)
  ) as s
  where s.count * 2 >= cardinality(v_words) + length(c.vector) - s.count and s.count >= 2
  order by s.count::real / (cardinality(v_words) + length(c.vector) - s.count) desc, c.asked_at desc
  limit 1;
  return v_group_id;
end;
$$;
comment on function private.find_question_group is
  'The group of questions that has the same words, or at least half of them; null without one.';

create or replace function private.record_unanswered_question(p_message_id uuid) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_message support.messages;
  v_vector tsvector;
  v_key text;
begin
  select * into v_message from support.messages as m where m.id = p_message_id;
  v_vector := private.search_vector(left(v_message.content, 4000), 8000);
  v_key := private.question_key(v_vector);
  insert into private.unanswered_questions (message_id, group_id, question_key, vector, asked_at)
  values (
    p_message_id, coalesce(private.find_question_group(v_vector, v_key), p_message_id), v_key, v_vector,
    v_message.created_at
  )
  on conflict on constraint unanswered_questions_pkey do nothing;
end;
$$;
comment on function private.record_unanswered_question is
  'Adds a message to the questions without an answer, next to those that ask the same.';

create or replace function private.load_unanswered_questions()
returns table (
  id uuid, question text, questions_count bigint, conversations_count bigint, first_asked_at timestamptz,
  last_asked_at timestamptz, last_message_id uuid
)
language plpgsql stable security definer set search_path = '' as $$
begin
  if not private.is_trusted_caller() and private.has_team_role('viewer') is not true then
    return;
  end if;
  return query
  select g.group_id, m.content, g.questions_count, g.conversations_count, g.first_asked_at, g.last_asked_at,
    m.id
  from (
    select q.group_id, count(*) as questions_count, count(distinct o.conversation_id) as conversations_count,
      min(q.asked_at) as first_asked_at, max(q.asked_at) as last_asked_at,
      (array_agg(q.message_id order by q.asked_at desc, q.message_id))[1] as last_message_id
    from private.unanswered_questions as q
    join support.messages as o on o.id = q.message_id
    group by q.group_id
  ) as g
  join support.messages as m on m.id = g.last_message_id
  order by g.questions_count desc, g.last_asked_at desc, g.group_id;
end;
$$;
comment on function private.load_unanswered_questions is
  'What support.unanswered_questions contains; nothing for callers who may not read it.';
grant execute on function private.load_unanswered_questions to authenticated, service_role;

create view support.unanswered_questions with (security_invoker = true) as
select * from private.load_unanswered_questions();
comment on view support.unanswered_questions is
  'Questions of visitors that the assistant had no answer to, those that are alike as one row, the most '
  'frequent first. The team.';
comment on column support.unanswered_questions.id is 'Of the group.';
comment on column support.unanswered_questions.question is 'The newest of them, as the visitor wrote it.';
comment on column support.unanswered_questions.conversations_count is
  'In how many conversations it was asked.';
grant select on support.unanswered_questions to authenticated, service_role;

-- 60_support/50_feedback/20_answer_ratings.sql
-- Whether an answer helped, as its visitor says.

create table support.answer_ratings (
  message_id uuid not null,
  is_helpful boolean not null,
  comment text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint answer_ratings_pkey primary key (message_id),
  constraint answer_ratings_message_id_fkey
    foreign key (message_id) references support.messages (id) on delete cascade,
  constraint answer_ratings_comment_is_not_too_long check (octet_length(comment) <= 4000),
  constraint answer_ratings_created_at_is_finite check (isfinite(created_at))
);
comment on table support.answer_ratings is
  'One row per answer that its visitor has rated, by rate_answer(). The team reads them, admins delete them. '
  'Errors on write: team_role_required (403).';
comment on column support.answer_ratings.message_id is 'The assistant''s message.';
comment on column support.answer_ratings.comment is
  'What the visitor wrote about it. It is data: whoever displays it escapes it.';
alter table support.answer_ratings alter column comment set statistics 0;
create index answer_ratings_created_at_idx on support.answer_ratings (created_at);

create trigger _000_require_admin before delete on support.answer_ratings
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('admin');
create trigger _900_set_timestamps before insert or update on support.answer_ratings
  for each row execute function private.set_timestamps();

alter table support.answer_ratings enable row level security;
create policy answer_ratings_select_viewer on support.answer_ratings
  for select to authenticated using ((select private.has_team_role('viewer')));
create policy answer_ratings_delete_admin on support.answer_ratings
  for delete to authenticated using ((select private.has_team_role('admin')));
grant select, delete on support.answer_ratings to authenticated;
grant select, insert, update, delete on support.answer_ratings to service_role;

-- 60_support/50_feedback/30_rate_answer.sql
-- How visitors say whether an answer helped.

create or replace function private.rate_answer(
  p_session_id text, p_message_id uuid, p_is_helpful boolean, p_comment text
) returns support.answer_ratings
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_user_id constant uuid := private.visitor_id();
  v_comment constant text := private.left_bytes(private.non_blank(p_comment), 4000);
  v_conversation_id uuid;
  v_rating support.answer_ratings;
begin
  v_conversation_id := case when p_session_id is not null then private.find_session(p_session_id) end;
  select m.conversation_id into v_conversation_id
  from support.messages as m
  join support.conversations as c on c.id = m.conversation_id
  where m.id = p_message_id and m.role = 'assistant'
    and (c.id = v_conversation_id or p_session_id is null and c.user_id = v_user_id);
  if not found then
    raise exception using
      errcode = 'PT404', message = 'support_message_unknown',
      detail = 'The conversation has no answer of the assistant with this id.',
      hint = 'Use the id of a message with role assistant of the visitor''s own conversation.';
  elsif p_is_helpful is null then
    raise exception using
      errcode = 'PT422', message = 'support_rating_invalid', detail = 'is_helpful is missing.',
      hint = 'Send true or false.';
  end if;
  -- ratings of a conversation wait for each other, and a comment counts as what the address has sent
  perform from support.conversations as c where c.id = v_conversation_id for no key update;
  perform private.count_visitor_address(null, 0, 1, coalesce(octet_length(v_comment), 0) + 100::bigint);
  insert into support.answer_ratings as r (message_id, is_helpful, comment)
  values (p_message_id, p_is_helpful, v_comment)
  on conflict on constraint answer_ratings_pkey do update set
    is_helpful = excluded.is_helpful, comment = coalesce(excluded.comment, r.comment)
  returning * into v_rating;
  return v_rating;
end;
$$;
grant execute on function private.rate_answer to anon, authenticated, service_role;

create or replace function support.rate_answer(
  message_id uuid, is_helpful boolean, session_id text default null, comment text default null
) returns support.answer_ratings
language sql volatile security invoker set search_path = ''
begin atomic
  select private.rate_answer(
    rate_answer.session_id, rate_answer.message_id, rate_answer.is_helpful, rate_answer.comment
  );
end;
comment on function support.rate_answer is
  'Rates an answer of the assistant, in the conversation of this session id, or without one in the caller''s '
  'own; again, the new rating replaces the old one, and a comment stays unless there is a new one. Of a '
  'comment the first 4,000 bytes are kept. Errors: support_conversation_unknown, support_message_unknown '
  '(404), support_rating_invalid (422), support_address_limit_reached, support_messages_rate_limited (429).';
grant execute on function support.rate_answer to anon, authenticated, service_role;

-- 60_support/50_feedback/40_unhelpful_answers.sql
-- Which articles and answers did not help, the most frequent first.

create or replace function private.load_unhelpful_answers()
returns table (
  kind text, id uuid, title text, unhelpful_count bigint, helpful_count bigint, last_rated_at timestamptz,
  last_message_id uuid, comments text[]
)
language plpgsql stable security definer set search_path = '' as $$
begin
  if not private.is_trusted_caller() and private.has_team_role('viewer') is not true then
    return;
  end if;
  return query
  with rated as (
    select m.id, m.source #> '{links,0}' as link, r.is_helpful, r.comment, r.updated_at
    from support.answer_ratings as r
    join support.messages as m on m.id = r.message_id
  ), source as (
    select coalesce(r.link ->> 'kind', 'none') as kind, (r.link ->> 'id')::uuid as id,
      count(*) filter (where not r.is_helpful) as unhelpful_count,
      count(*) filter (where r.is_helpful) as helpful_count, max(r.updated_at) as last_rated_at,
      (array_agg(r.id order by r.updated_at desc, r.id))[1] as last_message_id,
      (array_agg(r.comment order by r.updated_at desc, r.id)
        filter (where not r.is_helpful and r.comment is not null))[:5] as comments,
      (array_agg(r.link ->> 'title' order by r.updated_at desc, r.id))[1] as title
    from rated as r
    group by r.link ->> 'kind', r.link ->> 'id'
  )
  select s.kind, s.id, coalesce(t.title, a.question, s.title), s.unhelpful_count, s.helpful_count,
    s.last_rated_at, s.last_message_id, coalesce(s.comments, '{}')
  from source as s
  left join support.articles as t on s.kind = 'article' and t.id = s.id
  left join support.answers as a on s.kind = 'answer' and a.id = s.id
  where s.unhelpful_count > 0
  order by s.unhelpful_count desc, s.last_rated_at desc, s.id;
end;
$$;
comment on function private.load_unhelpful_answers is
  'What support.unhelpful_answers contains; nothing for callers who may not read it.';
grant execute on function private.load_unhelpful_answers to authenticated, service_role;

create view support.unhelpful_answers with (security_invoker = true) as
select * from private.load_unhelpful_answers();
comment on view support.unhelpful_answers is
  'Articles and answers whose quotations visitors rated as unhelpful, the most often first. The team.';
comment on column support.unhelpful_answers.kind is
  'article or answer; none for what the assistant said without a source.';
comment on column support.unhelpful_answers.id is 'Of the article or answer; it may be deleted meanwhile.';
comment on column support.unhelpful_answers.comments is 'The newest five comments of unhelpful ratings.';
grant select on support.unhelpful_answers to authenticated, service_role;

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

create or replace function private.mark_support_rating() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.mark_support_days(array[private.support_day(coalesce(old.created_at, new.created_at))]);
  return null;
end;
$$;
comment on function private.mark_support_rating is
  'After trigger of ratings that are changed or deleted, or inserted with a past time: marks their day.';

create trigger _300_mark_rating after insert or update or delete on support.answer_ratings
  for each row execute function private.mark_support_rating();

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
  select count(*) filter (where r.is_helpful), count(*) filter (where not r.is_helpful)
  into v.helpful_count, v.unhelpful_count
  from support.answer_ratings as r where r.created_at >= v_from and r.created_at < v_to;
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

-- Also one that was merged into another issue, to which the escalation has moved.
create or replace function private.list_escalated_issues(p_conversation_ids uuid[])
returns table (o_issue_id uuid, o_is_as_made boolean)
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  select i.id, bool_or(i.description = e.original_request)
  from support.escalations as e
  cross join lateral (
    select coalesce(
      (
        select m.source_issue_id from public.issue_merges as m
        where m.into_issue_id = e.issue_id and e.id = any (m.escalation_ids)
      ), e.issue_id
    ) as id
  ) as o
  join public.issues as i on i.id = o.id
  where e.conversation_id = any (p_conversation_ids) and e.is_issue_created
  group by i.id;
end;
$$;
comment on function private.list_escalated_issues is
  'The issues that were made from escalations of these conversations, and whether each is as it was made.';

-- What the team has made of the words is the team's; what is as the escalation made it is erased.
create or replace function private.erase_escalated_issues(p_conversation_ids uuid[])
returns table (o_erased integer, o_edited integer)
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_made constant uuid[] := array(
    select l.o_issue_id from private.list_escalated_issues(p_conversation_ids) as l where l.o_is_as_made
  );
begin
  perform private.erase_dispatches(p_conversation_ids), private.erase_promotions(v_made);
  return query
  with made as (
    select l.o_issue_id as id, l.o_is_as_made as is_as_made
    from private.list_escalated_issues(p_conversation_ids) as l
  ),
  erased as (
    update public.issues as i set title = 'Erased support request', description = ''
    from made as m where i.id = m.id and m.is_as_made
    returning i.id
  )
  select (select count(*)::integer from erased),
    (select count(*)::integer from made as m where not m.is_as_made);
  -- last, as everybody locks them, and with what was written until the issues were locked
  perform private.erase_deliveries(v_made);
end;
$$;
comment on function private.erase_escalated_issues is
  'Erases title and description of the issues that were made from escalations of these conversations and not '
  'edited since, with what was told of them and what engineering issues and tasks copied, and counts them, '
  'and the others.';

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
