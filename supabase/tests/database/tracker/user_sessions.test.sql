-- user_sessions: members use their own, admins read all.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(9);

\ir ../helpers/personas.psql

select is(
  pg_temp.as_persona('viewer', $$ insert into user_sessions (profile_role) values ('designer')
    returning concat_ws('|', profile_name, profile_role, user_id) $$),
  'Vera Viewer|designer|00000000-0000-4000-8000-00000000000b', 'a session belongs to the caller'
);
select is(
  pg_temp.as_persona('agent', $$ insert into user_sessions (profile_name) values ('Agnes')
    returning profile_role $$),
  'agent', 'without profile_role, the role in the team is used'
);
select matches(
  pg_temp.as_persona('agent', $$ insert into user_sessions (profile_name, user_id)
    values ('Vera', '00000000-0000-4000-8000-00000000000b') returning id $$),
  '^42501 ', 'nobody can insert a session for another account'
);
select matches(
  pg_temp.as_persona('agent', $$ update user_sessions set user_id = '00000000-0000-4000-8000-00000000000b'
    where profile_name = 'Agnes' returning id $$),
  '^42501 ', 'or move their own to another account'
);
select is(pg_temp.as_persona('agent', 'select string_agg(profile_name, $$,$$) from user_sessions'), 'Agnes',
  'members read their own sessions');
select is(pg_temp.as_persona('admin', 'select count(*) from user_sessions'), '2', 'an admin reads all');
select is(
  pg_temp.as_persona('agent', $$ update user_sessions set last_active = '2030-01-01' where true
    returning last_active at time zone 'UTC' $$),
  '2030-01-01 00:00:00', 'members may set last_active'
);
select is(
  pg_temp.as_persona('stranger', $$ insert into user_sessions (profile_name) values ('x') returning id $$),
  'PT403 team_role_required', 'a stranger can''t insert one'
);
select lives_ok($$ insert into public.user_sessions (profile_name) values ('server') $$,
  'a server may insert one without an account');

select * from finish();
rollback;
