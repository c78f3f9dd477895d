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
