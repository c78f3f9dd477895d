-- Ids from Circle, of messages, replies, threads, rooms and spaces: one function reads them all, so that one
-- id has one spelling, and what a mistake in a workflow leaves in the place of an id is not taken for one.

create or replace function private.is_placeholder(p_text text) returns boolean
language plpgsql immutable strict security invoker set search_path = '' as $$
declare
  v_text constant text := lower(left(p_text, 300));
  v_bare constant text := btrim(v_text, E' "''`()<>[]{}=');
begin
  return
    -- Zero, and numbers below it; nothing but signs.
    v_text ~ '^\+?0+(\.0*)?$|^0{8}(-0{4}){3}-0{12}$|^[^[:alnum:]]*$'
    or v_text ~ '^[-\u2212]\s*([0-9]+\.?[0-9]*|\.[0-9]+)(e[-+]?[0-9]+)?$'
    -- Templates that nobody filled in: n8n, Make, Zapier, Liquid, JavaScript, Ruby, Power Automate, EJS, Go,
    -- and <id>, {message_id}, :id or the name alone, as headers of tables have it.
    or v_text ~ ('\{\{|\}\}|[$#@]\{|\{%|<%|%7b%7b|%24%7b|^=?\s*\$(json|node|input|items?|\()'
      || '|^%!|^<[^<>]*>$')
    or v_text ~ ('^[^[:alnum:]]*((your|the|parent|chat)[_. -]?)?'
      || '((message|post|comment|reply|thread|circle)[_. -]?)?id[^[:alnum:]]*$')
    -- Objects, as JavaScript and JSON write them.
    or v_text ~ '\[object\M|^[\[{]\s*["\[{]'
    or v_bare ~ '^([a-z]+[_:#])?(|undefined|null|nan|none|nil)$'
    or v_bare ~ '^(true|false|[-+]?inf(inity)?|#?n/a|nat|void 0)$'
    -- Several values put together, of which one was missing; errors of spreadsheets.
    or v_bare ~ ('^([a-z]+[_:#]|([0-9]+|undefined|null|nan)[-_:#,./| ]+)*(undefined|null|nan)+'
      || '([-_:#,./| ]+([0-9]+|undefined|null|nan))*$')
    or v_text ~ '^#(ref|value|name|error|num|div/0|null|spill|calc)[!?]?$';
end;
$$;
comment on function private.is_placeholder is
  'Whether a text stands in the place of a value that was missing: undefined, null, NaN, [object Object], a '
  'template, the name of the value, zero, a negative number and the like, in upper or lower case.';

create or replace function private.parse_id(p_value jsonb) returns text
language plpgsql immutable strict security invoker set search_path = '' as $$
declare
  v_id text := p_value #>> '{}';
begin
  if v_id ~ '^[1-9][0-9]*$' then
    return v_id;
  end if;
  case jsonb_typeof(p_value)
    when 'number' then
      -- jsonb has spelled out the exponent already.
      return substring(v_id from '^([1-9][0-9]*)\.0+$');
    when 'string' then
      v_id := private.non_blank(v_id);
      return case
        when v_id is null or private.is_placeholder(v_id) then null
        when v_id ~ '^[0-9]+\.0+$' then split_part(v_id, '.', 1)
        else v_id
      end;
    else
      return null;
  end case;
end;
$$;
comment on function private.parse_id is
  'An id as text. A number in any spelling, and a text of digits with or without .0, are the same id; any '
  'other text is one as it is, without blanks around it. Null for what cannot be an id: missing, blank, a '
  'placeholder, a number below 1 or with a fraction, and other types.';

create or replace function private.normalize_id() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_id constant text := private.parse_id(to_jsonb(new) -> tg_argv[0]);
begin
  if v_id is null then
    raise exception using
      errcode = 'PT422', message = 'tracker_circle_id_invalid',
      detail = format('%s of %s is not an id.', tg_argv[0], tg_table_name),
      hint = 'Write the id that Circle gave it.';
  end if;
  new := jsonb_populate_record(new, jsonb_build_object(tg_argv[0], v_id));
  return new;
end;
$$;
comment on function private.normalize_id is
  'Before trigger, with the name of a column, which holds an id in the spelling of parse_id. Errors: '
  'tracker_circle_id_invalid (422).';
