-- touch_user_session: one session while somebody is active, a new one after a pause.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(12);

\ir ../helpers/personas.psql

select is(
  pg_temp.as_persona('viewer', $$ select concat_ws('|', s.profile_name, s.profile_role, s.user_id)
    from public.touch_user_session() as s $$),
  'Vera Viewer|viewer|00000000-0000-4000-8000-00000000000b', 'a session under the names that the team has'
);
select is(
  pg_temp.as_persona('viewer', $$ select concat_ws('|', s.profile_name, s.profile_role)
    from public.touch_user_session('Vera', 'designer') as s $$),
  'Vera|designer', 'another profile'
);
select is(
  pg_temp.as_persona('viewer', $$ select concat_ws('|', s.profile_name, s.profile_role)
    from public.touch_user_session(' ', null) as s $$),
  'Vera|designer', 'which stays while nothing else is said'
);
select is((select count(*) from public.user_sessions), 1::bigint, 'all that is one session');

update public.user_sessions set last_active = now() - interval '29 minutes';
select is(
  pg_temp.as_persona('viewer', $$ select s.last_active > now() - interval '1 minute'
    from public.touch_user_session() as s $$),
  'true', 'it is active again within half an hour'
);
select is((select count(*) from public.user_sessions), 1::bigint, 'as the same');
update public.user_sessions set last_active = now() - interval '31 minutes';
select is(
  pg_temp.as_persona('viewer', 'select profile_name from public.touch_user_session()'), 'Vera Viewer',
  'after more than that it is a new one'
);
select is((select count(*) from public.user_sessions), 2::bigint, 'and the old one stays');

select is(
  pg_temp.as_persona('agent', $$ select s.user_id from public.touch_user_session('Agnes') as s $$),
  '00000000-0000-4000-8000-00000000000c', 'each has their own'
);
select is(
  pg_temp.as_persona('viewer', 'select count(*) from public.user_sessions'), '2', 'and sees their own'
);
select is(
  pg_temp.as_persona('stranger', 'select public.touch_user_session()'), 'PT403 team_role_required',
  'a stranger has none'
);
select is(
  pg_temp.as_persona('service_role', 'select public.touch_user_session()'), 'PT401 sign_in_required',
  'nor does a server'
);

select * from finish();
rollback;
