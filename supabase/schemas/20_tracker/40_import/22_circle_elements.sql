-- The elements of a payload, out of what workflow tools wrap them in.

create or replace function private.unwrap_circle_object(p_object jsonb, p_depth integer) returns jsonb
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_object constant jsonb := private.spell_envelope_keys(p_object);
  v_key text;
  v_inner jsonb;
begin
  if private.circle_shape(v_object) <> 'unrecognised' then
    return jsonb_build_array(v_object);
  elsif v_object ? 'Parent_Message' then
    v_inner := private.unwrap_object(v_object -> 'Parent_Message', array['message_id', 'reply_id', 'id'], 0);
    return case
      when v_inner is not null then jsonb_build_array(v_object || jsonb_build_object('Parent_Message',
        v_inner))
    end;
  end if;
  foreach v_key in array private.json_wrapper_keys() loop
    if p_object ? v_key then
      v_inner := private.unwrap_circle_elements(p_object -> v_key, p_depth + 1);
      exit when v_inner is not null;
    end if;
  end loop;
  return v_inner;
end;
$$;
comment on function private.unwrap_circle_object is
  'The elements in an object: itself where its shape is known, else what it wraps; null where that is '
  'nothing of a known shape.';

create or replace function private.unwrap_circle_elements(p_value jsonb, p_depth integer) returns jsonb
language plpgsql immutable security invoker set search_path = '' as $$
begin
  if p_depth > 8 then
    return null;
  end if;
  case jsonb_typeof(p_value)
    when 'object' then
      return private.unwrap_circle_object(p_value, p_depth);
    when 'string' then
      return private.unwrap_circle_elements(private.parse_json_text(p_value #>> '{}'), p_depth + 1);
    when 'array' then
      -- What is beyond the limit of a payload is left out anyway. Without the offset, the planner would write
      -- the call twice, and 2^8 times in arrays of arrays.
      return (
        select case
          when bool_or(u.elements is not null) then jsonb_agg(f.value order by e.position, f.position)
        end
        from jsonb_array_elements(p_value) with ordinality as e (value, position)
        cross join lateral (
          select case when e.position <= 20000
            then private.unwrap_circle_elements(e.value, p_depth + 1) end as elements
          offset 0
        ) as u
        cross join lateral jsonb_array_elements(coalesce(u.elements, jsonb_build_array(e.value)))
          with ordinality as f (value, position)
      );
    else
      return null;
  end case;
end;
$$;
comment on function private.unwrap_circle_elements is
  'The elements in a value, as an array, those of no known shape next to others as they are; null where none '
  'has a known shape.';

create or replace function private.has_circle_wrappers(p_elements jsonb) returns boolean
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return exists (
    select
    from jsonb_array_elements(p_elements) as e (value)
    where case jsonb_typeof(e.value)
      when 'object' then jsonb_typeof(e.value -> 'Parent_Message') <> 'object'
        or e.value ?| private.json_wrapper_keys()
          and not e.value ?| array['id', 'Parent_Message', 'parent_message_id', 'parent_message']
      else jsonb_typeof(e.value) in ('string', 'array')
    end
  );
end;
$$;
comment on function private.has_circle_wrappers is
  'Whether an element of an array may be something that wraps others.';

-- Lists of the APIs come as pages: {records: […]}.
create or replace function private.circle_elements(p_payload jsonb) returns jsonb
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_elements jsonb := p_payload;
begin
  if jsonb_typeof(p_payload -> 'records') = 'array' then
    v_elements := p_payload -> 'records';
  elsif jsonb_typeof(p_payload) is distinct from 'array' then
    return coalesce(private.unwrap_circle_elements(p_payload, 0), jsonb_build_array(p_payload));
  end if;
  if private.has_circle_wrappers(v_elements) then
    return coalesce(private.unwrap_circle_elements(v_elements, 0), v_elements);
  end if;
  return v_elements;
end;
$$;
comment on function private.circle_elements is
  'The elements of a payload, as an array: one element, an array of them, a page {records}, any of these in '
  'a wrapper or as text.';
