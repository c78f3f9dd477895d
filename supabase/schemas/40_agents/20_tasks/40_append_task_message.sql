-- Adds a message to a task's conversation, however many do so at once.

-- Whoever calls this has asked before whether the caller may.
create or replace function private.append_task_message(
  task_id bigint, role text, content text, idempotency_key text
) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_messages jsonb;
  v_message jsonb;
  v_timestamp numeric;
begin
  if coalesce(append_task_message.role not in ('user', 'assistant', 'system'), true)
    or private.non_blank(content) is null or octet_length(content) > 1048576
    or char_length(idempotency_key) not between 1 and 200
  then
    raise exception using
      errcode = 'PT422', message = 'agents_task_message_invalid',
      detail = 'This is no message that can be stored.',
      hint = 'Use the role user, assistant or system, a content of up to 1 MB that is not blank, and a key '
        'of 1 to 200 characters or none.';
  end if;
  -- The time is taken with the lock held: messages stand in the order in which they came to be.
  select t.chat_messages into v_messages from public.tasks as t
  where t.id = append_task_message.task_id
  for no key update;
  if not found then
    raise exception using
      errcode = 'PT404', message = 'agents_task_unknown', detail = 'There is no such task.',
      hint = 'Use the id of a task.';
  end if;
  if idempotency_key is not null then
    select m.value into v_message from jsonb_array_elements(v_messages) as m (value)
    where m.value ->> 'idempotency_key' = append_task_message.idempotency_key
    limit 1;
    if found then
      return v_message;
    end if;
  end if;
  v_timestamp := round(extract(epoch from clock_timestamp()), 6);
  if jsonb_typeof(v_messages -> -1 -> 'timestamp') = 'number' then
    v_timestamp := greatest(v_timestamp, (v_messages -> -1 ->> 'timestamp')::numeric);
  end if;
  v_message := jsonb_strip_nulls(jsonb_build_object(
    'role', append_task_message.role, 'content', content, 'timestamp', v_timestamp,
    'idempotency_key', idempotency_key
  ));
  update public.tasks as t set chat_messages = v_messages || jsonb_build_array(v_message)
  where t.id = append_task_message.task_id;
  return v_message;
end;
$$;
comment on function private.append_task_message is
  'Appends a message to any task. Errors: agents_task_unknown (404), agents_task_message_invalid (422).';

create or replace function private.append_own_task_message(
  task_id bigint, role text, content text, idempotency_key text
) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
begin
  if not private.is_trusted_caller() and not exists (
    select from public.tasks as t
    where t.id = append_own_task_message.task_id and t.user_id = auth.uid()
  ) then
    raise exception using
      errcode = 'PT404', message = 'agents_task_unknown', detail = 'There is no such task of yours.',
      hint = 'Use the id of one of your tasks.';
  end if;
  return private.append_task_message(task_id, role, content, idempotency_key);
end;
$$;
comment on function private.append_own_task_message is
  'Body of public.append_task_message. Errors: agents_task_unknown (404).';
grant execute on function private.append_own_task_message
  to authenticated, service_role;

create or replace function public.append_task_message(
  task_id bigint, role text, content text, idempotency_key text default null
) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.append_own_task_message(
    task_id => append_task_message.task_id, role => append_task_message.role,
    content => append_task_message.content, idempotency_key => append_task_message.idempotency_key
  );
end;
comment on function public.append_task_message is
  'Appends {role, content, timestamp} to the task''s chat_messages and returns it; the timestamp is the '
  'database''s, in epoch seconds, and never smaller than the last message''s. With an idempotency_key that '
  'the conversation has already, it appends nothing and returns the message of that key. The task''s user '
  'and servers. Errors: agents_task_unknown (404), agents_task_result_too_large '
  '(413), agents_task_message_invalid (422).';
grant execute on function public.append_task_message
  to authenticated, service_role;
