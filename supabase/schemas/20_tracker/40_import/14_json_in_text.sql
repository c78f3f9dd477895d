-- JSON where a workflow tool or a language model has put it: in a wrapper.

create or replace function private.json_wrapper_keys() returns text[]
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return array[
    'json', 'body', 'output', 'text', 'content', 'message', 'data', 'result', 'response', 'payload', 'value',
    'items', 'records', 'array', 'list', 'results', 'arguments', 'choices', 'candidates', 'parts',
    'output_text', 'tool_calls', 'function_call', 'functionCall', 'function', 'args', 'input', 'parameters',
    'generations', 'generated_text', 'completion', 'answer', 'parsed', 'object', 'record', 'event', 'detail',
    'item', 'Records', 'Message', 'Body'
  ];
end;
$$;
comment on function private.json_wrapper_keys is
  'The keys under which workflow tools and language models wrap what they were asked for.';

create or replace function private.unwrap_object(p_value jsonb, p_keys text[], p_depth integer) returns jsonb
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_part jsonb;
  v_object jsonb;
  v_key text;
begin
  if p_depth > 12 then
    return null;
  end if;
  case jsonb_typeof(p_value)
    when 'object' then
      if p_value ?| p_keys then
        return p_value;
      end if;
      foreach v_key in array private.json_wrapper_keys() loop
        v_object := private.unwrap_object(p_value -> v_key, p_keys, p_depth + 1);
        exit when v_object is not null;
      end loop;
    when 'array' then
      -- Of two that differ, none is the one that was meant.
      for v_part in select e.value from jsonb_array_elements(p_value) as e limit 20 loop
        v_part := private.unwrap_object(v_part, p_keys, p_depth + 1);
        if v_part <> v_object then
          return null;
        end if;
        v_object := coalesce(v_object, v_part);
      end loop;
    when 'string' then
      return private.unwrap_object(private.parse_json_text(p_value #>> '{}'), p_keys, p_depth + 1);
    else
      return null;
  end case;
  return v_object;
end;
$$;
comment on function private.unwrap_object is
  'The object with one of these keys, in a value, a wrapper or a text; null where there is none, or an array '
  'has several that differ.';

create or replace function private.is_blank(p_value jsonb) returns boolean
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return p_value is null or jsonb_typeof(p_value) in ('null', 'string')
    and private.non_blank(p_value #>> '{}') is null;
end;
$$;
comment on function private.is_blank is 'Whether a value is missing, null, or a blank text.';

create or replace function private.is_blank_list(p_value jsonb) returns boolean
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return private.is_blank(p_value) or p_value in ('[]', '{}');
end;
$$;
comment on function private.is_blank_list is
  'Whether a value is missing, or nothing, in the place of a list or an object.';

create or replace function private.unread_value(p_field text, p_value jsonb, p_reason text) returns jsonb
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_text constant text := p_value #>> '{}';
begin
  return jsonb_build_object(
    'field', p_field, 'reason', p_reason,
    'value', case when length(v_text) > 100 then to_jsonb(left(v_text, 100) || '…') else p_value end
  );
end;
$$;
comment on function private.unread_value is
  'What an answer says about a value that is present and cannot be read: {field, value, reason}, the value '
  'cut after 100 characters.';
