-- An import never overwrites what a team member changed.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(8);

\ir ../helpers/personas.psql
\ir ../helpers/envelopes.psql

select handle_circle_webhook(pg_temp.single('1', 'Text',
  '{"is_issue": true, "issue_title": "Title", "type": "Auth"}'));
select pg_temp.as_persona('agent', $$ update issues set title = 'Better title' where title = 'Title'
  returning id $$);
select handle_circle_webhook(pg_temp.single('1', 'Text, edited',
  '{"is_issue": true, "issue_title": "Title 2", "type": "Code"}',
  '{"edited_at": "2026-03-03T00:00:00Z"}'));
select results_eq(
  $$ select title, segment, tags, description ~ '^Text, edited' from public.issues $$,
  $$ values ('Better title', 'code', '{circle,code}'::text[], true) $$,
  'the edited title stays; segment, its tag and the description, which nobody edited, are updated'
);
select is((select title from public.circle_issues), 'Title 2', 'the message itself is updated');
select pg_temp.as_persona('agent', $$ update issues set segment = 'misc', description = 'In short: it loops',
  status = 'in_progress', assigned_to = 'Kim', tags = '{mine}' where title = 'Better title' returning id $$);
select handle_circle_webhook(pg_temp.single('1', 'Text, again',
  '{"is_issue": true, "issue_title": "Title 3", "type": "Tool"}',
  '{"edited_at": "2026-03-04T00:00:00Z"}'));
select results_eq(
  $$ select title, segment, tags, description, status, assigned_to from public.issues $$,
  $$ values ('Better title', 'misc', '{mine}'::text[], 'In short: it loops', 'in_progress', 'Kim') $$,
  'values set by a person stay'
);
select is(
  (select count(*) from public.issue_status_logs where new_status = 'waiting_for_help'), 1::bigint,
  'an import does not reopen the issue or log a change of status'
);
select is(
  process_circle_webhook(pg_temp.single('1', 'Text', '{"is_issue": false}')) ->> 'issue_id',
  (select id::text from public.issues), 'a later verdict that it is not an issue keeps the existing issue'
);

-- merged: two messages, one issue

select handle_circle_webhook(pg_temp.single('2', 'Other',
  '{"is_issue": true, "issue_title": "Other", "type": "Auth"}'));
update public.circle_issues set mapped_to_issue_id = (select id from public.issues
  where title = 'Better title');
delete from public.issues where title = 'Other';
select handle_circle_webhook(pg_temp.single('2', 'Other',
  '{"is_issue": true, "issue_title": "Other 2", "type": "Auth"}'));
select results_eq(
  $$ select title, description from public.issues $$, $$ values ('Better title', 'In short: it loops') $$,
  'a merged message does not overwrite the issue that it was merged into'
);

-- deleted

delete from public.issues;
select is(
  process_circle_webhook(pg_temp.single('1', 'Text',
    '{"is_issue": true, "issue_title": "Title", "type": "Auth"}')) ->> 'action',
  'stored', 'the next import does not create a deleted issue again'
);
select is_empty($$ select * from public.issues $$, 'there is no issue');

select * from finish();
rollback;
