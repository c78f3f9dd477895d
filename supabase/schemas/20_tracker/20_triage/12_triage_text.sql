-- A message as triage reads it: words in lower case and signs that mean something, separated by blanks.

-- Letters as people type them: accents, widths and kinds of quotes don't matter. The marks that Japanese and
-- Korean letters are made of stay. Most texts are ASCII and need none of this.
create or replace function private.plain_letters(p_text text) returns text
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_text text := p_text;
begin
  if octet_length(v_text) = length(v_text) then
    return v_text;
  end if;
  v_text := replace(translate(
    v_text, U&'\2018\2019\02BC\201C\201D\201E\00AB\00BB\300C\300D'
      || U&'\2013\2014\00A0\2192\3001\3002\00BF\00A1\2022',
    E'\'\'\'"""""""-- > .  *'
  ), U&'\2026', '...');
  if octet_length(v_text) = length(v_text) then
    return v_text;
  end if;
  v_text := normalize(regexp_replace(
    normalize(v_text, nfkd), '[\u0300-\u036f\u0640\u064b-\u065f\u200b-\u200f\ufe0f]+', '', 'g'
  ), nfc);
  v_text := regexp_replace(v_text, '([\u2190-\u2bff\U0001f000-\U0001faff])', ' \1 ', 'g');
  if strpos(v_text, U&'\0627\0644') > 0 then
    v_text := regexp_replace(v_text, '\m\u0627\u0644(?=\w{2})', '', 'g');
  end if;
  return v_text;
end;
$$;
comment on function private.plain_letters is
  'A text without accents, typographic signs and the Arabic article, with blanks around each emoji.';

-- Addresses, code and logs count as what they are, not as what is in them. Each step looks for its sign
-- first, which costs a tenth of a regular expression.
create or replace function private.mark_parts(p_text text) returns text
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_text text := p_text;
begin
  if strpos(v_text, E'\n') > 0 then
    v_text := regexp_replace(v_text, '\n[ \t]+(at|File) [^\n]*', E'\n xtrace ', 'g');
    v_text := regexp_replace(v_text, '\n[ \t]*([-*]|[[:digit:]]+[.)]) ', E'\n xlist ', 'g');
    v_text := replace(v_text, E'\n>', E'\n xcite ');
  end if;
  if left(v_text, 2) = '> ' then
    v_text := 'xcite ' || substr(v_text, 3);
  end if;
  if strpos(v_text, '`') > 0 then
    v_text := replace(replace(v_text, '```', ' xfence '), '`', ' xcode ');
  end if;
  if strpos(v_text, '@') > 0 then
    v_text := regexp_replace(v_text, '[\w.+-]+@[\w-]+\.[\w.-]+', ' xmail ', 'g');
    v_text := regexp_replace(v_text, '(^|\s)@\w+', ' xat ', 'g');
  end if;
  if strpos(v_text, '://') > 0 or strpos(v_text, 'www.') > 0 then
    v_text := regexp_replace(v_text, '(https?://|www\.)\S+', ' xurl ', 'g');
  end if;
  if v_text ~ '[^\s.]\.[a-z]' then
    v_text := regexp_replace(
      v_text, '\m[\w.-]+\.(com|org|net|io|dev|example|app)\M(/\S*)?', ' xurl ', 'g'
    );
    v_text := regexp_replace(
      v_text,
      '\.([tj]sx?|json|py|ya?ml|md|css|html?|csv|pdf|env|sh|go|rs|sql|php|toml|xlsx?|zip|png|jpe?g)\M',
      ' xfile ', 'g'
    );
  end if;
  if strpos(v_text, '_') > 0 or v_text ~ '[a-z][A-Z]|\(\)' then
    v_text := regexp_replace(v_text, '([a-z])(?=[A-Z])', '\1 xname ', 'g');
    v_text := replace(replace(v_text, '_', ' xname '), '()', ' xname ');
  end if;
  return replace(v_text, '...', ' xdots ');
end;
$$;
comment on function private.mark_parts is
  'A text whose addresses, names of code, files, lists, quotes and lines of a stack trace are words that '
  'begin with an x.';

create or replace function private.mark_numbers(p_text text) returns text
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_text text := p_text;
begin
  if v_text !~ '[[:digit:]]' then
    return v_text;
  end if;
  v_text := regexp_replace(v_text, '\m[45][[:digit:]][[:digit:]]\M', 'xhttp', 'g');
  v_text := regexp_replace(v_text, '[[:digit:]]+', '0', 'g');
  v_text := replace(replace(v_text, '0:0', ' xtime '), '0,0', '0');
  v_text := replace(replace(v_text, '0.0.0', ' xversion '), '0.0', '0');
  v_text := replace(replace(v_text, '0%', ' xpercent '), '0 %', ' xpercent ');
  if v_text ~ '[$\u20ac\u00a3]' then
    v_text := regexp_replace(v_text, '[$\u20ac\u00a3] ?0|0 ?[$\u20ac\u00a3]', ' xmoney ', 'g');
  end if;
  return v_text;
end;
$$;
comment on function private.mark_numbers is
  'A text in which a number is 0, and a time, version, share, amount of money or HTTP error what it is.';

-- Scripts without blanks between words have pairs and triples of characters instead.
create or replace function private.split_scripts(p_text text) returns text
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_pattern constant text := '[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+';
begin
  if octet_length(p_text) = length(p_text) or p_text !~ v_pattern then
    return p_text;
  end if;
  return concat_ws(' ', regexp_replace(p_text, v_pattern, ' ', 'g'), (
    select string_agg(substr(m.match[1], start, size), ' ' order by m.number, start, size)
    from regexp_matches(p_text, v_pattern, 'g') with ordinality as m (match, number)
    cross join lateral generate_series(1, length(m.match[1]) - 1) as start
    cross join lateral generate_series(2, least(3, length(m.match[1]) - start + 1)) as size
  ));
end;
$$;
comment on function private.split_scripts is
  'A text with the pairs and triples of characters of its Thai, Japanese, Chinese and Korean parts at its '
  'end instead of those parts.';

-- The first 300 characters of a title and 2,000 of a body: people describe a problem at the beginning; logs
-- and quotes follow. A title that the import made of the body's first words is not counted twice.
create or replace function private.triage_words(p_title text, p_body text) returns text[]
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_text text := left(p_body, 2000);
begin
  if p_title is not null and p_title <> private.circle_title(null, v_text) then
    v_text := concat_ws(E'\n', left(p_title, 300), v_text);
  end if;
  v_text := private.plain_letters(coalesce(v_text, ''));
  v_text := lower(private.mark_parts(v_text));
  v_text := private.mark_numbers(replace(v_text, '''', ''));
  if strpos(v_text, ':') > 0 then
    v_text := replace(replace(replace(v_text, ':(', ' xsad '), ':)', ' xglad '), ':', ' : ');
  end if;
  v_text := replace(replace(replace(v_text, '?', ' ? '), '!', ' ! '), '"', ' xquote ');
  v_text := translate(v_text, E'.\n,;()[]{}<>/\\|=+*&^%$#@~-`\t\r', '..                         ');
  v_text := regexp_replace(v_text, '[ .]*\.[ .]*', ' . ', 'g');
  v_text := btrim(private.split_scripts(v_text), ' .');
  return string_to_array(regexp_replace(v_text, '  +', ' ', 'g'), ' ');
end;
$$;
comment on function private.triage_words is
  'The words of a text as triage reads it, and . ? ! : as words of their own, in their order.';
