-- What full-text search stores of an issue: its words, weighted by where they occur.
--
-- No text may be too long to be written, and a tsvector is limited to 1 MB. The vector of a text takes less
-- than four times the text's bytes, so at most 150,000 bytes of an issue are indexed: the beginnings of
-- title, tags and description, and the newest comments.

create or replace function private.search_vector(p_text text, p_max_bytes integer) returns tsvector
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return to_tsvector('pg_catalog.english', private.split_words(private.left_bytes(p_text, p_max_bytes)));
end;
$$;
comment on function private.search_vector is 'The words of the first p_max_bytes bytes of a text.';

create or replace function private.issue_vector(p_title tsvector, p_tags text[], p_description text)
returns tsvector
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return setweight(p_title, 'A')
    || setweight(private.search_vector(array_to_string(p_tags, ' '), 10000), 'B')
    || setweight(private.search_vector(p_description, 70000), 'C');
end;
$$;
comment on function private.issue_vector is
  'The words of title (already a vector), tags and description, weighted A to C; without comments.';

create or replace function private.comments_vector(p_issue_id uuid) returns tsvector
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select private.search_vector(string_agg(v.body, e'\n'), 50000)
    from (
      select b.body, sum(octet_length(b.body)) over (order by c.created_at desc, c.id desc) as running_bytes
      from public.comments as c
      cross join lateral (select left(c.body, 10000) as body) as b
      where c.issue_id = p_issue_id
    ) as v
    where v.running_bytes <= 50000
  );
end;
$$;
comment on function private.comments_vector is
  'The words of an issue''s newest comments, weight D; null without comments.';

create or replace function private.question_key(p_title tsvector) returns text
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_key constant text := nullif(array_to_string(tsvector_to_array(p_title), ' '), '');
begin
  -- An index entry is limited to 2.7 kB.
  return case when octet_length(v_key) > 500 then md5(v_key) else v_key end;
end;
$$;
comment on function private.question_key is
  'A key that is equal for titles with the same words: the words sorted, or their md5 when long; '
  'null without words.';
