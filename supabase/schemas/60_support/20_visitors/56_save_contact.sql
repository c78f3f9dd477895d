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
