-- Appends a message to a task's conversation, however many writers do so concurrently.

-- The caller has checked whether this is allowed.
create or replace function private.append_task_message(
  p_task_id bigint, p_role text, p_content text, p_idempotency_key text
) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_messages jsonb;
  v_message jsonb;
  v_timestamp numeric;
begin
  if coalesce(p_role not in ('user', 'assistant', 'system'), true)
    or private.non_blank(p_content) is null or octet_length(p_content) > 1048576
    or char_length(p_idempotency_key) not between 1 and 200
  then
    raise exception using
      errcode = 'PT422', message = 'agents_task_message_invalid',
      detail = 'The message can''t be stored.',
      hint = 'Use the role user, assistant or system, a content of up to 1 MB that is not blank, and a key '
        'of 1 to 200 characters or none.';
  end if;
  -- The time is taken with the lock held, so that the messages stand in the order of their timestamps.
  select t.chat_messages into v_messages from public.tasks as t where t.id = p_task_id for no key update;
  if not found then
    raise exception using
      errcode = 'PT404', message = 'agents_task_unknown', detail = 'The task does not exist.',
      hint = 'Use the id of a task.';
  end if;
  if p_idempotency_key is not null then
    select m.value into v_message from jsonb_array_elements(v_messages) as m (value)
    where m.value ->> 'idempotency_key' = p_idempotency_key
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
    'role', p_role, 'content', p_content, 'timestamp', v_timestamp, 'idempotency_key', p_idempotency_key
  ));
  update public.tasks as t set chat_messages = v_messages || jsonb_build_array(v_message)
  where t.id = p_task_id;
  return v_message;
end;
$$;
comment on function private.append_task_message is
  'Appends a message to any task. Errors: agents_task_unknown (404), agents_task_message_invalid (422).';

create or replace function private.append_own_task_message(
  p_task_id bigint, p_role text, p_content text, p_idempotency_key text
) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_is_trusted constant boolean := private.is_trusted_caller();
  v_message jsonb;
begin
  if not v_is_trusted and not exists (
    select from public.tasks as t
    where t.id = p_task_id and t.user_id = auth.uid() and private.is_person_account(t.user_id)
  ) then
    raise exception using
      errcode = 'PT404', message = 'agents_task_unknown',
      detail = 'The task does not exist or is not yours.', hint = 'Use the id of one of your tasks.';
  end if;
  v_message := private.append_task_message(p_task_id, p_role, p_content, p_idempotency_key);
  if not v_is_trusted then
    perform private.check_stored_bytes(auth.uid());
  end if;
  return v_message;
end;
$$;
comment on function private.append_own_task_message is
  'private.append_task_message for the task''s user and for servers. Errors: agents_task_unknown (404), '
  'agents_stored_bytes_limit_reached (409).';
grant execute on function private.append_own_task_message to authenticated, service_role;

create or replace function public.append_task_message(
  task_id bigint, role text, content text, idempotency_key text default null
) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.append_own_task_message(
    append_task_message.task_id, append_task_message.role, append_task_message.content,
    append_task_message.idempotency_key
  );
end;
comment on function public.append_task_message is
  'Appends {role, content, timestamp} to the task''s chat_messages and returns it; the timestamp is the '
  'database''s, in epoch seconds, and never smaller than the last message''s. Where a message has the same '
  'idempotency_key, it appends nothing and returns that message. For the task''s user and for servers. '
  'Errors: agents_task_unknown (404), agents_stored_bytes_limit_reached (409), '
  'agents_task_result_too_large (413), agents_task_message_invalid (422).';
grant execute on function public.append_task_message to authenticated, service_role;
