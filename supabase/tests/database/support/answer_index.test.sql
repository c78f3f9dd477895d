-- What is in the index that visitors are answered from, and what is not.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = support, extensions;
select plan(33);
\ir ../helpers/personas.psql
set local search_path = support, extensions;
delete from support.articles;
delete from support.answers;
delete from private.answer_terms;
delete from private.answer_term_counts;

create function pg_temp.found(p_query text) returns text language sql as $$
  select coalesce(string_agg(f.title, ', '), 'nothing') from support.find_answers(p_query, 5) as f
$$;
create function pg_temp.words(p_id uuid) returns text[] language sql as $$
  select array_agg(distinct l.lexeme order by l.lexeme)
  from private.answer_passages as p cross join lateral unnest(p.vector) as l where p.source_id = p_id
$$;

-- What is published

insert into support.articles (id, title, body, url, is_published) values
  ('f1000000-0000-4000-8000-000000000001', 'Zürich office', 'The Überweisung takes two days.',
    'https://help.example/1', true),
  ('f1000000-0000-4000-8000-000000000002', 'Quarterly secret', 'The merger with Zyxcorp is planned.', null,
    false);
insert into public.issues (id, title, description, segment, submitted_by) values (
  'f2000000-0000-4000-8000-000000000001', 'Xylophone title', 'Qwertz description of Mallory', 'misc',
    'Mallory'
);
insert into public.comments (issue_id, body) values
  ('f2000000-0000-4000-8000-000000000001', 'Wombat comment');
insert into support.answers (id, issue_id, question, answer, is_published) values (
  'f1000000-0000-4000-8000-000000000003', 'f2000000-0000-4000-8000-000000000001',
  'Why does the export stop?', 'Set <b>C#</b> to --force since v2.14.1, or use 支払い.', true
);

select is(pg_temp.found('zurich'), 'Zürich office', 'accents do not matter');
select is(pg_temp.found('ZURICH office uberweisung'), 'Zürich office', 'nor case');
select is(pg_temp.found('支払い'), 'Why does the export stop?', 'scripts without spaces are found');
select is(pg_temp.found('c#'), 'Why does the export stop?', 'identifiers keep their signs');
select is(pg_temp.found('--force'), 'Why does the export stop?', 'options too');
select is(pg_temp.found('v2.14.1'), 'Why does the export stop?', 'and versions');
select is(pg_temp.found('exporting'), 'Why does the export stop?', 'other forms of a word are found');
select is(pg_temp.found('Rechnung bezahlen'), 'Why does the export stop?', 'so are other words for the same');

-- What is not

select is(pg_temp.found(t), 'nothing', format('not in the index: %s', t))
from unnest(array[
  'Zyxcorp merger', 'Quarterly secret', 'Xylophone', 'Qwertz', 'Mallory', 'Wombat', '', '   ', 'the and of',
    '!?'
]) as t;
select is(pg_temp.found(null), 'nothing', 'nor is nothing found for null');
update support.articles set is_published = true where id = 'f1000000-0000-4000-8000-000000000002';
select is(pg_temp.found('Zyxcorp'), 'Quarterly secret', 'what is published is found at once');
select private.refresh_answer_terms();
update support.articles set is_published = false where id = 'f1000000-0000-4000-8000-000000000002';
select is(pg_temp.found('Zyxcorp'), 'nothing', 'what is taken back is not found any more');
select private.refresh_answer_terms();
select is_empty(
  $$ select from private.answer_terms where term in ('zyxcorp', 'merger', 'quarter', 'wombat', 'mallori') $$,
  'and its words are counted nowhere, nor those of issues, comments and people'
);
update support.articles set body = 'Now about kangaroos.' where id = 'f1000000-0000-4000-8000-000000000001';
select is(pg_temp.found('Überweisung'), 'nothing', 'an edit removes the old words');
select is(pg_temp.found('kangaroo'), 'Zürich office', 'and adds the new ones');
delete from public.issues where id = 'f2000000-0000-4000-8000-000000000001';
select is(pg_temp.found('--force'), 'nothing', 'an answer is deleted with its issue');

-- Passages

insert into support.articles (id, title, body, is_published) values (
  'f1000000-0000-4000-8000-000000000004', 'Handbook',
  repeat(E'The first part is about gardens and flowers in spring.\n\n', 60)
    || E'Escape hatches open with the red lever.\n\n' || repeat(E'The last part is about winters.\n\n', 60),
      true
);
select cmp_ok((select count(*) from private.answer_passages
  where source_id = 'f1000000-0000-4000-8000-000000000004'),
  '>', 3::bigint, 'a long article has several passages');
select cmp_ok((select max(length(text)) from private.answer_passages), '<=', 1200,
  'of up to 1,200 characters');
select matches((select passage from support.find_answers('red lever of the escape hatch', 1)), 'red lever',
  'the one that answers is returned');
select is((select count(*) from support.find_answers('gardens winters handbook', 5)
  where title = 'Handbook'), 1::bigint,
  'each source is listed once');
select is(cardinality(private.split_passages(repeat('a', 300000))), 100, 'an endless word is cut');
select is(private.plain_text('<p>Hi <script>alert(1)</script><b>you</b></p>'), 'Hi you',
  'HTML is quoted as text');
select is(private.plain_text('a < b and **c**'), 'a < b and **c**', 'text without HTML stays as it is');
insert into support.articles (id, title, body, is_published)
values ('f1000000-0000-4000-8000-000000000005', 'Only a title about ferrets', '', true);
select is(pg_temp.found('ferrets'), 'Only a title about ferrets',
  'an article without text is found by its title');

select * from finish();
rollback;
