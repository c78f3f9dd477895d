-- Sessions: own ones, and all for admins.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(9);

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

select is(
  pg_temp.as_persona('viewer', $$ insert into user_sessions (profile_role) values ('designer')
    returning concat_ws('|', profile_name, profile_role, user_id) $$),
  'Vera Viewer|designer|00000000-0000-4000-8000-00000000000b', 'a session is the caller''s own'
);
select is(
  pg_temp.as_persona('agent', $$ insert into user_sessions (profile_name) values ('Agnes')
    returning profile_role $$),
  'agent', 'the role is the team''s unless given'
);
select matches(
  pg_temp.as_persona('agent', $$ insert into user_sessions (profile_name, user_id)
    values ('Vera', '00000000-0000-4000-8000-00000000000b') returning id $$),
  '^42501 ', 'nobody starts one for somebody else'
);
select matches(
  pg_temp.as_persona('agent', $$ update user_sessions set user_id = '00000000-0000-4000-8000-00000000000b'
    where profile_name = 'Agnes' returning id $$),
  '^42501 ', 'or hands theirs over'
);
select is(pg_temp.as_persona('agent', 'select string_agg(profile_name, $$,$$) from user_sessions'), 'Agnes',
  'each sees their own');
select is(pg_temp.as_persona('admin', 'select count(*) from user_sessions'), '2', 'an admin sees all');
select is(
  pg_temp.as_persona('agent', $$ update user_sessions set last_active = '2030-01-01' where true
    returning last_active at time zone 'UTC' $$),
  '2030-01-01 00:00:00', 'last_active is theirs to move'
);
select matches(
  pg_temp.as_persona('stranger', $$ insert into user_sessions (profile_name) values ('x') returning id $$),
  '^42501 ', 'a stranger has none'
);
select lives_ok($$ insert into public.user_sessions (profile_name) values ('server') $$,
  'a server may record one without an account');

select * from finish();
rollback;
