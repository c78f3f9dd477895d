-- An event is processed by its source's function, and how that ended is recorded with it.

create type private.inbox_outcome as (
  status text,
  result jsonb,
  error text
);
comment on type private.inbox_outcome is
  'How processing an event ended: columns of inbox_events. One that failed with a result was refused, and is '
  'not processed again by itself; without one, processing it ended in an error, and is repeated. received: '
  'somebody else held a lock that it needs, and nothing was done; it is repeated, and no attempt is counted.';

-- The one dispatcher: a source is a branch here and a row in inbox_sources.
create or replace function private.process_inbox_payload(p_source text, p_payload private.inbox_payload)
returns private.inbox_outcome
language plpgsql volatile security definer set search_path = '' as $$
begin
  if p_payload.error is not null then
    return row('unreadable', '{}', p_payload.error)::private.inbox_outcome;
  end if;
  case p_source
    when 'circle' then
      return private.process_circle_payload(p_payload.value);
    when 'github' then
      return private.process_github_payload(p_payload.value);
  end case;
end;
$$;
comment on function private.process_inbox_payload is
  'Processes a parsed body of a source. It raises what the source''s function raises.';

create or replace function private.try_inbox_payload(
  p_source text, p_payload private.inbox_payload, p_is_caught boolean
) returns private.inbox_outcome
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_message text;
begin
  return private.process_inbox_payload(p_source, p_payload);
exception
  -- Not the event's fault. After a deadlock a caller can try again immediately: the other one has gone on.
  when lock_not_available or deadlock_detected then
    if sqlstate = '40P01' and not p_is_caught then
      raise;
    end if;
    get stacked diagnostics v_message = message_text;
    return row('received', null, format('%s: %s', sqlstate, v_message))::private.inbox_outcome;
  -- Too large or too complex, today and at each further attempt: with a result, it is not repeated.
  when program_limit_exceeded then
    if not p_is_caught then
      raise;
    end if;
    get stacked diagnostics v_message = message_text;
    return row('failed', '{}', left(format('%s: %s', sqlstate, v_message), 1000))::private.inbox_outcome;
  -- A mistake in our own functions too: it must not hold up the events after the one that shows it.
  when data_exception or integrity_constraint_violation or cardinality_violation or feature_not_supported
    or syntax_error_or_access_rule_violation or plpgsql_error or case_not_found
    or insufficient_resources or transaction_rollback or object_not_in_prerequisite_state
    or with_check_option_violation or internal_error
    or sqlstate 'PT401' or sqlstate 'PT403' or sqlstate 'PT404' or sqlstate 'PT409' or sqlstate 'PT422'
  then
    if not p_is_caught then
      raise;
    end if;
    get stacked diagnostics v_message = message_text;
    return row('failed', null, left(format('%s: %s', sqlstate, v_message), 1000))::private.inbox_outcome;
end;
$$;
comment on function private.try_inbox_payload is
  'Processes a parsed body of a source. Where p_is_caught, an error is an outcome, with nothing else '
  'written; otherwise only a lock is that was not available within lock_timeout.';

create or replace function private.next_inbox_attempt(
  p_source text, p_status text, p_attempts_count integer
) returns timestamptz
language plpgsql volatile security definer set search_path = '' as $$
begin
  if p_status not in ('received', 'failed') then
    return null;
  end if;
  return (
    select clock_timestamp() + private.backoff(p_attempts_count, s.retry_base, s.retry_cap)
    from private.inbox_sources as s
    where s.source = p_source and p_attempts_count < s.max_attempts
  );
end;
$$;
comment on function private.next_inbox_attempt is
  'When to process an event again after this many attempts; null when it is done or was attempted too often.';

create or replace function private.record_inbox_outcome(
  p_event private.inbox_events, p_outcome private.inbox_outcome
) returns private.inbox_events
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_event private.inbox_events;
begin
  if p_outcome.status = 'received' then
    update private.inbox_events as e set
      status = 'received', error = p_outcome.error, processed_at = null,
      next_attempt_at = clock_timestamp() + interval '30 seconds'
    where e.id = p_event.id
    returning * into v_event;
    return v_event;
  end if;
  update private.inbox_events as e set
    status = p_outcome.status, result = coalesce(p_outcome.result, e.result), error = p_outcome.error,
    attempts_count = e.attempts_count + 1, processed_at = clock_timestamp(),
    next_attempt_at = case when p_outcome.result is null
      then private.next_inbox_attempt(e.source, p_outcome.status, e.attempts_count + 1) end
  where e.id = p_event.id
  returning * into v_event;
  return v_event;
end;
$$;
comment on function private.record_inbox_outcome is
  'Records how an attempt to process a stored event ended and returns the row.';

create or replace function private.process_inbox_event(p_source text, p_event_id uuid, p_is_caught boolean)
returns private.inbox_events
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_event private.inbox_events;
  v_payload private.inbox_payload;
  v_outcome private.inbox_outcome;
begin
  select * into v_event from private.inbox_events as e
  where e.id = p_event_id and e.source = p_source
  for update;
  if not found then
    raise exception using
      errcode = 'PT404', message = 'inbox_event_unknown', detail = 'An event with this id does not exist.',
      hint = 'Use the id that was returned when it was received.';
  end if;
  v_payload := private.parse_inbox_body(v_event.body);
  v_outcome := private.try_inbox_payload(p_source, v_payload, p_is_caught);
  return private.record_inbox_outcome(v_event, v_outcome);
end;
$$;
comment on function private.process_inbox_event is
  'Processes a stored event, records how it ended and returns the row. Where p_is_caught, an error is '
  'recorded as the event''s, otherwise it is raised and nothing is recorded. One that needs a lock that is '
  'not available within lock_timeout is left to the scheduler. Errors: inbox_event_unknown (404).';
