-- One object or an array, good and bad together, and who may send it.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(19);

-- The tests' own data only, until the rollback.
delete from public.issues;
delete from public.circle_issues;
delete from public.circle_spaces;
delete from public.tags;
delete from public.user_sessions;
delete from public.team_members;
delete from private.circle_events;

insert into auth.users (id, email) values
  ('00000000-0000-4000-8000-00000000000a', 'stranger@example.com'),
  ('00000000-0000-4000-8000-00000000000b', 'viewer@example.com'),
  ('00000000-0000-4000-8000-00000000000c', 'agent@example.com'),
  ('00000000-0000-4000-8000-00000000000d', 'admin@example.com'),
  ('00000000-0000-4000-8000-00000000000e', 'second@example.com');
insert into public.team_members (user_id, role, display_name) values
  ('00000000-0000-4000-8000-00000000000b', 'viewer', 'Vera Viewer'),
  ('00000000-0000-4000-8000-00000000000c', 'agent', 'Agnes Agent'),
  ('00000000-0000-4000-8000-00000000000d', 'admin', 'Adam Admin'),
  ('00000000-0000-4000-8000-00000000000e', 'agent', null);

-- Runs a statement as the API would for this person: its first value, or its SQLSTATE and message.
create function pg_temp.as_persona(p_persona text, p_statement text) returns text language plpgsql as $$
declare
  v_id constant text := case p_persona
    when 'stranger' then '00000000-0000-4000-8000-00000000000a'
    when 'viewer' then '00000000-0000-4000-8000-00000000000b'
    when 'agent' then '00000000-0000-4000-8000-00000000000c'
    when 'admin' then '00000000-0000-4000-8000-00000000000d'
    when 'second' then '00000000-0000-4000-8000-00000000000e'
  end;
  v_role constant text := case when v_id is null then p_persona else 'authenticated' end;
  v_value text;
begin
  perform set_config('request.jwt.claims', json_build_object('role', v_role, 'sub', v_id)::text, true);
  perform set_config('role', v_role, true);
  execute p_statement into v_value;
  perform set_config('role', 'none', true);
  perform set_config('request.jwt.claims', '', true);
  return v_value;
exception
  -- what else goes wrong is no answer that a test expects, and ends it
  when insufficient_privilege or integrity_constraint_violation or sqlstate 'PT401' or sqlstate 'PT403'
    or sqlstate 'PT404' or sqlstate 'PT409' or sqlstate 'PT422' then
    return sqlstate || ' ' || sqlerrm;
end;
$$;

-- Envelopes as n8n sends them, with invented values.
create function pg_temp.single(p_id text, p_body text, p_details jsonb,
  p_more jsonb default '{}') returns jsonb
language sql as $$
  select jsonb_strip_nulls(jsonb_build_object(
    'Type', 'single',
    'Parent_Message', jsonb_build_object(
      'chat_thread_id', p_id::bigint, 'message_id', p_id::bigint, 'parent_id', null, 'chat_room_uuid',
      'room-1',
      'space_name', 'Help chat', 'sender', 'Ana Ruiz', 'created_at', '2026-03-02T09:14:05.120Z', 'edited_at',
      null,
      'body', p_body, 'attachments', '[]'::jsonb, 'message_url',
      'https://club.example.org/c/help-chat/#message_' || p_id,
      'has_replies', false, 'replies_count', 0
    ) || p_more,
    'Replies', '[]'::jsonb, 'Issue_Details', p_details
  ))
$$;
create function pg_temp.thread(p_id text, p_body text, p_details jsonb, p_replies jsonb,
  p_more jsonb default '{}')
returns jsonb language sql as $$
  select jsonb_strip_nulls(jsonb_build_object(
    'Type', 'thread',
    'Parent_Message', jsonb_build_object(
      'chat_thread_id', 1000990001, 'message_id', p_id::bigint, 'parent_id', null, 'chat_room_uuid', 'room-1',
      'space_name', 'Help chat', 'parent_sender', 'Ana Ruiz', 'created_at', '2026-03-02T09:14:05.120Z',
      'edited_at', null, 'parent_body', p_body, 'parent_attachments', '[]'::jsonb,
      'message_url', 'https://club.example.org/c/help-chat/#message_' || p_id, 'has_replies', true,
      'replies_count', 1
    ) || p_more,
    'Replies', p_replies, 'Issue_Details', p_details
  ))
$$;
create function pg_temp.reply(p_index integer, p_id text, p_author text, p_body text,
  p_more jsonb default '{}')
returns jsonb language sql as $$
  select jsonb_build_object(
    'reply_index', p_index, 'chat_thread_id', 1000990001, 'message_id', p_id::bigint, 'parent_id', 201500290,
    'chat_room_uuid', 'room-1', 'replier ' || p_index, p_author, 'created_at', '2026-03-02T09:20:44.001Z',
    'edited_at', null, 'body', p_body, 'attachments', '[]'::jsonb,
    'message_url', 'https://club.example.org/c/help-chat/?message_id=' || p_id
  ) || p_more
$$;

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
  $$ values (2, 1, 2) $$, 'each element is counted as what it is'
);
select results_eq(
  $$ select (e ->> 'index')::int, e ->> 'message_id', e ->> 'action' from result,
    jsonb_array_elements(r -> 'imported') as e $$,
  $$ values (0, '9', 'created'), (10, '10', 'stored') $$, 'the good ones are imported, in the order sent'
);
select results_eq(
  $$ select (e ->> 'index')::int, left(e ->> 'message_id', 8), e ->> 'code', e ->> 'message' <> ''
     from result, jsonb_array_elements(r -> 'errors') as e $$,
  $$ values (1, null, 'circle_message_id_invalid', true), (5, '5', 'circle_replies_invalid', true),
    (6, '6', 'circle_reply_id_invalid', true), (7, '7', 'circle_reply_id_invalid', true),
    (8, '{"a": 1}', 'circle_message_id_invalid', true), (9, '99999999', 'circle_message_id_invalid', true) $$,
  'the bad ones say which they are and why'
);
select bag_eq(
  $$ select message_id from public.circle_issues $$, $$ values ('9'), ('10') $$,
  'a bad one leaves nothing behind'
);
select is(handle_circle_webhook('[]') ->> 'processed', '0', 'an empty array is nothing');
select is(handle_circle_webhook('null') ->> 'unrecognised', '1', 'null is a shape that we don''t know');
select is(handle_circle_webhook(null) ->> 'unrecognised', '1', 'so is no argument');
select is(handle_circle_webhook('[[{"type": "x", "data": {}}]]') ->> 'unrecognised', '1',
  'and an array in an array');
select is(handle_circle_webhook('{"type": "x", "data": {}}') ->> 'hints', '1', 'a hint is counted');
select is((select count(*) from public.circle_issues), 2::bigint, 'and imports nothing');

-- process_circle_webhook: all or nothing

select throws_ok(
  $$ select process_circle_webhook('{"type": "x", "data": {}}') $$, 'PT422', 'circle_payload_unrecognised',
  'only envelopes can be processed'
);
select throws_ok(
  $$ select process_circle_webhook(null) $$, 'PT422', 'circle_payload_unrecognised', 'null is none'
);
select throws_ok(
  $$ select process_circle_webhook('[{"Parent_Message": {"message_id": 50}}, {"Parent_Message": {}}]') $$,
  'PT422', 'circle_message_id_invalid', 'one bad envelope of an array is an error'
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
