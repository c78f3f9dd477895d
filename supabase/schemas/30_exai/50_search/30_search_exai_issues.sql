-- Full-text search over engineering issues: words, identifiers, paths.

create or replace function private.find_exai_issues(
  p_words tsquery, p_number integer, p_pattern text, p_severity text[], p_status text[], p_category text[],
  p_component text, p_file text, p_limit integer, p_offset integer
) returns table (issue_id uuid, rank real)
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
begin
  return query
  with matching as (
    select i.id, i.created_at, i.issue_number, case
      when i.issue_number = p_number then 100
      when p_words is null then 0
      -- 1: the rank is divided by 1 + the logarithm of the length
      else ts_rank('{0.1, 0.2, 0.4, 1}', s.vector, p_words, 1)
    end::real as rank
    from public.exai_issues as i
    join private.exai_issue_search as s on s.issue_id = i.id
    where (p_words is null or p_number is not null or s.vector @@ p_words)
      and (p_number is null or i.issue_number = p_number or s.vector @@ p_words)
      and (p_pattern is null or i.title ilike p_pattern or i.file_path ilike p_pattern)
      and (p_severity is null or i.severity = any (p_severity))
      and (p_status is null or i.status = any (p_status))
      and (p_category is null or i.category = any (p_category))
      and (p_component is null or i.affected_components @> array[p_component])
      and (
        p_file is null or i.file_path = p_file or right(i.file_path, length(p_file) + 1) = '/' || p_file
        or starts_with(i.file_path, rtrim(p_file, '/') || '/')
      )
    order by i.created_at desc
    limit greatest(p_limit + p_offset, case when p_words is not null then 2000 end)
  )
  select m.id, m.rank
  from matching as m
  order by m.rank desc, m.created_at desc, m.issue_number
  limit p_limit offset p_offset;
end;
$$;
comment on function private.find_exai_issues is
  'One page of the issues that match all conditions, best first. Null matches every issue.';

create or replace function private.search_exai_issues(
  p_query text, p_severity text[], p_status text[], p_category text[], p_component text, p_file text,
  p_max_results integer, p_skip_results integer
) returns table (
  id uuid, issue_number integer, title text, severity text, category text, status text, file_path text,
  line_start integer, line_end integer, affected_components text[], conversation_id text,
  fix_conversation_id text, created_at timestamptz, updated_at timestamptz, rank real, snippet text
)
language plpgsql stable security definer set search_path = '' set client_min_messages = warning as $$
declare
  v_query constant text := private.non_blank(left(p_query, 1000));
  v_words constant tsquery := private.websearch_query(v_query, true);
  v_marked constant tsquery := v_words || websearch_to_tsquery('pg_catalog.english', v_query);
  v_number constant integer := substring(v_query from '^#?(\d{1,9})$')::integer;
  v_pattern constant text := '%' || regexp_replace(left(v_query, 200), '([\\%_])', '\\\1', 'g') || '%';
  v_file constant text := private.non_blank(p_file);
  v_component constant text := private.non_blank(p_component);
  v_limit constant integer := least(greatest(coalesce(p_max_results, 20), 0), 100);
  v_offset constant integer := least(greatest(coalesce(p_skip_results, 0), 0), 100000);
  v_is_found boolean;
begin
  perform private.require_team_role('viewer');
  -- If no issue contains the words, titles and paths that contain the query as it was typed.
  v_is_found := v_words is null and v_pattern is null or exists (
    select from private.find_exai_issues(
      v_words, v_number, case when v_words is null and v_number is null then v_pattern end, p_severity,
      p_status, p_category, v_component, v_file, 1, 0
    )
  );
  return query
  select i.id, i.issue_number, i.title, i.severity, i.category, i.status, i.file_path, i.line_start,
    i.line_end, i.affected_components, i.conversation_id, i.fix_conversation_id, i.created_at, i.updated_at,
    f.rank,
    ts_headline(
      'pg_catalog.english', t.text, coalesce(v_marked, ''),
      'StartSel=**, StopSel=**, MaxFragments=2, MinWords=8, MaxWords=24, FragmentDelimiter=" … "'
    )
  from private.find_exai_issues(
    case when v_is_found then v_words end, v_number,
    case when not v_is_found or v_words is null and v_number is null then v_pattern end, p_severity, p_status,
    p_category, v_component, v_file, v_limit, v_offset
  ) with ordinality as f (issue_id, rank, position)
  join public.exai_issues as i on i.id = f.issue_id
  cross join lateral (
    select concat_ws(
      ' … ', left(i.description, 4000), left(i.root_cause, 2000), left(i.impact_description, 2000),
      left(i.recommended_fix, 2000), left(i.actual_fix, 2000)
    ) as text
  ) as t
  order by f.position;
end;
$$;
grant execute on function private.search_exai_issues to authenticated, service_role;

create or replace function public.search_exai_issues(
  query text, severity text[] default null, status text[] default null, category text[] default null,
  component text default null, file text default null, max_results integer default 20,
  skip_results integer default 0
) returns table (
  id uuid, issue_number integer, title text, severity text, category text, status text, file_path text,
  line_start integer, line_end integer, affected_components text[], conversation_id text,
  fix_conversation_id text, created_at timestamptz, updated_at timestamptz, rank real, snippet text
)
language sql stable security invoker set search_path = ''
begin atomic
  select f.id, f.issue_number, f.title, f.severity, f.category, f.status, f.file_path, f.line_start,
    f.line_end, f.affected_components, f.conversation_id, f.fix_conversation_id, f.created_at, f.updated_at,
    f.rank, f.snippet
  from private.search_exai_issues(
    search_exai_issues.query, search_exai_issues.severity, search_exai_issues.status,
    search_exai_issues.category, search_exai_issues.component, search_exai_issues.file,
    search_exai_issues.max_results, search_exai_issues.skip_results
  ) as f;
end;
comment on function public.search_exai_issues is
  'Full-text search over title, file, components, description, analysis and updates of engineering issues. '
  'All words must occur, in any order; identifiers and paths match as a whole or by their parts; "a '
  'phrase"; -excluded; this or that; the last word matches as a prefix; #12 lists the issue with that '
  'number first. If no issue contains the words, titles and paths that contain the query as typed. A blank '
  'query lists the newest issues. severity, status and category: any of these values; component: an exact '
  'name; file: a path, the end of one, or a folder. max_results up to 100. Best first, equal ranks newest '
  'first; of more than 2,000 matches, the newest 2,000 are ranked. snippet is text as it was written, with '
  '**marks**. Viewers. Errors: sign_in_required (401), team_role_required (403).';
grant execute on function public.search_exai_issues to authenticated, service_role;
