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
