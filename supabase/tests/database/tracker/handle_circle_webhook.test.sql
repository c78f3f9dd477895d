-- One object or an array, good and bad together, and who may send it.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(19);

\ir ../helpers/personas.psql
\ir ../helpers/envelopes.psql

create temp table result as
select handle_circle_webhook(jsonb_build_array(
  pg_temp.single('9', 'Nine', '{"is_issue": true, "issue_title": "Nine", "type": "Tool"}'),
  '{"Type": "single", "Parent_Message": {"body": "no id"}}'::jsonb,
  '{"type": "access_groups_added", "data": {"community_member_id": 55512345}}'::jsonb,
  '{"something": "else"}'::jsonb,
  '17'::jsonb,
  '{"Parent_Message": {"message_id": 5}, "Replies": {"a": 1}}'::jsonb,
  '{"Parent_Message": {"message_id": 6}, "Replies": [{"body": "no id"}]}'::jsonb,
  '{"Parent_Message": {"message_id": 7}, "Replies": [3]}'::jsonb,
  '{"Parent_Message": {"message_id": {"a": 1}}}'::jsonb,
  jsonb_build_object('Parent_Message', jsonb_build_object('message_id', repeat('9', 300))),
  pg_temp.single('10', 'Ten', null)
)) as r;
select results_eq(
  $$ select (r ->> 'processed')::int, (r ->> 'hints')::int, (r ->> 'unrecognised')::int from result $$,
  $$ values (5, 1, 2) $$, 'each element is counted as what it is'
);
select results_eq(
  $$ select (e ->> 'index')::int, e ->> 'message_id', e ->> 'action' from result,
    jsonb_array_elements(r -> 'imported') as e $$,
  $$ values (0, '9', 'created'), (5, '5', 'stored'), (6, '6', 'stored'), (7, '7', 'stored'),
    (10, '10', 'stored') $$, 'the good ones are imported, in the order sent'
);
select results_eq(
  $$ select (e ->> 'index')::int, left(e ->> 'message_id', 8), e ->> 'code', e ->> 'message' <> ''
     from result, jsonb_array_elements(r -> 'errors') as e $$,
  $$ values (1, null, 'tracker_message_id_invalid', true), (3, null, 'tracker_element_unsupported', true),
    (4, null, 'tracker_element_unsupported', true), (5, '5', 'tracker_replies_invalid', true),
    (6, '6', 'tracker_reply_id_invalid', true), (7, '7', 'tracker_reply_id_invalid', true),
    (8, null, 'tracker_message_id_invalid', true), (9, '99999999', 'tracker_message_id_invalid', true) $$,
  'the bad ones say which they are and why'
);
select bag_eq(
  $$ select message_id from public.circle_issues $$, $$ values ('9'), ('5'), ('6'), ('7'), ('10') $$,
  'a bad one leaves nothing behind, a bad reply no less than its message'
);
select is(handle_circle_webhook('[]') ->> 'processed', '0', 'an empty array is nothing');
select is(handle_circle_webhook('null') ->> 'unrecognised', '1', 'null is a shape that we don''t know');
select is(handle_circle_webhook(null) ->> 'unrecognised', '1', 'so is a missing argument');
select is(handle_circle_webhook('[[{"type": "x"}]]') ->> 'unrecognised', '1', 'and an array in an array');
select is(handle_circle_webhook('{"type": "x", "data": {}}') ->> 'hints', '1', 'a hint is counted');
select is((select count(*) from public.circle_issues), 5::bigint, 'and imports nothing');

-- process_circle_webhook: all or nothing

select throws_ok(
  $$ select process_circle_webhook('{"type": "x", "data": {}}') $$, 'PT422', 'tracker_payload_invalid',
  'only envelopes can be processed'
);
select throws_ok(
  $$ select process_circle_webhook(null) $$, 'PT422', 'tracker_payload_invalid', 'null is not one'
);
select throws_ok(
  $$ select process_circle_webhook('[{"Parent_Message": {"message_id": 50}}, {"Parent_Message": {}}]') $$,
  'PT422', 'tracker_message_id_invalid', 'one bad envelope of an array is an error'
);
select is_empty($$ select * from public.circle_issues where message_id = '50' $$, 'and none is imported');
select is(
  jsonb_array_length(process_circle_webhook(
    '[{"Parent_Message": {"message_id": 50}}, {"Parent_Message": {"message_id": 51}}]'
  )),
  2, 'an array of good ones gives an array'
);

-- personas

select is(
  pg_temp.as_persona('agent', $$ select process_circle_webhook(
    '{"Parent_Message": {"message_id": 60}, "Issue_Details": {"is_issue": true}}', 'ui',
    'Adam Admin') ->> 'action' $$),
  'created', 'an agent may import'
);
select is(
  (select imported_by from public.issue_import_logs where import_source = 'ui'), 'Agnes Agent',
  'under their own name, whatever they say'
);
select is(
  pg_temp.as_persona('viewer', $$ select handle_circle_webhook('[]') $$), 'PT403 team_role_required',
  'a viewer may not'
);
select matches(
  pg_temp.as_persona('anon', $$ select handle_circle_webhook('[]') $$), '^42501 ',
  'nor anybody without an account'
);

select * from finish();
rollback;
