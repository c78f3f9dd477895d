-- What a user's own statement may leave behind: so many pending tasks, and so many bytes.

-- Up to the limit and not all: a user of whom servers created a million costs no more.
create or replace function private.check_pending_tasks(p_user_id uuid) returns void
language plpgsql volatile security definer set search_path = '' set enable_seqscan = 'off' as $$
declare
  v_limit constant integer := (select s.pending_tasks_per_user from public.agent_settings as s where s.id);
begin
  if v_limit is null then
    return;
  end if;
  perform private.lock_user_limits(p_user_id);
  if (
    select count(*) from (
      select from public.tasks as t
      where t.user_id = p_user_id and t.status = 'pending' limit v_limit + 1::bigint
    ) as c
  ) > v_limit then
    raise exception using
      errcode = 'PT409', message = 'agents_pending_tasks_limit_reached',
      detail = format('An account has up to %s pending tasks.', v_limit),
      hint = 'Wait until some are done, or cancel some; an admin can raise '
        'agent_settings.pending_tasks_per_user.';
  end if;
end;
$$;
comment on function private.check_pending_tasks is
  'Errors: agents_pending_tasks_limit_reached (409), where a user has more pending tasks than they may.';

-- The history of a task that is run again and again has an end, too.
create or replace function private.note_rerun_task() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform set_config('app.rerun_tasks', 'on', true);
  perform private.trim_task_attempts(new.id);
  return null;
end;
$$;
comment on function private.note_rerun_task is
  'After-row trigger of a task that its user sets to pending: private.check_own_tasks counts then, and the '
  'oldest attempts are deleted.';

-- Servers are not limited. Row security has let the caller write their own tasks only.
create or replace function private.check_own_tasks() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_user_id constant uuid := auth.uid();
  v_is_rerun constant boolean := coalesce(current_setting('app.rerun_tasks', true), '') = 'on';
  v_limit bigint;
begin
  if tg_op = 'INSERT' or v_is_rerun then
    perform private.check_pending_tasks(v_user_id);
  end if;
  if v_is_rerun then
    v_limit := (select s.stored_bytes_per_user from public.agent_settings as s where s.id);
    perform private.require_storage(v_user_id, v_limit);
  end if;
  perform private.check_stored_bytes(v_user_id);
  return null;
end;
$$;
comment on function private.check_own_tasks is
  'After-statement trigger of a user''s insert or update. Errors: agents_pending_tasks_limit_reached, '
  'agents_stored_bytes_limit_reached (409).';

create trigger _710_note_rerun_task after update of status on public.tasks
  for each row when (
    new.status = 'pending' and old.status <> 'pending' and current_user = 'authenticated'
  )
  execute function private.note_rerun_task();
create trigger _730_check_own_tasks after insert or update on public.tasks
  for each statement when (current_user = 'authenticated')
  execute function private.check_own_tasks();
