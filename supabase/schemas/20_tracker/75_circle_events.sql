-- Raw events from Circle: one call stores the bytes and commits, a second one works on them and can be
-- repeated.

create or replace function private.receive_circle_event(p_body text) returns uuid
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_body bytea;
  v_id uuid;
begin
  begin
    v_body := decode(p_body, 'base64');
  exception
    when invalid_parameter_value then
      v_body := null;
  end;
  if v_body is null then
    raise exception using
      errcode = 'PT422', message = 'circle_event_not_base64', detail = 'p_body has to be base64.',
      hint = 'Encode the request body as it came, byte for byte.';
  end if;
  if octet_length(v_body) > 1048576 then
    raise exception using
      errcode = 'PT413', message = 'circle_event_too_large',
      detail = format('The body has %s bytes, 1048576 are allowed.', octet_length(v_body)),
      hint = 'Send fewer messages at a time.';
  end if;
  insert into private.circle_events as e (body)
  values (v_body)
  on conflict on constraint circle_events_digest_key do update set
    received_count = e.received_count + 1, last_received_at = clock_timestamp()
  returning e.id into v_id;
  return v_id;
end;
$$;
comment on function private.receive_circle_event(text) is 'Body of public.receive_circle_event.';
grant execute on function private.receive_circle_event(text) to service_role;

create or replace function public.receive_circle_event(p_body text) returns uuid
language sql volatile security invoker set search_path = ''
begin atomic
  select private.receive_circle_event(p_body => receive_circle_event.p_body);
end;
comment on function public.receive_circle_event(text) is
  'Stores a raw request body, given as base64, and returns the event''s id; the same bytes again are the '
  'same event. '
  'Service role only. Errors: circle_event_too_large (413), circle_event_not_base64 (422).';
grant execute on function public.receive_circle_event(text) to service_role;

-- jsonb holds no NUL and no half of a surrogate pair. An escape only counts where its backslash is not
-- escaped itself, so escaped backslashes, and then whole pairs, step aside while the rest is replaced. The
-- control characters that stand in for them can't occur in JSON.
create or replace function private.mend_json_escapes(p_text text) returns text
language sql immutable security invoker set search_path = '' as $$
  select case
    when mend_json_escapes.p_text ~ '[\u0001\u0002]'
      or mend_json_escapes.p_text !~* '\\u(0000|d[89a-f])' then mend_json_escapes.p_text
    else replace(replace(
      regexp_replace(
        regexp_replace(
          replace(mend_json_escapes.p_text, '\\', chr(1)),
          '\\u([dD][89abAB][[:xdigit:]]{2})\\u([dD][c-fC-F][[:xdigit:]]{2})',
          chr(2) || '\1' || chr(2) || '\2', 'g'
        ),
        '\\u(0000|[dD][89a-fA-F][[:xdigit:]]{2})', '\\ufffd', 'g'
      ),
      chr(2), '\u'
    ), chr(1), '\\')
  end
$$;
comment on function private.mend_json_escapes(text) is
  'JSON text with \u0000 and lone surrogates replaced by \ufffd; all else as it was.';

create or replace function private.read_circle_event(p_body bytea, out o_payload jsonb, out o_error text)
language plpgsql stable security invoker set search_path = '' as $$
begin
  -- A byte order mark is no JSON, but senders write it.
  o_payload := private.mend_json_escapes(
    convert_from(
      case when substr(p_body, 1, 3) = '\xefbbbf'::bytea then substr(p_body, 4) else p_body end, 'UTF8'
    )
  )::jsonb;
exception
  when character_not_in_repertoire then
    o_error := 'not_utf8';
  when data_exception then
    o_error := 'not_json';
  when program_limit_exceeded or statement_too_complex then
    o_error := 'too_complex';
end;
$$;
comment on function private.read_circle_event(bytea) is
  'The JSON in a raw body, or why there is none that can be stored: not_utf8, not_json, too_complex.';

create or replace function private.process_circle_event(p_event_id uuid) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_event private.circle_events;
  v_read record;
  v_result jsonb;
  v_status text;
begin
  select * into v_event from private.circle_events as e where e.id = p_event_id for update;
  if not found then
    raise exception using
      errcode = 'PT404', message = 'circle_event_not_found', detail = 'There is no event with this id.',
      hint = 'Use the id that receive_circle_event returned.';
  end if;
  select * into v_read from private.read_circle_event(v_event.body);
  if v_read.o_error is not null then
    v_status := 'unreadable';
    v_result := jsonb_build_object(
      'processed', 0, 'imported', '[]'::jsonb, 'errors', '[]'::jsonb, 'hints', 0, 'unrecognised', 0
    );
  else
    v_result := private.handle_circle_webhook(v_read.o_payload);
    v_status := case
      when jsonb_array_length(v_result -> 'errors') > 0 then 'failed'
      when jsonb_array_length(v_result -> 'imported') > 0 then 'processed'
      when (v_result ->> 'hints')::integer > 0 then 'hint'
      when (v_result ->> 'unrecognised')::integer > 0 then 'unrecognised'
      else 'processed'
    end;
  end if;
  update private.circle_events as e set
    status = v_status, result = v_result, attempts = e.attempts + 1, processed_at = clock_timestamp(),
    error = coalesce(v_read.o_error, v_result #>> '{errors,0,code}')
  where e.id = p_event_id;
  return jsonb_build_object('event_id', p_event_id, 'status', v_status) || v_result;
end;
$$;
comment on function private.process_circle_event(uuid) is 'Body of public.process_circle_event.';
grant execute on function private.process_circle_event(uuid) to service_role;

create or replace function public.process_circle_event(p_event_id uuid) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.process_circle_event(p_event_id => process_circle_event.p_event_id);
end;
comment on function public.process_circle_event(uuid) is
  'Works on a stored event and records how it went; again with the same result. Returns {event_id, status, '
  'processed, '
  'imported[], errors[], hints, unrecognised}; status is processed, failed, hint, unrecognised or '
  'unreadable. '
  'Service role only. Errors: circle_event_not_found (404).';
grant execute on function public.process_circle_event(uuid) to service_role;
