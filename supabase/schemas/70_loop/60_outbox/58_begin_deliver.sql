-- Opens a run of the edge function deliver.

-- Whoever has the conversation may be about to lock its deliveries: to wait for them could be a deadlock.
create or replace function private.postpone_support_reply(p_id bigint, p_conversation_id uuid) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  if not exists (select from support.conversations as c where c.id = p_conversation_id) then
    perform private.end_deliveries(array[p_id], 'dead', 'The conversation does not exist.');
    return;
  end if;
  update private.delivery_queue as q set
    is_leased = false, attempts_count = q.attempts_count - 1,
    next_attempt_at = clock_timestamp() + interval '5 seconds'
  where q.delivery_id = p_id;
end;
$$;
comment on function private.postpone_support_reply is
  'A claimed reply whose conversation somebody has locked is sent by the next run; one without a '
  'conversation is dead.';

-- Support is in this database: the message and the end of its delivery are one transaction, so it is sent
-- once. As system, which speaks next to the assistant and next to a person who has taken over.
create or replace function private.send_support_replies(p_limit integer default 100) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_claim record;
  v_conversation_id uuid;
  v_message_id uuid;
  v_count integer := 0;
begin
  for v_claim in
    select c.id, c.fencing_token, c.body, c.payload from private.claim_deliveries('support', p_limit, 60) as c
    order by c.payload ->> 'conversation_id', c.id
  loop
    if not private.is_reply_current(v_claim.id) then
      perform private.end_deliveries(array[v_claim.id], 'cancelled', 'The issue has changed since.');
      continue;
    end if;
    select c.id into v_conversation_id from support.conversations as c
    where c.id = (v_claim.payload ->> 'conversation_id')::uuid for no key update skip locked;
    if not found then
      perform private.postpone_support_reply(v_claim.id, (v_claim.payload ->> 'conversation_id')::uuid);
      continue;
    end if;
    insert into support.messages (conversation_id, role, content, client_key)
    values (v_conversation_id, 'system', v_claim.body, format('delivery:%s', v_claim.id))
    on conflict on constraint messages_client_key_conversation_id_key do nothing
    returning id into v_message_id;
    perform private.finish_delivery(v_claim.id, v_claim.fencing_token, v_message_id::text);
    v_count := v_count + 1;
  end loop;
  return v_count;
end;
$$;
comment on function private.send_support_replies is
  'Writes the replies that are due into their conversations, and returns how many.';

create or replace function private.begin_deliver(p_ticket text) returns integer
language plpgsql volatile security definer set search_path = '' as $$
begin
  if p_ticket is not null then
    perform private.use_function_ticket('deliver', p_ticket);
  end if;
  return private.send_support_replies();
end;
$$;
grant execute on function private.begin_deliver to service_role;

create or replace function public.begin_deliver(ticket text default null) returns integer
language sql volatile security invoker set search_path = ''
begin atomic
  select private.begin_deliver(begin_deliver.ticket);
end;
comment on function public.begin_deliver is
  'Opens a run of the edge function deliver: uses its ticket, which is valid once; without one the caller '
  'has checked who asks. Writes the replies to support that are due, and returns how many. '
  'Service role only. Errors: function_ticket_invalid (401).';
grant execute on function public.begin_deliver to service_role;
