-- The words of a text that distinguish it most from other issues.

-- The frequency of a word comes from the statistics that ANALYZE collects about the vectors: the share of
-- rows for each of the thousand most common words; any other word is rare. A word in more than 2% of the
-- issues is little evidence, and with a million issues finds more than 20,000, each to be fetched and ranked:
-- such a word is not searched for if there are two rarer ones. Four words are enough to search for, and
-- sixteen to rank by.
create or replace function private.distinctive_words(p_title tsvector, p_description tsvector)
returns table (word text, is_searched boolean, is_common boolean)
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
  select p.word, p.number <= 4 and (p.share <= 0.02 or p.number <= 2), p.share > 0.02
  from (
    select k.word, k.share,
      row_number() over (order by k.share > 0.02, not k.is_in_title, k.share, k.word) as number
    from known as k
  ) as p
  where p.number <= 16
  order by p.number;
end;
$$;
comment on function private.distinctive_words is
  'Up to 16 words of a title and a description, and whether to search for them: rare ones before common '
  'ones, then those of the title, then the rarest first.';

create or replace function private.words_in_common(p_words text[], p_count integer) returns tsquery
language sql immutable security invoker set search_path = '' as $$
  with recursive word as (
    select u.word, u.number from unnest(p_words) with ordinality as u (word, number)
  ),
  choice as (
    select quote_literal(w.word) as words, w.number, 1 as word_count from word as w
    union all
    select c.words || ' & ' || quote_literal(w.word), w.number, c.word_count + 1
    from choice as c
    join word as w on w.number > c.number
    where c.word_count < p_count
  )
  select string_agg(c.words, ' | ')::tsquery from choice as c where c.word_count = p_count
$$;
comment on function private.words_in_common is
  'A query for issues with at least p_count of the words; null if there are fewer words.';
