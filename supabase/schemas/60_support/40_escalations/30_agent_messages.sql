-- What a person's message does: who writes it has taken the conversation over.

create or replace function private.lock_taken_escalation() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_escalation support.escalations;
begin
  -- before the conversation, which the next trigger locks
  select * into v_escalation from support.escalations as e
  where e.conversation_id = new.conversation_id and e.status <> 'resolved'
  for no key update;
  if v_escalation.status = 'in_progress' then
    perform private.require_escalation_holder(v_escalation);
    if v_escalation.assigned_to_user_id is not null
      and not private.is_support_agent(v_escalation.assigned_to_user_id)
    then
      update support.escalations as e set status = 'pending' where e.id = v_escalation.id;
    end if;
  end if;
  return new;
end;
$$;
comment on function private.lock_taken_escalation is
  'Before-insert trigger of a person''s message: refuses it where somebody else has taken the conversation '
  'over. Errors: support_escalation_conflict (409).';

create or replace function private.note_first_answer() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  update support.escalations as e set first_answered_at = new.created_at
  where e.conversation_id = new.conversation_id and e.status = 'in_progress' and e.first_answered_at is null;
  return null;
end;
$$;
comment on function private.note_first_answer is
  'After-insert trigger of a person''s message: when the escalation was answered first.';

create trigger _150_lock_taken_escalation before insert on support.messages
  for each row when (new.role = 'agent') execute function private.lock_taken_escalation();
create trigger _210_note_first_answer after insert on support.messages
  for each row when (new.role = 'agent') execute function private.note_first_answer();
