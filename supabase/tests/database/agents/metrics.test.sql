-- The weekly figures of tasks and pull requests, and for whom.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(27);
\ir ../helpers/personas.psql
delete from public.tasks;
delete from public.pull_requests;

-- Two weeks of the stranger's, and one task of the second agent's.
insert into public.tasks (
  user_id, agent, status, execution_metadata, created_at, started_at, completed_at, error_kind
)
select '00000000-0000-4000-8000-00000000000a', t.agent, t.status::public.task_status, t.metadata::jsonb,
  t.ended_at::timestamptz - interval '1 hour', t.ended_at::timestamptz - t.took::interval,
  t.ended_at::timestamptz, t.error_kind
from (values
  ('claude', 'completed', '{"model": "opus"}', '2026-03-02 00:00Z', '10 s', null),
  ('claude', 'completed', '{"model": "opus"}', '2026-03-08 23:59Z', '20 s', null),
  ('claude', 'completed', '{"model": "opus"}', '2026-03-04 12:00Z', '60 s', null),
  ('claude', 'failed', '{"model": "opus"}', '2026-03-04 12:00Z', '900 s', 'timeout'),
  ('claude', 'cancelled', '{"model": "opus"}', '2026-03-04 12:00Z', '900 s', null),
  ('claude', 'completed', '{"model": 7}', '2026-03-04 12:00Z', '5 s', null),
  ('claude', 'failed', '{}', '2026-03-04 12:00Z', '5 s', null),
  ('claude', 'failed', '{}', '2026-03-04 12:00Z', '5 s', 'timeout'),
  ('codex', 'cancelled', '{}', '2026-03-09 00:00Z', '5 s', null)
) as t (agent, status, metadata, ended_at, took, error_kind);
insert into public.tasks (user_id, created_at) values
  ('00000000-0000-4000-8000-00000000000a', '2026-03-03 12:00Z'),
  ('00000000-0000-4000-8000-00000000000e', '2026-03-03 12:00Z');
insert into public.tasks (user_id, status, created_at, started_at, completed_at, agent, execution_metadata)
values (
  '00000000-0000-4000-8000-00000000000e', 'completed', '2026-03-03', '2026-03-03 12:00Z',
  '2026-03-03 12:01:30Z', 'claude', '{"model": "opus"}'
);
-- Workers held what has ended.
insert into public.task_attempts (
  task_id, user_id, attempt, worker, agent, lease_expires_at, ended_at, outcome
)
select t.id, t.user_id, 1, 'w', t.agent, now(), t.completed_at, 'completed'
from public.tasks as t where t.completed_at is not null;

create function pg_temp.lines(p_persona text, p_query text) returns text language sql as $$
  select pg_temp.as_persona(p_persona, format('select string_agg(q::text, '' '') from (%s) as q', p_query))
$$;
create temp table completion on commit drop as select
  'select week, agent, model, tasks_count, completed_count, failed_count, cancelled_count, completion_rate,
    average_seconds, p90_seconds from public.task_completion_weekly order by 1, 2, 3'::text as query;
select is(
  pg_temp.lines('stranger', (select query from completion)),
  '(2026-03-02,claude,7,1,1,0,0,1.0000,5.00,5.00) (2026-03-02,claude,opus,5,3,1,1,0.7500,30.00,52.00) '
    || '(2026-03-02,claude,,2,0,2,0,0.0000,,) (2026-03-09,codex,,1,0,0,1,,,)',
  'a user''s own tasks, by the week in UTC in which they ended'
);
select is(
  pg_temp.lines(p.name, 'select tasks_count, average_seconds from public.task_completion_weekly
    where agent = ''claude'' and model = ''opus'''),
  p.expected, 'of ' || p.name
)
from (values ('stranger', '(5,30.00)'), ('second', '(1,90.00)'), ('viewer', null), ('agent', null),
  ('admin', '(6,45.00)'), ('service_role', '(6,45.00)')) as p (name, expected);
select is(
  pg_temp.lines('stranger', 'select week, agent, error_kind, failures_count, share, failure_rate
    from public.task_errors_weekly order by 3'),
  '(2026-03-02,claude,timeout,2,0.6667,0.2857) (2026-03-02,claude,unknown,1,0.3333,0.1429)',
  'why tasks failed, of those that ended'
);
select is(
  pg_temp.lines('second', 'select * from public.task_errors_weekly'), null, 'nobody else''s errors'
);
select is(
  pg_temp.lines('stranger', 'select week, user_id = ''00000000-0000-4000-8000-00000000000a'' as me,
    tasks_count, completed_count, agents_count, last_active_at at time zone ''UTC''
    from public.user_activity_weekly order by 1'),
  '(2026-02-23,t,1,1,1,"2026-03-01 23:00:00") (2026-03-02,t,9,3,2,"2026-03-08 23:00:00")',
  'tasks that a user created, and how many of them are completed'
);
select is(
  pg_temp.lines('admin', 'select sum(tasks_count), count(distinct user_id) from public.user_activity_weekly'),
  '(10,2)', 'for an admin everybody''s that a worker held'
);

-- Pull requests

insert into public.pull_requests (repo_owner, repo_name, number, state, opened_at, closed_at, merged_at)
select 'o', 'r', p.number, p.state, p.opened_at::timestamptz, p.closed_at::timestamptz,
  p.merged_at::timestamptz
from (values
  (1, 'closed', '2026-03-02 00:00Z', '2026-03-02 10:00Z', '2026-03-02 10:00Z'),
  (2, 'closed', '2026-03-02 00:00Z', '2026-03-10 00:00Z', '2026-03-10 00:00Z'),
  (3, 'closed', '2026-03-02 00:00Z', '2026-03-03 00:00Z', null), (4, 'open', '2026-03-02 00:00Z', null, null),
  (5, 'open', null, null, null)
) as p (number, state, opened_at, closed_at, merged_at);
insert into public.task_pull_requests (task_id, pull_request_id, user_id, source, verified_at, verified_by)
select t.id, p.id, t.user_id, 'worker', now(), 'worker'
from public.pull_requests as p
cross join lateral (
  select t.id, t.user_id from public.tasks as t where t.user_id = '00000000-0000-4000-8000-00000000000a'
  order by t.id limit 2
) as t;
insert into public.task_pull_requests (task_id, pull_request_id, user_id, source)
select (select t.id from public.tasks as t where t.user_id = '00000000-0000-4000-8000-00000000000e' limit 1),
  p.id, '00000000-0000-4000-8000-00000000000e', 'owner'
from public.pull_requests as p where p.number = 1;
select is(
  pg_temp.lines(p.name, 'select * from public.pull_requests_weekly order by week'), p.expected,
  'pull requests of ' || p.name
)
from (values
  ('stranger', '(2026-03-02,4,1,1,0.5000,10.00,10.00) (2026-03-09,0,1,0,1.0000,192.00,192.00)'),
  ('admin', '(2026-03-02,4,1,1,0.5000,10.00,10.00) (2026-03-09,0,1,0,1.0000,192.00,192.00)'),
  ('second', null)
) as p (name, expected);

-- What anybody can write into their own tasks

insert into public.tasks (user_id, status, agent, created_at, started_at, completed_at, error_kind)
select '00000000-0000-4000-8000-00000000000e', s.status::public.task_status, 'Rude text', '2026-03-16 12:00Z',
  '2026-03-16 12:00Z', '2026-03-16 12:00Z', case s.status when 'failed' then 'rude' end
from unnest(array['completed', 'failed']) as s (status);
-- a task that a worker has done, renamed after that
update public.tasks set agent = 'Rude text' where user_id = '00000000-0000-4000-8000-00000000000e'
  and status = 'completed' and created_at < '2026-03-16';
select is(
  pg_temp.lines(p, format(
    'select q.* from public.%I as q where to_jsonb(q)::text ~* ''rude'' or week = ''2026-03-16''', v
  )), null, format('%s of %s has none of it', v, p)
)
from unnest(array['admin', 'service_role']) as p
cross join unnest(array['task_completion_weekly', 'task_errors_weekly', 'user_activity_weekly']) as v;
select is(
  pg_temp.lines('second',
    'select sum(tasks_count) from public.task_completion_weekly where agent = ''Rude text'''),
  '(3)', 'its user sees it'
);
insert into public.pull_requests (repo_owner, repo_name, number, opened_at) values
  ('o', 'r', 9, '2026-03-16 00:00Z');
insert into public.task_pull_requests (task_id, pull_request_id, user_id, source, verified_at, verified_by)
select max(t.id), (select p.id from public.pull_requests as p where p.number = 9), t.user_id, 'owner', now(),
  'public'
from public.tasks as t where t.user_id = '00000000-0000-4000-8000-00000000000e' group by t.user_id;
select is(
  pg_temp.lines(p, 'select opened_count from public.pull_requests_weekly where week = ''2026-03-16'''), n,
  'a pull request that a user names: ' || p)
from (values ('admin', null), ('second', '(1)')) as v (p, n);

-- Slow queries

select is(pg_temp.as_persona('stranger', 'select count(*) from public.slow_queries'), '0',
  'only admins see statements');
select is(pg_temp.as_persona('agent', 'select count(*) from public.slow_queries'), '0',
  'not even an agent of the team');
select is(
  pg_temp.as_persona('admin', 'select count(*) > 0 from public.slow_queries'),
  (current_setting('shared_preload_libraries') ~ 'pg_stat_statements')::text,
  'an admin does where the server counts them'
);

select is(
  pg_temp.as_persona('admin', 'select count(*) from public.slow_queries
    where query !~* ''^\s*(select|insert|update|delete|merge|with)\M'''),
  '0', 'nothing but statements whose constants are left out'
);

select * from finish();
rollback;
