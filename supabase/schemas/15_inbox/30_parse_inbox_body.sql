-- From the text that a webhook's function sends to bytes, and from bytes to JSON, for all sources.

create or replace function private.decode_inbox_body(p_source text, p_body text) returns bytea
language plpgsql stable security definer set search_path = '' as $$
declare
  v_max_bytes constant integer := (private.load_inbox_source(p_source)).max_body_bytes;
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
      errcode = 'PT422', message = 'inbox_body_invalid', detail = 'The body has to be base64.',
      hint = 'Encode the body as it came, byte for byte.';
  end if;
  if octet_length(v_body) > v_max_bytes then
    raise exception using
      errcode = 'PT413', message = 'inbox_body_too_large',
      detail = format('The body has %s bytes, %s are allowed.', octet_length(v_body), v_max_bytes),
      hint = 'Send less at a time.';
  end if;
  return v_body;
end;
$$;
comment on function private.decode_inbox_body is
  'A body from base64, up to the limit of its source. Errors: inbox_body_too_large (413), '
  'inbox_body_invalid (422).';

create type private.inbox_payload as (
  value jsonb,
  error text
);
comment on type private.inbox_payload is
  'The JSON in a body, or the code of the error that parsing it ended in.';

create or replace function private.parse_inbox_body(p_body bytea) returns private.inbox_payload
language plpgsql stable security invoker set search_path = '' as $$
declare
  v private.inbox_payload;
  v_text text;
begin
  -- A byte order mark is not JSON, but senders write it.
  v_text := convert_from(
    case when substr(p_body, 1, 3) = '\xefbbbf'::bytea then substr(p_body, 4) else p_body end, 'UTF8'
  );
  begin
    v.value := private.repair_json_escapes(v_text)::jsonb;
    return v;
  exception
    when data_exception then
      -- what a template or a language model has written in place of it
      v.value := coalesce(private.parse_json_text(v_text), private.parse_form(v_text));
      v.error := case when v.value is null then 'inbox_json_invalid' end;
      return v;
  end;
exception
  when character_not_in_repertoire then
    v.error := 'inbox_encoding_invalid';
    return v;
  when program_limit_exceeded or statement_too_complex then
    v.value := null;
    v.error := 'inbox_json_unsupported';
    return v;
end;
$$;
comment on function private.parse_inbox_body is
  'The JSON in a body, or in a text around it. It raises nothing: inbox_encoding_invalid, inbox_json_invalid '
  'and inbox_json_unsupported stand in error.';
