-- Membership of the team: who may change it, and that an admin always remains.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(38);

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

select is(
  pg_temp.as_persona('service_role', $$ select role from add_team_member(role => 'viewer',
    user_id => '00000000-0000-4000-8000-000000000010') $$),
  'viewer', 'an account is added by its id too'
);
select is(
  pg_temp.as_persona('service_role', $$ select role from add_team_member('other@example.com', 'viewer',
    '00000000-0000-4000-8000-000000000010') $$),
  'PT404 team_user_unknown', 'an address and an id have to be of one account'
);
select is(
  pg_temp.as_persona('service_role', $$ select add_team_member(role => 'viewer') $$),
  'PT404 team_user_unknown', 'neither an address nor an id is nobody''s'
);

-- the rules for members, whoever writes

select is(
  pg_temp.as_persona(w.persona, format(
    $$ insert into team_members (user_id, role) values (%L, 'viewer') returning role $$, w.user_id
  )),
  w.answer, w.persona || ' ' || w.answer
)
from (values
  ('admin', '00000000-0000-4000-8000-000000000011', 'PT409 team_user_forbidden'),
  ('admin', '00000000-0000-4000-8000-000000000012', 'PT409 team_user_forbidden'),
  ('admin', '00000000-0000-4000-8000-000000000013', 'PT409 team_user_forbidden'),
  ('admin', '00000000-0000-4000-8000-000000000014', 'PT409 team_user_conflict'),
  ('service_role', '00000000-0000-4000-8000-000000000011', 'PT409 team_user_forbidden'),
  ('service_role', '00000000-0000-4000-8000-000000000014', 'PT409 team_user_conflict')
) as w (persona, user_id, answer);
select lives_ok(
  $$ insert into public.team_members (user_id, role)
    values ('00000000-0000-4000-8000-000000000011', 'viewer') $$,
  'an operator, who could confirm the address too, is not held to them'
);
select is(
  pg_temp.as_persona('admin', $$ update team_members set role = 'agent'
    where user_id = '00000000-0000-4000-8000-000000000011' returning role $$),
  'PT409 team_user_forbidden', 'nor gets such an account a higher role'
);
select is(
  pg_temp.as_persona('service_role', $$ select string_agg(concat_ws(' ', email, confirmed_by, role), ', ')
    from find_team_accounts(' NEW.person@example.com') $$),
  'New.Person@example.com nobody viewer', 'find_team_accounts shows how an address was confirmed'
);
select matches(
  pg_temp.as_persona('admin', $$ select count(*) from find_team_accounts('new.person@example.com') $$),
  '^42501 ', 'to servers alone'
);

-- attempts to get a role

select is(
  pg_temp.as_persona('agent', $$ with u as (update team_members set role = 'admin'
    where user_id = '00000000-0000-4000-8000-00000000000c' returning 1) select count(*) from u $$),
  'PT403 team_role_required', 'an agent can''t promote themselves'
);
select is(
  pg_temp.as_persona('stranger', $$ insert into team_members (user_id, role)
    values ('00000000-0000-4000-8000-00000000000a', 'admin') returning role $$),
  'PT403 team_role_required', 'a stranger can''t add themselves'
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
