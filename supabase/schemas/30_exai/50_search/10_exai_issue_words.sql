-- The search vector of an engineering issue: its words, and the parts of its identifiers and paths.
--
-- A write must not fail because a text is long. A tsvector is limited to 1 MB and can be five times as large
-- as its text, so at most 90,000 bytes are indexed, and then the parts of up to 1,000 camel-case names per
-- text.

create or replace function private.exai_vector(p_text text, p_max_bytes integer) returns tsvector
language plpgsql immutable security invoker set search_path = '' set client_min_messages = warning as $$
declare
  v_analyzed constant record := private.analyze_text(p_text, p_max_bytes);
  v_text constant text := v_analyzed.o_text;
  v_vector tsvector;
begin
  if v_text is null then
    return ''::tsvector;
  end if;
  v_vector := to_tsvector('pg_catalog.english', private.split_names(v_text))
    || coalesce(v_analyzed.o_terms, '');
  if v_text !~ '[[:lower:][:digit:]][[:upper:]]|[[:upper:]]{2}[[:lower:]]' then
    return v_vector;
  end if;
  return v_vector || to_tsvector('pg_catalog.english', (
    select string_agg(private.split_camel_case(n.name), ' ')
    from (
      select distinct w.name
      from regexp_split_to_table(v_text, '\W+') as w (name)
      where w.name ~ '[[:lower:][:digit:]][[:upper:]]|[[:upper:]]{2}[[:lower:]]'
      order by w.name
      limit 1000
    ) as n
  ));
end;
$$;
comment on function private.exai_vector is
  'The words of the first p_max_bytes bytes of a text, the parts of the camel-case names in them, and the '
  'terms that are not words.';

create or replace function private.exai_issue_vector(p_issue public.exai_issues) returns tsvector
language plpgsql immutable security definer set search_path = '' as $$
begin
  return setweight(private.exai_vector(p_issue.title, 8000), 'A')
    || setweight(
      private.exai_vector(
        concat_ws(' ', p_issue.file_path, array_to_string(p_issue.affected_components, ' ')), 8000
      ), 'B'
    )
    || setweight(
      private.exai_vector(
        nullif(concat_ws(
          e'\n', nullif(left(p_issue.description, 20000), ''), left(p_issue.root_cause, 20000),
          left(p_issue.impact_description, 20000), left(p_issue.recommended_fix, 20000),
          left(p_issue.actual_fix, 20000)
        ), ''), 44000
      ), 'C'
    );
end;
$$;
comment on function private.exai_issue_vector is 'The words of an issue, without its updates.';

create or replace function private.exai_updates_vector(p_issue_id uuid) returns tsvector
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select setweight(private.exai_vector(string_agg(v.content, e'\n'), 30000), 'D')
    from (
      select left(u.content, 10000) as content
      from public.exai_issue_updates as u
      where u.issue_id = p_issue_id
      order by u.created_at desc, u.id desc
      limit 100
    ) as v
  );
end;
$$;
comment on function private.exai_updates_vector is 'The words of the 100 newest updates of an issue.';
