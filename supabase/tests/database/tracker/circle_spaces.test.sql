-- The space of a message, found by its chat room.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(5);

\ir ../helpers/personas.psql
\ir ../helpers/envelopes.psql

insert into public.circle_spaces (space_id, space_name, chat_room_uuid)
  values (880011, 'Help chat', 'room-1');

select handle_circle_webhook(pg_temp.single('1', 'a', null, '{"space_name": null}'));
select results_eq(
  $$ select space_id, space_name from public.circle_issues where message_id = '1' $$,
  $$ values ('880011', 'Help chat') $$, 'a message that lacks its space gets that of its room'
);
select handle_circle_webhook(pg_temp.single('2', 'a', null, '{"space_name": "As sent", "space_id": 5}'));
select results_eq(
  $$ select space_id, space_name from public.circle_issues where message_id = '2' $$,
  $$ values ('5', 'As sent') $$, 'what a message says itself stays'
);
select is(
  handle_circle_webhook(pg_temp.single('3', 'a', null,
    '{"space_name": null, "chat_room_uuid": "elsewhere"}')) -> 'errors',
  '[]', 'an unknown room is no error'
);
select results_eq(
  $$ select space_id, space_name, chat_room_uuid from public.circle_issues where message_id = '3' $$,
  $$ values (null, null, 'elsewhere') $$, 'and stays unknown'
);
select throws_ok(
  $$ insert into public.circle_spaces (space_name, chat_room_uuid) values ('Again', 'room-1') $$,
  '23505', null, 'a room is in one space'
);

select * from finish();
rollback;
