-- Reporters who cannot be told yet, or were not told: they stay visible, and are told once it is possible.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(36);

\ir ../helpers/personas.psql

create function pg_temp.id(p_number integer) returns uuid language sql immutable as $$
  select ('10000000-0000-4000-8000-00000000000' || p_number)::uuid
$$;
create function pg_temp.replies(p_number integer) returns text language sql as $$
  select string_agg(concat_ws(
    ' ', d.status, d.payload #>> '{reporters,0}', d.payload ->> 'chat_room_uuid'
  ), ', ' order by d.id)
  from public.deliveries as d where d.issue_id = pg_temp.id(p_number)
$$;
create function pg_temp.report(p_number integer, p_message_id text, p_room text, p_space_id text default null)
returns void language sql as $$
  insert into public.issues (id, title) values (pg_temp.id(p_number), 'Issue ' || p_number)
  on conflict do nothing;
  insert into public.circle_issues (message_id, chat_room_uuid, space_id, mapped_to_issue_id, posted_at)
  values (p_message_id, p_room, p_space_id, pg_temp.id(p_number), now());
$$;
-- Resolved by a fix that is known.
create function pg_temp.fix(p_number integer) returns void language sql as $$
  select private.record_loop_event(pg_temp.id(p_number), 'fixed', now(), null, 'EXAI-1');
  update public.issues set status = 'resolved', resolved_by = 'Fixloop' where id = pg_temp.id(p_number);
$$;
create function pg_temp.replay() returns text language sql as $$
  select pg_temp.as_persona('admin', 'select public.replay_deliveries()')
$$;
delete from public.deliveries;
delete from public.circle_spaces;
update public.loop_settings set reply_mode = 'automatic';

-- A chat message whose room is not known

select pg_temp.report(1, '201500290', null);
select pg_temp.fix(1);
select is(pg_temp.replies(1), 'dead 201500290', 'it cannot be answered, which a dead letter shows');
select matches(
  (select d.last_error from public.deliveries as d where d.issue_id = pg_temp.id(1)), 'room',
  'and why'
);
select is(pg_temp.replay(), '0', 'to send it again is of no use yet');
select is(pg_temp.replies(1), 'dead 201500290', 'so it stays what it is');
update public.circle_issues set chat_room_uuid = 'room-1' where message_id = '201500290';
select is(pg_temp.replies(1), 'pending 201500290 room-1', 'once the room is known it is sent');
select results_eq(
  $$ select payload ->> 'kind', payload ->> 'parent_message_id' from public.claim_deliveries('circle') $$,
  $$ values ('chat', '201500290') $$, 'to its thread'
);
update public.loop_settings set reply_mode = 'draft';
select pg_temp.report(2, '201500291', null);
select pg_temp.fix(2);
update public.circle_issues set chat_room_uuid = 'room-1' where message_id = '201500291';
select is(pg_temp.replies(2), 'draft 201500291 room-1', 'where a person decides, it waits for them');
select pg_temp.report(3, '201500292', null);
select pg_temp.fix(3);
alter table public.circle_issues disable trigger user;
update public.circle_issues set chat_room_uuid = 'room-1' where message_id = '201500292';
alter table public.circle_issues enable trigger user;
select is(pg_temp.replay(), '1', 'an admin who sends it again looks for the room too');
select is(pg_temp.replies(3), 'draft 201500292 room-1', 'and does not decide what nobody has approved');
update public.loop_settings set reply_mode = 'automatic';

select pg_temp.report(0, '201500289', null);
select pg_temp.fix(0);
update public.circle_issues set removed_at = now() where message_id = '201500289';
update public.circle_issues set chat_room_uuid = 'room-1' where message_id = '201500289';
select is(pg_temp.replies(0), 'dead 201500289', 'nothing is sent to a message that was removed meanwhile');

-- The room of its space

select pg_temp.report(4, '201500293', null, '880022');
select pg_temp.fix(4);
select is(pg_temp.replies(4), 'dead 201500293', 'a message of a space whose room is not known');
insert into public.circle_spaces (space_id, space_name, chat_room_uuid) values (880022, 'Help', 'room-2');
select is(pg_temp.replies(4), 'pending 201500293 room-2', 'is answered in the one that it gets');
select pg_temp.report(5, '201500294', null, '880022');
select pg_temp.fix(5);
select is(pg_temp.replies(5), 'pending 201500294 room-2', 'as is the next one');
insert into public.circle_spaces (space_id, space_name, chat_room_uuid) values (880022, 'Help', 'room-3');
select pg_temp.report(6, '201500295', null, '880022');
select pg_temp.fix(6);
select is(pg_temp.replies(6), 'dead 201500295', 'of two rooms none is guessed');

-- A room that changes while the reply waits

select pg_temp.report(7, '201500296', 'room-4');
select pg_temp.fix(7);
create temp table claimed on commit drop as select * from public.claim_deliveries('circle');
update public.circle_issues set chat_room_uuid = 'room-5' where message_id = '201500296';
select public.fail_delivery(c.id, c.fencing_token, 'refused') from claimed as c
where c.issue_id = pg_temp.id(7);
select is(pg_temp.replies(7), 'pending 201500296 room-5', 'the next attempt is to where the message is now');

-- An escalation without a conversation

insert into public.issues (id, title) values (pg_temp.id(8), 'Billing');
insert into support.conversations (id, session_id) values ('0c000000-0000-4000-8000-000000000001', 'first');
insert into support.escalations (id, conversation_id, issue_type, original_request, issue_id) values
  ('0e000000-0000-4000-8000-000000000001', null, 'a', 'A', pg_temp.id(8)),
  ('0e000000-0000-4000-8000-000000000002', null, 'a', 'B', pg_temp.id(8)),
  ('0e000000-0000-4000-8000-000000000003', '0c000000-0000-4000-8000-000000000001', 'a', 'C', pg_temp.id(8));
select pg_temp.fix(8);
select results_eq(
  $$ select channel, status, payload -> 'reporters', last_error from public.deliveries
     where issue_id = pg_temp.id(8) order by payload -> 'reporters' $$,
  $$ values
       ('support', 'dead', '["0e000000-0000-4000-8000-000000000001"]'::jsonb,
         'The escalation has no conversation.'),
       ('support', 'dead', '["0e000000-0000-4000-8000-000000000002"]', 'The escalation has no conversation.'),
       ('support', 'pending', '["0e000000-0000-4000-8000-000000000003"]', null) $$,
  'each who wrote from outside a conversation has a dead letter of their own'
);
select is(public.begin_deliver(), 1, 'who has one is told');
select is(
  (select count(*)::integer from public.loop_silent_fixes where issue_id = pg_temp.id(8)), 1,
  'the fix is silent as long as one of its reporters was not told'
);
select is(pg_temp.replay(), '0', 'there is nowhere to send it again');

-- Told by another way

create function pg_temp.act(p_persona text, p_function text, p_reporter text) returns text language sql as $$
  select pg_temp.as_persona(p_persona, format(
    'select (public.%s(%s)).status', p_function, (
      select d.id from public.deliveries as d where d.payload -> 'reporters' ? p_reporter
    )
  ))
$$;
select is(
  pg_temp.act('viewer', f.name, '0e000000-0000-4000-8000-000000000001'), 'PT403 team_role_required',
  'a viewer cannot ' || f.name
)
from (values ('cancel_delivery'), ('confirm_delivery')) as f (name);
select is(
  pg_temp.act('agent', 'confirm_delivery', '0e000000-0000-4000-8000-000000000001'), 'delivered',
  'an agent confirms that they have told them by another way'
);
select is(
  pg_temp.act('agent', 'confirm_delivery', '0e000000-0000-4000-8000-000000000001'), 'delivered', 'or again'
);
select results_eq(
  $$ select e.reference, e.actor, d.reference, d.approved_by from public.loop_events as e
     join public.deliveries as d on d.payload -> 'reporters' ? e.reference
     where e.issue_id = pg_temp.id(8) and e.hop = 'answered' and d.approved_by is not null $$,
  $$ values ('0e000000-0000-4000-8000-000000000001', 'Agnes Agent', 'by hand', 'Agnes Agent') $$,
  'and the ledger knows that they were answered, and by whom'
);
select is(
  pg_temp.act('agent', 'confirm_delivery', '201500290'), 'PT409 loop_delivery_status_conflict',
  'what is being sent is not confirmed'
);
select is(
  pg_temp.act('agent', 'cancel_delivery', '0e000000-0000-4000-8000-000000000002'), 'cancelled',
  'who need not be told is cleared away'
);
select is(
  (select count(*)::integer from public.loop_silent_fixes where issue_id = pg_temp.id(8)), 0,
  'then it is not silent any more'
);

-- What is kept

update public.loop_settings set reply_mode = 'draft';
select pg_temp.report(9, '201500299', 'room-1');
select pg_temp.report(9, '201500300', null);
select pg_temp.fix(9);
insert into public.webhook_endpoints (id, name, url) values
  ('0b000000-0000-4000-8000-000000000001', 'Ours', 'https://example.org');
insert into public.deliveries (channel, kind, endpoint_id, dedupe_key, status) values
  ('webhook', 'event', '0b000000-0000-4000-8000-000000000001', 'event:1', 'dead');
update public.deliveries set created_at = now() - interval '91 days';
select ok(private.prune_deliveries(1) > 0, 'what is older than 90 days is deleted, batch by batch');
do 'begin for i in 1..100 loop exit when private.prune_deliveries(1) = 0; end loop; end';
select is(
  pg_temp.replies(9), 'draft 201500299 room-1, dead 201500300',
  'but whom nobody has told yet stays, behind those that stay as well'
);
select is(
  (select string_agg(distinct d.status, ' ' order by d.status) from public.deliveries as d),
  'dead draft pending', 'with what waits'
);
select is(
  (select count(*)::integer from public.deliveries where kind = 'event'), 0,
  'an event for an endpoint does not'
);
select is(
  (select count(*)::integer from public.loop_silent_fixes where issue_id = pg_temp.id(9)), 1,
  'and the fix stays silent'
);

-- The end of what is not true any more

update public.issues set status = 'in_progress' where id = pg_temp.id(9);
select is(
  pg_temp.replies(9), 'cancelled 201500299 room-1, cancelled 201500300',
  'reopened, nobody has to be told: dead letters end with the drafts'
);
update public.deliveries set created_at = now() - interval '91 days' where issue_id = pg_temp.id(9);
do 'begin for i in 1..100 loop exit when private.prune_deliveries(1) = 0; end loop; end';
select is(pg_temp.replies(9), null, 'so that they are deleted');
update public.circle_issues set mapped_to_issue_id = null where message_id = '201500292';
select is(
  pg_temp.replies(3), 'cancelled 201500292 room-1',
  'as are those of a message that is not the issue''s any more'
);
select pg_temp.report(2, '201500301', null);
select pg_temp.fix(2);
update public.circle_issues set mapped_to_issue_id = null where message_id = '201500301';
select is(
  right(pg_temp.replies(2), 19), 'cancelled 201500301', 'and its dead letter'
);

select * from finish();
rollback;
