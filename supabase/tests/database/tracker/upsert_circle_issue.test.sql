-- upsert_circle_issue in its eleven-argument form.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(13);

\ir ../helpers/personas.psql

select pg_temp.as_persona('agent', $$ select upsert_circle_issue(
  p_message_id := '201', p_thread_id := '900', p_title := 'Title', p_body := 'Body', p_author_name := 'Ana',
  p_author_email := 'ana@example.com', p_space_name := 'Help', p_space_id := '88',
  p_link := 'https://x.example',
  p_is_thread := true, p_raw_data := '{"a": 1}'
) $$);
create temp table before as select * from public.circle_issues;
select results_eq(
  $$ select message_id, thread_id, title, body, author_name, author_email, space_name, space_id, link,
    is_thread,
       raw_data, is_triaged, triage_confidence, mapped_to_issue_id from before $$,
  $$ values ('201', '900', 'Title', 'Body', 'Ana', 'ana@example.com', 'Help', '88', 'https://x.example', true,
       '{"a": 1}'::jsonb, false, 0::float8, null::uuid) $$,
  'a new message is stored, untriaged'
);
select is(
  pg_temp.as_persona('agent', $$ select upsert_circle_issue('201', null, null, null, null, null, null, null,
    null, null, null) $$),
  (select id::text from before), 'the same message id returns the same row'
);
select results_eq('select * from public.circle_issues', 'select * from before',
  'nulls keep the stored values, and updated_at');
select pg_temp.as_persona('service_role', $$ select upsert_circle_issue('201', '', ' ', e'\n', '', ' ', '',
  '', '', null, null) $$);
select results_eq('select * from public.circle_issues', 'select * from before', 'so do blank values');
select pg_temp.as_persona('agent', $$ select upsert_circle_issue(' 201 ', p_title := 'New',
  p_raw_data := '{}') $$);
select results_eq(
  $$ select title, body, raw_data, is_thread, updated_at > (select updated_at from before)
    from public.circle_issues $$,
  $$ values ('New', 'Body', '{}'::jsonb, true, true) $$, 'other values replace the stored ones'
);
update public.circle_issues set is_triaged = true, triage_confidence = 0.7;
select pg_temp.as_persona('agent', $$ select upsert_circle_issue('201', p_body := 'Other') $$);
select results_eq(
  $$ select is_triaged, triage_confidence from public.circle_issues $$, $$ values (true, 0.7::float8) $$,
  'the triage columns stay'
);
select pg_temp.as_persona('agent', $$ select upsert_circle_issue('202', p_body := repeat('word ', 20)) $$);
select results_eq(
  $$ select title, author_name, is_thread, raw_data from public.circle_issues where message_id = '202' $$,
  $$ values (left(repeat('word ', 20), 50) || '...', 'Unknown', false, '{}'::jsonb) $$,
  'without a title, it is the beginning of the body'
);
select is(
  pg_temp.as_persona('agent', $$ select upsert_circle_issue('  ') $$), 'PT422 tracker_message_id_invalid',
  'a blank message id is rejected'
);
select is(
  pg_temp.as_persona('agent', $$ select upsert_circle_issue(repeat('9', 256)) $$),
  'PT422 tracker_message_id_invalid', 'a message id of more than 255 characters is rejected'
);
select is(
  pg_temp.as_persona('viewer', $$ select upsert_circle_issue('203') $$), 'PT403 team_role_required',
  'a viewer may not call it'
);
select is(
  pg_temp.as_persona('agent', $$ update circle_issues set message_id = '999' where message_id = '201'
    returning id $$),
  'PT422 key_change_forbidden', 'message_id can''t be changed'
);

select throws_ok(
  $$ insert into public.circle_issues (message_id) values (repeat('9', 256)) $$, '23514', null,
  'the table limits message_id to 255 characters too'
);
select throws_ok(
  $$ insert into public.circle_issues (message_id, triage_confidence) values ('90', 90) $$, '23514', null,
  'triage_confidence must be between 0 and 1'
);

select * from finish();
rollback;
