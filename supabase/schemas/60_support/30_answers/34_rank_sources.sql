-- The sources that may answer a question, with the features that their confidence is computed from.

create type private.ranked_source as (
  source_id uuid,
  number integer,
  score real,
  features private.answer_feature[]
);

create or replace function private.rank_sources(p_question text, p_limit integer)
returns setof private.ranked_source
language plpgsql stable security definer set search_path = '' as $$
declare
  v_corpus private.answer_corpus;
  v_terms private.question_term[];
  v_units private.question_unit[];
  v_ranked private.ranked_passage[];
begin
  v_corpus := private.load_answer_corpus();
  if v_corpus.passages_count = 0 then
    return;
  end if;
  v_terms := private.weigh_question(
    v_corpus, private.search_vector(left(private.non_blank(p_question), 8000), 12000)
  );
  v_units := array(
    select row(t.unit, t.term, t.evidence)::private.question_unit from unnest(v_terms) as t where t.is_own
  );
  -- one more than asked for: the first one's rival
  v_ranked := array(select r from private.rank_passages(v_corpus, v_terms, greatest(p_limit, 2)) as r);
  return query
  select r.source_id, r.number, r.score, array(
    select row(f.feature, f.value)::private.answer_feature
    from private.answer_features(
      row(
        r.source_id, r.number, r.score, r.evidence, r.own_evidence, r.rare_evidence, r.units_count
      )::private.ranked_passage,
      coalesce(v_ranked[case when r.position = 1 then 2 else 1 end].score, 0), v_units
    ) as f
  )
  from unnest(v_ranked) with ordinality as r (
    source_id, number, score, evidence, own_evidence, rare_evidence, units_count, position
  )
  order by r.position
  limit p_limit;
end;
$$;
comment on function private.rank_sources is
  'The best sources for a question, best first, each with its best passage and its features.';

create type private.found_answer as (
  kind text,
  id uuid,
  issue_id uuid,
  title text,
  passage text,
  url text,
  language text,
  confidence real,
  is_answer boolean
);
comment on type private.found_answer is
  'A source that was found. kind: article or answer. passage: the part that answers, as plain text. '
  'is_answer: whether it is the best one and its confidence reaches settings.answer_confidence.';

create or replace function private.load_found_answers(p_question text, p_limit integer)
returns setof private.found_answer
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  select case when p.article_id is null then 'answer' else 'article' end, j.source_id, a.issue_id,
    coalesce(t.title, a.question), p.text, coalesce(t.url, a.url), coalesce(t.language, a.language),
    c.confidence, j.position = 1 and c.confidence >= (select s.answer_confidence from support.settings as s)
  from private.rank_sources(p_question, p_limit) with ordinality as j (
    source_id, number, score, features, position
  )
  cross join lateral private.answer_confidence(j.features) as c (confidence)
  join private.answer_passages as p on p.source_id = j.source_id and p.number = j.number
  left join support.articles as t on t.id = p.article_id
  left join support.answers as a on a.id = p.answer_id
  order by j.position;
end;
$$;
comment on function private.load_found_answers is
  'The published sources for a question, best first. The caller has checked who asks.';
