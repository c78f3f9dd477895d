-- touch_user_session: one session while a member is active, a new one after 30 minutes.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(12);

\ir ../helpers/personas.psql

select is(
  pg_temp.as_persona('viewer', $$ select concat_ws('|', s.profile_name, s.profile_role, s.user_id)
    from public.touch_user_session() as s $$),
  'Vera Viewer|viewer|00000000-0000-4000-8000-00000000000b',
  'a new session has the name and role of the team member'
);
select is(
  pg_temp.as_persona('viewer', $$ select concat_ws('|', s.profile_name, s.profile_role)
    from public.touch_user_session('Vera', 'designer') as s $$),
  'Vera|designer', 'a call can set another profile'
);
select is(
  pg_temp.as_persona('viewer', $$ select concat_ws('|', s.profile_name, s.profile_role)
    from public.touch_user_session(' ', null) as s $$),
  'Vera|designer', 'which is kept when a call sets none'
);
select is((select count(*) from public.user_sessions), 1::bigint, 'all three calls used one session');

update public.user_sessions set last_active = now() - interval '29 minutes';
select is(
  pg_temp.as_persona('viewer', $$ select s.last_active > now() - interval '1 minute'
    from public.touch_user_session() as s $$),
  'true', 'within 30 minutes the session is active again'
);
select is((select count(*) from public.user_sessions), 1::bigint, 'and is still the same one');
update public.user_sessions set last_active = now() - interval '31 minutes';
select is(
  pg_temp.as_persona('viewer', 'select profile_name from public.touch_user_session()'), 'Vera Viewer',
  'after 30 minutes a new session starts'
);
select is((select count(*) from public.user_sessions), 2::bigint, 'and the old one is kept');

select is(
  pg_temp.as_persona('agent', $$ select s.user_id from public.touch_user_session('Agnes') as s $$),
  '00000000-0000-4000-8000-00000000000c', 'each member has their own session'
);
select is(
  pg_temp.as_persona('viewer', 'select count(*) from public.user_sessions'), '2', 'and reads only their own'
);
select is(
  pg_temp.as_persona('stranger', 'select public.touch_user_session()'), 'PT403 team_role_required',
  'a stranger can''t start one'
);
select is(
  pg_temp.as_persona('service_role', 'select public.touch_user_session()'), 'PT401 sign_in_required',
  'nor can a server'
);

select * from finish();
rollback;
