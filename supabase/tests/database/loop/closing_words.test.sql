-- Which engineering issues the words of a pull request close and mention.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(69);

\ir ../helpers/growth.psql

create function pg_temp.words(p_title text, p_body text default null, p_ref text default 'main')
returns text language sql as $$
  select format('%s %s', w.closes_issues, w.mentions_issues)
  from private.parse_named_issues(jsonb_build_object(
    'title', p_title, 'body', p_body, 'head', jsonb_build_object('ref', p_ref),
    'base', '{"ref": "main", "repo": {"default_branch": "main"}}'::jsonb
  )) as w
$$;

-- Words

select is(pg_temp.words('', b), e, replace(b, E'\n', ' / ')) from (values
  ('Fixes EXAI-1', '{1} {}'), ('fixes exai-1', '{1} {}'), ('FIXES: EXAI-1', '{1} {}'),
  (E'Fixes\nEXAI-1', '{1} {}'), (E'Fixes\r\nEXAI-1', '{1} {}'), ('EXAI-1', '{} {1}'),
  ('close EXAI-1 closes EXAI-2 closed EXAI-3', '{1,2,3} {}'),
  ('fix EXAI-1 fixes EXAI-2 fixed EXAI-3', '{1,2,3} {}'),
  ('resolve EXAI-1 resolves EXAI-2 resolved EXAI-3', '{1,2,3} {}'),
  -- as at GitHub, each has its own word
  ('Fixes EXAI-1, EXAI-2', '{1} {2}'), ('Fixes EXAI-1 and EXAI-2', '{1} {2}'),
  ('Fixes EXAI-1, fixes EXAI-2', '{1,2} {}'), ('Fixes [EXAI-1](https://example.com/EXAI-1)', '{1} {}'),
  ('Closing EXAI-1, fixing EXAI-2', '{} {1,2}'), ('prefix EXAI-1', '{} {1}'), ('fix the EXAI-1', '{} {1}'),
  ('Mentions EXAI-1 and fixes EXAI-1', '{1} {}'), ('fixes MYEXAI-1, EXAI-2x, EXAI-03, EXAI-0', '{} {}'),
  ('(EXAI-1) EXAI-2. EXAI-3/EXAI-4', '{} {1,2,3,4}'), ('Fixes EXAI-12345678901', '{} {}'),
  ('Fixes EXAI-2147483647, fixes EXAI-2147483648', '{2147483647} {}'),
  ('修复EXAI-1', '{} {1}'), ('', '{} {}'), (null, '{} {}'), ('Fixes #1 and GH-2', '{} {}'),
  -- quotes
  ('> Fixes EXAI-1', '{} {}'), (E'> said\nfixes EXAI-1\n\nfixes EXAI-2', '{2} {}'),
  (E'>\nfixes EXAI-1', '{1} {}'), ('a > b fixes EXAI-1', '{1} {}'),
  -- code
  ('`fixes EXAI-1` fixes EXAI-2', '{2} {}'), ('`` ` fixes EXAI-1 ` ``', '{} {}'),
  ('a ` fixes EXAI-1', '{1} {}'), (E'a `\n\nfixes EXAI-1 `', '{1} {}'),
  (E'```\nfixes EXAI-1\n```\nfixes EXAI-2', '{2} {}'), (E'```sql\nfixes EXAI-1', '{} {}'),
  (E'~~~\n```\nfixes EXAI-1\n~~~\nfixes EXAI-2', '{2} {}'),
  (E'````\n```\nfixes EXAI-1\n````\nfixes EXAI-2', '{2} {}'), (E'```x``` fixes EXAI-1', '{1} {}'),
  (E'    fixes EXAI-1\n\n    fixes EXAI-2\nfixes EXAI-3', '{3} {}'), (E'- a\n    fixes EXAI-1', '{1} {}'),
  -- comments
  ('<!-- fixes EXAI-1 --> fixes EXAI-2', '{2} {}'), (E'<!--\nfixes EXAI-1\n```\n-->\nfixes EXAI-2', '{2} {}'),
  ('<!-- fixes EXAI-1', '{} {}'), ('`<!--` fixes EXAI-1', '{1} {}')
) as t (b, e);
select is(pg_temp.words('Fix EXAI-1: it', 'EXAI-2', 'fix/exai-3-it'), '{1} {2,3}', 'title, body and branch');
select is(pg_temp.words('x', 'x', 'fixes-EXAI-3'), '{} {3}', 'a branch closes nothing');

select is(
  (
    select format('%s %s', w.closes_issues, w.mentions_issues)
    from private.parse_named_issues('{
      "title": "Fixes EXAI-1", "base": {"ref": "next", "repo": {"default_branch": "main"}}
    }') as w
  ), '{} {1}', 'into another branch than the default one nothing is closed'
);
select is(
  (select format('%s %s', w.closes_issues, w.mentions_issues) from private.parse_named_issues('{}') as w),
  '{} {}', 'no title, no body, no branch'
);

-- Reverts

select is(pg_temp.words(t, b), e, concat_ws(' / ', t, replace(b, E'\n', ' / '))) from (values
  ('Revert "Fix EXAI-1: it"', '', '{} {1}'), ('revert “Fixes EXAI-1”', '', '{} {1}'),
  ('revert: fix EXAI-1', '', '{} {1}'), ('revert(api)!: fix: Fixes [EXAI-1](x)', '', '{} {1}'),
  ('x', E'- Revert "Fix EXAI-1: it"\n- Fix EXAI-2', '{2} {1}'),
  ('Revert "Fix EXAI-1: it"', 'It lost rows, fixes EXAI-2', '{2} {1}'),
  ('Revert "Revert "Fix EXAI-1: it""', '', '{1} {}'),
  ('Revert "Revert "Revert "Fix EXAI-1: it"""', '', '{} {1}'),
  ('Reapply "Fix EXAI-1: it"', '', '{1} {}'), ('Revert the cache: fixes EXAI-1', '', '{1} {}'),
  ('Reverted "x", fixes EXAI-1', '', '{1} {}')
) as t (t, b, e);

-- Sizes

select is(
  pg_temp.words('', string_agg('fixes EXAI-' || g, ' ' order by g)),
  (select format('%s {}', array_agg(n)) from generate_series(1, 50) as n),
  'of ten thousand the first fifty'
) from generate_series(1, 10000) as g;
select is(
  pg_temp.words('', 'EXAI-1' || repeat(' ', 65536) || 'EXAI-2'), '{} {1}', 'after 64 kB nothing counts'
);

-- What costs most: backticks, lines, names.
select pg_temp.is_linear(
  format('select pg_temp.words('''', ''EXAI-1 '' || repeat(%L, %%1$s))', w), 4000, 'linear in its size: ' || w
) from unnest(array[
  '` ', E'\n`', '<!--', 'fix EXAI-1 ', E'\n> x', 'exai-', E'revert: fix EXAI-1\n', 'revert "'
]) as t (w);

select * from finish();
rollback;
