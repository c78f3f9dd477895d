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
