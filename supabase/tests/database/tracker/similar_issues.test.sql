-- similar_issues: what says the same as an issue that is being written.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(20);

\ir ../helpers/personas.psql

insert into public.issues (seq_id, title, description, status, segment, created_at, is_test) values
  (21, 'Password reset mail never arrives', 'I wait for the mail and nothing comes.', 'resolved', 'auth',
    '2026-01-01', false),
  (22, 'Can''t reset my password', 'The link in the mail is expired.', 'archived', 'auth', '2026-01-02',
    false),
  (23, 'Editor crashes on paste', 'Password managers paste into it.', 'in_progress', 'code', '2026-01-03',
    false),
  (24, 'Password reset', 'A test', 'waiting_for_help', 'auth', '2026-01-04', true),
  (25, 'Webhook secret', 'Where is it?', 'waiting_for_help', 'tool', '2026-01-05', false);

create function pg_temp.similar(p_title text, p_description text default '') returns text language sql as $$
  select string_agg(s.seq_id::text, ',') from public.similar_issues(p_title, p_description) as s
$$;

select is(pg_temp.similar('Can not reset the password'), '22,21', 'words and titles alike come first');
select is(pg_temp.similar('How do I reset passwords?'), '22,21', 'in whatever form, without test data');
select is(
  pg_temp.similar('It does not work', 'The reset link for my password is expired'), '22',
  'the description finds what the title can''t'
);
select is(pg_temp.similar('webhook'), '25', 'one word that is alone');
select is(pg_temp.similar('webhook zebra'), '25', 'one of two, where none has both');
select is(pg_temp.similar('password reset editor paste'), '23,22,21', 'three in common before two');
select is(pg_temp.similar('reset the zebra password'), '22,21', 'a word that is nowhere doesn''t matter');
select is(pg_temp.similar('zebra'), null, 'nothing in common, nothing found');
select is(pg_temp.similar('the of and'), null, 'stop words have nothing in common');
select is(pg_temp.similar(''), null, 'nor has a blank title');
select is(pg_temp.similar(null, null), null, 'or none');
select is(pg_temp.similar(null, 'webhook'), '25', 'a description alone');
select is(pg_temp.similar('"''&|!():*\ <-> webhook'), '25', 'operators of tsquery are no error');
select is(pg_temp.similar(repeat('webhook ', 5000), repeat('x ', 500000)), '25', 'nor are very long texts');
select is(
  (select s.similarity from public.similar_issues('Webhook secret') as s), 1::real, 'the same title is 1'
);
select cmp_ok(
  (select s.similarity from public.similar_issues('Webhok secret') as s), '>', 0.5::real,
  'a typing error costs little'
);
select is(
  (select count(*) from public.similar_issues('password', max_results => 1)), 1::bigint, 'so many of them'
);

-- A word that most issues have finds nothing where there are two rarer ones.

insert into public.issues (title, segment, description)
select format('Login %s', md5(n::text)), 'auth', 'Login' from generate_series(1, 400) as n;
analyze private.issue_search;
select results_eq(
  $$ select t.word, t.is_searched from private.telling_words(
       private.search_vector('Login: reset password', 100),
       private.search_vector('My webhook login', 100)
     ) as t $$,
  $$ values ('reset', true), ('password', true), ('webhook', true), ('login', false) $$,
  'rare words first, and those of the title; a common one doesn''t look'
);
select is(
  (select t.is_searched from private.telling_words(private.search_vector('Login', 100), null) as t), true,
  'unless there is no other'
);
select is((select count(*) from public.similar_issues('Login')), 5::bigint, 'which finds the newest');

select * from finish();
rollback;
