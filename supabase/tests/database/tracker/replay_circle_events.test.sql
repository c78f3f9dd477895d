-- What is processed again ends in the same rows; what fails is listed, and holds up nothing.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(31);

\ir ../helpers/personas.psql
\ir ../helpers/envelopes.psql
\ir ../helpers/word_rules.psql

create function pg_temp.send(p_body text) returns jsonb language sql as $$
  select public.ingest_circle_event(encode(convert_to(p_body, 'UTF8'), 'base64'))
$$;
-- Everything that people see of it, without the number of attempts.
create function pg_temp.rows() returns jsonb language sql as $$
  select jsonb_build_array(
    (select jsonb_agg(to_jsonb(c) order by c.message_id) from public.circle_issues as c),
    (select jsonb_agg(to_jsonb(r) order by r.message_id) from public.circle_replies as r),
    (select jsonb_agg(to_jsonb(i) order by i.id) from public.issues as i),
    (select jsonb_agg(to_jsonb(l) order by l.id) from public.issue_import_logs as l),
    (select jsonb_agg(to_jsonb(l) order by l.id) from public.issue_status_logs as l),
    (select jsonb_agg(to_jsonb(l) order by l.id) from public.segment_corrections as l),
    (select jsonb_agg(to_jsonb(t) order by t.issue_id, t.tag_name) from public.issue_tags as t),
    (select jsonb_agg(to_jsonb(d) order by d.issue_id, d.field) from public.issue_import_differences as d)
  )
$$;

select pg_temp.send(pg_temp.thread('1', 'Old', '{"is_issue": true, "issue_title": "One", "type": "Auth"}',
  jsonb_build_array(pg_temp.reply(1, '101', 'Lee', 'First')))::text);
select pg_temp.send(pg_temp.single('2', 'There is a bug', null)::text);
select pg_temp.send('{"id": 102, "parent_message_id": 3, "chat_room_uuid": "room-1", "body": "Early"}');
select pg_temp.send(pg_temp.single('1', 'New', '{"is_issue": true, "issue_title": "Two", "type": "Tool"}',
  '{"edited_at": "2026-03-05T00:00:00Z"}')::text);
select pg_temp.send(pg_temp.single('3', 'Late', '{"is_issue": true}')::text);
select pg_temp.send(pg_temp.single('4', 'Chat', '{"is_issue": true}')::text);
select pg_temp.send('{"type": "post", "data": {"id": 1}}');
select pg_temp.send('no JSON');
select pg_temp.send(jsonb_build_array('{"Parent_Message": {"body": "no id"}}'::jsonb,
  pg_temp.single('5', 'Next to it', '{"is_issue": true}'))::text);
create temp table before as select pg_temp.rows() as value;

-- the same rows

select is(
  replay_circle_events('-infinity', 'infinity'),
  '{"replayed": 9, "next_from": null, "processed": 6, "hint": 1, "unreadable": 1, "failed": 1}',
  'all events are processed again'
);
select is(pg_temp.rows(), (select value from before), 'and no row is another');
select is((select min(attempts_count) from private.inbox_events), 2, 'the attempts are counted');
select is((select max(received_count) from private.inbox_events), 1, 'nothing has been received again');

-- also after people have worked with them

select pg_temp.as_persona('agent', format($$ update issues set title = 'By hand', segment = 'code',
  status = 'resolved', tags = array['mine'] where id = %L returning 1 $$, mapped_to_issue_id))
from circle_issues where message_id = '1';
select pg_temp.as_persona('agent', format('select import_circle_issue(%L, title => %L)', id, 'Chosen'))
from circle_issues where message_id = '2';
select pg_temp.as_persona('agent', format('select return_circle_issue(%L)', id))
from circle_issues where message_id = '3';
select pg_temp.as_persona('admin', format('delete from issues where id = %L returning 1', mapped_to_issue_id))
from circle_issues where message_id = '4';
select pg_temp.as_persona('agent', format('select import_circle_issue(%L, %L)', o.id, i.mapped_to_issue_id))
from circle_issues as o, circle_issues as i where o.message_id = '3' and i.message_id = '1';
update before set value = pg_temp.rows();
select is(
  (select string_agg(message_id, ' ' order by message_id) from circle_issues
   where triaged_by is not null), '2 3', 'people have decided'
);
select is(
  (select string_agg(field || '=' || current_value, ' ' order by field, current_value collate "C")
   from issue_import_differences),
  'segment=code title=By hand title=Chosen', 'and written'
);
select is(replay_circle_events('-infinity', 'infinity') ->> 'processed', '6', 'again');
select is(pg_temp.rows(), (select value from before), 'theirs stays, to the last column');
select is(
  pg_temp.as_persona('admin', $$ select replay_circle_events('-infinity', 'infinity') ->> 'replayed' $$), '9',
  'an admin may'
);
select is(pg_temp.rows(), (select value from before), 'with the same rows');

-- after the rules changed

select pg_temp.send(pg_temp.single('6', 'There is a bug', null)::text);
update tracker_settings set triage_threshold = 0.65;
select replay_circle_events('-infinity', 'infinity');
select is(
  (select string_agg(message_id, ' ' order by message_id) from circle_issues
   where mapped_to_issue_id is not null), '1 2 3 5 6', 'what waits is judged by the rules as they are'
);
update tracker_settings set triage_threshold = 0.8;
update before set value = pg_temp.rows();
select replay_circle_events('-infinity', 'infinity');
select is(pg_temp.rows(), (select value from before), 'an issue doesn''t go when they change back');

-- what has failed

select results_eq(
  $$ select status, error, errors -> 0 ->> 'code', errors -> 0 ->> 'index' from failed_circle_events
     order by received_at $$,
  $$ values ('unreadable', 'inbox_json_invalid', null, null), ('failed', 'tracker_message_id_invalid',
    'tracker_message_id_invalid', '0') $$, 'what is not imported is listed with its reasons'
);
select is(pg_temp.as_persona('viewer', 'select count(*) from failed_circle_events'), '2', 'viewers see it');
select is(pg_temp.as_persona('stranger', 'select count(*) from failed_circle_events'), '0',
  'strangers don''t');
select matches(pg_temp.as_persona('anon', 'select count(*) from failed_circle_events'), '^42501 ',
  'nor does anybody else');
select matches(pg_temp.as_persona('admin', 'select count(*) from private.inbox_events'), '^42501 ',
  'the bodies are nobody''s to read');
select matches(pg_temp.as_persona('admin', 'delete from failed_circle_events returning 1'), '^42501 ',
  'or to delete');

create function pg_temp.break() returns trigger language plpgsql as $$
begin
  if new.message_id = '7' then
    raise exception 'a mistake';
  elsif new.message_id = '8' then
    perform private.no_such_function();
  elsif new.message_id = '9' then
    raise exception using errcode = 'XX000', message = 'broken';
  end if;
  return new;
end;
$$;
create trigger _999_break before insert on public.circle_issues
  for each row execute function pg_temp.break();
select receive_circle_event(encode(convert_to(pg_temp.single(id, 'x', null)::text, 'UTF8'), 'base64'))
from unnest(array['7', '8', '9', '10']) as id;
update private.inbox_events set next_attempt_at = clock_timestamp() where status = 'received';
update private.inbox_events set next_attempt_at = null where status <> 'received';
select is(private.run_inbox_events('circle'), 1, 'a mistake in the import holds up no other event');
select results_eq(
  $$ select split_part(error, ':', 1), attempts, next_attempt_at > clock_timestamp()
     from failed_circle_events where error like '_____:%' order by error collate "C" $$,
  $$ values ('42883', 1, true), ('P0001', 1, true), ('XX000', 1, true) $$,
  'it is listed, and tried again'
);
select is(replay_circle_events('-infinity', 'infinity') ->> 'failed', '4', 'a replay goes on after it too');
drop trigger _999_break on public.circle_issues;
select is(replay_circle_events('-infinity', 'infinity') ->> 'failed', '1',
  'and what has been fixed is processed');

-- in parts

create temp table part (number serial, answer jsonb);
insert into part (answer) select replay_circle_events('-infinity', 'infinity', 6);
insert into part (answer)
select replay_circle_events((answer ->> 'next_from')::timestamptz, 'infinity', 6) from part;
insert into part (answer)
select replay_circle_events((answer ->> 'next_from')::timestamptz, 'infinity', 6) from part where number = 2;
select is((select string_agg(answer ->> 'replayed', ' ' order by number) from part), '6 6 2',
  'next_from says where to go on');
select is((select answer -> 'next_from' from part where number = 3), 'null', 'until there is nothing more');
update private.inbox_events set received_at = '2026-01-01' where status in ('hint', 'unreadable');
select is(replay_circle_events('2026-01-01', '2026-01-02', 1),
  '{"replayed": 2, "next_from": null, "hint": 1, "unreadable": 1}',
  'what came at one moment stays together, so that next_from never stands still');
select is(replay_circle_events('-infinity', 'infinity', null) ->> 'replayed', '14', 'null is the default');
select is(replay_circle_events('2026-01-01', '2026-01-01'), '{"replayed": 0, "next_from": null}',
  'a time before which nothing came');

-- who, and which times

select is(
  pg_temp.as_persona('admin', format('select replay_circle_events(%s)', a)), 'PT422 inbox_range_invalid',
  'from ' || a
)
from unnest(array['null', $$'2026-01-02', '2026-01-01'$$]) as a;
select is(pg_temp.as_persona('agent', $$ select replay_circle_events('-infinity') $$),
  'PT403 team_role_required', 'agents may not');
select matches(pg_temp.as_persona('anon', $$ select replay_circle_events('-infinity') $$), '^42501 ',
  'nor may anybody who isn''t signed in');

select * from finish();
rollback;
