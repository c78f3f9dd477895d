-- What roles rank as, who counts as trusted, and the name that is written down.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(17);

\ir ../helpers/personas.psql

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
  'PT401 sign_in_required', 'a token without an account is nobody'
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
