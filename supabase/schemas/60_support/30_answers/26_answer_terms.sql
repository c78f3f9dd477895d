-- How rare each word is: what a word that a question and a passage share is worth as evidence.
--
-- Counted among the passages alone, so that a rarity tells nothing about any text that is not published, and
-- smoothed by how common words are in texts of support communities (24_common_words.sql): a handful of
-- articles can't tell a common word from a rare one.

create table private.answer_terms (
  term text collate "C" not null,
  passages_count integer not null,
  constraint answer_terms_pkey primary key (term)
);
comment on table private.answer_terms is 'In how many passages each word is, when they were last counted.';
alter table private.answer_terms enable row level security;

create table private.answer_term_counts (
  id boolean not null default true,
  passages_count bigint not null,
  words_mean real not null,
  counted_at timestamptz not null,
  constraint answer_term_counts_pkey primary key (id),
  constraint answer_term_counts_is_one_row check (id)
);
comment on table private.answer_term_counts is
  'When the words of answer_terms were counted, among how many passages, and how many different words these '
  'have on average. One row, or none before the first count.';
alter table private.answer_term_counts enable row level security;

-- Few passages are counted again after each change, which takes less than a second; many once an hour, since
-- a change is a small part of them.
create or replace function private.are_answer_terms_due(p_passages_count bigint) returns boolean
language plpgsql stable security definer set search_path = '' as $$
begin
  return not exists (
    select from private.answer_term_counts as c
    where c.passages_count = p_passages_count and not exists (
      select from private.answer_passages as p where p.indexed_at > c.counted_at
    )
    or p_passages_count > 20000 and c.counted_at > now() - interval '1 hour'
      and p_passages_count between c.passages_count * 0.8 and c.passages_count * 1.2
  );
end;
$$;
comment on function private.are_answer_terms_due is
  'Whether the words of so many passages are to be counted again: after any change, for more than 20,000 '
  'after an hour or when their number has changed by a fifth.';

create or replace function private.refresh_answer_terms() returns bigint
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_count bigint;
  v_started constant timestamptz := clock_timestamp();
begin
  if not pg_try_advisory_xact_lock(hashtextextended('private.answer_terms', 0)) then
    return 0::bigint;
  end if;
  select count(*) into v_count from private.answer_passages;
  if not private.are_answer_terms_due(v_count) then
    return 0::bigint;
  end if;
  delete from private.answer_terms where true;
  insert into private.answer_terms (term, passages_count)
  select t.word, t.ndoc from ts_stat('select p.vector from private.answer_passages as p') as t
  where octet_length(t.word) <= 200;
  insert into private.answer_term_counts as c (passages_count, words_mean, counted_at)
  select v_count, coalesce(avg(p.words_count), 1)::real, v_started from private.answer_passages as p
  on conflict on constraint answer_term_counts_pkey do update set
    passages_count = excluded.passages_count, words_mean = excluded.words_mean,
    counted_at = excluded.counted_at;
  return v_count;
end;
$$;
comment on function private.refresh_answer_terms is
  'Counts the words of all passages, if that is due, and returns how many passages were read. '
  'For the scheduler.';

create type private.answer_corpus as (passages_count real, words_mean real, is_counted boolean);
comment on type private.answer_corpus is
  'How many passages there are, how many different words they have on average, and whether answer_terms is '
  'right for them.';

-- Until they are counted, up to 2,000 passages are counted for each question, which takes some 20 ms.
create or replace function private.load_answer_corpus() returns private.answer_corpus
language plpgsql stable security definer set search_path = '' as $$
declare
  v_counts private.answer_term_counts;
  v_corpus private.answer_corpus;
begin
  select * into v_counts from private.answer_term_counts;
  select count(*)::real, coalesce(avg(n.words_count), 1)::real
  into v_corpus.passages_count, v_corpus.words_mean
  from (
    select p.words_count from private.answer_passages as p order by p.indexed_at desc limit 2001
  ) as n;
  v_corpus.is_counted := coalesce(v_counts.passages_count, 0) > 2000 and v_corpus.passages_count > 2000
    or v_corpus.passages_count <= 2000 and not private.are_answer_terms_due(v_corpus.passages_count::bigint);
  if v_corpus.is_counted then
    v_corpus.passages_count := v_counts.passages_count::real;
    v_corpus.words_mean := v_counts.words_mean;
  end if;
  return v_corpus;
end;
$$;
comment on function private.load_answer_corpus is
  'The passages that a question is compared with. Of more than 2,000 that were never counted, '
  'the newest 2,001.';

create type private.term_count as (term text, passages_count real);

create or replace function private.load_term_counts(
  p_corpus private.answer_corpus, p_terms text[], p_beginnings text[]
) returns setof private.term_count
language plpgsql stable security definer set search_path = '' as $$
begin
  if not p_corpus.is_counted then
    return query
    select t.word, t.ndoc::real
    from ts_stat(
      'select p.vector from private.answer_passages as p order by p.indexed_at desc limit 2001'
    ) as t
    where t.word = any (p_terms) or left(t.word, 5) = any (p_beginnings);
    return;
  end if;
  return query
  select t.term::text, t.passages_count::real from private.answer_terms as t where t.term = any (p_terms)
  union
  select n.term::text, n.passages_count::real
  from unnest(p_beginnings) as b (beginning)
  cross join lateral (
    select t.term, t.passages_count from private.answer_terms as t
    where t.term >= b.beginning and t.term < b.beginning || E'\U0010ffff'
    limit 200
  ) as n;
end;
$$;
comment on function private.load_term_counts is
  'In how many passages these words are, and those with one of these five first letters, up to 200 for each. '
  'Words that no passage has are left out.';
