-- Which way a conversation goes, who may move it, and what goes with its status.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = support, extensions;
select plan(24);
\ir ../helpers/personas.psql
set local search_path = support, extensions;

insert into support.users (id) values ('00000000-0000-4000-8000-00000000000a');
insert into support.conversations (id, user_id) values
  ('e1000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-00000000000a');

create function pg_temp.go(p_persona text, p_status text) returns text language sql as $$
  select pg_temp.as_persona(p_persona, format(
    'update support.conversations set status = %L where id = %L returning status || '' '' || concat_ws('' '',
      case when assigned_to_user_id is not null then ''assigned'' end,
      case when taken_over_at is not null then ''taken'' end,
      case when closed_at is not null then ''closed'' end)',
    p_status, 'e1000000-0000-4000-8000-000000000001'
  ))
$$;

select is(pg_temp.go('agent', 'waiting_for_human'), 'waiting_for_human ', 'active to waiting_for_human');
select is(pg_temp.go('agent', 'active'), 'active ', 'and back');
select is(pg_temp.go('agent', 'with_human'), 'with_human assigned taken',
  'a person takes over, and is the one who did');
select is(
  (select assigned_to_user_id from support.conversations where id = 'e1000000-0000-4000-8000-000000000001'),
  '00000000-0000-4000-8000-00000000000c'::uuid, 'the caller'
);
select is(pg_temp.go('agent', 'closed'), 'closed assigned taken closed', 'with_human to closed');
select is(pg_temp.go('agent', 'waiting_for_human'), 'PT409 support_conversation_status_conflict',
  'closed to waiting_for_human is not a way');
select is(pg_temp.go('agent', 'with_human'), 'with_human assigned taken', 'a person takes a closed one over');
select is(pg_temp.go('agent', 'active'), 'active ', 'with_human to active: the assistant answers again');
select is(pg_temp.go('service_role', 'with_human'), 'with_human taken', 'a server''s person has no account');
select is(pg_temp.go('service_role', 'active'), 'active ', 'and hands it back');
select is(pg_temp.go('agent', 'lost'), 'PT422 support_conversation_status_invalid', 'an unknown status');
select is(pg_temp.go('agent', null), 'active ', 'null counts as left out');
select is(pg_temp.go('viewer', 'closed'), 'PT403 team_role_required', 'a viewer moves nothing');
select is(pg_temp.go('stranger', 'closed'), 'PT403 team_role_required',
  'the visitor whose conversation it is moves nothing');
select matches(pg_temp.go('anon', 'closed'), '^42501 ', 'nor does anybody without an account');
select is(
  pg_temp.as_persona('agent', $$ update support.conversations set closed_at = now(), taken_over_at = now(),
      assigned_to_user_id = '00000000-0000-4000-8000-00000000000c', session_id = 'mine'
    where id = 'e1000000-0000-4000-8000-000000000001'
    returning (closed_at, taken_over_at, assigned_to_user_id, session_id = 'mine')::text $$),
  '(,,,f)', 'the times, the person and the session are the database''s'
);

-- Messages move it as well

create function pg_temp.say(p_persona text, p_role text, p_content text default 'Hello') returns text
language sql as $$
  select pg_temp.as_persona(p_persona, format(
    'insert into support.messages (conversation_id, role, content) values (%L, %L, %L) returning role',
    'e1000000-0000-4000-8000-000000000001', p_role, p_content
  ))
$$;
create function pg_temp.status() returns text language sql as $$
  select concat_ws(' ', c.status, c.assigned_to_user_id) from support.conversations as c
  where c.id = 'e1000000-0000-4000-8000-000000000001'
$$;

select pg_temp.go('agent', 'closed');
update support.conversations set archived_at = now() where id = 'e1000000-0000-4000-8000-000000000001';
select pg_temp.say('stranger', 'user');
select is(
  (select (status, closed_at, archived_at)::text from support.conversations
   where id = 'e1000000-0000-4000-8000-000000000001'),
  '(active,,)', 'a visitor''s message opens a closed conversation'
);
select pg_temp.say('service_role', 'assistant');
select is(pg_temp.status(), 'active', 'the assistant answers');
select pg_temp.say('agent', 'agent');
select is(pg_temp.status(), 'with_human 00000000-0000-4000-8000-00000000000c',
  'a person''s message takes the conversation over');
select is(pg_temp.say('service_role', 'assistant'), 'PT409 support_speaker_conflict',
  'and the assistant is silent, on a plain insert');
select is(
  (private.insert_assistant_message('e1000000-0000-4000-8000-000000000001', 'Late')).id, null,
  'and in the function that it uses'
);
select is(pg_temp.say('stranger', 'user'), 'user', 'the visitor goes on');
select is(
  (select last_message_at >= (select max(created_at) from support.messages) from support.conversations
   where id = 'e1000000-0000-4000-8000-000000000001'),
  true, 'the newest message has its time on the conversation'
);
select pg_temp.go('agent', 'active');
select isnt(
  (private.insert_assistant_message('e1000000-0000-4000-8000-000000000001', 'Again')).position, null,
  'handed back, the assistant answers again'
);

select * from finish();
rollback;
