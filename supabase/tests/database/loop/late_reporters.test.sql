-- Reporters who come to a resolved issue, or move between issues: each is told once of a fix.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
\ir ../helpers/personas.psql
\ir ../helpers/github.psql
\ir ../helpers/closing.psql
select plan(36);

create function pg_temp.message_of(p_message_id text, p_name text, p_age interval) returns void
language sql as $$
  insert into public.circle_issues (
    message_id, title, body, author_name, posted_at, chat_room_uuid, mapped_to_issue_id
  )
  values (
    p_message_id, 'Export fails', 'It fails', 'Member ' || p_message_id, now() - p_age,
    '5d0b2a64-7c1e-4a55-9f0e-0d6a4f0e1b77', pg_temp.id_of(p_name)
  )
$$;
create function pg_temp.import(p_message_id text, p_name text) returns void language sql as $$
  select pg_temp.as_persona('agent', format(
    'select public.import_circle_issue(%L, %L)',
    (select id from public.circle_issues where message_id = p_message_id), pg_temp.id_of(p_name)
  ))
$$;
create function pg_temp.merge(p_source text, p_into text) returns void language sql as $$
  select pg_temp.as_persona('agent', format(
    'select merged_by from public.merge_issues(%L, %L)', pg_temp.id_of(p_source), pg_temp.id_of(p_into)
  ))
$$;
create function pg_temp.unmerge(p_source text) returns void language sql as $$
  select pg_temp.as_persona('agent', format('select public.unmerge_issues(%L)', pg_temp.id_of(p_source)))
$$;
create function pg_temp.arrive() returns void language sql as $$
  select public.finish_delivery(c.id, c.fencing_token) from public.claim_deliveries('circle', 50) as c
$$;
create function pg_temp.replies_of(p_name text) returns text language sql as $$
  select coalesce(string_agg(d.status || ' ' || (d.payload #>> '{reporters,0}'), ', ' order by d.id), '-')
  from public.deliveries as d where d.issue_id = pg_temp.id_of(p_name)
$$;
create function pg_temp.answers_of(p_name text) returns text language sql as $$
  select coalesce(string_agg(e.reference, ', ' order by e.reference collate "C"), '-')
  from public.loop_events as e where e.issue_id = pg_temp.id_of(p_name) and e.hop = 'answered'
$$;
create function pg_temp.fix(p_number integer, p_name text) returns void language sql as $$
  select pg_temp.send(p_number, 30, pg_temp.fixes(p_name), pg_temp.merged_ago(30))
$$;
update public.loop_settings set reply_mode = 'automatic';

-- Added to a resolved issue

select pg_temp.report('a', '3 hours');
select pg_temp.message_of('1', 'a', '3 hours');
select pg_temp.message_of('2', null, '2 hours');
select pg_temp.message_of('3', null, '-1 minute');
select pg_temp.engineer('x');
select pg_temp.link('a', 'x');
select pg_temp.fix(1, 'x');
select is(pg_temp.replies_of('a'), 'pending 1', 'a fix answers who has reported the issue');
select pg_temp.import('2', 'a');
select is(pg_temp.replies_of('a'), 'pending 1, pending 2', 'and who wrote before and was added later');
select pg_temp.import('3', 'a');
select is(
  pg_temp.replies_of('a'), 'pending 1, pending 2, draft 3', 'a person decides about who wrote afterwards'
);
insert into support.conversations (id, session_id) values ('0c000000-0000-4000-8000-000000000001', 'first');
insert into support.escalations (id, conversation_id, issue_type, original_request)
values ('0e000000-0000-4000-8000-000000000001', '0c000000-0000-4000-8000-000000000001', 'a', 'A');
select pg_temp.as_persona('agent', format(
  'select support.escalation_to_issue(%L, %L)', '0e000000-0000-4000-8000-000000000001', pg_temp.id_of('a')
));
select is(
  (
    select count(*)::integer from public.deliveries
    where issue_id = pg_temp.id_of('a') and channel = 'support' and status <> 'dead'
  ), 1, 'a visitor too'
);

-- Returned to triage while it is resolved

select pg_temp.report('r', '3 hours');
select pg_temp.message_of('21', 'r', '3 hours');
select pg_temp.as_persona('agent', format(
  'select public.return_circle_issue(%L)::text', (select id from public.circle_issues where message_id = '21')
));
update public.issues set status = 'resolved' where id = pg_temp.id_of('r');
select is(pg_temp.replies_of('r'), '-', 'nobody is left to be told');
select pg_temp.import('21', 'r');
select is(pg_temp.replies_of('r'), 'draft 21', 'who comes back to the issue is told');
insert into support.conversations (id, session_id) values ('0c000000-0000-4000-8000-000000000009', 'ninth');
insert into support.escalations (id, conversation_id, issue_type, original_request, issue_id) values (
  '0e000000-0000-4000-8000-000000000009', '0c000000-0000-4000-8000-000000000009', 'a', 'A', pg_temp.id_of('r')
);
select pg_temp.as_persona(
  'agent', 'select id from support.unlink_escalation_issue(''0e000000-0000-4000-8000-000000000009'')'
);
select pg_temp.as_persona('agent', format(
  'select support.escalation_to_issue(%L, %L)', '0e000000-0000-4000-8000-000000000009', pg_temp.id_of('r')
));
select is(
  pg_temp.replies_of('r'), 'draft 21, cancelled 0e000000-0000-4000-8000-000000000009, '
    'draft 0e000000-0000-4000-8000-000000000009', 'and so is a visitor'
);

-- Both resolved, merged before anything was sent

select pg_temp.report('s', '2 hours');
insert into support.conversations (id, session_id) values ('0c000000-0000-4000-8000-000000000008', 'eighth');
insert into support.escalations (id, conversation_id, issue_type, original_request, issue_id) values (
  '0e000000-0000-4000-8000-000000000008', '0c000000-0000-4000-8000-000000000008', 'a', 'A', pg_temp.id_of('s')
);
update public.issues set status = 'resolved' where id = pg_temp.id_of('s');
select pg_temp.merge('s', 'r');
select is(
  (
    select count(*)::integer from public.deliveries
    where payload #>> '{reporters,0}' = '0e000000-0000-4000-8000-000000000008' and status = 'draft'
  ), 1, 'a visitor has one reply'
);

-- Reopened by a person

update public.issues set status = 'in_progress' where id = pg_temp.id_of('a');
select pg_temp.send(2, 20, pg_temp.fixes('x'), jsonb_build_object('created_at', pg_temp.ago(20)));
select is(
  (
    select string_agg(hop || ' ' || right(reference, 1), ', ' order by id) from public.loop_events
    where issue_id = pg_temp.id_of('a') and generation = 2
  ), 'reopened , opened 2', 'its next generation has no pull request that was merged in the one before'
);

-- Both linked, merged, answered, taken apart

select pg_temp.engineer('y', 'b', 'c');
select pg_temp.message_of('4', 'b', '1 hour');
select pg_temp.message_of('5', 'c', '1 hour');
update public.issues set created_at = created_at - interval '1 hour' where id = pg_temp.id_of('b');
select pg_temp.merge('c', 'b');
select pg_temp.fix(3, 'y');
select is(pg_temp.replies_of('b'), 'pending 4, pending 5', 'the older issue answers everybody');
select pg_temp.arrive();
select is(pg_temp.replies_of('b'), 'delivered 4, delivered 5', 'once');
select is(
  (select count(*)::integer from public.loop_silent_fixes where issue_id = pg_temp.id_of('c')), 0,
  'what is merged is not a silent fix'
);
select is(
  pg_temp.hops_of('c'), 'reported triaged reported', 'nor is it fixed'
);
select private.run_loop_funnel(true);
select is(
  (select issues_count::integer from public.loop_funnel where dimension = 'all' and hop = 'reported'),
  (select count(*)::integer from public.loop_issues)
    - (select count(*)::integer from public.issue_merges), 'and it is counted once in the funnel'
);
select pg_temp.unmerge('c');
select is(pg_temp.status_of('c'), 'resolved Fixloop', 'undone, the fix that has shipped resolves it');
select is(pg_temp.replies_of('c'), '-', 'who was told of it is not told again');
select is(pg_temp.answers_of('c'), '5', 'and the ledger says that they were');
select private.run_loop_costs(true);
select is(
  (select sum(answers_count)::integer from public.loop_costs),
  (select count(distinct reference)::integer from public.loop_events where hop = 'answered'),
  'an answer costs once'
);

-- The link moves too

select pg_temp.report('d', '2 hours');
select pg_temp.message_of('6', 'd', '2 hours');
select pg_temp.engineer('z', 'e');
select pg_temp.message_of('7', 'e', '1 hour');
select pg_temp.merge('e', 'd');
select pg_temp.fix(4, 'z');
select pg_temp.arrive();
select pg_temp.unmerge('e');
select is(pg_temp.replies_of('d'), 'delivered 6, delivered 7', 'the older has answered both');
select is(pg_temp.status_of('e'), 'resolved Fixloop', 'the duplicate is resolved when it is one no more');
select is(pg_temp.replies_of('e'), '-', 'which nobody is told twice');
select pg_temp.merge('e', 'd');
select is(
  pg_temp.replies_of('d') || '; ' || pg_temp.replies_of('e'), 'delivered 6, delivered 7; -',
  'nor after another merge'
);

-- Two fixes that ship with one deployment

update public.loop_settings set ship_gate = 'deployment';
select pg_temp.engineer('x2', 'm');
select pg_temp.engineer('y2', 'n');
select pg_temp.message_of('31', 'm', '1 hour');
select pg_temp.fix(8, 'x2');
select pg_temp.fix(9, 'y2');
select public.ingest_github_delivery(gen_random_uuid(), 'deployment_status', encode(convert_to(
  jsonb_build_object(
    'action', 'created',
    'deployment_status', jsonb_build_object(
      'state', 'success', 'environment', 'production', 'created_at', pg_temp.ago(10)
    ),
    'deployment', jsonb_build_object('id', 1, 'created_at', pg_temp.ago(10), 'ref', 'v2.14.1'),
    'repository', '{"id": 77, "name": "Shop", "full_name": "Acme/Shop", "owner": {"login": "Acme"}}'::jsonb
  )::text, 'UTF8'
), 'base64'));
select pg_temp.arrive();
select is(pg_temp.replies_of('m'), 'delivered 31', 'one of two issues is answered');
update public.circle_issues set mapped_to_issue_id = pg_temp.id_of('n') where message_id = '31';
select is(pg_temp.replies_of('n'), 'pending 31', 'whose message is moved is told of the other fix');
update public.loop_settings set ship_gate = 'merge';

-- Undone before anything was sent

update public.loop_settings set reply_mode = 'draft';
select pg_temp.report('f', '1 minute');
select pg_temp.message_of('8', 'f', '1 minute');
select pg_temp.merge('f', 'd');
select is(right(pg_temp.replies_of('d'), 7), 'draft 8', 'one who comes by a merge has a draft');
select pg_temp.unmerge('f');
select is(right(pg_temp.replies_of('d'), 11), 'cancelled 8', 'which goes with them');
select pg_temp.merge('f', 'd');
select is(right(pg_temp.replies_of('d'), 20), 'cancelled 8, draft 8', 'and comes back');

-- Drafts of what is merged

select pg_temp.report('g', '2 hours');
select pg_temp.message_of('9', 'g', '2 hours');
select pg_temp.engineer('w', 'h');
select pg_temp.message_of('10', 'h', '1 hour');
select pg_temp.fix(5, 'w');
select is(pg_temp.replies_of('h'), 'draft 10', 'a draft waits');
select pg_temp.merge('h', 'g');
select is(pg_temp.replies_of('h'), 'cancelled 10', 'it is the older issue''s');
select is(pg_temp.replies_of('g'), 'draft 10, draft 9', 'which the engineering issue has resolved');

-- A fix that was taken back while it waited for its gate

update public.loop_settings set reply_mode = 'automatic', ship_gate = 'person';
select pg_temp.engineer('v', 'i', 'j', 'k');
select pg_temp.message_of('11', 'i', '1 hour');
select pg_temp.message_of('12', 'j', '1 hour');
select pg_temp.message_of('13', 'k', '1 hour');
select pg_temp.fix(6, 'v');
update public.issues set status = 'resolved' where id = pg_temp.id_of('k');
select is(pg_temp.replies_of('k'), 'pending 13', 'resolved by hand, what is fixed is answered');
delete from public.issue_links where issue_id = pg_temp.id_of('j');
update public.issues set status = 'resolved' where id = pg_temp.id_of('j');
select is(pg_temp.replies_of('j'), 'draft 12', 'not without a person where it is linked to no fix');
update public.exai_issues set status = 'wont_fix' where id = pg_temp.id_of('v');
update public.issues set status = 'resolved' where id = pg_temp.id_of('i');
select is(pg_temp.replies_of('i'), 'draft 11', 'nor where there will not be one');

-- Returned to triage, and unlinked

select pg_temp.as_persona('agent', format(
  'select public.return_circle_issue(%L)::text',
  (select id from public.circle_issues where message_id = '11')
));
select is(pg_temp.replies_of('i'), 'cancelled 11', 'whose message is not the issue''s any more is not told');
insert into support.conversations (id, session_id) values ('0c000000-0000-4000-8000-000000000002', 'second');
insert into support.escalations (id, conversation_id, issue_type, original_request, issue_id) values (
  '0e000000-0000-4000-8000-000000000002', '0c000000-0000-4000-8000-000000000002', 'a', 'A', pg_temp.id_of('i')
);
select pg_temp.as_persona(
  'agent', 'select id from support.unlink_escalation_issue(''0e000000-0000-4000-8000-000000000002'')'
);
select is(
  right(pg_temp.replies_of('i'), 46), 'cancelled 0e000000-0000-4000-8000-000000000002',
  'nor a visitor whose escalation is not'
);

-- Reopened while a reply is under way

update public.loop_settings set ship_gate = 'merge';
select pg_temp.engineer('u', 'l');
select pg_temp.message_of('14', 'l', '1 hour');
select pg_temp.fix(7, 'u');
create temp table claimed on commit drop as select * from public.claim_deliveries('circle', 50);
update public.issues set status = 'in_progress' where id = pg_temp.id_of('l');
select public.finish_delivery(c.id, c.fencing_token) from claimed as c;
select is(
  pg_temp.replies_of('l'), 'delivered 14, draft 14', 'who was told all the same has a correction as a draft'
);

select * from finish();
rollback;
