-- Finds the ids of one page of engineering issues: by number, by words, else by title and path.

create type private.exai_issue_filter as (
  severity text[],
  status text[],
  category text[],
  component text,
  file text,
  created_from timestamptz,
  issue_number integer,
  not_issue_number integer
);
comment on type private.exai_issue_filter is 'The filters of a search. Null does not filter.';

-- One statement for every kind of search, planned for each call, so that filters that are null cost nothing.
-- The planner overestimates words without statistics, and parts of paths, and would read all issues, newest
-- first, until enough match. Unless p_reads_newest asks for that, `+ interval '0'` keeps it from using an
-- index on created_at. To start parallel workers takes longer than most searches.
create or replace function private.find_exai_issues(
  p_words tsquery, p_pattern text, p_filter private.exai_issue_filter, p_reads_newest boolean,
  p_limit integer, p_offset integer
) returns table (issue_id uuid, rank real, match_count bigint)
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan
set max_parallel_workers_per_gather = 0 as $$
declare
  -- What every path that p_filter.file stands for contains, for the trigram index.
  v_path constant text := private.like_pattern(rtrim(p_filter.file, '/'));
begin
  return query
  with matching as (
    select i.id, t.created_at, i.issue_number,
      -- 1: the rank is divided by 1 + the logarithm of the length
      case when p_words is null then 0 else ts_rank('{0.1, 0.2, 0.4, 1}', s.vector, p_words, 1) end::real
        as rank
    from public.exai_issues as i
    left join private.exai_issue_search as s on s.issue_id = i.id
    cross join lateral (
      -- Both are equal; each is in the table whose index the search uses.
      select case when p_words is null then i.created_at else s.created_at end as created_at
    ) as t
    where (p_words is null or s.vector @@ p_words)
      and (p_pattern is null or i.title ilike p_pattern or i.file_path ilike p_pattern)
      and (p_filter.severity is null or i.severity = any (p_filter.severity))
      and (p_filter.status is null or i.status = any (p_filter.status))
      and (p_filter.category is null or i.category = any (p_filter.category))
      and (p_filter.component is null or i.affected_components @> array[p_filter.component])
      and (
        p_filter.file is null or i.file_path like v_path and (
          i.file_path = p_filter.file
          or right(i.file_path, length(p_filter.file) + 1) = '/' || p_filter.file
          or starts_with(i.file_path, rtrim(p_filter.file, '/') || '/')
        )
      )
      and (p_filter.created_from is null or t.created_at >= p_filter.created_from)
      and (p_filter.issue_number is null or i.issue_number = p_filter.issue_number)
      and (p_filter.not_issue_number is null or i.issue_number <> p_filter.not_issue_number)
    order by case when p_reads_newest then t.created_at else t.created_at + interval '0' end desc,
      i.issue_number
    limit greatest(p_limit + p_offset, case when p_words is not null then 2000 end)
  )
  select m.id, m.rank, count(*) over ()
  from matching as m
  order by m.rank desc, m.created_at desc, m.issue_number
  limit p_limit offset p_offset;
end;
$$;
comment on function private.find_exai_issues is
  'One page of the issues that match words, pattern of title or path, and filters, best first, with the '
  'number of matches, counted up to 2,000. A null argument does not filter.';

-- Ranking all issues with a common word takes seconds at a million. So if at least one in fifty of the newest
-- 500 issues has the words, the newest 100,000 are read until 2,000 match. If fewer do, and for rarer words,
-- the GIN index finds all.
create or replace function private.find_exai_issues_by_words(
  p_words tsquery, p_filter private.exai_issue_filter, p_limit integer, p_offset integer
) returns table (issue_id uuid, rank real)
language plpgsql stable security definer set search_path = '' as $$
declare
  v_newest private.exai_issue_filter := p_filter;
  v_ids uuid[];
  v_ranks real[];
  v_count bigint := 0::bigint;
begin
  if (
    select count(*) >= 10
    from (select s.vector from private.exai_issue_search as s order by s.created_at desc limit 500) as n
    where n.vector @@ p_words
  ) then
    v_newest.created_from := (
      select s.created_at from private.exai_issue_search as s
      order by s.created_at desc offset 100000 limit 1
    );
    select array_agg(f.issue_id), array_agg(f.rank), max(f.match_count) into v_ids, v_ranks, v_count
    from private.find_exai_issues(p_words, null, v_newest, true, p_limit, p_offset) as f;
  end if;
  if v_count >= greatest(p_limit + p_offset, 2000)
    or v_newest.created_from is not distinct from p_filter.created_from and v_count > 0
  then
    return query select u.id, u.rank from unnest(v_ids, v_ranks) as u (id, rank);
  else
    return query select f.issue_id, f.rank from private.find_exai_issues(
      p_words, null, p_filter, false, p_limit, p_offset
    ) as f;
  end if;
end;
$$;
comment on function private.find_exai_issues_by_words is
  'One page of the issues that contain the words, best first; of more than 2,000, the newest '
  '2,000 are ranked.';

-- Without three letters in a row the trigram index can't be used, and reading all titles takes seconds.
create or replace function private.find_exai_issues_by_text(
  p_typed text, p_filter private.exai_issue_filter, p_limit integer, p_offset integer
) returns table (issue_id uuid, rank real)
language plpgsql stable security definer set search_path = '' as $$
declare
  v_reads_newest constant boolean := p_typed !~ '[[:alnum:]]{3}';
begin
  if v_reads_newest then
    p_filter.created_from := (
      select i.created_at from public.exai_issues as i order by i.created_at desc offset 20000 limit 1
    );
  end if;
  return query
  select f.issue_id, f.rank
  from private.find_exai_issues(
    null, private.like_pattern(left(p_typed, 200)), p_filter, v_reads_newest, p_limit, p_offset
  ) as f;
end;
$$;
comment on function private.find_exai_issues_by_text is
  'One page of the issues whose title or path contains the typed text, newest first; of the newest 20,000 '
  'issues only, if the text has no three letters in a row.';

create or replace function private.is_common_exai_filter(p_filter private.exai_issue_filter) returns boolean
language plpgsql stable security definer set search_path = '' as $$
declare
  v_path constant text := private.like_pattern(rtrim(p_filter.file, '/'));
begin
  if p_filter.component is null and (p_filter.file is null or p_filter.file !~ '[[:alnum:]]{3}') then
    return true;
  end if;
  return (
    select count(*) >= 40
    from (
      select i.file_path, i.affected_components from public.exai_issues as i
      order by i.created_at desc limit 2000
    ) as n
    where (v_path is null or n.file_path like v_path)
      and (p_filter.component is null or n.affected_components @> array[p_filter.component])
  );
end;
$$;
comment on function private.is_common_exai_filter is
  'Whether a page of the issues of this file or folder and component is found soonest from the newest on: '
  'one in fifty of the newest 2,000 is one of them, or no index can be used.';
