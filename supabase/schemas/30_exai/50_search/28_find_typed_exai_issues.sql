-- Finds engineering issues by what people type: by number, by all words, by some, else by title and path.

create or replace function private.weigh_exai_terms(p_typed text) returns private.weighted_term[]
language plpgsql stable security definer set search_path = '' as $$
declare
  v_words constant text[] := tsvector_to_array(private.exai_vector(private.hint_text(p_typed), 4000));
begin
  return array(
    select row(w.query, w.title_query, w.weight, w.share, w.word)::private.weighted_term
    from private.sample_term_shares(
      v_words, 'select s.vector from private.exai_issue_search as s order by s.created_at desc limit 2000',
      (select count(*) from (select from private.exai_issue_search limit 2000) as n)
    ) as s
    cross join lateral private.weigh_word(s, 1::real) as w
    where octet_length(s.term) between 2 and 200
  ) || array(
    select row(p.query, p.query, 6::real, 0::real, null)::private.weighted_term
    from unnest(private.hint_phrases(p_typed, true)) as p (query)
  );
end;
$$;
comment on function private.weigh_exai_terms is
  'The terms of a typed query, weighted by how rare they are among the newest 2,000 issues.';

create or replace function private.find_hinted_exai_issues(
  p_typed text, p_words tsquery, p_filter private.exai_issue_filter, p_limit integer, p_offset integer
) returns table (issue_id uuid, rank real)
language plpgsql stable security definer set search_path = '' as $$
declare
  v_terms constant private.weighted_term[] := private.weigh_exai_terms(p_typed);
  v_condition constant tsquery := coalesce(private.search_gate(p_typed, true), '') && case
    when p_words is null then '' else !! p_words end;
  v_count bigint;
  v_query tsquery;
  v_ids uuid[] := '{}'::uuid[];
begin
  select count(*) into v_count from (select from private.exai_issue_search limit 2000) as n;
  if v_count = 2000 then
    select greatest(v_count, c.reltuples::bigint) into v_count from pg_catalog.pg_class as c
    where c.oid = 'private.exai_issue_search'::regclass;
  end if;
  foreach v_query in array private.candidate_queries(v_terms, v_count, 1000) loop
    exit when cardinality(v_ids) >= 1000;
    v_ids := v_ids || array(
      select f.issue_id
      from private.find_exai_issues(v_query && v_condition, null, p_filter, false, 1000, 0) as f
    );
  end loop;
  return query
  select c.issue_id, (c.score / 1000000)::real
  from (
    select s.issue_id, s.created_at,
      sum(t.weight * case when s.vector @@ t.title_query then 1.3 else 1 end) as score
    from private.exai_issue_search as s
    join unnest(v_terms) as t on s.vector @@ t.query
    where s.issue_id = any (v_ids)
    group by s.issue_id
  ) as c
  order by c.score desc, c.created_at desc, c.issue_id
  limit p_limit offset p_offset;
end;
$$;
comment on function private.find_hinted_exai_issues is
  'One page of some 1,000 issues that have some of the typed words and not all (p_words), by the rarity of '
  'these words. What is in quotes or excluded decides as in a search for all words.';

create or replace function private.find_exai_issues_with_words(
  p_typed text, p_filter private.exai_issue_filter, p_limit integer, p_offset integer
) returns table (issue_id uuid, rank real)
language plpgsql stable security definer set search_path = '' as $$
declare
  v_words constant tsquery := private.websearch_query(p_typed, true);
  v_is_one_term constant boolean := private.count_terms(p_typed) = 1;
  v_found bigint := 0::bigint;
  v_full_count bigint := 0::bigint;
begin
  if v_words is null then
    return;
  end if;
  return query
  select f.issue_id, f.rank
  from private.find_exai_issues_by_words(v_words, p_filter, p_limit, p_offset) as f;
  get diagnostics v_found = row_count;
  if v_found = p_limit then
    return;
  end if;
  if v_found > 0 then
    v_full_count := p_offset + v_found;
  elsif p_offset > 0 then
    v_full_count := coalesce((
      select f.match_count from private.find_exai_issues(v_words, null, p_filter, false, 1, 0) as f
    ), 0);
  end if;
  if v_full_count >= 2000 or v_full_count > 0 and v_is_one_term then
    return;
  end if;
  return query
  select f.issue_id, f.rank
  from private.find_hinted_exai_issues(
    p_typed, v_words, p_filter, (p_limit - v_found)::integer, greatest(p_offset - v_full_count, 0)::integer
  ) as f;
end;
$$;
comment on function private.find_exai_issues_with_words is
  'One page of the issues that have all typed words, then of those that have some; for a single term the '
  'latter only where no issue has it. More than 2,000 with all words are all that is listed.';

-- The issue with the typed number is the first result of the first page, and appears nowhere else.
create or replace function private.find_typed_exai_issues(
  p_typed text, p_filter private.exai_issue_filter, p_limit integer, p_offset integer
) returns table (issue_id uuid, rank real)
language plpgsql stable security definer rows 20 set search_path = '' as $$
declare
  v_numbered uuid;
begin
  p_filter.issue_number := substring(
    lower(p_typed) from '^(?:#|exai[- ]#?|exai://issues/)?([0-9]{1,9})$'
  )::integer;
  if p_filter.issue_number is not null then
    select f.issue_id into v_numbered from private.find_exai_issues(null, null, p_filter, false, 1, 0) as f;
    p_filter.not_issue_number := p_filter.issue_number;
    p_filter.issue_number := null;
  end if;
  if v_numbered is not null then
    if p_offset = 0 and p_limit > 0 then
      return query select v_numbered, 100::real;
      p_limit := p_limit - 1;
    end if;
    p_offset := greatest(p_offset - 1, 0);
  end if;
  if p_typed is null then
    return query
    select f.issue_id, f.rank
    from private.find_exai_issues(
      null, null, p_filter, private.is_common_exai_filter(p_filter), p_limit, p_offset
    ) as f;
    return;
  end if;
  return query
  select f.issue_id, f.rank
  from private.find_exai_issues_with_words(p_typed, p_filter, p_limit, p_offset) as f;
  if found or v_numbered is not null or p_limit = 0 or p_offset > 0 and exists (
    select from private.find_exai_issues_with_words(p_typed, p_filter, 1, 0)
  ) then
    return;
  end if;
  return query
  select f.issue_id, f.rank
  from private.find_exai_issues_by_text(p_typed, p_filter, p_limit, p_offset) as f;
end;
$$;
comment on function private.find_typed_exai_issues is
  'One page of the issues that contain typed words; if no issue does, or the text has no words, of those '
  'whose title or path contains the text. Null: the newest.';
