-- Test data goes after its time, and nothing else goes.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(10);

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

insert into public.issues (title, is_test, created_at) values
  ('Old test', true, now() - interval '8 days'), ('New test', true, now() - interval '6 days'),
  ('Old issue', false, now() - interval '800 days');
insert into public.comments (issue_id, body) select id, 'x' from public.issues where title = 'Old test';
insert into public.circle_issues (message_id, mapped_to_issue_id) select '1', id from public.issues
  where title = 'Old test';

select is(pg_temp.as_persona('agent', 'select cleanup_legacy_test_data()'), 'PT403 team_role_required',
  'an agent deletes nothing');
select is(pg_temp.as_persona('admin', 'select cleanup_legacy_test_data()'), '1',
  'an admin cleans up what is older than 7 days');
select bag_eq(
  $$ select title from public.issues $$, $$ values ('New test'), ('Old issue') $$,
  'test data only, and only the old'
);
select is((select count(*) from public.comments), 0::bigint, 'comments go along');
select is((select mapped_to_issue_id from public.circle_issues), null, 'messages stay');
select is(pg_temp.as_persona('service_role', 'select cleanup_legacy_test_data(days_old := 3)'), '1',
  'the age can be given');
select is(cleanup_legacy_test_data(2147483647), 0, 'any age');
select throws_ok('select cleanup_legacy_test_data(-1)', 'PT422', 'days_old_invalid', 'but no negative one');
select throws_ok('select cleanup_legacy_test_data(-2147483648)', 'PT422', 'days_old_invalid',
  'not even the lowest');
select throws_ok('select cleanup_legacy_test_data(null)', 'PT422', 'days_old_invalid', 'nor none');

select * from finish();
rollback;
