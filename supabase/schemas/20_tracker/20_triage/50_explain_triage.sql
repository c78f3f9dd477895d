-- What speaks for and against an issue in a text, and for its segment, for people who tune the triage.

create type private.triage_reason as (
  words text,
  segment text,
  weight double precision,
  priority smallint,
  reason text,
  issue double precision,
  auth double precision,
  code double precision,
  tool double precision,
  misc double precision
);
comment on type private.triage_reason is 'A rule that matches a text, or a feature that it has.';

create or replace function private.describe_feature(p_feature text) returns text
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return case
    when p_feature = '(constant)' then 'every text'
    when p_feature = '(assist issue)' then 'the model considers it an issue'
    when p_feature = '(assist not)' then 'the model does not consider it an issue'
    when p_feature like '(assist %' then format('the model''s segment: %s', substr(p_feature, 9, 4))
    when p_feature = '(title)' then 'it has a title'
    when p_feature = '(no question)' then 'it has no question mark'
    when p_feature like '(length %' then 'its length'
    when p_feature like '^ %' then format('it begins with "%s"', substr(p_feature, 3))
    when p_feature like '% $' then format('it ends with "%s"', left(p_feature, -2))
    when p_feature like '^%' then format('"%s" is among its first words', substr(p_feature, 2))
    when p_feature like '% %' then format('"%s" next to each other', p_feature)
    else format('"%s" in it', p_feature)
  end;
end;
$$;
comment on function private.describe_feature is
  'A feature of a text as a sentence. A word that begins with an x stands for a kind, as xurl for a link.';

create or replace function private.load_triage_reasons(p_title text, p_body text)
returns setof private.triage_reason
language plpgsql stable security definer set search_path = '' as $$
declare
  v_features constant text[] := private.triage_features(p_title, p_body);
  v_whole constant text[] := private.opinion_features(p_title, p_body) || '{(constant)}';
  v_words constant text[] := array(
    select left(u.word, 7) from unnest(private.triage_words(p_title, p_body)) as u (word)
  );
  v_scale constant double precision := 1 / sqrt(greatest(1, cardinality(v_features)));
  v_word_scale constant double precision := 1 / sqrt(greatest(1, cardinality(v_words)));
begin
  return query
  select r.words, r.segment, r.weight, r.priority, format('a rule of the team: "%s"', r.words),
    null::double precision, null::double precision, null::double precision, null::double precision,
    null::double precision
  from private.find_segment_rules(p_title, p_body) as r;
  return query
  select w.feature, null::text, null::double precision, null::smallint, private.describe_feature(w.feature),
    w.issue * f.factor, w.auth * f.word_factor, w.code * f.word_factor, w.tool * f.word_factor,
    w.misc * f.word_factor
  from public.triage_weights as w
  cross join lateral (
    select case when w.feature = any (v_whole) then 1 when w.feature = any (v_features) then v_scale
        else 0 end as factor,
      case when w.feature = any (v_whole) then 1 when w.feature = any (v_words) then v_word_scale
        else 0 end as word_factor
  ) as f
  where w.feature = any (v_features || v_words || v_whole);
end;
$$;
comment on function private.load_triage_reasons is
  'What a text is judged by: the rules that match it, and the features that it has, with what each adds.';

create or replace function private.explain_triage(p_title text, p_body text)
returns setof private.triage_reason
language plpgsql stable security definer set search_path = '' as $$
begin
  perform private.require_team_role('viewer');
  return query
  select r.* from private.load_triage_reasons(p_title, p_body) as r
  order by r.priority nulls last, r.weight desc, abs(r.issue) desc, r.words collate "C";
end;
$$;
grant execute on function private.explain_triage to authenticated, service_role;

create or replace function public.explain_triage(title text, body text)
returns table (
  words text, segment text, weight double precision, priority smallint, reason text, issue double precision,
  auth double precision, code double precision, tool double precision, misc double precision
)
language sql stable security invoker set search_path = ''
begin atomic
  select
    e.words, e.segment, e.weight, e.priority, e.reason, e.issue, e.auth, e.code, e.tool, e.misc
  from private.explain_triage(explain_triage.title, explain_triage.body) as e;
end;
comment on function public.explain_triage is
  'Why a text is judged as it is. First the rules of the team that match it, by priority; then what its '
  'words add, the strongest first: reason describes what, issue is what it adds to the logit of the '
  'likelihood, auth, code, tool and misc what it adds for each segment. The likelihood is 1 - (1 - model) '
  'times the product of (1 - weight) over the rules, where model is 1 / (1 + exp(-sum(issue))). Viewers. '
  'Errors: sign_in_required (401), team_role_required (403).';
grant execute on function public.explain_triage to authenticated, service_role;
