-- An escalation that is done.

create or replace function private.resolve_escalation(p_id uuid, p_note text, p_close boolean)
returns support.escalations
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_escalation support.escalations := private.lock_escalation(p_id);
begin
  if v_escalation.status <> 'resolved' then
    update support.escalations as e set
      status = 'resolved', resolution_note = coalesce(private.non_blank(p_note), e.resolution_note)
    where e.id = p_id
    returning * into v_escalation;
  end if;
  if p_close and (private.find_open_escalation(v_escalation.conversation_id)).id is null then
    update support.conversations as c set status = 'closed'
    where c.id = v_escalation.conversation_id and c.status <> 'closed';
  end if;
  return v_escalation;
end;
$$;
grant execute on function private.resolve_escalation to authenticated, service_role;

create or replace function support.resolve_escalation(
  id uuid, note text default null, close boolean default false
) returns support.escalations
language sql volatile security invoker set search_path = ''
begin atomic
  select private.resolve_escalation(
    resolve_escalation.id, resolve_escalation.note, resolve_escalation.close
  );
end;
comment on function support.resolve_escalation is
  'Ends an escalation: the assistant answers again, or with close the conversation is closed until the '
  'visitor writes again. note is for the team. Called again it changes no note. For who has taken it, any '
  'agent where nobody has, admins and servers. Errors: sign_in_required (401), team_role_required (403), '
  'support_escalation_unknown (404), support_escalation_conflict (409).';
grant execute on function support.resolve_escalation to authenticated, service_role;
