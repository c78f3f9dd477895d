-- Finds issues by what people type.

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
  not_seq_id integer
);
comment on type private.issue_filter is
  'Which issues a search is for. Null filters nothing; tags are sorted; created_to is exclusive.';

-- One statement for every way to search, planned anew for each call: what is not asked for is not in the
-- plan. The planner takes a word that it knows nothing of for more common than it may be, and would read all
-- issues, newest first, until enough have it: unless that is meant, their order is hidden from it.
create or replace function private.find_issues(
  p_words tsquery, p_title text, p_filter private.issue_filter, p_reads_newest boolean, p_limit integer,
  p_offset integer
) returns table (issue_id uuid, rank real, match_count bigint)
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
begin
  return query
  with matching as (
    select i.id, t.created_at,
      -- 1: divided by 1 + the logarithm of the length
      case when p_words is null then 0 else ts_rank('{0.1, 0.2, 0.4, 1}', s.vector, p_words, 1) end::real
        as rank
    from public.issues as i
    left join private.issue_search as s on s.issue_id = i.id
    cross join lateral (
      -- The same; each is indexed beside what is looked for.
      select case when p_words is null then i.created_at else s.created_at end as created_at
    ) as t
    where (p_words is null or s.vector @@ p_words)
      and (p_title is null or i.title ilike p_title)
      and (p_filter.status is null or i.status = any (p_filter.status))
      and (p_filter.segment is null or i.segment = any (p_filter.segment))
      and (p_filter.assigned_to is null or i.assigned_to = p_filter.assigned_to)
      and (p_filter.assigned_to_user_id is null or i.assigned_to_user_id = p_filter.assigned_to_user_id)
      and (p_filter.tags is null or i.tags @> p_filter.tags and i.id in (
        select g.issue_id from public.issue_tags as g where g.tag_name = p_filter.tags[1]
      ))
      and (p_filter.created_from is null or t.created_at >= p_filter.created_from)
      and (p_filter.created_to is null or t.created_at < p_filter.created_to)
      and (p_filter.include_tests or not i.is_test)
      and (p_filter.seq_id is null or i.seq_id = p_filter.seq_id)
      and (p_filter.not_seq_id is null or i.seq_id <> p_filter.not_seq_id)
    order by case when p_reads_newest then t.created_at else t.created_at + interval '0' end desc
    limit greatest(p_limit + p_offset, case when p_words is not null then 2000 end)
  )
  select m.id, m.rank, count(*) over () from matching as m
  order by m.rank desc, m.created_at desc, m.id
  limit p_limit offset p_offset;
end;
$$;
comment on function private.find_issues is
  'A page of the issues that have the words, and a title like this, best first, with how many there are, up '
  'to 2,000. A null asks for nothing.';

-- To rank each of a hundred thousand issues takes a second. So where one of fifty of the newest has the
-- words, the newest hundred thousand are read until 2,000 have them; if those don't have so many, and for
-- rarer words, the index of words finds all.
create or replace function private.find_issues_by_words(
  p_words tsquery, p_filter private.issue_filter, p_limit integer, p_offset integer
) returns table (issue_id uuid, rank real)
language plpgsql stable security definer set search_path = '' as $$
declare
  v_newest private.issue_filter := p_filter;
  v_ids uuid[];
  v_ranks real[];
  v_count bigint := 0::bigint;
begin
  if (
    select count(*) >= 40
    from (select s.vector from private.issue_search as s order by s.created_at desc limit 2000) as n
    where n.vector @@ p_words
  ) then
    v_newest.created_from := greatest(p_filter.created_from, (
      select s.created_at from private.issue_search as s order by s.created_at desc offset 100000 limit 1
    ));
    select array_agg(f.issue_id), array_agg(f.rank), max(f.match_count) into v_ids, v_ranks, v_count
    from private.find_issues(p_words, null, v_newest, true, p_limit, p_offset) as f;
  end if;
  if v_count >= greatest(p_limit + p_offset, 2000) then
    return query select u.id, u.rank from unnest(v_ids, v_ranks) as u (id, rank);
  else
    return query select f.issue_id, f.rank from private.find_issues(
      p_words, null, p_filter, false, p_limit, p_offset
    ) as f;
  end if;
end;
$$;
comment on function private.find_issues_by_words is
  'A page of the issues that have the words, best first; of more than 2,000, the newest 2,000 are ranked.';

-- Every title takes seconds to read, and a pattern without three letters in a row finds no index.
create or replace function private.find_issues_by_title(
  p_typed text, p_filter private.issue_filter, p_limit integer, p_offset integer
) returns table (issue_id uuid, rank real)
language plpgsql stable security definer set search_path = '' as $$
declare
  v_pattern constant text := '%' || regexp_replace(left(p_typed, 200), '([\\%_])', '\\\1', 'g') || '%';
  v_reads_newest constant boolean := p_typed !~ '[[:alnum:]]{3}';
begin
  if v_reads_newest then
    p_filter.created_from := greatest(p_filter.created_from, (
      select i.created_at from public.issues as i order by i.created_at desc offset 20000 limit 1
    ));
  end if;
  return query
  select f.issue_id, f.rank
  from private.find_issues(null, v_pattern, p_filter, v_reads_newest, p_limit, p_offset) as f;
end;
$$;
comment on function private.find_issues_by_title is
  'A page of the issues whose title contains what was typed, newest first; of the newest 20,000 issues, if '
  'that has no three letters in a row.';

-- The issue of that number is the first one of the first page, and none of the rest.
create or replace function private.find_typed_issues(
  p_typed text, p_filter private.issue_filter, p_limit integer, p_offset integer
) returns table (issue_id uuid, rank real)
language plpgsql stable security definer set search_path = '' as $$
declare
  v_words constant tsquery := private.websearch_query(p_typed, false);
  v_numbered uuid;
begin
  p_filter.seq_id := substring(p_typed from '^#?(\d{1,9})$')::integer;
  if p_filter.seq_id is not null then
    select f.issue_id into v_numbered from private.find_issues(null, null, p_filter, false, 1, 0) as f;
    p_filter.not_seq_id := p_filter.seq_id;
    p_filter.seq_id := null;
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
    from private.find_issues(null, null, p_filter, true, p_limit, p_offset) as f;
    return;
  end if;
  if v_words is not null then
    return query
    select f.issue_id, f.rank from private.find_issues_by_words(v_words, p_filter, p_limit, p_offset) as f;
    if found or v_numbered is not null or p_offset > 0 and exists (
      select from private.find_issues_by_words(v_words, p_filter, 1, 0)
    ) then
      return;
    end if;
  end if;
  return query
  select f.issue_id, f.rank from private.find_issues_by_title(p_typed, p_filter, p_limit, p_offset) as f;
end;
$$;
comment on function private.find_typed_issues is
  'A page of the issues that have the words that were typed; where none has them, or there are none, of '
  'those whose title contains it. Null: the newest.';

-- Words are marked in the text as it stands, so what joins them is looked for as well.
create or replace function private.issue_snippet(p_issue_id uuid, p_description text, p_words tsquery)
returns text
language plpgsql stable security definer set search_path = '' as $$
declare
  v_text text := left(p_description, 4000);
begin
  if p_words is null then
    return left(p_description, 200);
  end if;
  if to_tsvector('pg_catalog.english', private.unjoined_words(v_text)) @@ p_words is not true then
    v_text := concat_ws(' … ', v_text, (
      select string_agg(left(c.body, 1000), ' … ')
      from (
        select n.body from public.comments as n
        where n.issue_id = p_issue_id
        order by n.created_at desc, n.id desc
        limit 5
      ) as c
    ));
  end if;
  return ts_headline(
    'pg_catalog.english', v_text, p_words,
    'StartSel=**, StopSel=**, MaxFragments=2, MinWords=8, MaxWords=24, FragmentDelimiter=" … "'
  );
end;
$$;
comment on function private.issue_snippet is
  'Where an issue''s description, or else its newest comments, have the words, marked **so**.';

create or replace function private.search_issues(
  p_query text, p_status text[], p_segment text[], p_assigned_to text, p_mine boolean, p_tags text[],
  p_created_from timestamptz, p_created_to timestamptz, p_include_tests boolean, p_limit integer,
  p_offset integer
) returns table (
  id uuid, seq_id integer, title text, status text, segment text, submitted_by text, assigned_to text,
  tags text[], created_at timestamptz, updated_at timestamptz, rank real, snippet text
)
language plpgsql stable security definer set search_path = '' set client_min_messages = warning as $$
declare
  v_typed constant text := private.non_blank(left(p_query, 1000));
  v_words constant tsquery := private.websearch_query(v_typed, false)
    || websearch_to_tsquery('pg_catalog.english', v_typed);
  v_filter private.issue_filter;
begin
  perform private.require_team_role('viewer');
  v_filter.status := p_status;
  v_filter.segment := p_segment;
  v_filter.assigned_to := private.non_blank(p_assigned_to);
  if p_mine then
    -- A server has no account, and no issues of its own.
    v_filter.assigned_to_user_id := coalesce(auth.uid(), '00000000-0000-0000-0000-000000000000');
  end if;
  v_filter.tags := nullif(private.sorted_tags(p_tags), '{}');
  v_filter.created_from := p_created_from;
  v_filter.created_to := p_created_to;
  v_filter.include_tests := coalesce(p_include_tests, false);
  return query
  select i.id, i.seq_id, i.title, i.status, i.segment, i.submitted_by, i.assigned_to, i.tags, i.created_at,
    i.updated_at, f.rank, private.issue_snippet(i.id, i.description, v_words)
  from private.find_typed_issues(
    v_typed, v_filter, least(greatest(coalesce(p_limit, 20), 0), 100),
    least(greatest(coalesce(p_offset, 0), 0), 100000)
  ) with ordinality as f (issue_id, rank, place)
  join public.issues as i on i.id = f.issue_id
  order by f.place;
end;
$$;
grant execute on function private.search_issues to authenticated, service_role;

create or replace function public.search_issues(
  query text, status text[] default null, segment text[] default null, assigned_to text default null,
  mine boolean default false, tags text[] default null, created_from timestamptz default null,
  created_to timestamptz default null, include_tests boolean default false,
  max_results integer default 20, skip_results integer default 0
) returns table (
  id uuid, seq_id integer, title text, status text, segment text, submitted_by text, assigned_to text,
  tags text[], created_at timestamptz, updated_at timestamptz, rank real, snippet text
)
language sql stable security invoker set search_path = ''
begin atomic
  select f.id, f.seq_id, f.title, f.status, f.segment, f.submitted_by, f.assigned_to, f.tags, f.created_at,
    f.updated_at, f.rank, f.snippet
  from private.search_issues(
    search_issues.query, search_issues.status, search_issues.segment, search_issues.assigned_to,
    search_issues.mine, search_issues.tags, search_issues.created_from, search_issues.created_to,
    search_issues.include_tests, search_issues.max_results, search_issues.skip_results
  ) as f;
end;
comment on function public.search_issues is
  'Finds issues, archived ones too, by the words of title, tags, description and comments: all words, in any '
  'order; "words together"; -excluded; either or; the last word also as a prefix; #12 returns the issue with '
  'that number first. Where no issue contains the words, titles that contain the query as typed. A blank '
  'query lists the newest. status, segment: any of these; tags: all of these; mine: assigned to the caller; '
  'created_to is exclusive; max_results is at most 100. Best first, equals newest first; of more than 2,000 '
  'matches, the newest 2,000 are ranked. snippet is text as people sent it, with **marks**. Viewers. '
  'Errors: sign_in_required (401), team_role_required (403).';
grant execute on function public.search_issues to authenticated, service_role;
