-- Offers issues that say the same while somebody writes one.

-- How common a word is comes from what ANALYZE keeps about the vectors: the share of rows of each of the
-- thousand most common ones; a word that is not among them is rare. A word of every fiftieth issue tells
-- little, and of a million issues brings twenty thousand along, each to be fetched and ranked: it looks for
-- nothing where there are two rarer ones. Four words are enough to look for, and sixteen to rank by.
create or replace function private.telling_words(p_title tsvector, p_description tsvector)
returns table (word text, looks boolean, is_common boolean)
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  with known as (
    select u.word, bool_or(u.is_in_title) as is_in_title, coalesce(max(c.share), 0) as share
    from (
      select t.lexeme, true from unnest(p_title) as t
      union all
      select d.lexeme, false from unnest(p_description) as d
    ) as u (word, is_in_title)
    left join (
      select e.word, e.share
      from pg_catalog.pg_stats as s
      cross join lateral unnest(s.most_common_elems::text::text[], s.most_common_elem_freqs)
        as e (word, share)
      where s.schemaname = 'private' and s.tablename = 'issue_search' and s.attname = 'vector'
    ) as c on c.word = u.word
    group by u.word
  )
  select p.word, p.place <= 4 and (p.share <= 0.02 or p.place <= 2), p.share > 0.02
  from (
    select k.word, k.share,
      row_number() over (order by k.share > 0.02, not k.is_in_title, k.share, k.word) as place
    from known as k
  ) as p
  where p.place <= 16
  order by p.place;
end;
$$;
comment on function private.telling_words is
  'The words of a title and a description that tell most, the best first, and whether to look for them.';

create or replace function private.words_in_common(p_words text[], p_count integer) returns tsquery
language sql immutable security invoker set search_path = '' as $$
  with recursive word as (
    select u.word, u.place from unnest(p_words) with ordinality as u (word, place)
  ),
  choice as (
    select quote_literal(w.word) as words, w.place, 1 as word_count from word as w
    union all
    select c.words || ' & ' || quote_literal(w.word), w.place, c.word_count + 1
    from choice as c
    join word as w on w.place > c.place
    where c.word_count < p_count
  )
  select string_agg(c.words, ' | ')::tsquery from choice as c where c.word_count = p_count
$$;
comment on function private.words_in_common is
  'What finds issues with at least so many of the words; null where there are less.';

-- Trigrams only rank: to find by them reads most of a million titles, which takes seconds.
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
    -- Hidden from the planner, which would read all issues for a word that it takes for more common than
    -- it is.
    order by s.created_at + interval '0' desc
    limit 500
  ),
  placed as (
    select c.id, c.created_at, c.title_similarity,
      -- Reciprocal ranks, which need no common scale.
      1.0 / (60 + rank() over (order by c.word_rank desc))
        + 1.0 / (60 + rank() over (order by c.title_similarity desc)) as score
    from candidate as c
  )
  select p.id, p.title_similarity from placed as p
  order by p.score desc, p.created_at desc, p.id
  limit p_limit;
end;
$$;
comment on function private.rank_similar_issues is
  'Of the newest 500 candidates those that match the words and the title best.';

create or replace function private.similar_issues(p_title text, p_description text, p_limit integer)
returns table (
  id uuid, seq_id integer, title text, status text, segment text, created_at timestamptz, similarity real
)
language plpgsql stable security definer set search_path = '' as $$
declare
  v_title constant text := left(private.non_blank(p_title), 1000);
  v_limit constant integer := least(greatest(coalesce(p_limit, 5), 0), 50);
  v_words text[];
  v_looked_for text[];
  v_is_common boolean;
  v_created_from timestamptz;
  v_ids uuid[] := '{}'::uuid[];
  v_similarities real[] := '{}'::real[];
begin
  perform private.require_team_role('viewer');
  select array_agg(w.word), array_agg(w.word) filter (where w.looks), bool_and(w.is_common)
  into v_words, v_looked_for, v_is_common
  from private.telling_words(
    private.search_vector(v_title, 4000), private.search_vector(p_description, 4000)
  ) as w;
  -- Three words in common are few issues and the best ones, two some hundred; one is in thousands:
  -- in so many of the newest, if it is common, that they will do.
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
      private.words_in_common(case when v_count > 1 then v_looked_for else v_looked_for[:1] end, v_count),
      private.words_in_common(v_words, 1), v_title, v_ids, v_created_from,
      v_limit - cardinality(v_ids)
    ) as f;
  end loop;
  return query
  select i.id, i.seq_id, i.title, i.status, i.segment, i.created_at, f.similarity
  from unnest(v_ids, v_similarities) with ordinality as f (issue_id, similarity, place)
  join public.issues as i on i.id = f.issue_id
  order by f.place;
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
  'Issues that say the same as one that is being written, best first: those that have more of the most '
  'telling words of title and description, by how well they match and how much the titles are alike. '
  'similarity is that of the titles, 0 to 1. No test data; max_results up to 50. Viewers. Errors: '
  'sign_in_required (401), team_role_required (403).';
grant execute on function public.similar_issues to authenticated, service_role;
