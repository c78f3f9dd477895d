-- Finds the ids of one page of issues: by number, by words, else by title.

create type private.issue_filter as (
  status text[],
  segment text[],
  assigned_to text,
  assigned_to_user_id uuid,
  tags text[],
  created_from timestamptz,
  created_to timestamptz,
  include_tests boolean,
  seq_id integer,
  not_seq_id integer,
  ids uuid[]
);
comment on type private.issue_filter is
  'The filters of a search. Null does not filter; tags are sorted; created_to is exclusive.';

-- One statement for every kind of search, planned for each call, so that filters that are null cost nothing.
-- The planner overestimates words without statistics and would read all issues, newest first, until enough
-- match. Unless p_reads_newest asks for that, `+ interval '0'` keeps it from using the index on created_at.
-- To start parallel workers takes longer than most searches.
create or replace function private.find_issues(
  p_words tsquery, p_phrase tsquery, p_title text, p_filter private.issue_filter, p_reads_newest boolean,
  p_limit integer, p_offset integer
) returns table (issue_id uuid, rank real, match_count bigint)
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan
set max_parallel_workers_per_gather = 0 as $$
begin
  return query
  with matching as (
    select i.id, t.created_at,
      -- 1: divided by 1 + the logarithm of the length
      (case when p_words is null then 0 else ts_rank('{0.1, 0.2, 0.4, 1}', s.vector, p_words, 1) end
        + case when s.vector @@ p_phrase then 1 else 0 end)::real as rank
    from public.issues as i
    left join private.issue_search as s on s.issue_id = i.id
    cross join lateral (
      -- Both are equal; each is in the table whose index the search uses.
      select case when p_words is null then i.created_at else s.created_at end as created_at
    ) as t
    where (p_words is null or s.vector @@ p_words)
      and (p_title is null or i.title ilike p_title)
      and (p_filter.status is null or i.status = any (p_filter.status))
      and (p_filter.segment is null or i.segment = any (p_filter.segment))
      and (p_filter.assigned_to is null or i.assigned_to = p_filter.assigned_to)
      and (p_filter.assigned_to_user_id is null or i.assigned_to_user_id = p_filter.assigned_to_user_id)
      and (p_filter.tags is null or i.tags @> p_filter.tags)
      and (p_filter.ids is null or i.id = any (p_filter.ids))
      and (p_filter.created_from is null or t.created_at >= p_filter.created_from)
      and (p_filter.created_to is null or t.created_at < p_filter.created_to)
      and (p_filter.include_tests or not i.is_test)
      and (p_filter.seq_id is null or i.seq_id = p_filter.seq_id)
      and (p_filter.not_seq_id is null or i.seq_id <> p_filter.not_seq_id)
    order by case when p_reads_newest then t.created_at else t.created_at + interval '0' end desc, i.id
    limit greatest(p_limit + p_offset, case when p_words is not null then 2000 end)
  )
  select m.id, m.rank, count(*) over () from matching as m
  order by m.rank desc, m.created_at desc, m.id
  limit p_limit offset p_offset;
end;
$$;
comment on function private.find_issues is
  'One page of the issues that match words, title pattern and filters, best first, those with the phrase '
  'before others, with the number of matches, counted up to 2,000. A null argument does not filter.';

-- Ranking 100,000 issues takes a second. So if at least one in fifty of the newest 500 issues matches, the
-- newest 100,000 are read until 2,000 match. If fewer do, and for rarer words, the GIN index finds all.
create or replace function private.find_issues_by_words(
  p_words tsquery, p_phrase tsquery, p_filter private.issue_filter, p_limit integer, p_offset integer
) returns table (issue_id uuid, rank real)
language plpgsql stable security definer set search_path = '' as $$
declare
  v_newest private.issue_filter := p_filter;
  v_ids uuid[];
  v_ranks real[];
  v_count bigint := 0::bigint;
begin
  if (
    select count(*) >= 10
    from (select s.vector from private.issue_search as s order by s.created_at desc limit 500) as n
    where n.vector @@ p_words
  ) then
    v_newest.created_from := greatest(p_filter.created_from, (
      select s.created_at from private.issue_search as s order by s.created_at desc offset 100000 limit 1
    ));
    select array_agg(f.issue_id), array_agg(f.rank), max(f.match_count) into v_ids, v_ranks, v_count
    from private.find_issues(p_words, p_phrase, null, v_newest, true, p_limit, p_offset) as f;
  end if;
  if v_count >= greatest(p_limit + p_offset, 2000)
    or v_newest.created_from is not distinct from p_filter.created_from and v_count > 0
  then
    return query select u.id, u.rank from unnest(v_ids, v_ranks) as u (id, rank);
  else
    return query select f.issue_id, f.rank from private.find_issues(
      p_words, p_phrase, null, p_filter, false, p_limit, p_offset
    ) as f;
  end if;
end;
$$;
comment on function private.find_issues_by_words is
  'One page of the issues that contain the words, best first; of more than 2,000, the newest '
  '2,000 are ranked.';

-- Without three letters in a row the trigram index can't be used, and reading all titles takes seconds.
create or replace function private.find_issues_by_title(
  p_typed text, p_filter private.issue_filter, p_limit integer, p_offset integer
) returns table (issue_id uuid, rank real)
language plpgsql stable security definer set search_path = '' as $$
declare
  v_pattern constant text := private.like_pattern(left(p_typed, 200));
  v_reads_newest constant boolean := p_typed !~ '[[:alnum:]]{3}';
begin
  if v_reads_newest then
    p_filter.created_from := greatest(p_filter.created_from, (
      select i.created_at from public.issues as i order by i.created_at desc offset 20000 limit 1
    ));
  end if;
  return query
  select f.issue_id, f.rank
  from private.find_issues(null, null, v_pattern, p_filter, v_reads_newest, p_limit, p_offset) as f;
end;
$$;
comment on function private.find_issues_by_title is
  'One page of the issues whose title contains the typed text, newest first; of the newest 20,000 issues '
  'only, if the text has no three letters in a row.';

-- Reading the issues of a tag is faster than reading the newest ones until enough have it, unless it has
-- many. For tags that it has no statistics of, the planner would read the whole table.
create or replace function private.load_issues_of_rare_tag(p_tags text[]) returns uuid[]
language plpgsql stable security definer set search_path = '' set enable_seqscan = off as $$
declare
  v_tag text;
  v_ids uuid[];
  v_fewest uuid[];
begin
  foreach v_tag in array coalesce(p_tags, '{}') loop
    v_ids := array(select g.issue_id from public.issue_tags as g where g.tag_name = v_tag limit 5000);
    if cardinality(v_ids) < coalesce(cardinality(v_fewest), 5000) then
      v_fewest := v_ids;
    end if;
  end loop;
  return v_fewest;
end;
$$;
comment on function private.load_issues_of_rare_tag is
  'The issues of the tag with the fewest, if these are less than 5,000; else null.';
