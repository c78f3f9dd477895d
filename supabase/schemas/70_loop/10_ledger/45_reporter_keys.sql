-- Who reported: one key per person, by which affected reporters are counted.

-- A digest, so that the ledger has no addresses. The member of a chat and the user of a post have different
-- ids: somebody who wrote in both counts twice.
create or replace function private.reporter_key(
  p_raw jsonb, p_email text, p_name text, p_reference text
) returns uuid
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_person constant jsonb := private.person_of_record(p_raw);
begin
  return md5(coalesce(
    'member ' || (v_person ->> 'member'), 'user ' || (v_person ->> 'user'),
    'email ' || lower(coalesce(private.non_blank(p_email), v_person ->> 'email')),
    'name ' || private.normal_name(nullif(p_name, 'Unknown')), 'reference ' || p_reference
  ))::uuid;
end;
$$;
comment on function private.reporter_key is
  'The key of who wrote a message: by the id as a member of the community, else as its user, the e-mail '
  'address, the name. Of a message that has none of them it is a key of its own.';

create or replace function private.visitor_key(p_escalation_id uuid, p_conversation_id uuid) returns uuid
language plpgsql stable security definer set search_path = '' as $$
begin
  return md5(coalesce(
    (
      select 'visitor ' || coalesce(c.user_id::text, c.session_id)
      from support.conversations as c where c.id = p_conversation_id
    ),
    'reference ' || p_escalation_id
  ))::uuid;
end;
$$;
comment on function private.visitor_key is
  'The key of the visitor of an escalation: by the user or session of its conversation.';
