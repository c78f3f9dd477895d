-- Replies that stop being true while they are under way, and the corrections of those that arrived.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(37);

\ir ../helpers/personas.psql

create function pg_temp.id(p_number integer) returns uuid language sql immutable as $$
  select ('10000000-0000-4000-8000-00000000000' || p_number)::uuid
$$;
create function pg_temp.report(p_number integer, p_message_id text) returns void language sql as $$
  insert into public.issues (id, title, created_at)
  values (pg_temp.id(p_number), 'Issue ' || p_number, now() - interval '1 day' + p_number * interval '1 hour')
  on conflict do nothing;
  insert into public.circle_issues (message_id, chat_room_uuid, mapped_to_issue_id, posted_at)
  values (p_message_id, 'room-1', pg_temp.id(p_number), now());
$$;
create function pg_temp.fix(p_number integer) returns void language sql as $$
  select private.record_loop_event(pg_temp.id(p_number), 'fixed', now(), null, 'EXAI-1');
  update public.issues set status = 'resolved', resolved_by = 'Fixloop' where id = pg_temp.id(p_number);
$$;
create function pg_temp.reopen(p_number integer) returns void language sql as $$
  update public.issues set status = 'in_progress' where id = pg_temp.id(p_number)
$$;
-- Kind, generation and status of what is told of an issue.
create function pg_temp.told(p_number integer) returns text language sql as $$
  select coalesce(string_agg(concat_ws(' ', d.kind, d.generation, d.status), ', ' order by d.id), '-')
  from public.deliveries as d where d.issue_id = pg_temp.id(p_number)
$$;
create temp table lease (number integer, id bigint, token bigint) on commit drop;
-- The replies of an issue are claimed, in this run of the function.
create function pg_temp.claim(p_number integer) returns integer language sql as $$
  update private.delivery_queue set next_attempt_at = clock_timestamp() - interval '1 second';
  delete from lease where number = p_number;
  insert into lease
  select p_number, c.id, c.fencing_token from public.claim_deliveries('circle', 50, 60) as c
  where c.issue_id = pg_temp.id(p_number);
  select count(*)::integer from lease where number = p_number;
$$;
create function pg_temp.mark(p_number integer) returns boolean language sql as $$
  select bool_and(public.mark_delivery_sent(l.id, l.token) is not null) from lease as l
  where l.number = p_number
$$;
create function pg_temp.arrive(p_number integer) returns void language sql as $$
  select public.finish_delivery(l.id, l.token) from lease as l where l.number = p_number
$$;
create function pg_temp.fail(p_number integer, p_error text) returns text language sql as $$
  select public.fail_delivery(l.id, l.token, p_error, null, 120, false) from lease as l
  where l.number = p_number
$$;
create function pg_temp.tell(p_number integer) returns void language sql as $$
  select pg_temp.claim(p_number);
  select pg_temp.mark(p_number);
  select pg_temp.arrive(p_number);
$$;
create function pg_temp.approve(p_number integer) returns void language sql as $$
  select public.approve_delivery(d.id) from public.deliveries as d
  where d.issue_id = pg_temp.id(p_number) and d.status = 'draft'
$$;
delete from public.deliveries;
update public.loop_settings set reply_mode = 'automatic';

-- Reopened again and again

select pg_temp.report(1, '201500290');
select pg_temp.fix(1);
select pg_temp.tell(1);
select pg_temp.reopen(1);
select is(pg_temp.told(1), 'fixed 1 delivered, reopened 2 draft', 'who was told has a correction');
update public.loop_settings set reply_mode = 'draft';
select pg_temp.fix(1);
select pg_temp.reopen(1);
select is(
  pg_temp.told(1),
  'fixed 1 delivered, reopened 2 cancelled, fixed 2 cancelled, reopened 3 draft',
  'and has one after another fix that did not hold and of which nobody told them'
);
select pg_temp.approve(1);
select pg_temp.tell(1);
select pg_temp.fix(1);
select pg_temp.reopen(1);
select is(
  (select count(*)::integer from public.deliveries where issue_id = pg_temp.id(1) and kind = 'reopened'
   and generation = 4), 0, 'who was told that it is not fixed is not told so again'
);
update public.loop_settings set reply_mode = 'automatic';
select pg_temp.fix(1);
select pg_temp.tell(1);
delete from public.deliveries where issue_id = pg_temp.id(1);
select pg_temp.reopen(1);
select is(
  pg_temp.told(1), 'reopened 5 draft', 'the ledger knows whom to correct longer than deliveries are kept'
);

-- Reopened before the reply is posted

select pg_temp.report(2, '201500291');
select pg_temp.fix(2);
select is(pg_temp.claim(2), 1, 'a reply is about to be sent');
select pg_temp.reopen(2);
select is(pg_temp.mark(2), false, 'whoever asks just before the post is told not to');
select is(pg_temp.told(2), 'fixed 1 cancelled', 'and it has ended, without a correction');
select is(pg_temp.claim(2), 0, 'for good');

-- Reopened after the post

select pg_temp.report(3, '201500292');
select pg_temp.fix(3);
select pg_temp.claim(3);
select is(pg_temp.mark(3), true, 'a reply is posted');
select pg_temp.reopen(3);
select is(pg_temp.told(3), 'fixed 1 pending', 'its issue is reopened');
select is(pg_temp.fail(3, 'not_seen'), 'pending', 'it has not appeared yet');
select private.run_deliveries();
select is(pg_temp.told(3), 'fixed 1 pending', 'so it is not known whether it arrives');
select is(pg_temp.claim(3), 1, 'the next run looks');
select pg_temp.arrive(3);
select is(pg_temp.told(3), 'fixed 1 delivered, reopened 2 draft', 'it has arrived, and is corrected');
select pg_temp.report(4, '201500293');
select pg_temp.fix(4);
select pg_temp.claim(4);
select pg_temp.mark(4);
select pg_temp.reopen(4);
update private.delivery_queue set next_attempt_at = clock_timestamp() - interval '1 second';
select private.run_deliveries();
select is(pg_temp.claim(4), 1, 'a run that was killed after the post is followed by one that looks');
select is(pg_temp.mark(4), false, 'what has not appeared is not posted again');
select is(pg_temp.told(4), 'fixed 1 cancelled', 'then it has ended');
select pg_temp.report(5, '201500294');
select pg_temp.fix(5);
select pg_temp.claim(5);
select pg_temp.mark(5);
select pg_temp.reopen(5);
update public.loop_settings set reply_mode = 'draft';
select pg_temp.fix(5);
select pg_temp.reopen(5);
select pg_temp.arrive(5);
select is(
  pg_temp.told(5), 'fixed 1 delivered, fixed 2 cancelled, reopened 3 draft',
  'one that arrives two generations later is corrected in the current one'
);
update public.loop_settings set reply_mode = 'automatic';
select pg_temp.report(5, '201500295');
select is(
  (select count(*)::integer from public.deliveries where issue_id = pg_temp.id(5) and status = 'draft'), 1,
  'and only who was told'
);

-- A merge that is undone

select pg_temp.report(6, '201500296');
select pg_temp.report(7, '201500297');
create function pg_temp.merge() returns text language sql as $$
  select pg_temp.as_persona('agent', format(
    'select merged_by from public.merge_issues(%L, %L)', pg_temp.id(7), pg_temp.id(6)
  ))
$$;
create function pg_temp.unmerge() returns text language sql as $$
  select pg_temp.as_persona('agent', format('select public.unmerge_issues(%L)', pg_temp.id(7)))
$$;
select pg_temp.merge();
select pg_temp.fix(6);
select is(pg_temp.claim(6), 2, 'an issue answers its reporters and those of a duplicate');
select pg_temp.unmerge();
select ok(
  not exists (
    select from lease as l
    where l.number = 6 and (public.mark_delivery_sent(l.id, l.token) is not null) <> (
      select d.payload -> 'reporters' ? '201500296' from public.deliveries as d where d.id = l.id
    )
  ),
  'who are not told any more once the merge is undone'
);
select is(pg_temp.told(6), 'fixed 1 pending, fixed 1 cancelled', 'the others are');
select is(pg_temp.told(7), '-', 'of the duplicate nobody has been told anything');
select pg_temp.merge();
select is(
  pg_temp.told(6), 'fixed 1 pending, fixed 1 cancelled, fixed 1 pending', 'merged again, they are told again'
);
select is(pg_temp.claim(6), 2, 'and this time');
select is(pg_temp.mark(6), true, 'it is posted');
select pg_temp.unmerge();
select pg_temp.arrive(6);
select is(
  pg_temp.told(7), 'reopened 1 draft', 'before the merge is undone: whose issue is open has a correction'
);
select is(pg_temp.told(6), 'fixed 1 delivered, fixed 1 cancelled, fixed 1 delivered', 'the others have none');

-- A merge into an issue that is resolved

select pg_temp.report(8, '201500298');
select pg_temp.report(9, '201500299');
select pg_temp.fix(8);
select pg_temp.fix(9);
select pg_temp.as_persona('agent', format(
  'select merged_by from public.merge_issues(%L, %L)', pg_temp.id(9), pg_temp.id(8)
));
select pg_temp.claim(9);
select is(pg_temp.mark(9), true, 'what a resolved duplicate has to tell stays true');

-- Another issue

select pg_temp.reopen(8);
select pg_temp.fix(8);
update public.circle_issues set mapped_to_issue_id = pg_temp.id(7) where message_id = '201500298';
select is(
  (select d.status from public.deliveries as d
   where d.generation = 2 and d.payload -> 'reporters' ? '201500298'), 'cancelled',
  'a message that gets another issue is not answered for the first one'
);

-- Approved in the moment in which it is reopened: neither saw the other

insert into support.conversations (id, session_id) values ('0c000000-0000-4000-8000-000000000001', 'first');
insert into support.escalations (id, conversation_id, issue_type, original_request, issue_id) values (
  '0e000000-0000-4000-8000-000000000001', '0c000000-0000-4000-8000-000000000001', 'a', 'A', pg_temp.id(2)
);
insert into public.deliveries (channel, kind, issue_id, generation, dedupe_key, body, payload) values
  ('support', 'fixed', pg_temp.id(2), 1, 'late:1', 'Fixed.', jsonb_build_object(
    'reporters', array['0e000000-0000-4000-8000-000000000001'],
    'conversation_id', '0c000000-0000-4000-8000-000000000001'
  )),
  ('circle', 'fixed', pg_temp.id(2), 1, 'late:2', 'Fixed.', jsonb_build_object(
    'reporters', array['201500291'], 'kind', 'chat'
  ));
select is(public.begin_deliver(), 0, 'support is not told what is not true any more');
select is(
  (select d.status from public.deliveries as d where d.dedupe_key = 'late:1'), 'cancelled', 'it has ended'
);
select pg_temp.claim(2);
select is(pg_temp.mark(2), false, 'neither is Circle');

-- Several at once

select pg_temp.report(0, '201500310');
select pg_temp.fix(0);
select pg_temp.tell(0);
select pg_temp.reopen(0);
select pg_temp.approve(0);
select pg_temp.fix(1);
update private.delivery_queue set next_attempt_at = clock_timestamp() - interval '1 second';
create temp table batch on commit drop as
select c.id, c.fencing_token, c.kind, c.issue_id from public.claim_deliveries('circle', 50, 60) as c;
update public.circle_issues set mapped_to_issue_id = pg_temp.id(7) where message_id = '201500310';
select ok(
  cardinality(public.finish_deliveries(array_agg(b.id), array_agg(b.fencing_token))) > 1
    and bool_or(b.kind = 'reopened' and b.issue_id = pg_temp.id(0)),
  'a correction arrives with other replies'
)
from batch as b;
select is(
  (select count(*)::integer from public.deliveries as d
   where d.issue_id = pg_temp.id(7) and d.payload -> 'reporters' ? '201500310'), 0,
  'which is not corrected by another one'
);

-- Dead letters

insert into public.deliveries (channel, kind, issue_id, generation, dedupe_key, body, payload, status) values
  ('circle', 'fixed', pg_temp.id(2), 2, 'late:3', 'Fixed.', jsonb_build_object(
    'reporters', array['201500291'], 'kind', 'chat'
  ), 'dead');
select is(
  pg_temp.as_persona('admin', 'select public.replay_deliveries()'), '0',
  'what is not true is not sent again either'
);
select is(
  pg_temp.as_persona('agent', format('select (public.cancel_delivery(%s)).status', (
    select d.id from public.deliveries as d where d.dedupe_key = 'late:3'
  ))), 'cancelled', 'and an agent clears it away'
);

select * from finish();
rollback;
