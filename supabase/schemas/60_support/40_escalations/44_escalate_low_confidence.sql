-- Escalates a conversation in which the assistant does not know what to say, time and again.

create or replace function private.is_assistant_unsure(p_conversation_id uuid) returns boolean
language plpgsql stable security definer set search_path = '' as $$
declare
  v_settings support.settings;
  v_since timestamptz;
begin
  select * into v_settings from support.settings;
  select max(e.resolved_at) into v_since from support.escalations as e
  where e.conversation_id = p_conversation_id;
  return (
    select count(*) >= v_settings.unsure_answers_count
    from (
      select m.confidence, m.created_at from support.messages as m
      where m.conversation_id = p_conversation_id and m.role = 'assistant' and m.confidence is not null
      order by m.position desc
      limit v_settings.unsure_answers_count
    ) as a
    where a.confidence < v_settings.answer_confidence and a.created_at > coalesce(v_since, '-infinity')
  );
end;
$$;
comment on function private.is_assistant_unsure is
  'Whether the last unsure_answers_count answers of a conversation, since a person last resolved something '
  'in it, were all below answer_confidence.';

create or replace function private.escalate_low_confidence(p_conversation_id uuid) returns uuid
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform from support.conversations as c
  where c.id = p_conversation_id and c.status = 'active' for no key update;
  if not found or not private.is_assistant_unsure(p_conversation_id) then
    return null;
  end if;
  return (private.create_escalation(p_conversation_id, 'low_confidence', null, null)).id;
end;
$$;
comment on function private.escalate_low_confidence is
  'To be called after each answer: escalates an active conversation in which the assistant was unsure '
  'unsure_answers_count times in succession, and returns the escalation; null where it does nothing.';
