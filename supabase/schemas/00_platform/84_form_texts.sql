-- JSON in the fields of a form: what tools send that post forms in place of JSON.

create or replace function private.decode_percent(p_text text) returns text
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  return convert_from((
    select string_agg(
      case when t.match[1] ~ '^%.' then decode(replace(t.match[1], '%', ''), 'hex')
        else convert_to(t.match[1], 'UTF8') end, '' order by t.number
    )
    from regexp_matches(replace(p_text, '+', ' '), '((?:%[[:xdigit:]]{2})+|[^%]+|%)', 'g')
      with ordinality as t (match, number)
  ), 'UTF8');
exception
  when character_not_in_repertoire then
    return null;
end;
$$;
comment on function private.decode_percent is
  'A name or value of a form, decoded; null where it is not UTF-8 then.';

-- Only where a value begins as JSON does: any text may have equals signs.
create or replace function private.parse_form(p_text text) returns jsonb
language plpgsql immutable strict security invoker set search_path = '' as $$
declare
  v_text constant text := private.non_blank(p_text);
begin
  if v_text !~ '^[[:alnum:]_.%-]+=' or v_text ~ '\s' or v_text !~* '=(%20|\+)*(%7b|%5b|%22)' then
    return null;
  end if;
  return (
    select jsonb_object_agg(
      coalesce(private.decode_percent(split_part(f.field, '=', 1)), ''),
      private.decode_percent(substr(f.field, strpos(f.field, '=') + 1))
    )
    from string_to_table(v_text, '&') as f (field)
    where strpos(f.field, '=') > 1
  );
end;
$$;
comment on function private.parse_form is
  'The fields of a form, as an object of texts, if one of them is JSON; null for any other text.';
