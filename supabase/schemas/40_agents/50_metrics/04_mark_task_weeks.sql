-- Marks the weeks whose figures a changed task belongs to.

create or replace function private.mark_task_weeks() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into private.metric_marks (week, user_id)
  select distinct private.metric_week(c.at), new.user_id
  from (values (old.created_at), (old.completed_at), (new.created_at), (new.completed_at)) as c (at)
  where private.is_metric_week_over(private.metric_week(c.at));
  return null;
end;
$$;
comment on function private.mark_task_weeks is
  'After-row trigger of tasks: marks the weeks in which the task was created and ended.';

create or replace function private.mark_deleted_task_weeks() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into private.metric_marks (week, user_id)
  select w.week, w.user_id
  from (
    select distinct date_trunc('week', c.at at time zone 'UTC')::date as week, o.user_id
    from old_tasks as o cross join lateral (values (o.created_at), (o.completed_at)) as c (at)
  ) as w
  where private.is_metric_week_over(w.week);
  return null;
end;
$$;
comment on function private.mark_deleted_task_weeks is
  'After-delete-statement trigger of tasks: marks their weeks, each once.';

create or replace function private.clear_metric_weeks() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  update private.metric_state as s set stored_before = '-infinity' where s.id;
  return null;
end;
$$;
comment on function private.clear_metric_weeks is
  'After-truncate trigger: no week counts as stored any more.';

-- The conditions come first, so that a task of the current week costs a comparison, and the columns that may
-- be large are not compared.
create trigger _600_mark_task_weeks after insert on public.tasks
  for each row when (
    least(new.created_at, new.completed_at) at time zone 'UTC'
      < date_trunc('week', (clock_timestamp() - interval '1 hour') at time zone 'UTC')
  )
  execute function private.mark_task_weeks();
create trigger _610_mark_task_weeks after update on public.tasks
  for each row when (
    least(old.created_at, old.completed_at, new.completed_at) at time zone 'UTC'
      < date_trunc('week', (clock_timestamp() - interval '1 hour') at time zone 'UTC')
    and (old.status, old.agent, old.project_id, old.error_kind, old.started_at, old.completed_at)
      is distinct from
      (new.status, new.agent, new.project_id, new.error_kind, new.started_at, new.completed_at)
  )
  execute function private.mark_task_weeks();
create trigger _620_mark_task_weeks after update of execution_metadata on public.tasks
  for each row when (
    old.completed_at at time zone 'UTC'
      < date_trunc('week', (clock_timestamp() - interval '1 hour') at time zone 'UTC')
    and (old.execution_metadata ->> 'model') is distinct from (new.execution_metadata ->> 'model')
  )
  execute function private.mark_task_weeks();
create trigger _630_mark_deleted_task_weeks after delete on public.tasks
  referencing old table as old_tasks
  for each statement execute function private.mark_deleted_task_weeks();
create trigger _640_clear_metric_weeks after truncate on public.tasks
  for each statement execute function private.clear_metric_weeks();
