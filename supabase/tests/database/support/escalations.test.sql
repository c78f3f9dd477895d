-- The life of an escalation, and how it and its conversation agree.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(51);
\ir ../helpers/personas.psql
\ir ../helpers/support.psql

-- The seed's plain insert, by a server and by an agent.

select is(
  pg_temp.as_persona('service_role', format(
    $$insert into support.escalations (conversation_id, issue_type, original_request)
      values (%L, 'export', 'My export is empty') returning status || ' ' || reason$$, pg_temp.one()
  )),
  'pending insert', 'a server inserts an escalation'
);
select is(
  pg_temp.state_of(pg_temp.one()), 'waiting_for_human - / pending -',
  'its conversation waits for a person'
);
select is(
  (select e.conversation_context from support.escalations as e where e.conversation_id = pg_temp.one()),
  (select string_agg(
    format('[%s] %s', to_char(now() at time zone 'UTC', 'YYYY-MM-DD HH24:MI'), u.line), E'\n' order by u.n
  ) from (values
    (1, 'Visitor: My export is empty'), (2, 'Assistant: Have you tried again?'),
    (3, 'Visitor: Yes, a person please')
  ) as u (n, line)),
  'it carries the transcript as it was'
);
select is(
  (select e.contact_info from support.escalations as e where e.conversation_id = pg_temp.one()),
  '{"name": "Stella Stranger", "email": "stella@example.com"}', 'and the contact of the account'
);
select is(
  pg_temp.as_persona('agent', format(
    $$insert into support.escalations (conversation_id, issue_type, original_request, reason, raised_count,
        assigned_to_user_id, status)
      values (%L, 'billing', 'Where?', 'request', 7, '00000000-0000-4000-8000-00000000000d', 'pending')
      returning format('%%s %%s %%s', reason, raised_count, assigned_to_user_id)$$, pg_temp.two()
  )),
  'agent 0 ', 'an agent inserts one: the columns of the database are its own'
);
select is(
  (select e.contact_info from support.escalations as e where e.conversation_id = pg_temp.two()),
  '{"name": "Vito Visitor", "email": "vito@example.com", "phone": "+1 555"}',
  'the contact is that of the conversation'
);
select is(
  pg_temp.as_persona('service_role', format(
    $$insert into support.escalations (conversation_id, issue_type, original_request)
      values (%L, 'again', 'Again')$$, pg_temp.two()
  )),
  'PT409 support_escalation_conflict', 'a second open one is refused'
);
select is(
  pg_temp.as_persona('service_role',
    $$insert into support.escalations (issue_type, original_request, contact_info, conversation_context)
      values ('mail', 'By mail', '{"email": "a@example.com"}', 'Given') returning conversation_context$$),
  'Given', 'one without a conversation is as it was given'
);
select matches(
  pg_temp.as_persona('viewer', format(
    $$insert into support.escalations (conversation_id, issue_type, original_request)
      values (%L, 'no', 'No')$$, pg_temp.one()
  )),
  '^PT403 team_role_required', 'a viewer inserts none'
);

-- Asking again.

select is(
  pg_temp.as_persona('agent', format(
    $$select id from support.escalate_conversation(%L, 'other')$$, pg_temp.one()
  )),
  pg_temp.open_escalation(pg_temp.one())::text, 'asked again, the open one is returned'
);
select is(
  pg_temp.as_persona(
    'agent', $$select support.escalate_conversation('c0000000-0000-4000-8000-00000000000f')$$
  ),
  'PT404 support_conversation_unknown', 'a conversation that does not exist is named'
);

-- The steps.

select is(
  pg_temp.as_persona('service_role', format(
    $$update support.escalations set status = 'notified' where id = %L
      returning status || ' ' || notified_count$$, pg_temp.open_escalation(pg_temp.one())
  )),
  'notified 1', 'a server notes that the team was told'
);
select is(
  pg_temp.state_of(pg_temp.one()), 'waiting_for_human - / notified -',
  'the conversation waits as before'
);
select is(
  pg_temp.as_persona('agent', format('select status from support.take_escalation(%L)',
    pg_temp.open_escalation(pg_temp.one()))),
  'in_progress', 'an agent takes it'
);
select is(pg_temp.state_of(pg_temp.one()), 'with_human c / in_progress c', 'the person is on both');
select is(
  (select m.role || ' ' || m.content from support.messages as m where m.conversation_id = pg_temp.one()
   order by m.position desc limit 1),
  'system Agnes Agent has joined the conversation.', 'the visitor reads who has joined'
);
select is(
  pg_temp.as_persona('agent', format('select status from support.take_escalation(%L)',
    pg_temp.open_escalation(pg_temp.one()))),
  'in_progress', 'taken again by the same person, it stays'
);
select is(
  (select count(*) from support.messages as m where m.conversation_id = pg_temp.one() and m.role = 'system'),
  1::bigint, 'and nothing is added'
);
select is(
  pg_temp.as_persona('second', format(
    'select support.take_escalation(%L)', pg_temp.open_escalation(pg_temp.one())
  )),
  'PT409 support_escalation_conflict', 'nobody else takes it'
);
select is(
  pg_temp.as_persona('second', format('select support.release_escalation(%L)',
    pg_temp.open_escalation(pg_temp.one()))),
  'PT409 support_escalation_conflict', 'or releases it'
);
select is(
  pg_temp.as_persona('second', format($$update support.escalations set status = 'resolved' where id = %L$$,
    pg_temp.open_escalation(pg_temp.one()))),
  'PT409 support_escalation_conflict', 'or sets its status'
);
select is(
  pg_temp.as_persona('second', format(
    $$insert into support.messages (conversation_id, role, content) values (%L, 'agent', 'Me too')$$,
    pg_temp.one()
  )),
  'PT409 support_escalation_conflict', 'or writes into its conversation'
);
select is(
  pg_temp.as_persona('second', format(
    $$update support.conversations set assigned_to_user_id = '00000000-0000-4000-8000-00000000000e'
      where id = %L$$, pg_temp.one()
  )),
  'PT409 support_escalation_conflict', 'or takes the conversation by its column'
);
select is(
  pg_temp.as_persona('second', format(
    $$update support.conversations set status = 'active' where id = %L$$, pg_temp.one()
  )),
  'PT409 support_escalation_conflict', 'or gives it back to the assistant'
);
select is(
  pg_temp.as_persona('admin', format('select status from support.release_escalation(%L)',
    pg_temp.open_escalation(pg_temp.one()))),
  'pending', 'an admin releases it'
);
select is(pg_temp.state_of(pg_temp.one()), 'waiting_for_human - / pending -', 'it waits for somebody else');
select is(
  pg_temp.as_persona('second', format('select status from support.take_escalation(%L)',
    pg_temp.open_escalation(pg_temp.one()))),
  'in_progress', 'who takes it'
);
select is(
  pg_temp.as_persona('second', format($$update support.escalations set status = 'notified' where id = %L$$,
    pg_temp.open_escalation(pg_temp.one()))),
  'PT409 support_escalation_status_conflict', 'there is no way from in_progress to notified'
);
select is(
  pg_temp.as_persona('second', format($$update support.escalations set status = 'done' where id = %L$$,
    pg_temp.open_escalation(pg_temp.one()))),
  'PT422 support_escalation_status_invalid', 'done is not a status'
);
select is(
  pg_temp.as_persona('second', format(
    $$update support.escalations set assigned_to_user_id = null, taken_at = null, reason = 'request'
      where id = %L returning status || ' ' || right(assigned_to_user_id::text, 1) || ' ' || reason$$,
    pg_temp.open_escalation(pg_temp.one()))),
  'in_progress e insert', 'what a person sends for the database''s columns is not used'
);

-- Resolved.

select is(
  pg_temp.as_persona('second', format(
    $$select format('%%s %%s %%s', status, right(resolved_by_user_id::text, 1), resolution_note)
      from support.resolve_escalation(%L, 'Sent the file')$$, pg_temp.open_escalation(pg_temp.one())
  )),
  'resolved e Sent the file', 'who has taken it resolves it'
);
select is(pg_temp.state_of(pg_temp.one()), 'active - / - -', 'the assistant answers again');
select is(
  pg_temp.as_persona('agent', format($$update support.escalations set status = 'pending'
    where conversation_id = %L$$, pg_temp.one())),
  'PT409 support_escalation_status_conflict', 'a resolved one stays so'
);
select is(
  pg_temp.as_persona('agent', format(
    $$select resolution_note from support.resolve_escalation(
      (select id from support.escalations where conversation_id = %L), 'Other', true)$$, pg_temp.one()
  )),
  'Sent the file', 'resolved again, it keeps its note'
);
select is(
  pg_temp.state_of(pg_temp.one()), 'closed - / - -',
  'and its conversation is closed where that is asked for'
);
select is(
  pg_temp.as_persona('agent', format($$select reason || ' ' || original_request
    from support.escalate_conversation(%L)$$, pg_temp.one())),
  'agent Yes, a person please', 'a closed conversation is escalated again, with what was asked last'
);
select is(pg_temp.state_of(pg_temp.one()), 'waiting_for_human - / pending -', 'which opens it');
select is(
  pg_temp.as_persona('agent', format($$select status from support.resolve_escalation(%L, null, true)$$,
    pg_temp.open_escalation(pg_temp.one()))),
  'resolved', 'any agent resolves one that nobody has taken'
);

-- By the conversation's status.

update support.conversations set status = 'active' where id = pg_temp.one();
select is(
  pg_temp.as_persona('agent', format($$update support.conversations set status = 'with_human'
    where id = %L returning status$$, pg_temp.one())),
  'with_human', 'an agent takes a conversation over'
);
select is(pg_temp.state_of(pg_temp.one()), 'with_human c / in_progress c', 'which has an escalation then');
select is(
  (select e.reason from support.escalations as e where e.id = pg_temp.open_escalation(pg_temp.one())),
  'agent',
  'made by the agent'
);
select is(
  pg_temp.as_persona('agent', format($$update support.conversations set status = 'waiting_for_human'
    where id = %L returning status$$, pg_temp.one())),
  'waiting_for_human', 'and gives it back'
);
select is(pg_temp.state_of(pg_temp.one()), 'waiting_for_human - / pending -', 'so that it waits');
select is(
  pg_temp.as_persona('agent', format($$update support.conversations set status = 'closed' where id = %L
    returning status$$, pg_temp.one())),
  'closed', 'and closes it'
);
select is(pg_temp.state_of(pg_temp.one()), 'closed - / - -', 'which resolves the escalation');

-- By a message of a person.

select is(
  pg_temp.as_persona('agent', format(
    $$insert into support.messages (conversation_id, role, content) values (%L, 'agent', 'Here I am')
      returning role$$, pg_temp.two()
  )),
  'agent', 'an agent writes into a conversation that waits'
);
select is(pg_temp.state_of(pg_temp.two()), 'with_human c / in_progress c', 'and has taken it over');
select isnt(
  (
    select e.first_answered_at from support.escalations as e
    where e.id = pg_temp.open_escalation(pg_temp.two())
  ),
  null, 'and answered first'
);
select is(
  pg_temp.as_persona('agent', format(
    $$insert into support.messages (conversation_id, role, content) values (%L, 'agent', 'Back again')
      returning role$$, pg_temp.one()
  )),
  'agent', 'an agent writes into a closed conversation'
);
select is(
  pg_temp.state_of(pg_temp.one()), 'with_human c / in_progress c',
  'which is taken over, with an escalation'
);
select is(
  pg_temp.as_persona('admin', format(
    $$insert into support.messages (conversation_id, role, content) values (%L, 'agent', 'From the admin')
      returning role$$, pg_temp.one()
  )),
  'agent', 'an admin may write into it too'
);

select * from finish();
rollback;
