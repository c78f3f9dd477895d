-- What a task may ask for: ranges and lengths.

-- The error, unlike a check constraint's, does not contain the row.
create or replace function private.check_task_values() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
declare
  v_rule text;
begin
  new.agent := coalesce(new.agent, old.agent);
  new.priority := coalesce(new.priority, old.priority);
  new.run_after := coalesce(new.run_after, old.run_after);
  new.max_attempts := coalesce(new.max_attempts, old.max_attempts);
  v_rule := case
    when new.agent !~ '\S' or octet_length(new.agent) > 100 then 'agent: 1 to 100 bytes'
    when octet_length(new.repo_url) > 2048 then 'repo_url: up to 2048 bytes'
    when new.target_branch !~ '\S' or octet_length(new.target_branch) > 1000
      then 'target_branch: 1 to 1000 bytes'
    when new.priority not between -100 and 100 then 'priority: -100 to 100'
    when not isfinite(new.run_after) then 'run_after: a time'
    when not isfinite(new.created_at) then 'created_at: a time'
    when not isfinite(new.started_at) then 'started_at: a time'
    when not isfinite(new.completed_at) then 'completed_at: a time'
    when new.max_attempts not between 1 and 20 then 'max_attempts: 1 to 20'
  end;
  if v_rule is not null then
    raise exception using
      errcode = 'PT422', message = 'agents_task_value_invalid',
      detail = format('The value of %s is not valid.', split_part(v_rule, ':', 1)),
      hint = format('Valid is %s.', v_rule);
  end if;
  return new;
end;
$$;
comment on function private.check_task_values is
  'Before trigger of the columns that say what a task is: ranges and lengths; null in a not-null column '
  'counts as left out. Errors: agents_task_value_invalid (422).';

create trigger _000_require_active_account before insert or update on public.tasks
  for each statement when (current_user = 'authenticated')
  execute function private.require_active_account();
create trigger _005_reject_url_secret before insert or update of repo_url on public.tasks
  for each row when (
    new.repo_url !~ '^https?://[a-z0-9.-]+(/[A-Za-z0-9.-]+)*/?$'
    or new.repo_url ~* 'gl[a-z]+-|at[abct]|xox|a[ks]ia|eyj|sk-|pypi-|aiza|hv[sbr]\.|bbdc-|ya29|cspx|sg\.|azdo'
  )
  execute function private.reject_url_secret();
create trigger _120_check_task_values before insert or update of agent, repo_url, target_branch, priority,
  run_after, created_at, max_attempts on public.tasks
  for each row execute function private.check_task_values();
