-- What search finds stays true to issues and comments, and no text is too long to be written.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(26);

\ir ../helpers/personas.psql

insert into public.issues (id, title, description, tags) values
  ('10000000-0000-4000-8000-000000000001', 'First title', 'First description', '{first-tag}'),
  ('10000000-0000-4000-8000-000000000002', 'Another', '', '{}');

create function pg_temp.has(p_query text, p_issue integer default 1) returns boolean language sql as $$
  select s.vector @@ websearch_to_tsquery('english', p_query) from private.issue_search as s
  where s.issue_id = ('10000000-0000-4000-8000-00000000000' || p_issue)::uuid
$$;
-- The row, made anew, says the same; where words stand counts for nothing here.
create function pg_temp.is_true() returns boolean language sql as $$
  select bool_and(
    tsvector_to_array(s.vector) = tsvector_to_array(
      private.issue_vector(private.search_vector(i.title, 20000), i.tags, i.description)
        || coalesce(private.comments_vector(i.id), '')
    )
    and s.question_key is not distinct from private.question_key(private.search_vector(i.title, 20000))
    and s.vector_bytes >= pg_column_size(s.vector || '')
  )
  from public.issues as i
  left join private.issue_search as s on s.issue_id = i.id
$$;

select ok(pg_temp.has('first title description tag'), 'a new issue is found by title, description and tags');
select results_eq(
  $$ select u.lexeme, u.weights from private.issue_search as s cross join lateral unnest(s.vector) as u
     where s.issue_id = '10000000-0000-4000-8000-000000000001' order by 1 $$,
  $$ values ('descript', '{C}'::text[]), ('first', '{A,B,C}'), ('tag', '{B}'), ('titl', '{A}') $$,
  'which count for more in this order'
);

update public.issues set title = 'Second title' where id = '10000000-0000-4000-8000-000000000001';
select ok(pg_temp.has('second') and pg_temp.is_true(), 'a new title');
update public.issues set description = 'Second words' where id = '10000000-0000-4000-8000-000000000001';
select ok(pg_temp.has('words -description') and pg_temp.is_true(), 'a new description');
insert into public.issue_tags values ('10000000-0000-4000-8000-000000000001', 'added');
select ok(pg_temp.has('added') and pg_temp.is_true(), 'a tag that was added as a row');
delete from public.tags where name = 'first-tag';
select ok(pg_temp.has('-first') and pg_temp.is_true(), 'a tag that was deleted');

create temp table stored on commit drop as select issue_id, xmin::text as version
  from private.issue_search;
update public.issues set status = 'resolved' where true;
select results_eq(
  'select issue_id, xmin::text from private.issue_search order by 1', 'select * from stored order by 1',
  'a new status leaves it alone'
);

insert into public.comments (id, issue_id, body) values
  ('20000000-0000-4000-8000-000000000001', '10000000-0000-4000-8000-000000000001', 'Try the keychain'),
  ('20000000-0000-4000-8000-000000000002', '10000000-0000-4000-8000-000000000001', 'Keychain cleared'),
  ('20000000-0000-4000-8000-000000000003', '10000000-0000-4000-8000-000000000002', 'Elsewhere');
select ok(
  pg_temp.has('second keychain cleared') and pg_temp.has('elsewhere', 2) and pg_temp.is_true(),
  'comments, several in a statement'
);
insert into public.comments (id, issue_id, body) values
  ('20000000-0000-4000-8000-000000000001', '10000000-0000-4000-8000-000000000001', 'Try the drawer'),
  ('20000000-0000-4000-8000-000000000004', '10000000-0000-4000-8000-000000000001', 'Cupboard')
on conflict (id) do update set body = excluded.body;
select ok(
  pg_temp.has('drawer cupboard keychain -try') is false and pg_temp.has('drawer cupboard keychain')
    and pg_temp.is_true(),
  'an upsert that adds one and changes one'
);
update public.comments set body = 'Nothing' where id = '20000000-0000-4000-8000-000000000001';
select ok(pg_temp.has('-drawer nothing') and pg_temp.is_true(), 'a comment that was edited');
delete from public.comments where id in (
  '20000000-0000-4000-8000-000000000002', '20000000-0000-4000-8000-000000000003'
);
select ok(
  pg_temp.has('-keychain cupboard') and pg_temp.has('-elsewhere', 2) and pg_temp.is_true(),
  'comments that were deleted'
);
update public.issues set title = 'Third title' where id = '10000000-0000-4000-8000-000000000001';
select ok(pg_temp.has('third cupboard') and pg_temp.is_true(), 'a new title keeps the comments');
truncate public.comments;
select ok(pg_temp.has('third -cupboard') and pg_temp.is_true(), 'a truncate of comments');

delete from public.issues where id = '10000000-0000-4000-8000-000000000002';
select is((select count(*) from private.issue_search), 1::bigint, 'an issue that was deleted');

-- Texts of any length

create function pg_temp.words(p_count integer, p_from integer default 1) returns text language sql as $$
  select string_agg('word' || n, ' ') from generate_series(p_from, p_from + p_count - 1) as n
$$;
select lives_ok(
  $$ update public.issues set title = left(pg_temp.words(2000), 10000),
       description = left(pg_temp.words(120000), 1048576), tags = array(
         select repeat('tag ', 3) || n from generate_series(1, 1000) as n
       )
     where id = '10000000-0000-4000-8000-000000000001' $$,
  'a title of 10,000 characters, a description of a megabyte, a thousand tags'
);
select ok(pg_temp.has('word1 word900 word6000 tag -word9000 -word20000'), 'their beginnings are found');
select lives_ok(
  $$ update public.issues set title = repeat('é', 1000000), description = repeat('🔥字', 500000)
     where id = '10000000-0000-4000-8000-000000000001' $$,
  'a word of a million letters, a million characters of four bytes'
);
select lives_ok(
  $$ insert into public.issues (id, title, description) select '10000000-0000-4000-8000-000000000003',
       'Dense', string_agg(chr(n) || chr(m), ' ')
     from generate_series(19968, 20567) as n, generate_series(19968, 20467) as m $$,
  'three hundred thousand different words'
);
select lives_ok(
  $$ insert into public.comments (issue_id, body) select '10000000-0000-4000-8000-000000000003',
       string_agg(chr(n) || chr(m), ' ')
     from generate_series(20568, 21567) as n, generate_series(19968, 20467) as m group by n % 10 $$,
  'and as many comments'
);
select lives_ok(
  $$ insert into public.comments (issue_id, body, created_at)
     select '10000000-0000-4000-8000-000000000001', pg_temp.words(40, n * 40), '2026-01-01'::date + n
     from generate_series(1, 5000) as n $$,
  'five thousand comments at once'
);
select ok(pg_temp.has('word200030 word199000'), 'of which the newest are found');
select lives_ok(
  $$ do $do$ begin
       for n in 1 .. 60 loop
         insert into public.comments (issue_id, body, created_at) values (
           '10000000-0000-4000-8000-000000000001', pg_temp.words(300, 300000 + n * 300),
           '2050-01-01'::date + n
         );
       end loop;
     end $do$ $$,
  'sixty more, one by one'
);
select ok(
  pg_temp.has('word300350') is false and pg_temp.has('word318250 word316000'),
  'of many long ones the newest are found'
);
select ok(
  (select bool_and(s.vector_bytes between pg_column_size(s.vector || '') and 500000)
   from private.issue_search as s),
  'and its size stays within bounds'
);
select is(
  (select count(*) from private.issue_search as s join public.issues as i on i.id = s.issue_id
   where length(s.question_key) > 500),
  0::bigint, 'the key of a long title is short'
);

-- It is nobody's but the view's.

select matches(
  pg_temp.as_persona('viewer', 'select count(*) from private.issue_search'), '^42501 .*schema private',
  'nobody reads it directly'
);

select * from finish();
rollback;
