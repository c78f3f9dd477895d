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
