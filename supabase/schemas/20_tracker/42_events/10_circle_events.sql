-- Raw events from Circle: one call stores the bytes and commits, a second one works on them and can be
-- repeated.

create or replace function private.decode_circle_event(p_body text) returns bytea
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_body bytea;
begin
  begin
    v_body := decode(p_body, 'base64');
  exception
    when invalid_parameter_value then
      v_body := null;
  end;
  if v_body is null then
    raise exception using
      errcode = 'PT422', message = 'inbox_body_invalid', detail = 'p_body has to be base64.',
      hint = 'Encode the request body as it came, byte for byte.';
  end if;
  if octet_length(v_body) > 1048576 then
    raise exception using
      errcode = 'PT413', message = 'inbox_body_too_large',
      detail = format('The body has %s bytes, 1048576 are allowed.', octet_length(v_body)),
      hint = 'Send fewer messages at a time.';
  end if;
  return v_body;
end;
$$;
comment on function private.decode_circle_event is
  'A body from base64. Errors: inbox_body_too_large (413), inbox_body_invalid (422).';

create or replace function private.receive_circle_event(p_body text) returns uuid
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_id uuid;
begin
  -- Whoever stores it is about to work on it; if nothing comes of that, the scheduler does.
  insert into private.circle_events as e (body, next_attempt_at)
  values (private.decode_circle_event(p_body), clock_timestamp() + interval '30 seconds')
  on conflict on constraint circle_events_digest_key do update set
    received_count = e.received_count + 1, last_received_at = clock_timestamp()
  returning e.id into v_id;
  return v_id;
end;
$$;
grant execute on function private.receive_circle_event to service_role;

create or replace function public.receive_circle_event(p_body text) returns uuid
language sql volatile security invoker set search_path = ''
begin atomic
  select private.receive_circle_event(p_body => receive_circle_event.p_body);
end;
comment on function public.receive_circle_event is
  'Stores a raw request body, given as base64, and returns the event''s id; the same bytes again are the '
  'same event. Service role only. Errors: inbox_body_too_large (413), inbox_body_invalid (422).';
grant execute on function public.receive_circle_event to service_role;

-- jsonb holds no NUL and no half of a surrogate pair. An escape only counts where its backslash is not
-- escaped itself, so escaped backslashes, and then whole pairs, step aside while the rest is replaced. The
-- control characters that stand in for them can't occur in JSON.
create or replace function private.repair_json_escapes(p_text text) returns text
language plpgsql immutable security invoker set search_path = '' as $$
begin
  if strpos(p_text, '\u') = 0 or p_text !~* '\\u(0000|d[89a-f])' or p_text ~ '[\u0001\u0002]' then
    return p_text;
  end if;
  return replace(replace(
    regexp_replace(
      regexp_replace(
        replace(p_text, '\\', chr(1)),
        '\\u([dD][89abAB][[:xdigit:]]{2})\\u([dD][c-fC-F][[:xdigit:]]{2})',
        chr(2) || '\1' || chr(2) || '\2', 'g'
      ),
      '\\u(0000|[dD][89a-fA-F][[:xdigit:]]{2})', '\\ufffd', 'g'
    ),
    chr(2), '\u'
  ), chr(1), '\\');
end;
$$;
comment on function private.repair_json_escapes is
  'JSON text with \u0000 and lone surrogates replaced by \ufffd; all else as it was.';

create or replace function private.load_circle_event(p_body bytea, out o_payload jsonb, out o_error text)
language plpgsql stable security invoker set search_path = '' as $$
begin
  -- A byte order mark is no JSON, but senders write it.
  o_payload := private.repair_json_escapes(
    convert_from(
      case when substr(p_body, 1, 3) = '\xefbbbf'::bytea then substr(p_body, 4) else p_body end, 'UTF8'
    )
  )::jsonb;
exception
  when character_not_in_repertoire then
    o_error := 'inbox_encoding_invalid';
  when data_exception then
    o_error := 'inbox_json_invalid';
  when program_limit_exceeded or statement_too_complex then
    o_error := 'inbox_json_unsupported';
end;
$$;
comment on function private.load_circle_event is
  'The JSON in a raw body, or why there is none that can be stored: '
  'inbox_encoding_invalid, inbox_json_invalid, inbox_json_unsupported.';

create type private.circle_outcome as (
  status text,
  result jsonb,
  error text
);
comment on type private.circle_outcome is 'What working on an event came to: columns of circle_events.';

create or replace function private.process_circle_body(p_body bytea) returns private.circle_outcome
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_read record;
  v private.circle_outcome;
begin
  v_read := private.load_circle_event(p_body);
  if v_read.o_error is not null then
    v.status := 'unreadable';
    v.error := v_read.o_error;
    v.result := jsonb_build_object(
      'processed', 0, 'imported', '[]'::jsonb, 'errors', '[]'::jsonb, 'hints', 0, 'unrecognised', 0
    );
    return v;
  end if;
  v.result := private.handle_circle_webhook(v_read.o_payload);
  v.error := v.result #>> '{errors,0,code}';
  v.status := case
    when v.error is not null then 'failed'
    when v.result #> '{imported,0}' is not null then 'processed'
    when (v.result ->> 'hints')::integer > 0 then 'hint'
    when (v.result ->> 'unrecognised')::integer > 0 then 'unrecognised'
    else 'processed'
  end;
  return v;
end;
$$;
comment on function private.process_circle_body is 'Imports what is in a raw body.';

-- One message that is refused holds up no other, and is tried again: what refuses it may be mended by then.
create or replace function private.next_circle_attempt(p_status text, p_attempts integer) returns timestamptz
language plpgsql volatile security invoker set search_path = '' as $$
begin
  if p_status not in ('received', 'failed') or p_attempts >= 10 then
    return null;
  end if;
  -- 1, 2, 4 … minutes up to 6 hours, and up to a fifth more, so that not all come back at once.
  return clock_timestamp()
    + least(interval '1 minute' * 2 ^ greatest(p_attempts - 1, 0), interval '6 hours') * (1 + random() / 5);
end;
$$;
comment on function private.next_circle_attempt is
  'When to work on an event again after so many attempts; null when it is done or ten attempts failed.';

create or replace function private.process_circle_event(p_event_id uuid) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_event private.circle_events;
  v_outcome private.circle_outcome;
begin
  select * into v_event from private.circle_events as e where e.id = p_event_id for update;
  if not found then
    raise exception using
      errcode = 'PT404', message = 'inbox_event_unknown', detail = 'There is no event with this id.',
      hint = 'Use the id that receive_circle_event returned.';
  end if;
  v_outcome := private.process_circle_body(v_event.body);
  update private.circle_events as e set
    status = v_outcome.status, result = v_outcome.result, error = v_outcome.error, attempts = e.attempts + 1,
    processed_at = clock_timestamp(),
    next_attempt_at = private.next_circle_attempt(v_outcome.status, e.attempts + 1)
  where e.id = p_event_id;
  return jsonb_build_object('event_id', p_event_id, 'status', v_outcome.status) || v_outcome.result;
end;
$$;
grant execute on function private.process_circle_event to service_role;

create or replace function public.process_circle_event(p_event_id uuid) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.process_circle_event(p_event_id => process_circle_event.p_event_id);
end;
comment on function public.process_circle_event is
  'Works on a stored event and records how it went; again with the same result. Returns {event_id, status, '
  'processed, imported[], errors[], hints, unrecognised}; status is processed, failed, hint, unrecognised '
  'or unreadable. Service role only. Errors: inbox_event_unknown (404).';
grant execute on function public.process_circle_event to service_role;

-- The two in one transaction, for the time when all goes well: a caller who gets an error from this stores
-- the body with receive_circle_event, and nothing is lost. An event that was worked on before is not again.
create or replace function private.ingest_circle_event(p_body text) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_body constant bytea := private.decode_circle_event(p_body);
  v_event private.circle_events;
  v_outcome private.circle_outcome;
begin
  update private.circle_events as e set
    received_count = e.received_count + 1, last_received_at = clock_timestamp()
  where e.digest = sha256(v_body)
  returning * into v_event;
  if found then
    if v_event.status in ('received', 'failed') then
      return private.process_circle_event(v_event.id);
    end if;
    return jsonb_build_object('event_id', v_event.id, 'status', v_event.status) || v_event.result;
  end if;
  v_outcome := private.process_circle_body(v_body);
  insert into private.circle_events as e (
    body, status, result, error, attempts, processed_at, next_attempt_at
  )
  values (
    v_body, v_outcome.status, v_outcome.result, v_outcome.error, 1, clock_timestamp(),
    private.next_circle_attempt(v_outcome.status, 1)
  )
  on conflict on constraint circle_events_digest_key do update set
    received_count = e.received_count + 1, last_received_at = clock_timestamp()
  returning * into v_event;
  return jsonb_build_object('event_id', v_event.id, 'status', v_outcome.status) || v_outcome.result;
end;
$$;
grant execute on function private.ingest_circle_event to service_role;

create or replace function public.ingest_circle_event(p_body text) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.ingest_circle_event(p_body => ingest_circle_event.p_body);
end;
comment on function public.ingest_circle_event is
  'Stores a raw request body, given as base64, and works on it, in one transaction; the same bytes again '
  'are the same event and change nothing. Returns what process_circle_event does. After an error nothing is '
  'stored: call receive_circle_event. Service role only. Errors: inbox_body_too_large '
  '(413), inbox_body_invalid (422).';
grant execute on function public.ingest_circle_event to service_role;
