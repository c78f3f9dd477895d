-- Finds issues by what people type.

-- ts_headline parses the original text, in which words may be joined, so p_words includes the joined forms.
create or replace function private.issue_snippet(p_issue_id uuid, p_description text, p_words tsquery)
returns text
language plpgsql stable security definer set search_path = '' as $$
declare
  v_text text := left(p_description, 4000);
begin
  if p_words is null then
    return left(p_description, 200);
  end if;
  if private.search_vector(v_text, 16000) @@ p_words is not true then
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
  'The parts of an issue''s description, else of its newest comments, that contain the words, **marked**.';

create or replace function private.marked_query(p_typed text) returns tsquery
language plpgsql immutable security invoker set search_path = '' set client_min_messages = warning as $$
declare
  v_any tsquery;
begin
  select string_agg(quote_literal(u.lexeme), ' | ')::tsquery into v_any
  from unnest(private.search_vector(private.hint_text(p_typed), 4000)) as u
  where length(u.lexeme) > 1;
  return nullif(
    coalesce(private.websearch_query(p_typed, false), '')
      || websearch_to_tsquery('pg_catalog.english', coalesce(p_typed, '')) || coalesce(v_any, ''), ''
  );
end;
$$;
comment on function private.marked_query is
  'What to mark in the texts that are found: the typed words, joined ones as a whole. Null without words.';

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
  v_typed text;
  v_words tsquery;
  v_filter private.issue_filter;
begin
  perform private.require_team_role('viewer');
  v_typed := private.non_blank(left(p_query, 1000));
  v_words := private.marked_query(v_typed);
  v_filter.status := p_status;
  v_filter.segment := p_segment;
  v_filter.assigned_to := private.non_blank(p_assigned_to);
  if p_mine then
    -- A server has no account, so no issue is assigned to it.
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
  ) with ordinality as f (issue_id, rank, number)
  join public.issues as i on i.id = f.issue_id
  order by f.number;
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
  'Finds issues, archived ones too, by the words of title, tags, description and comments, and by the names '
  'and addresses of their people. Issues with all words come first, in any order of the words, then those '
  'with some of them, by how rare these are; the last word is also a prefix. "words together" and -excluded '
  'decide what is listed at all; either or; #12 returns the issue with that number first. Where no issue '
  'contains a word, titles that contain the query as typed. A blank query lists the newest. status, segment: '
  'any of these; tags: all of these; mine: assigned to the caller; created_to is exclusive; max_results is '
  'at most 100. Best first, equals newest first; of more than 2,000 matches, the newest 2,000 are ranked. '
  'snippet is text as people sent it, with **marks**. Viewers. Errors: sign_in_required (401), '
  'team_role_required (403).';
grant execute on function public.search_issues to authenticated, service_role;
