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
