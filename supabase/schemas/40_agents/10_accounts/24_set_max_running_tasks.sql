-- An admin sets how many tasks of one user may run.

create or replace function private.set_max_running_tasks(p_user_id uuid, p_max_running_tasks integer)
returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.require_team_role('admin');
  if p_max_running_tasks < 0 then
    raise exception using
      errcode = 'PT422', message = 'agents_task_limit_invalid',
      detail = 'A limit is a number from 0, or null.',
      hint = 'Use null for the value in agent_settings.';
  end if;
  update public.users as u set max_running_tasks = p_max_running_tasks where u.id = p_user_id;
  if not found then
    raise exception using
      errcode = 'PT404', message = 'agents_user_unknown', detail = 'The account does not exist.',
      hint = 'Use the id of an account.';
  end if;
end;
$$;
grant execute on function private.set_max_running_tasks to authenticated, service_role;

create or replace function public.set_max_running_tasks(user_id uuid, max_running_tasks integer)
returns void
language sql volatile security invoker set search_path = ''
begin atomic
  select private.set_max_running_tasks(
    set_max_running_tasks.user_id, set_max_running_tasks.max_running_tasks
  );
end;
comment on function public.set_max_running_tasks is
  'Sets how many tasks of this user workers may hold at the same time; null for the value in '
  'agent_settings, 0 for none. Admins and servers. Errors: sign_in_required (401), team_role_required '
  '(403), agents_user_unknown (404), agents_task_limit_invalid (422).';
grant execute on function public.set_max_running_tasks to authenticated, service_role;
