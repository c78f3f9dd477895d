-- Offers issues that say the same while somebody writes one.

-- How common a word is comes from what ANALYZE keeps about the vectors: the share of rows of each of the
-- thousand or so most common ones; a word that is not among them is rare. A word of every fiftieth issue tells
-- little, and of a million issues brings twenty thousand along, each to be fetched and ranked: it looks for
-- nothing while there are rarer ones.
create or replace function private.telling_words(p_title tsvector, p_description tsvector)
returns table (word text, share real)
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  select u.word, coalesce(max(c.share), 0)::real
  from (
    select t.lexeme, true from unnest(p_title) as t
    union all
    select d.lexeme, false from unnest(p_description) as d
  ) as u (word, is_in_title)
  left join (
    select e.word, e.share
    from pg_catalog.pg_stats as s
    cross join lateral unnest(s.most_common_elems::text::text[], s.most_common_elem_freqs) as e (word, share)
    where s.schemaname = 'private' and s.tablename = 'issue_search' and s.attname = 'vector'
  ) as c on c.word = u.word
  group by u.word
  order by coalesce(max(c.share), 0) > 0.02, not bool_or(u.is_in_title), coalesce(max(c.share), 0), u.word
  limit 16;
end;
$$;
comment on function private.telling_words(tsvector, tsvector) is
  'The words of a title and a description with the share of issues that have them, the most telling first.';

create or replace function private.similar_issues(p_title text, p_description text, p_limit integer)
returns table (
  id uuid, seq_id integer, title text, status text, segment text, created_at timestamptz, similarity real
)
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
declare
  v_title constant text := left(private.presence(p_title), 1000);
  v_words text[];
  v_shares real[];
  v_any tsquery;
  v_candidates tsquery;
begin
  perform private.require_team_role('viewer');
  select array_agg(w.word), array_agg(w.share) into v_words, v_shares
  from private.telling_words(
    private.search_vector(v_title, 4000), private.search_vector(p_description, 4000)
  ) as w;
  v_any := array_to_string(array(select quote_literal(u.word) from unnest(v_words) as u (word)), ' | ')::tsquery;
  v_candidates := array_to_string(array(
    select quote_literal(u.word)
    from unnest(v_words, v_shares) with ordinality as u (word, share, place)
    where u.place = 1 or u.place <= 6 and u.share <= 0.02
  ), ' | ')::tsquery;
  return query
  with candidate as (
    select i.id, i.created_at, ts_rank(s.vector, v_any, 1) as word_rank,
      extensions.similarity(i.title, v_title) as title_similarity
    from private.issue_search as s
    join public.issues as i on i.id = s.issue_id
    where s.vector @@ v_candidates and not i.is_test
  ),
  placed as (
    select c.id, c.title_similarity,
      1.0 / (60 + rank() over (order by c.word_rank desc))
        + 1.0 / (60 + rank() over (order by c.title_similarity desc)) as score,
      c.created_at
    from candidate as c
  )
  select i.id, i.seq_id, i.title, i.status, i.segment, i.created_at, p.title_similarity
  from placed as p
  join public.issues as i on i.id = p.id
  order by p.score desc, p.created_at desc, p.id
  limit least(greatest(coalesce(p_limit, 5), 0), 50);
end;
$$;
comment on function private.similar_issues(text, text, integer) is 'Body of public.similar_issues.';
grant execute on function private.similar_issues(text, text, integer) to authenticated, service_role;

create or replace function public.similar_issues(
  p_title text, p_description text default '', p_limit integer default 5
) returns table (
  id uuid, seq_id integer, title text, status text, segment text, created_at timestamptz, similarity real
)
language sql stable security invoker set search_path = ''
begin atomic
  select f.id, f.seq_id, f.title, f.status, f.segment, f.created_at, f.similarity
  from private.similar_issues(p_title, p_description, p_limit) as f;
end;
comment on function public.similar_issues(text, text, integer) is
  'Issues that say the same as one that is being written, best first: those with the most telling words of '
  'title and description, by how well they match and how much the titles are alike. similarity is that of '
  'the titles, 0 to 1. No test data; p_limit up to 50. Viewers. Errors: not_signed_in (401), '
  'team_role_required (403).';
grant execute on function public.similar_issues(text, text, integer) to authenticated, service_role;
