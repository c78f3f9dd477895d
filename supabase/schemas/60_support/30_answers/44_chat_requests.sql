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
