-- Values parsed from what Circle and n8n send: nothing here raises, what is not valid is null. All of it in
-- plpgsql, which keeps its plans; an import calls these some twenty times.

create or replace function private.parse_time(p_text text) returns timestamptz
language plpgsql stable strict security invoker set search_path = '' as $$
begin
  -- ISO 8601 only: PostgreSQL itself would also take `now`, `infinity` and local formats.
  if p_text !~ '^\s*\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?\s*(Z|[+-]\d\d(:?\d\d)?)?)?\s*$'
  then
    return null;
  end if;
  if p_text ~ '(Z|:\d\d(\.\d+)?\s*[+-]\d\d(:?\d\d)?)\s*$' then
    return p_text::timestamptz;
  end if;
  return (p_text::timestamp) at time zone 'UTC';
exception
  when invalid_datetime_format or datetime_field_overflow or invalid_time_zone_displacement_value then
    return null;
end;
$$;
comment on function private.parse_time is
  'An ISO 8601 time, in UTC where no zone is given; null for anything else.';

create or replace function private.parse_integer(p_text text) returns integer
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  return case when p_text ~ '^\d{1,9}$' then p_text::integer end;
end;
$$;
comment on function private.parse_integer is 'A whole number from 0 to 999999999; null for anything else.';

create or replace function private.parse_share(p_text text) returns double precision
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  return case when p_text ~ '^\s*(0(\.\d{1,15})?|1(\.0{1,15})?)\s*$' then p_text::double precision end;
end;
$$;
comment on function private.parse_share is 'A decimal number from 0 to 1; null for anything else.';

create or replace function private.parse_boolean(p_text text) returns boolean
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  return case lower(btrim(p_text))
    when 'true' then true when 'yes' then true when '1' then true
    when 'false' then false when 'no' then false when '0' then false
  end;
end;
$$;
comment on function private.parse_boolean is
  'True or false as people and language models write it, else null.';

create or replace function private.parse_id(p_value jsonb) returns text
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  return case when jsonb_typeof(p_value) in ('number', 'string') then private.non_blank(p_value #>> '{}') end;
end;
$$;
comment on function private.parse_id is 'An id as text, from a number or a text; else null.';

create or replace function private.parse_text(p_value jsonb) returns text
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  return case
    when jsonb_typeof(p_value) in ('string', 'number', 'boolean')
      and private.non_blank(p_value #>> '{}') is not null then p_value #>> '{}'
  end;
end;
$$;
comment on function private.parse_text is 'A text that is not blank, as it came; else null.';

create or replace function private.circle_title(p_title text, p_body text) returns text
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_body text;
begin
  if private.non_blank(p_title) is not null then
    return private.non_blank(p_title);
  end if;
  -- A title is one line; the rest of a body of a megabyte is not needed for it.
  v_body := private.non_blank(regexp_replace(left(p_body, 1000), '\s+', ' ', 'g'));
  return coalesce(
    case when length(v_body) > 50 then left(v_body, 50) || '...' else v_body end, 'Untitled message'
  );
end;
$$;
comment on function private.circle_title is
  'The given title, else the first 50 characters of the body with ... where cut.';

create or replace function private.segment_of_type(p_type text) returns text
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  return case lower(btrim(p_type))
    when 'auth' then 'auth' when 'auth/login' then 'auth'
    when 'code' then 'code' when 'code generation' then 'code'
    when 'tool' then 'tool'
    when 'misc' then 'misc' when 'other' then 'misc' when 'other/misc' then 'misc'
  end;
end;
$$;
comment on function private.segment_of_type is
  'The segment that a type of Issue_Details means, upper or lower case; null for an unknown type.';

-- Posts and comments come as HTML where the payload has no plain text of them.
create or replace function private.text_of_html(p_html text) returns text
language plpgsql immutable strict security invoker set search_path = '' as $$
declare
  v_text text := p_html;
begin
  if v_text is null or strpos(v_text, '<') = 0 and strpos(v_text, '&') = 0 then
    return v_text;
  end if;
  v_text := regexp_replace(v_text, '\s*(<br\s*/?>|</(p|div|li|h[1-6]|blockquote|pre|tr)>)\s*', E'\n', 'gi');
  v_text := regexp_replace(v_text, '<[a-z/!][^<>]*>', '', 'gi');
  v_text := replace(replace(replace(v_text, '&nbsp;', ' '), '&#39;', ''''), '&quot;', '"');
  v_text := replace(replace(replace(v_text, '&lt;', '<'), '&gt;', '>'), '&amp;', '&');
  return btrim(v_text, E' \n\r\t');
end;
$$;
comment on function private.text_of_html is
  'HTML as plain text: one line per block, without tags, the most common entities decoded.';
