-- Values parsed from what Circle and n8n send: nothing here raises, what is not valid is null. All of it in
-- plpgsql, which keeps its plans; an import calls these some twenty times.

create or replace function private.parse_integer(p_text text) returns integer
language plpgsql immutable strict security invoker set search_path = '' as $$
declare
  v_text constant text := private.non_blank(p_text);
begin
  return case when v_text ~ '^[0-9]{1,9}(\.0+)?$' then v_text::numeric::integer end;
end;
$$;
comment on function private.parse_integer is
  'A whole number from 0 to 999999999, with or without .0; null for anything else.';

create or replace function private.parse_boolean(p_text text) returns boolean
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  return case lower(private.non_blank(p_text))
    when 'true' then true when 'yes' then true when '1' then true when '1.0' then true
    when 't' then true when 'y' then true
    when 'false' then false when 'no' then false when '0' then false when '0.0' then false
    when 'f' then false when 'n' then false
  end;
end;
$$;
comment on function private.parse_boolean is
  'True or false as people and language models write it, else null.';

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
  v_body text := left(p_body, 1000);
begin
  if private.non_blank(p_title) is not null then
    return private.non_blank(p_title);
  end if;
  -- A title is one line without addresses; the rest of a body of a megabyte is not needed for it.
  if strpos(v_body, '](') > 0 then
    v_body := coalesce(private.non_blank(regexp_replace(
      v_body, '!?\[([^][]*)\]\((?:<[^<>\n]*>|(?:[^\s()<>]|\([^\s()<>]*\))*)\)', '\1', 'g'
    )), v_body);
  end if;
  v_body := private.non_blank(regexp_replace(v_body, '\s+', ' ', 'g'));
  return coalesce(
    case when length(v_body) > 50 then left(v_body, 50) || '...' else v_body end, 'Untitled message'
  );
end;
$$;
comment on function private.circle_title is
  'The given title, else the first 50 characters of the body, its links as their text, with ... where cut.';

create or replace function private.segment_of_type(p_type text) returns text
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  return case translate(lower(private.non_blank(p_type)), '_-', '  ')
    when 'auth' then 'auth' when 'auth/login' then 'auth' when 'authentication' then 'auth'
    when 'login' then 'auth'
    when 'code' then 'code' when 'code generation' then 'code'
    when 'tool' then 'tool' when 'tools' then 'tool'
    when 'misc' then 'misc' when 'other' then 'misc' when 'other/misc' then 'misc'
  end;
end;
$$;
comment on function private.segment_of_type is
  'The segment that a type of Issue_Details means, upper or lower case; null for an unknown type.';
