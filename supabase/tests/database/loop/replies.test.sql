-- Replies to reporters: whom a resolved issue answers, once per generation and thread, as draft or at once.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(47);

\ir ../helpers/personas.psql

create function pg_temp.id(p_number integer) returns uuid language sql immutable as $$
  select ('10000000-0000-4000-8000-00000000000' || p_number)::uuid
$$;
create function pg_temp.replies(p_number integer) returns table (
  channel text, kind text, generation integer, status text, thread text
) language sql as $$
  select d.channel, d.kind, d.generation, d.status, d.payload #>> '{reporters,0}' from public.deliveries as d
  where d.issue_id = pg_temp.id(p_number) order by d.id
$$;
create function pg_temp.resolve(p_number integer) returns void language sql as $$
  update public.issues set status = 'resolved', resolved_by = 'Fixloop' where id = pg_temp.id(p_number)
$$;
create function pg_temp.reopen(p_number integer) returns void language sql as $$
  update public.issues set status = 'in_progress' where id = pg_temp.id(p_number)
$$;

insert into public.issues (id, title) values
  (pg_temp.id(1), E'Login  {link}\nloops'), (pg_temp.id(2), 'Export'), (pg_temp.id(3), 'Import'),
  (pg_temp.id(8), 'Undo: see https://evil.example/x or WWW.evil.example'), (pg_temp.id(9), 'Jane, 555-0100');
insert into public.circle_issues (message_id, chat_room_uuid, thread_id, mapped_to_issue_id, posted_at) values
  ('201500290', '5d0b2a64-7c1e-4a55-9f0e-0d6a4f0e1b77', '1000990001', pg_temp.id(1), now()),
  ('201500291', '5d0b2a64-7c1e-4a55-9f0e-0d6a4f0e1b77', null, pg_temp.id(1), now()),
  ('post_30990011', null, null, pg_temp.id(1), now()),
  ('201500292', null, null, pg_temp.id(1), now()),
  ('201500299', '5d0b2a64-7c1e-4a55-9f0e-0d6a4f0e1b77', null, pg_temp.id(2), now());
update public.circle_issues set removed_at = now() where message_id = '201500291';
insert into support.conversations (id, session_id) values
  ('0c000000-0000-4000-8000-000000000001', 'first'), ('0c000000-0000-4000-8000-000000000002', 'second');
insert into support.escalations (id, conversation_id, issue_type, original_request, status, issue_id) values
  ('0e000000-0000-4000-8000-000000000001', '0c000000-0000-4000-8000-000000000001', 'a', 'A', 'resolved',
    pg_temp.id(3)),
  ('0e000000-0000-4000-8000-000000000002', '0c000000-0000-4000-8000-000000000001', 'a', 'B', 'pending',
    pg_temp.id(3));

-- Whom

update public.loop_settings set issue_url = 'https://example.org/issues/{issue}';
select pg_temp.resolve(1);
select results_eq(
  'select * from pg_temp.replies(1)',
  $$ values ('circle', 'fixed', 1, 'draft', '201500290'), ('circle', 'fixed', 1, 'dead', '201500292'),
       ('circle', 'fixed', 1, 'draft', 'post_30990011') $$,
  'each message that was not removed has a draft; one that cannot be answered is a dead letter'
);
select is(
  (
    select d.payload - array['marker', 'reporters'] from public.deliveries as d
    where d.payload ->> 'parent_message_id' = '201500290'
  ),
  '{"kind": "chat", "chat_room_uuid": "5d0b2a64-7c1e-4a55-9f0e-0d6a4f0e1b77",
    "parent_message_id": "201500290", "thread_id": "1000990001", "link": null}'::jsonb,
  'a chat message is answered below it in its room'
);
select is(
  (select d.payload ->> 'post_id' from public.deliveries as d where d.payload ->> 'kind' = 'post'),
  '30990011', 'a post by a comment'
);
select matches(
  (select min(d.payload ->> 'marker') from public.deliveries as d), '^FX-[0-9A-F]{12}$',
  'each has a marker of its own'
);
select is(
  (select min(d.body) from public.deliveries as d where d.issue_id = pg_temp.id(1)),
  format(
    'What you reported, “Login {link} loops”, is fixed. Thank you for telling us! '
      'https://example.org/issues/%s', (select i.seq_id from public.issues as i where i.id = pg_temp.id(1))
  ),
  'the text is the template''s: without a version its part is left out, and a title is not a template'
);
select is(
  (select count(*)::integer from private.delivery_queue), 0, 'a draft is not queued'
);
select pg_temp.resolve(3);
select results_eq(
  $$ select channel, status, payload ->> 'conversation_id', payload -> 'reporters'
     from public.deliveries where issue_id = pg_temp.id(3) $$,
  $$ values ('support', 'draft', '0c000000-0000-4000-8000-000000000001',
       '["0e000000-0000-4000-8000-000000000001", "0e000000-0000-4000-8000-000000000002"]'::jsonb) $$,
  'two escalations of a conversation get one reply'
);
select is(private.answer_late_reporters(pg_temp.id(3)), 0, 'nobody is told twice');
insert into public.circle_issues (message_id, chat_room_uuid, mapped_to_issue_id)
values ('201500300', '5d0b2a64-7c1e-4a55-9f0e-0d6a4f0e1b77', pg_temp.id(3));
select results_eq(
  'select status, thread from pg_temp.replies(3) where channel = ''circle''',
  $$ values ('draft', '201500300') $$, 'a reporter who comes later is told alone'
);

-- Drafts, by persona

select is(
  pg_temp.as_persona(p.name, format(
    'with changed as (update public.deliveries set body = %L where id = %s returning 1)
     select count(*)::text from changed', 'By ' || p.name, (select min(id) from public.deliveries)
  )),
  p.outcome, p.name || ' edits a draft: ' || p.outcome
)
from (values
  ('anon', '42501 permission denied for table deliveries'), ('stranger', 'PT403 team_role_required'),
  ('viewer', 'PT403 team_role_required'), ('agent', '1'), ('admin', '1')
) as p (name, outcome);
select is(
  left(pg_temp.as_persona('agent', format(
    'update public.deliveries set body = %L where id = (select min(id) from public.deliveries)', ' '
  )), 5),
  '23514', 'but not so that nothing is left of it'
);
select is(
  pg_temp.as_persona(
    'agent', 'select (public.approve_delivery(id)).status from public.deliveries order by id limit 1'
  ),
  'pending', 'an agent approves it'
);
select results_eq(
  $$ select approved_by, q.channel from public.deliveries as d
     join private.delivery_queue as q on q.delivery_id = d.id $$,
  $$ values ('Agnes Agent', 'circle') $$, 'under their name, and it is queued'
);
select is(
  pg_temp.as_persona('agent', format(
    'with changed as (update public.deliveries set body = %L where status = %L returning 1)
     select count(*)::text from changed', 'Late', 'pending'
  )),
  '0', 'then it is not edited any more'
);
select is(
  pg_temp.as_persona(
    'second', 'select (public.cancel_delivery(id)).status from public.deliveries order by id limit 1'
  ),
  'cancelled', 'until it is sent, another agent cancels it'
);
select is(
  pg_temp.as_persona('agent', 'select public.approve_delivery(min(id)) from public.deliveries'),
  'PT409 loop_delivery_status_conflict', 'what was cancelled stays so'
);
select is(
  pg_temp.as_persona('agent', 'select public.cancel_delivery(-1)'), 'PT404 loop_delivery_unknown',
  'a delivery that does not exist is not found'
);

-- Support is sent in the database

select pg_temp.as_persona(
  'agent', 'select public.approve_delivery(id) from public.deliveries where channel = ''support'''
);
update support.conversations set status = 'with_human', taken_over_at = now()
where id = '0c000000-0000-4000-8000-000000000001';
select is(public.begin_deliver(), 1, 'a run writes it into the conversation');
select results_eq(
  $$ select role::text, author_user_id, content from support.messages
     where conversation_id = '0c000000-0000-4000-8000-000000000001' $$,
  $$ values ('system', null::uuid, 'What you reported, “Import”, is fixed. Thank you for telling us! '
       || replace('https://example.org/issues/{issue}', '{issue}', (
         select seq_id::text from public.issues where id = pg_temp.id(3)
       ))) $$,
  'as system, also where a person has taken over'
);
select is(public.begin_deliver(), 0, 'and once');
select results_eq(
  $$ select generation, reference, actor from public.loop_events
     where issue_id = pg_temp.id(3) and hop = 'answered' order by reference $$,
  $$ values (1, '0e000000-0000-4000-8000-000000000001', 'Fixloop'),
       (1, '0e000000-0000-4000-8000-000000000002', 'Fixloop') $$,
  'the ledger has an answer for each who asked'
);

-- Reopened

select pg_temp.reopen(3);
select results_eq(
  'select channel, kind, generation, status, thread from pg_temp.replies(3)',
  $$ values ('support', 'fixed', 1, 'delivered', '0e000000-0000-4000-8000-000000000001'),
       ('circle', 'fixed', 1, 'cancelled', '201500300'),
       ('support', 'reopened', 2, 'draft', '0e000000-0000-4000-8000-000000000001') $$,
  'a draft of the last generation is cancelled, and who was told has a correction, as a draft'
);
select is(
  (select d.body from public.deliveries as d where d.kind = 'reopened'),
  replace(
    'We told you that “Import” is fixed. It is not yet, and we work on it again. '
      'https://example.org/issues/{issue}', '{issue}',
    (select i.seq_id::text from public.issues as i where i.id = pg_temp.id(3))
  ),
  'with its own text'
);
select pg_temp.resolve(3);
select results_eq(
  'select kind, generation, status, thread from pg_temp.replies(3) where generation = 2',
  $$ values ('reopened', 2, 'cancelled', '0e000000-0000-4000-8000-000000000001'),
       ('fixed', 2, 'draft', '201500300'),
       ('fixed', 2, 'draft', '0e000000-0000-4000-8000-000000000001') $$,
  'resolved again, the correction is cancelled, and all are told in the new generation'
);

-- Automatic

update public.loop_settings set reply_mode = 'automatic';
select pg_temp.resolve(2);
select is(
  (select r.status from pg_temp.replies(2) as r), 'draft',
  'what was resolved by hand without a fix waits for a person all the same'
);
select pg_temp.reopen(2);
select private.record_loop_event(pg_temp.id(2), 'fixed', now(), null, 'EXAI-1');
select private.record_loop_event(pg_temp.id(2), 'shipped', now(), null, 'v2.14.1');
select pg_temp.resolve(2);
select results_eq(
  $$ select status, body from public.deliveries where issue_id = pg_temp.id(2) and generation = 2 $$,
  $$ select 'pending', 'What you reported, “Export”, is fixed in v2.14.1. Thank you for telling us! '
       || 'https://example.org/issues/' || seq_id from public.issues where id = pg_temp.id(2) $$,
  'a fix is answered without a person, with its version'
);
select is(
  (select count(*)::integer from public.claim_deliveries('circle')), 1, 'the function deliver claims it'
);
select pg_temp.reopen(2);
select is(
  (select r.status from pg_temp.replies(2) as r where r.generation = 2), 'pending',
  'reopened while it is being sent, it may have arrived'
);
select is(
  public.fail_delivery(d.id, q.fencing_token, 'timeout'), 'cancelled', 'but it is not tried again'
)
from public.deliveries as d join private.delivery_queue as q on q.delivery_id = d.id
where d.issue_id = pg_temp.id(2);

insert into public.circle_issues (message_id, chat_room_uuid, mapped_to_issue_id, posted_at) values
  ('201500301', '5d0b2a64-7c1e-4a55-9f0e-0d6a4f0e1b77', pg_temp.id(8), now());
select pg_temp.resolve(8);
create function pg_temp.eighth() returns bigint language sql as $$
  select d.id from public.deliveries as d where d.issue_id = pg_temp.id(8)
$$;
select public.approve_delivery(pg_temp.eighth());
select public.claim_deliveries('circle');
select is(
  pg_temp.as_persona(
    'agent', format('select (public.cancel_delivery(%s)).status from generate_series(1, 2)', pg_temp.eighth())
  ),
  'pending', 'cancelled by an agent while it is being sent, it may have arrived'
);
select is(
  public.fail_delivery(q.delivery_id, q.fencing_token, 'timeout'), 'cancelled', 'nor is it tried again'
)
from private.delivery_queue as q where q.delivery_id = pg_temp.eighth();

-- A visitor's words in the community

insert into public.circle_issues (message_id, chat_room_uuid, mapped_to_issue_id, posted_at) values
  ('201500302', '5d0b2a64-7c1e-4a55-9f0e-0d6a4f0e1b77', pg_temp.id(9), now());
insert into support.escalations (
  conversation_id, issue_type, original_request, status, issue_id, is_issue_created
) values
  ('0c000000-0000-4000-8000-000000000002', 'a', 'Jane, 555-0100', 'resolved', pg_temp.id(9), true);
select private.record_loop_event(pg_temp.id(9), 'fixed', now(), null, 'EXAI-1');
select pg_temp.resolve(9);
select results_eq(
  $$ select channel, status from public.deliveries where issue_id = pg_temp.id(9) order by channel $$,
  $$ values ('circle', 'draft'), ('support', 'pending') $$,
  'a person looks at a reply that tells the community what a visitor wrote'
);

-- Erased

insert into support.escalations (id, conversation_id, issue_type, original_request) values (
  '0e000000-0000-4000-8000-000000000009', '0c000000-0000-4000-8000-000000000002', 'a', 'My secret'
);
select support.escalation_to_issue('0e000000-0000-4000-8000-000000000009');
update public.issues set status = 'resolved' where title = 'My secret';
select is(
  (select count(*)::integer from public.deliveries where body like '%My secret%'), 1, 'a reply has the title'
);
select support.forget_user(conversation_id := '0c000000-0000-4000-8000-000000000002');
select is(
  (select count(*)::integer from public.deliveries where body like '%My secret%'), 0,
  'and is erased with the visitor'
);
insert into support.conversations (id, session_id) values ('0c000000-0000-4000-8000-000000000004', 'fourth');
insert into support.escalations (id, conversation_id, issue_type, original_request) values (
  '0e000000-0000-4000-8000-00000000000b', '0c000000-0000-4000-8000-000000000004', 'a', 'My third secret'
);
select public.promote_issue(support.escalation_to_issue('0e000000-0000-4000-8000-00000000000b'));
select is(
  (select title || (description ~ 'My third secret') from public.exai_issues
   where title = 'My third secret'), 'My third secrettrue', 'an engineering issue has the words'
);
select support.forget_user(conversation_id := '0c000000-0000-4000-8000-000000000004');
select is(
  (select count(*)::integer from public.exai_issues
   where concat(title, description) like '%My third secret%'), 0, 'and they are erased with the visitor'
);
insert into support.conversations (id, session_id) values ('0c000000-0000-4000-8000-000000000003', 'third');
insert into support.escalations (id, conversation_id, issue_type, original_request) values (
  '0e000000-0000-4000-8000-00000000000a', '0c000000-0000-4000-8000-000000000003', 'a', 'My other secret'
);
select public.merge_issues(
  support.escalation_to_issue('0e000000-0000-4000-8000-00000000000a'), pg_temp.id(3)
);
select support.forget_user(conversation_id := '0c000000-0000-4000-8000-000000000003');
select is(
  (select count(*)::integer from public.issues where title || description like '%My other secret%'), 0,
  'and so is what they wrote in an issue that was merged'
);

-- Texts of anybody, and of any size

select is(private.render_reply('fixed', pg_temp.id(8), null), format(
  'What you reported, “Undo: see … or …”, is fixed. Thank you for telling us! https://example.org/issues/%s',
  (select i.seq_id from public.issues as i where i.id = pg_temp.id(8))
), 'a reply has the title without its addresses');

update public.loop_settings set issue_url = 'https://example.org/?filter[number]={issue}';
select is(private.render_reply('fixed', pg_temp.id(2), 'v2'), format(
  'What you reported, “Export”, is fixed in v2. Thank you for telling us! '
    'https://example.org/?filter[number]=%s',
  (select i.seq_id from public.issues as i where i.id = pg_temp.id(2))
), 'brackets of a link are not those of a template');
update public.reply_templates set body = '[{title}: ][{version} ]Done {title}[ {link}][!]'
where kind = 'fixed';
update public.issues set title = '[x](evil) {version}' where id = pg_temp.id(2);
select is(
  private.render_reply('fixed', pg_temp.id(2), null), '[x](evil) {version}: Done [x](evil) {version}'
    || format(' https://example.org/?filter[number]=%s!', (
      select i.seq_id from public.issues as i where i.id = pg_temp.id(2)
    )), 'nor are those of a title'
);
update public.reply_templates set body = repeat('{title} ', 500) where kind = 'fixed';
update public.issues set title = repeat('x', 400) where id = pg_temp.id(2);
select is(char_length(private.render_reply('fixed', pg_temp.id(2), null)), 5000, 'a reply has an end');

-- History

insert into public.issues (id, title, status, resolved_by) values (pg_temp.id(4), 'Old', 'resolved', 'Ana');
insert into public.circle_issues (message_id, chat_room_uuid, mapped_to_issue_id)
values ('201500400', '5d0b2a64-7c1e-4a55-9f0e-0d6a4f0e1b77', pg_temp.id(4));
delete from public.loop_events where issue_id = pg_temp.id(4);
delete from public.loop_issues where issue_id = pg_temp.id(4);
delete from public.deliveries where issue_id = pg_temp.id(4);
select private.backfill_loop();
select is(
  (select count(*)::integer from pg_temp.replies(4)), 0, 'what is put into the loop later is told nobody'
);
select private.enqueue_replies(array(
  select jsonb_populate_record(e, jsonb_build_object('at', now() - interval '2 days'))
  from public.loop_events as e where e.issue_id = pg_temp.id(4) and e.hop = 'resolved'
));
select is(
  (select count(*)::integer from pg_temp.replies(4)), 0, 'nor what was resolved before it was known here'
);

select * from finish();
rollback;
