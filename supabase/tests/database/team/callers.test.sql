-- What roles rank as, who counts as trusted, and the name that is written down.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(17);

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

create function pg_temp.roles_of(p_persona text) returns text language plpgsql as $$
declare
  v_result text;
begin
  -- the claims alone: the API roles have no USAGE on private, policies call these functions for them
  perform set_config('request.jwt.claims', json_build_object('sub', u.id)::text, true)
  from auth.users as u where u.email = p_persona || '@example.com';
  v_result := concat_ws(' ', coalesce(private.team_role(), 'none'), private.has_team_role('viewer'),
    private.has_team_role('agent'), private.has_team_role('admin'), private.has_team_role('owner'));
  perform set_config('request.jwt.claims', '', true);
  return v_result;
end;
$$;

select is(pg_temp.roles_of('stranger'), 'none f f f f', 'a stranger has no role');
select is(pg_temp.roles_of('viewer'), 'viewer t f f f', 'a viewer is a viewer');
select is(pg_temp.roles_of('agent'), 'agent t t f f', 'an agent is a viewer too');
select is(pg_temp.roles_of('admin'), 'admin t t t f',
  'an admin is all three, and an unknown role is nobody''s');
select is(private.has_team_role('viewer'), false, 'nobody signed in has no role');
select is(private.has_team_role(null), false, 'no role asked for is not had');

-- trust

select is(private.is_trusted_caller(), true, 'an operator on a direct connection is trusted');
select is(
  pg_temp.as_persona('service_role', $$ select jsonb_typeof(handle_circle_webhook('[]')) $$),
  'object', 'the service role is trusted'
);
select is(
  pg_temp.as_persona('stranger', $$ select handle_circle_webhook('[]') $$),
  'PT403 team_role_required', 'an account is not'
);
select is(
  pg_temp.as_persona('authenticated', $$ select handle_circle_webhook('[]') $$),
  'PT401 not_signed_in', 'a token without an account is nobody'
);
select matches(
  pg_temp.as_persona('stranger', $$ select private.is_trusted_caller() $$),
  '^42501 permission denied for schema',
  'the API roles can''t name anything in private'
);

-- names

select is(private.actor_name(), 'system', 'without an account the actor is system');
select set_config('app.actor', ' Nightly job ', true);
select is(private.actor_name(), 'Nightly job', 'a job, a script or a server can say who it is');
select is(
  pg_temp.as_persona('agent', $$ insert into issues (title) values ('x') returning submitted_by $$),
  'Agnes Agent', 'a person is named by their account, whatever app.actor says'
);
select is(
  pg_temp.as_persona('second', $$ insert into issues (title) values ('x') returning submitted_by $$),
  'second', 'without a display name, by the part of the address before the @'
);
select is(
  pg_temp.as_persona('service_role', $$ insert into issues (title) values ('x') returning submitted_by $$),
  'Nightly job', 'the service role, as app.actor says'
);
select set_config('app.actor', '', true);
select is(private.actor_name(), 'system', 'a blank app.actor is none');

select * from finish();
rollback;
