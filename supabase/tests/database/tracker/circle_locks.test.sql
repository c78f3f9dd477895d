-- An import locks each message and reply by the id of its row, before it looks which issues they have.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(8);

\ir ../helpers/personas.psql

create function pg_temp.comment(p_id integer, p_post integer) returns jsonb language sql as $$
  select jsonb_build_object(
    'id', p_id, 'post_id', p_post, 'body', 'Same for me', 'created_at', '2026-03-01T09:00:00Z'
  )
$$;
-- Whether this transaction holds the key of a message or reply.
create function pg_temp.is_locked(p_id text) returns boolean language sql as $$
  select exists (
    select from pg_locks as l
    where l.locktype = 'advisory' and l.granted and l.pid = pg_backend_pid()
      and l.classid = hashtext('public.circle_issues')::bit(32)::bigint::oid
      and l.objid = (hashtext(p_id) & 1023)::oid
  )
$$;

select isnt(hashtext('77') & 1023, hashtext('comment_77') & 1023, 'the two ids have different keys');
select handle_circle_webhook(pg_temp.comment(77, 5));
select is(pg_temp.is_locked('comment_77'), true, 'a comment is locked by the id of its row');
select is(pg_temp.is_locked('post_5'), true, 'and so is its post');
select is(pg_temp.is_locked('77'), false, 'the key of a chat message with the same number is free');

select handle_circle_webhook(jsonb_build_object(
  'id', 8, 'name', 'Export', 'slug', 'export', 'space_id', 5, 'replies',
  jsonb_build_array(pg_temp.comment(78, 8))
));
select is(pg_temp.is_locked('comment_78'), true, 'a comment that comes within its post is locked alike');

select handle_circle_webhook('{"id": 302, "parent_message_id": 301, "chat_room_uuid": "room-1"}');
select is(pg_temp.is_locked('301'), true, 'a message that a reply answers is locked');
select is(pg_temp.is_locked('302'), true, 'and the reply');

select ingest_circle_event(encode(convert_to(pg_temp.comment(79, 9)::text, 'UTF8'), 'base64'));
select is(pg_temp.is_locked('comment_79'), true, 'an event locks what its body is about');

select * from finish();
rollback;
