-- search_issues: queries as people type them, filters, order and pages.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(57);

\ir ../helpers/personas.psql

insert into public.issues (
  seq_id, title, description, status, segment, tags, created_at, is_test, submitted_by
) values
  (11, 'Login loop after the update', 'Safari asks for the password again and again.', 'in_progress', 'auth',
    '{ios,needs-docs}', '2026-01-01', false, 'Ana'),
  (12, 'Crash in the editor', 'TypeError in src/app.ts:42, mail ana.ruiz@club.example.org about it.',
    'resolved', 'code', '{}', '2026-01-02', false, 'Bo'),
  (13, 'Webhook times out', 'ECONNRESET from https://api.example.org/v2/hooks?id=7 — login works.',
    'archived', 'tool', '{}', '2026-01-03', false, 'Cy'),
  (14, 'Login page of the test', 'Nothing real', 'waiting_for_help', 'auth', '{}', '2026-01-04', true, 'Di'),
  (15, 'Authentication fails 50% 🔥', 'Sign-in with 100%_certain settings.', 'blocked', 'auth', '{}',
    '2026-01-05', false, 'Ed');
insert into public.comments (issue_id, body)
select i.id, 'Fixed by clearing the keychain; see issue_helper.py'
from public.issues as i
where i.seq_id = 12;

create function pg_temp.found(p_query text) returns text language sql as $$
  select string_agg(s.seq_id::text, ',') from public.search_issues(p_query) as s
$$;

-- Words

select is(pg_temp.found('webhook'), '13', 'a word of the title');
select is(pg_temp.found('PASSWORDS'), '11', 'of the description, in any case and form');
select is(pg_temp.found('keychain'), '12', 'of a comment');
select is(pg_temp.found('needs-docs'), '11', 'a tag as it is written');
select is(
  pg_temp.found('login'), '11,13',
  'the title ranks above the description; archived issues, no test issues'
);
select is(
  pg_temp.found('login safari'), '11,13,15', 'all words come before some, and these before other words'
);
select is(pg_temp.found('safari login'), '11,13,15', 'in any order');
select is(pg_temp.found('"login loop"'), '11', 'quoted words must be adjacent');
select is(pg_temp.found('"loop login"'), null, 'in the given order');
select is(pg_temp.found('login -safari'), '13', 'a minus excludes a word');
select is(pg_temp.found('login -"login loop"'), '13', 'or a phrase');
select is(pg_temp.found('keychain or webhook'), '13,12', '"or" finds either');
select is(pg_temp.found('login OR'), '11,13', 'a trailing "or" is ignored');
select is(pg_temp.found('webh'), '13', 'the last word is a prefix');
select is(pg_temp.found('webh times'), '13', 'other words must be complete, and are hints');
select is(pg_temp.found('how is the webhook'), '13', 'stop words are ignored');
select is(pg_temp.found('authenticat'), '15', 'a prefix longer than the stem is found in titles');

-- Words of code and logs

select is(pg_temp.found('src/app.ts'), '12', 'a path');
select is(pg_temp.found('app.ts'), '12', 'a file');
select is(pg_temp.found('src/app.ts:42'), '12', 'with its line');
select is(pg_temp.found('TypeError'), '12', 'an identifier');
select is(pg_temp.found('ECONNRESET'), '13', 'an error code');
select is(pg_temp.found('ana.ruiz@club.example.org'), '12', 'an e-mail address');
select is(pg_temp.found('https://api.example.org/v2/hooks?id=7'), '13', 'a URL');
select is(pg_temp.found('api.example.org'), '13', 'its host');
select is(pg_temp.found('issue_helper'), '12', 'a snake-case word');
select is(pg_temp.found('--login'), '11,13,15', 'a flag is a word, not a minus');

-- Numbers

select is(pg_temp.found('#12'), '12', 'a number with its sign');
select is(pg_temp.found('42'), '12', 'a number in a text');
insert into public.issues (seq_id, title, created_at) values (16, 'Twelve: 12 12 12', '2026-02-01');
select is(pg_temp.found('12'), '12,16', 'the issue with that number comes before those that mention it');
select is(pg_temp.found('#99999999999999999999'), null, 'a number that no issue has is not an error');

-- Queries without words

select is(pg_temp.found('the'), '15,12,11', 'a stop word alone finds titles that contain it');
select is(pg_temp.found('???'), null, 'punctuation alone finds nothing');
select is(pg_temp.found('🔥'), '15', 'an emoji finds titles that contain it');
select is(pg_temp.found('%'), '15', 'a percent sign is matched literally');
select is(pg_temp.found('_'), null, 'so is an underscore');
select is(pg_temp.found('" -( & | ! <-> :* '''), null, 'operators of tsquery are not an error');
select is(pg_temp.found(repeat('word ', 5000)), null, 'nor is a very long query');
select is(pg_temp.found(repeat('x', 100000)), null, 'or a very long word');

-- Blank, filters, pages

select is(pg_temp.found(' '), '16,15,13,12,11', 'a blank query lists the newest');
select is(pg_temp.found(null), '16,15,13,12,11', 'null too');
select results_eq(
  $$ select s.seq_id from public.search_issues('login', status => '{archived,blocked}') as s $$, array[13],
  'by status'
);
select results_eq(
  $$ select s.seq_id from public.search_issues('', segment => '{auth}', include_tests => true,
    created_from => '2026-01-01', created_to => '2026-01-05') as s $$,
  array[14, 11], 'by segment and time, the end excluded, with test data'
);
select results_eq(
  $$ select s.seq_id from public.search_issues('', tags => '{ needs-docs,ios}') as s $$, array[11],
  'by tags'
);
select results_eq(
  $$ select s.seq_id from public.search_issues('', max_results => 2, skip_results => 1) as s $$,
  array[15, 13], 'a page'
);
select is_empty(
  $$ select from public.search_issues('authenticat', skip_results => 1) as s $$,
  'a page after the last one is empty'
);
select is(
  (select count(*) from public.search_issues('', max_results => 100000)), 5::bigint,
  'a max_results above the limit is capped'
);

-- Common words

insert into public.issues (title, description, segment, created_at)
select case n when 1 then 'Flood' when 300 then 'Flood' else 'Rain' end, 'A flood of rain', 'misc',
  '2026-03-01'::timestamptz + n * interval '1 minute'
from generate_series(1, 2100) as n;
select results_eq(
  $$ select s.title, s.created_at from public.search_issues('flood', max_results => 2) as s $$,
  $$ values ('Flood', '2026-03-01 05:00+00'::timestamptz), ('Rain', '2026-03-02 11:00+00') $$,
  'of more than 2,000 matches the newest 2,000 are ranked'
);
select results_eq(
  $$ select count(*), count(distinct s.id)
     from public.search_issues('flood', max_results => 100, skip_results => 2050) as s $$,
  $$ values (50::bigint, 50::bigint) $$, 'later pages contain the others'
);
select results_eq(
  $$ select s.created_at from public.search_issues('flood', created_to => '2026-03-01 00:03+00') as s $$,
  $$ values ('2026-03-01 00:01+00'::timestamptz), ('2026-03-01 00:02+00') $$,
  'a filter by time finds old matches'
);

select alike(
  (select s.snippet from public.search_issues('keychain') as s),
  '%mail ana.ruiz@club.example.org about it. … Fixed by clearing the **keychain**; see issue_helper.py',
  'the snippet marks the words'
);
select alike(
  (select s.snippet from public.search_issues('src/app.ts typeerror') as s),
  '**TypeError** in **src/app.ts**:42,%', 'as they occur in the text'
);

-- Pages of issues that were created at the same time

insert into public.issues (title, segment, created_at)
select 'Quokka ' || n, 'misc', '2999-02-01' from generate_series(1, 150) as n;
select is(
  (
    select count(distinct s.id)
    from generate_series(0, 120, 30) as p (skipped)
    cross join lateral public.search_issues('', created_from => '2999-02-01', max_results => 30,
      skip_results => p.skipped) as s
  ),
  150::bigint, 'the newest issues: each is on one page'
);
select is(
  (
    select count(distinct s.id)
    from generate_series(0, 120, 30) as p (skipped)
    cross join lateral public.search_issues('quokka', max_results => 30, skip_results => p.skipped) as s
  ),
  150::bigint, 'the issues with a word: each is on one page'
);

select lives_ok(
  format('select public.search_issues(%L)', t), 'a number in the digits of another script is a word: ' || t
)
from unnest(array[U&'\0663', U&'#\0663', U&'\ff13']) as t;

select * from finish();
rollback;
