-- What the words of a text are worth as evidence that an issue is about the same.

-- Other words for the same, as far as they are single words for search.
create or replace function private.find_synonyms(p_words tsvector) returns text[]
language plpgsql stable security definer set search_path = '' as $$
begin
  return array(
    select distinct l.lexeme
    from private.search_synonyms as s
    join private.search_synonyms as o on o.concept = s.concept
    cross join lateral (select btrim(o.query::text, '''') as lexeme) as l
    where p_words @@ s.query and numnode(o.query) = 1 and not p_words @@ o.query
  );
end;
$$;
comment on function private.find_synonyms is 'Other words, in several languages, for what words mean.';

-- Typed words are chosen, so that other words for the same come after them: these count little then.
create or replace function private.weigh_words(p_words tsvector, p_with_compounds boolean)
returns private.weighted_term[]
language plpgsql stable security definer set search_path = '' as $$
declare
  v_words constant text[] := array(
    select u.lexeme from unnest(p_words) as u
    where octet_length(u.lexeme) between 2 and 200
  );
  v_shares private.term_share[];
  v_terms private.weighted_term[];
begin
  v_shares := array(
    select row(s.term, s.share, s.prefix_share)::private.term_share
    from private.load_term_shares(v_words, private.find_synonyms(p_words)) as s
  );
  v_terms := array(
    select row(
      w.query, w.title_query, w.weight, w.share, case when c.factor = 1 then w.word end
    )::private.weighted_term
    from (
      (
        select s.term, s.share, s.prefix_share, 1::real as factor from unnest(v_shares) as s
        where s.term = any (v_words)
        order by s.share = 0 and s.prefix_share = 0, s.share, s.prefix_share, s.term
        limit 40
      )
      union all
      (
        select s.term, s.share, 0::real, case when p_with_compounds then 0.1 else 0.5 end::real
        from unnest(v_shares) as s
        where s.share > 0 and s.term <> all (v_words)
        order by s.share, s.term
        limit 20
      )
    ) as c
    cross join lateral private.weigh_word(
      row(c.term, c.share, c.prefix_share)::private.term_share, c.factor
    ) as w
  );
  if p_with_compounds then
    v_terms := v_terms || array(
      select row(
        quote_literal(f.term)::tsquery, (quote_literal(f.term) || ':A')::tsquery, 5::real, 0::real,
        null
      )::private.weighted_term
      from private.find_compounds(array(
        select s.term from unnest(v_shares) as s where s.share = 0 and s.term = any (v_words)
      )) as f (term)
      where f.term <> all (v_words)
    );
  end if;
  return v_terms;
end;
$$;
comment on function private.weigh_words is
  'The terms of a text''s words: up to 40 of its own, the rarest, and up to 20 other words for the same. '
  'p_with_compounds: and for words that no issue has, those that contain them, as for typed words.';
