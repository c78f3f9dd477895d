-- HTML as tokens: split at each <, with small regular expressions for what is between two of them. One large
-- expression over the whole text took ten times as long.

create type private.html_token as (
  tag text,
  text text
);
comment on type private.html_token is
  'A tag, by its name in lower case, with / before it where it closes, and its source; or text.';

-- Quotes count only where a value begins.
create or replace function private.scan_html_attributes(p_text text, out o_end integer, out o_state text)
language plpgsql immutable security invoker set search_path = '' as $$
declare
  c_is constant text := '[^ \t\n\f\r/>=]+[ \t\n\f\r]*=[ \t\n\f\r]*';
  c_value constant text := '[^ \t\n\f\r>"''][^ \t\n\f\r>]*';
  c_attributes constant text := '^(?:[ \t\n\f\r/]+|[^ \t\n\f\r/>=]+|' || c_is || '(?:"[^"]*"|''[^'']*'')|'
    || c_is || c_value || '[ \t\n\f\r])*';
  c_end constant text := '(?:' || c_is || '(?:' || c_value || ')?)?>';
begin
  o_end := regexp_instr(p_text collate "C", c_attributes || c_end, 1, 1, 1) - 1;
  if o_end < 0 then
    o_state := left(substring(p_text collate "C" from c_attributes || c_is || '("[^"]*|''[^'']*)$'), 1);
    o_end := strpos(p_text, '>');
    o_state := coalesce(o_state, case o_end when 0 then 'tag' end);
  end if;
end;
$$;
comment on function private.scan_html_attributes is
  'Where a tag ends, given what follows its name or a value; else o_state: the quote that is open, or tag.';

create or replace function private.scan_html(p_state text, p_text text, out o_end integer, out o_state text)
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_state constant text := coalesce(p_state, case
    when p_text ~ '^/?[a-zA-Z]' then 'name' when starts_with(p_text, '!--') then 'comment'
    when starts_with(p_text, '![CDATA[') then 'cdata' when p_text ~ '^([!?]|/>)' then 'declaration'
  end);
  v_begin constant integer := case v_state
    when 'name' then length(substring(p_text from '^/?[^ \t\n\f\r/>]+'))
    when 'tag' then 0 when '"' then strpos(p_text, '"') when '''' then strpos(p_text, '''')
  end;
begin
  if v_begin = 0 and v_state <> 'tag' then
    o_state := v_state;
  elsif v_begin is not null then
    select s.o_end + v_begin, s.o_state into o_end, o_state
    from private.scan_html_attributes(substr(p_text, v_begin + 1)) as s;
  elsif v_state = 'comment' and p_state is null and p_text ~ '^!---?>' then
    o_end := strpos(p_text, '>');
  elsif v_state = 'comment' then
    o_end := regexp_instr(p_text, '--!?>', case when p_state is null then 4 else 1 end, 1, 1) - 1;
    o_state := case when o_end < 0 then 'comment' end;
  elsif v_state = 'cdata' then
    o_end := strpos(p_text, ']]>') + 2;
    o_state := case o_end when 2 then 'cdata' end;
  elsif v_state = 'declaration' then
    o_end := strpos(p_text, '>');
    o_state := case o_end when 0 then 'declaration' end;
  end if;
end;
$$;
comment on function private.scan_html is
  'Where what begins at a <, or goes on in this state, ends in the text up to the next <. o_state: what goes '
  'on beyond it, else null. o_end: null where it is text.';

create or replace function private.is_raw_tag(p_tag text) returns boolean
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return p_tag in (
    'script', 'style', 'iframe', 'noembed', 'noframes', 'noscript', 'textarea', 'title', 'xmp'
  );
end;
$$;
comment on function private.is_raw_tag is
  'Whether the content of an element is text, whatever it looks like.';

create or replace function private.parse_raw_html(p_tag text, p_parts text[]) returns private.html_token
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_text constant text := array_to_string(p_parts, '<');
begin
  return case
    when p_tag in ('textarea', 'title') then row(null, v_text)::private.html_token
    when p_tag = 'xmp' then row(null, replace(v_text, '&', '&amp;'))::private.html_token
    else row('!', null)::private.html_token
  end;
end;
$$;
comment on function private.parse_raw_html is
  'The content of an element whose content is text: a token of text, or ! where nobody sees it.';

-- A tag that is never closed is text, and so is what follows it, unless it looks like a tag.
create or replace function private.split_unclosed_html(p_state text, p_html text)
returns private.html_token[]
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return case
    when p_state = 'comment' then '{}'
    when p_state = 'cdata' then array[row(null, substr(p_html, 10))::private.html_token]
    else array(
      select row(
        lower(substring(t.match[1] from '^<(/?[a-zA-Z][^ \t\n\f\r/>]*)')), t.match[1]
      )::private.html_token
      from regexp_matches(p_html collate "C", '(</?[a-z][^<>]*>|[^<]+|<)', 'gi')
        with ordinality as t (match, number)
      order by t.number
    )
  end;
end;
$$;
comment on function private.split_unclosed_html is 'The tokens of what is never closed.';

create or replace function private.split_html(p_html text) returns private.html_token[]
language plpgsql immutable strict security invoker set search_path = '' as $$
declare
  v_rows constant text[] := string_to_array(p_html, '<');
  v_tokens private.html_token[] := array[row(null, v_rows[1])::private.html_token];
  v_parts text[] := '{}'::text[];
  v_raw text;
  v_state text;
  v_row text;
  v_end integer;
  v_head text;
  v_tag text;
begin
  foreach v_row in array v_rows[2:] loop
    if v_raw is not null and v_row !~* ('^/' || v_raw || '[ \t\n\f\r/>]') then
      v_parts := v_parts || v_row;
      continue;
    elsif v_raw is not null then
      v_tokens := v_tokens || private.parse_raw_html(v_raw, v_parts);
      v_parts := '{}';
      v_raw := null;
    end if;
    if v_state is null and v_row ~ '^/?[a-zA-Z][^>"'']*>' then
      v_end := strpos(v_row, '>');
    else
      select s.o_end, s.o_state into v_end, v_state from private.scan_html(v_state, v_row) as s;
    end if;
    if v_state is not null then
      v_parts := v_parts || v_row;
      continue;
    end if;
    v_head := case v_parts when '{}' then left(v_row, v_end)
      else array_to_string(v_parts || left(v_row, v_end), '<') end;
    v_parts := '{}';
    v_tag := lower(substring(v_head from '^/?[a-zA-Z][^ \t\n\f\r/>]*'));
    if v_tag is not null then
      v_tokens := v_tokens || row(v_tag, '<' || v_head)::private.html_token;
    elsif v_end is null or starts_with(v_head, '![CDATA[') then
      v_head := coalesce(substr(v_head, 9, length(v_head) - 11), '<');
      v_tokens := v_tokens || row(null, v_head)::private.html_token;
    end if;
    v_row := substr(v_row, coalesce(v_end, 0) + 1);
    if private.is_raw_tag(v_tag) then
      v_raw := v_tag;
      v_parts := array[v_row];
    elsif v_row <> '' then
      v_tokens := v_tokens || row(null, v_row)::private.html_token;
    end if;
  end loop;
  return v_tokens || case
    when v_raw is not null then array[private.parse_raw_html(v_raw, v_parts)]
    when v_state is not null then private.split_unclosed_html(v_state, '<' || array_to_string(v_parts, '<'))
  end;
end;
$$;
comment on function private.split_html is 'The tokens of HTML: its tags, its text, not its comments.';

create or replace function private.html_attribute_pattern() returns text
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return '([^ \t\n\f\r/>=]+)'
    || '(?:[ \t\n\f\r]*=[ \t\n\f\r]*(?:"([^"]*)"|''([^'']*)''|([^ \t\n\f\r>"''][^ \t\n\f\r>]*)))?';
end;
$$;
comment on function private.html_attribute_pattern is 'Matches the next attribute of a tag: name and value.';

-- The first of two attributes of one name counts.
create or replace function private.parse_html_attributes(
  p_tokens private.html_token[], out o_position bigint, out o_attributes jsonb
) returns setof record
language plpgsql stable strict security invoker set search_path = '' as $$
declare
  v_positions bigint[];
  v_names text[];
  v_values text[];
begin
  select array_agg(t.position order by t.position, a.number),
    array_agg(lower(a.match[1]) order by t.position, a.number),
    array_agg(coalesce(a.match[2], a.match[3], a.match[4], '') order by t.position, a.number)
  into v_positions, v_names, v_values
  from unnest(p_tokens) with ordinality as t (tag, text, position)
  cross join lateral regexp_matches(
    substr(t.text, length(t.tag) + 2) collate "C", private.html_attribute_pattern(), 'g'
  ) with ordinality as a (match, number)
  where t.tag in ('a', 'img', 'iframe', 'embed', 'object', 'video', 'audio', 'source', 'ol', 'pre', 'code',
      'action-text-attachment')
    and lower(a.match[1]) in (
      'href', 'src', 'data-src', 'srcset', 'alt', 'data', 'start', 'class', 'url', 'content-type', 'caption',
      'filename'
    );
  return query
  select a.position, jsonb_object_agg(a.name, a.value order by a.number desc)
  from unnest(v_positions, v_names, private.decode_html(v_values, true))
    with ordinality as a (position, name, value, number)
  group by a.position;
end;
$$;
comment on function private.parse_html_attributes is
  'The attributes of the tags whose attributes count, by the position of the tag.';
