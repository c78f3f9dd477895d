-- Ranks passages by how much evidence they share with a question: BM25 over a bounded number of candidates.

-- The rarest words find most of what is alike, two less rare ones together the rest; see candidate_queries.
-- Without statistics about the query, the planner would read the table for a pair.
create or replace function private.find_passages(
  p_corpus private.answer_corpus, p_terms private.question_term[]
) returns setof private.answer_passages
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan
set enable_seqscan = off as $$
declare
  v_queries constant tsquery[] := private.candidate_queries(array(
    select row(
      quote_literal(t.term)::tsquery, null::tsquery, max(t.evidence),
      (max(t.passages_count) / greatest(p_corpus.passages_count, 1))::real,
      case when bool_or(t.is_own) then t.term end
    )::private.weighted_term
    from unnest(p_terms) as t
    where t.passages_count > 0
    group by t.term
  ), p_corpus.passages_count::bigint, 500);
begin
  if v_queries = '{}' then
    return;
  end if;
  return query
  select p.* from private.answer_passages as p where p.vector @@ v_queries[1] limit 1000;
  return query
  select n.*
  from unnest(v_queries[2:]) as q (query)
  cross join lateral (
    select p.* from private.answer_passages as p
    where p.vector @@ q.query and not p.vector @@ v_queries[1]
    limit 100
  ) as n;
end;
$$;
comment on function private.find_passages is
  'Up to 1,000 passages that have the rarest terms, and up to 100 each that have two less rare words: those '
  'to rank. A passage may be listed twice.';

create type private.ranked_passage as (
  source_id uuid,
  number integer,
  score real,
  evidence real,
  own_evidence real,
  rare_evidence real,
  units_count integer
);
comment on type private.ranked_passage is
  'score: evidence in relation to the length, what is in the title counting 1.2 times. evidence: of all '
  'units of the question that it has; own_evidence: of those that it has literally; rare_evidence: of '
  'the six rarest.';

create or replace function private.rank_passages(
  p_corpus private.answer_corpus, p_terms private.question_term[], p_limit integer
) returns setof private.ranked_passage
language plpgsql stable security definer set search_path = ''
set plan_cache_mode = force_generic_plan as $$
begin
  return query
  with passage as materialized (
    select distinct on (p.source_id, p.number) p.source_id, p.number, p.vector, p.words_count
    from private.find_passages(p_corpus, p_terms) as p
  ), term as materialized (
    select t.unit, t.alternative, t.terms_count, t.term, t.evidence, t.is_own from unnest(p_terms) as t
  ), alternative as (
    select p.source_id, p.number, p.words_count, t.unit, t.evidence, t.is_own,
      bool_and('A' = any (l.weights)) as is_title
    from passage as p
    cross join lateral unnest(p.vector) as l
    join term as t on t.term = l.lexeme
    group by p.source_id, p.number, p.words_count, t.unit, t.alternative, t.terms_count, t.evidence, t.is_own
    having count(*) = t.terms_count
  ), unit as (
    select distinct on (a.source_id, a.number, a.unit) a.source_id, a.number, a.words_count, a.unit,
      a.evidence, a.is_own, a.evidence * case when a.is_title then 1.2 else 1 end as weight
    from alternative as a
    order by a.source_id, a.number, a.unit, weight desc
  ), ranked as (
    select u.source_id, u.number,
      (sum(u.weight) / (0.6 + 0.4 * u.words_count / p_corpus.words_mean))::real as score,
      sum(u.evidence)::real as evidence, coalesce(sum(u.evidence) filter (where u.is_own), 0)::real as own,
      coalesce(sum(least(u.evidence, o.evidence)) filter (where u.unit <= 6), 0)::real as rare,
      count(*)::integer as units_count
    from unit as u
    join term as o on o.unit = u.unit and o.is_own
    group by u.source_id, u.number, u.words_count
  ), best as (
    -- of each source its best passage
    select distinct on (r.source_id) r.* from ranked as r order by r.source_id, r.score desc, r.number
  )
  select b.source_id, b.number, b.score, b.evidence, b.own, b.rare, b.units_count
  from best as b
  order by b.score desc, b.source_id
  limit p_limit;
end;
$$;
comment on function private.rank_passages is
  'The best passages for a question, one of each article or answer, best first.';
