-- Full-text search over engineering issues: words, identifiers, paths.

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
  v_query text;
  v_marked tsquery;
  v_filter private.exai_issue_filter;
begin
  perform private.require_team_role('viewer');
  v_query := private.non_blank(left(p_query, 1000));
  v_marked := private.websearch_query(v_query, true) || websearch_to_tsquery('pg_catalog.english', v_query);
  v_filter.severity := p_severity;
  v_filter.status := p_status;
  v_filter.category := p_category;
  v_filter.component := private.non_blank(p_component);
  v_filter.file := private.non_blank(p_file);
  return query
  select i.id, i.issue_number, i.title, i.severity, i.category, i.status, i.file_path, i.line_start,
    i.line_end, i.affected_components, i.conversation_id, i.fix_conversation_id, i.created_at, i.updated_at,
    f.rank,
    ts_headline(
      'pg_catalog.english', t.text, coalesce(v_marked, ''),
      'StartSel=**, StopSel=**, MaxFragments=2, MinWords=8, MaxWords=24, FragmentDelimiter=" … "'
    )
  from private.find_typed_exai_issues(
    v_query, v_filter, least(greatest(coalesce(p_max_results, 20), 0), 100),
    least(greatest(coalesce(p_skip_results, 0), 0), 100000)
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
  'Issues with all words come first, in any order of the words, then those with some of them, by how rare '
  'these are; identifiers and paths match as a whole or by their parts; "a phrase" and -excluded decide '
  'what is listed at all; this or that; the last word matches as a prefix; #12 or EXAI-12 lists the issue '
  'with that number first. If no issue contains a word, titles and paths that contain the query as typed. A '
  'blank query lists the newest issues. severity, status and category: any of these values; component: an '
  'exact name; file: a path, the end of one, or a folder. max_results up to 100. Best first, equal ranks '
  'newest first; of more than 2,000 matches, the newest 2,000 are ranked. snippet is text as it was written, '
  'with **marks**. Viewers. Errors: sign_in_required (401), team_role_required (403).';
grant execute on function public.search_exai_issues to authenticated, service_role;
