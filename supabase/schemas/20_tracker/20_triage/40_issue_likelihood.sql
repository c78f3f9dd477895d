-- How likely a text is an issue, by what its words weigh and by the team's rules.

-- strpos is the fast filter: a pattern is only tried where the rule's first word occurs.
create or replace function private.find_segment_rules(p_title text, p_body text)
returns setof public.segment_rules
language plpgsql stable security definer set search_path = '' as $$
declare
  v_text constant text := replace(
    lower(concat_ws(' ', left(p_title, 1000), left(p_body, 10000))), U&'\2019', ''''
  );
begin
  return query
  select r.*
  from public.segment_rules as r
  where r.is_enabled
    and strpos(v_text, split_part(r.words, ' ', 1)) > 0
    and v_text ~ ('(^|\W)' || private.words_pattern(r.words) || '(\W|$)');
end;
$$;
comment on function private.find_segment_rules is
  'The enabled rules that match the first 1,000 characters of the title or the first 10,000 of the body.';

-- Rounded, so that the result does not depend on the order of a sum when it is compared to a threshold.
create or replace function private.issue_likelihood(p_title text, p_body text) returns double precision
language plpgsql stable security definer set search_path = '' as $$
declare
  v_features text[];
  v_whole text[];
  v_logit double precision;
  v_weight double precision;
  v_complement double precision;
begin
  if coalesce(p_title, '') !~ '\S' and coalesce(p_body, '') !~ '\S' then
    return 0::double precision;
  end if;
  v_features := private.triage_features(p_title, p_body);
  v_whole := private.opinion_features(p_title, p_body) || '{(constant)}';
  select sum(w.issue) / sqrt(cardinality(v_features)) into v_logit
  from public.triage_weights as w
  where w.feature = any (v_features);
  v_logit := coalesce(v_logit, 0)
    + coalesce((select sum(t.issue) from public.triage_weights as t where t.feature = any (v_whole)), 0);
  v_complement := 1 / (1 + exp(greatest(-50, least(50, v_logit))));
  if (select s.patterns <> '{}' from private.segment_patterns as s) then
    for v_weight in
      select r.weight from private.find_segment_rules(p_title, p_body) as r
    loop
      v_complement := v_complement * (1 - v_weight);
    end loop;
  end if;
  return round((1 - v_complement)::numeric, 6)::double precision;
end;
$$;
comment on function private.issue_likelihood is
  'How likely a text is an issue, 0 to 1: by what its features weigh in triage_weights, and on top by 1 '
  'minus the product of (1 - weight) over the matching rules; 0 for a blank text.';
