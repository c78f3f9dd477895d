-- The index that visitors are answered from: passages of published articles and answers, and nothing else.
-- No text of an issue, comment or person is in it, nor how often a word occurs in such texts.

-- About 1,200 characters: what is quoted as one. A long article is judged by its best passage, so that it is
-- neither favoured nor put back for its length.
create or replace function private.split_paragraph(p_text text) returns setof text
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_rest text := p_text;
  v_head text;
  v_end integer;
begin
  while length(v_rest) > 1200 loop
    -- the last end of a line or sentence in what fits, else the last space: searched backwards
    v_head := reverse(left(v_rest, 1200));
    v_end := 1201 - coalesce(
      nullif(regexp_instr(v_head, '\n|\s[.!?]|[。！？]'), 0), nullif(regexp_instr(v_head, '\s'), 0), 1
    );
    return next left(v_rest, v_end);
    v_rest := substr(v_rest, v_end + 1);
  end loop;
  return next v_rest;
end;
$$;
comment on function private.split_paragraph is
  'A paragraph in parts of up to 1,200 characters, whole sentences where they fit.';

create or replace function private.split_passages(p_text text) returns text[]
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_part text;
  v_passage text;
  v_passages text[] := array[]::text[];
begin
  for v_part in
    select s.part
    from regexp_split_to_table(left(p_text, 120000), '\n[ \t]*\n\s*') with ordinality as b (block, number)
    cross join lateral private.split_paragraph(b.block) with ordinality as s (part, position)
    order by b.number, s.position
  loop
    if v_passage is not null and length(v_passage) + length(v_part) > 1200 then
      v_passages := v_passages || v_passage;
      v_passage := null;
    end if;
    v_passage := nullif(concat_ws(E'\n\n', v_passage, private.non_blank(v_part)), '');
  end loop;
  v_passages := v_passages || coalesce(v_passage, case when v_passages = '{}' then '' end);
  v_passages := array_remove(v_passages, null);
  return v_passages[:100];
end;
$$;
comment on function private.split_passages is
  'The first 120,000 characters of a text in passages of up to 1,200 characters, whole paragraphs where they '
  'fit; the first 100 of them. One empty passage for a text without any.';

-- Markdown stays as it is: it is readable as text. Nothing that is quoted is ever interpreted.
create or replace function private.plain_text(p_text text) returns text
language plpgsql immutable security invoker set search_path = '' as $$
begin
  if p_text ~* (
    '<(?:!--|/?(?:a|b|i|p|br|ul|ol|li|h[1-6]|div|span|table|t[rdh]|img|code|pre|em|strong|script|style)'
    '[\s/>])'
  )
  then
    return regexp_replace(coalesce(private.parse_html(p_text), ''), '\r\n?', E'\n', 'g');
  end if;
  return regexp_replace(p_text, '\r\n?', E'\n', 'g');
end;
$$;
comment on function private.plain_text is
  'HTML as text, without scripts and styles; any other text as it is, with plain ends of lines.';

create table private.answer_passages (
  source_id uuid not null,
  number integer not null,
  article_id uuid,
  answer_id uuid,
  text text not null,
  vector tsvector not null,
  words_count integer not null,
  indexed_at timestamptz not null default clock_timestamp(),
  constraint answer_passages_pkey primary key (source_id, number),
  constraint answer_passages_article_id_fkey
    foreign key (article_id) references support.articles (id) on delete cascade,
  constraint answer_passages_answer_id_fkey
    foreign key (answer_id) references support.answers (id) on delete cascade,
  constraint answer_passages_source_is_an_article_or_an_answer
    check (num_nonnulls(article_id, answer_id) = 1 and source_id = coalesce(article_id, answer_id))
);
comment on table private.answer_passages is
  'One row per passage of a published article or answer: its text, and its words with those of the title '
  'or question. Maintained by triggers of both tables.';
comment on column private.answer_passages.source_id is 'The article or answer.';
comment on column private.answer_passages.number is 'Its position in the source, from 1.';
comment on column private.answer_passages.vector is
  'The words of the title or question with weight A, of the text C.';
comment on column private.answer_passages.words_count is 'How many different words the vector has.';

-- Every search reads the list of what is not in the index yet: 4 MB, the default, take longer than the rest.
create index answer_passages_vector_idx on private.answer_passages using gin (vector)
  with (gin_pending_list_limit = 256);
create index answer_passages_article_id_idx on private.answer_passages (article_id);
create index answer_passages_answer_id_idx on private.answer_passages (answer_id);
create index answer_passages_indexed_at_idx on private.answer_passages (indexed_at);
alter table private.answer_passages enable row level security;

create or replace function private.index_passages(
  p_article_id uuid, p_answer_id uuid, p_title text, p_text text, p_is_published boolean
) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_source_id constant uuid := coalesce(p_article_id, p_answer_id);
  v_title constant tsvector := setweight(private.search_vector(p_title, 4000), 'A');
begin
  delete from private.answer_passages as p where p.source_id = v_source_id;
  if not p_is_published then
    return;
  end if;
  insert into private.answer_passages (
    source_id, number, article_id, answer_id, text, vector, words_count
  )
  select v_source_id, u.number::integer, p_article_id, p_answer_id, u.text, v.vector, length(v.vector)
  from unnest(private.split_passages(private.plain_text(p_text))) with ordinality as u (text, number)
  cross join lateral (
    select v_title || setweight(private.search_vector(u.text, 12000), 'C') as vector
  ) as v;
end;
$$;
comment on function private.index_passages is
  'Replaces the passages of an article or answer, whose row the caller has locked; none where it '
  'is not published.';

create or replace function private.index_article() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.index_passages(new.id, null, new.title, new.body, new.is_published);
  return null;
end;
$$;
comment on function private.index_article is 'After trigger of articles: what is searched of them.';

create or replace function private.index_answer() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.index_passages(null, new.id, new.question, new.answer, new.is_published);
  return null;
end;
$$;
comment on function private.index_answer is 'After trigger of answers: what is searched of them.';

create trigger _300_index_new_article after insert on support.articles
  for each row when (new.is_published) execute function private.index_article();
create trigger _310_index_article after update on support.articles
  for each row when (
    (old.title, old.body, old.is_published) is distinct from (new.title, new.body, new.is_published)
  )
  execute function private.index_article();
create trigger _300_index_new_answer after insert on support.answers
  for each row when (new.is_published) execute function private.index_answer();
create trigger _310_index_answer after update on support.answers
  for each row when (
    (old.question, old.answer, old.is_published)
      is distinct from (new.question, new.answer, new.is_published)
  )
  execute function private.index_answer();
