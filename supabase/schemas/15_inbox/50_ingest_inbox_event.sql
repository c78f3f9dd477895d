-- How an event gets in. When all goes well, one transaction stores and processes it; a caller who gets an
-- error from that stores it alone.

create or replace function private.count_inbox_event(p_source text, p_digest bytea, p_delivery_id text)
returns private.inbox_events
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_event private.inbox_events;
begin
  if p_delivery_id is not null then
    update private.inbox_events as e set
      received_count = e.received_count + 1, last_received_at = clock_timestamp()
    where e.source = p_source and e.delivery_id = p_delivery_id
    returning * into v_event;
    if found then
      return v_event;
    end if;
  end if;
  update private.inbox_events as e set
    received_count = e.received_count + 1, last_received_at = clock_timestamp()
  where e.source = p_source and e.digest = p_digest
  returning * into v_event;
  return v_event;
end;
$$;
comment on function private.count_inbox_event is
  'Counts that an event has arrived again and returns its row, locked; null where it is new.';

create or replace function private.receive_inbox_event(
  p_source text, p_body bytea, p_delivery_id text, p_event_type text
) returns private.inbox_events
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_event private.inbox_events := private.count_inbox_event(p_source, sha256(p_body), p_delivery_id);
begin
  if v_event.id is not null then
    return v_event;
  end if;
  -- Whoever stores it is about to process it; if that does not happen, the scheduler does.
  insert into private.inbox_events as e (source, delivery_id, event_type, body, next_attempt_at)
  values (p_source, p_delivery_id, p_event_type, p_body, clock_timestamp() + interval '30 seconds')
  on conflict on constraint inbox_events_source_digest_key do update set
    received_count = e.received_count + 1, last_received_at = clock_timestamp()
  returning * into v_event;
  return v_event;
end;
$$;
comment on function private.receive_inbox_event is
  'Only stores an event, for the scheduler to process, and returns its row: the existing one where '
  'it arrived before.';

-- One insert for an event that is new, with its outcome. An event that was processed before is not processed
-- again.
create or replace function private.ingest_inbox_event(
  p_source text, p_body bytea, p_payload private.inbox_payload, p_delivery_id text, p_event_type text,
  p_is_caught boolean
) returns private.inbox_events
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_event private.inbox_events := private.count_inbox_event(p_source, sha256(p_body), p_delivery_id);
  v_payload private.inbox_payload := p_payload;
  v_outcome private.inbox_outcome;
begin
  if v_event.status in ('received', 'failed') then
    return private.process_inbox_event(p_source, v_event.id, p_is_caught);
  elsif v_event.id is not null then
    return v_event;
  end if;
  if v_payload is null then
    v_payload := private.parse_inbox_body(p_body);
  end if;
  if p_is_caught then
    v_outcome := private.try_inbox_payload(p_source, v_payload);
  else
    v_outcome := private.process_inbox_payload(p_source, v_payload);
  end if;
  insert into private.inbox_events as e (
    source, delivery_id, event_type, body, status, result, error, attempts_count, processed_at,
    next_attempt_at
  )
  values (
    p_source, p_delivery_id, p_event_type, p_body, v_outcome.status, v_outcome.result, v_outcome.error, 1,
    clock_timestamp(), private.next_inbox_attempt(p_source, v_outcome.status, 1)
  )
  on conflict on constraint inbox_events_source_digest_key do update set
    received_count = e.received_count + 1, last_received_at = clock_timestamp()
  returning * into v_event;
  return v_event;
end;
$$;
comment on function private.ingest_inbox_event is
  'Stores an event and processes it, and returns its row. p_payload is its body where the caller has parsed '
  'it, else null. Where p_is_caught, an error is recorded as the event''s, otherwise it is raised and '
  'nothing is stored.';
