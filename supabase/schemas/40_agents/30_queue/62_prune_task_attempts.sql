-- The history of attempts has an end.

create or replace function private.trim_task_attempts(p_task_id bigint) returns void
language plpgsql volatile security definer set search_path = '' set enable_seqscan = 'off' as $$
declare
  v_limit constant integer := (select s.attempts_per_task from public.agent_settings as s where s.id);
begin
  delete from public.task_attempts as a
  where a.task_id = p_task_id and a.ended_at is not null and a.fencing_token <= (
    select o.fencing_token from public.task_attempts as o where o.task_id = p_task_id
    order by o.fencing_token desc offset v_limit limit 1
  );
end;
$$;
comment on function private.trim_task_attempts is
  'Deletes the oldest attempts of a task, up to agent_settings.attempts_per_task.';

-- The last attempt of each agent stays with the task: the figures over everybody's tasks are of those that a
-- worker held.
create or replace function private.prune_task_attempts(p_batch integer default 100000) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_count integer;
begin
  delete from public.task_attempts as a
  where a.ctid = any (array(
    select o.ctid from public.task_attempts as o
    where o.ended_at < now() - make_interval(
        days => (select s.attempt_retention_days from public.agent_settings as s where s.id)
      )
      and exists (
        select from public.task_attempts as l
        where l.task_id = o.task_id and l.fencing_token > o.fencing_token and l.agent = o.agent
      )
    limit p_batch
    for update skip locked
  ));
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function private.prune_task_attempts is
  'Deletes up to p_batch attempts that ended more than attempt_retention_days ago, except the last of each '
  'task and agent, and returns how many. For the scheduler.';

create or replace function private.prune_worker_tokens() returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_count integer;
begin
  delete from public.worker_tokens as w
  where least(w.revoked_at, w.expires_at) < now() - make_interval(
    days => (select s.attempt_retention_days from public.agent_settings as s where s.id)
  );
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function private.prune_worker_tokens is
  'Deletes worker tokens that ended more than attempt_retention_days ago, and returns how many. '
  'For the scheduler.';
