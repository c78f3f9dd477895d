-- How an event gets in. When all goes well, one transaction stores and processes it; a caller who gets an
-- error from that stores it alone.

create or replace function private.record_inbox_arrival(p_source text, p_digest bytea, p_delivery_id text)
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
comment on function private.record_inbox_arrival is
  'Records that a known event has arrived again and returns its row, locked; null where it is new.';

create or replace function private.receive_inbox_event(
  p_source text, p_body bytea, p_delivery_id text, p_event_type text
) returns private.inbox_events
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_digest constant bytea := sha256(p_body);
  -- Whoever stores it is about to process it; if that does not happen, the scheduler does.
  v_next_attempt_at constant timestamptz := clock_timestamp() + interval '30 seconds';
  v_event private.inbox_events := private.record_inbox_arrival(p_source, v_digest, p_delivery_id);
begin
  if v_event.id is null then
    insert into private.inbox_events as e (source, delivery_id, event_type, body, next_attempt_at)
    values (p_source, p_delivery_id, p_event_type, p_body, v_next_attempt_at)
    on conflict do nothing
    returning * into v_event;
    if found then
      return v_event;
    end if;
    -- Another transaction stored the same bytes or the same delivery id.
    v_event := private.record_inbox_arrival(p_source, v_digest, p_delivery_id);
  end if;
  -- One that was attempted too often has one more attempt.
  if v_event.status in ('received', 'failed') and v_event.next_attempt_at is null then
    update private.inbox_events as e set next_attempt_at = v_next_attempt_at
    where e.id = v_event.id
    returning * into v_event;
  end if;
  return v_event;
end;
$$;
comment on function private.receive_inbox_event is
  'Only stores an event, for the scheduler to process, and returns its row: the existing one where '
  'it arrived before.';

-- One insert for an event that is new, with its outcome. One that is done is not processed again.
create or replace function private.ingest_inbox_event(
  p_source text, p_body bytea, p_payload private.inbox_payload, p_delivery_id text, p_event_type text,
  p_is_caught boolean
) returns private.inbox_events
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_digest constant bytea := sha256(p_body);
  v_event private.inbox_events := private.record_inbox_arrival(p_source, v_digest, p_delivery_id);
  v_payload private.inbox_payload := p_payload;
  v_outcome private.inbox_outcome;
begin
  if v_event.id is null then
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
    on conflict do nothing
    returning * into v_event;
    if found then
      return v_event;
    end if;
    -- Another transaction stored the same bytes, whose outcome this is, or others with the same delivery id.
    v_event := private.record_inbox_arrival(p_source, v_digest, p_delivery_id);
    if v_event.digest = v_digest and v_event.status in ('received', 'failed', 'unreadable') then
      return private.record_inbox_outcome(v_event, v_outcome);
    end if;
  end if;
  if v_event.status in ('received', 'failed', 'unreadable') then
    return private.process_inbox_event(p_source, v_event.id, p_is_caught);
  end if;
  return v_event;
end;
$$;
comment on function private.ingest_inbox_event is
  'Stores an event and processes it, and returns its row. A known one is processed again where it failed or '
  'could not be read. p_payload is the body where the caller has parsed it, else null. Where p_is_caught, an '
  'error is recorded as the event''s, otherwise it is raised and nothing is stored.';
