-- similar_issues: existing issues that resemble one that is being written.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(19);

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

select is(
  pg_temp.similar('Can not reset the password'), '22,21',
  'issues with the same words and a similar title come first'
);
select is(
  pg_temp.similar('How do I reset passwords?'), '22,21',
  'in any form of the words, without test issues'
);
select is(
  pg_temp.similar('It does not work', 'The reset link for my password is expired'), '22,21',
  'words of the description are used too'
);
select is(pg_temp.similar('webhook'), '25', 'a single word');
select is(pg_temp.similar('webhook zebra'), '25', 'one word of two, if no issue has both');
select is(pg_temp.similar('password reset editor paste'), '23,22,21', 'three common words rank above two');
select is(pg_temp.similar('reset the zebra password'), '22,21', 'a word that no issue contains is ignored');
select is(pg_temp.similar('zebra'), null, 'no result without a common word');
select is(pg_temp.similar('the of and'), null, 'stop words are not common words');
select is(pg_temp.similar(''), null, 'no result for a blank title');
select is(pg_temp.similar(null, null), null, 'or for null');
select is(pg_temp.similar(null, 'webhook'), '25', 'a description alone');
select is(pg_temp.similar('"''&|!():*\ <-> webhook'), '25', 'operators of tsquery are not an error');
select is(
  pg_temp.similar(repeat('webhook ', 5000), repeat('x ', 500000)), '25',
  'very long texts are not an error'
);
select is(
  (select s.similarity from public.similar_issues('Webhook secret') as s), 1::real,
  'the same title has the similarity 1'
);
select cmp_ok(
  (select s.similarity from public.similar_issues('Webhok secret') as s), '>', 0.5::real,
  'a typing error lowers it little'
);
select is(
  (select count(*) from public.similar_issues('password', max_results => 1)), 1::bigint,
  'max_results limits the number'
);

-- A word that most issues contain finds the newest, if there is no rarer one.

insert into public.issues (title, segment, description)
select format('Login %s', md5(n::text)), 'auth', 'Login' from generate_series(1, 6000) as n;
analyze private.issue_search;
select is(pg_temp.similar('Login: reset webhook'), '25,22,21', 'rare words find what common ones do not');
select is(
  (select count(*) from public.similar_issues('Login')), 5::bigint,
  'a common word alone finds the newest issues'
);

select * from finish();
rollback;
