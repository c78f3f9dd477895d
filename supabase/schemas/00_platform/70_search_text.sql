-- How texts are split into words for full-text search, the same in every system. What people type is split by
-- the same functions (72_search_queries.sql), so that both have the same words.

-- Estimates how many characters fit, until they do: two or three rounds.
create or replace function private.left_bytes(p_text text, p_max_bytes integer) returns text
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_text text := p_text;
begin
  while octet_length(v_text) > p_max_bytes loop
    v_text := left(v_text, (length(v_text)::bigint * p_max_bytes / octet_length(v_text))::integer);
  end loop;
  return v_text;
end;
$$;
comment on function private.left_bytes is
  'The beginning of a text: as many whole characters as fit into p_max_bytes.';

-- Decomposed, without the marks. A Korean syllable is one letter, and the marks of kana are part of their
-- letters: these are composed again. Most texts have no more than punctuation and emoji beyond ASCII, and
-- nothing to fold.
create or replace function private.fold_letters(p_text text) returns text
language plpgsql immutable strict security invoker set search_path = '' as $$
declare
  v_text text := p_text;
begin
  if octet_length(p_text) = length(p_text) or p_text !~ (
    '[\u00aa\u00ba\u00c0-\u06ff\u0900-\u0dff\u1100-\u11ff\u1d00-\u1fff\u2100-\u214f'
    '\u3000\u3099\u309a\ufb00-\ufdff\ufe70-\uffef]'
  )
  then
    return p_text;
  end if;
  v_text := regexp_replace(normalize(v_text, nfkd), '[\u0300-\u036f\u064b-\u065f\u0670]+', '', 'g');
  if v_text ~ '[\u1100-\u11ff\u3099\u309a]' then
    v_text := normalize(v_text, nfc);
  end if;
  if v_text ~ '[\u00c6\u00d8\u00df\u00e6\u00f8\u0110\u0111\u0131\u0141\u0142\u0152\u0153\u1e9e]' then
    v_text := replace(replace(replace(v_text, 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe');
    v_text := replace(replace(replace(v_text, 'ẞ', 'SS'), 'Æ', 'AE'), 'Œ', 'OE');
    v_text := translate(v_text, 'ØøŁłĐđı', 'OoLlDdi');
  end if;
  return v_text;
end;
$$;
comment on function private.fold_letters is
  'The text with plain letters: ü becomes u, ß ss, full-width letters ASCII; composed and decomposed letters '
  'become the same.';

-- Han, kana, bopomofo, Hangul, Thai, Lao, Khmer, Burmese: words are not separated, or carry endings.
create or replace function private.split_pairs(p_text text) returns text
language plpgsql immutable strict security invoker set search_path = '' as $$
declare
  c_run constant text :=
    '\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3100-\u312f\u31f0-\u31ff\u3400-\u4dbf'
    '\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0002ffff';
begin
  if octet_length(p_text) = length(p_text) or p_text !~ ('[' || c_run || ']') then
    return p_text;
  end if;
  return (
    select string_agg(
      case
        when m.match[1] is null then m.match[2]
        when length(m.match[1]) = 1 then ' ' || m.match[1] || ' '
        else (
          select ' ' || string_agg(p.pair, ' ' order by p.number) || ' '
          from (
            select u.letter || lead(u.letter) over (order by u.number) as pair, u.number
            from unnest(string_to_array(m.match[1], null)) with ordinality as u (letter, number)
          ) as p
        )
      end, '' order by m.number
    )
    from regexp_matches(p_text, '([' || c_run || ']+)|([^' || c_run || ']+)', 'g')
      with ordinality as m (match, number)
  );
end;
$$;
comment on function private.split_pairs is
  'The text with each run of a script without spaces as its pairs of letters: 支払い becomes 支払 払い.';

-- A path inside a link is not words: /c/ is not the language C, and slugs repeat titles. The host is.
create or replace function private.hide_links(p_text text) returns text
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  return regexp_replace(
    p_text, '(?:https?|ftp|wss?)://([^\s/?#<>"'')\]]*)[^\s<>"'')\]]*', ' \1 ', 'gi'
  );
end;
$$;
comment on function private.hide_links is 'The text with the host in the place of each link.';

create or replace function private.link_term(p_link text) returns text[]
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return case when strpos(p_link, '/') > 0
    then array['://' || left(md5(lower(rtrim(p_link, '/.,;:!*_'))), 16)] else '{}' end;
end;
$$;
comment on function private.link_term is 'The term of a link without its scheme; none for a host alone.';

-- Most texts with a link are imports with one, at their end.
create or replace function private.link_terms(p_text text) returns text[]
language plpgsql immutable strict security invoker set search_path = '' as $$
declare
  c_link constant text := '(?:https?|ftp|wss?)://([^\s?#<>"'')\]]+)';
begin
  if strpos(substr(p_text, strpos(p_text, '://') + 3), '://') = 0 then
    return private.link_term(substring(p_text from c_link));
  end if;
  return array(
    select distinct t.term
    from regexp_matches(left(p_text, 100000), c_link, 'gi') as m (match)
    cross join lateral unnest(private.link_term(m.match[1])) as t (term)
    limit 200
  );
end;
$$;
comment on function private.link_terms is
  'A term for each link that has a path, without its parameters: so that the link itself is found.';

-- Without a capturing group and lookahead, which take five times as long.
create or replace function private.sign_terms(p_text text) returns text[]
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  return array(
    select distinct lower(t.term)
    from regexp_matches(
      left(p_text, 100000),
      '[[:alnum:]]+(?:\+\+|#)[[:alnum:]_+#]?|(?:^|[\s("''`\[,;:=])(?:--|\.)[[:alpha:]][[:alnum:]_-]*', 'g'
    ) as m (match)
    cross join lateral (
      select case when m.match[1] ~ '^[[:alnum:]]' then rtrim(m.match[1], '_')
        else ltrim(m.match[1], E' \t\r\n\f("''`[,;:=') end as term
    ) as t
    where t.term ~ '^(?:[[:alnum:]]+(?:\+\+|#)|--.+|\..+)$' and length(t.term) <= 40
    limit 500
  );
end;
$$;
comment on function private.sign_terms is 'The terms whose signs matter: c++, c#, .net, --force.';

create or replace function private.terms_vector(p_terms text[]) returns tsvector
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  -- With a position: without one, a term has no weight and is lost by ts_filter.
  if cardinality(p_terms) = 1 then
    return (quote_literal(p_terms[1]) || ':1')::tsvector;
  end if;
  return coalesce(
    (select string_agg(quote_literal(t.term) || ':1', ' ') from unnest(p_terms) as t (term)), ''
  )::tsvector;
end;
$$;
comment on function private.terms_vector is 'The vector of terms as they are.';

-- src/app.ts:42 is found by itself, and by app.ts.
create or replace function private.split_words(p_text text) returns text
language plpgsql immutable security invoker set search_path = '' as $$
begin
  -- translate() takes seven times as long, longer than to_tsvector itself.
  return regexp_replace(p_text, '[/\\.:_@=&?#+~-]+', ' ', 'g');
end;
$$;
comment on function private.split_words is
  'Splits paths, addresses, identifiers and compounds: the joining characters become spaces.';

-- src/providers/async_glm.py becomes the words src, providers, async, glm and py.
create or replace function private.split_names(p_text text) returns text
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return translate(p_text, '/\.:_@-=&?#+~()[]{}<>', '                     ');
end;
$$;
comment on function private.split_names is
  'Splits paths, identifiers and calls in code: the joining characters and brackets become spaces.';

create or replace function private.split_camel_case(p_text text) returns text
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return regexp_replace(
    regexp_replace(p_text, '([[:lower:][:digit:]])([[:upper:]])', '\1 \2', 'g'),
    '([[:upper:]])([[:upper:]][[:lower:]])', '\1 \2', 'g'
  );
end;
$$;
comment on function private.split_camel_case is
  'Splits names at their capitals: TimeoutConfig becomes Timeout Config, GLMProvider GLM Provider.';

-- The words of most texts need none of the steps, and the checks for them cost little.
create or replace function private.analyze_text(
  p_text text, p_max_bytes integer, out o_text text, out o_terms tsvector
)
language plpgsql immutable security invoker set search_path = '' as $$
begin
  o_text := private.left_bytes(p_text, p_max_bytes);
  if octet_length(o_text) <> length(o_text)
    and o_text ~ '[\u00aa\u00ba\u00c0-\u1fff\u2100-\u214f\u3000-\u9fff\uac00-\uffef\U00020000-\U0002ffff]'
  then
    o_text := private.left_bytes(private.split_pairs(private.fold_letters(o_text)), p_max_bytes * 3);
  end if;
  if strpos(o_text, '://') > 0 then
    o_terms := private.terms_vector(private.link_terms(o_text));
    o_text := private.hide_links(o_text);
  end if;
  if o_text ~ '[[:alnum:]](?:\+\+|#)|(?:^|[\s("''`\[,;:=])(?:--|\.)[[:alpha:]]' then
    o_terms := coalesce(o_terms, '') || private.terms_vector(private.sign_terms(o_text));
  end if;
end;
$$;
comment on function private.analyze_text is
  'The first p_max_bytes bytes of a text, ready to be split into words, and the terms that are not words: '
  'those with signs of their own, and links. Null terms where there are none.';
