-- Ranks issues by how much evidence they share with a text: BM25 over a bounded number of candidates.

create or replace function private.score_issues(p_ids uuid[], p_terms private.weighted_term[])
returns table (issue_id uuid, score real, term_count bigint)
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  with issue as materialized (
    -- Concatenated, so that a compressed vector is expanded once and not once per term.
    select s.issue_id, s.vector || ''::tsvector as vector,
      length(s.vector)::real as word_count
    from private.issue_search as s
    where s.issue_id = any (p_ids)
  ), term as materialized (
    select t.query, t.title_query, t.weight from unnest(p_terms) as t
  )
  select i.issue_id, (
    sum(t.weight * case when i.vector @@ t.title_query then 1.3 else 1 end)
      / (0.7 + 0.3 * i.word_count / avg(i.word_count) over ())
  )::real, count(*)
  from issue as i
  join term as t on i.vector @@ t.query
  group by i.issue_id, i.word_count;
end;
$$;
comment on function private.score_issues is
  'The weights of the terms that these issues have, those in titles higher, in relation to the length; and '
  'the number of these terms.';
