-- Escalations that wait: by low confidence, raised again, forgotten, and returned when their person leaves.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(34);
\ir ../helpers/personas.psql
\ir ../helpers/support.psql

-- Low confidence, twice in succession.

update support.settings set answer_confidence = 0.5, unsure_answers_count = 2, escalation_due_minutes = 30;
select is(
  private.escalate_low_confidence(pg_temp.one()), null,
  'an answer without a confidence counts nothing'
);
select isnt(
  private.insert_assistant_message(pg_temp.one(), 'No idea', null, 0.2), null,
  'the assistant is unsure'
);
select is(private.escalate_low_confidence(pg_temp.one()), null, 'once is not enough');
select isnt(private.insert_assistant_message(pg_temp.one(), 'Got it', null, 0.8), null, 'it is sure');
select isnt(
  private.insert_assistant_message(pg_temp.one(), 'No idea', null, 0.49), null,
  'it is unsure again'
);
select is(private.escalate_low_confidence(pg_temp.one()), null, 'not in succession');
select isnt(private.insert_assistant_message(pg_temp.one(), 'No idea', null, 0), null, 'and again');
select is(
  private.escalate_low_confidence(pg_temp.one()), pg_temp.open_escalation(pg_temp.one()),
  'twice in succession escalates'
);
select is(
  (select e.reason || ': ' || e.original_request from support.escalations as e
   where e.conversation_id = pg_temp.one()),
  'low_confidence: Yes, a person please', 'with what the visitor asked last'
);
select is(private.escalate_low_confidence(pg_temp.one()), null, 'called again it does nothing');
select is(
  (select string_agg(m.source ->> 'event', ' ') from support.messages as m
   where m.conversation_id = pg_temp.one() and m.role = 'system'),
  'human_requested', 'the visitor reads once that a person was asked'
);
update support.escalations set status = 'resolved' where conversation_id = pg_temp.one();
update support.escalations set resolved_at = now() + interval '1 second'
where conversation_id = pg_temp.one();
select is(
  private.escalate_low_confidence(pg_temp.one()), null,
  'answers from before a person resolved it do not count'
);

-- Raised again.

insert into support.escalations (id, conversation_id, issue_type, original_request, created_at) values
  ('d0000000-0000-4000-8000-000000000002', pg_temp.two(), 'billing', 'Where?', now() - interval '31 minutes'),
  ('d0000000-0000-4000-8000-000000000003', null, 'mail', 'Old', now() - interval '29 minutes');
update support.escalations set status = 'notified' where id = 'd0000000-0000-4000-8000-000000000002';
update support.escalations set notified_at = now() - interval '31 minutes'
where id = 'd0000000-0000-4000-8000-000000000002';
select results_eq(
  $$ select f.id, f.raised_count, f.age from support.forgotten_escalations as f $$,
  $$ values ('d0000000-0000-4000-8000-000000000002'::uuid, 0, interval '31 minutes') $$,
  'one that nobody has taken for too long is forgotten'
);
select is(private.raise_waiting_escalations(), 1, 'and raised again');
select results_eq(
  $$ select e.status::text, e.raised_count, e.notified_count from support.escalations as e
     where e.id = 'd0000000-0000-4000-8000-000000000002' $$,
  $$ values ('pending', 1, 1) $$, 'it is pending, and counted'
);
select is(private.raise_waiting_escalations(), 0, 'only once in that time');
select results_eq(
  $$ select o.issue_type::text from support.open_escalations as o $$, $$ values ('billing'), ('mail') $$,
  'it is at the head of the list'
);
select is(
  pg_temp.as_persona('agent', $$select format('%s %s', status, notified_count)
    from support.notify_escalation('d0000000-0000-4000-8000-000000000002')$$),
  'notified 2', 'and the team is told again'
);
select is(
  pg_temp.as_persona('viewer', $$select support.notify_escalation('d0000000-0000-4000-8000-000000000002')$$),
  'PT403 team_role_required', 'not by a viewer'
);

-- What is unanswered is forgotten too.

select is(
  pg_temp.as_persona(
    'agent', $$select status from support.take_escalation('d0000000-0000-4000-8000-000000000002')$$
  ),
  'in_progress', 'an agent takes it'
);
select results_eq(
  $$ select f.assigned_to, f.age from support.forgotten_escalations as f $$,
  $$ values ('Agnes Agent', interval '31 minutes') $$, 'it is forgotten until the agent answers'
);
select is(
  pg_temp.as_persona('agent',
    $$select role from support.answer_escalation('d0000000-0000-4000-8000-000000000002', 'Here it is')$$),
  'agent', 'the agent answers'
);
select is_empty($$ select from support.forgotten_escalations $$, 'nothing is forgotten');
insert into support.messages (conversation_id, role, content, created_at) values
  (pg_temp.two(), 'user', 'And the other one?', now() - interval '40 minutes'),
  (pg_temp.two(), 'user', 'Hello?', now() - interval '35 minutes');
select results_eq(
  $$ select f.age from support.forgotten_escalations as f $$, $$ values (interval '40 minutes') $$,
  'what the visitor wrote since counts from its first message'
);
select is(private.raise_waiting_escalations(), 0, 'what is taken is not raised');

-- Who loses the role.

select is(
  pg_temp.as_persona('admin', $$update public.team_members set role = 'viewer'
    where user_id = '00000000-0000-4000-8000-00000000000c' returning role$$),
  'viewer', 'the agent becomes a viewer'
);
select is(
  pg_temp.state_of(pg_temp.two()), 'waiting_for_human - / pending -',
  'what they had taken waits again'
);
update public.team_members set role = 'agent' where user_id = '00000000-0000-4000-8000-00000000000c';

select is(
  pg_temp.as_persona(
    'second', $$select status from support.take_escalation('d0000000-0000-4000-8000-000000000002')$$
  ),
  'in_progress', 'somebody else takes it'
);
update auth.users set banned_until = now() + interval '1 hour' where email = 'second@example.com';
select is(
  pg_temp.state_of(pg_temp.two()), 'waiting_for_human - / pending -',
  'who is banned has it no longer'
);
update auth.users set banned_until = null where email = 'second@example.com';

select is(
  pg_temp.as_persona(
    'second', $$select status from support.take_escalation('d0000000-0000-4000-8000-000000000002')$$
  ),
  'in_progress', 'takes it again'
);
delete from auth.users where email = 'second@example.com';
select is(pg_temp.state_of(pg_temp.two()), 'waiting_for_human - / pending -', 'and is deleted');

-- A role that ended while no trigger fired.
select is(
  pg_temp.as_persona(
    'agent', $$select status from support.take_escalation('d0000000-0000-4000-8000-000000000002')$$
  ),
  'in_progress', 'the agent takes it'
);
alter table public.team_members disable trigger user;
update public.team_members set role = 'viewer' where user_id = '00000000-0000-4000-8000-00000000000c';
alter table public.team_members enable trigger user;
select is(
  pg_temp.as_persona('admin', $$select right(assigned_to_user_id::text, 1)
    from support.take_escalation('d0000000-0000-4000-8000-000000000002')$$),
  'd', 'what somebody holds whose role has ended is taken at once'
);
select is(private.release_lost_escalations(), 0, 'and the job finds nothing left');

select * from finish();
rollback;
