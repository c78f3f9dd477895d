-- Who may say what, the order of messages, and what a message does to its conversation.

-- A person who has taken over is the only one who answers: the assistant's message is checked in the
-- transaction that inserts it, under the lock of the conversation's row.
create or replace function private.set_new_message() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_status text;
begin
  select c.status::text into v_status from support.conversations as c
  where c.id = new.conversation_id for no key update;
  if not found then
    -- the foreign key refuses it
    return new;
  end if;
  if new.role = 'assistant' and v_status = 'with_human' then
    raise exception using
      errcode = 'PT409', message = 'support_speaker_conflict',
      detail = 'A person has taken over this conversation; the assistant is silent.',
      hint = 'Leave the answer out.';
  end if;
  new.position := nextval('support.messages_position_seq');
  return new;
end;
$$;
comment on function private.set_new_message is
  'Before-insert trigger: locks the conversation, and takes the position. Errors: '
  'support_speaker_conflict (409).';

create or replace function private.check_message_author() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  if new.role = 'user' then
    if not exists (
      select from support.conversations as c
      where c.id = new.conversation_id and c.user_id = private.visitor_id()
    ) then
      raise exception using
        errcode = 'PT403', message = 'support_message_role_forbidden',
        detail = 'Only the visitor whose conversation it is writes as user.',
        hint = 'Write as agent, with the team role agent.';
    end if;
    new.author_user_id := null;
    new.created_at := now();
    return new;
  end if;
  if new.role not in ('agent', 'system') or not private.has_team_role('agent') then
    raise exception using
      errcode = 'PT403', message = 'support_message_role_forbidden',
      detail = 'A visitor writes as user, an agent of the team as agent or system.',
      hint = 'Use the role user.';
  end if;
  new.author_user_id := auth.uid();
  return new;
end;
$$;
comment on function private.check_message_author is
  'Before-insert trigger of what a client writes: the role of its author. Errors: '
  'support_message_role_forbidden (403).';

-- The conversation's row is locked since set_new_message.
create or replace function private.update_conversation() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  update support.conversations as c set
    last_message_at = greatest(c.last_message_at, new.created_at),
    status = case
      when new.role = 'user' and c.status = 'closed' then 'active'
      when new.role = 'agent' then 'with_human'
      else c.status end,
    assigned_to_user_id = case
      when new.role = 'agent' then coalesce(c.assigned_to_user_id, new.author_user_id)
      else c.assigned_to_user_id end
  where c.id = new.conversation_id;
  return null;
end;
$$;
comment on function private.update_conversation is
  'After-insert trigger of messages: a visitor''s message opens a closed conversation, and a person''s takes '
  'the conversation over.';

-- Servers change texts; what makes a message one of its conversation stays.
create or replace function private.set_message_position() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
begin
  new.position := old.position;
  return new;
end;
$$;
comment on function private.set_message_position is 'Before-update trigger: the position stays.';

create trigger _050_reject_key_change before update on support.messages
  for each row when (
    old.id is distinct from new.id or old.conversation_id is distinct from new.conversation_id
  )
  execute function private.reject_key_change();
create trigger _100_check_message_author before insert on support.messages
  for each row when (current_user = 'authenticated') execute function private.check_message_author();
create trigger _200_set_new_message before insert on support.messages
  for each row execute function private.set_new_message();
create trigger _210_set_message_position before update on support.messages
  for each row when (old.position is distinct from new.position)
  execute function private.set_message_position();
create trigger _900_set_created_at before insert or update on support.messages
  for each row execute function private.set_created_at();
create trigger _200_update_conversation after insert on support.messages
  for each row execute function private.update_conversation();
