-- issue_search is always up to date with issues and comments, and no text is too long to be written.

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
-- Whether all rows equal rebuilt ones, without the positions of words.
create function pg_temp.is_current() returns boolean language sql as $$
  select bool_and(
    tsvector_to_array(s.vector) = tsvector_to_array(
      private.issue_vector(
        private.search_vector(i.title, 20000), i.tags,
        private.issue_people(i.id, i.submitted_by, i.assigned_to), i.description
      )
        || coalesce(private.comments_vector(i.id), '')
    )
    and s.question_key is not distinct from private.question_key(private.search_vector(i.title, 20000))
    and s.vector_bytes >= pg_column_size(s.vector || '')
    and s.comment_count = (select count(*) from public.comments as c where c.issue_id = i.id)
  )
  from public.issues as i
  left join private.issue_search as s on s.issue_id = i.id
$$;

select ok(pg_temp.has('first title description tag'), 'a new issue is found by title, description and tags');
select results_eq(
  $$ select u.lexeme, u.weights from private.issue_search as s cross join lateral unnest(s.vector) as u
     where s.issue_id = '10000000-0000-4000-8000-000000000001' order by 1 $$,
  $$ values ('descript', '{C}'::text[]), ('first', '{A,B,C}'), ('tag', '{B}'), ('titl', '{A}') $$,
  'which have the weights A, C and B'
);

update public.issues set title = 'Second title' where id = '10000000-0000-4000-8000-000000000001';
select ok(pg_temp.has('second') and pg_temp.is_current(), 'a new title');
update public.issues set description = 'Second words' where id = '10000000-0000-4000-8000-000000000001';
select ok(pg_temp.has('words -description') and pg_temp.is_current(), 'a new description');
insert into public.issue_tags values ('10000000-0000-4000-8000-000000000001', 'added');
select ok(pg_temp.has('added') and pg_temp.is_current(), 'a tag added as a row');
delete from public.tags where name = 'first-tag';
select ok(pg_temp.has('-first') and pg_temp.is_current(), 'a deleted tag');

create temp table stored on commit drop as select issue_id, xmin::text as version
  from private.issue_search;
update public.issues set status = 'resolved' where true;
select results_eq(
  'select issue_id, xmin::text from private.issue_search order by 1', 'select * from stored order by 1',
  'a new status does not rewrite the row'
);

insert into public.comments (id, issue_id, body) values
  ('20000000-0000-4000-8000-000000000001', '10000000-0000-4000-8000-000000000001', 'Try the keychain'),
  ('20000000-0000-4000-8000-000000000002', '10000000-0000-4000-8000-000000000001', 'Keychain cleared'),
  ('20000000-0000-4000-8000-000000000003', '10000000-0000-4000-8000-000000000002', 'Elsewhere');
select ok(
  pg_temp.has('second keychain cleared') and pg_temp.has('elsewhere', 2) and pg_temp.is_current(),
  'several comments in one statement'
);
insert into public.comments (id, issue_id, body) values
  ('20000000-0000-4000-8000-000000000001', '10000000-0000-4000-8000-000000000001', 'Try the drawer'),
  ('20000000-0000-4000-8000-000000000004', '10000000-0000-4000-8000-000000000001', 'Cupboard')
on conflict (id) do update set body = excluded.body;
select ok(
  pg_temp.has('drawer cupboard keychain -try') is false and pg_temp.has('drawer cupboard keychain')
    and pg_temp.is_current(),
  'an upsert that inserts one comment and updates another'
);
update public.comments set body = 'Nothing' where id = '20000000-0000-4000-8000-000000000001';
select ok(pg_temp.has('-drawer nothing') and pg_temp.is_current(), 'an edited comment');
delete from public.comments where id in (
  '20000000-0000-4000-8000-000000000002', '20000000-0000-4000-8000-000000000003'
);
select ok(
  pg_temp.has('-keychain cupboard') and pg_temp.has('-elsewhere', 2) and pg_temp.is_current(),
  'deleted comments'
);
update public.issues set title = 'Third title' where id = '10000000-0000-4000-8000-000000000001';
select ok(pg_temp.has('third cupboard') and pg_temp.is_current(), 'a new title keeps the words of comments');
truncate public.comments;
select ok(pg_temp.has('third -cupboard') and pg_temp.is_current(), 'truncating comments');

delete from public.issues where id = '10000000-0000-4000-8000-000000000002';
select is((select count(*) from private.issue_search), 1::bigint, 'a deleted issue');

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
select ok(pg_temp.has('word1 word900 word6000 tag -word9000 -word20000'), 'the beginnings are found');
select lives_ok(
  $$ update public.issues set title = repeat('é', 1000000), description = repeat('🔥字', 500000)
     where id = '10000000-0000-4000-8000-000000000001' $$,
  'a word of a million letters, and a million characters of 3 and 4 bytes'
);
select lives_ok(
  $$ insert into public.issues (id, title, description) select '10000000-0000-4000-8000-000000000003',
       'Dense', string_agg(chr(n) || chr(m), ' ')
     from generate_series(19968, 20567) as n, generate_series(19968, 20467) as m $$,
  '300,000 different words'
);
select lives_ok(
  $$ insert into public.comments (issue_id, body) select '10000000-0000-4000-8000-000000000003',
       string_agg(chr(n) || chr(m), ' ')
     from generate_series(20568, 21567) as n, generate_series(19968, 20467) as m group by n % 10 $$,
  'and 500,000 more in its comments'
);
select lives_ok(
  $$ insert into public.comments (issue_id, body, created_at)
     select '10000000-0000-4000-8000-000000000001', pg_temp.words(40, n * 40), '2026-01-01'::date + n
     from generate_series(1, 5000) as n $$,
  '5,000 comments in one statement'
);
select ok(pg_temp.has('word200030 word199000'), 'the newest of them are found');
select lives_ok(
  $$ do $do$ begin
       for n in 1 .. 60 loop
         insert into public.comments (issue_id, body, created_at) values (
           '10000000-0000-4000-8000-000000000001', pg_temp.words(300, 300000 + n * 300),
           '2050-01-01'::date + n
         );
       end loop;
     end $do$ $$,
  '60 more, one by one'
);
select ok(
  pg_temp.has('word300350') is false and pg_temp.has('word318250 word316000'),
  'of many long comments the newest are found'
);
select ok(
  (select bool_and(s.vector_bytes between pg_column_size(s.vector || '') and 500000)
   from private.issue_search as s),
  'the size of the vector stays bounded'
);
select is(
  (select count(*) from private.issue_search as s join public.issues as i on i.id = s.issue_id
   where length(s.question_key) > 500),
  0::bigint, 'the question_key of a long title is short'
);

-- Access

select matches(
  pg_temp.as_persona('viewer', 'select count(*) from private.issue_search'), '^42501 .*schema private',
  'clients can''t read the table'
);

select * from finish();
rollback;
