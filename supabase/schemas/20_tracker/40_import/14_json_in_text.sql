-- JSON where a workflow tool or a language model has put it: in a text, in a code block, in a wrapper.

create or replace function private.try_jsonb(p_text text) returns jsonb
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  return private.repair_json_escapes(p_text)::jsonb;
exception
  when data_exception or program_limit_exceeded then
    return null;
end;
$$;
comment on function private.try_jsonb is 'A text as JSON; null where it is not JSON that can be stored.';

create or replace function private.parse_json_text(p_text text) returns jsonb
language plpgsql immutable strict security invoker set search_path = '' as $$
declare
  v_text text := private.non_blank(p_text);
  v_value jsonb;
begin
  if v_text ~ '^[\[{"]' then
    v_value := private.try_jsonb(v_text);
    if jsonb_typeof(v_value) in ('object', 'array', 'string') then
      return v_value;
    end if;
  end if;
  v_value := private.try_jsonb(substring(v_text from '[\[{].*[\]}]'));
  -- Before a code block there may be brackets too.
  if v_value is null and strpos(v_text, '```') > 0 then
    v_value := private.try_jsonb(
      substring(substr(v_text, strpos(v_text, '```')) from '[\[{].*[\]}]')
    );
  end if;
  return v_value;
end;
$$;
comment on function private.parse_json_text is
  'The JSON in a text: the whole text, a code block in it, or what is between the first and '
  'the last bracket.';

create or replace function private.json_wrapper_keys() returns text[]
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return array[
    'json', 'body', 'output', 'text', 'content', 'message', 'data', 'result', 'response', 'payload', 'value',
    'items', 'records', 'array', 'list', 'results', 'arguments', 'choices', 'candidates', 'parts',
    'output_text'
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
  if p_depth > 8 then
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
      for v_part in select e.value from jsonb_array_elements(p_value) as e limit 20 loop
        v_object := private.unwrap_object(v_part, p_keys, p_depth + 1);
        exit when v_object is not null;
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
  'The first object with one of these keys, in a value, a wrapper or a text; null where there is none.';

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
