-- How rare each word is among the issues: what a word that a text and an issue share is worth as evidence.
--
-- A job counts the words of a sample. Until there is one, and while a database has few issues, the newest
-- issues are counted in the query itself, which takes some 20 ms.

create table private.issue_terms (
  term text collate "C" not null,
  share real not null,
  constraint issue_terms_pkey primary key (term)
);
comment on table private.issue_terms is
  'The words of a sample of the issues. A word without a row is rare.';
comment on column private.issue_terms.share is 'The share of the issues that have the word, 0 to 1.';

-- Compounds that contain a word: Kundenrechnungen for rechnungen.
create index issue_terms_term_idx on private.issue_terms using gin (term extensions.gin_trgm_ops);
alter table private.issue_terms enable row level security;

create table private.issue_term_counts (
  id boolean not null default true,
  issue_count bigint not null,
  sample_count bigint not null,
  counted_at timestamptz not null,
  constraint issue_term_counts_pkey primary key (id),
  constraint issue_term_counts_is_one_row check (id)
);
comment on table private.issue_term_counts is
  'When the words of issue_terms were counted, and among how many issues. One row, or none before '
  'the first count.';
alter table private.issue_term_counts enable row level security;

create or replace function private.refresh_issue_terms(p_is_forced boolean default false) returns bigint
language plpgsql volatile security definer set search_path = '' as $$
declare
  c_sample constant integer := 50000;
  v_count bigint;
  v_sample bigint;
  v_from text := 'private.issue_search as s';
begin
  if not pg_try_advisory_xact_lock(hashtextextended('private.issue_terms', 0)) then
    return 0::bigint;
  end if;
  select count(*) into v_count from private.issue_search;
  if not p_is_forced and exists (
    select from private.issue_term_counts as c
    where c.counted_at > now() - interval '1 day'
      and v_count between c.issue_count * 0.8 and c.issue_count * 1.2
  ) then
    return 0::bigint;
  end if;
  if v_count > c_sample * 1.2 then
    v_from := format(
      '%s tablesample system (%s) repeatable (1)', v_from, round(100.0 * c_sample / v_count, 4)
    );
  end if;
  execute 'select count(*) from ' || v_from into v_sample;
  delete from private.issue_terms where true;
  insert into private.issue_terms (term, share)
  select t.word, t.ndoc::real / greatest(v_sample, 1)
  from ts_stat('select s.vector from ' || v_from) as t
  where octet_length(t.word) <= 200;
  insert into private.issue_term_counts as c (issue_count, sample_count, counted_at)
  values (v_count, v_sample, now())
  on conflict on constraint issue_term_counts_pkey do update set
    issue_count = excluded.issue_count, sample_count = excluded.sample_count,
    counted_at = excluded.counted_at;
  return v_sample;
end;
$$;
comment on function private.refresh_issue_terms is
  'Counts the words of up to some 50,000 issues, chosen at random, once a day and whenever the number of '
  'issues has changed by a fifth. Returns how many issues were read. For the scheduler.';

create or replace function private.newest_vectors() returns text
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return 'select s.vector from private.issue_search as s order by s.created_at desc limit 2000';
end;
$$;
comment on function private.newest_vectors is 'A query for the vectors of the newest issues, for ts_stat.';

-- A text of a thousand words has more rare ones than are needed, and many that no issue has.
create or replace function private.load_term_shares(p_words text[], p_others text[])
returns setof private.term_share
language plpgsql stable security definer set search_path = '' as $$
begin
  if not exists (select from private.issue_term_counts as c where c.sample_count >= 1600) then
    return query
    select s.term, s.share, s.prefix_share
    from private.sample_term_shares(
      p_words || p_others, private.newest_vectors(),
      (select count(*) from (select from private.issue_search limit 2000) as n)
    ) as s;
    return;
  end if;
  return query
  with own as (
    select u.term, coalesce(t.share, 0)::real as share
    from unnest(p_words) as u (term)
    left join private.issue_terms as t on t.term = u.term
  ), chosen as (
    (select o.term, o.share from own as o where o.share > 0 order by o.share, o.term limit 40)
    union all
    (select o.term, o.share from own as o where o.share = 0 order by length(o.term) desc, o.term limit 20)
  )
  select c.term, c.share, least(coalesce(p.share, 0), 1)::real
  from chosen as c
  left join lateral (
    select sum(n.share) as share
    from (
      select i.share from private.issue_terms as i
      where i.term >= left(c.term, 5) and i.term < left(c.term, 5) || E'\U0010ffff'
      limit 500
    ) as n
    where length(c.term) > 5
  ) as p on true
  union all
  select t.term::text, t.share, 0::real
  from private.issue_terms as t
  where t.term = any (p_others);
end;
$$;
comment on function private.load_term_shares is
  'How rare words are among all issues, by the last count, or else among the newest 2,000; of p_words at '
  'least the 40 rarest and the 20 longest that no issue has, of p_others those that some issue has.';

create or replace function private.find_compounds(p_words text[]) returns setof text
language plpgsql stable security definer set search_path = '' as $$
declare
  v_patterns constant text[] := array(
    select private.like_pattern(u.word) from unnest(p_words) as u (word)
    where u.word ~ '^[[:alpha:]]{5,}$'
    order by length(u.word) desc, u.word
    limit 3
  );
begin
  if v_patterns = '{}' then
    return;
  end if;
  return query
  (
    select t.term::text from unnest(v_patterns) as p (pattern)
    cross join lateral (
      select i.term, i.share from private.issue_terms as i
      where i.term like p.pattern
      order by i.share desc, i.term
      limit 20
    ) as t
  )
  union
  (
    select s.word from ts_stat(private.newest_vectors()) as s
    where s.word like any (v_patterns)
    order by s.ndoc desc, s.word
    limit 20
  );
end;
$$;
comment on function private.find_compounds is
  'Words that contain one of the three longest words: up to 20 for each of the last count, and up to 20 of '
  'the newest 2,000 issues.';
