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
