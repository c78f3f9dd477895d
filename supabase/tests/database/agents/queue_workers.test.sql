-- Who may use the queue: servers, and workers that show a token; and whose tasks a token is good for.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(45);
\ir ../helpers/personas.psql

update agent_settings set running_tasks_per_user = null, running_tasks_per_project = null;
create temp table token (name text primary key, id uuid, token text) on commit drop;
grant select, insert on token to authenticated, service_role;
create function pg_temp.make(p_name text, p_persona text, p_arguments text) returns text language sql as $$
  select pg_temp.as_persona(p_persona, format(
    'insert into token select %L, c.id, c.token from create_worker_token(%s) as c returning name', p_name,
    p_arguments
  ))
$$;
-- A call as nobody with this token; %1$s and %2$s are the lease's.
create temp table lease (task bigint, token bigint) on commit drop;
create function pg_temp.show(p_statement text, p_name text) returns text language sql as $$
  select pg_temp.as_persona('anon', format(p_statement, l.task, l.token,
    (select t.token from token as t where t.name = p_name)))
  from (select max(task) as task, max(token) as token from lease) as l
$$;
create function pg_temp.claim(p_name text, p_agents text default '{work}') returns text language sql as $$
  select pg_temp.show(
    format('select string_agg(agent || '' '' || coalesce(github_token, ''-''), '','')
      from claim_task(''w'', %L, 60, ''%%3$s'')', p_agents), p_name
  )
$$;
create function pg_temp.new_task(p_user text, p_agent text default 'work') returns void language sql as $$
  insert into tasks (user_id, agent) values (('00000000-0000-4000-8000-00000000000' || p_user)::uuid, p_agent)
$$;

-- Making one

select is(pg_temp.make('own', 'agent', '''Laptop'', array[''work'', '' work '', ''other'']'), 'own',
  'a user makes one');
select results_eq(
  $$ select w.user_id, w.name, w.agents, w.expires_at, w.revoked_at, t.token ~ '^flw_[A-Za-z0-9_-]{43}$'
     from worker_tokens as w join token as t using (id) $$,
  $$ values ('00000000-0000-4000-8000-00000000000c'::uuid, 'Laptop', '{other,work}'::text[],
       null::timestamptz, null::timestamptz, true) $$,
  'for agents, that does not expire'
);
select is_empty(
  $$ select from token as t, private.worker_token_hashes as h, worker_tokens as w
     where concat(h.*, w.*) like '%' || substr(t.token, 5) || '%' $$,
  'the token itself is nowhere'
);
select is(pg_temp.make('short', 'agent', '''CI'', ''{work}'', 1'), 'short', 'one for a day');
select is(pg_temp.make('team', 'admin', '''Fleet'', ''{work}'', null, true'), 'team', 'one for everybody');
select is(pg_temp.make('server', 'service_role', '''Fleet'', ''{work}'', null, true'), 'server',
  'servers make those too');
select is(pg_temp.make('second', 'second', '''Other'', ''{work}'''), 'second', 'another user''s');
select is(pg_temp.make(s.persona || s.arguments, s.persona, s.arguments), s.answer, s.answer || s.arguments)
from (values
  ('agent', '''x'', ''{work}'', null, true', 'PT403 team_role_required'),
  ('stranger', '''x'', ''{work}'', null, true', 'PT403 team_role_required'),
  ('service_role', '''x'', ''{work}''', 'PT401 not_signed_in'),
  ('agent', ''' '', ''{work}''', 'PT422 worker_input_invalid'),
  ('agent', '''x'', ''{}''', 'PT422 worker_input_invalid'),
  ('agent', '''x'', ''{" "}''', 'PT422 worker_input_invalid'),
  ('agent', '''x'', null', 'PT422 worker_input_invalid'),
  ('agent', '''x'', ''{work}'', 0', 'PT422 worker_input_invalid')
) as s (persona, arguments, answer);
select matches(pg_temp.as_persona('anon', 'select create_worker_token(''x'', ''{work}'')'), '^42501',
  'nobody makes one');

-- Without a good one

select is(pg_temp.as_persona(p, 'select claim_task(''w'', ''{work}'')'), 'PT401 worker_token_required', p)
from unnest(array['anon', 'stranger', 'agent', 'admin']) as p;
select is(pg_temp.as_persona('anon', s), 'PT401 worker_token_invalid', s) from unnest(array[
  'select claim_task(''w'', ''{work}'', 60, ''flw_x'')', 'select claim_task(''w'', ''{work}'', 60, '''')',
  'select heartbeat_task(1, 1, 60, null, ''flw_x'')', 'select release_task(1, 1, ''flw_x'')',
  'select complete_task(1, 1, worker_token => ''flw_x'')',
  'select fail_task(1, 1, ''e'', worker_token => ''x'')'
]) as s;
select is(pg_temp.claim('own', '{work,more}'), 'PT403 worker_agents_not_allowed',
  'a token is for its agents only');

-- Whose tasks

select pg_temp.new_task('e');
select pg_temp.new_task('e', 'other');
select is(pg_temp.claim('own', '{work,other}'), null, 'a user''s token gets nobody else''s tasks');
select is(pg_temp.claim('second'), 'work -', 'but the user''s own');
select pg_temp.new_task('e');
select is(pg_temp.claim('team'), 'work -', 'a token for everybody gets anybody''s');
select set_github_token('00000000-0000-4000-8000-00000000000c', '90000000-0000-4000-8000-000000000001',
  'v1.test.AAECAwQFBgcICQoL.AAECAwQFBgcICQoLDA0ODxAR');
select pg_temp.new_task('c');
select is(pg_temp.claim('server'), 'work -', 'without the handle of the GitHub token');
select pg_temp.new_task('c');
select is(
  pg_temp.as_persona('service_role', 'select github_token from claim_task(''w'', ''{work}'', 60)'),
  'secret:90000000-0000-4000-8000-000000000001', 'which servers are given'
);

-- Whose lease

select pg_temp.new_task('c', 'other');
insert into lease select c.task_id, c.fencing_token
from token as t cross join lateral claim_task('w', '{other}', 60, t.token) as c where t.name = 'own';
select pg_temp.make('spare', 'agent', '''Spare'', ''{work,other}''');
select is(pg_temp.show(s.statement, n), 'PT409 task_lease_lost', s.statement || ' with the token ' || n)
from unnest(array['spare', 'second', 'team']) as n,
unnest(array['select heartbeat_task(%1$s, %2$s, 60, null, ''%3$s'')']) as s (statement);
select is(
  pg_temp.show('select complete_task(%1$s, %2$s, worker_token => ''%3$s'')', 'team'), 'PT409 task_lease_lost',
  'nobody else finishes it'
);
select is(pg_temp.show('select heartbeat_task(%1$s, %2$s, 60, null, ''%3$s'')->>''state''', 'own'), 'running',
  'whose lease it is may');
select is(
  pg_temp.as_persona('service_role', (select format('select heartbeat_task(%s, %s)->>''state''', task, token)
    from lease)), 'running', 'and a server');
select results_eq(
  $$ select name, last_used_at is not null from worker_tokens where name in ('CI', 'Laptop') order by name $$,
  $$ values ('CI', false), ('Laptop', true) $$, 'whether it was used is seen'
);

-- Until when

select is(pg_temp.as_persona('second', (select format('select revoke_worker_token(%L)', id) from token
  where name = 'own')), 'PT404 worker_token_not_found', 'nobody revokes another user''s');
select is(pg_temp.as_persona('agent', (select format('select revoke_worker_token(%L)', id) from token
  where name = 'team')), 'PT404 worker_token_not_found', 'nor one for everybody');
select isnt(pg_temp.as_persona('agent', (select format('select revoke_worker_token(%L)', id) from token
  where name = 'own')), null, 'its user does');
select is(pg_temp.show('select complete_task(%1$s, %2$s, worker_token => ''%3$s'')', 'own'),
  'PT401 worker_token_invalid', 'from then on its worker writes nothing');
select unalike(pg_temp.as_persona('admin', (select format('select revoke_worker_token(%L)', id) from token
  where name = 'team')), 'PT%', 'an admin revokes one for everybody');
update worker_tokens set expires_at = clock_timestamp() where name = 'CI';
select is(pg_temp.claim('short'), 'PT401 worker_token_invalid', 'one that has expired is no good');

select * from finish();
rollback;
