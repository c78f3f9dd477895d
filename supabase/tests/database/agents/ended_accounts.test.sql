-- What was handed out because of an account ends with it: at each use, after a ban and after a soft deletion.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(49);
\ir ../helpers/personas.psql
\ir ../helpers/queue.psql
\ir ../helpers/github.psql
delete from public.tasks;
delete from public.pull_requests;
update public.agent_settings set running_tasks_per_user = null, running_tasks_per_project = null;

create function pg_temp.ban(p_persona text, p_until timestamptz) returns void language sql as $$
  update auth.users set banned_until = p_until where email = p_persona || '@example.com'
$$;
create function pg_temp.give_token(p_persona text, p_id uuid) returns void language sql as $$
  select public.set_github_token(
    pg_temp.id_of(p_persona), p_id, 'v1.one.AAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAAAA', '{"login": "octo"}'
  )
$$;
create function pg_temp.due() returns text language sql as $$
  select concat_ws(' ', (select count(*) from private.due_pull_requests(10)),
    (select count(*) from private.due_branches(10)))
$$;
create function pg_temp.reader_count() returns integer language sql as $$
  select coalesce(sum(jsonb_array_length(private.load_pull_request_readers(p.id))), 0)::integer
  from public.pull_requests as p
$$;

select pg_temp.give_token('agent', '00000000-0000-4000-8000-0000000000f1');
select pg_temp.make_token('agents', 'agent', '''w'', ''{claude}''');
select pg_temp.make_token('fleet', 'service_role', '''w'', ''{claude}'', for_everybody => true');
insert into public.tasks (user_id, agent, pr_url) values (
  pg_temp.id_of('agent'), 'other', 'https://github.com/acme/shop/pull/1'
);
update public.pull_requests set is_private = true;
update private.pull_request_checks set next_attempt_at = now() - interval '1 minute';
select pg_temp.task('agent') from generate_series(1, 8);
select is(pg_temp.claim('held', 'anon', ', worker_token => #agents') is not null, true,
  'a worker holds a task');
select is(pg_temp.claim('served', 'service_role',
  ', claim_key => ''00000000-0000-4000-8000-0000000000c1''') is not null, true, 'and so does a server');

-- Banned: until then, and again after it

select is(pg_temp.due(), '1 0', 'the sweep asks with the token');
select is(pg_temp.reader_count(), 1, 'of its user');
select is(pg_temp.as_persona('agent', 'select count(*) > 0 from public.team_members'), 'true',
  'a member reads the team');
select pg_temp.ban('agent', now() + interval '1 hour');
select is(pg_temp.ask('anon', 'select public.' || replace(c, '?', '#agents')),
  'PT401 agents_worker_token_invalid', 'banned: ' || c)
from unnest(array[
  'claim_task(''w'', ''{claude}'', worker_token => ?)', 'heartbeat_task(@held, worker_token => ?)',
  'complete_task(@held, worker_token => ?)', 'fail_task(@held, ''broken'', worker_token => ?)',
  'release_task(@held, worker_token => ?)'
]) as c;
select is(pg_temp.claim('x', p, m), null, 'none of their tasks is handed out to ' || p || m)
from (values
  ('service_role', ''),
  ('service_role', ', claim_key => ''00000000-0000-4000-8000-0000000000c1'''),
  ('anon', ', worker_token => #fleet')) as v (p, m);
select pg_temp.task('viewer');
select pg_temp.claim('v');
select is((select user_id from public.tasks where id = pg_temp.task_of('v')), pg_temp.id_of('viewer'),
  'other people''s are, behind as many of theirs');
select is(pg_temp.ask('service_role', 'select public.task_github_token(@served)'),
  'PT404 agents_github_token_unknown', 'nobody gets the GitHub token for a task that is held');
select is(pg_temp.ask('service_role', 'select public.' || c), 'PT409 agents_task_lease_expired',
  'a server that holds one does not go on with it: ' || c)
from unnest(array['heartbeat_task(@served)', 'complete_task(@served, message => ''Done.'')']) as c;
select is_empty($$ select from public.read_secret(pg_temp.id_of('agent'), 'github_token') $$,
  'nor without a task');
select is(pg_temp.due(), '0 0', 'the sweep does not ask with it');
select is(pg_temp.reader_count(), 0, 'for no pull request');
select is(pg_temp.as_persona('agent', s), w, 'with an access token that is still valid: ' || s)
from (values
  ('select count(*) from public.team_members', '0'),
  ('select count(*) from public.agent_settings', '0'),
  ('select public.create_worker_token(''w'', ''{claude}'')', 'PT401 sign_in_required'),
  ('insert into public.issues (title) values (''x'')', 'PT403 team_role_required'),
  ('update public.users set full_name = ''M'' where id = auth.uid()', 'PT401 sign_in_required'),
  ('insert into public.tasks (agent) values (''claude'')', 'PT401 sign_in_required'),
  ('update public.tasks set priority = 100 where true', 'PT401 sign_in_required'),
  ('insert into public.projects (repo_url, repo_owner, repo_name, name)
    values (''https://github.com/a/b'', ''a'', ''b'', ''B'')', 'PT401 sign_in_required')
) as v (s, w);
select throws_ok($$ select pg_temp.give_token('agent', '00000000-0000-4000-8000-0000000000f2') $$,
  'PT404', 'agents_user_unknown', 'and no GitHub token is stored');
select throws_ok($$ select public.count_token_check(pg_temp.id_of('agent'), 'github_token') $$,
  'PT404', 'agents_user_unknown', 'or checked');
select pg_temp.ban('agent', now() - interval '1 second');
select is(pg_temp.ask('anon', 'select public.heartbeat_task(@held, worker_token => #agents) ->> ''state'''),
  'running', 'after the ban the worker goes on');
select is(pg_temp.ask('service_role', 'select public.heartbeat_task(@served) ->> ''state'''), 'running',
  'and so does the server');
select is(pg_temp.due(), '1 0', 'and the sweep');
select is(pg_temp.as_persona('agent', 'select count(*) from public.agent_settings'), '1', 'and the role');

-- The role alone lost

delete from public.team_members where user_id = pg_temp.id_of('admin');
select is(pg_temp.as_persona('admin', 'select count(*) from public.worker_tokens'), '0',
  'who was an admin sees no token for everybody');
select is(pg_temp.as_persona('admin', format('select public.revoke_worker_token(%L)',
  (select id from worker_tokens_made where name = 'fleet'))), 'PT404 agents_worker_token_unknown',
  'and revokes none');

-- Softly deleted: Auth keeps the row, with the address replaced

update auth.users set raw_user_meta_data = '{"full_name": "Agnes", "user_name": "agnes",
  "avatar_url": "https://example.com/a.png"}' where id = pg_temp.id_of('agent');
update public.users set preferences = '{"theme": "dark"}' where id = pg_temp.id_of('agent');
select is((select concat_ws('|', full_name, github_username, avatar_url, github_token is not null)
  from public.users where email = 'agent@example.com'), 'Agnes|agnes|https://example.com/a.png|t',
  'a profile with a GitHub token');
create temp table gone as select pg_temp.id_of('agent') as id;
update auth.users set deleted_at = now(), email = 'deleted' where id = (select id from gone);
select is((select row(email, full_name, github_username, avatar_url, github_token, preferences)::text
  from public.users where id = (select id from gone)), '(deleted,,,,,{})', 'the profile is cleared');
select is_empty('select from private.secrets where user_id = (select id from gone)', 'the secret is removed');
select is_empty('select from public.worker_tokens where user_id = (select id from gone)
  and revoked_at is null', 'the worker token is revoked');
select is_empty('select from public.team_members where user_id = (select id from gone)',
  'the member is removed');
select is((select count(*) from public.team_members), 2::bigint, 'and no other one');
select is(pg_temp.ask('anon', 'select public.claim_task(''w'', ''{claude}'', worker_token => #agents)'),
  'PT401 agents_worker_token_invalid', 'its worker is rejected');
select is(pg_temp.claim('x'), null, 'its tasks are not handed out');
select is(pg_temp.due(), '0 0', 'the sweep has nothing to ask with');
update auth.users set raw_user_meta_data = '{"full_name": "Agnes"}', last_sign_in_at = now()
where id = (select id from gone);
select is((select full_name from public.users where id = (select id from gone)), null,
  'and nothing comes back with later metadata');

-- A ban of the account that Auth wrote with nothing else changed fires the triggers and changes no profile

select pg_temp.ban('viewer', 'infinity');
select is((select email from public.users where id = pg_temp.id_of('viewer')), 'viewer@example.com',
  'a ban clears nothing');
select is(pg_temp.as_persona('viewer', 'select count(*) from public.issues'), '0', 'and ends the role');
update public.worker_tokens set user_id = null, created_by = null
where id = (select id from worker_tokens_made where name = 'agents');
update public.worker_tokens set revoked_at = null
where id = (select id from worker_tokens_made where name = 'agents');
select is(pg_temp.claim('x', 'anon', ', worker_token => #agents'), null,
  'a server''s token has no account to end with');

select * from finish();
rollback;
