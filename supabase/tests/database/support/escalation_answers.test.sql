-- Answers of a person, one speaker, and issues of the tracker made from escalations.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(34);
\ir ../helpers/personas.psql
\ir ../helpers/support.psql

insert into support.escalations (id, conversation_id, issue_type, original_request) values
  ('d0000000-0000-4000-8000-000000000001', pg_temp.one(), 'export', E'My export is empty\nsince Monday'),
  ('d0000000-0000-4000-8000-000000000003', null, 'mail', 'By mail');

-- Answers.

select is(
  pg_temp.as_persona(
    'viewer', $$select support.answer_escalation('d0000000-0000-4000-8000-000000000001', 'No')$$
  ),
  'PT403 team_role_required', 'a viewer answers nobody'
);
select is(
  pg_temp.as_persona(
    'stranger', $$select support.answer_escalation('d0000000-0000-4000-8000-000000000001', 'No')$$
  ),
  'PT403 team_role_required', 'nor does the visitor'
);
select matches(
  pg_temp.as_persona(
    'anon', $$select support.answer_escalation('d0000000-0000-4000-8000-000000000001', 'No')$$
  ),
  '^42501', 'nor anybody without an account'
);
select is(
  pg_temp.as_persona(
    'agent', $$select support.answer_escalation('d0000000-0000-4000-8000-000000000001', E' \n')$$
  ),
  'PT422 support_message_invalid', 'a blank answer is refused'
);
select is(
  pg_temp.as_persona('agent', format(
    'select support.answer_escalation(%L, %L)', 'd0000000-0000-4000-8000-000000000001', repeat('ä', 32769)
  )),
  'PT413 support_message_too_large', 'and so is one of more than 64 kB'
);
select is(
  pg_temp.as_persona(
    'agent', $$select support.answer_escalation('d0000000-0000-4000-8000-00000000000f', 'No')$$
  ),
  'PT404 support_escalation_unknown', 'an escalation that does not exist is named'
);
select is(
  pg_temp.as_persona('agent', $$select format('%s %s %s', role, content, right(author_user_id::text, 1))
    from support.answer_escalation('d0000000-0000-4000-8000-000000000001', 'I look at it', 'key-1')$$),
  'agent I look at it c', 'an agent answers'
);
select is(pg_temp.state_of(pg_temp.one()), 'with_human c / in_progress c', 'and has taken it');
select is(
  pg_temp.as_persona('agent', $$select content
    from support.answer_escalation('d0000000-0000-4000-8000-000000000001', 'Another text', 'key-1')$$),
  'I look at it', 'a repeated call returns the first message'
);
select is(
  (select count(*) from support.messages as m where m.conversation_id = pg_temp.one() and m.role = 'agent'),
  1::bigint, 'and adds none'
);
select is(
  pg_temp.as_persona(
    'second', $$select support.answer_escalation('d0000000-0000-4000-8000-000000000001', 'Me')$$
  ),
  'PT409 support_escalation_conflict', 'nobody else answers'
);
select is(
  pg_temp.as_persona('second',
    $$select support.answer_escalation('d0000000-0000-4000-8000-000000000001', 'Me', 'key-1')$$),
  'PT409 support_message_conflict', 'not with the key of another''s message either'
);
select is(
  pg_temp.as_persona('service_role',
    $$select support.answer_escalation('d0000000-0000-4000-8000-000000000003', 'No conversation')$$),
  'PT409 support_escalation_status_conflict', 'without a conversation there is nobody to write to'
);

-- One speaker.

select is(
  (private.insert_assistant_message(pg_temp.one(), 'I know')).id, null,
  'the assistant is silent while a person has the conversation'
);
select is(
  pg_temp.as_persona('service_role', format(
    $$insert into support.messages (conversation_id, role, content) values (%L, 'assistant', 'I know')$$,
    pg_temp.one()
  )),
  'PT409 support_speaker_conflict', 'a server does not speak for it either'
);
select is(
  pg_temp.as_persona('stranger', format(
    $$insert into support.messages (conversation_id, role, content) values (%L, 'user', 'Thanks')
      returning role$$, pg_temp.one()
  )),
  'user', 'the visitor writes on'
);
select is(pg_temp.state_of(pg_temp.one()), 'with_human c / in_progress c', 'which changes nothing');

-- An issue of it.

select is(
  pg_temp.as_persona(
    'viewer', $$select support.escalation_to_issue('d0000000-0000-4000-8000-000000000001')$$
  ),
  'PT403 team_role_required', 'a viewer makes no issue'
);
select is(
  pg_temp.as_persona('agent', $$select (support.escalation_to_issue('d0000000-0000-4000-8000-000000000001')
    = (select issue_id from support.escalations where id = 'd0000000-0000-4000-8000-000000000001'))$$),
  null, 'the snapshot of the statement is from before the issue'
);
select results_eq(
  $$ select i.title, i.description, i.submitted_by, right(i.submitted_by_user_id::text, 1), i.status,
       e.is_issue_created
     from public.issues as i join support.escalations as e on e.issue_id = i.id $$,
  $$ values ('My export is empty', E'My export is empty\nsince Monday', 'Support visitor', 'c',
       'waiting_for_help', true) $$,
  'the issue has what was asked, and not who asked'
);
select is(
  pg_temp.as_persona('second', $$select support.escalation_to_issue('d0000000-0000-4000-8000-000000000001')
    = (select id from public.issues)$$),
  'true', 'called again, it is the same'
);
select is((select count(*) from public.issues), 1::bigint, 'and the only one');
select results_eq(
  $$ select v.issue_id, v.title, v.escalation_id, v.conversation_id, v.escalation_status::text
     from public.issue_escalations as v $$,
  $$ select i.id, i.title, 'd0000000-0000-4000-8000-000000000001'::uuid, pg_temp.one(), 'in_progress'
     from public.issues as i $$,
  'the link is seen from the issue'
);
insert into public.issues (id, title) values ('10000000-0000-4000-8000-000000000009', 'Exports are empty');
select is(
  pg_temp.as_persona('agent', $$select support.escalation_to_issue(
    'd0000000-0000-4000-8000-000000000001', '10000000-0000-4000-8000-000000000009')$$),
  'PT409 support_escalation_issue_conflict', 'another issue needs the link removed'
);
select is(
  pg_temp.as_persona('agent', $$select coalesce(issue_id::text, 'none') || is_issue_created
    from support.unlink_escalation_issue('d0000000-0000-4000-8000-000000000001')$$),
  'nonefalse', 'the link is removed'
);
select is(
  pg_temp.as_persona('agent', $$select support.escalation_to_issue(
    'd0000000-0000-4000-8000-000000000001', '10000000-0000-4000-8000-000000000009')$$),
  '10000000-0000-4000-8000-000000000009', 'and the existing issue linked'
);
select is(
  pg_temp.as_persona('agent', $$select support.escalation_to_issue(
    'd0000000-0000-4000-8000-000000000003', '10000000-0000-4000-8000-00000000000f')$$),
  'PT404 tracker_issue_unknown', 'an issue that does not exist is named'
);
select is(
  pg_temp.as_persona('agent', $$select support.escalation_to_issue(
    'd0000000-0000-4000-8000-000000000003', null, 'A title', 'nonsense')$$),
  'PT422 tracker_segment_invalid', 'the tracker''s rules hold'
);
select isnt(
  pg_temp.as_persona('agent', $$select support.escalation_to_issue(
    'd0000000-0000-4000-8000-000000000003', null, 'A title', 'tool')$$),
  null, 'title and segment are what was given'
);
select results_eq(
  $$ select i.title, i.segment, i.description from public.issues as i
     join support.escalations as e on e.issue_id = i.id and e.issue_type = 'mail' $$,
  $$ values ('A title', 'tool', 'By mail') $$, 'in the tracker'
);
select is(
  pg_temp.as_persona('agent', $$update support.escalations set issue_id = null
    where issue_type = 'mail' returning issue_id is not null$$),
  'true', 'the column itself is the database''s'
);
delete from public.issues where id = '10000000-0000-4000-8000-000000000009';
select is(
  (select e.issue_id from support.escalations as e where e.id = 'd0000000-0000-4000-8000-000000000001'), null,
  'a deleted issue is linked to nothing'
);
select is(
  pg_temp.as_persona('viewer', $$select count(*) from public.issue_escalations$$),
  '1', 'viewers see the links'
);
select is(
  pg_temp.as_persona('stranger', $$select count(*) from public.issue_escalations$$), '0', 'strangers see none'
);

select * from finish();
rollback;
