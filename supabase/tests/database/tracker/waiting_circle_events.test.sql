-- Events that were stored and not worked on are worked on by the clock.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(14);

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

create function pg_temp.receive(p_id text) returns uuid language sql as $$
  select public.receive_circle_event(encode(convert_to(
    pg_temp.single(p_id, 'Text', '{"is_issue": true, "issue_title": "Title", "type": "Auth"}')::text, 'UTF8'
  ), 'base64'))
$$;
create temp table event as select pg_temp.receive('1') as id;
select is(private.process_waiting_circle_events(), 0, 'one that has just come is left to its request');
update private.circle_events set received_at = received_at - interval '31 seconds' where true;
select is(private.process_waiting_circle_events(), 1, 'half a minute later it is worked on');
select results_eq(
  $$ select e.status, e.attempts, c.message_id, i.title
     from private.circle_events as e, public.circle_issues as c
     join public.issues as i on i.id = c.mapped_to_issue_id $$,
  $$ values ('processed', 1, '1', 'Title') $$, 'and imported'
);
select is(private.process_waiting_circle_events(), 0, 'a second run finds nothing');
select is((select attempts from private.circle_events), 1, 'and does nothing');

-- one that always fails

create function pg_temp.refuse() returns trigger language plpgsql as $$
begin
  raise exception using errcode = '55P03', message = 'no lock to be had';
end;
$$;
create trigger _999_refuse before insert on public.circle_issues
  for each row when (new.message_id = '2') execute function pg_temp.refuse();
select pg_temp.receive('2');
update private.circle_events set received_at = received_at - interval '1 hour' where status = 'received';
select is(private.process_waiting_circle_events(), 0, 'one that can''t be worked on is no error');
select results_eq(
  $$ select attempts, error, processed_at from private.circle_events where status = 'received' $$,
  $$ values (1, '55P03: no lock to be had', null::timestamptz) $$, 'it waits, with its reason'
);
select pg_temp.receive('3');
update private.circle_events set received_at = received_at - interval '1 minute' where attempts = 0;
select is(private.process_waiting_circle_events(1), 1, 'it holds up no other');
select is((select status from private.circle_events where attempts = 1 and error is null
  and id <> (select id from event)), 'processed', 'which is imported');
select is(sum(private.process_waiting_circle_events()), 0::bigint, 'nine more attempts')
from generate_series(1, 9);
select results_eq(
  $$ select status, attempts, processed_at is not null from private.circle_events where error is not null $$,
  $$ values ('failed', 10, true) $$, 'and it has failed'
);
select private.process_waiting_circle_events();
select is((select max(attempts) from private.circle_events), 10, 'it is not tried again by itself');
drop trigger _999_refuse on public.circle_issues;
select is(
  process_circle_event((select id from private.circle_events where status = 'failed')) ->> 'status',
  'processed', 'but can be by hand'
);
select is((select error from private.circle_events where attempts = 11), null,
  'with nothing left of the error');

select * from finish();
rollback;
