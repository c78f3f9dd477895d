-- Which ready issues affect the most people, and which hold up the most work.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(17);

\ir ../helpers/personas.psql

insert into public.exai_issues (id, issue_number, title, severity)
select ('70000000-0000-4000-8000-000000000' || n)::uuid, n, 'E' || n,
  case n when 901 then 'critical' else 'medium' end
from generate_series(901, 908) as n;
insert into public.issues (id, title, submitted_by)
select ('10000000-0000-4000-8000-00000000000' || n)::uuid, 'I' || n, 'Ana'
from generate_series(1, 4) as n;
insert into public.circle_issues (message_id, author_name, author_email, raw_data, mapped_to_issue_id) values
  ('1', 'Ana', null, '{"sender": {"community_member_id": 5, "name": "Ana"}}',
    '10000000-0000-4000-8000-000000000001'),
  ('2', 'Ana Ruiz', null, '{"sender": {"community_member_id": 5, "name": "Ana Ruiz"}}',
    '10000000-0000-4000-8000-000000000002'),
  ('3', 'Bob', 'bob@example.org', '{}', '10000000-0000-4000-8000-000000000001'),
  ('4', 'Robert', 'BOB@example.org', '{}', '10000000-0000-4000-8000-000000000002'),
  ('5', 'Eve  Doe', null, '{}', '10000000-0000-4000-8000-000000000001'),
  ('6', 'eve doe', null, '{}', '10000000-0000-4000-8000-000000000002'),
  ('7', 'Unknown', null, '{}', '10000000-0000-4000-8000-000000000002'),
  ('8', 'Unknown', null, '{}', '10000000-0000-4000-8000-000000000002');
insert into support.conversations (id, session_id) values
  ('e1000000-0000-4000-8000-000000000001', 's1'), ('e1000000-0000-4000-8000-000000000002', 's2');
insert into support.escalations (conversation_id, issue_type, original_request, status, resolved_at, issue_id)
values
  ('e1000000-0000-4000-8000-000000000001', 'x', 'x', 'resolved', now(),
    '10000000-0000-4000-8000-000000000001'),
  ('e1000000-0000-4000-8000-000000000001', 'x', 'x', 'pending', null,
    '10000000-0000-4000-8000-000000000002'),
  ('e1000000-0000-4000-8000-000000000002', 'x', 'x', 'pending', null,
    '10000000-0000-4000-8000-000000000003');

create function pg_temp.reporters(p_number integer) returns integer language sql as $$
  select reporters_count from public.exai_ready_issues where issue_number = p_number
$$;
create function pg_temp.listed(p_order_by text, p_persona text default 'viewer') returns text
language sql as $$
  select pg_temp.as_persona(p_persona, format(
    'select string_agg(issue_number::text, '','') from list_ready_exai_issues(%L)', p_order_by
  ))
$$;

select is(pg_temp.reporters(902), 0, 'nobody is affected by an issue without a link');
select public.link_issue('10000000-0000-4000-8000-000000000004', 902);
select is(pg_temp.reporters(902), 1, 'an issue without messages stands for who submitted it');
select public.link_issue('10000000-0000-4000-8000-000000000001', 903);
select is(pg_temp.reporters(903), 4, 'one with messages for their authors and the visitors');
select public.link_issue('10000000-0000-4000-8000-000000000002', 903);
select is(
  pg_temp.reporters(903), 6,
  'a person counts once in several issues: by member, e-mail, name and session; unknown ones each'
);
select public.link_issue('10000000-0000-4000-8000-000000000003', 903);
select is(pg_temp.reporters(903), 7, 'and another visitor');
select is_empty(
  $$ select reporter_key from public.loop_events where (hop = 'reported') <> (reporter_key is not null) $$,
  'reports have a key, other events none'
);

insert into public.exai_issue_relations (from_issue_id, to_issue_id, kind)
select ('70000000-0000-4000-8000-000000000' || v.f)::uuid, ('70000000-0000-4000-8000-000000000' || v.t)::uuid,
  v.kind
from (values (904, 905, 'blocks'), (905, 906, 'blocks'), (907, 904, 'duplicates'), (907, 908, 'blocks'))
  as v (f, t, kind);
select results_eq(
  $$ select issue_number, unblocks_count, total_unblocks_count from public.exai_ready_issues
     where unblocks_count > 0 $$,
  $$ values (904, 2, 3) $$, 'what waits for what waits is counted, and what waits for a duplicate'
);
update public.exai_issues set status = 'fixed' where issue_number = 905;
select is(
  (select total_unblocks_count from public.exai_ready_issues where issue_number = 904), 1,
  'not what a fixed issue held up'
);
update public.exai_issues set status = 'open' where issue_number = 905;

select is(pg_temp.listed('severity'), '901,904,902,903', 'the order of the view');
select is(pg_temp.listed('reporters'), '903,902,901,904', 'the most people first');
select is(pg_temp.listed('unblocks'), '904,901,902,903', 'what holds up the most first');
insert into public.service_targets (issue_id, generation, stage, target_seconds, started_at, due_at) values
  ('10000000-0000-4000-8000-000000000001', 1, 'agent', 3600, now(), now() + interval '30 minutes'),
  ('10000000-0000-4000-8000-000000000002', 1, 'agent', 3600, now(), now() + interval '15 minutes'),
  ('10000000-0000-4000-8000-000000000003', 1, 'agent', 3600, now(), null),
  ('10000000-0000-4000-8000-000000000004', 1, 'agent', 3600, now(), now() - interval '6 minutes');
insert into public.service_targets (issue_id, generation, stage, target_seconds, started_at, due_at, met_at)
values ('10000000-0000-4000-8000-000000000001', 1, 'triage', 3600, now(), now() - interval '1 day', now());
select results_eq(
  $$ select issue_number, round(level_risk::numeric, 2) from exai_ready_issues
     where level_risk is not null order by issue_number $$,
  $$ values (902, 1.10), (903, 0.75) $$, 'how much of the nearest open service level is used up'
);
select is(pg_temp.listed('risk'), '902,903,901,904', 'the nearest to its end first');
select is(
  pg_temp.as_persona('viewer', 'select level_risk > 0 from exai_ready_issues where issue_number = 903'),
  'true', 'a viewer sees it'
);
select is(pg_temp.listed('votes'), 'PT422 loop_order_invalid', 'another order does not exist');
select is(pg_temp.listed('reporters', 'stranger'), 'PT403 team_role_required', 'a stranger may not');
select is(
  pg_temp.as_persona('viewer', 'select reporters_count from exai_ready_issues where issue_number = 903'), '7',
  'a viewer sees the count'
);

select * from finish();
rollback;
