-- How likely it is that a source answers a question, by how it was found: a logistic regression, trained by
-- scripts/support/train.ts on questions with a source and without.

create table private.answer_weights (
  feature text collate "C" not null,
  weight double precision not null,
  constraint answer_weights_pkey primary key (feature)
);
comment on table private.answer_weights is
  'What each feature of a found source says for it, above 0, or against it. See answer_features.';
alter table private.answer_weights enable row level security;

create type private.answer_feature as (feature text, value double precision);

create or replace function private.answer_features(
  p_passage private.ranked_passage, p_rival_score real, p_units private.question_unit[]
) returns setof private.answer_feature
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_total double precision;
  v_rare_total double precision;
  v_evidence constant double precision := ln(1 + p_passage.evidence);
  v_margin constant double precision := greatest(1 - p_rival_score / p_passage.score, -1);
begin
  select sum(u.weight)::double precision, (sum(u.weight) filter (where u.unit <= 6))::double precision
  into v_total, v_rare_total
  from unnest(p_units) as u;
  return query
  select f.feature, f.value
  from (
    values
      ('(constant)', 1::double precision),
      ('covered', p_passage.evidence / v_total),
      ('evidence', v_evidence),
      ('evidence and margin', v_evidence * v_margin),
      ('literal', (p_passage.own_evidence / p_passage.evidence)::double precision),
      ('margin', v_margin),
      ('rare covered', p_passage.rare_evidence / v_rare_total),
      ('words', ln(1 + cardinality(p_units))::double precision),
      ('words found', ln(1 + p_passage.units_count)::double precision)
  ) as f (feature, value);
end;
$$;
comment on function private.answer_features is
  'What a source is judged by. covered: the share of the question''s evidence that it has; rare covered: the '
  'same of the six rarest words. evidence: its logarithm. margin: how far the best other source is behind, '
  'as a share of its score; negative where that is ahead. literal: the share of the evidence that is the '
  'question''s own words. words: how many the question has; words found: how many of them it has.';

create or replace function private.answer_confidence(p_features private.answer_feature[]) returns real
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select 1 / (1 + exp(-greatest(least(sum(w.weight * f.value), 30), -30)))
    from unnest(p_features) as f
    join private.answer_weights as w on w.feature = f.feature
  )::real;
end;
$$;
comment on function private.answer_confidence is
  'The likelihood, 0 to 1, that a source with these features answers the question.';
