-- How a text is judged by the rules: which segment it belongs to, and how likely it is an issue.

-- The whole text counts: a megabyte is read once for each pattern that is tried, at some 7 ms.
create or replace function private.determine_segment(p_title text, p_description text) returns text
language plpgsql stable security definer set search_path = '' as $$
declare
  v_text constant text := concat_ws(' ', p_title, p_description);
  v_rules private.segment_patterns;
begin
  select * into v_rules from private.segment_patterns;
  for v_place in 1..cardinality(v_rules.patterns) loop
    if v_text ~* v_rules.patterns[v_place] then
      return v_rules.segments[v_place];
    end if;
  end loop;
  return 'misc';
end;
$$;
grant execute on function private.determine_segment to authenticated, service_role;

create or replace function public.determine_segment(p_title text, p_description text) returns text
language sql stable security invoker set search_path = ''
begin atomic
  select private.determine_segment(
    p_title => determine_segment.p_title, p_description => determine_segment.p_description
  );
end;
comment on function public.determine_segment is
  'The segment of a text by the enabled segment_rules found in it: that of the lowest priority, else '
  'misc. Never null.';
grant execute on function public.determine_segment to authenticated, service_role;

-- Who reports something says so at the beginning. Further down stand logs and quotes, and a text that is long
-- enough has every word. strpos is the quick check: a pattern is only tried where the first word occurs.
create or replace function private.found_segment_rules(p_title text, p_body text)
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
comment on function private.found_segment_rules is
  'The enabled rules whose words are in the first 1,000 characters of the title or the first 10,000 '
  'of the body.';

-- Rounded, so that equal evidence compares equal to a threshold in whatever order the rules are stored.
create or replace function private.issue_likelihood(p_title text, p_body text) returns double precision
language plpgsql stable security definer set search_path = '' as $$
declare
  v_weight double precision;
  v_doubt double precision := 1::double precision;
begin
  for v_weight in
    select r.weight from private.found_segment_rules(issue_likelihood.p_title, issue_likelihood.p_body) as r
  loop
    v_doubt := v_doubt * (1 - v_weight);
  end loop;
  return round((1 - v_doubt)::numeric, 6)::double precision;
end;
$$;
comment on function private.issue_likelihood is
  'How likely a text is an issue, 0 to 1: 1 - (1 - weight of each rule found, multiplied); 0 for none.';

create or replace function private.explain_triage(p_title text, p_body text)
returns table (words text, segment text, weight double precision, priority smallint)
language plpgsql stable security definer set search_path = '' as $$
begin
  perform private.require_team_role('viewer');
  return query
  select r.words, r.segment, r.weight, r.priority
  from private.found_segment_rules(explain_triage.p_title, explain_triage.p_body) as r
  order by r.priority, r.weight desc, r.words collate "C";
end;
$$;
grant execute on function private.explain_triage to authenticated, service_role;

create or replace function public.explain_triage(title text, body text)
returns table (words text, segment text, weight double precision, priority smallint)
language sql stable security invoker set search_path = ''
begin atomic
  select e.words, e.segment, e.weight, e.priority
  from private.explain_triage(explain_triage.title, explain_triage.body) as e;
end;
comment on function public.explain_triage is
  'The rules that speak for a text being an issue, in the order of their priority; how likely it is one is '
  '1 - (1 - weight) multiplied over them. Looks at the first 1,000 characters of the title and 10,000 of '
  'the body. Team. Errors: sign_in_required (401), team_role_required (403).';
grant execute on function public.explain_triage to authenticated, service_role;
