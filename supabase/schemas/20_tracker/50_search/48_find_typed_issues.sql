-- Finds the ids of one page of issues by what people type: by number, by all words, by some, else by title.

create or replace function private.typed_phrase(p_typed text) returns tsquery
language plpgsql immutable security invoker set search_path = '' set client_min_messages = warning as $$
declare
  v_phrase tsquery;
begin
  if private.plain_signs(p_typed) ~* '"|(^|\s)(-\S|or\s)' then
    return null;
  end if;
  v_phrase := private.term_query(left(p_typed, 300), false);
  return case when numnode(v_phrase) > 1 then v_phrase end;
end;
$$;
comment on function private.typed_phrase is
  'All typed words, one after the other; null for one word, and where quotes, minus or "or" say more.';

create or replace function private.find_issues_with_words(
  p_typed text, p_filter private.issue_filter, p_limit integer, p_offset integer
) returns table (issue_id uuid, rank real)
language plpgsql stable security definer set search_path = '' as $$
declare
  v_words constant tsquery := private.websearch_query(p_typed, false);
  v_is_one_term constant boolean := private.count_terms(p_typed) = 1;
  v_found bigint := 0::bigint;
  v_full_count bigint := 0::bigint;
begin
  if v_words is null then
    return;
  end if;
  return query
  select f.issue_id, f.rank
  from private.find_issues_by_words(v_words, private.typed_phrase(p_typed), p_filter, p_limit, p_offset) as f;
  get diagnostics v_found = row_count;
  if v_found = p_limit then
    return;
  end if;
  if v_found > 0 then
    v_full_count := p_offset + v_found;
  elsif p_offset > 0 then
    v_full_count := coalesce((
      select f.match_count from private.find_issues(v_words, null, null, p_filter, false, 1, 0) as f
    ), 0);
  end if;
  if v_full_count >= 2000 or v_full_count > 0 and v_is_one_term then
    return;
  end if;
  return query
  select f.issue_id, f.rank
  from private.find_hinted_issues(
    p_typed, v_words, p_filter, (p_limit - v_found)::integer, greatest(p_offset - v_full_count, 0)::integer
  ) as f;
end;
$$;
comment on function private.find_issues_with_words is
  'One page of the issues that have all typed words, then of those that have some; for a single term the '
  'latter only where no issue has it. More than 2,000 with all words are all that is listed.';

-- The issue with the typed number is the first result of the first page, and appears nowhere else.
create or replace function private.find_typed_issues(
  p_typed text, p_filter private.issue_filter, p_limit integer, p_offset integer
) returns table (issue_id uuid, rank real)
language plpgsql stable security definer set search_path = '' as $$
declare
  v_numbered uuid;
begin
  p_filter.ids := private.load_issues_of_rare_tag(p_filter.tags);
  p_filter.seq_id := substring(p_typed from '^#?([0-9]{1,9})$')::integer;
  if p_filter.seq_id is not null then
    select f.issue_id into v_numbered from private.find_issues(null, null, null, p_filter, false, 1, 0) as f;
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
    from private.find_issues(
      null, null, null, p_filter, p_filter.ids is null, p_limit, p_offset
    ) as f;
    return;
  end if;
  return query
  select f.issue_id, f.rank from private.find_issues_with_words(p_typed, p_filter, p_limit, p_offset) as f;
  if found or v_numbered is not null or p_limit = 0 or p_offset > 0 and exists (
    select from private.find_issues_with_words(p_typed, p_filter, 1, 0)
  ) then
    return;
  end if;
  return query
  select f.issue_id, f.rank from private.find_issues_by_title(p_typed, p_filter, p_limit, p_offset) as f;
end;
$$;
comment on function private.find_typed_issues is
  'One page of the issues that contain typed words; if no issue does, or the text has no words, of those '
  'whose title contains the text. Null: the newest.';
