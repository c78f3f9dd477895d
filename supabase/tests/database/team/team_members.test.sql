-- Membership of the team: who may change it, and that an admin always remains.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(25);

\ir ../helpers/personas.psql

insert into auth.users (id, email, raw_user_meta_data, email_confirmed_at, banned_until, deleted_at) values
  ('00000000-0000-4000-8000-000000000010', 'New.Person@example.com', '{"full_name": "New Person"}', now(),
    null, null),
  ('00000000-0000-4000-8000-000000000011', 'unconfirmed@example.com', null, null, null, null),
  ('00000000-0000-4000-8000-000000000012', 'banned@example.com', null, now(), 'infinity', null),
  ('00000000-0000-4000-8000-000000000013', 'deleted@example.com', null, now(), null, now()),
  ('00000000-0000-4000-8000-000000000014', 'twice@example.com', null, now(), null, null),
  ('00000000-0000-4000-8000-000000000015', 'Twice@example.com', null, now(), null, null),
  ('00000000-0000-4000-8000-000000000016', 'pardoned@example.com', null, now(), '2026-01-01', null);
update auth.users set email_confirmed_at = now() where email = 'admin@example.com';

-- add_team_member, as `npm run team:add` calls it

select is(
  pg_temp.as_persona('service_role', $$ select role from add_team_member(' new.person@EXAMPLE.com ',
    'viewer') $$),
  'viewer', 'the service role adds a signed-up account, in any case of the address'
);
select is(
  pg_temp.as_persona('service_role', $$ select role from add_team_member('new.person@example.com',
    'agent') $$),
  'agent', 'adding a member again changes the role'
);
select results_eq(
  $$ select role, display_name from public.team_members
    where user_id = '00000000-0000-4000-8000-000000000010' $$,
  $$ values ('agent', 'New Person') $$, 'there is one row, with the name from sign-up'
);
select is(
  pg_temp.as_persona('service_role', $$ select add_team_member('nobody@example.com', 'agent') $$),
  'PT404 team_user_unknown', 'an address that never signed up is not found'
);
select is(
  pg_temp.as_persona('service_role', $$ select add_team_member('new.person@example.com', 'owner') $$),
  'PT422 team_role_invalid', 'an unknown role is rejected'
);
select is(
  pg_temp.as_persona('service_role', $$ select add_team_member('new.person@example.com', null) $$),
  'PT422 team_role_invalid', 'a null role is rejected'
);
select is(
  pg_temp.as_persona('service_role', $$ select add_team_member('unconfirmed@example.com', 'admin') $$),
  'PT409 team_user_forbidden', 'an unconfirmed address is rejected'
);
select is(
  pg_temp.as_persona('service_role', $$ select add_team_member('banned@example.com', 'agent') $$),
  'PT409 team_user_forbidden', 'a banned account is rejected'
);
select is(
  pg_temp.as_persona('service_role', $$ select role from add_team_member('pardoned@example.com',
    'viewer') $$),
  'viewer', 'an account whose ban has ended is accepted'
);
select is(
  pg_temp.as_persona('service_role', $$ select add_team_member('deleted@example.com', 'agent') $$),
  'PT404 team_user_unknown', 'a deleted account is not found'
);
select is(
  pg_temp.as_persona('service_role', $$ select add_team_member('twice@example.com', 'agent') $$),
  'PT409 team_user_conflict', 'two accounts with one address are a conflict'
);
select matches(
  pg_temp.as_persona('admin', $$ select add_team_member('stranger@example.com', 'admin') $$),
  '^42501 ', 'an admin can''t call it'
);

-- attempts to get a role

select is(
  pg_temp.as_persona('agent', $$ with u as (update team_members set role = 'admin'
    where user_id = '00000000-0000-4000-8000-00000000000c' returning 1) select count(*) from u $$),
  '0', 'an agent can''t promote themselves'
);
select matches(
  pg_temp.as_persona('stranger', $$ insert into team_members (user_id, role)
    values ('00000000-0000-4000-8000-00000000000a', 'admin') returning role $$),
  '^42501 ', 'a stranger can''t add themselves'
);
select is(
  pg_temp.as_persona('stranger', 'select count(*) from team_members'), '0', 'a stranger doesn''t see the team'
);
select is(
  pg_temp.as_persona('admin', $$ update team_members set user_id = '00000000-0000-4000-8000-00000000000a'
    where user_id = '00000000-0000-4000-8000-00000000000c' returning role $$),
  'PT422 key_change_forbidden', 'a membership can''t be moved to another account'
);

-- the last admin

select is(
  pg_temp.as_persona('admin', $$ update team_members set role = 'agent'
    where user_id = '00000000-0000-4000-8000-00000000000d' returning role $$),
  'PT409 team_admin_required', 'the last admin can''t step down'
);
select is(
  pg_temp.as_persona('admin', $$ delete from team_members where role = 'admin' returning role $$),
  'PT409 team_admin_required', 'the last admin can''t leave'
);
select is(
  pg_temp.as_persona('service_role', $$ select add_team_member('admin@example.com', 'viewer') $$),
  'PT409 team_admin_required', 'nor be demoted by add_team_member'
);
select is(
  pg_temp.as_persona('admin', $$ update team_members set display_name = 'Adam A.'
    where user_id = '00000000-0000-4000-8000-00000000000d' returning display_name $$),
  'Adam A.', 'the last admin may change their name'
);
select is(
  pg_temp.as_persona('admin', $$ update team_members set role = 'admin'
    where user_id = '00000000-0000-4000-8000-00000000000e' returning role $$),
  'admin', 'an admin can make another member admin'
);
select is(
  pg_temp.as_persona('admin', $$ update team_members set role = 'viewer' where role = 'admin'
    returning role $$),
  'PT409 team_admin_required', 'all admins can''t step down in one statement'
);
select is(
  pg_temp.as_persona('admin', $$ update team_members set role = 'viewer'
    where user_id = '00000000-0000-4000-8000-00000000000d' returning role $$),
  'viewer', 'an admin can step down when there is another'
);
select lives_ok(
  $$ delete from auth.users where id = '00000000-0000-4000-8000-00000000000e' $$,
  'an account can be deleted even if it is the last admin''s'
);
select is(
  (select count(*) from public.team_members where user_id = '00000000-0000-4000-8000-00000000000e'),
  0::bigint, 'which deletes its membership'
);

select * from finish();
rollback;
