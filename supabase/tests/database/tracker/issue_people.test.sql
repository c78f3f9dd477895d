-- The names of people and the accounts next to them.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(15);

\ir ../helpers/personas.psql

insert into public.issues (id, title) values ('10000000-0000-4000-8000-000000000001', 'One');

-- submitted_by

select is(
  pg_temp.as_persona('agent', $$ insert into issues (title, submitted_by, submitted_by_user_id)
    values ('For Ana', 'Ana Ruiz', '00000000-0000-4000-8000-00000000000d')
    returning concat_ws('|', submitted_by, submitted_by_user_id) $$),
  'Ana Ruiz|00000000-0000-4000-8000-00000000000c', 'the account is the caller''s, whatever was sent'
);
select is(
  pg_temp.as_persona('second', $$ update issues
    set submitted_by_user_id = '00000000-0000-4000-8000-00000000000e'
    where title = 'For Ana' returning submitted_by_user_id $$),
  '00000000-0000-4000-8000-00000000000c', 'an agent can''t change submitted_by_user_id'
);
select is(
  pg_temp.as_persona('second', $$ update issues set submitted_by_user_id = null where title = 'For Ana'
    returning submitted_by_user_id $$),
  '00000000-0000-4000-8000-00000000000c', 'or clear it'
);

-- assignment

select is(
  pg_temp.as_persona('agent', $$ update issues set assigned_to = 'Adam Admin' where title = 'One'
    returning assigned_to_user_id $$),
  '00000000-0000-4000-8000-00000000000d', 'assigning by name sets the account'
);
select is(
  pg_temp.as_persona('agent', $$ update issues set assigned_to = 'Somebody Else' where title = 'One'
    returning concat_ws('|', assigned_to, assigned_to_user_id) $$),
  'Somebody Else', 'a name that no member has clears it'
);
select is(
  pg_temp.as_persona('agent', $$ update issues
    set assigned_to_user_id = '00000000-0000-4000-8000-00000000000e'
    where title = 'One' returning assigned_to $$),
  'second', 'assigning by account sets the name'
);
select is(
  pg_temp.as_persona('agent', $$ update issues set assigned_to_user_id = null where title = 'One'
    returning concat_ws('|', assigned_to, assigned_to_user_id) $$),
  '', 'clearing the account clears the name'
);
select is(
  pg_temp.as_persona('agent', $$ update issues
    set assigned_to_user_id = '00000000-0000-4000-8000-00000000000a'
    where title = 'One' returning assigned_to $$),
  'PT422 tracker_assignee_invalid',
  'an account outside the team can''t be assigned, nor its name be read that way'
);

select is(
  pg_temp.as_persona('agent', $$ update issues set assigned_to = 'Agnes Agent',
    assigned_to_user_id = '00000000-0000-4000-8000-00000000000d' where title = 'One'
    returning concat_ws('|', assigned_to, assigned_to_user_id) $$),
  'Adam Admin|00000000-0000-4000-8000-00000000000d', 'if both contradict each other, the account wins'
);
select is(
  pg_temp.as_persona('second', $$ insert into issues (title, assigned_to, assigned_to_user_id)
    values ('Two', 'Somebody Else', '00000000-0000-4000-8000-00000000000d') returning assigned_to $$),
  'Adam Admin', 'also in a new issue'
);
select is(
  pg_temp.as_persona('agent', $$ update issues set assigned_to = e' \t' where title = 'One'
    returning coalesce(assigned_to, 'nobody') || coalesce(assigned_to_user_id::text, '') $$),
  'nobody', 'a blank name is stored as null'
);
select is(
  pg_temp.as_persona('second', $$ insert into issues (title, assigned_to) values ('Three', '')
    returning coalesce(assigned_to, 'nobody') $$), 'nobody', 'also on insert'
);

-- deletion of an account

update public.issues set assigned_to_user_id = '00000000-0000-4000-8000-00000000000c', status = 'resolved',
  resolved_by_user_id = '00000000-0000-4000-8000-00000000000c', resolved_by = 'Agnes Agent'
where title = 'For Ana';
select pg_temp.as_persona('agent', $$ insert into comments (issue_id, body)
  values ('10000000-0000-4000-8000-000000000001', 'Hello') returning id $$);
delete from auth.users where id = '00000000-0000-4000-8000-00000000000c';
select results_eq(
  $$ select submitted_by, submitted_by_user_id, assigned_to, assigned_to_user_id, resolved_by,
    resolved_by_user_id
     from public.issues where title = 'For Ana' $$,
  $$ values ('Ana Ruiz', null::uuid, 'Agnes Agent', null::uuid, 'Agnes Agent', null::uuid) $$,
  'deleting an account keeps the names and clears the account columns'
);
select results_eq(
  $$ select author_name, author_user_id from public.comments where body = 'Hello' $$,
  $$ values ('Agnes Agent', null::uuid) $$, 'also in comments'
);
select is(
  (select count(*) from public.issue_status_logs where changed_by = 'Agnes Agent'
    and changed_by_user_id is null),
  1::bigint, 'and in the status log'
);

select * from finish();
rollback;
