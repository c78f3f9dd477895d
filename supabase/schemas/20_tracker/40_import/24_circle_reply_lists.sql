-- The replies in an element, whatever a workflow tool makes of a list.

create or replace function private.reply_keys() returns text[]
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return array['message_id', 'reply_id', 'id', 'body', 'reply_index'];
end;
$$;
comment on function private.reply_keys is 'The keys of which a reply has one at least.';

create or replace function private.unwrap_reply_object(p_value jsonb, p_depth integer) returns jsonb
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_key text;
  v_parsed jsonb;
begin
  foreach v_key in array private.json_wrapper_keys() || array['Replies', 'replies'] loop
    v_parsed := p_value -> v_key;
    if jsonb_typeof(v_parsed) = 'string' and v_parsed #>> '{}' ~ '^\s*([[{"]|```)' then
      v_parsed := private.parse_json_text(v_parsed #>> '{}');
    end if;
    continue when jsonb_typeof(v_parsed) is distinct from 'object'
      and jsonb_typeof(v_parsed) is distinct from 'array';
    return private.unwrap_replies(v_parsed, p_depth + 1);
  end loop;
  -- A list whose indexes or ids have become keys.
  return case
    when not exists (
      select from jsonb_each(p_value) as m
      where m.key !~ '^[0-9]{1,6}$' and (m.value ?| private.reply_keys()) is not true
    ) then (
      select private.unwrap_replies(
        jsonb_agg(m.value order by substring(m.key from '[0-9]{1,30}')::numeric, m.key collate "C"),
        p_depth + 1
      )
      from jsonb_each(p_value) as m
    )
    else jsonb_build_array(p_value)
  end;
end;
$$;
comment on function private.unwrap_reply_object is
  'The replies in an object that is not one itself, as an array: in a wrapper, or keyed by index, '
  'id or name.';

create or replace function private.unwrap_replies(p_value jsonb, p_depth integer) returns jsonb
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_parsed jsonb;
begin
  if private.is_blank_list(p_value) then
    return '[]'::jsonb;
  end if;
  case jsonb_typeof(p_value)
    when 'object' then
      if p_value ?| private.reply_keys() or p_depth > 8 then
        return jsonb_build_array(p_value);
      end if;
      return private.unwrap_reply_object(p_value, p_depth);
    when 'array' then
      if p_depth > 8 then
        return p_value;
      end if;
      return coalesce((
        select jsonb_agg(r.value order by e.position, r.position)
        from jsonb_array_elements(p_value) with ordinality as e (value, position)
        cross join lateral jsonb_array_elements(private.unwrap_replies(e.value, p_depth + 1))
          with ordinality as r (value, position)
      ), '[]');
    when 'string' then
      if lower(private.non_blank(p_value #>> '{}')) in ('null', 'undefined', 'none', 'nil') then
        return '[]'::jsonb;
      end if;
      v_parsed := private.parse_json_text(p_value #>> '{}');
      return case
        when v_parsed is null or p_depth > 8 then jsonb_build_array(p_value)
        else private.unwrap_replies(v_parsed, p_depth + 1)
      end;
    else
      return jsonb_build_array(p_value);
  end case;
end;
$$;
comment on function private.unwrap_replies is
  'The replies in a value, as an array: of an array, one object, JSON in a text, or any of these in a '
  'wrapper. What is not understood is an element as it is.';

-- Nearly every list is one already.
create or replace function private.list_of_replies(p_value jsonb) returns jsonb
language plpgsql immutable security invoker set search_path = '' as $$
begin
  if p_value is null or p_value = '[]' then
    return '[]'::jsonb;
  elsif jsonb_typeof(p_value) = 'array' and not exists (
    select from jsonb_array_elements(p_value) as e (value)
    where jsonb_typeof(e.value) <> 'object' or not e.value ?| array['message_id', 'reply_id', 'id', 'body']
  ) then
    return p_value;
  end if;
  return private.unwrap_replies(p_value, 0);
end;
$$;
comment on function private.list_of_replies is 'The replies in a value, as an array.';

create or replace function private.is_list_of_replies(p_value jsonb) returns boolean
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_list jsonb;
begin
  if p_value is null or jsonb_typeof(p_value) = 'array' then
    return true;
  end if;
  v_list := private.list_of_replies(p_value);
  return v_list = '[]' or v_list -> 0 <> p_value
    or jsonb_typeof(p_value) = 'object' and p_value ?| private.reply_keys();
end;
$$;
comment on function private.is_list_of_replies is
  'Whether a value can be understood as the replies to a message, of which there may be none.';

create or replace function private.reply_key(p_shape text) returns text
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return case p_shape when 'envelope' then 'Replies' else 'replies' end;
end;
$$;
comment on function private.reply_key is 'The key under which an element of this shape has its replies.';

create or replace function private.circle_element_size(p_element jsonb) returns integer
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return 1
    + case when p_element -> 'replies' <> '[]'
        then jsonb_array_length(private.list_of_replies(p_element -> 'replies')) else 0 end
    + case when p_element -> 'Replies' <> '[]'
        then jsonb_array_length(private.list_of_replies(p_element -> 'Replies')) else 0 end;
end;
$$;
comment on function private.circle_element_size is
  'What an element counts for in the limit of a payload: 1, and 1 for each of its replies.';
