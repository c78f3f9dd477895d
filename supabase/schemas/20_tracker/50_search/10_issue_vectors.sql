-- What full-text search stores of an issue: its words, weighted by where they occur.
--
-- No text may be too long to be written, and a tsvector is limited to 1 MB. The vector of a text takes less
-- than five times the text's bytes, so at most 160,000 bytes of an issue are indexed: the beginnings of
-- title, tags, people and description, and the newest comments.

-- Most texts are plain: two calls less for them.
create or replace function private.search_vector(p_text text, p_max_bytes integer) returns tsvector
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_analyzed record;
begin
  if octet_length(p_text) <= p_max_bytes and strpos(p_text, '://') = 0
    and (
      octet_length(p_text) = length(p_text) or p_text !~
        '[\u00aa\u00ba\u00c0-\u1fff\u2100-\u214f\u3000-\u9fff\uac00-\uffef\U00020000-\U0002ffff]'
    )
    and p_text !~ '[[:alnum:]](?:\+\+|#)|(?:^|[\s("''`\[,;:=])(?:--|\.)[[:alpha:]]'
  then
    return to_tsvector('pg_catalog.english', regexp_replace(p_text, '[/\\.:_@=&?#+~-]+', ' ', 'g'));
  end if;
  v_analyzed := private.analyze_text(p_text, p_max_bytes);
  if v_analyzed.o_terms is null then
    return to_tsvector('pg_catalog.english', private.split_words(v_analyzed.o_text));
  end if;
  return to_tsvector('pg_catalog.english', private.split_words(v_analyzed.o_text)) || v_analyzed.o_terms;
end;
$$;
comment on function private.search_vector is
  'The words of the first p_max_bytes bytes of a text, and the terms in it that are not words.';

create or replace function private.issue_vector(
  p_title tsvector, p_tags text[], p_people text, p_description text
) returns tsvector
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return setweight(p_title, 'A')
    || setweight(private.search_vector(
      concat_ws(' ', private.left_bytes(array_to_string(p_tags, ' '), 10000), p_people), 20000
    ), 'B')
    || setweight(private.search_vector(p_description, 70000), 'C');
end;
$$;
comment on function private.issue_vector is
  'The words of title (already a vector), tags, people and description, weighted A to C; without comments.';

-- An import writes the message and its replies before the issue, so a new issue has its people too. Replies
-- are the newest 100; the names of those before stand in the description.
create or replace function private.issue_people(p_issue_id uuid, p_submitted_by text, p_assigned_to text)
returns text
language plpgsql stable security definer set search_path = '' as $$
declare
  v_people text := concat_ws(' ', nullif(p_submitted_by, 'system'), p_assigned_to);
  v_message record;
begin
  for v_message in
    select c.id, concat_ws(
      ' ', nullif(nullif(c.author_name, p_submitted_by), 'Unknown'), c.author_email, c.space_name
    ) as people
    from public.circle_issues as c
    where c.mapped_to_issue_id = p_issue_id
    order by c.created_at desc, c.id
    limit 100
  loop
    v_people := concat_ws(' ', v_people, v_message.people, (
      select string_agg(distinct nullif(n.author_name, 'Unknown'), ' ')
      from (
        select r.author_name from public.circle_replies as r
        where r.circle_issue_id = v_message.id
        order by r.created_at desc
        limit 100
      ) as n
    ));
  end loop;
  return v_people;
end;
$$;
comment on function private.issue_people is
  'Names and addresses of the people of an issue: submitter, assignee, senders and repliers of its messages; '
  'and their spaces.';

create or replace function private.comments_vector(p_issue_id uuid) returns tsvector
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select private.search_vector(string_agg(v.text, e'\n'), 50000)
    from (
      select b.text, sum(octet_length(b.text)) over (order by c.created_at desc, c.id desc) as running_bytes
      from public.comments as c
      cross join lateral (
        select concat_ws(e'\n', nullif(left(c.author_name, 200), 'system'), left(c.body, 10000)) as text
      ) as b
      where c.issue_id = p_issue_id
    ) as v
    where v.running_bytes <= 50000
  );
end;
$$;
comment on function private.comments_vector is
  'The words of an issue''s newest comments and the names of their authors, weight D; null without comments.';

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
