-- The space of a message, found by its chat room.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(19);

\ir ../helpers/personas.psql
\ir ../helpers/envelopes.psql

create function pg_temp.space(p_id text) returns text language sql as $$
  select concat_ws('|', coalesce(space_id, '-'), coalesce(space_name, '-')) from public.circle_issues
  where message_id = p_id
$$;
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
  '[]', 'an unknown room is not an error'
);
select results_eq(
  $$ select space_id, space_name, chat_room_uuid from public.circle_issues where message_id = '3' $$,
  $$ values (null, null, 'elsewhere') $$, 'and stays unknown'
);
select throws_ok(
  $$ insert into public.circle_spaces (space_name, chat_room_uuid) values ('Again', 'room-1') $$,
  '23505', null, 'a room is in one space'
);

-- known later

select handle_circle_webhook(jsonb_build_array(
  pg_temp.single('4', 'a', null, '{"chat_room_uuid": "room-2", "space_name": null}'),
  pg_temp.single('5', 'a', null, '{"chat_room_uuid": "room-2", "space_name": "As sent"}'),
  pg_temp.single('6', 'a', null, '{"chat_room_uuid": "room-2", "space_name": null, "space_id": 7}'),
  pg_temp.single('7', 'a', null, '{"chat_room_uuid": "room-3", "space_name": null}')
));
select is(
  pg_temp.as_persona('admin', $$ insert into circle_spaces (space_name, chat_room_uuid)
    values ('Bugs', 'room-2') returning space_name $$), 'Bugs',
  'an admin names a room, of an id not known yet'
);
select is(pg_temp.space('4'), '-|Bugs', 'the messages that came before get its name');
select is(pg_temp.space('5') || ' ' || pg_temp.space('6'), '-|As sent 7|Bugs',
  'where they have none of their own');
select is(
  pg_temp.as_persona('admin', $$ update circle_spaces set space_id = 880012 where chat_room_uuid = 'room-2'
    returning space_id $$), '880012', 'then its id'
);
select is(
  concat_ws(' ', pg_temp.space('4'), pg_temp.space('5'), pg_temp.space('6'), pg_temp.space('7')),
  '880012|Bugs 880012|As sent 7|Bugs -|-', 'which those that lack it get, and no other room''s'
);
select handle_circle_webhook(pg_temp.single('8', 'a', null,
  '{"chat_room_uuid": "room-2", "space_name": null}'));
select is(pg_temp.space('8'), '880012|Bugs', 'and what comes from now on');
select is(
  pg_temp.as_persona('admin', $$ update circle_spaces set chat_room_uuid = 'room-3'
    where chat_room_uuid = 'room-2' returning 1 $$), '1', 'a room that was mistyped'
);
select is(pg_temp.space('7'), '880012|Bugs', 'fills those of the right one');

-- what a payload says counts more than what was filled in, whichever came first

select handle_circle_webhook(pg_temp.single('1', 'a', null,
  '{"space_name": "Older word", "space_id": 3, "created_at": "2020-01-01T00:00:00Z"}'));
select is(pg_temp.space('1'), '3|Older word', 'an older version too');
select handle_circle_webhook(pg_temp.single('1', 'b', null,
  '{"space_name": null, "edited_at": "2026-05-01T00:00:00Z"}'));
select is(pg_temp.space('1'), '3|Older word', 'and a newer one that says nothing takes nothing away');
select handle_circle_webhook(pg_temp.single('4', 'b', null,
  '{"chat_room_uuid": "room-1", "space_name": null, "edited_at": "2026-05-01T00:00:00Z"}'));
select is(pg_temp.space('4'), '880011|Help chat', 'who moves to another room gets that one''s space');

-- people

select is(
  pg_temp.as_persona(p, $$ insert into circle_spaces (space_name, chat_room_uuid) values ('x', 'x') $$),
  'PT403 team_role_required', p || 's name no rooms'
)
from unnest(array['agent', 'viewer']) as p;
select is(pg_temp.as_persona('viewer', 'select count(*) from circle_spaces'), '2', 'viewers read them');

select * from finish();
rollback;
