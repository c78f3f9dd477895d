-- dispatch_issue: a task for an agent from an engineering issue, in a project of the caller.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(21);

\ir ../helpers/personas.psql

delete from public.tasks;
delete from public.projects;
insert into public.issues (id, title) values
  ('10000000-0000-4000-8000-000000000001', 'Login fails'), ('10000000-0000-4000-8000-000000000002', 'Broken'),
  ('10000000-0000-4000-8000-000000000003', 'Later');
insert into public.exai_issues (id, issue_number, title, description, status) values
  ('70000000-0000-4000-8000-000000000900', 900, 'Login', 'It answers 500', 'open'),
  ('70000000-0000-4000-8000-000000000901', 901, 'Done', '', 'closed');
insert into public.projects (id, user_id, repo_url, repo_name, repo_owner, name) values
  (-11, '00000000-0000-4000-8000-00000000000c', 'https://github.com/acme/app', 'app', 'acme', 'App'),
  (-12, '00000000-0000-4000-8000-00000000000e', 'https://github.com/acme/app', 'app', 'acme', 'App');
select public.link_issue('10000000-0000-4000-8000-000000000001', 900);
select public.link_issue('10000000-0000-4000-8000-000000000002', 900);

create function pg_temp.dispatch(
  p_persona text, p_number integer default 900, p_project integer default -11, p_more text default ''
) returns text language sql as $$
  select pg_temp.as_persona(p_persona, format(
    'select (dispatch_issue(%s, %s%s)).task_id', p_number, p_project, p_more
  ))
$$;
create function pg_temp.task_hops(p_number integer) returns text language sql as $$
  select string_agg(e.hop, ', ' order by e.id) from public.loop_events as e
  where e.hop in ('dispatched', 'started')
    and e.issue_id = ('10000000-0000-4000-8000-00000000000' || p_number)::uuid
$$;

select is(pg_temp.dispatch('viewer'), 'PT403 team_role_required', 'a viewer may not dispatch');
select is(pg_temp.dispatch('stranger'), 'PT403 team_role_required', 'nor may a stranger');
select matches(pg_temp.dispatch('anon'), '^42501 ', 'nor somebody without an account');
select is(pg_temp.dispatch('agent', 902), 'PT404 exai_issue_unknown', 'an issue that does not exist');
select is(pg_temp.dispatch('agent', 901), 'PT409 loop_dispatch_conflict', 'an issue that is closed');
select is(
  pg_temp.dispatch('agent', 900, -12), 'PT404 agents_project_unknown', 'another''s project does not exist'
);
select is((select count(*) from public.tasks), 0::bigint, 'nothing was created');

create temp table dispatched as
select pg_temp.dispatch('agent', 900, -11, $$, instructions := 'Add a test', priority := 5 $$)::bigint as id;
select results_eq(
  $$ select t.user_id, t.project_id, t.agent, t.status, t.priority::integer, t.repo_url
     from public.tasks as t join dispatched as d using (id) $$,
  $$ values ('00000000-0000-4000-8000-00000000000c'::uuid, -11::bigint, 'claude', 'pending'::task_status, 5,
       'https://github.com/acme/app') $$,
  'a task of the caller in their project'
);
select results_eq(
  $$ select jsonb_array_length(t.chat_messages), t.chat_messages -> 0 ->> 'role',
       c.text like e'Fix EXAI-900: Login\n\nAdd a test\n\n%"Fixes EXAI-900"%',
       c.text like '%"description": "It answers 500"%'
     from public.tasks as t cross join lateral (select t.chat_messages -> 0 ->> 'content' as text) as c $$,
  $$ values (1, 'user', true, true) $$, 'its message has the instructions and the context'
);
select results_eq(
  $$ select x.task_id, x.exai_issue_id, x.dispatched_by from public.exai_issue_tasks as x $$,
  $$ select id, '70000000-0000-4000-8000-000000000900'::uuid, 'Agnes Agent' from dispatched $$,
  'the team sees that there is a task'
);
select is(pg_temp.as_persona('admin', 'select count(*) from tasks'), '0', 'but not the task');
select is(
  pg_temp.dispatch('agent'), (select id::text from dispatched), 'while it waits, again it is the same'
);
select isnt(
  pg_temp.dispatch('agent', 900, -11, $$, 'codex' $$), (select id::text from dispatched),
  'for another agent it is another one'
);
select is(
  pg_temp.task_hops(1) || '; ' || pg_temp.task_hops(2), 'dispatched, dispatched; dispatched, dispatched',
  'each issue that it fixes was dispatched'
);

update public.tasks set status = 'running' where id = (select id from dispatched);
select results_eq(
  $$ select e.issue_id, e.at = t.started_at, e.actor from public.loop_events as e
     join public.tasks as t on t.id::text = e.reference
     where e.hop = 'started' order by e.issue_id $$,
  $$ values ('10000000-0000-4000-8000-000000000001'::uuid, true, null::text),
       ('10000000-0000-4000-8000-000000000002', true, null) $$,
  'and started when the task begins'
);
update public.tasks set status = 'failed' where id = (select id from dispatched);
update public.tasks set status = 'pending' where id = (select id from dispatched);
update public.tasks set status = 'running' where id = (select id from dispatched);
select is(
  pg_temp.task_hops(1), 'dispatched, dispatched, started', 'a task that is run again started once'
);
select public.link_issue('10000000-0000-4000-8000-000000000003', 900);
select is(
  pg_temp.task_hops(3), 'dispatched, dispatched, started',
  'an issue that is linked later has the same hops'
);

create temp table of_server as select pg_temp.dispatch('service_role', 900, -12)::bigint as id;
select results_eq(
  $$ select t.user_id, t.project_id from public.tasks as t join of_server using (id) $$,
  $$ values ('00000000-0000-4000-8000-00000000000e'::uuid, -12::bigint) $$,
  'a server''s task belongs to the project''s user'
);
update public.agent_settings set pending_tasks_per_user = 1;
select is(
  pg_temp.dispatch('agent', 900, -11, $$, 'gemini' $$), 'PT409 agents_pending_tasks_limit_reached',
  'the limit of an account holds'
);
select is((select count(*) from public.exai_issue_tasks), 3::bigint, 'and nothing is dispatched then');

delete from public.tasks where id = (select id from dispatched);
select results_eq(
  $$ select (select count(*) from public.exai_issue_tasks), pg_temp.task_hops(1) $$,
  $$ values (2::bigint, 'dispatched, dispatched, started, dispatched') $$,
  'a task is deleted with its row; the ledger stays'
);

select * from finish();
rollback;
