-- append_task_message: what it stores, for whom, and what a repeated call does.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(28);
\ir ../helpers/personas.psql
insert into public.tasks (id, user_id, chat_messages) values
  (1, '00000000-0000-4000-8000-00000000000a', '[{"role": "user", "content": "Do it", "timestamp": 1.5}]'),
  (2, '00000000-0000-4000-8000-00000000000b', '[]'),
  (3, '00000000-0000-4000-8000-00000000000a', '[{"content": "later", "timestamp": 99999999999.5}]'),
  (4, '00000000-0000-4000-8000-00000000000a', '["odd", {"timestamp": "odd"}]');

create temp table answer (message jsonb) on commit drop;
insert into answer select pg_temp.as_persona('stranger', $$
  select public.append_task_message(task_id := 1, role := 'assistant', content := 'Done')
$$)::jsonb;
select results_eq(
  $$ select message - 'timestamp' from answer $$,
  $$ values ('{"role": "assistant", "content": "Done"}'::jsonb) $$, 'the owner appends'
);
select ok(
  (select (message ->> 'timestamp')::numeric between extract(epoch from now())
    and extract(epoch from clock_timestamp()) from answer), 'with the time in epoch seconds'
);
select is((select chat_messages -> 0 ->> 'content' from public.tasks where id = 1), 'Do it',
  'after the others');
select is((select chat_messages -> 1 from public.tasks where id = 1), (select message from answer),
  'as it was returned');
select is(
  pg_temp.as_persona('stranger', $$
    select public.append_task_message(3, 'user', 'Now') ->> 'timestamp'
  $$), '99999999999.5', 'a timestamp is never smaller than the last message''s'
);
select ok(
  pg_temp.as_persona('stranger', $$
    select public.append_task_message(4, 'user', 'Now') ->> 'timestamp'
  $$)::numeric > extract(epoch from now()), 'existing values that are not messages are left as they are'
);

-- Again

select is(
  pg_temp.as_persona('stranger', $$ select public.append_task_message(1, 'user', 'Once', 'key-1')
    ->> 'content' $$),
  'Once', 'with a key'
);
select is(
  pg_temp.as_persona('stranger', $$ select public.append_task_message(1, 'user', 'Twice', 'key-1')
    ->> 'content' $$),
  'Once', 'the same key again returns the existing message'
);
select is((select jsonb_array_length(chat_messages) from public.tasks where id = 1), 3,
  'and appends nothing');
select is((select chat_messages -> 2 ->> 'idempotency_key' from public.tasks where id = 1), 'key-1',
  'the key is in the message');

-- Who may, and what

select is(pg_temp.as_persona('stranger', $$ select public.append_task_message(2, 'user', 'Hi') $$),
  'PT404 agents_task_unknown', 'not to somebody else''s task');
select is(pg_temp.as_persona('admin', $$ select public.append_task_message(1, 'user', 'Hi') $$),
  'PT404 agents_task_unknown', 'nor for an admin of the team');
select is(pg_temp.as_persona('stranger', $$ select public.append_task_message(77, 'user', 'Hi') $$),
  'PT404 agents_task_unknown', 'nor to a task that does not exist');
select is(pg_temp.as_persona('service_role', $$
  select public.append_task_message(2, 'system', 'Hi') ->> 'content'
$$), 'Hi', 'a server can');
select is(pg_temp.as_persona('stranger', $$ select public.append_task_message(1, 'tool', 'Hi') $$),
  'PT422 agents_task_message_invalid', 'a role is user, assistant or system');
select is(pg_temp.as_persona('stranger', $$ select public.append_task_message(1, 'user', E' \t\n') $$),
  'PT422 agents_task_message_invalid', 'a message is not blank');
select is(pg_temp.as_persona('stranger', $$ select public.append_task_message(1, 'user', 'Hi', '') $$),
  'PT422 agents_task_message_invalid', 'a key is not empty');
select is(pg_temp.as_persona('stranger', $$ select public.append_task_message(1, null, 'Hi') $$),
  'PT422 agents_task_message_invalid', 'a role is required');

-- Clients can't write values that are not messages

select is(
  pg_temp.as_persona('stranger', format(
    'update public.tasks set chat_messages = %L where id = 1 returning 1', m)),
  'PT422 agents_task_value_invalid', 'an update to ' || m
) from unnest(array[
  '[null]', '[{"role": "user"}, 5]', '["text"]', '[[{"role": "user"}]]', '[true, {}]'
]) as m;
select is(
  pg_temp.as_persona('stranger', $$ insert into public.tasks (chat_messages) values ('[null, 5]')
    returning 1 $$),
  'PT422 agents_task_value_invalid', 'nor an insert'
);
select is(
  pg_temp.as_persona('service_role', $$ update public.tasks set chat_messages = '[5]' where id = 1
    returning 1 $$),
  'PT422 agents_task_value_invalid', 'nor one by a server'
);
select is(
  pg_temp.as_persona('stranger', format('update public.tasks set chat_messages = %L where id = 1
    returning jsonb_array_length(chat_messages)', m)),
  jsonb_array_length(m::jsonb)::text, 'objects may be anything: ' || m
) from unnest(array['[]', '[{}]', '[{"role": "user", "content": [null, 5]}, {"timestamp": "odd"}]']) as m;

select * from finish();
rollback;
