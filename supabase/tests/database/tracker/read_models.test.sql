-- The views for community managers, developers and product managers.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(22);

\ir ../helpers/personas.psql

insert into public.issues (
  id, title, status, segment, submitted_by, assigned_to, created_at, resolved_at, is_test
) values
  ('10000000-0000-4000-8000-000000000001', 'How do I reset my password?', 'resolved', 'auth', 'Ana', null,
    '2026-03-02 10:00+00', '2026-03-02 12:00+00', false),
  ('10000000-0000-4000-8000-000000000002', 'Password resetting', 'resolved', 'auth', 'Bo', null,
    '2026-03-08 23:30+00', '2026-03-09 03:30+00', false),
  ('10000000-0000-4000-8000-000000000003', 'reset PASSWORDS!', 'waiting_for_help', 'auth', 'Ana',
    'Agnes Agent', now() - interval '2 hours', null, false),
  ('10000000-0000-4000-8000-000000000004', 'Crash', 'blocked', 'code', 'Cy', null, now() - interval '40 days',
    null, false),
  ('10000000-0000-4000-8000-000000000005', 'Reset password', 'in_progress', 'auth', 'Di', null,
    now() - interval '5 days', null, true);
insert into public.issues (id, title, status, segment, created_at, resolved_at, archived_at) values (
  '10000000-0000-4000-8000-000000000006', 'Crash', 'archived', 'code', '2026-03-03', '2026-03-13', now()
);
insert into public.circle_issues (message_id, space_id, space_name, mapped_to_issue_id, created_at) values
  ('1', '7', 'Old help', '10000000-0000-4000-8000-000000000001', '2026-01-01'),
  ('2', '7', 'Help', '10000000-0000-4000-8000-000000000001', '2026-01-02'),
  ('3', '7', 'Help', '10000000-0000-4000-8000-000000000002', '2026-01-03'),
  ('4', '8', 'General', '10000000-0000-4000-8000-000000000001', '2026-01-04'),
  ('5', '8', 'General', '10000000-0000-4000-8000-000000000005', '2026-01-05'),
  ('6', null, 'Lounge', '10000000-0000-4000-8000-000000000003', '2026-01-06'),
  ('7', null, null, '10000000-0000-4000-8000-000000000004', '2026-01-07'),
  ('8', '9', 'Empty', null, '2026-01-08');

-- Spaces

select results_eq(
  $$ select space_id, space_name, issue_count, open_count, resolved_count, median_hours_to_resolve,
       p90_hours_to_resolve
     from public.issues_by_space order by space_name nulls last $$,
  $$ values
    ('8', 'General', 1::bigint, 0::bigint, 1::bigint, 2.00, 2.00),
    ('7', 'Help', 2, 0, 2, 3.00, 3.80),
    (null, 'Lounge', 1, 1, 0, null, null),
    (null, null, 2, 1, 1, 240.00, 240.00) $$,
  'an issue counts once in each of its spaces; issues without a space are one row'
);
select is(
  (select last_issue_at from public.issues_by_space where space_id = '7'), '2026-03-08 23:30+00'::timestamptz,
  'last_issue_at is the time of the latest issue'
);

-- Open issues

select results_eq(
  'select id, age_bucket from public.open_issues order by created_at',
  $$ values ('10000000-0000-4000-8000-000000000004'::uuid, 'over 30 days'),
    ('10000000-0000-4000-8000-000000000003', 'under 1 day') $$,
  'no resolved, archived or test issues'
);
select is(
  (select age from public.open_issues where title = 'Crash'), interval '40 days', 'the age is an interval'
);
select results_eq(
  $$ select (select age_bucket from public.open_issues as o where o.id = i.id)
     from public.issues as i
     where i.id = '10000000-0000-4000-8000-000000000005' $$,
  array[null::text], 'a test issue is not listed'
);
insert into public.issues (title, segment, created_at)
select 'Aged ' || d, 'misc', now() - make_interval(hours => (d * 24)::integer)
from unnest(array[0.5, 2, 5, 20, 31]) as d;
select results_eq(
  $$ select age_bucket from public.open_issues where title like 'Aged%' order by age $$,
  $$ values ('under 1 day'), ('1 to 3 days'), ('3 to 7 days'), ('7 to 30 days'), ('over 30 days') $$,
  'each age has its bucket'
);
delete from public.issues where title like 'Aged%';
select is(
  pg_temp.as_persona('agent', 'select string_agg(title, $$,$$) from public.open_issues where is_mine'),
  'reset PASSWORDS!', 'is_mine is true for issues assigned to the caller'
);
select is(
  pg_temp.as_persona('second', 'select count(*) from public.open_issues where is_mine'), '0',
  'and false for other members'
);
select is(
  (select count(*) from public.open_issues where is_mine is null), 0::bigint, 'is_mine is never null'
);
insert into public.comments (issue_id, body)
select '10000000-0000-4000-8000-000000000003', 'x' from generate_series(1, 2);
select is(
  (select comment_count from public.open_issues where title like 'reset%'), 2::bigint, 'comments are counted'
);

select results_eq(
  $$ select status, segment, age_bucket, issue_count, unassigned_count from public.issue_status_ages
     order by status $$,
  $$ values ('blocked', 'code', 'over 30 days', 1::bigint, 1::bigint),
    ('waiting_for_help', 'auth', 'under 1 day', 1, 0) $$,
  'counts by status, segment and age'
);

-- Trends

select results_eq(
  $$ select week, segment, opened_count, resolved_count, median_hours, p90_hours from public.issue_trends
     where week < '2026-04-01' order by week, segment $$,
  $$ values
    ('2026-03-02'::date, 'auth', 2::bigint, 1::bigint, 2.00, 2.00),
    ('2026-03-02', 'code', 1, 0, null, null),
    ('2026-03-09', 'auth', 0, 1, 4.00, 4.00),
    ('2026-03-09', 'code', 0, 1, 240.00, 240.00) $$,
  'by week of opening and of resolution; weeks begin on Monday, UTC'
);
set local time zone 'Pacific/Auckland';
select is(
  (select count(*) from public.issue_trends where week = '2026-03-09' and opened_count > 0), 0::bigint,
  'in any session time zone'
);
set local time zone 'UTC';
select is(
  (select sum(opened_count) from public.issue_trends), 5::numeric, 'test issues are not counted'
);

-- Repeated questions

select results_eq(
  $$ select question_key, example_title, issue_count, people_count, resolved_count, last_at > first_at,
       issue_ids[1]
     from public.repeated_questions order by issue_count desc $$,
  $$ values
    ('password reset', 'reset PASSWORDS!', 3::bigint, 2::bigint, 2::bigint, true,
      '10000000-0000-4000-8000-000000000003'::uuid),
    ('crash', 'Crash', 2, 2, 1, true, '10000000-0000-4000-8000-000000000004') $$,
  'titles with the same words, in any order and form'
);
insert into public.issues (title, segment) values
  ('???', 'misc'), ('???', 'misc'), ('the', 'misc'), ('a', 'misc');
insert into public.issues (title, segment)
select 'long ' || string_agg(md5(n::text), ' ') || m, 'misc'
from generate_series(1, 100) as n, generate_series(1, 2) as m group by m;
select is(
  (select count(*) from public.repeated_questions), 2::bigint,
  'titles without words are not grouped'
);
insert into public.issues (title, segment)
select 'long ' || string_agg(md5(n::text), ' ' order by random()), 'misc'
from generate_series(1, 100) as n, generate_series(1, 2) as m group by m;
select is(
  (select issue_count from public.repeated_questions where example_title like 'long%'), 2::bigint,
  'long titles are compared as a whole'
);

-- Access

select is(
  pg_temp.as_persona(p.name, format('select count(*) > 0 from public.%I', v.name)),
  case p.name when 'stranger' then 'false' else 'true' end, format('%s and %s', p.name, v.name)
)
from unnest(array['stranger', 'viewer']) as p (name), unnest(array['repeated_questions']) as v (name);
select results_eq(
  $$ select pg_temp.as_persona('anon', format('select 1 from public.%I', v.name)) ~ '^42501 '
     from unnest(array['issues_by_space', 'open_issues', 'issue_status_ages', 'issue_trends',
       'repeated_questions']) as v (name) $$,
  array[true, true, true, true, true], 'anon can''t read any'
);
select results_eq(
  $$ select pg_temp.as_persona('stranger', format('select count(*) from public.%I', v.name))
     from unnest(array['issues_by_space', 'open_issues', 'issue_status_ages', 'issue_trends']) as v (name) $$,
  array['0', '0', '0', '0'], 'a stranger gets no rows'
);
select ok(
  pg_temp.as_persona('service_role', 'select count(*) from public.repeated_questions')::integer > 0,
  'the service role reads them'
);

select * from finish();
rollback;
