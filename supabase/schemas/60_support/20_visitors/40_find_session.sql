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
