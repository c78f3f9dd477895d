-- An open escalation and the status of its conversation say the same: pending and notified are
-- waiting_for_human, in_progress is with_human, and without an open one it is active or closed.
--
-- Locks are taken in one order, the escalation and then its conversation; new escalations are inserted under
-- the lock of the conversation. Visitors' and the assistant's messages lock the conversation only.

create or replace function private.sync_escalated_conversation() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_conversation support.conversations;
  v_status constant text := case new.status
    when 'in_progress' then 'with_human' when 'resolved' then 'active' else 'waiting_for_human' end;
begin
  select * into v_conversation from support.conversations as c where c.id = new.conversation_id
  for no key update;
  if not found or v_status = 'active' and v_conversation.status not in ('waiting_for_human', 'with_human')
    or v_status = 'active' and (private.find_open_escalation(new.conversation_id)).id is not null
  then
    return null;
  end if;
  if v_conversation.status = 'closed' then
    update support.conversations as c set status = 'active' where c.id = new.conversation_id;
  end if;
  update support.conversations as c set
    status = v_status,
    assigned_to_user_id = case when v_status = 'with_human' then new.assigned_to_user_id end
  where c.id = new.conversation_id and (
    c.status <> v_status
    or v_status = 'with_human' and c.assigned_to_user_id is distinct from new.assigned_to_user_id
  );
  return null;
end;
$$;
comment on function private.sync_escalated_conversation is
  'After trigger of escalations: the conversation gets the status, and the person, that the escalation has.';

-- Here the conversation is locked before the escalation: instead of a deadlock, whoever comes second is told.
create or replace function private.lock_open_escalation_now(p_conversation_id uuid)
returns support.escalations
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_escalation support.escalations;
begin
  select * into v_escalation from support.escalations as e
  where e.conversation_id = p_conversation_id and e.status <> 'resolved'
  for no key update nowait;
  return v_escalation;
exception
  when lock_not_available then
    raise exception using
      errcode = 'PT409', message = 'support_conversation_status_conflict',
      detail = 'Somebody else is changing the escalation of this conversation.',
      hint = 'Read the conversation again, then repeat the change if it is still right.';
end;
$$;
comment on function private.lock_open_escalation_now is
  'Locks the open escalation of a conversation and returns it; nulls without one. Errors: '
  'support_conversation_status_conflict (409).';

create or replace function private.last_visitor_message(p_conversation_id uuid) returns text
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select m.content from support.messages as m
    where m.conversation_id = p_conversation_id and m.role = 'user'
    order by m.position desc limit 1
  );
end;
$$;
comment on function private.last_visitor_message is
  'What the visitor of a conversation wrote last; null before the first message.';

create or replace function private.sync_conversation_escalation() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_open constant support.escalations := private.lock_open_escalation_now(new.id);
begin
  if v_open.id is null and new.status in ('waiting_for_human', 'with_human') then
    insert into support.escalations (
      conversation_id, issue_type, original_request, status, assigned_to_user_id, reason
    )
    values (
      new.id, 'general', coalesce(private.last_visitor_message(new.id), ''),
      case new.status when 'with_human' then 'in_progress' else 'pending' end, new.assigned_to_user_id,
      case when private.is_trusted_caller() then 'insert' else 'agent' end
    );
  elsif new.status in ('active', 'closed') then
    update support.escalations as e set status = 'resolved' where e.id = v_open.id;
  elsif new.status = 'waiting_for_human' and v_open.status = 'in_progress' then
    update support.escalations as e set status = 'pending' where e.id = v_open.id;
  elsif new.status = 'with_human' and (
    v_open.status <> 'in_progress' or v_open.assigned_to_user_id is distinct from new.assigned_to_user_id
  ) then
    perform private.require_escalation_holder(v_open);
    update support.escalations as e set
      status = 'in_progress', assigned_to_user_id = new.assigned_to_user_id
    where e.id = v_open.id;
  end if;
  return null;
end;
$$;
comment on function private.sync_conversation_escalation is
  'After trigger of conversations whose status or person was set: the escalation gets the same, and is made '
  'where a person is needed and there is none. Errors: support_conversation_status_conflict, '
  'support_escalation_conflict (409).';

create trigger _200_sync_escalated_conversation after insert on support.escalations
  for each row when (new.conversation_id is not null and new.status <> 'resolved')
  execute function private.sync_escalated_conversation();
create trigger _210_sync_escalated_conversation after update on support.escalations
  for each row when (
    new.conversation_id is not null and (old.status, old.assigned_to_user_id)
      is distinct from (new.status, new.assigned_to_user_id)
  )
  execute function private.sync_escalated_conversation();
create trigger _200_sync_conversation_escalation after insert on support.conversations
  for each row when (new.status in ('waiting_for_human', 'with_human'))
  execute function private.sync_conversation_escalation();
create trigger _210_sync_conversation_escalation after update on support.conversations
  for each row when (
    (old.status, old.assigned_to_user_id) is distinct from (new.status, new.assigned_to_user_id)
  )
  execute function private.sync_conversation_escalation();
