-- Finds issues that have some of the typed words, for after those that have all.

-- Exact for few issues: what ANALYZE noted may be of other rows.
create or replace function private.estimate_issue_count() returns bigint
language plpgsql stable security definer set search_path = '' as $$
declare
  v_count bigint;
begin
  select c.issue_count into v_count from private.issue_term_counts as c where c.sample_count >= 1600;
  if found then
    return v_count;
  end if;
  select count(*) into v_count from (select from private.issue_search limit 2000) as s;
  return case when v_count < 2000 then v_count else greatest(v_count, (
    select c.reltuples::bigint from pg_catalog.pg_class as c where c.oid = 'private.issue_search'::regclass
  )) end;
end;
$$;
comment on function private.estimate_issue_count is
  'About how many issues there are: as of the last count of their words, or as of the last ANALYZE.';

create or replace function private.weigh_typed_terms(p_typed text) returns private.weighted_term[]
language plpgsql stable security definer set search_path = '' as $$
declare
  v_words constant tsvector := private.search_vector(private.hint_text(p_typed), 4000);
begin
  -- A phrase is as rare as nothing else that is known; its words count next to it.
  return private.weigh_words(v_words, true) || array(
    select row(p.query, p.query, 6::real, 0::real, null)::private.weighted_term
    from unnest(private.hint_phrases(p_typed, false)) as p (query)
  );
end;
$$;
comment on function private.weigh_typed_terms is
  'The terms of a typed query: words, their beginnings, other words for the same, identifiers and phrases; '
  'where no issue has a word, those that contain it.';

create or replace function private.find_hinted_issues(
  p_typed text, p_words tsquery, p_filter private.issue_filter, p_limit integer, p_offset integer
) returns table (issue_id uuid, rank real)
language plpgsql stable security definer set search_path = '' as $$
declare
  v_terms constant private.weighted_term[] := private.weigh_typed_terms(p_typed);
  v_condition constant tsquery := coalesce(private.search_gate(p_typed, false), '') && case
    when p_words is null then '' else !! p_words end;
  v_query tsquery;
  v_ids uuid[] := '{}'::uuid[];
begin
  foreach v_query in array private.candidate_queries(v_terms, private.estimate_issue_count(), 1000) loop
    exit when cardinality(v_ids) >= 1000;
    v_ids := v_ids || array(
      select f.issue_id
      from private.find_issues(v_query && v_condition, null, null, p_filter, false, 1000, 0) as f
    );
  end loop;
  return query
  select c.issue_id, (c.score / 1000000)::real
  from private.score_issues(v_ids, v_terms) as c
  join private.issue_search as s on s.issue_id = c.issue_id
  order by c.score desc, s.created_at desc, c.issue_id
  limit p_limit offset p_offset;
end;
$$;
comment on function private.find_hinted_issues is
  'One page of some 1,000 issues that have some of the typed words and not all (p_words), by the rarity of '
  'these words. What is in quotes or excluded decides as in a search for all words.';
