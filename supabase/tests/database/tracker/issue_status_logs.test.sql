-- issue_status_logs: one row per change of status, written only by a trigger.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(10);

\ir ../helpers/personas.psql

select pg_temp.as_persona('agent', $$ insert into issues (id, title)
  values ('10000000-0000-4000-8000-000000000001', 'One'), ('10000000-0000-4000-8000-000000000002', 'Two')
  returning id $$);
select results_eq(
  $$ select old_status, new_status, changed_by, changed_by_user_id from public.issue_status_logs $$,
  $$ values (null, 'waiting_for_help', 'Agnes Agent', '00000000-0000-4000-8000-00000000000c'::uuid),
    (null, 'waiting_for_help', 'Agnes Agent', '00000000-0000-4000-8000-00000000000c'::uuid) $$,
  'creating an issue logs its first status'
);
delete from public.issue_status_logs;

select pg_temp.as_persona('agent', $$ update issues set status = 'waiting_for_help', title = 'One!'
  where title = 'One' returning id $$);
select is_empty($$ select * from public.issue_status_logs $$, 'setting the same status again is not logged');

select pg_temp.as_persona('admin', $$ with u as (update issues set status = 'blocked' returning 1)
  select count(*) from u $$);
select results_eq(
  $$ select i.title, l.old_status, l.new_status, l.changed_by
     from public.issue_status_logs as l join public.issues as i on i.id = l.issue_id order by i.title $$,
  $$ values ('One!', 'waiting_for_help', 'blocked', 'Adam Admin'),
    ('Two', 'waiting_for_help', 'blocked', 'Adam Admin') $$,
  'a bulk update logs one row per issue'
);
delete from public.issue_status_logs;

update public.issues set status = 'in_progress' where title = 'Two';
update public.issues set status = 'resolved' where title = 'Two';
update public.issues set status = 'archived' where title = 'Two';
update public.issues set status = 'waiting_for_help' where title = 'Two';
select results_eq(
  $$ select old_status, new_status, changed_by from public.issue_status_logs order by changed_at $$,
  $$ values ('blocked', 'in_progress', 'system'), ('in_progress', 'resolved', 'system'),
    ('resolved', 'archived', 'system'), ('archived', 'waiting_for_help', 'system') $$,
  'every change of status is allowed, and changed_at orders them within a transaction'
);
delete from public.issue_status_logs;

select pg_temp.as_persona('agent', $$ insert into issues (id, title, status, segment)
  values ('10000000-0000-4000-8000-000000000002', 'Two', 'blocked', 'misc')
  on conflict (id) do update set status = excluded.status returning id $$);
select results_eq(
  $$ select old_status, new_status, changed_by from public.issue_status_logs $$,
  $$ values ('waiting_for_help', 'blocked', 'Agnes Agent') $$, 'an upsert that changes the status is logged'
);

-- writes by clients

select matches(
  pg_temp.as_persona('admin', $$ insert into issue_status_logs (issue_id, new_status, changed_by)
    values ('10000000-0000-4000-8000-000000000002', 'resolved', 'Mallory') returning id $$),
  '^42501 ', 'an admin can''t insert rows'
);
select matches(
  pg_temp.as_persona('service_role', $$ update issue_status_logs set changed_by = 'Mallory' returning id $$),
  '^42501 ', 'the service role can''t update rows'
);
select matches(
  pg_temp.as_persona('admin', $$ delete from issue_status_logs where changed_by = 'Agnes Agent'
    returning id $$),
  '^42501 ', 'an admin can''t delete rows'
);
select is(
  pg_temp.as_persona('viewer', 'select count(*) from issue_status_logs'), '1', 'viewers read the log'
);
delete from public.issues where title = 'Two';
select is_empty($$ select * from public.issue_status_logs $$, 'deleting an issue deletes its log');

select * from finish();
rollback;
