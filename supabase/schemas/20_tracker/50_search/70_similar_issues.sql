-- Finds existing issues that resemble one that is being written.

-- Trigram similarity only ranks: searching by it reads most of a million titles, which takes seconds.
create or replace function private.rank_similar_issues(
  p_candidates tsquery, p_words tsquery, p_title text, p_not_ids uuid[], p_created_from timestamptz,
  p_limit integer
) returns table (issue_id uuid, similarity real)
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
begin
  return query
  with candidate as (
    select i.id, s.created_at, ts_rank(s.vector, p_words, 1) as word_rank,
      coalesce(extensions.similarity(i.title, p_title), 0) as title_similarity
    from private.issue_search as s
    join public.issues as i on i.id = s.issue_id
    where s.vector @@ p_candidates and not i.is_test and s.issue_id <> all (p_not_ids)
      and (p_created_from is null or s.created_at >= p_created_from)
    -- `+ interval '0'`: see find_issues.
    order by s.created_at + interval '0' desc
    limit 500
  ),
  scored as (
    select c.id, c.created_at, c.title_similarity,
      -- Reciprocal rank fusion: the two ranks need no common scale.
      1.0 / (60 + rank() over (order by c.word_rank desc))
        + 1.0 / (60 + rank() over (order by c.title_similarity desc)) as score
    from candidate as c
  )
  select s.id, s.title_similarity from scored as s
  order by s.score desc, s.created_at desc, s.id
  limit p_limit;
end;
$$;
comment on function private.rank_similar_issues is
  'Of the newest 500 candidates, those that match the words and the title best.';

create or replace function private.similar_issues(p_title text, p_description text, p_limit integer)
returns table (
  id uuid, seq_id integer, title text, status text, segment text, created_at timestamptz, similarity real
)
language plpgsql stable security definer set search_path = '' as $$
declare
  v_title constant text := left(private.non_blank(p_title), 1000);
  v_limit constant integer := least(greatest(coalesce(p_limit, 5), 0), 50);
  v_words text[];
  v_searched text[];
  v_is_common boolean;
  v_created_from timestamptz;
  v_ids uuid[] := '{}'::uuid[];
  v_similarities real[] := '{}'::real[];
begin
  perform private.require_team_role('viewer');
  select array_agg(w.word), array_agg(w.word) filter (where w.is_searched), bool_and(w.is_common)
  into v_words, v_searched, v_is_common
  from private.distinctive_words(
    private.search_vector(v_title, 4000), private.search_vector(p_description, 4000)
  ) as w;
  -- Few issues share three words, and those resemble most; some hundreds share two, thousands one. One word
  -- is tried last, and if it is common, only in the newest 5,000 issues.
  for v_count in reverse 3 .. 1 loop
    exit when cardinality(v_ids) >= v_limit or v_count = 1 and v_ids <> '{}';
    if v_count = 1 and v_is_common then
      select s.created_at into v_created_from from private.issue_search as s
      order by s.created_at desc offset 5000 limit 1;
    end if;
    select v_ids || coalesce(array_agg(f.issue_id), '{}'),
      v_similarities || coalesce(array_agg(f.similarity), '{}')
    into v_ids, v_similarities
    from private.rank_similar_issues(
      private.words_in_common(case when v_count > 1 then v_searched else v_searched[:1] end, v_count),
      private.words_in_common(v_words, 1), v_title, v_ids, v_created_from,
      v_limit - cardinality(v_ids)
    ) as f;
  end loop;
  return query
  select i.id, i.seq_id, i.title, i.status, i.segment, i.created_at, f.similarity
  from unnest(v_ids, v_similarities) with ordinality as f (issue_id, similarity, number)
  join public.issues as i on i.id = f.issue_id
  order by f.number;
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
  'Issues that resemble one that is being written, best first: those that share the most of the rarest words '
  'of title and description, ranked by these words and by how similar the titles are. similarity is that of '
  'the titles, 0 to 1. No test issues; max_results is at most 50. Viewers. Errors: sign_in_required (401), '
  'team_role_required (403).';
grant execute on function public.similar_issues to authenticated, service_role;
