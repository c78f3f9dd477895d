-- What nobody is sure about waits for a person, whose decision stands until a person takes it back.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(79);

\ir ../helpers/personas.psql
\ir ../helpers/envelopes.psql
\ir ../helpers/word_rules.psql

create function pg_temp.id_of(p_id text) returns uuid language sql stable as $$
  select id from public.circle_issues where message_id = p_id
$$;
create function pg_temp.call(p_persona text, p_function text, p_id text, p_more text default '')
returns text language sql as $$
  select pg_temp.as_persona(
    p_persona, format('select %s(%L::uuid%s)', p_function, pg_temp.id_of(p_id), p_more)
  )
$$;
create function pg_temp.state(p_id text) returns text language sql as $$
  select concat_ws(
    '|', case when is_triaged then 'triaged' else 'waiting' end, round(triage_confidence::numeric, 3),
    triaged_by, mapped_to_issue_id is not null
  )
  from public.circle_issues where message_id = p_id
$$;
create function pg_temp.decider(p_id text) returns text language sql as $$
  select right(triaged_by_user_id::text, 1) from public.circle_issues where message_id = p_id
$$;
create function pg_temp.queue() returns text language sql as $$
  select string_agg(message_id, ' ' order by message_id collate "C") from public.circle_triage_queue
$$;

-- how sure

select handle_circle_webhook(jsonb_build_array(
  pg_temp.single('1', 'There is a bug', null), pg_temp.single('2', 'Error after login', null),
  pg_temp.single('3', 'Thanks', '{"is_issue": false}'), pg_temp.single('4', 'Thanks', '{"is_issue": true}'),
  pg_temp.single('5', 'x', '{"is_issue": true, "confidence": 0.7}'),
  pg_temp.single('6', 'x', '{"is_issue": false, "confidence": 0.7}'),
  pg_temp.single('7', 'x', '{"is_issue": false, "confidence": 0.8}'),
  pg_temp.single('8', 'x', '{"is_issue": true, "confidence": 7}')
));
select results_eq(
  $$ select c.message_id, pg_temp.state(c.message_id) from public.circle_issues as c
    order by c.message_id $$,
  $$ values ('1', 'waiting|0.700|f'), ('2', 'triaged|0.808|t'), ('3', 'triaged|1.000|f'),
    ('4', 'triaged|1.000|t'), ('5', 'waiting|0.700|f'), ('6', 'waiting|0.300|f'), ('7', 'triaged|0.800|f'),
    ('8', 'waiting|0.000|f') $$,
  'words decide by the threshold, a verdict before them, and one that can''t be read leaves it to a person'
);
select is(pg_temp.queue(), '1 5 6 8', 'the others wait');
select is(
  (select string_agg(message_id, ' ' order by triage_confidence desc, message_id)
   from circle_triage_queue), '1 5 6 8', 'the likely ones first'
);
select is(pg_temp.as_persona('admin', 'update tracker_settings set triage_threshold = 0.65 where id
  returning triage_threshold'), '0.65', 'an admin lowers the threshold');
select handle_circle_webhook(jsonb_build_array(
  pg_temp.single('9', 'There is a bug', null), pg_temp.single('1', 'There is a bug', null)
));
select is(pg_temp.state('9'), 'triaged|0.700|t', 'it counts from the next message on');
select is(pg_temp.state('1'), 'triaged|0.700|t', 'and for one that is sent again');
select is(pg_temp.as_persona('agent', 'update tracker_settings set triage_threshold = 0.1 where id
  returning 1'), 'PT403 team_role_required', 'an agent doesn''t set it');
update tracker_settings set triage_threshold = 0.8;

-- who sees the queue

select is(pg_temp.as_persona('viewer', 'select count(*) from circle_triage_queue'), '3', 'viewers read it');
select is(pg_temp.as_persona('stranger', 'select count(*) from circle_triage_queue'), '0',
  'strangers see nothing');
select matches(pg_temp.as_persona('anon', 'select count(*) from circle_triage_queue'), '^42501 ',
  'nor does anybody who is not signed in');
select matches(pg_temp.as_persona('admin', 'update circle_triage_queue set title = title'), '^42501 ',
  'nobody writes through it');
select handle_circle_webhook('{"id": 30, "status": "published", "name": "Only a title", "slug": "only",
  "space_id": 1, "body": {"record_type": "Post", "body": ""}}');
select handle_circle_webhook('{"id": 42, "parent_message_id": 41, "chat_room_uuid": "r", "body": "reply"}');
select is(pg_temp.queue(), '5 6 8 post_30',
  'a title alone is for a person too, what has not come yet is not');
select is(pg_temp.as_persona('agent', $$select upsert_circle_issue('41', p_title => 'Only by hand')
  is not null$$), 'true', 'a placeholder that somebody fills in by hand');

-- made an issue by a person

create temp table made as select pg_temp.call('agent', 'import_circle_issue', '5',
  $$, title => 'A better title', segment => 'tool', notes => 'asked him'$$)::uuid as id;
select results_eq(
  $$ select i.title, i.segment, i.tags, i.status, i.submitted_by from issues as i join made using (id) $$,
  $$ values ('A better title', 'tool', array['circle', 'tool'], 'waiting_for_help', 'Ana Ruiz') $$,
  'an agent makes it an issue, with another title and segment'
);
select is(pg_temp.state('5') || pg_temp.decider('5'), 'triaged|1.000|Agnes Agent|tc',
  'the decision stands under their name');
select results_eq(
  $$ select imported_by, import_source, is_automatic from issue_import_logs
     where issue_id = (select id from made) $$,
  $$ values ('Agnes Agent', 'triage', false) $$, 'and is logged as theirs'
);
select results_eq(
  $$ select imported_by, import_source, is_automatic from issue_import_logs
     where circle_issue_id = pg_temp.id_of('4') $$,
  $$ values ('system', 'n8n_webhook', true) $$, 'what is sure by itself is logged as automatic'
);
select results_eq(
  $$ select old_status, new_status, changed_by from issue_status_logs
     where issue_id = (select id from made) $$,
  $$ values (null::text, 'waiting_for_help', 'Agnes Agent') $$, 'so is the status'
);
select is(pg_temp.call('second', 'import_circle_issue', '5'), (select id::text from made),
  'again is the same issue');
select is(pg_temp.call('second', 'import_circle_issue', '5', format(', %L', (select id from made))),
  (select id::text from made), 'also by its id');
select is((select count(*) from issue_import_logs where issue_id = (select id from made)), 1::bigint,
  'without another import');
select is(pg_temp.state('5') || pg_temp.decider('5'), 'triaged|1.000|Agnes Agent|tc',
  'nor another name to it');

-- what comes later doesn't change that

select handle_circle_webhook(pg_temp.single('5', 'New text', '{"is_issue": false, "issue_title": "Theirs"}',
  '{"edited_at": "2026-03-05T00:00:00Z"}'));
select results_eq(
  $$ select i.title, i.segment, split_part(i.description, e'\n', 1) from issues as i join made using (id) $$,
  $$ values ('A better title', 'tool', 'New text') $$,
  'later payloads keep title and segment, the text follows'
);
select is(pg_temp.state('5'), 'triaged|1.000|Agnes Agent|t', 'the verdict of a sender doesn''t undo it');

-- dismissed

select is(pg_temp.call('agent', 'dismiss_circle_issue', '6', $$, notes => 'chat'$$), null,
  'an agent dismisses one');
select is(pg_temp.state('6') || pg_temp.decider('6'), 'triaged|1.000|Agnes Agent|fc', 'under their name');
select is(pg_temp.call('second', 'dismiss_circle_issue', '6', $$, notes => 'just chat'$$), null,
  'again is not an error');
select results_eq(
  $$ select triaged_by, pg_temp.decider('6'), triage_notes from circle_issues where message_id = '6' $$,
  $$ values ('Agnes Agent', 'c', 'just chat') $$, 'and changes nothing but the notes'
);
select handle_circle_webhook(pg_temp.single('6', 'y', null, '{"edited_at": "2026-03-04T00:00:00Z"}'));
select is(pg_temp.state('6'), 'triaged|1.000|Agnes Agent|f',
  'a later payload that is not sure changes nothing');
select is(
  handle_circle_webhook(pg_temp.single('6', 'A crash', '{"is_issue": true}',
    '{"edited_at": "2026-03-05T00:00:00Z"}')) #>> '{imported,0,action}', 'stored',
  'a later payload that is sure makes no issue of it'
);
select is(pg_temp.state('6'), 'triaged|1.000|Agnes Agent|f', 'the decision stays');

-- put back

select pg_temp.call('second', 'return_circle_issue', '6');
select is(pg_temp.state('6') || pg_temp.decider('6'), 'waiting|1.000|second|fe',
  'what is put back waits again');
select is((select triage_notes from circle_issues where message_id = '6'), 'just chat', 'with its notes');
select is(
  handle_circle_webhook(pg_temp.single('6', 'A worse crash', '{"is_issue": true}',
    '{"edited_at": "2026-03-06T00:00:00Z"}')) #>> '{imported,0,action}', 'stored',
  'for a person: no payload decides it'
);
create temp table number as select i.seq_id from issues as i join made using (id);
insert into comments (issue_id, author_name, body) select id, 'Agnes', 'Said' from made;
select pg_temp.call('agent', 'return_circle_issue', '5');
select results_eq(
  $$ select i.status, pg_temp.state('5'), (select count(*) from comments where issue_id = i.id)
     from issues as i join made using (id) $$,
  $$ values ('archived', 'waiting|0.000|Agnes Agent|f', 1::bigint) $$,
  'the issue of a message that is put back is archived, not lost'
);
select handle_circle_webhook(pg_temp.single('5', 'Newest text', '{"is_issue": true}',
  '{"edited_at": "2026-03-07T00:00:00Z"}'));
select is(pg_temp.state('5'), 'waiting|1.000|Agnes Agent|f', 'a later payload doesn''t import it either');
select is(pg_temp.call('second', 'import_circle_issue', '5'), (select id::text from made),
  'imported again it has its issue back');
select results_eq(
  $$ select i.status, i.seq_id, i.title, split_part(i.description, e'\n', 1), i.archived_at
     from issues as i join made using (id) $$,
  $$ select 'waiting_for_help', seq_id, 'A better title', 'Newest text', null::timestamptz from number $$,
  'with its number and what people wrote, and what came meanwhile'
);
select results_eq(
  $$ select new_status, changed_by from issue_status_logs where issue_id = (select id from made)
     order by changed_at $$,
  $$ values ('waiting_for_help', 'Agnes Agent'), ('archived', 'Agnes Agent'),
    ('waiting_for_help', 'second') $$, 'each change is logged with who made it'
);
do $$
begin
  for v_round in 1..5 loop
    perform public.return_circle_issue(pg_temp.id_of('5'));
    perform public.import_circle_issue(pg_temp.id_of('5'));
  end loop;
end;
$$;
select is(
  (select count(*) from issues where title = 'A better title')::text || ' ' || pg_temp.state('5'),
  '1 triaged|1.000|system|t', 'to and fro leaves one issue'
);
select is(pg_temp.decider('5'), null, 'what a server decides has no account');

-- duplicates

select handle_circle_webhook(pg_temp.single('10', 'The same', null));
select is(pg_temp.call('agent', 'import_circle_issue', '10', format(', %L', (select id from made))),
  (select id::text from made), 'a duplicate shares the issue');
select results_eq(
  $$ select title, split_part(description, e'\n', 1) from issues join made using (id) $$,
  $$ values ('A better title', 'Newest text') $$, 'which it doesn''t write'
);
select handle_circle_webhook(pg_temp.single('10', 'The same, edited', '{"is_issue": true}',
  '{"edited_at": "2026-03-07T00:00:00Z"}'));
select is((select split_part(description, e'\n', 1) from issues join made using (id)), 'Newest text',
  'nor do its later payloads');
select pg_temp.call('agent', 'return_circle_issue', '5');
select is((select status from issues join made using (id)), 'waiting_for_help',
  'an issue that another message shares isn''t archived');
select isnt(pg_temp.call('agent', 'import_circle_issue', '5'), (select id::text from made),
  'and is that one''s: who makes an issue of the first again has a new one');
select pg_temp.call('agent', 'return_circle_issue', '5');
select pg_temp.call('agent', 'return_circle_issue', '10');
select is((select status from issues join made using (id)), 'waiting_for_help',
  'nor is one by a message that didn''t make it');
select is(pg_temp.state('10'), 'waiting|1.000|Agnes Agent|f', 'which waits again');

select handle_circle_webhook(jsonb_build_array(
  pg_temp.single('15', 'x', null), pg_temp.single('16', 'x', null)
));
select set_config('app.actor', 'Night shift', true);
create temp table shared as select import_circle_issue(pg_temp.id_of('15')) as id;
select import_circle_issue(pg_temp.id_of('16'), (select id from shared));
select return_circle_issue(pg_temp.id_of('15')), return_circle_issue(pg_temp.id_of('16'));
select is(import_circle_issue(pg_temp.id_of('15')), (select id from shared),
  'an issue that nobody has any more is its first message''s again');
select results_eq(
  $$ select distinct imported_by, is_automatic from issue_import_logs
     where issue_id = (select id from shared) $$,
  $$ values ('Night shift', false) $$, 'a server decides for whom it names, not automatically'
);
select set_config('app.actor', '', true);

-- decided by the table itself, as clients did that know no functions

select handle_circle_webhook(jsonb_build_array(
  pg_temp.single('11', 'x', null), pg_temp.single('12', 'x', null)
));
select is(
  pg_temp.as_persona('agent', $$ update circle_issues set is_triaged = true, triage_confidence = 1
    where message_id = '11' returning triaged_by $$), 'Agnes Agent', 'to triage a message is a decision'
);
select is(
  pg_temp.as_persona('agent', format($$ update circle_issues set mapped_to_issue_id = %L
    where message_id = '12' returning triaged_by $$, (select id from made))), 'Agnes Agent',
  'so is giving it an issue'
);
select is(
  pg_temp.as_persona('second', $$ update circle_issues set mapped_to_issue_id = null
    where message_id = '12' returning triaged_by $$), 'second', 'and taking it away'
);
select handle_circle_webhook(jsonb_build_array(
  pg_temp.single('11', 'A crash', '{"is_issue": true}', '{"edited_at": "2026-03-05T00:00:00Z"}'),
  pg_temp.single('12', 'A crash', '{"is_issue": true}', '{"edited_at": "2026-03-05T00:00:00Z"}')
));
select is(pg_temp.state('11') || ' ' || pg_temp.state('12'),
  'triaged|1.000|Agnes Agent|f triaged|1.000|second|f', 'which no payload changes');
select results_eq(
  $$ select pg_temp.as_persona('agent', $u$ update circle_issues set triaged_by = 'Adam Admin',
       triaged_by_user_id = '00000000-0000-4000-8000-00000000000d', triaged_at = '2020-01-01'
       where message_id = '12' returning triaged_by $u$), pg_temp.decider('12'),
       (select triaged_at > '2026-01-01' from circle_issues where message_id = '12') $$,
  $$ values ('Agnes Agent', 'c', true) $$, 'nobody decides under another name, or at another time'
);
select is(
  pg_temp.as_persona('second', $$ update circle_issues set triaged_by = null, triaged_at = null,
    triaged_by_user_id = null where message_id = '12' returning triaged_by $$), 'Agnes Agent',
  'or takes the name off'
);
select is(
  pg_temp.as_persona('agent', $$ insert into circle_issues (message_id, is_triaged, triaged_by)
    values ('13', true, 'Adam Admin') returning triaged_by $$), 'Agnes Agent', 'new messages neither'
);
select is(
  pg_temp.as_persona('agent', format($$ select process_circle_webhook(%L) ->> 'action' $$,
    pg_temp.single('14', 'x', '{"is_issue": true}'))) || coalesce(pg_temp.decider('14'), ' by nobody'),
  'created by nobody', 'a person who passes a payload on has decided nothing'
);
update team_members set display_name = 'Agnes Agent'
where user_id = '00000000-0000-4000-8000-00000000000e';
select pg_temp.call('second', 'return_circle_issue', '12');
select is(pg_temp.decider('12'), 'e', 'two of one name are two accounts');
select pg_temp.as_persona('service_role', format('select dismiss_circle_issue(%L)', pg_temp.id_of('12')));
select is(pg_temp.state('12') || coalesce(pg_temp.decider('12'), ' by nobody'),
  'triaged|1.000|system|f by nobody', 'a server''s decision is not the account''s that decided before');

-- the issue is deleted

create temp table doomed as select mapped_to_issue_id as id from circle_issues where message_id = '14';
select is(pg_temp.as_persona('admin', format('delete from issues where id = %L returning 1',
  (select id from doomed))), '1', 'an admin deletes an issue');
select is(pg_temp.state('14'), 'triaged|1.000|f', 'its message stays, and nobody has decided again');
select is(
  handle_circle_webhook(pg_temp.single('14', 'y', '{"is_issue": true}',
    '{"edited_at": "2026-03-05T00:00:00Z"}')) #>> '{imported,0,action}', 'stored',
  'no payload brings it back'
);
select isnt(pg_temp.call('agent', 'import_circle_issue', '14'), (select id::text from doomed),
  'a person may have a new one');

-- errors

select is(
  pg_temp.as_persona('viewer', format('select %s(%L)', f, pg_temp.id_of('1'))),
  'PT403 team_role_required', f || ' is for agents'
)
from unnest(array['import_circle_issue', 'dismiss_circle_issue', 'return_circle_issue']) as f;
select is(
  pg_temp.as_persona('stranger', format('select %s(null)', f)), 'PT403 team_role_required',
  f || ' is not for strangers'
)
from unnest(array['import_circle_issue', 'dismiss_circle_issue', 'return_circle_issue']) as f;
select is(
  pg_temp.as_persona('agent', format('select %s(%s)', f, a)), 'PT404 tracker_circle_issue_unknown',
  f || ' of ' || a
)
from unnest(array['import_circle_issue', 'dismiss_circle_issue', 'return_circle_issue']) as f,
  unnest(array['null', 'gen_random_uuid()']) as a
where f = 'import_circle_issue' or a <> 'null';
select is(pg_temp.call('agent', 'import_circle_issue', '10', ', gen_random_uuid()'),
  'PT404 tracker_issue_unknown', 'an issue that isn''t there');
select is(pg_temp.call('agent', 'import_circle_issue', '2', format(', %L', (select id from made))),
  'PT409 tracker_circle_issue_conflict', 'a message has one issue');
select is(pg_temp.call('agent', 'dismiss_circle_issue', '2'), 'PT409 tracker_circle_issue_conflict',
  'one that has an issue isn''t dismissed');
select is(pg_temp.call('agent', 'import_circle_issue', '10', $$, segment => 'garden'$$),
  'PT422 tracker_segment_invalid', 'there are four segments');
select is(pg_temp.state('10'), 'waiting|1.000|Agnes Agent|f', 'what is refused changes nothing');

select * from finish();
rollback;
