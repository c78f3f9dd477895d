-- Character references of HTML, decoded: named ones by the table, numeric ones by their number.

-- 128 to 159 mean what Windows-1252 has there; any other number without a character is U+FFFD.
create or replace function private.parse_numeric_reference(p_reference text) returns text
language plpgsql immutable strict security invoker set search_path = '' as $$
declare
  c_windows constant text :=
    U&'\20AC\0081\201A\0192\201E\2026\2020\2021\02C6\2030\0160\2039\0152\008D\017D\008F'
    '\0090\2018\2019\201C\201D\2022\2013\2014\02DC\2122\0161\203A\0153\009D\017E\0178';
  v_is_hexadecimal constant boolean := lower(substr(p_reference, 3, 1)) = 'x';
  v_digits constant text := ltrim(substring(p_reference from '[0-9a-fA-F]+'), '0');
  v_code integer := 0;
begin
  if length(v_digits) between 1 and 7 then
    v_code := case when v_is_hexadecimal then ('x' || lpad(v_digits, 8, '0'))::bit(32)::integer
      else v_digits::integer end;
  end if;
  return case
    when v_code = 0 or v_code > 1114111 or v_code between 55296 and 57343 then U&'\FFFD'
    when v_code between 128 and 159 then substr(c_windows, v_code - 127, 1)
    else chr(v_code)
  end;
end;
$$;
comment on function private.parse_numeric_reference is
  'The character of &#8217; or &#x2019;, with or without its semicolon.';

-- In an address, &copy=1 is a parameter and not the sign: the standard's rule for attributes.
create or replace function private.parse_html_reference(p_reference text, p_is_attribute boolean) returns text
language plpgsql stable strict security definer set search_path = '' as $$
declare
  v_name constant text := rtrim(substr(p_reference, 2), ';=');
  v_entity private.html_entities;
begin
  if left(p_reference, 2) = '&#' then
    return private.parse_numeric_reference(p_reference);
  end if;
  if right(p_reference, 1) = ';' then
    select * into v_entity from private.html_entities as e where e.name = v_name;
    if found then
      return v_entity.characters;
    end if;
  end if;
  select * into v_entity
  from private.html_entities as e
  where e.is_semicolon_optional
    and e.name = any (array[
      left(v_name, 2), left(v_name, 3), left(v_name, 4), left(v_name, 5), left(v_name, 6)
    ])
  order by length(e.name) desc
  limit 1;
  if not found or p_is_attribute and '&' || v_entity.name <> p_reference then
    return p_reference;
  end if;
  return v_entity.characters || substr(p_reference, length(v_entity.name) + 2);
end;
$$;
comment on function private.parse_html_reference is
  'What a character reference stands for; unchanged where it is not a reference. It may end with the '
  'semicolon, or with the = that follows it.';

-- Each distinct reference is looked up once.
create or replace function private.decode_html(p_texts text[], p_is_attribute boolean) returns text[]
language plpgsql stable strict security invoker set search_path = '' as $$
begin
  if strpos(array_to_string(p_texts, ''), '&') = 0 then
    return p_texts;
  end if;
  return array(
    with piece as materialized (
      select t.position, p.number, p.match[1] as text
      from unnest(p_texts) with ordinality as t (text, position)
      cross join lateral regexp_matches(
        t.text collate "C", '&(?:#[0-9]+;?|#x[0-9a-f]+;?|[a-z0-9]+[;=]?)|[^&]+|&', 'gi'
      ) with ordinality as p (match, number)
      where strpos(t.text, '&') > 0
    ), reference as materialized (
      select d.text, private.parse_html_reference(d.text, p_is_attribute) as characters
      from (select distinct p.text from piece as p where p.text ~ '^&.') as d
    ), decoded as (
      select p.position, string_agg(coalesce(r.characters, p.text), '' order by p.number) as text
      from piece as p
      left join reference as r on r.text = p.text
      group by p.position
    )
    select coalesce(d.text, t.text)
    from unnest(p_texts) with ordinality as t (text, position)
    left join decoded as d on d.position = t.position
    order by t.position
  );
end;
$$;
comment on function private.decode_html is
  'Texts of HTML with their character references decoded, as in text or as in attributes.';
