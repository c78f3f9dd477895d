-- How texts and queries are split into words for full-text search, the same in every system.

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
    regexp_replace(p_text, '([[:lower:]\d])([[:upper:]])', '\1 \2', 'g'),
    '([[:upper:]])([[:upper:]][[:lower:]])', '\1 \2', 'g'
  );
end;
$$;
comment on function private.split_camel_case is
  'Splits names at their capitals: TimeoutConfig becomes Timeout Config, GLMProvider GLM Provider.';

create or replace function private.term_query(p_term text, p_is_code boolean) returns tsquery
language plpgsql immutable security invoker set search_path = '' set client_min_messages = warning as $$
begin
  if not p_is_code then
    return phraseto_tsquery('pg_catalog.english', private.split_words(p_term));
  end if;
  return phraseto_tsquery('pg_catalog.english', private.split_names(p_term))
    || phraseto_tsquery('pg_catalog.english', private.split_names(private.split_camel_case(p_term)));
end;
$$;
comment on function private.term_query is
  'The tsquery of one term: its words, one after the other. p_is_code: or the parts of its names.';

-- websearch_to_tsquery has the same syntax, but no prefixes, and it splits paths and names in its own way.
create or replace function private.websearch_query(p_query text, p_is_code boolean) returns tsquery
language plpgsql immutable security invoker set search_path = '' set client_min_messages = warning as $$
declare
  v_term record;
  v_words tsquery;
  v_all tsquery := ''::tsquery;
  v_any tsquery := ''::tsquery;
begin
  for v_term in
    select t.match[1] is not null as is_excluded, t.match[2] is not null as is_quoted,
      coalesce(t.match[2], t.match[3]) as text, t.number = count(*) over () as is_last
    from regexp_matches(left(p_query, 1000), '(-(?=[\w"]))?(?:"([^"]*)"?|([^\s"]+))', 'g')
      with ordinality as t (match, number)
    order by t.number
    limit case when p_is_code then 40 end
  loop
    if lower(v_term.text) = 'or' and not v_term.is_quoted and not v_term.is_excluded then
      v_any := v_any || v_all;
      v_all := ''::tsquery;
      continue;
    end if;
    v_words := private.term_query(v_term.text, p_is_code);
    if v_term.is_excluded then
      v_words := !! v_words;
    elsif v_term.is_last and not v_term.is_quoted and numnode(v_words) > 0
      and v_term.text ~ '^[[:alnum:]]{3,}$' and (p_is_code or v_term.text ~ '[[:alpha:]]')
    then
      -- The last word may be complete, or still being typed.
      v_words := v_words || to_tsquery('pg_catalog.simple', quote_literal(v_term.text) || ':*');
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
