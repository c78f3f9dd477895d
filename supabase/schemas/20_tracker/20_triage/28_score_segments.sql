-- How much the words of a text speak for each segment.

create type private.segment_scores as (
  auth double precision, code double precision, tool double precision, misc double precision
);
comment on type private.segment_scores is 'How much a text speaks for each segment.';

create or replace function private.score_segments(p_title text, p_body text) returns private.segment_scores
language plpgsql stable security definer set search_path = '' as $$
declare
  v_words constant text[] := private.triage_words(p_title, p_body);
  v_scale constant double precision := 1 / sqrt(greatest(1, cardinality(v_words)));
  v_whole constant text[] := private.opinion_features(p_title, p_body) || '{(constant)}';
  v_cut constant text[] := array(select left(u.word, 7) from unnest(v_words) as u (word));
  v private.segment_scores;
begin
  select
    coalesce(sum(w.auth * f.factor), 0), coalesce(sum(w.code * f.factor), 0),
    coalesce(sum(w.tool * f.factor), 0), coalesce(sum(w.misc * f.factor), 0)
  into v.auth, v.code, v.tool, v.misc
  from public.triage_weights as w
  cross join lateral (
    select case when w.feature = any (v_whole) then 1 else v_scale end as factor
  ) as f
  where w.feature = any (v_cut || v_whole);
  return v;
end;
$$;
comment on function private.score_segments is
  'How much a text speaks for each segment: the sum of its words'' weights.';
