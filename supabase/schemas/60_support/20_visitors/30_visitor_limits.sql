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
