-- Finds existing issues that resemble one that is being written.

-- If every word is common, the newest issues that have one are looked at. Without statistics about the query,
-- the planner would read the table for a pair.
create or replace function private.find_similar_candidates(p_terms private.weighted_term[]) returns uuid[]
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan
set enable_seqscan = off as $$
declare
  v_queries constant tsquery[] := private.candidate_queries(p_terms, private.estimate_issue_count(), 700);
  v_ids uuid[];
begin
  if v_queries = '{}' then
    v_ids := array(
      select s.issue_id
      from (
        select n.issue_id, n.vector from private.issue_search as n order by n.created_at desc limit 2000
      ) as s
      where s.vector @@ any (array(select t.query from unnest(p_terms) as t))
      limit 500
    );
    return array(select i.id from public.issues as i where i.id = any (v_ids) and not i.is_test);
  end if;
  v_ids := array(
    (
      select s.issue_id from private.issue_search as s
      where s.vector @@ v_queries[1]
      -- `+ interval '0'`: see find_issues.
      order by s.created_at + interval '0' desc
      limit 1000
    )
    union
    select s.issue_id
    from unnest(v_queries[2:]) as p (query)
    cross join lateral (
      select n.issue_id from private.issue_search as n where n.vector @@ p.query limit 300
    ) as s
    limit 1200
  );
  return array(select i.id from public.issues as i where i.id = any (v_ids) and not i.is_test);
end;
$$;
comment on function private.find_similar_candidates is
  'Up to 1,200 issues that have the rarest terms, the newest 1,000, or two less rare words: those to rank.';

create or replace function private.similar_issues(p_title text, p_description text, p_limit integer)
returns table (
  id uuid, seq_id integer, title text, status text, segment text, created_at timestamptz, similarity real
)
language plpgsql stable security definer set search_path = '' as $$
declare
  v_title text;
  v_limit constant integer := least(greatest(coalesce(p_limit, 5), 0), 50);
  v_words tsvector;
  v_terms private.weighted_term[];
begin
  perform private.require_team_role('viewer');
  v_title := left(private.non_blank(p_title), 1000);
  v_words := private.search_vector(concat_ws(e'\n', v_title, left(p_description, 20000)), 12000);
  v_terms := private.weigh_words(v_words, false);
  return query
  with scored as (
    select i.*, c.score, c.term_count,
      coalesce(extensions.similarity(i.title, v_title), 0)::real as title_similarity
    from private.score_issues(private.find_similar_candidates(v_terms), v_terms) as c
    join public.issues as i on i.id = c.issue_id
    order by c.score desc, i.created_at desc, i.id
    limit 50
  )
  select s.id, s.seq_id, s.title, s.status, s.segment, s.created_at, s.title_similarity
  from scored as s
  where s.score >= case when s.term_count > 1 then 0.15 else 0.35 end * (
    select max(m.score) from scored as m
  )
  order by s.score * (1 + 0.2 * s.title_similarity) desc, s.created_at desc, s.id
  limit v_limit;
end;
$$;
grant execute on function private.similar_issues to authenticated, service_role;

create or replace function public.similar_issues(
  title text, description text default '', max_results integer default 5
) returns table (
  id uuid, seq_id integer, title text, status text, segment text, created_at timestamptz, similarity real
)
language sql stable security invoker set search_path = ''
begin atomic
  select f.id, f.seq_id, f.title, f.status, f.segment, f.created_at, f.similarity
  from private.similar_issues(
    similar_issues.title, similar_issues.description, similar_issues.max_results
  ) as f;
end;
comment on function public.similar_issues is
  'Issues that resemble one that is being written, best first: by the rarity of the words of title and '
  'description that they share, in any form, and other words for the same in several languages; words in '
  'titles count more. similarity is that of the titles, 0 to 1. No test issues; max_results is at most 50. '
  'Viewers. Errors: sign_in_required (401), team_role_required (403).';
grant execute on function public.similar_issues to authenticated, service_role;
