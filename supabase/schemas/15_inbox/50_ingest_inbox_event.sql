-- How an event gets in. When all goes well, one transaction stores and processes it; a caller who gets an
-- error from that stores it alone.

create or replace function private.find_inbox_event(p_source text, p_digest bytea, p_delivery_id text)
returns private.inbox_events
language plpgsql stable security definer set search_path = '' as $$
declare
  v_event private.inbox_events;
begin
  if p_delivery_id is not null then
    select * into v_event from private.inbox_events as e
    where e.source = p_source and e.delivery_id = p_delivery_id;
    if found then
      return v_event;
    end if;
  end if;
  select * into v_event from private.inbox_events as e where e.source = p_source and e.digest = p_digest;
  return v_event;
end;
$$;
comment on function private.find_inbox_event is
  'Returns the row of a known event, which has this delivery id or else these bytes; null where it is new.';

create or replace function private.record_inbox_arrival(
  p_source text, p_digest bytea, p_delivery_id text, out o_event private.inbox_events, out o_is_locked boolean
)
language plpgsql volatile security definer set search_path = '' as $$
begin
  o_event := private.find_inbox_event(p_source, p_digest, p_delivery_id);
  if o_event.id is null then
    o_is_locked := false;
    return;
  end if;
  begin
    update private.inbox_events as e set
      received_count = e.received_count + 1, last_received_at = clock_timestamp()
    where e.id = o_event.id
    returning * into o_event;
    o_is_locked := true;
  exception when lock_not_available then
    o_is_locked := false;
  end;
end;
$$;
comment on function private.record_inbox_arrival is
  'Records that a known event has arrived again and returns its row, locked; null where it is new. A row '
  'that somebody else holds for longer than lock_timeout is returned as it is, neither counted nor locked.';

create or replace function private.receive_inbox_event(
  p_source text, p_body bytea, p_delivery_id text, p_event_type text
) returns private.inbox_events
language plpgsql volatile security definer set search_path = '' set lock_timeout = '1500ms' as $$
declare
  v_digest constant bytea := sha256(p_body);
  -- Whoever stores it is about to process it; if that does not happen, the scheduler does.
  v_next_attempt_at constant timestamptz := clock_timestamp() + interval '30 seconds';
  v_arrival record := private.record_inbox_arrival(p_source, v_digest, p_delivery_id);
  v_event private.inbox_events := v_arrival.o_event;
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
    v_arrival := private.record_inbox_arrival(p_source, v_digest, p_delivery_id);
    v_event := v_arrival.o_event;
  end if;
  -- One that was attempted too often has one more attempt.
  if v_arrival.o_is_locked and v_event.status in ('received', 'failed')
    and v_event.next_attempt_at is null then
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

-- One insert for an event that is new, with its outcome. One that is done is not processed again. A lock is
-- given up before the caller gives up the call: the event is stored then, and the scheduler processes it.
create or replace function private.ingest_inbox_event(
  p_source text, p_body bytea, p_payload private.inbox_payload, p_delivery_id text, p_event_type text,
  p_is_caught boolean
) returns private.inbox_events
language plpgsql volatile security definer set search_path = '' set lock_timeout = '1500ms' as $$
declare
  v_digest constant bytea := sha256(p_body);
  v_arrival record := private.record_inbox_arrival(p_source, v_digest, p_delivery_id);
  v_event private.inbox_events := v_arrival.o_event;
  v_payload private.inbox_payload := p_payload;
  v_outcome private.inbox_outcome;
  v_is_attempt boolean;
begin
  if v_event.id is null then
    if v_payload is null then
      v_payload := private.parse_inbox_body(p_body);
    end if;
    v_outcome := private.try_inbox_payload(p_source, v_payload, p_is_caught);
    v_is_attempt := v_outcome.status <> 'received';
    insert into private.inbox_events as e (
      source, delivery_id, event_type, body, status, result, error, attempts_count, processed_at,
      next_attempt_at
    )
    values (
      p_source, p_delivery_id, p_event_type, p_body, v_outcome.status, v_outcome.result, v_outcome.error,
      v_is_attempt::integer, case when v_is_attempt then clock_timestamp() end,
      case
        when not v_is_attempt then clock_timestamp() + interval '30 seconds'
        when v_outcome.result is null then private.next_inbox_attempt(p_source, v_outcome.status, 1)
      end
    )
    on conflict do nothing
    returning * into v_event;
    if found then
      return v_event;
    end if;
    -- Another transaction stored the same bytes, whose outcome this is, or others with the same delivery id.
    v_arrival := private.record_inbox_arrival(p_source, v_digest, p_delivery_id);
    v_event := v_arrival.o_event;
    if v_arrival.o_is_locked and v_event.digest = v_digest
      and v_event.status in ('received', 'failed', 'unreadable') then
      return private.record_inbox_outcome(v_event, v_outcome);
    end if;
  end if;
  if v_arrival.o_is_locked and v_event.status in ('received', 'failed', 'unreadable') then
    return private.process_inbox_event(p_source, v_event.id, p_is_caught);
  end if;
  return v_event;
end;
$$;
comment on function private.ingest_inbox_event is
  'Stores an event and processes it, and returns its row. A known one is processed again where it failed or '
  'could not be read. p_payload is the body where the caller has parsed it, else null. Where p_is_caught, an '
  'error is recorded as the event''s, otherwise it is raised and nothing is stored. Where a lock is not '
  'available within 1.5 s, the event is stored, as received, for the scheduler.';
