-- Ranks of roles, trusted callers, and the name that is recorded for a caller.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(17);

\ir ../helpers/personas.psql

create function pg_temp.roles_of(p_persona text) returns text language plpgsql as $$
declare
  v_result text;
begin
  -- only the claims: the API roles have no USAGE on private and call these functions through policies
  perform set_config('request.jwt.claims', json_build_object('sub', u.id)::text, true)
  from auth.users as u where u.email = p_persona || '@example.com';
  v_result := concat_ws(' ', coalesce(private.team_role(), 'none'), private.has_team_role('viewer'),
    private.has_team_role('agent'), private.has_team_role('admin'), private.has_team_role('owner'));
  perform set_config('request.jwt.claims', '', true);
  return v_result;
end;
$$;

select is(pg_temp.roles_of('stranger'), 'none f f f f', 'a stranger has no role');
select is(pg_temp.roles_of('viewer'), 'viewer t f f f', 'a viewer has the role viewer');
select is(pg_temp.roles_of('agent'), 'agent t t f f', 'an agent has the role viewer too');
select is(pg_temp.roles_of('admin'), 'admin t t t f',
  'an admin has all three roles; nobody has an unknown role');
select is(private.has_team_role('viewer'), false, 'a caller without an account has no role');
select is(private.has_team_role(null), false, 'a null role is never granted');

-- trust

select is(private.is_trusted_caller(), true, 'an operator on a direct connection is trusted');
select is(
  pg_temp.as_persona('service_role', $$ select jsonb_typeof(handle_circle_webhook('[]')) $$),
  'object', 'the service role is trusted'
);
select is(
  pg_temp.as_persona('stranger', $$ select handle_circle_webhook('[]') $$),
  'PT403 team_role_required', 'an account is not trusted'
);
select is(
  pg_temp.as_persona('authenticated', $$ select handle_circle_webhook('[]') $$),
  'PT401 sign_in_required', 'a token without an account is not signed in'
);
select matches(
  pg_temp.as_persona('stranger', $$ select private.is_trusted_caller() $$),
  '^42501 permission denied for schema',
  'the API roles have no access to schema private'
);

-- names

select is(private.actor_name(), 'system', 'without an account the actor is "system"');
select set_config('app.actor', ' Nightly job ', true);
select is(private.actor_name(), 'Nightly job', 'a job, a script or a server can set its name');
select is(
  pg_temp.as_persona('agent', $$ insert into issues (title) values ('x') returning submitted_by $$),
  'Agnes Agent', 'for a person, the name of the account wins over app.actor'
);
select is(
  pg_temp.as_persona('second', $$ insert into issues (title) values ('x') returning submitted_by $$),
  'second', 'without a display name, the part of the e-mail address before the @'
);
select is(
  pg_temp.as_persona('service_role', $$ insert into issues (title) values ('x') returning submitted_by $$),
  'Nightly job', 'for the service role, app.actor'
);
select set_config('app.actor', '', true);
select is(private.actor_name(), 'system', 'a blank app.actor is ignored');

select * from finish();
rollback;
