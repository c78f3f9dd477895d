-- The stored weeks of the weekly figures: always what the tasks and pull requests say.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(34);
\ir ../helpers/personas.psql
delete from public.tasks;
delete from public.pull_requests;
select private.count_metric_weeks();

insert into public.projects (id, user_id, repo_url, repo_owner, repo_name, name) values
  (-7, '00000000-0000-4000-8000-00000000000a', 'https://github.com/o/r', 'o', 'r', 'r'),
  (-8, '00000000-0000-4000-8000-00000000000e', 'https://github.com/o/r', 'o', 'r', 'r');
-- Eight weeks, the last of them this one; the last two days of it may be in the future.
insert into public.tasks (
  id, user_id, project_id, agent, status, execution_metadata, created_at, started_at, completed_at, error_kind
)
select -n, case n % 3 when 0 then '00000000-0000-4000-8000-00000000000e'::uuid
    else '00000000-0000-4000-8000-00000000000a' end,
  case n % 3 when 0 then -8 else -7 end, (array['claude', 'codex'])[1 + n % 2],
  (array['completed', 'completed', 'failed', 'cancelled'])[1 + n % 4]::public.task_status,
  jsonb_build_object('model', 'model ' || n % 2), w.at, w.at, w.at + n * interval '1 minute',
  case when n % 4 = 2 then 'timeout' end
from generate_series(1, 160) as n
cross join lateral (
  select date_trunc('week', now()) - (n % 8) * interval '7 days' + n % 5 * interval '1 day' as at
) as w;
-- Most of them were held by a worker.
insert into public.task_attempts (
  task_id, user_id, attempt, worker, agent, lease_expires_at, ended_at, outcome
)
select t.id, t.user_id, 1, 'w', t.agent, now(), t.completed_at, 'completed'
from public.tasks as t where t.id % 9 <> 0;
insert into public.pull_requests (repo_owner, repo_name, number, state, opened_at, closed_at, merged_at)
select 'o', 'r', n, case when n % 3 = 0 then 'open' else 'closed' end, w.at,
  case when n % 3 > 0 then w.at + n * interval '1 hour' end,
  case when n % 3 = 1 then w.at + n * interval '1 hour' end
from generate_series(1, 40) as n
cross join lateral (select date_trunc('week', now()) - (1 + n % 8) * interval '7 days' as at) as w;
insert into public.task_pull_requests (task_id, pull_request_id, user_id, source, verified_at, verified_by)
select t.id, p.id, t.user_id, 'worker', now(), 'worker'
from public.pull_requests as p join public.tasks as t on -t.id in (p.number, p.number * 2);

create temp table figure (name text) on commit drop;
insert into figure values
  ('task_completion_weekly'), ('task_errors_weekly'), ('user_activity_weekly'), ('pull_requests_weekly');
create function pg_temp.figures() returns text language plpgsql as $$
declare
  v_persona text;
  v_name text;
  v_all text := '';
begin
  foreach v_persona in array array['stranger', 'second', 'admin'] loop
    for v_name in select f.name from figure as f order by 1 loop
      v_all := concat_ws(e'\n', v_all, v_persona || ' ' || v_name, pg_temp.as_persona(v_persona, format(
        'select string_agg(q::text, e''\n'' order by q::text collate "C") from public.%I as q', v_name)));
    end loop;
  end loop;
  return v_all;
end;
$$;
-- What the views would say if nothing was stored.
create function pg_temp.counted() returns text language plpgsql as $$
declare
  v_before date := (select stored_before from private.metric_state);
  v_figures text;
begin
  update private.metric_state set stored_before = '-infinity' where true;
  v_figures := pg_temp.figures();
  update private.metric_state set stored_before = v_before where true;
  return v_figures;
end;
$$;

-- As if no other transaction was open, on a Monday too.
update private.metric_state
set barrier_week = private.metric_week(clock_timestamp() - interval '1 hour'), barrier_xid = '3' where id;
select ok(length(pg_temp.counted()) > 3000, 'there are figures');
select is(pg_temp.figures(), pg_temp.counted(), 'figures of weeks that are not stored yet');
select cmp_ok(private.count_metric_weeks(), '>', 0, 'the job stores weeks that are over');
select is((select count(*) from private.metric_marks), 0::bigint, 'no week is marked then');
select ok(
  (select stored_before from private.metric_state) > current_date - 15, 'all but the last are stored'
);
select is(private.count_metric_weeks(), 0, 'a second run has nothing to do');
select is(pg_temp.figures(), pg_temp.counted(), 'stored figures are what counting gives');
select is_empty('select * from private.verify_metric_weeks()', 'the check agrees');
select isnt_empty('select from private.task_completion_weeks where user_id is null', 'and is not of nothing');

-- Late changes: each is right before the job has run, and after it.
create temp table change (position integer, name text, statement text) on commit drop;
insert into change values
  (1, 'a task of a stored week runs again', 'update public.tasks set status = ''pending'' where id = -45'),
  (1, 'and is held for the first time', 'select private.open_attempt(
    (select t.ctid from public.tasks as t where t.id = -45), ''w'', interval ''1 hour'', null, null)'),
  (2, 'a task is imported into a stored week', 'insert into public.tasks (user_id, status, created_at,
    started_at, completed_at) values (''00000000-0000-4000-8000-00000000000e'', ''completed'',
    now() - interval ''20 days'', now() - interval ''20 days'', now() - interval ''19 days'')'),
  (3, 'another model', 'update public.tasks set execution_metadata = ''{"model": "other"}'' where id = -10'),
  (4, 'tasks move to no project', 'update public.tasks set project_id = null
    where created_at < now() - interval ''40 days'''),
  (5, 'tasks are deleted', 'delete from public.tasks where id in (-12, -13, -14)'),
  (6, 'a pull request is merged, opened in a stored week', 'update public.pull_requests
    set state = ''closed'', merged_at = opened_at + interval ''50 hours'',
    closed_at = opened_at + interval ''50 hours''
    where number in (3, 6)'),
  (7, 'a link is verified no longer', 'update public.task_pull_requests set verified_at = null,
    verified_by = null where pull_request_id = (select id from public.pull_requests where number = 4)'),
  (8, 'a link is deleted', 'delete from public.task_pull_requests
    where pull_request_id = (select id from public.pull_requests where number = 5)'),
  (9, 'a pull request is deleted', 'delete from public.pull_requests where number = 10'),
  (10, 'a user is deleted', 'delete from auth.users where id = ''00000000-0000-4000-8000-00000000000e''');
create function pg_temp.change(p_statement text) returns text language plpgsql as $$
declare
  v_old constant text := pg_temp.figures();
  v_marked text;
begin
  execute p_statement;
  v_marked := pg_temp.figures();
  return concat_ws(', ',
    case when v_marked = v_old then 'nothing changed' end,
    case when v_marked <> pg_temp.counted() then 'wrong before the job' end,
    case when private.count_metric_weeks() = 0 then 'nothing was marked' end,
    case when pg_temp.figures() <> v_marked then 'wrong after the job' end,
    case when exists (select from private.verify_metric_weeks()) then 'stored figures differ' end
  );
end;
$$;
select is(pg_temp.change(statement), '', name) from change order by position, name;

-- What needs no mark
create function pg_temp.marks(p_statement text) returns bigint language plpgsql as $$
begin
  delete from private.metric_marks;
  execute p_statement;
  return (select count(*) from private.metric_marks);
end;
$$;
select is(pg_temp.marks(statement), 0::bigint, name)
from (values
  ('a task of this week', 'insert into public.tasks (id, user_id) values
    (-500, ''00000000-0000-4000-8000-00000000000a'')'),
  ('its end', 'update public.tasks set status = ''cancelled'' where id = -500'),
  ('its deletion', 'delete from public.tasks where id = -500'),
  ('a priority', 'update public.tasks set priority = 1 where id = -17'),
  ('a metadata without another model', 'update public.tasks set execution_metadata =
    execution_metadata || ''{"log": "x"}'' where id = -17'),
  ('a title of a pull request', 'update public.pull_requests set title = ''x'' where number = 1')
) as s (name, statement);
select pg_temp.marks('delete from public.tasks where id < -90');
select is(count(*), count(distinct week), 'many tasks of a user mark each of their weeks once')
from private.metric_marks;

-- The check finds what is wrong.
select private.count_metric_weeks();
update private.task_completion_weeks set tasks_count = tasks_count + 1
where id = (select min(id) from private.task_completion_weeks);
select is((select count(*) from private.verify_metric_weeks()), 2::bigint,
  'the check names a wrong row and the right one');
truncate public.tasks cascade;
select is((select count(*) from private.verify_metric_weeks()), 0::bigint, 'truncated: nothing is stored');
select is(pg_temp.figures(), pg_temp.counted(), 'and nothing is shown');

-- When a week that has ended is stored: once no transaction that did not mark its changes can go on.

update private.metric_state set barrier_week = '2026-11-30', barrier_xid = '3' where id;
select is(
  private.storable_metric_weeks('2026-11-30 00:59+00'), '2026-11-23', 'not within an hour of its end'
);
select is(private.storable_metric_weeks('2026-11-30 01:00+00'), '2026-11-30', 'then it is stored');
update private.metric_state set barrier_xid = (pg_current_xact_id()::text::bigint + 1000000)::text::xid8
where id;
select is(
  private.storable_metric_weeks('2026-11-30 01:00+00'), '2026-11-23', 'not while older transactions go on'
);
select is(private.storable_metric_weeks('2026-12-01 00:00+00'), '2026-11-30', 'a day later in any case');

select * from finish();
rollback;
