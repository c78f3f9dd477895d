-- What people type as queries for full-text search, in every system.
--
-- What is typed is a hint: what has all words comes first, then what has some of them. Only "words in quotes"
-- and -excluded ones decide whether something is listed at all.

create type private.search_term as (
  alternative bigint,
  is_excluded boolean,
  is_quoted boolean,
  is_last boolean,
  text text
);
comment on type private.search_term is
  'One term of a typed query: a word, an identifier, or words in quotes. alternative: how many times "or" '
  'stands before it.';

-- Telephones and word processors type “these”, keyboards for Japanese ＂these＂.
create or replace function private.plain_signs(p_query text) returns text
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  return translate(
    p_query, U&'\201C\201D\201E\201F\00AB\00BB\FF02\FF0D\2212\3000\00A0', '"""""""--  '
  );
end;
$$;
comment on function private.plain_signs is
  'A typed query with the quotes, minus signs and spaces of ASCII in place of others.';

create or replace function private.parse_search_terms(p_query text) returns private.search_term[]
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return array(
    select row(t.alternative, t.is_excluded, t.is_quoted, t.is_last, t.text)::private.search_term
    from (
      select o.is_or, count(*) filter (where o.is_or) over (order by m.number) as alternative,
        m.match[1] is not null as is_excluded, m.match[2] is not null as is_quoted,
        m.number = count(*) over () as is_last, coalesce(m.match[2], m.match[3]) as text, m.number
      from regexp_matches(
        private.plain_signs(left(p_query, 1000)), '(-(?=[\w"]))?(?:"([^"]*)"?|([^\s"]+))', 'g'
      ) with ordinality as m (match, number)
      cross join lateral (
        select m.match[1] is null and m.match[2] is null and lower(m.match[3]) = 'or' as is_or
      ) as o
    ) as t
    where not t.is_or
    order by t.number
  );
end;
$$;
comment on function private.parse_search_terms is 'The terms of a typed query.';

-- Whoever types without umlauts writes a or ae for ä, and an issue may have either.
create or replace function private.spell_term(p_term text) returns text[]
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_texts text[] := array[p_term];
begin
  if p_term ~ '[äöüÄÖÜ]|[aouAOU]\u0308' then
    v_texts := v_texts || replace(replace(replace(replace(replace(replace(
      normalize(p_term, nfc), 'ä', 'ae'), 'ö', 'oe'), 'ü', 'ue'), 'Ä', 'Ae'), 'Ö', 'Oe'), 'Ü', 'Ue');
  elsif p_term ~* '[aou]e' then
    v_texts := v_texts || regexp_replace(p_term, '([aou])e', '\1', 'gi');
  end if;
  if p_term ~* '^v?[[:digit:]]+(\.[[:digit:]]+)+$' then
    v_texts := v_texts || case when p_term ~* '^v' then substr(p_term, 2) else 'v' || p_term end;
  end if;
  return v_texts;
end;
$$;
comment on function private.spell_term is
  'A term, and how others may have written it: Änderung as Aenderung, Aenderung as Anderung, v2.1 as 2.1.';

-- The text of a term of signs has its words too, so that both have to match: c# and c.
create or replace function private.term_query(p_term text, p_is_code boolean) returns tsquery
language plpgsql immutable security invoker set search_path = '' set client_min_messages = warning as $$
declare
  v_text text;
  v_analyzed record;
  v_words tsquery;
  v_query tsquery := ''::tsquery;
begin
  foreach v_text in array private.spell_term(p_term) loop
    v_analyzed := private.analyze_text(v_text, 4000);
    v_words := case
      when strpos(v_text, '://') > 0 and v_analyzed.o_terms is not null then ''
      when not p_is_code then
        phraseto_tsquery('pg_catalog.english', private.split_words(v_analyzed.o_text))
      else phraseto_tsquery('pg_catalog.english', private.split_names(v_analyzed.o_text))
        || phraseto_tsquery(
          'pg_catalog.english', private.split_names(private.split_camel_case(v_analyzed.o_text))
        )
    end;
    if v_analyzed.o_terms is not null then
      v_words := v_words && coalesce((
        select string_agg(quote_literal(u.lexeme), ' & ') from unnest(v_analyzed.o_terms) as u
      ), '')::tsquery;
    end if;
    v_query := v_query || v_words;
  end loop;
  return v_query;
end;
$$;
comment on function private.term_query is
  'The tsquery of one term: its words, one after the other, and its signs. p_is_code: or the parts '
  'of its names.';

-- websearch_to_tsquery has the same syntax, but no prefixes, and it splits paths and names in its own way.
create or replace function private.websearch_query(p_query text, p_is_code boolean) returns tsquery
language plpgsql immutable security invoker set search_path = '' set client_min_messages = warning as $$
declare
  v_term private.search_term;
  v_alternative bigint := 0::bigint;
  v_words tsquery;
  v_all tsquery := ''::tsquery;
  v_any tsquery := ''::tsquery;
begin
  foreach v_term in array private.parse_search_terms(p_query) loop
    if v_term.alternative <> v_alternative then
      v_any := v_any || v_all;
      v_all := ''::tsquery;
      v_alternative := v_term.alternative;
    end if;
    v_words := private.term_query(v_term.text, p_is_code);
    if v_term.is_excluded then
      v_words := !! v_words;
    elsif v_term.is_last and not v_term.is_quoted and numnode(v_words) > 0 then
      v_words := v_words || private.prefix_query(v_term.text, p_is_code);
    end if;
    v_all := v_all && v_words;
  end loop;
  v_any := v_any || v_all;
  return case when numnode(v_any) > 0 then v_any end;
end;
$$;
comment on function private.websearch_query is
  'The tsquery of what people type: all words, in any order; "words together"; -excluded; either or; the '
  'last word also as a prefix. p_is_code: names also match by their parts, and a number is a prefix as well. '
  'Null when nothing is left but stop words and punctuation.';

-- The last word may be complete, or still being typed. One letter of Han or kana begins the pairs that have
-- it first.
create or replace function private.prefix_query(p_term text, p_is_code boolean) returns tsquery
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_text constant text := private.fold_letters(p_term);
begin
  if v_text ~ '^[[:alnum:]]{3,}$' and (p_is_code or v_text ~ '[[:alpha:]]')
    or v_text ~ '^[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]$'
  then
    return to_tsquery('pg_catalog.simple', quote_literal(v_text) || ':*');
  end if;
  return ''::tsquery;
end;
$$;
comment on function private.prefix_query is
  'A query for words that begin with a term; an empty query for terms that are not the beginning of a word.';

create or replace function private.search_gate(p_query text, p_is_code boolean) returns tsquery
language plpgsql immutable security invoker set search_path = '' set client_min_messages = warning as $$
declare
  v_term private.search_term;
  v_gates tsquery[] := array[]::tsquery[];
  v_words tsquery;
begin
  foreach v_term in array private.parse_search_terms(p_query) loop
    v_words := case when v_term.is_quoted or v_term.is_excluded
      then private.term_query(v_term.text, p_is_code) else '' end;
    if v_term.is_excluded then
      v_words := !! v_words;
    end if;
    v_gates[v_term.alternative] := coalesce(v_gates[v_term.alternative], '') && v_words;
  end loop;
  -- An alternative without conditions admits everything.
  if exists (select from unnest(v_gates) as g (gate) where numnode(g.gate) = 0) then
    return null;
  end if;
  select string_agg(format('(%s)', g.gate), ' | ')::tsquery into v_words
  from unnest(v_gates) as g (gate) where g.gate is not null;
  return v_words;
end;
$$;
comment on function private.search_gate is
  'What must and must not occur in what is found: "words in quotes" and -excluded ones. Null without any.';

create or replace function private.hint_text(p_query text) returns text
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return (
    select string_agg(s.text, ' ')
    from unnest(private.parse_search_terms(p_query)) as t
    cross join lateral unnest(private.spell_term(t.text)) as s (text)
    where not t.is_excluded and not t.is_quoted
  );
end;
$$;
comment on function private.hint_text is
  'The terms of a typed query that are hints, in all their spellings: neither excluded nor in quotes.';

create or replace function private.count_terms(p_query text) returns bigint
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return (
    select count(*) from unnest(private.parse_search_terms(p_query)) as t where not t.is_excluded
  );
end;
$$;
comment on function private.count_terms is 'How many terms of a typed query are to be found.';

create or replace function private.hint_phrases(p_query text, p_is_code boolean) returns tsquery[]
language plpgsql immutable security invoker set search_path = '' set client_min_messages = warning as $$
begin
  return array(
    select q.query
    from unnest(private.parse_search_terms(p_query)) as t
    cross join lateral private.term_query(t.text, p_is_code) as q (query)
    where not t.is_excluded and numnode(q.query) > 1
  );
end;
$$;
comment on function private.hint_phrases is
  'The queries of the terms that are several words: paths, identifiers, versions, words in quotes.';
