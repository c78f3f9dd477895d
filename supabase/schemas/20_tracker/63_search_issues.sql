-- Finds issues by what people type.

create or replace function private.search_query(p_query text) returns tsquery
language plpgsql immutable security invoker set search_path = '' set client_min_messages = warning as $$
declare
  v_term record;
  v_words tsquery;
  v_all tsquery := '';
  v_any tsquery := '';
begin
  for v_term in
    select t.match[1] is not null as is_excluded, t.match[2] is not null as is_quoted,
      private.unjoined_words(coalesce(t.match[2], t.match[3])) as words,
      t.place = count(*) over () as is_last
    from regexp_matches(left(p_query, 1000), '(-(?=[\w"]))?(?:"([^"]*)"?|([^\s"]+))', 'g')
      with ordinality as t (match, place)
    order by t.place
  loop
    if lower(v_term.words) = 'or' and not v_term.is_quoted and not v_term.is_excluded then
      v_any := v_any || v_all;
      v_all := '';
      continue;
    end if;
    v_words := phraseto_tsquery('pg_catalog.english', v_term.words);
    if v_term.is_excluded then
      v_words := !! v_words;
    elsif v_term.is_last and not v_term.is_quoted and numnode(v_words) > 0
      and v_term.words ~ '^[[:alnum:]]{3,}$'
    then
      -- Stemmed as it stands, and unfinished as it may be.
      v_words := v_words || to_tsquery('pg_catalog.simple', quote_literal(v_term.words) || ':*');
    end if;
    v_all := v_all && v_words;
  end loop;
  v_any := v_any || v_all;
  return case when numnode(v_any) > 0 then v_any end;
end;
$$;
comment on function private.search_query(text) is
  'What people type, as a query: all words, in any order; "words together"; -without; this or that; the '
  'last word as far as it is written. Null for nothing but stop words and punctuation.';

-- One statement for every way to search, planned anew for each call: what is not asked for is not in the plan,
-- and the planner weighs how common the words are. For rare ones it reads the index of words, for common ones
-- the newest issues until 2,000 have them: those are ranked, since ranking each of a hundred thousand takes
-- seconds.
create or replace function private.find_issues(
  p_words tsquery, p_number integer, p_title text, p_status text[], p_segment text[], p_assigned_to text,
  p_assignee_id uuid, p_tags text[], p_created_from timestamptz, p_created_to timestamptz,
  p_include_tests boolean, p_limit integer, p_offset integer
) returns table (issue_id uuid, rank real)
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
begin
  return query
  with matching as (
    select i.id, i.created_at, case
      when i.seq_id = p_number then 100
      when p_words is null then 0
      -- 1: divided by 1 + the logarithm of the length
      else ts_rank('{0.1, 0.2, 0.4, 1}', s.vector, p_words, 1)
    end::real as rank
    from public.issues as i
    left join private.issue_search as s on s.issue_id = i.id
    where (p_words is null or p_number is not null or s.vector @@ p_words)
      and (p_number is null or i.id in (
        select n.id from public.issues as n where n.seq_id = p_number
        union select w.issue_id from private.issue_search as w where w.vector @@ p_words
      ))
      and (p_words is not null or p_title is null or i.title ilike p_title)
      and (p_status is null or i.status = any (p_status))
      and (p_segment is null or i.segment = any (p_segment))
      and (p_assigned_to is null or i.assigned_to = p_assigned_to)
      and (p_assignee_id is null or i.assigned_to_user_id = p_assignee_id)
      and (p_tags is null or i.tags @> p_tags and i.id in (
        select t.issue_id from public.issue_tags as t where t.tag_name = p_tags[1]
      ))
      and (p_created_from is null or i.created_at >= p_created_from)
      and (p_created_to is null or i.created_at < p_created_to)
      and (p_include_tests or not i.is_test)
    order by i.created_at desc
    limit greatest(p_limit + p_offset, case when p_words is not null then 2000 end)
  )
  select m.id, m.rank
  from matching as m
  order by m.rank desc, m.created_at desc, m.id
  limit p_limit offset p_offset;
  if found or p_words is null or p_title is null then
    return;
  end if;
  if p_offset = 0 or not exists (
    select from private.find_issues(
      p_words, p_number, null, p_status, p_segment, p_assigned_to, p_assignee_id, p_tags, p_created_from,
      p_created_to, p_include_tests, 1, 0
    )
  ) then
    return query select f.issue_id, f.rank from private.find_issues(
      null, null, p_title, p_status, p_segment, p_assigned_to, p_assignee_id, p_tags, p_created_from,
      p_created_to, p_include_tests, p_limit, p_offset
    ) as f;
  end if;
end;
$$;
comment on function private.find_issues(
  tsquery, integer, text, text[], text[], text, uuid, text[], timestamptz, timestamptz, boolean, integer,
  integer
) is
  'A page of the issues that match all of what is given, best first; a null filters nothing. The number is '
  'an alternative to the words, and where nothing has the words, the title''s pattern counts instead.';

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
comment on function private.issue_snippet(uuid, text, tsquery) is
  'Where an issue''s description, or else its newest comments, have the words, marked **so**.';

create or replace function private.search_issues(
  p_query text, p_status text[], p_segment text[], p_assigned_to text, p_mine boolean, p_tags text[],
  p_created_from timestamptz, p_created_to timestamptz, p_include_tests boolean, p_limit integer,
  p_offset integer
) returns table (
  id uuid, seq_id integer, title text, status text, segment text, submitted_by text, assigned_to text,
  tags text[], created_at timestamptz, updated_at timestamptz, rank real, snippet text
)
language plpgsql stable security definer set search_path = '' as $$
declare
  v_query constant text := private.presence(left(p_query, 1000));
  v_words constant tsquery := private.search_query(v_query);
begin
  perform private.require_team_role('viewer');
  return query
  select i.id, i.seq_id, i.title, i.status, i.segment, i.submitted_by, i.assigned_to, i.tags, i.created_at,
    i.updated_at, f.rank,
    private.issue_snippet(i.id, i.description, v_words || websearch_to_tsquery('pg_catalog.english', v_query))
  from private.find_issues(
    v_words, substring(v_query from '^#?(\d{1,9})$')::integer,
    '%' || regexp_replace(left(v_query, 200), '([\\%_])', '\\\1', 'g') || '%', p_status, p_segment,
    private.presence(p_assigned_to),
    -- A server without an account has none of its own.
    case when p_mine then coalesce(auth.uid(), '00000000-0000-0000-0000-000000000000') end,
    nullif(private.sorted_tags(p_tags), '{}'), p_created_from, p_created_to, coalesce(p_include_tests, false),
    least(greatest(coalesce(p_limit, 20), 0), 100), least(greatest(coalesce(p_offset, 0), 0), 100000)
  ) with ordinality as f (issue_id, rank, place)
  join public.issues as i on i.id = f.issue_id
  order by f.place;
end;
$$;
comment on function private.search_issues(
  text, text[], text[], text, boolean, text[], timestamptz, timestamptz, boolean, integer, integer
) is 'Body of public.search_issues.';
grant execute on function private.search_issues(
  text, text[], text[], text, boolean, text[], timestamptz, timestamptz, boolean, integer, integer
) to authenticated, service_role;

create or replace function public.search_issues(
  p_query text, p_status text[] default null, p_segment text[] default null,
  p_assigned_to text default null, p_mine boolean default false, p_tags text[] default null,
  p_created_from timestamptz default null, p_created_to timestamptz default null,
  p_include_tests boolean default false, p_limit integer default 20, p_offset integer default 0
) returns table (
  id uuid, seq_id integer, title text, status text, segment text, submitted_by text, assigned_to text,
  tags text[], created_at timestamptz, updated_at timestamptz, rank real, snippet text
)
language sql stable security invoker set search_path = ''
begin atomic
  select f.id, f.seq_id, f.title, f.status, f.segment, f.submitted_by, f.assigned_to, f.tags, f.created_at,
    f.updated_at, f.rank, f.snippet
  from private.search_issues(
    p_query, p_status, p_segment, p_assigned_to, p_mine, p_tags, p_created_from, p_created_to,
    p_include_tests, p_limit, p_offset
  ) as f;
end;
comment on function public.search_issues(
  text, text[], text[], text, boolean, text[], timestamptz, timestamptz, boolean, integer, integer
) is
  'Finds issues by the words of title, tags, description and comments, archived ones too: all words, in any '
  'order; "words together"; -without; this or that; the last word as far as it is typed; #12 brings the '
  'issue of that number first. Where nothing has the words, titles that contain the query as typed. A blank '
  'query lists the newest. Status, segment: any of these; tags: all of these; created_to is exclusive; '
  'p_limit up to 100. Best first, equals newest first; of more than 2,000 that match, the newest 2,000 are '
  'ranked. snippet is text as people sent it, with **marks**. Viewers. Errors: not_signed_in (401), '
  'team_role_required (403).';
grant execute on function public.search_issues(
  text, text[], text[], text, boolean, text[], timestamptz, timestamptz, boolean, integer, integer
) to authenticated, service_role;
