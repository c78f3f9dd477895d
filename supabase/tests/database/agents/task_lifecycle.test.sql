-- Which changes of a task's status are allowed, the times that the database sets, and that a task can't be
-- changed while a worker holds it.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(83);
\ir ../helpers/personas.psql

create function pg_temp.task(p_status text) returns bigint language plpgsql as $$
declare
  v_id bigint;
begin
  execute format(
    'insert into public.tasks (user_id, status, error, error_kind, attempts_count, run_after)
     values (''00000000-0000-4000-8000-00000000000a'', %L, ''old'', ''old'', 2, ''2026-01-01'') returning id',
    p_status
  ) into v_id;
  return v_id;
end;
$$;
-- The result of an update of the status.
create function pg_temp.move(p_persona text, p_from text, p_to text) returns text language sql as $$
  select pg_temp.as_persona(p_persona, format(
    'update public.tasks set status = %L, started_at = ''2001-01-01'', completed_at = ''2001-01-01''
     where id = %s
     returning (status, started_at > ''2026-01-01'', completed_at > ''2026-01-01'')::text',
    p_to, pg_temp.task(p_from)
  ))
$$;
create temp table legal (old text, new text, outcome text) on commit drop;
insert into legal values
  ('pending', 'running', '(running,t,)'), ('pending', 'failed', '(failed,,t)'),
  ('pending', 'cancelled', '(cancelled,,t)'),
  ('running', 'completed', '(completed,t,t)'), ('running', 'failed', '(failed,t,t)'),
  ('running', 'cancelled', '(cancelled,t,t)'), ('running', 'pending', '(pending,,)'),
  ('completed', 'pending', '(pending,,)'), ('failed', 'pending', '(pending,,)'),
  ('cancelled', 'pending', '(pending,,)'),
  ('pending', 'pending', '(pending,,)'), ('running', 'running', '(running,t,)'),
  ('completed', 'completed', '(completed,,t)'), ('failed', 'failed', '(failed,,t)'),
  ('cancelled', 'cancelled', '(cancelled,,t)');

-- Every pair of statuses, as the owner and as a server

select is(
  pg_temp.move(p.name, o.status::text, n.status::text),
  coalesce(l.outcome, 'PT409 agents_task_transition_invalid'),
  format('%s: %s to %s', p.name, o.status, n.status)
)
from unnest(array['stranger', 'service_role']) as p (name)
cross join unnest(enum_range(null::public.task_status)) as o (status)
cross join unnest(enum_range(null::public.task_status)) as n (status)
left join legal as l on l.old = o.status::text and l.new = n.status::text;

select throws_ok(
  format('update public.tasks set status = ''completed'' where id = %s', pg_temp.task('pending')),
  'PT409', 'agents_task_transition_invalid', 'also not for an operator'
);

-- Other columns

create temp table again on commit drop as select pg_temp.task('failed') as id;
select is(
  pg_temp.as_persona('stranger', format(
    'update public.tasks set status = ''pending'' where id = %s
     returning (attempts_count, error, error_kind, run_after > ''2026-01-02'')::text', (select id from again)
  )),
  '(0,,,t)', 'a task that is run again starts over, immediately'
);
select is(
  pg_temp.as_persona('stranger', format(
    'update public.tasks set status = ''pending'', run_after = ''2030-01-01'', error = ''mine'' where id = %s
     returning (extract(year from run_after), error)::text', pg_temp.task('failed')
  )),
  '(2030,mine)', 'or when its owner sets it'
);
select is(
  pg_temp.as_persona('service_role', format(
    'update public.tasks set status = ''pending'', attempts_count = 3, error_kind = ''timeout'' where id = %s
     returning (attempts_count, error, error_kind)::text', pg_temp.task('running')
  )),
  '(3,old,timeout)', 'after a failed attempt it keeps the error'
);
select is(
  pg_temp.as_persona('stranger', format(
    'update public.tasks set status = ''completed'' where id = %s returning (error, error_kind)::text',
    pg_temp.task('running')
  )),
  '(,)', 'a completed task has no error'
);
select is(
  pg_temp.as_persona('stranger', format(
    'update public.tasks set status = ''failed'', error = ''new'', error_kind = ''mine'', attempts_count = 0
     where id = %s returning (error, error_kind, attempts_count)::text', pg_temp.task('running')
  )),
  '(new,old,2)', 'an owner can''t write the kind of an error and the attempts'
);
select is(
  pg_temp.as_persona('stranger', format(
    'update public.tasks set error_kind = null, attempts_count = 0, started_at = now(), completed_at = now(),
       created_at = ''2001-01-01'', updated_at = ''2001-01-01''
     where id = %s
     returning (error_kind, attempts_count, started_at, completed_at, created_at = now(),
       updated_at = now())::text',
    pg_temp.task('pending')
  )),
  '(old,2,,,t,t)', 'nor are times, and an update that changes nothing leaves updated_at'
);
select is(
  pg_temp.as_persona('stranger', $$
    insert into public.tasks (status, started_at, completed_at, attempts_count, error_kind)
    values ('pending', now(), now(), 7, 'mine')
    returning (started_at, completed_at, attempts_count, error_kind)::text
  $$), '(,,0,)', 'a new task has none of them'
);
select is(
  pg_temp.as_persona('stranger', $$
    insert into public.tasks (status, started_at, completed_at)
    values ('completed', '2026-02-01', '2026-01-01') returning started_at = completed_at
  $$), 'true', 'an imported task does not end before it began'
);
select is(
  pg_temp.as_persona('stranger', $$
    insert into public.tasks (status, completed_at) values ('running', now())
    returning (started_at = now(), completed_at)::text
  $$), '(t,)', 'and has the times that belong to its status'
);

-- While a worker holds it

create temp table held on commit drop as select pg_temp.task('running') as id;
insert into public.projects (user_id, repo_url, repo_name, repo_owner, name)
values ('00000000-0000-4000-8000-00000000000a', 'u', 'n', 'o', 'N');
insert into public.task_attempts (task_id, user_id, attempt, worker, agent, lease_expires_at)
select id, '00000000-0000-4000-8000-00000000000a', 1, 'w', 'claude', now() - interval '1 hour' from held;
grant select on held to authenticated, service_role;
select is(
  pg_temp.as_persona(p.name, format('update public.tasks set %s where id = (select id from held)', c.change)),
  'PT409 agents_task_conflict', format('%s can''t set %s', p.name, c.change)
)
from unnest(array['stranger', 'service_role', 'postgres']) as p (name)
cross join unnest(array[
  'status = ''cancelled''', 'status = ''completed''', 'status = ''pending''',
  'project_id = (select max(id) from public.projects)', 'repo_url = ''https://github.com/other/repository'''
]) as c (change);
select is(
  pg_temp.as_persona('stranger', $$
    update public.tasks set chat_messages = '[{"role": "user", "content": "Hurry", "timestamp": 1}]',
      priority = 5, status = 'running', started_at = null, completed_at = null
    where id = (select id from held) returning (status, jsonb_array_length(chat_messages), priority)::text
  $$), '(running,1,5)', 'all else is still the owner''s, also in a whole row'
);
select is(
  pg_temp.as_persona('stranger', $$
    with t as (delete from public.tasks where id = (select id from held) returning 1) select count(*) from t
  $$), '1', 'and so is deleting it'
);
select is_empty($$ select from public.task_attempts where task_id = (select id from held) $$,
  'which takes its attempts along');

-- updated_at

create temp table stamped on commit drop as select pg_temp.task('pending') as id;
create function pg_temp.moves(p_set text) returns boolean language plpgsql as $$
declare
  v_before timestamptz := (select updated_at from public.tasks where id = (select id from stamped));
begin
  execute format('update public.tasks set %s where id = (select id from stamped)', p_set);
  return (select updated_at > v_before from public.tasks where id = (select id from stamped));
end;
$$;
select ok(pg_temp.moves('git_diff = ''a'''), 'a diff moves updated_at');
select ok(not pg_temp.moves('git_diff = ''a'', status = ''pending'', updated_at = now()'),
  'the same one does not, nor does updated_at itself');
select ok(pg_temp.moves('chat_messages = ''[1]'', updated_at = ''2001-01-01'''), 'a message does');
select ok(pg_temp.moves('commit_hash = ''abc'''), 'a commit does');
select ok(pg_temp.moves('status = ''running'''), 'a status does');

select * from finish();
rollback;
