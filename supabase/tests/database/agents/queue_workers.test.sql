-- Worker tokens: who creates and revokes them, and what they allow.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(124);
\ir ../helpers/personas.psql
\ir ../helpers/queue.psql
update public.agent_settings set running_tasks_per_user = null, running_tasks_per_project = null;

-- Who creates them

select is(left(pg_temp.make_token('x', 'anon', '''mine'', ''{claude}'''), 5), '42501',
  'nobody who is not signed in');
select is(pg_temp.make_token(p, p, format('%L, ''{codex,claude," codex "}''', p)), 'made',
  p || ' has one of their own')
from unnest(array['stranger', 'viewer', 'admin']) as p;
select is(pg_temp.make_token('x', p, '''fleet'', ''{claude}'', for_everybody => true'),
  'PT403 agents_worker_token_forbidden',
  p || ' can''t create one for everybody')
from unnest(array['stranger', 'viewer', 'agent', 'admin']) as p;
select is(pg_temp.make_token('fleet', 'postgres', '''fleet'', ''{claude,codex}'', for_everybody => true'),
  'made',
  'an operator can');
select is(pg_temp.make_token('robot', 'service_role', '''robot'', ''{claude}'', for_everybody => true'),
  'made',
  'and so does a server');
select is(pg_temp.make_token('x', 'service_role', '''robot'', ''{claude}'''), 'PT401 sign_in_required',
  'which has no tasks of its own');
select is(pg_temp.make_token('x', 'stranger', a), 'PT422 agents_worker_input_invalid', a)
from unnest(array[
  ''''', ''{claude}''', ''' '', ''{claude}''', 'null, ''{claude}''', '''w'', ''{}''', '''w'', null',
  '''w'', ''{null," "}''', 'repeat(''w'', 1000), ''{claude}''',
  '''w'', ''{claude}'', 0', '''w'', ''{claude}'', -1',
  '''w'', ''{claude}'', 366', '''w'', ''{claude}'', 1000000'
]) as a;
select throws_ok(
  $$ insert into public.worker_tokens (user_id, created_by, name, agents)
     values (null, pg_temp.id_of('admin'), 'w', '{claude}') $$,
  '23514', null, 'and no account is the maker of one for everybody, whoever writes the row'
);

-- What is stored of them

select ok((select bool_and(token ~ '^flw_[A-Za-z0-9_-]{43}$') and count(distinct token) = 5
  from worker_tokens_made), 'a token is a long random text');
select is(
  (select row(w.user_id = pg_temp.id_of('stranger'), w.created_by = w.user_id, w.name, w.agents,
     w.created_at >= now(), round(extract(epoch from w.expires_at - clock_timestamp()) / 86400),
     w.revoked_at, w.last_used_at)::text
   from public.worker_tokens as w join worker_tokens_made as m using (id) where m.name = 'stranger'),
  '(t,t,stranger,"{claude,codex}",t,90,,)', 'its row has its user and its agents, and 90 days'
);
select is((select coalesce(user_id, created_by) from public.worker_tokens
  join worker_tokens_made as m using (id) where m.name = 'fleet'), null,
  'one for everybody has no user, and no account made it');
select is(

  (select h.hash from private.worker_token_hashes as h
   join worker_tokens_made as m on m.id = h.worker_token_id
   where m.name = 'stranger'),
  (select sha256(convert_to(token, 'UTF8')) from worker_tokens_made where name = 'stranger'),
  'of the token itself the hash is stored'
);
select is_empty($$
  select from worker_tokens_made as m, public.worker_tokens as w, private.worker_token_hashes as h
  where strpos(w::text, substr(m.token, 5)) > 0 or strpos(h::text, substr(m.token, 5)) > 0
$$, 'and nothing else');
select is(
  (select pg_temp.as_persona(p, 'select string_agg(name, '','' order by name) from public.worker_tokens')), n,
  'what ' || p || ' sees'
)
from (values ('stranger', 'stranger'), ('second', null), ('viewer', 'viewer'), ('admin', 'admin,fleet,robot'),
  ('service_role', 'admin,fleet,robot,stranger,viewer')) as v (p, n);
select is(left(pg_temp.as_persona('anon', 'select count(*) from public.worker_tokens'), 5), '42501',
  'anybody else: nothing');
select is(left(pg_temp.as_persona(p, s), 5), '42501', format('%s: %s', p, s))
from unnest(array['anon', 'stranger', 'admin']) as p
cross join unnest(array[
  'insert into public.worker_tokens (user_id, name, agents) values (auth.uid(), ''w'', ''{claude}'')',
  'update public.worker_tokens set revoked_at = null, agents = ''{claude,codex,more}''',
  'delete from public.worker_tokens', 'select count(*) from private.worker_token_hashes'
]) as s;

-- What they allow

insert into public.tasks (user_id, agent)
select pg_temp.id_of(p), a from unnest(array['stranger', 'viewer']) as p
cross join unnest(array['claude', 'codex', 'other']) as a;
create function pg_temp.claim_with(p_lease text, p_token text, p_agents text default '{claude}',
  p_persona text default 'anon') returns text language plpgsql as $$
declare
  v_said text := pg_temp.claim(p_lease, p_persona, ', worker_token => #' || p_token, p_agents);
begin
  return case when v_said ~ '^\d+$' then (
    select split_part(u.email, '@', 1) || ' ' || t.agent
    from public.tasks as t join public.users as u on u.id = t.user_id where t.id = v_said::bigint
  ) else v_said end;
end;
$$;
select is(pg_temp.claim_with('x', 'stranger', a), 'PT403 agents_worker_agents_forbidden', 'not for ' || a)
from unnest(array['{other}', '{claude,other}', '{Claude}', '{claude,codex,other}']) as a;
select is(pg_temp.claim_with('x', 'stranger', '{other}', 'service_role'),
  'PT403 agents_worker_agents_forbidden',
  'a server that sends one is held to it');
select is(pg_temp.claim_with('v', 'viewer', '{claude,codex}'), 'viewer claude',
  'a worker gets its user''s tasks');
select is(pg_temp.claim_with('v2', 'viewer', '{claude}'), null, 'of the agents in the call');
select is(pg_temp.claim_with('v2', 'viewer', '{codex}'), 'viewer codex', 'then of the others');
select is(pg_temp.claim_with('v3', 'viewer', '{claude,codex}'), null, 'and nobody else''s');
select is(pg_temp.claim_with('v3', 'viewer', '{claude,codex}', 'stranger'), null,
  'also when another user sends it');
select is(pg_temp.claim_with('s', 'fleet', '{codex}'), 'stranger codex', 'one for everybody gets anybody''s');
select is(pg_temp.claim_with('s2', 'robot', '{claude}', 'viewer'), 'stranger claude',
  'also when a signed-in user sends it');
select is(
  (select row(a.worker, a.worker_token_id = m.id)::text
   from public.task_attempts as a join leases as l using (task_id, fencing_token)
   join worker_tokens_made as m on m.name = 'viewer' where l.name = 'v'),
  '(v,t)', 'the attempt has the id of the token'
);
select is((select count(*) from public.worker_tokens where last_used_at >= now()), 3::bigint,
  'and the token the time of its last use');

-- What they don't allow

select is(pg_temp.ask(p, format('select public.%s', replace(c, '?', t))), 'PT409 agents_task_lease_expired',
  format('%s sends %s: %s', p, t, c))
from (values ('anon', 'stranger'), ('stranger', 'stranger')) as v (p, t)
cross join unnest(array[
  'heartbeat_task(@v, worker_token => #?)', 'complete_task(@v, worker_token => #?)',
  'fail_task(@v, ''broken'', worker_token => #?)', 'release_task(@v, worker_token => #?)'
]) as c;
select is(pg_temp.ask(p, 'select public.complete_task(@v)'), 'PT401 agents_worker_token_required',
  p || ' with a fencing token only')
from unnest(array['anon', 'viewer', 'admin']) as p;
select is(pg_temp.state_of('v'), 'running open', 'nothing has changed');

-- From claim to end

select is(pg_temp.ask('anon', $$
  select public.heartbeat_task(@v, message => 'At work', worker_token => #viewer) ->> 'state'
$$), 'running', 'a worker with its token continues');
select is(pg_temp.ask('anon', $$
  select public.complete_task(@v, git_diff => '+ a', worker_token => #viewer) ->> 'status'
$$), 'completed', 'and to the end');
select is(pg_temp.ask('anon', 'select public.fail_task(@v2, ''broken'',
  worker_token => #viewer) ->> ''status'''),
  'pending', 'or fails');
select is(pg_temp.ask('anon', 'select public.release_task(@s, worker_token => #fleet) ->> ''status'''),
  'pending',
  'or releases it');
select is((select row(git_diff, chat_messages -> 0 ->> 'content')::text from public.tasks join leases
  on task_id = id where name = 'v'), '("+ a","At work")', 'with what it wrote');

-- The user's GitHub token

insert into private.secrets (id, user_id, kind, sealed) values
  ('00000000-0000-4000-8000-0000000000f1', pg_temp.id_of('second'), 'github_token',
   'v1.one.AAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAAAA');
update public.users set github_token = 'secret:00000000-0000-4000-8000-0000000000f1'
where id = pg_temp.id_of('second');
insert into public.tasks (user_id, agent) select pg_temp.id_of('second'), 'pusher' from generate_series(1, 4);
select is(pg_temp.make_token('pushing', 'second', '''w'', ''{pusher}'''), 'made', 'a user''s own');
select is(pg_temp.make_token('pushing_all', 'service_role', '''w'', ''{pusher}'', for_everybody => true'),
  'made',
  'and one for everybody');
select is(pg_temp.claim_with('p1', 'pushing', '{pusher}'), 'second pusher', 'get a task');
select is(pg_temp.claim_with('p2', 'pushing_all', '{pusher}', 'admin'), 'second pusher', 'both');
select is(pg_temp.claim('p3', 'service_role', '', '{pusher}') is not null, true, 'as does a server');
select is(pg_temp.claim_with('p4', 'pushing', '{pusher}', 'service_role'), 'second pusher',
  'also one that sends a user''s token');
select is((select said ->> 'github_token' from leases where name = l), t, 'handle for ' || l)
from (values ('p1', null), ('p2', null), ('p4', null),
  ('p3', 'secret:00000000-0000-4000-8000-0000000000f1')) as v (l, t);

-- Whose pull requests are verified

create function pg_temp.verified(p_lease text, p_persona text, p_more text, p_number integer) returns text
language plpgsql as $$
begin
  perform pg_temp.ask(p_persona, format(
    'select public.complete_task(@%s, pr_url => ''https://github.com/acme/private/pull/%s''%s)', p_lease,
    p_number, p_more
  ));
  return (
    select concat_ws(' ', l.source, coalesce(l.verified_by, 'unverified'))
    from public.task_pull_requests as l join leases as n on n.task_id = l.task_id where n.name = p_lease
  );
end;
$$;
select is(pg_temp.verified('p1', 'anon', ', worker_token => #pushing', 1), 'owner unverified',
  'a user''s own worker may name any, as its user may');
select is(pg_temp.verified('p2', 'anon', ', worker_token => #pushing_all', 2), 'worker worker',
  'what a worker for everybody names is verified');
select is(pg_temp.verified('p3', 'service_role', '', 3), 'worker worker', 'and what a server names');
select is(pg_temp.verified('p4', 'service_role', ', worker_token => #pushing', 4), 'owner unverified',
  'but not what it names with a user''s token');
select is(pg_temp.as_persona('second', 'select string_agg(number::text, '','' order by number)
  from public.pull_requests'), '2,3', 'which the user sees');

-- Expired and revoked

select is(pg_temp.make_token('expired', 'second', '''w'', ''{claude,codex}'', 1'), 'made', 'one for a day');
select is((select expires_at - created_at between '23 h' and '25 h' from public.worker_tokens join
  worker_tokens_made as m using (id) where m.name = 'expired'), true, 'expires in a day');
insert into public.tasks (user_id) select pg_temp.id_of('second') from generate_series(1, 3);
select is(pg_temp.claim_with('e', 'expired'), 'second claude', 'is valid');
update public.worker_tokens set expires_at = now() - interval '1 second'
where id = (select id from worker_tokens_made where name = 'expired');
select is(pg_temp.make_token('revoked', 'second', '''w'', ''{claude,codex}'''), 'made', 'another one');
select is(pg_temp.claim_with('r', 'revoked'), 'second claude', 'is valid');
create function pg_temp.revoke(p_persona text, p_name text) returns text language sql as $$
  select pg_temp.as_persona(p_persona, format('select public.revoke_worker_token(%L) is not null',
    (select id from worker_tokens_made where name = p_name)))
$$;
select is(pg_temp.revoke(p, 'revoked'), 'PT404 agents_worker_token_unknown', 'not ' || p || '''s to revoke')
from unnest(array['stranger', 'viewer', 'agent']) as p;
select is(left(pg_temp.revoke('anon', 'revoked'), 5), '42501', 'nor anonymous callers''');
select is(pg_temp.revoke('second', 'fleet'), 'PT404 agents_worker_token_unknown',
  'a user can''t revoke one for everybody');
select is(pg_temp.revoke('second', 'revoked'), 'true', 'its user revokes it');
select is(pg_temp.revoke('second', 'revoked'), 'true', 'and again');
insert into worker_tokens_made values
  ('unknown', null, 'flw_' || repeat('A', 43)), ('empty', null, ''), ('odd', null, E'flw_\t%''"é'),
  ('id', null, (select id::text from worker_tokens_made where name = 'fleet')),
  ('hash', null, (select encode(h.hash, 'hex') from private.worker_token_hashes as h limit 1));
insert into leases select n, task_id, fencing_token from leases cross join unnest(array['unknown',
  'empty', 'odd',
  'id', 'hash']) as n where name = 'e';
update leases set name = case name when 'e' then 'expired' else 'revoked' end where name in ('e', 'r');
select is(
  (select string_agg(distinct pg_temp.ask(p, 'select public.' || replace(c, '?', t)), '; ')
   from unnest(array[
     'claim_task(''w'', ''{claude}'', worker_token => #?)', 'heartbeat_task(@?, worker_token => #?)',
     'complete_task(@?, worker_token => #?)', 'fail_task(@?, ''broken'', worker_token => #?)',
     'release_task(@?, worker_token => #?)'
   ]) as c),
  'PT401 agents_worker_token_invalid', format('%s sends one that is %s', p, t)
)
from unnest(array['anon', 'second']) as p
cross join unnest(array['expired', 'revoked', 'unknown', 'empty', 'odd', 'id', 'hash']) as t;
select is(pg_temp.attempt_of(l), 'open', 'its lease runs out: ' || l)
from unnest(array['expired', 'revoked']) as l;
select is(pg_temp.revoke('admin', 'fleet'), 'true', 'an admin revokes one for everybody');
select is(pg_temp.revoke('service_role', 'robot'), 'true', 'and so does a server');
select is(pg_temp.claim_with('x', 'fleet'), 'PT401 agents_worker_token_invalid', 'immediately');
delete from auth.users where id = pg_temp.id_of('stranger');
select is(pg_temp.claim_with('x', 'stranger'), 'PT401 agents_worker_token_invalid',
  'deleting an account deletes its tokens');

select * from finish();
rollback;
