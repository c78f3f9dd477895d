-- Names in text columns and the accounts beside them.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(15);

-- The tests' own data only, until the rollback.
delete from public.issues;
delete from public.circle_issues;
delete from public.circle_spaces;
delete from public.tags;
delete from public.user_sessions;
delete from public.team_members;
delete from private.circle_events;

insert into auth.users (id, email) values
  ('00000000-0000-4000-8000-00000000000a', 'stranger@example.com'),
  ('00000000-0000-4000-8000-00000000000b', 'viewer@example.com'),
  ('00000000-0000-4000-8000-00000000000c', 'agent@example.com'),
  ('00000000-0000-4000-8000-00000000000d', 'admin@example.com'),
  ('00000000-0000-4000-8000-00000000000e', 'second@example.com');
insert into public.team_members (user_id, role, display_name) values
  ('00000000-0000-4000-8000-00000000000b', 'viewer', 'Vera Viewer'),
  ('00000000-0000-4000-8000-00000000000c', 'agent', 'Agnes Agent'),
  ('00000000-0000-4000-8000-00000000000d', 'admin', 'Adam Admin'),
  ('00000000-0000-4000-8000-00000000000e', 'agent', null);

-- Runs a statement as the API would for this person: its first value, or its SQLSTATE and message.
create function pg_temp.as_persona(p_persona text, p_statement text) returns text language plpgsql as $$
declare
  v_id constant text := case p_persona
    when 'stranger' then '00000000-0000-4000-8000-00000000000a'
    when 'viewer' then '00000000-0000-4000-8000-00000000000b'
    when 'agent' then '00000000-0000-4000-8000-00000000000c'
    when 'admin' then '00000000-0000-4000-8000-00000000000d'
    when 'second' then '00000000-0000-4000-8000-00000000000e'
  end;
  v_role constant text := case when v_id is null then p_persona else 'authenticated' end;
  v_value text;
begin
  perform set_config('request.jwt.claims', json_build_object('role', v_role, 'sub', v_id)::text, true);
  perform set_config('role', v_role, true);
  execute p_statement into v_value;
  perform set_config('role', 'none', true);
  perform set_config('request.jwt.claims', '', true);
  return v_value;
exception
  -- what else goes wrong is no answer that a test expects, and ends it
  when insufficient_privilege or integrity_constraint_violation or sqlstate 'PT401' or sqlstate 'PT403'
    or sqlstate 'PT404' or sqlstate 'PT409' or sqlstate 'PT422' then
    return sqlstate || ' ' || sqlerrm;
end;
$$;

insert into public.issues (id, title) values ('10000000-0000-4000-8000-000000000001', 'One');

-- who filed it

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
  '00000000-0000-4000-8000-00000000000c', 'nobody can take over who filed it'
);
select is(
  pg_temp.as_persona('second', $$ update issues set submitted_by_user_id = null where title = 'For Ana'
    returning submitted_by_user_id $$),
  '00000000-0000-4000-8000-00000000000c', 'or wipe it out'
);

-- assignment

select is(
  pg_temp.as_persona('agent', $$ update issues set assigned_to = 'Adam Admin' where title = 'One'
    returning assigned_to_user_id $$),
  '00000000-0000-4000-8000-00000000000d', 'assigning by name finds the account'
);
select is(
  pg_temp.as_persona('agent', $$ update issues set assigned_to = 'Somebody Else' where title = 'One'
    returning concat_ws('|', assigned_to, assigned_to_user_id) $$),
  'Somebody Else', 'a name that is no member''s has none'
);
select is(
  pg_temp.as_persona('agent', $$ update issues
    set assigned_to_user_id = '00000000-0000-4000-8000-00000000000e'
    where title = 'One' returning assigned_to $$),
  'second', 'assigning by account writes the name'
);
select is(
  pg_temp.as_persona('agent', $$ update issues set assigned_to_user_id = null where title = 'One'
    returning concat_ws('|', assigned_to, assigned_to_user_id) $$),
  '', 'taking the account away takes the name away'
);
select is(
  pg_temp.as_persona('agent', $$ update issues
    set assigned_to_user_id = '00000000-0000-4000-8000-00000000000a'
    where title = 'One' returning assigned_to $$),
  'PT422 assignee_not_in_team',
  'an account outside the team can''t be assigned, nor its name be read this way'
);

select is(
  pg_temp.as_persona('agent', $$ update issues set assigned_to = 'Agnes Agent',
    assigned_to_user_id = '00000000-0000-4000-8000-00000000000d' where title = 'One'
    returning concat_ws('|', assigned_to, assigned_to_user_id) $$),
  'Adam Admin|00000000-0000-4000-8000-00000000000d', 'where the two disagree, the account counts'
);
select is(
  pg_temp.as_persona('second', $$ insert into issues (title, assigned_to, assigned_to_user_id)
    values ('Two', 'Somebody Else', '00000000-0000-4000-8000-00000000000d') returning assigned_to $$),
  'Adam Admin', 'in a new issue as well'
);
select is(
  pg_temp.as_persona('agent', $$ update issues set assigned_to = e' \t' where title = 'One'
    returning coalesce(assigned_to, 'nobody') || coalesce(assigned_to_user_id::text, '') $$),
  'nobody', 'a blank name is nobody'
);
select is(
  pg_temp.as_persona('second', $$ insert into issues (title, assigned_to) values ('Three', '')
    returning coalesce(assigned_to, 'nobody') $$), 'nobody', 'from the start'
);

-- an account that goes

update public.issues set assigned_to_user_id = '00000000-0000-4000-8000-00000000000c', status = 'resolved',
  resolved_by_user_id = '00000000-0000-4000-8000-00000000000c', resolved_by = 'Agnes Agent'
where title = 'For Ana';
select pg_temp.as_persona('agent', $$ insert into comments (issue_id, body)
  values ('10000000-0000-4000-8000-000000000001', 'Hello') returning id $$);
set local role supabase_auth_admin;
delete from auth.users where id = '00000000-0000-4000-8000-00000000000c';
reset role;
select results_eq(
  $$ select submitted_by, submitted_by_user_id, assigned_to, assigned_to_user_id, resolved_by,
    resolved_by_user_id
     from public.issues where title = 'For Ana' $$,
  $$ values ('Ana Ruiz', null::uuid, 'Agnes Agent', null::uuid, 'Agnes Agent', null::uuid) $$,
  'deleting an account leaves the names and clears the accounts'
);
select results_eq(
  $$ select author_name, author_user_id from public.comments where body = 'Hello' $$,
  $$ values ('Agnes Agent', null::uuid) $$, 'in comments too'
);
select is(
  (select count(*) from public.issue_status_logs where changed_by = 'Agnes Agent'
    and changed_by_user_id is null),
  1::bigint, 'and in the log'
);

select * from finish();
rollback;
