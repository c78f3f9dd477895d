-- The ledger follows the tracker: reports, triage, resolution and reopening, by anybody and in any order.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(23);

\ir ../helpers/personas.psql
\ir ../helpers/envelopes.psql

create function pg_temp.ledger(p_number integer) returns text language sql as $$
  select string_agg(format('%s %s%s', e.generation, e.hop, coalesce(nullif(' ' || e.reference, ' '), '')),
    ', ' order by e.generation, e.id)
  from public.loop_events as e where e.issue_id = ('10000000-0000-4000-8000-00000000000' || p_number)::uuid
$$;
create function pg_temp.set_status(p_number integer, p_status text, p_persona text default 'agent')
returns text language sql as $$
  select pg_temp.as_persona(p_persona, format(
    'update issues set status = %L where id = ''10000000-0000-4000-8000-00000000000%s'' returning status',
    p_status, p_number
  ))
$$;

-- Reported and triaged

select pg_temp.as_persona('agent', $$ insert into issues (id, title, submitted_by, created_at)
  values ('10000000-0000-4000-8000-000000000001', 'By hand', 'Ana', '2026-01-01') returning id $$);
select is(pg_temp.ledger(1), '1 reported, 1 triaged', 'an issue made by hand is reported by itself');
select results_eq(
  $$ select hop, at, actor from public.loop_events order by id $$,
  $$ values ('reported', '2026-01-01'::timestamptz, 'Ana'),
       ('triaged', '2026-01-01'::timestamptz, 'Agnes Agent') $$,
  'by who submitted it, and triaged by who made it'
);

insert into public.circle_issues (message_id, author_name, posted_at, mapped_to_issue_id) values
  ('101', 'Bob', '2025-12-24 08:00Z', '10000000-0000-4000-8000-000000000001'),
  ('102', 'Eve', null, null);
select is(pg_temp.ledger(1), '1 reported, 1 triaged, 1 reported 101', 'a message inserted with its issue');
update public.circle_issues set mapped_to_issue_id = '10000000-0000-4000-8000-000000000001'
where message_id = '102';
select results_eq(
  $$ select e.reference, e.at, e.actor from public.loop_events as e
     where e.hop = 'reported' and e.reference <> '' order by e.id $$,
  $$ select c.message_id, coalesce(c.posted_at, c.created_at), c.author_name from public.circle_issues as c
     order by c.message_id $$,
  'and one mapped later is another reporter, at the time when they wrote'
);
update public.circle_issues set mapped_to_issue_id = null where message_id = '102';
update public.circle_issues set mapped_to_issue_id = '10000000-0000-4000-8000-000000000001'
where message_id = '102';
select is(
  pg_temp.ledger(1), '1 reported, 1 triaged, 1 reported 101, 1 reported 102',
  'what was mapped once stays in the ledger, once'
);

select public.handle_circle_webhook(pg_temp.single('103', 'It fails', '{"isIssue": true}'));
select results_eq(
  $$ select e.hop, e.reference, e.at = '2026-03-02 09:14:05.12Z' from public.loop_events as e
     join public.circle_issues as c on c.mapped_to_issue_id = e.issue_id
     where c.message_id = '103' order by e.id $$,
  $$ values ('reported', '103', true), ('triaged', '', false) $$,
  'an imported message is its issue''s only reporter'
);

insert into support.conversations (id, session_id) values ('e1000000-0000-4000-8000-000000000001', 's1');
insert into support.escalations (id, conversation_id, issue_type, original_request, created_at) values
  ('e1000000-0000-4000-8000-000000000002', 'e1000000-0000-4000-8000-000000000001', 'billing', 'Help',
    '2026-01-05');
select results_eq(
  $$ with made as (
       select support.escalation_to_issue('e1000000-0000-4000-8000-000000000002') as id
     )
     select 1 from made where id is not null $$,
  $$ values (1) $$, 'an escalation becomes an issue'
);
select results_eq(
  $$ select e.hop, e.at from public.loop_events as e
     join support.escalations as s on s.issue_id = e.issue_id
     where e.hop = 'reported' and e.reference = s.id::text or e.hop = 'reported' and e.reference = '' $$,
  $$ values ('reported', '2026-01-05'::timestamptz) $$, 'and is its only reporter'
);
update support.escalations set issue_id = '10000000-0000-4000-8000-000000000001';
select matches(
  pg_temp.ledger(1), '1 reported e1000000-0000-4000-8000-000000000002$', 'linked to another issue, there too'
);

-- Resolved and reopened

insert into public.issues (id, title, status, resolved_at) values
  ('10000000-0000-4000-8000-000000000002', 'Second', 'waiting_for_help', null),
  ('10000000-0000-4000-8000-000000000003', 'Third', 'resolved', '2026-01-03');
select is(
  pg_temp.ledger(3), '1 reported, 1 triaged, 1 resolved', 'an issue that is resolved from the beginning'
);
select results_eq(
  $$ select pg_temp.set_status(2, s) from unnest(
       array['in_progress', 'resolved', 'archived', 'resolved', 'blocked', 'archived', 'in_progress']
     ) as s $$,
  $$ values ('in_progress'), ('resolved'), ('archived'), ('resolved'), ('blocked'), ('archived'),
       ('in_progress') $$, 'statuses change'
);
select is(
  pg_temp.ledger(2), '1 reported, 1 triaged, 1 resolved, 2 reopened',
  'reopening is leaving what was resolved, also when it was archived; archiving is neither'
);
select pg_temp.set_status(2, 'resolved', 'admin');
select results_eq(
  $$ select generation, actor, at from public.loop_events
     where hop in ('resolved', 'reopened') and issue_id = '10000000-0000-4000-8000-000000000002'
       and generation = 2 and hop = 'resolved' $$,
  $$ select 2, 'Adam Admin', resolved_at from public.issues
     where id = '10000000-0000-4000-8000-000000000002' $$,
  'resolved again in the next generation, by whom and when'
);
select is(
  (select generation from public.loop_issues where issue_id = '10000000-0000-4000-8000-000000000002'), 2,
  'which is the current one'
);
insert into public.circle_issues (message_id, mapped_to_issue_id) values
  ('104', '10000000-0000-4000-8000-000000000002');
select matches(pg_temp.ledger(2), '2 reported 104$', 'a later reporter belongs to the current generation');
update public.issues set status = 'resolved';
update public.issues set status = 'waiting_for_help';
update public.issues set title = title || '!';
select results_eq(
  $$ select l.generation, count(*) from public.loop_issues as l
     join public.loop_events as e using (issue_id, generation)
     where e.hop = 'reopened'
     group by l.generation order by l.generation $$,
  $$ values (2, 4::bigint), (3, 1) $$,
  'many at the same time, each in its own generation'
);

-- Tests

insert into public.issues (id, title, is_test) values
  ('10000000-0000-4000-8000-000000000004', 'A test', true);
insert into public.circle_issues (message_id, mapped_to_issue_id) values
  ('105', '10000000-0000-4000-8000-000000000004');
update public.issues set status = 'resolved' where id = '10000000-0000-4000-8000-000000000004';
select is(pg_temp.ledger(4), null, 'a test issue has no events');
update public.issues set is_test = false where id = '10000000-0000-4000-8000-000000000004';
select is(
  pg_temp.ledger(4), '1 reported 105, 1 triaged, 1 resolved', 'when it is not a test any more it gets them'
);
update public.issues set is_test = true where id = '10000000-0000-4000-8000-000000000004';
update public.issues set status = 'in_progress' where id = '10000000-0000-4000-8000-000000000004';
select matches(pg_temp.ledger(4), 'resolved$', 'one that becomes a test gets no more');
update public.issues set is_test = false where id = '10000000-0000-4000-8000-000000000004';
select matches(pg_temp.ledger(4), '2 reopened$', 'what was reopened meanwhile is found to be');

-- Issues that are older than the loop

update public.issues set status = 'resolved' where id = '10000000-0000-4000-8000-000000000001';
-- the first message is the last one in the table, and in its index
update public.circle_issues set mapped_to_issue_id = null where message_id = '101';
update public.circle_issues set mapped_to_issue_id = '10000000-0000-4000-8000-000000000001'
where message_id = '101';
delete from public.loop_issues;
delete from public.loop_events;
delete from public.deliveries;
select is(
  (select array_agg(private.backfill_loop(2)) from generate_series(1, 5)), '{2,2,2,0,0}',
  'are put into it, some at a time'
);
select is(
  pg_temp.ledger(1),
  '1 reported 101, 1 reported e1000000-0000-4000-8000-000000000002, 1 reported 102, 1 triaged, 1 resolved',
  'with what is known of them, in the order in which it happened'
);

select is(
  (select count(*) from public.deliveries), 0::bigint, 'and nobody is told of what was resolved long ago'
);

select * from finish();
rollback;
