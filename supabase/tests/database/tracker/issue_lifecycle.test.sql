-- The rules that hold for every issue, whoever writes it and whatever they send.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(37);

\ir ../helpers/personas.psql
\ir ../helpers/word_rules.psql

insert into public.issues (id, title, description) values
  ('10000000-0000-4000-8000-000000000001', 'One', 'nothing special'),
  ('10000000-0000-4000-8000-000000000002', 'Two', 'nothing special');

-- creation

select results_eq(
  $$ select status, segment, submitted_by, tags, is_test, ready_for_delivery, resolved_at, archived_at
     from public.issues where title = 'One' $$,
  $$ values ('waiting_for_help', 'misc', 'system', '{}'::text[], false, null::boolean, null::timestamptz,
     null::timestamptz) $$,
  'an issue needs only a title'
);
select is(
  pg_temp.as_persona('agent', $$ insert into issues (title, description) values ('Help', 'my login fails')
    returning segment $$),
  'auth', 'without a segment, determine_segment sets it'
);
select is(
  pg_temp.as_persona('agent', $$ insert into issues (title, description, segment, tags)
    values ('Help', null, null, null) returning concat_ws('|', segment, description, tags) $$),
  'misc||{}', 'null for segment, description or tags is treated as left out'
);
select ok(
  (select b.seq_id > a.seq_id from public.issues as a, public.issues as b where a.title = 'One'
    and b.title = 'Two'),
  'seq_id increases'
);
select throws_ok(
  $$ insert into public.issues (title, seq_id) select 'x', seq_id from public.issues where title = 'One' $$,
  '23505', null, 'seq_id is unique'
);
select throws_ok($$ insert into public.issues (title) values ('  ') $$, '23514', null,
  'a title is not blank');
select is(
  pg_temp.as_persona('agent', $$ update issues set seq_id = 0 where title = 'One' returning seq_id $$),
  'PT422 key_change_forbidden', 'seq_id can''t be changed'
);

-- invalid values

select is(
  pg_temp.as_persona('agent', $$ update issues set status = 'done' where title = 'One' returning status $$),
  'PT422 tracker_status_invalid', 'an unknown status is rejected on update'
);
select is(
  pg_temp.as_persona('agent', $$ insert into issues (title, status) values ('x', 'Resolved')
    returning status $$),
  'PT422 tracker_status_invalid', 'and on insert; statuses are case-sensitive'
);
select throws_ok(
  $$ update public.issues set segment = 'billing' where title = 'One' $$,
  'PT422', 'tracker_segment_invalid', 'an unknown segment is rejected'
);
select is(
  (select count(*) from pg_constraint where conrelid = 'public.issues'::regclass
    and conname in ('issues_status_is_known', 'issues_segment_is_known')),
  2::bigint, 'named check constraints enforce the same'
);

-- resolving and archiving

select is(
  pg_temp.as_persona('agent', $$ update issues set status = 'resolved', resolved_at = '1999-01-01',
    updated_at = '1999-01-01' where title = 'One'
    returning concat_ws('|', resolved_by, resolved_by_user_id, resolved_at > '2000-01-01',
      updated_at > '2000-01-01',
      archived_at) $$),
  'Agnes Agent|00000000-0000-4000-8000-00000000000c|t|t',
  'resolving sets resolved_by and the database''s time, whatever times were sent'
);
create temp table before as select resolved_at from public.issues where title = 'One';
select is(
  pg_temp.as_persona('admin', $$ update issues set status = 'resolved', resolved_at = null,
    resolved_by = null,
    resolved_by_user_id = null, description = 'more' where title = 'One'
    returning concat_ws('|', resolved_by, resolved_by_user_id, resolved_at is not null) $$),
  'Agnes Agent|00000000-0000-4000-8000-00000000000c|t',
  'sending the status again with nulls keeps the resolution'
);
select is(
  pg_temp.as_persona('admin', $$ update issues
    set resolved_by_user_id = '00000000-0000-4000-8000-00000000000d',
    resolved_by = 'Agnes' where title = 'One' returning concat_ws('|', resolved_by, resolved_by_user_id) $$),
  'Agnes|00000000-0000-4000-8000-00000000000c', 'the name can be corrected, the account can''t'
);
select is(
  pg_temp.as_persona('agent', $$ update issues set status = 'archived', archived_at = '1999-01-01'
    where title = 'One' returning concat_ws('|', resolved_by, archived_at > '2000-01-01') $$),
  'Agnes|t', 'archiving keeps the resolution'
);
select is(
  pg_temp.as_persona('agent', $$ update issues set archived_at = null where title = 'One'
    returning archived_at > '2000-01-01' $$),
  'true', 'an archived issue keeps its time'
);
select is(
  pg_temp.as_persona('admin', $$ update issues set status = 'resolved' where title = 'One'
    returning concat_ws('|', resolved_by, resolved_by_user_id, archived_at) $$),
  'Agnes|00000000-0000-4000-8000-00000000000c', 'leaving the archive keeps the resolution'
);
select is(
  (select i.resolved_at = b.resolved_at from public.issues as i, before as b where i.title = 'One'), true,
  'and its time'
);
select is(
  pg_temp.as_persona('agent', $$ update issues set status = 'in_progress', resolved_by = 'Agnes',
    resolved_at = now(),
    archived_at = now() where title = 'One'
    returning concat_ws('|', status, resolved_by, resolved_by_user_id, resolved_at, archived_at) $$),
  'in_progress', 'reopening clears the resolution'
);
select is(
  pg_temp.as_persona('agent', $$ update issues set resolved_by = 'Ghost', resolved_at = now()
    where title = 'One'
    returning concat_ws('|', status, resolved_by, resolved_at) $$),
  'in_progress', 'resolved_by of an open issue stays null'
);
select is(
  pg_temp.as_persona('agent', $$ update issues set status = 'archived' where title = 'One'
    returning concat_ws('|', archived_at is not null, resolved_by, resolved_at) $$),
  't', 'archiving an open issue does not resolve it'
);
select is(
  pg_temp.as_persona('agent', $$ update issues set status = 'resolved', resolved_by = 'Lee Park'
    where title = 'Two'
    returning concat_ws('|', resolved_by, resolved_by_user_id) $$),
  'Lee Park|00000000-0000-4000-8000-00000000000c',
  'the name sent with the change is kept, next to the account that made it'
);
select is(
  pg_temp.as_persona('service_role', $$ insert into issues (title, status, created_at, resolved_at,
    resolved_by)
    values ('Old', 'resolved', '2020-01-01', '2020-01-05', 'Ana')
    returning concat_ws('|', created_at at time zone 'UTC', resolved_at at time zone 'UTC', resolved_by) $$),
  '2020-01-01 00:00:00|2020-01-05 00:00:00|Ana', 'a server may set times in the past'
);
select is(
  pg_temp.as_persona('agent', $$ insert into issues (title, status, created_at, resolved_at)
    values ('Old', 'resolved', '2020-01-01', '2020-01-05')
    returning concat_ws('|', created_at at time zone 'UTC', resolved_at > '2026-01-01', resolved_by) $$),
  '2020-01-01 00:00:00|t|Agnes Agent',
  'a person''s insert may set created_at in the past, but not resolved_at'
);
select is(
  pg_temp.as_persona('agent', $$ insert into issues (title, status) values ('Old', 'archived')
    returning concat_ws('|', archived_at is not null, resolved_at) $$),
  't', 'an issue may be created as archived'
);

-- times

select is(
  pg_temp.as_persona('agent', $$ update issues set created_at = '1999-01-01' where title = 'Two'
    returning created_at > '2000-01-01' $$),
  'true', 'created_at can''t be changed'
);
create temp table times as select id, updated_at from public.issues where title = 'Two';
update public.issues set title = 'Two' where title = 'Two';
select is(
  (select i.updated_at = t.updated_at from public.issues as i join times as t using (id)), true,
  'an update that changes nothing keeps updated_at'
);
update public.issues set description = 'changed' where title = 'Two';
select is(
  (select i.updated_at > t.updated_at from public.issues as i join times as t using (id)), true,
  'a change increases it, also within one transaction'
);
alter table public.issues disable trigger _900_set_timestamps;
update public.issues set updated_at = '2100-01-01' where title = 'Two';
alter table public.issues enable trigger _900_set_timestamps;
update public.issues set description = 'again' where title = 'Two';
select is(
  (select updated_at > '2100-01-01' from public.issues where title = 'Two'), true,
  'updated_at never decreases, even if the clock does'
);

-- test data

select is(
  pg_temp.as_persona('agent', $$ insert into issues (title, is_test) values ('Try', true)
    returning is_test $$),
  'true', 'an agent may create a test issue'
);
select is(
  pg_temp.as_persona('agent', $$ update issues set is_test = true where title = 'Two' returning id $$),
  'PT403 team_role_required', 'but not turn an issue into one'
);
select is(
  pg_temp.as_persona('agent', $$ update issues set is_test = false, description = 'x' where title = 'Try'
    returning is_test $$), 'false', 'an agent may turn a test issue into a real one'
);
select is(
  pg_temp.as_persona('admin', $$ update issues set is_test = true where title = 'Try' returning is_test $$),
  'true', 'an admin may do both'
);
select is(
  pg_temp.as_persona('service_role', $$ update issues set is_test = true where title = 'Two'
    returning is_test $$), 'true', 'and so may a server'
);

-- blank titles, long titles, infinite times

select throws_ok(
  $$ insert into public.issues (title) values (e' \t\r\n' || U&'\00A0\2003\200B') $$, '23514', null,
  'a title of invisible characters is blank'
);
select lives_ok($$ insert into public.issues (title) values (repeat('long ', 100000)) $$,
  'the length of a title is not limited');
select throws_ok(
  $$ insert into public.issues (title, created_at) values ('x', '-infinity') $$, '23514', null,
  'created_at must be finite'
);

select * from finish();
rollback;
