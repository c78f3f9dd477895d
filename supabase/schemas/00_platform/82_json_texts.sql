-- JSON in a text, as workflow tools and language models write it: in a code block, among words, or not quite
-- JSON.

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

-- What is between the strings of a text: Python's and JavaScript's constants, keys without quotes, values
-- that a template left out, commas too many, and between two objects none. NaN stays a value, which cannot be
-- read, and so do numbers that JSON or numeric does not have: 007, 1e200000.
create or replace function private.repair_json_part(p_text text) returns text
language plpgsql immutable strict security invoker set search_path = '' as $$
declare
  v_text text := p_text;
begin
  v_text := regexp_replace(v_text, '\mTrue\M', 'true', 'g');
  v_text := regexp_replace(v_text, '\mFalse\M', 'false', 'g');
  v_text := regexp_replace(v_text, '\m(None|undefined)\M', 'null', 'g');
  v_text := regexp_replace(v_text, '[-+]?\m(NaN|Infinity)\M', '"\1"', 'g');
  v_text := regexp_replace(v_text, '-?\m[0-9.]+[eE][-+]?[0-9]{4,}\M', '"\&"', 'g');
  v_text := regexp_replace(v_text, '([:[,]\s*)(0[0-9]+)(?=\s*[],}])', '\1"\2"', 'g');
  v_text := regexp_replace(v_text, '([:[,]\s*-?)(\.[0-9])', '\10\2', 'g');
  v_text := regexp_replace(v_text, '([:[,]\s*)\+(?=[0-9.])', '\1', 'g');
  v_text := regexp_replace(v_text, '([{,]\s*)([[:alpha:]_$][\w$]*)(?=\s*:)', '\1"\2"', 'g');
  v_text := regexp_replace(v_text, ':(?=\s*[],}])', ': null', 'g');
  v_text := regexp_replace(v_text, ',(\s*[]}])', '\1', 'g');
  return regexp_replace(v_text, '([]}])(\s*)(?=[[{])', '\1,\2', 'g');
end;
$$;
comment on function private.repair_json_part is 'What stands between the strings of a text, as JSON has it.';

-- Strings are matched too, and stay: a comment may contain quotes, and a string what looks like a comment.
-- Each branch ends by itself, since an alternation takes the longest match, also with `.*?`. What is not
-- closed is the rest of the text: looking for its end again from each later beginning would be quadratic.
create or replace function private.remove_json_comments(p_text text) returns text
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  if strpos(p_text, '/*') = 0 and strpos(p_text, '//') = 0 then
    return p_text;
  end if;
  return regexp_replace(
    p_text collate "C",
    '("(?:[^"\\]|\\.)*(?:"|$)|''(?:[^''\\]|\\.)*(?:''|$))'
      || '|/\*(?:[^*]|\*+[^*/])*(?:\*+/|$)|//[^\n]*', '\1', 'g'
  );
end;
$$;
comment on function private.remove_json_comments is 'A text without the comments that are not in a string.';

-- A string in single quotes gets double ones, and line breaks in a string are escaped. One that is not closed
-- is the rest of the text.
create or replace function private.repair_json(p_text text) returns jsonb
language plpgsql immutable strict security invoker set search_path = '' as $$
declare
  v_text text;
begin
  select string_agg(
    case left(t.match[1], 1)
      when '"' then s.text
      when '''' then '"' || replace(replace(replace(
        substr(s.text, 2, length(s.text) - 2), '\''', ''''), '\"', '"'), '"', '\"') || '"'
      else private.repair_json_part(t.match[1])
    end, '' order by t.number
  )
  into v_text
  from regexp_matches(
    private.remove_json_comments(p_text) collate "C",
    '("(?:[^"\\]|\\.)*(?:"|$)|''(?:[^''\\]|\\.)*(?:''|$)|[^"'']+)', 'g'
  ) with ordinality as t (match, number)
  cross join lateral (
    select regexp_replace(replace(replace(replace(
      t.match[1], E'\n', '\n'), E'\r', '\r'), E'\t', '\t'), '[\u0001-\u001f]', '', 'g') as text
  ) as s;
  return coalesce(private.try_jsonb(v_text), private.try_jsonb('[' || v_text || ']'));
end;
$$;
comment on function private.repair_json is
  'What language models and templates write in place of JSON, several values as an array: constants of '
  'Python and JavaScript, single quotes or none, comments, missing values, commas too many, line breaks in '
  'strings. Null for anything else.';

-- JSON that was put into a string, or into a page, without being taken out again.
create or replace function private.unescape_json_text(p_text text) returns text
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  return case
    when p_text ~ '^[[{]\s*\\["n]' then private.try_jsonb('"' || replace(p_text, E'\n', '\n') || '"') #>> '{}'
    when p_text ~ '^[[{]\s*&quot;' then replace(replace(replace(replace(replace(
      p_text, '&quot;', '"'), '&#39;', ''''), '&lt;', '<'), '&gt;', '>'), '&amp;', '&')
  end;
end;
$$;
comment on function private.unescape_json_text is
  'A text of JSON that has \" or &quot; in place of quotes, as JSON; null for any other text.';

-- The only code block of a text, without what is around it, which may contain brackets too.
create or replace function private.find_code_block(p_text text) returns text
language plpgsql immutable strict security invoker set search_path = '' as $$
declare
  v_fence constant text := substring(p_text from '(```|~~~)');
begin
  return case when cardinality(string_to_array(p_text, v_fence)) = 3
    then substring(split_part(p_text, v_fence, 2) from '[\[{].*[\]}]') end;
end;
$$;
comment on function private.find_code_block is
  'What is between the first and the last bracket of the only code block in a text; null where there is '
  'none, or more than one.';

create or replace function private.parse_json_text(p_text text) returns jsonb
language plpgsql immutable strict security invoker set search_path = '' as $$
declare
  v_text text := private.non_blank(p_text);
  v_part text;
  v_block text;
  v_value jsonb;
begin
  if v_text ~ '^[\[{"]' then
    v_value := private.try_jsonb(v_text);
    if jsonb_typeof(v_value) in ('object', 'array', 'string') then
      return v_value;
    end if;
    v_part := private.unescape_json_text(v_text);
    if v_part is not null then
      return private.parse_json_text(v_part);
    end if;
  elsif strpos(v_text, '</think') > 0 then
    -- what a model thought before it answered
    v_text := regexp_replace(v_text, '^.*</think(ing)?>', '');
  end if;
  v_part := substring(v_text from '[\[{].*[\]}]');
  -- JSON that begins after the last bracket was cut: what is before it would be taken for all.
  if substr(v_text, 1 + length(substring(v_text from '^.*[\]}]')))
    ~ '[\[{]\s*(["''\[{]|$)|\{\s*[[:alpha:]_$][\w$]*\s*:'
  then
    return null;
  end if;
  -- Before a code block there may be brackets too.
  if strpos(v_text, '```') > 0 then
    v_block := substring(substr(v_text, strpos(v_text, '```')) from '[\[{].*[\]}]');
  end if;
  return coalesce(
    private.try_jsonb(v_part), private.try_jsonb(v_block), private.repair_json(v_part),
    private.repair_json(v_block), private.repair_json(private.find_code_block(v_text))
  );
end;
$$;
comment on function private.parse_json_text is
  'The JSON in a text: the whole text, a code block in it, or what is between the first and the last '
  'bracket, repaired where it is nearly JSON. Null where the text ends in the middle of a value.';
