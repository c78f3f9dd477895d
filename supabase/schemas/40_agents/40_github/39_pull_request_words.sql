-- The engineering issues that the words of a pull request name: EXAI-12 in its title, body or branch.
--
-- As GitHub has it for its own issues: a closing word directly before a name closes that one, so that
-- "fixes EXAI-1, EXAI-2" closes the first alone; only where the pull request is into the default branch; and
-- nothing counts in code, quotes and HTML comments. Unlike GitHub's, the words of the title close too, and a
-- closing word may stand before a link, "Fixes [EXAI-1](https://…)". A branch only mentions, and so does the
-- title of what is reverted.

-- Newlines with what begins their line, the ends of comments, backticks, and names with their closing word.
-- Each costs one step, however they follow each other. The collation makes any letter that is not of ASCII
-- the end of a word, which is right for scripts without spaces.
create or replace function private.split_pull_request_words(p_text text) returns text[]
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_text text := regexp_replace(left(p_text, 65536), '\r\n?', E'\n', 'g');
begin
  v_text := E'\n' || regexp_replace(v_text, '[ \t]+(?=\n|$)', '', 'g');
  return array(
    select m.parts[1]
    from regexp_matches(
      v_text collate "C",
      '(\n+[ \t]*(?:>[^\n]?|`{3,}[^`\n]*(?=\n|$)|~{3,}[^\n]*)?|<!--|-->|`+'
        || '|(?:\m(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?)\M:?\s+\[?)?\mexai-[1-9][0-9]{0,9}\M)',
      'gi'
    ) as m (parts)
  );
end;
$$;
comment on function private.split_pull_request_words is
  'What matters in the first 64 kB of a pull request''s title or body: names of engineering issues with '
  'their closing word, and what begins and ends lines, code, quotes and comments.';

-- Code ends within its paragraph: at a blank line, a quote or a fence, backticks are only backticks.
create or replace function private.find_code_ends(p_tokens text[]) returns integer[]
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_ends integer[] := array_fill(null::integer, array[cardinality(p_tokens)]);
  v_next integer[] := array[]::integer[];
  v_length integer;
begin
  for i in reverse cardinality(p_tokens)..1 loop
    if left(p_tokens[i], 1) = '`' then
      v_length := length(p_tokens[i]);
      v_ends[i] := v_next[v_length];
      v_next[v_length] := i;
    elsif p_tokens[i] ~ '^\n(\n|[ \t]*[>`~])' then
      v_next := array[]::integer[];
    end if;
  end loop;
  return v_ends;
end;
$$;
comment on function private.find_code_ends is
  'For each run of backticks the position of the run that ends its code; null where it is not code.';

-- Whether a line is code or quoted depends on the lines before it.
create or replace function private.next_line_kind(p_kind text, p_token text) returns text
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_is_after_blank constant boolean := p_token like E'\n\n%';
  v_mark constant text := ltrim(p_token, E'\n \t');
  v_is_indented constant boolean := p_token ~ '\n(    | {0,3}\t)[ \t]*';
begin
  if left(p_kind, 3) in ('```', '~~~') then
    return case when v_mark ~ '^(`+|~+)$' and v_mark like p_kind || '%' then 'text' else p_kind end;
  end if;
  if left(v_mark, 3) in ('```', '~~~') then
    return substring(v_mark from '^(?:`+|~+)');
  elsif left(v_mark, 1) = '>' then
    return case when v_mark = '>' then 'empty quote' else 'quote' end;
  elsif v_is_indented and (v_is_after_blank or p_kind = 'code') then
    return 'code';
  end if;
  -- A line directly below a quoted one belongs to the quote.
  return case when p_kind = 'quote' and not v_is_after_blank then 'quote' else 'text' end;
end;
$$;
comment on function private.next_line_kind is
  'What the next line is: text, code, quote, or the fence that began its block of code.';

-- Who reverts a pull request quotes its title, which closes nothing again: Revert "Fix EXAI-1: it", as GitHub
-- and git have it, or revert: fix EXAI-1. A revert of a revert does.
create or replace function private.unword_reverts(p_text text) returns text
language plpgsql immutable security invoker set search_path = '' as $$
begin
  if p_text !~* '(^|\n)[ \t]*([-*+][ \t]+)?revert' then
    return p_text;
  end if;
  return (
    select string_agg(
      case when u.line ~* ('^[ \t]*([-*+][ \t]+)?(revert\s*["“]\s*revert\s*["“]\s*)*'
        || '(revert\s*["“](?!\s*revert\s*["“])|revert(\([^)]*\))?!?:)')
      then regexp_replace(
        u.line, '\m(close[sd]?|fix(e[sd])?|resolve[sd]?)\M(?=:?\s+\[?exai-)', 'about', 'gi'
      ) else u.line end, E'\n' order by u.position
    )
    from string_to_table(left(p_text, 65536), E'\n') with ordinality as u (line, position)
  );
end;
$$;
comment on function private.unword_reverts is
  'A title or body without the closing words of the titles that it quotes as reverted.';

create or replace function private.list_issue_names(p_text text) returns text[]
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_tokens constant text[] := case
    when p_text ~* 'exai-[1-9]' then private.split_pull_request_words(private.unword_reverts(p_text))
    else '{}' end;
  v_ends constant integer[] := private.find_code_ends(v_tokens);
  v_names text[] := array[]::text[];
  v_kind text := 'code';
  v_is_comment boolean := false;
  v_token text;
  i integer := 1;
begin
  while i <= cardinality(v_tokens) loop
    v_token := v_tokens[i];
    if v_is_comment then
      v_is_comment := v_token not like '%-->%';
    elsif left(v_token, 1) = E'\n' then
      v_kind := private.next_line_kind(v_kind, v_token);
    elsif v_kind <> 'text' then
      null;
    elsif v_token = '<!--' then
      v_is_comment := true;
    elsif left(v_token, 1) = '`' then
      i := coalesce(v_ends[i], i);
    elsif v_token <> '-->' then
      v_names := v_names || v_token;
    end if;
    i := i + 1;
  end loop;
  return v_names;
end;
$$;
comment on function private.list_issue_names is
  'The names of engineering issues in a text in Markdown, with their closing words, in order.';

create type private.named_issues as (closes_issues integer[], mentions_issues integer[]);
comment on type private.named_issues is
  'The numbers of the engineering issues that a pull request closes and that it only mentions, sorted.';

-- The name of a branch is searched for names alone.
create or replace function private.parse_named_issues(p_pull_request jsonb)
returns private.named_issues
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_default_branch constant text := p_pull_request #>> '{base,repo,default_branch}';
  v_is_into_default constant boolean :=
    v_default_branch is null or p_pull_request #>> '{base,ref}' is not distinct from v_default_branch;
  v_names constant text[] := private.list_issue_names(left(p_pull_request ->> 'title', 1024))
    || private.list_issue_names(p_pull_request ->> 'body')
    || array(
      select m.parts[1]
      from regexp_matches(
        left(p_pull_request #>> '{head,ref}', 255) collate "C", '\mexai-[1-9][0-9]{0,9}\M', 'gi'
      ) as m (parts)
    );
  v_words private.named_issues;
begin
  select
    coalesce(array_agg(n.number order by n.number) filter (where n.is_closing), '{}'),
    coalesce(array_agg(n.number order by n.number) filter (where not n.is_closing), '{}')
  into v_words.closes_issues, v_words.mentions_issues
  from (
    select f.number::integer as number, bool_or(f.is_closing and v_is_into_default) as is_closing
    from (
      select substring(u.name from '[0-9]+$')::bigint as number, u.name !~* '^exai-' as is_closing, u.position
      from unnest(v_names) with ordinality as u (name, position)
    ) as f
    where f.number <= 2147483647
    group by f.number
    order by min(f.position)
    limit 50
  ) as n;
  return v_words;
end;
$$;
comment on function private.parse_named_issues is
  'The engineering issues that a pull_request object of GitHub''s webhooks and REST API names: up to 50, in '
  'the first 64 kB of its body.';
