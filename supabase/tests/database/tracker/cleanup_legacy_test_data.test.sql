-- cleanup_legacy_test_data deletes old test issues and nothing else.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(10);

\ir ../helpers/personas.psql
\ir ../helpers/envelopes.psql

insert into public.issues (title, is_test, created_at) values
  ('Old test', true, now() - interval '8 days'), ('New test', true, now() - interval '6 days'),
  ('Old issue', false, now() - interval '800 days');
insert into public.comments (issue_id, body) select id, 'x' from public.issues where title = 'Old test';
insert into public.circle_issues (message_id, mapped_to_issue_id) select '1', id from public.issues
  where title = 'Old test';

select is(pg_temp.as_persona('agent', 'select cleanup_legacy_test_data()'), 'PT403 team_role_required',
  'an agent may not call it');
select is(pg_temp.as_persona('admin', 'select cleanup_legacy_test_data()'), '1',
  'an admin deletes test issues older than 7 days');
select bag_eq(
  $$ select title from public.issues $$, $$ values ('New test'), ('Old issue') $$,
  'newer test issues and real issues stay'
);
select is((select count(*) from public.comments), 0::bigint, 'their comments are deleted');
select is((select mapped_to_issue_id from public.circle_issues), null, 'their messages stay');
select is(pg_temp.as_persona('service_role', 'select cleanup_legacy_test_data(days_old := 3)'), '1',
  'days_old sets the age');
select is(cleanup_legacy_test_data(2147483647), 0, 'also a very large one');
select throws_ok('select cleanup_legacy_test_data(-1)', 'PT422', 'tracker_days_old_invalid',
  'a negative age is rejected');
select throws_ok('select cleanup_legacy_test_data(-2147483648)', 'PT422', 'tracker_days_old_invalid',
  'so is the lowest integer');
select throws_ok('select cleanup_legacy_test_data(null)', 'PT422', 'tracker_days_old_invalid', 'so is null');

select * from finish();
rollback;
