-- How sources are ranked, and when one of them is an answer.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = support, extensions;
select plan(22);
\ir ../helpers/personas.psql
set local search_path = support, extensions;
delete from support.articles;
delete from support.answers;

insert into support.articles (id, title, body, url, is_published) values
  ('f3000000-0000-4000-8000-000000000001', 'Reset your password',
    'Press "Forgot password" on the sign-in page. The link in the mail is valid for an hour.',
    'https://help.example/reset', true),
  ('f3000000-0000-4000-8000-000000000002', 'Invoices and receipts',
    'You can download invoices on the billing page. The mail with a receipt follows within an hour.', null,
      true),
  ('f3000000-0000-4000-8000-000000000003', 'Dark theme', 'Switch it on under Settings, Appearance.', null,
    true);
insert into support.answers (id, question, answer, is_published) values
  ('f3000000-0000-4000-8000-000000000004', 'Why is the video silent from the middle on?',
    'The second sound track is broken. Choose the first one under Audio.', true);

create function pg_temp.answer(p_query text) returns text language sql as $$
  select coalesce(string_agg(f.title, ', '), 'none') from support.find_answers(p_query, 5) as f
    where f.is_answer
$$;

select results_eq(
  $$ select kind, id, title, url, is_answer
     from support.find_answers('I forgot my password, how can I reset it?', 1) $$,
  $$ values ('article', 'f3000000-0000-4000-8000-000000000001'::uuid, 'Reset your password',
    'https://help.example/reset', true) $$,
  'the best source comes first, with its link'
);
select is(pg_temp.answer('ich habe mein Passwort vergessen, wie kann ich es zurücksetzen'),
  'Reset your password',
  'a question in another language is answered');
select is(pg_temp.answer('olvidé mi contraseña, ¿cómo la puedo restablecer?'), 'Reset your password',
  'in a third one too');
select is(pg_temp.answer('there is no sound in the video after the middle'),
  'Why is the video silent from the middle on?', 'so is what somebody words differently');
select is(pg_temp.answer('where do I download my invoices'), 'Invoices and receipts', 'an article answers');
select is(pg_temp.answer(q), 'none', format('no answer: %s', q))
from unnest(array[
  'Do you ship penguins to Mars?', 'an hour', 'thanks!', 'page', 'mail',
    'Which plugin do you use for the garden?',
  'My cat sat on the billing department''s keyboard yesterday and now the elevator plays jazz'
]) as q;
select is((select bool_and(confidence between 0 and 1) from support.find_answers('password mail invoices',
  5)), true,
  'a confidence is a share');
select is(
  (select array_agg(confidence order by n) from support.find_answers('reset the password by mail', 5)
    with ordinality as f (kind, id, issue_id, title, passage, url, language, confidence, is_answer, n)),
  (
    select array_agg(confidence order by confidence desc)
    from support.find_answers('reset the password by mail', 5)
  ),
  'the first has the highest'
);
update support.settings set answer_confidence = 1 where id;
select is(pg_temp.answer('I forgot my password, how can I reset it?'), 'none', 'the threshold is a setting');
update support.settings set answer_confidence = 0.5 where id;
select is((select count(*) from support.find_answers('password mail video', 0)), 0::bigint, 'none for 0');
select is(
  (select count(*) from support.find_answers('password mail video page')), 3::bigint, 'three by default'
);
select lives_ok($$ select * from support.find_answers(repeat('password mail video ', 20000), 100) $$,
  'a long question is looked up');

-- Before and after the count of words

select is((select round(confidence::numeric, 3) from support.find_answers('reset my password', 1)), (
  select round(c.confidence::numeric, 3) from private.refresh_answer_terms() as r
  cross join lateral (
    select f.confidence from support.find_answers('reset my password', 1) as f where r >= 0
  ) as c
), 'the count of words changes nothing where there are few');
select is(private.refresh_answer_terms(), 0::bigint, 'nothing is counted again without a change');
update support.articles set title = 'Dark mode' where id = 'f3000000-0000-4000-8000-000000000003';
select is(private.refresh_answer_terms(), 4::bigint, 'it is after one');
select is(
  (select count(*) from support.find_answers('dark mode', 5) where title = 'Dark mode'), 1::bigint,
  'and is right'
);

select * from finish();
rollback;
