-- What the words of a question are worth as evidence that a passage answers it.
--
-- A question consists of units, one for each word. A passage has a unit if it has the word itself, another
-- form of it, or another word for the same; the best of these counts.

create type private.question_unit as (unit integer, term text, weight real);
comment on type private.question_unit is 'A word of a question, and what it is worth by its rarity.';

create type private.question_term as (
  unit integer,
  alternative integer,
  terms_count integer,
  term text,
  evidence real,
  passages_count real,
  is_own boolean
);
comment on type private.question_term is
  'A word to look for. unit: the word of the question that it is evidence for. alternative: the words that '
  'count together only, terms_count of them. evidence: what they are worth. is_own: the word itself.';

create or replace function private.word_rarity(p_count real, p_total real, p_common_share real) returns real
language plpgsql immutable security invoker set search_path = '' as $$
declare
  -- the share of the passages, as if there were 100 more of a usual support community
  v_share constant double precision := least(
    (p_count + 100 * coalesce(p_common_share, 0)) / (p_total + 100), 1
  );
begin
  return ln(1 + (1 - v_share + 0.0005) / (v_share + 0.0005))::real;
end;
$$;
comment on function private.word_rarity is
  'The inverse document frequency of BM25 of a word that p_count of p_total passages have, and this share of '
  'the texts of other communities.';

-- One row per other way to say it: the words of a phrase count together only.
create type private.word_alternative as (hosts text[], alternative integer, terms text[]);

create or replace function private.find_alternatives(p_words tsvector)
returns setof private.word_alternative
language plpgsql stable security definer set search_path = ''
set plan_cache_mode = force_generic_plan as $$
declare
  v_words constant text[] := tsvector_to_array(p_words);
begin
  return query
  with matched as materialized (
    select s.concept, array(
      select t.term from unnest(s.terms) as t (term) where t.term = any (v_words)
    ) as hosts
    from private.search_synonyms as s
    where s.terms && v_words and p_words @@ s.query
  ), concept as (
    select m.concept, array_agg(distinct h.host) as hosts
    from matched as m
    cross join lateral unnest(m.hosts) as h (host)
    group by m.concept
  ), piece as (
    select c.concept, c.hosts, t.terms
    from concept as c
    join private.search_synonyms as s on s.concept = c.concept
    cross join lateral (
      select s.terms where strpos(s.query::text, '|') = 0
      union all
      select private.query_words(r.piece::tsquery)
      from regexp_split_to_table(s.query::text, ' [|] ') as r (piece)
      where strpos(s.query::text, '|') > 0
    ) as t (terms)
    where not p_words @@ s.query
  )
  select p.hosts, row_number() over (order by p.concept, p.terms)::integer, p.terms
  from piece as p
  where p.terms <> '{}';
end;
$$;
comment on function private.find_alternatives is
  'Other words, in several languages, for what words mean. hosts: the words that they may stand for.';

-- The 60 rarest words of a long question, the rarest first.
create or replace function private.weigh_units(
  p_corpus private.answer_corpus, p_words text[], p_counts private.term_count[]
) returns setof private.question_term
language plpgsql stable security definer set search_path = ''
set plan_cache_mode = force_generic_plan as $$
begin
  return query
  select row_number() over (order by w.weight desc, w.word)::integer, 0, 1, w.word, w.weight,
    w.passages_count, true
  from (
    select u.word, coalesce(c.passages_count, 0)::real as passages_count, private.word_rarity(
      coalesce(c.passages_count, 0)::real, p_corpus.passages_count, o.share
    ) as weight
    from unnest(p_words) as u (word)
    left join unnest(p_counts) as c on c.term = u.word
    left join private.common_words as o on o.word = u.word
    order by weight desc, u.word
    limit 60
  ) as w;
end;
$$;
comment on function private.weigh_units is 'The words of a question themselves: its units.';

-- Those with the same five first letters, which stemming by the rules of English misses in other languages
-- and in long words.
create or replace function private.weigh_forms(
  p_corpus private.answer_corpus, p_units private.question_term[], p_counts private.term_count[]
) returns setof private.question_term
language plpgsql stable security definer set search_path = ''
set plan_cache_mode = force_generic_plan as $$
begin
  return query
  select u.unit, -row_number() over (order by u.unit, c.term)::integer, 1, c.term,
    0.6::real * least(u.evidence, private.word_rarity(least(
      sum(c.passages_count) over (partition by u.unit) + u.passages_count, p_corpus.passages_count
    )::real, p_corpus.passages_count, o.share)), c.passages_count, false
  from unnest(p_units) as u
  join unnest(p_counts) as c on left(c.term, 5) = left(u.term, 5) and c.term <> u.term
    and c.term ~ '^[[:alpha:]]+$'
  left join private.common_words as o on o.word = u.term
  where u.term ~ '^[[:alpha:]]{6,}$';
end;
$$;
comment on function private.weigh_forms is
  'Other forms of the words of a question, as some passage has them.';

create or replace function private.weigh_synonyms(
  p_corpus private.answer_corpus, p_units private.question_term[],
  p_alternatives private.word_alternative[], p_counts private.term_count[]
) returns setof private.question_term
language plpgsql stable security definer set search_path = ''
set plan_cache_mode = force_generic_plan as $$
begin
  return query
  select s.unit, s.alternative, s.terms_count, s.term, s.evidence, s.passages_count, false
  from (
    select h.unit, a.alternative, cardinality(a.terms) as terms_count, c.term, c.passages_count,
      0.8::real * max(private.word_rarity(c.passages_count, p_corpus.passages_count, o.share))
        over (partition by a.alternative) as evidence,
      count(*) over (partition by a.alternative) as found_count
    from unnest(p_alternatives) as a
    cross join lateral (
      select min(u.unit) as unit from unnest(p_units) as u where u.term = any (a.hosts)
    ) as h
    cross join lateral unnest(a.terms) as t (term)
    join unnest(p_counts) as c on c.term = t.term
    left join private.common_words as o on o.word = t.term
    where h.unit is not null
  ) as s
  where s.found_count = s.terms_count;
end;
$$;
comment on function private.weigh_synonyms is
  'Other words for the words of a question, as some passage has them, for the rarest of these.';

create or replace function private.weigh_question(p_corpus private.answer_corpus, p_words tsvector)
returns private.question_term[]
language plpgsql stable security definer set search_path = '' as $$
declare
  v_words constant text[] := array(
    select u.lexeme from unnest(p_words) as u where octet_length(u.lexeme) between 2 and 200
  );
  v_alternatives constant private.word_alternative[] := array(
    select row(a.hosts, a.alternative, a.terms)::private.word_alternative
    from private.find_alternatives(p_words) as a
  );
  v_counts constant private.term_count[] := array(
    select row(c.term, c.passages_count)::private.term_count
    from private.load_term_counts(
      p_corpus,
      v_words || array(
        select distinct t.term from unnest(v_alternatives) as a cross join lateral unnest(a.terms) as t (term)
      ),
      array(
        select distinct left(w.word, 5) from unnest(v_words) as w (word) where w.word ~ '^[[:alpha:]]{6,}$'
      )
    ) as c
  );
  v_units constant private.question_term[] := array(
    select u::private.question_term from private.weigh_units(p_corpus, v_words, v_counts) as u order by u.unit
  );
begin
  return v_units || array(
    select f::private.question_term from private.weigh_forms(p_corpus, v_units, v_counts) as f
  ) || array(
    select s::private.question_term
    from private.weigh_synonyms(p_corpus, v_units, v_alternatives, v_counts) as s
  );
end;
$$;
comment on function private.weigh_question is
  'The words to look for: those of the question, other forms of them, and other words for the same.';
