-- What is typed is a hint: all words first, then some of them by how rare they are.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(25);

\ir ../helpers/personas.psql

insert into public.issues (seq_id, title, description, status, segment, created_at) values
  (301, 'MCP server disconnects after some minutes', 'Connection closed until it is restarted.',
    'in_progress', 'tool', '2026-01-01'),
  (302, 'Server is slow', 'Every request takes minutes.', 'blocked', 'tool', '2026-01-02'),
  (303, 'Quota is used up', 'The server says so after some minutes.', 'in_progress', 'tool', '2026-01-03'),
  (304, 'Order of words', 'The closed connection is not the connection closed.', 'in_progress', 'misc',
    '2026-01-04'),
  (305, 'Closed, then a connection', 'Connection of things, all closed.', 'in_progress', 'misc',
    '2026-01-05');
insert into public.issues (seq_id, title, description, segment, created_at)
select 400 + n, 'Server note ' || n, 'A server and its minutes', 'misc', '2025-01-01'::date + n
from generate_series(1, 60) as n;

create function pg_temp.found(p_query text, p_most integer default 3) returns text language sql as $$
  select string_agg(s.seq_id::text, ',') from public.search_issues(p_query, max_results => p_most) as s
$$;

select is(pg_temp.found('mcp server minutes', 1), '301', 'all words first');
select is(pg_temp.found('mcp server quota', 2), '303,301', 'then those with the rarest words');
select is(pg_temp.found('mcp server nonesuch', 1), '301', 'a word that no issue has does not empty a search');
select is(pg_temp.found('quota nonesuch', 1), '303', 'nor do more of them');
select is(pg_temp.found('have to flip the switch of my mcp off and on', 1), '301', 'a sentence');
select is(pg_temp.found('quota server', 1), '303', 'all words');
select is(pg_temp.found('quota mcp', 2), '303,301', 'either of two rare words');
select is(pg_temp.found('"connection closed" mcp', 2), '301,304', 'quotes decide what is listed');
select is(pg_temp.found('"request takes" mcp'), '302', 'though other words are elsewhere');
select is(pg_temp.found('mcp quota -minutes'), null, 'so does an excluded word');
select is(pg_temp.found(q, 2), '301,304', 'quotes of another keyboard: ' || q)
from unnest(array['“connection closed” mcp', '„connection closed“ mcp', '«connection closed» mcp',
  '＂connection closed＂　mcp']) as q;
select is(pg_temp.found('mcp quota －minutes'), null, 'and its minus');
select is(pg_temp.found('quota mcp -restarted'), '303', 'for some words too');
select is(pg_temp.found('mcp nonesuch or quota other', 2), '303,301', 'either or, with unknown words');
select is(
  (select string_agg(s.seq_id::text, ',') from public.search_issues('mcp quota slow', '{blocked}') as s),
  '302', 'filters decide what is listed'
);
select alike(pg_temp.found('connection closed'), '%,305', 'the words one after the other come first');
select is(pg_temp.found('disconnected nonesuch', 1), '301', 'another form of a word');
select is(pg_temp.found('zebra nonesuch'), null, 'no word at all');

-- Pages

select is(
  (
    select count(distinct s.id)
    from generate_series(0, 60, 10) as p (skipped)
    cross join lateral public.search_issues('mcp server quota', max_results => 10,
      skip_results => p.skipped) as s
  ),
  63::bigint, 'each issue is on one page'
);
select is_empty(
  $$ select from public.search_issues('mcp server quota', skip_results => 63) $$, 'after which there is none'
);
select is(
  (
    with paged as (
      select row_number() over (order by p.skipped, s.number) as number, s.id
      from generate_series(0, 60, 7) as p (skipped)
      cross join lateral (
        select f.id, row_number() over () as number
        from public.search_issues('quota server minutes', max_results => 7, skip_results => p.skipped) as f
      ) as s
    ), whole as (
      select row_number() over () as number, f.id
      from public.search_issues('quota server minutes', max_results => 100) as f
    )
    select count(*) from whole as w join paged as p using (number, id)
  ),
  63::bigint, 'in the order of one long page'
);
select ok(
  (
    select bool_and(v.is_lower)
    from (
      select s.rank <= lag(s.rank, 1, s.rank) over () as is_lower
      from public.search_issues('mcp server minutes', max_results => 50) as s
    ) as v
  ),
  'rank goes down'
);

select * from finish();
rollback;
