-- Duplicates: merged into the older issue, with everybody who reported them, and taken apart again.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
\ir ../helpers/personas.psql
\ir ../helpers/github.psql
\ir ../helpers/closing.psql
\ir ../helpers/envelopes.psql
select plan(64);

create function pg_temp.merge(p_persona text, p_source text, p_into text) returns text language sql as $$
  select pg_temp.as_persona(p_persona, format(
    'select merged_by from public.merge_issues(%L, %L)', pg_temp.id_of(p_source), pg_temp.id_of(p_into)
  ))
$$;
create function pg_temp.unmerge(p_persona text, p_source text) returns text language sql as $$
  select pg_temp.as_persona(p_persona, format('select public.unmerge_issues(%L)', pg_temp.id_of(p_source)))
$$;
-- A message that is mapped to an issue by name.
create function pg_temp.message_of(p_message_id text, p_name text) returns void language sql as $$
  insert into public.circle_issues (message_id, title, body, author_name, posted_at, mapped_to_issue_id)
  values (
    p_message_id, 'Export fails', 'It fails', 'Member ' || p_message_id, now() - interval '2 hours',
    pg_temp.id_of(p_name)
  )
$$;
create function pg_temp.messages_of(p_name text) returns text language sql as $$
  select coalesce(string_agg(message_id, ',' order by message_id collate "C"), '-') from public.circle_issues
  where mapped_to_issue_id = pg_temp.id_of(p_name)
$$;
create function pg_temp.escalate(p_name text) returns uuid language sql as $$
  insert into support.escalations (issue_type, original_request, issue_id)
  values ('general', 'Help', pg_temp.id_of(p_name)) returning id
$$;
select pg_temp.report(n, make_interval(mins => 70 - 10 * p::integer))
from unnest(array['first', 'second', 'third', 'fourth']) with ordinality as t (n, p);
select pg_temp.message_of('1001', 'first');
select pg_temp.message_of('1002', 'second');
select pg_temp.message_of('1003', 'second');
select pg_temp.escalate('second');
select pg_temp.message_of('1004', 'third');
insert into public.comments (issue_id, body) values (pg_temp.id_of('second'), 'A comment');
update public.issues set status = 'blocked' where id = pg_temp.id_of('second');
create temp table before on commit drop as
select c.id, c.triaged_by, c.triaged_at, c.is_triaged from public.circle_issues as c;

create function pg_temp.process(p_envelope jsonb) returns text language sql as $$
  select public.process_circle_webhook(p_envelope) ->> 'action'
$$;

-- Who may

select is(pg_temp.merge(p, 'second', 'first'), e, p || ' merges') from (values
  ('anon', '42501 permission denied for function merge_issues'), ('stranger', 'PT403 team_role_required'),
  ('viewer', 'PT403 team_role_required')
) as t (p, e);
update auth.users set banned_until = now() + interval '1 day' where email = 'second@example.com';
select is(pg_temp.merge('second', 'second', 'first'), 'PT403 team_role_required', 'nor who is banned');
select is(pg_temp.unmerge(p, 'second'), e, p || ' undoes it') from (values
  ('anon', '42501 permission denied for function unmerge_issues'), ('stranger', 'PT403 team_role_required'),
  ('viewer', 'PT403 team_role_required')
) as t (p, e);

-- What may be merged

select is(pg_temp.merge('agent', 'first', 'second'), 'PT422 loop_merge_invalid', 'not into the younger one');
select is(pg_temp.merge('agent', 'first', 'first'), 'PT422 loop_merge_invalid', 'nor into itself');
select is(pg_temp.merge('agent', 'first', 'none'), 'PT404 tracker_issue_unknown', 'nor into nothing');
select is(pg_temp.merge('agent', 'none', 'first'), 'PT404 tracker_issue_unknown', 'nor nothing');
update public.issues set status = 'archived' where id = pg_temp.id_of('first');
select is(pg_temp.merge('agent', 'second', 'first'), 'PT409 loop_merge_conflict', 'nor into an archived one');
update public.issues set status = 'waiting_for_help' where id = pg_temp.id_of('first');
select pg_temp.report('test', '5 minutes');
update public.issues set is_test = true where id = pg_temp.id_of('test');
select is(pg_temp.merge('agent', 'test', 'first'), 'PT409 loop_merge_conflict', 'nor a test');

-- What moves

select is(pg_temp.merge('agent', 'second', 'first'), 'Agnes Agent', 'the younger into the older');
select is(pg_temp.messages_of('first'), '1001,1002,1003', 'its messages have moved');
select is(pg_temp.messages_of('second'), '-', 'none are left');
select is(
  (select count(*)::integer from support.escalations where issue_id = pg_temp.id_of('first')), 1,
  'its escalation has moved'
);
select is(pg_temp.status_of('second'), 'archived', 'it is archived');
select is(
  (select count(*)::integer from public.comments where issue_id = pg_temp.id_of('second')), 1,
  'its comment stays'
);
select is(
  (
    select count(*)::integer from before as b join public.circle_issues as c using (id)
    where (b.triaged_by, b.triaged_at, b.is_triaged)
      is distinct from (c.triaged_by, c.triaged_at, c.is_triaged)
  ), 0, 'who decided that they are issues stays'
);
select is(
  (
    select count(*)::integer from public.loop_events
    where issue_id = pg_temp.id_of('first') and hop = 'reported' and (
      reference in ('', '1001', '1002', '1003', pg_temp.id_of('second')::text)
      or reference in (select id::text from support.escalations)
    )
  ), 6, 'the ledger of the older has all who reported'
);
select is(
  (
    select array_agg(distinct at) from public.loop_events
    where issue_id = pg_temp.id_of('first') and hop = 'reported' and reference in ('1002', '1003')
  ), array[now() - interval '2 hours'], 'when they wrote'
);
select is(
  (
    select concat_ws(' ', source_status, cardinality(message_ids), cardinality(escalation_ids), exai_issue_id)
    from public.issue_merges where source_issue_id = pg_temp.id_of('second')
  ), 'blocked 2 1', 'what was moved is noted'
);
select is(pg_temp.merge('agent', 'second', 'first'), 'Agnes Agent', 'again, it is the same');
select is((select count(*)::integer from public.issue_merges), 1, 'once');
select is(
  pg_temp.as_persona(p, 'select count(*) from public.issue_merges'), e, p || ' reads merges'
) from (values
  ('anon', '42501 permission denied for table issue_merges'), ('stranger', '0'), ('viewer', '1')
) as t (p, e);
select is(
  pg_temp.as_persona('admin', 'delete from public.issue_merges returning 1'),
  '42501 permission denied for table issue_merges', 'nobody writes them'
);

-- Neither chains nor cycles

select is(
  pg_temp.merge('agent', 'third', 'second'), 'PT409 loop_merge_conflict', 'not into one that is merged'
);
select is(pg_temp.merge('agent', 'second', 'first'), 'Agnes Agent', 'one that is merged, there only');
select pg_temp.report('oldest', '5 hours');
select is(
  pg_temp.merge('agent', 'second', 'oldest'), 'PT409 loop_merge_conflict', 'and not into another one'
);
select is(
  pg_temp.merge('agent', 'first', 'oldest'), 'PT409 loop_merge_conflict',
  'nor one that others are merged into'
);

-- A duplicate gets no engineering issue

select is(
  pg_temp.as_persona('agent', format('select public.promote_issue(%L)', pg_temp.id_of('second'))),
  'PT409 loop_link_conflict', 'a fix of the duplicate would tell nobody'
);
select pg_temp.engineer('other');
select is(
  pg_temp.as_persona(
    'agent', format('select public.link_issue(%L, %s)', pg_temp.id_of('second'), pg_temp.number_of('other'))
  ), 'PT409 loop_link_conflict', 'which the older issue has reporters of'
);
select is(
  (select count(*)::integer from public.issue_links where issue_id = pg_temp.id_of('second')), 0,
  'nothing is linked'
);

-- One fix answers everybody

select is(pg_temp.merge('agent', 'third', 'first'), 'Agnes Agent', 'a third one');
select pg_temp.engineer('x');
select pg_temp.link('first', 'x');
select pg_temp.send(1, 30, pg_temp.fixes('x'), pg_temp.merged_ago(30));
select is(pg_temp.status_of('first'), 'resolved Fixloop', 'a merge resolves the older');
select is(pg_temp.status_of('third'), 'archived', 'and not what is merged into it');
select is(pg_temp.messages_of('first'), '1001,1002,1003,1004', 'which has all messages to answer');

-- Undone

select pg_temp.message_of('1005', 'first');
update public.circle_issues set mapped_to_issue_id = null where message_id = '1003';
select is(pg_temp.unmerge('agent', 'second'), 'true', 'undone');
select is(pg_temp.messages_of('second'), '1002', 'what was moved is back, where it still was');
select is(pg_temp.messages_of('first'), '1001,1004,1005', 'what came later stays');
select is(
  (select count(*)::integer from support.escalations where issue_id = pg_temp.id_of('second')), 1,
  'its escalation is back'
);
select is(pg_temp.status_of('second'), 'blocked', 'it has the status that it had');
select is(pg_temp.unmerge('agent', 'second'), 'false', 'once');
select is(pg_temp.unmerge('agent', 'none'), 'PT404 tracker_issue_unknown', 'not of nothing');
select is(pg_temp.unmerge('agent', 'third'), 'true', 'the third');
select is(pg_temp.status_of('third'), 'waiting_for_help', 'which was waiting');
select is(pg_temp.status_of('first'), 'resolved Fixloop', 'the older stays as it is');

select pg_temp.report('late', '2 minutes');
select pg_temp.message_of('3001', 'late');
select is(pg_temp.merge('agent', 'late', 'first'), 'Agnes Agent', 'into one that is resolved');
select is(
  (
    select count(*)::integer from public.deliveries
    where issue_id = pg_temp.id_of('first') and dedupe_key like '%:3001'
  ), 1, 'who reported it is answered too'
);

-- Engineering issues

select pg_temp.engineer('y');
select pg_temp.link('fourth', 'y');
select is(pg_temp.merge('agent', 'fourth', 'third'), 'Agnes Agent', 'one with an engineering issue');
select is(
  (select array_agg(issue_id) from public.issue_links where exai_issue_id = pg_temp.id_of('y')),
  array[pg_temp.id_of('third')], 'which moves along'
);
select is(pg_temp.unmerge('agent', 'fourth'), 'true', 'undone');
select is(
  (select array_agg(issue_id) from public.issue_links where exai_issue_id = pg_temp.id_of('y')),
  array[pg_temp.id_of('fourth')], 'it moves back'
);
select pg_temp.engineer('z');
select pg_temp.link('third', 'z');
select is(pg_temp.merge('agent', 'fourth', 'third'), 'Agnes Agent', 'both with one');
select is(
  (select exai_issue_id from public.issue_links where issue_id = pg_temp.id_of('third')), pg_temp.id_of('z'),
  'the older keeps its own'
);
select pg_temp.send(2, 30, pg_temp.fixes('y'), pg_temp.merged_ago(30));
select is(pg_temp.status_of('fourth'), 'archived', 'a fix of the other one resolves nothing');

-- Replies that come later

select pg_temp.report('a', '3 hours');
select is(
  pg_temp.process(pg_temp.single('2001', 'The export fails', '{"is_issue": true, "type": "code"}')),
  'created', 'a message becomes an issue'
);
insert into made select 'b', mapped_to_issue_id from public.circle_issues where message_id = '2001';
select is(pg_temp.merge('agent', 'b', 'a'), 'Agnes Agent', 'which is merged');
create temp table description on commit drop as select description from public.issues
where id = pg_temp.id_of('a');
select is(
  pg_temp.process(pg_temp.thread(
    '2001', 'The export fails', '{"is_issue": true, "type": "code"}',
    jsonb_build_array(pg_temp.reply(1, '2002', 'Tom', 'Same here'))
  )), 'updated', 'a reply comes'
);
select is(
  (
    select c.mapped_to_issue_id from public.circle_replies as r
    join public.circle_issues as c on c.id = r.circle_issue_id where r.message_id = '2002'
  ), pg_temp.id_of('a'), 'it is the older issue''s'
);
select is(
  (select description from public.issues where id = pg_temp.id_of('a')),
  (select description from description), 'whose text stays'
);

select * from finish();
rollback;
