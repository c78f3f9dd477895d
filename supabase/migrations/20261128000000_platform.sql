-- supabase/schemas/00_platform, joined.

set local lock_timeout = '5s';
set local statement_timeout = '2min';

-- 00_platform/10_privileges.sql
-- Revokes the privileges that the platform grants by default: every object states its own grants.

alter default privileges for role postgres in schema public
  revoke all on tables from anon, authenticated, service_role;
alter default privileges for role postgres in schema public
  revoke all on sequences from anon, authenticated, service_role;
alter default privileges for role postgres in schema public
  revoke all on functions from anon, authenticated, service_role;

-- PUBLIC has EXECUTE on new functions by default; only the form without a schema can revoke that.
alter default privileges for role postgres revoke execute on functions from public;

-- A role that may create temporary objects could shadow a type such as `text` for the security definer
-- functions that it calls: pg_temp is searched first, also where search_path is empty.
do $$
begin
  execute format('revoke temporary on database %I from public', current_database());
end;
$$;

-- 00_platform/20_private.sql
-- The schema behind the API: helpers, security definer bodies, trigger functions, operational tables.

create schema if not exists private;
comment on schema private is
  'Not exposed, and no API role has USAGE: reached only through wrappers, policies, defaults and triggers.';

-- 00_platform/30_extensions.sql
-- The extensions for scheduled jobs and for search.

create extension if not exists pg_cron with schema pg_catalog;
create extension if not exists pg_trgm with schema extensions;

-- 00_platform/40_timestamps.sql
-- The trigger functions that every table shares: for its timestamps and for its key.

-- Imports and backfills may set created_at on insert; it never changes after that. updated_at is always set
-- here: it increases when another column of the row changes, and only then.
create or replace function private.set_timestamps() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
begin
  if tg_op = 'INSERT' then
    new.created_at := coalesce(new.created_at, now());
    new.updated_at := now();
    return new;
  end if;
  new.created_at := old.created_at;
  new.updated_at := old.updated_at;
  if new is distinct from old then
    new.updated_at := greatest(clock_timestamp(), old.updated_at + interval '1 microsecond');
  end if;
  return new;
end;
$$;
comment on function private.set_timestamps is
  'Before trigger, the last of its table: created_at is settable on insert only, updated_at is monotonic.';

create or replace function private.set_created_at() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
begin
  new.created_at := case when tg_op = 'INSERT' then coalesce(new.created_at, now()) else old.created_at end;
  return new;
end;
$$;
comment on function private.set_created_at is
  'Before trigger for tables without updated_at: created_at is settable on insert only.';

-- PostgREST's upsert sets every column that the client sent, the key included, so clients have UPDATE on key
-- columns. A trigger with `when (old.key is distinct from new.key)` calls this function.
create or replace function private.reject_key_change() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
begin
  raise exception using
    errcode = 'PT422', message = 'key_change_forbidden',
    detail = format('The key of %I.%I can''t be changed.', tg_table_schema, tg_table_name),
    hint = 'Insert a new row and delete the old one.';
end;
$$;
comment on function private.reject_key_change is
  'Before trigger that always raises key_change_forbidden (422).';

-- 00_platform/50_texts.sql
-- When a text counts as blank, and patterns that contain a text.

-- Spaces of other scripts and zero-width characters count as blank too. Check constraints repeat the list as
-- a regular expression, since the roles that write have no USAGE on this schema.
create or replace function private.non_blank(p_text text) returns text
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  return nullif(
    btrim(
      p_text,
      E' \t\n\r\f\x0b\u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008'
        '\u2009\u200a\u200b\u200c\u200d\u2028\u2029\u202f\u205f\u2060\u3000\ufeff'
    ),
    ''
  );
end;
$$;
comment on function private.non_blank is
  'The text without leading and trailing blanks; null for null and for a blank text.';

create or replace function private.like_pattern(p_text text) returns text
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  return '%' || regexp_replace(p_text, '([\\%_])', '\\\1', 'g') || '%';
end;
$$;
comment on function private.like_pattern is 'The pattern of like for texts that contain this text, as it is.';

-- 00_platform/60_sequences.sql
-- Numbers that are inserted explicitly, and the sequence that generates the next ones.

-- Nothing locks a sequence against nextval, and setval could move it back below a number that another session
-- has just been given. So the sequence advances by nextval; only across more than 1,000 numbers, which other
-- sessions won't use up between two statements, by setval.
create or replace function private.advance_sequence(p_sequence regclass, p_value bigint) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_last bigint := coalesce(pg_sequence_last_value(p_sequence), 0);
begin
  if p_value <= v_last then
    return;
  end if;
  perform pg_advisory_xact_lock(hashtextextended('sequence ' || p_sequence::oid, 0));
  v_last := coalesce(pg_sequence_last_value(p_sequence), 0);
  if p_value - v_last > 1000 then
    v_last := setval(p_sequence, p_value);
  end if;
  while v_last < p_value loop
    v_last := nextval(p_sequence);
  end loop;
end;
$$;
comment on function private.advance_sequence is
  'Advances a sequence to at least this value, so that nextval does not return the value again.';

-- 00_platform/70_search_text.sql
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

-- 00_platform/72_search_queries.sql
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

-- 00_platform/74_weighted_terms.sql
-- What the words of a text are worth as evidence that another text is about the same.

create type private.term_share as (
  term text,
  share real,
  prefix_share real
);
comment on type private.term_share is
  'A word, the share of the texts that have it, and of those that have a word with the same five first '
  'letters (the sum over these words). 0: no text of the sample.';

create or replace function private.sample_term_shares(
  p_terms text[], p_vectors text, p_vector_count bigint
)
returns setof private.term_share
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  with sample as materialized (
    select t.word, t.ndoc, left(t.word, 5) as prefix from ts_stat(p_vectors) as t
  ), prefix as (
    select s.prefix, sum(s.ndoc)::real as ndoc from sample as s
    where s.prefix = any (array(select left(u.term, 5) from unnest(p_terms) as u (term)))
    group by s.prefix
  )
  select u.term, (coalesce(s.ndoc, 0) / greatest(p_vector_count, 1)::real)::real,
    least(coalesce(p.ndoc, 0) / greatest(p_vector_count, 1)::real, 1)::real
  from unnest(p_terms) as u (term)
  left join sample as s on s.word = u.term
  left join prefix as p on p.prefix = left(u.term, 5);
end;
$$;
comment on function private.sample_term_shares is
  'How rare words are among the vectors that a query returns, p_vector_count, some thousand at most.';

create type private.weighted_term as (
  query tsquery,
  title_query tsquery,
  weight real,
  share real,
  word text
);
comment on type private.weighted_term is
  'A word, the beginning of one, or a phrase to look for. title_query: the same in the title only. share: '
  'about how many of the texts have it, 0 to 1. word: the word of the text that it is for; null where it is '
  'another word for the same.';

create or replace function private.term_rarity(p_share real) returns real
language plpgsql immutable security invoker set search_path = '' as $$
begin
  -- The inverse document frequency of BM25, at most that of one issue in 20,000.
  return ln(1 + (1 - least(p_share, 1) + 0.00005) / (greatest(p_share, 0) + 0.00005))::real;
end;
$$;
comment on function private.term_rarity is 'The weight of a word that this share of the texts has.';

-- The five first letters of a word are most of its weight, so that its other forms count, which stemming by
-- the rules of English misses in other languages and in long words.
create or replace function private.weigh_word(p_share private.term_share, p_factor real)
returns setof private.weighted_term
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_word constant text := quote_literal(p_share.term);
  v_prefix constant text := quote_literal(left(p_share.term, 5));
  v_weight constant real := p_factor * private.term_rarity(p_share.share);
  v_prefix_weight real := 0::real;
begin
  if length(p_share.term) > 5 and p_share.prefix_share > p_share.share
    and p_share.term ~ '^[[:alpha:]]+$'
  then
    v_prefix_weight := p_factor * 0.6::real * private.term_rarity(p_share.prefix_share);
    return next (
      (v_prefix || ':*')::tsquery, (v_prefix || ':*A')::tsquery, v_prefix_weight, p_share.prefix_share,
      p_share.term
    );
  end if;
  if p_share.share > 0 or v_prefix_weight = 0 then
    return next (
      v_word::tsquery, (v_word || ':A')::tsquery, greatest(v_weight - v_prefix_weight, 0.2::real),
      p_share.share, p_share.term
    );
  end if;
end;
$$;
comment on function private.weigh_word is
  'The terms of a word: the word, and where others begin with the same five letters, these.';

-- The rarest terms find most of what is alike; two less rare ones together find the rest. A million texts
-- have ten thousand with any word that one in a hundred has: such a word counts, but finds nothing by itself.
-- One query per pair: for a disjunction of pairs the index reads every text of every word, 20 times as long.
create or replace function private.candidate_queries(
  p_terms private.weighted_term[], p_text_count bigint, p_limit integer
) returns tsquery[]
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_rare tsquery[];
  v_pairs tsquery[];
begin
  with term as (
    select t.query, t.share * p_text_count as expected,
      sum(t.share * p_text_count) over (order by t.share, t.weight desc, t.query::text) as running,
      row_number() over (order by t.share, t.weight desc, t.query::text) as number
    from unnest(p_terms) as t
  )
  select array_agg(t.query) into v_rare
  from term as t
  where t.running <= p_limit or t.number = 1 and t.expected <= 5000;
  with word as (
    select distinct on (t.word) t.word, t.query, t.share * p_text_count as expected, t.share
    from unnest(p_terms) as t
    where t.word is not null
    order by t.word, t.share, t.query::text
  ), common as (
    select w.query, w.expected, row_number() over (order by w.expected, w.word) as number
    from word as w
    where w.query <> all (coalesce(v_rare, '{}')) and w.share <= 0.05 and w.expected <= 50000
    order by w.expected, w.word
    limit 8
  ), pair as (
    select a.query && b.query as query, a.expected * b.expected as expected, a.number,
      b.number as other_number
    from common as a
    join common as b on b.number > a.number
    where a.expected * b.expected / greatest(p_text_count, 1) <= p_limit / 2
    order by 2, 3, 4
    limit 12
  )
  select array_agg(p.query order by p.expected, p.number, p.other_number) into v_pairs from pair as p;
  return array_remove(
    (select string_agg(format('(%s)', r.query), ' | ') from unnest(v_rare) as r (query))::tsquery || v_pairs,
    null
  );
end;
$$;
comment on function private.candidate_queries is
  'Queries for some p_limit texts that have the rarest terms, the first, and for such that have two of the '
  'less rare words, up to 12; empty if all terms are too common.';

-- 00_platform/76_search_synonyms.sql
-- Other words for the same: so that a text finds what was written in other words, or in another language.

create or replace function private.query_words(p_query tsquery) returns text[]
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  return array(
    select replace(r.match[1], '''''', '''')
    from regexp_matches(p_query::text, '''((?:[^'']|'''')*)''', 'g') as r (match)
  );
end;
$$;
comment on function private.query_words is 'The words of a query, in their order.';

create table private.search_synonyms (
  concept text not null,
  word text not null,
  query tsquery not null generated always as (private.term_query(word, false)) stored,
  terms text[] not null generated always as (private.query_words(private.term_query(word, false))) stored,
  constraint search_synonyms_pkey primary key (concept, word)
);
comment on table private.search_synonyms is
  'Words and short phrases of several languages by what they mean. Used when a text is compared with issues: '
  'each word of a concept is evidence for the others, worth half of the word itself. Operators may add rows.';
comment on column private.search_synonyms.query is 'The word as search sees it.';
comment on column private.search_synonyms.terms is 'The words of query.';
create index search_synonyms_terms_idx on private.search_synonyms using gin (terms);
alter table private.search_synonyms enable row level security;

insert into private.search_synonyms (concept, word)
select c.concept, w.word
from (
  values
    ('password',
      'password, passwort, kennwort, contraseña, clave, senha, mot de passe, パスワード, 密码, كلمة السر, '
      'كلمة المرور'),
    ('sign in',
      'login, sign in, signin, log in, sign-in, anmelden, anmeldung, einloggen, iniciar sesión, '
      'entrar, acceder, acessar, connexion, connecter, se connecter, ログイン, サインイン, 登录, 登陆, '
      'تسجيل الدخول, الدخول'),
    ('sign out',
      'logout, log out, sign out, signed out, kicked out, abmelden, ausgeloggt, abgemeldet, '
      'cerrar sesión, sair, déconnexion, déconnecté, ログアウト, 退出, تسجيل الخروج'),
    ('sign up',
      'signup, sign up, register, registration, registrieren, registrierung, registro, registrarse, '
      'cadastro, inscription, inscrire, 登録, 注册, التسجيل'),
    ('account', 'account, konto, cuenta, conta, compte, アカウント, 账号, 账户, حساب, الحساب, حسابي, khata'),
    ('e-mail',
      'mail, email, e-mail, message, nachricht, correo, mensaje, mensagem, courriel, メール, 邮件, 邮箱, '
      'البريد, رسالة, الرسالة'),
    ('address', 'address, adresse, dirección, endereço, アドレス, 住所, 地址, عنوان'),
    ('spam', 'spam, junk, no deseados, lixo, indésirables, 迷惑メール, 垃圾邮件'),
    ('code', 'code, código, codigo, コード, 代码, 验证码, الرمز, رمز'),
    ('phone',
      'phone, mobile, smartphone, handy, telefon, teléfono, celular, móvil, telefone, téléphone, '
      'portable, 電話, スマホ, 携帯, 手机, هاتف, هاتفي, الهاتف, الجوال'),
    ('verification',
      'verification, verify, confirm, confirmation, bestätigen, bestätigung, verificación, confirmar, '
      'verificação, vérification, 確認, 認証, 验证, التحقق, تأكيد'),
    ('two-factor',
      '2fa, two factor, two-factor, authenticator, zwei faktor, dos pasos, doble factor, dois fatores, '
      'double authentification, 二段階認証, 两步验证'),
    ('reset',
      'reset, zurücksetzen, restablecer, redefinir, réinitialiser, forgot, forgotten, vergessen, '
      'olvidé, esqueci, oublié, リセット, 重置, إعادة تعيين'),
    ('invitation', 'invite, invitation, einladung, eingeladen, invitación, convite, 招待, 邀请, دعوة'),
    ('profile', 'profile, profil, perfil, プロフィール, 资料, الملف الشخصي'),
    ('picture',
      'picture, image, photo, avatar, screenshot, bild, foto, imagen, imagem, 画像, 写真, 图片, 照片, 头像, صورة'),
    ('payment',
      'payment, pay, paid, bezahlen, bezahlt, zahlung, gezahlt, pago, pagar, pagado, pagué, pagamento, '
      'paguei, paiement, payer, payé, 支払い, 決済, 付款, 支付, دفع, الدفع, دفعت, paisa, paise'),
    ('charge',
      'charge, charged, billed, debited, withdrawn, abgebucht, abbuchung, belastet, cobrado, cobro, '
      'cobraron, cobrança, débité, prélevé, prélèvement, 請求, 引き落とし, 扣款, 扣费, خصم, kat gaya'),
    ('twice',
      'twice, double, doubled, duplicate, duplicated, 2x, doppelt, zweimal, doble, dos veces, '
      'duplicado, duas vezes, dobro, duplicada, deux fois, doublon, 二重, 二回, 2回, 重複, 两次, 重复, مرتين, '
      'مكرر, do baar'),
    ('invoice',
      'invoice, bill, receipt, rechnung, rechnungen, beleg, quittung, factura, facturas, recibo, '
      'fatura, facture, reçu, 請求書, 領収書, 发票, 账单, فاتورة, الفاتورة'),
    ('refund',
      'refund, money back, rückerstattung, erstattung, geld zurück, reembolso, devolución, devolver, '
      'remboursement, rembourser, 返金, 退款, استرداد'),
    ('price',
      'price, cost, fee, preis, kosten, gebühr, precio, coste, costo, tarifa, preço, custo, prix, '
      'coût, 価格, 料金, 价格, 费用, سعر, السعر'),
    ('discount',
      'discount, coupon, voucher, promo, rabatt, gutschein, descuento, cupón, desconto, cupom, '
      'réduction, remise, 割引, クーポン, 优惠, 折扣, 优惠券, خصم, كوبون'),
    ('subscription',
      'subscription, plan, membership, abo, abonnement, mitgliedschaft, suscripción, membresía, '
      'assinatura, plano, サブスク, 購読, プラン, 订阅, 会员, اشتراك, اشتراكي'),
    ('cancel',
      'cancel, cancellation, cancelled, unsubscribe, kündigen, gekündigt, kündigung, cancelar, '
      'cancelado, baja, annuler, résilier, 解約, キャンセル, 取消, 退订, إلغاء'),
    ('renew',
      'renew, renewal, verlängern, verlängerung, renovar, renovación, renovação, renouveler, 更新, 续费, '
      '续订, تجديد'),
    ('upgrade', 'upgrade, wechsel, hochstufen, mejorar, aumentar, アップグレード, 升级, ترقية'),
    ('card', 'card, credit card, karte, kreditkarte, tarjeta, cartão, carte, カード, 银行卡, 信用卡, بطاقة'),
    ('bank', 'bank, statement, kontoauszug, banco, extracto, banque, relevé, 銀行, 银行, البنك'),
    ('tax', 'tax, vat, steuer, mwst, umsatzsteuer, impuesto, iva, imposto, tva, 税, 消費税, ضريبة'),
    ('error',
      'error, failure, fails, failed, fault, fehler, fehlermeldung, fehlgeschlagen, fallo, falla, '
      'erro, falha, erreur, échec, échoué, エラー, 失敗, 错误, 失败, 报错, خطأ, galti'),
    ('does not work',
      'broken, does not work, not working, doesn''t work, geht nicht, funktioniert nicht, kaputt, '
      'no funciona, não funciona, ne marche pas, ne fonctionne pas, 動かない, 動きません, 不能用, 没反应, 不工作, '
      'لا يعمل, nahi chal raha, kaam nahi'),
    ('crash',
      'crash, crashes, closes, abstürzen, stürzt ab, absturz, se cierra, cierra, trava, fecha sozinho, '
      'plante, plantage, クラッシュ, 落ちる, 落ちます, 崩溃, 闪退, يتعطل, band ho jata'),
    ('freeze',
      'freeze, freezes, hangs, stuck, hängt, eingefroren, bloqueado, colgado, congelado, travado, '
      'bloqué, figé, フリーズ, 固まる, 卡住, 卡死, معلق, atak'),
    ('slow',
      'slow, sluggish, lag, delay, delayed, late, langsam, verspätet, verzögert, lento, lenta, '
      'retraso, tarde, atraso, lent, retard, 遅い, 遅れ, 慢, 延迟, بطيء, تأخر'),
    ('empty',
      'empty, blank, white, nothing, leer, leere, weiß, vacío, vacía, en blanco, vazio, vazia, '
      'em branco, vide, blanc, blanche, 空, 真っ白, 空白, 白屏, فارغ, فارغة, khali'),
    ('missing',
      'missing, gone, disappeared, lost, vanished, absent, fehlt, fehlen, verschwunden, weg, verloren, '
      'falta, faltan, desaparecido, desapareció, perdido, sumiu, desapareceu, manque, manquant, '
      'disparu, perdu, 消えた, ない, なくなった, 不见了, 消失, 丢失, 没了, اختفى, اختفت, مفقود, gayab'),
    ('delete',
      'delete, deleted, remove, removed, löschen, gelöscht, entfernt, borrar, borrado, eliminar, '
      'eliminado, apagar, excluir, supprimer, supprimé, effacé, 削除, 删除, حذف'),
    ('save',
      'save, saved, speichern, gespeichert, guardar, guardado, salvar, enregistrer, sauvegarder, 保存, '
      'حفظ'),
    ('open',
      'open, opens, öffnen, öffnet, abrir, abre, ouvrir, ouvre, 開く, 開けない, 打开, يفتح, فتح, khul'),
    ('load',
      'load, loads, loading, spinner, spins, laden, lädt, cargar, carregar, carrega, charger, '
      'chargement, 読み込み, ロード, 加载, تحميل'),
    ('upload',
      'upload, uploaded, hochladen, hochgeladen, subir, enviar, téléverser, importer, アップロード, 上传, رفع'),
    ('download', 'download, herunterladen, descargar, baixar, télécharger, ダウンロード, 下载, تنزيل'),
    ('export', 'export, exportieren, exportar, exporter, エクスポート, 导出, تصدير'),
    ('import', 'import, importieren, einlesen, importar, importer, インポート, 导入, استيراد'),
    ('file', 'file, document, datei, dokument, archivo, fichero, arquivo, fichier, ファイル, 文件, ملف'),
    ('button', 'button, knopf, schaltfläche, botón, botão, bouton, ボタン, 按钮, زر, الزر'),
    ('click',
      'click, press, tap, klick, klicken, drücken, clic, pulsar, pulso, clicar, clico, cliquer, '
      'clique, クリック, 押す, 点击, 按, نقر, اضغط, dabane'),
    ('link', 'link, url, enlace, vínculo, lien, リンク, 链接, رابط, الرابط'),
    ('page',
      'page, site, website, seite, webseite, página, pagina, sitio, ページ, サイト, 页面, 网站, صفحة, الصفحة, '
      'الموقع'),
    ('form', 'form, formular, formulario, formulário, formulaire, フォーム, 表单, نموذج, النموذج'),
    ('send',
      'send, sent, submit, submitted, senden, gesendet, abgeschickt, verschickt, enviar, enviado, '
      'envoyer, envoyé, 送信, 送る, 发送, 提交, إرسال, أرسل'),
    ('receive',
      'receive, receives, arrive, arrives, reach, empfangen, ankommen, kommt an, kommt nicht, bekomme, '
      'recibir, recibo, llega, llegan, receber, recebo, chega, recevoir, reçois, reçu, 届く, 届かない, '
      '届きません, 受信, 收到, 收不到, يصل, aata, aaya, mila'),
    ('notification',
      'notification, push, alert, alerts, reminder, benachrichtigung, benachrichtigungen, erinnerung, '
      'notificación, notificaciones, recordatorio, aviso, notificação, notificações, lembrete, rappel, '
      '通知, リマインダー, 提醒, إشعار, إشعارات, الإشعارات, تذكير'),
    ('video',
      'video, clip, recording, aufnahme, aufzeichnung, vídeo, grabación, gravação, vidéo, '
      'enregistrement, 動画, ビデオ, 録画, 视频, 录像, فيديو, الفيديو'),
    ('sound',
      'sound, audio, voice, mute, silent, stumm, sonido, silencio, mudo, muet, 音, 音声, 声音, 没声音, صوت'),
    ('subtitles', 'subtitles, captions, untertitel, subtítulos, legendas, sous-titres, 字幕, ترجمة'),
    ('lesson',
      'lesson, lecture, class, module, chapter, lektion, modul, lección, módulo, aula, lição, leçon, '
      'cours, レッスン, 授業, モジュール, 课, 课程, 章节, درس, الدرس'),
    ('course', 'course, kurs, curso, cours, formation, コース, 講座, 课程, دورة, الدورة'),
    ('certificate',
      'certificate, diploma, zertifikat, certificado, diplôme, certificat, 証明書, 修了証, 证书, شهادة, الشهادة'),
    ('quiz',
      'quiz, exam, prüfung, frage, examen, pregunta, prova, pergunta, クイズ, テスト, 問題, 测验, 考试, اختبار'),
    ('exercise',
      'exercise, assignment, homework, workbook, worksheet, task, aufgabe, übung, arbeitsblatt, '
      'ejercicio, tarea, cuaderno, exercício, tarefa, exercice, devoir, cahier, 課題, ワークブック, 作业, 练习, '
      'تمرين'),
    ('progress',
      'progress, complete, completed, finished, fortschritt, abgeschlossen, fertig, progreso, '
      'completado, terminado, progresso, concluído, progrès, progression, terminé, 進捗, 完了, 进度, 完成, تقدم'),
    ('locked',
      'locked, lock, blocked, denied, forbidden, no access, gesperrt, verweigert, kein zugriff, '
      'bloqueado, denegado, sin acceso, negado, sem acesso, verrouillé, refusé, accès, ロック, アクセス権, 权限, '
      '没有权限, 锁定, مقفل, ممنوع, صلاحية'),
    ('member',
      'member, participant, user, people, mitglied, mitglieder, nutzer, benutzer, miembro, miembros, '
      'usuario, membro, usuário, membre, utilisateur, メンバー, 会員, ユーザー, 成员, 用户, عضو, الأعضاء, مستخدم'),
    ('event',
      'event, meeting, call, workshop, veranstaltung, treffen, termin, evento, reunión, reunião, '
      'événement, réunion, イベント, 会議, ミーティング, 会议, 活动, اجتماع, فعالية'),
    ('calendar',
      'calendar, date, day, schedule, kalender, datum, zeitplan, calendario, fecha, día, horario, '
      'calendário, dia, calendrier, jour, horaire, カレンダー, 日付, 日程, 日历, 日期, تاريخ, التقويم'),
    ('time zone',
      'timezone, time zone, utc, zeitzone, zona horaria, fuso horário, fuseau horaire, タイムゾーン, 时区, '
      'المنطقة الزمنية'),
    ('comment',
      'comment, reply, answer, kommentar, antwort, comentario, respuesta, comentário, resposta, '
      'commentaire, réponse, コメント, 返信, 评论, 回复, تعليق, رد'),
    ('post',
      'post, article, beitrag, artikel, publicación, artículo, publicação, artigo, publication, 投稿, '
      '記事, 帖子, 文章, منشور, مقال'),
    ('search',
      'search, find, suche, suchen, finden, gefunden, buscar, búsqueda, encontrar, pesquisa, '
      'recherche, chercher, trouver, 検索, 探す, 搜索, 查找, بحث'),
    ('setting',
      'setting, settings, option, preference, einstellung, einstellungen, configuración, ajustes, '
      'opción, configuração, configurações, paramètre, paramètres, réglage, 設定, 设置, 选项, إعدادات, '
      'الإعدادات'),
    ('switch off',
      'switch off, turn off, disable, disabled, ausschalten, deaktivieren, abschalten, apagar, '
      'desactivar, desativar, désactiver, couper, オフ, 無効, 关闭, 禁用, إيقاف, تعطيل, band karna'),
    ('change',
      'change, edit, modify, ändern, geändert, bearbeiten, cambiar, cambio, editar, modificar, mudar, '
      'alterar, changer, modifier, 変更, 編集, 修改, 更改, 编辑, تغيير, تعديل, badalna'),
    ('language',
      'language, translation, sprache, übersetzung, idioma, traducción, tradução, langue, traduction, '
      '言語, 翻訳, 语言, 翻译, لغة'),
    ('dark mode',
      'dark mode, dark theme, night mode, dunkelmodus, dunkles design, nachtmodus, modo oscuro, '
      'modo escuro, mode sombre, ダークモード, 深色模式, 夜间模式, الوضع الداكن'),
    ('keyboard', 'keyboard, typing, tastatur, teclado, clavier, キーボード, 键盘, لوحة المفاتيح'),
    ('screen', 'screen, display, monitor, bildschirm, pantalla, tela, écran, 画面, 屏幕, شاشة, الشاشة'),
    ('loop',
      'loop, again and again, over and over, endless, endlessly, redirect, redirects, schleife, '
      'endlos, immer wieder, bucle, una y otra vez, sem parar, boucle, sans fin, ループ, 繰り返し, 循环, 反复, '
      'تكرار, baar baar'),
    ('again',
      'again, repeatedly, erneut, wieder, otra vez, de nuevo, de novo, encore, à nouveau, また, 再び, 又, '
      '再次, مرة أخرى, phir se'),
    ('connection',
      'connection, connect, connected, disconnect, disconnects, disconnected, verbindung, verbinden, '
      'getrennt, conexión, conectar, desconecta, conexão, conectado, connexion, déconnecte, 接続, 切断, '
      '连接, 断开, اتصال'),
    ('timeout',
      'timeout, time out, times out, timed out, zeitüberschreitung, tiempo de espera, tempo esgotado, '
      'délai dépassé, タイムアウト, 超时, انتهت المهلة'),
    ('expired',
      'expired, expires, invalid, not valid, abgelaufen, ungültig, caducado, vencido, expirado, '
      'inválido, expiró, expiré, invalide, 期限切れ, 無効, 过期, 失效, 无效, منتهي, غير صالح'),
    ('install',
      'install, installation, setup, set up, installieren, instalar, instalación, installer, インストール, '
      '安装, تثبيت'),
    ('update',
      'update, upgrade, release, version, aktualisierung, aktualisieren, actualización, actualizar, '
      'atualização, atualizar, mise à jour, アップデート, 更新, 升级, 版本, تحديث, التحديث'),
    ('limit',
      'limit, quota, rate limit, grenze, kontingent, begrenzung, límite, cuota, limite, cota, 制限, 上限, '
      '限制, 额度, حد'),
    ('server', 'server, backend, host, servidor, serveur, サーバー, 服务器, خادم, السيرفر'),
    ('database',
      'database, db, postgres, table, datenbank, tabelle, base de datos, tabla, banco de dados, '
      'tabela, base de données, データベース, テーブル, 数据库, 表, قاعدة البيانات'),
    ('function', 'function, funktion, función, função, fonction, 関数, 機能, 函数, 功能, دالة'),
    ('variable',
      'variable, env, environment, umgebungsvariable, variables de entorno, variável, '
      'variáveis de ambiente, variable d''environnement, 環境変数, 变量, 环境变量, متغير'),
    ('key', 'key, secret, token, schlüssel, clave, llave, chave, clé, キー, 鍵, 密钥, مفتاح'),
    ('row',
      'row, record, entry, line, zeile, datensatz, eintrag, fila, registro, linha, ligne, '
      'enregistrement, 行, レコード, 记录, صف'),
    ('automation',
      'automation, flow, scenario, workflow, zap, automatisierung, ablauf, automatización, escenario, '
      'flujo, automação, fluxo, automatisation, scénario, 自動化, シナリオ, ワークフロー, 自动化, 流程, أتمتة'),
    ('run',
      'run, runs, start, starts, trigger, execute, fires, ausführen, läuft, startet, ejecutar, '
      'ejecuta, inicia, executar, executa, exécuter, lance, 実行, 動作, 运行, 执行, تشغيل'),
    ('completion',
      'completion, completions, autocomplete, suggestion, suggestions, inline, vervollständigung, '
      'vorschläge, autocompletado, sugerencias, autocompletar, sugestões, autocomplétion, 補完, 自动补全, '
      '补全, الإكمال'),
    ('assistant',
      'assistant, agent, bot, chatbot, model, assistent, modell, asistente, agente, modelo, '
      'assistente, modèle, エージェント, ボット, モデル, 助手, 模型, المساعد'),
    ('rule',
      'rule, instruction, instructions, regel, anweisung, regla, instrucción, regra, instrução, règle, '
      'consigne, ルール, 指示, 规则, 指令, قاعدة'),
    ('ignore', 'ignore, ignores, ignored, ignoriert, ignora, ignorar, 無視, 忽略, يتجاهل'),
    ('wrong',
      'wrong, incorrect, false, falsch, incorrecto, equivocado, errado, incorreto, faux, mauvais, 間違い, '
      '違う, 错, 不对, 错误, خطأ, galat'),
    ('space',
      'space, room, group, channel, raum, gruppe, kanal, espacio, sala, grupo, canal, espaço, espace, '
      'salle, groupe, スペース, ルーム, グループ, 空间, 群, 频道, مساحة, مجموعة, قناة'),
    ('credit',
      'credit, credits, balance, top-up, topped up, guthaben, aufladen, saldo, créditos, recarga, '
      'crédit, solde, クレジット, 残高, 余额, 积分, 充值, رصيد'),
    ('bonus',
      'bonus, reward, referral, empfehlung, prämie, recompensa, referido, indicação, parrainage, '
      'récompense, ボーナス, 紹介, 奖励, 推荐, مكافأة'),
    ('decimal',
      'decimal, comma, number, dezimal, komma, zahl, coma, número, vírgula, virgule, nombre, 小数, 数字, '
      'رقم'),
    ('browser', 'browser, chrome, safari, firefox, navegador, navigateur, ブラウザ, 浏览器, متصفح, المتصفح'),
    ('session', 'session, sitzung, sesión, sessão, セッション, 会话, جلسة'),
    ('memory', 'memory, ram, heap, leak, oom, speicher, memoria, memória, mémoire, メモリ, 内存, ذاكرة'),
    ('shipping',
      'shipping, delivery, parcel, versand, lieferung, paket, envío, entrega, paquete, livraison, '
      'colis, 配送, 发货, 快递, شحن')
) as c (concept, words)
cross join lateral (
  select distinct s.word from regexp_split_to_table(c.words, ', ') as s (word)
) as w;

-- 00_platform/77_more_search_synonyms.sql
-- More words for the same: what people write about courses, communities, shops, tools and code.

insert into private.search_synonyms (concept, word)
select c.concept, w.word
from (
  values
    ('theme',
      'theme, design, skin, layout, background, hintergrund, tema, diseño, fondo, fundo, thème, fond, テーマ, '
      '背景, 主题, 背景色, خلفية, سمة'),
    ('dark',
      'dark, night, black, dunkel, nacht, schwarz, oscuro, noche, negro, escuro, noite, preto, sombre, '
      'nuit, noir, ダーク, 夜间, 深色, ليلي, داكن'),
    ('color', 'color, colour, colors, farbe, farben, cor, cores, couleur, 色, 颜色, لون'),
    ('battery', 'battery, power, akku, batterie, batería, bateria, バッテリー, 电池, بطارية'),
    ('currency',
      'currency, dollar, dollars, euro, euros, usd, eur, währung, moneda, moeda, devise, 通貨, 货币, عملة'),
    ('trial',
      'trial, test period, probezeit, probemonat, testphase, prueba gratis, período de teste, essai, '
      'essai gratuit, トライアル, 试用, تجربة مجانية'),
    ('seat',
      'seat, seats, license, licence, licenses, platz, lizenz, lizenzen, licencia, licença, siège, ライセンス, '
      '席位, 许可证, رخصة, ترخيص'),
    ('pause',
      'pause, suspend, hold, pausieren, aussetzen, pausar, suspender, suspendre, 一時停止, 休会, 暂停, توقف مؤقت'),
    ('payout',
      'payout, payouts, earnings, withdrawal, auszahlung, einnahmen, pago de ganancias, ganancias, saque, '
      'ganhos, versement, gains, 出金, 収益, 提现, 收益, أرباح, سحب'),
    ('bundle', 'bundle, package, pack, paket, paquete, pacote, lot, バンドル, 套餐, 礼包, باقة, حزمة'),
    ('gift', 'gift, present, geschenk, regalo, presente, cadeau, ギフト, プレゼント, 礼物, 礼品卡, هدية'),
    ('owner',
      'owner, admin, administrator, besitzer, inhaber, propietario, dueño, administrador, proprietário, '
      'dono, propriétaire, administrateur, 管理者, オーナー, 管理员, 所有者, مالك, مدير, مسؤول'),
    ('moderator', 'moderator, moderators, mod, mods, moderador, moderadores, modérateur, モデレーター, 版主, مشرف'),
    ('approve',
      'approve, accept, accepted, allow, grant, genehmigen, annehmen, akzeptieren, freigeben, aprobar, '
      'aceptar, aprovar, aceitar, approuver, accepter, 承認, 許可, 批准, 接受, 通过, موافقة, قبول'),
    ('reject',
      'reject, rejected, refuse, refused, decline, declined, deny, ablehnen, abgelehnt, rechazar, '
      'rechazado, recusar, recusado, rejeitado, refuser, refusé, rejeté, 拒否, 却下, 拒绝, رفض, مرفوض'),
    ('request',
      'request, requests, ask, asks, anfrage, anfragen, solicitud, solicitar, pedir, pedido, solicitação, '
      'demande, demander, リクエスト, 申請, 请求, 申请, طلب'),
    ('permission',
      'permission, permissions, right, rights, role, roles, recht, rechte, rolle, berechtigung, permiso, '
      'permisos, rol, permissão, permissões, papel, droit, droits, rôle, 権限, 权限, 角色, أذونات, دور'),
    ('attachment',
      'attachment, attachments, attached, anhang, anhänge, adjunto, adjuntos, anexo, anexos, pièce jointe, '
      'pièces jointes, 添付, 附件, مرفق, مرفقات'),
    ('recover',
      'recover, restore, undo, undelete, bring back, wiederherstellen, rückgängig, recuperar, restaurar, '
      'deshacer, desfazer, récupérer, restaurer, annuler, 復元, 元に戻す, 恢复, 撤销, 找回, استعادة, استرجاع'),
    ('backup',
      'backup, backups, recovery, copy, sicherung, sicherungskopie, copia de seguridad, respaldo, '
      'cópia de segurança, sauvegarde, バックアップ, 备份, نسخة احتياطية'),
    ('move',
      'move, moved, migrate, migration, migrating, transfer, switch, umziehen, umzug, verschieben, '
      'übertragen, mover, migrar, migración, trasladar, migração, transferir, déplacer, migrer, 移行, 移動, '
      '引っ越し, 迁移, 转移, نقل'),
    ('copy',
      'copy, copied, copies, clone, duplicate, duplicated, kopie, kopieren, kopiert, duplizieren, copia, '
      'copiar, duplicar, cópia, copier, dupliquer, コピー, 複製, 复制, 拷贝, نسخ, نسخة'),
    ('rename',
      'rename, renamed, umbenennen, umbenannt, renombrar, renomear, renommer, 名前変更, 重命名, 改名, إعادة تسمية'),
    ('name',
      'name, names, surname, namen, nachname, nombre, apellido, nome, sobrenome, nom, prénom, 名前, 氏名, 名字, '
      '姓名, اسم'),
    ('rotate',
      'rotate, rotated, sideways, upside down, gedreht, drehen, girada, rotar, girar, tourner, 回転, 旋转, '
      'تدوير'),
    ('blurry',
      'blurry, blurred, pixelated, sharp, unscharf, verschwommen, borroso, borrosa, embaçado, flou, floue, '
      'ぼやけ, 模糊, ضبابي'),
    ('camera', 'camera, webcam, kamera, cámara, câmera, caméra, カメラ, 摄像头, 相机, كاميرا'),
    ('microphone', 'microphone, mic, mikrofon, micrófono, microfone, micro, マイク, 麦克风, ميكروفون'),
    ('deploy',
      'deploy, deployed, deployment, production, prod, live site, bereitstellen, bereitgestellt, '
      'despliegue, desplegar, producción, implantação, publicação, produção, déploiement, déployer, デプロイ, '
      '本番, 部署, 上线, 生产环境, نشر'),
    ('build',
      'build, builds, compile, compiles, compiling, bundle, kompilieren, compilar, compilación, '
      'compilação, construir, compiler, ビルド, 编译, 构建, بناء'),
    ('container',
      'container, docker, image, images, compose, contenedor, contêiner, conteneur, コンテナ, 容器, حاوية'),
    ('kill',
      'kill, killed, oomkilled, terminated, die, dies, died, dead, getötet, stirbt, matado, muere, morto, '
      'morre, tué, meurt, 強制終了, 被杀, 挂了'),
    ('schedule',
      'schedule, scheduled, scheduler, cron, cronjob, job, timer, planmäßig, geplant, zeitgesteuert, '
      'programado, programar, tarea programada, agendado, agendar, planifié, スケジュール, 定期, 定时, 计划任务, جدولة, '
      'مجدول'),
    ('hour', 'hour, hours, stunde, stunden, hora, horas, heure, heures, 時間, 小时, ساعة, ساعات'),
    ('minute', 'minute, minutes, minuten, minuto, minutos, 分, 分钟, دقيقة, دقائق'),
    ('week',
      'week, weeks, weekly, monday, sunday, woche, wochen, wöchentlich, montag, semana, semanas, lunes, '
      'segunda, semaine, lundi, 週, 毎週, 每周, 星期, 周一, أسبوع'),
    ('month',
      'month, months, monthly, monat, monate, monatlich, mes, meses, mensual, mês, mensal, mois, mensuel, '
      '月, 毎月, 每月, شهر, شهري'),
    ('year',
      'year, years, annual, yearly, jahr, jahre, jährlich, año, años, anual, ano, an, année, annuel, 年, '
      '毎年, 每年, سنة, سنوي'),
    ('morning', 'morning, mornings, morgen, mañana, manhã, matin, 朝, 早上, صباح'),
    ('day',
      'day, days, daily, tag, tage, täglich, día, días, diario, dia, dias, diário, jour, jours, quotidien, '
      '日, 毎日, 每天, يوم, أيام'),
    ('redirect',
      'redirect, redirects, redirected, redirection, forward, weiterleitung, umleitung, weitergeleitet, '
      'redirección, redirige, redireciona, redirecionamento, rediriger, リダイレクト, 转发, 重定向, 跳转, إعادة توجيه'),
    ('domain', 'domain, dns, subdomain, cname, domäne, dominio, domínio, domaine, ドメイン, 域名, نطاق, دومين'),
    ('ssl',
      'ssl, tls, https, certificate, secure, sicher, zertifikat, certificado, seguro, certificat, '
      'sécurisé, 証明書, 安全, 证书, شهادة, آمن'),
    ('cookie',
      'cookie, cookies, banner, consent, einwilligung, consentimiento, consentimento, consentement, クッキー, '
      '同意, شريط'),
    ('terms',
      'terms, conditions, agree, agreement, agb, bedingungen, zustimmen, términos, condiciones, termos, '
      'condições, conditions générales, 規約, 条款, 协议, شروط'),
    ('privacy',
      'privacy, gdpr, personal data, datenschutz, dsgvo, privacidad, privacidade, confidentialité, rgpd, '
      'プライバシー, 隐私, خصوصية'),
    ('phishing',
      'phishing, scam, fraud, fake, genuine, betrug, echt, estafa, fraude, golpe, arnaque, faux, 詐欺, 诈骗, '
      '钓鱼, احتيال'),
    ('public',
      'public, publicly, visible, anybody, everybody, öffentlich, sichtbar, público, visible para todos, '
      'visível, publique, 公開, 公开, عام'),
    ('private',
      'private, hidden, secret, invisible, privat, versteckt, privado, oculto, escondido, privé, caché, '
      '非公開, 私有, 隐藏, خاص, مخفي'),
    ('share',
      'share, shared, sharing, hand over, teilen, geteilt, weitergeben, compartir, compartido, '
      'compartilhar, partager, partagé, 共有, シェア, 分享, 共享, مشاركة'),
    ('customer',
      'customer, customers, client, clients, buyer, buyers, kunde, kunden, käufer, cliente, clientes, '
      'comprador, acheteur, 顧客, お客, 客户, 顾客, عميل, عملاء, زبون'),
    ('company',
      'company, business, employer, organization, firm, firma, unternehmen, arbeitgeber, empresa, '
      'compañía, entreprise, société, 会社, 企業, 公司, 企业, شركة'),
    ('colleague',
      'colleague, colleagues, coworker, coworkers, teammate, employee, employees, staff, kollege, '
      'kollegen, kollegin, mitarbeiter, compañero, compañeros, empleados, colega, colegas, funcionários, '
      'collègue, collègues, 同僚, 社員, 同事, 员工, زميل, موظف, موظفين'),
    ('team', 'team, teams, group, equipo, equipe, time, équipe, チーム, 团队, فريق'),
    ('student',
      'student, students, learner, pupil, schüler, studenten, teilnehmer, alumno, alumnos, estudiante, '
      'aluno, alunos, estudante, élève, étudiant, 生徒, 学生, 学员, طالب, طلاب'),
    ('teacher',
      'teacher, instructor, coach, tutor, mentor, lehrer, dozent, profesor, professor, instrutor, '
      'enseignant, formateur, 先生, 講師, 老师, 讲师, معلم, مدرب'),
    ('slides',
      'slides, presentation, deck, folien, präsentation, diapositivas, presentación, slide, apresentação, '
      'diapos, présentation, スライド, 幻灯片, 课件, شرائح'),
    ('grade',
      'grade, score, points, mark, marked, note, punkte, bewertung, nota, puntos, puntuación, pontos, '
      'pontuação, 点数, 採点, 分数, 成绩, درجة, نقاط'),
    ('workshop',
      'workshop, session, webinar, cohort, live call, seminar, taller, sesión, seminario, oficina, sessão, '
      'atelier, séance, ワークショップ, 研讨会, ورشة'),
    ('stream',
      'stream, streaming, live stream, broadcast, live, übertragung, en vivo, en directo, transmisión, '
      'ao vivo, transmissão, direct, diffusion, 配信, ライブ, 直播, بث'),
    ('recording',
      'recording, recordings, replay, aufzeichnung, grabación, gravação, rediffusion, 録画, アーカイブ, 回放, تسجيل'),
    ('speed',
      'speed, playback, rate, geschwindigkeit, tempo, velocidad, velocidade, vitesse, 速度, 再生速度, 倍速, سرعة'),
    ('offline',
      'offline, no internet, without connection, ohne internet, sin conexión, sem internet, hors ligne, '
      'オフライン, 离线, بدون انترنت'),
    ('network', 'network, wifi, wi-fi, wlan, netzwerk, netz, red, rede, réseau, ネットワーク, 网络, شبكة'),
    ('reach',
      'reach, reached, reachable, unreachable, connect, erreichbar, erreichen, unerreichbar, alcanzable, '
      'acceder, acessível, alcançar, joignable, accessible, 到達, 连不上, 访问不了, الوصول'),
    ('print',
      'print, printed, printer, printing, drucken, gedruckt, drucker, imprimir, impreso, impressora, '
      'imprimer, imprimante, 印刷, 打印, طباعة'),
    ('pdf', 'pdf, ebook, e-book, book, buch, libro, livro, livre, 電子書籍, 本, 电子书, كتاب'),
    ('archive',
      'archive, archived, archiv, archivieren, archivar, archivado, arquivar, arquivado, archiver, アーカイブ, '
      '归档, أرشيف'),
    ('draft', 'draft, drafts, entwurf, entwürfe, borrador, rascunho, brouillon, 下書き, 草稿, مسودة'),
    ('publish',
      'publish, published, publishing, veröffentlichen, veröffentlicht, publicar, publicado, publier, '
      'publié, 公開する, 发布, نشر'),
    ('version',
      'version, versions, release, history, versionen, verlauf, versión, historial, versão, histórico, '
      'historique, バージョン, 履歴, 历史, إصدار'),
    ('mention',
      'mention, mentions, tag, tagged, erwähnung, erwähnen, markiert, mención, mencionar, etiquetar, '
      'menção, marcar, mentionner, メンション, 提到, 提及, إشارة'),
    ('reaction',
      'reaction, reactions, like, likes, heart, emoji, emojis, smiley, reagieren, reaktion, herz, '
      'reacción, corazón, reação, coração, curtida, réaction, cœur, リアクション, いいね, 表情, 点赞, تفاعل, إعجاب'),
    ('vote',
      'vote, votes, poll, polls, survey, abstimmung, umfrage, stimmen, voto, votar, encuesta, enquete, '
      'votação, sondage, voter, 投票, アンケート, 问卷, استطلاع, تصويت'),
    ('deadline',
      'deadline, due, closes, end time, frist, abgabe, fecha límite, plazo, prazo, échéance, délai, 締め切り, '
      '期限, 截止, موعد نهائي'),
    ('waitlist',
      'waitlist, waiting list, queue, warteliste, warteschlange, lista de espera, cola, fila, '
      'file d''attente, liste d''attente, 待機, キャンセル待ち, 候补, 排队, قائمة انتظار'),
    ('sold out',
      'sold out, full, fully booked, ausgebucht, ausverkauft, agotado, lleno, esgotado, lotado, complet, '
      '満席, 完売, 售罄, 满员, ممتلئ'),
    ('booking',
      'booking, bookings, book, appointment, appointments, reservation, buchung, buchen, termin, termine, '
      'reserva, reservar, cita, agendamento, réservation, rendez-vous, réserver, 予約, 预约, 预订, حجز, موعد'),
    ('order',
      'order, orders, purchase, purchases, bought, bestellung, kauf, gekauft, pedido, compra, comprado, '
      'compré, comprei, commande, achat, acheté, 注文, 購入, 订单, 购买, 买, طلب, شراء, اشتريت, kharida'),
    ('checkout',
      'checkout, cart, basket, kasse, warenkorb, carrito, pago, carrinho, panier, caisse, カート, レジ, 结账, '
      '购物车, سلة'),
    ('shop', 'shop, store, laden, geschäft, tienda, loja, boutique, magasin, ショップ, 店, 商店, 店铺, متجر'),
    ('bill',
      'bill, billing, invoice, abrechnung, facturación, cobrança, faturamento, facturation, 請求, 计费, فوترة'),
    ('country',
      'country, countries, region, abroad, land, länder, ausland, país, países, extranjero, exterior, '
      'pays, étranger, 国, 海外, 国家, 国外, بلد, دولة'),
    ('location',
      'location, place, gps, standort, ort, ubicación, lugar, localização, lieu, 位置情報, 場所, 位置, 地点, موقع'),
    ('document',
      'document, documents, id card, passport, identity, ausweis, reisepass, dokument, documento, '
      'pasaporte, identidad, identidade, passaporte, pièce d''identité, identité, passeport, 身分証, 书类, 身份证, '
      '护照, هوية, جواز'),
    ('merge',
      'merge, merged, combine, join, zusammenführen, zusammenlegen, vereinigen, fusionar, unir, juntar, '
      'mesclar, fusionner, 統合, まとめる, 合并, دمج'),
    ('sync',
      'sync, synced, synchronize, synchronization, synchronisieren, synchronisation, sincronizar, '
      'sincronización, sincronização, synchroniser, 同期, 同步, مزامنة'),
    ('spreadsheet',
      'spreadsheet, sheet, sheets, excel, csv, tabelle, tabellen, hoja de cálculo, hoja, planilha, '
      'tableur, feuille, スプレッドシート, エクセル, 表格, 电子表格, جدول'),
    ('encoding',
      'encoding, umlaut, umlauts, accents, charset, utf-8, garbled, mojibake, umlaute, sonderzeichen, '
      'tildes, caracteres, acentos, caractères, 文字化け, 乱码, ترميز'),
    ('column',
      'column, columns, field, fields, attribute, spalte, spalten, feld, felder, columna, campo, campos, '
      'coluna, colonne, champ, champs, 列, カラム, 項目, 字段, عمود, حقل, خانة'),
    ('query',
      'query, queries, select, sql, abfrage, abfragen, consulta, consultas, requête, requêtes, クエリ, 查询, '
      'استعلام'),
    ('index', 'index, indexes, seq scan, full scan, índice, índices, インデックス, 索引, فهرس'),
    ('migration',
      'migration, migrations, schema, alter table, migración, esquema, migração, schéma, マイグレーション, スキーマ, '
      '数据库迁移'),
    ('webhook', 'webhook, webhooks, callback, endpoint, hook, rückruf, ウェブフック, 回调, webhook url'),
    ('signature',
      'signature, signatures, hash, hmac, digest, signatur, prüfsumme, firma digital, assinatura, 署名, 签名, '
      'توقيع'),
    ('api', 'api, rest, endpoint, schnittstelle, interfaz, interface, インターフェース, 接口, واجهة'),
    ('token', 'token, tokens, bearer, jwt, oauth, トークン, 令牌, توكن'),
    ('cors', 'cors, access-control-allow-origin, cross origin, preflight, 跨域'),
    ('undefined',
      'undefined, null, nil, none, empty value, not defined, nicht definiert, no definido, indefinido, '
      'non défini, 未定義, 未定义, غير معرف'),
    ('type', 'type, types, typescript, typing, typ, typen, tipo, tipos, tipado, 型, 类型, نوع'),
    ('test', 'test, tests, suite, spec, specs, testing, prueba, pruebas, teste, testes, テスト, 测试, اختبار'),
    ('package',
      'package, packages, library, dependency, dependencies, module, npm, pip, sdk, paket, bibliothek, '
      'abhängigkeit, paquete, librería, dependencia, pacote, biblioteca, dependência, bibliothèque, '
      'dépendance, パッケージ, ライブラリ, 依赖, 包, 库, مكتبة, حزمة'),
    ('command line',
      'command line, cli, terminal, shell, console, konsole, kommandozeile, línea de comandos, consola, '
      'linha de comando, ligne de commande, コマンド, ターミナル, 终端, 命令行, سطر الأوامر'),
    ('editor', 'editor, ide, vscode, vs code, code editor, éditeur, エディタ, 编辑器, محرر'),
    ('extension',
      'extension, extensions, plugin, plugins, add-on, addon, erweiterung, extensión, complemento, '
      'extensão, 拡張機能, プラグイン, 插件, 扩展, إضافة'),
    ('format',
      'format, formatting, formatieren, formatierung, formato, formatear, formatação, formatage, フォーマット, '
      '格式, تنسيق'),
    ('diff',
      'diff, changes, changed lines, änderungen, cambios, mudanças, alterações, modifications, 差分, '
      '改动'),
    ('overwrite',
      'overwrite, overwritten, replace, replaces, replaced, rewrite, rewrites, überschreiben, ersetzt, '
      'sobrescribir, reemplaza, sobrescrever, substitui, écraser, remplace, 上書き, 覆盖, 替换, استبدال'),
    ('git',
      'git, commit, commits, push, pushed, pull, branch, repository, repo, github, gitlab, コミット, リポジトリ, '
      '提交, 仓库'),
    ('leak',
      'leak, leaked, exposed, published by mistake, compromised, geleakt, offengelegt, filtrado, expuesto, '
      'vazou, exposto, fuite, exposé, 漏洩, 泄露, تسرب'),
    ('hallucination',
      'hallucination, hallucinated, hallucinates, invents, invented, made up, erfindet, erfunden, inventa, '
      'inventado, alucina, invente, halluciner, 幻覚, 捏造, 幻觉, 编造, هلوسة'),
    ('prompt', 'prompt, prompts, instruction, system prompt, eingabeaufforderung, プロンプト, 提示词, موجه'),
    ('context',
      'context, context window, context length, history, kontext, kontextfenster, contexto, contexte, '
      'コンテキスト, 上下文, سياق'),
    ('embedding',
      'embedding, embeddings, vector, vectors, semantic, dimension, dimensions, vektor, vektoren, '
      'vectores, vetor, vetores, vecteur, ベクトル, 埋め込み, 向量, متجه'),
    ('embed',
      'embed, embedded, iframe, snippet, widget, einbetten, eingebettet, incrustar, incrustado, '
      'incorporar, incorporado, intégrer, intégré, 埋め込む, 嵌入, تضمين'),
    ('sitemap',
      'sitemap, seo, search engine, google search, indexed, noindex, suchmaschine, buscador, '
      'mecanismo de busca, moteur de recherche, 検索エンジン, 搜索引擎, محرك البحث'),
    ('accessibility',
      'accessibility, screen reader, blind, screenreader, barrierefrei, vorlesen, accesibilidad, '
      'lector de pantalla, ciego, acessibilidade, leitor de tela, accessibilité, lecteur d''écran, '
      'aveugle, スクリーンリーダー, 读屏, 无障碍, قارئ الشاشة'),
    ('shortcut',
      'shortcut, shortcuts, hotkey, hotkeys, key binding, tastenkürzel, kurzbefehl, atajo, atajos, atalho, '
      'raccourci, ショートカット, 快捷键, اختصار'),
    ('menu',
      'menu, menus, navigation, sidebar, menü, seitenleiste, menú, barra lateral, barre latérale, メニュー, '
      'サイドバー, 菜单, 侧边栏, قائمة'),
    ('cover',
      'cover, covers, covered, overlap, overlaps, on top of, hidden behind, verdeckt, überlappt, tapa, '
      'cubre, cobre, recouvre, cache, 隠れる, 被, 挡住, 遮挡, يغطي'),
    ('jump',
      'jump, jumps, shift, shifted, off by, springt, verschoben, salta, desplazado, pula, deslocado, '
      'décalé, décalage, ずれる, ずれ, 偏移, 错位, إزاحة'),
    ('early', 'early, too early, before, zu früh, temprano, antes, cedo, tôt, trop tôt, 早く, 提前, مبكر'),
    ('prevent',
      'prevent, avoid, stop, block, verhindern, vermeiden, evitar, impedir, prevenir, empêcher, éviter, '
      '防ぐ, 防止, 避免, منع'),
    ('charge fee',
      'fee, surcharge, gebühren, tarifa, comisión, taxa, frais, commission, 手数料, 手续费, رسوم, عمولة'),
    ('difference',
      'difference, prorate, prorated, pro rata, rest, anteilig, differenz, diferencia, prorrateo, '
      'proporcional, diferença, prorata, différence, 差額, 日割り, 差价, فرق'),
    ('stranger',
      'strangers, others, other users, everybody, fremde, andere, otros usuarios, outros usuários, '
      'autres utilisateurs, 他人, 別人, 别人, 其他用户, الآخرين'),
    ('row level security',
      'row level security, rls, policy, policies, richtlinie, política, políticas, política de segurança, '
      'politique, ポリシー, 策略, سياسة'),
    ('queue worker',
      'worker, workers, queue, job, background job, cola de trabajos, fila de trabalho, ワーカー, キュー, 队列, '
      'طابور'),
    ('log', 'log, logs, logfile, protokoll, registro de errores, journal, ログ, 日志, سجل'),
    ('parse', 'parse, parsed, parsing, parser, json, einlesen, parsear, analisar, analyser, パース, 解析, تحليل'),
    ('upper limit', 'quota, allowance, contingent, kontingent, cupo, cota, クォータ, 配额, حصة'),
    ('timeout error', '504, gateway timeout, 502, bad gateway, 503'),
    ('unauthorized',
      '401, unauthorized, 403, forbidden, unauthenticated, nicht autorisiert, no autorizado, '
      'não autorizado, non autorisé, 未認証, 未授权, غير مصرح'),
    ('not found',
      '404, not found, page not found, nicht gefunden, no encontrado, não encontrado, introuvable, '
      '見つかりません, 找不到, غير موجود'),
    ('too many requests',
      '429, too many requests, rate limited, rate limit, throttled, zu viele anfragen, '
      'demasiadas solicitudes, muitas solicitações, trop de requêtes, リクエストが多すぎ, 请求过多'),
    ('server error',
      '500, internal server error, serverfehler, error del servidor, erro no servidor, erreur serveur, '
      'サーバーエラー, 服务器错误, خطأ في الخادم')
) as c (concept, words)
cross join lateral (
  select distinct s.word from regexp_split_to_table(c.words, ', ') as s (word)
) as w;

-- 00_platform/80_json_escapes.sql
-- JSON text that PostgreSQL cannot store as jsonb, repaired.

-- jsonb holds no NUL and no half of a surrogate pair. An escape only counts where its backslash is not
-- escaped itself, so escaped backslashes, and then whole pairs, are replaced by control characters, which
-- cannot occur in JSON, while the rest is repaired.
create or replace function private.repair_json_escapes(p_text text) returns text
language plpgsql immutable security invoker set search_path = '' as $$
begin
  if strpos(p_text, '\u') = 0 or p_text !~* '\\u(0000|d[89a-f])' or p_text ~ '[\u0001\u0002]' then
    return p_text;
  end if;
  return replace(replace(
    regexp_replace(
      regexp_replace(
        replace(p_text, '\\', chr(1)),
        '\\u([dD][89abAB][[:xdigit:]]{2})\\u([dD][c-fC-F][[:xdigit:]]{2})',
        chr(2) || '\1' || chr(2) || '\2', 'g'
      ),
      '\\u(0000|[dD][89a-fA-F][[:xdigit:]]{2})', '\\ufffd', 'g'
    ),
    chr(2), '\u'
  ), chr(1), '\\');
end;
$$;
comment on function private.repair_json_escapes is
  'JSON text with \u0000 and lone surrogates replaced by \ufffd; all else as it was.';

-- 00_platform/82_json_texts.sql
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

-- 00_platform/84_form_texts.sql
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

-- 00_platform/90_backoff.sql
-- The wait between attempts, the same for everything that is retried.

create or replace function private.backoff(p_attempt integer, p_base interval, p_cap interval)
returns interval
language plpgsql volatile security invoker set search_path = '' as $$
begin
  -- 2^20 seconds are twelve days. The exponent is bounded so that the interval does not overflow.
  return least(p_base * 2 ^ least(greatest(p_attempt - 1, 0), 20), p_cap) * (1 + random() / 5);
end;
$$;
comment on function private.backoff is
  'How long to wait after this failed attempt, counted from 1: p_base, twice as long after each further one, '
  'up to p_cap, and up to a fifth longer, so that what failed together is not retried together.';

-- 00_platform/95_cron_runs.sql
-- Records of cron jobs, which pg_cron adds for each run and never deletes.

create or replace function private.prune_cron_runs(p_batch integer default 100000) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_count integer;
begin
  delete from cron.job_run_details as d
  where d.runid in (
    select o.runid
    from cron.job_run_details as o
    where coalesce(o.end_time, o.start_time) < now() - interval '7 days'
    order by o.runid
    limit p_batch
  );
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function private.prune_cron_runs is
  'Deletes up to p_batch records of cron jobs that ran more than 7 days ago, the oldest first, and returns '
  'how many. For the scheduler.';
